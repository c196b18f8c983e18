//! What the chart renders, before anything is installed.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use e2e::cli::Output;
use e2e::definitions;
use e2e::world::repository;
use serde_json::Value;

use super::{Cluster, chart};

const GOLDEN: &str = "tests/golden/chart.yaml";
const NAMESPACE: &str = "rendered";

/// Ways to install it that have to work, by name.
const WAYS: [(&str, &[&str]); 6] = [
    ("by default", &[]),
    (
        "with as few rights as can be",
        &[
            "rbac.registration=false",
            "rbac.observed=false",
            "rbac.roles=false",
            "canary.create=false",
            "engines.velero.enabled=false",
            "crds.install=false",
            "podDisruptionBudget.enabled=false",
            "networkPolicy.enabled=false",
            "priorityClass.create=false",
        ],
    ),
    (
        "with everything",
        &[
            "rbac.managedIsolation=true",
            "engines.velero.managed=true",
            "webhook.conform.failurePolicy=Ignore",
            "webhook.breakGlassGroups={emergency,on-call}",
            "webhook.pausedUntil=2026-01-02T03:00:00Z",
            "csiDrivers.serviceAccounts={ebs-csi:controller}",
            "threads=2",
            "replicas=3",
            "image.tag=9.9.9",
            "imagePullSecrets[0].name=registry",
            "serviceAccount.annotations.owner=platform",
            "commonLabels.team=platform",
            "podLabels.mesh=none",
            "podAnnotations.restart=never",
            "networkPolicy.apiServer.cidrs={10.0.0.1/32}",
            "networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.team=monitoring",
            "tenantViewers[0].tenant=acme",
            "tenantViewers[0].subjects[0].kind=Group",
            "tenantViewers[0].subjects[0].name=acme-admins",
            "tenantViewers[0].subjects[1].kind=ServiceAccount",
            "tenantViewers[0].subjects[1].name=portal",
            "tenantViewers[0].subjects[1].namespace=acme",
            "extraArgs={--kubeconfig=/k}",
            "extraEnv[0].name=A",
            "extraEnv[0].value=b",
            "tolerations[0].operator=Exists",
            "webhook.service.annotations.a=b",
        ],
    ),
    (
        "in the node's network, elsewhere",
        &[
            "webhook.hostNetwork=true",
            "webhook.port=19443",
            "metrics.port=18080",
            "webhook.service.port=8443",
            "image.digest=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "priorityClass.name=system-cluster-critical",
            "serviceAccount.create=false",
            "serviceAccount.name=other",
        ],
    ),
    (
        "with files of cert-manager and a monitor of pods",
        &[
            "certificates.certManager.enabled=true",
            "metrics.podMonitor.enabled=true",
            "metrics.podMonitor.labels.a=b",
        ],
    ),
    (
        "with files of an issuer of the cluster and a monitor of the Service",
        &[
            "certificates.certManager.enabled=true",
            "certificates.certManager.issuerRef.name=corporate",
            "certificates.certManager.issuerRef.kind=ClusterIssuer",
            "metrics.serviceMonitor.enabled=true",
            "metrics.serviceMonitor.labels.a=b",
        ],
    ),
];

pub async fn the_chart_is_linted_and_renders_by_default_what_is_in_the_golden_file(
    cluster: &Cluster,
) -> Result<()> {
    for (way, values) in WAYS {
        let linted = cluster.with(&["lint", "--strict", &chart()?, "--namespace", NAMESPACE], values).await?;
        linted.success().context(way)?;
    }
    // The definitions are compared with their source elsewhere.
    let rendered = cluster.render(&["crds.install=false"]).await?.success()?;
    let path = repository(GOLDEN);
    if std::env::var_os("SURETY_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        fs::write(&path, &rendered)?;
    }
    let golden = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let differing = rendered.lines().zip(golden.lines()).find(|(rendered, golden)| rendered != golden);
    ensure!(
        rendered == golden,
        "{GOLDEN} is out of date, first at {differing:?}; if that is meant, run this with SURETY_UPDATE_GOLDEN=1"
    );
    Ok(())
}

pub async fn every_object_of_every_way_to_install_is_taken_by_the_api_server(
    cluster: &Cluster,
) -> Result<()> {
    cluster.kubectl.must(&["create", "namespace", NAMESPACE]).await?;
    for others in [&definitions::CERT_MANAGER, &definitions::PROMETHEUS_OPERATOR] {
        definitions::install(&cluster.kubectl, others).await?;
    }
    for (way, values) in WAYS {
        let rendered = cluster.render(values).await?.success().context(way)?;
        let objects = objects(&rendered)?;
        is_understood_by_the_program(&objects).context(way)?;
        // Their namespace and kind are made with them; the story of a release has them made for real.
        let objects: Vec<Value> = objects.into_iter().filter(|object| !is_canary(object)).collect();
        let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects});
        let answer = cluster.kubectl.run_with_input(&DRY_RUN, &list.to_string()).await?;
        let warning = answer.stderr.lines().find(|line| line.starts_with("Warning")).map(str::to_owned);
        let taken = answer.success().context(way)?;
        ensure!(warning.is_none(), "{way}: {warning:?}");
        ensure!(
            taken.lines().count() == objects.len(),
            "{way}: {} objects, and the server says {taken}",
            objects.len()
        );
    }
    Ok(())
}

/// Whether it is of what enforcement is proved by, roles aside.
fn is_canary(object: &Value) -> bool {
    let is_role = object["kind"].as_str().is_some_and(|kind| kind.starts_with("ClusterRole"));
    let names = ["/metadata/name", "/metadata/namespace"].map(|pointer| object.pointer(pointer));
    !is_role && names.iter().any(|name| name.is_some_and(|name| name == "surety-canary"))
}

