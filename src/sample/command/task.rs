//! The inputs of one `devdb sample`.

use std::future::Future;
use std::pin::Pin;

use crate::config::{self, Config, Target};
use crate::event::{Event, Fact, Listener};

use super::request::SampleRequest;

/// The inputs of one `devdb sample`.
pub(super) struct SampleTask<'a> {
    pub config: &'a Config,
    pub target: &'a Target,
    pub sample: &'a config::Sample,
    pub request: &'a SampleRequest,
    pub listener: &'a dyn Listener,
}

/// A future that ends when the run is interrupted; it must not be polled after that.
pub(super) type Interrupt<'a> = Pin<&'a mut (dyn Future<Output = ()> + Send)>;

impl SampleTask<'_> {
    /// Reports facts under a title.
    pub(super) fn report(&self, title: &str, facts: Vec<Fact>) {
        self.listener.on_event(&Event::Facts { title: title.to_owned(), facts });
    }
}
