//! Loading a sample into a database: everything arrives, or the target is as it was.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use devdb::pg::tunnel::Dial;
use devdb::pg::{Credentials, Session, Trust};
use devdb::sample::load::error::{Error, Result};
use devdb::sample::load::{self, LoadGuard, LoadOptions, LoadStrategy, LoadSummary, LoadTarget, Refusal};

use crate::support::cluster::{Cluster, Version, version};
use crate::support::listener::Heard;
use crate::support::whole::Whole;

mod beside;
mod broken;
mod kept;
mod refused;
mod sequences;
mod ways;

/// The schema with the hard cases, in a database `app` of a new cluster.
pub(crate) const HARD: &str = include_str!("load/hard.sql");

pub(crate) async fn source(version: &Version) -> Cluster {
    let source = Cluster::start(version, &[]).await;
    source.sql("postgres", "CREATE DATABASE app").await;
    source.sql("app", HARD).await;
    source
}

pub(crate) fn target(cluster: &Cluster, user: &str, password: &str, database: &str) -> LoadTarget {
    LoadTarget {
        host: "127.0.0.1".into(),
        port: cluster.address().port(),
        dial: Dial { address: cluster.address(), server_name: None },
        trust: Trust::load(None).unwrap(),
        credentials: Credentials { user: user.into(), password: password.to_owned().into() },
        database: database.into(),
    }
}

pub(crate) const CAREFUL: LoadOptions = LoadOptions { jobs: 2, replace: false };
pub(crate) const REPLACE: LoadOptions = LoadOptions { jobs: 2, replace: true };

/// Loads whole tables, with nobody interrupting.
pub(crate) async fn load(whole: &Whole, target: &LoadTarget, options: LoadOptions) -> Result<LoadSummary> {
    let guard = whole.guard(target.dial.address).await;
    load_guarded(whole, target, &guard, options).await
}

pub(crate) async fn load_guarded(
    whole: &Whole,
    target: &LoadTarget,
    guard: &LoadGuard,
    options: LoadOptions,
) -> Result<LoadSummary> {
    let schema = whole.schema().await;
    load::load(whole, &schema, target, guard, options, &Heard::default(), std::future::pending()).await
}

/// Every table with the hash of its rows, every index, constraint, trigger, sequence and view: what makes
/// two databases alike.
pub(crate) async fn picture(session: &Session) -> Vec<String> {
    session.run("SET search_path = ''; SET extra_float_digits = 3").await.unwrap();
    let tables = session
        .query(
            "SELECT format('%I.%I', n.nspname, c.relname), c.relkind = 'p' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    let mut lines = Vec::new();
    for row in tables {
        let (name, parted): (String, bool) = (row.get(0), row.get(1));
        let only = if parted { "" } else { "ONLY " };
        let sql = format!("SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {only}{name} t");
        let row = session.query_one(&sql, &[]).await.unwrap();
        lines.push(format!("{name}: {} rows {:?}", row.get::<_, i64>(0), row.get::<_, Option<String>>(1)));
    }
    let objects = session
        .query(
            "SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indrelid AND c.relkind <> 't' WHERE indrelid > 16383 AND indisvalid \
             UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || convalidated::text \
                       FROM pg_constraint WHERE conrelid > 16383 AND contype <> 'n' \
             UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal \
             UNION ALL SELECT 'sequence ' || seqrelid::regclass || ' ' || concat_ws(',', seqstart, seqincrement, seqmin, seqmax, seqcycle) \
                       FROM pg_sequence \
             UNION ALL SELECT 'view ' || oid::regclass || ' ' || pg_get_viewdef(oid) FROM pg_class WHERE relkind IN ('v', 'm') AND oid > 16383 \
             UNION ALL SELECT 'comment ' || objoid::regclass || ' ' || description FROM pg_description \
                       WHERE classoid = 'pg_class'::regclass AND objoid > 16383 \
             UNION ALL SELECT 'rls ' || oid::regclass FROM pg_class WHERE relrowsecurity \
             UNION ALL SELECT 'unlogged ' || oid::regclass FROM pg_class WHERE relpersistence = 'u' AND relkind = 'r' \
             ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    lines.extend(objects.iter().map(|row| row.get::<_, String>(0)));
    lines
}

/// Databases of a cluster.
pub(crate) async fn databases(cluster: &Cluster) -> Vec<String> {
    let session = cluster.superuser("postgres").await;
    let sql = "SELECT datname::text FROM pg_database WHERE NOT datistemplate ORDER BY 1";
    session.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// The refusal that a load must have ended with.
#[track_caller]
pub(crate) fn refusal(result: Result<LoadSummary>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        Err(error) => panic!("not refused: {error}"),
        Ok(loaded) => panic!("loaded by {:?}", loaded.strategy),
    }
}
