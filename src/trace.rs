//! Trace events for `-v`: kind, target and duration of each SQL statement and API call. Everything that is traced
//! is a constant of this program or a name from the configuration: never a value of a row, never a secret.

use std::fmt;
use std::str::FromStr;
use std::time::Instant;

use tracing::level_filters::LevelFilter;

/// Targets of trace events begin with this; events of libraries may hold values and are never written.
pub const PREFIX: &str = "devdb::";

/// The sources of trace events.
pub const SOURCES: [&str; 3] = ["sql", "aws", "docker"];

/// Which sources are traced, each with its level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceFilter(Vec<(&'static str, LevelFilter)>);

impl TraceFilter {
    /// The sources with their levels, in the order of [`SOURCES`].
    pub fn levels(&self) -> &[(&'static str, LevelFilter)] {
        &self.0
    }
}

impl Default for TraceFilter {
    fn default() -> Self {
        TraceFilter(SOURCES.map(|source| (source, LevelFilter::DEBUG)).into())
    }
}

impl fmt::Display for TraceFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(|(source, level)| format!("{source}={level}")).collect();
        f.write_str(&all.join(","))
    }
}

/// Parses `debug`, `off`, `sql=debug` or a list such as `off,sql=debug`; a source that is not named keeps its level.
impl FromStr for TraceFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<TraceFilter, String> {
        let mut filter = TraceFilter::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (source, level) = part.split_once('=').map_or((None, part), |(source, level)| (Some(source), level));
            let level: LevelFilter =
                level.parse().map_err(|_| format!("{level:?} is not a level: use debug or off"))?;
            match source {
                Some(source) if !SOURCES.contains(&source) => {
                    return Err(format!("{source:?} is not traced: use {}", SOURCES.join(", ")));
                }
                _ => {
                    let chosen = filter.0.iter_mut().filter(|(name, _)| source.is_none_or(|source| source == *name));
                    chosen.for_each(|(_, its)| *its = level);
                }
            }
        }
        Ok(filter)
    }
}

/// Runs one SQL statement, and traces its kind and duration with the database's name.
pub async fn sql<T, E>(sql: &str, database: &str, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let start = Instant::now();
    let result = work.await;
    let (ms, ok) = (start.elapsed().as_secs_f64() * 1000.0, result.is_ok());
    tracing::debug!(target: "devdb::sql", database, ms = format_args!("{ms:.1}"), ok, "{}", StatementKind(sql));
    result
}

/// Traces an API call that ended.
pub fn aws(service: &str, operation: &str, start: Instant, ok: bool) {
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    tracing::debug!(target: "devdb::aws", service, ms = format_args!("{ms:.1}"), ok, "{operation}");
}

/// Runs one request to the container engine, and traces it.
pub async fn docker<T, E>(operation: &'static str, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let start = Instant::now();
    let result = work.await;
    let (ms, ok) = (start.elapsed().as_secs_f64() * 1000.0, result.is_ok());
    tracing::debug!(target: "devdb::docker", ms = format_args!("{ms:.1}"), ok, "{operation}");
    result
}

/// Commands that a trace names.
const COMMANDS: &str = "ALTER ANALYZE BEGIN CLUSTER COMMENT COMMIT COPY CREATE DELETE DISCARD DO DROP EXPLAIN GRANT INSERT \
    LOCK PREPARE REASSIGN REFRESH REINDEX RELEASE RESET REVOKE ROLLBACK SAVEPOINT SELECT SET SHOW \
    TRUNCATE UPDATE VACUUM WITH";

/// Kinds of objects that a trace names.
const OBJECTS: &str = "DATABASE DEFAULT EVENT EXTENSION FOREIGN FUNCTION INDEX LOCAL MATERIALIZED OWNED POLICY PROCEDURE \
    PUBLICATION ROLE SCHEMA SEQUENCE SERVER SUBSCRIPTION TABLE TRIGGER TYPE UNIQUE VIEW";

/// The leading keywords of a statement. Only keywords from a list are written: a statement may hold values.
struct StatementKind<'a>(&'a str);

impl fmt::Display for StatementKind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.0.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
        let listed = |list: &'static str, word: Option<&str>| {
            list.split(' ').find(|known| word.is_some_and(|word| known.eq_ignore_ascii_case(word)))
        };
        match (listed(COMMANDS, words.next()), listed(OBJECTS, words.next())) {
            (Some(command), Some(object)) => write!(f, "{command} {object}"),
            (Some(command), None) => f.write_str(command),
            (None, _) => f.write_str("statement"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_sources_and_levels() {
        let levels = |text: &str| text.parse::<TraceFilter>().map(|filter| filter.to_string());
        assert_eq!(levels("").unwrap(), "sql=debug,aws=debug,docker=debug");
        assert_eq!(levels("off, sql=debug").unwrap(), "sql=debug,aws=off,docker=off");
        assert!(levels("sql=loud").unwrap_err().contains("loud"));
        assert!(levels("hyper=trace").unwrap_err().contains("hyper"));
    }

    #[test]
    fn a_statement_is_reduced_to_keywords() {
        let kind = |sql: &str| StatementKind(sql).to_string();
        assert_eq!(kind("ALTER TABLE app.users ALTER email TYPE text"), "ALTER TABLE");
        assert_eq!(kind("  select 'kim@example.com'"), "SELECT");
        assert_eq!(kind("COMMENT ON TABLE t IS 'Jane'"), "COMMENT");
        assert_eq!(kind("jane doe"), "statement");
    }
}
