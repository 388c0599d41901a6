use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// No run of the program takes longer here, however busy the machine.
const DEADLINE: Duration = Duration::from_secs(900);

/// When a run is ended.
pub enum Trigger<'a> {
    /// After a time.
    After(Duration),
    /// After so many lines of standard output, each an event.
    Events(usize),
    /// After so many lines of the trace on standard error.
    Traces(usize),
    /// When this holds.
    Once(&'a dyn Fn() -> bool),
    /// Not at all.
    Never,
}

/// A run that has ended.
#[derive(Default)]
pub struct Ended {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Everything it wrote.
    pub text: String,
    pub events: usize,
    pub traces: usize,
    pub seconds: f64,
    /// From the signal to the end; `None` if the run ended before the signal.
    pub after_signal: Option<Duration>,
}

struct Line {
    is_event: bool,
    text: String,
}

/// Sends a signal to a running program. Returns whether it has a receiver.
pub fn signal(child: &Child, signal: Signal) -> bool {
    kill_process(Pid::from_child(child), signal).is_ok()
}

/// Runs a command, and strikes at an instant; `strike` returns whether there was something to hit.
pub fn run(mut command: Command, trigger: &Trigger<'_>, strike: &dyn Fn(&Child) -> bool) -> Ended {
    // In a process group of its own: Ctrl-C in the terminal is for the test.
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().unwrap();
    let began = Instant::now();
    let (sender, lines) = channel();
    let _readers =
        [read(child.stdout.take().unwrap(), true, sender.clone()), read(child.stderr.take().unwrap(), false, sender)];
    let mut ended = Ended::default();
    let struck = wait(&mut child, &lines, trigger, &mut ended, began) && strike(&child);
    let struck = struck.then(Instant::now);
    let status = wait_for_end(&mut child);
    if let Some(struck) = struck {
        ended.after_signal = Some(struck.elapsed());
    }
    ended.seconds = began.elapsed().as_secs_f64();
    // A server that the program started does not hold its output open.
    while let Ok(line) = lines.recv_timeout(Duration::from_secs(5)) {
        ended.take(line);
    }
    ended.code = status.code();
    ended
}

/// Waits for the instant. Returns whether it came before the end.
fn wait(child: &mut Child, lines: &Receiver<Line>, trigger: &Trigger<'_>, ended: &mut Ended, began: Instant) -> bool {
    loop {
        let reached = match trigger {
            Trigger::After(life) => began.elapsed() >= *life,
            Trigger::Events(number) => ended.events >= *number,
            Trigger::Traces(number) => ended.traces >= *number,
            Trigger::Once(holds) => holds(),
            Trigger::Never => false,
        };
        if reached {
            return child.try_wait().unwrap().is_none();
        }
        let pause = match trigger {
            Trigger::After(life) => life.saturating_sub(began.elapsed()).min(Duration::from_millis(50)),
            _ => Duration::from_millis(10),
        };
        match lines.recv_timeout(pause) {
            Ok(line) => ended.take(line),
            Err(RecvTimeoutError::Timeout) => assert!(began.elapsed() < DEADLINE, "no end in sight: {}", ended.text),
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

fn wait_for_end(child: &mut Child) -> std::process::ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if began.elapsed() > DEADLINE {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Ended {
    fn take(&mut self, line: Line) {
        self.events += usize::from(line.is_event);
        self.traces += usize::from(!line.is_event && line.text.starts_with("devdb::"));
        self.text.push_str(&line.text);
        self.text.push('\n');
    }
}

fn read(from: impl Read + Send + 'static, is_event: bool, to: Sender<Line>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        for text in BufReader::new(from).lines().map_while(Result::ok) {
            if to.send(Line { is_event, text }).is_err() {
                return;
            }
        }
    })
}
