-- A net under everything: whole rows, as text, with every column they have, those of next month's
-- release too. A row is caught when it holds
--
--   an e-mail address outside the development domain, also written with %40,
--   a Korean mobile number of a range that is given out (010-0… is not),
--   a resident registration number with a month and a day that exist,
--   a card number, other than the one that 40_billing.sql puts everywhere.
--
-- Letters count as neighbours of digits, otherwise hexadecimal hashes would be caught by accident.
-- Materialized views are left out: they are refreshed after the scripts.

WITH whole (table_name, key, content) AS (
    SELECT 'app.users', id::text, t::text FROM app.users t
    UNION ALL SELECT 'app.organisations', id::text, t::text FROM app.organisations t
    UNION ALL SELECT 'app.memberships', organisation_id || '/' || user_id, t::text FROM app.memberships t
    UNION ALL SELECT 'app.folders', id::text, t::text FROM app.folders t
    UNION ALL SELECT 'app.files', organisation_id || '/' || id, t::text FROM app.files t
    UNION ALL SELECT 'app.comments', organisation_id || '/' || id, t::text FROM app.comments t
    UNION ALL SELECT 'app.notes', id::text, t::text FROM app.notes t
    UNION ALL SELECT 'app.user_identities', provider || '/' || user_id, t::text FROM app.user_identities t
    UNION ALL SELECT 'app.login_attempts', ctid::text, t::text FROM app.login_attempts t
    UNION ALL SELECT 'app.support_tickets', id::text, t::text FROM app.support_tickets t
    UNION ALL SELECT 'app.marketing_leads', id::text, t::text FROM app.marketing_leads t
    UNION ALL SELECT 'app.contracts', id::text, t::text FROM app.contracts t
    UNION ALL SELECT 'app.audit_logs', id::text, t::text FROM app.audit_logs t
    UNION ALL SELECT 'billing.payment_methods', id::text, t::text FROM billing.payment_methods t
    UNION ALL SELECT 'billing.invoices', id::text, t::text FROM billing.invoices t
    UNION ALL SELECT 'billing.payments', id::text, t::text FROM billing.payments t
    UNION ALL SELECT 'public."주문 내역"', "주문 번호"::text, t::text FROM public."주문 내역" t
    UNION ALL SELECT 'public."Weird ""Quoted"" Name"', "ID"::text, t::text FROM public."Weird ""Quoted"" Name" t
)
SELECT table_name, key FROM whole
WHERE content ~ ('(@|%40)(?!' || replace(:'mail_domain', '.', '\.') || '([^A-Za-z0-9.-]|$))[A-Za-z0-9-]+\.')
   OR content ~ '(^|[^0-9A-Za-z])(010|\+82-?10)[ -]?[1-9][0-9]{2,3}[ -]?[0-9]{4}([^0-9A-Za-z]|$)'
   OR content ~ '(^|[^0-9A-Za-z])[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])-[1-8][0-9]{6}([^0-9A-Za-z]|$)'
   OR content ~ '(^|[^0-9A-Za-z-])(?!4242-4242-4242-4241)[1-9][0-9]{3}(-[0-9]{4}){3}([^0-9A-Za-z-]|$)';
