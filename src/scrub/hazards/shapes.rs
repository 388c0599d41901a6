//! Known shapes of tables that something acts on: queues, outboxes, schedules, tokens. A table is recognized by its columns,
//! because teams rename tables and put them into any schema; its name decides only where the columns are too ordinary.
//! Columns as in the projects' own migrations.

use super::shape::{Name, Shape, Table, Treatment, disable, empty};

const fn queue(hazard: &'static str, columns: &'static [&'static str], waiting: &'static str) -> Shape {
    empty(hazard, QUEUE, columns, waiting)
}

const QUEUE: &str = "a worker that connects would send production's mails and charges; the queue is emptied";
const PG_NET: &str = "requests that pg_net would send; the queue is emptied, and the stored responses with it";
const SCHEDULE: &str = "schedules run by themselves; they stay, but are disabled";
const NOCODB: &str =
    "NocoDB's tokens, logs and stored connections are removed and its webhooks disabled: they would call production";
const PGLOGICAL: &str =
    "a pglogical subscription would take over production's slot; it is disabled and its nodes' addresses are replaced";

/// All shapes. A table that fits none of them may still fit [`OUTBOX`] or look like a queue.
pub(super) const SHAPES: &[Shape] = &[
    queue(
        "graphile-worker",
        &["task_id", "payload", "run_at", "attempts", "max_attempts", "locked_at", "locked_by", "key"],
        "attempts < max_attempts",
    ),
    queue(
        "graphile-worker",
        &["queue_name", "task_identifier", "payload", "run_at", "attempts", "max_attempts", "locked_by"],
        "attempts < max_attempts",
    ),
    queue(
        "pg-boss",
        &["name", "priority", "data", "state", "retry_limit", "start_after", "singleton_key"],
        "state::text IN ('created', 'retry', 'active')",
    ),
    queue(
        "pg-boss",
        &["name", "priority", "data", "state", "retrylimit", "startafter", "singletonkey"],
        "state::text IN ('created', 'retry', 'active')",
    ),
    queue("pg-boss", &["name", "cron", "timezone", "data", "options"], "true"),
    queue(
        "river",
        &["kind", "args", "state", "attempt", "max_attempts", "finalized_at", "attempted_by"],
        "finalized_at IS NULL",
    ),
    queue(
        "que",
        &["job_class", "run_at", "error_count", "queue", "args", "finished_at", "expired_at"],
        "finished_at IS NULL AND expired_at IS NULL",
    ),
    queue("que", &["job_class", "run_at", "error_count", "last_error", "queue", "args", "job_id"], "true"),
    queue(
        "good-job",
        &["serialized_params", "queue_name", "scheduled_at", "performed_at", "finished_at"],
        "finished_at IS NULL",
    )
    .with(&["good_job_executions", "good_job_batches"]),
    queue(
        "solid-queue",
        &["queue_name", "class_name", "arguments", "active_job_id", "finished_at", "concurrency_key"],
        "finished_at IS NULL",
    )
    .with(&[
        "*_ready_executions",
        "*_scheduled_executions",
        "*_claimed_executions",
        "*_blocked_executions",
        "*_failed_executions",
        "*_recurring_executions",
    ]),
    queue("solid-queue", &["key", "schedule", "command", "class_name", "arguments", "queue_name", "static"], "true"),
    queue(
        "oban",
        &["state", "queue", "worker", "args", "errors", "attempt", "max_attempts", "scheduled_at", "attempted_by"],
        "state::text NOT IN ('completed', 'discarded', 'cancelled')",
    ),
    queue(
        "delayed-job",
        &["handler", "run_at", "locked_at", "locked_by", "failed_at", "attempts", "queue"],
        "failed_at IS NULL",
    ),
    queue(
        "procrastinate",
        &["task_name", "queueing_lock", "lock", "args", "status", "attempts", "scheduled_at"],
        "status::text IN ('todo', 'doing')",
    )
    .with(&["procrastinate_periodic_defers", "procrastinate_events"]),
    queue("django-q", &["key", "payload", "lock"], "true").named(Name::OneOf(&["django_q_ormq"])),
    // django-q skips schedules without remaining repetitions.
    disable(
        "django-q",
        QUEUE,
        &["func", "hook", "args", "kwargs", "schedule_type", "repeats", "next_run"],
        "repeats <> 0",
        "repeats = 0",
    ),
    disable(
        "celery-beat",
        SCHEDULE,
        &["name", "task", "args", "kwargs", "queue", "enabled", "last_run_at", "total_run_count"],
        "enabled",
        "enabled = false",
    ),
    queue("kombu", &["visible", "timestamp", "payload", "version", "queue_id"], "visible"),
    queue(
        "hasura-events",
        &["schema_name", "table_name", "trigger_name", "payload", "delivered", "error", "tries", "next_retry_at"],
        "NOT delivered AND NOT error",
    )
    .with(&["event_invocation_logs"]),
    queue(
        "hasura-events",
        &["webhook_conf", "scheduled_time", "retry_conf", "payload", "status", "tries"],
        "status IN ('scheduled', 'locked')",
    )
    .with(&["hdb_scheduled_event_invocation_logs"]),
    queue(
        "hasura-events",
        &["trigger_name", "scheduled_time", "status", "tries", "next_retry_at"],
        "status IN ('scheduled', 'locked')",
    )
    .named(Name::OneOf(&["hdb_cron_events"]))
    .with(&["hdb_cron_event_invocation_logs"]),
    queue(
        "hasura-events",
        &["action_name", "input_payload", "request_headers", "session_variables", "status"],
        "status IN ('created', 'processing')",
    ),
    queue("pgmq", &["msg_id", "read_ct", "enqueued_at", "archived_at", "vt", "message"], "false"),
    queue("pgmq", &["msg_id", "read_ct", "enqueued_at", "vt", "message"], "true"),
    queue("laravel-queue", &["queue", "payload", "attempts", "reserved_at", "available_at", "created_at"], "true"),
    queue("laravel-queue", &["total_jobs", "pending_jobs", "failed_jobs", "failed_job_ids", "options"], "false"),
    queue("laravel-queue", &["connection", "queue", "payload", "exception", "failed_at"], "false"),
    queue(
        "symfony-messenger",
        &["body", "headers", "queue_name", "created_at", "available_at", "delivered_at"],
        "true",
    ),
    queue(
        "hangfire",
        &["stateid", "statename", "invocationdata", "arguments", "createdat", "expireat"],
        "statename IS NULL OR statename IN ('Enqueued', 'Scheduled', 'Processing', 'Awaiting')",
    )
    .with(&["jobqueue", "jobparameter", "state", "list"]),
    queue("hangfire", &["key", "score", "value", "expireat"], "key IN ('recurring-jobs', 'schedule')")
        .named(Name::OneOf(&["set"])),
    queue("hangfire", &["key", "field", "value", "expireat"], "key LIKE 'recurring-job:%'")
        .named(Name::OneOf(&["hash"])),
    // Quartz resumes a trigger that it had acquired, but skips a paused one.
    disable(
        "quartz",
        SCHEDULE,
        &["sched_name", "trigger_name", "trigger_group", "next_fire_time", "trigger_state", "trigger_type"],
        "trigger_state NOT IN ('PAUSED', 'PAUSED_BLOCKED', 'COMPLETE', 'ERROR', 'DELETED')",
        "trigger_state = 'PAUSED'",
    ),
    // Jobs that request recovery are started again after a "crash".
    empty(
        "quartz",
        SCHEDULE,
        &["sched_name", "entry_id", "trigger_name", "instance_name", "fired_time", "requests_recovery"],
        "true",
    ),
    queue(
        "fang",
        &["metadata", "error_message", "state", "task_type", "uniq_hash"],
        "state::text IN ('new', 'in_progress', 'retried')",
    ),
    queue(
        "apalis",
        &["job", "job_type", "status", "attempts", "max_attempts", "run_at", "lock_by", "done_at"],
        "done_at IS NULL",
    ),
    queue("queue-classic", &["q_name", "method", "args", "locked_at"], "true"),
    empty("pg-net", PG_NET, &["method", "url", "headers", "body", "timeout_milliseconds"], "true")
        .named(Name::OneOf(&["http_request_queue"]))
        .with(&["_http_response"]),
    disable(
        "pg-cron",
        SCHEDULE,
        &["jobid", "schedule", "command", "nodename", "database", "username", "active"],
        "active",
        "active = false",
    ),
    disable(
        "pg-partman",
        "pg_partman would drop partitions by production's retention while developers work; its automatic maintenance \
         is disabled",
        &["parent_table", "control", "partition_interval", "retention", "automatic_maintenance"],
        "automatic_maintenance = 'on'",
        "automatic_maintenance = 'off'",
    ),
    disable(
        "pgagent",
        SCHEDULE,
        &["jobname", "jobenabled", "jobnextrun", "jobagentid"],
        "jobenabled",
        "jobenabled = false, jobnextrun = NULL",
    ),
    disable(
        "pglogical",
        PGLOGICAL,
        &["sub_name", "sub_enabled", "sub_slot_name", "sub_origin_if"],
        "sub_enabled",
        "sub_enabled = false",
    ),
    disable(
        "pglogical",
        PGLOGICAL,
        &["if_name", "if_nodeid", "if_dsn"],
        "if_dsn <> 'host=/devdb/nowhere'",
        "if_dsn = 'host=/devdb/nowhere'",
    ),
    disable("nocodb", NOCODB, &["active", "event", "operation", "fk_model_id"], "active", "active = false")
        .named(Name::OneOf(&["nc_hooks_v2"])),
    disable(
        "nocodb",
        NOCODB,
        &["config", "is_meta", "type"],
        "config IS NOT NULL AND is_meta IS NOT TRUE",
        "config = NULL",
    )
    .named(Name::OneOf(&["nc_sources_v2", "nc_bases_v2"])),
    disable("nocodb", NOCODB, &["config"], "config IS NOT NULL", "config = NULL").named(Name::Begins("nc_integration")),
    empty("nocodb", NOCODB, &[], "true").named(Name::OneOf(&[
        "nc_api_tokens",
        "nc_mcp_tokens",
        "nc_oauth_clients",
        "nc_oauth_authorization_codes",
        "nc_oauth_tokens",
        "nc_user_refresh_tokens",
        "nc_sso_client",
        "nc_scim_config",
        "nc_sync_configs",
    ])),
    // Nothing acts on these; their payloads are copies of rows.
    empty("nocodb", NOCODB, &[], "false").named(Name::OneOf(&["nc_hook_logs_v2", "nc_jobs"])),
];

/// A custom outbox, recognized by its name.
pub(super) const OUTBOX: Shape = Shape {
    hazard: "outbox",
    about: "rows of a table named outbox are sent by whatever polls it; it is emptied",
    name: Name::Contains("outbox"),
    columns: &[],
    waiting: "true",
    treatment: Treatment::Empty,
    companions: &[],
};

/// A custom queue, recognized by columns of three kinds; see [`is_queue_like`].
pub(super) const QUEUE_LIKE: Shape = Shape {
    hazard: "queue-like-tables",
    about: "a table with a payload, a number of attempts and a due time is a queue whatever its name; it is emptied",
    name: Name::Any,
    columns: &[],
    waiting: "true",
    treatment: Treatment::Empty,
    companions: &[],
};

const PAYLOADS: &[&str] =
    &["payload", "args", "arguments", "kwargs", "body", "message", "jobdata", "eventdata", "handler"];
const ATTEMPTS: &[&str] =
    &["attempts", "attempt", "attemptcount", "numattempts", "retries", "retrycount", "tries", "trycount", "errorcount"];
const DUE: &[&str] = &[
    "runat",
    "runafter",
    "scheduledat",
    "scheduledfor",
    "availableat",
    "nextrunat",
    "nextattemptat",
    "nextretryat",
    "retryat",
    "sendat",
    "sendafter",
    "deliverat",
    "deliverafter",
    "processat",
    "executeat",
    "visibleat",
    "dueat",
];
const DONE: &[&str] = &[
    "sentat",
    "processedat",
    "publishedat",
    "deliveredat",
    "dispatchedat",
    "completedat",
    "finishedat",
    "doneat",
    "processedonutc",
    "processeddate",
];

/// Whether a table has a payload, a number of attempts and a due time. `sendAfter`, `send_after` and `SendAfter` are equal.
pub(super) fn is_queue_like(table: &Table) -> bool {
    [PAYLOADS, ATTEMPTS, DUE].iter().all(|kind| column_of(table, kind).is_some())
}

/// Returns the column that holds when a row was processed.
pub(super) fn done_column(table: &Table) -> Option<&str> {
    column_of(table, DONE)
}

fn column_of<'a>(table: &'a Table, kind: &[&str]) -> Option<&'a str> {
    table
        .columns
        .iter()
        .find(|column| kind.contains(&column.replace('_', "").to_lowercase().as_str()))
        .map(String::as_str)
}
