//! The commands `sample` and `load`: from what was asked for to what was written.
//!
//! [`sample`] opens the way to the rows ([`origin`]), judges every column unless a rotation has done that
//! ([`rules`]), finds the rows, shows what they come to, reads the schema from the same snapshot, looks at what
//! would go out, and hands all of it to where it goes ([`write`]). What ends it before that has written nothing.

mod destination;
pub mod doctor;
mod labels;
mod load;
mod masking;
pub mod request;
mod source;

pub use load::load;
pub use request::{Ask, Goal, Look, Sink};

use std::future::Future;
use std::pin::{Pin, pin};

use crate::config::{self, Config, Target};
use crate::discover::pii_findings;
use crate::error::{Exit, Failure};
use crate::event::{Event, Listener};
use crate::interrupt;
use crate::pg::dump::Dumper;
use crate::sample::load::error::Error as LoadError;
use crate::sample::schema::Schema;
use crate::sample::{self, ATTEMPTS, Extraction, Masks, Plan, Selection, Spool, Wanted, is_conflict};
use crate::step::Step;
use crate::units::{counted, size};
use destination::{Place, SampleOutput};
use masking::Rules;
use source::Origin;

/// One call of the command.
pub(super) struct Task<'a> {
    pub config: &'a Config,
    pub target: &'a Target,
    pub sample: &'a config::Sample,
    pub ask: &'a Ask,
    pub listener: &'a dyn Listener,
}

/// Takes a sample, or only says what it would be.
///
/// # Errors
/// `Exit::Leak` before anything is written, when something in it is not masked; what failed otherwise. The target
/// is as it was then.
pub async fn sample(config: &Config, target: &Target, ask: &Ask, listener: &dyn Listener) -> Result<(), Failure> {
    let Some(sample) = &config.sample else { return Err(no_section()) };
    let task = Task { config, target, sample, ask, listener };
    let mut interrupt = pin!(interrupt::signal());
    let opened = tokio::select! {
        opened = task.open() => opened?,
        () = &mut interrupt => return Err(interrupted()),
    };
    match opened {
        Some(opened) => task.attempts(&opened, interrupt).await,
        None => Ok(()),
    }
}

/// What is known before the first row is looked for.
struct Opened<'a> {
    /// Where it goes, and the programs that read the schema; none when it goes nowhere.
    place: Option<(Place<'a>, Dumper)>,
    /// Where it comes from.
    origin: Origin,
    /// What becomes of it on the way; none where a rotation has seen to that.
    rules: Option<Rules>,
}

/// Ends when the run is told to stop; not to be asked again after that.
pub(super) type Interrupt<'a> = Pin<&'a mut (dyn Future<Output = ()> + Send)>;

fn interrupted() -> Failure {
    Failure::new(Exit::Interrupted, "interrupted").and("nothing was written")
}

/// What a configuration without a section for samples is told.
pub fn no_section() -> Failure {
    Failure::new(Exit::Usage, "the configuration says nothing of samples")
        .hint("add `sample: { root: SCHEMA.TABLE }`: the table of your users, whose rows a sample starts from")
}

