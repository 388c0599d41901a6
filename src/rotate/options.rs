//! Options of a rotation.

use super::plan::PlanOptions;

/// Options of a rotation.
#[derive(Clone, Debug, Default)]
pub struct RotateOptions {
    /// Options of the plan.
    pub plan: PlanOptions,
    /// Print the plan and stop.
    pub dry_run: bool,
    /// Keep a failed clone in quarantine.
    pub keep_failed: bool,
    /// Contexts of the seeds to run.
    pub contexts: Vec<String>,
    /// Run each script twice.
    pub check_idempotent: bool,
}
