//! The parameters of a group on which the quarantine relies. README explains each under "A parameter group".

use crate::config::Target;
use crate::platform::parameter::{HarmlessValues, RequiredParameter};

/// All of them.
pub(super) const ALL: [RequiredParameter; 6] = [
    RequiredParameter {
        name: "max_logical_replication_workers",
        values: HarmlessValues::OneOf(&["0"]),
        default: "4",
        hazard: Some("subscriptions"),
    },
    RequiredParameter {
        name: "shared_preload_libraries",
        values: HarmlessValues::ListWithout("pg_cron"),
        default: "",
        hazard: Some("pg-cron"),
    },
    RequiredParameter {
        name: "shared_preload_libraries",
        values: HarmlessValues::ListWithout("pglogical"),
        default: "",
        hazard: Some("pglogical"),
    },
    // The default is 1 from version 15 on only; the group shows it.
    RequiredParameter {
        name: "rds.force_ssl",
        values: HarmlessValues::OneOf(&["1", "on"]),
        default: "0",
        hazard: None,
    },
    RequiredParameter {
        name: "log_statement",
        values: HarmlessValues::OneOf(&["none"]),
        default: "none",
        hazard: None,
    },
    RequiredParameter {
        name: "log_min_duration_statement",
        values: HarmlessValues::OneOf(&["-1"]),
        default: "-1",
        hazard: None,
    },
];

/// Returns the parameters of a target. A hazard that is kept with a reason needs its parameter.
pub(super) fn of_target(target: &Target) -> Vec<RequiredParameter> {
    let is_kept = |hazard: &str| target.kept_hazards.contains_key(hazard);
    ALL.into_iter().filter(|parameter| !parameter.hazard.is_some_and(is_kept)).collect()
}
