//! The record: the DNS name, or service-file section, that developers connect to.

/// What the record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// No record. The first rotation creates it.
    Absent,
    /// A plain record, which may be swapped.
    Present(Record),
    /// A record that must not be changed, with the reason: weighted, alias, multi-value, another type.
    Foreign(String),
}

/// A record as read: exactly what a swap deletes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Value: an endpoint's host name on AWS, a generation's name on the local platform.
    pub value: String,
    /// Seconds that resolvers may cache it.
    pub ttl: u64,
}

/// A change of the record that the platform accepted and may still be propagating.
#[derive(Clone, Debug)]
pub struct RecordChange {
    /// The platform's id of the change.
    pub id: String,
}

impl Record {
    /// Whether the record holds a value; host names are compared case-insensitively.
    pub fn has_value(&self, value: Option<&str>) -> bool {
        value.is_some_and(|value| value.eq_ignore_ascii_case(&self.value))
    }
}
