//! Where nothing can be proved, nothing passes.

use devdb::mask::Key;
use devdb::scrub::leak::{self, Error, Mode, Search, Secrets};

use super::{Way, found, original, remember, search, secrets, statements};
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};
use crate::support::listener::Heard;

on_every_version!(
    vanished_fingerprints_fail,
    a_killed_run_is_resumed,
    a_lent_filter_is_taken_back,
    rights_and_policies,
    big_and_empty_values
);

const USERS: &str = "CREATE TABLE users (email text);
    INSERT INTO users SELECT 'kim' || i || '@real.kr' FROM generate_series(1, 100) i;
    CREATE TABLE clients (email text);
    INSERT INTO clients SELECT 'lee' || i || '@real.kr' FROM generate_series(1, 100) i";

async fn vanished_fingerprints_fail(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    statements(&master, USERS).await;
    let originals = [original("public.users.email", "email", None)];
    assert!(matches!(search(&cluster, Mode::Stream, &[]).await, Err(Error::NotRemembered)));
    assert_eq!(remember(&cluster, &originals).await.unwrap().fingerprints, 100);
    // Another key finds nothing, and says so.
    let other = Secrets::of(&Key::new("another long secret").unwrap());
    let heard = Heard::default();
    let options = Search { mode: Mode::Stream, survivors: &[], jobs: 1, listener: &heard, secret: &other };
    assert!(matches!(leak::search(&Way(&cluster), "app", &options).await, Err(Error::OtherKey)));
    assert!(matches!(leak::remember(&Way(&cluster), "app", &originals, &other, 1, &heard).await, Err(Error::OtherKey)));
    // One is changed.
    master.run("UPDATE devdb_meta.leak_fingerprint SET second = second + 1 WHERE ctid = '(0,1)'").await.unwrap();
    assert!(matches!(search(&cluster, Mode::Stream, &[]).await, Err(Error::Vanished { .. })));
    master.run("UPDATE devdb_meta.leak_fingerprint SET second = second - 1 WHERE second = (SELECT second FROM devdb_meta.leak_fingerprint ORDER BY ctid DESC LIMIT 1)").await.unwrap();
    search(&cluster, Mode::Stream, &[]).await.unwrap();
    // The server crashes.
    drop(master);
    let cluster = cluster.crash().start(&[]).await;
    for mode in [Mode::Stream, Mode::Server, Mode::Auto] {
        match search(&cluster, mode, &[]).await {
            Err(Error::Vanished { column }) => assert_eq!(column, "public.users.email"),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(remember(&cluster, &originals).await, Err(Error::Vanished { .. })));
}

async fn a_killed_run_is_resumed(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    statements(&master, USERS).await;
    let originals = [original("public.clients.email", "email", None), original("public.users.email", "email", None)];
    // A lock on the second table keeps the run from it; then the run is gone.
    let locking = cluster.login("master", "m", "app").await.unwrap();
    locking.run("BEGIN; LOCK users").await.unwrap();
    let (secret, heard, way) = (secrets(), Heard::default(), Way(&cluster));
    let run = leak::remember(&way, "app", &originals, &secret, 1, &heard);
    tokio::time::timeout(std::time::Duration::from_secs(3), run).await.unwrap_err();
    drop(locking);
    assert!(heard.text().contains("clients") && !heard.text().contains("users"), "{}", heard.text());
    assert!(matches!(search(&cluster, Mode::Stream, &[]).await, Err(Error::NotRemembered)));
    // The first table is masked by now; its originals are not forgotten, and masked ones are none.
    statements(&master, "UPDATE clients SET email = 'x' || md5(email) || '@example.com'").await;
    let remembered = remember(&cluster, &originals).await.unwrap();
    assert_eq!((remembered.columns, remembered.fingerprints), (2, 200));
    assert_eq!(remember(&cluster, &originals).await.unwrap(), remembered);
    statements(&master, "UPDATE users SET email = 'lee7@real.kr' WHERE email = 'kim7@real.kr';\nDELETE FROM users WHERE email LIKE 'kim%'").await;
    assert_eq!(found(&cluster).await, ["public.users.email: 1 email of public.clients.email"]);
    // A column that nobody thought of before masking.
    let late = [original("public.clients.email", "email", None), original("public.users.email", "email", None)];
    statements(&master, "ALTER TABLE users ADD phone text").await;
    let mut late = late.to_vec();
    late.push(original("public.users.phone", "phone", None));
    assert!(matches!(remember(&cluster, &late).await, Err(Error::Late { column }) if column == "public.users.phone"));
    let wrong = [original("public.users.no_such", "email", None)];
    leak::forget(&master).await.unwrap();
    assert!(matches!(remember(&cluster, &wrong).await, Err(Error::NoColumn { .. })));
}

async fn rights_and_policies(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    statements(&master, USERS).await;
    // A service account's table, with a policy that hides all rows even from whom it grants reading to.
    master.run("CREATE ROLE api LOGIN PASSWORD 'p'; GRANT CREATE ON DATABASE app TO api").await.unwrap();
    let api = cluster.login("api", "p", "app").await.unwrap();
    statements(
        &api,
        "CREATE SCHEMA api;
         CREATE TABLE api.copies (email text);
         INSERT INTO api.copies SELECT 'kim7@real.kr' FROM generate_series(1, 3);
         ALTER TABLE api.copies ENABLE ROW LEVEL SECURITY;
         CREATE POLICY nobody ON api.copies USING (false);
         GRANT USAGE ON SCHEMA api TO master;
         GRANT SELECT ON api.copies TO master;
         ANALYZE api.copies;
         SELECT lo_from_bytea(4711, 'kim8@real.kr')",
    )
    .await;
    // A partition of a wrapper that would reach outside.
    cluster
        .sql("app", "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'devdb.invalid'); \
                     CREATE FOREIGN TABLE public.outside (email text) SERVER far")
        .await;
    remember(&cluster, &[original("public.users.email", "email", None)]).await.unwrap();
    statements(&master, "TRUNCATE users").await;
    let expected = [
        "api.copies.email: 3 email of public.users.email",
        "large object 4711: 1 email of public.users.email",
        "pg_stats of api.copies.email: 1 email of public.users.email",
    ];
    assert_eq!(found(&cluster).await, expected);
    let outcome = search(&cluster, Mode::Stream, &[]).await.unwrap();
    assert_eq!(outcome.unread, ["public.outside"]);
    let member: bool = master.query_one("SELECT pg_has_role('master', 'api', 'USAGE')", &[]).await.unwrap().get(0);
    assert!(!member, "what was lent is given back");
    // What cannot be read stops everything, by name.
    cluster.sql("app", "CREATE TABLE public.closed (email text)").await;
    match search(&cluster, Mode::Server, &[]).await {
        Err(error @ Error::Unreadable { .. }) => {
            assert!(error.to_string().starts_with("public.closed cannot"), "{error}")
        }
        other => panic!("{other:?}"),
    }
    match remember(
        &cluster,
        &[original("public.users.email", "email", None), original("public.closed.email", "email", None)],
    )
    .await
    {
        Err(Error::Late { .. }) => {}
        other => panic!("{other:?}"),
    }
    leak::forget(&master).await.unwrap();
    match remember(&cluster, &[original("public.users.email", "email", None)]).await {
        Err(Error::Denied { role, tables, grants }) => {
            assert_eq!((role.as_str(), tables), ("master", vec!["public.closed".to_owned()]));
            assert!(grants[0].ends_with("GRANT SELECT ON \"public\".\"closed\" TO \"master\";"), "{grants:?}");
        }
        other => panic!("{other:?}"),
    }
}

async fn big_and_empty_values(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    statements(&master, USERS).await;
    remember(&cluster, &[original("public.users.email", "email", None)]).await.unwrap();
    statements(
        &master,
        "TRUNCATE users;
         CREATE TABLE big (value text, bytes bytea, document jsonb);
         CREATE TABLE no_columns ();
         INSERT INTO no_columns DEFAULT VALUES;
         INSERT INTO big (value) VALUES (repeat('lorem ipsum 0123456789 ', 2300000) || 'kim9@real.kr ' || repeat('x', 1000000)), (''), (NULL);
         INSERT INTO big (bytes) VALUES (convert_to(repeat('a\"b\\\\c%41', 400000) || ' kim9@real.kr', 'UTF8')), ('');
         INSERT INTO big (document) SELECT jsonb_build_object('a', array_agg('text ' || i), 'z', 'kim9@real.kr') FROM generate_series(1, 200000) i;
         SELECT lo_from_bytea(4712, convert_to(repeat('0123456789', 419430) || 'kim9@real.kr' || repeat(' 0123456789', 900000), 'UTF8'))",
    )
    .await;
    let expected = [
        "public.big.bytes: 1 email of public.users.email",
        "public.big.document: 1 email of public.users.email",
        "public.big.value: 1 email of public.users.email",
    ];
    // The large object's address stands right after digits, so that it is part of a longer word there.
    assert_eq!(found(&cluster).await, expected);
    master.run("SELECT lo_put(4712, 4194300, ' kim9@real.kr '::bytea)").await.unwrap();
    let found = found(&cluster).await;
    assert_eq!(found[0], "large object 4712: 1 email of public.users.email");
}

/// Owners of tables may use the filter during a search, and not after it: whether it ends well, fails, or is
/// killed and another run comes.
async fn a_lent_filter_is_taken_back(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let master = cluster.with_master().await;
    statements(&master, USERS).await;
    // A policy hides its rows from all others.
    master.run("CREATE ROLE owner LOGIN PASSWORD 'p'; GRANT CREATE ON DATABASE app TO owner").await.unwrap();
    let owner = cluster.login("owner", "p", "app").await.unwrap();
    statements(
        &owner,
        "CREATE SCHEMA own;
         CREATE TABLE own.copies (email text);
         INSERT INTO own.copies VALUES ('kim7@real.kr');
         ALTER TABLE own.copies ENABLE ROW LEVEL SECURITY;
         CREATE POLICY nobody ON own.copies USING (false);
         GRANT USAGE ON SCHEMA own TO master;
         GRANT SELECT ON own.copies TO master",
    )
    .await;
    let originals = [original("public.users.email", "email", None)];
    let lent = async || {
        let sql = "SELECT count(*) FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = 'devdb_meta' AND a.grantee = 'owner'::regrole";
        let filter = "SELECT count(*) FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = to_regclass('devdb_meta.leak_filter') AND a.grantee = 'owner'::regrole";
        let superuser = cluster.superuser("app").await;
        let (schema, filter) =
            (superuser.query_one(sql, &[]).await.unwrap(), superuser.query_one(filter, &[]).await.unwrap());
        schema.get::<_, i64>(0) + filter.get::<_, i64>(0)
    };
    remember(&cluster, &originals).await.unwrap();
    search(&cluster, Mode::Server, &[]).await.unwrap();
    assert_eq!(lent().await, 0);
    // A lock on what is read last keeps a search from its end; then it is gone.
    let killed = async || {
        let locking = cluster.superuser("app").await;
        locking.run("BEGIN; LOCK pg_catalog.pg_largeobject_metadata, pg_catalog.pg_largeobject").await.unwrap();
        let run = search(&cluster, Mode::Server, &[]);
        tokio::time::timeout(std::time::Duration::from_secs(3), run).await.unwrap_err();
        drop(locking);
        assert_eq!(lent().await, 2, "the search was killed while the filter was lent");
    };
    killed().await;
    remember(&cluster, &originals).await.unwrap();
    assert_eq!(lent().await, 0);
    killed().await;
    // The next search fails, for a table cannot be read any more.
    cluster.sql("app", "CREATE TABLE denied (email text); INSERT INTO denied VALUES ('kim1@real.kr'); REVOKE ALL ON denied FROM master").await;
    search(&cluster, Mode::Server, &[]).await.unwrap_err();
    assert_eq!(lent().await, 0);
    cluster.sql("app", "DROP TABLE denied").await;
    killed().await;
    let stays = search(&cluster, Mode::Stream, &[]).await.unwrap();
    assert!(!stays.hits.is_empty());
    assert_eq!(lent().await, 0);
}
