//! The registration on a real API server: it is taken as it is, and each request of
//! `tests/data/registration/requests.yaml` reaches exactly the entries that it should. Answered by Surety's own
//! server with certificates of its own authority, and in the end by nobody.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "registration/recorder.rs"]
mod recorder;
#[path = "registration/requests.rs"]
mod requests;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::world::{eventually, install_crds, repository};
use e2e::{ControlPlane, Options};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, ServiceAccount};
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client};
use recorder::{Secrets, Webhook};
use requests::{Request, Users};
use serde_json::{Value, json};
use surety::admission::register::{
    self, ControlPlane as ControlPlaneUsers, Difference, FailurePolicy, GuardedKeys, Premises,
};
use surety::admission::tls::{Certificates, Keeper, server_names};
use surety::api::keys;
use surety::core::control::{Door, Guard, Operation};
use surety::core::facts::Kind;

const SOON: Duration = Duration::from_secs(30);

fn premises(url: &str, ca_bundle: String) -> Premises {
    let guard = |kind, door, operations| Guard { kind, door, operations };
    Premises {
        name: "surety".to_owned(),
        client: register::Client::Url(url.to_owned()),
        ca_bundle: Some(ca_bundle),
        owner: None,
        own_namespace: "surety-system".to_owned(),
        own_user: requests::SURETY.to_owned(),
        engine_namespaces: vec!["velero".to_owned()],
        component_users: vec![requests::ENGINE.to_owned(), requests::DRIVER.to_owned()],
        control_plane: ControlPlaneUsers::default(),
        repository_secrets: vec!["velero-repo-credentials".to_owned()],
        guarded: vec![
            guard(Kind::StatefulSet, Door::ProtectTenant, &[Operation::Delete]),
            guard(Kind::PersistentVolume, Door::ProtectCluster, &[Operation::Create]),
            guard(Kind::NetworkPolicy, Door::Conform, &[Operation::Create, Operation::Update]),
        ],
        guarded_keys: GuardedKeys {
            labels: [keys::DATA_CLASS, keys::VELERO_EXCLUDE].map(str::to_owned).into(),
            annotations: [keys::VELERO_EXCLUDE_VOLUMES.to_owned()].into(),
            kinds_by_any_label: [Kind::BackupPolicy].into(),
            kinds_by_status: [Kind::VeleroBackup].into(),
        },
        conform_failure_policy: FailurePolicy::Fail,
    }
}

fn registrations(client: &Client) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration");
    Api::all_with(client.clone(), &ApiResource::from_gvk(&kind))
}

/// Applies as `write` does, and gives what the API server then holds.
async fn apply(client: &Client, wanted: &Value) -> Result<Value> {
    let parameters = PatchParams::apply(keys::MANAGER_REGISTRATION).force();
    let applied = registrations(client).patch("surety", &parameters, &Patch::Apply(wanted)).await?;
    Ok(serde_json::to_value(applied)?)
}

/// Definitions as bare as a backup engine's may be: no schema, and no status subresource.
fn engine_definitions() -> String {
    let definition = |kind: &Kind| {
        let resource = kind.resource();
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{}.{}", resource.plural, resource.group)},
            "spec": {
                "group": resource.group, "scope": "Namespaced",
                "names": {"kind": resource.kind, "plural": resource.plural},
                "versions": [{"name": resource.version, "served": true, "storage": true, "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}
                }}],
            },
        })
    };
    let of_velero = Kind::ALL.iter().filter(|kind| kind.resource().group == "velero.io");
    of_velero.map(|kind| definition(kind).to_string()).collect::<Vec<_>>().join("\n---\n")
}

async fn prepare(control_plane: &ControlPlane, client: &Client) -> Result<()> {
    let kubectl = control_plane.kubectl();
    install_crds(&kubectl, &repository("crds")).await?;
    kubectl.apply_text(&engine_definitions()).await?.success()?;
    kubectl.must(&["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"]).await?;
    for namespace in ["acme", "plain", "velero", "surety-system"] {
        kubectl.must(&["create", "namespace", namespace]).await?;
        let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace);
        eventually(SOON, namespace, async || Ok(accounts.get_opt("default").await?)).await?;
    }
    for namespace in ["acme", "surety-system", "kube-system"] {
        kubectl.must(&["label", "namespace", namespace, "surety.dev/tenant=acme"]).await?;
    }
    Ok(())
}

/// The requests, with what only the cluster knows filled in.
async fn requests(client: &Client) -> Result<Vec<Request>> {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "acme");
    let map = eventually(SOON, "a ConfigMap", async || Ok(maps.get_opt("kube-root-ca.crt").await?)).await?;
    let uid = map.metadata.uid.context("no UID")?;
    let text = std::fs::read_to_string(repository("tests/data/registration/requests.yaml"))?;
    let text = text.replace("ACME-CONFIG-MAP-UID", &uid).replace("LARGE-TEXT", &"x".repeat(200_000));
    Ok(serde_saphyr::from_str(&text)?)
}

