//! Takes what Alertmanager sends to a webhook.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How many messages wait to be read. The story reads them as they come.
const WAITING: usize = 64;
const LARGEST: usize = 1 << 20;
const LIMIT: Duration = Duration::from_secs(10);

/// A message: the path that it was sent to, and what it says.
pub type Message = (String, Value);

/// Listens until it is dropped.
pub struct Receiver {
    /// Where it listens, on loopback.
    pub port: u16,
    messages: mpsc::Receiver<Message>,
    task: JoinHandle<()>,
}

impl Receiver {
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (sender, messages) = mpsc::channel(WAITING);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // One that is not a message is one that the story waits for in vain, and says so.
                if let Ok(Ok(message)) = timeout(LIMIT, take(stream)).await
                    && sender.send(message).await.is_err()
                {
                    return;
                }
            }
        });
        Ok(Self { port, messages, task })
    }

    /// The next message that is wanted; others are passed over.
    pub async fn wait_for(
        &mut self,
        limit: Duration,
        is_wanted: impl Fn(&Message) -> bool,
    ) -> Result<Message> {
        let mut passed = Vec::new();
        let wanted = timeout(limit, async {
            loop {
                let message = self.messages.recv().await?;
                if is_wanted(&message) {
                    return Some(message);
                }
                passed.push(message);
            }
        });
        let wanted = wanted.await.ok().flatten();
        wanted.with_context(|| format!("no such message came within {limit:?}; these did: {passed:?}"))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one request with a JSON body and answers it.
async fn take(mut stream: TcpStream) -> Result<Message> {
    let mut reader = BufReader::new(&mut stream);
    let mut line = String::new();
    reader.read_line(&mut line).await?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse::<usize>()?.min(LARGEST);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await?;
    Ok((path, serde_json::from_slice(&body)?))
}
