//! Paths as one table of states, so that a document is walked through once, whatever their number.
//!
//! A state is what has been seen of every path on the way from the root to a value. Of several paths to
//! one value that with the fewest `..` and `*` decides, then the longest, then the first by its text.

use std::collections::{BTreeMap, BTreeSet};

use super::super::rule::{Path, Rule, Step};

/// Places in paths: which path, how many steps of it are behind.
type Places = BTreeSet<(usize, usize)>;

/// States beyond which paths are no longer taken.
const MOST_STATES: usize = 2000;

/// The table. State 0 leads to no path any more, state 1 is the root's.
pub(super) struct Ways<'a> {
    /// Keys that paths name; the first has symbol 1, any other key 0.
    pub keys: Vec<&'a str>,
    /// Positions in arrays that paths name; the first has the symbol after `any_position`.
    pub positions: Vec<u32>,
    /// The next state, by state and symbol.
    pub next: Vec<Vec<usize>>,
    /// Of a state, the number of the path that ends in it.
    pub ends: Vec<Option<usize>>,
    /// Whether what a value of the state holds is walked through.
    pub goes_on: Vec<bool>,
}

impl<'a> Ways<'a> {
    /// The table of these paths; nothing when it would be too large.
    pub(super) fn of(paths: &'a [(Path, Rule)]) -> Option<Ways<'a>> {
        let steps = || paths.iter().flat_map(|(path, _)| &path.0);
        let keys: BTreeSet<&str> =
            steps().filter_map(|step| if let Step::Key(key) = step { Some(&**key) } else { None }).collect();
        let positions: BTreeSet<u32> =
            steps().filter_map(|step| if let Step::Index(position) = step { Some(*position) } else { None }).collect();
        let mut ways = Ways {
            keys: keys.into_iter().collect(),
            positions: positions.into_iter().collect(),
            next: Vec::new(),
            ends: Vec::new(),
            goes_on: Vec::new(),
        };
        let root = closed(paths, (0..paths.len()).map(|path| (path, 0)).collect());
        let mut known = BTreeMap::from([(Places::new(), 0), (root.clone(), 1)]);
        let mut states = vec![Places::new(), root];
        let mut at = 0;
        while let Some(state) = states.get(at).cloned() {
            let end = state.iter().filter(|(path, place)| *place == paths[*path].0.0.len()).map(|(path, _)| *path);
            let end = end.min_by_key(|path| precedence(&paths[*path].0));
            // `..*` leads to all that such a value holds as well, so nothing of it is left out.
            let through = end.is_some_and(|path| paths[path].0.0.ends_with(&[Step::Deep, Step::Each]));
            ways.goes_on.push(!state.is_empty() && (end.is_none() || through));
            ways.ends.push(end);
            let mut row = Vec::with_capacity(ways.symbols());
            for symbol in 0..ways.symbols() {
                let reached = ways.step(paths, &state, symbol);
                let fresh = states.len();
                let number = *known.entry(reached.clone()).or_insert(fresh);
                if number == fresh {
                    states.push(reached);
                }
                row.push(number);
            }
            ways.next.push(row);
            at += 1;
            if states.len() > MOST_STATES {
                return None;
            }
        }
        Some(ways)
    }

    /// The symbol of a position that no path names.
    pub(super) fn any_position(&self) -> usize {
        self.keys.len() + 1
    }

    /// How many symbols there are.
    pub(super) fn symbols(&self) -> usize {
        self.keys.len() + self.positions.len() + 2
    }

    fn step(&self, paths: &[(Path, Rule)], state: &Places, symbol: usize) -> Places {
        let mut reached = Places::new();
        for (path, place) in state {
            let leads = match paths[*path].0.0.get(*place) {
                None => continue,
                Some(Step::Deep) => {
                    reached.insert((*path, *place));
                    continue;
                }
                Some(Step::Each) => true,
                Some(Step::Key(key)) => symbol.checked_sub(1).and_then(|at| self.keys.get(at)) == Some(&key.as_str()),
                Some(Step::Index(position)) => {
                    symbol.checked_sub(self.any_position() + 1).and_then(|at| self.positions.get(at)) == Some(position)
                }
            };
            if leads {
                reached.insert((*path, place + 1));
            }
        }
        closed(paths, reached)
    }
}

/// `..` may also be no level at all.
fn closed(paths: &[(Path, Rule)], mut places: Places) -> Places {
    let after: Vec<_> = places
        .iter()
        .filter(|(path, place)| paths[*path].0.0.get(*place) == Some(&Step::Deep))
        .map(|(path, place)| (*path, place + 1))
        .collect();
    places.extend(after);
    places
}

fn precedence(path: &Path) -> (usize, std::cmp::Reverse<usize>, String) {
    let open = path.0.iter().filter(|step| matches!(step, Step::Each | Step::Deep)).count();
    (open, std::cmp::Reverse(path.0.len()), path.to_string())
}
