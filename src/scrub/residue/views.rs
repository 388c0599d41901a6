//! Materialized views: they hold production's rows until they are refreshed.

use super::note::{note, warn};
use crate::event::Listener;
use crate::pg::as_owner::{AssumedRole, run_as_owner};
use crate::pg::catalog::{MaterializedView, materialized_views};
use crate::pg::{Result, Session, display_name, qualified_name};
use crate::units::counted;

/// Outcome of [`refresh`].
#[derive(Default)]
pub(super) struct Refreshed {
    pub(super) refreshed: usize,
    pub(super) emptied: Vec<String>,
    pub(super) unrefreshed: Vec<String>,
}

/// Refreshes every populated view in dependency order. One that fails (such as over a foreign table that no longer connects
/// anywhere) is emptied: no row is better than a real one.
pub(super) async fn refresh(session: &Session, listener: &dyn Listener) -> Result<Refreshed> {
    let mut outcome = Refreshed::default();
    for view in populated(session).await? {
        let (sql, name) = (qualified_name(&view.schema, &view.name), display_name(&view.schema, &view.name));
        // Functions that the view calls may need the database's own search_path.
        let refresh =
            format!("RESET search_path; REFRESH MATERIALIZED VIEW {sql}; SET search_path = pg_catalog, pg_temp");
        let error = match run_as_owner(session, view.owner.as_deref(), &refresh).await {
            Ok(_) => {
                outcome.refreshed += 1;
                continue;
            }
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => error,
        };
        match run_as_owner(session, view.owner.as_deref(), &format!("REFRESH MATERIALIZED VIEW {sql} WITH NO DATA"))
            .await
        {
            Ok(_) => {
                warn(
                    listener,
                    session,
                    &format!("the materialized view {name} could not be refreshed and was emptied: {error}"),
                );
                outcome.emptied.push(name);
            }
            Err(error) if error.is_fatal() => return Err(error),
            Err(_) => {
                warn(listener, session, &format!("the materialized view {name} still holds original rows: {error}"));
                outcome.unrefreshed.push(name);
            }
        }
    }
    if outcome.refreshed > 0 {
        note(listener, session, &format!("{} refreshed", counted(outcome.refreshed as u64, "materialized view")));
    }
    Ok(outcome)
}

/// Returns the populated views that the session has no privilege to refresh. The catalog does not show whether their rows are
/// the original ones, and [`refresh`] cannot have replaced them.
pub(super) async fn not_refreshable(session: &Session) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for view in populated(session).await? {
        let Some(owner) = &view.owner else { continue };
        let is_ours: bool =
            session.query_one("SELECT pg_catalog.pg_has_role($1::text::name, 'USAGE')", &[owner]).await?.get(0);
        if is_ours {
            continue;
        }
        match AssumedRole::assume(session, owner).await {
            Ok(assumed) => assumed.release(session).await?,
            Err(error) if error.is_fatal() => return Err(error),
            Err(_) => found.push(display_name(&view.schema, &view.name)),
        }
    }
    Ok(found)
}

async fn populated(session: &Session) -> Result<Vec<MaterializedView>> {
    let views = materialized_views(session).await?;
    Ok(views.into_iter().filter(|view| view.populated).collect())
}
