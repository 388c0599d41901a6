//! What comes after rows and constraints: materialized views and statistics.

use crate::pg::catalog::materialized_views;
use crate::pg::{Session, identifier};
use crate::sample::load::error::Result;

/// Fills materialized views, those that others read first; answers sentences on those that could not be.
pub(super) async fn refresh(session: &Session, in_transaction: bool) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for view in materialized_views(session).await? {
        let name = format!("{}.{}", identifier(&view.schema), identifier(&view.name));
        // Functions that the view calls may need the database's own search_path.
        let refresh = format!("RESET search_path; REFRESH MATERIALIZED VIEW {name}; SET search_path = ''");
        if in_transaction {
            session.run("SAVEPOINT view").await?;
        }
        match session.run(&refresh).await {
            Ok(_) => {}
            Err(error) if error.is_disconnect() => return Err(error.into()),
            Err(error) => {
                session.run(if in_transaction { "ROLLBACK TO view" } else { "SET search_path = ''" }).await?;
                notes.push(format!(
                    "the materialized view {}.{} could not be filled and has no rows: {error}",
                    view.schema, view.name
                ));
            }
        }
        if in_transaction {
            session.run("RELEASE view").await?;
        }
    }
    Ok(notes)
}

/// Gathers statistics of all tables, so that the first query is planned well.
pub(super) async fn analyze(session: &Session) -> Result<()> {
    session.run("ANALYZE").await?;
    Ok(())
}
