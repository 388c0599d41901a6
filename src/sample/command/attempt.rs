//! One attempt at a sample: everything that depends on one snapshot of the source.

use crate::config;
use crate::discover::pii_findings;
use crate::error::{Exit, Failure};
use crate::event::Event;
use crate::pg::dump::Dumper;
use crate::sample::load::error::Error as LoadError;
use crate::sample::schema::Schema;
use crate::sample::{self, Extraction, Masks, Plan, Selection, SelectionInput, Spool, is_conflict};
use crate::step::Step;
use crate::units::{counted, size};

use super::destination::Destination;
use super::failure::interrupted;
use super::labels::labels;
use super::masking::SourceMasking;
use super::output::SampleOutput;
use super::request::{Goal, Inspection};
use super::source::OpenSource;
use super::task::{Interrupt, SampleTask};

/// The open source and destination of a sample, with all preconditions checked.
pub(super) struct SampleSetup<'a> {
    /// The destination and the programs that read the schema; `None` if nothing is written.
    pub destination: Option<(Destination<'a>, Dumper)>,
    /// The source.
    pub source: OpenSource,
    /// The masks; `None` if a rotation has scrubbed the source.
    pub masking: Option<SourceMasking>,
}

/// Why an attempt failed.
pub(super) enum RetryableError {
    /// The source canceled a query because of a conflict with recovery; a new snapshot may succeed.
    Conflict(String),
    /// Another attempt would not help.
    Failed(Failure),
}

