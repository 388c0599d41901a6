//! Materialized views: they hold the rows they had in production until they are filled anew.

use super::{Residue, note, warn};
use crate::event::Listener;
use crate::pg::as_owner::{AssumedRole, run_as_owner};
use crate::pg::catalog::{MaterializedView, materialized_views};
use crate::pg::{Result, Session, display_name, qualified_name};

/// Refreshes every populated one, those that others are made of first. One that fails (its foreign
/// table leads nowhere any more) is emptied: no row is better than a real one.
pub(super) async fn refresh(session: &Session, residue: &mut Residue, listener: &dyn Listener) -> Result<()> {
    for view in populated(session).await? {
        let (sql, words) = (qualified_name(&view.schema, &view.name), display_name(&view.schema, &view.name));
        // Functions that the view calls may need the database's own search_path.
        let refresh =
            format!("RESET search_path; REFRESH MATERIALIZED VIEW {sql}; SET search_path = pg_catalog, pg_temp");
        let error = match run_as_owner(session, view.owner.as_deref(), &refresh).await {
            Ok(_) => {
                residue.refreshed += 1;
                continue;
            }
            Err(error) if error.is_disconnect() => return Err(error),
            Err(error) => error,
        };
        match run_as_owner(session, view.owner.as_deref(), &format!("REFRESH MATERIALIZED VIEW {sql} WITH NO DATA"))
            .await
        {
            Ok(_) => {
                warn(
                    listener,
                    session,
                    &format!("the materialized view {words} could not be refreshed and was emptied: {error}"),
                );
                residue.emptied.push(words);
            }
            Err(error) if error.is_disconnect() => return Err(error),
            Err(_) => {
                warn(listener, session, &format!("the materialized view {words} still holds original rows: {error}"));
                residue.unrefreshed.push(words);
            }
        }
    }
    if residue.refreshed > 0 {
        note(listener, session, &format!("materialized views refreshed: {}", residue.refreshed));
    }
    Ok(())
}

/// Filled views that we have no right to refresh: nothing in the catalog tells whether their rows are
/// the original ones, and [`refresh`] cannot have replaced them.
pub(super) async fn out_of_reach(session: &Session) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for view in populated(session).await? {
        let Some(owner) = &view.owner else { continue };
        let ours: bool =
            session.query_one("SELECT pg_catalog.pg_has_role($1::text::name, 'USAGE')", &[owner]).await?.get(0);
        if ours {
            continue;
        }
        match AssumedRole::assume(session, owner).await {
            Ok(assumed) => assumed.release(session).await?,
            Err(error) if error.is_disconnect() => return Err(error),
            Err(_) => found.push(display_name(&view.schema, &view.name)),
        }
    }
    Ok(found)
}

async fn populated(session: &Session) -> Result<Vec<MaterializedView>> {
    let views = materialized_views(session).await?;
    Ok(views.into_iter().filter(|view| view.populated).collect())
}
