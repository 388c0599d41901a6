//! Server parameters that the quarantine of a clone relies on.

/// A parameter, and the values with which a clone is harmless until it is scrubbed.
#[derive(Clone, Copy, Debug)]
pub struct RequiredParameter {
    /// Name of the parameter.
    pub name: &'static str,
    /// The harmless values.
    pub values: HarmlessValues,
    /// Value of a parameter group that does not set it.
    pub default: &'static str,
    /// The hazard that any other value brings about, if a configuration can keep it.
    pub hazard: Option<&'static str>,
}

/// The values with which a parameter is harmless.
#[derive(Clone, Copy, Debug)]
pub enum HarmlessValues {
    /// One of these spellings of the same value.
    OneOf(&'static [&'static str]),
    /// A list without this item.
    ListWithout(&'static str),
}

impl RequiredParameter {
    /// Returns what is wrong with a value, such as `log_statement is all instead of none`; `None` if it is harmless.
    pub fn violation(&self, value: &str) -> Option<String> {
        let name = self.name;
        match self.values {
            HarmlessValues::OneOf(values) if values.contains(&value) => None,
            HarmlessValues::OneOf(values) => {
                Some(format!("{name} is {value} instead of {}", values.first().unwrap_or(&"")))
            }
            HarmlessValues::ListWithout(item) => {
                let contains = value.split(',').any(|each| each.trim().trim_matches('"') == item);
                contains.then(|| format!("{name} is {value} instead of a list without {item}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(values: HarmlessValues) -> RequiredParameter {
        RequiredParameter { name: "p", values, default: "", hazard: None }
    }

    #[test]
    fn a_violation_states_both_values() {
        let on = parameter(HarmlessValues::OneOf(&["1", "on"]));
        assert_eq!((on.violation("1"), on.violation("on")), (None, None));
        assert_eq!(on.violation("off").unwrap(), "p is off instead of 1");
    }

    #[test]
    fn a_list_must_not_contain_the_item() {
        let list = parameter(HarmlessValues::ListWithout("pg_cron"));
        for value in ["", "pg_stat_statements", "my_pg_cron, pg_cron_x"] {
            assert_eq!(list.violation(value), None, "{value}");
        }
        for value in ["pg_cron", "pg_stat_statements, pg_cron", "a,\"pg_cron\""] {
            assert!(list.violation(value).is_some(), "{value}");
        }
    }
}
