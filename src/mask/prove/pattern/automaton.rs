//! Automata without determinism, and their inclusion by walking through both.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::parse::Node;
use super::set::Set;

/// Beyond these nothing is proved.
const MOST_STATES: usize = 20_000;
const MOST_STEPS: usize = 200_000;

/// States with their edges; the first is the start.
pub(super) struct Automaton {
    states: Vec<State>,
    end: usize,
}

#[derive(Default)]
struct State {
    free: Vec<usize>,
    edges: Vec<Edge>,
}

#[derive(Clone)]
struct Edge {
    set: Set,
    /// Whether any digit may come out for it.
    digit: bool,
    to: usize,
}

impl Automaton {
    /// Nothing when it would be too large.
    pub(super) fn of(node: &Node) -> Option<Automaton> {
        let mut automaton = Automaton { states: vec![State::default()], end: 0 };
        automaton.end = automaton.add(node, 0)?;
        Some(automaton)
    }

    fn fresh(&mut self) -> Option<usize> {
        self.states.push(State::default());
        (self.states.len() <= MOST_STATES).then_some(self.states.len() - 1)
    }

    /// Adds a node after a state; answers where it ends.
    fn add(&mut self, node: &Node, from: usize) -> Option<usize> {
        match node {
            Node::Set(set) => self.edge(set.clone(), false, from),
            Node::Digit => self.edge(Set::of([('0', '9')]), true, from),
            Node::All(parts) => parts.iter().try_fold(from, |at, part| self.add(part, at)),
            Node::Either(parts) => {
                let end = self.fresh()?;
                for part in parts {
                    let start = self.fresh()?;
                    self.states[from].free.push(start);
                    let last = self.add(part, start)?;
                    self.states[last].free.push(end);
                }
                Some(end)
            }
            Node::Repeat(inner, least, most) => {
                let mut at = from;
                for _ in 0..*least {
                    at = self.add(inner, at)?;
                }
                let end = self.fresh()?;
                if let Some(most) = most {
                    for _ in *least..*most {
                        self.states[at].free.push(end);
                        at = self.add(inner, at)?;
                    }
                } else {
                    let start = self.fresh()?;
                    self.states[at].free.push(start);
                    let last = self.add(inner, start)?;
                    self.states[last].free.push(start);
                    at = start;
                }
                self.states[at].free.push(end);
                Some(end)
            }
        }
    }

    fn edge(&mut self, set: Set, digit: bool, from: usize) -> Option<usize> {
        let to = self.fresh()?;
        self.states[from].edges.push(Edge { set, digit, to });
        Some(to)
    }

    /// Texts of both, as the other writes them: where that has a free digit, any digit.
    pub(super) fn both(&self, other: &Automaton) -> Option<Automaton> {
        let mut numbers = HashMap::from([((0, 0), 0)]);
        let mut pairs = vec![(0, 0)];
        let mut states = Vec::new();
        while let Some(&(here, there)) = pairs.get(states.len()) {
            let mut number = |pair: (usize, usize)| {
                *numbers.entry(pair).or_insert_with(|| {
                    pairs.push(pair);
                    pairs.len() - 1
                })
            };
            let (one, two) = (&self.states[here], &other.states[there]);
            let mut state = State::default();
            state.free.extend(one.free.iter().map(|to| number((*to, there))));
            state.free.extend(two.free.iter().map(|to| number((here, *to))));
            for (mine, theirs) in one.edges.iter().flat_map(|mine| two.edges.iter().map(move |theirs| (mine, theirs))) {
                let set = mine.set.and(&theirs.set);
                if !set.is_empty() {
                    let set = if theirs.digit { theirs.set.clone() } else { set };
                    state.edges.push(Edge { set, digit: theirs.digit, to: number((mine.to, theirs.to)) });
                }
            }
            states.push(state);
            if pairs.len() > MOST_STATES {
                return None;
            }
        }
        // An end that is not reached is one that nothing leads to.
        let end = numbers.get(&(self.end, other.end)).copied().unwrap_or(states.len());
        states.push(State::default());
        Some(Automaton { states, end })
    }

    /// Whether there is no text.
    pub(super) fn is_empty(&self) -> bool {
        let mut seen = HashSet::from([0]);
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            let state = &self.states[at];
            let next = state.free.iter().copied().chain(state.edges.iter().map(|edge| edge.to));
            open.extend(next.filter(|to| seen.insert(*to)));
        }
        !seen.contains(&self.end)
    }

    /// Whether every text of this one is one of the other.
    pub(super) fn is_in(&self, other: &Automaton) -> bool {
        let start = (0, other.closed(BTreeSet::from([0])));
        let mut seen = HashSet::from([start.clone()]);
        let mut open = vec![start];
        while let Some((at, theirs)) = open.pop() {
            if at == self.end && !theirs.contains(&other.end) || seen.len() > MOST_STEPS {
                return false;
            }
            let state = &self.states[at];
            let mut next: Vec<(usize, BTreeSet<usize>)> = state.free.iter().map(|to| (*to, theirs.clone())).collect();
            let edges = || theirs.iter().flat_map(|their| &other.states[*their].edges);
            for edge in &state.edges {
                for sample in edge.set.samples(edges().map(|edge| &edge.set)) {
                    let reached = edges().filter(|edge| edge.set.has(sample)).map(|edge| edge.to).collect();
                    next.push((edge.to, other.closed(reached)));
                }
            }
            open.extend(next.into_iter().filter(|pair| seen.insert(pair.clone())));
        }
        true
    }

    /// With all that is reached without a character.
    fn closed(&self, mut states: BTreeSet<usize>) -> BTreeSet<usize> {
        let mut open: Vec<usize> = states.iter().copied().collect();
        while let Some(at) = open.pop() {
            open.extend(self.states[at].free.iter().copied().filter(|to| states.insert(*to)));
        }
        states
    }
}
