-- Haneul Pay: three transfers of each payer, and a few disputes. The same bytes on every machine, as in ../data.sql.

SET TIME ZONE 'UTC';

INSERT INTO pay.transfers (payer_id, amount_krw, memo, sent_at)
SELECT user_id, 4900 * number, 'Haneul Notes ' || number || ' months, ' || name,
       timestamptz '2026-08-01 09:00+00' + make_interval(days => number * 30, mins => user_id::integer)
FROM pay.payers CROSS JOIN generate_series(1, 3) number ORDER BY number, user_id;

INSERT INTO pay.disputes (transfer_id, statement, contact)
SELECT t.id, 'I am ' || p.name || ' and did not order this. Call me: ' || p.phone,
       jsonb_build_object('mail', p.email, 'phone', p.phone, 'language', CASE t.id % 2 WHEN 0 THEN 'ko' ELSE 'en' END)
FROM pay.transfers t JOIN pay.payers p ON p.user_id = t.payer_id WHERE t.id % 25 = 0 ORDER BY t.id;

ANALYZE pay.payers, pay.transfers, pay.disputes;

RESET TIME ZONE;
