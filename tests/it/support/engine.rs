//! A real container engine, and a real registry for one test.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use devdb::docker::Engine;
use tokio::sync::{Mutex, MutexGuard};

use super::server::free_port;

/// Whoever counts what is left on the engine has it alone.
static TURN: Mutex<()> = Mutex::const_new(());

/// The engine that the set-up found or started; missing is a failure, not a skip.
pub fn address() -> String {
    std::env::var("DEVDB_TEST_DOCKER_HOST").expect(
        "DEVDB_TEST_DOCKER_HOST is not set: run the tests by `make test`, which installs and starts a container engine",
    )
}

/// The image that behaves like the official one, with the system's own PostgreSQL.
pub fn base() -> String {
    std::env::var("DEVDB_TEST_POSTGRES_IMAGE")
        .expect("DEVDB_TEST_POSTGRES_IMAGE is not set: run the tests by `make test`, which builds it")
}

/// The engine, for one test at a time.
pub async fn engine() -> (Engine, MutexGuard<'static, ()>) {
    let turn = TURN.lock().await;
    let engine = Engine::at(&address()).await.unwrap_or_else(|error| panic!("{error}; run `tests/setup.sh test`"));
    (engine, turn)
}

/// What the program `docker` says.
pub fn docker(words: &[&str]) -> String {
    let output = Command::new("docker").arg("--host").arg(address()).args(words).output().unwrap();
    assert!(output.status.success(), "docker {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Containers, unnamed images and volumes that runs of devdb have left, but those that were there before.
pub fn left_since(before: &[String]) -> Vec<String> {
    left().into_iter().filter(|one| !before.contains(one)).collect()
}

/// Containers, unnamed images and volumes that runs of devdb have left.
pub fn left() -> Vec<String> {
    let mut left = Vec::new();
    for words in [
        &["ps", "-a", "--filter", "label=devdb.run", "--format", "container {{.ID}} {{.Status}}"][..],
        &["images", "--filter", "label=devdb.run", "--filter", "dangling=true", "--format", "image {{.ID}}"],
        &["volume", "ls", "--filter", "dangling=true", "--format", "volume {{.Name}}"],
    ] {
        left.extend(docker(words).lines().map(str::to_owned));
    }
    left
}

/// A registry that lets in `devdb` with the password `push-me`.
pub struct Registry {
    server: Child,
    pub address: String,
    _folder: tempfile::TempDir,
}

impl Registry {
    pub fn start() -> Registry {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let address = format!("127.0.0.1:{}", free_port());
        std::fs::write(at("users"), "devdb:$2b$04$km88i5hDa0wZjAwrm/Sxg.RJ9rV7J13a61dG9OEJQLojfQZYjtPxG\n").unwrap();
        let config = format!(
            "version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\nhttp: {{ addr: \"{address}\" }}\n\
             auth: {{ htpasswd: {{ realm: test, path: {} }} }}\n",
            at("images"),
            at("users")
        );
        std::fs::write(at("config.yml"), config).unwrap();
        let log = std::fs::File::create(at("log")).unwrap();
        let server = Command::new("docker-registry")
            .args(["serve", &at("config.yml")])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("docker-registry does not start: run `tests/setup.sh test`, which installs it");
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(&address).is_err() {
            assert!(Instant::now() < deadline, "{}", std::fs::read_to_string(at("log")).unwrap());
            std::thread::sleep(Duration::from_millis(50));
        }
        Registry { server, address, _folder: folder }
    }
}

impl Registry {
    /// Writes the login into a folder for `DOCKER_CONFIG`.
    pub fn log_in(&self, config: &Path) {
        let auth = base64::engine::general_purpose::STANDARD.encode("devdb:push-me");
        let text = format!(r#"{{"auths": {{"{}": {{"auth": "{auth}"}}}}}}"#, self.address);
        std::fs::create_dir_all(config).unwrap();
        std::fs::write(config.join("config.json"), text).unwrap();
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
