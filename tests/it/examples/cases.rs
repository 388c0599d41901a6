use super::documents::configuration;

/// A configuration and what a reader has of his own: a production, scripts, secrets.
pub struct Case {
    /// Its file, or its document and heading.
    pub place: &'static str,
    /// Its folder, from which its paths are relative.
    pub folder: &'static str,
    /// Databases of production, with their content.
    pub production: &'static [(&'static str, &'static str)],
    /// Roles of production.
    pub roles: &'static str,
    /// Scripts, where the configuration names a folder that is not in the repository.
    pub scripts: &'static [(&'static str, &'static str)],
    /// Queries of a role of the configuration, which find the masked values and none of production's.
    pub user: &'static str,
    pub masked: &'static [(&'static str, &'static str)],
}

/// Run by the whole night in tests/it/night.rs.
pub const ELSEWHERE: &str = "examples/aws.yaml";
pub const LOCAL: &str = "examples/local.yaml";
pub const LEAST: &str = "README.md: Configuration 1";
pub const SHOP: &str = "README.md: Configuration 2";
pub const MASKS: &str = "README.md: Masks 1";
pub const SAMPLES: &str = "README.md: Samples 1";

/// Blocks that are no whole configuration, with the one that they are appended to.
pub const FRAGMENTS: [(&str, &str); 1] = [(SAMPLES, LEAST)];

/// Everything that is not run as it is written. `{…}` is known when the test runs.
const SUBSTITUTIONS: [(&str, &str, &str); 7] = [
    // Ids and names of the simulated account.
    (LEAST, "\"123456789012\"", "\"{account}\""),
    (LEAST, "region: ap-northeast-2", "region: us-east-1"),
    (LEAST, "Z0123456789ABCDEFGHIJ", "{zone}"),
    (LEAST, "name: db.dev.example.com", "name: db.example.com"),
    // Its certificate authority is not Amazon's.
    (LEAST, "    databases:\n", "    ssl_root_cert: {ca}\n    databases:\n"),
    // The replica and the developer's server.
    (SAMPLES, "host: replica.example.com", "host: 127.0.0.1, port: {replica}"),
    (SAMPLES, "localhost/app_sample", "localhost:{laptop}/app_sample"),
];

/// Values of the variables and answers of the programs that configurations take secrets from.
pub const ENVIRONMENT: [(&str, &str); 7] = [
    ("DEVDB_MASK_KEY", "a key of the tests of the examples"),
    ("APP_PASSWORD", "dev-app-password"),
    ("DEVELOPER_PASSWORD", "dev-developer-password"),
    ("SHOP_PASSWORD", "dev-shop-password"),
    ("KIM_PASSWORD", "dev-kim-password"),
    ("SAMPLE_PASSWORD", "r"),
    ("PGPASSWORD", "d"),
];

/// `pass show` answers the name of a secret, and `pass insert` keeps what it gets on standard input.
pub const PROGRAMS: [(&str, &str); 1] = [(
    "pass",
    "#!/bin/sh\ncase $1 in\nshow) printf 'secret of the test for %s' \"$2\" ;;\ninsert) cat >\"$KEPT/pass\" ;;\nesac\n",
)];

const NO_ORIGINAL: &str = "SELECT count(*) = 0 FROM app.users WHERE email LIKE '%haneul%' OR phone LIKE '010-2345-%'";
const MASKED: &str =
    "SELECT count(*) >= 400 FROM app.users WHERE email LIKE '%@%' AND phone LIKE '010-%-%' OR phone IS NULL";
const PUBLIC_NO_ORIGINAL: &str =
    "SELECT count(*) = 0 FROM public.users WHERE email LIKE '%haneul%' OR phone LIKE '010-2345-%'";
const PUBLIC_MASKED: &str = "SELECT count(*) = 401 FROM public.users WHERE email LIKE '%@%' AND phone LIKE '010-%-%'";

pub const CASES: [Case; 4] = [
    Case {
        place: LOCAL,
        folder: "examples",
        production: &[("app", include_str!("local.sql"))],
        roles: "CREATE ROLE \"kim.minsu\" LOGIN PASSWORD 'p';",
        scripts: &[],
        user: "developer",
        masked: &[("app", PUBLIC_NO_ORIGINAL), ("app", PUBLIC_MASKED)],
    },
    Case {
        place: LEAST,
        folder: "",
        production: &[("app", include_str!("least.sql"))],
        roles: "CREATE ROLE app_service LOGIN PASSWORD 'p';",
        scripts: &[("postproc-sql/90-verify/10_users.sql", "SELECT id FROM app.users WHERE email LIKE '%haneul%';\n")],
        user: "app_service",
        masked: &[("app", NO_ORIGINAL), ("app", MASKED)],
    },
    Case {
        place: SHOP,
        folder: "",
        production: &[("shop", include_str!("shop.sql")), ("billing", include_str!("billing.sql"))],
        roles: "CREATE ROLE shop_service LOGIN PASSWORD 'p'; CREATE ROLE replicator_old LOGIN PASSWORD 'p';",
        scripts: &[
            (
                "sql/shop/10-scrub/10_orders.sql",
                "UPDATE public.orders SET note = 'Note ' || id WHERE note IS NOT NULL;\n",
            ),
            (
                "sql/shop/20-seed/10_key.sql",
                "UPDATE public.products SET price = length(current_setting('devdb.api_key')), name = :'mail_domain' WHERE id = 1;\n",
            ),
            ("sql/billing/90-verify/10_invoices.sql", "SELECT id FROM public.invoices WHERE total < 0;\n"),
        ],
        user: "kim",
        masked: &[
            (
                "shop",
                "SELECT count(*) = 401 FROM public.customers WHERE reset_token IS NULL AND email NOT LIKE '%haneul%'",
            ),
            (
                "shop",
                "SELECT price = length('secret of the test for shop/dev-api-key') FROM public.products WHERE name = 'dev.example'",
            ),
            ("shop", "SELECT count(*) = 30 FROM public.outbox"),
            ("billing", "SELECT count(*) = 500 FROM public.invoices"),
        ],
    },
    Case {
        place: MASKS,
        folder: "",
        production: &[("app", include_str!("masks.sql"))],
        roles: "CREATE ROLE \"kim.minsu\" LOGIN PASSWORD 'p';",
        scripts: &[("sql/10-scrub/10_notes.sql", "UPDATE public.notes SET body = 'Note ' || id;\n")],
        user: "",
        masked: &[],
    },
];

pub fn case(place: &str) -> &'static Case {
    CASES.iter().find(|case| case.place == place).unwrap()
}

/// A configuration with its substitutions, each of which must have something to replace.
#[track_caller]
pub fn substituted(place: &str, values: &[(&str, &str)]) -> String {
    let mut text = configuration(place);
    for (_, from, to) in SUBSTITUTIONS.iter().filter(|(of, ..)| *of == place) {
        assert!(text.contains(from), "{place}: nothing to replace: {from}");
        let to = values.iter().fold((*to).to_owned(), |to, (name, value)| to.replace(&format!("{{{name}}}"), value));
        text = text.replace(from, &to);
    }
    text
}
