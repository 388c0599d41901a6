-- Tables in the shapes of job queues, schedules and token stores, as those projects' own migrations
-- make them (columns, keys between them and states; indexes and functions left out). The comment on
-- each table is what is to become of it.

CREATE SCHEMA graphile_worker;
CREATE TABLE graphile_worker._private_jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, job_queue_id int, task_id int NOT NULL,
    payload json NOT NULL DEFAULT '{}', priority smallint NOT NULL DEFAULT 0, run_at timestamptz NOT NULL DEFAULT now(),
    attempts smallint NOT NULL DEFAULT 0, max_attempts smallint NOT NULL DEFAULT 25, last_error text,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), key text UNIQUE,
    locked_at timestamptz, locked_by text, revision int NOT NULL DEFAULT 0, flags jsonb,
    is_available boolean GENERATED ALWAYS AS (locked_at IS NULL AND attempts < max_attempts) STORED NOT NULL);
COMMENT ON TABLE graphile_worker._private_jobs IS 'empty';
INSERT INTO graphile_worker._private_jobs (task_id) VALUES (1);
CREATE VIEW graphile_worker.jobs AS SELECT id, run_at, attempts, key FROM graphile_worker._private_jobs;
CREATE TABLE graphile_worker._private_tasks (id int, identifier text);
COMMENT ON TABLE graphile_worker._private_tasks IS 'stays';
INSERT INTO graphile_worker._private_tasks VALUES (1, 'mail');

CREATE SCHEMA old_worker;
CREATE TABLE old_worker.jobs (
    id bigserial PRIMARY KEY, queue_name text, task_identifier text NOT NULL, payload json NOT NULL DEFAULT '{}',
    priority int NOT NULL DEFAULT 0, run_at timestamptz NOT NULL DEFAULT now(), attempts int NOT NULL DEFAULT 0,
    max_attempts int NOT NULL DEFAULT 25, last_error text, key text, locked_at timestamptz, locked_by text);
COMMENT ON TABLE old_worker.jobs IS 'empty';
INSERT INTO old_worker.jobs (task_identifier) VALUES ('mail');

CREATE SCHEMA pgboss;
CREATE TYPE pgboss.job_state AS ENUM ('created', 'retry', 'active', 'completed', 'cancelled', 'failed');
CREATE TABLE pgboss.queue (name text PRIMARY KEY);
COMMENT ON TABLE pgboss.queue IS 'stays';
INSERT INTO pgboss.queue VALUES ('mail');
CREATE TABLE pgboss.job (
    id uuid NOT NULL DEFAULT gen_random_uuid(), name text NOT NULL, priority int NOT NULL DEFAULT 0, data jsonb,
    state pgboss.job_state NOT NULL DEFAULT 'created', retry_limit int NOT NULL DEFAULT 2,
    retry_count int NOT NULL DEFAULT 0, retry_delay int NOT NULL DEFAULT 0, retry_backoff boolean NOT NULL DEFAULT false,
    start_after timestamptz NOT NULL DEFAULT now(), started_on timestamptz, singleton_key text, singleton_on timestamp,
    expire_in interval NOT NULL DEFAULT '15 minutes', created_on timestamptz NOT NULL DEFAULT now(),
    completed_on timestamptz, keep_until timestamptz NOT NULL DEFAULT now(), output jsonb, dead_letter text,
    policy text, PRIMARY KEY (name, id)) PARTITION BY LIST (name);
CREATE TABLE pgboss.j1 PARTITION OF pgboss.job FOR VALUES IN ('mail');
ALTER TABLE pgboss.j1 ADD FOREIGN KEY (name) REFERENCES pgboss.queue DEFERRABLE INITIALLY DEFERRED;
COMMENT ON TABLE pgboss.job IS 'empty';
INSERT INTO pgboss.job (name) VALUES ('mail');
CREATE TABLE pgboss.archive (LIKE pgboss.job INCLUDING DEFAULTS, archived_on timestamptz NOT NULL DEFAULT now());
COMMENT ON TABLE pgboss.archive IS 'empty too';
INSERT INTO pgboss.archive (name, state) VALUES ('mail', 'completed');
CREATE TABLE pgboss.schedule (
    name text PRIMARY KEY REFERENCES pgboss.queue ON DELETE CASCADE, cron text NOT NULL, timezone text, data jsonb,
    options jsonb, created_on timestamptz NOT NULL DEFAULT now(), updated_on timestamptz NOT NULL DEFAULT now());
