//! A source database, and its samples loaded into another database.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use devdb::config::{Config, TablePath};
use devdb::event::{Event, Listener};
use devdb::pg::tunnel::Transport;
use devdb::pg::{Credentials, Route, Session, Trust};
use devdb::sample::{
    Extraction, Masks, Plan, SampleError, SeedFilter, Seeds, Selection, SelectionInput, Source, select,
};
use futures_util::TryStreamExt;
use futures_util::sink::SinkExt;

use crate::support::cluster::{Cluster, Version};

/// A source: the database `app`, and a role with SELECT only.
pub struct Scene {
    pub cluster: Cluster,
    ddl: String,
}

pub const READER: &str = "CREATE ROLE reader LOGIN PASSWORD 'r'";

impl Scene {
    /// Starts a cluster and creates the database `app` from `ddl` and `data`.
    pub async fn new(version: &Version, ddl: &str, data: &str) -> Scene {
        let cluster = Cluster::start(version, &[]).await;
        for sql in [READER, "CREATE DATABASE app", "CREATE DATABASE copied"] {
            cluster.sql("postgres", sql).await;
        }
        cluster.sql("app", ddl).await;
        cluster.sql("app", data).await;
        cluster.sql("app", "ANALYZE").await;
        cluster.sql("app", GRANT_ALL).await;
        Scene { cluster, ddl: ddl.to_owned() }
    }

    pub async fn source(&self) -> Source {
        source(self.cluster.port(), "reader", "r").await
    }

    /// Selects a sample.
    pub async fn select(&self, config: &Config, seeds: &[Seeds]) -> Result<Selection, SampleError> {
        select_from(&self.source().await, config, seeds).await
    }

    /// Selects a sample and copies it into another database with all its foreign keys, which proves its referential
    /// integrity. Returns the rows of each table as text.
    pub async fn sample(&self, config: &Config, seeds: &[Seeds]) -> BTreeMap<String, Vec<String>> {
        let selection = self.select(config, seeds).await.unwrap_or_else(|error| panic!("{error}"));
        self.load(selection, &Masks::new()).await
    }

    pub async fn load(&self, selection: Selection, masks: &Masks) -> BTreeMap<String, Vec<String>> {
        self.cluster.sql("postgres", "DROP DATABASE copied").await;
        self.cluster.sql("postgres", "CREATE DATABASE copied").await;
        let target = self.cluster.superuser("copied").await;
        target.run(&self.ddl).await.unwrap();
        target.run("SET session_replication_role = replica").await.unwrap();
        let mut rows = BTreeMap::new();
        let extraction = selection.extract(masks);
        for at in 0..extraction.tables().len() {
            let loaded = load(&target, &extraction, at).await;
            let table = extraction.tables()[at].clone();
            assert_eq!(loaded, table.rows, "{}.{}", table.schema, table.table);
            if loaded > 0 {
                rows.insert(
                    format!("{}.{}", table.schema, table.table),
                    texts(&target, &table.schema, &table.table).await,
                );
            }
        }
        revalidate(&target).await;
        rows
    }
}

pub const GRANT_ALL: &str = "DO $$ DECLARE s text; BEGIN \
    FOR s IN SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' LOOP \
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO reader', s); \
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO reader', s); END LOOP; END $$";

pub async fn source(port: u16, user: &str, password: &str) -> Source {
    let route = Route { host: "127.0.0.1".into(), port, server_name: None };
    Source {
        tunnel: Arc::new(Transport::Direct.open(&route).await.unwrap()),
        trust: Trust::load(None).unwrap(),
        root_cert: None,
        credentials: Credentials { user: user.into(), password: password.to_owned().into() },
        database: "app".into(),
        statement_timeout: Duration::from_secs(60),
    }
}

/// Selects a sample of a source.
pub async fn select_from(source: &Source, config: &Config, seeds: &[Seeds]) -> Result<Selection, SampleError> {
    let sample = config.sample.as_ref().unwrap();
    let input =
        SelectionInput { seeds, sample, references: &config.targets["app-dev"].masking.references, explain: true };
    select(source, &input, &Warnings::default(), std::future::pending()).await
}

/// The warnings that were reported.
#[derive(Default)]
pub struct Warnings(pub Mutex<Vec<String>>);

