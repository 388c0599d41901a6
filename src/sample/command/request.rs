//! What `devdb sample` is asked for, resolved from its arguments.

use std::path::PathBuf;

use crate::config::TablePath;
use crate::docker::Image;
use crate::error::{Exit, Failure};
use crate::pg::Url;
use crate::sample::Seeds;

/// What `devdb sample` is asked for.
#[derive(Debug)]
pub struct SampleRequest {
    /// The seed rows; empty only for [`Inspection::Suggest`].
    pub seeds: Vec<Seeds>,
    /// The database to read instead of the configured source.
    pub from: Option<Url>,
    /// The result that is wanted.
    pub goal: Goal,
    /// Whether the image is pushed.
    pub push: bool,
    /// Whether an existing destination may be replaced.
    pub replace: bool,
}

/// The result that is wanted.
#[derive(Debug)]
pub enum Goal {
    /// A sample in this sink.
    Write(Sink),
    /// Information; nothing is written.
    Inspect(Inspection),
}

/// Information about a sample.
#[derive(Debug)]
pub enum Inspection {
    /// Rows and bytes by table and edge.
    Plan,
    /// The path from a row, given by table and key, to the seed row that it is in the sample for.
    Why(TablePath, String),
    /// References that neither the database nor the configuration declares.
    Suggest,
}

/// The destination of a sample.
#[derive(Debug)]
pub enum Sink {
    /// An image of the container engine.
    Container(Image),
    /// A database.
    Database(Box<Url>),
    /// A directory, or one file if the path ends in `.tar.zst`.
    Archive(PathBuf),
}

impl Sink {
    /// Parses `container://REPO:TAG`, `database://USER@HOST/DB` or `archive:PATH`. `url` resolves a database URL.
    ///
    /// # Errors
    /// `Exit::Usage` with the three forms.
    pub fn read(text: &str, url: impl FnOnce(&str) -> Result<Url, Failure>) -> Result<Sink, Failure> {
        let forms = "use container://REPO:TAG, database://USER@HOST/DATABASE or archive:PATH";
        let usage = |why: String| Failure::new(Exit::Usage, why).hint(forms);
        if let Some(image) = text.strip_prefix("container://") {
            let image = Image::parse(image).map_err(|why| usage(format!("--into: {why}")))?;
            return Ok(Sink::Container(image));
        }
        if let Some(path) = text.strip_prefix("archive:").filter(|path| !path.is_empty()) {
            return Ok(Sink::Archive(PathBuf::from(path)));
        }
        match text.strip_prefix("database://") {
            Some(rest) => Ok(Sink::Database(Box::new(url(&format!("postgres://{rest}"))?))),
            None => Err(usage("`--into` is not a destination".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn into(text: &str) -> Result<Sink, Failure> {
        Sink::read(text, |url| Ok(Url::read(url, &|_| None)?))
    }

    #[test]
    fn destinations_are_parsed() {
        assert!(matches!(into("container://team/app:1").unwrap(), Sink::Container(image) if image.tag == "1"));
        assert!(matches!(into("archive:out/x.tar.zst").unwrap(), Sink::Archive(path) if path.ends_with("x.tar.zst")));
        let Sink::Database(url) = into("database://me@localhost/app").unwrap() else { panic!() };
        assert_eq!(url.place(), "127.0.0.1:5432/app");
        for text in ["", "app", "archive:", "container://A B", "postgres://me@h/app", "database://h"] {
            let failure = into(text).unwrap_err();
            assert!(failure.hint.is_some() || text == "database://h", "{text}: {failure}");
        }
    }
}
