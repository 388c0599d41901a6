//! The comparison of the ledger with the server's catalog.

use crate::pg::{Result, Session};

/// A difference between catalog and ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unaccounted {
    /// A column with storage that has no entry.
    Missing {
        /// Its relation and name: `schema.table.column`.
        place: String,
    },
    /// An entry of a place that does not exist.
    Gone {
        /// Object identifier of its relation.
        relation: u32,
        /// Number of the column.
        attribute: i16,
    },
}

impl Unaccounted {
    /// What is wrong, as a sentence.
    pub fn finding(&self) -> String {
        match self {
            Unaccounted::Missing { place } => format!("nothing shows that {place} holds no original"),
            Unaccounted::Gone { relation, attribute } => {
                format!("the ledger lists column {attribute} of relation {relation}, which does not exist")
            }
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Unaccounted::Missing { .. } => {
                "it was created after the masks: create it in a script of 00-secure, which runs before them, or list it as `scripted`"
            }
            Unaccounted::Gone { .. } => "another session changes the clone: run the rotation again",
        }
    }
}

/// Columns of all relations with storage. Not listed: relations without storage (views, foreign and partitioned tables,
/// partitioned indexes, composite types); indexes and TOAST, which hold values of their table's columns and are rebuilt with
/// it; sequences, which hold a number; temporary tables; what `initdb` created, whose columns the leak check lists; the tables
/// of devdb itself. Any other relation is listed, in whatever schema, and of whatever kind a later version of the server has.
const STORED: &str = "SELECT a.attrelid AS relation, a.attnum AS attribute, \
        n.nspname || '.' || c.relname || '.' || a.attname AS place \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
    WHERE c.relkind NOT IN ('v', 'f', 'p', 'I', 'c', 'i', 't', 'S') AND c.oid >= 16384 AND c.relpersistence <> 't' \
        AND NOT (n.nspname = 'devdb_meta' AND c.relname IN ('generation', 'script', 'ledger', 'rewrite', 'rewrite_table', \
            'rewrite_obstacle', 'rewrite_role', 'leak_column', 'leak_filter', 'leak_fingerprint', 'leak_image', 'leak_run'))";

/// Returns the differences between the catalog and the ledger, in both directions; none if every place is accounted for.
///
/// # Errors
/// Server errors, among them a ledger that does not exist.
pub async fn unaccounted(session: &Session) -> Result<Vec<Unaccounted>> {
    let sql = format!(
        "WITH stored AS ({STORED}) \
         SELECT s.place, s.relation, s.attribute FROM stored s \
         WHERE NOT EXISTS (SELECT FROM devdb_meta.ledger l WHERE l.relation = s.relation AND l.attribute = s.attribute) \
         UNION ALL \
         SELECT NULL, l.relation, l.attribute FROM devdb_meta.ledger l \
         WHERE NOT EXISTS (SELECT FROM stored s WHERE s.relation = l.relation AND s.attribute = l.attribute) \
         ORDER BY 1, 2, 3"
    );
    let rows = session.query(&sql, &[]).await?;
    let difference = |row: &tokio_postgres::Row| match row.get::<_, Option<String>>(0) {
        Some(place) => Unaccounted::Missing { place },
        None => Unaccounted::Gone { relation: row.get(1), attribute: row.get(2) },
    };
    Ok(rows.iter().map(difference).collect())
}
