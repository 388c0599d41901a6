//! The server's part in its mode: leaving out rows of which it can tell that they hold no original.
//! What it sends is read and decided like everything else, so that both modes answer alike as long as
//! it leaves out too little rather than too much.
//!
//! A value is left out when it is plain (ASCII and Hangul syllables, nothing that could be an encoding)
//! and none of its words, and none of the ends of its numbers, are in a filter: a bit field with 32 bits
//! for each original, made of the server's own hash of the original's longest word or of its last
//! digits. By chance about one word in a thousand is in it.

use std::pin::pin;
use std::time::Instant;

use futures_util::StreamExt as _;
use tokio_postgres::binary_copy::BinaryCopyOutStream;
use tokio_postgres::types::Type;

use super::error::Error;
use super::fingerprint::LONGEST_BYTES;
use super::hash::Secrets;
use super::places::Relations;
use super::readings::LEAST_BASE64;
use super::shape::Shape;
use super::tokens::ANCHOR_DIGITS;
use super::{Mode, Search};
use crate::pg::{self, Session, identifier, literal};

/// Bits for each original.
const BITS: usize = 32;
/// The largest filter: 256 MB.
const MOST_BITS: usize = 1 << 31;

/// What cannot be judged by its words alone: other letters than ASCII's and Hangul syllables, escapes,
/// percent signs that encode, and what may be base64. A text in base64 begins with a sign that is the
/// beginning of a letter in UTF-8, or of a blank.
const UNSURE: &str =
    r"[^\u0001-\u007F가-힣]|\\|%[0-9A-Fa-f][0-9A-Fa-f]|(?:^|[^A-Za-z0-9])[CDI-fw-z0-9][A-Za-z0-9+/_-]{15}";
/// One word that is no base64: each part begins as no text in base64 does, or is one of the names that
/// masked addresses end in. (Short parts of any letters would need counts in the pattern, which make it
/// five times as slow.)
const ONE_WORD: &str = "^[ABE-Hg-v][A-Za-z0-9]*(?:[.@](?:[ABE-Hg-v][A-Za-z0-9]*|example|com|dev|test|net|org|co|kr))*$";
/// Bytes of a value that is tried as one word.
const LONGEST_WORD: usize = 80;
/// The largest integer that is too short to be remembered: it has nine digits.
const SHORT_INTEGER: i64 = 999_999_999;
/// Digits and what separates them: no word can be in it that is remembered as one.
const ONE_NUMBER: &str = "^[0-9 ().+-]+$";
/// A word as it is cut.
const WORD: &str = "[a-z0-9]+(?:[.@_+-][a-z0-9]+)*|[가-힣]+";
/// Digits that may be a number.
const NUMBER: &str = "[0-9](?:[ ().+/_-]{0,3}[0-9]){7,}";

/// The mode that is meant by one. `Auto` streams when the connection is faster than a server judges, which
/// is about 5 MB a second for each of its processes, or when all of it takes less than a minute anyway.
pub(super) async fn choose(session: &Session, options: &Search<'_>, relations: &Relations) -> Result<Mode, Error> {
    const SAMPLE: &str = "SELECT pg_catalog.repeat(pg_catalog.md5('x'), 65536)";
    const JUDGED: f64 = 5e6;
    const SOON: f64 = 60.0;
    let mode = options.mode;
    let encoding: String = session.query_one("SELECT pg_catalog.current_setting('server_encoding')", &[]).await?.get(0);
    if encoding != "UTF8" {
        // Letters of the patterns are those of UTF-8.
        return Ok(Mode::Stream);
    }
    if mode != Mode::Auto {
        return Ok(mode);
    }
    let began = Instant::now();
    let sample: String = session.query_one(SAMPLE, &[]).await?.get(0);
    let speed = sample.len() as f64 / began.elapsed().as_secs_f64().max(1e-6);
    let blocks: i64 = relations.read.iter().map(|relation| relation.pages).sum();
    let seconds = blocks as f64 * 8192.0 / speed;
    Ok(if speed >= JUDGED * options.jobs.max(1) as f64 || seconds <= SOON { Mode::Stream } else { Mode::Server })
}

