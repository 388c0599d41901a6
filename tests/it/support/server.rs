//! Server programs of each major version, and clusters to take snapshots of.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use devdb::pg::server::{Account, Programs, Server};
use devdb::pg::tunnel::Dial;
use devdb::pg::{Credentials, Session, Trust, connect, identifier};

use super::databases::Database;

/// The master user of every cluster in these tests: no superuser, as on RDS.
pub const MASTER: &str = "app_admin";
/// Its password in production.
pub const MASTER_PASSWORD: &str = "prod-master-password";
/// Roles of the small production. The master makes them, which from 16 on lets it alter them.
pub const ROLES: &str = "CREATE ROLE app_admin LOGIN CREATEDB CREATEROLE PASSWORD 'prod-master-password';\
    GRANT pg_monitor, pg_signal_backend TO app_admin;\
    SET ROLE app_admin;\
    CREATE ROLE app_service LOGIN PASSWORD 'prod-service-password';\
    CREATE ROLE \"kim.minsu\" LOGIN PASSWORD 'prod-minsu-password';";

/// The directory with the server programs of a major version; the newest installed for `None`.
/// `make test` installs what is missing and says where it is.
pub fn bin(major: Option<u32>) -> PathBuf {
    let variable = major.map_or("DEVDB_TEST_PG_BIN".to_owned(), |major| format!("DEVDB_TEST_PG{major}_BIN"));
    match std::env::var_os(&variable) {
        Some(path) => path.into(),
        None => panic!(
            "{variable} is not set: run the tests with `make test`, or `. \"$(tests/setup.sh cache)/test.env\"` first"
        ),
    }
}

/// The directory with `pg_dump` and `pg_restore` of the newest version, which read every older one.
pub fn client() -> PathBuf {
    let folder = std::env::var_os("DEVDB_TEST_PG18_CLIENT_BIN");
    folder.expect("DEVDB_TEST_PG18_CLIENT_BIN is not set: run the tests with `make test`").into()
}

/// Installed programs as devdb sees them.
pub fn programs(major: Option<u32>) -> Programs {
    let bin = bin(major);
    let text = std::process::Command::new(bin.join("postgres")).arg("--version").output().expect("postgres runs");
    let text = String::from_utf8(text.stdout).unwrap();
    let major = text.split_whitespace().find_map(|word| word.split('.').next()?.parse().ok()).unwrap();
    Programs { bin, major }
}

/// A free port on 127.0.0.1.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A directory that the servers' account can use, removed when dropped.
pub fn directory() -> (tempfile::TempDir, Account) {
    let directory = tempfile::Builder::new().prefix("devdb it-").tempdir().unwrap();
    let account = Account::for_files_in(Path::new("/nonexistent")).unwrap();
    account.own(directory.path()).unwrap();
    (directory, account)
}

/// Settings for a quick server in a test.
pub fn settings(port: u16) -> Vec<(String, String)> {
    [
        ("port", port.to_string().as_str()),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("fsync", "off"),
        ("shared_buffers", "16MB"),
        ("wal_level", "logical"),
        ("max_prepared_transactions", "10"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// Makes a cluster whose superuser is `postgres`.
pub async fn initdb(programs: &Programs, account: Account, data: &Path) {
    let path = data.display().to_string();
    let words = ["-D", &path, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "-N"];
    programs.run("initdb", account, words).await.unwrap();
    // Small segments of settings that a snapshot carries to its clone.
    let conf = data.join("postgresql.conf");
    let text = std::fs::read_to_string(&conf).unwrap();
    std::fs::write(&conf, format!("{text}\nfsync = off\nshared_buffers = 16MB\nwal_level = logical\nmax_prepared_transactions = 10\nmin_wal_size = 32MB\n")).unwrap();
}

/// A session on a server of this machine.
pub async fn login(port: u16, user: &str, password: &str, database: &str) -> devdb::pg::Result<Session> {
    let dial = Dial { address: ([127, 0, 0, 1], port).into(), server_name: None };
    let credentials = Credentials { user: user.into(), password: password.to_owned().into() };
    connect(&dial, &Trust::load(None).unwrap(), &credentials, database).await
}

/// The files of a production with these databases that was shut down. Made once per version and content, kept for
/// later runs beside other temporary files.
pub fn production(major: Option<u32>, databases: &'static [Database]) -> PathBuf {
    type Made = HashMap<(Option<u32>, &'static [Database]), PathBuf>;
    static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    made.entry((major, databases)).or_insert_with(|| super::block_on(fill(major, databases))).clone()
}

async fn fill(major: Option<u32>, databases: &[Database]) -> PathBuf {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let programs = programs(major);
    let mut hash = DefaultHasher::new();
    (ROLES, databases, &programs.bin, 3).hash(&mut hash);
    let kept = std::env::temp_dir().join(format!("devdb-it-production-{:016x}", hash.finish()));
    if kept.exists() {
        return kept;
    }
    let (directory, account) = directory();
    let data = directory.path().join("data");
    initdb(&programs, account, &data).await;
    let port = free_port();
    let log = directory.path().join("log");
    let server = Server { programs, account, data: data.clone(), settings: settings(port), log };
    server.start(Duration::from_secs(60)).await.unwrap();
    let root = login(port, "postgres", "", "postgres").await.unwrap();
    root.run(ROLES).await.unwrap();
    root.run("RESET ROLE").await.unwrap();
    root.run(&format!("ALTER DATABASE postgres OWNER TO {MASTER}")).await.unwrap();
    for (name, sql) in databases {
        if *name != "postgres" {
            root.run(&format!("CREATE DATABASE {} OWNER {MASTER}", identifier(name))).await.unwrap();
        }
        login(port, MASTER, MASTER_PASSWORD, name).await.unwrap().run(sql).await.unwrap();
    }
    drop(root);
    server.stop("fast").await.unwrap();
    std::fs::rename(&data, &kept).unwrap();
    kept
}
