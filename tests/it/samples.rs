//! The samples: they parse without loss, belong together, and keep the promises of their profiles.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};

use croner::Cron;
use jiff::{Timestamp, tz::TimeZone};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Namespace, PersistentVolumeClaim, Service},
    networking::v1::{Ingress, NetworkPolicy},
    storage::v1::StorageClass,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use surety::api::{
    BackupPolicy, Cipher, EncryptionPolicy, Enforcement, IsolationPolicy, Management, Profile,
    RetentionPolicy, Span, Tenant, TenantSelector, keys, profile::ControlUse,
};

const PROFILES: [&str; 5] =
    ["msp-assurance", "grc-workspaces", "dev-assistant", "cloud-workspaces", "processor-baseline"];

const APPLICATION: &str = "samples/application/application.yaml";

fn path(of: &str) -> String {
    format!("{}/config/{of}", env!("CARGO_MANIFEST_DIR"))
}

fn read_text(of: &str) -> String {
    std::fs::read_to_string(path(of)).unwrap_or_else(|error| panic!("{of}: {error}"))
}

/// Reads one object, and makes sure that no field was lost on the way.
fn read<T: DeserializeOwned + Serialize>(of: &str) -> T {
    let text = read_text(of);
    typed(&serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{of}: {error}")), of)
}

fn typed<T: DeserializeOwned + Serialize>(written: &Value, of: &str) -> T {
    let parsed: T = serde_json::from_value(written.clone()).unwrap_or_else(|error| panic!("{of}: {error}"));
    assert_contains(&serde_json::to_value(&parsed).unwrap(), written, of);
    parsed
}

/// Everything that was written is still there after parsing; an empty list may be left out.
fn assert_contains(parsed: &Value, written: &Value, path: &str) {
    match (parsed, written) {
        (Value::Object(parsed), Value::Object(written)) => {
            for (key, value) in
                written.iter().filter(|(_, value)| value.as_array().is_none_or(|list| !list.is_empty()))
            {
                let path = format!("{path}.{key}");
                assert_contains(parsed.get(key).unwrap_or_else(|| panic!("{path} is lost")), value, &path);
            }
        }
        (Value::Array(parsed), Value::Array(written)) => {
            assert_eq!(parsed.len(), written.len(), "{path}");
            for (index, (parsed, written)) in parsed.iter().zip(written).enumerate() {
                assert_contains(parsed, written, &format!("{path}[{index}]"));
            }
        }
        _ => assert_eq!(parsed, written, "{path}"),
    }
}

/// A tenant with its policies, and the controls that its profile uses.
struct Sample {
    profile: &'static str,
    controls: Vec<ControlUse>,
    selector: TenantSelector,
    tenant: Tenant,
    backup: BackupPolicy,
    retention: RetentionPolicy,
    encryption: EncryptionPolicy,
    isolation: IsolationPolicy,
}

impl Sample {
    fn read(name: &'static str) -> Self {
        let profile: Profile = read(&format!("profiles/{name}.yaml"));
        Self {
            profile: name,
            controls: profile
                .spec
                .commitments
                .into_iter()
                .flat_map(|commitment| commitment.controls)
                .collect(),
            selector: profile.spec.tenant_selector,
            tenant: read(&format!("samples/{name}/tenant.yaml")),
            backup: read(&format!("samples/{name}/backup-policy.yaml")),
            retention: read(&format!("samples/{name}/retention-policy.yaml")),
            encryption: read(&format!("samples/{name}/encryption-policy.yaml")),
            isolation: read(&format!("samples/{name}/isolation-policy.yaml")),
        }
    }

    fn uses<'a>(&'a self, control: &'a str) -> impl Iterator<Item = &'a BTreeMap<String, Value>> {
        self.controls.iter().filter(move |used| used.id == control).map(|used| &used.parameters)
    }

    /// What the profile wants of a control's parameter, as often as it says.
    fn spans<'a>(&'a self, control: &'a str, parameter: &'a str) -> impl Iterator<Item = Span> + 'a {
        self.uses(control).filter_map(move |parameters| span(parameters, parameter))
    }
}

fn span(parameters: &BTreeMap<String, Value>, name: &str) -> Option<Span> {
    parameters.get(name).map(|value| value.as_str().unwrap().parse().unwrap())
}

