//! The request of an AdmissionReview (`admission.k8s.io/v1`): slim, and borrowed from the body.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    DecodeError, Fault, List, Nested, Text, Whole, from_slice,
    metadata::{self, Identity},
    record,
};
use crate::{
    api::keys,
    core::facts::{Fact, Kind, Name, ObjectKey},
};

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    /// It is created.
    Create,
    /// It is changed.
    Update,
    /// It is deleted; also each object of a collection.
    Delete,
    /// Something is connected to it.
    Connect,
}

/// What becomes of dependents when an object is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Propagation {
    /// They stay.
    Orphan,
    /// The garbage collector deletes them afterwards.
    Background,
    /// They are deleted first.
    Foreground,
}

/// `kind`: what the objects in the request are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GroupVersionKind<'a> {
    /// API group, empty for core.
    #[serde(borrow)]
    pub group: Text<'a>,
    /// Version.
    pub version: Text<'a>,
    /// Kind.
    pub kind: Text<'a>,
}

/// `resource`: what is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GroupVersionResource<'a> {
    /// API group, empty for core.
    #[serde(borrow)]
    pub group: Text<'a>,
    /// Version.
    pub version: Text<'a>,
    /// Plural.
    pub resource: Text<'a>,
}

/// Who asks. `uid` and `extra` are dropped.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct User<'a> {
    #[serde(borrow)]
    username: Text<'a>,
    groups: List<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Options<'a> {
    #[serde(borrow)]
    propagation_policy: Text<'a>,
    grace_period_seconds: Option<i64>,
    /// The old spelling of Orphan (true) and Background (false).
    orphan_dependents: Option<bool>,
}

/// The request of an AdmissionReview.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Review<'a> {
    /// Names the request; the answer repeats it.
    #[serde(borrow)]
    pub uid: Text<'a>,
    /// The kind of the objects inside.
    pub kind: GroupVersionKind<'a>,
    /// The resource.
    #[serde(default)]
    pub resource: GroupVersionResource<'a>,
    #[serde(default)]
    sub_resource: Text<'a>,
    #[serde(default)]
    name: Text<'a>,
    #[serde(default)]
    namespace: Text<'a>,
    /// What is done.
    pub operation: Operation,
    #[serde(default)]
    user_info: Nested<User<'a>>,
    /// The object after the request; none on deletion.
    #[serde(default)]
    pub object: Option<&'a RawValue>,
    /// The object before the request; none on creation.
    #[serde(default)]
    pub old_object: Option<&'a RawValue>,
    #[serde(default)]
    dry_run: Option<bool>,
    #[serde(default)]
    options: Nested<Options<'a>>,
}

#[derive(Debug, Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    request: Whole<Review<'a>>,
}

/// Decodes the body of a request to the webhook. The objects in it are decoded on demand, see [`Review::change_pair`].
pub fn review(body: &[u8]) -> Result<Review<'_>, DecodeError> {
    let body_error = |fault| DecodeError::of_anything("the AdmissionReview", body, fault);
    let Body { request } = from_slice(body).map_err(|error| body_error(Fault::from(error)))?;
    let request = request.0;
    if request.uid.is_empty() {
        return Err(body_error(Fault::field(
            "request.uid",
            "it is empty; no answer can be given without it",
        )));
    }
    Ok(request)
}

impl<'a> Review<'a> {
    /// The subresource; empty for the object itself.
    pub fn sub_resource(&self) -> &str {
        &self.sub_resource
    }

    /// The namespace; empty for cluster-scoped kinds. For a Namespace the API server sends its own name here.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Who asks.
    pub fn user(&self) -> &User<'a> {
        &self.user_info
    }

    /// Whether nothing will come of it.
    pub fn is_dry_run(&self) -> bool {
        self.dry_run.unwrap_or_default()
    }

    /// What becomes of dependents; none where the request does not say, or is no deletion.
    pub fn propagation(&self) -> Option<Propagation> {
        match (&*self.options.propagation_policy, self.options.orphan_dependents) {
            ("Orphan", _) | ("", Some(true)) => Some(Propagation::Orphan),
            ("Background", _) | ("", Some(false)) => Some(Propagation::Background),
            ("Foreground", _) => Some(Propagation::Foreground),
            _ => None,
        }
    }

    /// What a canary's request carries: the value that its label is to get, or the grace period of its deletion. Only a
    /// dry run can be one: nothing else is looked into.
    pub fn canary(&self) -> Option<Name> {
        if !self.is_dry_run() {
            return None;
        }
        let mark = |raw: Option<&RawValue>| metadata::label(raw?.get().as_bytes(), keys::CANARY);
        let (old, new) = (mark(self.old_object), mark(self.object));
        match self.operation {
            Operation::Update => new.filter(|new| old.as_ref().is_some_and(|old| old != new)),
            Operation::Delete => {
                Some(Name::from(self.options.grace_period_seconds?.to_string())).filter(|_| old.is_some())
            }
            Operation::Create | Operation::Connect => None,
        }
    }

    /// The kind of the objects inside, where Surety knows it. A Scale or a Binding is not the object that it is asked of;
    /// a ConfigMap counts only where it is Surety's own record.
    pub fn known_kind(&self) -> Option<Kind> {
        let kind = Kind::find(&self.kind.group, &self.kind.kind)?;
        (kind != Kind::TenantRecord || record::is_record(&self.name())).then_some(kind)
    }

    /// The name as the request has it, else as the object has it: with `generateName`, and for each object of a deleted
    /// collection, the request has none. Where the object has none yet either, what it will start with.
    pub fn name(&self) -> String {
        if !self.name.is_empty() {
            return self.name.to_string();
        }
        self.identity().and_then(|identity| identity.name().ok().map(str::to_owned)).unwrap_or_default()
    }

    /// The key of the object, where its kind is known and it can be named.
    pub fn key(&self) -> Option<ObjectKey> {
        let (kind, name) = (self.known_kind()?, self.name());
        if name.is_empty() {
            return None;
        }
        metadata::key(kind, &self.namespace, &name).ok()
    }

    fn identity(&self) -> Option<Identity<'a>> {
        let raw = self.old_object.or(self.object)?;
        metadata::identity(raw.get().as_bytes()).ok()
    }

    /// The facts of the object before and after. None on a side on which there is no object, and on both where the
    /// kind has no facts: Scale, Eviction, DeleteBackupRequest (see `delete_backup_request`), Restore and such.
    pub fn change_pair(&self) -> Result<(Option<Fact>, Option<Fact>), DecodeError> {
        let Some(kind) = self.known_kind().filter(|kind| has_facts(*kind)) else { return Ok((None, None)) };
        let decode =
            |raw: Option<&RawValue>| raw.map(|raw| super::object(kind, raw.get().as_bytes())).transpose();
        Ok((decode(self.old_object)?, decode(self.object)?))
    }
}

impl<'a> User<'a> {
    /// The user's name.
    pub fn name(&self) -> &str {
        &self.username
    }

    /// The user's groups.
    pub fn groups(&self) -> &[Text<'a>] {
        &self.groups
    }
}

const fn has_facts(kind: Kind) -> bool {
    !matches!(kind, Kind::DeleteBackupRequest | Kind::Restore | Kind::ComplianceReport)
}
