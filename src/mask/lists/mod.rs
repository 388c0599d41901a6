//! What fake values are made of. Short, for the lists stand in the SQL text.

pub(super) mod english;
pub(super) mod korean;
