//! Generations on Amazon RDS, with the record in Route 53. Only files in this folder name the AWS SDK; what they
//! return are the types of [`super`].

mod checks;
mod client;
mod credentials;
mod dns_name;
mod ecr;
mod error;
mod instance;
mod oidc;
mod platform;
mod policy;
mod record;
mod region;
mod remedy;
mod required_parameters;
mod settings;
mod snapshot;
mod tags;
mod token;
mod trace;
mod write;
mod zone;

pub use client::Aws;
pub(super) use credentials::for_children as credentials_for_children;
pub use ecr::Ecr;
pub use policy::policy;
pub use token::auth_token;
