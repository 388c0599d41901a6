//! Who may log in. Default-deny: every login role that is not allowed by name ends unable to log in, and the end state is read
//! back, because a statement that reports success may have changed nothing.
//!
//! An existing role only receives `NOLOGIN`, `PASSWORD`, `VALID UNTIL` and `CONNECTION LIMIT`: servers refuse the other
//! attributes to a master user that is no superuser, even when nothing would change.

mod access;
mod close;
mod ensure;
mod error;
mod open;
mod passwords;

pub use close::{Closed, RDS_INTERNAL, close_logins};
pub use ensure::{ensure_roles, grant};
pub use error::Error;
pub use open::{OpenLogin, still_open};
pub use passwords::set_passwords;
