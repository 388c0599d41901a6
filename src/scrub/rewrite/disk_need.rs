//! The disk space that masking needs.

use std::fmt;

/// Largest disk space that masking needs at any time, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskNeed {
    /// New files of the tables that are rewritten in parallel; the old ones are deleted when a table is done.
    pub tables: u64,
    /// Sort files while their largest indexes are built.
    pub sorting: u64,
    /// Write-ahead log until a checkpoint recycles it.
    pub wal: u64,
}

impl DiskNeed {
    /// Returns the sum.
    pub fn total(&self) -> u64 {
        self.tables + self.sorting + self.wal
    }
}

impl fmt::Display for DiskNeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tables, sorting, wal) = (shown(self.tables), shown(self.sorting), shown(self.wal));
        write!(f, "{} ({tables} for tables, {sorting} for sorting, {wal} of write-ahead log)", shown(self.total()))
    }
}

/// Returns a size as text, rounded up: a need must not appear smaller than it is.
pub(super) fn shown(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.into_iter().find(|(size, _)| bytes >= *size) {
        Some((size, unit)) => {
            let tenths = (u128::from(bytes) * 10).div_ceil(u128::from(size));
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn sizes_are_rounded_up() {
        let sizes = [0, 1023, 1024, 1536, 5 << 20, (3 << 30) + 1].map(shown);
        assert_eq!(sizes, ["0 bytes", "1023 bytes", "1.0 KiB", "1.5 KiB", "5.0 MiB", "3.1 GiB"]);
    }
}
