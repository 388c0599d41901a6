//! Credentials of registries: from docker's configuration, or from a provider for particular registries (ECR's tokens
//! come from AWS).

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::endpoint::{config_folder, read};
use super::error::{Error, Result};

/// Time limit of a credential helper; some ask a keychain.
const HELPER_TIMEOUT: Duration = Duration::from_secs(30);
/// User name with which a helper marks its secret as an identity token.
const TOKEN: &str = "<token>";

/// Credentials of a registry.
#[derive(Clone, Debug)]
pub struct Login {
    /// User; `None` for an identity token.
    pub user: Option<String>,
    /// Password or token.
    pub password: SecretString,
}

/// A provider of credentials.
#[async_trait]
pub trait RegistryLogin: Send + Sync {
    /// Returns the credentials for a registry (`registry.example:5000`, `docker.io`); `None` if the provider has none for
    /// it.
    ///
    /// # Errors
    /// If the provider is responsible for the registry, but fails.
    async fn login(&self, registry: &str) -> Result<Option<Login>>;
}

/// Returns the credentials of the first provider that has some; `None` for an anonymous request.
///
/// # Errors
/// That of the first provider that fails.
pub async fn login(providers: &[&dyn RegistryLogin], registry: &str) -> Result<Option<Login>> {
    for provider in providers {
        if let Some(login) = provider.login(registry).await? {
            return Ok(Some(login));
        }
    }
    Ok(None)
}

/// `~/.docker/config.json`, and the credential helpers in it.
#[derive(Clone, Debug)]
pub struct DockerConfig {
    folder: Option<PathBuf>,
}

impl DockerConfig {
    /// The configuration of the current user (`DOCKER_CONFIG`, `HOME`).
    pub fn of_user() -> DockerConfig {
        DockerConfig { folder: config_folder(&|name| std::env::var(name).ok()) }
    }

    /// The configuration in a folder.
    pub fn at(folder: impl Into<PathBuf>) -> DockerConfig {
        DockerConfig { folder: Some(folder.into()) }
    }
}

#[async_trait]
impl RegistryLogin for DockerConfig {
    async fn login(&self, registry: &str) -> Result<Option<Login>> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let Some(config) = read(&folder.join("config.json"))? else { return Ok(None) };
        let failed = |why: String| Error::Credentials { registry: registry.to_owned(), why };
        for name in names(registry) {
            let helper = config["credHelpers"][&name].as_str().or_else(|| config["credsStore"].as_str());
            if let Some(helper) = helper.filter(|helper| !helper.is_empty())
                && let Some(login) = run_helper(helper, &name).await.map_err(failed)?
            {
                return Ok(Some(login));
            }
            let entry = &config["auths"][&name];
            if let Some(login) = stored_login(entry).map_err(|why| failed(why.to_owned()))? {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }
}

/// Names of a registry in the configuration.
fn names(registry: &str) -> Vec<String> {
    if registry == "docker.io" {
        return vec!["https://index.docker.io/v1/".into(), "docker.io".into()];
    }
    vec![registry.to_owned(), format!("https://{registry}")]
}

/// Returns the credentials that `docker login` stores without a helper.
fn stored_login(entry: &Value) -> Result<Option<Login>, &'static str> {
    if let Some(token) = entry["identitytoken"].as_str() {
        return Ok(Some(Login { user: None, password: token.to_owned().into() }));
    }
    let Some(auth) = entry["auth"].as_str().filter(|auth| !auth.is_empty()) else { return Ok(None) };
    let text = STANDARD.decode(auth).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or("`auth` in config.json is not base64")?;
    let (user, password) = text.split_once(':').ok_or("`auth` in config.json contains no password")?;
    Ok(Some(Login { user: Some(user.to_owned()), password: password.trim_end_matches('\0').to_owned().into() }))
}

/// Runs a credential helper; `None` if it has no credentials for the registry.
async fn run_helper(helper: &str, registry: &str) -> Result<Option<Login>, String> {
    let program = format!("docker-credential-{helper}");
    let mut command = Command::new(&program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| format!("{program} did not start: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that ended early is reported by its exit status.
        let _ = input.write_all(registry.as_bytes()).await;
    }
    let output = tokio::time::timeout(HELPER_TIMEOUT, child.wait_with_output())
        .await
        .map_err(|_| format!("{program} did not respond within {} seconds", HELPER_TIMEOUT.as_secs()))?
        .map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        // These messages mean that there are no credentials; any other output may contain a secret.
        let output_text = String::from_utf8_lossy(&output.stdout);
        let not_found = output_text.contains("credentials not found") || output_text.contains("no credentials");
        return if not_found { Ok(None) } else { Err(format!("{program} failed with {}", output.status)) };
    }
    let response: Value =
        serde_json::from_slice(&output.stdout).map_err(|_| format!("{program} did not print JSON"))?;
    let (Some(user), Some(secret)) = (response["Username"].as_str(), response["Secret"].as_str()) else {
        return Err(format!("{program} printed no user or no secret"));
    };
    let user = (user != TOKEN).then(|| user.to_owned());
    Ok(Some(Login { user, password: secret.to_owned().into() }))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[tokio::test]
    async fn stored_credentials_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            r#"{{"auths": {{"registry.example:5000": {{"auth": "{}"}}, "https://index.docker.io/v1/": {{"identitytoken": "t"}}}}}}"#,
            STANDARD.encode("kim:a:b")
        );
        std::fs::write(folder.path().join("config.json"), text).unwrap();
        let config = DockerConfig::at(folder.path());
        let login = config.login("registry.example:5000").await.unwrap().unwrap();
        assert_eq!((login.user.as_deref(), login.password.expose_secret()), (Some("kim"), "a:b"));
        assert_eq!(config.login("docker.io").await.unwrap().unwrap().user, None);
        assert!(config.login("other.example").await.unwrap().is_none());
        assert!(!format!("{login:?}").contains("a:b"));
    }

    #[tokio::test]
    async fn a_missing_helper_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), r#"{"credHelpers": {"r.example": "nowhere"}}"#).unwrap();
        let error = DockerConfig::at(folder.path()).login("r.example").await.unwrap_err();
        assert!(error.to_string().contains("docker-credential-nowhere did not start"), "{error}");
        assert_eq!(error.hint().unwrap(), "run: docker login r.example");
    }
}
