-- Haneul Notes: about 2,000 people and 60,000 rows. Run as haneul_admin after schema.sql, in one
-- session (it uses a temporary table).
--
-- The same bytes on every machine: no random(), no now(), no time zone. Everything is invented:
-- mail domains end in .example, phones are 010-1xxx-xxxx (no such numbers are given out), resident
-- registration numbers carry a correct checksum but the place codes 97 to 99, cards a correct
-- checksum but a made-up issuer 4539-00, addresses made-up streets, IPs the documentation ranges.

SET TIME ZONE 'UTC';

-- --------------------------------------------------------------------------------- persons
-- 1 to 2,000 become users, 2,001 to 3,000 are leads. Seven in ten have Korean names.

CREATE TEMPORARY TABLE person AS
WITH words AS (
    SELECT ARRAY['김','이','박','최','정','강','조','윤','장','임','한','오','서','신','권','황','안','송','류','문'] AS family,
           ARRAY['kim','lee','park','choi','jung','kang','cho','yoon','jang','lim','han','oh','seo','shin','kwon','hwang','ahn','song','ryu','moon'] AS family_en,
           ARRAY['민','서','지','도','하','현','예','수','은','시','유','태','경','성','동','재'] AS given1,
           ARRAY['min','seo','ji','do','ha','hyun','ye','su','eun','si','yu','tae','kyung','sung','dong','jae'] AS given1_en,
           ARRAY['준','연','우','진','호','아','영','훈','희','원','빈','윤'] AS given2,
           ARRAY['jun','yeon','woo','jin','ho','a','young','hoon','hee','won','bin','yoon'] AS given2_en,
           ARRAY['James','Mary','Robert','Linda','Daniel','Sarah','Kevin','Emily','Brian','Laura','Thomas','Hannah','Zoë','Peter','Olivia','Patrick','Siobhán','Victor','Grace','Ivan'] AS first_en,
           ARRAY['james','mary','robert','linda','daniel','sarah','kevin','emily','brian','laura','thomas','hannah','zoe','peter','olivia','patrick','siobhan','victor','grace','ivan'] AS first_mail,
           ARRAY['Smith','Johnson','Brown','O''Connor','Müller','García','Nguyen','Walker','Baker','Fischer','Rossi','Novák','Silva','Cohen','Murphy','Wright','Tanaka','Petrov','Lefèvre'] AS last_en,
           ARRAY['smith','johnson','brown','oconnor','mueller','garcia','nguyen','walker','baker','fischer','rossi','novak','silva','cohen','murphy','wright','tanaka','petrov','lefevre'] AS last_mail,
           ARRAY['서울특별시 강남구|06','서울특별시 마포구|04','서울특별시 송파구|05','부산광역시 해운대구|48','대구광역시 수성구|42','인천광역시 연수구|21','광주광역시 서구|61','대전광역시 유성구|34','경기도 성남시 분당구|13','경기도 수원시 영통구|16','강원특별자치도 춘천시|24','제주특별자치도 제주시|63'] AS place,
           ARRAY['하늘길','구름로','바람로','노을길','별빛로','달맞이로','솔숲길','물결로'] AS street
), chosen AS (
    SELECT i AS id,
           i % 10 NOT IN (2, 5, 8) AS korean,
           1 + (i * 7) % 20         AS f,
           1 + (i * 11 + i / 20) % 16 AS g1,
           1 + (i * 5 + i / 320) % 12 AS g2,
           1 + (i * 3 + i / 19) % 20 AS e,
           1 + (i * 5) % 19         AS l,
           ((i::bigint * 7919 + 1234567) % 10000000)::text AS digits,
           date '1962-01-01' + (i * 397) % 15300 AS birth_date
    FROM generate_series(1, 3000) i
), named AS (
    SELECT c.*, w.place, w.street,
           CASE WHEN c.id = 1 THEN '김민수' WHEN c.id = 2 THEN 'Jane Doe'
                WHEN korean THEN family[f] || given1[g1] || given2[g2]
                ELSE first_en[e] || ' ' || last_en[l] END AS name,
           CASE WHEN c.id = 1 THEN 'Minsu Kim' WHEN c.id = 2 THEN 'Jane Doe'
                WHEN korean THEN initcap(given1_en[g1] || given2_en[g2] || ' ' || family_en[f]) END AS name_en,
           CASE WHEN c.id = 1 THEN 'minsu.kim' WHEN c.id = 2 THEN 'jane.doe'
                WHEN korean THEN given1_en[g1] || given2_en[g2] || '.' || family_en[f]
                ELSE first_mail[e] || '.' || last_mail[l] END AS login,
           -- resident registration number without its last digit: birth date, century and sex,
           -- place (97 to 99: not given out), office, serial
           to_char(birth_date, 'YYMMDD')
           || (CASE WHEN birth_date < date '2000-01-01' THEN 1 ELSE 3 END
               + c.id % 2 + CASE WHEN korean THEN 0 ELSE 4 END)
           || 97 + c.id % 3 || lpad((c.id % 100)::text, 2, '0') || (c.id / 100) % 10 AS rrn12
    FROM chosen c CROSS JOIN words w
)
SELECT id, korean, name, name_en, birth_date,
       CASE WHEN id % 37 = 0 THEN initcap(login) ELSE login END || id
           || CASE WHEN id <= 20 THEN '@haneul.example'
                   WHEN id % 37 = 0 THEN '@Gmail.example' ELSE '@gmail.example' END AS email,
       CASE WHEN id % 5 = 0 THEN '+82-10-1' || substr(lpad(digits, 7, '0'), 1, 3) || '-' || substr(lpad(digits, 7, '0'), 4)
            WHEN id % 7 = 0 THEN '0101' || lpad(digits, 7, '0')
            ELSE '010-1' || substr(lpad(digits, 7, '0'), 1, 3) || '-' || substr(lpad(digits, 7, '0'), 4) END AS phone,
       CASE WHEN id % 5 <> 3 THEN
           substr(rrn12, 1, 6) || '-' || substr(rrn12, 7)
           || (11 - (SELECT sum(substr(rrn12, p, 1)::int * ((p - 1) % 8 + 2)) FROM generate_series(1, 12) p) % 11) % 10
       END AS resident_no,
       CASE WHEN korean
            THEN split_part(place[1 + id % 12], '|', 1) || ' ' || street[1 + id % 8] || ' ' || (id * 13) % 400 + 1
                 || ', ' || (id * 3) % 20 + 1 || '동 ' || (id * 17) % 1500 + 101 || '호'
            ELSE 'Apt ' || (id * 17) % 1500 + 101 || ', ' || (id * 13) % 400 + 1 || ' Haneul-gil, Mapo-gu, Seoul' END AS address,
       CASE WHEN korean THEN split_part(place[1 + id % 12], '|', 2) ELSE '04' END || lpad(((id * 7) % 1000)::text, 3, '0') AS postal_code,
       ('100.' || 64 + id % 60 || '.' || id % 250 || '.' || (id * 31) % 254 + 1)::inet AS ip
