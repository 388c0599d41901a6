//! The complete page.

use askama::Template;

use super::Recorded;
use super::coverage::Coverage;
use super::head::Head;
use super::leaks::Leaks;
use super::lists::Lists;
use super::sampled::Sampled;
use super::tables::Tables;
use super::timeline::Timeline;

#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    head: Head,
    timeline: Timeline,
    tables: Tables,
    sampled: Sampled,
    coverage: Coverage,
    leaks: Leaks,
    lists: Lists,
}

/// Renders the page from the recorded events, which may belong to a complete run, an interrupted one, or none.
///
/// # Errors
/// Rendering errors of the templates; none is known, since the text is written into memory.
pub fn page(recorded: &[Recorded]) -> askama::Result<String> {
    let page = Page {
        head: Head::of(recorded),
        timeline: Timeline::of(recorded),
        tables: Tables::of(recorded),
        sampled: Sampled::of(recorded),
        coverage: Coverage::of(recorded),
        leaks: Leaks::of(recorded),
        lists: Lists::of(recorded),
    };
    page.render()
}
