//! Archives: the same bytes each time, whole or not there, and damage is seen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use devdb::sample::load::error::Error;
use devdb::sample::load::{self, LoadOptions};
use devdb::sample::manifest::Manifest;
use devdb::sample::schema::Schema;
use devdb::sample::sink::archive::{self, Archive};

use crate::load::{picture, source, target};
use crate::support::cluster::{Cluster, version};
use crate::support::listener::Heard;
use crate::support::whole::Whole;

async fn write(whole: &Whole, schema: &Schema, path: &Path, jobs: usize, replace: bool) -> Result<Manifest, Error> {
    let labels = BTreeMap::from([("snapshot".to_owned(), "s-1".to_owned())]);
    archive::write(whole, schema, path, labels, jobs, replace, &Heard::default()).await
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), std::fs::read(path).unwrap());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_sample_gives_the_same_bytes_and_loads_anywhere() {
    let source = source(&version(15)).await;
    let room = tempfile::tempdir().unwrap();
    let (folder, packed, again) = (room.path().join("a"), room.path().join("a.tar.zst"), room.path().join("b.tar.zst"));
    let whole = Whole::of(&source, "app").await;
    let schema = whole.schema().await;
    let manifest = write(&whole, &schema, &folder, 1, false).await.unwrap();
    write(&whole, &schema, &packed, 4, false).await.unwrap();
    // From another snapshot of the same rows, with another dump of the same schema.
    let later = Whole::of(&source, "app").await;
    write(&later, &later.schema().await, &again, 2, false).await.unwrap();
    assert_eq!(std::fs::read(&packed).unwrap(), std::fs::read(&again).unwrap());
    let names: Vec<String> = std::fs::read_dir(room.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    // Other programs can read it.
    let listed = std::process::Command::new("tar").args(["--zstd", "-tf"]).arg(&packed).output();
    if let Ok(listed) =
        listed.map(|output| String::from_utf8(output.stdout).unwrap()).map(|text| (!text.is_empty()).then_some(text))
    {
        assert!(listed.is_none_or(|text| text.starts_with("manifest.json\nmanifest.sha256\nschema/before.sql\n")));
    }

    let said = write(&whole, &schema, &packed, 1, false).await.unwrap_err().to_string();
    assert!(said.contains("already exists"), "{said}");
    write(&whole, &schema, &folder, 1, true).await.unwrap();

    let expected = picture(&source.superuser("app").await).await;
    for (at, path) in [&folder, &packed].into_iter().enumerate() {
        let other = Cluster::unrelated(&version([15, 18][at]), &[]).await;
        let archive = Archive::open(path).await.unwrap();
        assert_eq!((archive.manifest(), archive.manifest().sha256()), (&manifest, manifest.sha256()));
        let guard = whole.guard(other.address()).await;
        let target = target(&other, "postgres", "", "copy");
        let options = LoadOptions { jobs: 2, replace: false };
        load::load(&archive, archive.schema(), &target, &guard, options, &Heard::default(), std::future::pending())
            .await
            .unwrap();
        let found = picture(&other.superuser("copy").await).await;
        let rows = |lines: &[String]| -> Vec<String> {
            lines.iter().filter(|line| line.contains(" rows ")).cloned().collect()
        };
        assert_eq!(rows(&found), rows(&expected));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_a_table_become_one_file() {
    let source = source(&version(15)).await;
    let room = tempfile::tempdir().unwrap();
    let mut whole = Whole::of(&source, "app").await;
    whole.parts = 4;
    let path = room.path().join("split");
    write(&whole, &whole.schema().await, &path, 2, false).await.unwrap();
    let other = Cluster::unrelated(&version(15), &[]).await;
    let archive = Archive::open(&path).await.unwrap();
    let guard = whole.guard(other.address()).await;
    let options = LoadOptions { jobs: 2, replace: false };
    let target = target(&other, "postgres", "", "copy");
    load::load(&archive, archive.schema(), &target, &guard, options, &Heard::default(), std::future::pending())
        .await
        .unwrap();
    assert_eq!(picture(&other.superuser("copy").await).await, picture(&source.superuser("app").await).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_damage_is_refused() {
    let source = source(&version(15)).await;
    let room = tempfile::tempdir().unwrap();
    let whole = Whole::of(&source, "app").await;
    let schema = whole.schema().await;
    let (folder, packed) = (room.path().join("a"), room.path().join("a.tar.zst"));
    write(&whole, &schema, &folder, 2, false).await.unwrap();
    let manifest = write(&whole, &schema, &packed, 2, false).await.unwrap();
    // In a folder: each file with one bit turned, cut short, longer, or gone.
    for (path, content) in files(&folder) {
        for how in 0..4 {
            let mut damaged = content.clone();
            match how {
                0 => *damaged.get_mut(content.len() / 2).unwrap() ^= 1,
                1 => damaged.truncate(content.len() - 2),
                2 => damaged.extend(b";x"),
                _ => std::fs::remove_file(&path).unwrap(),
            }
            if how < 3 {
                std::fs::write(&path, damaged).unwrap();
            }
            assert!(Archive::open(&folder).await.is_err(), "{} by {how}", path.display());
            std::fs::write(&path, &content).unwrap();
        }
    }
    Archive::open(&folder).await.unwrap();
    // In one file: any byte, any length.
    let content = std::fs::read(&packed).unwrap();
    let step = (content.len() / 60).max(1);
    for at in (0..content.len()).step_by(step) {
        let mut damaged = content.clone();
        damaged[at] ^= 0x10;
        std::fs::write(&packed, damaged).unwrap();
        // A few bits mean nothing to zstd: then what comes out is what went in.
        if let Ok(archive) = Archive::open(&packed).await {
            assert_eq!(archive.manifest().text(), manifest.text(), "byte {at} of {}", content.len());
        }
        std::fs::write(&packed, &content[..at]).unwrap();
        assert!(Archive::open(&packed).await.is_err(), "cut at {at} of {}", content.len());
    }
    std::fs::write(&packed, [&content[..], b"x"].concat()).unwrap();
    assert!(Archive::open(&packed).await.is_err(), "something behind the end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_or_broken_it_leaves_nothing_that_looks_whole() {
    let source = source(&version(15)).await;
    let room = tempfile::tempdir().unwrap();
    let mut whole = Whole::of(&source, "app").await;
    let schema = whole.schema().await;
    for name in ["a", "a.tar.zst"] {
        let path = room.path().join(name);
        for life in [1, 5, 20, 60] {
            let killed =
                tokio::time::timeout(Duration::from_millis(life), write(&whole, &schema, &path, 2, false)).await;
            if killed.is_ok() {
                Archive::open(&path).await.unwrap();
                break;
            }
            assert!(!path.exists(), "{name} is there after {life} ms");
        }
        whole.breaks = Some("users".into());
        let error = write(&whole, &schema, &path, 2, true).await.unwrap_err().to_string();
        assert!(error.contains("broken on purpose"), "{error}");
        whole.breaks = None;
        write(&whole, &schema, &path, 2, true).await.unwrap();
        Archive::open(&path).await.unwrap();
    }
    // A stage that a killed process could not remove, and one of a process that lives.
    let stage = room.path().join("a.partial-0123456789abcdef");
    std::fs::create_dir_all(stage.join("archive")).unwrap();
    write(&whole, &schema, &room.path().join("a"), 2, true).await.unwrap();
    assert!(!stage.exists());
    std::fs::create_dir_all(&stage).unwrap();
    let lock = std::fs::File::open(&stage).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    write(&whole, &schema, &room.path().join("a"), 2, true).await.unwrap();
    assert!(stage.exists());
}