FROM named;

ALTER TABLE person ADD PRIMARY KEY (id);
ANALYZE person;

-- -------------------------------------------------------------------------- people and teams

INSERT INTO app.plans (id, code, name_ko, name_en, price_krw, features) VALUES
    (1, 'FREE',       '무료',       'Free',       0,      '{"3 notebooks"}'),
    (2, 'BASIC',      '베이직',     'Basic',      4900,   '{"unlimited notebooks","10 GB"}'),
    (3, 'PREMIUM',    '프리미엄',   'Premium',    12900,  '{"unlimited notebooks","100 GB","history"}'),
    (4, 'ENTERPRISE', '엔터프라이즈', 'Enterprise', 290000, '{"unlimited notebooks","1 TB","history","audit","SSO"}');

INSERT INTO app.users (id, uuid, email, name, name_en, phone, birth_date, resident_no, address, postal_code,
                       locale, plan_type, status, password_hash, totp_secret, recovery_emails, settings, avatar,
                       last_login_ip, last_login_at, referred_by, created_at, updated_at, deleted_at)
OVERRIDING SYSTEM VALUE
SELECT id, md5('user' || id)::uuid, email, name, name_en, phone, birth_date, resident_no, address, postal_code,
       CASE WHEN korean THEN 'ko' ELSE 'en' END::app.locale,
       (ARRAY['FREE','FREE','BASIC','PREMIUM','FREE','BASIC','FREE','ENTERPRISE'])[1 + id % 8]::app.plan_type,
       CASE WHEN id % 41 = 0 THEN 'left' WHEN id % 29 = 0 THEN 'suspended' WHEN id % 23 = 0 THEN 'invited' ELSE 'active' END::app.user_status,
       '$2b$12$' || substr(md5('salt' || id) || md5('hash' || id), 1, 53),
       CASE WHEN id % 9 = 0 THEN upper(translate(md5('totp' || id), '0189', 'WXYZ')) END,
       CASE WHEN id % 6 = 0 THEN ARRAY['old.' || lower(email), 'home' || id || '@naver.example'] ELSE '{}' END,
       jsonb_build_object(
           'theme', (ARRAY['light','dark','system'])[1 + id % 3],
           'editor', jsonb_build_object('font', 14 + id % 3, 'spellcheck', id % 2 = 0),
           'notify', jsonb_build_object('email', lower(email), 'sms', phone, 'weekly', id % 4 = 0))
       || CASE WHEN id % 12 = 0 THEN jsonb_build_object('backup_contact',
              jsonb_build_object('name', name, 'email', 'family' || id || '@gmail.example', 'phones', jsonb_build_array(phone)))
          ELSE '{}' END,
       CASE WHEN id % 8 = 0 THEN
           '\x89504e470d0a1a0a'::bytea || convert_to('tEXtAuthor' || name || ' <' || email || '>', 'UTF8')
           || decode(repeat(md5('avatar' || id), 12), 'hex') END,
       ip, timestamptz '2026-10-31 00:00+00' - id * interval '37 minutes',
       CASE WHEN id > 50 AND id % 3 = 0 THEN id / 3 END,
       timestamptz '2023-03-02 01:00+00' + id * interval '15 hours',
       timestamptz '2026-09-01 00:00+00' + id * interval '19 minutes',
       CASE WHEN id % 41 = 0 THEN timestamptz '2026-10-01 00:00+00' + id * interval '7 minutes' END
