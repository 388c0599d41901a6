//! Phases of a generation.

use std::fmt;

/// Progress of a generation; the value of the tag [`super::tag::PHASE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Restored or being restored: production's data with production's logins.
    Restored,
    /// Password reset, hazards defused, logins closed.
    Secured,
    /// Scripts committed, verified, residue cleared: may be published.
    Scrubbed,
    /// The record points, or pointed, at it, and no other generation has replaced it.
    Live,
    /// Replaced. Kept for `rollback`, or about to be deleted.
    Retired,
}

impl Phase {
    const ALL: [Phase; 5] = [Phase::Restored, Phase::Secured, Phase::Scrubbed, Phase::Live, Phase::Retired];

    /// Returns the tag value.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Restored => "restored",
            Phase::Secured => "secured",
            Phase::Scrubbed => "scrubbed",
            Phase::Live => "live",
            Phase::Retired => "retired",
        }
    }

    /// Parses a tag value; `None` for an unknown one.
    pub fn parse(value: &str) -> Option<Phase> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == value)
    }

    /// Whether developers use, or used, a generation in this phase.
    pub fn is_published(self) -> bool {
        matches!(self, Phase::Live | Phase::Retired)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
