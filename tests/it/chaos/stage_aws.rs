use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use devdb::pg::Trust;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::company::{self, PROTECTED};
use super::invariants::Findings;
use super::stage::{Generation, World, stored};
use crate::support::account::Account;
use crate::support::databases::CONFIGURED;
use crate::support::simulator::{action, server};

/// Rows of all tables and materialized views of a database.
const ROWS: &str = "SELECT md5(string_agg(query_to_xml(format('SELECT * FROM %s ORDER BY 1', c.oid::regclass), true, \
    false, '')::text, ',' ORDER BY c.oid::regclass::text)) FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')";

/// Logins, settings and databases of a server.
const SERVER: &str = "SELECT concat_ws('/', \
    (SELECT md5(string_agg(a::text, ',' ORDER BY rolname)) FROM pg_catalog.pg_authid a), \
    (SELECT md5(string_agg(m::text, ',' ORDER BY m::text)) FROM pg_catalog.pg_auth_members m), \
    (SELECT md5(string_agg(s::text, ',' ORDER BY s::text)) FROM pg_catalog.pg_db_role_setting s), \
    (SELECT md5(string_agg(name || '=' || coalesce(setting, ''), ',' ORDER BY name)) FROM pg_catalog.pg_settings), \
    (SELECT string_agg(datname || coalesce(datacl::text, ''), ',' ORDER BY datname) FROM pg_catalog.pg_database))";

pub struct Aws {
    account: Account,
    folder: PathBuf,
}

impl Aws {
    pub fn new() -> Aws {
        let account = Account::new().production();
        let folder = account.path("");
        let config = std::fs::read_to_string(account.path("devdb.yaml")).unwrap();
        std::fs::write(account.path("devdb.yaml"), company::configuration(&config, &stored(&folder))).unwrap();
        let tags = json!({ "devdb:managed-by": "devdb", "devdb:target": "app-dev", "devdb:phase": "retired" });
        account.bench("instance", json!({ "id": PROTECTED, "tags": tags, "protected": true }));
        Aws { account, folder }
    }

    fn sql(&self, instance: &str, database: &str, sql: &str) -> String {
        let rows = self.account.bench("sql", json!({ "db": instance, "database": database, "sql": sql }));
        rows["rows"][0][0].as_str().unwrap_or_default().to_owned()
    }
}

fn names(call: &Value, instance: &str) -> bool {
    let named = |key: &str| call["params"][key].as_str().unwrap_or_default();
    named("DBInstanceIdentifier") == instance || named("ResourceName").ends_with(&format!(":db:{instance}"))
}

impl World for Aws {
    fn command(&self, arguments: &[&str]) -> Command {
        self.account.command(arguments)
    }

    fn generations(&self) -> Vec<Generation> {
        let state = self.account.state();
        let mut found: Vec<Generation> = state["instances"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, each)| name.starts_with("app-dev-") && *name != PROTECTED && each["status"] != "deleting")
            .map(|(name, each)| Generation {
                name: name.clone(),
                id: each["resource_id"].as_str().unwrap_or_default().to_owned(),
                phase: each["tags"]["devdb:phase"].as_str().unwrap_or_default().to_owned(),
                is_open: each["security_groups"].as_array().unwrap().contains(&json!("sg-2222bbbb")),
                address: each["address"].as_str().and_then(|address| {
                    Some((format!("{address}:5432").parse().ok()?, each["endpoint"].as_str().map(str::to_owned)))
                }),
            })
            .collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    fn live(&self) -> Option<String> {
        self.account.live()
    }

    fn production(&self) -> String {
        let state = self.account.state();
        let mut parts = vec![state["instances"]["app-prod"].to_string(), state["snapshots"].to_string()];
        parts.push(self.sql("app-prod", "app", SERVER));
        parts.extend(CONFIGURED.iter().map(|database| self.sql("app-prod", database, ROWS)));
        parts.join("\n")
    }

    fn trust(&self) -> Trust {
        Trust::load(Some(&server().ca)).unwrap()
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn hold_call(&self, number: usize, after: bool) {
        let kind =
            if after { json!({ "kind": "reset", "after": true }) } else { json!({ "kind": "delay", "delay": 0.5 }) };
        let mut rule = kind;
        rule["skip"] = json!(number);
        rule["times"] = json!(1);
        self.account.fault(rule);
    }

    fn is_holding(&self) -> bool {
        self.account.faults_fired() > 0
    }

    fn release(&self) {
        self.account.faults(json!([]));
        let began = Instant::now();
        // A call that was sent is carried out, whatever became of its sender.
        while self.account.journal().iter().any(|call| call["status"].is_null()) {
            assert!(began.elapsed() < Duration::from_secs(30), "a call is not answered");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn signal_server(&self, _signal: Signal) -> bool {
        false
    }

    fn calls(&self) -> usize {
        self.account.journal().len()
    }

    fn check(&self, before: &str, findings: &mut Findings) {
        let writes = self.account.writes();
        let touched = |instance: &str| writes.iter().find(|call| names(call, instance)).map(ToString::to_string);
        for untouchable in ["app-prod", PROTECTED] {
            let call = touched(untouchable);
            findings.must("1 and 3 no write", call.is_none(), || call.unwrap_or_default());
        }
        let outside = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.account.writes_stay_inside()));
        findings.must("1 writes", outside.is_ok(), || "a write named something else".to_owned());
        let unprotects =
            |call: &&Value| action(call) == "ModifyDBInstance" && !call["params"]["DeletionProtection"].is_null();
        let call = writes.iter().find(unprotects);
        findings.must("3 deletion protection", call.is_none(), || format!("{call:?}"));
        // Rule 4: what was live is deleted only after the record was moved.
        let at = |wanted: &dyn Fn(&Value) -> bool| writes.iter().position(wanted);
        let deleted = at(&|call| action(call) == "DeleteDBInstance" && names(call, before) && call["status"] == 200);
        let moved = at(&|call| action(call) == "ChangeResourceRecordSets" && call["status"] == 200);
        let order = deleted.is_none_or(|deleted| moved.is_some_and(|moved| moved < deleted));
        findings.must("4 the live generation", order, || format!("{before} was deleted before the record moved"));
        for generation in writes.iter().filter(|call| action(call).starts_with("RestoreDB")) {
            let name = generation["params"]["DBInstanceIdentifier"].as_str().unwrap_or_default();
            let opened = at(&|call| names(call, name) && call["params"].to_string().contains("sg-2222bbbb"));
            let scrubbed = at(&|call| names(call, name) && call["params"].to_string().contains(r#""scrubbed""#));
            let order = opened.is_none_or(|opened| scrubbed.is_some_and(|scrubbed| scrubbed < opened));
            findings.must("8 opened", order, || format!("{name} was opened before it was scrubbed"));
        }
    }

    fn left_over(&self, generations: &[String]) -> Vec<String> {
        let known = |name: &str| generations.iter().any(|one| one == name) || ["app-prod", PROTECTED].contains(&name);
        let others = || -> Vec<String> {
            let state = self.account.state();
            state["instances"].as_object().unwrap().keys().filter(|name| !known(name)).cloned().collect()
        };
        let began = Instant::now();
        while !others().is_empty() && began.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(50));
        }
        let temporary = std::fs::read_dir(self.folder.join("tmp")).into_iter().flatten().flatten();
        others().into_iter().chain(temporary.map(|entry| entry.path().display().to_string())).collect()
    }

    fn forget(&self) {
        self.account.forget_journal();
    }
}
