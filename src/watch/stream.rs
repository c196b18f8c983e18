//! What one watch covers, and the requests that it makes.

use std::{fmt, time::Duration};

use hyper::{Request, header};
use kube::{
    api::{ListParams, WatchParams},
    core::request,
};

use super::ResourceVersion;
use crate::core::facts::{Kind, ObjectKey, Resource};

/// Where a stream looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// The whole cluster.
    #[default]
    All,
    /// One namespace.
    Namespace(String),
}

/// A kind to be watched, and which of its objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The kind.
    pub kind: Kind,
    /// Where to look.
    pub scope: Scope,
    /// Only objects with these labels, as the API server spells it.
    pub label_selector: Option<String>,
    /// Only objects with these fields, as the API server spells it.
    pub field_selector: Option<String>,
}

impl Stream {
    /// All objects of `kind`.
    pub const fn all(kind: Kind) -> Self {
        Self { kind, scope: Scope::All, label_selector: None, field_selector: None }
    }

    /// The objects of `kind` in one namespace.
    pub fn within(kind: Kind, namespace: impl Into<String>) -> Self {
        Self { scope: Scope::Namespace(namespace.into()), ..Self::all(kind) }
    }

    /// Only objects with these labels.
    #[must_use]
    pub fn with_labels(mut self, selector: impl Into<String>) -> Self {
        self.label_selector = Some(selector.into());
        self
    }

    /// Only objects with these fields.
    #[must_use]
    pub fn with_fields(mut self, selector: impl Into<String>) -> Self {
        self.field_selector = Some(selector.into());
        self
    }

    /// Whether the object of this key comes from this stream. Selectors do not count: an object that stops matching
    /// is reported as deleted. Surety's own records have keys without a namespace.
    pub fn covers(&self, key: &ObjectKey) -> bool {
        key.kind == self.kind
            && match (&self.scope, &key.namespace) {
                (Scope::All, _) | (_, None) => true,
                (Scope::Namespace(mine), Some(theirs)) => mine == theirs.as_str(),
            }
    }

    /// Whether both could deliver one object, so that the list of one would remove what the other knows.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let is_apart = match (&self.scope, &other.scope) {
            (Scope::Namespace(mine), Scope::Namespace(theirs)) => mine != theirs,
            _ => false,
        };
        self.kind == other.kind && !is_apart
    }

    /// The request for a page of a list. Without a resource version it is a consistent read.
    pub(crate) fn list_request(
        &self,
        limit: u32,
        continue_token: Option<&str>,
    ) -> Result<Request<Vec<u8>>, request::Error> {
        let params = ListParams {
            label_selector: self.label_selector.clone(),
            field_selector: self.field_selector.clone(),
            limit: Some(limit),
            continue_token: continue_token.map(str::to_owned),
            ..ListParams::default()
        };
        request::Request::new(self.path()).list(&params)
    }

    /// The request for a watch that starts after `from` and that the server ends after `lasting`.
    pub(super) fn watch_request(
        &self,
        from: &ResourceVersion,
        lasting: Duration,
    ) -> Result<Request<Vec<u8>>, request::Error> {
        let params = WatchParams {
            label_selector: self.label_selector.clone(),
            field_selector: self.field_selector.clone(),
            timeout: Some(u32::try_from(lasting.as_secs()).unwrap_or(u32::MAX).max(1)),
            bookmarks: true,
            send_initial_events: false,
        };
        let mut request = request::Request::new(self.path()).watch(&params, from.as_str())?;
        // API servers from 1.37 on compress each event of a watch by itself, which no decompressing layer follows.
        request.headers_mut().insert(header::ACCEPT_ENCODING, header::HeaderValue::from_static("identity"));
        Ok(request)
    }

    fn path(&self) -> String {
        let namespace = match &self.scope {
            Scope::Namespace(namespace) => Some(namespace.as_str()),
            Scope::All => None,
        };
        path(&self.kind.resource(), namespace)
    }
}

/// The path of the objects of a resource, in one namespace where one is given and the resource has them.
pub(crate) fn path(resource: &Resource, namespace: Option<&str>) -> String {
    let Resource { group, version, plural, .. } = resource;
    let root = if group.is_empty() { "/api".to_owned() } else { format!("/apis/{group}") };
    match namespace.filter(|_| resource.is_namespaced) {
        Some(namespace) => format!("{root}/{version}/namespaces/{namespace}/{plural}"),
        None => format!("{root}/{version}/{plural}"),
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.resource().plural)?;
        match &self.scope {
            Scope::All => Ok(()),
            Scope::Namespace(namespace) => write!(f, " in namespace {namespace}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn uri(request: &Request<Vec<u8>>) -> String {
        request.uri().to_string()
    }

    #[test]
    fn a_list_asks_for_a_page_without_a_resource_version() {
        let cases = [
            (Stream::all(Kind::Namespace), None, "/api/v1/namespaces?&limit=500"),
            (
                Stream::within(Kind::TenantRecord, "surety").with_labels("app=surety"),
                None,
                "/api/v1/namespaces/surety/configmaps?&labelSelector=app%3Dsurety&limit=500",
            ),
            (
                Stream::all(Kind::Deployment).with_fields("metadata.name!=x"),
                Some("a/b="),
                "/apis/apps/v1/deployments?&fieldSelector=metadata.name%21%3Dx&limit=500&continue=a%2Fb%3D",
            ),
            (Stream::within(Kind::PersistentVolume, "x"), None, "/api/v1/persistentvolumes?&limit=500"),
        ];
        for (stream, token, expected) in cases {
            assert_eq!(uri(&stream.list_request(500, token).unwrap()), expected);
        }
    }

    #[test]
    fn a_watch_asks_for_bookmarks_from_its_position_and_for_no_compression() {
        let request = Stream::all(Kind::DataUpload)
            .watch_request(&ResourceVersion::from("17"), Duration::from_secs(290))
            .unwrap();
        assert_eq!(
            uri(&request),
            "/apis/velero.io/v2alpha1/datauploads?&watch=true&timeoutSeconds=290&allowWatchBookmarks=true&resourceVersion=17"
        );
        assert_eq!(request.headers().get(header::ACCEPT_ENCODING).unwrap(), "identity");
    }

    #[test]
    fn a_stream_covers_its_kind_and_namespace() {
        let all = Stream::all(Kind::Pod);
        let within = Stream::within(Kind::Pod, "a");
        let pod = |namespace: &str| ObjectKey::namespaced(Kind::Pod, namespace, "p");
        let cases = [
            (&all, pod("a"), true),
            (&all, ObjectKey::namespaced(Kind::Service, "a", "p"), false),
            (&within, pod("a"), true),
            (&within, pod("b"), false),
        ];
        for (stream, key, expected) in cases {
            assert_eq!(stream.covers(&key), expected, "{stream}, {key}");
        }
        let record = ObjectKey::cluster(Kind::TenantRecord, "acme");
        assert!(Stream::within(Kind::TenantRecord, "surety").covers(&record));
    }

    #[test]
    fn streams_overlap_when_one_object_could_come_from_both() {
        let (all, a, b) =
            (Stream::all(Kind::Pod), Stream::within(Kind::Pod, "a"), Stream::within(Kind::Pod, "b"));
        assert!(all.overlaps(&a) && a.overlaps(&all) && a.overlaps(&a));
        assert!(!a.overlaps(&b) && !a.overlaps(&Stream::all(Kind::Job)));
    }
}
