//! The whole night on the simulated account, with the example configuration as it stands: a job of GitHub whose role
//! alone may open a session, the AWS command line itself, three databases, roles of people and services, scripts and
//! masks; then a sample of three users, through a session again, into an image that is pushed.
//!
//! `NIGHT_ROWS` is the number of rows; `make night` sets a million. The server has its default settings.

/// The account, production, and what is substituted in the example.
mod company;

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::engine::{Registry, docker, engine, left, left_since};
use crate::support::server::login;
use crate::support::simulator::action;
use company::{Company, PASSWORDS, REGION};

/// Rows of a night in `make test`.
const ROWS: u64 = 20_000;

fn rows() -> u64 {
    std::env::var("NIGHT_ROWS").map_or(ROWS, |rows| rows.parse().expect("NIGHT_ROWS is a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_night() {
    let (_engine, _turn) = engine().await;
    let left_before = left();
    let registry = Registry::start();

    // Two earlier nights with a small company: `keep: 1` deletes a generation on the third.
    let company = Company::new(1000);
    let first = company.rotate();
    let second = company.rotate();
    assert_eq!(company.generations(), [first.clone(), second.clone()]);
    company.grow(rows());

    let began = Instant::now();
    let production = company.production_data();
    let live = company.rotate();
    eprintln!("night: {} rows rotated in {:?}", rows(), began.elapsed());
    assert_eq!(company.production_data(), production, "production has changed");
    assert_eq!(company.generations(), [second, live.clone()], "{first} is deleted, its successor is kept");
    is_as_configured(&company, &live);
    people_and_services(&company).await;
    company.sessions_are_the_roles(&live);

    let began = Instant::now();
    let image = format!("{}/team/app:night", registry.address);
    company.sample(&registry, &image);
    eprintln!("night: sample in {:?}", began.elapsed());
    image_has_the_users(&company, &image).await;
    assert_eq!(left_since(&left_before), [""; 0]);
    company.left_nothing();
}

/// The first database is masked, the second rewritten by scripts, the third kept.
#[track_caller]
fn is_as_configured(company: &Company, live: &str) {
    let one = |database: &str, sql: &str| company.sql(live, database, sql);
    let users = (rows() / 2).to_string();
    let original = "email LIKE '%@corp.example' OR name ~ '^김민[0-9]+$' OR notes LIKE 'called%' \
                    OR reset_token IS NOT NULL OR settings::text LIKE '%private.example%'";
    assert_eq!(one("app", &format!("SELECT count(*) FROM app.users WHERE id < 90000000 AND ({original})")), "0");
    assert_eq!(one("app", "SELECT count(DISTINCT email) FROM app.users WHERE id < 90000000"), users);
    assert_eq!(one("app", "SELECT count(*) FROM app.events WHERE payload ->> 'email' LIKE '%@corp.example'"), "0");
    assert_eq!(
        one(
            "app",
            "SELECT count(*) FROM app.events e JOIN app.users u ON u.id::text = payload ->> 'user_id' \
                    WHERE u.email <> payload ->> 'email'"
        ),
        "0",
        "the same value is masked alike everywhere"
    );
    assert_eq!(one("app", "SELECT count(*) FROM app.users WHERE email = 'dev@dev.example'"), "1");
    assert_eq!(one("app", "SELECT count(*) FROM app.notices WHERE body LIKE '%press@dev.example'"), "2");
    assert_eq!(one("billing", "SELECT count(*) FROM app.invoices WHERE bill_to NOT LIKE 'customer %'"), "0");
    let daily = "SELECT md5(string_agg(d::text, ',' ORDER BY day)) FROM app.daily d";
    assert_eq!(one("metrics", daily), company.sql("app-prod", "metrics", daily));
    for database in ["app", "billing", "metrics"] {
        let marker = one(database, "SELECT name || ' ' || phase FROM devdb_meta.generation");
        assert_eq!(marker, format!("{live} scrubbed"), "{database}");
    }
}

/// Through the record, as developers connect: only those who are listed, under the passwords of the night.
async fn people_and_services(company: &Company) {
    for (user, password) in [("app_service", PASSWORDS.app), ("developer", PASSWORDS.developer)] {
        let session = company.login(user, password, "app").await.unwrap();
        session.query_one("SELECT count(*) FROM app.users", &[]).await.unwrap();
    }
    for (user, password) in company::CLOSED {
        let refused = company.login(user, password, "app").await.err().unwrap();
        assert!(refused.sqlstate().is_some_and(|code| code.starts_with("28")), "{user}: {refused}");
    }
    let stored = company.stored_password();
    company.login("app_admin", &stored, "billing").await.unwrap();
}

/// The image, as a developer gets it from the registry.
async fn image_has_the_users(company: &Company, image: &str) {
    docker(&["rmi", "--force", image]);
    docker(&["--config", company.docker_config().to_str().unwrap(), "pull", image]);
    let container = docker(&["run", "--detach", "--publish", "127.0.0.1::5432", image]);
    let port = docker(&["port", &container, "5432/tcp"]).rsplit(':').next().unwrap().parse().unwrap();
    let mut session = login(port, "postgres", "postgres", "app").await;
    for _ in 0..200 {
        if session.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        session = login(port, "postgres", "postgres", "app").await;
    }
    let session = session.unwrap_or_else(|error| panic!("{error}: {}", docker(&["logs", &container])));
    let sql = "SELECT count(*) FILTER (WHERE id IN (7, 8, 9)), count(*) FILTER (WHERE email LIKE '%corp.example'), \
               (SELECT count(*) FROM app.plans) FROM app.users";
    let row = session.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1), row.get::<_, i64>(2)), (3, 0, 3));
    drop(session);
    docker(&["rm", "--force", "--volumes", &container]);
    docker(&["rmi", "--force", image]);
}

/// Nothing but the role's sessions reached the account after its token was exchanged, and it changed nothing but
/// generations and the record.
#[track_caller]
fn only_the_role(calls: &[Value]) {
    for call in calls.iter().filter(|call| action(call) != "AssumeRoleWithWebIdentity") {
        assert!(call["access_key"].as_str().unwrap().starts_with("ASIA"), "{call}");
        assert!(call["region"] == REGION || call["service"] == "route53", "{call}");
        if let Some(changed) = call["params"]["DBInstanceIdentifier"].as_str() {
            assert!(action(call).starts_with("Describe") || changed.starts_with("app-dev-"), "{call}");
        }
    }
    assert!(calls.iter().any(|call| action(call) == "StartSession" && call["status"] == json!(200)));
}
