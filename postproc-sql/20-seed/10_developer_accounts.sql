-- The accounts every developer knows, in a team of their own, in every nightly copy. Numbers from
-- 900001 on are far from those that production gives out.
--
-- "ON CONFLICT … DO UPDATE" and fixed keys: run it as often as you like. No trigger may notice: it would
-- write the change into the audit log, or an e-mail about it into the queue.

ALTER TABLE app.users DISABLE TRIGGER users_audit_update;
ALTER TABLE app.users DISABLE TRIGGER users_touch;
ALTER TABLE app.organisations DISABLE TRIGGER organisations_billing_email;

INSERT INTO app.users (id, uuid, email, name, locale, plan_type, password_hash, created_at, updated_at)
OVERRIDING SYSTEM VALUE
SELECT id, uuid::uuid, login || '@' || :'mail_domain', name, locale::app.locale, plan::app.plan_type,
       current_setting('devdb.dev_password_hash'), '2026-01-01 00:00+00', '2026-01-01 00:00+00'
FROM (VALUES
    (900001, '00000000-0000-4000-8000-000000900001', 'dev-owner', '개발 소유자', 'ko', 'ENTERPRISE'),
    (900002, '00000000-0000-4000-8000-000000900002', 'dev-admin', 'Dev Admin',  'en', 'PREMIUM'),
    (900003, '00000000-0000-4000-8000-000000900003', 'dev-free',  '개발 무료',   'ko', 'FREE')
) seed (id, uuid, login, name, locale, plan)
ON CONFLICT (id) DO UPDATE SET
    email = excluded.email, name = excluded.name, locale = excluded.locale, plan_type = excluded.plan_type,
    status = 'active', settings = '{}', password_hash = excluded.password_hash;

INSERT INTO app.organisations (id, name, slug, owner_id, billing_email, settings, created_at)
OVERRIDING SYSTEM VALUE
VALUES (900001, '(주)개발팀', 'dev-team', 900001, 'dev-billing@' || :'mail_domain', '{"sso": true, "seats": 50}', '2026-01-01 00:00+00')
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, billing_email = excluded.billing_email, settings = excluded.settings;

INSERT INTO app.memberships (organisation_id, user_id, role, joined_at)
VALUES (900001, 900001, 'owner', '2026-01-01 00:00+00'),
       (900001, 900002, 'admin', '2026-01-01 00:00+00'),
       (900001, 900003, 'guest', '2026-01-01 00:00+00')
ON CONFLICT (organisation_id, user_id) DO UPDATE SET role = excluded.role;

-- Users and organisations point at each other; the half that is deferred is set last. Its check has
-- to happen before the triggers may be switched on again ("pending trigger events" otherwise).
UPDATE app.users SET default_organisation_id = 900001 WHERE id BETWEEN 900001 AND 900003;
SET CONSTRAINTS ALL IMMEDIATE;

ALTER TABLE app.users ENABLE TRIGGER users_audit_update;
ALTER TABLE app.users ENABLE TRIGGER users_touch;
ALTER TABLE app.organisations ENABLE TRIGGER organisations_billing_email;