COMMENT ON TABLE pgboss.schedule IS 'empty';
INSERT INTO pgboss.schedule VALUES ('mail', '* * * * *');

CREATE SCHEMA pgboss9;
CREATE TABLE pgboss9.job (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, priority int NOT NULL DEFAULT 0, data jsonb,
    state pgboss.job_state NOT NULL DEFAULT 'created', retryLimit int NOT NULL DEFAULT 0, retryCount int NOT NULL DEFAULT 0,
    startAfter timestamptz NOT NULL DEFAULT now(), startedOn timestamptz, singletonKey text, singletonOn timestamp);
COMMENT ON TABLE pgboss9.job IS 'empty';
INSERT INTO pgboss9.job (name, state) VALUES ('mail', 'retry');

CREATE TYPE river_job_state AS ENUM ('available', 'cancelled', 'completed', 'discarded', 'retryable', 'running', 'scheduled');
CREATE TABLE river_job (
    id bigserial PRIMARY KEY, state river_job_state NOT NULL DEFAULT 'available', attempt smallint NOT NULL DEFAULT 0,
    max_attempts smallint NOT NULL, attempted_at timestamptz, created_at timestamptz NOT NULL DEFAULT now(),
    finalized_at timestamptz, scheduled_at timestamptz NOT NULL DEFAULT now(), priority smallint NOT NULL DEFAULT 1,
    args jsonb, attempted_by text[], errors jsonb[], kind text NOT NULL, metadata jsonb NOT NULL DEFAULT '{}',
    queue text NOT NULL DEFAULT 'default', tags varchar(255)[]);
COMMENT ON TABLE river_job IS 'empty';
INSERT INTO river_job (kind, max_attempts) VALUES ('mail', 25);

CREATE TABLE que_jobs (
    priority smallint NOT NULL DEFAULT 100, run_at timestamptz NOT NULL DEFAULT now(), id bigserial PRIMARY KEY,
    job_class text NOT NULL, error_count int NOT NULL DEFAULT 0, last_error_message text, queue text NOT NULL DEFAULT 'default',
    last_error_backtrace text, finished_at timestamptz, expired_at timestamptz, args jsonb NOT NULL DEFAULT '[]',
    data jsonb NOT NULL DEFAULT '{}', job_schema_version int DEFAULT 2);
COMMENT ON TABLE que_jobs IS 'empty';
INSERT INTO que_jobs (job_class) VALUES ('Mail');

CREATE TABLE good_jobs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), queue_name text, priority int, serialized_params jsonb, scheduled_at timestamp,
    performed_at timestamp, finished_at timestamp, error text, created_at timestamp NOT NULL DEFAULT now(),
    updated_at timestamp NOT NULL DEFAULT now(), active_job_id uuid, concurrency_key text, cron_key text,
    retried_good_job_id uuid, cron_at timestamp, batch_id uuid, batch_callback_id uuid);
COMMENT ON TABLE good_jobs IS 'empty';
INSERT INTO good_jobs (queue_name) VALUES ('mail');
CREATE TABLE good_job_batches (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), serialized_properties jsonb, on_finish text);
COMMENT ON TABLE good_job_batches IS 'empty too';
INSERT INTO good_job_batches DEFAULT VALUES;

CREATE TABLE solid_queue_jobs (
    id bigserial PRIMARY KEY, queue_name varchar NOT NULL, class_name varchar NOT NULL, arguments text,
    priority int NOT NULL DEFAULT 0, active_job_id varchar, scheduled_at timestamp, finished_at timestamp, concurrency_key varchar,
    created_at timestamp NOT NULL DEFAULT now(), updated_at timestamp NOT NULL DEFAULT now());
COMMENT ON TABLE solid_queue_jobs IS 'empty';
INSERT INTO solid_queue_jobs (queue_name, class_name) VALUES ('mail', 'Mail');
CREATE TABLE solid_queue_ready_executions (id bigserial PRIMARY KEY,
    job_id bigint NOT NULL UNIQUE REFERENCES solid_queue_jobs ON DELETE CASCADE, queue_name varchar NOT NULL);
