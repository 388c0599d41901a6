//! The secret that all masks depend on.

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::Masking;
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::{mask, secret};

/// What the secret is for, in messages.
pub const PURPOSE: &str = "key of the masks";

/// Resolves the secret and derives the key.
///
/// # Errors
/// If the secret cannot be resolved, or is too weak.
pub async fn resolve(masking: &Masking, listener: &dyn Listener) -> Result<mask::Key, Failure> {
    let secret = secret::resolve(&masking.key, PURPOSE).await?;
    listener.add_secret(secret.expose_secret());
    derive(&secret)
}

/// Derives the key from the secret.
///
/// # Errors
/// If the secret is too weak.
pub fn derive(secret: &SecretString) -> Result<mask::Key, Failure> {
    mask::Key::new(secret.expose_secret()).map_err(|weak| {
        Failure::new(Exit::Usage, weak).hint("use a long random one, such as the output of `openssl rand -hex 32`")
    })
}