/// Makes the filter of all that is remembered, unless it is there.
pub(super) async fn build(session: &Session) -> Result<(), Error> {
    let there: bool =
        session.query_one("SELECT pg_catalog.bool_and(filter IS NOT NULL) FROM devdb_meta.leak_run", &[]).await?.get(0);
    if there {
        return Ok(());
    }
    let sql = "COPY (SELECT anchor FROM devdb_meta.leak_fingerprint) TO STDOUT (FORMAT binary)";
    let count: i64 =
        session.query_one("SELECT pg_catalog.count(*) FROM devdb_meta.leak_fingerprint", &[]).await?.get(0);
    let bits = (usize::try_from(count).unwrap_or(0) * BITS).next_power_of_two().clamp(1 << 10, MOST_BITS);
    let mut filter = vec![0_u8; bits / 8];
    let stream = session.copy_out(sql).await.map_err(|error| pg::Error::of(error, sql))?;
    let mut rows = pin!(BinaryCopyOutStream::new(stream, &[Type::INT8]));
    while let Some(row) = rows.next().await {
        let row = row.map_err(|error| pg::Error::of(error, sql))?;
        let anchor: i64 = row.try_get(0).map_err(|_| Error::Garbled { place: "devdb_meta.leak_fingerprint".into() })?;
        for shift in SHIFTS {
            let bit = (anchor >> shift) as usize & (bits - 1);
            filter[bit / 8] |= 1 << (bit % 8);
        }
    }
    session.run("TRUNCATE devdb_meta.leak_filter").await?;
    session.execute("INSERT INTO devdb_meta.leak_filter VALUES ($1)", &[&filter]).await?;
    session
        .run("UPDATE devdb_meta.leak_run SET filter = (SELECT pg_catalog.md5(bits) FROM devdb_meta.leak_filter)")
        .await?;
    Ok(())
}

/// Three bits stand for a hash.
const SHIFTS: [u32; 3] = [0, 16, 32];

/// What the server leaves out.
pub(super) enum Filter {
    /// Nothing.
    Nothing,
    /// What the filter in the clone does not hold.
    Bits {
        /// How many bits it has, less one.
        mask: i64,
        seed: i64,
    },
}

/// The filter of a mode. It is not believed when it is not the one that was made.
pub(super) async fn prepare(session: &Session, mode: Mode, secrets: &Secrets) -> Result<Filter, Error> {
    if mode != Mode::Server {
        return Ok(Filter::Nothing);
    }
    let sql = "SELECT pg_catalog.octet_length(bits)::int8 * 8 - 1 FROM devdb_meta.leak_filter, devdb_meta.leak_run \
               WHERE pg_catalog.md5(bits) = filter";
    let rows = session.query(sql, &[]).await?;
    let row = rows.first().ok_or_else(|| Error::Vanished { column: "the filter".into() })?;
    Ok(Filter::Bits { mask: row.get(0), seed: secrets.seed() })
}

impl Filter {
    /// The rows of a table to be read: `values` are expressions over it, `condition` says which pages.
    pub(super) fn select(&self, table: &str, columns: &[(String, Shape)], condition: &str) -> String {
        let values: Vec<String> = columns.iter().map(|(name, shape)| value(name, *shape)).collect();
        let Filter::Bits { .. } = self else {
            return format!("SELECT {} FROM {table} WHERE {condition}", values.join(", "));
        };
        let named: Vec<String> = values.iter().enumerate().map(|(at, value)| format!("{value} AS v{at}")).collect();
        let names: Vec<String> = (0..values.len()).map(|at| format!("v{at}")).collect();
        let may_hold: Vec<String> =
            columns.iter().enumerate().map(|(at, (_, shape))| self.may_hold(&format!("s.v{at}"), *shape)).collect();
        // The subquery is read once and its value kept flat: a compressed one would be unpacked for
        // every bit. OFFSET 0 keeps the values from being computed again in each condition.
        format!(
            "SELECT {} FROM (SELECT {}, (SELECT bits || ''::pg_catalog.bytea FROM devdb_meta.leak_filter) AS filter \
             FROM {table} WHERE {condition} OFFSET 0) s WHERE {}",
            names.join(", "),
            named.join(", "),
            may_hold.join(" OR "),
        )
    }

    fn may_hold(&self, value: &str, shape: Shape) -> String {
        match shape {
            Shape::Bytes => format!(
                "CASE WHEN {value} IS NULL THEN false ELSE {} OR pg_catalog.octet_length({value}) <= {LONGEST_BYTES} AND ({} \
                     OR pg_catalog.encode({value}, 'hex') ~ '^[0-9]+$') END",
                self.text(&format!("pg_catalog.encode({value}, 'escape')")),
                self.any("", &format!("pg_catalog.encode({value}, 'hex')")),
            ),
            Shape::Number | Shape::SmallNumber => {
                format!("CASE WHEN {value} IS NULL THEN false ELSE {} END", self.number(value))
            }
            _ => format!("CASE WHEN {value} IS NULL THEN false ELSE {} END", self.text(value)),
        }
    }