COMMENT ON TABLE solid_queue_ready_executions IS 'empty too';
INSERT INTO solid_queue_ready_executions (job_id, queue_name) VALUES (1, 'mail');
CREATE TABLE solid_queue_recurring_tasks (id bigserial PRIMARY KEY, key varchar NOT NULL, schedule varchar NOT NULL,
    command varchar(2048), class_name varchar, arguments text, queue_name varchar, priority int DEFAULT 0,
    static boolean NOT NULL DEFAULT true, description text);
COMMENT ON TABLE solid_queue_recurring_tasks IS 'empty';
INSERT INTO solid_queue_recurring_tasks (key, schedule) VALUES ('bill', 'every day');

CREATE TYPE oban_job_state AS ENUM ('available', 'scheduled', 'executing', 'retryable', 'completed', 'discarded', 'cancelled');
CREATE SCHEMA private;
CREATE TABLE private.oban_jobs (
    id bigserial PRIMARY KEY, state oban_job_state NOT NULL DEFAULT 'available', queue text NOT NULL DEFAULT 'default',
    worker text NOT NULL, args jsonb NOT NULL DEFAULT '{}', errors jsonb[] NOT NULL DEFAULT '{}', attempt int NOT NULL DEFAULT 0,
    max_attempts int NOT NULL DEFAULT 20, inserted_at timestamp NOT NULL DEFAULT now(), scheduled_at timestamp NOT NULL DEFAULT now(),
    attempted_at timestamp, completed_at timestamp, attempted_by text[], discarded_at timestamp, priority int NOT NULL DEFAULT 0,
    tags text[], meta jsonb, cancelled_at timestamp);
COMMENT ON TABLE private.oban_jobs IS 'empty';
INSERT INTO private.oban_jobs (worker) VALUES ('Mail');

CREATE TABLE delayed_jobs (
    id bigserial PRIMARY KEY, priority int NOT NULL DEFAULT 0, attempts int NOT NULL DEFAULT 0, handler text NOT NULL,
    last_error text, run_at timestamp, locked_at timestamp, failed_at timestamp, locked_by varchar, queue varchar);
COMMENT ON TABLE delayed_jobs IS 'empty';
INSERT INTO delayed_jobs (handler) VALUES ('--- !ruby/object:Mail');

CREATE TYPE procrastinate_job_status AS ENUM ('todo', 'doing', 'succeeded', 'failed', 'cancelled', 'aborted');
CREATE TABLE procrastinate_jobs (
    id bigserial PRIMARY KEY, queue_name varchar(128) NOT NULL, task_name varchar(128) NOT NULL, priority int NOT NULL DEFAULT 0,
    lock text, queueing_lock text, args jsonb NOT NULL DEFAULT '{}', status procrastinate_job_status NOT NULL DEFAULT 'todo',
    scheduled_at timestamptz, attempts int NOT NULL DEFAULT 0);
COMMENT ON TABLE procrastinate_jobs IS 'empty';
INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', 'mail');
CREATE TABLE procrastinate_periodic_defers (id bigserial PRIMARY KEY, task_name varchar(128) NOT NULL, defer_timestamp bigint,
    job_id bigint REFERENCES procrastinate_jobs, periodic_id varchar(128) NOT NULL DEFAULT '');
COMMENT ON TABLE procrastinate_periodic_defers IS 'empty too';
INSERT INTO procrastinate_periodic_defers (task_name, job_id) VALUES ('mail', 1);
CREATE TABLE procrastinate_events (id bigserial PRIMARY KEY, job_id bigint NOT NULL REFERENCES procrastinate_jobs ON DELETE CASCADE,
    at timestamptz DEFAULT now());
COMMENT ON TABLE procrastinate_events IS 'empty too';
INSERT INTO procrastinate_events (job_id) VALUES (1);

CREATE TABLE django_q_ormq (id serial PRIMARY KEY, key varchar(100) NOT NULL, payload text NOT NULL, lock timestamptz);
COMMENT ON TABLE django_q_ormq IS 'empty';
INSERT INTO django_q_ormq (key, payload) VALUES ('q', 'gAAAA');
CREATE TABLE django_q_schedule (
    id serial PRIMARY KEY, func varchar(256) NOT NULL, hook varchar(256), args text, kwargs text, schedule_type varchar(2) NOT NULL,
    repeats int NOT NULL, next_run timestamptz, task varchar(100), name varchar(100), minutes smallint, cron varchar(100));
