//! The choice of how to load.

use super::inspect::TargetState;
use super::refusal::Refusal;
use super::target::LoadTarget;
use crate::sample::TableCopy;

/// How to load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadStrategy {
    /// Into a scratch database, which takes the target's name at the end.
    Scratch,
    /// Into the target itself, schema and rows in one transaction.
    Whole,
    /// Into the tables that exist, in one transaction.
    Existing,
}

/// Chooses the strategy for a target in this state and a sample with these tables.
///
/// # Errors
/// Why the target must not be loaded into.
pub(super) fn choose(
    state: &TargetState,
    target: &LoadTarget,
    tables: &[TableCopy],
    replace: bool,
) -> Result<LoadStrategy, Refusal> {
    let (name, user) = (target.name(), target.credentials.user.clone());
    if !state.exists {
        return if state.may_create { Ok(LoadStrategy::Scratch) } else { Err(Refusal::Missing { target: name, user }) };
    }
    let may_replace = state.may_create && state.owns;
    if state.is_empty() {
        // Extensions may have been created by a role with more privileges: they stay.
        return Ok(if may_replace && !state.extensions { LoadStrategy::Scratch } else { LoadStrategy::Whole });
    }
    let mismatch = tables.iter().find_map(|table| mismatch(state, table));
    match (state.rows(), mismatch) {
        // Empty tables of migrations: everything that the migrations created is kept.
        (None, None) => Ok(LoadStrategy::Existing),
        (rows, mismatch) if !replace => {
            let other = || format!("other tables than the sample ({})", mismatch.unwrap_or_default());
            let found = rows.unwrap_or_else(other);
            Err(Refusal::NotEmpty { target: name, found })
        }
        _ if may_replace => Ok(LoadStrategy::Scratch),
        (_, None) => Ok(LoadStrategy::Existing),
        (_, Some(why)) => Err(Refusal::NotReplaceable { target: name, user, why }),
    }
}

/// Returns why a table of the sample does not fit the target, or `None` if it fits.
fn mismatch(state: &TargetState, table: &TableCopy) -> Option<String> {
    let Some(found) = state.tables.get(&(table.schema.clone(), table.table.clone())) else {
        return Some(format!("there is no table {}", table.path()));
    };
    table.columns.iter().zip(&table.types).find_map(|(column, wanted)| match found.columns.get(column) {
        None => Some(format!("there is no column {}.{column}", table.path())),
        // The bytes of one type can be valid values of another.
        Some(found) if without_length(found) != without_length(wanted) => {
            Some(format!("column {}.{column} has type {found}, and the sample has {wanted}", table.path()))
        }
        Some(_) => None,
    })
}

/// Returns a type without the length limit of `varchar`, which the server enforces. Other modifiers stay: the server
/// rounds numbers to their precision without an error.
fn without_length(declared: &str) -> &str {
    let varchar = r#""pg_catalog"."varchar""#;
    if declared.starts_with(&format!("{varchar}(")) && !declared.ends_with("[]") { varchar } else { declared }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::tunnel::Dial;
    use crate::pg::{Credentials, Trust};
    use crate::sample::load::inspect::TableState;

    fn target() -> LoadTarget {
        LoadTarget {
            host: "h".into(),
            port: 1,
            dial: Dial { address: ([127, 0, 0, 1], 1).into(), server_name: None },
            trust: Trust::load(None).unwrap(),
            credentials: Credentials { user: "u".into(), password: "p".to_owned().into() },
            database: "app".into(),
        }
    }

    fn table() -> TableCopy {
        TableCopy {
            schema: "app".into(),
            table: "t".into(),
            columns: vec!["id".into()],
            types: vec!["t".into()],
            binary: false,
            rows: 0,
            bytes: 0,
        }
    }

    fn with_table(has_rows: bool) -> TargetState {
        let table = TableState { columns: [("id".to_owned(), "t".to_owned())].into(), has_rows };
        TargetState {
            exists: true,
            tables: [(("app".to_owned(), "t".to_owned()), table)].into(),
            other_objects: 1,
            ..TargetState::default()
        }
    }

    #[test]
    fn the_state_of_the_target_decides_the_strategy() {
        let strategy = |state: &TargetState, replace| choose(state, &target(), &[table()], replace);
        let may_replace = |state: TargetState| TargetState { may_create: true, owns: true, ..state };
        let empty = TargetState { exists: true, ..TargetState::default() };
        let missing = TargetState::default();
        assert!(matches!(strategy(&missing, true), Err(Refusal::Missing { .. })));
        assert_eq!(strategy(&TargetState { may_create: true, ..missing }, false), Ok(LoadStrategy::Scratch));
        assert_eq!(strategy(&empty, false), Ok(LoadStrategy::Whole));
        assert_eq!(strategy(&may_replace(empty.clone()), false), Ok(LoadStrategy::Scratch));
        assert_eq!(strategy(&TargetState { may_create: true, ..empty }, false), Ok(LoadStrategy::Whole));
        assert_eq!(strategy(&may_replace(with_table(false)), false), Ok(LoadStrategy::Existing));
        assert!(matches!(strategy(&may_replace(with_table(true)), false), Err(Refusal::NotEmpty { .. })));
        assert_eq!(strategy(&may_replace(with_table(true)), true), Ok(LoadStrategy::Scratch));
        assert_eq!(strategy(&with_table(true), true), Ok(LoadStrategy::Existing));
        let mut other = with_table(true);
        other.tables.clear();
        assert!(matches!(strategy(&other, false), Err(Refusal::NotEmpty { .. })));
        assert!(matches!(strategy(&other, true), Err(Refusal::NotReplaceable { .. })));
    }
}
