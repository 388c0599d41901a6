//! PostgreSQL: connections with verified TLS, tunnels, scripts, the catalog, local servers, and errors without row
//! values. Independent of generations and platforms.

pub mod as_owner;
mod cancel;
pub mod catalog;
mod connect;
pub mod connector;
pub(crate) mod copy_binary;
pub mod dump;
mod error;
mod quote;
mod route;
pub(crate) mod row_security;
pub mod script;
pub mod server;
mod session;
pub(crate) mod strict_settings;
pub(crate) mod terminate;
mod tls;
pub(crate) mod triggers;
pub mod tunnel;
mod url;

pub use cancel::Canceller;
pub use connect::{Credentials, connect, connect_to_clone};
pub use error::{Error, Result, ServerError};
pub use quote::{connection_string, identifier, literal, shell_word};
pub(crate) use quote::{display_name, qualified_name};
pub use route::Route;
pub use session::Session;
pub use tls::{RDS_ROOTS, Trust};
pub use url::Url;
