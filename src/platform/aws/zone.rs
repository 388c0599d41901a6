//! The hosted zone of the record.

use crate::platform::error::{Error, Result};

use super::dns_name::normalize;
use super::error::api_error;

/// A hosted zone.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    /// Name, normalized.
    pub name: String,
    /// Whether only its own VPCs resolve it.
    pub private: bool,
    /// The AWS service that manages the zone, so that no other principal may change it.
    pub linked_service: Option<String>,
}

impl Zone {
    /// Reads a hosted zone by its id.
    pub(super) async fn fetch(route53: &aws_sdk_route53::Client, id: &str) -> Result<Zone> {
        const CALL: &str = "GetHostedZone";
        let response = route53.get_hosted_zone().id(id).send().await.map_err(api_error(CALL, id))?;
        let zone = response.hosted_zone.ok_or_else(|| Error::Api {
            call: CALL,
            subject: id.to_owned(),
            code: "incomplete response".into(),
            message: "it contains no hosted zone".into(),
            remedy: None,
        })?;
        Ok(Zone {
            name: normalize(&zone.name),
            private: zone.config.is_some_and(|config| config.private_zone),
            linked_service: zone.linked_service.map(|service| {
                service.service_principal.or(service.description).unwrap_or_else(|| "another service".into())
            }),
        })
    }
}
