//! The simulated account of `tests/aws`: one server for all tests of this process, and the control
//! side of each account in it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use serde_json::{Value, json};

/// Where the server is and where its files are.
pub struct Ready {
    pub url: String,
    /// The certificate authority of all endpoints.
    pub ca: PathBuf,
    /// The hosts files, one for each account.
    hosts: PathBuf,
    _process: Mutex<Child>,
}

impl Ready {
    /// The hosts file of one account.
    pub fn hosts_of(&self, account: &str) -> PathBuf {
        self.hosts.join(account)
    }
}

/// The server. It ends by the end of its standard input, when this process does.
pub fn server() -> &'static Ready {
    static SERVER: OnceLock<Ready> = OnceLock::new();
    SERVER.get_or_init(|| {
        let python = std::env::var("DEVDB_TEST_MOTO_PYTHON").expect("run the tests with `make test`");
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let state = base.join(format!("devdb-aws-{}", std::process::id()));
        let mut process = Command::new(python)
            .args([concat!(env!("CARGO_MANIFEST_DIR"), "/tests/aws"), "--state"])
            .arg(&state)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Not for Ctrl-C in the terminal: a test that ends early still takes down what it made.
            .process_group(0)
            .spawn()
            .expect("python starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).expect("the simulated account starts");
        let text = |key: &str| ready[key].as_str().unwrap().to_owned();
        Ready { url: text("url"), ca: text("ca").into(), hosts: state.join("hosts.d"), _process: Mutex::new(process) }
    })
}

/// The environment in which the program, or a test of the library, finds one account.
pub fn environment(url: &str, number: &str) -> [(&'static str, String); 7] {
    [
        ("AWS_ENDPOINT_URL", url.to_owned()),
        ("AWS_ACCESS_KEY_ID", format!("AKIA{number}")),
        ("AWS_SECRET_ACCESS_KEY", "any".to_owned()),
        ("AWS_SESSION_TOKEN", String::new()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
    ]
}

/// The control side of one simulated account.
pub struct Control {
    /// Twelve digits.
    pub number: String,
    address: String,
}

impl Control {
    /// The control side of an account at a server's address.
    pub fn of(number: String, url: &str) -> Control {
        Control { number, address: url.trim_start_matches("http://").trim_end_matches('/').to_owned() }
    }

    /// `POST /bench/<name>`.
    #[track_caller]
    pub fn bench(&self, name: &str, mut given: Value) -> Value {
        given["account"] = json!(self.number);
        self.http("POST", &format!("/bench/{name}"), &given.to_string())
    }

    /// Every call that reached the account, in order.
    pub fn journal(&self) -> Vec<Value> {
        let answer = self.http("GET", &format!("/bench/journal?account={}", self.number), "");
        answer["journal"].as_array().unwrap().clone()
    }

    /// The calls that change something.
    pub fn writes(&self) -> Vec<Value> {
        let reads = ["Describe", "Get", "List", "AssumeRole"];
        let read = |call: &Value| reads.iter().any(|read| action(call).starts_with(read));
        self.journal().into_iter().filter(|call| !read(call)).collect()
    }

    pub fn forget_journal(&self) {
        self.http("DELETE", &format!("/bench/journal?account={}", self.number), "");
    }

    /// Instances, snapshots, zones, resolvable names.
    pub fn state(&self) -> Value {
        self.state_in("us-east-1")
    }

    /// The same of another region.
    pub fn state_in(&self, region: &str) -> Value {
        self.http("GET", &format!("/bench/state?account={}&region={region}", self.number), "")
    }

    /// From now on these requests go wrong, and no others.
    #[track_caller]
    pub fn faults(&self, rules: Value) {
        self.bench("faults", json!({ "rules": rules }));
    }

    /// From now on this request goes wrong, and no other.
    #[track_caller]
    pub fn fault(&self, rule: Value) {
        self.faults(json!([rule]));
    }

    /// How often a rule of [`Control::faults`] has fired, all rules together.
    pub fn faults_fired(&self) -> u64 {
        let answer = self.http("GET", &format!("/bench/faults?account={}", self.number), "");
        answer["rules"].as_array().unwrap().iter().filter_map(|rule| rule["fired"].as_u64()).sum()
    }

    /// The end: servers stop, files go.
    pub fn forget(&self) {
        self.http("DELETE", &format!("/bench/account?account={}", self.number), "");
    }

    #[track_caller]
    fn http(&self, verb: &str, path: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(stream, "{verb} {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{path}: {answer}");
        serde_json::from_str(body).unwrap()
    }
}

/// The action of a call in the journal.
pub fn action(call: &Value) -> &str {
    call["action"].as_str().unwrap()
}
