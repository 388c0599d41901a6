//! The whole page.

use askama::Template;

use super::Heard;
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

/// The page on what was heard, which may be of any run, of none, or of half of one.
///
/// # Errors
/// None that is known: text is written into memory.
pub fn page(heard: &[Heard]) -> askama::Result<String> {
    let page = Page {
        head: Head::of(heard),
        timeline: Timeline::of(heard),
        tables: Tables::of(heard),
        sampled: Sampled::of(heard),
        coverage: Coverage::of(heard),
        leaks: Leaks::of(heard),
        lists: Lists::of(heard),
    };
    page.render()
}
