//! What Surety may do and what it does are the same: looked at when all stories are over.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use e2e::stories::Stage;
use e2e::surety::USER;
use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};
use kube::Api;

/// Rules that no story of this binary uses, and why.
const UNUSED: [(&str, &str, &str); 0] = [];

type Right = (String, String, String);

pub async fn surety_uses_what_it_may_and_asks_for_nothing_else(stage: &Stage<'_>) -> Result<()> {
    let requests = stage.audit.since(0)?;
    let own: Vec<_> = requests.iter().filter(|request| request.user.username == USER).collect();
    let refused: BTreeSet<String> = own
        .iter()
        .filter(|request| request.response_status.as_ref().is_some_and(|status| status.code == 403))
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
        .collect();
    ensure!(beyond.is_empty(), "used and granted by somebody else: {beyond:?}");
    let is_excused = |(verb, group, resource): &&Right| UNUSED.contains(&(verb, group, resource));
    let idle: Vec<_> = granted.difference(&used).filter(|right| !is_excused(right)).collect();
    ensure!(idle.is_empty(), "granted and never used: {idle:?}");
    Ok(())
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
