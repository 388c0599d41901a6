-- Haneul Notes: an invented Korean/English company that sells shared notebooks by subscription.
--
-- Run as haneul_admin, the owner of the database, after roles.sql. Plain PostgreSQL 14 to 18: no
-- extension, no XML, no ICU. Every name is qualified, so the search_path does not matter.
--
-- The company is ordinary on purpose, and so are its sins: personal data in jsonb, in free text, in
-- arrays, in a picture's metadata, in table comments, in a forgotten backup table, in the queue and
-- in the audit log that a trigger fills. Shapes that tools trip over are marked with "Shape:".

CREATE SCHEMA app;
CREATE SCHEMA billing;

-- ------------------------------------------------------------------------------------ types

CREATE TYPE app.locale            AS ENUM ('ko', 'en');
CREATE TYPE app.member_role       AS ENUM ('owner', 'admin', 'member', 'guest');
CREATE TYPE app.plan_type         AS ENUM ('FREE', 'BASIC', 'PREMIUM', 'ENTERPRISE');
CREATE TYPE app.user_status       AS ENUM ('active', 'invited', 'suspended', 'left');
CREATE TYPE app.channel           AS ENUM ('email', 'sms', 'push');
CREATE TYPE app.ticket_status     AS ENUM ('open', 'waiting', 'closed');
CREATE TYPE billing.charge_status AS ENUM ('paid', 'failed', 'refunded');

CREATE DOMAIN app.email_address AS text CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+\.[A-Za-z]+$');
CREATE DOMAIN app.phone_number  AS text CHECK (VALUE ~ '^[+0-9][0-9 -]{7,19}$');
CREATE DOMAIN app.resident_no   AS text CHECK (VALUE ~ '^[0-9]{6}-[1-8][0-9]{6}$');  -- 주민등록번호

CREATE TYPE app.contact AS (name text, email text, phone text);

-- ------------------------------------------------------------------------- people and teams

CREATE TABLE app.plans (
    id        smallint PRIMARY KEY,
    code      app.plan_type NOT NULL UNIQUE,
    name_ko   text NOT NULL,
    name_en   text NOT NULL,
    price_krw integer NOT NULL CHECK (price_krw >= 0),
    features  text[] NOT NULL DEFAULT '{}'
);

-- Shape: identity ALWAYS, generated columns, unique expression index, self reference, and one half
-- of the cycle users -> organisations -> users.
CREATE TABLE app.users (
    id                      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid                    uuid NOT NULL UNIQUE,
    email                   app.email_address NOT NULL,
    name                    text NOT NULL CHECK (name <> ''),
    name_en                 text,
    phone                   app.phone_number,
    birth_date              date,
    resident_no             app.resident_no UNIQUE,
    address                 text,
    postal_code             char(5),
    locale                  app.locale NOT NULL DEFAULT 'ko',
    plan_type               app.plan_type NOT NULL DEFAULT 'FREE',
    status                  app.user_status NOT NULL DEFAULT 'active',
    password_hash           text NOT NULL,
    totp_secret             text,
    recovery_emails         text[] NOT NULL DEFAULT '{}',
    settings                jsonb NOT NULL DEFAULT '{}',
    avatar                  bytea,
    last_login_ip           inet,
    last_login_at           timestamptz,
    default_organisation_id bigint,
    referred_by             bigint REFERENCES app.users,
    email_domain            text GENERATED ALWAYS AS (lower(split_part(email::text, '@', 2))) STORED,
    search_text             text GENERATED ALWAYS AS (lower(name || ' ' || email::text)) STORED,
    created_at              timestamptz NOT NULL,
    updated_at              timestamptz NOT NULL,
    deleted_at              timestamptz
);
CREATE UNIQUE INDEX users_email_key ON app.users (lower(email::text));
CREATE INDEX users_phone_idx ON app.users (phone) WHERE deleted_at IS NULL;
CREATE INDEX users_referred_by_idx ON app.users (referred_by);
CREATE STATISTICS app.users_place (ndistinct, dependencies, mcv) ON postal_code, address FROM app.users;

