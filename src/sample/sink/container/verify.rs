//! Verification of an image: it must start without recovery and have the row counts of the manifest.

use secrecy::ExposeSecret;

use super::server::{LoadServer, environment, open};
use crate::pg::identifier;
use crate::sample::load::error::{Error, Result};
use crate::sample::manifest::Manifest;

/// The log messages of a server that starts with recovery.
const RECOVERY: [&str; 3] = ["was not properly shut down", "redo starts", "was interrupted"];

/// Starts an image and verifies it.
///
/// # Errors
/// [`Error::Mismatch`]; errors of the engine and the server.
pub(super) async fn verify(server: &LoadServer<'_>, id: &str, command: &[String], manifest: &Manifest) -> Result<()> {
    let password = &server.settings.password;
    let env = environment(server.settings, password.expose_secret().to_owned());
    // The expected messages are English.
    let english = ["-c".to_owned(), "lc_messages=C".to_owned()];
    let command = command.iter().cloned().chain(english).collect();
    let (container, target) = server.run_image(id, env, command, password).await?;
    let session = open(&target).await?;
    for table in &manifest.tables {
        // The rows of a partitioned table are in its partitions. The children of ordinary inheritance count for themselves.
        let name = format!("{}.{}", identifier(&table.schema), identifier(&table.table));
        let partitioned: bool = session
            .query_one(
                "SELECT relkind = 'p' FROM pg_catalog.pg_class WHERE oid = $1::text::pg_catalog.regclass",
                &[&name],
            )
            .await?
            .get(0);
        let only = if partitioned { "" } else { "ONLY " };
        let found: i64 = session.query_one(&format!("SELECT count(*) FROM {only}{name}"), &[]).await?.get(0);
        if u64::try_from(found) != Ok(table.rows) {
            let what = format!("rows of {}.{} in the image", table.schema, table.table);
            return Err(Error::Mismatch { what, expected: table.rows.to_string(), found: found.to_string() });
        }
    }
    drop(session);
    let log = server.engine.log(&container.id).await?;
    let recovery = RECOVERY.iter().find(|words| log.contains(**words));
    if recovery.is_some() || !log.contains("database system was shut down at") {
        let found = recovery.map_or("no record of its shutdown", |words| words).to_owned();
        let what = "first start of the image".into();
        return Err(Error::Mismatch { what, expected: "a database that was shut down cleanly".into(), found });
    }
    server.engine.remove(&container.id).await?;
    Ok(())
}
