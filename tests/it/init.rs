//! The first configuration for a real database: it loads, its masks compile, and only columns that cannot be
//! classified are undecided.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use devdb::discover::init::{draft, sample_root, text};
use devdb::mask::{Key, coverage};

use crate::classify::company;
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(the_company_gets_its_configuration);

async fn the_company_gets_its_configuration(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = company(&cluster).await;
    let first = draft(&session).await.unwrap();
    let text = text(&first);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("devdb.yaml");
    std::fs::write(&path, &text).unwrap();
    let config = devdb::config::load(&path, &|_| None, devdb::scrub::config_checks())
        .unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    let masking = &config.targets.values().next().unwrap().masking;
    let coverage = coverage::decide(masking, &first.catalog);
    assert!(coverage.problems.is_empty(), "{:?}\n{text}", coverage.problems);
    assert!(coverage.unused.is_empty(), "{:?}", coverage.unused);
    let open: Vec<String> = coverage.undecided.iter().map(devdb::pg::catalog::Column::path).collect();
    // Every proposed mask is proven.
    assert_eq!(
        open,
        [
            "app.plans.name_ko",
            "app.plans.name_en",
            "app.plans.features",
            "billing.invoices.number",
            "billing.payment_methods.expires"
        ]
    );
    let work = coverage::compile_masks(&coverage, &Key::new("an example key!!").unwrap());
    assert!(work.unwrap_or_else(|problems| panic!("{problems:?}")).len() > 15);
    let root = sample_root(&first.catalog).unwrap();
    assert_eq!((root.table.to_string().as_str(), root.key), ("app.users", vec!["id".to_owned()]));
    assert!(text.contains("\n#   root: { table: app.users, key: [id] }\n"), "{text}");
    for value in ["haneul.example", "gmail.example", "김민수", "010-1"] {
        assert!(!text.contains(value), "{value} is in\n{text}");
    }
    // The same text every time.
    assert_eq!(devdb::discover::init::text(&draft(&session).await.unwrap()), text);
}
