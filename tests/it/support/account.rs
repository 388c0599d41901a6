//! A scene on AWS: a simulated account with a small production, a configuration, scripts. A test
//! changes what it is about, runs `devdb`, and looks at the world. When a scene ends well, no write in
//! it ever named anything but a generation or the record.

use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use devdb::pg::tunnel::Dial;
use devdb::pg::{Credentials, Session, Trust, connect};
use serde_json::{Value, json};

use super::databases;
use super::scene::{Done, SERVICE_PASSWORD, done};
use super::server::{MASTER, MASTER_PASSWORD};
use super::session_manager::NODE;
use super::simulator::{self, Control, action, server};

const PREFIX: &str = "app-dev-";
/// The name developers connect to.
pub const RECORD: &str = "db.example.com";

const CONFIG: &str = r#"version: 1
targets:
  app-dev:
    platform:
      aws:
        account: "<account>"
        region: us-east-1
        class: db.t4g.medium
        storage_type: gp3
        subnet_group: app-dev
        parameter_group: app-dev
        quarantine_security_groups: [sg-1111aaaa]
        developer_security_groups: [sg-2222bbbb]
        tags: { team: data }
    source: { instance: app-prod, snapshots: [automated, awsbackup, manual] }
    generation: { prefix: app-dev-, keep: 0, lease: 2s }
    record: { zone: <zone>, name: db.example.com, ttl: 1s }
    connect: direct
    ssl_root_cert: <ca>
    <databases>    master_password: generate
    roles:
      allow:
        app_service: { password: { command: [printf, "%s", dev-service-password] } }
    deadlines: { restore: 60s, password: 30s, script: 60s, publish: 30s, retire: 30s }
"#;

/// Roles of production that its master made, and one that only the platform could have made.
const ROLES: &str = "SET ROLE app_admin;\
    CREATE ROLE app_service LOGIN PASSWORD 'prod-service-password';\
    CREATE ROLE \"kim.minsu\" LOGIN PASSWORD 'prod-minsu-password';\
    RESET ROLE;";

/// What was there before devdb came: two rows that only production has.
pub const ORIGINALS: &str = "SELECT (SELECT count(*) FROM app.users WHERE email LIKE '%corp.example')
    + (SELECT count(*) FROM app.notification_outbox) + (SELECT count(*) FROM app.users WHERE phone IS NOT NULL)";

pub struct Account {
    control: Control,
    directory: tempfile::TempDir,
    zone: String,
    /// What is told to `devdb` besides the account.
    environment: Vec<(String, String)>,
}

impl Deref for Account {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.control
    }
}

impl Account {
    /// An account with groups and a hosted zone, a configuration and scripts; no production yet.
    pub fn new() -> Account {
        static NEXT: AtomicU32 = AtomicU32::new(2001);
        let number = format!("{:012}", NEXT.fetch_add(1, Ordering::Relaxed));
        let control = Control::of(number, &server().url);
        control.bench("settings", json!({ "delay": 0.05, "lag": 0.05, "dns_delay": 0.05, "page_size": 3 }));
        let group = json!({ "kind": "parameter", "name": "app-dev", "family": "postgres15",
            "parameters": { "max_logical_replication_workers": "0" } });
        control.bench("group", group);
        control.bench("group", json!({ "kind": "subnet", "name": "app-dev" }));
        let zone = control.bench("zone", json!({ "name": "example.com" }))["id"].as_str().unwrap().to_owned();
        let directory = tempfile::Builder::new().prefix("devdb it-").tempdir().unwrap();
        let account = Account { control, directory, zone, environment: Vec::new() };
        let config = CONFIG
            .replace("<account>", &account.number)
            .replace("<zone>", &account.zone)
            .replace("<ca>", &server().ca.display().to_string())
            .replace("<databases>", databases::SECTION)
            + databases::MASK;
        std::fs::write(account.path("devdb.yaml"), config).unwrap();
        databases::write_scripts(account.directory.path());
        account
    }

    /// Adds the small production, with a snapshot of this moment.
    pub fn production(self) -> Account {
        self.production_with(json!({ "snapshot": {} }))
    }

    /// Adds the small production; more fields of the control call `production` may be given.
    pub fn production_with(self, more: Value) -> Account {
        let mut given = json!({ "id": "app-prod", "password": MASTER_PASSWORD, "master": MASTER, "roles_sql": ROLES,
            "sql": databases::FILLED[0].1, "finish_sql": databases::more_databases(), "tags": { "env": "prod", "backup": "daily" } });
        given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.bench("production", given);
        self
    }

