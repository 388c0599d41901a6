//! A scene: a root of the local platform with one snapshot of a small production, a configuration,
//! scripts. A test changes what it is about, runs `devdb`, and looks at the world.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use devdb::pg::Session;
use devdb::pg::server::Account;

use super::databases::{self, Database};
use super::server;

/// What the service account's password becomes.
pub const SERVICE_PASSWORD: &str = "dev-service-password";

const CONFIG: &str = r#"version: 1
targets:
  app-dev:
    platform:
      local: { root: ., master_user: app_admin }
    source: { instance: app-prod, max_snapshot_age: 300d }
    generation: { prefix: app-dev-, keep: 0, lease: 1s }
    record: { name: app-dev }
    <databases>    master_password: generate
    roles:
      allow:
        app_service: { password: { command: [printf, "%s", dev-service-password] } }
"#;

pub struct Scene {
    directory: tempfile::TempDir,
    bin: PathBuf,
}

/// A finished command.
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    #[track_caller]
    pub fn code(self, expected: i32) -> Done {
        assert_eq!(self.code, expected, "\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub fn says(self, words: &str) -> Done {
        let all = format!("{}{}", self.out, self.err);
        assert!(all.contains(words), "{words:?} is not in\n{all}");
        self
    }
}

impl Scene {
    /// The usual scene, on the newest installed version.
    pub fn new() -> Scene {
        Scene::on(None)
    }

    /// The usual scene on a major version.
    pub fn on(major: Option<u32>) -> Scene {
        Scene::of(major, &databases::FILLED)
    }

    /// The usual scene with other databases in production.
    pub fn of(major: Option<u32>, production: &'static [Database]) -> Scene {
        let (directory, _) = server::directory();
        let scene = Scene { directory, bin: server::bin(major) };
        let snapshots = scene.path("snapshots");
        std::fs::create_dir(&snapshots).unwrap();
        std::fs::create_dir(snapshots.join("app-prod")).unwrap();
        scene.snapshot("20261121-0200", &server::production(major, production));
        let config = CONFIG.replace("<databases>", databases::SECTION) + databases::MASK;
        std::fs::write(scene.path("devdb.yaml"), config).unwrap();
        databases::write_scripts(scene.directory.path());
        scene
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Adds a snapshot: these very files, not a copy. devdb never writes to one.
    pub fn snapshot(&self, id: &str, files: &Path) {
        std::os::unix::fs::symlink(files, self.path("snapshots/app-prod").join(id)).unwrap();
    }

    /// Replaces the snapshot by a copy in which a superuser has run statements.
    pub async fn alter_production(&self, statements: &[&str]) {
        let snapshot = self.path("snapshots/app-prod/20261121-0200");
        let data = self.path(&format!("altered-{}", self.directory.path().read_dir().unwrap().count()));
        let files = snapshot.canonicalize().unwrap();
        assert!(Command::new("cp").arg("-a").args([&files, &data]).status().unwrap().success());
        let major = std::fs::read_to_string(data.join("PG_VERSION")).unwrap().trim().parse().unwrap();
        let server = devdb::pg::server::Server {
            programs: devdb::pg::server::Programs { bin: self.bin.clone(), major },
            account: Account::for_files_in(&data).unwrap(),
            log: data.with_extension("log"),
            settings: Vec::new(),
            data: data.clone(),
        };
        let statements: Vec<String> = statements.iter().map(|&sql| sql.to_owned()).collect();
        server.single_user_in("postgres", &statements).await.unwrap();
        std::fs::remove_file(&snapshot).unwrap();
        let complete = data.with_extension("complete");
        std::fs::rename(&data, &complete).unwrap();
        std::os::unix::fs::symlink(&complete, &snapshot).unwrap();
    }

    /// Writes a script.
    pub fn script(&self, path: &str, text: &str) -> &Self {
        self.file(&format!("scripts/{path}"), text)
    }

    /// Writes a file next to the configuration.
    pub fn file(&self, path: &str, text: &str) -> &Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Replaces text in the configuration; it must be there.
    #[track_caller]
    pub fn config(&self, from: &str, to: &str) -> &Self {
        let path = self.path("devdb.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from:?} is not in the configuration");
        std::fs::write(path, text.replace(from, to)).unwrap();
        self
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_devdb"));
        command.arg("--config").arg(self.path("devdb.yaml")).args(arguments);
        command.env("PG_BIN", &self.bin).env_remove("DEVDB_CONFIG").env_remove("GITHUB_STEP_SUMMARY");
        command.stdin(Stdio::null());
        command
    }

    pub fn devdb(&self, arguments: &[&str]) -> Done {
        done(self.command(arguments).output().unwrap())
    }

    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Names of all instances, sorted.
    pub fn generations(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("instances")).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        names
    }

