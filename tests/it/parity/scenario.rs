//! One case: a small world as JSON objects, how the watch came to it, and what is asked of the webhook in it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use jiff::Timestamp;
use serde_json::Value;
use surety::core::{
    facts::{Kind, Source, SourceState},
    world::Proofs,
};

/// An object of the world, or one that was there before.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) kind: Kind,
    /// The object as it is now; none where it is gone.
    pub(super) now: Option<Value>,
    /// What it was before, oldest first.
    pub(super) past: Vec<Value>,
}

impl Object {
    /// Its newest form.
    pub(super) fn newest(&self) -> &Value {
        self.now.as_ref().or_else(|| self.past.last()).expect("an object has a form")
    }

    /// Names it within a case.
    pub(super) fn name(&self) -> String {
        name_of(self.kind, self.newest())
    }
}

/// Names an object within a case.
pub(super) fn name_of(kind: Kind, value: &Value) -> String {
    let field = |name: &str| value.pointer(&format!("/metadata/{name}")).and_then(Value::as_str);
    format!("{kind} {}/{}", field("namespace").unwrap_or_default(), field("name").unwrap_or_default())
}

/// A request to be judged. The world holds `old` where there is one.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) kind: Kind,
    pub(super) old: Option<Value>,
    pub(super) new: Option<Value>,
    /// What the index last saw of the object, where it lags behind.
    pub(super) seen: Seen,
    pub(super) user: &'static str,
    pub(super) groups: Vec<&'static str>,
    pub(super) propagation: Option<&'static str>,
}

/// What the index has of a request's object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// What the API server has.
    Truth,
    /// Nothing yet.
    Nothing,
    /// What the request asks for: the watch was faster than the answer of another replica.
    Future,
}

/// One case.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) now: Timestamp,
    pub(super) sources: BTreeMap<Source, SourceState>,
    pub(super) enforcing_since: Option<Timestamp>,
    /// How each entry of the registration stands.
    pub(super) proofs: Arc<Proofs>,
    pub(super) objects: Vec<Object>,
    pub(super) requests: Vec<Request>,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}, now {}, enforcing since {:?}", self.seed, self.now, self.enforcing_since)?;
        writeln!(f, "proofs {:?}", self.proofs)?;
        for (source, state) in self.sources.iter().filter(|(_, state)| **state != SourceState::Synced) {
            writeln!(f, "source {source}: {state:?}")?;
        }
        for object in &self.objects {
            for past in &object.past {
                writeln!(f, "was  {} {past}", object.kind)?;
            }
            match &object.now {
                Some(now) => writeln!(f, "is   {} {now}", object.kind)?,
                None => writeln!(f, "gone {}", object.name())?,
            }
        }
        for request in &self.requests {
            writeln!(f, "by {} {:?}, index has {:?}", request.user, request.groups, request.seen)?;
            let form = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
            writeln!(f, "  old {} {}", request.kind, form(&request.old))?;
            writeln!(f, "  new {} {}", request.kind, form(&request.new))?;
        }
        Ok(())
    }
}

/// Where two paths disagree.
#[derive(Clone, Debug)]
pub(super) struct Disagreement {
    /// Which comparison it is.
    pub(super) about: &'static str,
    pub(super) text: String,
}

impl Disagreement {
    pub(super) fn new(about: &'static str, text: impl Into<String>) -> Self {
        Self { about, text: text.into() }
    }
}
