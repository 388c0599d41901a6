//! A child process that forwards a port, and its termination.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{self, Command};
use tokio::time::{sleep, timeout};

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

/// A running child and the process group it leads.
#[derive(Debug)]
pub(super) struct Child {
    process: Mutex<process::Child>,
    group: Option<Pid>,
    output: Output,
}

impl Child {
    /// Starts a command that forwards a free local port to a server, and waits until the port answers.
    pub(super) async fn forward(command: &[String], route: &Route) -> Result<(SocketAddr, Child)> {
        let address = free_address().await?;
        let fill = |word: &String| {
            word.replace("{host}", &route.host)
                .replace("{port}", &route.port.to_string())
                .replace("{local_port}", &address.port().to_string())
        };
        let words: Vec<String> = command.iter().map(fill).collect();
        let child = Child::start(&words)?;
        let program = words.first().map_or("the program", String::as_str);
        let started = Instant::now();
        loop {
            let accepts = matches!(timeout(POLL, TcpStream::connect(address)).await, Ok(Ok(_)));
            if accepts {
                // If another process has taken the port, the child ends now.
                sleep(POLL).await;
            }
            if let Some(status) = child.ended() {
                // Its last output may not have been read yet.
                sleep(POLL).await;
                return Err(child.error(format!("{program} ended ({status})")));
            }
            if accepts {
                return Ok((address, child));
            }
            if started.elapsed() > READY_TIMEOUT {
                let limit = READY_TIMEOUT.as_secs();
                return Err(child.error(format!("{program} did not open port {} in {limit} seconds", address.port())));
            }
            sleep(POLL).await;
        }
    }

    fn start(words: &[String]) -> Result<Child> {
        let mut process = Command::new("sh")
            .args(["-c", WITH_WATCHER, "sh"])
            .args(words)
            // The plugin listens on this address.
            .env("SSM_PLUGIN_LOCAL_HOST", "127.0.0.1")
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
        Ok(Child { process: Mutex::new(process), group, output })
    }

    /// Whether the forwarding program still runs.
    pub(super) fn is_alive(&self) -> bool {
        self.ended().is_none()
    }

    fn ended(&self) -> Option<ExitStatus> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process.try_wait().ok().flatten()
    }

    fn error(&self, what: String) -> Error {
        let lines = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let output: Vec<&str> = lines.iter().map(String::as_str).collect();
        Error::Tunnel(if output.is_empty() { what } else { format!("{what}: {}", output.join(" / ")) })
    }
}

/// Ends the whole process group and waits briefly until it is gone: otherwise this program could end before it.
impl Drop for Child {
    fn drop(&mut self) {
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

async fn free_address() -> Result<SocketAddr> {
    let failed = |error: std::io::Error| Error::Tunnel(format!("no free port on this machine: {error}"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
    listener.local_addr().map_err(failed)
}

async fn collect(stream: impl AsyncRead + Unpin, output: Output) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let mut kept = output.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == OUTPUT_LINES {
            kept.pop_front();
        }
        kept.push_back(line.to_owned());
    }
}
