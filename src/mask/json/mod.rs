//! Values inside JSON, selected by path. A string or a number at the end of a path becomes a string: what its mask
//! returns for its text. An object or an array there becomes null; `null`, `true` and `false` stay, and so does
//! everything that no path selects.
//!
//! Paths without `..` and `*` need no subquery (`single`). Other paths need one that traverses the document (`walk`),
//! driven by a state table (`path_automaton`). The shape of a whole document (`shape`) needs none.

mod by_path;
mod leaf;
mod path_automaton;
mod shape;
mod single;
mod walk;

pub(super) use by_path::{make, make_shape};