impl Listener for Warnings {
    fn on_event(&self, event: &Event) {
        if let Event::Warning { message } = event {
            self.0.lock().unwrap().push(message.clone());
        }
    }
}

/// Returns a configuration with a reference and the lines of `sample:`.
pub fn config(references: &str, sample: &str) -> Config {
    let sample: String = sample.trim().lines().map(|line| format!("  {}\n", line.trim())).collect();
    let references = if references.is_empty() { String::new() } else { format!("references:\n  - {references}\n") };
    let text = format!(
        "version: 1\ntargets:\n  app-dev:\n    platform: {{ local: {{ root: ./devdb }} }}\n    source: {{ instance: app-prod }}\n    \
         generation: {{ prefix: app-dev- }}\n    record: {{ name: app-dev }}\n    databases: [{{ name: app }}]\n\
         mask: {{ key: env:KEY }}\n{references}sample:\n{sample}"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("devdb.yaml");
    std::fs::write(&path, &text).unwrap();
    load_config(&path).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn load_config(path: &Path) -> Result<Config, devdb::config::ConfigError> {
    devdb::config::load(path, &|_| None, devdb::scrub::config_checks())
}

/// Returns seed rows by key.
pub fn rows(table: &str, keys: &str) -> Vec<Seeds> {
    let values = keys.split(',').map(str::to_owned).collect();
    vec![Seeds { table: TablePath::parse(table).unwrap(), filter: SeedFilter::Keys { column: None, values } }]
}

/// Returns seed rows by condition.
pub fn rows_where(table: &str, condition: &str, limit: Option<u64>) -> Seeds {
    let filter = SeedFilter::Where { condition: condition.into(), limit };
    Seeds { table: TablePath::parse(table).unwrap(), filter }
}

async fn load(target: &Session, extraction: &Extraction, at: usize) -> u64 {
    let table = &extraction.tables()[at];
    let quoted: Vec<String> = table.columns.iter().map(|name| devdb::pg::identifier(name)).collect();
    let (schema, name) = (devdb::pg::identifier(&table.schema), devdb::pg::identifier(&table.table));
    let form = if table.binary { " WITH (FORMAT binary)" } else { "" };
    let sql = format!("COPY {schema}.{name} ({}) FROM STDIN{form}", quoted.join(", "));
    let mut loaded = 0;
    for part in 0..extraction.parts(at) {
        let mut stream = extraction.copy(at, part).await.unwrap();
        let sink = target.client().copy_in::<_, bytes::Bytes>(&sql).await.unwrap();
        let mut sink = Box::pin(sink);
        while let Some(bytes) = stream.try_next().await.unwrap_or_else(|error| panic!("{sql}: {error}")) {
            sink.send(bytes).await.unwrap();
        }
        loaded += sink.as_mut().finish().await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
    loaded
}

async fn texts(target: &Session, schema: &str, table: &str) -> Vec<String> {
    let (schema, table) = (devdb::pg::identifier(schema), devdb::pg::identifier(table));
    let kind: String = target
        .query_one(&format!("SELECT relkind::text FROM pg_class WHERE oid = '{schema}.{table}'::regclass"), &[])
        .await
        .unwrap()
        .get(0);
    let only = if kind == "p" { "" } else { "ONLY " };
    let found = target.query(&format!("SELECT t::text FROM {only}{schema}.{table} t ORDER BY 1"), &[]).await.unwrap();
    found.iter().map(|row| row.get::<_, String>(0)).collect()
}

/// Adds every foreign key a second time, which checks all rows.
async fn revalidate(target: &Session) {
    let keys = "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint \
                WHERE contype = 'f' AND conparentid = 0 AND convalidated";
    for row in target.query(keys, &[]).await.unwrap() {
        let sql = format!("ALTER TABLE {} ADD {}", row.get::<_, String>(0), row.get::<_, String>(1));
        target.run(&sql).await.unwrap_or_else(|error| panic!("the sample is not closed: {error}\n{sql}"));
    }
}

/// Returns the number of rows of each table in a plan.
pub fn counts(plan: &Plan) -> BTreeMap<&str, u64> {
    plan.tables.iter().map(|table| (table.table.as_str(), table.rows)).collect()
}
