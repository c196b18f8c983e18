//! `surety check --cluster` against a real API server on which nothing of Surety is installed, with the credentials of a
//! ServiceAccount that may only list.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::audit::AuditLog;
use e2e::surety::program;
use e2e::world::{eventually, install_crds, repository};
use e2e::{ControlPlane, Options};
use serde_json::Value;
use tokio::process::Command;
use tokio::sync::OnceCell;

const SOON: Duration = Duration::from_secs(30);

/// What a platform has before anybody has heard of Surety: three namespaces, one of them with an offender.
const BEFORE: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop-prod, labels: {customer: shop}}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop-test, labels: {customer: shop}}
---
apiVersion: v1
kind: Namespace
metadata: {name: blog, labels: {pod-security.kubernetes.io/enforce: baseline}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop-prod}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      hostNetwork: true
      containers: [{name: web, image: web}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: blog, namespace: blog}
spec:
  replicas: 0
  selector: {matchLabels: {app: blog}}
  template:
    metadata: {labels: {app: blog}}
    spec:
      containers: [{name: blog, image: blog}]
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: plain}
provisioner: example.com/plain
---
apiVersion: v1
kind: Namespace
metadata: {name: readers}
";

/// A ServiceAccount that may list these, and nothing else.
fn reader(name: &str, rules: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}, namespace: readers}}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {name}}}\nrules:\n{rules}---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: {name}}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {name}}}\n\
         subjects: [{{kind: ServiceAccount, name: {name}, namespace: readers}}]\n"
    )
}

fn list_only(core: &str) -> String {
    let rule = |groups: &str, resources: &str| {
        format!("- {{apiGroups: [{groups}], resources: [{resources}], verbs: [list]}}\n")
    };
    [
        rule("''", core),
        rule("apps", "deployments, statefulsets, daemonsets, replicasets"),
        rule("batch", "jobs, cronjobs"),
        rule("storage.k8s.io", "storageclasses"),
        rule("networking.k8s.io", "ingresses, networkpolicies"),
    ]
    .concat()
}

const CORE: &str =
    "namespaces, pods, replicationcontrollers, persistentvolumeclaims, persistentvolumes, services";

async fn cluster() -> Result<&'static ControlPlane> {
    static CLUSTER: OnceCell<ControlPlane> = OnceCell::const_new();
    let started = CLUSTER.get_or_try_init(async || {
        let control_plane = ControlPlane::start(Options { audit: true, ..Options::default() }).await?;
        let kubectl = control_plane.kubectl();
        kubectl.apply_text(BEFORE).await?.success()?;
        kubectl.apply_text(&reader("auditor", &list_only(CORE))).await?.success()?;
        let without_pods = CORE.replace("pods, ", "");
        kubectl.apply_text(&reader("half", &list_only(&without_pods))).await?.success()?;
        kubectl.apply_text(&reader("stranger", &list_only("services"))).await?.success()?;
        anyhow::Ok(control_plane)
    });
    started.await
}

/// A kubeconfig with a token of a ServiceAccount.
async fn kubeconfig_of(control_plane: &ControlPlane, account: &str) -> Result<PathBuf> {
    let token = eventually(SOON, "a token", async || {
        let output = control_plane.kubectl().run(&["create", "token", account, "-n", "readers"]).await?;
        Ok((output.code == Some(0)).then(|| output.stdout.trim().to_owned()))
    })
    .await?;
    let text = std::fs::read_to_string(control_plane.kubeconfig())?;
    let mut config: Value = serde_saphyr::from_str(&text)?;
    *config.pointer_mut("/users/0/user").context("no user")? = serde_json::json!({ "token": token });
    let path =
        control_plane.sandbox().folder().join(format!("{account}-{}.kubeconfig", e2e::world::unique("k")));
    std::fs::write(&path, serde_json::to_vec(&config)?)?;
    Ok(path)
}

async fn check(kubeconfig: &Path, words: &str) -> Result<Output> {
    let mut command = Command::new(program().await?);
    command.args(["check", "--cluster", "--kubeconfig"]).arg(kubeconfig).args(words.split_whitespace());
    command.current_dir(repository("")).env_remove("KUBECONFIG");
    Ok(command.output().await?)
}

