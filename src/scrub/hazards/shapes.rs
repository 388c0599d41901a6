//! The shapes of tables that something acts on: queues, outboxes, schedules, tokens. A table is known
//! by its columns, because teams rename tables and put them into any schema; its name decides only
//! where the columns are too ordinary. Columns as in the projects' own migrations.

use super::tables::Table;

/// What a table's name must be like.
#[derive(Clone, Copy)]
pub(super) enum Name {
    /// Anything.
    Any,
    /// One of these, whatever the case.
    OneOf(&'static [&'static str]),
    /// Begins so.
    Begins(&'static str),
    /// Contains this, whatever the case.
    Contains(&'static str),
}

/// What makes such a table harmless.
#[derive(Clone, Copy)]
pub(super) enum Treatment {
    /// All rows are removed: finished ones hold the same personal data.
    Empty,
    /// The rows stay, switched off by this assignment: definitions that developers may want.
    Set(&'static str),
}

/// One kind of table.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// The hazard's name; several shapes may share one.
    pub(super) hazard: &'static str,
    /// For the documentation.
    pub(super) about: &'static str,
    /// See [`Name`].
    pub(super) name: Name,
    /// Columns that it must have.
    pub(super) columns: &'static [&'static str],
    /// Condition of the rows that something would act on, over `columns`.
    pub(super) waiting: &'static str,
    /// See [`Treatment`].
    pub(super) treatment: Treatment,
    /// Tables of the same schema that are emptied with it: exact names, or endings that begin with `*`.
    pub(super) companions: &'static [&'static str],
}

impl Shape {
    /// Whether a table is of this shape.
    pub(super) fn fits(&self, table: &Table) -> bool {
        let name = table.name.to_lowercase();
        let named = match self.name {
            Name::Any => true,
            Name::OneOf(names) => names.contains(&name.as_str()),
            Name::Begins(start) => name.starts_with(start),
            Name::Contains(part) => name.contains(part),
        };
        named && self.columns.iter().all(|column| table.columns.iter().any(|there| there == column))
    }
}

const fn empty(hazard: &'static str, columns: &'static [&'static str], waiting: &'static str) -> Shape {
    Shape { hazard, about: QUEUE, name: Name::Any, columns, waiting, treatment: Treatment::Empty, companions: &[] }
}

const fn set(
    hazard: &'static str,
    about: &'static str,
    columns: &'static [&'static str],
    waiting: &'static str,
    off: &'static str,
) -> Shape {
    Shape { hazard, about, name: Name::Any, columns, waiting, treatment: Treatment::Set(off), companions: &[] }
}

impl Shape {
    const fn named(mut self, name: Name) -> Shape {
        self.name = name;
        self
    }

    const fn with(mut self, companions: &'static [&'static str]) -> Shape {
        self.companions = companions;
        self
    }

    const fn about(mut self, about: &'static str) -> Shape {
        self.about = about;
        self
    }
}

const QUEUE: &str = "a worker that attaches would send production's mails and charges; the queue is emptied";
const SCHEDULE: &str = "schedules run by themselves; they stay, switched off";
const NOCODB: &str =
    "NocoDB's tokens, logs and stored connections are removed, its webhooks switched off: they would call production";
const PGLOGICAL: &str =
    "a pglogical subscription would take over production's slot; it is disabled and its nodes' addresses are replaced";