    fn text(&self, value: &str) -> String {
        let value = format!("({value} COLLATE pg_catalog.\"C\")");
        let lower = format!("pg_catalog.lower({value})");
        let words = format!("pg_catalog.regexp_matches({lower}, {}, 'g') AS m", literal(WORD));
        // A word of Hangul may have a particle of up to three letters.
        let stems = format!(
            "(SELECT CASE cut WHEN 0 THEN m[1] ELSE pg_catalog.left(m[1], -cut) END AS w FROM {words}, pg_catalog.generate_series(0, 3) AS cut \
              WHERE cut = 0 OR m[1] >= '가' COLLATE pg_catalog.\"C\" AND pg_catalog.length(m[1]) - cut >= 3) AS stems"
        );
        // Lengths are asked before patterns, which take the server five times as long. Four syllables have
        // eight bytes more than letters.
        let length = format!("pg_catalog.octet_length({value})");
        let hangul = format!("{length} - pg_catalog.length({value}) >= 8 AND {value} ~ '[가-힣]{{4}}'");
        format!(
            "CASE WHEN {length} < {LONGEST_WORD} AND {value} ~ {} THEN {} OR {} \
             WHEN {length} < {LEAST_BASE64} AND {value} ~ {} THEN {} WHEN {value} ~ {} THEN true \
             WHEN {hangul} THEN {} OR {} ELSE {} OR {} END",
            literal(ONE_WORD),
            self.any("", &lower),
            self.number(&value),
            literal(ONE_NUMBER),
            self.short_number(&value),
            literal(UNSURE),
            self.any(&stems, "w"),
            self.number(&value),
            self.any(&words, "m[1]"),
            self.number(&value),
        )
    }

    /// Whether the end of a number may be that of an original.
    fn number(&self, value: &str) -> String {
        let runs = format!(
            "(SELECT pg_catalog.translate(m[1], ' ().+/_-', '') AS d FROM pg_catalog.regexp_matches({value}, {}, 'g') AS m) AS runs, \
             pg_catalog.generate_series(1, pg_catalog.length(d) - {}) AS at",
            literal(&format!("({NUMBER})")),
            ANCHOR_DIGITS - 1,
        );
        let digits = format!("pg_catalog.substr(d, at, {ANCHOR_DIGITS})");
        let length = format!("pg_catalog.octet_length({value}) >= {ANCHOR_DIGITS}");
        format!("({length} AND {value} ~ {} AND {})", literal(NUMBER), self.any(&runs, &digits))
    }

    /// The same of a value that is one number, shorter than base64: each of its ends is written out.
    fn short_number(&self, value: &str) -> String {
        let digits = format!("pg_catalog.translate({value}, ' ().+-', '')");
        let ends: Vec<String> = (ANCHOR_DIGITS..LEAST_BASE64)
            .map(|length| {
                let from = length - ANCHOR_DIGITS + 1;
                let end = self.any("", &format!("pg_catalog.substr({digits}, {from}, {ANCHOR_DIGITS})"));
                format!("pg_catalog.octet_length({value}) >= {length} AND {end}")
            })
            .collect();
        format!("({})", ends.join(" OR "))
    }

    /// Whether any of the words that `word` stands for in `from`, or the only one, is in the filter. Nearly
    /// all are not in the first of its bits, so that the hash is seldom computed a second time.
    fn any(&self, from: &str, word: &str) -> String {
        let Filter::Bits { mask, seed } = self else { return "true".into() };
        let hash = format!("pg_catalog.hashtextextended(({word}) COLLATE pg_catalog.\"C\", '{seed}'::pg_catalog.int8)");
        let bits = SHIFTS
            .map(|shift| format!("pg_catalog.get_bit(s.filter, ({hash} >> {shift}) & {mask}::pg_catalog.int8) = 1"));
        let all = bits.join(" AND ");
        if from.is_empty() { format!("({all})") } else { format!("EXISTS (SELECT FROM {from} WHERE {all})") }
    }
}

/// A column as it is read: bytes as they are, all else as text; of small integers only those that are long
/// enough to be remembered.
fn value(name: &str, shape: Shape) -> String {
    let name = identifier(name);
    match shape {
        Shape::Bytes => format!("{name}::pg_catalog.bytea"),
        Shape::SmallNumber => format!(
            "CASE WHEN {name} NOT BETWEEN -{SHORT_INTEGER} AND {SHORT_INTEGER} THEN {name}::pg_catalog.text END"
        ),
        _ => format!("{name}::pg_catalog.text"),
    }
}
