//! `config/rbac/`: exactly the kinds that are watched are read, and nothing beyond what is listed here is written.

use std::{collections::BTreeSet, fs};

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding};
use serde_json::Value;
use surety::core::facts::{Kind, Source};

pub const FEATURES: [(&str, &str); 9] = [
    ("read", "surety-read"),
    ("status", "surety-status"),
    ("tenancy", "surety-tenancy"),
    ("events", "surety-events"),
    ("register", "surety-register"),
    ("managed-isolation", "surety-managed-isolation"),
    ("velero", "surety-velero"),
    ("managed-velero", "surety-managed-velero"),
    ("canary", "surety-canary"),
];

/// Verb, group, resource, and the only name that it is limited to.
type Permission = (String, String, String, Option<String>);

fn text_of(file: &str) -> String {
    let path = format!("{}/config/rbac/{file}.yaml", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn documents(file: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&text_of(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn permissions(rules: &[PolicyRule]) -> BTreeSet<Permission> {
    let mut found = BTreeSet::new();
    for rule in rules {
        let names: Vec<Option<String>> = match rule.resource_names.as_deref().unwrap_or_default() {
            [] => vec![None],
            names => names.iter().cloned().map(Some).collect(),
        };
        for group in rule.api_groups.iter().flatten() {
            for resource in rule.resources.iter().flatten() {
                for (verb, name) in
                    rule.verbs.iter().flat_map(|verb| names.iter().map(move |name| (verb, name)))
                {
                    let permission = (verb.clone(), group.clone(), resource.clone(), name.clone());
                    assert!(found.insert(permission), "{verb} {resource} is granted twice");
                }
            }
        }
    }
    found
}

fn of_feature(file: &str) -> BTreeSet<Permission> {
    let role: ClusterRole = serde_json::from_value(documents(file)[0].clone()).unwrap();
    permissions(&role.rules.unwrap())
}

fn wanted(verbs: &[&str], group: &str, resources: &[&str]) -> BTreeSet<Permission> {
    let each = resources.iter().flat_map(|resource| verbs.iter().map(move |verb| (verb, resource)));
    each.map(|(verb, resource)| ((*verb).to_owned(), group.to_owned(), (*resource).to_owned(), None))
        .collect()
}

/// Surety's own kinds are looked at one by one too, before their status is written.
fn verbs_on(kind: Kind) -> &'static [&'static str] {
    if kind.is_declaration() { &["get", "list", "watch"] } else { &["list", "watch"] }
}

fn watched(is_wanted: impl Fn(Kind) -> bool) -> BTreeSet<Permission> {
    let kinds = Kind::ALL.iter().copied().filter(|kind| kind.source().is_some() && is_wanted(*kind));
    kinds.flat_map(|kind| wanted(verbs_on(kind), kind.resource().group, &[kind.resource().plural])).collect()
}

/// What is deleted, and nothing else is: what Surety wrote and nothing wants any more, and its registration, because what
/// somebody added to it only goes with it.
const DELETED: [(&str, &str); 5] = [
    ("status", "compliancereports"),
    ("register", "validatingwebhookconfigurations"),
    ("managed-isolation", "networkpolicies"),
    ("managed-velero", "schedules"),
    // Asked for by dry run, to be refused.
    ("canary", "networkpolicies"),
];

const ENGINE: &str = "velero.io";

#[test]
fn exactly_the_watched_kinds_are_read() {
    let of_cluster =
        watched(|kind| kind.source() != Some(Source::Records) && kind.resource().group != ENGINE);
    assert_eq!(of_feature("read"), of_cluster);
    assert_eq!(of_feature("velero"), watched(|kind| kind.resource().group == ENGINE));
}

#[test]
fn of_its_own_kinds_only_the_status_is_written_and_reports() {
    let own: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.is_declaration()).collect();
    let mut expected: BTreeSet<Permission> = own
        .iter()
        .flat_map(|kind| wanted(&["patch"], "surety.dev", &[&format!("{}/status", kind.resource().plural)]))
        .collect();
    expected.extend(wanted(&["get", "create", "patch", "delete"], "surety.dev", &["compliancereports"]));
    assert_eq!(of_feature("status"), expected);
}

#[test]
fn repairs_events_and_the_registration_have_the_verbs_they_need_and_no_others() {
    let mut isolation = wanted(&["get", "patch"], "", &["namespaces"]);
    isolation.extend(wanted(
        &["get", "create", "patch", "delete"],
        "networking.k8s.io",
        &["networkpolicies"],
    ));
    assert_eq!(of_feature("managed-isolation"), isolation);
    assert_eq!(of_feature("tenancy"), wanted(&["get", "patch"], "", &["namespaces"]));
    let schedules = wanted(&["get", "create", "patch", "delete"], ENGINE, &["schedules"]);
    assert_eq!(of_feature("managed-velero"), schedules);
    assert_eq!(of_feature("events"), wanted(&["create"], "events.k8s.io", &["events"]));

    let (group, resource) = ("admissionregistration.k8s.io", "validatingwebhookconfigurations");
    let mut registration = wanted(&["create"], group, &[resource]);
    for verb in ["get", "patch", "delete"] {
        registration.insert((verb.into(), group.into(), resource.into(), Some("surety".into())));
    }
    let group = "rbac.authorization.k8s.io";
    registration.insert(("get".into(), group.into(), "clusterroles".into(), Some("surety-register".into())));
    assert_eq!(of_feature("register"), registration);
}

#[test]
fn of_canaries_one_named_object_each_may_be_asked_about() {
    let named = |verb: &str, group: &str, resource: &str| {
        (verb.to_owned(), group.to_owned(), resource.to_owned(), Some("surety-canary".to_owned()))
    };
    let expected = BTreeSet::from([
        named("patch", "surety.dev", "tenants"),
        named("patch", "", "services"),
        named("delete", "networking.k8s.io", "networkpolicies"),
        named("patch", "velero.io", "schedules"),
    ]);
    assert_eq!(of_feature("canary"), expected);
}

#[test]
fn no_secret_but_its_own_certificate_authority_is_readable() {
    let role: Role = serde_json::from_value(documents("own-namespace")[0].clone()).unwrap();
    assert_eq!(role.metadata.namespace.as_deref(), Some("surety-system"));
    let granted = permissions(&role.rules.unwrap());
    let on_secrets: Vec<_> = granted
        .iter()
        .filter(|(.., resource, _)| resource == "secrets")
        .map(|(verb, .., name)| (verb.as_str(), name.as_deref()))
        .collect();
    let authority = Some("surety-webhook-ca");
    assert_eq!(on_secrets, [("create", None), ("get", authority), ("update", authority)]);
    for (file, _) in FEATURES {
        assert!(of_feature(file).iter().all(|(.., resource, _)| resource != "secrets"), "{file}");
    }
}

#[test]
fn no_rule_is_a_wildcard_or_grants_rights() {
    for (file, _) in FEATURES {
        for (verb, group, resource, _) in of_feature(file) {
            for word in [&verb, &group, &resource] {
                assert!(!word.contains('*'), "{file}: {verb} {group} {resource}");
            }
            assert!(group != "rbac.authorization.k8s.io" || verb == "get", "{file}: {verb} {resource}");
            let is_own = DELETED.contains(&(file, resource.as_str()));
            assert!(!verb.starts_with("delete") || (is_own && verb == "delete"), "{file}: {verb} {resource}");
        }
    }
}

#[test]
fn every_role_is_bound_to_the_one_service_account() {
    for (file, name) in FEATURES {
        let documents = documents(file);
        let [role, binding] = documents.as_slice() else { panic!("{file}: {}", documents.len()) };
        assert_eq!(role["metadata"]["name"], name, "{file}");
        let binding: ClusterRoleBinding = serde_json::from_value(binding.clone()).unwrap();
        assert_eq!(binding.role_ref.name, name, "{file}");
        let subjects = binding.subjects.unwrap();
        assert_eq!(subjects.len(), 1, "{file}");
        assert_eq!(
            (subjects[0].kind.as_str(), subjects[0].name.as_str()),
            ("ServiceAccount", "surety"),
            "{file}"
        );
        assert_eq!(subjects[0].namespace.as_deref(), Some("surety-system"), "{file}");
    }
    let binding: RoleBinding = serde_json::from_value(documents("own-namespace")[1].clone()).unwrap();
    assert_eq!((binding.role_ref.kind.as_str(), binding.role_ref.name.as_str()), ("Role", "surety"));
}

#[test]
fn the_kustomization_lists_every_file_of_the_folder() {
    let kustomization: Value = serde_saphyr::from_str(&text_of("kustomization")).unwrap();
    let resources = kustomization["resources"].as_array().unwrap();
    let listed: BTreeSet<String> = resources.iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    let folder = format!("{}/config/rbac", env!("CARGO_MANIFEST_DIR"));
    let present: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "kustomization.yaml")
        .collect();
    assert_eq!(listed, present);
}
