//! Plain HTTP on loopback, for health and metrics: one request, one connection, always with a time-out.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(5);

/// Why a request got no answer.
#[derive(Debug, Error)]
pub enum HttpError {
    /// The connection failed.
    #[error("port {port} on loopback: {source}")]
    Connection {
        /// The port.
        port: u16,
        /// The system's answer.
        source: io::Error,
    },
    /// Nothing came in time.
    #[error("port {port} on loopback did not answer {path} within {LIMIT:?}")]
    TooSlow {
        /// The port.
        port: u16,
        /// The path asked for.
        path: String,
    },
    /// What came is not HTTP.
    #[error("port {port} on loopback answered {path} with something that is not HTTP: {found:?}")]
    NotHttp {
        /// The port.
        port: u16,
        /// The path asked for.
        path: String,
        /// The first line of the answer.
        found: String,
    },
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body, with what is not UTF-8 replaced.
    pub body: String,
}

/// Asks for `path`.
///
/// # Errors
/// When no HTTP answer came within 5 s.
pub async fn get(port: u16, path: &str) -> Result<Answer, HttpError> {
    exchange(port, path, &format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")).await
}

/// Whether `path` answers 200, with the reason when it does not.
///
/// # Errors
/// The status and body of another answer, or why there was none.
pub async fn healthy(port: u16, path: &str) -> Result<(), String> {
    match get(port, path).await {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => Err(format!("{} {}", answer.status, answer.body.trim_end())),
        Err(error) => Err(error.to_string()),
    }
}

/// Sends `json` to `path`.
///
/// # Errors
/// When no HTTP answer came within 5 s.
pub async fn post(port: u16, path: &str, json: &str) -> Result<Answer, HttpError> {
    let length = json.len();
    let request = format!(
        "POST {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}"
    );
    exchange(port, path, &request).await
}

/// HTTP/1.0, because there an answer ends with its connection and is never sent in chunks.
async fn exchange(port: u16, path: &str, request: &str) -> Result<Answer, HttpError> {
    let Ok(result) = timeout(LIMIT, send(port, request)).await else {
        return Err(HttpError::TooSlow { port, path: path.to_owned() });
    };
    let answer = result.map_err(|source| HttpError::Connection { port, source })?;
    parse(&answer).ok_or_else(|| HttpError::NotHttp {
        port,
        path: path.to_owned(),
        found: answer.lines().next().unwrap_or_default().to_owned(),
    })
}

async fn send(port: u16, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status_line = head.lines().next().filter(|line| line.starts_with("HTTP/1."))?;
    let status = status_line.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        let answer = parse("HTTP/1.0 503 Service Unavailable\r\nA: b\r\n\r\nnot\r\n\r\nsynced");
        assert_eq!(answer, Some(Answer { status: 503, body: "not\r\n\r\nsynced".to_owned() }));
    }

    #[test]
    fn what_is_not_http_is_no_answer() {
        for answer in ["", "HTTP/1.0 200 OK\r\n", "SSH-2.0\r\n\r\n", "HTTP/1.0 abc\r\n\r\n"] {
            assert_eq!(parse(answer), None, "{answer:?}");
        }
    }
}