impl SampleTask<'_> {
    /// Selects, reads and writes the rows, or prints the plan.
    pub(super) async fn attempt(
        &self,
        setup: &SampleSetup<'_>,
        mut interrupt: Interrupt<'_>,
    ) -> Result<(), RetryableError> {
        let (source, masking) = (&setup.source, setup.masking.as_ref());
        let selection = self.select(source, interrupt.as_mut()).await?;
        let plan = selection.plan();
        let Some((destination, dumper)) = &setup.destination else {
            match &self.request.goal {
                Goal::Inspect(Inspection::Why(table, key)) => self.print_path(&selection, table, key).await?,
                _ => self.show_plan(&plan),
            }
            return Ok(());
        };
        self.warn_about_plan(&plan);
        let none = Masks::new();
        let extraction = selection.extract(masking.map_or(&none, |masking| &masking.masks));
        let prepared = tokio::select! {
            prepared = self.prepare(&extraction, setup, dumper) => prepared,
            () = &mut interrupt => {
                extraction.cancel().await;
                return Err(interrupted().into());
            }
        };
        let (schema, spool) = prepared?;
        let database = extraction.dump_connection().database.clone();
        // Frees the keys of all rows: the load needs the memory.
        drop(extraction);
        let labels = labels(self, source, masking);
        // From here on a conflict cannot come from the source, so nothing is retried.
        Ok(self.write(destination, SampleOutput { rows: &spool, schema: &schema, labels, database }, interrupt).await?)
    }

    fn show_plan(&self, plan: &Plan) {
        for warning in &plan.warnings {
            self.listener.on_event(&Event::Warning { message: warning.clone() });
        }
        self.report("The sample would contain (nothing was copied):", plan.facts());
    }

    /// Reports the warnings of the plan in one line.
    fn warn_about_plan(&self, plan: &Plan) {
        let (slow, empty) = (plan.warnings.len() as u64, plan.unreached.len() as u64);
        let mut warnings = Vec::new();
        if slow > 0 {
            warnings.push(format!(
                "{} without an index: each cost a scan of its whole table",
                counted(slow, "foreign key")
            ));
        }
        if empty > 0 {
            warnings.push(format!("{} that no path reaches: empty in the sample", counted(empty, "table")));
        }
        if !warnings.is_empty() {
            let message = format!("{} (`--dry-run` lists them)", warnings.join("; "));
            self.listener.on_event(&Event::Warning { message });
        }
    }

    /// Reads the schema and the rows: everything that needs the source.
    async fn prepare(
        &self,
        extraction: &Extraction,
        setup: &SampleSetup<'_>,
        dumper: &Dumper,
    ) -> Result<(Schema, Spool), RetryableError> {
        let masking = setup.masking.as_ref();
        if let Some(masking) = masking {
            masking.refuse_scripted(extraction.tables())?;
        }
        let schema = self.read_schema(extraction, setup, dumper).await?;
        Ok((schema, self.read_rows(extraction, masking).await?))
    }

    async fn select(&self, source: &OpenSource, interrupt: Interrupt<'_>) -> Result<Selection, RetryableError> {
        let step = Step::begin(self.listener, "select", "find the rows");
        let wanted = SelectionInput {
            seeds: &self.request.seeds,
            sample: self.sample,
            references: &self.target.masking.references,
            explain: matches!(self.request.goal, Goal::Inspect(Inspection::Why(..))),
        };
        let source = source.with_valid_password(self.target).await?;
        let selection = sample::select(&source, &wanted, self.listener, interrupt).await?;
        let plan = selection.plan();
        let (rows, tables) = (counted(plan.rows(), "row"), counted(plan.tables.len() as u64, "table"));
        step.done(format!("{rows} in {tables}, about {}", size(plan.bytes())));
        Ok(selection)
    }

    /// Prints the path from a row to the seed row that it is in the sample for.
    async fn print_path(&self, selection: &Selection, table: &config::TablePath, key: &str) -> Result<(), Failure> {
        let Some(hops) = selection.why(table, key).await? else {
            self.listener.print(&format!("{table} {key} is not in the sample\n"));
            return Ok(());
        };
        let lines: Vec<String> = hops
            .iter()
            .map(|hop| format!("{} {}: {}\n", hop.table, hop.key.as_deref().unwrap_or("(key not shown)"), hop.why))
            .collect();
        self.listener.print(&lines.concat());
        Ok(())
    }

    /// Reads the schema in the snapshot of the rows.
    async fn read_schema(
        &self,
        extraction: &Extraction,
        setup: &SampleSetup<'_>,
        dumper: &Dumper,
    ) -> Result<Schema, RetryableError> {
        let step = Step::begin(self.listener, "schema", "read the schema");
        let mut dump = extraction.dump_connection().clone();
        dump.password = setup.source.password(self.target).await?;
        let mut schema = Schema::read(&dump, dumper).await?;
        if let Some(masking) = &setup.masking {
            for note in masking.remove_personal_comments(&mut schema) {
                step.note(note);
            }
        }
        let statements = counted((schema.pre_data.len() + schema.post_data.len()) as u64, "statement");
        step.done(format!("{statements} from pg_dump {}", dumper.major));
        Ok(schema)
    }

    /// Reads the rows. Fails if masked rows contain what looks like personal data, although every column was masked or
    /// kept on purpose.
    async fn read_rows(
        &self,
        extraction: &Extraction,
        masking: Option<&SourceMasking>,
    ) -> Result<Spool, RetryableError> {
        let title = if masking.is_some() { "read, mask and scan rows" } else { "read rows" };
        let step = Step::begin(self.listener, sample::READ, title);
        let exemptions = masking.map(|masking| &masking.exemptions);
        let (spool, findings) = extraction.read(exemptions, self.sample.jobs, self.listener).await?;
        let mut personal = 0;
        for finding in findings {
            let look = pii_findings::PiiFinding::of(finding, &self.target.masking.survivors);
            self.listener.on_event(&look.event(&extraction.dump_connection().database));
            personal += u64::from(look.kept.is_none());
        }
        if personal > 0 {
            let message = format!("personal data found in {} of the sample", counted(personal, "column"));
            return Err(Failure::new(Exit::Leak, message)
                .hint("mask these columns too, or list them under `mask.survivors` with a reason")
                .and("nothing was changed")
                .into());
        }
        let verdict = if masking.is_some() { ", no personal data found" } else { "" };
        step.done(format!("{}{verdict}", size(spool.bytes())));
        Ok(spool)
    }
}

impl From<Failure> for RetryableError {
    fn from(failure: Failure) -> Self {
        RetryableError::Failed(failure)
    }
}

impl From<sample::SampleError> for RetryableError {
    fn from(error: sample::SampleError) -> Self {
        match &error {
            sample::SampleError::Source(source) if is_conflict(source) => RetryableError::Conflict(error.to_string()),
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
