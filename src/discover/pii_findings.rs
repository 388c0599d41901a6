//! Values that look personal, compared with the survivors that the configuration lists.

use crate::config::{ColumnPath, Masking, Survivor, TablePath};
use crate::discover::DiscoverError;
use crate::discover::audit::{Detection, Exemptions, audit, audit_as_owners};
use crate::discover::detect::Kind;
use crate::event::{Event, Listener};
use crate::mask::coverage::Catalog;
use crate::pg::Session;
use crate::units::counted;

/// A column with values that look personal.
#[derive(Clone, Debug)]
pub struct PiiFinding {
    /// The column.
    pub column: ColumnPath,
    /// What the values look like.
    pub kind: Kind,
    /// Rows with such values.
    pub rows: u64,
    /// The reason that the configuration gives for keeping them.
    pub kept: Option<String>,
}

impl PiiFinding {
    /// A detection, with the reason of the survivor that covers its column.
    pub fn of(detection: Detection, survivors: &[Survivor]) -> PiiFinding {
        // The values themselves are not compared: they are unknown here.
        let covers =
            |survivor: &&Survivor| survivor.column.matches(&detection.schema, &detection.table, &detection.column);
        PiiFinding {
            kept: survivors.iter().find(covers).map(|survivor| survivor.reason.clone()),
            column: ColumnPath::of(&TablePath { schema: detection.schema, table: detection.table }, &detection.column),
            kind: detection.kind,
            rows: detection.rows,
        }
    }

    /// The event that reports it.
    pub fn event(&self, database: &str) -> Event {
        Event::Leak {
            database: database.to_owned(),
            place: self.column.to_string(),
            rows: self.rows,
            of: format!("what looks like {}", self.kind.plural()),
            kept: self.kept.clone(),
        }
    }
}

/// Whose rights a scan uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanRights {
    /// The session's own, in a read-only transaction.
    Own,
    /// Those of owners too, where the session's are not sufficient: for a clone.
    Owners,
}

/// Scans every value of a database. Without a configuration, only reserved mail domains are exempt.
///
/// # Errors
/// Tables that the role may not read, and server errors.
pub async fn find(
    session: &Session,
    masking: Option<&Masking>,
    rights: ScanRights,
) -> Result<Vec<PiiFinding>, DiscoverError> {
    let exemptions = match masking {
        Some(masking) => Exemptions::of(masking, &Catalog::read(session).await?, materialized_columns(session).await?),
        None => Exemptions::reserved(),
    };
    let survivors = masking.map_or(&[][..], |masking| masking.survivors.as_slice());
    let detections = match rights {
        ScanRights::Own => audit(session, &exemptions).await?,
        ScanRights::Owners => audit_as_owners(session, &exemptions).await?,
    };
    Ok(detections.into_iter().map(|detection| PiiFinding::of(detection, survivors)).collect())
}

/// Scans every value of a database, reports all findings as events, and returns how many have no reason.
///
/// # Errors
/// See [`find`].
pub async fn report(
    session: &Session,
    masking: Option<&Masking>,
    rights: ScanRights,
    listener: &dyn Listener,
) -> Result<usize, DiscoverError> {
    let findings = find(session, masking, rights).await?;
    findings.iter().for_each(|finding| listener.on_event(&finding.event(session.database())));
    Ok(findings.iter().filter(|finding| finding.kept.is_none()).count())
}

/// The number of findings as a step's result.
pub fn summary(number: usize) -> String {
    match number {
        0 => "nothing looks personal".to_owned(),
        1 => "1 column has values that look personal".to_owned(),
        _ => format!("{} have values that look personal", counted(number as u64, "column")),
    }
}

/// Columns of materialized views.
async fn materialized_columns(session: &Session) -> Result<Vec<(TablePath, String)>, DiscoverError> {
    let sql = "SELECT n.nspname::text, c.relname::text, a.attname::text FROM pg_catalog.pg_class c \
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
               WHERE c.relkind = 'm'";
    let rows = session.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| (TablePath { schema: row.get(0), table: row.get(1) }, row.get(2))).collect())
}
