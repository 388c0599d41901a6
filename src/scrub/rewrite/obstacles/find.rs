//! Finds all obstacles.

use std::collections::BTreeSet;

use super::affected::AffectedColumns;
use super::obstacle::Obstacle;
use super::{
    event_triggers, foreign_keys, functions, invalid_indexes, materialized, policies, publications, rules, triggers,
    views,
};
use crate::pg::{Result, Session};

/// Returns the obstacles to altering columns (relation and attribute number) and refilling relations, in the order of their
/// removal.
pub(in super::super) async fn find(
    session: &Session,
    altered: &[(u32, i16)],
    refilled: &[u32],
) -> Result<Vec<Obstacle>> {
    let mut found = event_triggers::find(session).await?;
    let mut affected = AffectedColumns::new(altered);
    let materialized = materialized::find(session, &mut affected).await?;
    found.extend(publications::find(session, &affected).await?);
    found.extend(policies::find(session, &affected).await?);
    found.extend(triggers::find(session, &affected).await?);
    found.extend(functions::find(session, &affected).await?);
    found.extend(rules::find(session, &affected).await?);
    found.extend(views::find(session, &affected).await?);
    found.extend(materialized);
    found.extend(foreign_keys::find(session, altered, refilled).await?);
    let rewritten: BTreeSet<u32> =
        altered.iter().map(|(relation, _)| *relation).chain(refilled.iter().copied()).collect();
    found.extend(invalid_indexes::find(session, &rewritten.into_iter().collect::<Vec<_>>()).await?);
    Ok(found)
}
