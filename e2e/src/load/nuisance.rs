//! Clients that hold what they were given: they send slowly, or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::connection;

/// What became of slow clients.
#[derive(Debug, Default)]
pub struct Slow {
    /// Requests that were begun.
    pub begun: usize,
    /// Answers with 503.
    pub shed: usize,
    /// The longest that one was listened to.
    pub longest: Duration,
    /// What ended in another way.
    pub others: Vec<String>,
}

/// So many clients that announce a body and send one byte of it each second, and begin anew when they are cut off; until
/// `stop`.
///
/// # Errors
/// When nobody listens.
pub async fn slow(port: u16, clients: usize, announced: usize, stop: Arc<AtomicBool>) -> Result<Slow> {
    let mut running = JoinSet::new();
    for _ in 0..clients {
        running.spawn(one_slow(port, announced, Arc::clone(&stop)));
    }
    let mut all = Slow::default();
    while let Some(one) = running.join_next().await {
        let one = one??;
        all.begun += one.begun;
        all.shed += one.shed;
        all.longest = all.longest.max(one.longest);
        all.others.extend(one.others);
    }
    Ok(all)
}

async fn one_slow(port: u16, announced: usize, stop: Arc<AtomicBool>) -> Result<Slow> {
    let mut slow = Slow::default();
    while !stop.load(Ordering::Relaxed) {
        let mut socket = connection::tls(port, b"http/1.1").await?;
        let head = format!(
            "POST /admit/conform HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {announced}\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).await?;
        let began = Instant::now();
        let answer = drip(&mut socket).await;
        slow.begun += 1;
        slow.longest = slow.longest.max(began.elapsed());
        if answer.starts_with("HTTP/1.1 503") {
            slow.shed += 1;
        } else {
            slow.others.push(answer);
        }
    }
    Ok(slow)
}

/// Sends a byte a second until the other side is done, and gives what it said.
async fn drip<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut S) -> String {
    let (mut said, mut part) = (Vec::new(), [0; 1024]);
    loop {
        match timeout(Duration::from_secs(1), socket.read(&mut part)).await {
            Ok(Ok(0) | Err(_)) => return String::from_utf8_lossy(&said).into_owned(),
            Ok(Ok(length)) => said.extend(part.iter().take(length)),
            // Whether it is still listened to, the next read tells.
            Err(_elapsed) => drop(socket.write_all(b" ").await),
        }
    }
}

/// How far a connection goes before it falls silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// TCP alone.
    Connected,
    /// The first bytes of a TLS handshake.
    HalfShaken,
    /// TLS is agreed.
    Shaken,
    /// HTTP/2 is opened; pings are not answered.
    Opened,
}

/// Each.
pub const SILENCES: [Silence; 4] =
    [Silence::Connected, Silence::HalfShaken, Silence::Shaken, Silence::Opened];

/// What became of silent connections.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent {
    /// The longest that one was kept before it was closed.
    pub longest: Duration,
    /// Those that were told nothing. Where many come at once, the kernel forgets some that their clients take for open; a
    /// server never sees these.
    pub untold: usize,
}

/// Opens so many connections that fall silent, and waits for at most `limit`.
///
/// # Errors
/// When a client panicked.
pub async fn silent(port: u16, clients: usize, silence: Silence, limit: Duration) -> Result<Silent> {
    let mut running = JoinSet::new();
    for _ in 0..clients {
        running.spawn(async move { timeout(limit, one_silent(port, silence)).await });
    }
    let mut all = Silent::default();
    while let Some(kept) = running.join_next().await {
        match kept? {
            Ok(kept) => all.longest = all.longest.max(kept),
            Err(_elapsed) => all.untold += 1,
        }
    }
    Ok(all)
}

/// One that is closed while it opens is closed soon enough.
async fn one_silent(port: u16, silence: Silence) -> Duration {
    let began = Instant::now();
    let _closed = fall_silent(port, silence).await;
    began.elapsed()
}

async fn fall_silent(port: u16, silence: Silence) -> Result<()> {
    /// The preface of HTTP/2, and settings that are empty.
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    /// A handshake message of 512 bytes begins.
    const HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01";
    match silence {
        Silence::Connected => until_closed(connection::tcp(port).await?).await,
        Silence::HalfShaken => {
            let mut socket = connection::tcp(port).await?;
            socket.write_all(HELLO).await?;
            until_closed(socket).await
        }
        Silence::Shaken => until_closed(connection::tls(port, b"h2").await?).await,
        Silence::Opened => {
            let mut socket = connection::tls(port, b"h2").await?;
            socket.write_all(PREFACE).await?;
            until_closed(socket).await
        }
    }
}

async fn until_closed<S: AsyncRead + Unpin>(mut socket: S) -> Result<()> {
    let mut part = [0; 1024];
    while socket.read(&mut part).await.context("it was reset")? > 0 {}
    Ok(())
}
