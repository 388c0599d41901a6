//! Headless Chromium, spoken to over a pair of pipes in the DevTools protocol, and a proxy that records
//! whatever it asks the network for.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// An answer that takes longer will not come.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Browser {
    child: Child,
    to: File,
    from: Receiver<Value>,
    session: Option<String>,
    calls: u64,
    /// What it said by itself: `method` and `params`.
    events: Vec<Value>,
    requests: Arc<Mutex<Vec<String>>>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts it with one empty page.
    pub fn start() -> Browser {
        let Some(program) = std::env::var_os("DEVDB_TEST_CHROMIUM") else {
            panic!(
                "DEVDB_TEST_CHROMIUM is not set: run the tests with `make test`, which installs chromium, or \
                 `. \"$(tests/setup.sh cache)/test.env\"` first"
            );
        };
        let profile = tempfile::Builder::new().prefix("devdb-it-chromium-").tempdir().unwrap();
        let pipe = |name: &str| {
            let path = profile.path().join(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            path
        };
        let (to, from) = (pipe("to"), pipe("from"));
        let (proxy, requests) = record();
        // It reads commands from descriptor 3 and answers on 4; a shell puts them there.
        let child = Command::new("sh")
            .args(["-c", "to=$1 from=$2; shift 2; exec \"$@\" 3<\"$to\" 4>\"$from\"", "sh"])
            .args([&to, &from])
            .arg(program)
            // No sandbox: a test run by root, or in a container, has none. The pages are our own.
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-default-apps", "--disable-extensions", "--hide-scrollbars"])
            .args(["--remote-debugging-pipe", "--proxy-bypass-list=<-loopback>"])
            .arg(format!("--proxy-server=127.0.0.1:{proxy}"))
            .arg(format!("--user-data-dir={}", profile.path().join("profile").display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(profile.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        // Opening a pipe waits for its other end.
        let to = File::options().write(true).open(to).unwrap();
        let from = answers(File::open(from).unwrap());
        let mut browser =
            Browser { child, to, from, session: None, calls: 0, events: Vec::new(), requests, _profile: profile };
        let page = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = json!({ "targetId": page["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attached)["sessionId"].as_str().map(str::to_owned);
        browser.session = session;
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Opens a file from disk and waits until all of it is there.
    pub fn open(&mut self, file: &Path) {
        self.events.clear();
        self.call("Page.navigate", json!({ "url": format!("file://{}", file.display()) }));
        self.until("Page.loadEventFired");
    }

    /// The width of the window in CSS pixels, and the scheme of colours.
    pub fn look(&mut self, width: u32, scheme: &str) {
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// The value of an expression, which the page's own policy does not stop.
    #[track_caller]
    pub fn value(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", asked);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// A picture of the page from its top, with no more than `most` pixels of its height.
    pub fn picture(&mut self, width: u32, most: u32) -> Vec<u8> {
        let height = self.value("document.documentElement.scrollHeight").as_f64().unwrap().min(f64::from(most));
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let shot = self.call("Page.captureScreenshot", json!({ "captureBeyondViewport": true, "clip": clip }));
        base64(shot["data"].as_str().unwrap())
    }

    /// The page as it is printed: a PDF on A4.
    pub fn printed(&mut self) -> Vec<u8> {
        let asked = json!({ "paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": true });
        base64(self.call("Page.printToPDF", asked)["data"].as_str().unwrap())
    }

    /// What the page complained about since it was opened.
    pub fn complaints(&mut self) -> Vec<String> {
        self.value("1"); // what was said before this answer is here now
        let said = ["Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"];
        self.of(&said).map(|event| event["params"].to_string()).collect()
    }

    /// What the page asked for since it was opened, itself included.
    pub fn asked_for(&mut self) -> Vec<String> {
        self.value("1");
        let urls = self.of(&["Network.requestWillBeSent"]).map(|event| event["params"]["request"]["url"].clone());
        urls.filter_map(|url| url.as_str().map(str::to_owned)).collect()
    }

    /// First lines of what reached the network for a host. Chromium asks for things of its own too.
    pub fn requests_for(&self, host: &str) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|line| line.contains(host)).cloned().collect()
    }

    fn of<'a>(&'a self, methods: &'a [&str]) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |event| methods.contains(&event["method"].as_str().unwrap_or_default()))
    }

    #[track_caller]
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let heard = self.next(method);
            if heard["id"] == id {
                assert!(heard.get("error").is_none(), "{method}: {heard}");
                return heard["result"].clone();
            }
            self.events.push(heard);
        }
    }

    #[track_caller]
    fn until(&mut self, method: &str) {
        while self.of(&[method]).next().is_none() {
            let heard = self.next(method);
            self.events.push(heard);
        }
    }

    #[track_caller]
    fn next(&mut self, waiting_for: &str) -> Value {
        self.from.recv_timeout(PATIENCE).unwrap_or_else(|error| {
            let log = std::fs::read_to_string(self._profile.path().join("log")).unwrap_or_default();
            panic!("chromium does not answer {waiting_for}: {error}; does DEVDB_TEST_CHROMIUM run?\n{log}")
        })
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Told to, it also ends its children.
        let _ = self.to.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        for _ in 0..200 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Messages, each ended by a NUL.
fn answers(from: File) -> Receiver<Value> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for message in BufReader::new(from).split(0).map_while(Result::ok) {
            if sender.send(serde_json::from_slice(&message).unwrap()).is_err() {
                break;
            }
        }
    });
    receiver
}

/// A proxy that answers nothing; its port, and the first lines of what it was asked.
fn record() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let requests: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = requests.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut line = String::new();
            let _ = BufReader::new(stream).read_line(&mut line);
            heard.lock().unwrap().push(line.trim().to_owned());
        }
    });
    (port, requests)
}

/// Standard base64.
fn base64(text: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits: Vec<u8> = text.bytes().filter_map(value).collect();
    let bytes = digits.chunks(4).flat_map(|four| {
        let bits = four.iter().fold(0u32, |bits, digit| bits << 6 | u32::from(*digit)) << (6 * (4 - four.len()));
        bits.to_be_bytes()[1..four.len()].to_vec()
    });
    bytes.collect()
}
