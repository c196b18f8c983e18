//! Services.

use serde::Deserialize;

use super::{Fault, Metadata, Nested, Objects, Text, from_slice, ingress::TLS_ANNOTATIONS};
use crate::core::facts::{Name, Service, ServiceType};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<Spec<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spec<'a> {
    #[serde(borrow, rename = "type")]
    service_type: Text<'a>,
    ports: Objects<Port<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Port<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(rename = "port")]
    number: Option<i32>,
    app_protocol: Text<'a>,
}

pub(super) fn decode(json: &[u8]) -> Result<Service, Fault> {
    let Object { metadata, spec } = from_slice(json)?;
    let (namespace, name) = metadata.place()?;
    Ok(Service {
        namespace,
        name,
        meta: metadata.meta(),
        service_type: service_type(&spec.service_type)?,
        ports: spec.ports.iter().map(|port| port.fact()).collect(),
        annotations: metadata.annotations.intern_only(TLS_ANNOTATIONS),
    })
}

/// A type that this version does not know makes the Service unreadable: it may be reached from anywhere.
fn service_type(text: &str) -> Result<ServiceType, Fault> {
    match text {
        "" | "ClusterIP" => Ok(ServiceType::ClusterIp),
        "NodePort" => Ok(ServiceType::NodePort),
        "LoadBalancer" => Ok(ServiceType::LoadBalancer),
        "ExternalName" => Ok(ServiceType::ExternalName),
        other => Err(Fault::field(
            "spec.type",
            format!("found `{other}`, expected ClusterIP, NodePort, LoadBalancer or ExternalName"),
        )),
    }
}

impl Port<'_> {
    fn fact(&self) -> (Name, i32, Option<Name>) {
        (self.name.intern(), self.number.unwrap_or_default(), self.app_protocol.intern_some())
    }
}
