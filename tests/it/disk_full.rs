//! A disk that is full: while files are copied, from the beginning of every step, and when a server starts. Expected are
//! the exit code of a failure, the reason, no clone, and the live generation as before.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::fs::{FallocateFlags, StatVfs, fallocate};
use rustix::process::{Pid, Signal, kill_process};

use super::support::databases;
use super::support::scene::{Done, Scene, done};

/// A file system in memory for the instances of a scene, in a mount namespace of its own: no root is needed.
struct Disk<'a> {
    scene: &'a Scene,
    /// Keeps the namespace until its input ends.
    holder: Child,
}

impl Disk<'_> {
    fn mount<'a>(scene: &'a Scene, options: &str) -> Disk<'a> {
        let instances = scene.path("instances");
        std::fs::create_dir_all(&instances).unwrap();
        let mut command = Command::new("unshare");
        if rustix::process::geteuid().is_root() {
            command.arg("--mount");
        } else {
            command.args(["--user", "--map-current-user", "--keep-caps", "--mount"]);
        }
        let script = format!("mount -t tmpfs -o mode=0755,{options} tmpfs \"$0\" && echo mounted && exec cat");
        command.args(["sh", "-c", &script]).arg(&instances).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "mounted\n");
        Disk { scene, holder }
    }

    /// The folder `instances` as the namespace shows it.
    fn folder(&self) -> PathBuf {
        let instances = self.scene.path("instances");
        PathBuf::from(format!("/proc/{}/root", self.holder.id())).join(instances.strip_prefix("/").unwrap())
    }

    /// Returns a command that runs the program given as its first argument in the namespace.
    fn enter(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.arg("--target").arg(self.holder.id().to_string()).arg("--mount");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.arg("--").stdin(Stdio::null());
        command
    }

    fn remount(&self, options: &str) {
        let mut command = self.enter();
        command.args(["mount", "-o", &format!("remount,{options}")]).arg(self.scene.path("instances"));
        assert!(command.status().unwrap().success());
    }

    /// A command of devdb in the namespace.
    fn command(&self, arguments: &[&str]) -> Command {
        let devdb = self.scene.command(arguments);
        let mut command = self.enter();
        command.arg(devdb.get_program()).args(devdb.get_args());
        for (name, value) in devdb.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    fn devdb(&self, arguments: &[&str]) -> Done {
        done(self.command(arguments).output().unwrap())
    }

    /// Names of everything in the folder, sorted.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder()).unwrap().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.retain(|name| name != FILLER);
        names.sort();
        names
    }

    /// Occupies whatever is free but `spare` bytes.
    fn fill(&self, spare: u64) {
        let filler = File::options().create(true).append(true).open(self.folder().join(FILLER)).unwrap();
        let left = free(&statistics(&self.folder())).saturating_sub(spare);
        if left > 0 {
            // What is written meanwhile may make it too much.
            let _ = fallocate(&filler, FallocateFlags::empty(), filler.metadata().unwrap().len(), left);
        }
    }

    fn empty(&self) {
        std::fs::remove_file(self.folder().join(FILLER)).unwrap();
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        // The servers keep the namespace as well.
        for name in self.names() {
            let file = self.folder().join(name).join("data/postmaster.pid");
            let pid = std::fs::read_to_string(file).ok().and_then(|text| text.lines().next()?.trim().parse().ok());
            if let Some(pid) = pid.and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::QUIT);
            }
        }
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// The file that fills the disk.
const FILLER: &str = ".filler";

fn statistics(folder: &Path) -> StatVfs {
    rustix::fs::statvfs(folder).unwrap()
}

fn free(disk: &StatVfs) -> u64 {
    disk.f_bavail * disk.f_frsize
}

/// Asserts the result of a rotation that failed before the swap.
#[track_caller]
fn holds(disk: &Disk<'_>, live: &str, done: &Done, when: &str) {
    let context = format!("{when}: exit {}\n{}", done.code, done.err);
    assert_eq!(done.code, 4, "{context}");
    let reason = format!("no space left on the disk of {}", disk.scene.path("instances").display());
    assert!(done.err.contains(&reason), "{context}");
    for words in ["free", "free space there", "was removed", "the live generation are unchanged"] {
        assert!(done.err.contains(words), "{words:?} is missing, {context}");
    }
    assert_eq!(disk.scene.record().unwrap().0, live, "{context}");
    assert_eq!(disk.names(), [live], "{context}");
    databases::assert_scrubbed(live, async |database| disk.scene.developer_in(database).await);
}

