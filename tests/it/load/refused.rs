//! Targets that a load refuses.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn targets_that_must_not_be_written_to_are_refused() {
    let source = source(&version(15)).await;
    let copy = Cluster::start(&version(15), &[]).await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    let whole = Whole::of(&source, "app").await;
    let at = |cluster: &Cluster| target(cluster, "postgres", "", "app2");

    let guard = LoadGuard { allowed: Vec::new(), ..whole.guard(other.address()).await };
    let refused = refusal(load_guarded(&whole, &at(&other), &guard, REPLACE).await);
    assert_eq!(refused, Refusal::NotAllowed { target: at(&other).name() });

    let guard = LoadGuard { production: vec!["127.0.0.1".into()], ..whole.guard(other.address()).await };
    let refused = refusal(load_guarded(&whole, &at(&other), &guard, REPLACE).await);
    assert_eq!(refused, Refusal::Production { target: at(&other).name(), production: "127.0.0.1".into() });

    // Production itself, in another database of its server; and what has its system identifier.
    for cluster in [&source, &copy] {
        let refused = refusal(load(&whole, &at(cluster), REPLACE).await);
        assert_eq!(refused, Refusal::SameSystem { target: at(cluster).name() });
    }
    // Not production, but the very database.
    let mut guard = whole.guard(source.address()).await;
    guard.source.as_mut().unwrap().production = false;
    let itself = target(&source, "postgres", "", "app");
    let refused = refusal(load_guarded(&whole, &itself, &guard, REPLACE).await);
    assert_eq!(refused, Refusal::Source { target: itself.name() });

    other.sql("postgres", "CREATE ROLE poor LOGIN PASSWORD 'p'").await;
    let refused = refusal(load(&whole, &target(&other, "poor", "p", "app2"), REPLACE).await);
    assert_eq!(refused, Refusal::Missing { target: at(&other).name(), user: "poor".into() });
    assert!(refused.remedy().contains("ALTER ROLE \"poor\" CREATEDB"), "{}", refused.remedy());

    // A database without tables is not empty if it has other objects.
    for (at, object) in
        ["VIEW v AS SELECT 1", "TYPE t AS ENUM ()", "FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "SCHEMA s"]
            .iter()
            .enumerate()
    {
        let name = format!("full{at}");
        other.sql("postgres", &format!("CREATE DATABASE {name}")).await;
        other.sql(&name, &format!("CREATE {object}")).await;
        let refused = refusal(load(&whole, &target(&other, "postgres", "", &name), CAREFUL).await);
        assert!(matches!(refused, Refusal::NotEmpty { .. }), "{object}: {refused}");
    }
    for cluster in [&source, &copy, &other] {
        assert!(databases(cluster).await.iter().all(|name| name != "app2" && !name.starts_with("devdb_")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn triggers_that_cannot_be_switched_off_stop_the_load() {
    let source = Cluster::start(&version(15), &[]).await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    let sql = "CREATE TABLE t (id integer); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''fired''; END'; \
               CREATE TRIGGER fires BEFORE INSERT ON t EXECUTE FUNCTION f()";
    source.sql("postgres", "CREATE DATABASE app").await;
    source.sql("app", "CREATE TABLE t (id integer); INSERT INTO t VALUES (1)").await;
    other.sql("postgres", "CREATE DATABASE app").await;
    other.sql("app", &format!("{sql}; CREATE ROLE dev LOGIN PASSWORD 'd'; GRANT ALL ON t TO dev")).await;
    let whole = Whole::of(&source, "app").await;
    let refused = refusal(load(&whole, &target(&other, "dev", "d", "app"), CAREFUL).await);
    assert_eq!(refused, Refusal::Triggers { table: "public.t".into(), user: "dev".into() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_of_another_type_are_no_place_for_rows() {
    let source = Cluster::start(&version(15), &[]).await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    source.sql("postgres", "CREATE DATABASE app").await;
    source
        .sql("app", "CREATE TABLE t (a bigint, b varchar(9), c numeric(9,4)); INSERT INTO t VALUES (7, 'b', 0.0001)")
        .await;
    let whole = Whole::of(&source, "app").await;
    for (at, columns, mismatch) in [
        (
            0,
            "a double precision, b varchar(9), c numeric(9,4)",
            Some((r#"t.a has type "pg_catalog"."float8""#, "int8")),
        ),
        (1, "a bigint, b varchar(9), c numeric(9,2)", Some((r#"t.c has type "pg_catalog"."numeric"(9,2)"#, "(9,4)"))),
        (2, "a bigint, b varchar(99), c numeric(9,4)", None),
    ] {
        let name = format!("app{at}");
        other.sql("postgres", &format!("CREATE DATABASE {name}")).await;
        other.sql(&name, &format!("CREATE TABLE t ({columns})")).await;
        let done = load(&whole, &target(&other, "postgres", "", &name), CAREFUL).await;
        match mismatch {
            Some((found, wanted)) => {
                let refused = refusal(done).to_string();
                assert!(refused.contains(found) && refused.contains(wanted), "{refused}");
            }
            None => assert_eq!(done.unwrap().strategy, LoadStrategy::Existing),
        }
    }
}
