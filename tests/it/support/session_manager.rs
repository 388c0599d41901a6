//! The way of a real night: a role assumed with GitHub's token, and tunnels by the AWS CLI itself, with the stand-in of
//! its plugin in `tests/aws`.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};

use super::account::Account;

/// The instance that forwards.
pub const NODE: &str = "i-0123456789abcdef0";
/// The role of devdb.
pub const ROLE: &str = "rotator";

/// The variable by which the processes of a scene are found.
const MARKER: &str = "DEVDB_TEST_SCENE";

/// GitHub's token service, as far as a job needs it: a token for whoever knows the job's secret.
fn token_service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token?api-version=2.0", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let length = stream.read(&mut head).unwrap();
            let known = String::from_utf8_lossy(&head[..length]).contains("bearer job-secret");
            let answer = if known {
                "200 OK\r\ncontent-length: 23\r\nconnection: close\r\n\r\n{\"value\":\"eyJ-a-token\"}"
            } else {
                "403 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            };
            write!(stream, "HTTP/1.1 {answer}").unwrap();
        }
    });
    url
}

impl Account {
    /// The ARN of devdb's role in this account.
    pub fn role(&self) -> String {
        format!("arn:aws:iam::{}:role/{ROLE}", self.number)
    }

    /// Configures the role.
    pub fn with_role(self) -> Account {
        let role = format!("class: db.t4g.medium\n        role: {}", self.role());
        self.config("class: db.t4g.medium", &role)
    }

    /// A job of GitHub: no credentials but its token.
    pub fn in_job(self) -> Account {
        self.with_env("AWS_ACCESS_KEY_ID", "")
            .with_env("AWS_SECRET_ACCESS_KEY", "")
            .with_env("ACTIONS_ID_TOKEN_REQUEST_URL", token_service())
            .with_env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "job-secret")
    }

    /// A node that forwards, and the programs that reach it; whoever may start a session is not restricted.
    pub fn with_node(self) -> Account {
        self.bench("node", json!({ "id": NODE }));
        let programs = self.path("programs");
        std::fs::create_dir(&programs).unwrap();
        let python = std::env::var("DEVDB_TEST_MOTO_PYTHON").expect("run the tests with `make test`");
        let aws = Path::new(&python).with_file_name("aws");
        assert!(aws.exists(), "{} is missing: run `tests/setup.sh test`", aws.display());
        symlink(aws, programs.join("aws")).unwrap();
        let plugin = "session-manager-plugin";
        symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws").join(plugin), programs.join(plugin)).unwrap();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let marker = self.marker();
        self.with_env("PATH", path).with_env(MARKER, marker)
    }

    /// Instances are reached through Session Manager.
    pub fn through_session_manager(self) -> Account {
        self.with_node().config("connect: direct", &format!("connect: {{ ssm: {{ instance: {NODE} }} }}"))
    }

    /// Only sessions of the role may start a session of Session Manager.
    pub fn only_for_role(self) -> Account {
        self.settings(json!({ "ssm_role": ROLE }))
    }

    /// All sessions of Session Manager so far, in order.
    pub fn sessions(&self) -> Vec<Value> {
        self.state()["sessions"].as_array().unwrap().clone()
    }

    /// No session and no process of a run is left.
    #[track_caller]
    pub fn left_nothing(&self) {
        for _ in 0..100 {
            let open = self.sessions().iter().any(|session| session["status"] != "Terminated");
            if !open && self.processes().is_empty() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("left: {:?} {:#?}", self.processes(), self.sessions());
    }

    /// Unique on this machine, unlike the account's number.
    fn marker(&self) -> String {
        format!("{}-{}", std::process::id(), self.number)
    }

    /// Command lines of the processes that runs in this account have started and that still run.
    pub fn processes(&self) -> Vec<String> {
        let marker = format!("{MARKER}={}", self.marker());
        let mut found = Vec::new();
        for process in std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()) {
            let read = |name: &str| std::fs::read(process.join(name)).unwrap_or_default();
            if read("environ").split(|byte| *byte == 0).any(|variable| variable == marker.as_bytes()) {
                let words = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
                found.extend((!words.is_empty()).then_some(words));
            }
        }
        found
    }
}
