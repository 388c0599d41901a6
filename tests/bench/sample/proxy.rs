//! A way to a server that counts what goes through.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What went through.
#[derive(Default)]
struct Counts {
    there: AtomicU64,
    back: AtomicU64,
    trips: AtomicU64,
}

/// An open way.
pub struct Proxy {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    counts: Arc<Counts>,
}

impl Proxy {
    /// Opens one to a port of 127.0.0.1.
    pub async fn to(port: u16) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let here = listener.local_addr().unwrap().port();
        let counts = Arc::new(Counts::default());
        let shared = counts.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
                let asked = Arc::new(AtomicBool::new(false));
                tokio::spawn(pump(from_client, to_server, shared.clone(), asked.clone(), true));
                tokio::spawn(pump(from_server, to_client, shared.clone(), asked, false));
            }
        });
        Proxy { port: here, counts }
    }

    /// It in words.
    pub fn told(&self) -> String {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        format!(
            "{:.1} MB from the source and {:.1} MB to it, in {} round trips of all connections",
            of(&self.counts.back) as f64 / 1e6,
            of(&self.counts.there) as f64 / 1e6,
            of(&self.counts.trips)
        )
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    counts: Arc<Counts>,
    asked: Arc<AtomicBool>,
    there: bool,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read) = from.read(&mut buffer).await {
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
        let bytes = if there { &counts.there } else { &counts.back };
        bytes.fetch_add(read as u64, Ordering::Relaxed);
        // A round trip begins when the way turns.
        if asked.swap(there, Ordering::Relaxed) != there && there {
            counts.trips.fetch_add(1, Ordering::Relaxed);
        }
    }
    let _ = to.shutdown().await;
}