/// The arguments of the container, as the program itself reads them.
fn is_understood_by_the_program(objects: &[Value]) -> Result<()> {
    let arguments = objects.iter().find_map(|object| object.pointer("/spec/template/spec/containers/0/args"));
    let arguments: Vec<String> = serde_json::from_value(arguments.context("no container")?.clone())?;
    surety::cli::Cli::try_parse_from(std::iter::once("surety".to_owned()).chain(arguments))?;
    Ok(())
}

/// Beside this story another one may have it all installed.
const DRY_RUN: [&str; 7] = [
    "apply",
    "--server-side",
    "--force-conflicts",
    "--dry-run=server",
    "--validate=strict",
    "--filename",
    "-",
];

pub async fn the_rendered_rules_are_those_of_the_shipped_roles_and_no_others(
    cluster: &Cluster,
) -> Result<()> {
    let everything = ["rbac.managedIsolation=true", "engines.velero.managed=true", "rbac.roles=false"];
    let rendered = rules(&objects(&cluster.render(&everything).await?.success()?)?);
    let shipped = cluster.kubectl.must(&["kustomize", shipped_folder()?.as_str()]).await?;
    let shipped = rules(&objects(&shipped)?);
    ensure!(rendered == shipped, "the chart grants {rendered:#?}\nconfig/rbac grants {shipped:#?}");
    let least = [
        "rbac.registration=false",
        "rbac.observed=false",
        "canary.create=false",
        "engines.velero.enabled=false",
        "rbac.roles=false",
    ];
    let least = rules(&objects(&cluster.render(&least).await?.success()?)?);
    let names: Vec<&str> = least.keys().map(String::as_str).collect();
    ensure!(names == ["ClusterRole surety-read", "Role surety"], "{names:?}");
    Ok(())
}

pub async fn values_that_nobody_can_mean_are_refused_with_a_reason(cluster: &Cluster) -> Result<()> {
    for (value, reason) in [
        ("replica=3", "additional properties 'replica' not allowed"),
        ("webhook.conform.failurepolicy=Fail", "additional properties 'failurepolicy' not allowed"),
        ("replicas=0", "minimum: got 0, want 1"),
        ("webhook.conform.failurePolicy=Open", "value must be one of 'Fail', 'Ignore'"),
        ("webhook.pausedUntil=tomorrow", "does not match pattern"),
        ("engines.serviceAccounts={velero}", "does not match pattern"),
        ("webhook.breakGlassGroups={a\\,b}", "does not match pattern"),
        ("priorityClass.value=2000000000", "at '/priorityClass/value': maximum"),
        ("webhook.port=443", "minimum: got 443, want 1,024"),
        ("terminationGracePeriodSeconds=5", "minimum: got 5, want 15"),
        ("metrics.port=9443", "webhook.port and metrics.port are both 9443"),
        ("engines.namespaces={rendered}", "what is there is never protected"),
        (
            "metrics.serviceMonitor.enabled=true,metrics.podMonitor.enabled=true",
            "every sample would be there twice",
        ),
        (
            "engines.velero.managed=true,engines.velero.enabled=false",
            "schedules are compared with what Velero did",
        ),
        ("tenantViewers[0].tenant=acme", "missing property 'subjects'"),
    ] {
        let said = cluster.render(&[value]).await?;
        ensure!(said.code != Some(0) && said.stderr.contains(reason), "{value}: {}", said.stderr);
    }
    let said = cluster.render_in("kube-system", &[]).await?;
    ensure!(
        said.code != Some(0) && said.stderr.contains("a namespace of its own, not kube-system"),
        "{said:?}"
    );
    Ok(())
}

impl Cluster {
    /// `helm template` with values.
    async fn render(&self, values: &[&str]) -> Result<Output> {
        self.render_in(NAMESPACE, values).await
    }

    /// The same for another namespace.
    pub async fn render_in(&self, namespace: &str, values: &[&str]) -> Result<Output> {
        // Without the server's version, as in a pipeline that renders for GitOps.
        let words = ["template", "surety", &chart()?, "--namespace", namespace, "--kube-version", "1.33.0"];
        self.with(&words, values).await
    }

    /// helm with values.
    async fn with(&self, words: &[&str], values: &[&str]) -> Result<Output> {
        let values = values.iter().flat_map(|value| ["--set", value]);
        let words: Vec<&str> = words.iter().copied().chain(values).collect();
        Ok(self.helm.run(&words).await?)
    }
}

/// The objects of a rendering.
fn objects(rendered: &str) -> Result<Vec<Value>> {
    let all: Vec<Value> = serde_saphyr::from_multiple(rendered).context("the rendering is no YAML")?;
    Ok(all.into_iter().filter(|object| !object.is_null()).collect())
}

/// Rules by role.
fn rules(objects: &[Value]) -> BTreeMap<String, Value> {
    let text = |object: &Value, pointer: &str| {
        object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let roles = objects.iter().filter(|object| text(object, "/kind").ends_with("Role"));
    roles
        .map(|role| {
            let name = format!("{} {}", text(role, "/kind"), text(role, "/metadata/name"));
            (name, role.get("rules").cloned().unwrap_or_default())
        })
        .collect()
}

fn shipped_folder() -> Result<String> {
    let folder = repository("config/rbac");
    Ok(folder.to_str().context("the folder's name is not UTF-8")?.to_owned())
}
