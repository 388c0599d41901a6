//! Rules of the configuration for edges and tables, and the plan of a sample.

use devdb::config::TablePath;
use devdb::sample::SampleError;

use crate::on_every_version;
use crate::support::cluster::Version;

use super::scene::{Scene, config, counts, rows, rows_where};

on_every_version!(
    rules_for_edges_and_tables_apply,
    configured_references_are_followed,
    a_plan_explains_the_sample,
    invalid_requests_are_refused
);

const DDL: &str = "CREATE TABLE plans (id int PRIMARY KEY, name text); \
     CREATE TABLE users (id int PRIMARY KEY, plan int REFERENCES plans, invited_by int REFERENCES users); \
     CREATE TABLE sessions (id int PRIMARY KEY, of int NOT NULL REFERENCES users, at int); \
     CREATE TABLE audit (id int PRIMARY KEY, session int REFERENCES sessions, note text); \
     CREATE TABLE words (id int PRIMARY KEY, lang text); \
     CREATE TABLE queue (id int PRIMARY KEY, of int REFERENCES users, word int REFERENCES words); \
     CREATE INDEX ON sessions (of)";
const DATA: &str = "INSERT INTO plans VALUES (1, 'a'), (2, 'b'), (3, 'c'); \
     INSERT INTO users VALUES (1, 1, NULL), (2, 2, 1), (3, 2, 2); \
     INSERT INTO sessions SELECT i, 1 + i % 3, CASE WHEN i < 30 THEN i END FROM generate_series(1, 60) i; \
     INSERT INTO audit SELECT i, 1 + i % 60, 'n' FROM generate_series(1, 600) i; \
     INSERT INTO words VALUES (1, 'ko'), (2, 'en'), (3, 'ko'); INSERT INTO queue VALUES (1, 1, 2), (2, 2, 2)";

async fn rules_for_edges_and_tables_apply(version: Version) {
    let scene = Scene::new(&version, DDL, DATA).await;
    let sample = async |yaml: &str| {
        scene.sample(&config("", &format!("root: public.users\n{yaml}")), &rows("public.users", "2")).await
    };

    let found = sample("").await;
    assert_eq!((found["public.sessions"].len(), found["public.audit"].len()), (20, 200));
    assert_eq!(found["public.users"], ["(1,1,)", "(2,2,1)"]);

    let found = sample("edges: [{ table: public.sessions, columns: [of], rule: { limit: 3, newest_by: at } }]").await;
    // The newest have the highest numbers; NULL sorts last.
    assert_eq!(found["public.sessions"], ["(22,2,22)", "(25,2,25)", "(28,2,28)"]);
    assert_eq!(found["public.audit"].len(), 30);

    let found = sample("edges: [{ table: public.sessions, columns: [of], rule: stop }]").await;
    assert!(!found.contains_key("public.sessions") && !found.contains_key("public.audit"));

    let found = sample("edges: [{ table: public.users, columns: [invited_by], rule: null }]").await;
    assert_eq!(found["public.users"], ["(2,2,)"]);

    let found =
        sample("tables: { public.plans: all, public.audit: none, public.words: { include: \"lang = 'ko'\" } }").await;
    assert_eq!((found["public.plans"].len(), found["public.words"].len()), (3, 3));
    assert!(!found.contains_key("public.audit"));

    let found = sample("tables: { public.sessions: { where: at > 25 }, public.words: none }").await;
    assert_eq!(found["public.sessions"], ["(28,2,28)"]);
    // References to a table that is left empty are set to NULL.
    assert_eq!(found["public.queue"], ["(2,2,)"]);

    // The rows of a whole table are required, so they are not expanded downward.
    let found = sample("tables: { public.users: all }").await;
    assert_eq!((found["public.users"].len(), found["public.sessions"].len()), (3, 20));
}

async fn configured_references_are_followed(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE users (id int PRIMARY KEY, key uuid UNIQUE); CREATE TABLE files (id bigint PRIMARY KEY, owner int REFERENCES users); \
         CREATE TABLE logs (id int PRIMARY KEY, payload jsonb, actor text); \
         CREATE TABLE notes (id int PRIMARY KEY, about_type text, about_id int); \
         CREATE TABLE visits (id int PRIMARY KEY, visitor text)",
        "INSERT INTO users SELECT i, ('00000000-0000-4000-8000-00000000000' || i)::uuid FROM generate_series(1, 3) i; \
         INSERT INTO files VALUES (1, 2), (2, 1), (3, 3); \
         INSERT INTO logs VALUES (1, '{\"user_id\": 1}', '2'), (2, '{\"user_id\": \"2\"}', 'robot'), (3, '{}', '1'), (4, '{\"user_id\": \"x''y\"}', NULL); \
         INSERT INTO notes VALUES (1, 'User', 1), (2, 'File', 1), (3, 'User', 2), (4, 'File', 2), (5, 'Gone', 1); \
         INSERT INTO visits VALUES (1, '00000000-0000-4000-8000-00000000000A'), (2, '00000000-0000-4000-8000-000000000001'), (3, 'nobody')",
    )
    .await;
    let references = "{ table: public.logs, expression: \"payload ->> 'user_id'\", to: public.users, key: [id] }\n  \
                      - { table: public.logs, columns: [actor], to: public.users, key: [id] }\n  \
                      - { table: public.notes, columns: [about_id], where: \"about_type = 'User'\", to: public.users, key: [id] }\n  \
                      - { table: public.notes, columns: [about_id], where: \"about_type = 'File'\", to: public.files, key: [id] }\n  \
                      - { table: public.visits, columns: [visitor], to: public.users, key: [key] }";
    let found = scene.sample(&config(references, "root: public.users"), &rows("public.users", "1")).await;
    assert_eq!(found["public.logs"].len(), 2, "{found:?}");
    assert_eq!(found["public.notes"], ["(1,User,1)", "(4,File,2)"]);
    assert_eq!(found["public.visits"], ["(2,00000000-0000-4000-8000-000000000001)"]);
    assert_eq!(found["public.files"], ["(2,1)"]);
    // Log 1 also refers to user 2, who is included without owned rows.
    assert_eq!(found["public.users"].len(), 2);
    // They are suggested, except the one in JSON and those whose types or names differ.
    let suggestions = devdb::sample::suggest(&scene.source().await, &[]).await.unwrap();
    assert_eq!(
        devdb::sample::suggest::yaml(&suggestions),
        "references:\n  \
         - { table: 'public.notes', columns: ['about_id'], where: '\"about_type\" = ''User''', to: 'public.users', key: ['id'] } # 2 of 2 values\n"
    );
    let configured = config(references, "root: public.users").targets["app-dev"].masking.references.clone();
    assert_eq!(devdb::sample::suggest(&scene.source().await, &configured).await.unwrap(), []);
    // References are followed upward too, and orphans do no harm.
    let all = [
        rows_where("public.logs", "true", None),
        rows_where("public.visits", "true", None),
        rows_where("public.notes", "id = 2", None),
    ];
    let found = scene.sample(&config(references, "root: public.users"), &all).await;
    assert_eq!((found["public.users"].len(), found["public.files"].len()), (2, 1));
}

