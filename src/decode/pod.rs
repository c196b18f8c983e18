//! What controls read of a pod, alone or as a template.

use std::sync::Arc;

use serde::Deserialize;

use super::{
    Nested, Objects, Pairs,
    annotations::{KEPT, LAST_APPLIED},
    container::{self, Surroundings},
    security::PodContext,
    volume,
};
use crate::core::{
    credentials,
    facts::{Container, ContainerRole, CredentialLiteral, PodTemplate},
};

/// `spec.template` of a controller.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Template<'a> {
    #[serde(borrow)]
    metadata: Nested<TemplateMetadata<'a>>,
    spec: Nested<Spec<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TemplateMetadata<'a> {
    #[serde(borrow)]
    labels: Pairs<'a>,
    annotations: Pairs<'a>,
}

/// `spec` of a pod.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Spec<'a> {
    host_network: Option<bool>,
    #[serde(rename = "hostPID")]
    host_pid: Option<bool>,
    #[serde(rename = "hostIPC")]
    host_ipc: Option<bool>,
    #[serde(borrow)]
    security_context: Nested<PodContext<'a>>,
    init_containers: Objects<container::Object<'a>>,
    containers: Objects<container::Object<'a>>,
    ephemeral_containers: Objects<container::Object<'a>>,
    volumes: Objects<volume::Object<'a>>,
}

impl Template<'_> {
    pub(super) fn fact(&self) -> Arc<PodTemplate> {
        self.spec.template(&self.metadata.labels, &self.metadata.annotations)
    }
}

impl Spec<'_> {
    pub(super) fn template(&self, labels: &Pairs<'_>, annotations: &Pairs<'_>) -> Arc<PodTemplate> {
        let uses_host_network = self.host_network.unwrap_or_default();
        super::intern::template(PodTemplate {
            labels: labels.intern(),
            annotations: annotations.intern_only(KEPT),
            uses_host_network,
            uses_host_pid: self.host_pid.unwrap_or_default(),
            uses_host_ipc: self.host_ipc.unwrap_or_default(),
            security: self.security_context.fact(),
            containers: self.containers(Surroundings { annotations, uses_host_network }),
            volumes: self.volumes.iter().filter_map(|volume| volume.fact()).collect(),
            credentials: in_annotations(annotations),
        })
    }

    fn containers(&self, pod: Surroundings<'_>) -> Vec<Container> {
        let lists = [
            (ContainerRole::Init, &self.init_containers),
            (ContainerRole::Main, &self.containers),
            (ContainerRole::Ephemeral, &self.ephemeral_containers),
        ];
        let all = lists.into_iter().flat_map(|(role, list)| list.iter().map(move |object| (role, object)));
        all.map(|(role, object)| object.fact(role, pod)).collect()
    }
}

fn in_annotations(annotations: &Pairs<'_>) -> Vec<CredentialLiteral> {
    let all = annotations.iter().filter(|(key, _)| *key != LAST_APPLIED);
    let found = all.filter_map(|(key, value)| {
        let detector = credentials::detect(key, value)?;
        Some(container::literal(format!("annotations[{key}]"), detector))
    });
    found.collect()
}