CREATE TABLE app.organisations (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL,
    slug          text NOT NULL UNIQUE,
    business_no   char(12) UNIQUE,                       -- 사업자등록번호
    owner_id      bigint NOT NULL REFERENCES app.users,
    billing_email app.email_address NOT NULL,
    phones        app.phone_number[] NOT NULL DEFAULT '{}',
    address       text,
    contact       app.contact,
    settings      jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL
);
CREATE INDEX organisations_owner_idx ON app.organisations (owner_id);

-- Shape: the other half of the cycle, and deferred.
ALTER TABLE app.users ADD CONSTRAINT users_default_organisation_fk
    FOREIGN KEY (default_organisation_id) REFERENCES app.organisations DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX users_default_organisation_idx ON app.users (default_organisation_id);

CREATE TABLE app.memberships (
    organisation_id bigint NOT NULL REFERENCES app.organisations ON DELETE CASCADE,
    user_id         bigint NOT NULL REFERENCES app.users,
    role            app.member_role NOT NULL DEFAULT 'member',
    title           text,
    invited_by      bigint REFERENCES app.users,
    invited_email   text,
    joined_at       timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, user_id)
);
CREATE INDEX memberships_user_idx ON app.memberships (user_id);

-- ---------------------------------------------------------------------------------- content

-- Shape: a tree.
CREATE TABLE app.folders (
    id              bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    organisation_id bigint NOT NULL REFERENCES app.organisations,
    parent_id       bigint REFERENCES app.folders,
    owner_id        bigint NOT NULL REFERENCES app.users,
    name            text NOT NULL,
    created_at      timestamptz NOT NULL
);
CREATE INDEX folders_parent_idx ON app.folders (parent_id);
CREATE INDEX folders_owner_idx ON app.folders (owner_id);

-- Shape: composite primary key.
CREATE TABLE app.files (
    organisation_id bigint NOT NULL REFERENCES app.organisations,
    id              bigint NOT NULL,
    folder_id       bigint NOT NULL REFERENCES app.folders,
    uploader_id     bigint REFERENCES app.users ON DELETE SET NULL,
    file_name       text NOT NULL,
    mime_type       text NOT NULL,
    size_bytes      bigint NOT NULL CHECK (size_bytes > 0),
    sha256          bytea NOT NULL,
    exif            jsonb,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, id)
);
CREATE INDEX files_folder_idx ON app.files (folder_id);

-- Shape: composite foreign keys, one of them to the table itself; MATCH SIMPLE with a NULL half.
CREATE TABLE app.comments (
    organisation_id bigint NOT NULL,
    id              bigint NOT NULL,
    file_id         bigint NOT NULL,
    parent_id       bigint,
    author_id       bigint NOT NULL REFERENCES app.users,
    body            text NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, file_id)   REFERENCES app.files (organisation_id, id),
    FOREIGN KEY (organisation_id, parent_id) REFERENCES app.comments (organisation_id, id)
);
CREATE INDEX comments_file_idx ON app.comments (organisation_id, file_id);
CREATE INDEX comments_author_idx ON app.comments (author_id);

-- Shape: row-level security; some bodies are long enough to live in TOAST.
CREATE TABLE app.notes (
    id              bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    organisation_id bigint NOT NULL REFERENCES app.organisations,
    author_id       bigint NOT NULL REFERENCES app.users,
    title           text NOT NULL,
    body            jsonb NOT NULL,
    shared_with     text[] NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL
);
CREATE INDEX notes_author_idx ON app.notes (author_id);
ALTER TABLE app.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY notes_of_my_organisation ON app.notes TO haneul_app
    USING (organisation_id = current_setting('app.organisation_id', true)::bigint);

-- ------------------------------------------------------------------------ logins and secrets

