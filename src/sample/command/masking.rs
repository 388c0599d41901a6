//! What becomes of every column on the way: judged as a rotation judges a clone, and compiled.

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

/// Masks of a database, all of them proved, with no column left open.
pub struct Rules {
    /// For the statements that take the rows.
    pub masks: Masks,
    /// What may look personal in what is taken.
    pub spared: Exemptions,
    /// Columns that only a script masks, by table.
    scripted: BTreeSet<(TablePath, String)>,
    /// Fingerprint of the key: other masks, another sample.
    pub key: String,
    /// A key for the fingerprint of seeds.
    pub seeds: [u8; 32],
}

impl Rules {
    /// Judges the source. A column that is neither masked nor kept on purpose, a mask that is not proved, or
    /// a column that `devdb.lock` does not know ends it.
    ///
    /// # Errors
    /// `Exit::Leak` with what is to be added to the configuration; what the server says.
    pub async fn judge(session: &Session, target: &Target, listener: &dyn Listener) -> Result<Rules, Failure> {
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
                let mut put = |table: &TablePath| {
                    let place = (table.schema.clone(), table.table.clone(), masked.column.clone());
                    masks.insert(place, masked.expression.clone());
                };
                put(table);
                // A child of ordinary inheritance is copied by itself.
                let below = coverage.descendants.get(&(table.clone(), masked.column.clone()));
                for column in below.into_iter().flatten() {
                    put(&TablePath { schema: column.schema.clone(), table: column.table.clone() });
                }
            }
        }
        let spared = Exemptions::of(&target.masking, &catalog, Vec::new());
        Ok(Rules { masks, spared, scripted: scripted(&coverage), key: key.check(), seeds: key.derived("seeds") })
    }

    /// Takes out of a schema the comments that look personal, and tells which. The rest of a schema was written
    /// by developers.
    pub fn clean(&self, schema: &mut Schema) -> Vec<String> {
        let mut told = Vec::new();
        for half in [&mut schema.pre_data, &mut schema.post_data] {
            half.retain(|sql| {
                let personal = sql.starts_with("COMMENT ON ") && self.looks_personal(sql);
                if personal {
                    let what = sql.split(" IS '").next().unwrap_or_default();
                    told.push(format!("left out, because it looks personal: {what}"));
                }
                !personal
            });
        }
        told
    }

    fn looks_personal(&self, text: &str) -> bool {
        let mut found = false;
        detect::visit(text, &mut |one| {
            found |= one.domain(text).is_none_or(|domain| !self.spared.domains.contain(domain));
        });
        found
    }

    /// Refuses rows with a column that only a script masks: no script runs on the way.
    ///
    /// # Errors
    /// `Exit::Leak` with the columns.
    pub fn must_do(&self, tables: &[TableCopy]) -> Result<(), Failure> {
        let taken = tables.iter().filter(|table| table.rows > 0);
        let taken: BTreeSet<TablePath> =
            taken.map(|table| TablePath { schema: table.schema.clone(), table: table.table.clone() }).collect();
        let open = self.scripted.iter().filter(|(table, _)| taken.contains(table));
        let open: Vec<String> = open.map(|(table, column)| format!("{table}.{column}")).collect();
        if open.is_empty() {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Leak,
            format!(
                "only scripts of postproc-sql mask {}, and none runs on the way out of the source",
                open.join(", ")
            ),
        )
        .hint("give these columns masks, configure their tables as `none`, or sample the live generation"))
    }
}

fn scripted(coverage: &Coverage) -> BTreeSet<(TablePath, String)> {
    let mut all = BTreeSet::new();
    for decided in coverage.decided.iter().filter(|decided| matches!(decided.decision, Decision::Scripted { .. })) {
        let table = TablePath { schema: decided.column.schema.clone(), table: decided.column.table.clone() };
        let name = decided.column.name.clone();
        for below in coverage.descendants.get(&(table.clone(), name.clone())).into_iter().flatten() {
            all.insert((TablePath { schema: below.schema.clone(), table: below.table.clone() }, name.clone()));
        }
        all.insert((table, name));
    }
    all
}
