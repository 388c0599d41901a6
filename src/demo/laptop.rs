//! A developer's own server with a sample of three users: as a database, and as an image if a container engine is
//! running.

use std::path::Path;
use std::sync::Arc;

use crate::config::{self, Config, Target};
use crate::docker::{Engine, Image};
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::pg::Url;
use crate::pg::server::{Account, Server};
use crate::sample::command::{self, Goal, SampleRequest, Sink, seed_arguments};
use crate::scrub;
use crate::step::Frame;

use super::{company, files};

/// The developer's role there.
const ROLE: &str = "CREATE ROLE kim LOGIN CREATEDB PASSWORD 'mine'";
/// Name of the image.
const IMAGE: &str = "haneul-sample:demo";

/// The developer's server.
pub struct Laptop {
    server: Server,
    port: u16,
    image: Option<Engine>,
}

impl Laptop {
    /// Creates the cluster and starts the server. On another port than `port`, it is written into the files.
    pub async fn set_up(home: &Path, account: Account, port: u16) -> Result<Laptop, Failure> {
        let (server, used) = company::cluster(home, account, "laptop", port, ROLE).await?;
        if used != port {
            files::write(home, used).map_err(|error| Failure::new(Exit::Unexpected, error))?;
        }
        Ok(Laptop { server, port: used, image: None })
    }

    /// Samples three users into a database.
    pub async fn sample(&self, home: &Path, listener: &Arc<dyn Listener>) -> Result<(), Failure> {
        let url = self.url()?;
        take_sample(home, Sink::Database(Box::new(url)), listener).await
    }

    /// Returns the three users as they are in the sample.
    pub async fn users(&self) -> Result<Vec<(&'static str, String)>, Failure> {
        let url = self.url()?;
        company::users(&url.session(url.database()).await?).await
    }

    /// Returns the command that connects to the sample.
    pub fn psql(&self) -> String {
        format!("PGPASSWORD=mine psql postgres://kim@127.0.0.1:{}/haneul_sample", self.port)
    }

    /// Makes an image of the sample. Returns the command that runs it, or why there is none.
    pub async fn image(
        &mut self,
        home: &Path,
        listener: &Arc<dyn Listener>,
    ) -> Result<(&'static str, String), Failure> {
        let base = format!("postgres:{}", self.server.programs.major);
        let Ok(engine) = Engine::connect().await else {
            return Ok(("image", "not made: no container engine is running".into()));
        };
        if !engine.has(&base).await {
            return Ok(("image", format!("not made: {base} is missing; run docker pull {base}")));
        }
        let image = Image::parse(IMAGE).map_err(|why| Failure::new(Exit::Unexpected, why))?;
        take_sample(home, Sink::Container(image), listener).await?;
        self.image = Some(engine);
        Ok(("run", format!("docker run --rm -p 127.0.0.1:5432:5432 {IMAGE}")))
    }

    /// Removes the image.
    pub async fn clear(&self) {
        if let Some(engine) = &self.image {
            // An image that cannot be removed is listed by `docker images`.
            let _ = engine.remove_image(IMAGE).await;
        }
    }

    fn url(&self) -> Result<Url, Failure> {
        let text = format!("postgres://kim@127.0.0.1:{}/haneul_sample", self.port);
        Ok(Url::read(&text, &|name| (name == "PGPASSWORD").then(|| "mine".to_owned()))?)
    }
}

async fn take_sample(home: &Path, sink: Sink, listener: &Arc<dyn Listener>) -> Result<(), Failure> {
    let config = config::load(&home.join("devdb.yaml"), &|name| std::env::var(name).ok(), scrub::config_checks())?;
    let ask = three_users(&config, sink)?;
    let target: &Target = config.target(None)?;
    let run = Frame::announce("sample", &target.name, listener.clone());
    match run.finish(command::sample(&config, target, &ask, &**listener).await.map(|()| (Exit::Done, None))) {
        Exit::Done => Ok(()),
        exit => Err(Failure::new(exit, "the demo's sample failed")),
    }
}

fn three_users(config: &Config, sink: Sink) -> Result<SampleRequest, Failure> {
    let sample = config.sample.as_ref().ok_or_else(command::no_section)?;
    let seeds = vec![seed_arguments::root_rows(sample, &["1", "2", "3"].map(str::to_owned))?];
    Ok(SampleRequest { seeds, from: None, goal: Goal::Write(sink), push: false, replace: true })
}