fn samples() -> impl Iterator<Item = Sample> {
    PROFILES.into_iter().map(Sample::read)
}

#[test]
fn a_tenant_carries_its_profile_and_every_policy_reaches_it() {
    for sample in samples() {
        let name = format!("sample-{}", sample.profile);
        assert_eq!(sample.tenant.metadata.labels, sample.selector.match_labels, "{name}");
        for (object, selector) in [
            (&sample.backup.metadata, &sample.backup.spec.tenant_selector),
            (&sample.retention.metadata, &sample.retention.spec.tenant_selector),
            (&sample.encryption.metadata, &sample.encryption.spec.tenant_selector),
            (&sample.isolation.metadata, &sample.isolation.spec.tenant_selector),
            (&sample.tenant.metadata, &sample.selector),
        ] {
            assert_eq!(object.name.as_deref(), Some(name.as_str()));
            assert_eq!(selector, &sample.selector, "{name}");
        }
    }
}

#[test]
fn no_namespace_is_named_by_two_tenants() {
    let names: Vec<String> = samples().flat_map(|sample| sample.tenant.spec.namespaces.names).collect();
    let unique: BTreeSet<&String> = names.iter().collect();
    assert_eq!((names.len(), unique.len()), (PROFILES.len(), PROFILES.len()));
}

#[test]
fn samples_refuse_and_repair() {
    for sample in samples() {
        for enforcement in [
            sample.tenant.spec.enforcement,
            sample.backup.spec.enforcement,
            sample.retention.spec.enforcement,
            sample.encryption.spec.enforcement,
            sample.isolation.spec.enforcement,
        ] {
            assert_eq!(enforcement, Enforcement::Deny, "{}", sample.profile);
        }
        assert_eq!(sample.backup.spec.management, Management::Managed, "{}", sample.profile);
        assert_eq!(sample.isolation.spec.management, Management::Managed, "{}", sample.profile);
    }
}

#[test]
fn backups_are_as_frequent_and_as_long_lived_as_promised() {
    for sample in samples() {
        let (name, policy) = (sample.profile, &sample.backup.spec);
        let retention = policy.retention.unwrap();
        for promised in sample.spans("backup.recovery-point-age", "every") {
            assert!(policy.every.unwrap() <= promised, "{name}: every {promised}");
        }
        for promised in sample.spans("backup.retention", "atLeast") {
            assert!(retention.at_least.unwrap() >= promised, "{name}: at least {promised}");
        }
        for promised in sample.spans("backup.retention", "atMost") {
            assert!(retention.at_most.unwrap() <= promised, "{name}: at most {promised}");
        }
    }
}

#[test]
fn a_schedule_keeps_its_policys_own_period() {
    let start = "2026-11-24T00:00:00Z".parse::<Timestamp>().unwrap().to_zoned(TimeZone::UTC);
    for sample in samples() {
        let policy = &sample.backup.spec;
        let cron: Cron = policy.schedule.as_deref().unwrap().parse().unwrap();
        let runs: Vec<Timestamp> =
            cron.iter_after(start.clone()).take(50).map(|run| run.timestamp()).collect();
        for pair in runs.windows(2) {
            assert!(policy.every.unwrap().after(pair[0]) >= pair[1], "{}: {pair:?}", sample.profile);
        }
        assert_eq!(runs.len(), 50);
    }
}

