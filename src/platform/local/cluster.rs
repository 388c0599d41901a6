//! The server of one generation: master password, access files, start and stop.

use std::fs;
use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::config;
use crate::digest::from_hex;
use crate::pg::server::{Account, PORT_ATTEMPTS, Programs, Server, free_port, is_port_free};
use crate::pg::{identifier, literal};
use crate::platform::error::{Error, Result};

use super::meta::{DATA, LOG, Meta, WORK_LOCK, wait_for_lock};
use super::quarantine;

/// Column of the names of closed superusers.
const CLOSED: &str = "closed";
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
        programs: Programs::find(Some(meta.major)).await.map_err(Error::Programs)?,
        account,
        data: directory.join(DATA),
        settings: all,
        log: directory.join(LOG),
    })
}

/// Sets the master password while no client can connect, then starts the server. Returns the superusers whose logins it
/// closed.
pub(super) async fn set_password(
    directory: &Path,
    account: Account,
    settings: &config::Local,
    password: &SecretString,
) -> Result<Vec<String>> {
    let _held = wait_for_lock(directory, WORK_LOCK).await?;
    let meta = existing(directory)?;
    server_of(directory, &meta, account, settings).await?.stop("fast").await.map_err(Error::Programs)?;
    let meta = assign_port(directory)?;
    let data = directory.join(DATA);
    remove_replication_files(&data)?;
    write_access_files(directory, &meta, account, settings)?;
    let server = server_of(directory, &meta, account, settings).await?;
    let printed = server.single_user(&password_statements(&settings.master_user, password)).await;
    let closed = closed_logins(&printed.map_err(|error| without_master(error, &settings.master_user))?);
    start_server(directory, account, settings).await?;
    Ok(closed)
}

/// Starts the server of an instance whose password is set, and waits until it accepts connections. Returns its port,
/// and whether it was stopped.
pub(super) async fn start(directory: &Path, account: Account, settings: &config::Local) -> Result<(u16, bool)> {
    let _held = wait_for_lock(directory, WORK_LOCK).await?;
    let meta = existing(directory)?;
    let port = meta.port.ok_or_else(|| Error::Local(format!("{} has no password yet", directory.display())))?;
    let server = server_of(directory, &meta, account, settings).await?;
    if server.is_running() {
        server.until_ready(START_DEADLINE).await.map_err(Error::Programs)?;
        return Ok((port, false));
    }
    write_access_files(directory, &meta, account, settings)?;
    let meta = start_server(directory, account, settings).await?;
    Ok((meta.port.unwrap_or(port), true))
}

/// Names the setting if the snapshot has no such role. Its roles are not readable before it is restored.
fn without_master(error: crate::pg::Error, master: &str) -> Error {
    if error.to_string().contains(&format!("role \"{master}\" does not exist")) {
        return Error::Local(format!("the snapshot has no role {master}, which `local.master_user` names: correct it"));
    }
    Error::Programs(error)
}

fn existing(directory: &Path) -> Result<Meta> {
    Meta::read(directory)?.ok_or_else(|| Error::Local(format!("{} does not exist", directory.display())))
}

/// Starts the server on the instance's port, or on another one if a program takes that before the server does.
async fn start_server(directory: &Path, account: Account, settings: &config::Local) -> Result<Meta> {
    let mut attempt = 1;
    loop {
        let meta = assign_port(directory)?;
        let server = server_of(directory, &meta, account, settings).await?;
        match server.start(START_DEADLINE).await {
            Ok(()) => return Ok(meta),
            Err(_) if attempt < PORT_ATTEMPTS && !meta.port.is_some_and(is_port_free) => attempt += 1,
            Err(error) => return Err(Error::Programs(error)),
        }
    }
}

/// Gives an instance whose server does not run a port that is free: its own, or another if a program uses that.
fn assign_port(directory: &Path) -> Result<Meta> {
    let free = free_port().map_err(Error::io("127.0.0.1"))?;
    Meta::update(directory, |meta| match meta.port {
        Some(port) if is_port_free(port) => {}
        _ => meta.port = Some(free),
    })
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

/// Returns the statements that set the master's password, print the other superusers that can log in, close them, and take
/// REPLICATION from all other roles: the master cannot close a superuser, nor before PostgreSQL 16 a role with REPLICATION,
/// such as the one that took the snapshot. The password is sent as a verifier, so that no server log can contain it.
fn password_statements(master: &str, password: &SecretString) -> Vec<String> {
    let verifier = postgres_protocol::password::scram_sha_256(password.expose_secret().as_bytes());
    vec![
        format!("ALTER ROLE {} LOGIN PASSWORD {} VALID UNTIL 'infinity'", identifier(master), literal(&verifier)),
        // In hexadecimal: what is printed has no escapes.
        format!(
            "SELECT pg_catalog.encode(pg_catalog.convert_to(rolname::text, 'UTF8'), 'hex') AS {CLOSED} \
             FROM pg_catalog.pg_roles WHERE rolsuper AND rolcanlogin AND rolname <> {} ORDER BY rolname",
            literal(master)
        ),
        format!(
            "DO $$ DECLARE other text; BEGIN FOR other IN SELECT rolname FROM pg_catalog.pg_roles \
             WHERE rolsuper AND rolcanlogin AND rolname <> {0} LOOP \
             EXECUTE pg_catalog.format('ALTER ROLE %I NOLOGIN PASSWORD NULL', other); END LOOP; \
             FOR other IN SELECT rolname FROM pg_catalog.pg_roles \
             WHERE rolreplication AND NOT rolsuper AND rolname <> {0} LOOP \
             EXECUTE pg_catalog.format('ALTER ROLE %I NOREPLICATION', other); END LOOP; END $$",
            literal(master)
        ),
    ]
}

/// Returns the role names that the statements printed.
fn closed_logins(printed: &str) -> Vec<String> {
    let opening = format!("{CLOSED} = \"");
    let values = printed.split(&opening).skip(1).filter_map(|rest| from_hex(rest.split('"').next()?.as_bytes()));
    values.map(|name| String::from_utf8_lossy(&name).into_owned()).collect()
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
    server.programs.run("pg_ctl", account, ["-D", &data, "reload"]).await.map(drop).map_err(Error::Programs)
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
    server_of(directory, meta, account, settings).await?.stop("immediate").await.map_err(Error::Programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_logins_are_read_from_what_single_user_mode_prints() {
        let header = "backend> \t 1: closed\t(typeid = 25, len = -1, typmod = -1, byval = f)\n\t----\n";
        let row =
            |hex: &str| format!("\t 1: closed = \"{hex}\"\t(typeid = 25, len = -1, typmod = -1, byval = f)\n\t----\n");
        assert_eq!(closed_logins(header), [""; 0]);
        let printed = format!("{header}{}{}backend> ", row("6122c3bc"), row("626f7373"));
        assert_eq!(closed_logins(&printed), ["a\"ü", "boss"]);
    }

    #[test]
    fn the_password_is_set_as_a_verifier() {
        let statements = password_statements("a\"min", &SecretString::from("open sesame")).join("\n");
        assert!(!statements.contains("sesame") && statements.contains("SCRAM-SHA-256$"), "{statements}");
        assert!(statements.starts_with("ALTER ROLE \"a\"\"min\" LOGIN"), "{statements}");
    }
}