-- Shape: a foreign key to a UNIQUE column that is not the primary key.
CREATE TABLE app.sessions (
    token      text PRIMARY KEY,
    user_uuid  uuid NOT NULL REFERENCES app.users (uuid) ON DELETE CASCADE,
    ip         inet NOT NULL,
    user_agent text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_user_idx ON app.sessions (user_uuid);

CREATE TABLE app.api_tokens (
    id         bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES app.users,
    name       text NOT NULL,
    token      text NOT NULL UNIQUE,
    scopes     text[] NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE TABLE app.user_identities (
    provider      text NOT NULL,
    provider_uid  text NOT NULL,
    user_id       bigint NOT NULL REFERENCES app.users,
    email         text NOT NULL,
    access_token  text,
    refresh_token text,
    PRIMARY KEY (provider, provider_uid)
);
CREATE INDEX user_identities_user_idx ON app.user_identities (user_id);

CREATE TABLE app.password_resets (
    email      text PRIMARY KEY,
    token      text NOT NULL,
    created_at timestamptz NOT NULL
);

-- Shape: no primary key.
CREATE TABLE app.login_attempts (
    email        text NOT NULL,
    ip           inet NOT NULL,
    succeeded    boolean NOT NULL,
    attempted_at timestamptz NOT NULL
);
CREATE INDEX login_attempts_at_idx ON app.login_attempts (attempted_at);

-- ------------------------------------------------------------------------ support and growth

CREATE TABLE app.support_tickets (
    id          bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    user_id     bigint REFERENCES app.users,
    assignee_id bigint REFERENCES app.users,
    status      app.ticket_status NOT NULL,
    subject     text NOT NULL,
    body        text NOT NULL,
    tags        text[] NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL
);
CREATE INDEX support_tickets_user_idx ON app.support_tickets (user_id);

-- People who never signed up.
CREATE TABLE app.marketing_leads (
    id         bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    email      text NOT NULL UNIQUE,
    full_name  text,
    company    text,
    mobile     text,
    source     text NOT NULL,
    utm        jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL
);

-- Shape: the scans are large objects.
CREATE TABLE app.contracts (
    id              bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    organisation_id bigint NOT NULL REFERENCES app.organisations,
    signer          app.contact NOT NULL,
    valid           daterange NOT NULL,
    scan            oid
);

-- ------------------------------------------------------------------------------------- audit

-- Shape: partitioned by month with a default partition; (target_type, target_id) is a polymorphic
-- reference and actor_id one that nobody declared.
CREATE TABLE app.audit_logs (
    id          bigint GENERATED BY DEFAULT AS IDENTITY,
    actor_id    bigint,
    action      text NOT NULL,
    target_type text NOT NULL,
    target_id   bigint,
    payload     jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX audit_logs_actor_idx ON app.audit_logs (actor_id);
CREATE INDEX audit_logs_payload_idx ON app.audit_logs USING gin (payload jsonb_path_ops);

CREATE TABLE app.audit_logs_2026_05 PARTITION OF app.audit_logs
    FOR VALUES FROM ('2026-05-01 00:00+00') TO ('2026-06-01 00:00+00');
CREATE TABLE app.audit_logs_2026_06 PARTITION OF app.audit_logs
    FOR VALUES FROM ('2026-06-01 00:00+00') TO ('2026-07-01 00:00+00');
CREATE TABLE app.audit_logs_2026_07 PARTITION OF app.audit_logs
    FOR VALUES FROM ('2026-07-01 00:00+00') TO ('2026-08-01 00:00+00');
CREATE TABLE app.audit_logs_2026_08 PARTITION OF app.audit_logs
    FOR VALUES FROM ('2026-08-01 00:00+00') TO ('2026-09-01 00:00+00');
CREATE TABLE app.audit_logs_2026_09 PARTITION OF app.audit_logs
    FOR VALUES FROM ('2026-09-01 00:00+00') TO ('2026-10-01 00:00+00');
CREATE TABLE app.audit_logs_2026_10 PARTITION OF app.audit_logs
    FOR VALUES FROM ('2026-10-01 00:00+00') TO ('2026-11-01 00:00+00');
CREATE TABLE app.audit_logs_default PARTITION OF app.audit_logs DEFAULT;

-- ----------------------------------------------------------------------- queues: these send

-- A worker sends every row whose sent_at is NULL.
CREATE TABLE app.notification_outbox (
    id           bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    user_id      bigint,
    channel      app.channel NOT NULL,
    recipient    text NOT NULL,
    subject      text,
    payload      jsonb NOT NULL,
    attempts     smallint NOT NULL DEFAULT 0,
    available_at timestamptz NOT NULL,
    sent_at      timestamptz
);
CREATE INDEX notification_outbox_pending_idx ON app.notification_outbox (available_at) WHERE sent_at IS NULL;

-- Laravel's queue, as its migration makes it.
CREATE TABLE public.jobs (
    id           bigserial PRIMARY KEY,
    queue        varchar(255) NOT NULL,
    payload      text NOT NULL,
    attempts     smallint NOT NULL,
    reserved_at  integer,
    available_at integer NOT NULL,
    created_at   integer NOT NULL
);
CREATE INDEX jobs_queue_index ON public.jobs (queue);

CREATE TABLE public.failed_jobs (
    id         bigserial PRIMARY KEY,
    uuid       varchar(255) NOT NULL UNIQUE,
    connection text NOT NULL,
    queue      text NOT NULL,
    payload    text NOT NULL,
    exception  text NOT NULL,
    failed_at  timestamp(0) NOT NULL
);

-- ----------------------------------------------------------------------------------- billing

CREATE TABLE billing.subscriptions (
    id              bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    organisation_id bigint NOT NULL REFERENCES app.organisations,
    plan_id         smallint NOT NULL REFERENCES app.plans,
    seats           integer NOT NULL CHECK (seats > 0),
    period          daterange NOT NULL,
    cancelled_at    timestamptz
);
CREATE INDEX subscriptions_organisation_idx ON billing.subscriptions (organisation_id);

CREATE TABLE billing.payment_methods (
    id              bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    organisation_id bigint NOT NULL REFERENCES app.organisations,
    card_holder     text NOT NULL,
    card_number     text NOT NULL CHECK (card_number ~ '^[0-9]{4}(-[0-9]{4}){3}$'),
    expires         char(5) NOT NULL,
    billing_key     text NOT NULL UNIQUE
);
CREATE INDEX payment_methods_organisation_idx ON billing.payment_methods (organisation_id);

CREATE TABLE billing.invoices (
    id              bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    number          text NOT NULL UNIQUE,
    organisation_id bigint NOT NULL REFERENCES app.organisations,
    subscription_id bigint REFERENCES billing.subscriptions,
    bill_to_name    text NOT NULL,
    bill_to_email   text NOT NULL,
    bill_to_address text,
    net             numeric(12, 2) NOT NULL,
    vat             numeric(12, 2) GENERATED ALWAYS AS (round(net * 0.1, 2)) STORED,
    issued_on       date NOT NULL
);
CREATE INDEX invoices_organisation_idx ON billing.invoices (organisation_id);
CREATE INDEX invoices_subscription_idx ON billing.invoices (subscription_id);

CREATE TABLE billing.payments (
    id                bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    invoice_id        bigint NOT NULL REFERENCES billing.invoices,
    payment_method_id bigint REFERENCES billing.payment_methods,
    status            billing.charge_status NOT NULL,
    amount            numeric(12, 2) NOT NULL,
    provider_response jsonb NOT NULL,
    paid_at           timestamptz NOT NULL
);
CREATE INDEX payments_invoice_idx ON billing.payments (invoice_id);

-- --------------------------------------------------------------------------- names that bite

-- Shape: hangul names with spaces. The shop for printed notebooks; bought from a Korean vendor.
CREATE TABLE public."주문 내역" (
    "주문 번호" bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    "회원 번호" bigint REFERENCES app.users,
    "받는 사람" text NOT NULL,
    "연락처"    varchar(20) NOT NULL,
    "배송지"    text NOT NULL,
    "우편번호"  char(5),
    "배송 메모" text,
    "금액"      integer NOT NULL,
    "주문 일시" timestamptz NOT NULL
);
CREATE INDEX "주문 내역_회원 번호_idx" ON public."주문 내역" ("회원 번호");

-- Shape: quotes in a name, upper case, a reserved word and a percent sign.
CREATE TABLE public."Weird ""Quoted"" Name" (
    "ID"          integer PRIMARY KEY,
    "E-Mail"      text NOT NULL,
    "select"      text,
    "Camel Case"  text,
    "100% ""sure""" boolean
);

-- A copy somebody made before a migration and forgot. Shape: no key, no constraint, no owner.
CREATE TABLE app.users_backup_2023 (
    id            bigint,
    email         text,
    name          text,
    phone         text,
    resident_no   text,
    address       text,
    password_hash text,
    settings      jsonb
);

-- ---------------------------------------------------------------------------------- views

CREATE VIEW app.active_users AS
    SELECT id, uuid, email, name, phone, locale, plan_type
    FROM app.users
    WHERE status = 'active' AND deleted_at IS NULL;

CREATE MATERIALIZED VIEW app.organisation_directory AS
    SELECT o.id, o.name, o.billing_email, u.name AS owner_name, u.email AS owner_email,
           u.phone AS owner_phone, count(m.user_id) AS members
    FROM app.organisations o
    JOIN app.users u ON u.id = o.owner_id
    LEFT JOIN app.memberships m ON m.organisation_id = o.id
    GROUP BY o.id, u.id
    WITH NO DATA;
CREATE UNIQUE INDEX organisation_directory_key ON app.organisation_directory (id);

CREATE MATERIALIZED VIEW billing.revenue_by_month AS
    SELECT date_trunc('month', issued_on::timestamp)::date AS month, count(*) AS invoices,
           sum(net + vat) AS total
    FROM billing.invoices
    GROUP BY 1
    WITH NO DATA;

-- ------------------------------------------------------------------------------- triggers

-- Copies the person before and after into the audit log: a scrub that lets it fire writes every
-- original e-mail address a second time.
CREATE FUNCTION app.audit_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO app.audit_logs (actor_id, action, target_type, target_id, payload, created_at)
    VALUES (OLD.id, 'user.' || lower(TG_OP), 'user', OLD.id,
            jsonb_build_object('old', to_jsonb(OLD) - 'avatar',
                               'new', CASE TG_OP WHEN 'UPDATE' THEN to_jsonb(NEW) - 'avatar' END),
            now());
    RETURN NULL;
END
$$;
CREATE TRIGGER users_audit_update AFTER UPDATE ON app.users FOR EACH ROW
    WHEN (OLD.email IS DISTINCT FROM NEW.email OR OLD.name IS DISTINCT FROM NEW.name
          OR OLD.phone IS DISTINCT FROM NEW.phone)
    EXECUTE FUNCTION app.audit_user();
CREATE TRIGGER users_audit_delete AFTER DELETE ON app.users FOR EACH ROW
    EXECUTE FUNCTION app.audit_user();

CREATE FUNCTION app.touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
CREATE TRIGGER users_touch BEFORE UPDATE OF email, name, phone, address, settings ON app.users
    FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

-- Tells the old address that the invoice will go elsewhere: a scrub that lets it fire queues one
-- real e-mail per customer.
CREATE FUNCTION app.tell_old_billing_email() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO app.notification_outbox (user_id, channel, recipient, subject, payload, available_at)
    VALUES (NEW.owner_id, 'email', OLD.billing_email, '청구 이메일이 변경되었습니다',
            jsonb_build_object('from', OLD.billing_email, 'to', NEW.billing_email), now());
    RETURN NULL;
END
$$;
CREATE TRIGGER organisations_billing_email AFTER UPDATE OF billing_email ON app.organisations
    FOR EACH ROW WHEN (OLD.billing_email IS DISTINCT FROM NEW.billing_email)
    EXECUTE FUNCTION app.tell_old_billing_email();

-- ------------------------------------------------------------------------------- comments

COMMENT ON TABLE app.users IS 'Everybody who can log in / 로그인 가능한 모든 사용자';
COMMENT ON COLUMN app.users.resident_no IS '주민등록번호: only where a contract needs it';
COMMENT ON TABLE app.support_tickets IS 'CS 담당: 이서연 seoyeon.lee@haneul.example, 010-1203-4455';
COMMENT ON COLUMN billing.payments.provider_response IS 'PG사 응답 원문. 문의 daniel.brown@haneul.example';
COMMENT ON TABLE app.users_backup_2023 IS 'before the 2023 migration, delete after a week (minsu.kim1@haneul.example)';

-- --------------------------------------------------------------------------------- grants

GRANT USAGE ON SCHEMA app, billing TO haneul_app, haneul_readonly;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app, billing, public TO haneul_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA app, billing, public TO haneul_app;
GRANT SELECT ON ALL TABLES IN SCHEMA app, billing TO haneul_readonly;
REVOKE SELECT ON app.sessions, app.api_tokens FROM haneul_readonly;
