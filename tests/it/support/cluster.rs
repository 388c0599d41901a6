//! Throw-away PostgreSQL clusters: made in a temporary directory, started on a free port of
//! 127.0.0.1, killed and removed when dropped. The server refuses to run as root; then it runs as the
//! OS user `postgres`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use devdb::pg::tunnel::Dial;
use devdb::pg::{Credentials, Session, Trust, connect};
use tempfile::TempDir;

/// Programs of one PostgreSQL version.
#[derive(Clone, Debug)]
pub struct Version {
    pub major: u32,
    bin: PathBuf,
}

/// A version whose programs the set-up has installed; missing is a failure, not a skip.
pub fn version(major: u32) -> Version {
    let variable = format!("DEVDB_TEST_PG{major}_BIN");
    let debian = PathBuf::from(format!("/usr/lib/postgresql/{major}/bin"));
    let bin = match std::env::var_os(&variable) {
        Some(bin) => PathBuf::from(bin),
        None if debian.is_dir() => debian,
        None => panic!("{variable} is not set: run the tests by `make test`, which installs PostgreSQL {major}"),
    };
    Version { major, bin }
}

/// Turns `async fn scenario(version: Version)` into one test on the oldest, the usual and the newest version.
#[macro_export]
macro_rules! on_every_version {
    ($($scenario:ident),+ $(,)?) => { $crate::on_versions!([$($scenario)+], on_14 = 14, on_15 = 15, on_18 = 18); };
}

/// The same for what differs between versions, such as roles, and for one scenario of each area: on all versions.
#[macro_export]
macro_rules! on_14_to_18 {
    ($($scenario:ident),+ $(,)?) => {
        $crate::on_versions!([$($scenario)+], on_14 = 14, on_15 = 15, on_16 = 16, on_17 = 17, on_18 = 18);
    };
}

/// One module for each scenario, with one test for each version.
#[macro_export]
macro_rules! on_versions {
    ([$scenario:ident $($more:ident)*], $($test:ident = $major:literal),+) => {
        mod $scenario {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$scenario($crate::support::cluster::version($major)).await })+
        }
        $crate::on_versions!([$($more)*], $($test = $major),+);
    };
    ([], $($rest:tt)*) => {};
}

/// A data directory on disk, not running.
pub struct Stopped {
    version: Version,
    directory: TempDir,
}

/// A running server.
pub struct Cluster {
    version: Version,
    directory: Option<TempDir>,
    server: Child,
    port: u16,
}

impl Cluster {
    /// A new cluster with these lines added to `postgresql.conf`.
    pub async fn start(version: &Version, settings: &[&str]) -> Cluster {
        Stopped::fresh(version).start(settings).await
    }

