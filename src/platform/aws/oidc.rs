//! A role assumed with GitHub's OIDC token. devdb performs both steps itself, so that it can repeat them: credentials
//! from an earlier step of the workflow expire after an hour, and a rotation may take longer.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use backon::{ExponentialBuilder, Retryable};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::{Request, Uri};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use secrecy::{ExposeSecret, SecretString};

use crate::host::is_loopback;
use crate::platform::error::{Error, Result};

use super::error::api_error;

/// Audience of the token, as configured in AWS's identity provider for GitHub.
const AUDIENCE: &str = "sts.amazonaws.com";
/// The variables of a job with `id-token: write`.
const VARIABLES: [&str; 2] = ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"];
/// Limit of a response in bytes; a token is about 2 kB.
const RESPONSE_LIMIT: usize = 64 * 1024;
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// GitHub's token service, from the environment of a job with `id-token: write`. The secret is valid while the job
/// runs.
#[derive(Clone)]
pub(super) struct TokenService {
    url: Uri,
    secret: SecretString,
}

impl TokenService {
    /// Returns the service of the current job; `None` outside GitHub or without the permission.
    pub(super) fn from_env() -> Result<Option<TokenService>> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let [url, secret] = VARIABLES.map(variable);
        match (url, secret) {
            (Some(url), Some(secret)) => Self::at(&url, secret.into()).map(Some),
            (None, None) => Ok(None),
            (url, _) => {
                let [set, missing] = if url.is_some() { VARIABLES } else { [VARIABLES[1], VARIABLES[0]] };
                Err(Error::Local(format!(
                    "{set} is set, but {missing} is not: pass both, as GitHub does, or unset both"
                )))
            }
        }
    }

    fn at(url: &str, secret: SecretString) -> Result<TokenService> {
        let separator = if url.contains('?') { '&' } else { '?' };
        let invalid = |reason: &str| Error::Local(format!("ACTIONS_ID_TOKEN_REQUEST_URL {reason}"));
        let url: Uri = format!("{url}{separator}audience={AUDIENCE}").parse().map_err(|_| invalid("is not a URL"))?;
        match url.scheme_str() {
            Some("https") => {}
            Some("http") if url.host().is_some_and(is_loopback) => {}
            _ => return Err(invalid("is not https: the job's secret would cross the network unencrypted")),
        }
        Ok(TokenService { url, secret })
    }

    /// Returns a fresh token. It expires within minutes, so it is fetched for each use.
    async fn token(&self) -> std::result::Result<SecretString, TokenError> {
        (|| self.request())
            .retry(ExponentialBuilder::default().with_min_delay(Duration::from_millis(300)).with_jitter())
            .when(|error| error.retryable)
            .await
    }

    async fn request(&self) -> std::result::Result<SecretString, TokenError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let roots = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider).map_err(|error| {
            TokenError::permanent(format!("cannot load the certificate authorities of this machine: {error}"))
        })?;
        let connector = roots.https_or_http().enable_http1().build();
        let request = Request::get(self.url.clone())
            .header("authorization", format!("bearer {}", self.secret.expose_secret()))
            .header("accept", "application/json")
            .header("user-agent", "devdb")
            .body(Empty::<Bytes>::new())
            .map_err(|_| TokenError::permanent("the job's secret is not valid in an HTTP header".into()))?;
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let exchange = async {
            let response = client.request(request).await.map_err(TokenError::connection)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), RESPONSE_LIMIT).collect().await;
            let body = body.map_err(|_| TokenError { reason: "the response is incomplete".into(), retryable: true })?;
            Ok((status, body.to_bytes()))
        };
        let (status, body) = tokio::time::timeout(RESPONSE_TIMEOUT, exchange)
            .await
            .map_err(|_| TokenError { reason: "no response".into(), retryable: true })??;
        if !status.is_success() {
            let retryable = status.is_server_error() || status.as_u16() == 429;
            return Err(TokenError { reason: format!("HTTP {}", status.as_u16()), retryable });
        }
        // The response is never quoted in an error: it contains the token.
        serde_json::from_slice::<serde_json::Value>(&body)
            .ok()
            .and_then(|body| body.get("value")?.as_str().map(SecretString::from))
            .ok_or_else(|| TokenError::permanent("the response contains no token".into()))
    }
}

/// Why no token was obtained.
#[derive(Debug, thiserror::Error)]
#[error("GitHub's token service returned no token: {reason}")]
struct TokenError {
    reason: String,
    retryable: bool,
}

