//! Materialized views: they hold the rows they had in production until they are filled anew.

use std::collections::{BTreeMap, BTreeSet};

use super::super::acting::{Borrowed, act, qualified, shown};
use super::{Residue, note, warn};
use crate::event::Listener;
use crate::pg::{Result, Session};

struct View {
    schema: String,
    name: String,
    owner: Option<String>,
}

/// Refreshes every populated one, those that others are made of first. One that fails (its foreign
/// table leads nowhere any more) is emptied: no row is better than a real one.
pub(super) async fn refresh(session: &Session, residue: &mut Residue, listener: &dyn Listener) -> Result<()> {
    for view in populated(session).await? {
        let (sql, words) = (qualified(&view.schema, &view.name), shown(&view.schema, &view.name));
        // Functions that the view calls may need the database's own search_path.
        let refresh =
            format!("RESET search_path; REFRESH MATERIALIZED VIEW {sql}; SET search_path = pg_catalog, pg_temp");
        let error = match act(session, view.owner.as_deref(), &refresh).await {
            Ok(_) => {
                residue.refreshed += 1;
                continue;
            }
            Err(error) if error.is_disconnect() => return Err(error),
            Err(error) => error,
        };
        match act(session, view.owner.as_deref(), &format!("REFRESH MATERIALIZED VIEW {sql} WITH NO DATA")).await {
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
        match Borrowed::take(session, owner).await {
            Ok(borrowed) => borrowed.give_back(session).await?,
            Err(error) if error.is_disconnect() => return Err(error),
            Err(_) => found.push(shown(&view.schema, &view.name)),
        }
    }
    Ok(found)
}

async fn populated(session: &Session) -> Result<Vec<View>> {
    let rows = session
        .query(
            "SELECT c.oid, n.nspname::text, c.relname::text, r.rolname::text \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             WHERE c.relkind = 'm' AND c.relispopulated ORDER BY n.nspname, c.relname",
            &[],
        )
        .await?;
    // What each view, plain or materialized, reads.
    let edges = session
        .query(
            "SELECT DISTINCT w.ev_class, d.refobjid FROM pg_catalog.pg_depend d \
             JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid \
             JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind IN ('v', 'm') \
             WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass \
               AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND w.ev_class <> d.refobjid",
            &[],
        )
        .await?;
    let mut reads: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for edge in &edges {
        reads.entry(edge.get(0)).or_default().push(edge.get(1));
    }
    let mut views: BTreeMap<u32, View> = BTreeMap::new();
    let mut by_name = Vec::new();
    for row in &rows {
        let oid = row.get(0);
        by_name.push(oid);
        views.insert(oid, View { schema: row.get(1), name: row.get(2), owner: row.get(3) });
    }
    Ok(depth_first(&by_name, &reads).into_iter().filter_map(|oid| views.remove(&oid)).collect())
}

/// `starts` and all they read, what is read before what reads it. Without recursion: a chain of views
/// may be longer than a stack.
fn depth_first(starts: &[u32], reads: &BTreeMap<u32, Vec<u32>>) -> Vec<u32> {
    let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
    for start in starts {
        let mut stack = vec![(*start, false)];
        while let Some((oid, done)) = stack.pop() {
            if done {
                order.push(oid);
            } else if seen.insert(oid) {
                stack.push((oid, true));
                stack.extend(reads.get(&oid).into_iter().flatten().map(|read| (*read, false)));
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_comes_first_and_cycles_end() {
        let reads = BTreeMap::from([(1, vec![2]), (2, vec![3]), (3, vec![]), (4, vec![1, 2]), (5, vec![5])]);
        assert_eq!(depth_first(&[4, 1, 3, 5], &reads), [3, 2, 1, 4, 5]);
        let long: BTreeMap<u32, Vec<u32>> = (0..200_000).map(|at| (at, vec![at + 1])).collect();
        assert_eq!(depth_first(&[0], &long)[0], 200_000);
    }
}
