//! A simulated account for one test of the adapter. Where an account is and whose it is comes from the
//! environment, as for every AWS tool, so each scenario runs in a child process of its own.

use std::future::Future;
use std::process::Command;
use std::time::Duration;

use devdb::config::{self, Connect, Deadlines, PlatformConfig, Target};
use serde_json::json;

use crate::support::simulator::{self, Control};

const INSIDE: &str = "DEVDB_TEST_ACCOUNT";

/// Runs a scenario in a child process that has a simulated account for itself.
pub fn scenario<F: Future<Output = ()>>(name: &str, number: u32, body: impl FnOnce(Control) -> F) {
    scenario_with(name, number, &[], body);
}

/// As [`scenario`], with more in the child's environment.
pub fn scenario_with<F: Future<Output = ()>>(
    name: &str,
    number: u32,
    environment: &[(&str, &str)],
    body: impl FnOnce(Control) -> F,
) {
    if let Ok(number) = std::env::var(INSIDE) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let url = std::env::var("AWS_ENDPOINT_URL").unwrap();
        return runtime.block_on(body(Control::of(number, &url)));
    }
    let number = format!("{number:012}");
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("aws_adapter::{name}"), "--nocapture"])
        .env(INSIDE, &number)
        .envs(simulator::environment(&simulator::server().url, &number))
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let output = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && output.contains("1 passed"), "{output}");
}

impl Control {
    pub fn production(&self) {
        self.bench("settings", json!({ "page_size": 2, "delay": 0.2 }));
        self.bench(
            "group",
            json!({ "kind": "parameter", "name": "app-dev", "family": "postgres15",
            "parameters": { "max_logical_replication_workers": "0" } }),
        );
        self.bench("group", json!({ "kind": "subnet", "name": "app-dev" }));
        self.bench(
            "production",
            json!({ "id": "app-prod", "password": "Prod-pass1", "snapshot": {},
            "sql": "CREATE TABLE t(id int)", "tags": { "env": "prod" } }),
        );
    }

    pub fn target(&self) -> Target {
        let zone = self.bench("zone", json!({ "name": "example.com" }))["id"].as_str().unwrap().to_owned();
        self.bench("record", json!({ "name": "aa.example.com", "value": "x.example.org" }));
        self.bench("record", json!({ "name": "zz.example.com", "value": "x.example.org" }));
        let aws = config::Aws {
            account: self.number.clone(),
            region: "us-east-1".into(),
            role: None,
            class: "db.t4g.medium".into(),
            storage_type: Some("gp3".into()),
            storage: None,
            subnet_group: "app-dev".into(),
            parameter_group: "app-dev".into(),
            quarantine_security_groups: vec!["sg-b".into(), "sg-a".into()],
            developer_security_groups: vec!["sg-dev".into()],
            iam_authentication: true,
            tags: [("team".to_owned(), "data".to_owned())].into(),
            zone,
        };
        let hour = Duration::from_secs(3600);
        Target {
            name: "app".into(),
            platform: PlatformConfig::Aws(Box::new(aws)),
            source: config::Source {
                instance: "app-prod".into(),
                resource_id: None,
                snapshots: vec!["automated".into(), "awsbackup".into()],
                max_snapshot_age: hour,
            },
            generation: config::Generation { prefix: "app-dev-".into(), keep: 0, max_age: hour, lease: hour },
            record: config::Record { name: "DB.example.com".into(), ttl: Duration::from_secs(30) },
            connect: Connect::Direct,
            ssl_root_cert: None,
            databases: Vec::new(),
            master_password: config::Password::Generate { store: None },
            allowed_roles: Default::default(),
            ensured_roles: Default::default(),
            kept_hazards: Default::default(),
            masking: config::Masking::new(config::Password::Env("DEVDB_MASK_KEY".into())).into(),
            deadlines: Deadlines { restore: hour, password: hour, script: hour, publish: hour, retire: hour },
        }
    }
}