impl Task<'_> {
    /// Logs in to the source and judges it. None when that was all that was asked for.
    async fn open(&self) -> Result<Option<Opened<'_>>, Failure> {
        let place = self.place().await?;
        let step = Step::begin(self.listener, "source", "log in to the source");
        let origin = Origin::open(self.target, self.sample, self.ask.from.as_ref(), self.listener).await?;
        let session = origin.session().await?;
        step.done(format!("{}, PostgreSQL {}{}", origin.name, session.major(), origin.state()));
        if let Goal::Look(Look::Suggest) = self.ask.goal {
            let found = sample::suggest(&origin.source, &self.target.masking.references).await?;
            self.listener.print(&sample::suggest::yaml(&found));
            return Ok(None);
        }
        let place = match place {
            Some(place) => {
                let dumper = Dumper::find(session.major()).await?;
                Some((self.ready(place, &origin, session.major()).await?, dumper))
            }
            None => None,
        };
        let rules = if origin.is_scrubbed { None } else { Some(self.judge(&origin).await?) };
        Ok(Some(Opened { place, origin, rules }))
    }

    async fn judge(&self, origin: &Origin) -> Result<Rules, Failure> {
        let step = Step::begin(self.listener, "coverage", "see that every column was thought of");
        let rules = Rules::judge(&origin.session().await?, self.target, self.listener).await?;
        step.done(format!("{} columns are masked on the way, the others are kept on purpose", rules.masks.len()));
        Ok(rules)
    }

    /// Begins anew from a new snapshot when a standby had to end what was being read.
    async fn attempts(&self, opened: &Opened<'_>, mut interrupt: Interrupt<'_>) -> Result<(), Failure> {
        let mut attempt = 1;
        loop {
            match self.once(opened, interrupt.as_mut()).await {
                Ok(()) => return Ok(()),
                Err(RetryableError::Conflict(why)) if attempt < ATTEMPTS => {
                    let message = format!("{why}; starting over from a new snapshot");
                    self.listener.on_event(&Event::Warning { message });
                    attempt += 1;
                }
                Err(RetryableError::Conflict(why)) => {
                    return Err(Failure::new(Exit::Unexpected, why).hint(
                        "sample when less is written, from the primary, or with hot_standby_feedback on the standby",
                    ));
                }
                Err(RetryableError::Failed(failure)) => return Err(failure),
            }
        }
    }

    async fn once(&self, opened: &Opened<'_>, mut interrupt: Interrupt<'_>) -> Result<(), RetryableError> {
        let (origin, rules) = (&opened.origin, opened.rules.as_ref());
        let selection = self.select(origin, interrupt.as_mut()).await?;
        let plan = selection.plan();
        let Some((place, dumper)) = &opened.place else {
            match &self.ask.goal {
                Goal::Look(Look::Why(table, key)) => self.why(&selection, table, key).await?,
                _ => self.show(&plan),
            }
            return Ok(());
        };
        self.hint(&plan);
        let none = Masks::new();
        let extraction = selection.extract(rules.map_or(&none, |rules| &rules.masks));
        let prepared = tokio::select! {
            prepared = self.prepare(&extraction, opened, dumper) => prepared,
            () = &mut interrupt => {
                extraction.cancel().await;
                return Err(interrupted().into());
            }
        };
        let (schema, spool) = prepared?;
        let database = extraction.dump().database.clone();
        // The keys of all rows take memory that the load has use for.
        drop(extraction);
        let labels = labels::labels(self, origin, rules);
        // What fails from here on is no matter of the source.
        Ok(self.write(place, SampleOutput { rows: &spool, schema: &schema, labels, database }, interrupt).await?)
    }

    fn show(&self, plan: &Plan) {
        for warning in &plan.warnings {
            self.listener.on_event(&Event::Warning { message: warning.clone() });
        }
        let title = "A sample would take this; nothing was copied:".to_owned();
        self.listener.on_event(&Event::Facts { title, facts: plan.facts() });
    }

    /// What the plan has to say besides numbers, in short.
    fn hint(&self, plan: &Plan) {
        let (slow, empty) = (plan.warnings.len() as u64, plan.unreached.len() as u64);
        let mut hints = Vec::new();
        if slow > 0 {
            hints.push(format!("{} without an index: each cost a pass over its table", counted(slow, "foreign key")));
        }
        if empty > 0 {
            hints.push(format!("{} that nobody reaches: empty in the sample", counted(empty, "table")));
        }
        if !hints.is_empty() {
            let message = format!("{} (`--dry-run` lists them)", hints.join("; "));
            self.listener.on_event(&Event::Warning { message });
        }
    }

    /// Everything that comes before the first write: all that is wanted of the source.
    async fn prepare(
        &self,
        extraction: &Extraction,
        opened: &Opened<'_>,
        dumper: &Dumper,
    ) -> Result<(Schema, Spool), RetryableError> {
        let rules = opened.rules.as_ref();
        if let Some(rules) = rules {
            rules.must_do(extraction.tables())?;
        }
        let schema = self.schema(extraction, opened, dumper).await?;
        Ok((schema, self.read(extraction, rules).await?))
    }

    async fn select(&self, origin: &Origin, interrupt: Interrupt<'_>) -> Result<Selection, RetryableError> {
        let step = Step::begin(self.listener, "select", "find the rows");
        let wanted = Wanted {
            seeds: &self.ask.seeds,
            sample: self.sample,
            references: &self.target.masking.references,
            explain: matches!(self.ask.goal, Goal::Look(Look::Why(..))),
        };
        let source = origin.now(self.target).await?;
        let selection = sample::select(&source, &wanted, self.listener, interrupt).await?;
        let plan = selection.plan();
        let (rows, tables) = (counted(plan.rows(), "row"), counted(plan.tables.len() as u64, "table"));
        step.done(format!("{rows} of {tables}, about {}", size(plan.bytes())));
        Ok(selection)
    }

    async fn why(&self, selection: &Selection, table: &config::TablePath, key: &str) -> Result<(), Failure> {
        let Some(hops) = selection.why(table, key).await? else {
            self.listener.print(&format!("{table} {key} is not in the sample\n"));
            return Ok(());
        };
        let lines: Vec<String> = hops
            .iter()
            .map(|hop| {
                format!("{} {}: {}\n", hop.table, hop.key.as_deref().unwrap_or("(its key is not shown)"), hop.why)
            })
            .collect();
        self.listener.print(&lines.concat());
        Ok(())
    }

    /// The schema, as of the same snapshot.
    async fn schema(
        &self,
        extraction: &Extraction,
        opened: &Opened<'_>,
        dumper: &Dumper,
    ) -> Result<Schema, RetryableError> {
        let step = Step::begin(self.listener, "schema", "read the schema");
        let mut dump = extraction.dump().clone();
        dump.password = opened.origin.password(self.target).await?;
        let mut schema = Schema::read(&dump, dumper).await?;
        if let Some(rules) = &opened.rules {
            for left_out in rules.clean(&mut schema) {
                step.note(left_out);
            }
        }
        step.done(format!("{} statements, by pg_dump {}", schema.before.len() + schema.after.len(), dumper.major));
        Ok(schema)
    }

    /// Reads the rows. Refuses what looks personal although every column was masked or kept on purpose.
    async fn read(&self, extraction: &Extraction, rules: Option<&Rules>) -> Result<Spool, RetryableError> {
        let title =
            if rules.is_some() { "read the rows, masked, and look at what would go out" } else { "read the rows" };
        let step = Step::begin(self.listener, sample::READ, title);
        let spared = rules.map(|rules| &rules.spared);
        let (spool, found) = extraction.read(spared, self.sample.jobs, self.listener).await?;
        let mut bad = 0;
        for finding in found {
            let look = pii_findings::Look::of(finding, &self.target.masking.survivors);
            self.listener.on_event(&look.event(&extraction.dump().database));
            bad += usize::from(look.kept.is_none());
        }
        if bad > 0 {
            let what = if bad == 1 { "1 column".to_owned() } else { format!("{bad} columns") };
            let failure = Failure::new(Exit::Leak, format!("{what} would still hold what looks personal"));
            return Err(failure
                .hint("mask those too, or list them under `mask.survivors` with a reason")
                .and("nothing was written")
                .into());
        }
        let verdict = if rules.is_some() { "; nothing looks personal" } else { "" };
        step.done(format!("{}{verdict}", size(spool.bytes())));
        Ok(spool)
    }
}

/// Why an attempt came to nothing.
pub(super) enum RetryableError {
    /// The source resolved a conflict at our cost.
    Conflict(String),
    /// Once more would not help.
    Failed(Failure),
}

impl From<Failure> for RetryableError {
    fn from(failure: Failure) -> Self {
        RetryableError::Failed(failure)
    }
}

impl From<sample::Error> for RetryableError {
    fn from(error: sample::Error) -> Self {
        match &error {
            sample::Error::Source(source) if is_conflict(source) => RetryableError::Conflict(error.to_string()),
            _ => RetryableError::Failed(error.into()),
        }
    }
}

impl From<LoadError> for RetryableError {
    fn from(error: LoadError) -> Self {
        match &error {
            LoadError::Pg(source) | LoadError::Copy { error: source, .. } if is_conflict(source) => {
                RetryableError::Conflict(error.to_string())
            }
            _ => RetryableError::Failed(error.into()),
        }
    }
}
