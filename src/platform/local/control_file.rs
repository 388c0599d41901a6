//! `global/pg_control`: the cluster's identifier, the time of its last checkpoint, and whether it was stopped cleanly.

use jiff::Timestamp;

/// The first fields of `global/pg_control`. Their offsets are unchanged since PostgreSQL 8.0 (`ControlFileData` in
/// src/include/catalog/pg_control.h), so that no program of the snapshot's version is needed to read them.
#[derive(Debug, PartialEq)]
pub(super) struct Control {
    /// Identifies the cluster.
    pub system_identifier: u64,
    /// Time of the last change of the file.
    pub written_at: Timestamp,
    /// Whether the cluster was shut down cleanly.
    pub shut_down: bool,
}

impl Control {
    /// Parses the file; `None` if another architecture wrote it, or it is cut off.
    pub(super) fn parse(bytes: &[u8]) -> Option<Control> {
        fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
            bytes.get(at..at + N)?.try_into().ok()
        }
        // pg_control_version is 1300 for 14 to 16, 1700 and 1800 later; another byte order is out of range.
        let version = u32::from_ne_bytes(field(bytes, 8)?);
        if !(900..10_000).contains(&version) {
            return None;
        }
        // DBState: 1 is DB_SHUTDOWNED, 2 is DB_SHUTDOWNED_IN_RECOVERY.
        let state = u32::from_ne_bytes(field(bytes, 16)?);
        Some(Control {
            system_identifier: u64::from_ne_bytes(field(bytes, 0)?),
            written_at: Timestamp::from_second(i64::from_ne_bytes(field(bytes, 24)?)).ok()?,
            shut_down: matches!(state, 1 | 2),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The beginning of a file.
    pub(crate) fn head(version: u32, state: u32) -> Vec<u8> {
        let mut bytes = 7300_u64.to_ne_bytes().to_vec();
        bytes.extend(version.to_ne_bytes());
        bytes.extend(1_u32.to_ne_bytes());
        bytes.extend(state.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(1_794_020_521_i64.to_ne_bytes());
        bytes
    }

    #[test]
    fn control_data_is_parsed() {
        let control = Control::parse(&head(1300, 1)).unwrap();
        assert_eq!((control.system_identifier, control.shut_down), (7300, true));
        assert_eq!(control.written_at, Timestamp::from_second(1_794_020_521).unwrap());
        assert!(!Control::parse(&head(1300, 6)).unwrap().shut_down);
        assert_eq!(Control::parse(&head(1300_u32.swap_bytes(), 1)), None);
        assert_eq!(Control::parse(b"short"), None);
    }
}
