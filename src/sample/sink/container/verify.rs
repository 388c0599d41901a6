//! The image, started once more: it must answer, without recovery, with the counts of the manifest.

use secrecy::ExposeSecret;

use super::server::{Server, environment, open};
use crate::pg::identifier;
use crate::sample::load::error::{Error, Result};
use crate::sample::manifest::Manifest;

/// Words of a server that has to repair something when it starts.
const RECOVERY: [&str; 3] = ["was not properly shut down", "redo starts", "was interrupted"];

pub(super) async fn verify(server: &Server<'_>, id: &str, command: &[String], manifest: &Manifest) -> Result<()> {
    let password = &server.settings.password;
    let env = environment(server.settings, password.expose_secret().to_owned());
    // The words that are looked for are English.
    let english = ["-c".to_owned(), "lc_messages=C".to_owned()];
    let command = command.iter().cloned().chain(english).collect();
    let (container, target) = server.run_image(id, env, command, password).await?;
    let session = open(&target).await?;
    for table in &manifest.tables {
        // A partitioned table's rows are in its partitions; those of an heir are its own.
        let name = format!("{}.{}", identifier(&table.schema), identifier(&table.table));
        let parted: bool = session
            .query_one(
                "SELECT relkind = 'p' FROM pg_catalog.pg_class WHERE oid = $1::text::pg_catalog.regclass",
                &[&name],
            )
            .await?
            .get(0);
        let only = if parted { "" } else { "ONLY " };
        let found: i64 = session.query_one(&format!("SELECT count(*) FROM {only}{name}"), &[]).await?.get(0);
        if u64::try_from(found) != Ok(table.rows) {
            let what = format!("rows of {}.{} in the image", table.schema, table.table);
            return Err(Error::Differs { what, expected: table.rows.to_string(), found: found.to_string() });
        }
    }
    drop(session);
    let log = server.engine.log(&container.id).await?;
    let repaired = RECOVERY.iter().find(|words| log.contains(**words));
    if repaired.is_some() || !log.contains("database system was shut down at") {
        let found = repaired.map_or("no word of how it ended", |words| words).to_owned();
        let what = "the image's first start".into();
        return Err(Error::Differs { what, expected: "a database that was shut down".into(), found });
    }
    server.engine.remove(&container.id).await?;
    Ok(())
}
