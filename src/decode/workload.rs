//! Pods and the controllers that make them.

use std::sync::Arc;

use serde::Deserialize;

use super::{Fault, Metadata, Nested, Objects, claim, from_slice, pod};
use crate::core::facts::{ClaimTemplate, Kind, PodTemplate, Workload};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pod<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<pod::Spec<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Controller<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<ControllerSpec<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ControllerSpec<'a> {
    #[serde(borrow)]
    template: Nested<pod::Template<'a>>,
    volume_claim_templates: Objects<claim::Template<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CronJob<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<CronJobSpec<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CronJobSpec<'a> {
    #[serde(borrow)]
    job_template: Nested<JobTemplate<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobTemplate<'a> {
    #[serde(borrow)]
    spec: Nested<ControllerSpec<'a>>,
}

pub(super) fn decode_pod(json: &[u8]) -> Result<Workload, Fault> {
    let Pod { metadata, spec } = from_slice(json)?;
    let template = spec.template(&metadata.labels, &metadata.annotations);
    workload(Kind::Pod, &metadata, template, Vec::new())
}

pub(super) fn decode_controller(kind: Kind, json: &[u8]) -> Result<Workload, Fault> {
    let Controller { metadata, spec } = from_slice(json)?;
    let claims = spec.volume_claim_templates.iter().map(|template| template.named());
    workload(kind, &metadata, spec.template.fact(), claims.collect::<Result<_, _>>()?)
}

pub(super) fn decode_cron_job(json: &[u8]) -> Result<Workload, Fault> {
    let CronJob { metadata, spec } = from_slice(json)?;
    workload(Kind::CronJob, &metadata, spec.job_template.spec.template.fact(), Vec::new())
}

fn workload(
    kind: Kind,
    metadata: &Metadata<'_>,
    template: Arc<PodTemplate>,
    claim_templates: Vec<ClaimTemplate>,
) -> Result<Workload, Fault> {
    let (namespace, name) = metadata.place()?;
    Ok(Workload {
        kind,
        namespace,
        name,
        meta: metadata.meta(),
        labels: metadata.labels.intern(),
        template,
        claim_templates: claim_templates.into(),
    })
}
