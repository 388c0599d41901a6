//! The example files and every configuration in the documents, run: a real rotation of a production that has the tables
//! they name, and a sample where they configure one.

/// The configurations, what stands for the reader's own, and what must come out.
mod cases;
/// The documents, and their blocks.
mod documents;
/// A rotation of a case in the simulated account.
mod on_aws;
/// A rotation of a case on clusters of this machine.
mod on_local;
/// The shell blocks of README.
mod shell;