    /// What devdb remembers of an instance.
    pub fn meta(&self, name: &str) -> serde_json::Value {
        let text = std::fs::read(self.path("instances").join(name).join("devdb.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Changes what devdb remembers of an instance.
    pub fn edit_meta(&self, name: &str, change: impl FnOnce(&mut serde_json::Value)) {
        let mut meta = self.meta(name);
        change(&mut meta);
        let path = self.path("instances").join(name).join("devdb.json");
        std::fs::write(path, serde_json::to_vec(&meta).unwrap()).unwrap();
    }

    /// The record: generation and port.
    pub fn record(&self) -> Option<(String, u16)> {
        let text = std::fs::read_to_string(self.path("pg_service.conf")).ok()?;
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key).map(str::to_owned));
        Some((value("# devdb generation: ")?, value("port=")?.parse().ok()?))
    }

    /// Runs SQL in an instance as the superuser that a clone has closed: through its files, in
    /// single-user mode, while it is stopped for a moment.
    pub async fn superuser(&self, name: &str, sql: &str) {
        self.superuser_in("app", name, sql).await;
    }

    /// The same in another database.
    pub async fn superuser_in(&self, database: &str, name: &str, sql: &str) {
        let directory = self.path("instances").join(name);
        let major = self.meta(name)["major"].as_u64().and_then(|major| u32::try_from(major).ok()).unwrap();
        let port = self.meta(name)["port"].as_u64().unwrap();
        let file = |file: &str| directory.join(file).display().to_string();
        let settings = [
            ("port", port.to_string()),
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("unix_socket_directories", String::new()),
            ("hba_file", file("hba.conf")),
            ("ident_file", file("ident.conf")),
        ];
        let server = devdb::pg::server::Server {
            programs: devdb::pg::server::Programs { bin: self.bin.clone(), major },
            account: Account::for_files_in(&directory).unwrap(),
            data: directory.join("data"),
            settings: settings.map(|(name, value)| (name.to_owned(), value)).into(),
            log: directory.join("server.log"),
        };
        server.stop("fast").await.unwrap();
        server.single_user_in(database, &[sql.to_owned()]).await.unwrap();
        server.start(std::time::Duration::from_secs(30)).await.unwrap();
    }

    /// Ends an instance's server, as a restart of the machine would.
    pub fn stop_server(&self, name: &str) {
        let data = self.path("instances").join(name).join("data");
        let pid = std::fs::read_to_string(data.join("postmaster.pid")).ok();
        let pid = pid.and_then(|text| text.lines().next()?.trim().parse().ok());
        let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) else { return };
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        for _ in 0..100 {
            if !data.join("postmaster.pid").exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// A developer's session: through the record, as the service account.
    pub async fn developer(&self) -> Session {
        self.developer_in("app").await
    }

    /// The same in another database.
    pub async fn developer_in(&self, database: &str) -> Session {
        let (_, port) = self.record().expect("a record");
        server::login(port, "app_service", SERVICE_PASSWORD, database).await.unwrap()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for name in self.generations() {
            self.stop_server(&name);
        }
    }
}

pub fn done(output: Output) -> Done {
    Done {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