    /// A file of the scene.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The hosted zone's id.
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// Writes a script.
    pub fn script(&self, path: &str, text: &str) -> &Self {
        let path = self.path("scripts").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Replaces text in the configuration; it must be there.
    #[track_caller]
    pub fn config(self, from: &str, to: &str) -> Account {
        let path = self.path("devdb.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from:?} is not in the configuration");
        std::fs::write(path, text.replace(from, to)).unwrap();
        self
    }

    /// Sets how the account behaves.
    pub fn settings(self, settings: Value) -> Account {
        self.bench("settings", settings);
        self
    }

    /// Adds a variable to the environment of `devdb`.
    pub fn with_env(mut self, name: &str, value: impl Into<String>) -> Account {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_devdb"));
        command.arg("--config").arg(self.path("devdb.yaml")).args(arguments);
        command.envs(simulator::environment(&server().url, &self.number));
        for foreign in ["DEVDB_CONFIG", "DEVDB_TARGET", "GITHUB_STEP_SUMMARY", "AWS_PROFILE", "AWS_REGION"] {
            command.env_remove(foreign);
        }
        for github in ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"] {
            command.env_remove(github);
        }
        command.env("LD_PRELOAD", std::env::var_os("DEVDB_TEST_NSS_WRAPPER").expect("run the tests with `make test`"));
        command.env("NSS_WRAPPER_HOSTS", server().hosts_of(&self.number));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command to its end, with every detail in its report.
    pub fn devdb(&self, arguments: &[&str]) -> Done {
        let detailed = arguments.contains(&"--verbose");
        done(self.command(arguments).args((!detailed).then_some("--verbose")).output().unwrap())
    }

    /// Names of all instances under the prefix, sorted; those on their way out are not counted.
    pub fn generations(&self) -> Vec<String> {
        let state = self.state();
        let instances = state["instances"].as_object().unwrap();
        let ours = |(name, each): &(&String, &Value)| name.starts_with(PREFIX) && each["status"] != "deleting";
        let mut names: Vec<String> = instances.iter().filter(ours).map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }

    /// What the record holds for the name servers: an endpoint's name.
    pub fn record(&self) -> Option<String> {
        Account::record_in(&self.state(), &self.zone)
    }

    /// As [`Account::record`], of one moment.
    pub fn record_in(state: &Value, zone: &str) -> Option<String> {
        let records = state["zones"][zone]["records"].as_array().unwrap();
        let ours = records.iter().find(|set| set["Name"] == format!("{RECORD}."))?;
        Some(ours["ResourceRecords"][0]["Value"].as_str()?.trim_end_matches('.').to_owned())
    }

    /// The instance that the record points at.
    pub fn live(&self) -> Option<String> {
        let record = self.record()?;
        let state = self.state();
        let mut instances = state["instances"].as_object().unwrap().iter();
        instances.find(|(_, each)| each["endpoint"] == record).map(|(name, _)| name.clone())
    }

    /// A tag of an instance.
    pub fn tag(&self, instance: &str, key: &str) -> Option<String> {
        self.state()["instances"][instance]["tags"][key].as_str().map(str::to_owned)
    }

    /// The first value of the first row, read behind the service's back.
    #[track_caller]
    pub fn sql(&self, instance: &str, sql: &str) -> String {
        let rows = self.bench("sql", json!({ "db": instance, "sql": sql }));
        rows["rows"][0][0].as_str().unwrap_or_default().to_owned()
    }

    /// Where a name leads to from where `devdb` runs.
    pub fn resolve(&self, name: &str) -> Option<String> {
        let hosts = std::fs::read_to_string(server().hosts_of(&self.number)).unwrap();
        let mut lines = hosts.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(_, known)| *known == name).map(|(address, _)| address.to_owned())
    }

    /// A session as a developer opens one: the record's name resolved, the certificate verified
    /// against the endpoint's own name.
    pub async fn login(&self, user: &str, password: &str) -> devdb::pg::Result<Session> {
        self.login_to("app", user, password).await
    }

    /// The same in another database.
    pub async fn login_to(&self, database: &str, user: &str, password: &str) -> devdb::pg::Result<Session> {
        let address = self.resolve(RECORD).expect("the record's name resolves");
        let dial = Dial { address: format!("{address}:5432").parse().unwrap(), server_name: self.record() };
        let credentials = Credentials { user: user.into(), password: password.to_owned().into() };
        connect(&dial, &Trust::load(Some(&server().ca)).unwrap(), &credentials, database).await
    }

    /// The service account's session through the record.
    pub async fn developer(&self) -> Session {
        self.developer_in("app").await
    }

    /// The same in another database.
    pub async fn developer_in(&self, database: &str) -> Session {
        self.login_to(database, "app_service", SERVICE_PASSWORD).await.unwrap()
    }

    /// No write named anything but a generation or the record, ever.
    #[track_caller]
    pub fn writes_stay_inside(&self) {
        for call in self.writes() {
            let params = &call["params"];
            let inside = match action(&call) {
                "ChangeResourceRecordSets" => {
                    let changes = params["ChangeBatch"]["Changes"].as_array().unwrap();
                    params["HostedZoneId"].as_str().unwrap().ends_with(&self.zone)
                        && changes.iter().all(|one| {
                            let name = one["ResourceRecordSet"]["Name"].as_str().unwrap();
                            name.trim_end_matches('.').eq_ignore_ascii_case(RECORD)
                        })
                }
                "AddTagsToResource" => {
                    let arn = format!("arn:aws:rds:us-east-1:{}:db:{PREFIX}", self.number);
                    params["ResourceName"].as_str().unwrap().starts_with(&arn)
                }
                "RestoreDBInstanceFromDBSnapshot"
                | "ModifyDBInstance"
                | "RebootDBInstance"
                | "StartDBInstance"
                | "DeleteDBInstance" => params["DBInstanceIdentifier"].as_str().unwrap().starts_with(PREFIX),
                "StartSession" => {
                    let host = params["Parameters"]["host"][0].as_str().unwrap();
                    params["Target"] == NODE && (host == RECORD || host.starts_with(PREFIX))
                }
                // The AWS command line ends a session for which it finds no plugin.
                "TerminateSession" => true,
                _ => false,
            };
            assert!(inside, "a write outside: {call}");
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.writes_stay_inside();
        }
        self.control.forget();
    }
}
