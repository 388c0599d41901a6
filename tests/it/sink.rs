//! Where a sample goes: an archive, an image, a registry. Real files, a real engine, a real registry.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod archive;
mod container;
mod killed;

/// What a run may leave on the engine.
const NOTHING: [String; 0] = [];
