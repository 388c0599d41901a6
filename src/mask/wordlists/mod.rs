//! Word lists for fake values. They are short, because the SQL text contains them.

pub(crate) mod english;
pub(crate) mod korean;

#[cfg(test)]
mod tests;
