//! Nondeterministic automata. Inclusion is tested by exploring both at once.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::char_set::CharSet;
use super::parse::Node;

/// Limits, beyond which nothing is proved.
const MAX_STATES: usize = 20_000;
const MAX_STEPS: usize = 200_000;

/// States with their edges. State 0 is the start.
pub(super) struct Automaton {
    states: Vec<State>,
    end: usize,
}

#[derive(Default)]
struct State {
    /// Transitions without a character.
    epsilon: Vec<usize>,
    edges: Vec<Edge>,
}

#[derive(Clone)]
struct Edge {
    set: CharSet,
    /// Whether the digit is free: the mask may write any digit in its place.
    digit: bool,
    to: usize,
}

impl Automaton {
    /// Builds an automaton; `None` if it exceeds the limit.
    pub(super) fn of(node: &Node) -> Option<Automaton> {
        let mut automaton = Automaton { states: vec![State::default()], end: 0 };
        automaton.end = automaton.add(node, 0)?;
        Some(automaton)
    }

    fn fresh(&mut self) -> Option<usize> {
        self.states.push(State::default());
        (self.states.len() <= MAX_STATES).then_some(self.states.len() - 1)
    }

    /// Adds a node after a state; returns its end state.
    fn add(&mut self, node: &Node, from: usize) -> Option<usize> {
        match node {
            Node::Chars(set) => self.edge(set.clone(), false, from),
            Node::FreeDigit => self.edge(CharSet::of([('0', '9')]), true, from),
            Node::Sequence(parts) => parts.iter().try_fold(from, |at, part| self.add(part, at)),
            Node::Alternatives(parts) => {
                let end = self.fresh()?;
                for part in parts {
                    let start = self.fresh()?;
                    self.states[from].epsilon.push(start);
                    let last = self.add(part, start)?;
                    self.states[last].epsilon.push(end);
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
                        self.states[at].epsilon.push(end);
                        at = self.add(inner, at)?;
                    }
                } else {
                    let start = self.fresh()?;
                    self.states[at].epsilon.push(start);
                    let last = self.add(inner, start)?;
                    self.states[last].epsilon.push(start);
                    at = start;
                }
                self.states[at].epsilon.push(end);
                Some(end)
            }
        }
    }

    fn edge(&mut self, set: CharSet, digit: bool, from: usize) -> Option<usize> {
        let to = self.fresh()?;
        self.states[from].edges.push(Edge { set, digit, to });
        Some(to)
    }

    /// Intersection, in which every free digit of the other automaton is replaced with any digit.
    pub(super) fn intersection(&self, other: &Automaton) -> Option<Automaton> {
        let mut numbers = HashMap::from([((0, 0), 0)]);
        let mut pairs = vec![(0, 0)];
        let mut states = Vec::new();
        while let Some(&(left, right)) = pairs.get(states.len()) {
            let mut number = |pair: (usize, usize)| {
                *numbers.entry(pair).or_insert_with(|| {
                    pairs.push(pair);
                    pairs.len() - 1
                })
            };
            let (one, two) = (&self.states[left], &other.states[right]);
            let mut state = State::default();
            state.epsilon.extend(one.epsilon.iter().map(|to| number((*to, right))));
            state.epsilon.extend(two.epsilon.iter().map(|to| number((left, *to))));
            for (mine, theirs) in one.edges.iter().flat_map(|mine| two.edges.iter().map(move |theirs| (mine, theirs))) {
                let set = mine.set.intersection(&theirs.set);
                if !set.is_empty() {
                    let set = if theirs.digit { theirs.set.clone() } else { set };
                    state.edges.push(Edge { set, digit: theirs.digit, to: number((mine.to, theirs.to)) });
                }
            }
            states.push(state);
            if pairs.len() > MAX_STATES {
                return None;
            }
        }
        // If the pair of ends was not reached, the end is a state without incoming edges.
        let end = numbers.get(&(self.end, other.end)).copied().unwrap_or(states.len());
        states.push(State::default());
        Some(Automaton { states, end })
    }

    /// Whether the language is empty.
    pub(super) fn is_empty(&self) -> bool {
        let mut seen = HashSet::from([0]);
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            let state = &self.states[at];
            let next = state.epsilon.iter().copied().chain(state.edges.iter().map(|edge| edge.to));
            open.extend(next.filter(|to| seen.insert(*to)));
        }
        !seen.contains(&self.end)
    }

    /// Whether the other language contains every text of this one.
    pub(super) fn is_subset_of(&self, other: &Automaton) -> bool {
        let start = (0, other.closure(BTreeSet::from([0])));
        let mut seen = HashSet::from([start.clone()]);
        let mut open = vec![start];
        while let Some((at, theirs)) = open.pop() {
            if at == self.end && !theirs.contains(&other.end) || seen.len() > MAX_STEPS {
                return false;
            }
            let state = &self.states[at];
            let mut next: Vec<(usize, BTreeSet<usize>)> =
                state.epsilon.iter().map(|to| (*to, theirs.clone())).collect();
            let edges = || theirs.iter().flat_map(|their| &other.states[*their].edges);
            for edge in &state.edges {
                for sample in edge.set.samples(edges().map(|edge| &edge.set)) {
                    let reached = edges().filter(|edge| edge.set.contains(sample)).map(|edge| edge.to).collect();
                    next.push((edge.to, other.closure(reached)));
                }
            }
            open.extend(next.into_iter().filter(|pair| seen.insert(pair.clone())));
        }
        true
    }

    /// Adds all states that are reachable without a character.
    fn closure(&self, mut states: BTreeSet<usize>) -> BTreeSet<usize> {
        let mut open: Vec<usize> = states.iter().copied().collect();
        while let Some(at) = open.pop() {
            open.extend(self.states[at].epsilon.iter().copied().filter(|to| states.insert(*to)));
        }
        states
    }
}