COMMENT ON TABLE django_q_schedule IS 'off: repeats = 0';
INSERT INTO django_q_schedule (func, schedule_type, repeats) VALUES ('bill', 'D', -1);
CREATE TABLE django_celery_beat_periodictask (
    id serial PRIMARY KEY, name varchar(200) NOT NULL, task varchar(200) NOT NULL, args text NOT NULL, kwargs text NOT NULL,
    queue varchar(200), exchange varchar(200), enabled boolean NOT NULL, last_run_at timestamptz, total_run_count int NOT NULL);
COMMENT ON TABLE django_celery_beat_periodictask IS 'off: NOT enabled';
INSERT INTO django_celery_beat_periodictask (name, task, args, kwargs, enabled, total_run_count) VALUES ('bill', 'bill', '[]', '{}', true, 7);
CREATE TABLE kombu_queue (id int PRIMARY KEY, name varchar(200));
COMMENT ON TABLE kombu_queue IS 'stays';
INSERT INTO kombu_queue VALUES (1, 'celery');
CREATE TABLE kombu_message (id int PRIMARY KEY, visible boolean, "timestamp" timestamp, payload text NOT NULL, version smallint NOT NULL,
    queue_id int REFERENCES kombu_queue);
COMMENT ON TABLE kombu_message IS 'empty';
INSERT INTO kombu_message VALUES (1, true, now(), '{}', 1, 1);

CREATE SCHEMA hdb_catalog;
CREATE TABLE hdb_catalog.event_log (
    id text PRIMARY KEY, schema_name text NOT NULL, table_name text NOT NULL, trigger_name text NOT NULL, payload jsonb NOT NULL,
    delivered boolean NOT NULL DEFAULT false, error boolean NOT NULL DEFAULT false, tries int NOT NULL DEFAULT 0,
    created_at timestamp DEFAULT now(), locked timestamptz, next_retry_at timestamp, archived boolean NOT NULL DEFAULT false);
COMMENT ON TABLE hdb_catalog.event_log IS 'empty';
INSERT INTO hdb_catalog.event_log VALUES ('1', 'public', 'users', 't', '{}');
CREATE TABLE hdb_catalog.event_invocation_logs (id text, event_id text REFERENCES hdb_catalog.event_log, request json, response json);
COMMENT ON TABLE hdb_catalog.event_invocation_logs IS 'empty too';
INSERT INTO hdb_catalog.event_invocation_logs VALUES ('1', '1');
CREATE TABLE hdb_catalog.hdb_scheduled_events (
    id text PRIMARY KEY, webhook_conf json NOT NULL, scheduled_time timestamptz NOT NULL, retry_conf json, payload json,
    header_conf json, status text NOT NULL DEFAULT 'scheduled', tries int NOT NULL DEFAULT 0, next_retry_at timestamptz, comment text);
COMMENT ON TABLE hdb_catalog.hdb_scheduled_events IS 'empty';
INSERT INTO hdb_catalog.hdb_scheduled_events VALUES ('1', '"https://prod"', now());
CREATE TABLE hdb_catalog.hdb_cron_events (id text PRIMARY KEY, trigger_name text NOT NULL, scheduled_time timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'scheduled', tries int NOT NULL DEFAULT 0, created_at timestamptz, next_retry_at timestamptz);
COMMENT ON TABLE hdb_catalog.hdb_cron_events IS 'empty';
INSERT INTO hdb_catalog.hdb_cron_events VALUES ('1', 'bill', now());
CREATE TABLE hdb_catalog.hdb_action_log (id uuid, action_name text, input_payload jsonb NOT NULL, request_headers jsonb NOT NULL,
    session_variables jsonb NOT NULL, response_payload jsonb, errors jsonb, status text NOT NULL);
COMMENT ON TABLE hdb_catalog.hdb_action_log IS 'empty';
INSERT INTO hdb_catalog.hdb_action_log VALUES (NULL, 'pay', '{}', '{}', '{}', NULL, NULL, 'created');