/// All shapes. A table that fits none of them may still fit [`OUTBOX`] or look like a queue.
pub(super) const SHAPES: &[Shape] = &[
    empty(
        "graphile-worker",
        &["task_id", "payload", "run_at", "attempts", "max_attempts", "locked_at", "locked_by", "key"],
        "attempts < max_attempts",
    ),
    empty(
        "graphile-worker",
        &["queue_name", "task_identifier", "payload", "run_at", "attempts", "max_attempts", "locked_by"],
        "attempts < max_attempts",
    ),
    empty(
        "pg-boss",
        &["name", "priority", "data", "state", "retry_limit", "start_after", "singleton_key"],
        "state::text IN ('created', 'retry', 'active')",
    ),
    empty(
        "pg-boss",
        &["name", "priority", "data", "state", "retrylimit", "startafter", "singletonkey"],
        "state::text IN ('created', 'retry', 'active')",
    ),
    empty("pg-boss", &["name", "cron", "timezone", "data", "options"], "true"),
    empty(
        "river",
        &["kind", "args", "state", "attempt", "max_attempts", "finalized_at", "attempted_by"],
        "finalized_at IS NULL",
    ),
    empty(
        "que",
        &["job_class", "run_at", "error_count", "queue", "args", "finished_at", "expired_at"],
        "finished_at IS NULL AND expired_at IS NULL",
    ),
    empty("que", &["job_class", "run_at", "error_count", "last_error", "queue", "args", "job_id"], "true"),
    empty(
        "good-job",
        &["serialized_params", "queue_name", "scheduled_at", "performed_at", "finished_at"],
        "finished_at IS NULL",
    )
    .with(&["good_job_executions", "good_job_batches"]),
    empty(
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
    empty("solid-queue", &["key", "schedule", "command", "class_name", "arguments", "queue_name", "static"], "true"),
    empty(
        "oban",
        &["state", "queue", "worker", "args", "errors", "attempt", "max_attempts", "scheduled_at", "attempted_by"],
        "state::text NOT IN ('completed', 'discarded', 'cancelled')",
    ),
    empty(
        "delayed-job",
        &["handler", "run_at", "locked_at", "locked_by", "failed_at", "attempts", "queue"],
        "failed_at IS NULL",
    ),
    empty(
        "procrastinate",
        &["task_name", "queueing_lock", "lock", "args", "status", "attempts", "scheduled_at"],
        "status::text IN ('todo', 'doing')",
    )
    .with(&["procrastinate_periodic_defers", "procrastinate_events"]),
    empty("django-q", &["key", "payload", "lock"], "true").named(Name::OneOf(&["django_q_ormq"])),
    // django-q leaves out schedules that have no repetition left.
    set(
        "django-q",
        QUEUE,
        &["func", "hook", "args", "kwargs", "schedule_type", "repeats", "next_run"],
        "repeats <> 0",
        "repeats = 0",
    ),
    set(
        "celery-beat",
        SCHEDULE,
        &["name", "task", "args", "kwargs", "queue", "enabled", "last_run_at", "total_run_count"],
        "enabled",
        "enabled = false",
    ),
    empty("kombu", &["visible", "timestamp", "payload", "version", "queue_id"], "visible"),
    empty(
        "hasura-events",
        &["schema_name", "table_name", "trigger_name", "payload", "delivered", "error", "tries", "next_retry_at"],
        "NOT delivered AND NOT error",
    )
    .with(&["event_invocation_logs"]),
    empty(
        "hasura-events",
        &["webhook_conf", "scheduled_time", "retry_conf", "payload", "status", "tries"],
        "status IN ('scheduled', 'locked')",
    )
    .with(&["hdb_scheduled_event_invocation_logs"]),
    empty(
        "hasura-events",
        &["trigger_name", "scheduled_time", "status", "tries", "next_retry_at"],
        "status IN ('scheduled', 'locked')",
    )
    .named(Name::OneOf(&["hdb_cron_events"]))
    .with(&["hdb_cron_event_invocation_logs"]),
    empty(
        "hasura-events",
        &["action_name", "input_payload", "request_headers", "session_variables", "status"],
        "status IN ('created', 'processing')",
    ),
    empty("pgmq", &["msg_id", "read_ct", "enqueued_at", "archived_at", "vt", "message"], "false"),
    empty("pgmq", &["msg_id", "read_ct", "enqueued_at", "vt", "message"], "true"),
    empty("laravel-queue", &["queue", "payload", "attempts", "reserved_at", "available_at", "created_at"], "true"),
    empty("laravel-queue", &["total_jobs", "pending_jobs", "failed_jobs", "failed_job_ids", "options"], "false"),
    empty("laravel-queue", &["connection", "queue", "payload", "exception", "failed_at"], "false"),
    empty(
        "symfony-messenger",
        &["body", "headers", "queue_name", "created_at", "available_at", "delivered_at"],
        "true",
    ),
    empty(
        "hangfire",
        &["stateid", "statename", "invocationdata", "arguments", "createdat", "expireat"],
        "statename IS NULL OR statename IN ('Enqueued', 'Scheduled', 'Processing', 'Awaiting')",
    )
    .with(&["jobqueue", "jobparameter", "state", "list"]),
    empty("hangfire", &["key", "score", "value", "expireat"], "key IN ('recurring-jobs', 'schedule')")
        .named(Name::OneOf(&["set"])),
    empty("hangfire", &["key", "field", "value", "expireat"], "key LIKE 'recurring-job:%'")
        .named(Name::OneOf(&["hash"])),
    // Quartz goes on with a trigger that it had acquired, but leaves a paused one alone.
    set(
        "quartz",
        SCHEDULE,
        &["sched_name", "trigger_name", "trigger_group", "next_fire_time", "trigger_state", "trigger_type"],
        "trigger_state NOT IN ('PAUSED', 'PAUSED_BLOCKED', 'COMPLETE', 'ERROR', 'DELETED')",
        "trigger_state = 'PAUSED'",
    ),
    // Started again after a "crash" when they asked for recovery.
    empty(
        "quartz",
        &["sched_name", "entry_id", "trigger_name", "instance_name", "fired_time", "requests_recovery"],
        "true",
    )
    .about(SCHEDULE),
    empty(
        "fang",
        &["metadata", "error_message", "state", "task_type", "uniq_hash"],
        "state::text IN ('new', 'in_progress', 'retried')",
    ),
    empty(
        "apalis",
        &["job", "job_type", "status", "attempts", "max_attempts", "run_at", "lock_by", "done_at"],
        "done_at IS NULL",
    ),
    empty("queue-classic", &["q_name", "method", "args", "locked_at"], "true"),
    empty("pg-net", &["method", "url", "headers", "body", "timeout_milliseconds"], "true")
        .named(Name::OneOf(&["http_request_queue"]))
        .with(&["_http_response"])
        .about("requests that pg_net would send; the queue is emptied, answers with it"),
    set(
        "pg-cron",
        SCHEDULE,
        &["jobid", "schedule", "command", "nodename", "database", "username", "active"],
        "active",
        "active = false",
    ),
    set(
        "pg-partman",
        "pg_partman would drop partitions by production's retention while developers work; its automatic maintenance \
         is switched off",
        &["parent_table", "control", "partition_interval", "retention", "automatic_maintenance"],
        "automatic_maintenance = 'on'",
        "automatic_maintenance = 'off'",
    ),
    set(
        "pgagent",
        SCHEDULE,
        &["jobname", "jobenabled", "jobnextrun", "jobagentid"],
        "jobenabled",
        "jobenabled = false, jobnextrun = NULL",
    ),
    set(
        "pglogical",
        PGLOGICAL,
        &["sub_name", "sub_enabled", "sub_slot_name", "sub_origin_if"],
        "sub_enabled",
        "sub_enabled = false",
    ),
    set(
        "pglogical",
        PGLOGICAL,
        &["if_name", "if_nodeid", "if_dsn"],
        "if_dsn <> 'host=/devdb/nowhere'",
        "if_dsn = 'host=/devdb/nowhere'",
    ),
    set("nocodb", NOCODB, &["active", "event", "operation", "fk_model_id"], "active", "active = false")
        .named(Name::OneOf(&["nc_hooks_v2"])),
    set(
        "nocodb",
        NOCODB,
        &["config", "is_meta", "type"],
        "config IS NOT NULL AND is_meta IS NOT TRUE",
        "config = NULL",
    )
    .named(Name::OneOf(&["nc_sources_v2", "nc_bases_v2"])),
    set("nocodb", NOCODB, &["config"], "config IS NOT NULL", "config = NULL").named(Name::Begins("nc_integration")),
    empty("nocodb", &[], "true").about(NOCODB).named(Name::OneOf(&[
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
    // Their payloads are copies of rows; nothing acts on them.
    empty("nocodb", &[], "false").about(NOCODB).named(Name::OneOf(&["nc_hook_logs_v2", "nc_jobs"])),
];

/// An outbox of the team's own making, by its name.
pub(super) const OUTBOX: Shape = Shape {
    hazard: "outbox",
    about: "rows of a table named outbox are sent by whoever polls it; it is emptied",
    name: Name::Contains("outbox"),
    columns: &[],
    waiting: "true",
    treatment: Treatment::Empty,
    companions: &[],
};

/// A queue of the team's own making, by columns of three kinds; see [`looks_like_a_queue`].
pub(super) const HOME_MADE: Shape = Shape {
    hazard: "queue-like-tables",
    about: "a table with a payload, a number of attempts and a time when it is due is a queue whatever its name; it is emptied",
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

/// Whether a table has a column of each kind; `sendAfter`, `send_after` and `SendAfter` are alike.
pub(super) fn looks_like_a_queue(table: &Table) -> bool {
    [PAYLOADS, ATTEMPTS, DUE].iter().all(|kind| column_of(table, kind).is_some())
}

/// The column that says a row is dealt with, where there is one.
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
