//! Whether the source is a single instance of RDS for PostgreSQL.

use aws_sdk_rds::types::DbInstance;

use crate::platform::aws::client::Aws;
use crate::platform::check::Check;
use crate::platform::error::Result;

use super::lookup::unknown;

const NAME: &str = "source";

pub(super) fn check(aws: &Aws, described: &Result<Option<DbInstance>>) -> Check {
    let name = &aws.target.source.instance;
    match described {
        Err(error) => unknown(NAME, error),
        Ok(None) => Check::warn(
            NAME,
            format!("{name} does not exist in {}", aws.settings.region),
            "correct `source:` if the name is wrong; snapshots of a deleted instance can still be restored",
        ),
        Ok(Some(source)) => judge(name, source),
    }
}

fn judge(name: &str, source: &DbInstance) -> Check {
    let engine = source.engine().unwrap_or("unknown");
    let refused = |found: String| {
        Check::fail(NAME, found, "devdb restores only snapshots of single RDS for PostgreSQL instances")
    };
    if let Some(cluster) = source.db_cluster_identifier() {
        return refused(format!("{name} is a member of cluster {cluster} ({engine})"));
    }
    match engine {
        "postgres" => {
            let version = source.engine_version().unwrap_or("of unknown version");
            let storage = source.allocated_storage().map_or_else(String::new, |gib| format!(", {gib} GiB"));
            Check::ok(NAME, format!("{name}, PostgreSQL {version}{storage}"))
        }
        "neptune" => refused(format!("{name} is Neptune, a graph database")),
        "docdb" => refused(format!("{name} is DocumentDB")),
        engine if engine.starts_with("aurora") => refused(format!("{name} is Aurora ({engine})")),
        engine => refused(format!("{name} is {engine}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Verdict;

    #[test]
    fn other_engines_are_refused_by_name() {
        let refused =
            [("aurora-postgresql", "Aurora"), ("neptune", "Neptune"), ("docdb", "DocumentDB"), ("mysql", "mysql")];
        for (engine, word) in refused {
            let check = judge("app-prod", &DbInstance::builder().engine(engine).build());
            assert_eq!(check.verdict, Verdict::Fail);
            assert!(check.found.contains(word), "{}", check.found);
        }
        let member = DbInstance::builder().engine("postgres").db_cluster_identifier("c").build();
        assert_eq!(judge("app-prod", &member).verdict, Verdict::Fail);
        assert_eq!(judge("app-prod", &DbInstance::builder().engine("postgres").build()).verdict, Verdict::Ok);
    }
}