async fn a_plan_explains_the_sample(version: Version) {
    let scene = Scene::new(&version, DDL, DATA).await;
    let selection = scene.select(&config("", "root: public.users"), &rows("public.users", "2")).await.unwrap();
    let plan = selection.plan();
    let found = counts(&plan);
    assert_eq!((found["public.users"], found["public.sessions"], found["public.audit"]), (2, 20, 200));
    let contributions: Vec<(&str, u64, u64)> =
        plan.edges.iter().map(|edge| (edge.from.as_str(), edge.down, edge.up)).collect();
    assert!(
        contributions.contains(&("public.sessions (of)", 20, 0))
            && contributions.contains(&("public.users (plan)", 0, 2)),
        "{contributions:?}"
    );
    assert_eq!(plan.unreached, []);
    assert_eq!(
        plan.warnings,
        [
            "public.audit (session) has no index: each round scans the whole table",
            "public.queue (of) has no index: each round scans the whole table",
        ]
    );
    let path = async |table: &str, key: &str| {
        let hops = selection.why(&TablePath::parse(table).unwrap(), key).await.unwrap();
        hops.map(|hops| {
            let shown = |hop: &devdb::sample::Hop| format!("{}:{}", hop.table, hop.key.as_deref().unwrap_or("?"));
            (hops.iter().map(shown).collect::<Vec<_>>().join(" "), hops.last().unwrap().why.clone())
        })
    };
    let seed = "it is a seed row".to_owned();
    assert_eq!(
        path("public.audit", "3").await,
        Some(("public.audit:3 public.sessions:4 public.users:2".into(), seed.clone()))
    );
    assert_eq!(path("public.plans", "1").await, Some(("public.plans:1 public.users:1 public.users:2".into(), seed)));
    assert_eq!(path("public.audit", "1").await, None);
    assert_eq!(path("public.audit", "x").await, None);

    // Tables with rows that are not reached are listed.
    let selection = scene.select(&config("", "root: public.words"), &rows("public.words", "1")).await.unwrap();
    let unreached: Vec<String> = selection.plan().unreached.into_iter().map(|table| table.table).collect();
    assert_eq!(unreached, ["public.audit", "public.plans", "public.queue", "public.sessions", "public.users"]);
}

async fn invalid_requests_are_refused(version: Version) {
    let scene = Scene::new(&version, DDL, DATA).await;
    let refused = async |yaml: &str, keys: &str| match scene
        .select(&config("", &format!("root: public.users\n{yaml}")), &rows("public.users", keys))
        .await
    {
        Err(error) => format!("{error}; {}", error.hint().unwrap_or_default()),
        Ok(_) => "accepted".to_owned(),
    };
    assert_eq!(refused("", "1,9, 2,7").await, "public.users has no rows 9, 7; name rows that exist");
    assert!(refused("", "1,kim").await.starts_with("\"kim\" cannot be a value of public.users.id"));
    assert!(refused("max_rows: 100", "1").await.starts_with(
        "the sample exceeds 100 rows; the path that contributes most rows is public.users → public.sessions → public.audit: "
    ));
    assert!(refused("max_bytes: 1kB", "1").await.starts_with("the sample exceeds 1024 bytes"));
    assert_eq!(refused("max_rows: 10000", "1").await, "accepted");
    let unknown_edge = "edges: [{ table: public.sessions, columns: [id], rule: stop }]";
    assert!(refused(unknown_edge, "1").await.starts_with("sample.edges[0]: public.sessions (id) refers to no table"));
    let not_null = "edges: [{ table: public.sessions, columns: [of], rule: null }]";
    assert!(refused(not_null, "1").await.starts_with("public.sessions (of) cannot be set to NULL: it is not nullable"));
    assert!(
        refused("tables: { public.gone: all }", "1").await.starts_with("sample.tables names the table public.gone")
    );
    let none = config("", "root: public.words\ntables: { public.words: none }");
    let error = scene.select(&none, &rows("public.words", "1")).await.err().unwrap();
    assert_eq!(error.to_string(), "public.words has seed rows and is configured as `none`");
    let error = scene.select(&config("", "root: public.users"), &rows("public.nobody", "1")).await.err().unwrap();
    assert!(matches!(error, SampleError::UnknownName { .. }), "{error}");
}
