//! PostgreSQL servers on this machine: finds the installed programs, starts and stops servers, and runs statements in
//! single-user mode, in which nobody can connect.

mod account;
mod control;
pub(super) mod installations;
mod pid_file;
mod ports;
mod programs;

pub use account::Account;
pub use control::Server;
pub use installations::check_setting;
pub use pid_file::is_running;
pub use ports::{PORT_ATTEMPTS, free_port, is_port_free};
pub use programs::Programs;
