//! The differential leak check: what is masked may stand nowhere else.
//!
//! Before masking, a fingerprint of every original is written into the clone ([`remember`]); after it,
//! every value of the database is searched for them ([`search`]); then they are dropped ([`forget`]). A
//! fingerprint is two keyed hashes of 64 bits, never the value.
//!
//! # What is one value
//!
//! Text is folded: capital letters, width, composed and decomposed letters, marks on letters, dashes
//! (`fold`). It is cut into words: runs of ASCII letters and digits, in which single `.`, `@`, `_`, `-`
//! and `+` may stand, or runs of other letters; and into numbers: groups of digits at most three
//! separators apart, without the country code 82 and leading zeros, 8 to 24 digits (`tokens`). Looked for
//! are windows of one to eight words at most three characters apart, whatever separates them; a word of
//! Hangul also without one to three letters at its end (particles); windows of groups of digits; and all
//! between two quotation marks or two ends of a value, when it is longer than a window. What stands
//! behind JSON's escapes, percent signs, base64 and hexadecimal bytes is read as well, three deep
//! (`readings`).
//!
//! # What is remembered of an original
//!
//! All of it: the words of a text, the digits of a number; of JSON, arrays, rows and hstore each string
//! and number; of bytes their hexadecimal digits, and the text they may be. Of a longer text also
//! addresses and numbers of 10 digits in it. Where the mask's expression is given
//! ([`Original::masked`]), what the mask leaves as it is inside a document or text is not remembered;
//! a whole value that it leaves as it is, is.
//!
//! # What is left out, and counted
//!
//! - words under a weight of 6 (an ASCII letter or digit weighs 1, another letter 2): `김`, `true`,
//!   `seoul`; one word of ASCII letters alone under 8; numbers under 8 digits, or of one digit; days and
//!   moments; of columns of integers, and numbers in JSON, those under 10 digits; dates, truth values,
//!   floating-point numbers, enums;
//! - common ones: in 10 rows and 1 % of its column's rows at least; an address or a number in 100 and
//!   5 %. Such a value tells nobody apart;
//! - what the masks make of others: a name from a list may be a real person's, a permuted number is
//!   somebody's. An original that is also (part of) a masked value, as the expressions that were given
//!   make it, cannot be told from that, wherever it stands.
//!
//! # Where is searched
//!
//! All columns but those of types that hold no text (dates, truth values, floating-point numbers, enums,
//! integers of two bytes; of those of four bytes the values of ten digits are searched), of all tables,
//! partitions and materialized views; large objects; what the planner quotes of columns and extended
//! statistics; every column of the system catalogs that may quote a value (`catalog_texts`). What cannot be
//! read is an error. Foreign tables are named and not read.
//!
//! # Where the search is made
//!
//! Everything is decided by one piece of code (`stream`). In the server's mode the server leaves out rows
//! of which it can tell that they hold nothing (`server`), so that little crosses a slow connection; that
//! takes it 20 to 70 times as long as reading them (about 5 µs for a short value, 45 µs for a document of 200
//! characters), so that it is sooner only on connections of a few megabytes a second. Values outside ASCII and Hangul, with escapes, of
//! bytes that are no ASCII text, and large objects are sent in both modes.

mod binary;
mod catalog_names;
mod catalog_texts;
mod error;
mod fingerprint;
mod fold;
mod hash;
mod hit;
mod known;
mod map;
mod places;
mod readings;
mod remember;
mod rights;
mod search;
mod server;
mod shape;
mod sieve;
mod store;
mod stream;
mod tokens;

pub use catalog_texts::known_catalog_columns;
pub use error::Error;
pub use hash::Secrets;

use crate::event::Listener;
use crate::pg::Session;
use crate::pg::connector::Connector;

const STEP: &str = "leak check";