FROM person WHERE id <= 2000 ORDER BY id;

INSERT INTO app.organisations (id, name, slug, business_no, owner_id, billing_email, phones, address, contact, settings, created_at)
OVERRIDING SYSTEM VALUE
SELECT o, CASE WHEN o = 1 THEN '(주)하늘노트'
               WHEN p.korean THEN '(주)' || (ARRAY['새벽','은하','한빛','미래','초록','서해','동아리','별마루'])[1 + o % 8]
                    || (ARRAY['상사','소프트','출판','물류','디자인','교육'])[1 + o % 6] || o
               ELSE split_part(p.name, ' ', 2) || ' ' || (ARRAY['Trading','Labs','Studio','Partners'])[1 + o % 4] || ' ' || o END,
       'org-' || o, lpad((100 + o * 37 % 900)::text, 3, '0') || '-' || lpad((o % 90 + 1)::text, 2, '0') || '-' || lpad((o * 7717 % 100000)::text, 5, '0'),
       p.id, 'billing.' || lower(p.email), ARRAY[p.phone, '02-' || 1000 + o || '-' || 1000 + o * 7], p.address,
       ROW(p.name, p.email, p.phone)::app.contact,
       jsonb_build_object('sso', o % 10 = 0, 'seats', 5 + o % 50,
           'webhook', jsonb_build_object('url', 'https://hooks.org-' || o || '.example/haneul', 'secret', 'whsec_' || md5('hook' || o)),
           'admins', jsonb_build_array(jsonb_build_object('name', p.name, 'email', p.email))),
       timestamptz '2023-04-01 00:00+00' + o * interval '4 days'
FROM generate_series(1, 300) o JOIN person p ON p.id = o * 6 - 5
ORDER BY o;

UPDATE app.users SET default_organisation_id = (id - 1) / 6 + 1 WHERE id <= 1800;

INSERT INTO app.memberships (organisation_id, user_id, role, title, invited_by, invited_email, joined_at)
SELECT (u.id - 1) / 6 + 1, u.id,
       CASE u.id % 6 WHEN 1 THEN 'owner' WHEN 2 THEN 'admin' WHEN 0 THEN 'guest' ELSE 'member' END::app.member_role,
       (ARRAY['대표','팀장','매니저','Engineer','Designer','인턴'])[1 + u.id % 6],
       CASE WHEN u.id % 6 <> 1 THEN (u.id - 1) / 6 * 6 + 1 END, CASE WHEN u.id % 6 <> 1 THEN lower(u.email) END,
       timestamptz '2024-01-01 00:00+00' + u.id * interval '11 hours'
