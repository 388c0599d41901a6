//! Connections to instances.

use super::cursor::Cursor;
use super::names;
use crate::config::raw;
use crate::config::resolved::{Connect, PlatformConfig};

/// Checks the connection to the instances of a target.
pub fn of_target(raw: raw::Connect, platform: &PlatformConfig, at: Cursor<'_>) -> Connect {
    if let (PlatformConfig::Local(_), raw::Connect::Ssm { .. } | raw::Connect::Command(_)) = (platform, &raw) {
        at.report_key("`local` always connects directly", "remove `connect`: the clusters run on this machine");
    }
    connect(raw, at)
}

/// Checks the connection to a server.
pub fn connect(raw: raw::Connect, at: Cursor<'_>) -> Connect {
    match raw {
        raw::Connect::Direct => Connect::Direct,
        raw::Connect::Ssm { instance } => {
            let at = at.key("ssm").key("instance");
            at.require(
                names::is_id(&instance, "i-") || names::is_id(&instance, "mi-"),
                format!("{} is not the id of an EC2 instance or of a managed node", at.quoted()),
                "write the id, such as `i-0123456789abcdef0` or `mi-0123456789abcdef0`, of one that runs the SSM agent",
            );
            Connect::Ssm { instance }
        }
        raw::Connect::Command(argv) => {
            let at = at.key("command");
            for placeholder in ["{host}", "{local_port}"] {
                at.require(
                    argv.iter().any(|argument| argument.contains(placeholder)),
                    format!("the command has no `{placeholder}`"),
                    "write a command such as `[ssh, -N, -L, \"{local_port}:{host}:{port}\", bastion]`: every generation \
                     has another host, and devdb chooses the local port",
                );
            }
            Connect::Command(argv)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::*;

    #[test]
    fn invalid_connections_are_reported() {
        assert_faults(AWS, "connect");
    }
}
