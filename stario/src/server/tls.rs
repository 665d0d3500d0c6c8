//! TLS by rustls: HTTP/2 by ALPN, and certificates that are loaded again when their files change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::http2::ALPN;
use crate::error::Result;

/// How often the files are checked for a change.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);

/// The handshake of one connection, on its way.
pub(super) type Handshake = tokio_rustls::Accept<TcpStream>;

pub(super) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<ServerConfig>>,
    /// SIGHUP is listened to before the server listens: the signal would end the process otherwise.
    hangups: Mutex<Hangups>,
}

impl Tls {
    pub(super) fn load((certificate, key): (PathBuf, PathBuf)) -> Result<Arc<Self>> {
        let hangups = Mutex::new(hangups());
        let current = RwLock::new(load(&certificate, &key)?);
        Ok(Arc::new(Self { certificate, key, current, hangups }))
    }

    pub(super) fn accept(&self, socket: TcpStream) -> Handshake {
        let current = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        TlsAcceptor::from(current).accept(socket)
    }

    /// Loads the files again when they have changed, and on SIGHUP. If they cannot be loaded, the certificate stays.
    pub(super) async fn reload_on_change(self: Arc<Self>) {
        let mut hangups = self.hangups.lock().await;
        let mut loaded = self.modified();
        loop {
            tokio::select! {
                () = tokio::time::sleep(CHECK_INTERVAL) => if self.modified() == loaded { continue },
                () = next(&mut hangups) => {}
            }
            loaded = self.modified();
            match load(&self.certificate, &self.key) {
                Ok(config) => {
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) = config;
                    tracing::info!(certificate = %self.certificate.display(), "loaded the certificate anew");
                }
                Err(error) => tracing::error!(%error, "the certificate stays as it was"),
            }
        }
    }

    /// When the files were last written.
    fn modified(&self) -> [Option<SystemTime>; 2] {
        let stamp = |path: &Path| std::fs::metadata(path).and_then(|found| found.modified()).ok();
        [stamp(&self.certificate), stamp(&self.key)]
    }
}

fn load(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>> {
    let failed = |problem: String| std::io::Error::new(std::io::ErrorKind::InvalidData, problem);
    let of_certificate = format!("the certificate {}", certificate.display());
    let of_key = format!("the key {}", key.display());
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| failed(format!("{of_certificate}: {error}")))?;
    if certificates.is_empty() {
        return Err(failed(format!("{of_certificate}: there is none in the file")).into());
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(format!("{of_key}: {error}")))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| failed(format!("{of_certificate} and {of_key} do not go together: {error}")))?;
    config.alpn_protocols = ALPN.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

#[cfg(unix)]
type Hangups = Option<tokio::signal::unix::Signal>;
#[cfg(not(unix))]
type Hangups = ();

#[cfg(unix)]
fn hangups() -> Hangups {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok()
}

#[cfg(not(unix))]
fn hangups() -> Hangups {}

#[cfg(unix)]
async fn next(hangups: &mut Hangups) {
    let is_open = match hangups {
        Some(hangups) => hangups.recv().await.is_some(),
        None => false,
    };
    if !is_open {
        std::future::pending::<()>().await;
    }
}

#[cfg(not(unix))]
async fn next(_: &mut Hangups) {
    std::future::pending::<()>().await;
}