FROM app.users u WHERE u.id <= 1800 ORDER BY u.id;

-- One in two also belongs to somebody else's team.
INSERT INTO app.memberships (organisation_id, user_id, role, title, invited_by, invited_email, joined_at)
SELECT ((u.id - 1) / 6 + 100) % 300 + 1, u.id, 'guest', NULL, ((u.id - 1) / 6 + 100) % 300 * 6 + 1, lower(u.email),
       timestamptz '2025-01-01 00:00+00' + u.id * interval '7 hours'
FROM app.users u WHERE u.id <= 1800 AND u.id % 2 = 0 ORDER BY u.id;

-- ---------------------------------------------------------------------------------- content

-- Eight folders a team: a root, three below it, four below those.
INSERT INTO app.folders (id, organisation_id, parent_id, owner_id, name, created_at)
SELECT (o - 1) * 8 + n, o, CASE WHEN n > 1 THEN (o - 1) * 8 + n / 2 END, (o - 1) * 6 + 1 + n % 6,
       CASE n WHEN 1 THEN 'Home' WHEN 4 THEN p.name || '님 개인 폴더' WHEN 5 THEN '계약서' ELSE 'Project ' || n END,
       timestamptz '2024-02-01 00:00+00' + (o * 8 + n) * interval '3 hours'
FROM generate_series(1, 300) o CROSS JOIN generate_series(1, 8) n JOIN person p ON p.id = (o - 1) * 6 + 1 + n % 6
ORDER BY 1;

INSERT INTO app.files (organisation_id, id, folder_id, uploader_id, file_name, mime_type, size_bytes, sha256, exif, created_at)
SELECT o, n, (o - 1) * 8 + 1 + n % 8, CASE WHEN n % 9 <> 0 THEN p.id END,
       CASE n % 4 WHEN 0 THEN '이력서_' || p.name || '.pdf' WHEN 1 THEN 'photo-' || n || '.jpg'
                  WHEN 2 THEN 'invoice ' || p.email || '.xlsx' ELSE 'minutes-' || n || '.md' END,
       (ARRAY['application/pdf','image/jpeg','application/vnd.ms-excel','text/markdown'])[1 + n % 4],
       1000 + (o * 7919 + n * 104729) % 900000, decode(md5('a' || o || n) || md5('b' || o || n), 'hex'),
       CASE n % 4 WHEN 1 THEN jsonb_build_object('Artist', p.name, 'GPS', jsonb_build_array(37.5 + n / 1000.0, 127.0 + o / 1000.0)) END,
       timestamptz '2025-03-01 00:00+00' + (o * 20 + n) * interval '1 hour'
FROM generate_series(1, 300) o CROSS JOIN generate_series(1, 20) n JOIN person p ON p.id = (o - 1) * 6 + 1 + n % 6
ORDER BY o, n;

INSERT INTO app.comments (organisation_id, id, file_id, parent_id, author_id, body, created_at)
SELECT o, n, 1 + (n + n / 3) % 20, CASE WHEN n % 3 = 0 THEN n - 1 END, p.id,
       CASE n % 5 WHEN 0 THEN '@' || q.name || '님 확인 부탁드립니다. 급하면 ' || p.phone || ' 로 전화 주세요 – ' || p.name
                  WHEN 1 THEN 'Looks good to me, thanks ' || split_part(q.name, ' ', 1) || '!'
                  WHEN 2 THEN '수정본은 ' || lower(p.email) || ' 로 보내 주세요.'
                  WHEN 3 THEN '네, 반영했습니다 👍' ELSE 'See page ' || n || ', second paragraph.' END,
       timestamptz '2025-06-01 00:00+00' + (o * 30 + n) * interval '40 minutes'
FROM generate_series(1, 300) o CROSS JOIN generate_series(1, 30) n
JOIN person p ON p.id = (o - 1) * 6 + 1 + n % 6 JOIN person q ON q.id = (o - 1) * 6 + 1 + (n + 1) % 6
ORDER BY o, n;