fn json(output: &Output) -> Result<Value> {
    serde_json::from_slice(&output.stdout).with_context(|| format!("{output:?}"))
}

fn row<'r>(report: &'r Value, namespace: &str) -> &'r Value {
    let rows = report["namespaces"].as_array().unwrap();
    rows.iter().find(|row| row["namespace"] == namespace).unwrap_or(&Value::Null)
}

fn controls_against(report: &Value, part: &str, kind: &str, name: &str) -> BTreeSet<String> {
    let findings = report[part].as_array().unwrap().iter();
    let of_object =
        findings.filter(|finding| finding["object"]["kind"] == kind && finding["object"]["name"] == name);
    of_object.map(|finding| finding["control"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_would_be_refused_is_told_for_each_namespace_by_reading_alone() -> Result<()> {
    let control_plane = cluster().await?;
    let audit = AuditLog::of(control_plane)?;
    let kubeconfig = kubeconfig_of(control_plane, "auditor").await?;
    let output = check(&kubeconfig, "--profile msp-assurance -o json").await?;
    ensure!(output.status.code() == Some(1), "{output:?}");
    let report = json(&output)?;
    let shop = row(&report, "shop-prod");
    ensure!(shop["tenant"] == "shop-prod" && shop["refused"].as_u64() >= Some(1), "{shop}");
    let refused = controls_against(&report, "violations", "Deployment", "web");
    ensure!(refused.contains("isolation.host-access"), "{refused:?}");
    ensure!(row(&report, "blog")["refused"] == 0, "{}", row(&report, "blog"));
    for system in ["kube-system", "kube-public"] {
        ensure!(row(&report, system).is_null(), "{system} is nobody's");
    }
    let unlabelled = controls_against(&report, "violations", "Namespace", "shop-test");
    ensure!(unlabelled.contains("isolation.pod-security"), "{unlabelled:?}");
    // Velero is not there: absent, not unknown, though the account may not ask for its objects.
    let unlisted: BTreeSet<&str> =
        report["unlisted"].as_object().unwrap().keys().map(String::as_str).collect();
    ensure!(unlisted == BTreeSet::from(["customresourcedefinitions"]), "{unlisted:?}");

    let account = "system:serviceaccount:readers:auditor";
    let own = audit.since(0)?.into_iter().filter(|request| request.user.username == account);
    let verbs: BTreeSet<String> = own.map(|request| request.verb).collect();
    ensure!(verbs.is_subset(&BTreeSet::from(["get".to_owned(), "list".to_owned()])), "{verbs:?}");
    ensure!(verbs.contains("list"), "{verbs:?}");
    Ok(())
}

#[tokio::test]
async fn namespaces_become_tenants_as_they_are_labelled_or_selected() -> Result<()> {
    let kubeconfig = kubeconfig_of(cluster().await?, "auditor").await?;
    let by_label =
        json(&check(&kubeconfig, "--profile msp-assurance -o json --tenant-label customer").await?)?;
    ensure!(row(&by_label, "shop-prod")["tenant"] == "shop", "{by_label}");
    ensure!(row(&by_label, "blog").is_null(), "without the label it is nobody's");
    let selected = json(&check(&kubeconfig, "--profile msp-assurance -o json -l customer!=shop").await?)?;
    ensure!(row(&selected, "shop-prod").is_null() && !row(&selected, "blog").is_null(), "{selected}");
    let wrong = check(&kubeconfig, "--profile msp-assurance -l a==b==c").await?;
    ensure!(wrong.status.code() == Some(2), "{wrong:?}");
    ensure!(String::from_utf8_lossy(&wrong.stderr).contains("--selector: found `a==b==c`"), "{wrong:?}");
    Ok(())
}

#[tokio::test]
async fn the_table_counts_by_namespace_and_by_control() -> Result<()> {
    let kubeconfig = kubeconfig_of(cluster().await?, "auditor").await?;
    let output = check(&kubeconfig, "--profile msp-assurance").await?;
    let text = String::from_utf8(output.stdout)?;
    ensure!(text.starts_with("NAMESPACE"), "{text}");
    ensure!(text.lines().any(|line| line.starts_with("shop-prod ")), "{text}");
    ensure!(text.lines().any(|line| line.starts_with("isolation.host-access ")), "{text}");
    ensure!(text.lines().last().is_some_and(|line| line.starts_with("not conforming: ")), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_kind_that_may_not_be_read_is_unknown_and_told() -> Result<()> {
    let kubeconfig = kubeconfig_of(cluster().await?, "half").await?;
    let output = check(&kubeconfig, "--profile msp-assurance -o json").await?;
    let report = json(&output)?;
    ensure!(report["unlisted"]["pods"].as_str().is_some_and(|why| why.contains("cannot list")), "{report}");
    let unknown = controls_against(&report, "unknown", "Deployment", "web");
    ensure!(unknown.contains("isolation.host-access"), "{report}");
    ensure!(report["unknown"][0]["fix"].as_str().is_some_and(|fix| fix.contains("credentials")), "{report}");
    Ok(())
}

#[tokio::test]
async fn without_namespaces_there_is_nothing_to_tell() -> Result<()> {
    let control_plane = cluster().await?;
    let kubeconfig = kubeconfig_of(control_plane, "stranger").await?;
    let output = check(&kubeconfig, "--profile msp-assurance").await?;
    let told = String::from_utf8(output.stderr)?;
    ensure!(output.status.code() == Some(2), "{told}");
    ensure!(
        told.contains("the namespaces of the cluster cannot be listed") && told.lines().count() == 1,
        "{told}"
    );
    let bare = check(&kubeconfig_of(control_plane, "auditor").await?, "").await?;
    let told = String::from_utf8(bare.stderr)?;
    ensure!(bare.status.code() == Some(2) && told.contains("name a profile with --profile"), "{told}");
    Ok(())
}

#[tokio::test]
async fn manifests_are_judged_in_the_light_of_the_cluster() -> Result<()> {
    let control_plane = cluster().await?;
    let kubeconfig = kubeconfig_of(control_plane, "auditor").await?;
    let claim = control_plane.sandbox().folder().join("claim.yaml");
    std::fs::write(
        &claim,
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: blog}\n\
         spec: {storageClassName: plain}\n",
    )?;
    let words = format!("{} --profile msp-assurance -o json", claim.display());
    let report = json(&check(&kubeconfig, &words).await?)?;
    ensure!(report["summary"]["objects"] == 1, "{report}");
    let told = ["violations", "unknown"].map(|part| report[part].as_array().unwrap().clone()).concat();
    ensure!(told.iter().all(|finding| finding["notInTheseFiles"].is_null()), "{report}");
    ensure!(
        told.iter().all(|finding| finding["object"]["name"] == "data"),
        "the others are not asked about: {report}"
    );
    ensure!(told.iter().any(|finding| finding["control"] == "encryption.storage"), "{report}");
    Ok(())
}

#[tokio::test]
async fn what_is_asked_of_a_tenant_is_told_alike_by_a_cluster_and_by_files() -> Result<()> {
    let control_plane = ControlPlane::start(Options::default()).await?;
    let (kubectl, data) = (control_plane.kubectl(), repository("tests/data/effective"));
    install_crds(&kubectl, &repository("crds")).await?;
    kubectl.apply_file(&data).await?.success()?;
    let ask = async |words: &[&OsStr]| -> Result<Value> {
        let mut command = Command::new(program().await?);
        json(&command.args(["effective", "acme", "--output", "json"]).args(words).output().await?)
    };
    let kubeconfig = control_plane.kubeconfig().as_os_str();
    let asked = ask(&["--cluster".as_ref(), "--kubeconfig".as_ref(), kubeconfig]).await?;
    let written = ask(&[data.as_os_str()]).await?;
    ensure!(asked == written, "{asked}\n{written}");
    Ok(())
}
