-- People. Every mask is made from the row's id, so the same person gets the same values every
-- night (links and screenshots stay true), a second run changes nothing, and no original can be
-- computed back: the id says nothing about it.
--
--   e-mail      user42@dev.example          unique, as the index on lower(email) wants it
--   name        홍가람 / Robin Sample        hangul stays hangul; 홍 and Sample occur nowhere else
--   phone       010-0000-0042               010-0… is not given out: a text message reaches nobody
--   resident no 001332-1000042              right shape for the domain, impossible month
--   birth date  first of January            the year is needed by the age statistics
--   IP          192.0.2.x                   documentation range

CREATE OR REPLACE FUNCTION pg_temp.fake_name(id bigint, korean boolean) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN korean
        THEN '홍' || (ARRAY['가람','나래','다솜','라온','마루','바다','새봄','여울','자람','차오름','토리','푸름'])[1 + id % 12]
        ELSE (ARRAY['Robin','Casey','Jordan','Avery','Quinn','Riley','Skyler','Rowan'])[1 + id % 8] || ' Sample' END
$$;

-- users_audit_update would copy every original into the audit log once more, users_touch would
-- change updated_at at every run. By name, not "DISABLE TRIGGER USER": that would afterwards switch
-- on a trigger that production keeps off.
ALTER TABLE app.users DISABLE TRIGGER users_audit_update;
ALTER TABLE app.users DISABLE TRIGGER users_touch;

-- password_hash: every account opens with the one password the team knows. The setting is read
-- here and not written as :'dev_password_hash' so that it never stands in the text of a statement.
UPDATE app.users SET
    email           = 'user' || id || '@' || :'mail_domain',
    name            = pg_temp.fake_name(id, locale = 'ko'),
    name_en         = CASE WHEN name_en IS NOT NULL THEN pg_temp.fake_name(id, false) END,
    phone           = CASE WHEN phone IS NOT NULL THEN '010-0' || lpad((id / 10000 % 1000)::text, 3, '0') || '-' || lpad((id % 10000)::text, 4, '0') END,
    birth_date      = date_trunc('year', birth_date::timestamp)::date,
    resident_no     = CASE WHEN resident_no IS NOT NULL THEN '001332-1' || lpad((id % 1000000)::text, 6, '0') END,
    address         = CASE WHEN address IS NULL THEN NULL
                           WHEN locale = 'ko' THEN '가상시 보기구 예시로 ' || id
                           ELSE id || ' Example Road, Sampletown' END,
    postal_code     = CASE WHEN postal_code IS NOT NULL THEN '00000' END,
    password_hash   = current_setting('devdb.dev_password_hash'),
    totp_secret     = NULL,
    recovery_emails = CASE WHEN recovery_emails = '{}' THEN '{}' ELSE ARRAY['recovery' || id || '@' || :'mail_domain'] END,
    avatar          = NULL,
    last_login_ip   = CASE WHEN last_login_ip IS NOT NULL THEN ('192.0.2.' || id % 254 + 1)::inet END,
    -- An allow-list: a key that a later release adds (backup_contact was one) is gone until
    -- somebody has thought about it. A deny-list would let it through.
    settings        = jsonb_strip_nulls(jsonb_build_object(
        'theme', settings -> 'theme',
        'editor', settings -> 'editor',
        'notify', jsonb_build_object(
            'email', 'user' || id || '@' || :'mail_domain',
            'weekly', settings -> 'notify' -> 'weekly')));

ALTER TABLE app.users ENABLE TRIGGER users_audit_update;
ALTER TABLE app.users ENABLE TRIGGER users_touch;

-- Copies of the same person's e-mail elsewhere get the same mask: whoever compares them still can.
UPDATE app.memberships SET
    title         = CASE WHEN title IS NOT NULL THEN '직원' END,
    invited_email = CASE WHEN invited_email IS NOT NULL THEN 'user' || user_id || '@' || :'mail_domain' END;

UPDATE app.user_identities SET
    provider_uid = 'dev-' || user_id,
    email        = 'user' || user_id || '@' || :'mail_domain';

-- No key, so nothing to derive a mask from; the counts by hour are what the dashboard shows.
UPDATE app.login_attempts SET
    email = 'somebody@' || :'mail_domain',
    ip    = '192.0.2.1';
