//! A release from its installation to its end.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::kubectl::Kubectl;
use e2e::stories::{SOON, admitted, refused};
use e2e::surety::Installation;
use e2e::world::{eventually, repository};
use serde_json::Value;

use super::{Cluster, chart};

const NAMESPACE: &str = "surety-system";
pub const REGISTRATION: &str = "validatingwebhookconfiguration/surety";
const FIRST: [&str; 2] = ["webhook.breakGlassGroups={emergency}", "rbac.managedIsolation=true"];

pub async fn a_release_is_upgraded_and_rolled_back_and_when_it_goes_blocks_nothing_though_surety_is_dead(
    cluster: &Cluster,
) -> Result<()> {
    let kubectl = &cluster.kubectl;
    kubectl.apply_text(OWN_NAMESPACE).await?.success()?;
    cluster.release(&["install", "surety", &chart()?], &FIRST).await?;
    pods_are_let_in_by_pod_security(kubectl).await?;
    kubectl.must(&["get", "tenant/surety-canary", "namespace/surety-canary"]).await?;
    let inside =
        ["get", "service/surety-canary", "networkpolicy/surety-canary", "--namespace", "surety-canary"];
    kubectl.must(&inside).await?;
    kubectl.must(&["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"]).await?;
    let mut surety = cluster.start().await?;
    is_owned_and_says(kubectl, "Fail").await?;
    kubectl.apply_text(PROMISE).await?.success()?;
    refuses(kubectl).await?;

    let next = tempfile::tempdir()?;
    let next_chart = chart_of_the_next_version(next.path())?;
    let closed = [FIRST.as_slice(), &["webhook.conform.failurePolicy=Ignore"]].concat();
    cluster.release(&["upgrade", "surety", &next_chart], &closed).await?;
    cluster.restart(&mut surety).await?;
    is_owned_and_says(kubectl, "Ignore").await?;
    refuses(kubectl).await?;
    let nickname = ["patch", "tenant/acme", "--type=merge", "--patch", r#"{"spec":{"nickname":"A"}}"#];
    kubectl.must(&nickname).await?;
    let told = kubectl.must(&["get", "tenant/acme", "-o", "jsonpath={.spec.nickname}"]).await?;
    ensure!(told == "A", "a field of the next version is kept as {told:?}");

    cluster.release(&["rollback", "surety", "1"], &[]).await?;
    cluster.restart(&mut surety).await?;
    is_owned_and_says(kubectl, "Fail").await?;
    refuses(kubectl).await?;
    let told = kubectl.must(&["get", "tenant/acme", "-o", "jsonpath={.spec.nickname}"]).await?;
    ensure!(told.is_empty(), "the version before knows no nickname, and gives {told:?}");

    surety.kill(1)?;
    surety.kill(0)?;
    let closed = kubectl.apply_text(OFFENDER).await?;
    ensure!(closed.code != Some(0) && closed.stderr.contains("failed calling webhook"), "{closed:?}");
    cluster.release(&["uninstall", "surety"], &[]).await?;
    is_gone_and_blocks_nothing(kubectl).await?;
    what_was_declared_is_there_for_the_next_release(cluster).await
}

/// A release in which Surety lives goes as well, and Surety, which has lost its rights, does not register itself again.
async fn what_was_declared_is_there_for_the_next_release(cluster: &Cluster) -> Result<()> {
    let kubectl = &cluster.kubectl;
    kubectl.must(&["get", "tenant/acme", "profile/acme"]).await?;
    cluster.release(&["install", "surety", &chart()?], &FIRST).await?;
    let surety = cluster.start().await?;
    is_owned_and_says(kubectl, "Fail").await?;
    cluster.release(&["uninstall", "surety"], &[]).await?;
    is_gone_and_blocks_nothing(kubectl).await?;
    for replica in surety.replicas() {
        eventually(SOON, "a Surety without rights", async || {
            Ok(replica.output().contains("the webhook registration could not be looked at").then_some(()))
        })
        .await?;
    }
    is_gone_and_blocks_nothing(kubectl).await
}

impl Cluster {
    /// helm in Surety's namespace with values.
    pub async fn release(&self, words: &[&str], values: &[&str]) -> Result<String> {
        let values = values.iter().flat_map(|value| ["--set", value]);
        let words: Vec<&str> =
            words.iter().copied().chain(["--namespace", NAMESPACE]).chain(values).collect();
        Ok(self.helm.must(&words).await?)
    }

    /// Two replicas as the Deployment says, with the rights of its ServiceAccount.
    pub async fn start(&self) -> Result<Installation<'_>> {
        self.start_with(&str::to_owned).await
    }

    /// The same with arguments changed to what holds outside of a pod.
    pub async fn start_with(&self, changed: &dyn Fn(&str) -> String) -> Result<Installation<'_>> {
        let arguments = arguments_of_the_deployment(&self.kubectl).await?;
        let arguments = arguments.iter().map(|argument| changed(argument)).collect();
        let mut surety = Installation::start_with(&self.control_plane, 2, arguments).await?;
        surety.ready(SOON).await?;
        Ok(surety)
    }

    /// One replica at a time, as a rolling update does.
    pub async fn restart(&self, surety: &mut Installation<'_>) -> Result<()> {
        surety.tell(arguments_of_the_deployment(&self.kubectl).await?);
        for _ in 0..2 {
            surety.add()?;
            surety.ready(SOON).await?;
            surety.stop(0).await?;
        }
        Ok(())
    }
}