CREATE SCHEMA pgmq;
CREATE TABLE pgmq.q_mail (msg_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, read_ct int NOT NULL DEFAULT 0,
    enqueued_at timestamptz NOT NULL DEFAULT now(), vt timestamptz NOT NULL, message jsonb, headers jsonb);
COMMENT ON TABLE pgmq.q_mail IS 'empty';
INSERT INTO pgmq.q_mail (vt) VALUES (now());
CREATE TABLE pgmq.a_mail (msg_id bigint PRIMARY KEY, read_ct int NOT NULL DEFAULT 0, enqueued_at timestamptz NOT NULL DEFAULT now(),
    archived_at timestamptz NOT NULL DEFAULT now(), vt timestamptz NOT NULL, message jsonb, headers jsonb);
COMMENT ON TABLE pgmq.a_mail IS 'empty too';
INSERT INTO pgmq.a_mail (msg_id, vt) VALUES (1, now());

CREATE SCHEMA laravel;
CREATE TABLE laravel.jobs (id bigserial PRIMARY KEY, queue varchar(255) NOT NULL, payload text NOT NULL, attempts smallint NOT NULL,
    reserved_at int, available_at int NOT NULL, created_at int NOT NULL);
COMMENT ON TABLE laravel.jobs IS 'empty';
INSERT INTO laravel.jobs VALUES (1, 'default', '{}', 0, NULL, 0, 0);
CREATE TABLE laravel.job_batches (id varchar(255) PRIMARY KEY, name varchar(255) NOT NULL, total_jobs int NOT NULL,
    pending_jobs int NOT NULL, failed_jobs int NOT NULL, failed_job_ids text NOT NULL, options text, cancelled_at int);
COMMENT ON TABLE laravel.job_batches IS 'empty too';
INSERT INTO laravel.job_batches VALUES ('1', 'b', 1, 1, 0, '[]');
CREATE TABLE laravel.failed_jobs (id bigserial PRIMARY KEY, uuid varchar(255), connection text NOT NULL, queue text NOT NULL,
    payload text NOT NULL, exception text NOT NULL, failed_at timestamp NOT NULL DEFAULT now());
COMMENT ON TABLE laravel.failed_jobs IS 'empty too';
INSERT INTO laravel.failed_jobs VALUES (1, 'u', 'c', 'q', '{}', 'x');

CREATE TABLE messenger_messages (id bigserial PRIMARY KEY, body text NOT NULL, headers text NOT NULL, queue_name varchar(190) NOT NULL,
    created_at timestamp NOT NULL, available_at timestamp NOT NULL, delivered_at timestamp);
COMMENT ON TABLE messenger_messages IS 'empty';
INSERT INTO messenger_messages VALUES (1, 'b', 'h', 'default', now(), now());

CREATE SCHEMA hangfire;
CREATE TABLE hangfire.job (id bigserial PRIMARY KEY, stateid bigint, statename text, invocationdata jsonb NOT NULL,
    arguments jsonb NOT NULL, createdat timestamptz NOT NULL, expireat timestamptz, updatecount int NOT NULL DEFAULT 0);
COMMENT ON TABLE hangfire.job IS 'empty';
INSERT INTO hangfire.job VALUES (1, 1, 'Enqueued', '{}', '[]', now());
CREATE TABLE hangfire.jobqueue (id bigserial PRIMARY KEY, jobid bigint NOT NULL, queue text NOT NULL, fetchedat timestamptz);
COMMENT ON TABLE hangfire.jobqueue IS 'empty too';
INSERT INTO hangfire.jobqueue VALUES (1, 1, 'default');
CREATE TABLE hangfire.jobparameter (id bigserial PRIMARY KEY, jobid bigint NOT NULL REFERENCES hangfire.job ON DELETE CASCADE, name text, value text);
COMMENT ON TABLE hangfire.jobparameter IS 'empty too';
INSERT INTO hangfire.jobparameter VALUES (1, 1, 'culture', 'ko');
CREATE TABLE hangfire.set (id bigserial PRIMARY KEY, key text NOT NULL, score float8 NOT NULL, value text NOT NULL, expireat timestamptz);
COMMENT ON TABLE hangfire.set IS 'empty';
INSERT INTO hangfire.set VALUES (1, 'recurring-jobs', 0, 'bill');
CREATE TABLE hangfire.hash (id bigserial PRIMARY KEY, key text NOT NULL, field text NOT NULL, value text, expireat timestamptz);
COMMENT ON TABLE hangfire.hash IS 'empty';
INSERT INTO hangfire.hash VALUES (1, 'recurring-job:bill', 'Cron', '* * * * *');

