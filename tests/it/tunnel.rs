//! Tunnels through a stand-in for the program `aws` that really forwards a port.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use devdb::pg::tunnel::{Transport, Tunnel};
use devdb::pg::{Credentials, Error, Route, Trust, connect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::cluster_for_scripts::{MASTER, cluster};

/// Forwards a port as the AWS CLI does: by a child process, like the session-manager-plugin. Its behaviour is read from a file
/// in its folder.
const AWS: &str = r#"#!/usr/bin/env python3
import os, signal, socket, subprocess, sys, threading, time
here = os.path.dirname(os.path.abspath(sys.argv[0]))
with open(os.path.join(here, "pids"), "a") as f: f.write(f"{os.getpid()}\n")
orders = open(os.path.join(here, "orders")).read().split()
if sys.argv[1] != "plugin":
    with open(os.path.join(here, "argv"), "w") as f: f.write(" ".join(sys.argv[1:]))
    if "refuse" in orders:
        print("\nAn error occurred (TargetNotConnected) when calling StartSession", file=sys.stderr)
        sys.exit(254)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parameters = dict(p.split("=") for p in sys.argv[sys.argv.index("--parameters") + 1].split(","))
    code = subprocess.call([sys.argv[0], "plugin", parameters["host"], parameters["portNumber"], parameters["localPortNumber"]])
    sys.exit(code)
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
    upstream = socket.create_connection((host, port))
    for each in (client, upstream): each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for pair in ((client, upstream), (upstream, client)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"#;

/// A folder with a stand-in for the program `aws`.
pub struct StandIn {
    folder: tempfile::TempDir,
}

impl StandIn {
    pub fn new(orders: &str) -> StandIn {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("orders"), orders).unwrap();
        let aws = folder.path().join("aws");
        std::fs::write(&aws, AWS).unwrap();
        std::fs::set_permissions(&aws, std::fs::Permissions::from_mode(0o755)).unwrap();
        StandIn { folder }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A transport through this `aws`. The PATH of the test process is not changed: the child gets another one from `env`.
    fn transport(&self) -> Transport {
        let path = format!("PATH={}:{}", self.folder.path().display(), std::env::var("PATH").unwrap());
        let parameters = "host={host},portNumber={port},localPortNumber={local_port}";
        let words = ["env", &path, "aws", "ssm", "start-session", "--parameters", parameters];
        Transport::Command(words.map(str::to_owned).into())
    }

    /// Processes of the stand-in that still run.
    pub fn left(&self) -> Vec<String> {
        let pids = std::fs::read_to_string(self.file("pids")).unwrap_or_default();
        pids.lines().filter(|pid| runs(pid)).map(str::to_owned).collect()
    }
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
        // The session at AWS's end was closed too.
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
    assert_eq!(
        error.to_string(),
        "the tunnel failed: env ended (exit status: 254): An error occurred (TargetNotConnected) when calling StartSession"
    );
    assert!(error.is_disconnect());
    let error = Transport::Command(vec!["no-such-program".into()]).open(&route()).await.unwrap_err();
    assert!(error.to_string().contains("not found"), "{error}");
}

#[tokio::test]
async fn ssm_is_called_with_documented_arguments_and_no_secret() {
    let stand_in = StandIn::new("");
    // The transport calls plain `aws`, so it is run in a process with its own PATH: this test itself.
    let path = format!("{}:{}", stand_in.folder.path().display(), std::env::var("PATH").unwrap());
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tunnel::helper_opens_ssm", "--ignored", "--nocapture"])
        .env("PATH", path)
        .env("TUNNEL_PORT", route().port.to_string())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let argv = std::fs::read_to_string(stand_in.file("argv")).unwrap();
    let (words, local) = argv.rsplit_once("localPortNumber=").unwrap();
    assert_eq!(
        words,
        format!(
            "ssm start-session --region ap-northeast-2 --target i-0123 --document-name \
             AWS-StartPortForwardingSessionToRemoteHost --parameters host=127.0.0.1,portNumber={},",
            route().port
        )
    );
    assert!(local.parse::<u16>().is_ok(), "{local}");
    assert_eq!(stand_in.left(), [""; 0]);
}

#[tokio::test]
#[ignore = "run by the test above in a process of its own"]
async fn helper_opens_ssm() {
    let port = std::env::var("TUNNEL_PORT").unwrap().parse().unwrap();
    let transport = Transport::Ssm { instance: "i-0123".into(), region: "ap-northeast-2".into() };
    let tunnel = transport.open(&Route { host: "127.0.0.1".into(), port, server_name: None }).await.unwrap();
    select_one(&tunnel).await.unwrap();
    if std::env::var_os("TUNNEL_HANGS").is_some() {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}

#[tokio::test]
async fn no_process_is_left_when_this_program_is_killed() {
    let stand_in = StandIn::new("");
    let path = format!("{}:{}", stand_in.folder.path().display(), std::env::var("PATH").unwrap());
    let mut program = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tunnel::helper_opens_ssm", "--ignored", "--nocapture"])
        .env("PATH", path)
        .env("TUNNEL_PORT", route().port.to_string())
        .env("TUNNEL_HANGS", "1")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until("the tunnel is up", || stand_in.left().len() == 2).await;
    program.kill().unwrap();
    program.wait().unwrap();
    until("all of it has ended", || stand_in.left().is_empty()).await;
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
    let words = ["python3", "-c", squatter, "{local_port}"];
    let error = Transport::Command(words.map(str::to_owned).into()).open(&route()).await.unwrap_err();
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