INSERT INTO app.notes (id, organisation_id, author_id, title, body, shared_with, created_at)
SELECT n, (p.id - 1) / 6 + 1, p.id,
       CASE n % 3 WHEN 0 THEN p.name || ' 1:1 면담 기록' WHEN 1 THEN 'Weekly ' || n ELSE '회의록 ' || n END,
       jsonb_build_array(
           jsonb_build_object('type', 'heading', 'text', 'Note ' || n),
           jsonb_build_object('type', 'paragraph', 'text', '참석: ' || p.name || ', 연락처 ' || p.phone),
           jsonb_build_object('type', 'mention', 'user', jsonb_build_object('id', p.id, 'email', lower(p.email), 'name', p.name)))
       || CASE WHEN n % 100 = 0 THEN jsonb_build_array(jsonb_build_object('type', 'code', 'text',
              'git log --author=' || p.email || E'\n' || (SELECT string_agg(md5(n || '.' || k), E'\n') FROM generate_series(1, 300) k)))
          ELSE '[]' END,
       CASE WHEN n % 7 = 0 THEN ARRAY['partner' || n || '@gmail.example', lower(p.email)] ELSE '{}' END,
       timestamptz '2025-01-05 00:00+00' + n * interval '3 hours'
FROM generate_series(1, 5000) n JOIN person p ON p.id = 1 + (n * 7) % 1800
ORDER BY n;

-- ------------------------------------------------------------------------ logins and secrets

INSERT INTO app.sessions (token, user_uuid, ip, user_agent, created_at, expires_at)
SELECT md5('session' || n) || md5('noisses' || n), md5('user' || p.id)::uuid, p.ip,
       (ARRAY['Mozilla/5.0 (Macintosh)','Mozilla/5.0 (Windows NT 10.0)','HaneulNotes/4.2 (iPhone)','HaneulNotes/4.2 (Android)'])[1 + n % 4],
       timestamptz '2026-10-01 00:00+00' + n * interval '17 minutes', timestamptz '2026-12-01 00:00+00' + n * interval '17 minutes'
FROM generate_series(1, 2500) n JOIN person p ON p.id = 1 + (n * 3) % 2000
ORDER BY n;

INSERT INTO app.api_tokens (id, user_id, name, token, scopes, created_at, revoked_at)
SELECT n, p.id, CASE WHEN n % 5 = 0 THEN p.name || '의 노트북' ELSE 'ci-' || n END, 'hnl_live_' || md5('token' || n),
       CASE n % 3 WHEN 0 THEN '{read}' WHEN 1 THEN '{read,write}' ELSE '{read,write,admin}' END::text[],
       timestamptz '2026-01-01 00:00+00' + n * interval '9 hours',
       CASE WHEN n % 6 = 0 THEN timestamptz '2026-09-01 00:00+00' END
FROM generate_series(1, 400) n JOIN person p ON p.id = n * 5
ORDER BY n;

INSERT INTO app.user_identities (provider, provider_uid, user_id, email, access_token, refresh_token)
SELECT (ARRAY['google','kakao'])[1 + n % 2], '10' || substr(translate(md5('uid' || n), 'abcdef', '123456'), 1, 18),
       p.id, lower(p.email), 'ya29.' || md5('access' || n), '1//' || md5('refresh' || n)
FROM generate_series(1, 800) n JOIN person p ON p.id = n * 2
ORDER BY n;

INSERT INTO app.password_resets (email, token, created_at)
SELECT lower(email), md5('reset' || id), timestamptz '2026-10-30 00:00+00' + id * interval '1 minute'
FROM person WHERE id % 13 = 0 AND id <= 1950 ORDER BY id;

INSERT INTO app.login_attempts (email, ip, succeeded, attempted_at)
SELECT CASE WHEN n % 50 = 0 THEN 'typo' || n || '@gmail.example' ELSE lower(p.email) END, p.ip, n % 6 <> 0,
       timestamptz '2026-09-01 00:00+00' + n * interval '20 minutes'
FROM generate_series(1, 4000) n JOIN person p ON p.id = 1 + (n * 13) % 2000
ORDER BY n;

-- ------------------------------------------------------------------------ leads and contracts

INSERT INTO app.marketing_leads (id, email, full_name, company, mobile, source, utm, created_at)
SELECT id - 2000, lower(email), name, CASE WHEN id % 3 = 0 THEN '(주)' || (ARRAY['바닷가','은하수','들꽃'])[1 + id % 7 % 3] || id END, phone,
       (ARRAY['newsletter','webinar','전시회'])[1 + id % 3],
       jsonb_build_object('campaign', 'autumn-' || id % 9, 'ref', 'https://haneul.example/?email=' || replace(lower(email), '@', '%40')),
       timestamptz '2026-03-01 00:00+00' + id * interval '1 hour'
