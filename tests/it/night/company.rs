use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use devdb::pg::tunnel::Dial;
use devdb::pg::{Credentials, Session, Trust, connect};
use serde_json::{Value, json};

use super::only_the_role;
use crate::support::account::Account;
use crate::support::engine::{Registry, base};
use crate::support::scene::{Done, done};
use crate::support::server::{MASTER, MASTER_PASSWORD};
use crate::support::session_manager::{NODE, ROLE};
use crate::support::simulator::server;

pub const REGION: &str = "ap-northeast-2";
/// The name of the example.
const RECORD: &str = "db.dev.example.com";

/// Secrets of the environment of a night.
pub struct Passwords {
    pub app: &'static str,
    pub developer: &'static str,
    sample: &'static str,
}

pub const PASSWORDS: Passwords =
    Passwords { app: "tonight-app", developer: "tonight-developer", sample: "prod-sample-password" };

/// Logins of production that are not listed, with their passwords there.
pub const CLOSED: [(&str, &str); 4] = [
    ("kim.minsu", "prod-minsu-password"),
    ("lee.jiwon", "prod-jiwon-password"),
    ("billing_worker", "prod-worker-password"),
    ("app_service", "prod-service-password"),
];

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../fixtures/night/", $name))
    };
}

/// A company with production, in an account of its own, and its repository.
pub struct Company {
    account: Account,
    zone: String,
}

impl Company {
    /// A production of about so many rows, and the example configuration.
    pub fn new(rows: u64) -> Company {
        let account = Account::new().only_for_role().settings(json!({ "page_size": 100 })).with_node().in_job();
        let region = |mut given: Value| {
            given["region"] = json!(REGION);
            given
        };
        let group = json!({ "kind": "parameter", "name": "app-dev-pg16", "family": "postgres15",
            "parameters": { "max_logical_replication_workers": "0" } });
        account.bench("group", region(group));
        account.bench("group", region(json!({ "kind": "subnet", "name": "app-dev" })));
        let zone = account.bench("zone", json!({ "name": "dev.example.com" }))["id"].as_str().unwrap().to_owned();
        account.bench(
            "production",
            region(json!({ "id": "app-prod", "password": MASTER_PASSWORD, "master": MASTER,
                "roles_sql": fixture!("roles.sql"), "sql": "SELECT 1", "tags": { "env": "prod" } })),
        );
        let company = Company { account, zone };
        for database in ["billing", "metrics"] {
            company.sql("app-prod", "app", &format!("CREATE DATABASE {database} OWNER {MASTER}"));
        }
        company.grow(rows);
        company.write_repository();
        company
    }

    /// Gives production this many rows, and takes an automated snapshot.
    pub fn grow(&self, rows: u64) {
        let scripts =
            [("app", fixture!("app.sql")), ("billing", fixture!("billing.sql")), ("metrics", fixture!("metrics.sql"))];
        for (database, sql) in scripts {
            let fresh = format!("SET ROLE {MASTER}; DROP SCHEMA IF EXISTS app CASCADE; ");
            self.sql("app-prod", database, &(fresh + &sql.replace("<rows>", &rows.to_string())));
        }
        self.account.bench("snapshot", json!({ "region": REGION, "db": "app-prod", "type": "automated" }));
    }

