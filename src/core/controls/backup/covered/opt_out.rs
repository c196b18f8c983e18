//! Ways in which the owner of a volume opts out of backups, and the environments that a selector leaves out.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use crate::{
    api::keys,
    core::{
        context::Context,
        controls::backup::exempt::{self, Volume},
        facts::{ClaimTemplate, Labels, Name, PersistentVolumeClaim, VolumeSource, Workload},
        verdict::{Issue, Verdict},
    },
};

/// Velero leaves out what carries its label with exactly this value.
fn opts_out(labels: &Labels) -> bool {
    labels.get(keys::VELERO_EXCLUDE) == Some("true")
}

fn label_of(metadata: &str) -> String {
    format!("{metadata}.labels[{}]", keys::VELERO_EXCLUDE)
}

fn excluded(field: String, found: &str) -> Issue {
    let fix = format!("remove the label `{}`", keys::VELERO_EXCLUDE);
    Issue::fail(field, found, "no opting out of backups", fix)
}

/// The labels that leave a claim out: its own, and its namespace's.
pub(super) fn of_claim(context: &Context<'_>, claim: &PersistentVolumeClaim) -> Vec<Issue> {
    let own = opts_out(&claim.labels).then(|| excluded(label_of("metadata"), "true"));
    let namespace = context.namespace(&claim.namespace).filter(|namespace| opts_out(&namespace.labels));
    let of_namespace = namespace.map(|namespace| {
        let key = namespace.key();
        excluded(format!("{key} {}", label_of("metadata")), "true, on the whole namespace")
    });
    own.into_iter().chain(of_namespace).collect()
}

/// A template that leaves volumes out, or whose claims would leave themselves out.
pub(super) fn workload_verdict(context: &Context<'_>, workload: &Workload) -> Verdict {
    let mut issues = Vec::new();
    if leaves_out(workload) {
        let volumes: Vec<(&Name, Volume<'_>)> = expected_volumes(context, workload).collect();
        if !volumes.is_empty() {
            issues.extend(of_pod(workload, &volumes));
        }
    }
    issues.extend(of_templates(context, workload));
    if issues.is_empty() {
        return Verdict::not_applicable("it opts no volume out; the claims are judged one by one");
    }
    Verdict::from_issues(issues)
}

/// Whether the pod is left out, or some of its volumes. Almost none is, and almost every request is about one.
fn leaves_out(workload: &Workload) -> bool {
    let template = &workload.template;
    opts_out(&template.labels) || template.annotations.get(keys::VELERO_EXCLUDE_VOLUMES).is_some()
}

/// The volumes of a workload that are, or will be, claims which are to be backed up.
fn expected_volumes<'w>(
    context: &Context<'w>,
    workload: &'w Workload,
) -> impl Iterator<Item = (&'w Name, Volume<'w>)> {
    let of_claim = |name: &Name| context.claim(&workload.namespace, name).map(Volume::from);
    let mounted = workload.template.volumes.iter().filter_map(move |volume| match &volume.source {
        // A claim that is not there yet has neither class nor labels that could exempt it.
        VolumeSource::Claim(claim) => Some((&volume.name, of_claim(claim))),
        VolumeSource::Ephemeral(template) => Some((&volume.name, Some(will_be(workload, template)))),
        _ => None,
    });
    let made =
        workload.claim_templates.iter().map(|template| (&template.name, Some(will_be(workload, template))));
    let bare = Volume { namespace: &workload.namespace, labels: &workload.labels, storage_class: None };
    let volumes = mounted.chain(made);
    let volumes = volumes.map(move |(name, volume)| (name, volume.unwrap_or(bare)));
    let expected: Vec<_> = volumes.filter(|(_, volume)| !exempt::is_left_out(context, *volume)).collect();
    expected.into_iter()
}

fn will_be<'w>(workload: &'w Workload, template: &'w ClaimTemplate) -> Volume<'w> {
    Volume {
        namespace: &workload.namespace,
        labels: &template.labels,
        storage_class: template.storage_class.as_ref(),
    }
}

/// A pod that is left out, and volumes that its annotation leaves out of file-system backup.
fn of_pod(workload: &Workload, volumes: &[(&Name, Volume<'_>)]) -> Vec<Issue> {
    let (template, metadata) = (&workload.template, workload.pod_metadata_path());
    let label = opts_out(&template.labels).then(|| excluded(label_of(metadata), "true"));
    let listed = template.annotations.get(keys::VELERO_EXCLUDE_VOLUMES).unwrap_or_default();
    let is_expected = |name: &&str| volumes.iter().any(|(volume, _)| **volume == *name);
    let named: Vec<&str> = listed.split(',').map(str::trim).filter(is_expected).collect();
    let annotation = (!named.is_empty()).then(|| {
        Issue::fail(
            format!("{metadata}.annotations[{}]", keys::VELERO_EXCLUDE_VOLUMES),
            named.join(","),
            "no opting out of backups",
            format!("remove {} from the annotation", named.join(" and ")),
        )
    });
    label.into_iter().chain(annotation).collect()
}

/// Templates of claims that carry the label.
fn of_templates(context: &Context<'_>, workload: &Workload) -> Vec<Issue> {
    let made = workload
        .claim_templates
        .iter()
        .map(|template| (format!("spec.volumeClaimTemplates[name={}].metadata", template.name), template));
    let ephemeral = workload.template.volumes.iter().filter_map(|volume| {
        let VolumeSource::Ephemeral(template) = &volume.source else { return None };
        let spec = workload.pod_spec_path();
        let field = format!("{spec}.volumes[name={}].ephemeral.volumeClaimTemplate.metadata", volume.name);
        Some((field, template))
    });
    let opted_out = made.chain(ephemeral).filter(|(_, template)| opts_out(&template.labels));
    opted_out
        .filter(|(_, template)| !exempt::is_left_out(context, will_be(workload, template)))
        .map(|(metadata, _)| excluded(label_of(&metadata), "true"))
        .collect()
}

/// Whether a selector of namespaces can select none of these environments; an empty list stands for all of them.
pub(super) fn spares(selector: &LabelSelector, environments: &[Name]) -> bool {
    if environments.is_empty() || environments.iter().any(|environment| *environment == "all") {
        return false;
    }
    let is_spared = |value: &String| environments.iter().all(|environment| **environment != **value);
    let label = selector.match_labels.as_ref().and_then(|labels| labels.get(keys::ENVIRONMENT));
    let expressions = selector.match_expressions.iter().flatten();
    let mut about_environment = expressions.filter(|expression| expression.key == keys::ENVIRONMENT);
    label.is_some_and(is_spared)
        || about_environment.any(|expression| spares_by(expression, environments, is_spared))
}

fn spares_by(
    expression: &LabelSelectorRequirement,
    environments: &[Name],
    is_spared: impl Fn(&String) -> bool,
) -> bool {
    let values = expression.values.as_deref().unwrap_or_default();
    match expression.operator.as_str() {
        "In" => values.iter().all(is_spared),
        "NotIn" => environments.iter().all(|environment| values.iter().any(|value| **value == **environment)),
        "DoesNotExist" => true,
        _ => false,
    }
}
