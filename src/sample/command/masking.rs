//! The masks of a source that no rotation has scrubbed.

use std::collections::BTreeSet;

use crate::config::{TablePath, Target};
use crate::discover::audit::Exemptions;
use crate::discover::detect;
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::mask::coverage::{Coverage, Decision};
use crate::pg::Session;
use crate::sample::schema::Schema;
use crate::sample::{Masks, TableCopy};
use crate::scrub::coverage_gate::{CoverageGate, Judgement, LockCheck};
use crate::scrub::mask_key;
use crate::scrub::schema_locks::SchemaLocks;

/// The compiled masks of a database whose columns are all decided.
pub struct SourceMasking {
    /// The masks, for the statements that read the rows.
    pub masks: Masks,
    /// What may look personal in masked rows.
    pub exemptions: Exemptions,
    /// The columns that only scripts mask.
    scripted: BTreeSet<(TablePath, String)>,
    /// The fingerprint of the key that the masks depend on.
    pub key: String,
    /// The key of the hash of the seed rows.
    pub seeds_key: [u8; 32],
}

impl SourceMasking {
    /// Decides every column of a source and compiles the masks.
    ///
    /// # Errors
    /// `Exit::Leak` if a column is neither masked nor kept on purpose, is not in `devdb.lock`, or has a mask that is not
    /// proven; the hint is what to add to the configuration. Errors of the server.
    pub async fn compile(
        session: &Session,
        target: &Target,
        listener: &dyn Listener,
    ) -> Result<SourceMasking, Failure> {
        let key = mask_key::resolve(&target.masking, listener).await?;
        let locks = SchemaLocks::read(&target.masking.lock)?;
        let mut gate = CoverageGate::new(&target.masking, &key, &locks, listener);
        let judgement = gate.judge(session).await?;
        gate.admit(&judgement, LockCheck::Compare);
        gate.finish()?;
        let Judgement { catalog, coverage, work, .. } = judgement;
        let mut masks = Masks::new();
        for (table, columns) in &work {
            for masked in columns {
                let column = (table.schema.clone(), table.table.clone(), masked.column.clone());
                masks.insert(column, masked.expression.clone());
            }
        }
        let exemptions = Exemptions::of(&target.masking, &catalog, Vec::new());
        let scripted = scripted_columns(&coverage);
        Ok(SourceMasking { masks, exemptions, scripted, key: key.check(), seeds_key: key.derived("seeds") })
    }

    /// Removes the comments of a schema that look personal. Returns a note on each. The other statements are written by
    /// developers.
    pub fn remove_personal_comments(&self, schema: &mut Schema) -> Vec<String> {
        let mut notes = Vec::new();
        for half in [&mut schema.pre_data, &mut schema.post_data] {
            half.retain(|sql| {
                let is_personal = sql.starts_with("COMMENT ON ") && self.is_personal(sql);
                if is_personal {
                    let object = sql.split(" IS '").next().unwrap_or_default();
                    notes.push(format!("skipped, because the comment looks personal: {object}"));
                }
                !is_personal
            });
        }
        notes
    }

    fn is_personal(&self, text: &str) -> bool {
        let mut found = false;
        detect::visit(text, &mut |one| {
            found |= one.domain(text).is_none_or(|domain| !self.exemptions.domains.contain(domain));
        });
        found
    }

    /// Refuses tables with rows and a column that only scripts mask: no script runs while a sample is read.
    ///
    /// # Errors
    /// `Exit::Leak` with the columns.
    pub fn refuse_scripted(&self, tables: &[TableCopy]) -> Result<(), Failure> {
        let sampled: BTreeSet<TablePath> = tables
            .iter()
            .filter(|table| table.rows > 0)
            .map(|table| TablePath { schema: table.schema.clone(), table: table.table.clone() })
            .collect();
        let unmasked = self.scripted.iter().filter(|(table, _)| sampled.contains(table));
        let unmasked: Vec<String> = unmasked.map(|(table, column)| format!("{table}.{column}")).collect();
        if unmasked.is_empty() {
            return Ok(());
        }
        let message = format!("only scripts mask {}, and no script runs while a sample is read", unmasked.join(", "));
        Err(Failure::new(Exit::Leak, message)
            .hint("give these columns masks, configure their tables as `none`, or sample the live generation"))
    }
}

/// Returns the columns that only scripts mask, with those of inheritance children.
fn scripted_columns(coverage: &Coverage) -> BTreeSet<(TablePath, String)> {
    let mut columns = BTreeSet::new();
    for decided in coverage.decided.iter().filter(|decided| matches!(decided.decision, Decision::Scripted { .. })) {
        let table = TablePath { schema: decided.column.schema.clone(), table: decided.column.table.clone() };
        let name = decided.column.name.clone();
        for child in coverage.descendants.get(&(table.clone(), name.clone())).into_iter().flatten() {
            columns.insert((TablePath { schema: child.schema.clone(), table: child.table.clone() }, name.clone()));
        }
        columns.insert((table, name));
    }
    columns
}
