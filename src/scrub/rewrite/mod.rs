//! Masks the tables of one database in place, each as fast as PostgreSQL can.
//!
//! Objects that block `ALTER TABLE … TYPE … USING` (the obstacles) are removed in one transaction, after a trial in which they
//! are also recreated and the schema is compared. Then the tables are rewritten on several connections, and the obstacles are
//! recreated. The removed obstacles, each table's method and the finished tables are recorded in `devdb_meta`, each change in
//! the transaction that it describes: killed at any instant, the next call resumes, recreates what is missing and masks no
//! table twice. In the end the schema is compared with what it was before.
//!
//! Obstacles are not removed in the transaction of their table, because views and foreign keys belong to several tables, which
//! could then not be rewritten in parallel.

mod alter;
mod attributes;
mod begin;
mod blocked;
mod disk_need;
mod disk_space;
mod error;
mod finish;
mod half_masked_keys;
mod index_names;
mod introspect;
mod method;
mod obstacles;
mod options;
mod outcome;
mod plan;
mod progress;
mod redacted_exec;
mod refill;
mod reparse;
mod roles;
mod run;
mod schema_snapshot;
mod session;
mod table_mask;
mod trial;
mod unit;
mod vouched;
mod work;

pub use disk_need::DiskNeed;
pub use error::{Error, Result};
pub use method::Method;
pub use options::{APPLICATION_NAME, Options};
pub use outcome::{Rewritten, TablePlan};
pub use run::{disk_need, plan, rewrite};
pub use table_mask::{ColumnMask, TableMask};