#[tokio::test]
async fn every_request_reaches_the_entries_that_it_should_and_no_other() -> Result<()> {
    let control_plane = ControlPlane::shared().await?;
    let client = control_plane.client().await?;
    prepare(control_plane, &client).await?;

    let certificates = Certificates::default();
    let webhook = Webhook::start(&certificates).await?;
    let names = server_names("surety-webhook", "surety-system", Some(&webhook.url))?;
    let secrets = || Secrets(Api::<Secret>::namespaced(client.clone(), "surety-system"));
    let mut keeper = Keeper::new(secrets(), names.clone(), certificates.clone());
    // Two replicas that start at once: one authority, whoever makes it.
    let mut other = Keeper::new(secrets(), names, Certificates::default());
    let (one, another) = tokio::join!(keeper.check(Timestamp::now()), other.check(Timestamp::now()));
    one.and(another)?;
    let bundle = certificates.published().borrow().clone().and_then(|published| published.ca_bundle);
    let registration = register::registration(&premises(&webhook.url, bundle.context("no bundle")?));

    let wanted = register::build(&registration)?;
    let current = apply(&client, &wanted).await?;
    ensure!(!register::diff(&current, &wanted), "what the API server holds differs: {current:#}");
    webhook.is_asked(&client).await?;

    let users = Users::new(control_plane).await?;
    let requests = requests(&client).await?;
    let mut faults = Vec::new();
    for request in &requests {
        webhook.forget();
        if let Err(error) = request.make(&client, &users, &webhook).await {
            faults.push(format!("{}: {error:#}", request.name));
        }
    }
    ensure!(faults.is_empty(), "{} of {} requests:\n{}", faults.len(), requests.len(), faults.join("\n"));

    foreign_changes_are_noticed(&client, &wanted).await?;
    webhook.stop().await?;
    without_surety(&client, &users).await
}

/// What applying again takes back is told apart from what it cannot.
async fn foreign_changes_are_noticed(client: &Client, wanted: &Value) -> Result<()> {
    let current = serde_json::to_value(registrations(client).get("surety").await?)?;
    let mut weakened = current.clone();
    weakened["webhooks"][0]["failurePolicy"] = json!("Ignore");
    weakened["webhooks"][0]["objectSelector"] = json!({"matchLabels": {"a": "b"}});
    let weakened = replace(client, weakened).await?;
    ensure!(register::difference(&weakened, wanted) == Difference::Applied);
    ensure!(!register::diff(&apply(client, wanted).await?, wanted), "applying did not take it back");

    let mut blinded = serde_json::to_value(registrations(client).get("surety").await?)?;
    let conditions = blinded.pointer_mut("/webhooks/0/matchConditions").and_then(Value::as_array_mut);
    conditions.context("no conditions")?.push(json!({"name": "none", "expression": "false"}));
    let blinded = replace(client, blinded).await?;
    ensure!(register::difference(&blinded, wanted) == Difference::Added);
    ensure!(register::diff(&apply(client, wanted).await?, wanted), "applying took back what it never owned");
    let mut replaced = wanted.clone();
    replaced["metadata"]["resourceVersion"] =
        registrations(client).get("surety").await?.metadata.resource_version.into();
    ensure!(!register::diff(&replace(client, replaced).await?, wanted), "replacing did not take it back");
    Ok(())
}

async fn replace(client: &Client, object: Value) -> Result<Value> {
    let object: DynamicObject = serde_json::from_value(object)?;
    let replaced =
        registrations(client).replace("surety", &kube::api::PostParams::default(), &object).await?;
    Ok(serde_json::to_value(replaced)?)
}

/// Nobody listens: people wait, the control plane and the engine do not.
async fn without_surety(client: &Client, users: &Users) -> Result<()> {
    let text = std::fs::read_to_string(repository("tests/data/registration/without-surety.yaml"))?;
    let requests: Vec<Request> = serde_saphyr::from_str(&text)?;
    let mut faults = Vec::new();
    for request in &requests {
        if let Err(error) = request.make_unanswered(client, users).await {
            faults.push(format!("{}: {error:#}", request.name));
        }
    }
    ensure!(faults.is_empty(), "without Surety:\n{}", faults.join("\n"));
    Ok(())
}

/// A configuration that the API server refuses would be noticed only in a cluster.
#[tokio::test]
async fn the_registration_with_a_service_is_taken_too() -> Result<()> {
    let control_plane = ControlPlane::start(Options::default()).await?;
    let client = control_plane.client().await?;
    let service = register::Client::Service {
        namespace: "surety-system".into(),
        name: "surety-webhook".into(),
        port: 443,
    };
    let premises = Premises { client: service, ca_bundle: None, ..premises("", String::new()) };
    let wanted = register::build(&register::registration(&premises).paused())?;
    let current = apply(&client, &wanted).await?;
    ensure!(!register::diff(&current, &wanted), "{current:#}");
    Ok(())
}
