//! The files of the team's repository: `devdb.yaml` and the scripts. They are the project's own examples, built in, so
//! that the demo runs from an installed program.

use std::path::Path;

/// Password of the demo's developers.
pub const APP_PASSWORD: &str = "developers-know-this";

const CONFIG: &str = include_str!("devdb.yaml");

macro_rules! scripts {
    ($folder:literal: $($path:literal),* $(,)?) => { &[$(($path, include_str!(concat!($folder, $path)))),*] };
}

/// Scripts of the first database.
const SCRIPTS: &[(&str, &str)] = scripts![
    "../../postproc-sql/":
    "00-secure/10_logins_and_tokens.sql",
    "00-secure/20_queues.sql",
    "00-secure/30_forgotten_copies.sql",
    "10-scrub/10_content.sql",
    "10-scrub/20_object_comments.sql",
    "20-seed/10_developer_accounts.sql",
    "20-seed/20_developer_tokens.sql",
    "20-seed/30_qa_fixtures.sql",
    "90-verify/10_columns.sql",
    "90-verify/20_leftovers.sql",
];

/// Scripts of the payment service's database.
const PAY_SCRIPTS: &[(&str, &str)] = scripts!["pay/scripts/": "10-scrub/10_disputes.sql", "90-verify/10_payers.sql"];

/// Placeholder in `devdb.yaml` for the port of the developer's server.
const LAPTOP_PORT: &str = ":5999/";

/// Writes the files into the demo's directory. `laptop_port` is the port of the developer's server.
pub fn write(home: &Path, laptop_port: u16) -> std::io::Result<()> {
    std::fs::write(home.join("devdb.yaml"), CONFIG.replace(LAPTOP_PORT, &format!(":{laptop_port}/")))?;
    for (folder, scripts) in [("postproc-sql", SCRIPTS), ("pay-sql", PAY_SCRIPTS)] {
        for (path, text) in scripts {
            let path = home.join(folder).join(path);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(path, text)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_goes_to_the_chosen_port() {
        let home = tempfile::tempdir().unwrap();
        write(home.path(), 4321).unwrap();
        let text = std::fs::read_to_string(home.path().join("devdb.yaml")).unwrap();
        assert!(text.contains("localhost:4321/haneul_sample"), "{text}");
    }

    #[test]
    fn every_example_script_is_built_in() {
        for (folder, scripts) in [("postproc-sql", SCRIPTS), ("src/demo/pay/scripts", PAY_SCRIPTS)] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            let mut found: Vec<String> = Vec::new();
            for stage in std::fs::read_dir(&folder).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
                for file in std::fs::read_dir(stage.path()).unwrap().flatten() {
                    found.push(format!("{}/{}", stage.file_name().display(), file.file_name().display()));
                }
            }
            found.sort();
            let built_in: Vec<&str> = scripts.iter().map(|(path, _)| *path).collect();
            assert_eq!(found, built_in);
        }
    }
}
