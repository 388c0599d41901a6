//! The fingerprints in the clone, in `devdb_meta`: a run that is killed between two tables could not
//! make those of the first one again.
//!
//! They are in UNLOGGED tables, for they are many and soon dropped. A crash of the server empties such
//! a table; so their number and a sum for each column are kept in a logged one, and nothing is believed
//! that does not agree with it.

use std::collections::{BTreeMap, HashMap};

use tokio_postgres::error::SqlState;

use super::error::Error;
use super::hash::Secrets;
use super::known::{Fingerprint, Gathered, Known};
use super::{Original, Remembered, binary};
use crate::pg::{self, Session};

const TABLES: &str = "devdb_meta.leak_run, devdb_meta.leak_column, devdb_meta.leak_fingerprint, devdb_meta.leak_image, \
    devdb_meta.leak_filter";

/// An original stands in so many rows of its column at least to be common.
const COMMON_ROWS: i64 = 10;
/// And in so many percent of them.
const COMMON_PERCENT: i64 = 1;
/// For addresses and numbers.
const COMMON_STRONG_ROWS: i64 = 100;
const COMMON_STRONG_PERCENT: i64 = 5;

/// Makes the tables, if they are not there. Of another key's run nothing can be used.
pub(super) async fn prepare(session: &Session, secrets: &Secrets) -> Result<(), Error> {
    session
        .run(
            "SET client_min_messages = warning;
             CREATE SCHEMA IF NOT EXISTS devdb_meta;
             REVOKE ALL ON SCHEMA devdb_meta FROM PUBLIC;
             CREATE TABLE IF NOT EXISTS devdb_meta.leak_run (only_row boolean PRIMARY KEY CHECK (only_row), key_check bigint NOT NULL,
                 settled boolean NOT NULL, filter text);
             CREATE UNLOGGED TABLE IF NOT EXISTS devdb_meta.leak_filter (bits bytea NOT NULL);
             ALTER TABLE devdb_meta.leak_filter ALTER bits SET STORAGE EXTERNAL;
             CREATE TABLE IF NOT EXISTS devdb_meta.leak_column (id integer PRIMARY KEY, schema_name text NOT NULL, table_name text NOT NULL,
                 column_name text NOT NULL, rule text NOT NULL, row_count bigint NOT NULL, left_out bigint NOT NULL,
                 fingerprints bigint NOT NULL, checksum text NOT NULL, UNIQUE (schema_name, table_name, column_name));
             CREATE UNLOGGED TABLE IF NOT EXISTS devdb_meta.leak_fingerprint (of integer NOT NULL, first bigint NOT NULL,
                 second bigint NOT NULL, anchor bigint NOT NULL, strong boolean NOT NULL, in_rows bigint NOT NULL, start bigint);
             CREATE UNLOGGED TABLE IF NOT EXISTS devdb_meta.leak_image (first bigint NOT NULL);
             RESET client_min_messages",
        )
        .await
        .map_err(Error::at("devdb_meta"))?;
    session
        .execute(
            "INSERT INTO devdb_meta.leak_run VALUES (true, $1, false, NULL) ON CONFLICT DO NOTHING",
            &[&secrets.check()],
        )
        .await?;
    same_key(session, secrets).await?;
    Ok(())
}

/// Whether a table or its schema does not exist.
fn is_absent(error: &pg::Error) -> bool {
    error.is_state(&SqlState::UNDEFINED_TABLE) || error.is_state(&SqlState::INVALID_SCHEMA_NAME)
}

/// Whether all is remembered and settled; an error when the key is another.
pub(super) async fn same_key(session: &Session, secrets: &Secrets) -> Result<bool, Error> {
    let rows = match session.query("SELECT key_check, settled FROM devdb_meta.leak_run", &[]).await {
        Err(error) if is_absent(&error) => return Err(Error::NotRemembered),
        rows => rows?,
    };
    let row = rows.first().ok_or(Error::NotRemembered)?;
    if row.get::<_, i64>(0) != secrets.check() {
        return Err(Error::OtherKey);
    }
    Ok(row.get(1))
}