    /// A new cluster that is no copy of any other: with a system identifier of its own.
    pub async fn unrelated(version: &Version, settings: &[&str]) -> Cluster {
        Stopped { version: version.clone(), directory: initdb(version) }.start(settings).await
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// A session of the superuser.
    pub async fn superuser(&self, database: &str) -> Session {
        self.login("postgres", "", database).await.unwrap()
    }

    /// Runs statements as the superuser.
    pub async fn sql(&self, database: &str, sql: &str) {
        self.superuser(database).await.run(sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }

    /// A role as a managed service makes its master user, owning a database `app`.
    pub async fn with_master(&self) -> Session {
        self.sql("postgres", "CREATE ROLE master LOGIN CREATEROLE CREATEDB PASSWORD 'm'").await;
        self.sql("postgres", "CREATE DATABASE app OWNER master").await;
        self.login("master", "m", "app").await.unwrap()
    }

    /// Logs in over TCP.
    pub async fn login(&self, user: &str, password: &str, database: &str) -> devdb::pg::Result<Session> {
        let address = self.address();
        let credentials = Credentials { user: user.into(), password: password.to_owned().into() };
        connect(&Dial { address, server_name: None }, &Trust::load(None)?, &credentials, database).await
    }

    /// The port it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How another server reaches this one.
    pub fn conninfo(&self, database: &str) -> String {
        format!("host=127.0.0.1 port={} user=postgres dbname={database}", self.port)
    }

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.as_ref().unwrap().path().join("data")
    }

    /// Stops it at once, as a power failure would; what is on disk stays.
    pub fn crash(mut self) -> Stopped {
        self.kill();
        Stopped { version: self.version.clone(), directory: self.directory.take().unwrap() }
    }

    /// Stops it in good order.
    pub fn stop(mut self) -> Stopped {
        signal(&self.server, rustix::process::Signal::INT);
        self.server.wait().unwrap();
        Stopped { version: self.version.clone(), directory: self.directory.take().unwrap() }
    }

    fn kill(&mut self) {
        // QUIT ends the children too; KILL would leave them to find out by themselves.
        signal(&self.server, rustix::process::Signal::QUIT);
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline {
            if matches!(self.server.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.as_ref().unwrap().path().join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.directory.is_some() {
            self.kill();
        }
    }
}

fn signal(child: &Child, signal: rustix::process::Signal) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

impl Cluster {
    /// It, and a standby that streams from it and has these lines added to its `postgresql.conf`.
    pub async fn with_standby(self, settings: &[&str]) -> (Cluster, Cluster) {
        let primary = self.stop();
        let copy = primary.copy();
        let primary = primary.start(&[]).await;
        let signal = copy.directory.path().join("data/standby.signal");
        std::fs::write(&signal, "").unwrap();
        if let Some((user, group)) = *SERVER_USER {
            std::os::unix::fs::chown(&signal, Some(user), Some(group)).unwrap();
        }
        let from = format!("primary_conninfo = '{}'", primary.conninfo("postgres"));
        let settings: Vec<&str> = settings.iter().copied().chain([from.as_str()]).collect();
        let standby = copy.start(&settings).await;
        (primary, standby)
    }
}

impl Stopped {
    fn fresh(version: &Version) -> Stopped {
        copy(&template(version), version)
    }

    /// A second directory with the same contents: what a snapshot is.
    pub fn copy(&self) -> Stopped {
        copy(&self.directory.path().join("data"), &self.version)
    }

    pub async fn start(self, settings: &[&str]) -> Cluster {
        let data = self.directory.path().join("data");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut conf = std::fs::read_to_string(data.join("postgresql.conf")).unwrap();
        for line in settings {
            conf.push_str(&format!("{line}\n"));
        }
        conf.push_str(&format!("port = {port}\nunix_socket_directories = '{}'\n", self.directory.path().display()));
        std::fs::write(data.join("postgresql.conf"), conf).unwrap();
        let log = std::fs::File::create(self.directory.path().join("log")).unwrap();
        let server = unprivileged(Command::new(self.version.bin.join("postgres")).arg("-D").arg(&data), &self.version)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut cluster = Cluster { version: self.version, directory: Some(self.directory), server, port };
        let deadline = Instant::now() + Duration::from_secs(60);
        while cluster.login("postgres", "", "postgres").await.is_err() {
            if let Ok(Some(status)) = cluster.server.try_wait() {
                panic!("the server ended with {status}: {}", cluster.log());
            }
            assert!(Instant::now() < deadline, "the server did not start: {}", cluster.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        cluster
    }
}

/// One `initdb` for each version; each cluster is a copy of it. It stays for the next run.
fn template(version: &Version) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = std::env::temp_dir().join(format!("devdb-it-template-{}", version.major));
    if !kept.is_dir() {
        // Another process may be doing the same: the first rename wins, and both are alike.
        let made = initdb(version).keep();
        if std::fs::rename(&made, &kept).is_err() {
            std::fs::remove_dir_all(&made).unwrap();
        }
    }
    kept.join("data")
}

fn initdb(version: &Version) -> TempDir {
    let directory = room();
    let data = directory.path().join("data");
    let output = unprivileged(
        Command::new(version.bin.join("initdb"))
            .args(["-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C", "-D"])
            .arg(&data),
        version,
    )
    .output()
    .unwrap();
    assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
    let mut conf = std::fs::read_to_string(data.join("postgresql.conf")).unwrap();
    conf.push_str(
        "listen_addresses = '127.0.0.1'\nfsync = off\nshared_buffers = 16MB\nmax_connections = 30\nmax_wal_size = 256MB\n\
         autovacuum = off\nmax_prepared_transactions = 5\nlog_min_messages = warning\n",
    );
    std::fs::write(data.join("postgresql.conf"), conf).unwrap();
    // The superuser and replication come in freely; everybody else needs a password.
    std::fs::write(
        data.join("pg_hba.conf"),
        "host all postgres 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n",
    )
    .unwrap();
    directory
}

fn copy(data: &Path, version: &Version) -> Stopped {
    let directory = room();
    let status = Command::new("cp").arg("-a").arg(data).arg(directory.path().join("data")).status().unwrap();
    assert!(status.success());
    Stopped { version: version.clone(), directory }
}

/// A directory that the server's user may write to.
fn room() -> TempDir {
    let directory = tempfile::Builder::new().prefix("devdb-it-").tempdir().unwrap();
    std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
    if let Some((user, group)) = *SERVER_USER {
        std::os::unix::fs::chown(directory.path(), Some(user), Some(group)).unwrap();
    }
    directory
}

/// The user and group that servers run as, when we are root.
static SERVER_USER: LazyLock<Option<(u32, u32)>> = LazyLock::new(|| {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let id = |flag: &str| {
        let output = Command::new("id").args([flag, "postgres"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    };
    Some((id("-u"), id("-g")))
});

fn unprivileged<'a>(command: &'a mut Command, version: &Version) -> &'a mut Command {
    if let Some((user, group)) = *SERVER_USER {
        command.uid(user).gid(group);
    }
    // Programs from an archive bring their libraries along.
    let libraries = version.bin.with_file_name("lib");
    command.current_dir("/").env("LC_ALL", "C").env("LD_LIBRARY_PATH", libraries).process_group(0)
}
