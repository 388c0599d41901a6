//! Decision for one column from the entries of the configuration that match it.

use std::collections::BTreeSet;

use super::decision::Decision;
use super::kept_type::{kept_type, kept_type_name};
use super::problem::CoverageProblem;
use crate::config::mask::RawMask;
use crate::config::{ColumnPath, Masking};
use crate::digest::canonical_json;
use crate::mask::Rule;
use crate::pg::catalog::Column;

/// Exact entries of the configuration: those that name one column.
pub(super) fn exact_names(masking: &Masking) -> BTreeSet<String> {
    let paths = masking.rules.iter().map(|(path, _)| path).chain(&masking.scripted).chain(&masking.keep);
    paths.filter(|path| path.is_exact()).map(ToString::to_string).collect()
}

/// Decides for one column; returns `None` if nothing matches it. Removes the entries that match from `unused`.
pub(super) fn decide_column(
    masking: &Masking,
    column: &Column,
    is_foreign: bool,
    unused: &mut BTreeSet<String>,
) -> Result<Option<Decision>, CoverageProblem> {
    let entries = Entries::matching(masking, column);
    for path in entries.masks.iter().map(|(path, _)| path).chain(&entries.scripted).chain(&entries.kept) {
        unused.remove(&path.to_string());
    }
    if is_foreign {
        return Ok(Some(Decision::Elsewhere));
    }
    if let Some(decision) = entries.decide(column, true)? {
        return Ok(Some(decision));
    }
    if column.generated {
        return Ok(Some(Decision::Computed));
    }
    if let Some(decision) = entries.decide(column, false)? {
        return Ok(Some(decision));
    }
    let by_type = kept_type(column).filter(|kind| masking.keep_types.contains(kind));
    Ok(by_type.map(|kind| Decision::Kept { by: format!("keep_types: {}", kept_type_name(kind)) }))
}

/// Returns what the exact entry of an inherited column says, and the entry; `None` if it has none, or an invalid one, which
/// the column of the topmost table decides about. Removes it from `unused`.
pub(super) fn own_entry(
    masking: &Masking,
    column: &Column,
    unused: &mut BTreeSet<String>,
) -> Option<(Decision, String)> {
    let entries = Entries::matching(masking, column);
    let all = entries.masks.iter().map(|(path, _)| path).chain(&entries.scripted).chain(&entries.kept);
    let entry = all.filter(|path| path.is_exact()).map(ToString::to_string).next()?;
    unused.remove(&entry);
    let decision = entries.decide(column, true).ok().flatten()?;
    Some((decision, entry))
}

/// Entries that match one column.
struct Entries<'a> {
    masks: Vec<(&'a ColumnPath, &'a RawMask)>,
    scripted: Vec<&'a ColumnPath>,
    kept: Vec<&'a ColumnPath>,
}

impl<'a> Entries<'a> {
    fn matching(masking: &'a Masking, column: &Column) -> Entries<'a> {
        let matches = |path: &&ColumnPath| path.matches(&column.schema, &column.table, &column.name);
        let masks = masking.rules.iter().map(|(path, mask)| (path, mask));
        Entries {
            masks: masks.filter(|(path, _)| matches(path)).collect(),
            scripted: masking.scripted.iter().filter(matches).collect(),
            kept: masking.keep.iter().filter(matches).collect(),
        }
    }

    /// Decision by the exact entries, or by those with `*`.
    fn decide(&self, column: &Column, exact: bool) -> Result<Option<Decision>, CoverageProblem> {
        let masks: Vec<_> = self.masks.iter().filter(|(path, _)| path.is_exact() == exact).collect();
        let find = |paths: &[&'a ColumnPath]| paths.iter().copied().find(|path| path.is_exact() == exact);
        let (scripted, kept) = (find(&self.scripted), find(&self.kept));
        let ambiguous = |paths: [&ColumnPath; 2]| CoverageProblem::Ambiguous {
            column: column.path(),
            entries: paths.map(ToString::to_string).to_vec(),
        };
        let Some((path, mask)) = masks.first() else {
            return match (scripted, kept) {
                (Some(one), Some(other)) if exact => Err(ambiguous([one, other])),
                (Some(path), _) => Ok(Some(Decision::Scripted { by: path.to_string() })),
                (None, Some(path)) => Ok(Some(Decision::Kept { by: path.to_string() })),
                (None, None) => Ok(None),
            };
        };
        if let Some((other, _)) = masks.iter().find(|(_, other)| other != mask) {
            return Err(ambiguous([path, other]));
        }
        if let Some(other) = scripted.or(kept).filter(|_| exact) {
            return Err(ambiguous([path, other]));
        }
        let rule = Rule::resolve(mask)
            .map_err(|error| CoverageProblem::Rule { entry: path.to_string(), error: error.to_string() })?;
        Ok(Some(Decision::Masked { rule, by: path.to_string(), written: canonical_json(mask) }))
    }
}
