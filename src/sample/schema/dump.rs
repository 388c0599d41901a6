//! Reading a schema with `pg_dump`.

use std::ffi::OsString;

use secrecy::ExposeSecret;

use super::model::Schema;
use super::split::split_dump;
use crate::pg::RDS_ROOTS;
use crate::pg::dump::Dumper;
use crate::sample::load::error::Result;
use crate::sample::private_dir::PrivateDir;
use crate::sample::table_copy::DumpConnection;

impl Schema {
    /// Reads the schema from the same snapshot as the rows, without security labels, tablespaces, subscriptions and
    /// devdb's own schema.
    ///
    /// # Errors
    /// When `pg_dump` fails, for example because the role may not read a table.
    pub async fn read(from: &DumpConnection, dumper: &Dumper) -> Result<Schema> {
        let folder = PrivateDir::new()?;
        let dump = folder.path().join("schema.dump");
        let mut arguments: Vec<OsString> = [
            "--format=custom",
            "--schema-only",
            "--no-password",
            "--no-tablespaces",
            "--no-security-labels",
            "--no-subscriptions",
            "--encoding=UTF8",
            "--exclude-schema=devdb_meta",
        ]
        .map(OsString::from)
        .into();
        arguments.push(format!("--snapshot={}", from.snapshot).into());
        arguments.push("--file".into());
        arguments.push(dump.clone().into());
        dumper.run("pg_dump", &environment(from, &folder)?, arguments).await?;
        let section = async |option: &str| {
            let arguments = [OsString::from(option), "--file=-".into(), dump.clone().into()];
            split_dump(&dumper.run("pg_restore", &[], arguments).await?)
        };
        let pre_data = section("--section=pre-data").await?;
        let post_data = section("--section=post-data").await?;
        Ok(Schema { pre_data, post_data })
    }
}

/// Returns the environment of `pg_dump`, which contains the connection because other users can see the arguments of a
/// process.
fn environment(from: &DumpConnection, folder: &PrivateDir) -> Result<Vec<(&'static str, OsString)>> {
    let mut environment: Vec<(&'static str, OsString)> = vec![
        ("PGHOSTADDR", from.address.ip().to_string().into()),
        ("PGPORT", from.address.port().to_string().into()),
        ("PGUSER", from.user.clone().into()),
        ("PGPASSWORD", from.password.expose_secret().into()),
        ("PGDATABASE", from.database.clone().into()),
        ("PGAPPNAME", "devdb".into()),
        ("PGCONNECT_TIMEOUT", "15".into()),
        // The timeouts of the role are for other work.
        ("PGOPTIONS", "-c statement_timeout=0 -c lock_timeout=60s".into()),
    ];
    let Some(name) = &from.server_name else {
        environment.push(("PGHOST", "localhost".into()));
        environment.push(("PGSSLMODE", "disable".into()));
        return Ok(environment);
    };
    let roots = match &from.root_cert {
        Some(file) => file.clone(),
        None => folder.file("roots.pem", RDS_ROOTS)?,
    };
    environment.push(("PGHOST", name.into()));
    environment.push(("PGSSLMODE", "verify-full".into()));
    environment.push(("PGSSLROOTCERT", roots.into()));
    Ok(environment)
}
