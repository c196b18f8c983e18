//! Subjects: what a control is evaluated on.

use std::fmt;

use super::facts::{
    Declared, Ingress, Kind, Name, Namespace, ObjectKey, PersistentVolume, PersistentVolumeClaim,
    RecoveryPoint, Service, Workload,
};
use crate::api::{ProfileSpec, TenantSpec, profile::Commitment};

/// A class of subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectClass {
    /// The tenant itself.
    Tenant,
    /// Each of its namespaces.
    Namespace,
    /// Each workload.
    Workload,
    /// Each claim.
    Claim,
    /// Each volume that is bound to, or reserved for, one of its claims.
    Volume,
    /// Each Service.
    Service,
    /// Each Ingress.
    Ingress,
    /// Each recovery point that holds something of it.
    RecoveryPoint,
    /// Each commitment that names the control.
    Commitment,
    /// Each profile that reaches it.
    Profile,
}

impl SubjectClass {
    /// The class of objects of this kind; none where they are no subjects.
    pub const fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Tenant => Some(Self::Tenant),
            Kind::Namespace => Some(Self::Namespace),
            Kind::PersistentVolumeClaim => Some(Self::Claim),
            Kind::PersistentVolume => Some(Self::Volume),
            Kind::Service => Some(Self::Service),
            Kind::Ingress => Some(Self::Ingress),
            Kind::VeleroBackup => Some(Self::RecoveryPoint),
            Kind::Profile => Some(Self::Profile),
            kind if kind.is_workload() => Some(Self::Workload),
            _ => None,
        }
    }
}

/// Names a subject.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectKey {
    /// An object.
    Object(ObjectKey),
    /// A commitment of a profile.
    Commitment {
        /// The profile.
        profile: Name,
        /// The commitment.
        id: Name,
    },
}

impl SubjectKey {
    /// Its class.
    pub const fn class(&self) -> Option<SubjectClass> {
        match self {
            Self::Object(key) => SubjectClass::of(key.kind),
            Self::Commitment { .. } => Some(SubjectClass::Commitment),
        }
    }

    /// The namespace it lies in.
    pub const fn namespace(&self) -> Option<&Name> {
        match self {
            Self::Object(ObjectKey { kind: Kind::Namespace, name, .. }) => Some(name),
            Self::Object(key) => key.namespace.as_ref(),
            Self::Commitment { .. } => None,
        }
    }

    /// The name of its kind.
    pub const fn kind_name(&self) -> &'static str {
        match self {
            Self::Object(key) => key.kind.resource().kind,
            Self::Commitment { .. } => "Commitment",
        }
    }

    /// Its name.
    pub fn name(&self) -> Name {
        match self {
            Self::Object(key) => key.name.clone(),
            Self::Commitment { profile, id } => Name::from(format!("{profile}/{id}")),
        }
    }
}

impl From<ObjectKey> for SubjectKey {
    fn from(key: ObjectKey) -> Self {
        Self::Object(key)
    }
}

impl fmt::Display for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(key) => key.fmt(f),
            Self::Commitment { profile, id } => write!(f, "Commitment {profile}/{id}"),
        }
    }
}

/// A subject with its facts.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A tenant.
    Tenant(&'a Declared<TenantSpec>),
    /// A namespace.
    Namespace(&'a Namespace),
    /// A workload.
    Workload(&'a Workload),
    /// A claim.
    Claim(&'a PersistentVolumeClaim),
    /// A volume.
    Volume(&'a PersistentVolume),
    /// A Service.
    Service(&'a Service),
    /// An Ingress.
    Ingress(&'a Ingress),
    /// A recovery point.
    RecoveryPoint(&'a RecoveryPoint),
    /// A commitment and its profile.
    Commitment(&'a Declared<ProfileSpec>, &'a Commitment),
    /// A profile.
    Profile(&'a Declared<ProfileSpec>),
}

impl Subject<'_> {
    /// Its key.
    pub fn key(&self) -> SubjectKey {
        match self {
            Self::Tenant(tenant) => ObjectKey::cluster(Kind::Tenant, tenant.name.clone()).into(),
            Self::Namespace(namespace) => namespace.key().into(),
            Self::Workload(workload) => workload.key().into(),
            Self::Claim(claim) => claim.key().into(),
            Self::Volume(volume) => volume.key().into(),
            Self::Service(service) => service.key().into(),
            Self::Ingress(ingress) => ingress.key().into(),
            Self::RecoveryPoint(point) => point.key().into(),
            Self::Commitment(profile, commitment) => {
                SubjectKey::Commitment { profile: profile.name.clone(), id: Name::from(&commitment.id) }
            }
            Self::Profile(profile) => ObjectKey::cluster(Kind::Profile, profile.name.clone()).into(),
        }
    }

    /// The namespace it lies in.
    pub const fn namespace(&self) -> Option<&Name> {
        match self {
            Self::Namespace(namespace) => Some(&namespace.name),
            Self::Workload(workload) => Some(&workload.namespace),
            Self::Claim(claim) => Some(&claim.namespace),
            Self::Service(service) => Some(&service.namespace),
            Self::Ingress(ingress) => Some(&ingress.namespace),
            Self::Volume(volume) => match &volume.claim {
                Some(claim) => Some(&claim.namespace),
                None => None,
            },
            Self::Tenant(_) | Self::RecoveryPoint(_) | Self::Commitment(..) | Self::Profile(_) => None,
        }
    }
}