FROM person WHERE id > 2000 ORDER BY id;

INSERT INTO app.contracts (id, organisation_id, signer, valid, scan)
SELECT n, n * 5, ROW(p.name, p.email, p.phone)::app.contact,
       daterange(date '2026-01-01' + n, date '2027-01-01' + n),
       lo_from_bytea((910000 + n)::oid, convert_to('%PDF-1.4 서명: ' || p.name || ' ' || coalesce(p.resident_no, '') || ' ' || p.email || repeat(' ' || md5('scan' || n), 100), 'UTF8'))
FROM generate_series(1, 60) n JOIN person p ON p.id = n * 30 - 5
ORDER BY n;

-- ------------------------------------------------------------------------------------- audit

INSERT INTO app.audit_logs (id, actor_id, action, target_type, target_id, payload, created_at)
SELECT n, p.id, (ARRAY['user.login','user.update','note.share','file.download','billing.pay','comment.create'])[1 + n % 6],
       (ARRAY['user','user','note','file','invoice','comment'])[1 + n % 6], 1 + n % 1800,
       jsonb_build_object('request_id', md5('request' || n)::uuid, 'status', 200 + n % 2 * 4,
           'actor', jsonb_build_object('email', lower(p.email), 'name', p.name, 'ip', host(p.ip)))
       || CASE n % 6
              WHEN 1 THEN jsonb_build_object('old', jsonb_build_object('email', 'old.' || lower(p.email), 'phone', p.phone),
                                             'new', jsonb_build_object('email', lower(p.email), 'phone', p.phone))
              WHEN 2 THEN jsonb_build_object('recipients', jsonb_build_array('guest' || n || '@gmail.example', lower(p.email)))
              WHEN 4 THEN jsonb_build_object('card', jsonb_build_object('holder', p.name, 'last4', lpad((n % 10000)::text, 4, '0')))
              ELSE '{}' END,
       timestamptz '2026-04-20 00:00+00' + n * interval '23 minutes 11 seconds'
FROM generate_series(1, 12000) n JOIN person p ON p.id = 1 + (n * 17) % 2000
ORDER BY n;

-- -------------------------------------------------------------------------------- queues

INSERT INTO app.notification_outbox (id, user_id, channel, recipient, subject, payload, attempts, available_at, sent_at)
SELECT n, p.id, (ARRAY['email','sms','push'])[1 + n % 3]::app.channel,
       CASE n % 3 WHEN 0 THEN lower(p.email) WHEN 1 THEN p.phone ELSE 'device-' || md5('device' || p.id) END,
       CASE WHEN n % 3 = 0 THEN p.name || '님, 이번 주 노트 요약입니다' END,
       jsonb_build_object('template', 'weekly', 'to', jsonb_build_object('name', p.name, 'email', lower(p.email))),
       n % 2, timestamptz '2026-10-30 00:00+00' + n * interval '1 minute',
       CASE WHEN n <= 1040 THEN timestamptz '2026-10-30 00:05+00' + n * interval '1 minute' END
FROM generate_series(1, 1200) n JOIN person p ON p.id = 1 + (n * 5) % 2000
ORDER BY n;

INSERT INTO public.jobs (id, queue, payload, attempts, reserved_at, available_at, created_at)
SELECT n, (ARRAY['default','mail','sms'])[1 + n % 3],
       json_build_object('uuid', md5('job' || n)::uuid, 'displayName', 'App\Mail\InvoiceIssued',
           'job', 'Illuminate\Queue\CallQueuedHandler@call', 'maxTries', 3,
           'data', json_build_object('commandName', 'Illuminate\Mail\SendQueuedMailable',
               'command', 'O:21:"App\Mail\InvoiceIssued":1:{s:2:"to";s:' || length(p.email) || ':"' || p.email || '";}'))::text,
       0, NULL, 1793404800 + n * 60, 1793404800
FROM generate_series(1, 180) n JOIN person p ON p.id = n * 11
ORDER BY n;

INSERT INTO public.failed_jobs (id, uuid, connection, queue, payload, exception, failed_at)
SELECT n, md5('failed' || n)::uuid::text, 'database', 'mail',
       json_build_object('displayName', 'App\Mail\Welcome', 'to', p.email)::text,
       'Swift_TransportException: 550 5.1.1 <' || p.email || E'>: Recipient address rejected in /srv/app/Mailer.php:88\n#0 {main}',
       timestamp '2026-10-29 00:00' + n * interval '13 minutes'
