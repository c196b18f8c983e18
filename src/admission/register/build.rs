//! Writes a registration down as the API server takes it.

use k8s_openapi::{
    ByteString,
    api::admissionregistration::v1::{
        MatchCondition, RuleWithOperations, ServiceReference, ValidatingWebhook,
        ValidatingWebhookConfiguration, WebhookClientConfig,
    },
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};
use serde_json::Value;

use super::{Client, Entry, FailurePolicy, Registration, Rule, Scope};
use crate::{api::keys, core::control::Operation};

/// The ValidatingWebhookConfiguration of `registration`. What the API server would fill in is written out, so that
/// one field manager owns all of it and a change by anybody else is forced back.
pub fn build(registration: &Registration) -> serde_json::Result<Value> {
    let webhooks = registration.entries.iter().map(|entry| webhook(registration, entry)).collect();
    serde_json::to_value(ValidatingWebhookConfiguration {
        metadata: ObjectMeta {
            name: Some(registration.name.clone()),
            labels: Some([(keys::MANAGED_BY.to_owned(), keys::MANAGED_BY_SURETY.to_owned())].into()),
            owner_references: registration.owner.clone().map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        webhooks: Some(webhooks),
    })
}

fn webhook(registration: &Registration, entry: &Entry) -> ValidatingWebhook {
    let condition = |condition: &super::MatchCondition| MatchCondition {
        name: condition.name.to_owned(),
        expression: condition.expression.clone(),
    };
    ValidatingWebhook {
        // A name must have three parts.
        name: format!("{}.{}", entry.name, crate::api::GROUP),
        admission_review_versions: vec!["v1".to_owned()],
        client_config: client_config(registration, entry),
        failure_policy: Some(policy(entry.failure_policy).to_owned()),
        match_conditions: Some(entry.match_conditions.iter().map(condition).collect()),
        match_policy: Some("Equivalent".to_owned()),
        namespace_selector: Some(entry.namespace_selector.clone()),
        object_selector: Some(LabelSelector::default()),
        rules: Some(entry.rules.iter().map(rule).collect()),
        side_effects: "NoneOnDryRun".to_owned(),
        timeout_seconds: Some(entry.timeout),
    }
}

fn client_config(registration: &Registration, entry: &Entry) -> WebhookClientConfig {
    let path = format!("/admit/{}", entry.name);
    let (url, service) = match &registration.client {
        Client::Url(base) => (Some(format!("{}{path}", base.trim_end_matches('/'))), None),
        Client::Service { namespace, name, port } => {
            let (namespace, name) = (namespace.clone(), name.clone());
            (None, Some(ServiceReference { namespace, name, path: Some(path), port: Some(i32::from(*port)) }))
        }
    };
    let ca_bundle = registration.ca_bundle.clone().map(|bundle| ByteString(bundle.into_bytes()));
    WebhookClientConfig { ca_bundle, service, url }
}

fn rule(rule: &Rule) -> RuleWithOperations {
    let scope = match rule.scope {
        Scope::Cluster => "Cluster",
        Scope::Namespaced => "Namespaced",
    };
    RuleWithOperations {
        api_groups: Some(vec![rule.group.to_owned()]),
        api_versions: Some(vec![rule.version.to_owned()]),
        operations: Some(rule.operations.iter().copied().map(Operation::as_str).map(str::to_owned).collect()),
        resources: Some(rule.resources.clone()),
        scope: Some(scope.to_owned()),
    }
}

const fn policy(policy: FailurePolicy) -> &'static str {
    match policy {
        FailurePolicy::Fail => "Fail",
        FailurePolicy::Ignore => "Ignore",
    }
}
