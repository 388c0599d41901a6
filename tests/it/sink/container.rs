//! Images: what is in them, what they say of themselves, how they start, where they are pushed to.

use std::collections::BTreeMap;

use devdb::docker::{DockerConfig, Engine, Image, RegistryLogin};
use devdb::sample::load::error::Error;
use devdb::sample::sink::container::{BuiltImage, ImageSettings, write};
use serde_json::Value;

use super::NOTHING;
use crate::load::{picture, source};
use crate::support::cluster::version;
use crate::support::engine::{Registry, base, docker, engine, left, left_since};
use crate::support::listener::Heard;
use crate::support::server::login;
use crate::support::whole::Whole;

pub(super) fn settings(image: &str) -> ImageSettings {
    ImageSettings {
        image: Image::parse(image).unwrap(),
        base: Some(base()),
        user: "postgres".into(),
        password: "for-developers".to_owned().into(),
        database: "app".into(),
        jobs: 2,
        push: false,
        labels: BTreeMap::from([("snapshot".to_owned(), "s-1".to_owned())]),
    }
}

async fn make(
    engine: &Engine,
    whole: &Whole,
    settings: &ImageSettings,
    logins: &[&dyn RegistryLogin],
) -> Result<BuiltImage, Error> {
    let schema = whole.schema().await;
    write(whole, &schema, engine, settings, logins, &Heard::default(), std::future::pending()).await
}

/// Runs an image as a developer would; answers the container and its port.
async fn run(image: &str) -> (String, u16) {
    let container = docker(&["run", "--detach", "--publish", "127.0.0.1::5432", image]);
    let port = docker(&["port", &container, "5432/tcp"]).rsplit(':').next().unwrap().parse().unwrap();
    for _ in 0..200 {
        if login(port, "postgres", "for-developers", "app").await.is_ok() {
            return (container, port);
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{}", docker(&["logs", &container]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_is_pushed_pulled_and_started() {
    let (engine, _turn) = engine().await;
    let before = left();
    let source = source(&version(15)).await;
    let whole = Whole::of(&source, "app").await;
    let registry = Registry::start();
    let name = format!("{}/team/app:sample", registry.address);
    let settings = ImageSettings { push: true, ..settings(&name) };

    // Nobody who could log in: the image is made, and only the push fails.
    let config = tempfile::tempdir().unwrap();
    let docker_config = DockerConfig::at(config.path());
    let error = make(&engine, &whole, &settings, &[&docker_config]).await.unwrap_err().to_string();
    assert!(error.contains(&format!("push {name}")), "{error}");
    assert_eq!(left_since(&before), NOTHING);

    registry.log_in(config.path());
    let made = make(&engine, &whole, &settings, &[&docker_config]).await.unwrap();
    assert_eq!(left_since(&before), NOTHING);
    let digest = made.digest.unwrap();
    assert!(digest.starts_with("sha256:"), "{digest}");

    let seen: Value = serde_json::from_str(&docker(&["image", "inspect", &name])).unwrap();
    let (config, labels) = (&seen[0]["Config"], &seen[0]["Config"]["Labels"]);
    assert_eq!(labels["devdb.snapshot"], "s-1");
    assert_eq!(labels["devdb.manifest-sha256"], made.manifest.sha256());
    let tables: Value = serde_json::from_str(labels["devdb.tables"].as_str().unwrap()).unwrap();
    assert_eq!(tables["app.users"], 500);
    assert_eq!(config["Cmd"], serde_json::json!(["postgres"]));
    let env: Vec<&str> = config["Env"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert!(
        env.contains(&"PGDATA=/var/lib/devdb/pgdata") && env.contains(&"POSTGRES_PASSWORD=for-developers"),
        "{env:?}"
    );
    assert_eq!(env.iter().filter(|one| one.starts_with("POSTGRES_PASSWORD=")).count(), 1);

    // As somebody else gets it: only from the registry.
    docker(&["rmi", "--force", &made.id]);
    let folder = tempfile::tempdir().unwrap();
    registry.log_in(folder.path());
    docker(&["--config", folder.path().to_str().unwrap(), "pull", &format!("{}/team/app@{digest}", registry.address)]);
    let (container, port) = run(&format!("{}/team/app@{digest}", registry.address)).await;
    let session = login(port, "postgres", "for-developers", "app").await.unwrap();
    assert_eq!(picture(&session).await, picture(&source.superuser("app").await).await);
    let row = session
        .query_one("SELECT current_setting('fsync'), current_setting('wal_level'), nextval('app.users_id_seq')", &[])
        .await
        .unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1), row.get::<_, i64>(2)), ("on", "replica", 501));
    drop(session);
    docker(&["rm", "--force", "--volumes", &container]);
    docker(&["rmi", "--force", &docker(&["images", "--quiet", &format!("{}/team/app", registry.address)])]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_leaves_no_container_and_no_image() {
    let (engine, _turn) = engine().await;
    let before = left();
    let source = source(&version(15)).await;
    let mut whole = Whole::of(&source, "app").await;
    whole.breaks = Some("users".into());
    let error = make(&engine, &whole, &settings("devdb-test/never:1"), &[]).await.unwrap_err().to_string();
    assert!(error.contains("broken on purpose"), "{error}");
    assert_eq!(left_since(&before), NOTHING);

    whole.breaks = None;
    source.sql("app", "SET session_replication_role = replica; DELETE FROM app.teams WHERE id = 2").await;
    let whole = Whole::of(&source, "app").await;
    let error = make(&engine, &whole, &settings("devdb-test/never:1"), &[]).await.unwrap_err().to_string();
    assert!(error.contains("users_team"), "{error}");

    let nowhere = ImageSettings { base: Some("127.0.0.1:1/no/image:1".into()), ..settings("devdb-test/never:1") };
    let error = make(&engine, &whole, &nowhere, &[]).await.unwrap_err().to_string();
    assert!(error.contains("pull 127.0.0.1:1/no/image:1"), "{error}");
    assert_eq!(left_since(&before), NOTHING);
    assert_eq!(docker(&["images", "--quiet", "devdb-test/never"]), "");
}
