//! Tunnels by a program that forwards a port. Those of Session Manager are in `aws_rotate/tunnel.rs`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use devdb::config::Connect;
use devdb::pg::tunnel::{ChildCredentials, ChildEnvironment, Transport, Tunnel};
use devdb::pg::{self, Credentials, Error, Route, Trust, connect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::cluster_for_scripts::{MASTER, cluster};

/// Forwards a port by a child process of its own. Its behaviour is read from a file in its folder.
const FORWARDER: &str = r#"#!/usr/bin/env python3
import os, signal, socket, subprocess, sys, threading, time
here = os.path.dirname(os.path.abspath(sys.argv[0]))
with open(os.path.join(here, "pids"), "a") as f: f.write(f"{os.getpid()}\n")
orders = open(os.path.join(here, "orders")).read().split()
if sys.argv[1] != "child":
    if "refuse" in orders:
        print("\nthe bastion is not connected", file=sys.stderr)
        sys.exit(254)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(subprocess.call([sys.argv[0], "child", *sys.argv[1:]]))
def interrupted(number, frame):
    with open(os.path.join(here, "terminated"), "w") as f: f.write("session")
    os._exit(0)
signal.signal(signal.SIGINT, signal.SIG_IGN if "stubborn" in orders else interrupted)
if "stubborn" in orders: signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "late" in orders: time.sleep(2)
host, port, local = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
def pump(a, b):
    try:
        while data := a.recv(65536): b.sendall(data)
    except OSError: pass
    for s in (a, b):
        try: s.shutdown(socket.SHUT_RDWR)
        except OSError: pass
def watch():
    while not os.path.exists(os.path.join(here, "die")): time.sleep(0.02)
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
server = socket.create_server(("127.0.0.1", local))
print("Waiting for connections...", flush=True)
while True:
    client, _ = server.accept()
    with open(os.path.join(here, "accepted"), "a") as f: f.write("1\n")
    try: upstream = socket.create_connection((host, port))
    except OSError:
        client.close()
        continue
    for each in (client, upstream): each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for pair in ((client, upstream), (upstream, client)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"#;

/// A folder with that program.
struct StandIn {
    folder: tempfile::TempDir,
}

impl StandIn {
    fn new(orders: &str) -> StandIn {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("orders"), orders).unwrap();
        let program = folder.path().join("forward");
        std::fs::write(&program, FORWARDER).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        StandIn { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn transport(&self) -> Transport {
        command(&[&self.file("forward").display().to_string(), "{host}", "{port}", "{local_port}"])
    }

    /// Processes of the stand-in that still run.
    fn left(&self) -> Vec<String> {
        let pids = std::fs::read_to_string(self.file("pids")).unwrap_or_default();
        pids.lines().filter(|pid| runs(pid)).map(str::to_owned).collect()
    }
}

fn command(words: &[&str]) -> Transport {
    Transport::of(&Connect::Command(words.iter().map(|word| (*word).to_owned()).collect()), None, None)
}

fn runs(pid: &str) -> bool {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    // A zombie has ended, but was not waited for yet.
    status.rsplit(')').next().and_then(|rest| rest.split_whitespace().next()).is_some_and(|state| state != "Z")
}

fn route() -> Route {
    Route { host: "127.0.0.1".into(), port: cluster().address.port(), server_name: None }
}

async fn select_one(tunnel: &Tunnel) -> Result<(), Error> {
    let credentials = Credentials { user: MASTER.into(), password: "unused".to_owned().into() };
    let session = connect(tunnel, &Trust::load(None).unwrap(), &credentials, "postgres").await?;
    session.run("SELECT 1").await.map(drop)
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn queries_are_forwarded_and_no_process_is_left() {
    for orders in ["", "late", "stubborn"] {
        let stand_in = StandIn::new(orders);
        let tunnel = stand_in.transport().open(&route()).await.unwrap();
        assert_ne!(tunnel.address.port(), route().port);
        select_one(&tunnel).await.unwrap();
        select_one(&tunnel).await.unwrap();
        assert!(tunnel.is_alive());
        assert_eq!(stand_in.left().len(), 2);
        let started = Instant::now();
        drop(tunnel);
        assert!(started.elapsed() < Duration::from_secs(3), "{orders}: {:?}", started.elapsed());
        assert_eq!(stand_in.left(), [""; 0], "{orders}");
        // It was interrupted first, on which the plugin of Session Manager ends its session.
        assert_eq!(stand_in.file("terminated").exists(), orders != "stubborn", "{orders}");
    }
}

#[tokio::test]
async fn a_dead_tunnel_is_detected_and_can_be_opened_again() {
    let stand_in = StandIn::new("");
    let tunnel = stand_in.transport().open(&route()).await.unwrap();
    std::fs::write(stand_in.file("die"), "").unwrap();
    until("the child has died", || !tunnel.is_alive()).await;
    let error = select_one(&tunnel).await.unwrap_err();
    assert!(error.is_disconnect(), "{error}");
    std::fs::remove_file(stand_in.file("die")).unwrap();
    let again = stand_in.transport().open(&route()).await.unwrap();
    select_one(&again).await.unwrap();
    drop((tunnel, again));
    assert_eq!(stand_in.left(), [""; 0]);
}

#[tokio::test]
async fn an_immediate_exit_is_reported_with_its_output() {
    let stand_in = StandIn::new("refuse");
    let started = Instant::now();
    let error = stand_in.transport().open(&route()).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(5));
    let expected = format!(
        "the tunnel failed: {} ended (exit status: 254): the bastion is not connected",
        stand_in.file("forward").display()
    );
    assert_eq!(error.to_string(), expected);
    assert!(error.is_disconnect());
    let error = command(&["no-such-program"]).open(&route()).await.unwrap_err();
    assert!(error.to_string().contains("not found"), "{error}");
}

/// Credentials that count how often they were requested.
#[derive(Default)]
struct Numbered(std::sync::atomic::AtomicUsize);

#[async_trait]
impl ChildCredentials for Numbered {
    async fn environment(&self) -> pg::Result<ChildEnvironment> {
        let number = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let set = vec![("NUMBERED_SECRET", format!("secret-{number}").into())];
        Ok(ChildEnvironment { set, remove: &["CARGO_MANIFEST_DIR"] })
    }
}

/// Each child has fresh credentials in its environment, which no message and no debug output shows.
#[tokio::test]
async fn each_child_gets_credentials_of_its_own() {
    let show = "echo \"has $NUMBERED_SECRET, ${CARGO_MANIFEST_DIR-no} folder\" >&2; exit 1";
    let words = ["sh", "-c", show].map(str::to_owned).into();
    let transport = Transport::of(&Connect::Command(words), None, Some(Arc::new(Numbered::default())));
    for number in 0..2 {
        let error = transport.open(&route()).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("has ****, no folder") && !shown.contains("secret-"), "{number}: {shown}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("environment").display().to_string();
    let keep = format!("echo $NUMBERED_SECRET >> {file}; exec sleep 1");
    let words = vec!["sh".to_owned(), "-c".to_owned(), keep];
    let transport = Transport::of(&Connect::Command(words), None, Some(Arc::new(Numbered::default())));
    for _ in 0..2 {
        transport.open(&route()).await.unwrap_err();
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), "secret-0\nsecret-1\n");
    let environment = Numbered::default().environment().await.unwrap();
    assert!(!format!("{environment:?}").contains("secret-0"));
}

/// A tunnel is probed without one connection to the server, or by one that the server answers and does not log.
#[tokio::test]
async fn a_probe_without_use_connects_to_nothing() {
    let stand_in = StandIn::new("");
    stand_in.transport().probe_unused(&route()).await.unwrap();
    assert!(!stand_in.file("accepted").exists());
    stand_in.transport().probe(&route()).await.unwrap();
    let nothing = Route { host: "127.0.0.1".into(), port: 9, server_name: None };
    let error = stand_in.transport().probe(&nothing).await.unwrap_err();
    assert!(matches!(error, Error::Connection { .. }), "{error:?}");
    assert!(error.to_string().starts_with("the connection to 127.0.0.1:9 through the tunnel failed"), "{error}");
    assert_eq!(stand_in.left(), [""; 0]);
}

/// A connection never falls back to no TLS.
#[tokio::test]
async fn a_server_without_tls_is_refused_if_a_name_must_be_verified() {
    let address = cluster().address;
    let dial = devdb::pg::tunnel::Dial { address, server_name: Some("db.example.com".into()) };
    let credentials = Credentials { user: MASTER.into(), password: "not sent".to_owned().into() };
    let refused = connect(&dial, &Trust::load(None).unwrap(), &credentials, "postgres").await.err().unwrap();
    assert!(refused.to_string().contains("does not support TLS"), "{refused}");
    // Without a name, only this machine is accepted.
    let elsewhere = devdb::pg::tunnel::Dial { address: ([192, 0, 2, 1], 5432).into(), server_name: None };
    let refused = connect(&elsewhere, &Trust::load(None).unwrap(), &credentials, "postgres").await.err().unwrap();
    assert!(matches!(refused, Error::Identity { .. }), "{refused}");
}

#[tokio::test]
async fn a_direct_connection_uses_an_address_that_accepts() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let route = |host: &str| Route { host: host.into(), port, server_name: Some("db.example".into()) };
    // `localhost` is also ::1, on which nothing listens.
    let tunnel = Transport::Direct.open(&route("localhost")).await.unwrap();
    assert_eq!(tunnel.address, listener.local_addr().unwrap());
    assert_eq!(tunnel.server_name.as_deref(), Some("db.example"));
    assert!(tunnel.is_alive());
    drop(listener);
    let error = Transport::Direct.open(&route("127.0.0.1")).await.unwrap_err();
    assert!(error.to_string().contains("refused") && error.is_disconnect(), "{error}");
    let error = Transport::Direct.open(&route("no-such-host.invalid")).await.unwrap_err();
    assert!(error.to_string().contains("does not resolve"), "{error}");
}

#[tokio::test]
async fn another_process_on_the_port_is_not_taken_for_the_child() {
    // The child ends while another process listens on its port.
    let squatter = "import os, socket, sys, time\n\
                    s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n\
                    if os.fork(): sys.exit(3)\n\
                    os.setsid(); time.sleep(3)";
    let error = command(&["python3", "-c", squatter, "{local_port}"]).open(&route()).await.unwrap_err();
    assert!(error.to_string().contains("exit status: 3"), "{error}");
}

#[tokio::test]
async fn data_is_forwarded_both_ways() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let route = Route { host: "127.0.0.1".into(), port: listener.local_addr().unwrap().port(), server_name: None };
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut word = [0; 4];
                if stream.read_exact(&mut word).await.is_ok() {
                    stream.write_all(&word).await.unwrap();
                }
            });
        }
    });
    let stand_in = StandIn::new("");
    let tunnel = stand_in.transport().open(&route).await.unwrap();
    let mut stream = TcpStream::connect(tunnel.address).await.unwrap();
    stream.write_all(b"ping").await.unwrap();
    let mut word = [0; 4];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"ping");
}
