//! The server of one generation: master password, access files, start and stop.

use std::fs;
use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::config;
use crate::pg::server::{Account, Programs, Server};
use crate::pg::{identifier, literal};
use crate::platform::error::{Error, Result};

use super::meta::{DATA, LOG, Meta};
use super::quarantine;

const START_DEADLINE: Duration = Duration::from_secs(600);

async fn server_of(directory: &Path, meta: &Meta, account: Account, settings: &config::Local) -> Result<Server> {
    let mut all = quarantine::server_settings(directory, meta.port.unwrap_or_default());
    for (name, value) in &settings.parameters {
        all.retain(|(known, _)| known != name);
        all.push((name.clone(), value.clone()));
    }
    if meta.major < 14 {
        all.retain(|(name, _)| name != "recovery_init_sync_method");
    }
    Ok(Server {
        programs: Programs::find(Some(meta.major)).await.map_err(Error::local)?,
        account,
        data: directory.join(DATA),
        settings: all,
        log: directory.join(LOG),
    })
}

/// Sets the master password while no client can connect, then starts the server.
pub(super) async fn set_password(
    directory: &Path,
    account: Account,
    settings: &config::Local,
    password: &SecretString,
) -> Result<()> {
    let port = free_port()?;
    let meta = Meta::update(directory, |meta| {
        meta.port.get_or_insert(port);
    })?;
    let data = directory.join(DATA);
    remove_replication_files(&data)?;
    write_access_files(directory, &meta, account, settings)?;
    let server = server_of(directory, &meta, account, settings).await?;
    server.stop("fast").await.map_err(Error::local)?;
    server.single_user(&password_statements(&settings.master_user, password)).await.map_err(Error::local)?;
    server.start(START_DEADLINE).await.map_err(Error::local)
}

/// Removes the files that make a copy of a standby follow its primary.
fn remove_replication_files(data: &Path) -> Result<()> {
    for name in ["standby.signal", "recovery.signal"] {
        match fs::remove_file(data.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io(data.join(name))(error));
            }
            _ => {}
        }
    }
    // Single-user mode requires this file; Debian keeps a cluster's own one in /etc.
    let conf = data.join("postgresql.conf");
    if conf.exists() { Ok(()) } else { fs::write(&conf, "").map_err(Error::io(conf)) }
}

/// Returns the statements that set the master's password and close all other superusers, which the master cannot do
/// itself. The password is sent as a verifier, so that no server log can contain it.
fn password_statements(master: &str, password: &SecretString) -> Vec<String> {
    let verifier = postgres_protocol::password::scram_sha_256(password.expose_secret().as_bytes());
    vec![
        format!("ALTER ROLE {} LOGIN PASSWORD {} VALID UNTIL 'infinity'", identifier(master), literal(&verifier)),
        format!(
            "DO $$ DECLARE other text; BEGIN FOR other IN SELECT rolname FROM pg_catalog.pg_roles \
             WHERE rolsuper AND rolcanlogin AND rolname <> {} LOOP \
             EXECUTE pg_catalog.format('ALTER ROLE %I NOLOGIN PASSWORD NULL', other); END LOOP; END $$",
            literal(master)
        ),
    ]
}

/// Applies the access that `meta` describes to a running server.
pub(super) async fn reload_access(
    directory: &Path,
    meta: &Meta,
    account: Account,
    settings: &config::Local,
) -> Result<()> {
    write_access_files(directory, meta, account, settings)?;
    let server = server_of(directory, meta, account, settings).await?;
    let data = server.data.display().to_string();
    server.programs.run("pg_ctl", account, ["-D", &data, "reload"]).await.map(drop).map_err(Error::local)
}

fn write_access_files(directory: &Path, meta: &Meta, account: Account, settings: &config::Local) -> Result<()> {
    let role = if meta.open { "all".to_owned() } else { identifier(&settings.master_user) };
    let hba = format!("# written by devdb\nhost all {role} 127.0.0.1/32 scram-sha-256\n");
    for (name, text) in [("hba.conf", hba.as_str()), ("ident.conf", "# written by devdb\n")] {
        let path = directory.join(name);
        fs::write(&path, text).map_err(Error::io(&path))?;
        account.own(&path).map_err(Error::io(&path))?;
    }
    Ok(())
}

/// Stops the server immediately: its files are about to be removed.
pub(super) async fn stop(directory: &Path, meta: &Meta, account: Account, settings: &config::Local) -> Result<()> {
    if !directory.join(DATA).join("postmaster.pid").exists() {
        return Ok(());
    }
    server_of(directory, meta, account, settings).await?.stop("immediate").await.map_err(Error::local)
}

fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(Error::io("127.0.0.1"))?;
    Ok(listener.local_addr().map_err(Error::io("127.0.0.1"))?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_set_as_a_verifier() {
        let statements = password_statements("a\"min", &SecretString::from("open sesame")).join("\n");
        assert!(!statements.contains("sesame") && statements.contains("SCRAM-SHA-256$"), "{statements}");
        assert!(statements.starts_with("ALTER ROLE \"a\"\"min\" LOGIN"), "{statements}");
    }
}
