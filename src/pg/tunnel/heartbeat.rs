//! The heartbeat of a tunnel: a byte to the server and one back, on a connection of its own, again and again. Session
//! Manager ends a session without traffic, and a single statement may send nothing for longer than that. A tunnel that
//! forwards nothing any more, but stays open, is ended, so that a statement fails on it instead of waiting forever.
//!
//! A beat is PostgreSQL's request for GSSAPI encryption. Any server answers it, before any login, so a beat needs no
//! credentials and is no session. If the client closes after the answer, the server logs nothing, unlike after a
//! request for TLS.
//!
//! Source: <https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-GSSAPI>

use std::net::SocketAddr;
use std::sync::Weak;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::child::Child;

/// Pause between two beats. The shortest idle timeout of Session Manager is one minute.
const INTERVAL: Duration = Duration::from_secs(5);
/// Time for the answer to one beat.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);
/// Time without an answer after which a tunnel counts as dead. A server that restarts answers sooner.
const DEAD_AFTER: Duration = Duration::from_secs(60);

/// The request for GSSAPI encryption: its length, and 1234 and 5680 in place of a protocol version.
const REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x30];

/// A running heartbeat, which ends when it is dropped.
#[derive(Debug)]
pub(super) struct Heartbeat(JoinHandle<()>);

impl Heartbeat {
    /// Starts the heartbeat of a child's tunnel. It does not keep the child alive.
    pub(super) fn start(address: SocketAddr, child: Weak<Child>) -> Heartbeat {
        Heartbeat(tokio::spawn(async move {
            let mut answered = Instant::now();
            loop {
                sleep(INTERVAL).await;
                if beat(address).await.is_ok() {
                    answered = Instant::now();
                }
                let Some(child) = child.upgrade() else { return };
                if answered.elapsed() > DEAD_AFTER {
                    child.end(&format!("the server did not answer for {} seconds", DEAD_AFTER.as_secs()));
                }
                if !child.is_alive() {
                    return;
                }
            }
        }))
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sends one beat and waits for its answer.
///
/// # Errors
/// Why no server answers.
pub(super) async fn beat(address: SocketAddr) -> Result<(), String> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(&REQUEST).await?;
        stream.read_u8().await
    };
    match timeout(ANSWER_TIMEOUT, exchange).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err("the connection was closed without an answer".to_owned())
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} seconds", ANSWER_TIMEOUT.as_secs())),
    }
}
