//! The course of the demo: two nights, then a developer's sample.

use std::path::Path;
use std::sync::Arc;

use crate::config;
use crate::error::{Exit, Failure};
use crate::event::{Event, Fact, Listener};
use crate::interrupt;
use crate::rotate::start::start;
use crate::rotate::{RotateOptions, rotate};
use crate::scrub;

use super::company::{Production, people_by_name};
use super::home::Home;
use super::laptop::Laptop;

/// Runs the demo in `dir`, or in a temporary directory.
pub async fn run(dir: Option<&Path>, keep: bool, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let home = Home::create(dir, keep)?;
    let tell = |title: &str, lines: &[(&str, String)]| {
        let facts = lines.iter().map(|(label, value)| Fact::new(*label, value.clone())).collect();
        listener.on_event(&Event::Facts { title: title.to_owned(), facts });
    };
    tell("The production data of Haneul Notes, an invented company, is confidential.", &[]);
    let story = async {
        let production = Production::set_up(&home.path, home.account).await?;
        tell("Three users in production:", &production.users().await?);
        tell("The same three in haneul_pay, a second database on the server:", &production.payers().await?);
        nights(&home, &production, &listener, &tell).await?;
        bug_report(&home, &listener, &tell).await
    };
    let laptop = tokio::select! {
        laptop = story => laptop?,
        () = interrupt::signal() => {
            let failure = Failure::new(Exit::Interrupted, "interrupted");
            // Everything that was set up is removed with the directory, unless that is kept.
            return Err(if home.keep { failure.hint(format!("remove everything: {}", home.removal())) } else { failure });
        }
    };
    if home.keep {
        tell(
            "Everything is left running:",
            &[
                ("connect", home.psql("haneul")),
                ("", home.psql("haneul_pay")),
                ("sample", laptop.psql()),
                ("status", home.status()),
                ("remove", home.removal()),
            ],
        );
    } else {
        laptop.clear().await;
        tell("Servers and files are removed; `devdb demo --keep` leaves them running.", &[]);
    }
    Ok(Exit::Done)
}

type Tell<'a> = &'a dyn Fn(&str, &[(&str, String)]);

async fn nights(
    home: &Home,
    production: &Production,
    listener: &Arc<dyn Listener>,
    tell: Tell<'_>,
) -> Result<(), Failure> {
    for night in ["The first night", "The second night, after a day of work in production"] {
        production.snapshot(&home.path).await?;
        tell(&format!("{night}: devdb rotate"), &[]);
        let exit = rotate_once(home, listener.clone()).await?;
        if exit != Exit::Done {
            return Err(Failure::new(exit, "the demo's rotation failed"));
        }
        let [users, payers] = people_by_name(&home.path).await?;
        tell("The same three users, as developers see them:", &users);
        tell("The same three in haneul_pay, masked alike:", &payers);
        production.add_changes().await?;
    }
    Ok(())
}

async fn bug_report(home: &Home, listener: &Arc<dyn Listener>, tell: Tell<'_>) -> Result<Laptop, Failure> {
    tell("A bug report: a developer copies three users to her own server: devdb sample --users 1,2,3", &[]);
    let mut laptop = Laptop::set_up(&home.path, home.account, home.laptop_port).await?;
    laptop.sample(&home.path, listener).await?;
    tell("The same three users there, with their data and nothing else:", &laptop.users().await?);
    let image = laptop.image(&home.path, listener).await?;
    tell("The same as a container image:", &[image]);
    Ok(laptop)
}

async fn rotate_once(home: &Home, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let config = config::load(&home.path.join("devdb.yaml"), &|name| std::env::var(name).ok(), scrub::config_checks())?;
    let target = config.target(None)?.clone();
    let run = start("rotate", target, listener, false).await?;
    let rotated = rotate(&run, &RotateOptions::default(), interrupt::signal()).await;
    Ok(run.finish(rotated.map(|generation| (Exit::Done, generation))))
}
