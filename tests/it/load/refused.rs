//! Targets that must not be written to, each tried.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_where_nothing_may_be() {
    let source = source(&version(15)).await;
    let copy = Cluster::start(&version(15), &[]).await;
    let other = Cluster::unrelated(&version(15), &[]).await;
    let whole = Whole::of(&source, "app").await;
    let at = |cluster: &Cluster| target(cluster, "postgres", "", "app2");

    let guard = Guard { allowed: Vec::new(), ..whole.guard(other.address()).await };
    let said = refusal(load_guarded(&whole, &at(&other), &guard, REPLACE).await);
    assert!(said.contains("is not on the list") && said.contains("sample.targets"), "{said}");

    let guard = Guard { production: vec!["127.0.0.1".into()], ..whole.guard(other.address()).await };
    let said = refusal(load_guarded(&whole, &at(&other), &guard, REPLACE).await);
    assert!(said.contains("which is production"), "{said}");

    // Production itself, in another database of its server; and what has its system identifier.
    for (cluster, words) in [(&source, "own system identifier"), (&copy, "own system identifier")] {
        let said = refusal(load(&whole, &at(cluster), REPLACE).await);
        assert!(said.contains(words), "{said}");
    }
    // Not production, but the very database.
    let mut guard = whole.guard(source.address()).await;
    guard.origin.as_mut().unwrap().production = false;
    let said = refusal(load_guarded(&whole, &target(&source, "postgres", "", "app"), &guard, REPLACE).await);
    assert!(said.contains("is the source itself"), "{said}");

    other.sql("postgres", "CREATE ROLE poor LOGIN PASSWORD 'p'").await;
    let said = refusal(load(&whole, &target(&other, "poor", "p", "app2"), REPLACE).await);
    assert!(said.contains("poor may not make one") && said.contains("CREATEDB"), "{said}");

    // A view, a function or a type is something that may be missed.
    for (at, object) in
        ["VIEW v AS SELECT 1", "TYPE t AS ENUM ()", "FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "SCHEMA s"]
            .iter()
            .enumerate()
    {
        let name = format!("full{at}");
        other.sql("postgres", &format!("CREATE DATABASE {name}")).await;
        other.sql(&name, &format!("CREATE {object}")).await;
        let said = refusal(load(&whole, &target(&other, "postgres", "", &name), CAREFUL).await);
        assert!(said.contains("is not empty"), "{object}: {said}");
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
    let said = refusal(load(&whole, &target(&other, "dev", "d", "app"), CAREFUL).await);
    assert!(said.contains("public.t has triggers that would fire"), "{said}");
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
    for (at, columns, said_of) in [
        (0, "a double precision, b varchar(9), c numeric(9,4)", Some((r#"t.a is "pg_catalog"."float8""#, "int8"))),
        (1, "a bigint, b varchar(9), c numeric(9,2)", Some((r#"t.c is "pg_catalog"."numeric"(9,2)"#, "(9,4)"))),
        (2, "a bigint, b varchar(99), c numeric(9,4)", None),
    ] {
        let name = format!("app{at}");
        other.sql("postgres", &format!("CREATE DATABASE {name}")).await;
        other.sql(&name, &format!("CREATE TABLE t ({columns})")).await;
        let done = load(&whole, &target(&other, "postgres", "", &name), CAREFUL).await;
        match said_of {
            Some((found, wanted)) => {
                let said = refusal(done);
                assert!(said.contains(found) && said.contains(wanted), "{said}");
            }
            None => assert_eq!(done.unwrap().way, LoadStrategy::Existing),
        }
    }
}