FROM generate_series(1, 40) n JOIN person p ON p.id = n * 47
ORDER BY n;

-- ----------------------------------------------------------------------------------- billing

INSERT INTO billing.subscriptions (id, organisation_id, plan_id, seats, period, cancelled_at)
SELECT n, 1 + (n - 1) % 300, 2 + n % 3, 5 + n % 40,
       daterange(date '2025-01-01' + n, CASE WHEN n > 300 THEN date '2026-06-01' + n END),
       CASE WHEN n > 300 THEN timestamptz '2026-06-01 00:00+00' + n * interval '1 day' END
FROM generate_series(1, 360) n
ORDER BY n;

INSERT INTO billing.payment_methods (id, organisation_id, card_holder, card_number, expires, billing_key)
SELECT n, 1 + (n - 1) % 300, CASE WHEN p.korean THEN p.name ELSE upper(p.name) END,
       regexp_replace(c.digits15 || (10 - c.luhn % 10) % 10, '(....)(....)(....)(....)', '\1-\2-\3-\4'),
       lpad((1 + n % 12)::text, 2, '0') || '/' || 27 + n % 5, 'bk_' || md5('billing' || n)
FROM generate_series(1, 420) n JOIN person p ON p.id = (n - 1) % 300 * 6 + 1
CROSS JOIN LATERAL (
    SELECT d AS digits15, sum(CASE WHEN p % 2 = 0 THEN v WHEN v > 4 THEN v * 2 - 9 ELSE v * 2 END) AS luhn
    FROM (SELECT '453900' || lpad((n * 7368787::bigint % 1000000000)::text, 9, '0') AS d) x
    CROSS JOIN generate_series(1, 15) p CROSS JOIN LATERAL (SELECT substr(d, p, 1)::int AS v) y
    GROUP BY d) c
ORDER BY n;

INSERT INTO billing.invoices (id, number, organisation_id, subscription_id, bill_to_name, bill_to_email, bill_to_address, net, issued_on)
SELECT n, 'HN-2026-' || lpad(n::text, 6, '0'), o.id, o.id, p.name, o.billing_email, o.address,
       (4900 + n % 3 * 8000) * (5 + n % 40), date '2025-11-01' + n / 10
FROM generate_series(1, 3600) n JOIN app.organisations o ON o.id = 1 + (n - 1) % 300 JOIN person p ON p.id = o.owner_id
ORDER BY n;

INSERT INTO billing.payments (id, invoice_id, payment_method_id, status, amount, provider_response, paid_at)
SELECT i.id, i.id, i.organisation_id,
       CASE WHEN i.id % 31 = 0 THEN 'failed' WHEN i.id % 53 = 0 THEN 'refunded' ELSE 'paid' END::billing.charge_status,
       i.net + i.vat,
       jsonb_build_object('imp_uid', 'imp_' || md5('imp' || i.id), 'pg', 'example-pg', 'buyer_name', p.name, 'buyer_email', lower(p.email),
           'buyer_tel', p.phone, 'card', jsonb_build_object('number', overlay(m.card_number placing '****-****' from 6), 'holder', m.card_holder),
           'result', CASE WHEN i.id % 31 = 0 THEN 'LIMIT_EXCEEDED' ELSE 'OK' END),
       i.issued_on::timestamp AT TIME ZONE 'UTC' + interval '2 hours'
FROM billing.invoices i JOIN app.organisations o ON o.id = i.organisation_id JOIN person p ON p.id = o.owner_id
JOIN billing.payment_methods m ON m.id = i.organisation_id
ORDER BY i.id;

-- ----------------------------------------------------------------------------------- support

