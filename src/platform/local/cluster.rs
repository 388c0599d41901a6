//! The server of one local generation: its settings, who may connect, its master password.

use std::fs;
use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::config;
use crate::pg::server::{Account, Programs, Server};
use crate::pg::{identifier, literal};
use crate::platform::{Check, Error, Result, Settings};

use super::local;
use super::meta::Meta;

/// The data directory inside an instance's directory.
pub const DATA: &str = "data";
/// The server's log inside an instance's directory. Only the server's account can read it.
pub const LOG: &str = "server.log";

const START_DEADLINE: Duration = Duration::from_secs(600);

/// Settings that keep a clone from acting on anything outside itself, whatever the files of the
/// source say. On the command line, because there they win over every file.
fn quarantine_settings(directory: &Path, port: u16) -> Vec<(String, String)> {
    let file = |name: &str| directory.join(name).display().to_string();
    let fixed = [
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("ssl", "off"),
        // A copied postgresql.conf may name the source's own data directory.
        ("external_pid_file", ""),
        // Shipping WAL, following a primary, waiting for a standby: all would reach the source's world.
        ("archive_mode", "off"),
        ("archive_command", ""),
        ("restore_command", ""),
        ("primary_conninfo", ""),
        ("primary_slot_name", ""),
        ("synchronous_standby_names", ""),
        // A subscription that starts takes the slot of the real subscriber.
        ("max_logical_replication_workers", "0"),
        // Background workers of extensions (schedulers, HTTP senders) come with preloaded libraries.
        ("shared_preload_libraries", ""),
        ("session_preload_libraries", ""),
        ("local_preload_libraries", ""),
        // The log of a clone that is not scrubbed yet must not keep statements or rows.
        ("logging_collector", "off"),
        ("log_destination", "stderr"),
        ("log_statement", "none"),
        ("log_min_duration_statement", "-1"),
        ("log_min_error_statement", "panic"),
        ("log_error_verbosity", "terse"),
        ("recovery_init_sync_method", "syncfs"),
        ("password_encryption", "scram-sha-256"),
    ];
    let mut all: Vec<(String, String)> = fixed.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    all.push(("port".into(), port.to_string()));
    all.push(("data_directory".into(), file(DATA)));
    all.push(("hba_file".into(), file("hba.conf")));
    all.push(("ident_file".into(), file("ident.conf")));
    if cfg!(not(target_os = "linux")) {
        all.retain(|(name, _)| name != "recovery_init_sync_method");
    }
    all
}

/// The same in words, for the plan and for the comparison after a restore.
pub fn settings_in_words() -> Settings {
    Settings::from([
        ("listens on", "127.0.0.1 only".to_owned()),
        ("logins until published", "the master user only".to_owned()),
        ("replication, archiving, preloaded libraries", "off".to_owned()),
    ])
}

async fn server_of(directory: &Path, meta: &Meta, account: Account, settings: &config::Local) -> Result<Server> {
    let mut all = quarantine_settings(directory, meta.port.unwrap_or_default());
    for (name, value) in &settings.parameters {
        all.retain(|(known, _)| known != name);
        all.push((name.clone(), value.clone()));
    }
    if meta.major < 14 {
        all.retain(|(name, _)| name != "recovery_init_sync_method");
    }
    Ok(Server {
        programs: Programs::find(Some(meta.major)).await.map_err(local)?,
        account,
        data: directory.join(DATA),
        settings: all,
        log: directory.join(LOG),
    })
}

/// Sets the master password while nobody can connect, then starts the server.
pub async fn set_password(
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
    forget_replication(&data)?;
    write_access_files(directory, &meta, account, settings)?;
    let server = server_of(directory, &meta, account, settings).await?;
    server.stop("fast").await.map_err(local)?;
    server.single_user(&password_statements(&settings.master_user, password)).await.map_err(local)?;
    server.start(START_DEADLINE).await.map_err(local)
}

/// A copy of a standby follows its primary until these files are gone.
fn forget_replication(data: &Path) -> Result<()> {
    for name in ["standby.signal", "recovery.signal"] {
        match fs::remove_file(data.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io(data.join(name))(error));
            }
            _ => {}
        }
    }
    // Single-user mode wants these to exist; a cluster of Debian keeps its own in /etc.
    let conf = data.join("postgresql.conf");
    if conf.exists() { Ok(()) } else { fs::write(&conf, "").map_err(Error::io(conf)) }
}

/// The master's new password as a verifier, so that no clear password is ever in a server's log, and
/// the other superusers closed: the master could not close them itself.
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

/// Lets in whom `meta` says, from now on.
pub async fn admit(directory: &Path, meta: &Meta, account: Account, settings: &config::Local) -> Result<()> {
    write_access_files(directory, meta, account, settings)?;
    let server = server_of(directory, meta, account, settings).await?;
    let data = server.data.display().to_string();
    server.programs.run("pg_ctl", account, ["-D", &data, "reload"]).await.map(drop).map_err(local)
}

fn write_access_files(directory: &Path, meta: &Meta, account: Account, settings: &config::Local) -> Result<()> {
    let who = if meta.open { "all".to_owned() } else { identifier(&settings.master_user) };
    let hba = format!("# written by devdb\nhost all {who} 127.0.0.1/32 scram-sha-256\n");
    for (name, text) in [("hba.conf", hba.as_str()), ("ident.conf", "# written by devdb\n")] {
        let path = directory.join(name);
        fs::write(&path, text).map_err(Error::io(&path))?;
        account.own(&path).map_err(Error::io(&path))?;
    }
    Ok(())
}

/// Stops the server at once: its files are about to be removed.
pub async fn stop(directory: &Path, meta: &Meta, account: Account, settings: &config::Local) -> Result<()> {
    if !directory.join(DATA).join("postmaster.pid").exists() {
        return Ok(());
    }
    server_of(directory, meta, account, settings).await?.stop("immediate").await.map_err(local)
}

fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(Error::io("127.0.0.1"))?;
    Ok(listener.local_addr().map_err(Error::io("127.0.0.1"))?.port())
}

/// What can be looked at before anything is changed.
pub async fn checks(root: &Path, snapshots: &Path) -> Vec<Check> {
    let mut found = Vec::new();
    found.push(match Programs::find(None).await {
        Ok(programs) => {
            Check::ok("server programs", format!("PostgreSQL {} in {}", programs.major, programs.bin.display()))
        }
        Err(error) => Check::fail("server programs", error.to_string(), "install a PostgreSQL server, or set PG_BIN"),
    });
    found.push(if snapshots.is_dir() {
        Check::ok("snapshots", snapshots.display().to_string())
    } else {
        Check::fail(
            "snapshots",
            format!("{} is missing", snapshots.display()),
            format!("take one: pg_basebackup -c fast -D {}/$(date -u +%Y%m%d-%H%M%S)", snapshots.display()),
        )
    });
    if let Ok(space) = rustix::fs::statvfs(root) {
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        found.push(Check::ok("free space", format!("{} MB", free / 1_000_000)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_log_could_not_quote_the_password() {
        let statements = password_statements("a\"min", &SecretString::from("open sesame")).join("\n");
        assert!(!statements.contains("sesame") && statements.contains("SCRAM-SHA-256$"), "{statements}");
        assert!(statements.starts_with("ALTER ROLE \"a\"\"min\" LOGIN"), "{statements}");
    }
}
