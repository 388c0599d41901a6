//! The options of planning, and its result.

use crate::platform::{Check, Instance, RecordState, Snapshot, Tags};
use crate::rotate::lease_tag::HeldLease;

/// Options from the command line.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// Id of the snapshot to restore instead of the newest.
    pub snapshot: Option<String>,
    /// Remove or resume another run's clone even if that run may be alive.
    pub take_over: bool,
    /// Swap a record that points at something devdb did not make.
    pub adopt: bool,
}

/// The generation that a rotation works on.
#[derive(Clone, Debug)]
pub enum Work {
    /// A new generation.
    Restore {
        /// Its name.
        name: String,
    },
    /// An interrupted run's clone, which is resumed from its phase.
    Resume {
        /// The clone.
        clone: Box<Instance>,
    },
    /// An interrupted run's generation that the record already points at.
    Finish {
        /// The generation.
        generation: Box<Instance>,
    },
}

impl Work {
    /// Returns the name of the generation.
    pub fn name(&self) -> &str {
        match self {
            Work::Restore { name } => name,
            Work::Resume { clone } => &clone.name,
            Work::Finish { generation } => &generation.name,
        }
    }
}

/// Plan of a rotation.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The generation to work on.
    pub work: Work,
    /// The snapshot to restore.
    pub snapshot: Snapshot,
    /// Tags of the new generation, set by the restore request itself.
    pub tags: Tags,
    /// The record before the rotation.
    pub record: RecordState,
    /// The live generation before the rotation.
    pub live: Option<Instance>,
    /// Clones of dead runs to remove first.
    pub abandoned: Vec<Instance>,
    /// Generations to retire at the end, oldest first.
    pub retire: Vec<Instance>,
    /// Replaced generations to keep for `rollback`.
    pub keep: Vec<Instance>,
    /// Warnings for the user.
    pub warnings: Vec<String>,
}

/// Result of planning.
#[derive(Debug)]
pub enum Decision {
    /// The rotation can begin.
    Go(Box<Plan>),
    /// Another run works on a clone, or died within its lease: observe again at its end.
    Occupied(HeldLease),
    /// The rotation cannot begin, with every reason.
    Refused(Vec<Check>),
}
