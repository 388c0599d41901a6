//! TLS, always verified. The roots of Amazon RDS are built in.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{Error, Result};

/// The roots of Amazon RDS in all regions, in PEM; `ssl_root_cert` replaces them.
pub const RDS_ROOTS: &[u8] = include_bytes!("rds-global-bundle.pem");

/// The certificate authorities trusted for a server.
#[derive(Clone)]
pub struct Trust {
    config: Arc<ClientConfig>,
}

impl Trust {
    /// Reads the authorities from a PEM file; without one, those of RDS.
    ///
    /// # Errors
    /// [`Error::Certificates`]
    pub fn load(file: Option<&Path>) -> Result<Trust> {
        match file {
            None => Self::from_pem(RDS_ROOTS, "the built-in RDS roots"),
            Some(path) => {
                let name = path.display().to_string();
                let pem = std::fs::read(path)
                    .map_err(|why| Error::Certificates { path: name.clone(), why: why.to_string() })?;
                Self::from_pem(&pem, &name)
            }
        }
    }

    fn from_pem(pem: &[u8], name: &str) -> Result<Trust> {
        let problem = |why: String| Error::Certificates { path: name.to_owned(), why };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| problem(error.to_string()))?;
            roots.add(certificate).map_err(|error| problem(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(problem("contains no certificate".into()));
        }
        // Not the process default, which panics at the first handshake if two providers are linked.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| problem(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Trust { config: Arc::new(config) })
    }

    pub(super) fn connector(&self) -> MakeRustlsConnect {
        MakeRustlsConnect::new((*self.config).clone())
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trust")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_roots_can_be_used() {
        let count = CertificateDer::pem_slice_iter(RDS_ROOTS).filter(std::result::Result::is_ok).count();
        assert!(count > 50, "{count} certificates");
        Trust::load(None).unwrap();
    }

    #[test]
    fn an_empty_file_is_refused() {
        let error = Trust::from_pem(b"", "ca.pem").unwrap_err();
        assert_eq!(error.to_string(), "ca.pem: contains no certificate");
    }
}