/// A recovery point made at the last moment of a contract must be allowed to go before the erasure's deadline.
#[test]
fn no_recovery_point_has_to_outlive_the_erasure_of_its_tenant() {
    let ends = ["2026-11-24T00:00:00Z", "2027-02-10T00:00:00Z", "2028-02-29T00:00:00Z"];
    let mut compared = 0;
    for sample in samples() {
        let retention = sample.backup.spec.retention.unwrap();
        for parameters in sample.uses("retention.after-termination") {
            let includes_backups = parameters.get("includeBackups") != Some(&Value::Bool(false));
            let deadline = span(parameters, "eraseWithin").unwrap();
            for end in
                ends.map(|end| end.parse::<Timestamp>().unwrap()).into_iter().filter(|_| includes_backups)
            {
                assert!(
                    retention.at_least.unwrap().after(end) <= deadline.after(end),
                    "{} {end}",
                    sample.profile
                );
                assert!(
                    retention.at_most.unwrap().after(end) <= deadline.after(end),
                    "{} {end}",
                    sample.profile
                );
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 4 * ends.len());
}

#[test]
fn classes_are_kept_as_long_as_promised() {
    for sample in samples() {
        for promised in sample.uses("retention.kept") {
            let class = promised.get("dataClass").and_then(Value::as_str);
            let classes = sample.retention.spec.classes.iter().filter(|kept| !kept.forbidden);
            let mut matching = 0;
            for kept in classes.filter(|kept| class.is_none_or(|class| class == kept.name)) {
                let name = format!("{} {}", sample.profile, kept.name);
                assert!(kept.at_least >= span(promised, "atLeast"), "{name}");
                assert!(kept.after_termination >= span(promised, "afterTermination"), "{name}");
                assert!(kept.while_active || promised.get("whileActive").is_none(), "{name}");
                matching += 1;
            }
            assert!(matching > 0, "{}: {class:?}", sample.profile);
        }
    }
}

#[test]
fn forbidden_classes_are_forbidden_and_the_tenants_own_are_declared() {
    for sample in samples() {
        let policy = &sample.retention.spec;
        assert!(policy.requires_class, "{}", sample.profile);
        let (forbidden, permitted): (Vec<_>, Vec<_>) =
            policy.classes.iter().partition(|class| class.forbidden);
        let names = |classes: &[&surety::api::retention_policy::RetentionClass]| -> BTreeSet<String> {
            classes.iter().map(|class| class.name.clone()).collect()
        };
        let promised: BTreeSet<String> = sample
            .uses("retention.class-declared")
            .filter_map(|parameters| parameters.get("forbidden"))
            .flat_map(|list| list.as_array().unwrap())
            .map(|class| class.as_str().unwrap().to_owned())
            .collect();
        assert_eq!(names(&forbidden), promised, "{}", sample.profile);
        let tenant = &sample.tenant.spec;
        assert_eq!(names(&permitted), tenant.data_classes.iter().cloned().collect(), "{}", sample.profile);
        assert!(
            tenant.data_classes.contains(tenant.default_data_class.as_ref().unwrap()),
            "{}",
            sample.profile
        );
    }
}

#[test]
fn encryption_is_as_strong_as_promised() {
    for sample in samples() {
        let policy = &sample.encryption.spec;
        let at_rest = policy.at_rest.as_ref().unwrap();
        let wants = |parameter: &str| {
            let mut uses = sample.uses("encryption.storage").chain(sample.uses("encryption.volume"));
            uses.any(|parameters| parameters.contains_key(parameter))
        };
        assert_eq!(at_rest.cipher == Some(Cipher::Aes256), wants("cipher"), "{}", sample.profile);
        assert_eq!(at_rest.empty_dir_holds_data, wants("emptyDirHoldsData"), "{}", sample.profile);
        assert!(policy.in_transit.as_ref().unwrap().redirect, "{}", sample.profile);
    }
}

#[test]
fn tenants_are_fenced_in_both_directions_and_kept_off_the_node() {
    for sample in samples() {
        let policy = &sample.isolation.spec;
        assert_eq!(policy.network.as_ref().unwrap().directions.len(), 2, "{}", sample.profile);
        assert!(policy.pod_security.is_some(), "{}", sample.profile);
        assert!(policy.host_access.as_ref().unwrap().allowed.is_empty(), "{}", sample.profile);
    }
}

#[test]
fn a_kustomization_names_everything_beside_it() {
    let folders = PROFILES.iter().chain(&["application"]).map(|folder| format!("samples/{folder}"));
    for folder in folders.chain(["samples".to_owned()]) {
        let kustomization: Value =
            serde_saphyr::from_str(&read_text(&format!("{folder}/kustomization.yaml"))).unwrap();
        let listed: BTreeSet<String> = serde_json::from_value(kustomization["resources"].clone()).unwrap();
        let mut present: BTreeSet<String> = std::fs::read_dir(path(&folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert!(present.remove("kustomization.yaml"), "{folder}");
        assert_eq!(listed, present, "{folder}");
    }
}

fn application() -> BTreeMap<String, Value> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(&read_text(APPLICATION)).unwrap();
    let name = |document: &Value| {
        format!("{}/{}", document["kind"].as_str().unwrap(), document["metadata"]["name"].as_str().unwrap())
    };
    documents.into_iter().map(|document| (name(&document), document)).collect()
}

#[test]
fn the_application_is_made_of_known_fields_of_known_kinds() {
    let application = application();
    for (name, document) in &application {
        match name.split_once('/').unwrap().0 {
            "Namespace" => drop(typed::<Namespace>(document, name)),
            "NetworkPolicy" => drop(typed::<NetworkPolicy>(document, name)),
            "StorageClass" => drop(typed::<StorageClass>(document, name)),
            "PersistentVolumeClaim" => drop(typed::<PersistentVolumeClaim>(document, name)),
            "Deployment" => drop(typed::<Deployment>(document, name)),
            "Service" => drop(typed::<Service>(document, name)),
            "Ingress" => drop(typed::<Ingress>(document, name)),
            kind => panic!("{kind} is not expected"),
        }
    }
    assert_eq!(application.len(), 8);
}

#[test]
fn the_application_lives_in_a_namespace_that_its_tenant_names() {
    let tenant = Sample::read("msp-assurance").tenant;
    let application = application();
    let namespace: Namespace = typed(&application["Namespace/sample-application"], "Namespace");
    let labels = namespace.metadata.labels.unwrap();
    assert_eq!(labels.get(keys::TENANT), tenant.metadata.name.as_ref());
    assert!(tenant.spec.namespaces.names.contains(namespace.metadata.name.as_ref().unwrap()));
    let outside = ["Namespace/sample-application", "StorageClass/sample-encrypted"];
    for (name, document) in application.iter().filter(|(name, _)| !outside.contains(&name.as_str())) {
        assert_eq!(document["metadata"]["namespace"], "sample-application", "{name}");
    }
}

#[test]
fn the_application_says_what_it_holds_and_keeps_it_encrypted() {
    let application = application();
    let tenant = Sample::read("msp-assurance").tenant;
    let claim: PersistentVolumeClaim = typed(&application["PersistentVolumeClaim/application-data"], "claim");
    let class = claim.metadata.labels.as_ref().unwrap().get(keys::DATA_CLASS).unwrap();
    assert!(tenant.spec.data_classes.contains(class));
    let storage: StorageClass = typed(&application["StorageClass/sample-encrypted"], "class");
    assert_eq!(claim.spec.unwrap().storage_class_name, storage.metadata.name);
    assert_eq!(storage.parameters.unwrap().get("encrypted").map(String::as_str), Some("true"));
}

#[test]
fn the_application_is_reached_by_tls_only_and_fenced_otherwise() {
    let application = application();
    let ingress = typed::<Ingress>(&application["Ingress/application"], "ingress").spec.unwrap();
    let secured: Vec<String> = ingress.tls.unwrap().into_iter().flat_map(|tls| tls.hosts.unwrap()).collect();
    for rule in ingress.rules.unwrap() {
        assert!(secured.contains(&rule.host.unwrap()));
    }
    let fence = typed::<NetworkPolicy>(&application["NetworkPolicy/default-deny"], "fence").spec.unwrap();
    assert_eq!(fence.policy_types.unwrap(), ["Ingress", "Egress"]);
    assert!(fence.ingress.is_none() && fence.egress.is_none());
    let selector = fence.pod_selector.unwrap();
    assert!(selector.match_labels.is_none() && selector.match_expressions.is_none());
}

#[test]
fn the_application_keeps_to_the_restricted_pod_security_standard() {
    let application = application();
    let deployment: Deployment = typed(&application["Deployment/application"], "deployment");
    let pod = deployment.spec.unwrap().template.spec.unwrap();
    let context = pod.security_context.unwrap();
    assert_eq!(context.run_as_non_root, Some(true));
    assert_eq!(context.seccomp_profile.unwrap().type_, "RuntimeDefault");
    for container in pod.containers {
        assert!(container.image.unwrap().contains("@sha256:"));
        assert!(container.env.is_none());
        let context = container.security_context.unwrap();
        assert_eq!(context.allow_privilege_escalation, Some(false));
        assert_eq!(context.capabilities.unwrap().drop.unwrap(), ["ALL"]);
    }
}
