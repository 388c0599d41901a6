//! The outputs of a mask as a language.

use super::super::output::{CaseOutput, OutputFormat};
use super::pattern::Pattern;

/// The outputs of a mask, by their format.
pub(super) struct Outputs<'a>(pub &'a OutputFormat);

impl Outputs<'_> {
    /// Whether all outputs match, whatever the input.
    pub(super) fn match_all(&self, pattern: impl Fn() -> Option<Pattern>) -> bool {
        self.all().zip(pattern()).is_some_and(|(outputs, pattern)| outputs.is_subset_of(&pattern))
    }

    /// Whether no output matches.
    pub(super) fn miss(&self, pattern: impl Fn() -> Option<Pattern>) -> bool {
        self.all().zip(pattern()).is_some_and(|(outputs, pattern)| outputs.is_disjoint_from(&pattern))
    }

    /// All possible outputs.
    fn all(&self) -> Option<Pattern> {
        let all = self.0.pattern()?;
        if let OutputFormat::Pattern(_) = self.0 {
            Pattern::matching_whole(&all)
        } else {
            Pattern::with_free_digits(&all)
        }
    }

    /// Whether the outputs of inputs that match the pattern match it too.
    pub(super) fn keep(&self, pattern: impl Fn() -> Option<Pattern>) -> bool {
        let proved = || {
            let pattern = pattern()?;
            let contains = |form: &str| Some(Pattern::with_free_digits(form)?.is_subset_of(&pattern));
            let OutputFormat::ByInput { cases, otherwise } = self.0 else { return None };
            for case in cases {
                let inputs = Pattern::with_free_digits(&case.input)?;
                let kept = match &case.output {
                    CaseOutput::Pattern(form) => pattern.is_disjoint_from(&inputs) || contains(form)?,
                    CaseOutput::DigitsChanged => pattern.changing_digits(&inputs)?.is_subset_of(&pattern),
                };
                kept.then_some(())?;
            }
            let all: Vec<&str> = cases.iter().map(|case| case.input.as_str()).collect();
            Some(pattern.is_subset_of(&Pattern::with_free_digits(&all.join("|"))?) || contains(otherwise)?)
        };
        proved().unwrap_or(false)
    }
}
