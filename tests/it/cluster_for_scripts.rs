//! One throw-away PostgreSQL for all tests of this binary; each test has a database of its own in it.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use devdb::pg::tunnel::Dial;
use devdb::pg::{Credentials, Session, Trust, connect, identifier};

/// The master user, as on RDS: not a superuser.
pub const MASTER: &str = "master";

pub struct Cluster {
    pub address: SocketAddr,
    /// Its standard input is the server's life: when this process ends, so does the server.
    _keeper: Child,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static DATABASES: AtomicUsize = AtomicUsize::new(0);

pub fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(Cluster::start)
}

/// A new database owned by the master user.
pub async fn database() -> String {
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let root = session_of("postgres", "postgres").await;
    root.run(&format!("CREATE DATABASE {} OWNER {MASTER}", identifier(&name))).await.unwrap();
    name
}

/// A session of the master user.
pub async fn session(database: &str) -> Session {
    session_of(MASTER, database).await
}

pub async fn session_of(user: &str, database: &str) -> Session {
    let dial = Dial { address: cluster().address, server_name: None };
    let credentials = Credentials { user: user.into(), password: "unused".to_owned().into() };
    connect(&dial, &Trust::load(None).unwrap(), &credentials, database).await.unwrap()
}

impl Cluster {
    fn start() -> Cluster {
        let bin = std::env::var_os("PG_BIN").map_or_else(newest, PathBuf::from);
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let directory = tempfile::Builder::new().prefix("devdb-it-").tempdir().unwrap().keep();
        let as_root = rustix::process::geteuid().is_root();
        if as_root {
            let (user, group) = postgres_ids();
            std::os::unix::fs::chown(&directory, Some(user), Some(group)).unwrap();
        }
        let data = directory.join("data");
        let command = |program: &str| {
            let mut command = Command::new(program);
            if as_root {
                let (user, group) = postgres_ids();
                command.uid(user).gid(group);
            }
            command.current_dir(&directory);
            command
        };
        let initdb = bin.join("initdb");
        let made = command(initdb.to_str().unwrap())
            .args(["-N", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        // The server's single-user mode makes the role: not every set of binaries has psql.
        let mut single = command(bin.join("postgres").to_str().unwrap())
            .args(["--single", "-D", data.to_str().unwrap(), "postgres"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let sql = format!("CREATE ROLE {MASTER} LOGIN CREATEROLE CREATEDB\n");
        single.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
        assert!(single.wait().unwrap().success());
        let script = r#"
            exec 3<&0 </dev/null
            "$1/postgres" -D "$2" -p "$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$4" \
                -c fsync=off -c max_connections=200 >"$4/log" 2>&1 3<&- &
            cat <&3
            kill -QUIT $!; wait; rm -rf "$4"
        "#;
        let keeper = command("sh")
            .args(["-c", script, "sh"])
            .args([&bin, &data, &PathBuf::from(port.to_string()), &directory])
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        // It writes the port's state here as soon as it accepts logins.
        let pid_file = data.join("postmaster.pid");
        let ready = (0..300).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            std::fs::read_to_string(&pid_file).is_ok_and(|text| text.lines().any(|line| line.trim() == "ready"))
        });
        assert!(ready, "the server did not start");
        Cluster { address: (Ipv4Addr::LOCALHOST, port).into(), _keeper: keeper }
    }
}

fn newest() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("no PostgreSQL server is installed");
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.unwrap().path()).collect();
    versions.sort_by_key(|path| path.file_name().unwrap().to_string_lossy().parse::<u32>().unwrap_or(0));
    versions.pop().unwrap().join("bin")
}

fn postgres_ids() -> (u32, u32) {
    let passwd = std::fs::read_to_string(Path::new("/etc/passwd")).unwrap();
    let line = passwd.lines().find(|line| line.starts_with("postgres:")).expect("no user postgres");
    let fields: Vec<&str> = line.split(':').collect();
    (fields[2].parse().unwrap(), fields[3].parse().unwrap())
}