CREATE TABLE qrtz_triggers (sched_name varchar(120) NOT NULL, trigger_name varchar(200) NOT NULL, trigger_group varchar(200) NOT NULL,
    job_name varchar(200) NOT NULL, next_fire_time bigint, trigger_state varchar(16) NOT NULL, trigger_type varchar(8) NOT NULL,
    PRIMARY KEY (sched_name, trigger_name, trigger_group));
COMMENT ON TABLE qrtz_triggers IS 'off: trigger_state = ''PAUSED''';
INSERT INTO qrtz_triggers VALUES ('s', 't', 'g', 'bill', 0, 'WAITING', 'CRON');
CREATE TABLE qrtz_fired_triggers (sched_name varchar(120) NOT NULL, entry_id varchar(95) NOT NULL, trigger_name varchar(200) NOT NULL,
    instance_name varchar(200) NOT NULL, fired_time bigint NOT NULL, state varchar(16) NOT NULL, requests_recovery bool);
COMMENT ON TABLE qrtz_fired_triggers IS 'empty';
INSERT INTO qrtz_fired_triggers VALUES ('s', 'e', 't', 'i', 0, 'EXECUTING', true);

CREATE TYPE fang_task_state AS ENUM ('new', 'in_progress', 'failed', 'finished', 'retried');
CREATE TABLE fang_tasks (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), metadata jsonb NOT NULL, error_message text,
    state fang_task_state NOT NULL DEFAULT 'new', task_type varchar NOT NULL DEFAULT 'common', uniq_hash char(64), retries int);
COMMENT ON TABLE fang_tasks IS 'empty';
INSERT INTO fang_tasks (metadata) VALUES ('{}');
CREATE SCHEMA apalis;
CREATE TABLE apalis.jobs (job jsonb NOT NULL, id text NOT NULL, job_type text NOT NULL, status text NOT NULL DEFAULT 'Pending',
    attempts int NOT NULL DEFAULT 0, max_attempts int NOT NULL DEFAULT 25, run_at timestamptz NOT NULL DEFAULT now(), last_error text,
    lock_at timestamptz, lock_by text, done_at timestamptz);
COMMENT ON TABLE apalis.jobs IS 'empty';
INSERT INTO apalis.jobs (job, id, job_type) VALUES ('{}', '1', 'mail');
CREATE TABLE queue_classic_jobs (id bigserial PRIMARY KEY, q_name text NOT NULL, method text NOT NULL, args json NOT NULL, locked_at timestamptz);
COMMENT ON TABLE queue_classic_jobs IS 'empty';
INSERT INTO queue_classic_jobs (q_name, method, args) VALUES ('q', 'Mail.send', '[]');
CREATE SCHEMA net;
CREATE TABLE net.http_request_queue (id bigserial, method text NOT NULL, url text NOT NULL, headers jsonb, body bytea, timeout_milliseconds int NOT NULL);
COMMENT ON TABLE net.http_request_queue IS 'empty';
INSERT INTO net.http_request_queue VALUES (1, 'POST', 'https://prod', NULL, NULL, 1000);
CREATE TABLE net._http_response (id bigint, content text);
COMMENT ON TABLE net._http_response IS 'empty too';
INSERT INTO net._http_response VALUES (1, 'x');

CREATE SCHEMA partman;
CREATE TABLE partman.part_config (parent_table text PRIMARY KEY, control text NOT NULL, partition_interval text NOT NULL,
    partition_type text NOT NULL, premake int NOT NULL DEFAULT 4, automatic_maintenance text NOT NULL DEFAULT 'on', retention text);
COMMENT ON TABLE partman.part_config IS 'off: automatic_maintenance = ''off''';
INSERT INTO partman.part_config (parent_table, control, partition_interval, partition_type, retention) VALUES ('app.log', 'at', '1 day', 'range', '7 days');
CREATE SCHEMA pgagent;
CREATE TABLE pgagent.pga_job (jobid serial PRIMARY KEY, jobjclid int NOT NULL, jobname text NOT NULL, jobdesc text NOT NULL DEFAULT '',
    jobhostagent text NOT NULL DEFAULT '', jobenabled bool NOT NULL DEFAULT true, jobagentid int, jobnextrun timestamptz, joblastrun timestamptz);
