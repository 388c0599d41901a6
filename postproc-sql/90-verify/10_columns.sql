-- Column by column: each query returns the rows that still look original, so it must return none.
-- Only keys are selected: what a query returns may end in a report.

SELECT id FROM app.users WHERE email NOT LIKE '%@' || :'mail_domain';
SELECT id FROM app.users WHERE name !~ '^(홍|개발 )' AND name !~ ' Sample$' AND name <> 'Dev Admin';
SELECT id FROM app.users WHERE name_en NOT LIKE '% Sample';
SELECT id FROM app.users WHERE phone NOT LIKE '010-0%';
SELECT id FROM app.users WHERE to_char(birth_date, 'MMDD') <> '0101';
SELECT id FROM app.users WHERE resident_no NOT LIKE '001332-1%';
SELECT id FROM app.users WHERE address !~ '예시로' AND address !~ 'Example Road';
SELECT id FROM app.users WHERE postal_code <> '00000';
SELECT id FROM app.users WHERE password_hash <> current_setting('devdb.dev_password_hash');
SELECT id FROM app.users WHERE totp_secret IS NOT NULL OR avatar IS NOT NULL;
SELECT id FROM app.users WHERE NOT last_login_ip <<= '192.0.2.0/24';
SELECT id FROM app.users WHERE settings ? 'backup_contact' OR settings -> 'notify' ? 'sms';

SELECT organisation_id, user_id FROM app.memberships WHERE title <> '직원';
SELECT user_id FROM app.user_identities WHERE provider_uid NOT LIKE 'dev-%';
SELECT ctid FROM app.login_attempts WHERE ip <> '192.0.2.1';

SELECT id FROM app.organisations WHERE name !~ '^\(주\)(예시|개발)';
SELECT id FROM app.organisations WHERE business_no NOT LIKE '000-00-%';
SELECT id FROM app.organisations WHERE address NOT LIKE '가상시 %';
SELECT id FROM app.organisations WHERE (contact).phone <> '02-0000-0000';
SELECT id FROM app.organisations WHERE '02-0' <> ANY (SELECT left(p, 4) FROM unnest(phones) p);
SELECT id FROM app.organisations WHERE settings ?| ARRAY['webhook', 'admins'];
SELECT id FROM app.contracts WHERE (signer).name NOT LIKE '서명자 %' OR scan IS NOT NULL;
SELECT id FROM app.marketing_leads WHERE full_name NOT LIKE 'Lead Sample %' OR company NOT LIKE '(주)예시 %';
SELECT id FROM app.marketing_leads WHERE mobile <> '010-0000-0000' OR utm ? 'ref';

SELECT organisation_id, id FROM app.files WHERE file_name NOT LIKE 'file-%' OR exif IS NOT NULL
    OR sha256 <> sha256(convert_to(organisation_id || '/' || id, 'UTF8'));
SELECT id FROM app.folders WHERE name !~ '^(folder [0-9]+|QA.*)$';
-- Blotted text has only one hangul letter, one Latin letter and one digit left.
SELECT organisation_id, id FROM app.comments WHERE body ~ '[a-wyzA-Z1-9@]' OR translate(body, '가', '') ~ '[^\x01-\x7f]';
SELECT id FROM app.notes WHERE id < 900000 AND (title ~ '[a-wyzA-Z1-9@]' OR translate(title, '가', '') ~ '[^\x01-\x7f]');
SELECT id FROM app.notes WHERE body @? '$[*].user';
SELECT id FROM app.support_tickets WHERE (subject || body) ~ '[a-wyzA-Z1-9@]' OR translate(subject || body, '가', '') ~ '[^\x01-\x7f]';
SELECT id FROM app.support_tickets WHERE NOT tags <@ ARRAY['billing', 'login'];

SELECT id FROM billing.payment_methods WHERE card_number <> '4242-4242-4242-4241' OR card_holder NOT LIKE 'CARD HOLDER %' OR expires <> '12/99';
SELECT id FROM billing.invoices WHERE bill_to_name NOT LIKE '담당자 %' OR bill_to_address NOT LIKE '가상시 %';
SELECT id FROM billing.payments WHERE provider_response ?| ARRAY['buyer_name', 'buyer_email', 'buyer_tel', 'card'];
SELECT id FROM app.audit_logs WHERE payload ?| ARRAY['actor', 'old', 'new', 'recipients', 'card'];

SELECT "주문 번호" FROM public."주문 내역" WHERE "받는 사람" NOT LIKE '받는이 %' OR "연락처" <> '010-0000-0000' OR "배송 메모" IS NOT NULL;
SELECT "주문 번호" FROM public."주문 내역" WHERE "배송지" NOT LIKE '가상시 %' OR "우편번호" <> '00000';
SELECT "ID" FROM public."Weird ""Quoted"" Name" WHERE "select" NOT LIKE 'Sample %' OR "Camel Case" IS NOT NULL;
