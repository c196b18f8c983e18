//! Watches, the server that they speak to, and a decoder of the few fields that the tests use.

use std::{sync::Arc, time::Duration};

use hyper::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    core::facts::{Change, Definition, Fact, Kind, Namespace, ObjectKey, Source, SourceState},
    watch::{
        BoxError, Clock, Decode, Event, ListMeta, ResourceVersion, Setup, Stream, Timing, WatchLine,
        WatchMetrics, Watches,
        scripted::{Exchange, OpenBody, Server, pair},
    },
};

pub(super) const LIST: &str = "/api/v1/namespaces?&limit=500";

/// The path of a watch of namespaces from `version`.
pub(super) fn watch_uri(version: &str, seconds: u64) -> String {
    format!(
        "/api/v1/namespaces?&watch=true&timeoutSeconds={seconds}&allowWatchBookmarks=true&resourceVersion={version}"
    )
}

pub(super) struct Rig {
    pub(super) watches: Watches,
    pub(super) server: Server,
    pub(super) metrics: Arc<WatchMetrics>,
    pub(super) shutdown: CancellationToken,
    started: Instant,
    pending: Vec<Event>,
}

/// The clock of tests: the epoch plus paused time.
pub(crate) fn clock() -> Clock {
    let start = Instant::now();
    Arc::new(move || Timestamp::UNIX_EPOCH + start.elapsed())
}

impl Rig {
    pub(super) fn new(streams: Vec<Stream>) -> Self {
        let (client, server) = pair();
        let (metrics, shutdown) = (Arc::new(WatchMetrics::default()), CancellationToken::new());
        let watches = Watches::start(Setup {
            client,
            decoder: Arc::new(Json),
            streams,
            timing: Timing::default(),
            clock: clock(),
            metrics: Arc::clone(&metrics),
            shutdown: shutdown.clone(),
        });
        Self {
            watches: watches.unwrap(),
            server,
            metrics,
            shutdown,
            started: Instant::now(),
            pending: Vec::new(),
        }
    }

    /// Namespaces, listed at version 10 with these names, and the open watch from there.
    pub(super) async fn listed(names: &[&str]) -> (Self, OpenBody) {
        let mut rig = Self::new(vec![Stream::all(Kind::Namespace)]);
        rig.server.expect(Method::GET, LIST).await.answer(200, &page(names, "10", None));
        let body = rig.server.expect(Method::GET, &watch_uri("10", 290)).await.open();
        for name in names {
            assert_eq!(rig.next().await, applied(name));
        }
        rig.replaced(names).await;
        assert_eq!(rig.next().await, synced(Source::Namespaces));
        (rig, body)
    }

    /// The next event.
    pub(super) async fn next(&mut self) -> Event {
        while self.pending.is_empty() {
            let next = tokio::time::timeout(Duration::from_hours(24), self.watches.next()).await;
            self.pending = next.expect("events come within a day").unwrap().expect("the watches go on");
        }
        self.pending.remove(0)
    }

    /// Expects the end of a list that had these names.
    pub(super) async fn replaced(&mut self, names: &[&str]) {
        let Event::Replace { seen, .. } = self.next().await else { panic!("a list ends with Replace") };
        let mut found: Vec<String> = seen.iter().map(|key| key.name.to_string()).collect();
        found.sort();
        assert_eq!(found, names);
    }

    /// Whether nothing is said for `time`.
    pub(super) async fn is_quiet_for(&mut self, time: Duration) -> bool {
        self.pending.is_empty() && tokio::time::timeout(time, self.watches.next()).await.is_err()
    }

    pub(super) fn pending_is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    pub(super) fn seconds(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    pub(super) async fn request(&mut self, uri: &str) -> Exchange {
        self.server.expect(Method::GET, uri).await
    }
}

pub(super) fn page(names: &[&str], version: &str, token: Option<&str>) -> Value {
    let items: Vec<Value> = names.iter().map(|name| json!({"metadata": {"name": name}})).collect();
    json!({"metadata": {"resourceVersion": version, "continue": token.unwrap_or_default()}, "items": items})
}

/// One line of a watch.
pub(super) fn line(kind: &str, name: &str, version: &str) -> String {
    format!("{}\n", json!({"type": kind, "object": {"metadata": {"name": name, "resourceVersion": version}}}))
}

pub(super) fn applied(name: &str) -> Event {
    let namespace = Namespace { name: name.into(), ..Namespace::default() };
    Event::Change(Kind::Namespace, Change::Apply(Fact::Namespace(namespace)))
}

pub(super) fn deleted(name: &str) -> Event {
    Event::Change(Kind::Namespace, Change::Delete(ObjectKey::cluster(Kind::Namespace, name)))
}

pub(super) fn synced(source: Source) -> Event {
    Event::State(source, SourceState::Synced)
}

/// Decodes namespaces and definitions; every other object is unreadable.
pub(super) struct Json;

impl Decode for Json {
    fn watch_line(&self, kind: Kind, line: &[u8]) -> Result<WatchLine, BoxError> {
        let line: Value = serde_json::from_slice(line)?;
        let object = &line["object"];
        let version =
            ResourceVersion::from(object["metadata"]["resourceVersion"].as_str().unwrap_or_default());
        Ok(match line["type"].as_str().unwrap_or_default() {
            "ADDED" => WatchLine::Added(change(kind, object), version),
            "MODIFIED" => WatchLine::Modified(change(kind, object), version),
            "DELETED" => WatchLine::Deleted(change(kind, object).key(), version),
            "BOOKMARK" => WatchLine::Bookmark(version),
            "ERROR" => WatchLine::Error {
                code: u16::try_from(object["code"].as_u64().unwrap_or_default())?,
                reason: object["reason"].as_str().unwrap_or_default().to_owned(),
            },
            "PANIC" => panic!("scripted panic"),
            other => return Err(format!("no event is called {other}").into()),
        })
    }

    fn list_page(&self, kind: Kind, body: &[u8], each: &mut dyn FnMut(Change)) -> Result<ListMeta, BoxError> {
        let list: Value = serde_json::from_slice(body)?;
        let items = list["items"].as_array().ok_or("a list has items")?;
        for item in items {
            each(change(kind, item));
        }
        Ok(ListMeta {
            resource_version: list["metadata"]["resourceVersion"].as_str().unwrap_or_default().into(),
            continue_token: list["metadata"]["continue"].as_str().map(str::to_owned),
        })
    }
}

fn change(kind: Kind, object: &Value) -> Change {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    match kind {
        Kind::Namespace => {
            Change::Apply(Fact::Namespace(Namespace { name: name.into(), ..Namespace::default() }))
        }
        Kind::Definition => Change::Apply(Fact::Definition(Definition {
            name: name.into(),
            served_versions: vec![object["version"].as_str().unwrap_or_default().into()],
            is_established: true,
            ..Definition::default()
        })),
        _ => Change::Unreadable(ObjectKey::namespaced(kind, "velero", name), "spec is a number".into()),
    }
}