COMMENT ON TABLE pgagent.pga_job IS 'off: NOT jobenabled AND jobnextrun IS NULL';
INSERT INTO pgagent.pga_job (jobjclid, jobname, jobnextrun) VALUES (1, 'bill', now());
CREATE SCHEMA pglogical;
CREATE TABLE pglogical.node_interface (if_id oid PRIMARY KEY, if_name name NOT NULL, if_nodeid oid, if_dsn text NOT NULL);
COMMENT ON TABLE pglogical.node_interface IS 'off: if_dsn LIKE ''host=/devdb%''';
INSERT INTO pglogical.node_interface VALUES (1, 'prod', 1, 'host=prod password=secret');
CREATE TABLE pglogical.subscription (sub_id oid PRIMARY KEY, sub_name name NOT NULL, sub_origin_if oid NOT NULL REFERENCES pglogical.node_interface,
    sub_enabled boolean NOT NULL DEFAULT true, sub_slot_name name NOT NULL, sub_replication_sets text[]);
COMMENT ON TABLE pglogical.subscription IS 'off: NOT sub_enabled';
INSERT INTO pglogical.subscription VALUES (1, 's', 1, true, 's');

CREATE TABLE nc_hooks_v2 (id varchar(20) PRIMARY KEY, fk_model_id varchar(20), title varchar(255), type varchar(255), event varchar(255),
    operation varchar(255), url text, headers text, notification text, active boolean DEFAULT true);
COMMENT ON TABLE nc_hooks_v2 IS 'off: NOT active';
INSERT INTO nc_hooks_v2 (id) VALUES ('hk1');
CREATE TABLE nc_sources_v2 (id varchar(20) PRIMARY KEY, base_id varchar(20), alias varchar(255), config text, meta text, is_meta boolean,
    type varchar(255), enabled boolean DEFAULT true, fk_integration_id varchar(20));
COMMENT ON TABLE nc_sources_v2 IS 'off: config IS NULL OR is_meta';
INSERT INTO nc_sources_v2 (id, config, is_meta) VALUES ('a', '{"host":"prod"}', false), ('b', '{}', true);
CREATE TABLE nc_integrations_v2 (id varchar(20) PRIMARY KEY, title varchar(128), config text, meta text, type varchar(20), sub_type varchar(20));
COMMENT ON TABLE nc_integrations_v2 IS 'off: config IS NULL';
INSERT INTO nc_integrations_v2 (id, config) VALUES ('a', '{"host":"prod"}');
CREATE TABLE nc_api_tokens (id serial PRIMARY KEY, token text, fk_user_id varchar(20));
COMMENT ON TABLE nc_api_tokens IS 'empty';
INSERT INTO nc_api_tokens (token) VALUES ('secret');
CREATE TABLE nc_hook_logs_v2 (id varchar(20) PRIMARY KEY, payload text);
COMMENT ON TABLE nc_hook_logs_v2 IS 'empty too';
INSERT INTO nc_hook_logs_v2 VALUES ('a', '{}');
CREATE TABLE nc_users_v2 (id varchar(20) PRIMARY KEY, email text);
COMMENT ON TABLE nc_users_v2 IS 'stays';
INSERT INTO nc_users_v2 VALUES ('a', 'kim@real.kr');

CREATE TABLE "NotificationOutbox" (id int PRIMARY KEY, recipient text, sent_at timestamptz);
COMMENT ON TABLE "NotificationOutbox" IS 'empty';
INSERT INTO "NotificationOutbox" VALUES (1, 'kim@real.kr');
CREATE TABLE webhook_deliveries (id int, "eventData" json, "retryCount" int, "nextAttemptAt" timestamptz, "deliveredAt" timestamptz);
COMMENT ON TABLE webhook_deliveries IS 'empty';
INSERT INTO webhook_deliveries VALUES (1, '{}', 0, now());
CREATE TABLE users (id int, email text, attempts int, payload text);
COMMENT ON TABLE users IS 'stays';
INSERT INTO users VALUES (1);
