//! Making a clone harmless: hazards, logins, scripts, residue, and the check that decides.

mod acting;
pub mod databases;
pub mod hazards;
pub mod leak_check;
pub mod marker;
pub mod postproc;
pub mod residue;
pub mod roles;
