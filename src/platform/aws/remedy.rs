//! Remedies for the errors with which AWS rejects a restore.

/// Returns the remedy for an error code; `None` for a code that explains itself or is not known.
///
/// Source: the errors of <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html>.
/// RDS writes some with and some without the ending `Fault`.
pub(super) fn of_code(code: &str) -> Option<&'static str> {
    Some(match code.strip_suffix("Fault").unwrap_or(code) {
        "InstanceQuotaExceeded" | "DBInstanceQuotaExceeded" => {
            "run `devdb cleanup`, delete unused instances, or request a higher quota of DB instances from AWS"
        }
        "StorageQuotaExceeded" => {
            "run `devdb cleanup`, delete unused instances, or request a higher quota of storage from AWS"
        }
        "InsufficientDBInstanceCapacity" => {
            "AWS has no free capacity of this class now: run again later, or choose another `class`"
        }
        "KMSKeyNotAccessible" => {
            "the snapshot is encrypted with a key that is disabled, deleted or closed to this role: enable the key, and \
             allow the role kms:CreateGrant and kms:DescribeKey in the key's policy"
        }
        "DBSnapshotNotFound" => "the snapshot was deleted since devdb listed it: run again, or pass another --snapshot",
        "InvalidDBSnapshotState" => "wait until the snapshot is available, or pass another --snapshot",
        "StorageTypeNotSupported" => "choose another `storage_type` or `class`",
        "ProvisionedIopsNotAvailableInAZ" => "set `storage_type: gp3`",
        "DBParameterGroupNotFound" => "create the parameter group, or correct `parameter_group`",
        "DBSubnetGroupNotFound" => "create the subnet group, or correct `subnet_group`",
        "DBSubnetGroupDoesNotCoverEnoughAZs" => "add a subnet in another availability zone to the subnet group",
        "InvalidSubnet" | "InvalidVPCNetworkState" => {
            "the subnet group has no free addresses or a deleted subnet: correct its subnets"
        }
        "DBSecurityGroupNotFound" => "correct `quarantine_security_groups`",
        "InvalidRestore" => {
            "the snapshot cannot be restored as an RDS for PostgreSQL instance: pass another --snapshot"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_with_and_without_its_ending() {
        for code in ["KMSKeyNotAccessible", "KMSKeyNotAccessibleFault", "DBSnapshotNotFoundFault"] {
            assert!(of_code(code).is_some(), "{code}");
        }
        assert_eq!(of_code("InvalidParameterValue"), None);
    }
}
