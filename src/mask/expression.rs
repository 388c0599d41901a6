//! The result of compiling a rule.

/// A mask for one column: an expression over the row's columns, of the column's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// SQL text, which is valid wherever an expression over a row of the table is:
    /// `COPY (SELECT … FROM table)`, `UPDATE table SET column = …`, and, without a subquery,
    /// `ALTER TABLE … ALTER COLUMN … TYPE … USING (…)`. It contains constants derived from the key.
    pub sql: String,
    /// Whether it contains a subquery, which `ALTER TABLE … USING` rejects.
    pub subquery: bool,
    /// Constraints of the column that are not proved, because the rule vouches for them: names, or `NOT NULL`.
    pub vouched: Vec<String>,
}