    /// `devdb.yaml` is examples/aws.yaml with other names, ids, hosts and passwords. The one key that is added is the
    /// certificate authority of the simulated account, in place of Amazon's.
    fn write_repository(&self) {
        let production = self.instance("app-prod");
        let host = production["endpoint"].as_str().unwrap().to_owned();
        let number = self.account.number.clone();
        let ca = server().ca.display().to_string();
        let substitutions = [
            // Ids.
            ("\"123456789012\"", format!("\"{number}\"")),
            ("iam::123456789012:role/devdb", format!("iam::{number}:role/{ROLE}")),
            ("db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", production["resource_id"].as_str().unwrap().to_owned()),
            ("Z0123456789ABCDEFGHIJ", self.zone.clone()),
            ("i-0123456789abcdef0", NODE.to_owned()),
            // Names of folders and of the image.
            ("name: app\n        postproc: ../postproc-sql", "name: app\n        postproc: app-scripts".to_owned()),
            (
                "scripts only\n        postproc: ../postproc-sql",
                "scripts only\n        postproc: billing-scripts".to_owned(),
            ),
            ("postgres:16", base()),
            // Hosts, with the authority of their certificates.
            ("    host: app-prod-replica.example.com", format!("    host: {host}\n    ssl_root_cert: {ca}")),
            ("    record:\n", format!("    ssl_root_cert: {ca}\n    record:\n")),
            // Passwords: the simulated servers know no tokens of IAM.
            ("    iam: true", "    password: env:SAMPLE_PASSWORD".to_owned()),
        ];
        let mut text = std::fs::read_to_string(root().join("examples/aws.yaml")).unwrap();
        for (from, to) in substitutions {
            assert!(text.contains(from), "{from:?} is not in the example");
            text = text.replace(from, &to);
        }
        std::fs::write(self.account.path("devdb.yaml"), text).unwrap();
        for folder in ["app-scripts", "billing-scripts"] {
            let from = root().join("tests/fixtures/night").join(folder);
            assert!(Command::new("cp").arg("-r").arg(from).arg(self.account.path(folder)).status().unwrap().success());
        }
        // `vault` keeps what it is given on standard input.
        let vault = self.account.path("programs/vault");
        std::fs::write(&vault, format!("#!/bin/sh\ncat > '{}'\n", self.account.path("stored").display())).unwrap();
        std::fs::set_permissions(vault, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }

    fn devdb(&self, arguments: &[&str]) -> Done {
        let mut command = self.account.command(arguments);
        command.env("DEV_PASSWORD_HASH", "$2b$10$tonight").env("APP_PASSWORD", PASSWORDS.app);
        command.env("DEVELOPER_PASSWORD", PASSWORDS.developer).env("SAMPLE_PASSWORD", PASSWORDS.sample);
        command.env("DEVDB_MASK_KEY", "the key of the night, long enough to be one");
        command.env("DOCKER_HOST", std::env::var("DEVDB_TEST_DOCKER_HOST").unwrap());
        command.env("DOCKER_CONFIG", self.docker_config());
        done(command.output().unwrap())
    }

    /// One night: the name of the generation that it made.
    #[track_caller]
    pub fn rotate(&self) -> String {
        self.account.forget_journal();
        self.devdb(&["rotate"]).code(0);
        only_the_role(&self.account.journal());
        self.left_nothing();
        let endpoint = self.record();
        let state = self.state();
        let instances = state["instances"].as_object().unwrap();
        let live = instances.iter().find(|(_, each)| each["endpoint"] == json!(endpoint)).unwrap();
        assert_eq!(live.1["tags"]["devdb:phase"], "live");
        live.0.clone()
    }

    /// Samples three users of production, and pushes the image.
    #[track_caller]
    pub fn sample(&self, registry: &Registry, image: &str) {
        let login = base64::engine::general_purpose::STANDARD.encode("devdb:push-me");
        let folder = self.docker_config();
        std::fs::create_dir_all(&folder).unwrap();
        let text = json!({ "auths": { &registry.address: { "auth": login } } }).to_string();
        std::fs::write(folder.join("config.json"), text).unwrap();
        self.account.forget_journal();
        self.devdb(&["sample", "--users", "7,8,9", "--into", &format!("container://{image}"), "--push"]).code(0);
        only_the_role(&self.account.journal());
    }

    pub fn docker_config(&self) -> PathBuf {
        self.account.path("docker")
    }

    /// The master password that `vault` was given last.
    pub fn stored_password(&self) -> String {
        std::fs::read_to_string(self.account.path("stored")).unwrap()
    }

    fn state(&self) -> Value {
        self.account.state_in(REGION)
    }

    fn instance(&self, name: &str) -> Value {
        self.state()["instances"][name].clone()
    }

    /// Names of all generations, sorted.
    pub fn generations(&self) -> Vec<String> {
        let state = self.state();
        let instances = state["instances"].as_object().unwrap().iter();
        instances
            .filter(|(name, each)| name.starts_with("app-dev-") && each["status"] != "deleting")
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// The first value of the first row, read behind the service's back.
    #[track_caller]
    pub fn sql(&self, instance: &str, database: &str, sql: &str) -> String {
        let given = json!({ "region": REGION, "db": instance, "database": database, "sql": sql });
        let rows = self.account.bench("sql", given);
        rows["rows"][0][0].as_str().unwrap_or_default().to_owned()
    }

    /// A fingerprint of all that production holds.
    pub fn production_data(&self) -> Vec<String> {
        let tables =
            [("app", "users"), ("app", "events"), ("app", "notices"), ("billing", "invoices"), ("metrics", "daily")];
        tables
            .iter()
            .map(|(database, table)| {
                let sql = format!("SELECT count(*) || ' ' || sum(hashtext(t::text)) FROM app.{table} t");
                self.sql("app-prod", database, &sql)
            })
            .collect()
    }

    /// A session as a developer opens one: through the record.
    pub async fn login(&self, user: &str, password: &str, database: &str) -> devdb::pg::Result<Session> {
        let address = self.account.resolve(RECORD).expect("the record's name resolves");
        let dial = Dial { address: format!("{address}:5432").parse().unwrap(), server_name: Some(self.record()) };
        let credentials = Credentials { user: user.into(), password: password.to_owned().into() };
        connect(&dial, &Trust::load(Some(&server().ca)).unwrap(), &credentials, database).await
    }

    fn record(&self) -> String {
        let state = self.state();
        let records = state["zones"][&self.zone]["records"].as_array().unwrap();
        let ours = records.iter().find(|set| set["Name"] == format!("{RECORD}.")).unwrap();
        ours["ResourceRecords"][0]["Value"].as_str().unwrap().trim_end_matches('.').to_owned()
    }

    /// Every session so far was one of the role, and none led to production.
    #[track_caller]
    pub fn sessions_are_the_roles(&self, live: &str) {
        let sessions = self.state()["sessions"].as_array().unwrap().clone();
        let production = self.instance("app-prod")["endpoint"].clone();
        let live = self.instance(live)["endpoint"].clone();
        for session in &sessions {
            assert!(session["owner_arn"].as_str().unwrap().contains(&format!("assumed-role/{ROLE}/")), "{session}");
            assert_ne!(session["host"], production);
        }
        assert!(sessions.iter().any(|session| session["host"] == live));
    }

    #[track_caller]
    pub fn left_nothing(&self) {
        self.account.left_nothing();
    }
}

/// The account's own check of all writes knows other names: `rotate` has checked them.
impl Drop for Company {
    fn drop(&mut self) {
        self.account.forget_journal();
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
