//! The shape of a table: the columns and names by which a hazard is recognized.

/// An ordinary or partitioned table that may be a hazard.
pub(super) struct Table {
    pub(super) oid: u32,
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) owner: Option<String>,
    pub(super) columns: Vec<String>,
}

/// Condition on a table's name.
#[derive(Clone, Copy)]
pub(super) enum Name {
    /// Any name.
    Any,
    /// One of these, ignoring case.
    OneOf(&'static [&'static str]),
    /// Begins with this, ignoring case.
    Begins(&'static str),
    /// Contains this, ignoring case.
    Contains(&'static str),
}

/// How such a table is made harmless.
#[derive(Clone, Copy)]
pub(super) enum Treatment {
    /// Remove all rows: finished ones hold the same personal data.
    Empty,
    /// Disable the rows by this assignment: they are definitions that developers may need.
    Disable(&'static str),
}

/// One kind of table.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Name of the hazard; several shapes may share one.
    pub(super) hazard: &'static str,
    /// Description of the hazard, for the documentation.
    pub(super) about: &'static str,
    pub(super) name: Name,
    /// Required columns.
    pub(super) columns: &'static [&'static str],
    /// SQL condition, over `columns`, of the rows that something would act on.
    pub(super) waiting: &'static str,
    pub(super) treatment: Treatment,
    /// Tables of the same schema that are emptied with it: exact names, or suffixes that begin with `*`.
    pub(super) companions: &'static [&'static str],
}

impl Shape {
    /// Whether a table has this shape.
    pub(super) fn fits(&self, table: &Table) -> bool {
        let name = table.name.to_lowercase();
        let named = match self.name {
            Name::Any => true,
            Name::OneOf(names) => names.contains(&name.as_str()),
            Name::Begins(start) => name.starts_with(start),
            Name::Contains(part) => name.contains(part),
        };
        named && self.columns.iter().all(|column| table.columns.iter().any(|existing| existing == column))
    }
}

/// A shape whose tables are emptied.
pub(super) const fn empty(
    hazard: &'static str,
    about: &'static str,
    columns: &'static [&'static str],
    waiting: &'static str,
) -> Shape {
    Shape { hazard, about, name: Name::Any, columns, waiting, treatment: Treatment::Empty, companions: &[] }
}

/// A shape whose waiting rows are disabled by `assignment`.
pub(super) const fn disable(
    hazard: &'static str,
    about: &'static str,
    columns: &'static [&'static str],
    waiting: &'static str,
    assignment: &'static str,
) -> Shape {
    Shape {
        hazard,
        about,
        name: Name::Any,
        columns,
        waiting,
        treatment: Treatment::Disable(assignment),
        companions: &[],
    }
}

impl Shape {
    /// Requires a name too.
    pub(super) const fn named(mut self, name: Name) -> Shape {
        self.name = name;
        self
    }

    /// Empties other tables of the same schema too.
    pub(super) const fn with(mut self, companions: &'static [&'static str]) -> Shape {
        self.companions = companions;
        self
    }
}