/// What the harness says itself, because pods do not run here: addresses, and what the registration belongs to.
const OF_THE_HARNESS: [&str; 5] =
    ["--listen=", "--metrics-listen=", "--webhook-service=", "--webhook-port=", "--owner-cluster-role="];

async fn arguments_of_the_deployment(kubectl: &Kubectl) -> Result<Vec<String>> {
    let pointer = "jsonpath={.spec.template.spec.containers[0].args}";
    let text = kubectl.must(&["get", "deployment/surety", "--namespace", NAMESPACE, "-o", pointer]).await?;
    let arguments: Vec<String> = serde_json::from_str(&text)?;
    for prefix in OF_THE_HARNESS {
        ensure!(arguments.iter().any(|argument| argument.starts_with(prefix)), "no {prefix} in {text}");
    }
    let (run, rest) = arguments.split_first().context("the container has no arguments")?;
    ensure!(run == "run", "the container runs {run}");
    let others =
        rest.iter().filter(|argument| !OF_THE_HARNESS.iter().any(|prefix| argument.starts_with(prefix)));
    Ok(others.cloned().collect())
}

/// Pods that pod security refuses are never made.
async fn pods_are_let_in_by_pod_security(kubectl: &Kubectl) -> Result<()> {
    eventually(SOON, "two pods under the level restricted", async || {
        let names = kubectl.must(&["get", "pods", "--namespace", NAMESPACE, "-o", "name"]).await?;
        ensure!(names.lines().count() == 2, "there are {names:?}");
        Ok(Some(()))
    })
    .await
}

async fn is_owned_and_says(kubectl: &Kubectl, failure_policy: &str) -> Result<()> {
    eventually(SOON, "the registration", async || {
        let found: Value = serde_json::from_str(&kubectl.must(&["get", REGISTRATION, "-o", "json"]).await?)?;
        let owner = found.pointer("/metadata/ownerReferences/0/name").and_then(Value::as_str);
        ensure!(owner == Some("surety-register"), "it belongs to {owner:?}");
        let entries = found.get("webhooks").and_then(Value::as_array).context("it has no entries")?;
        let conform = entries.iter().find(|entry| entry.get("name") == Some(&"conform.surety.dev".into()));
        let policy = conform.and_then(|entry| entry.get("failurePolicy")).and_then(Value::as_str);
        ensure!(policy == Some(failure_policy), "conform says {policy:?}");
        Ok(Some(()))
    })
    .await
}

pub async fn refuses(kubectl: &Kubectl) -> Result<()> {
    eventually(SOON, "a refusal", async || {
        refused(&dry_run(kubectl, OFFENDER).await?, &["isolation.host-access"])?;
        admitted(&dry_run(kubectl, CONFORMING).await?)?;
        Ok(Some(()))
    })
    .await
}

pub async fn dry_run(kubectl: &Kubectl, yaml: &str) -> Result<e2e::cli::Output> {
    Ok(kubectl.run_with_input(&["apply", "--dry-run=server", "--filename", "-"], yaml).await?)
}

/// The registration goes with the release's ClusterRole, and what it guarded can be written; what was declared stays.
async fn is_gone_and_blocks_nothing(kubectl: &Kubectl) -> Result<()> {
    eventually(Duration::from_mins(1), "an end of the registration", async || {
        let found = kubectl.run(&["get", REGISTRATION]).await?;
        ensure!(found.stderr.contains("NotFound"), "{found:?}");
        let written = dry_run(kubectl, OFFENDER).await?;
        ensure!(written.code == Some(0), "{written:?}");
        Ok(Some(()))
    })
    .await?;
    kubectl
        .must(&["label", "namespace/acme", "--overwrite", "touched=yes", "surety.dev/tenant=acme"])
        .await?;
    kubectl.must(&["get", "tenant/acme", "profile/acme"]).await?;
    let definitions = kubectl.must(&["get", "crd", "-o", "name"]).await?;
    let own = definitions.lines().filter(|name| name.ends_with(".surety.dev")).count();
    let shipped = fs::read_dir(repository("charts/surety/files/crds"))?.count();
    ensure!(own == shipped, "{own} of {shipped} definitions are left");
    let left = ["get", "clusterroles,clusterrolebindings,priorityclasses", "-o", "name"];
    let left = kubectl.must(&left).await?;
    ensure!(!left.contains("/surety"), "helm left {left}");
    Ok(())
}

/// The chart as it may be in its next version: a Tenant has a field more.
fn chart_of_the_next_version(folder: &Path) -> Result<String> {
    copy(&repository("charts/surety"), folder)?;
    replace(&folder.join("Chart.yaml"), "\nversion: 0.1.0", "\nversion: 0.1.1")?;
    let (display_name, nickname) =
        ("              displayName:\n", "              nickname: {type: string, maxLength: 9}\n");
    let definition = folder.join("files/crds/tenants.surety.dev.yaml");
    replace(&definition, display_name, &format!("{nickname}{display_name}"))?;
    Ok(folder.to_str().context("the folder's name is not UTF-8")?.to_owned())
}

fn replace(path: &Path, old: &str, new: &str) -> Result<()> {
    let text = fs::read_to_string(path)?;
    ensure!(text.contains(old), "{} has no {old:?}", path.display());
    Ok(fs::write(path, text.replacen(old, new, 1))?)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (entry, target) = (entry?, to);
        let target = target.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

pub const OWN_NAMESPACE: &str = include_str!("../../data/release/namespace.yaml");

pub const PROMISE: &str = include_str!("../../data/release/promise.yaml");

pub const OFFENDER: &str = include_str!("../../data/release/offender.yaml");

const CONFORMING: &str = include_str!("../../data/release/conforming.yaml");
