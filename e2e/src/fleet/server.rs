//! Serves a fleet as an API server would: paged lists, and watches on which nothing happens but bookmarks. Whoever asks for
//! the lease is told that another holds it, so that a replica of Surety follows and writes nothing.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::{Value, json};
use surety::core::facts::Kind;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Fleet;

/// How many objects a page has, as Surety asks for.
const PAGE: usize = 500;
/// How often a watch shows that it lives.
const BOOKMARK: Duration = Duration::from_secs(30);
/// The version of everything.
const VERSION: &str = "1000";

/// Lists by path, each page made once.
type Pages = HashMap<String, Vec<Bytes>>;

/// A server that runs until it is dropped with its runtime.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    expired: watch::Sender<u64>,
}

struct Served {
    pages: Pages,
    written: Mutex<HashMap<String, Value>>,
    expired: watch::Receiver<u64>,
}

impl Server {
    /// Serves a fleet on a loopback port.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(fleet: Fleet) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (expired, watched) = watch::channel(0);
        let served = Served { pages: pages(fleet), written: Mutex::default(), expired: watched };
        let router = Router::new().fallback(answer).with_state(Arc::new(served));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, expired })
    }

    /// Ends every watch as too old, so that everything is listed again.
    pub fn expire(&self) {
        self.expired.send_modify(|times| *times += 1);
    }

    /// A kubeconfig that points here.
    #[must_use]
    pub fn kubeconfig(&self) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "fleet",
            "clusters": [{"name": "fleet", "cluster": {"server": format!("http://{}", self.address)}}],
            "users": [{"name": "reader", "user": {}}],
            "contexts": [{"name": "fleet", "context": {"cluster": "fleet", "user": "reader"}}],
        })
    }
}

/// The path of the list of a kind.
#[must_use]
pub fn path(kind: Kind) -> String {
    let resource = kind.resource();
    let root =
        if resource.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", resource.group) };
    format!("{root}/{}/{}", resource.version, resource.plural)
}

fn pages(fleet: Fleet) -> Pages {
    Kind::ALL.iter().map(|kind| (path(*kind), pages_of(fleet.objects(*kind)))).collect()
}

fn pages_of(mut objects: impl Iterator<Item = Value>) -> Vec<Bytes> {
    let mut texts: Vec<Vec<String>> = vec![Vec::new()];
    for object in &mut objects {
        match texts.last_mut() {
            Some(page) if page.len() < PAGE => page.push(object.to_string()),
            _ => texts.push(vec![object.to_string()]),
        }
    }
    let last = texts.len() - 1;
    let page = |(number, items): (usize, Vec<String>)| {
        let metadata = match number {
            number if number < last => {
                json!({"resourceVersion": VERSION, "continue": (number + 1).to_string()})
            }
            _ => json!({"resourceVersion": VERSION}),
        };
        let items = items.join(",");
        Bytes::from(format!(r#"{{"kind":"List","apiVersion":"v1","metadata":{metadata},"items":[{items}]}}"#))
    };
    texts.into_iter().enumerate().map(page).collect()
}

async fn answer(State(served): State<Arc<Served>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let query: HashMap<&str, &str> =
        uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('=')).collect();
    if method != Method::GET {
        return written(&served, &method, &uri, &body);
    }
    if query.get("watch") == Some(&"true") {
        return watched(&served, &query);
    }
    if let Some(pages) = served.pages.get(uri.path()) {
        let page = query.get("continue").and_then(|token| token.parse().ok()).unwrap_or(0);
        return found(&pages.get(page).cloned().unwrap_or_default());
    }
    if uri.path().ends_with("/configmaps") {
        return found(&pages_of(std::iter::empty()).remove(0));
    }
    if uri.path().contains("/leases/") {
        return found(&Bytes::from(lease().to_string()));
    }
    let known = served.written.lock().unwrap_or_else(PoisonError::into_inner).get(uri.path()).cloned();
    known.map_or_else(missing, |object| found(&Bytes::from(object.to_string())))
}

fn found(body: &Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.clone()).into_response()
}

fn missing() -> Response {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound",
                        "message": "it is not there", "code": 404});
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "application/json")], status.to_string()).into_response()
}

/// A lease that another replica renews all the time.
fn lease() -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "surety", "namespace": "surety-system", "uid": "u", "resourceVersion": VERSION},
        "spec": {"holderIdentity": "another", "leaseDurationSeconds": 15,
                 "renewTime": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()},
    })
}

/// Whatever is written is given back, and found again at its path.
fn written(served: &Served, method: &Method, uri: &Uri, body: &Bytes) -> Response {
    let mut object: Value = serde_json::from_slice(body).unwrap_or_default();
    if !object.is_object() {
        object = json!({});
    }
    object["metadata"]["uid"] = json!("written");
    object["metadata"]["resourceVersion"] = json!(VERSION);
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let path = if *method == Method::POST { format!("{}/{name}", uri.path()) } else { uri.path().to_owned() };
    let text = object.to_string();
    served.written.lock().unwrap_or_else(PoisonError::into_inner).insert(path, object);
    let status = if *method == Method::POST { StatusCode::CREATED } else { StatusCode::OK };
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Bookmarks until the time is over or everything expires.
fn watched(served: &Served, query: &HashMap<&str, &str>) -> Response {
    let seconds = query.get("timeoutSeconds").and_then(|seconds| seconds.parse().ok()).unwrap_or(300);
    let ends = tokio::time::Instant::now() + Duration::from_secs(seconds);
    let mut expired = served.expired.clone();
    expired.mark_unchanged();
    let events = stream::unfold(Some(expired), move |state| async move {
        let mut expired = state?;
        tokio::select! {
            _ = expired.changed() => Some((event(&json!({"type": "ERROR", "object": {
                "kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}})), None)),
            () = tokio::time::sleep(BOOKMARK) => Some((bookmark(), Some(expired))),
            () = tokio::time::sleep_until(ends) => Some((bookmark(), None)),
        }
    });
    ([(header::CONTENT_TYPE, "application/json")], Body::from_stream(events)).into_response()
}

fn bookmark() -> std::io::Result<Bytes> {
    event(&json!({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": VERSION}}}))
}

#[allow(clippy::unnecessary_wraps, reason = "a body is a stream of results")]
fn event(event: &Value) -> std::io::Result<Bytes> {
    Ok(Bytes::from(format!("{event}\n")))
}