/// No file can be created any more, although there is room for bytes.
#[test]
fn no_inode_is_left_for_a_copy() {
    let scene = Scene::new();
    let disk = Disk::mount(&scene, "size=400m");
    disk.devdb(&["rotate"]).code(0);
    let live = scene.record().unwrap().0;
    let statistics = statistics(&disk.folder());
    let files = statistics.f_files - statistics.f_ffree;
    disk.remount(&format!("nr_inodes={}", files + files / 2));
    let done = disk.devdb(&["rotate"]);
    holds(&disk, &live, &done, "no inodes");
    assert!(done.err.contains("no file can be created"), "{}", done.err);
}

/// Rotates on a disk that is full but for `spare` bytes from the beginning of a step. Its events precede the error output.
fn rotate(disk: &Disk<'_>, step: &str, spare: u64) -> Done {
    let mut command = disk.command(&["rotate", "--format", "json"]);
    let mut run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let program = Pid::from_child(&run);
    let (is_full, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let done = std::thread::scope(|scope| {
        // Whatever is freed is occupied again.
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                if is_full.load(Ordering::Relaxed) {
                    disk.fill(spare);
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let mut events = String::new();
        for line in BufReader::new(run.stdout.take().unwrap()).lines().map_while(Result::ok) {
            if line.contains(r#""step_started""#) && line.contains(&format!(r#""step":"{step}""#)) {
                kill_process(program, Signal::STOP).unwrap();
                disk.fill(spare);
                is_full.store(true, Ordering::Relaxed);
                kill_process(program, Signal::CONT).unwrap();
            }
            events.push_str(&line);
            events.push('\n');
        }
        over.store(true, Ordering::Relaxed);
        let done = done(run.wait_with_output().unwrap());
        Done { err: events + &done.err, ..done }
    });
    assert!(is_full.load(Ordering::Relaxed), "there is no step {step} any more: {}", done.err);
    disk.empty();
    done
}

/// The steps before the swap that write to a clone.
const STEPS: [&str; 9] =
    ["password", "hazards", "logins", "coverage", "remember", "masks", "scripts", "residue", "verify"];

#[test]
fn from_the_beginning_of_any_step() {
    let scene = Scene::new();
    scene
        .config("record: { name: app-dev }", "record: { name: app-dev }\n    deadlines: { password: 5s, publish: 5s }");
    let disk = Disk::mount(&scene, "size=400m");
    disk.devdb(&["rotate"]).code(0);
    let live = scene.record().unwrap().0;
    // With a little space, a step may begin that then fails in the middle.
    let cases = STEPS.map(|step| (step, 0)).into_iter().chain([("password", 12 << 10), ("password", 24 << 10)]);
    for (step, spare) in cases {
        let done = rotate(&disk, step, spare);
        holds(&disk, &live, &done, &format!("full but for {spare} B from {step} on"));
    }
    disk.devdb(&["rotate"]).code(0);
    assert_eq!(disk.names(), [scene.record().unwrap().0]);
}

/// The record is on another disk and has moved: the new generation is live, and the next run completes it.
#[test]
fn from_the_swap_on() {
    let scene = Scene::new();
    let disk = Disk::mount(&scene, "size=400m");
    disk.devdb(&["rotate"]).code(0);
    let old = scene.record().unwrap().0;
    // The program that stores the password runs right before the swap, and waits until the disk is full.
    let program = r#"cat > /dev/null; until [ "$(stat -f -c %a "$0")" = 0 ]; do sleep 0.02; done"#;
    let store = serde_json::json!({ "generate": { "store": ["sh", "-c", program, scene.path("instances")] } });
    scene.config("master_password: generate", &format!("master_password: {store}"));
    let done = rotate(&disk, "store", 0);
    let new = scene.record().unwrap().0;
    let context = format!("exit {}\n{}", done.code, done.err);
    assert!(done.code == 6 && new != old, "{context}");
    assert!(
        done.err.contains("no space left on the disk of") && done.err.contains(&format!("{new} is live")),
        "{context}"
    );
    scene.config(&format!("master_password: {store}"), "master_password: generate");
    disk.devdb(&["rotate"]).code(0).says(&format!("finish {new}"));
    assert_eq!(disk.names(), [new]);
}
