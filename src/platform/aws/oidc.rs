//! A role assumed with GitHub's OIDC token. Both steps are ours, so that they can be repeated: what a
//! step of the workflow obtains before us ends after an hour, and a rotation may take longer.

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

use super::{Error, Result};
use crate::host::is_loopback;

/// Whom the token is for; AWS's identity provider for GitHub is set up with it.
const AUDIENCE: &str = "sts.amazonaws.com";
/// A token is about 2 kB.
const ANSWER_LIMIT: usize = 64 * 1024;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// GitHub's token service, as a job with `id-token: write` finds it in its environment. The secret is
/// valid as long as the job runs.
#[derive(Clone)]
pub(super) struct TokenService {
    url: Uri,
    secret: SecretString,
}

impl TokenService {
    /// The service of the job that we run in; none outside GitHub, or without the permission.
    pub(super) fn from_env() -> Result<Option<TokenService>> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        match (set("ACTIONS_ID_TOKEN_REQUEST_URL"), set("ACTIONS_ID_TOKEN_REQUEST_TOKEN")) {
            (Some(url), Some(secret)) => Self::at(&url, secret.into()).map(Some),
            _ => Ok(None),
        }
    }

    fn at(url: &str, secret: SecretString) -> Result<TokenService> {
        let joint = if url.contains('?') { '&' } else { '?' };
        let refused = |why: &str| Error::Local(format!("ACTIONS_ID_TOKEN_REQUEST_URL {why}"));
        let url: Uri = format!("{url}{joint}audience={AUDIENCE}").parse().map_err(|_| refused("is not an address"))?;
        match url.scheme_str() {
            Some("https") => {}
            Some("http") if url.host().is_some_and(is_loopback) => {}
            _ => return Err(refused("is not https: the job's secret would cross the network in the clear")),
        }
        Ok(TokenService { url, secret })
    }

    /// A fresh token. It lives for minutes, so it is fetched for each use.
    async fn token(&self) -> std::result::Result<SecretString, Refused> {
        (|| self.ask())
            .retry(ExponentialBuilder::default().with_min_delay(Duration::from_millis(300)).with_jitter())
            .when(|refused| refused.again)
            .await
    }

    async fn ask(&self) -> std::result::Result<SecretString, Refused> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let roots = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(|error| Refused::for_good(format!("no certificate authorities on this machine: {error}")))?;
        let connector = roots.https_or_http().enable_http1().build();
        let request = Request::get(self.url.clone())
            .header("authorization", format!("bearer {}", self.secret.expose_secret()))
            .header("accept", "application/json")
            .header("user-agent", "devdb")
            .body(Empty::<Bytes>::new())
            .map_err(|_| Refused::for_good("the job's secret cannot stand in a header".into()))?;
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let asked = async {
            let answer = client.request(request).await.map_err(Refused::broken)?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_LIMIT).collect().await;
            let body = body.map_err(|_| Refused { why: "the answer broke off".into(), again: true })?;
            Ok((status, body.to_bytes()))
        };
        let (status, body) = tokio::time::timeout(ANSWER_TIMEOUT, asked)
            .await
            .map_err(|_| Refused { why: "no answer".into(), again: true })??;
        if !status.is_success() {
            let again = status.is_server_error() || status.as_u16() == 429;
            return Err(Refused { why: format!("HTTP {}", status.as_u16()), again });
        }
        // Nothing of the answer is ever quoted: it holds the token.
        serde_json::from_slice::<serde_json::Value>(&body)
            .ok()
            .and_then(|answer| answer.get("value")?.as_str().map(SecretString::from))
            .ok_or_else(|| Refused::for_good("an answer without a token".into()))
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[error("GitHub's token service gave no token: {why}")]
struct Refused {
    why: String,
    /// Whether another try may help.
    again: bool,
}

impl Refused {
    fn for_good(why: String) -> Self {
        Self { why, again: false }
    }

    fn broken(error: hyper_util::client::legacy::Error) -> Self {
        Self { why: crate::error::Chain(&error).to_string(), again: true }
    }
}

/// Credentials of a role for whoever holds a token of GitHub's. The SDK asks again when they near their end.
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
        let token = self.tokens.token().await.map_err(CredentialsError::provider_error)?;
        let answer = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(&self.role)
            .role_session_name(&self.session)
            .web_identity_token(token.expose_secret())
            .send()
            .await
            .map_err(super::error::failed("AssumeRoleWithWebIdentity", &self.role))
            .map_err(CredentialsError::provider_error)?;
        let given = answer.credentials.ok_or_else(|| {
            CredentialsError::provider_error(format!("{} was assumed without credentials", self.role))
        })?;
        let until = SystemTime::try_from(given.expiration).map_err(CredentialsError::provider_error)?;
        Ok(Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            Some(until),
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

    /// Answers the given responses, one a connection; then yields the requests' heads.
    async fn service(answers: Vec<&'static str>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token?api-version=2.0", listener.local_addr().unwrap());
        let served = tokio::spawn(async move {
            let mut heads = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = vec![0; 4096];
                let length = stream.read(&mut head).await.unwrap();
                heads.push(String::from_utf8_lossy(&head[..length]).into_owned());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            heads
        });
        (url, served)
    }

    #[tokio::test]
    async fn a_token_is_fetched_and_a_failing_service_asked_again() {
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
    async fn a_refusal_is_final_and_tells_no_secret() {
        let (url, served) =
            service(vec!["HTTP/1.1 403 No\r\ncontent-length: 10\r\nconnection: close\r\n\r\njob-secret"]).await;
        let refused = TokenService::at(&url, "job-secret".into()).unwrap().token().await.unwrap_err();
        assert_eq!(refused.to_string(), "GitHub's token service gave no token: HTTP 403");
        assert!(!format!("{refused:?}").contains("job-secret"));
        served.await.unwrap();
    }

    #[test]
    fn the_secret_leaves_this_machine_only_by_https() {
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