/// A column that was remembered.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub id: i32,
    pub schema: String,
    pub table: String,
    pub name: String,
    pub rule: String,
    pub left_out: i64,
    fingerprints: i64,
    checksum: String,
}

impl Column {
    pub(super) fn path(&self) -> String {
        format!("{}.{}.{}", self.schema, self.table, self.name)
    }

    /// Whether that is what was recorded of it.
    fn agrees(&self, count: i64, sum: &str) -> Result<(), Error> {
        let same = (count, sum) == (self.fingerprints, self.checksum.as_str());
        if same { Ok(()) } else { Err(Error::Vanished { column: self.path() }) }
    }
}

/// Columns that were remembered, by id.
pub(super) async fn columns(session: &Session) -> Result<Vec<Column>, Error> {
    let sql = "SELECT id, schema_name, table_name, column_name, rule, left_out, fingerprints, checksum \
               FROM devdb_meta.leak_column ORDER BY id";
    let rows = match session.query(sql, &[]).await {
        Err(error) if is_absent(&error) => return Err(Error::NotRemembered),
        rows => rows?,
    };
    let column = |row: &tokio_postgres::Row| Column {
        id: row.get(0),
        schema: row.get(1),
        table: row.get(2),
        name: row.get(3),
        rule: row.get(4),
        left_out: row.get(5),
        fingerprints: row.get(6),
        checksum: row.get(7),
    };
    Ok(rows.iter().map(column).collect())
}

/// What is to be recorded of a column whose rows have all been read.
pub(super) struct Counted<'a> {
    pub id: i32,
    pub original: &'a Original,
    pub rows: i64,
    pub left_out: i64,
    pub written: Sum,
}