INSERT INTO app.support_tickets (id, user_id, assignee_id, status, subject, body, tags, created_at)
SELECT n, p.id, 1 + n % 20, (ARRAY['open','waiting','closed','closed'])[1 + n % 4]::app.ticket_status,
       CASE n % 4 WHEN 0 THEN '결제 취소 요청 (' || p.name || ')' WHEN 1 THEN 'Cannot log in as ' || lower(p.email)
                  WHEN 2 THEN '명의 변경 문의' ELSE 'Export fails' END,
       CASE n % 4
           WHEN 0 THEN '안녕하세요, ' || p.name || '입니다. 카드 ' || m.card_number || ' 로 결제된 건 취소 부탁드려요.'
                       || E'\n연락처: ' || p.phone || E'\n메일: ' || p.email
           WHEN 1 THEN E'Hi,\n\nI am ' || p.name || ' and I cannot log in. Please call me at ' || p.phone || ' or write to ' || p.email || E'.\n\nThanks'
           WHEN 2 THEN '주민번호 ' || coalesce(p.resident_no, '(생략)') || ', 주소는 ' || p.address || ' 입니다. 새 연락처 ' || p.phone
           ELSE 'Export of notebook ' || n || ' stops at 40 %. Requested by ' || p.name || ' <' || lower(p.email) || '>, from ' || host(p.ip) END,
       CASE n % 3 WHEN 0 THEN ARRAY['billing', 'vip:' || lower(p.email)] WHEN 1 THEN '{login}' ELSE '{}' END::text[],
       timestamptz '2026-05-01 00:00+00' + n * interval '2 hours'
FROM generate_series(1, 1500) n JOIN person p ON p.id = 1 + (n * 11) % 2000
JOIN billing.payment_methods m ON m.id = 1 + (n - 1) % 420
ORDER BY n;

-- --------------------------------------------------------------------------- names that bite

INSERT INTO public."주문 내역" ("주문 번호", "회원 번호", "받는 사람", "연락처", "배송지", "우편번호", "배송 메모", "금액", "주문 일시")
SELECT n, CASE WHEN n % 10 <> 0 THEN p.id END, p.name, p.phone, p.address, p.postal_code,
       CASE n % 3 WHEN 0 THEN '부재 시 ' || p.phone || ' 연락' WHEN 1 THEN '경비실에 맡겨 주세요' END,
       9000 + n % 20 * 1500, timestamptz '2026-02-01 00:00+00' + n * interval '5 hours'
FROM generate_series(1, 800) n JOIN person p ON p.id = 1 + (n * 19) % 2000
ORDER BY n;

INSERT INTO public."Weird ""Quoted"" Name" ("ID", "E-Mail", "select", "Camel Case", "100% ""sure""")
SELECT id, email, name, E'tab\there, back\\slash, "quote", it''s ' || phone, id % 2 = 0
FROM person WHERE id <= 50 ORDER BY id;

INSERT INTO app.users_backup_2023 (id, email, name, phone, resident_no, address, password_hash, settings)
SELECT id, email, name, phone, resident_no, address, '$2y$10$' || substr(md5('old' || id) || md5('older' || id), 1, 53),
       jsonb_build_object('notify', jsonb_build_object('email', lower(email)))
FROM person WHERE id <= 1400 ORDER BY id;

-- --------------------------------------------------------------------- sequences, statistics

SELECT setval('app.users_id_seq', 2000), setval('app.organisations_id_seq', 300), setval('app.folders_id_seq', 2400),
       setval('app.notes_id_seq', 5000), setval('app.api_tokens_id_seq', 400), setval('app.support_tickets_id_seq', 1500),
       setval('app.marketing_leads_id_seq', 1000), setval('app.contracts_id_seq', 60), setval('app.audit_logs_id_seq', 12000),
       setval('app.notification_outbox_id_seq', 1200), setval('public.jobs_id_seq', 180), setval('public.failed_jobs_id_seq', 40),
       setval('billing.subscriptions_id_seq', 360), setval('billing.payment_methods_id_seq', 420),
       setval('billing.invoices_id_seq', 3600), setval('billing.payments_id_seq', 3600), setval('public."주문 내역_주문 번호_seq"', 800);

DROP TABLE person;

REFRESH MATERIALIZED VIEW app.organisation_directory;
REFRESH MATERIALIZED VIEW billing.revenue_by_month;

-- Only our own tables: the catalogs belong to the superuser and would each answer with a warning.
ANALYZE app.plans, app.users, app.organisations, app.memberships, app.folders, app.files, app.comments, app.notes,
        app.sessions, app.api_tokens, app.user_identities, app.password_resets, app.login_attempts, app.support_tickets,
        app.marketing_leads, app.contracts, app.audit_logs, app.notification_outbox, app.users_backup_2023,
        app.organisation_directory, public.jobs, public.failed_jobs, public."주문 내역", public."Weird ""Quoted"" Name",
        billing.subscriptions, billing.payment_methods, billing.invoices, billing.payments, billing.revenue_by_month;

RESET TIME ZONE;
