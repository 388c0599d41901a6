use crate::support::scene::SERVICE_PASSWORD;
use crate::support::server::{MASTER, MASTER_PASSWORD};

/// A value that only production has: a regular expression, for PostgreSQL and for texts.
pub const ORIGINALS: [&str; 4] = ["corp.example", "010-1234-", "김민수", "이영희"];

/// Logins of production. None works on a generation, whether published or not.
pub const PRODUCTION_LOGINS: [(&str, &str); 4] = [
    (MASTER, MASTER_PASSWORD),
    ("app_service", "prod-service-password"),
    ("kim.minsu", "prod-minsu-password"),
    ("postgres", ""),
];

/// The login of developers.
pub const DEVELOPER: (&str, &str) = ("app_service", SERVICE_PASSWORD);

/// The generation that somebody protects; it is never touched. Its name is older than all others.
pub const PROTECTED: &str = "app-dev-20200101-000000";

/// What no run may write anywhere, besides the originals.
pub const SECRETS: [&str; 5] =
    [MASTER_PASSWORD, "prod-service-password", "prod-minsu-password", SERVICE_PASSWORD, "the key of these tests"];

/// The shortest script that keeps a password: all of it, or what was there before.
const STORE: &str = r#"generate: { store: [sh, -c, 'cat > "$0".new && mv "$0".new "$0"', "<stored>"] }"#;

const SAMPLE: &str = r#"sample:
  root: app.users
  database: app
  source: { user: app_service, password: { command: [printf, "%s", dev-service-password] } }
"#;

/// The configuration of the fixtures, with a kept generation, a stored password and samples.
pub fn configuration(fixture: &str, stored: &std::path::Path) -> String {
    let stored = STORE.replace("<stored>", &stored.display().to_string());
    let changes = [
        ("keep: 0", "keep: 1"),
        ("lease: 2s", "lease: 1s"),
        ("ttl: 1s", "ttl: 0s"),
        ("master_password: generate", &format!("master_password: {{ {stored} }}")),
    ];
    changes.iter().fold(fixture.to_owned(), |text, (from, to)| text.replace(from, to)) + SAMPLE
}
