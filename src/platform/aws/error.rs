//! Conversion of SDK errors to platform errors.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_rds::error::{ConnectorError, ProvideErrorMetadata, SdkError};

use crate::error::Chain;
use crate::platform::error::Error;

use super::remedy;

/// Error code of a call without a response: it is unknown whether it took effect.
const NO_RESPONSE: &str = "no response";

/// Returns a converter for the errors of one call; `subject` is the resource that the call was about.
pub(super) fn api_error<E>(call: &'static str, subject: impl Into<String>) -> impl FnOnce(SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let subject = subject.into();
    move |error| match &error {
        SdkError::ServiceError(response) => {
            let status = response.raw().status().as_u16();
            let code = response.err().code().filter(|code| !code.is_empty());
            let code = code.map_or_else(|| format!("HTTP {status}"), str::to_owned);
            let message = response.err().message().unwrap_or("no error message").to_owned();
            service_error(call, subject, code, message, status)
        }
        SdkError::ResponseError(response) => {
            let status = response.raw().status().as_u16();
            let (code, message) = (format!("HTTP {status}"), "the response is not one of this service".to_owned());
            // A rejection by a proxy is permanent; an error page or half a response is not.
            if matches!(status, 400..500) && !TRANSIENT_STATUSES.contains(&status) {
                Error::Api { call, subject, code, message, remedy: None }
            } else {
                Error::Outage { call, subject, code, message }
            }
        }
        SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
            let message = Chain(&error).to_string();
            match credentials_error(&error) {
                Some(error) if !is_outage(error) => Error::Denied { call, message: Chain(error).to_string() },
                _ => Error::Outage { call, subject, code: NO_RESPONSE.into(), message },
            }
        }
        other => Error::Api { call, subject, code: "unknown".into(), message: Chain(other).to_string(), remedy: None },
    }
}

/// HTTP statuses below 500 with which a service or a proxy asks for patience.
const TRANSIENT_STATUSES: [u16; 2] = [408, 429];

/// Whether a service reports that it is overloaded or broken, by the beginning of its error code or by the HTTP status.
///
/// Source: the lists of the SDK (`aws_runtime::retries::classifiers`), which it repeats for some seconds only.
fn is_transient(code: &str, status: u16) -> bool {
    const CODES: [&str; 12] = [
        "Throttl",
        "RequestThrottl",
        "RequestLimitExceeded",
        "RequestTimeout",
        "BandwidthLimitExceeded",
        "TooManyRequests",
        "SlowDown",
        "EC2Throttled",
        "PriorRequestNotComplete",
        "ServiceUnavailable",
        "InternalFailure",
        "InternalError",
    ];
    status >= 500 || TRANSIENT_STATUSES.contains(&status) || CODES.iter().any(|prefix| code.starts_with(prefix))
}

fn service_error(call: &'static str, subject: String, code: String, message: String, status: u16) -> Error {
    const DENIED: [&str; 9] = [
        "AccessDenied",
        "ExpiredToken",
        "UnrecognizedClient",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "RequestExpired",
        "MissingAuthenticationToken",
        "OptInRequired",
    ];
    if DENIED.iter().any(|prefix| code.starts_with(prefix)) {
        Error::Denied { call, message: format!("{message} ({code})") }
    } else if code.starts_with("InvalidDBInstanceState") {
        Error::Busy { call, subject, message }
    } else if is_transient(&code, status) {
        Error::Outage { call, subject, code, message }
    } else {
        let remedy = remedy::of_code(&code);
        Error::Api { call, subject, code, message, remedy }
    }
}

/// Whether credentials are missing because their own service, such as STS, does not answer.
fn is_outage(error: &CredentialsError) -> bool {
    type AssumeRole = SdkError<aws_sdk_sts::operation::assume_role::AssumeRoleError>;
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = next {
        if let Some(error) = current.downcast_ref::<Error>() {
            return error.is_transient();
        }
        if let Some(error) = current.downcast_ref::<AssumeRole>() {
            return match error {
                SdkError::ServiceError(response) => {
                    is_transient(response.err().code().unwrap_or_default(), response.raw().status().as_u16())
                }
                SdkError::ResponseError(response) => response.raw().status().as_u16() >= 500,
                other => credentials_error(other).is_none_or(is_outage),
            };
        }
        next = current.source();
    }
    matches!(error, CredentialsError::ProviderTimedOut(_)) || has_connector_error(error)
}

/// Whether a connection could not be made, by the chain of sources.
fn has_connector_error(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| error.is::<ConnectorError>())
}

/// Returns the credentials error in the chain of sources. A call without usable credentials is never sent; the SDK
/// reports it as a dispatch failure with the credentials error deep inside.
fn credentials_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a CredentialsError> {
    std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(code: &str) -> Error {
        service_error("ModifyDBInstance", "app-dev-1".into(), code.into(), "words".into(), 400)
    }

    #[test]
    fn codes_map_to_error_variants() {
        for code in ["AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException"] {
            assert!(matches!(error_of(code), Error::Denied { .. }), "{code}");
        }
        assert!(matches!(error_of("InvalidDBInstanceState"), Error::Busy { .. }));
        assert!(matches!(error_of("InvalidDBInstanceStateFault"), Error::Busy { .. }));
        for code in ["Throttling", "ThrottlingException", "RequestLimitExceeded", "PriorRequestNotComplete"] {
            assert!(matches!(error_of(code), Error::Outage { .. }), "{code}");
        }
        for code in ["StorageQuotaExceeded", "InvalidParameterValue", "HTTP 400"] {
            assert!(matches!(error_of(code), Error::Api { .. }), "{code}");
        }
        let broken = service_error("DescribeDBInstances", "app-dev-1".into(), "Odd".into(), "words".into(), 503);
        assert!(matches!(broken, Error::Outage { .. }));
    }

    #[test]
    fn a_timeout_has_its_own_code() {
        type Timeout = SdkError<aws_sdk_rds::operation::modify_db_instance::ModifyDBInstanceError>;
        let error = api_error("ModifyDBInstance", "app-dev-1")(Timeout::timeout_error("20 s"));
        assert!(matches!(error, Error::Outage { code, .. } if code == NO_RESPONSE));
    }

    #[test]
    fn a_call_without_credentials_is_denied() {
        type Unsent = SdkError<aws_sdk_rds::operation::modify_db_instance::ModifyDBInstanceError>;
        let inner = CredentialsError::provider_error("the token service is closed");
        let error = api_error("ModifyDBInstance", "app-dev-1")(Unsent::construction_failure(inner));
        assert!(error.to_string().contains("the token service is closed"), "{error}");
        assert!(matches!(error, Error::Denied { .. }));
    }

    #[test]
    fn credentials_that_could_not_be_renewed_in_an_outage_are_an_outage() {
        let outage = service_error("AssumeRole", "role".into(), "Throttling".into(), "words".into(), 400);
        let refused = service_error("AssumeRole", "role".into(), "AccessDenied".into(), "words".into(), 403);
        assert!(is_outage(&CredentialsError::provider_error(outage)));
        assert!(is_outage(&CredentialsError::provider_timed_out(std::time::Duration::from_secs(5))));
        assert!(!is_outage(&CredentialsError::provider_error(refused)));
    }
}
