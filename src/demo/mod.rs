//! `devdb demo`: an example company on throw-away PostgreSQL clusters of this machine. Its production
//! is set up, a snapshot is taken with `pg_basebackup`, and two nights pass; then a developer takes a sample.
//! Nothing is simulated: what runs is what runs for a team whose target is `local`.

mod company;
mod files;
mod laptop;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli;
use crate::config;
use crate::error::{Exit, Failure};
use crate::event::{Event, Fact, Listener};
use crate::interrupt;
use crate::pg::server::Account;
use crate::rotate::begin::begin;
use crate::rotate::{Options, rotate};
use crate::scrub;

use company::Production;
use laptop::Laptop;

/// Runs the demo.
pub async fn run(options: &cli::Demo, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let home = Home::make(options.dir.as_deref(), options.keep)?;
    let told = |title: &str, lines: &[(&str, String)]| {
        let facts = lines.iter().map(|(label, value)| Fact::new(*label, value.clone())).collect();
        listener.on_event(&Event::Facts { title: title.to_owned(), facts });
    };
    told("Haneul Notes, an invented company, has production data that nobody should see.", &[]);
    let story = async {
        let production = Production::set_up(&home.path, home.account).await?;
        told("Three of its users, in production:", &production.users().await?);
        nights(&home, &production, &listener, &told).await?;
        a_bug(&home, &listener, &told).await
    };
    let laptop = tokio::select! {
        passed = story => passed?,
        () = interrupt::signal() => {
            let failure = Failure::new(Exit::Interrupted, "interrupted");
            // What was set up so far goes with the directory, unless that is kept.
            return Err(if home.keep { failure.hint(format!("remove what is there: {}", home.removal())) } else { failure });
        }
    };
    if home.keep {
        told(
            "Everything is left running:",
            &[("connect", home.psql()), ("sample", laptop.psql()), ("look", home.status()), ("remove", home.removal())],
        );
    } else {
        laptop.clear().await;
        told("Servers and files are gone again; `devdb demo --keep` leaves them to play with.", &[]);
    }
    Ok(Exit::Done)
}

type Tell<'a> = &'a dyn Fn(&str, &[(&str, String)]);

async fn nights(
    home: &Home,
    production: &Production,
    listener: &Arc<dyn Listener>,
    told: Tell<'_>,
) -> Result<(), Failure> {
    for night in ["The first night", "The second night, after a day of work in production"] {
        production.snapshot(&home.path).await?;
        told(&format!("{night}: devdb rotate"), &[]);
        let exit = one_night(home, listener.clone()).await?;
        if exit != Exit::Done {
            return Err(Failure::new(exit, "the demo's rotation did not end well"));
        }
        told("The same three users, through the name that developers use:", &home.developers_view().await?);
        production.a_day_passes().await?;
    }
    Ok(())
}

async fn a_bug(home: &Home, listener: &Arc<dyn Listener>, told: Tell<'_>) -> Result<Laptop, Failure> {
    told("A bug report: a developer takes three users to a server of her own: devdb sample --users 1,2,3", &[]);
    let mut laptop = Laptop::set_up(&home.path, home.account, home.laptop).await?;
    laptop.sample(&home.path, listener).await?;
    told("The same three users there, with all that is theirs and nothing else:", &laptop.users().await?);
    let image = laptop.image(&home.path, listener).await?;
    told("The same as a container image:", &[image]);
    Ok(laptop)
}

async fn one_night(home: &Home, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let config = config::load(&home.path.join("devdb.yaml"), &|name| std::env::var(name).ok(), scrub::words())?;
    let target = config.target(None)?.clone();
    let run = begin("rotate", target, listener, false).await?;
    let rotated = rotate(&run, &Options::default(), interrupt::signal()).await;
    Ok(run.finish(rotated.map(|generation| (Exit::Done, generation))))
}

/// The demo's directory. Removed when dropped, with every server in it, unless it is kept.
struct Home {
    path: PathBuf,
    account: Account,
    keep: bool,
    /// The port that the developer's server will have.
    laptop: u16,
}

impl Home {
    fn make(wanted: Option<&Path>, keep: bool) -> Result<Home, Failure> {
        let unusable = |path: &Path, error: std::io::Error| {
            Failure::new(Exit::Usage, format!("{}: {error}", path.display())).hint("name another place with --dir")
        };
        let path = wanted
            .map_or_else(|| std::env::temp_dir().join(format!("devdb-demo-{}", std::process::id())), Path::to_path_buf);
        std::fs::create_dir(&path).map_err(|error| unusable(&path, error))?;
        let path = path.canonicalize().map_err(|error| unusable(&path, error))?;
        let account = Account::for_files_in(&path)?;
        account.own(&path).map_err(|error| unusable(&path, error))?;
        let laptop = company::free_port()?;
        files::write(&path, laptop).map_err(|error| unusable(&path, error))?;
        Ok(Home { path, account, keep, laptop })
    }

    fn psql(&self) -> String {
        let file = self.path.join("pg_service.conf");
        format!(
            "PGPASSWORD={} PGSERVICEFILE={} psql 'service=haneul-dev user=haneul_app'",
            files::APP_PASSWORD,
            word(&file)
        )
    }

    fn status(&self) -> String {
        format!("devdb --config {} status", word(&self.path.join("devdb.yaml")))
    }

    fn removal(&self) -> String {
        let home = word(&self.path);
        let stop = format!("for d in {home}/production {home}/laptop {home}/instances/*/data; do");
        format!("{stop} kill -INT $(head -1 \"$d\"/postmaster.pid); done; rm -rf {home}")
    }

    async fn developers_view(&self) -> Result<Vec<(&'static str, String)>, Failure> {
        company::users_by_name(&self.path).await
    }
}

/// A path as one word of a shell: this one is followed by `rm -rf`.
fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-".contains(character);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        company::end_servers(&self.path);
        // What cannot be removed is a few files in the temporary directory.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_space_stays_one_word_of_the_shell() {
        assert_eq!(word(Path::new("/tmp/devdb-demo-1")), "/tmp/devdb-demo-1");
        assert_eq!(word(Path::new("/tmp/my 데모")), "'/tmp/my 데모'");
        assert_eq!(word(Path::new("/tmp/it's $HOME")), r"'/tmp/it'\''s $HOME'");
    }
}
