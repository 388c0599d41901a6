//! Automaton over all paths of a mask, so that a document is traversed once, however many paths there are.
//!
//! A state is the set of positions reached in all paths on the way from the root to a value. If several paths select
//! one value, the path with the fewest `..` and `*` wins, then the longest, then the first in text order.

use std::collections::{BTreeMap, BTreeSet};

use super::super::rule::{Path, PathStep, Rule};

/// Positions in paths: number of the path, number of steps completed.
type Positions = BTreeSet<(usize, usize)>;

/// Limit on the number of states.
const MAX_STATES: usize = 2000;

/// Transition table. In state 0 no path can match any more; state 1 is the root's.
pub(super) struct PathAutomaton<'a> {
    /// Keys named by paths. Key number `i` has symbol `i + 1`, all other keys 0.
    pub keys: Vec<&'a str>,
    /// Array positions named by paths. Their symbols follow `any_position`.
    pub positions: Vec<u32>,
    /// Next state, by state and symbol.
    pub next: Vec<Vec<usize>>,
    /// By state, the number of the path that ends in it.
    pub accepted: Vec<Option<usize>>,
    /// By state, whether the traversal continues into the value.
    pub descends: Vec<bool>,
}

impl<'a> PathAutomaton<'a> {
    /// Builds the table; `None` if it exceeds the limit.
    pub(super) fn build(paths: &'a [(Path, Rule)]) -> Option<PathAutomaton<'a>> {
        let steps = || paths.iter().flat_map(|(path, _)| &path.0);
        let keys: BTreeSet<&str> =
            steps().filter_map(|step| if let PathStep::Key(key) = step { Some(&**key) } else { None }).collect();
        let positions: BTreeSet<u32> = steps()
            .filter_map(|step| if let PathStep::Index(position) = step { Some(*position) } else { None })
            .collect();
        let mut automaton = PathAutomaton {
            keys: keys.into_iter().collect(),
            positions: positions.into_iter().collect(),
            next: Vec::new(),
            accepted: Vec::new(),
            descends: Vec::new(),
        };
        let root = closure(paths, (0..paths.len()).map(|path| (path, 0)).collect());
        let mut known = BTreeMap::from([(Positions::new(), 0), (root.clone(), 1)]);
        let mut states = vec![Positions::new(), root];
        let mut at = 0;
        while let Some(state) = states.get(at).cloned() {
            let ended = state.iter().filter(|(path, step)| *step == paths[*path].0.0.len()).map(|(path, _)| *path);
            let accepted = ended.min_by_key(|path| precedence(&paths[*path].0));
            // `..*` also selects everything inside such a value, so the traversal continues.
            let continues = accepted.is_some_and(|path| paths[path].0.0.ends_with(&[PathStep::Descend, PathStep::Any]));
            automaton.descends.push(!state.is_empty() && (accepted.is_none() || continues));
            automaton.accepted.push(accepted);
            let mut row = Vec::with_capacity(automaton.symbols());
            for symbol in 0..automaton.symbols() {
                let reached = automaton.advance(paths, &state, symbol);
                let fresh = states.len();
                let number = *known.entry(reached.clone()).or_insert(fresh);
                if number == fresh {
                    states.push(reached);
                }
                row.push(number);
            }
            automaton.next.push(row);
            at += 1;
            if states.len() > MAX_STATES {
                return None;
            }
        }
        Some(automaton)
    }

    /// Symbol of an array position that no path names.
    pub(super) fn any_position(&self) -> usize {
        self.keys.len() + 1
    }

    /// Number of symbols.
    pub(super) fn symbols(&self) -> usize {
        self.keys.len() + self.positions.len() + 2
    }

    fn advance(&self, paths: &[(Path, Rule)], state: &Positions, symbol: usize) -> Positions {
        let mut reached = Positions::new();
        for (path, step) in state {
            let matches = match paths[*path].0.0.get(*step) {
                None => continue,
                Some(PathStep::Descend) => {
                    reached.insert((*path, *step));
                    continue;
                }
                Some(PathStep::Any) => true,
                Some(PathStep::Key(key)) => {
                    symbol.checked_sub(1).and_then(|at| self.keys.get(at)) == Some(&key.as_str())
                }
                Some(PathStep::Index(position)) => {
                    symbol.checked_sub(self.any_position() + 1).and_then(|at| self.positions.get(at)) == Some(position)
                }
            };
            if matches {
                reached.insert((*path, step + 1));
            }
        }
        closure(paths, reached)
    }
}

/// Adds the positions after `..`, which may also match no level at all.
fn closure(paths: &[(Path, Rule)], mut positions: Positions) -> Positions {
    let after: Vec<_> = positions
        .iter()
        .filter(|(path, step)| paths[*path].0.0.get(*step) == Some(&PathStep::Descend))
        .map(|(path, step)| (*path, step + 1))
        .collect();
    positions.extend(after);
    positions
}

fn precedence(path: &Path) -> (usize, std::cmp::Reverse<usize>, String) {
    let open = path.0.iter().filter(|step| matches!(step, PathStep::Any | PathStep::Descend)).count();
    (open, std::cmp::Reverse(path.0.len()), path.to_string())
}