/// Records columns as remembered: the last statement of the transaction that their fingerprints are
/// written in.
pub(super) async fn record(session: &Session, columns: &[Counted<'_>]) -> Result<(), Error> {
    for Counted { id, original, rows, left_out, written } in columns {
        let Original { schema, table, column, rule, .. } = original;
        session
            .execute(
                "INSERT INTO devdb_meta.leak_column VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                &[id, schema, table, column, rule, rows, left_out, &written.count, &written.text()],
            )
            .await?;
    }
    Ok(())
}

/// Puts everything in its last form: originals of several rows and columns once; without common ones, and
/// without those that a mask makes of others.
pub(super) async fn settle(session: &Session) -> Result<(), Error> {
    intact(session).await?;
    let common = format!(
        "CASE WHEN g.strong THEN g.in_rows >= {COMMON_STRONG_ROWS} AND g.in_rows * 100 >= c.row_count * {COMMON_STRONG_PERCENT} \
              ELSE g.in_rows >= {COMMON_ROWS} AND g.in_rows * 100 >= c.row_count * {COMMON_PERCENT} END"
    );
    session
        .run(&format!(
            "BEGIN;
             ANALYZE devdb_meta.leak_fingerprint, devdb_meta.leak_image;
             CREATE TEMPORARY TABLE leak_grouped ON COMMIT DROP AS
                 SELECT g.*, {common} OR i.first IS NOT NULL AS out
                 FROM (SELECT of, first, second, anchor, strong, pg_catalog.sum(in_rows)::bigint AS in_rows, start
                       FROM devdb_meta.leak_fingerprint GROUP BY 1, 2, 3, 4, 5, start) g
                 JOIN devdb_meta.leak_column c ON c.id = g.of
                 LEFT JOIN (SELECT DISTINCT first FROM devdb_meta.leak_image) i ON i.first = g.first;
             UPDATE devdb_meta.leak_column c SET left_out = c.left_out + o.out
                 FROM (SELECT of, pg_catalog.count(*) AS out FROM leak_grouped WHERE out GROUP BY of) o WHERE o.of = c.id;
             TRUNCATE devdb_meta.leak_fingerprint, devdb_meta.leak_image;
             INSERT INTO devdb_meta.leak_fingerprint SELECT pg_catalog.min(of), first, second, anchor, pg_catalog.bool_or(strong),
                 pg_catalog.sum(in_rows)::bigint, start FROM leak_grouped WHERE NOT out GROUP BY first, second, anchor, start;
             UPDATE devdb_meta.leak_column SET fingerprints = 0, checksum = '0';
             UPDATE devdb_meta.leak_column c SET fingerprints = f.count, checksum = f.checksum
                 FROM (SELECT of, pg_catalog.count(*), (pg_catalog.sum(first) + pg_catalog.sum(second))::text AS checksum
                       FROM devdb_meta.leak_fingerprint GROUP BY of) f WHERE f.of = c.id;
             UPDATE devdb_meta.leak_run SET settled = true;
             COMMIT"
        ))
        .await?;
    Ok(())
}

/// Holds what is there against what was recorded.
pub(super) async fn intact(session: &Session) -> Result<(), Error> {
    let rows = session
        .query(
            "SELECT of, pg_catalog.count(*), (pg_catalog.sum(first) + pg_catalog.sum(second))::text FROM devdb_meta.leak_fingerprint GROUP BY of",
            &[],
        )
        .await?;
    let there: BTreeMap<i32, (i64, String)> = rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect();
    for column in columns(session).await? {
        let (count, sum) = there.get(&column.id).cloned().unwrap_or((0, "0".into()));
        column.agrees(count, &sum)?;
    }
    Ok(())
}

/// All that was remembered, in the order of the columns' ids.
pub(super) async fn remembered(session: &Session) -> Result<Remembered, Error> {
    let columns = columns(session).await?;
    let sum = |of: fn(&Column) -> i64| u64::try_from(columns.iter().map(of).sum::<i64>()).unwrap_or(0);
    Ok(Remembered {
        columns: columns.len(),
        fingerprints: sum(|column| column.fingerprints),
        left_out: sum(|column| column.left_out),
    })
}

/// Reads the fingerprints, in the form that a search needs.
pub(super) async fn load(session: &Session, secrets: &Secrets) -> Result<(Known, Vec<Column>), Error> {
    if !same_key(session, secrets).await? {
        return Err(Error::NotRemembered);
    }
    let columns = columns(session).await?;
    let place = "devdb_meta.leak_fingerprint";
    let count: i64 = columns.iter().map(|column| column.fingerprints).sum();
    let mut gathered = Gathered::new(usize::try_from(count).unwrap_or(0));
    let index: HashMap<i32, usize> = columns.iter().enumerate().map(|(at, column)| (column.id, at)).collect();
    let mut sums = vec![Sum::default(); columns.len()];
    let sql = format!("COPY {place} (of, first, second, start) TO STDOUT (FORMAT binary)");
    binary::rows(session, &sql, place, |row| {
        let at = *index.get(&i32::from_be_bytes(row.fixed()?))?;
        let (first, second) = (row.fixed()?, row.fixed()?);
        let start = row.next()?.map(|start| Some(u64::from_be_bytes(start.try_into().ok()?)));
        sums.get_mut(at)?.add(i64::from_be_bytes(first), i64::from_be_bytes(second));
        let (first, second) = (u64::from_be_bytes(first), u64::from_be_bytes(second));
        gathered.add(Fingerprint { first, second, of: u32::try_from(at).ok()? }, start.flatten());
        Some(())
    })
    .await?;
    for (column, sum) in columns.iter().zip(&sums) {
        column.agrees(sum.count, &sum.text())?;
    }
    Ok((Known::new(secrets.clone(), gathered), columns))
}

/// Count and checksum of a column's fingerprints.
#[derive(Clone, Copy, Default)]
pub(super) struct Sum {
    count: i64,
    sum: i128,
}

impl Sum {
    pub(super) fn add(&mut self, first: i64, second: i64) {
        self.count += 1;
        self.sum += i128::from(first) + i128::from(second);
    }

    fn text(&self) -> String {
        self.sum.to_string()
    }
}

/// Drops the tables, and with them their files: no row of them stays, dead or alive.
pub(super) async fn drop_all(session: &Session) -> Result<(), Error> {
    session
        .run(&format!("SET client_min_messages = warning; DROP TABLE IF EXISTS {TABLES}; RESET client_min_messages"))
        .await?;
    Ok(())
}
