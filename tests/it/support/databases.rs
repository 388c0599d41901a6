//! The databases of the small production: one that masks and scripts scrub, one that scripts alone scrub, one that is
//! kept, and `postgres`, which is configured although it is empty.

use std::path::Path;

use devdb::pg::{Session, identifier};

use super::server::MASTER;

/// A name that needs quotation marks in SQL, in a connection string, in YAML and in a shell.
pub const REFERENCE: &str = "Ünï \"cøde\" db";

/// A database: name and content.
pub type Database = (&'static str, &'static str);

/// Those with content.
pub const FILLED: [Database; 3] = [
    ("app", include_str!("../../fixtures/small.sql")),
    ("billing", include_str!("../../fixtures/billing.sql")),
    (REFERENCE, include_str!("../../fixtures/reference.sql")),
];

/// All that are configured.
pub const CONFIGURED: [&str; 4] = ["app", "billing", REFERENCE, "postgres"];

/// The section `databases` of a target.
pub const SECTION: &str = r#"databases:
      - name: app
        postproc: scripts
        variables: { mail_domain: dev.example }
      - { name: billing, postproc: scripts-billing }
      - name: "Ünï \"cøde\" db"
      - name: postgres
"#;

/// The section `mask`.
pub const MASK: &str = r#"mask:
  key: { command: [printf, "%s", the key of these tests] }
  rules: { app.users: { name: { fake: english_name } } }
  scripted: [app.users.*, "app.*.받는 사람", billing.invoices.recipient]
  keep: ["app.*.*", "billing.*.*", "reference.*.*"]
  mail_domains: [dev.example]
"#;

/// Scripts by path, next to the configuration.
const SCRIPTS: [(&str, &str); 5] = [
    (
        "scripts/10-scrub/10_users.sql",
        "UPDATE app.users SET email = 'user' || id || '@' || :'mail_domain', name = 'User ' || id, phone = NULL\n\
         WHERE email NOT LIKE '%@' || :'mail_domain';\n\
         UPDATE app.\"주문 \"\"특별\"\"\" SET \"받는 사람\" = '홍길동';\n",
    ),
    (
        "scripts/20-seed/10_developer.sql",
        "INSERT INTO app.users VALUES (9001, 'dev@dev.example', 'Dev') ON CONFLICT (id) DO NOTHING;\n",
    ),
    (
        "scripts/90-verify/10_users.sql",
        "SELECT id FROM app.users WHERE email NOT LIKE '%@dev.example' OR phone IS NOT NULL;\n",
    ),
    (
        "scripts-billing/10-scrub/10_invoices.sql",
        "UPDATE billing.invoices SET recipient = 'invoice' || id || '@dev.example';\n",
    ),
    (
        "scripts-billing/90-verify/10_invoices.sql",
        "SELECT id FROM billing.invoices WHERE recipient NOT LIKE '%@dev.example';\n",
    ),
];

/// Writes the scripts next to the configuration.
pub fn write_scripts(directory: &Path) {
    for (path, text) in SCRIPTS {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// Statements of `psql` that create all databases but the first, which exists.
pub fn more_databases() -> String {
    let create = |(name, sql): &Database| {
        let (name, master) = (identifier(name), identifier(MASTER));
        format!("CREATE DATABASE {name} OWNER {master};\n\\connect {name}\nSET ROLE {master};\n{sql}\nRESET ROLE;\n")
    };
    FILLED[1..].iter().map(create).collect()
}

/// Asserts that a published generation shows a developer no original, and everything that is kept, in every database.
/// `login` opens a developer's session.
#[track_caller]
pub fn assert_scrubbed(generation: &str, login: impl AsyncFn(&'static str) -> Session) {
    super::block_on(async {
        for database in CONFIGURED {
            let session = login(database).await;
            let checks: &[(&str, i64)] = match database {
                "app" => &[
                    ("SELECT count(*) FROM app.users WHERE email LIKE '%corp%' OR phone IS NOT NULL", 0),
                    ("SELECT count(*) FROM app.users WHERE email LIKE '%@dev.example' AND id <= 500", 500),
                    ("SELECT count(*) FROM app.directory WHERE email LIKE '%corp%'", 0),
                    ("SELECT count(*) FROM app.notification_outbox", 0),
                ],
                "billing" => &[
                    ("SELECT count(*) FROM billing.invoices WHERE recipient = 'invoice' || id || '@dev.example'", 60),
                    ("SELECT count(*) FROM billing.recipients WHERE recipient LIKE '%@dev.example'", 60),
                    ("SELECT sum(amount) FROM billing.invoices", 183_000),
                ],
                REFERENCE => &[("SELECT count(*) FROM reference.countries WHERE name LIKE '%e%'", 3)],
                _ => &[],
            };
            for (query, expected) in checks {
                let count: i64 = session.query_one(query, &[]).await.unwrap().get(0);
                assert_eq!(count, *expected, "{generation}, {database}: {query}");
            }
            let marker = devdb::scrub::marker::read_marker(&session).await.unwrap().unwrap();
            assert!(marker.is_scrubbed(generation), "{database}: {marker:?}");
            let left = "SELECT count(*) FROM pg_catalog.pg_class WHERE relname ~ '^leak_'";
            assert_eq!(session.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0, "fingerprints in {database}");
        }
    });
}
