-- What should not be there at all.

-- Tables whose name says "copy".
SELECT oid::regclass AS forgotten_copy FROM pg_class
WHERE relkind IN ('r', 'p', 'm') AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
  AND relname ~* '(^|_)(backup|bak|copy|old|tmp|temp)(_|[0-9]|$)';

-- Large objects.
SELECT oid AS large_object FROM pg_largeobject_metadata;

-- Doors.
SELECT 'app.sessions' AS not_empty FROM app.sessions LIMIT 1;
SELECT 'app.password_resets' AS not_empty FROM app.password_resets LIMIT 1;
SELECT id FROM app.api_tokens WHERE token NOT LIKE 'hnl_dev_%';
SELECT user_id FROM app.user_identities WHERE access_token IS NOT NULL OR refresh_token IS NOT NULL;
SELECT id FROM billing.payment_methods WHERE billing_key NOT LIKE 'bk_dev_%';

-- Work that a queue worker would do. Also proves that no trigger has queued something meanwhile.
SELECT id FROM app.notification_outbox;
SELECT id FROM public.jobs;
SELECT id FROM public.failed_jobs;

-- E-mail addresses in comments on tables and columns.
SELECT objoid::regclass AS commented, objsubid AS column_number FROM pg_description
WHERE classoid = 'pg_class'::regclass AND description ~ '@';

-- The seeds have arrived.
SELECT 'dev-owner' AS missing_account
WHERE NOT EXISTS (SELECT FROM app.users WHERE email = 'dev-owner@' || :'mail_domain');
