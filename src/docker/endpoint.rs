//! The address of the engine: `DOCKER_HOST`, else the current docker context, else the default sockets of docker and
//! podman.

use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use crate::digest::sha256;
use crate::host::is_loopback;

/// Lookup of an environment variable by name.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Returns the engine's address, such as `unix:///var/run/docker.sock`.
pub(super) fn find(env: Environment) -> Result<String> {
    let variable = |name: &str| env(name).filter(|value| !value.is_empty());
    if let Some(folder) = variable("DOCKER_CONFIG").filter(|folder| !Path::new(folder).is_dir()) {
        return Err(Error::Config { origin: "DOCKER_CONFIG".into(), why: format!("{folder} is not a directory") });
    }
    if let Some(host) = variable("DOCKER_HOST") {
        return usable(host, "DOCKER_HOST", &variable);
    }
    if let Some((host, origin)) = context(env)? {
        return usable(host, &origin, &variable);
    }
    let candidates = sockets(env);
    let socket = candidates.iter().find(|path| path.exists());
    let socket = socket.ok_or_else(|| Error::Unreachable {
        place: candidates.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
        why: "no socket exists".into(),
    })?;
    Ok(format!("unix://{}", socket.display()))
}

/// Returns the folder of docker's configuration.
pub(super) fn config_folder(env: Environment) -> Option<PathBuf> {
    let own = env("DOCKER_CONFIG").filter(|value| !value.is_empty()).map(PathBuf::from);
    own.or_else(|| env("HOME").map(|home| Path::new(&home).join(".docker")))
}

/// Returns the address of the current context, and the context's name for errors; `None` for the default context.
fn context(env: Environment) -> Result<Option<(String, String)>> {
    let Some(folder) = config_folder(env) else { return Ok(None) };
    let named = env("DOCKER_CONTEXT").filter(|value| !value.is_empty());
    let name = match named {
        Some(name) => name,
        None => {
            match read(&folder.join("config.json"))?.as_ref().and_then(|config| config["currentContext"].as_str()) {
                Some(name) => name.to_owned(),
                None => return Ok(None),
            }
        }
    };
    if name == "default" {
        return Ok(None);
    }
    let id = sha256(&name);
    let meta = folder.join("contexts/meta").join(id).join("meta.json");
    let origin = format!("docker context {name}");
    let host = read(&meta)?.and_then(|meta| Some(meta["Endpoints"]["docker"]["Host"].as_str()?.to_owned()));
    match host {
        Some(host) => Ok(Some((host, origin))),
        None => Err(Error::Config { origin, why: format!("{} contains no host", meta.display()) }),
    }
}

/// Reads a JSON file; `None` if it does not exist.
pub(super) fn read(path: &Path) -> Result<Option<serde_json::Value>> {
    let failed = |why: String| Error::Config { origin: path.display().to_string(), why };
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| failed(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn sockets(env: Environment) -> Vec<PathBuf> {
    let runtime = env("XDG_RUNTIME_DIR").map(PathBuf::from);
    let home = env("HOME").map(PathBuf::from);
    let mut all = vec![PathBuf::from("/var/run/docker.sock")];
    all.extend(runtime.iter().map(|folder| folder.join("docker.sock")));
    all.extend(home.iter().map(|folder| folder.join(".docker/run/docker.sock")));
    all.extend(runtime.iter().map(|folder| folder.join("podman/podman.sock")));
    all.push("/run/podman/podman.sock".into());
    all
}

/// Returns the address if it is supported. The engine must be on this machine, because the database in the container
/// is reached through a local port.
fn usable(host: String, origin: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String> {
    let refused = |why: &str| Err(Error::Config { origin: origin.to_owned(), why: format!("{host}: {why}") });
    if host.starts_with("unix://") {
        return Ok(host);
    }
    let Some((scheme, rest)) = host.split_once("://") else { return refused("is not a URL") };
    let name = rest.split(['/', ':']).next().unwrap_or_default();
    match scheme {
        "tcp" | "http" if variable("DOCKER_TLS_VERIFY").is_some() => {
            refused("TLS to an engine is not supported: use its socket")
        }
        "tcp" | "http" if is_loopback(name) => Ok(host),
        "tcp" | "http" | "ssh" | "https" => refused("the engine must be on this machine: use its socket"),
        _ => refused("unknown scheme of an engine's address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(variables: &[(&str, &str)]) -> Result<String> {
        let variables: Vec<(String, String)> = variables.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        find(&move |name| variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
    }

    #[test]
    fn the_variable_precedes_the_context_and_the_sockets() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let docker = folder.path().join(".docker");
        let id = sha256("colima");
        let meta = docker.join("contexts/meta").join(id);
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(docker.join("config.json"), r#"{"currentContext": "colima"}"#).unwrap();
        std::fs::write(
            meta.join("meta.json"),
            r#"{"Name": "colima", "Endpoints": {"docker": {"Host": "unix:///colima/docker.sock"}}}"#,
        )
        .unwrap();
        assert_eq!(at(&[("HOME", home), ("DOCKER_HOST", "unix:///x")]).unwrap(), "unix:///x");
        assert_eq!(at(&[("HOME", home)]).unwrap(), "unix:///colima/docker.sock");
        let error = at(&[("HOME", home), ("DOCKER_CONTEXT", "gone")]).unwrap_err().to_string();
        assert!(error.starts_with("docker context gone:"), "{error}");
        let runtime = folder.path().join("podman");
        std::fs::create_dir_all(&runtime).unwrap();
        std::fs::write(runtime.join("podman.sock"), "").unwrap();
        if !Path::new("/var/run/docker.sock").exists() {
            let found = at(&[("XDG_RUNTIME_DIR", home)]).unwrap();
            assert_eq!(found, format!("unix://{home}/podman/podman.sock"));
        }
    }

    #[test]
    fn engines_on_other_machines_are_refused() {
        for host in ["ssh://me@host", "tcp://10.0.0.1:2375", "https://host", "host:2375"] {
            assert!(at(&[("DOCKER_HOST", host)]).is_err(), "{host}");
        }
        assert!(at(&[("DOCKER_HOST", "tcp://localhost:2376"), ("DOCKER_TLS_VERIFY", "1")]).is_err());
        assert!(at(&[("DOCKER_HOST", "tcp://127.0.0.1:2375")]).is_ok());
        let error = at(&[("DOCKER_HOST", "unix:///x"), ("DOCKER_CONFIG", "/nonexistent")]).unwrap_err().to_string();
        assert_eq!(error, "DOCKER_CONFIG: /nonexistent is not a directory");
    }
}
