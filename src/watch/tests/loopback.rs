//! The same over a real socket, with the client that the process uses.

use std::{sync::Arc, time::Duration};

use kube::{Client, Config};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

use super::rig::{Json, applied, line, page};
use crate::{
    core::facts::Kind,
    watch::{Event, Setup, Stream, Timing, WatchMetrics, Watches},
};

/// Reads one request and gives its first line.
async fn request(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap().lines().next().unwrap().to_owned()
}

async fn respond(socket: &mut TcpStream, head: &str, body: &str) {
    socket.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}").as_bytes()).await.unwrap();
    socket.flush().await.unwrap();
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// A server that lists one namespace, sends one event and half of another, and closes; then sends the whole.
async fn serve(listener: TcpListener) -> Vec<String> {
    let mut seen = Vec::new();
    let whole = line("ADDED", "c", "12");
    let list = page(&["a"], "10", None).to_string();
    let (mut socket, _) = listener.accept().await.unwrap();
    seen.push(request(&mut socket).await);
    respond(&mut socket, &format!("content-length: {}", list.len()), &list).await;
    seen.push(request(&mut socket).await);
    let cut = chunk(&line("ADDED", "b", "11")) + &chunk(&whole[..9]);
    respond(&mut socket, "transfer-encoding: chunked", &cut).await;
    drop(socket);
    let (mut socket, _) = listener.accept().await.unwrap();
    seen.push(request(&mut socket).await);
    respond(&mut socket, "transfer-encoding: chunked", &chunk(&whole)).await;
    socket.read_u8().await.expect_err("the client closes");
    seen
}

#[tokio::test]
async fn a_watch_survives_a_cut_of_the_real_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve(listener));
    let config = Config::new(format!("http://{address}").parse().unwrap());
    let mut watches = Watches::start(Setup {
        client: Client::try_from(config).unwrap(),
        decoder: Arc::new(Json),
        streams: vec![Stream::all(Kind::Namespace)],
        timing: Timing::default(),
        clock: super::rig::clock(),
        metrics: Arc::new(WatchMetrics::default()),
        shutdown: CancellationToken::new(),
    })
    .unwrap();
    let mut found = Vec::new();
    while found.len() < 3 {
        let batch = tokio::time::timeout(Duration::from_secs(20), watches.next()).await;
        let events = batch.expect("events come").unwrap().unwrap();
        found.extend(events.into_iter().filter(|event| matches!(event, Event::Change(..))));
    }
    assert_eq!(found, [applied("a"), applied("b"), applied("c")]);
    drop(watches);
    let seen = server.await.unwrap();
    let watch = |version| {
        format!(
            "GET /api/v1/namespaces?&watch=true&timeoutSeconds=290&allowWatchBookmarks=true&resourceVersion={version} HTTP/1.1"
        )
    };
    assert_eq!(seen, ["GET /api/v1/namespaces?&limit=500 HTTP/1.1".to_owned(), watch(10), watch(11)]);
}
