//! Claims, Services, Ingresses, network policies.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::{Kind, Labels, Meta, Name, ObjectKey};
use crate::api::Direction;

/// A claim on a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersistentVolumeClaim {
    /// Its namespace.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Metadata.
    pub meta: Meta,
    /// Labels.
    pub labels: Labels,
    /// Annotations, only those whose keys are constants of `api::keys`.
    pub annotations: Labels,
    /// `spec.storageClassName`: none asks for the default class, empty for no class.
    pub storage_class: Option<Name>,
    /// `spec.volumeName`.
    pub volume_name: Option<Name>,
    /// Whether `status.phase` is `Bound`.
    pub is_bound: bool,
    /// Whether it starts from another claim or a snapshot.
    pub has_data_source: bool,
}

impl PersistentVolumeClaim {
    /// Its key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::namespaced(Kind::PersistentVolumeClaim, self.namespace.clone(), self.name.clone())
    }
}

/// `spec.type` of a Service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ServiceType {
    /// `ClusterIP`
    #[default]
    ClusterIp,
    /// `NodePort`
    NodePort,
    /// `LoadBalancer`
    LoadBalancer,
    /// `ExternalName`
    ExternalName,
}

/// A Service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its namespace.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Metadata.
    pub meta: Meta,
    /// `spec.type`.
    pub service_type: ServiceType,
    /// `spec.ports[]` as (name, port, appProtocol).
    pub ports: Vec<(Name, i32, Option<Name>)>,
    /// Annotations of load-balancer implementations (`service.beta.kubernetes.io/…` about TLS).
    pub annotations: Labels,
}

impl Service {
    /// Its key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::namespaced(Kind::Service, self.namespace.clone(), self.name.clone())
    }
}

/// One entry of `spec.tls` of an Ingress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngressTls {
    /// `hosts`; empty stands for all.
    pub hosts: Vec<Name>,
    /// `secretName`.
    pub secret_name: Option<Name>,
}

/// An Ingress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ingress {
    /// Its namespace.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Metadata.
    pub meta: Meta,
    /// `spec.ingressClassName`, else the old annotation.
    pub class: Option<Name>,
    /// `spec.rules[].host`; an empty name is a rule for every host.
    pub hosts: Vec<Name>,
    /// Whether it has a default backend.
    pub has_default_backend: bool,
    /// `spec.tls[]`.
    pub tls: Vec<IngressTls>,
    /// Annotations of known implementations about TLS and redirects.
    pub annotations: Labels,
}

impl Ingress {
    /// Its key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::namespaced(Kind::Ingress, self.namespace.clone(), self.name.clone())
    }
}

/// How far one direction of a policy is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Openness {
    /// No rule: nothing passes.
    #[default]
    Closed,
    /// Rules that each name a peer.
    Peers,
    /// A rule without a peer, or for the whole address space: everything passes.
    Everything,
}

/// A NetworkPolicy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkPolicy {
    /// Its namespace.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Metadata.
    pub meta: Meta,
    /// `spec.podSelector`.
    pub pod_selector: LabelSelector,
    /// `spec.policyTypes`, defaulted as the API server does.
    pub directions: Vec<Direction>,
    /// Ingress rules.
    pub ingress: Openness,
    /// Egress rules.
    pub egress: Openness,
    /// `namespaceSelector` of every peer of the ingress rules that has one.
    pub ingress_namespaces: Vec<LabelSelector>,
    /// The same of the egress rules.
    pub egress_namespaces: Vec<LabelSelector>,
}

impl NetworkPolicy {
    /// The namespaces that its rules of a direction reach, beside its own.
    pub fn namespaces_reached(&self, direction: Direction) -> &[LabelSelector] {
        match direction {
            Direction::Ingress => &self.ingress_namespaces,
            Direction::Egress => &self.egress_namespaces,
        }
    }

    /// Its key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::namespaced(Kind::NetworkPolicy, self.namespace.clone(), self.name.clone())
    }
}
