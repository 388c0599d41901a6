use std::path::PathBuf;

use serde_json::json;

use super::cases::{Case, ENVIRONMENT, LEAST, SAMPLES, case, substituted};
use super::on_local::{write_programs, write_scripts};
use super::shell;
use crate::support::account::{Account, RECORD};
use crate::support::cluster::{Cluster, version};
use crate::support::simulator::server;

/// An account with the production of a case and what the reader set up.
fn account(case: &Case) -> Account {
    let account = Account::new();
    let group = json!({ "kind": "parameter", "name": "app-dev-pg16", "family": "postgres15",
        "parameters": { "max_logical_replication_workers": "0" } });
    account.bench("group", group);
    let [(database, sql)] = case.production else { panic!("one database") };
    let roles = format!("SET ROLE postgres; {}; RESET ROLE;", case.roles);
    account.bench(
        "production",
        json!({ "id": "app-prod", "password": "prod-master-password", "database": database, "roles_sql": roles,
            "sql": sql, "resource_id": "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "snapshot": {} }),
    );
    let programs = account.path("programs");
    write_programs(&programs);
    write_scripts(case, &account.path(""));
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let kept = account.path("").display().to_string();
    let account = account.with_env("PATH", path).with_env("KEPT", kept);
    ENVIRONMENT.iter().fold(account, |account, (name, value)| account.with_env(name, *value))
}

/// A replica that `devdb_sample` may read, and a developer's server.
struct Servers {
    replica: Cluster,
    laptop: Cluster,
}

impl Servers {
    async fn new(case: &Case) -> Servers {
        let replica = Cluster::start(&version(15), &[]).await;
        replica.sql("postgres", case.roles).await;
        replica.sql("postgres", "CREATE ROLE devdb_sample LOGIN PASSWORD 'r'").await;
        for (database, sql) in case.production {
            replica.sql("postgres", &format!("CREATE DATABASE {database}")).await;
            replica.sql(database, sql).await;
            let grant =
                "GRANT USAGE ON SCHEMA app TO devdb_sample; GRANT SELECT ON ALL TABLES IN SCHEMA app TO devdb_sample";
            replica.sql(database, grant).await;
        }
        let laptop = Cluster::unrelated(&version(15), &[]).await;
        laptop.sql("postgres", "CREATE ROLE dev LOGIN CREATEDB PASSWORD 'd'").await;
        Servers { replica, laptop }
    }
}

fn write(account: &Account, servers: &Servers, places: &[&str]) -> PathBuf {
    let ca = server().ca.display().to_string();
    let (replica, laptop) = (servers.replica.port().to_string(), servers.laptop.port().to_string());
    let values = [
        ("account", account.number.as_str()),
        ("zone", account.zone()),
        ("ca", &ca),
        ("replica", &replica),
        ("laptop", &laptop),
    ];
    let text: String = places.iter().map(|place| substituted(place, &values)).collect();
    let file = account.path("devdb.yaml");
    std::fs::write(&file, text).unwrap();
    file
}

/// What the queries of a case find in the live generation.
#[track_caller]
fn is_masked(account: &Account, case: &Case) {
    let live = account.live().expect("a live generation");
    for (_, query) in case.masked {
        assert_eq!(account.sql(&live, query), "t", "{}: {query}", case.place);
    }
    let open = "SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_catalog.pg_authid
        WHERE rolcanlogin AND rolname NOT IN ('rdsadmin', 'postgres')";
    assert!(account.sql(&live, open).contains(case.user), "{}", case.user);
    assert!(!account.sql(&live, open).contains("kim.minsu"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_least_that_works_and_a_sample() {
    let case = case(LEAST);
    let (account, servers) = (account(case), Servers::new(case).await);
    write(&account, &servers, &[LEAST]);
    let shell = |block: &str| shell::run(block, &account.path(""), &account.command(&[]), &[]);
    shell(shell::CHECK).code(0);
    shell(shell::POLICY).code(0);
    let policy = std::fs::read_to_string(account.path("devdb-policy.json")).unwrap();
    assert!(policy.contains("rds:RestoreDBInstanceFromDBSnapshot"), "{policy}");
    shell(shell::LOOK).code(0).says("nothing was changed");
    shell(shell::FIRST).code(0).says("is live");
    is_masked(&account, case);
    account.login("app_service", "dev-app-password").await.unwrap();

    write(&account, &servers, &[LEAST, SAMPLES]);
    account.devdb(&["doctor", "--sample"]).code(0);
    std::fs::write(account.path("users.txt"), "4\n5\n").unwrap();
    let laptop = servers.laptop.port().to_string();
    let block = shell::run(shell::SAMPLES, &account.path(""), &account.command(&[]), &[("laptop", &laptop)]);
    block.code(0);
    let laptop = servers.laptop.superuser("app_sample").await;
    let count = async |sql: &str| -> i64 { laptop.query_one(sql, &[]).await.unwrap().get(0) };
    // What the last line has loaded: the users of the file.
    assert_eq!(count("SELECT count(*) FROM app.users WHERE email LIKE '%haneul%'").await, 0);
    assert_eq!(count("SELECT count(*) FROM app.users WHERE id IN (4, 5)").await, 2);
    assert_eq!(count("SELECT count(*) FROM app.sessions WHERE user_id = 4").await, 20, "the newest of 100");
    assert_eq!(count("SELECT count(*) FROM app.queue").await, 0);
    assert_eq!(count("SELECT count(*) FROM app.plans").await, 2);
}

/// A team that has a development database already: its record is taken over once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_adopted_by_the_first_rotation() {
    let case = case(LEAST);
    let (account, servers) = (account(case), Servers::new(case).await);
    write(&account, &servers, &[LEAST]);
    account.bench("record", json!({ "name": RECORD, "zone": account.zone(), "value": "old.example.com", "ttl": 1 }));
    let shell = |block: &str| shell::run(block, &account.path(""), &account.command(&[]), &[]);
    shell(shell::FIRST).code(3).says("--adopt");
    shell(shell::ADOPT).code(0).says("is live");
    is_masked(&account, case);
}
