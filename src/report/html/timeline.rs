//! The run's steps as a bar chart over time.

use askama::Template;

use super::Recorded;
use super::format::percent;
use crate::event::Event;
use crate::units::seconds;

/// Maximum number of ticks on the axis.
const TICKS: f64 = 6.0;

/// The steps as bars.
#[derive(Template)]
#[template(path = "timeline.html")]
pub struct Timeline {
    steps: Vec<Bar>,
    ticks: Vec<Tick>,
    /// Distance between ticks, in percent.
    every: String,
    total: String,
}

struct Bar {
    name: &'static str,
    title: String,
    summary: String,
    state: State,
    began: f64,
    took: Option<f64>,
    left: String,
    width: String,
    from: String,
    time: String,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Done,
    Failed,
    Open,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Done => "done",
            State::Failed => "failed",
            State::Open => "no result",
        }
    }

    fn class(self) -> &'static str {
        match self {
            State::Done => "done",
            State::Failed => "bad",
            State::Open => "open",
        }
    }
}

struct Tick {
    at: String,
    label: String,
}

impl Timeline {
    /// Collects the steps from the recorded events. Times count from the first event.
    pub fn of(recorded: &[Recorded]) -> Timeline {
        let since =
            |at: jiff::Timestamp| recorded.first().map_or(0.0, |first| at.duration_since(first.at).as_secs_f64());
        let mut steps: Vec<Bar> = Vec::new();
        let mut failed = false;
        for Recorded { at, event } in recorded {
            let now = since(*at);
            match event {
                Event::StepStarted { step, title } => {
                    end_open(&mut steps, now);
                    steps.push(Bar::begun(step, title, now));
                }
                Event::StepFinished { step, summary, seconds } => {
                    if let Some(bar) = steps.iter_mut().rev().find(|bar| bar.name == *step) {
                        bar.state = State::Done;
                        bar.took = Some(*seconds);
                        bar.summary.clone_from(summary);
                    }
                }
                // The last progress message serves as the summary until the step ends.
                Event::Progress { step, message } => {
                    if let Some(bar) = steps.last_mut().filter(|bar| bar.name == *step && bar.took.is_none()) {
                        bar.summary.clone_from(message);
                    }
                }
                Event::Failed { .. } if !failed => {
                    failed = true;
                    if let Some(bar) = steps.last_mut().filter(|bar| bar.took.is_none()) {
                        bar.state = State::Failed;
                        bar.took = Some(now - bar.began);
                    }
                }
                _ => {}
            }
        }
        let last = recorded.last().map_or(0.0, |last| since(last.at));
        end_open(&mut steps, last);
        let total = steps.iter().fold(last, |total, bar| total.max(bar.began + bar.took.unwrap_or(0.0)));
        steps.iter_mut().for_each(|bar| bar.lay_out(total));
        let ticks = ticks(total);
        let every = ticks.get(1).map_or_else(|| percent(1.0, 1.0), |tick| tick.at.clone());
        Timeline { steps, ticks, every, total: seconds(total) }
    }
}

impl Bar {
    fn begun(name: &'static str, title: &str, began: f64) -> Bar {
        Bar {
            name,
            title: title.to_owned(),
            summary: String::new(),
            state: State::Open,
            began,
            took: None,
            left: String::new(),
            width: String::new(),
            from: String::new(),
            time: String::new(),
        }
    }

    fn lay_out(&mut self, total: f64) {
        let took = self.took.unwrap_or(0.0);
        self.left = percent(self.began, total);
        self.width = percent(took, total);
        self.from = seconds(self.began);
        self.time = seconds(took);
    }
}

/// Ends a step without a result at the next event.
fn end_open(steps: &mut [Bar], now: f64) {
    if let Some(bar) = steps.last_mut().filter(|bar| bar.took.is_none()) {
        bar.took = Some(now - bar.began);
    }
}

/// Returns the ticks of the axis at round times.
fn ticks(total: f64) -> Vec<Tick> {
    const ROUND: [f64; 18] = [
        0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0,
        14400.0,
    ];
    let step = ROUND.into_iter().find(|step| total / step < TICKS).unwrap_or(total / TICKS);
    let number = if step > 0.0 { (total / step) as u32 } else { 0 };
    let tick = |number| {
        let at = f64::from(number) * step;
        Tick { at: percent(at, total), label: label(at, step) }
    };
    (0..=number).map(tick).collect()
}

/// Returns a short label for a round time.
fn label(at: f64, step: f64) -> String {
    let whole = at as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        _ if at == 0.0 => "0".to_owned(),
        _ if step < 1.0 => format!("{at:.1} s"),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} m"),
        (0, minutes, seconds) => format!("{minutes} m {seconds:02} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} m"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, rendered};
    use super::*;

    fn started(step: &'static str) -> Event {
        Event::StepStarted { step, title: format!("do the {step}") }
    }

    fn finished(step: &'static str, seconds: f64) -> Event {
        Event::StepFinished { step, summary: format!("{step} <done>"), seconds }
    }

    #[test]
    fn bars_are_to_scale() {
        let recorded = [
            at(0.0, started("restore")),
            at(30.0, finished("restore", 30.0)),
            at(30.0, started("mask")),
            at(90.0, finished("mask", 60.0)),
            at(120.0, Event::RunFinished { exit: 0, generation: None, seconds: 120.0 }),
        ];
        let page = rendered(&Timeline::of(&recorded));
        assert!(page.contains("left:0.000%;width:25.000%"), "{page}");
        assert!(page.contains("left:25.000%;width:50.000%"), "{page}");
        assert!(page.contains("restore &#60;done&#62;"), "{page}");
        assert!(page.contains("1 m 30 s") && page.contains("left:75.000%"), "{page}");
    }

    #[test]
    fn failed_steps_and_steps_without_a_result_differ() {
        let failed = Event::Failed { message: "no".into(), places: Vec::new(), hint: None, aftermath: Vec::new() };
        let recorded = [
            at(0.0, started("lost")),
            at(10.0, started("mask")),
            at(15.0, Event::Progress { step: "mask", message: "table 3 of 9".into() }),
            at(20.0, failed),
        ];
        let line = Timeline::of(&recorded);
        assert!(line.steps[0].state == State::Open && line.steps[1].state == State::Failed);
        assert_eq!((line.steps[0].took, line.steps[1].took), (Some(10.0), Some(10.0)));
        assert_eq!(line.steps[1].summary, "table 3 of 9");
    }

    #[test]
    fn no_events_draw_nothing() {
        assert_eq!(rendered(&Timeline::of(&[])).trim(), "");
        // A result without a start.
        assert_eq!(rendered(&Timeline::of(&[at(0.0, finished("mask", 1.0))])).trim(), "");
    }

    #[test]
    fn the_axis_has_few_round_times() {
        let labels = |total| ticks(total).into_iter().map(|tick| tick.label).collect::<Vec<_>>();
        assert_eq!(labels(0.45), ["0", "0.1 s", "0.2 s", "0.3 s", "0.4 s"]);
        assert_eq!(labels(100.0), ["0", "30 s", "1 m", "1 m 30 s"]);
        assert_eq!(labels(5500.0), ["0", "30 m", "1 h", "1 h 30 m"]);
        assert!(ticks(1e9).len() <= 7 && ticks(0.0).len() == 1);
    }
}
