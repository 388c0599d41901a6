//! The simplest sample: whole tables of a real server, all from one snapshot.

use std::net::SocketAddr;

use async_trait::async_trait;
use devdb::pg::catalog::{columns, tables};
use devdb::pg::dump::Dumper;
use devdb::pg::tunnel::Dial;
use devdb::pg::{self, Credentials, Session, Trust, connect, identifier};
use devdb::sample::load::error::{Error, Result};
use devdb::sample::load::{Bytestream, LoadGuard, Rows, ServerIdentity};
use devdb::sample::schema::Schema;
use devdb::sample::{DumpConnection, TableCopy};
use futures_util::StreamExt;

use super::cluster::Cluster;
use super::server::client;

/// Whole tables of a database.
pub struct Whole {
    keeper: Session,
    tables: Vec<TableCopy>,
    dump: DumpConnection,
    version: u32,
    /// Streams that each table is split into.
    pub parts: usize,
    /// Ends the stream of this table after its first bytes, as a lost connection would.
    pub breaks: Option<String>,
}

impl Whole {
    /// The rows of a database that are there now.
    pub async fn of(cluster: &Cluster, database: &str) -> Whole {
        let keeper = cluster.superuser(database).await;
        keeper.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.unwrap();
        let snapshot = keeper.query_one("SELECT pg_export_snapshot()", &[]).await.unwrap().get(0);
        let all = columns(&keeper).await.unwrap();
        let mut copies = Vec::new();
        for table in tables(&keeper).await.unwrap() {
            if table.root.is_some() || table.form == devdb::pg::catalog::Form::Foreign {
                continue;
            }
            let (columns, types) = all
                .iter()
                .filter(|column| (&column.schema, &column.table) == (&table.schema, &table.name) && !column.generated)
                .map(|column| (column.name.clone(), column.declared.clone()))
                .unzip();
            let mut copy = TableCopy {
                schema: table.schema,
                table: table.name,
                columns,
                types,
                binary: true,
                rows: 0,
                bytes: table.bytes,
            };
            let count = format!("SELECT count(*) FROM {}{}", only(table.form), copy.sql());
            copy.rows = u64::try_from(keeper.query_one(&count, &[]).await.unwrap().get::<_, i64>(0)).unwrap();
            copies.push(copy);
        }
        let number: String = keeper.query_one("SHOW server_version_num", &[]).await.unwrap().get(0);
        let dump = DumpConnection {
            address: cluster.address(),
            server_name: None,
            root_cert: None,
            user: "postgres".into(),
            password: String::new().into(),
            database: database.into(),
            snapshot,
        };
        Whole { keeper, tables: copies, dump, version: number.parse().unwrap(), parts: 1, breaks: None }
    }

    /// The schema, read by the program that fits.
    pub async fn schema(&self) -> Schema {
        Schema::read(&self.dump, &dumper(self.version / 10_000).await).await.unwrap()
    }

    /// What may be written to: everything but the source.
    pub async fn guard(&self, target: SocketAddr) -> LoadGuard {
        let source = ServerIdentity::read(&self.keeper, true).await.unwrap();
        LoadGuard {
            allowed: vec![format!("127.0.0.1:{}/*", target.port())],
            production: Vec::new(),
            source: Some(source),
            system_sha256: None,
        }
    }
}

/// `pg_dump` for a server; `make test` installs what is missing.
pub async fn dumper(major: u32) -> Dumper {
    if major <= 15 {
        return Dumper::find(major).await.unwrap();
    }
    Dumper { bin: client(), major: 18 }
}

fn only(form: devdb::pg::catalog::Form) -> &'static str {
    if form == devdb::pg::catalog::Form::Partitioned { "" } else { "ONLY " }
}

#[async_trait]
impl Rows for Whole {
    fn tables(&self) -> &[TableCopy] {
        &self.tables
    }

    fn major(&self) -> u32 {
        self.version / 10_000
    }

    fn parts(&self, _table: usize) -> usize {
        self.parts
    }

    async fn copy(&self, table: usize, part: usize) -> Result<Bytestream> {
        let dial = Dial { address: self.dump.address, server_name: None };
        let credentials = Credentials { user: self.dump.user.clone(), password: self.dump.password.clone() };
        let session = connect(&dial, &Trust::load(None)?, &credentials, &self.dump.database).await?;
        session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        session.run(&format!("SET TRANSACTION SNAPSHOT '{}'", self.dump.snapshot)).await?;
        let copy = &self.tables[table];
        let form = session
            .query_one("SELECT relkind::text FROM pg_class WHERE oid = $1::text::regclass", &[&copy.sql()])
            .await?
            .get::<_, String>(0);
        let only = if form == "p" { "" } else { "ONLY " };
        let columns: Vec<String> = copy.columns.iter().map(|column| identifier(column)).collect();
        let order =
            if columns.is_empty() { String::new() } else { format!(" ORDER BY {}::text", columns.join("::text, ")) };
        let sql = format!(
            "COPY (SELECT {} FROM {only}{} t WHERE abs(hashtext(t::text)) % {} = {part}{order}) TO STDOUT WITH (FORMAT binary)",
            columns.join(", "),
            copy.sql(),
            self.parts,
        );
        let stream = session.client().copy_out(&sql).await.map_err(|error| pg::Error::of(error, &sql))?;
        let breaks = self.breaks.as_deref() == Some(copy.table.as_str());
        // The session lives as long as its stream.
        let stream = stream.scan(session, |_session, piece| {
            std::future::ready(Some(piece.map_err(|error| pg::Error::of(error, "").into())))
        });
        if breaks {
            let lost = Error::File { path: "the rows".into(), why: "broken on purpose".into() };
            return Ok(Box::pin(stream.take(1).chain(futures_util::stream::iter([Err(lost)]))));
        }
        Ok(Box::pin(stream))
    }
}
