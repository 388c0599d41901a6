//! Executes statements whose text contains constants derived from the key.
//!
//! The text is sent as a parameter and executed from there, so that `pg_stat_activity`, `pg_stat_statements` (which by default
//! keeps top-level statements) and the log's `STATEMENT` and `CONTEXT` lines show a block without it. A server that logs every
//! statement with its parameters (`log_statement = all`) still logs it: devdb may not change that setting.

use crate::pg::{Result, Session};

/// Raises the error again without its context, which quotes the statement, and without its message, which may quote a value.
/// The SQLSTATE and the object names identify the failure.
const BLOCK: &str = "DO $devdb$
DECLARE
    state text; of_schema text; of_table text; of_column text; of_constraint text;
BEGIN
    EXECUTE pg_catalog.current_setting('devdb.statement');
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, of_schema = SCHEMA_NAME, of_table = TABLE_NAME,
        of_column = COLUMN_NAME, of_constraint = CONSTRAINT_NAME;
    IF of_constraint <> '' THEN
        RAISE EXCEPTION 'new values break a constraint'
            USING ERRCODE = state, SCHEMA = of_schema, TABLE = of_table, CONSTRAINT = of_constraint;
    ELSIF of_column <> '' THEN
        RAISE EXCEPTION 'new values do not fit a column'
            USING ERRCODE = state, SCHEMA = of_schema, TABLE = of_table, COLUMN = of_column;
    ELSE
        RAISE EXCEPTION 'the statement failed' USING ERRCODE = state;
    END IF;
END $devdb$";

/// Runs a statement inside the open transaction.
pub(super) async fn run(session: &Session, sql: &str) -> Result<()> {
    session.query("SELECT pg_catalog.set_config('devdb.statement', $1, true) IS NULL", &[&sql]).await?;
    session.run(BLOCK).await?;
    session.run("SELECT pg_catalog.set_config('devdb.statement', '', true) IS NULL").await.map(drop)
}
