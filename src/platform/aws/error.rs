//! What an AWS call answered, in the platform's kinds of error.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};

use crate::error::Chain;

use super::Error;

/// The code of a call that got no answer: nobody knows whether it happened.
const NO_ANSWER: &str = "no answer";

/// Turns the SDK's error of one call into the platform's. `subject` is what the call was about.
pub(super) fn failed<E>(call: &'static str, subject: impl Into<String>) -> impl FnOnce(SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let subject = subject.into();
    move |error| match &error {
        SdkError::ServiceError(answer) => {
            let status = || format!("HTTP {}", answer.raw().status().as_u16());
            let code = answer.err().code().filter(|code| !code.is_empty()).map_or_else(status, str::to_owned);
            let message = answer.err().message().unwrap_or("without a word of explanation").to_owned();
            of_service(call, subject, code, message)
        }
        SdkError::ResponseError(answer) => Error::Api {
            call,
            subject,
            code: format!("HTTP {}", answer.raw().status().as_u16()),
            message: "an answer that is not this service's".into(),
        },
        other => match credentials_error(other) {
            Some(why) => Error::Denied { call, message: Chain(why).to_string() },
            None => Error::Api { call, subject, code: NO_ANSWER.into(), message: Chain(other).to_string() },
        },
    }
}

fn of_service(call: &'static str, subject: String, code: String, message: String) -> Error {
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
    if DENIED.iter().any(|word| code.starts_with(word)) {
        Error::Denied { call, message: format!("{message} ({code})") }
    } else if code.starts_with("InvalidDBInstanceState") {
        Error::Busy { call, subject, message }
    } else {
        Error::Api { call, subject, code, message }
    }
}

/// A call without usable credentials never leaves this machine; the SDK then reports it as a failed
/// dispatch, with the credentials' own error deep inside.
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

    fn kind(code: &str) -> Error {
        of_service("ModifyDBInstance", "app-dev-1".into(), code.into(), "words".into())
    }

    #[test]
    fn codes_become_kinds() {
        for code in ["AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException"] {
            assert!(matches!(kind(code), Error::Denied { .. }), "{code}");
        }
        assert!(matches!(kind("InvalidDBInstanceState"), Error::Busy { .. }));
        assert!(matches!(kind("InvalidDBInstanceStateFault"), Error::Busy { .. }));
        assert!(matches!(kind("Throttling"), Error::Api { .. }));
    }

    #[test]
    fn a_call_without_an_answer_says_so() {
        type Unanswered = SdkError<aws_sdk_rds::operation::modify_db_instance::ModifyDBInstanceError>;
        let error = failed("ModifyDBInstance", "app-dev-1")(Unanswered::timeout_error("20 s"));
        assert!(matches!(error, Error::Api { code, .. } if code == NO_ANSWER));
    }

    #[test]
    fn a_call_without_credentials_is_denied() {
        type Unsent = SdkError<aws_sdk_rds::operation::modify_db_instance::ModifyDBInstanceError>;
        let inner = CredentialsError::provider_error("the token service is closed");
        let error = failed("ModifyDBInstance", "app-dev-1")(Unsent::construction_failure(inner));
        assert!(error.to_string().contains("the token service is closed"), "{error}");
        assert!(matches!(error, Error::Denied { .. }));
    }
}
