//! Options of a rollback.

/// Options of a rollback.
#[derive(Clone, Debug, Default)]
pub struct RollbackOptions {
    /// Name of the generation to roll back to, instead of the newest kept one.
    pub to: Option<String>,
    /// Take over the generation that another run works on.
    pub take_over: bool,
    /// Print the plan and stop.
    pub dry_run: bool,
}
