//! A child process that forwards a port, and its termination.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use secrecy::ExposeSecret;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{self, Command};
use tokio::time::{sleep, timeout};

use super::environment::ChildEnvironment;
use super::listening::is_listening;
use crate::pg::error::{Error, Result};
use crate::pg::route::Route;

/// Time until the local port must accept connections.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// Pause between two checks.
const POLL: Duration = Duration::from_millis(50);

/// Signals that end the process group, and the time to wait after each: in total far less than a cancelled CI job has.
/// After the last one, only the kernel has work to do.
const SIGNALS: [(Signal, Duration); 3] = [
    (Signal::INT, Duration::from_millis(1000)),
    (Signal::TERM, Duration::from_millis(500)),
    (Signal::KILL, Duration::from_millis(200)),
];

/// Last lines of the child's output that an error shows.
const OUTPUT_LINES: usize = 8;

/// Starts the forwarding program as the leader of its process group, together with a watcher that ends the group when
/// its standard input closes. That input is a pipe of this program, so the kernel closes it even if this program is
/// killed. SIGINT first: on SIGINT, but not on SIGTERM, the SSM plugin ends its session on the side of AWS.
const WITH_WATCHER: &str = r#"
exec 3<&0 </dev/null
{ cat <&3; kill -INT 0; sleep 1; kill -KILL 0; } >/dev/null 2>&1 &
exec 3<&-
exec "$@"
"#;

type Output = Arc<Mutex<VecDeque<String>>>;

/// How to find out that a child forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// Its port accepts a connection. The program may connect to the server for it.
    Accepts,
    /// It listens. Nothing connects to the server.
    Listens,
}

/// A running child and the process group it leads.
#[derive(Debug)]
pub(super) struct Child {
    program: String,
    process: Mutex<process::Child>,
    group: Option<Pid>,
    output: Output,
    /// Its secrets are removed from its output.
    environment: ChildEnvironment,
}

impl Child {
    /// Starts a command that forwards a free local port to a server, and waits until it forwards.
    pub(super) async fn forward(
        command: &[String],
        environment: ChildEnvironment,
        route: &Route,
        readiness: Readiness,
    ) -> Result<(SocketAddr, Child)> {
        let address = free_address().await?;
        let fill = |word: &String| {
            word.replace("{host}", &route.host)
                .replace("{port}", &route.port.to_string())
                .replace("{local_port}", &address.port().to_string())
        };
        let words: Vec<String> = command.iter().map(fill).collect();
        let child = Child::start(&words, environment)?;
        let started = Instant::now();
        loop {
            let ready = readiness.is_reached(address).await;
            if ready {
                // If another process has taken the port, the child ends now.
                sleep(POLL).await;
            }
            if !child.is_alive() {
                // Its last output may not have been read yet.
                sleep(POLL).await;
                return Err(Error::Tunnel(child.end_reason()));
            }
            if ready {
                return Ok((address.into(), child));
            }
            if started.elapsed() > READY_TIMEOUT {
                let limit = READY_TIMEOUT.as_secs();
                let what = format!("{} did not open port {} in {limit} seconds", child.program, address.port());
                return Err(Error::Tunnel(child.with_output(what)));
            }
            sleep(POLL).await;
        }
    }

    fn start(words: &[String], environment: ChildEnvironment) -> Result<Child> {
        let mut command = Command::new("sh");
        command.args(["-c", WITH_WATCHER, "sh"]).args(words);
        environment.remove.iter().for_each(|name| {
            command.env_remove(name);
        });
        // The plugin listens on this address.
        command.env("SSM_PLUGIN_LOCAL_HOST", "127.0.0.1");
        command.envs(environment.set.iter().map(|(name, value)| (name, value.expose_secret())));
        let mut process = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Error::Tunnel(format!("sh could not be started: {error}")))?;
        let output = Output::default();
        if let Some(stdout) = process.stdout.take() {
            tokio::spawn(collect(stdout, output.clone()));
        }
        if let Some(stderr) = process.stderr.take() {
            tokio::spawn(collect(stderr, output.clone()));
        }
        let group = process.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let program = words.first().map_or("the program", String::as_str).to_owned();
        Ok(Child { program, process: Mutex::new(process), group, output, environment })
    }

    /// Whether the forwarding program still runs.
    pub(super) fn is_alive(&self) -> bool {
        self.ended().is_none()
    }

    /// Waits for the end of the forwarding program. Returns whether it has ended.
    pub(super) async fn ends_within(&self, limit: Duration) -> bool {
        let began = Instant::now();
        while self.is_alive() && began.elapsed() < limit {
            sleep(POLL).await;
        }
        !self.is_alive()
    }

    fn ended(&self) -> Option<ExitStatus> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process.try_wait().ok().flatten()
    }

    /// Returns how the program ended, with its last output.
    pub(super) fn end_reason(&self) -> String {
        let status = self.ended().map_or_else(|| "no status".to_owned(), |status| status.to_string());
        self.with_output(format!("{} ended ({status})", self.program))
    }

    /// Returns a message followed by the last output, without secrets.
    pub(super) fn with_output(&self, what: String) -> String {
        let lines = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let mut output = lines.iter().map(String::as_str).collect::<Vec<_>>().join(" / ");
        for (_, secret) in self.environment.set.iter().filter(|(_, secret)| !secret.expose_secret().is_empty()) {
            output = output.replace(secret.expose_secret(), "****");
        }
        if output.is_empty() { what } else { format!("{what}: {output}") }
    }

    /// Ends the whole process group for a reason, and waits briefly until it is gone.
    pub(super) fn end(&self, reason: &str) {
        keep(&self.output, reason);
        self.terminate();
    }

    fn terminate(&self) {
        let Some(group) = self.group else { return };
        for (signal, time) in SIGNALS {
            // An error means that the group is empty.
            if kill_process_group(group, signal).is_err() {
                return;
            }
            let sent = Instant::now();
            while sent.elapsed() < time {
                // Once the leader has ended, only the watcher is left, which needs no time.
                if self.ended().is_some() && signal != Signal::KILL {
                    break;
                }
                if test_kill_process_group(group).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// Ends the whole process group: otherwise this program could end before it.
impl Drop for Child {
    fn drop(&mut self) {
        self.terminate();
    }
}

impl Readiness {
    async fn is_reached(self, address: SocketAddrV4) -> bool {
        // Where the system does not list its sockets, only a connection tells.
        let listens = if self == Readiness::Listens { is_listening(address) } else { None };
        match listens {
            Some(listens) => listens,
            None => matches!(timeout(POLL, TcpStream::connect(address)).await, Ok(Ok(_))),
        }
    }
}

async fn free_address() -> Result<SocketAddrV4> {
    let failed = |error: std::io::Error| Error::Tunnel(format!("no free port on this machine: {error}"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
    Ok(SocketAddrV4::new(Ipv4Addr::LOCALHOST, listener.local_addr().map_err(failed)?.port()))
}

async fn collect(stream: impl AsyncRead + Unpin, output: Output) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let line = line.trim();
        if !line.is_empty() {
            keep(&output, line);
        }
    }
}

/// Keeps a line, and of all lines the last ones.
fn keep(output: &Output, line: &str) {
    let mut kept = output.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() == OUTPUT_LINES {
        kept.pop_front();
    }
    kept.push_back(line.to_owned());
}
