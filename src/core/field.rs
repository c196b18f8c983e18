//! Whether a request changes what a field path of an issue names. Fields that are judged together count together: those
//! of the node's namespaces, of security contexts, of volumes. A path that names no field of the object is never changed.

use super::facts::{Container, Fact, Labels, PodTemplate, Workload};

/// Whether the facts of an object differ in what `field` (from the object's root) names.
pub fn is_changed(old: &Fact, new: &Fact, field: &str) -> bool {
    match (old, new) {
        (Fact::Workload(old), Fact::Workload(new)) => in_workload(old, new, field),
        (Fact::Namespace(old), Fact::Namespace(new)) => in_metadata(field, (&old.labels, &new.labels), None),
        (Fact::PersistentVolumeClaim(old), Fact::PersistentVolumeClaim(new)) => {
            let annotations = Some((&old.annotations, &new.annotations));
            in_metadata(field, (&old.labels, &new.labels), annotations)
                || (is_within(field, "spec") && old.storage_class != new.storage_class)
        }
        (Fact::PersistentVolume(old), Fact::PersistentVolume(new)) => {
            let spec = |volume: &super::facts::PersistentVolume| {
                (volume.storage_class.clone(), volume.backing.clone())
            };
            is_within(field, "spec") && spec(old) != spec(new)
        }
        (Fact::Service(old), Fact::Service(new)) => {
            let is_open_otherwise = (old.service_type, &old.ports) != (new.service_type, &new.ports);
            (is_within(field, "spec") && is_open_otherwise)
                || in_map(field, "metadata.annotations", &old.annotations, &new.annotations)
        }
        (Fact::Ingress(old), Fact::Ingress(new)) => {
            let is_served_otherwise = (&old.class, &old.hosts, old.has_default_backend, &old.tls)
                != (&new.class, &new.hosts, new.has_default_backend, &new.tls);
            (is_within(field, "spec") && is_served_otherwise)
                || in_map(field, "metadata.annotations", &old.annotations, &new.annotations)
        }
        _ => false,
    }
}

fn is_within(field: &str, root: &str) -> bool {
    rest_after(field, root).is_some()
}

/// What follows `root` in a path, without the dot; none where the path does not go through it.
fn rest_after<'f>(field: &'f str, root: &str) -> Option<&'f str> {
    let rest = field.strip_prefix(root)?;
    if rest.is_empty() || rest.starts_with('[') { Some(rest) } else { rest.strip_prefix('.') }
}

fn in_metadata(field: &str, labels: (&Labels, &Labels), annotations: Option<(&Labels, &Labels)>) -> bool {
    in_map(field, "metadata.labels", labels.0, labels.1)
        || annotations.is_some_and(|(old, new)| in_map(field, "metadata.annotations", old, new))
}

/// Whether the entry that the path names is another; where it names none, any.
fn in_map(field: &str, root: &str, old: &Labels, new: &Labels) -> bool {
    let Some(rest) = rest_after(field, root) else { return false };
    match rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(key) => old.get(key) != new.get(key),
        None => old != new,
    }
}

fn in_workload(old: &Workload, new: &Workload, field: &str) -> bool {
    if let Some(rest) = rest_after(field, new.pod_spec_path())
        && !rest.is_empty()
    {
        return in_pod_spec(&old.template, &new.template, rest);
    }
    if let Some(rest) = rest_after(field, new.pod_metadata_path()) {
        return in_pod_metadata(&old.template, &new.template, rest);
    }
    if is_within(field, "spec.volumeClaimTemplates") {
        return old.claim_templates != new.claim_templates;
    }
    in_map(field, "metadata.labels", &old.labels, &new.labels)
}

fn in_pod_metadata(old: &PodTemplate, new: &PodTemplate, rest: &str) -> bool {
    in_map(rest, "labels", &old.labels, &new.labels)
        || in_map(rest, "annotations", &old.annotations, &new.annotations)
        || (is_within(rest, "annotations") && old.credentials != new.credentials)
}

/// By the part of the pod that the path leads to, over all containers: what one of them may do, another may do for it.
fn in_pod_spec(old: &PodTemplate, new: &PodTemplate, rest: &str) -> bool {
    match part_of(rest) {
        "hostNetwork" | "hostPID" | "hostIPC" | "ports" => node(old) != node(new),
        "securityContext" => {
            old.security != new.security || of_each(old, |c| &c.security) != of_each(new, |c| &c.security)
        }
        "volumes" => old.volumes != new.volumes,
        "env" | "args" | "command" => of_each(old, |c| &c.credentials) != of_each(new, |c| &c.credentials),
        "image" => of_each(old, |c| &c.image) != of_each(new, |c| &c.image),
        _ => old != new,
    }
}

/// The part of a pod or of one of its containers that a path within the pod's spec leads to.
fn part_of(rest: &str) -> &str {
    let lists = ["containers[", "initContainers[", "ephemeralContainers["];
    let is_of_container = lists.iter().any(|list| rest.starts_with(list));
    let within = if is_of_container { rest.split_once("].").map_or("", |(_, within)| within) } else { rest };
    within.split(['.', '[']).next().unwrap_or_default()
}

/// What of a pod reaches into its node, volumes aside.
fn node(template: &PodTemplate) -> impl PartialEq + '_ {
    let ports = of_each(template, |container| &container.host_ports);
    (template.uses_host_network, template.uses_host_pid, template.uses_host_ipc, ports)
}

fn of_each<'p, T>(template: &'p PodTemplate, part: impl Fn(&'p Container) -> &'p T) -> Vec<(&'p str, &'p T)> {
    template.containers.iter().map(|container| (container.name.as_str(), part(container))).collect()
}

#[cfg(test)]
mod tests;
