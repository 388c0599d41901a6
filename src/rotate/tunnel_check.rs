//! Check of the tunnel, before anything is changed.

use crate::config::Connect;
use crate::pg::{self, Route};
use crate::platform::{Check, Instance, Status};

use super::run::Run;

const NAME: &str = "tunnel";
/// PostgreSQL's port. Nothing connects to it: the sessions of Session Manager only name it.
const PORT: u16 = 5432;

/// Opens a tunnel as the run will; `None` if connections are direct. It leads to `generation`, which must answer if it is
/// available. Otherwise it leads to the record's name, and nothing connects through it: production is not connected to.
pub async fn check(run: &Run, generation: Option<&Instance>) -> Option<Check> {
    let way = match &run.target.connect {
        Connect::Direct => return None,
        Connect::Ssm { instance } => format!("a session through {instance}"),
        Connect::Command(words) => words.first().cloned().unwrap_or_default(),
    };
    let available = generation.filter(|one| one.status == Status::Available);
    Some(match available.and_then(|one| Some((one, one.route.as_ref()?))) {
        Some((one, route)) => match run.transport.probe(route).await {
            Ok(()) => Check::ok(NAME, format!("{way} reaches {}", one.name)),
            Err(error) => failed(run, &error, Some(one)),
        },
        None => {
            let route = Route { host: run.target.record.name.clone(), port: PORT, server_name: None };
            match run.transport.probe_unused(&route).await {
                Ok(()) => Check::ok(NAME, format!("{way} opens; nothing was sent through it")),
                Err(error) => failed(run, &error, None),
            }
        }
    })
}

fn failed(run: &Run, error: &pg::Error, generation: Option<&Instance>) -> Check {
    let name = generation.map_or(run.target.record.name.as_str(), |one| one.name.as_str());
    let remedy = run.transport.remedy(error, name).or_else(|| error.remedy());
    Check::fail(NAME, error.to_string(), remedy.unwrap_or_else(|| "check `connect`".to_owned()))
}
