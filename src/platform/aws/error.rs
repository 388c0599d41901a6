//! Conversion of SDK errors to platform errors.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};

use crate::error::Chain;
use crate::platform::error::Error;

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
            let status = || format!("HTTP {}", response.raw().status().as_u16());
            let code = response.err().code().filter(|code| !code.is_empty()).map_or_else(status, str::to_owned);
            let message = response.err().message().unwrap_or("no error message").to_owned();
            service_error(call, subject, code, message)
        }
        SdkError::ResponseError(response) => Error::Api {
            call,
            subject,
            code: format!("HTTP {}", response.raw().status().as_u16()),
            message: "the response is not one of this service".into(),
        },
        other => match credentials_error(other) {
            Some(error) => Error::Denied { call, message: Chain(error).to_string() },
            None => Error::Api { call, subject, code: NO_RESPONSE.into(), message: Chain(other).to_string() },
        },
    }
}

fn service_error(call: &'static str, subject: String, code: String, message: String) -> Error {
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
    } else {
        Error::Api { call, subject, code, message }
    }
}

/// Returns the credentials error in the chain of sources. A call without usable credentials is never sent; the SDK
/// reports it as a dispatch failure with the credentials error deep inside.
fn credentials_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a CredentialsError> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<CredentialsError>() {
            return Some(found);
        }
        next = current.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(code: &str) -> Error {
        service_error("ModifyDBInstance", "app-dev-1".into(), code.into(), "words".into())
    }

    #[test]
    fn codes_map_to_error_variants() {
        for code in ["AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException"] {
            assert!(matches!(error_of(code), Error::Denied { .. }), "{code}");
        }
        assert!(matches!(error_of("InvalidDBInstanceState"), Error::Busy { .. }));
        assert!(matches!(error_of("InvalidDBInstanceStateFault"), Error::Busy { .. }));
        assert!(matches!(error_of("Throttling"), Error::Api { .. }));
    }

    #[test]
    fn a_timeout_has_its_own_code() {
        type Timeout = SdkError<aws_sdk_rds::operation::modify_db_instance::ModifyDBInstanceError>;
        let error = api_error("ModifyDBInstance", "app-dev-1")(Timeout::timeout_error("20 s"));
        assert!(matches!(error, Error::Api { code, .. } if code == NO_RESPONSE));
    }

    #[test]
    fn a_call_without_credentials_is_denied() {
        type Unsent = SdkError<aws_sdk_rds::operation::modify_db_instance::ModifyDBInstanceError>;
        let inner = CredentialsError::provider_error("the token service is closed");
        let error = api_error("ModifyDBInstance", "app-dev-1")(Unsent::construction_failure(inner));
        assert!(error.to_string().contains("the token service is closed"), "{error}");
        assert!(matches!(error, Error::Denied { .. }));
    }
}
