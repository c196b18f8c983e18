//! What Surety may do and what it does are the same: looked at when all stories are over.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use e2e::stories::{SOON, Stage};
use e2e::surety::USER;
use e2e::world::eventually;
use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};
use kube::Api;

/// What the audit log does not show, because RBAC is asked beside the request that it shows: a server-side apply of what
/// does not exist yet needs leave to create.
const APPLIED: [(&str, &str); 5] = [
    ("", "configmaps"),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    ("networking.k8s.io", "networkpolicies"),
    ("surety.dev", "compliancereports"),
    ("velero.io", "schedules"),
];
/// The webhook's authority is renewed months after it was made.
const RENEWED: (&str, &str, &str) = ("update", "", "secrets");
/// Whoever is authenticated may ask who he is.
const EVERYBODYS: (&str, &str, &str) = ("create", "authentication.k8s.io", "selfsubjectreviews");

type Right = (String, String, String);

pub async fn surety_uses_what_it_may_and_asks_for_nothing_else(stage: &Stage<'_>) -> Result<()> {
    let requests = stage.audit.since(0)?;
    let own: Vec<_> = requests.iter().filter(|request| request.user.username == USER).collect();
    let refused: BTreeSet<String> = own
        .iter()
        .filter(|request| {
            // Who says that a namespace is being deleted, or that a webhook refuses, is not RBAC.
            let status = request.response_status.as_ref();
            status.is_some_and(|status| status.code == 403 && status.message.contains("cannot"))
        })
        .map(|request| format!("{:?}", request.access()))
        .collect();
    ensure!(refused.is_empty(), "refused by RBAC: {refused:?}");
    let used: BTreeSet<Right> = own
        .iter()
        .map(|request| request.access())
        .map(|access| (access.verb, access.group, access.resource))
        .collect();
    let granted = granted(stage).await?;
    let beyond: Vec<_> = used
        .iter()
        .filter(|(.., resource)| !resource.starts_with('/'))
        .filter(|right| !granted.contains(*right))
        .filter(|(verb, group, resource)| (verb.as_str(), group.as_str(), resource.as_str()) != EVERYBODYS)
        .collect();
    ensure!(beyond.is_empty(), "used and granted by somebody else: {beyond:?}");
    let is_excused = |(verb, group, resource): &&Right| {
        let applies = verb == "create" && APPLIED.contains(&(group, resource));
        let patches = used.contains(&("patch".to_owned(), group.clone(), resource.clone()));
        (applies && patches) || RENEWED == (verb.as_str(), group, resource)
    };
    let idle: Vec<_> = granted.difference(&used).filter(|right| !is_excused(right)).collect();
    ensure!(idle.is_empty(), "granted and never used: {idle:?}");
    Ok(())
}

pub async fn a_registration_that_somebody_loosened_is_made_anew(stage: &Stage<'_>) -> Result<()> {
    let blind = r#"[{"op":"add","path":"/webhooks/0/matchConditions/-","value":{"name":"blind","expression":"false"}},
        {"op":"replace","path":"/webhooks/1/failurePolicy","value":"Ignore"}]"#;
    let name = "validatingwebhookconfiguration/surety";
    stage.kubectl.must(&["patch", name, "--type=json", "--patch", blind]).await?;
    eventually(SOON, "the registration as it was", async || {
        let found = stage.kubectl.must(&["get", name, "-o", "json"]).await?;
        ensure!(!found.contains("\"blind\""), "it is still blind");
        ensure!(found.matches("\"failurePolicy\": \"Ignore\"").count() == 1, "it still looks away");
        Ok(Some(()))
    })
    .await?;
    stage.judges().await
}

async fn granted(stage: &Stage<'_>) -> Result<BTreeSet<Right>> {
    let label = kube::api::ListParams::default().labels("app.kubernetes.io/name=surety");
    let cluster: Api<ClusterRole> = Api::all((*stage.client).clone());
    let own: Api<Role> = Api::namespaced((*stage.client).clone(), "surety-system");
    let mut rules: Vec<PolicyRule> = Vec::new();
    rules.extend(
        cluster.list(&label).await?.items.into_iter().flat_map(|role| role.rules.unwrap_or_default()),
    );
    rules.extend(own.list(&label).await?.items.into_iter().flat_map(|role| role.rules.unwrap_or_default()));
    let mut rights = BTreeSet::new();
    for rule in rules {
        for verb in &rule.verbs {
            for group in rule.api_groups.iter().flatten() {
                for resource in rule.resources.iter().flatten() {
                    rights.insert((verb.clone(), group.clone(), resource.clone()));
                }
            }
        }
    }
    Ok(rights)
}
