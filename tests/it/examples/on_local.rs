use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::cases::{Case, ENVIRONMENT, LOCAL, MASKS, PROGRAMS, SHOP, case, substituted};
use crate::support::cluster::{Cluster, version};
use crate::support::scene::{Done, done};
use crate::support::server;

/// A folder as a reader has it: the configuration, the scripts, and a snapshot of the night.
pub struct Desk {
    folder: tempfile::TempDir,
    pub production: Cluster,
    pub config: PathBuf,
}

impl Desk {
    pub async fn new(case: &Case, master: &str, source: &str) -> Desk {
        let desk = Desk::without_snapshot(case, master).await;
        let snapshots = desk.config.with_file_name("devdb/snapshots").join(source);
        std::fs::create_dir_all(&snapshots).unwrap();
        let port = desk.production.port().to_string();
        let output = Command::new(server::bin(None).join("pg_basebackup"))
            .args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-c", "fast", "-X", "stream", "-D"])
            .arg(snapshots.join("20261121-020000"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        desk
    }

    /// The snapshot is yet to be taken.
    pub async fn without_snapshot(case: &Case, master: &str) -> Desk {
        let (folder, _) = server::directory();
        let production = Cluster::unrelated(&version(15), &["max_wal_senders = 4"]).await;
        let maker = if master == "postgres" {
            String::new()
        } else {
            format!("CREATE ROLE {master} LOGIN CREATEDB CREATEROLE PASSWORD 'p'; SET ROLE {master};")
        };
        production.sql("postgres", &format!("{maker}{}; RESET ROLE", case.roles)).await;
        // Before PostgreSQL 16 only a superuser could close it.
        production.sql("postgres", "CREATE ROLE replicator LOGIN REPLICATION PASSWORD 'p'").await;
        for (database, sql) in case.production {
            production.sql("postgres", &format!("CREATE DATABASE {database} OWNER {master}")).await;
            production.sql(database, &format!("SET ROLE {master}; {sql}")).await;
        }
        let folder_of_config = folder.path().join(case.folder);
        std::fs::create_dir_all(&folder_of_config).unwrap();
        let config = folder_of_config.join("devdb.yaml");
        std::fs::write(&config, substituted(case.place, &[])).unwrap();
        write_scripts(case, folder.path());
        write_programs(&folder.path().join("programs"));
        Desk { folder, production, config }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn devdb(&self, arguments: &[&str]) -> Done {
        let mut command = Command::new(env!("CARGO_BIN_EXE_devdb"));
        command.arg("--config").arg(&self.config).args(arguments).stdin(Stdio::null());
        done(environment(&mut command, self.folder.path()).output().unwrap())
    }

    /// The port that the record leads to.
    pub fn port(&self) -> u16 {
        let text = std::fs::read_to_string(self.config.with_file_name("devdb/pg_service.conf")).unwrap();
        text.lines().find_map(|line| line.strip_prefix("port=")?.parse().ok()).unwrap()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        end_servers(&self.config.with_file_name("devdb/instances"));
    }
}

/// Ends the servers of all generations in a folder.
pub fn end_servers(instances: &Path) {
    for instance in std::fs::read_dir(instances).into_iter().flatten().flatten() {
        let pid = std::fs::read_to_string(instance.path().join("data/postmaster.pid")).ok();
        let pid = pid.and_then(|text| text.lines().next()?.trim().parse().ok());
        if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        }
    }
}

/// The variables and programs of a reader.
pub fn environment<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    for foreign in ["DEVDB_CONFIG", "DEVDB_TARGET", "DEVDB_DATABASE", "GITHUB_STEP_SUMMARY"] {
        command.env_remove(foreign);
    }
    let programs = folder.join("programs").display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    command.envs(ENVIRONMENT).env("PATH", path).env("KEPT", folder).env("PG_BIN", server::bin(None))
}

pub fn write_scripts(case: &Case, folder: &Path) {
    for (path, text) in case.scripts {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

pub fn write_programs(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for (name, text) in PROGRAMS {
        std::fs::write(folder.join(name), text).unwrap();
        std::fs::set_permissions(folder.join(name), PermissionsExt::from_mode(0o755)).unwrap();
    }
}

/// Rotates, and asks the queries of a case as its role, through the record.
async fn rotates(desk: &Desk, case: &Case, password: &str) {
    desk.devdb(&["config", "check"]).code(0);
    desk.devdb(&["doctor"]).code(0);
    desk.devdb(&["rotate", "--verbose"]).code(0).says("is live");
    for (database, query) in case.masked {
        let session = server::login(desk.port(), case.user, password, database).await.unwrap();
        let row = session.query_one(query, &[]).await.unwrap_or_else(|error| panic!("{query}: {error}"));
        assert!(row.get::<_, bool>(0), "{}: {query}", case.place);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_local_example() {
    let desk = Desk::new(case(LOCAL), "postgres", "app-prod").await;
    rotates(&desk, case(LOCAL), "dev-developer-password").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_databases_with_a_service_account_and_developers() {
    let desk = Desk::new(case(SHOP), "shop_admin", "shop-prod").await;
    rotates(&desk, case(SHOP), "dev-kim-password").await;
    let kept = std::fs::read_to_string(desk.path("pass")).unwrap();
    assert_eq!(kept.trim_end().len(), 40, "the generated master password was stored");
    server::login(desk.port(), "shop_admin", kept.trim_end(), "shop").await.unwrap();
    server::login(desk.port(), "shop_service", "dev-shop-password", "billing").await.unwrap();
    // `keep: 1`: the next night leaves this generation.
    desk.devdb(&["rotate"]).code(0);
    desk.devdb(&["rollback"]).code(0).says("is live");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_decisions_of_the_section_on_masks() {
    let desk = Desk::new(case(MASKS), "postgres", "app-prod").await;
    // No role of this configuration can log in: what is left of production, the leak check has looked for.
    rotates(&desk, case(MASKS), "").await;
}