/// A column whose values are masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// Its table's schema.
    pub schema: String,
    /// Its table: an ordinary one, or a partitioned one for all of its partitions.
    pub table: String,
    /// Its name.
    pub column: String,
    /// The class that hits are shown with, such as `email`.
    pub rule: String,
    /// What its mask makes of a row, as an SQL expression: [`crate::mask::Expression::sql`]. Needed where
    /// a masked value keeps parts of the original (a document, a redacted text), or can be the original
    /// of somebody else (names from a list, permuted numbers); see the module's rules. Where it is not
    /// given, no part of an original may survive anywhere.
    pub masked: Option<String>,
}

impl Original {
    fn path(&self) -> String {
        format!("{}.{}.{}", self.schema, self.table, self.column)
    }
}

/// Where the search is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Where it is done sooner, as measured.
    Auto,
    /// On the server: only rows that may hold an original are sent.
    Server,
    /// Here: every value is sent.
    Stream,
}

/// A place where originals may stay, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survivor {
    /// `schema.table.column`, of a partition or of the table that it is of; or the place of another hit.
    pub place: String,
    /// Only originals of this column, `schema.table.column`.
    pub of: Option<String>,
    /// Why.
    pub reason: String,
}

/// What is remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// Columns.
    pub columns: usize,
    /// Fingerprints of them.
    pub fingerprints: u64,
    /// Values left out, since finding them would prove nothing.
    pub left_out: u64,
}

/// How to search.
pub struct Search<'a> {
    /// Where.
    pub mode: Mode,
    /// What may stay.
    pub survivors: &'a [Survivor],
    /// Connections at once.
    pub jobs: usize,
    /// Hears of progress.
    pub listener: &'a dyn Listener,
    /// The keys that the originals were remembered with.
    pub secret: &'a Secrets,
}

/// An original that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// `schema.table`, or another place in words: `comment on table x`, `large object 16400`.
    pub place: String,
    /// The column; empty where the place has none.
    pub column: String,
    /// Rows that hold at least one.
    pub rows: u64,
    /// The class of the original's mask.
    pub rule: String,
    /// The column that it was in before masking, `schema.table.column`.
    pub of: String,
    /// The reason given for it to stay. Without one it stops the publication.
    pub survivor: Option<String>,
}

impl Hit {
    /// Its place, with the column where there is one.
    pub fn path(&self) -> String {
        if self.column.is_empty() { self.place.clone() } else { format!("{}.{}", self.place, self.column) }
    }
}

/// What a search found, and how much it looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Hits, by place.
    pub hits: Vec<Hit>,
    /// Columns and kinds of catalog texts that were searched.
    pub places: u64,
    /// Rows that were looked at here; in the server's mode those that it could not leave out.
    pub rows: u64,
    /// Values in them.
    pub values: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Fingerprints that were looked for.
    pub fingerprints: u64,
    /// Originals left out when they were remembered.
    pub left_out: u64,
    /// Foreign tables, which are not read: that would act on the outside.
    pub unread: Vec<String>,
    /// Where it was made.
    pub mode_used: Mode,
}

impl Outcome {
    /// Whether nothing was found but what may stay.
    pub fn is_clean(&self) -> bool {
        self.hits.iter().all(|hit| hit.survivor.is_some())
    }
}

/// Remembers originals; to be called with all of them, before anything is masked. Called again after an
/// interruption it reads only tables that it has not read to their end.
///
/// # Errors
/// When a table cannot be read, a column was added to the list too late, or fingerprints that were
/// already there are gone.
pub async fn remember(
    connector: &dyn Connector,
    database: &str,
    originals: &[Original],
    secret: &Secrets,
    jobs: usize,
    listener: &dyn Listener,
) -> Result<Remembered, Error> {
    remember::remember(connector, database, originals, secret, jobs, listener).await
}

/// Searches for them everywhere. Nothing is written.
///
/// # Errors
/// When something cannot be read, or fingerprints are missing: then nothing is proved.
pub async fn search(connector: &dyn Connector, database: &str, options: &Search<'_>) -> Result<Outcome, Error> {
    search::search(connector, database, options).await
}

/// Forgets them: the fingerprints leave the clone, with the files they were in.
///
/// # Errors
/// When the server refuses.
pub async fn forget(session: &Session) -> Result<(), Error> {
    store::drop_all(session).await?;
    rights::take_filter_back(session).await
}
