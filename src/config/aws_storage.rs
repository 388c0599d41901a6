//! Storage of instances of RDS for PostgreSQL.

use std::ops::RangeInclusive;

/// The type of a restored instance's storage if the request names none, and no IOPS.
///
/// Source: <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html>,
/// `StorageType`.
const DEFAULT: &str = "gp3";

/// A type of storage that can be restored without provisioned IOPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageType {
    /// Its name at AWS.
    pub name: &'static str,
    /// Its sizes in GiB.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html>, `AllocatedStorage`.
    pub sizes: RangeInclusive<u32>,
}

/// Returns the configured type, or the one that RDS chooses if none is configured; `None` for any other name.
pub fn storage_type(configured: Option<&str>) -> Option<StorageType> {
    let (name, sizes) = match configured.unwrap_or(DEFAULT) {
        "gp2" => ("gp2", 20..=65_536),
        "gp3" => ("gp3", 20..=65_536),
        "standard" => ("standard", 5..=3_072),
        _ => return None,
    };
    Some(StorageType { name, sizes })
}
