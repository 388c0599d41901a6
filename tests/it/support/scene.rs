//! A scene: a root of the local platform with one snapshot of a small production, a configuration,
//! scripts. A test changes what it is about, runs `devdb`, and looks at the world.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use devdb::pg::Session;
use devdb::pg::server::Account;

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
    databases:
      - name: app
        postproc: scripts
        variables: { mail_domain: dev.example }
    master_password: generate
    roles:
      allow:
        app_service: { password: { command: [printf, "%s", dev-service-password] } }
mask:
  key: { command: [printf, "%s", the key of these tests] }
  rules: { app.users: { name: { fake: english_name } } }
  scripted: [app.users.*, "app.*.받는 사람"]
  keep: ["app.*.*"]
  mail_domains: [dev.example]
"#;

pub const SCRIPTS: [(&str, &str); 3] = [
    (
        "10-scrub/10_users.sql",
        "UPDATE app.users SET email = 'user' || id || '@' || :'mail_domain', name = 'User ' || id, phone = NULL\n\
         WHERE email NOT LIKE '%@' || :'mail_domain';\n\
         UPDATE app.\"주문 \"\"특별\"\"\" SET \"받는 사람\" = '홍길동';\n",
    ),
    (
        "20-seed/10_developer.sql",
        "INSERT INTO app.users VALUES (9001, 'dev@dev.example', 'Dev') ON CONFLICT (id) DO NOTHING;\n",
    ),
    ("90-verify/10_users.sql", "SELECT id FROM app.users WHERE email NOT LIKE '%@dev.example' OR phone IS NOT NULL;\n"),
];

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
        let (directory, _) = server::directory();
        let scene = Scene { directory, bin: server::bin(major) };
        let snapshots = scene.path("snapshots");
        std::fs::create_dir(&snapshots).unwrap();
        std::fs::create_dir(snapshots.join("app-prod")).unwrap();
        scene.snapshot("20261121-0200", &server::production(major, include_str!("../../fixtures/small.sql")));
        std::fs::write(scene.path("devdb.yaml"), CONFIG).unwrap();
        for (path, text) in SCRIPTS {
            scene.script(path, text);
        }
        scene
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Adds a snapshot: these very files, not a copy. devdb never writes to one.
    pub fn snapshot(&self, id: &str, files: &Path) {
        std::os::unix::fs::symlink(files, self.path("snapshots/app-prod").join(id)).unwrap();
    }

    /// Writes a script.
    pub fn script(&self, path: &str, text: &str) -> &Self {
        let path = self.path("scripts").join(path);
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
        server.single_user_in("app", &[sql.to_owned()]).await.unwrap();
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
        let (_, port) = self.record().expect("a record");
        server::login(port, "app_service", SERVICE_PASSWORD, "app").await.unwrap()
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