impl TokenError {
    fn permanent(reason: String) -> Self {
        Self { reason, retryable: false }
    }

    fn of_platform(self) -> Error {
        let (call, message) = ("GetToken", self.to_string());
        if self.retryable {
            let (subject, code) = ("GitHub's token service".into(), "no token".into());
            Error::Outage { call, subject, code, message }
        } else {
            Error::Denied { call, message }
        }
    }

    fn connection(error: hyper_util::client::legacy::Error) -> Self {
        Self { reason: crate::error::Chain(&error).to_string(), retryable: true }
    }
}

/// Credentials of a role that is assumed with a token of GitHub. The SDK requests new ones before they expire.
pub(super) struct GithubRole {
    tokens: TokenService,
    sts: aws_sdk_sts::Client,
    role: String,
    session: String,
}

impl GithubRole {
    pub(super) fn new(tokens: TokenService, sts: aws_sdk_sts::Client, role: String, session: String) -> Self {
        Self { tokens, sts, role, session }
    }

    async fn assume(&self) -> std::result::Result<Credentials, CredentialsError> {
        let token =
            self.tokens.token().await.map_err(TokenError::of_platform).map_err(CredentialsError::provider_error)?;
        let response = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(&self.role)
            .role_session_name(&self.session)
            .web_identity_token(token.expose_secret())
            .send()
            .await
            .map_err(api_error("AssumeRoleWithWebIdentity", &self.role))
            .map_err(CredentialsError::provider_error)?;
        let granted = response.credentials.ok_or_else(|| {
            CredentialsError::provider_error(format!(
                "AssumeRoleWithWebIdentity returned no credentials for {}",
                self.role
            ))
        })?;
        let expiration = SystemTime::try_from(granted.expiration).map_err(CredentialsError::provider_error)?;
        Ok(Credentials::new(
            granted.access_key_id,
            granted.secret_access_key,
            Some(granted.session_token),
            Some(expiration),
            "GitHub OIDC",
        ))
    }
}

impl ProvideCredentials for GithubRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}

impl fmt::Debug for GithubRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GithubRole").field("role", &self.role).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Serves the given responses, one per connection; then returns the heads of the requests.
    async fn service(responses: Vec<&'static str>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token?api-version=2.0", listener.local_addr().unwrap());
        let served = tokio::spawn(async move {
            let mut heads = Vec::new();
            for response in responses {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = vec![0; 4096];
                let length = stream.read(&mut head).await.unwrap();
                heads.push(String::from_utf8_lossy(&head[..length]).into_owned());
                stream.write_all(response.as_bytes()).await.unwrap();
            }
            heads
        });
        (url, served)
    }

    #[tokio::test]
    async fn a_token_is_fetched_and_server_errors_are_retried() {
        let busy = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let good = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\nconnection: close\r\n\r\n{\"value\":\"eyJ\"}";
        let (url, served) = service(vec![busy, good]).await;
        let tokens = TokenService::at(&url, "job-secret".into()).unwrap();
        assert_eq!(tokens.token().await.unwrap().expose_secret(), "eyJ");
        let heads = served.await.unwrap();
        let head = heads[1].to_lowercase();
        assert!(head.starts_with("get /token?api-version=2.0&audience=sts.amazonaws.com "), "{head}");
        assert!(head.contains("authorization: bearer job-secret"), "{head}");
    }

    #[tokio::test]
    async fn a_rejection_is_final_and_reveals_no_secret() {
        let (url, served) =
            service(vec!["HTTP/1.1 403 No\r\ncontent-length: 10\r\nconnection: close\r\n\r\njob-secret"]).await;
        let rejected = TokenService::at(&url, "job-secret".into()).unwrap().token().await.unwrap_err();
        assert_eq!(rejected.to_string(), "GitHub's token service returned no token: HTTP 403");
        assert!(!format!("{rejected:?}").contains("job-secret"));
        served.await.unwrap();
    }

    #[test]
    fn the_secret_is_sent_over_https_only() {
        for url in [
            "http://192.0.2.7/token",
            "http://localhost.evil.example/t",
            "http://127.0.0.1:9@192.0.2.7/t",
            "ftp://127.0.0.1/t",
            "nonsense",
        ] {
            assert!(TokenService::at(url, "s".into()).is_err(), "{url}");
        }
        for url in ["https://vstoken.actions.githubusercontent.com/x?a=1", "http://127.0.0.1:9/t", "http://[::1]:9/t"] {
            assert!(TokenService::at(url, "s".into()).is_ok(), "{url}");
        }
    }
}
