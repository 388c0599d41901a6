use std::path::{Path, PathBuf};
use std::process::Command;

use devdb::pg::Trust;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::company::{self, ORIGINALS, PROTECTED};
use super::invariants::Findings;
use super::stage::{Generation, World, stored};
use crate::support::scene::Scene;

pub struct Local {
    scene: Scene,
    folder: PathBuf,
    /// The protected generation's description, which nobody may change.
    protected: Vec<u8>,
}

impl Local {
    pub fn new() -> Local {
        let scene = Scene::new();
        let folder = scene.path("");
        let config = std::fs::read_to_string(scene.path("devdb.yaml")).unwrap();
        std::fs::write(scene.path("devdb.yaml"), company::configuration(&config, &stored(&folder))).unwrap();
        let meta = json!({ "resource_id": "somebody-protects-it", "created_at": "2020-01-01T00:00:00Z", "state": "ready",
            "major": 15, "port": null, "open": true, "deletion_protection": true, "tags":
            { "devdb:managed-by": "devdb", "devdb:target": "app-dev", "devdb:phase": "retired" } });
        let protected = serde_json::to_vec(&meta).unwrap();
        let directory = scene.path("instances").join(PROTECTED);
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("devdb.json"), &protected).unwrap();
        Local { scene, folder, protected }
    }

    fn instances(&self) -> PathBuf {
        self.scene.path("instances")
    }

    /// A directory that did not become an instance. It holds no row, and goes after a minute.
    fn is_draft(&self, name: &str) -> bool {
        name.starts_with(".new-") && !self.instances().join(name).join("data").exists()
    }
}

impl World for Local {
    fn command(&self, arguments: &[&str]) -> Command {
        self.scene.command(arguments)
    }

    fn generations(&self) -> Vec<Generation> {
        let read = |name: String| {
            let meta: Value =
                serde_json::from_slice(&std::fs::read(self.instances().join(&name).join("devdb.json")).ok()?).ok()?;
            let port = meta["port"].as_u64().and_then(|port| u16::try_from(port).ok());
            Some(Generation {
                name,
                id: meta["resource_id"].as_str()?.to_owned(),
                phase: meta["tags"]["devdb:phase"].as_str()?.to_owned(),
                // On this machine anybody reaches the port; whom the server admits is tried.
                is_open: true,
                address: port.map(|port| (([127, 0, 0, 1], port).into(), None)),
            })
        };
        self.scene.generations().into_iter().filter(|name| name != PROTECTED).filter_map(read).collect()
    }

    fn live(&self) -> Option<String> {
        self.scene.record().map(|(generation, _)| generation)
    }

    /// Only the snapshot's files: the production server is elsewhere.
    fn production(&self) -> String {
        let root = self.scene.path("snapshots/app-prod/20261121-0200").canonicalize().unwrap();
        let mut lines: Vec<String> = files_below(&root)
            .into_iter()
            .map(|path| {
                let meta = path.metadata().unwrap();
                format!("{} {} {:?}", path.display(), meta.len(), meta.modified().unwrap())
            })
            .collect();
        lines.sort();
        lines.join("\n")
    }

    fn trust(&self) -> Trust {
        Trust::load(None).unwrap()
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn hold_call(&self, _number: usize, _after: bool) {}

    fn is_holding(&self) -> bool {
        false
    }

    fn release(&self) {}

    fn signal_server(&self, signal: Signal) -> bool {
        let live = self.live();
        let clones =
            self.generations().into_iter().filter(|one| !one.is_published() && Some(&one.name) != live.as_ref());
        clones.into_iter().any(|clone| {
            let file = self.instances().join(clone.name).join("data/postmaster.pid");
            let pid = std::fs::read_to_string(file).ok().and_then(|text| text.lines().next()?.parse().ok());
            // A negative number is that of single-user mode.
            let pid = pid.and_then(i32::checked_abs).and_then(Pid::from_raw);
            pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
        })
    }

    fn calls(&self) -> usize {
        0
    }

    fn check(&self, _before: &str, findings: &mut Findings) {
        let protected = std::fs::read(self.instances().join(PROTECTED).join("devdb.json")).unwrap_or_default();
        findings
            .must("3 deletion protection", protected == self.protected, || "the protected generation changed".into());
        for name in self.scene.generations() {
            let log = std::fs::read_to_string(self.instances().join(&name).join("server.log")).unwrap_or_default();
            for original in ORIGINALS {
                findings.must("11 nothing is shown", !log.contains(original), || {
                    format!("{original} is in the server log of {name}")
                });
            }
        }
    }

    fn left_over(&self, generations: &[String]) -> Vec<String> {
        let known = |name: &str| generations.iter().any(|one| one == name) || name == PROTECTED;
        let mut left: Vec<String> =
            names_in(&self.instances()).into_iter().filter(|name| !known(name) && !self.is_draft(name)).collect();
        let expected = [
            "snapshots",
            "instances",
            "scripts",
            "scripts-billing",
            "out",
            "tmp",
            "stored-password",
            "stored-password.new",
        ];
        let files = ["devdb.yaml", "pg_service.conf", "pg_service.lock", "pg_service.new"];
        left.extend(
            names_in(&self.folder)
                .into_iter()
                .filter(|name| !expected.contains(&name.as_str()) && !files.contains(&name.as_str())),
        );
        left.extend(names_in(&self.folder.join("tmp")).into_iter().map(|name| format!("tmp/{name}")));
        let servers = processes_naming(&self.folder);
        let wanted = |command: &String| {
            generations
                .iter()
                .any(|name| command.contains(&format!("/{name}/data")) && command.contains("postgres -D "))
        };
        left.extend(servers.iter().filter(|command| !wanted(command)).cloned());
        if servers.len() != generations.len() {
            left.push(format!("{} servers of {} generations", servers.len(), generations.len()));
        }
        left
    }

    fn forget(&self) {}
}

/// Command lines of all processes that name a folder.
fn processes_naming(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    let folder = folder.trim_end_matches('/');
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let commands = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let text = |command: Vec<u8>| String::from_utf8_lossy(&command).replace('\0', " ");
    commands.map(text).filter(|command| command.contains(folder)).collect()
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn files_below(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![root.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                waiting.push(entry.path());
            }
            found.push(entry.path());
        }
    }
    found
}
