//! The harness itself: what a story may rely on.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use e2e::audit::{Access, AuditLog};
use e2e::world::{eventually, install_crds, unique};
use e2e::{ControlPlane, Options, metrics};
use k8s_openapi::api::core::v1::{ConfigMap, LimitRange, Namespace, ServiceAccount};
use kube::Api;
use kube::api::{DynamicObject, ListParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

const SOON: Duration = Duration::from_secs(30);

async fn namespace(control_plane: &ControlPlane) -> Result<String> {
    let name = unique("harness");
    let namespace: Namespace = serde_json::from_value(json!({ "metadata": { "name": name } }))?;
    Api::all(control_plane.client().await?).create(&PostParams::default(), &namespace).await?;
    Ok(name)
}

fn config_map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({ "metadata": { "name": name }, "data": { "key": "value" } })).unwrap()
}

fn refusal_code<T>(result: kube::Result<T>) -> Option<u16> {
    match result {
        Err(kube::Error::Api(status)) => Some(status.code),
        _ => None,
    }
}

#[tokio::test]
async fn a_namespace_gets_its_default_service_account() -> Result<()> {
    let control_plane = ControlPlane::shared().await?;
    let name = namespace(control_plane).await?;
    let accounts: Api<ServiceAccount> = Api::namespaced(control_plane.client().await?, &name);
    eventually(SOON, "the default service account", async || Ok(accounts.get_opt("default").await?)).await?;
    Ok(())
}

#[tokio::test]
async fn the_stamped_version_is_served() -> Result<()> {
    let control_plane = ControlPlane::shared().await?;
    let version = control_plane.client().await?.apiserver_version().await?;
    ensure!(version.major == "1" && version.git_version.starts_with("v1."), "{version:?}");
    Ok(())
}

#[tokio::test]
async fn rbac_refuses_who_was_granted_nothing() -> Result<()> {
    let control_plane = ControlPlane::shared().await?;
    let name = namespace(control_plane).await?;
    let stranger = control_plane.client_for("stranger", &["nobodies"]).await?;
    let maps: Api<ConfigMap> = Api::namespaced(stranger, &name);
    assert_eq!(refusal_code(maps.list(&ListParams::default()).await), Some(403));
    assert_eq!(refusal_code(maps.create(&PostParams::default(), &config_map("own")).await), Some(403));
    Ok(())
}

#[tokio::test]
async fn rbac_grants_to_users_and_to_each_of_their_groups() -> Result<()> {
    let control_plane = ControlPlane::shared().await?;
    let kubectl = control_plane.kubectl();
    for (kind, subject) in [("--user", "jo"), ("--group", "first"), ("--group", "second")] {
        let name = namespace(control_plane).await?;
        let grant = ["create", "rolebinding", "readers", "--clusterrole=view", kind, subject, "-n", &name];
        kubectl.must(&grant).await?;
        let client = control_plane.client_for("jo", &["first", "second"]).await?;
        let maps: Api<ConfigMap> = Api::namespaced(client, &name);
        let list = async || Ok(Some(maps.list(&ListParams::default()).await?));
        eventually(SOON, subject, list).await?;
        assert_eq!(refusal_code(maps.create(&PostParams::default(), &config_map("own")).await), Some(403));
    }
    Ok(())
}

#[tokio::test]
async fn a_crd_can_be_installed_and_used() -> Result<()> {
    let control_plane = ControlPlane::shared().await?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("widgets.yaml"), WIDGETS)?;
    install_crds(&control_plane.kubectl(), folder.path()).await?;
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("harness.test", "v1", "Widget"));
    let widgets: Api<DynamicObject> = Api::all_with(control_plane.client().await?, &kind);
    let widget = |size| DynamicObject::new("one", &kind).data(json!({ "spec": { "size": size } }));
    assert_eq!(refusal_code(widgets.create(&PostParams::default(), &widget(0)).await), Some(422));
    widgets.create(&PostParams::default(), &widget(1)).await?;
    Ok(())
}

#[tokio::test]
async fn kubectl_applies_and_says_why_not() -> Result<()> {
    let control_plane = ControlPlane::shared().await?;
    let name = namespace(control_plane).await?;
    let kubectl = control_plane.kubectl();
    let good = format!(
        "{}\n",
        json!({ "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "applied", "namespace": name }, "data": { "key": "value" } })
    );
    let applied = kubectl.apply_text(&good).await?;
    assert_eq!((applied.code, applied.stdout.as_str()), (Some(0), "configmap/applied created\n"));
    let found =
        kubectl.must(&["get", "configmap", "applied", "-n", &name, "-o", "jsonpath={.data.key}"]).await?;
    assert_eq!(found, "value");
    let refused = kubectl.apply_text(&good.replace("applied", "Not A Name")).await?;
    assert_eq!(refused.code, Some(1));
    ensure!(refused.stderr.contains("is invalid"), "{}", refused.stderr);
    Ok(())
}

#[tokio::test]
async fn kubectl_can_be_somebody_else_and_a_hanging_command_ends() -> Result<()> {
    let control_plane = ControlPlane::shared().await?;
    let stranger = control_plane.kubectl_for("stranger", &[])?;
    let refused = stranger.run(&["get", "nodes"]).await?;
    ensure!(refused.code == Some(1) && refused.stderr.contains("\"stranger\" cannot list"), "{refused:?}");
    let watch = control_plane.kubectl().with_limit(Duration::from_secs(1));
    let outcome = watch.run(&["get", "namespaces", "--watch"]).await;
    ensure!(outcome.unwrap_err().to_string().contains("did not end within 1s"));
    Ok(())
}

#[tokio::test]
#[ignore = "builds helm, which takes minutes the first time; the stories about the chart need it"]
async fn helm_installs_a_chart() -> Result<()> {
    let control_plane = ControlPlane::shared().await?;
    let (name, helm) = (namespace(control_plane).await?, control_plane.helm().await?);
    let chart = tempfile::tempdir()?;
    std::fs::create_dir(chart.path().join("templates"))?;
    std::fs::write(chart.path().join("Chart.yaml"), "apiVersion: v2\nname: tiny\nversion: 0.1.0\n")?;
    let template = json!({ "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "{{ .Release.Name }}" }, "data": { "server": "{{ .Capabilities.KubeVersion }}" } });
    std::fs::write(chart.path().join("templates/map.json"), template.to_string())?;
    let path = chart.path().to_str().context("the folder's name is not UTF-8")?;
    helm.must(&["install", "released", path, "--namespace", &name]).await?;
    let maps: Api<ConfigMap> = Api::namespaced(control_plane.client().await?, &name);
    let server = maps.get("released").await?.data.unwrap_or_default();
    ensure!(server.get("server").is_some_and(|version| version.starts_with("v1.")), "{server:?}");
    Ok(())
}

#[tokio::test]
async fn the_audit_log_tells_who_asked_for_what_also_in_vain() -> Result<()> {
    let control_plane = ControlPlane::shared().await?;
    let log = AuditLog::of(control_plane)?;
    let before = log.position()?;
    control_plane.kubectl_for("audited", &[])?.run(&["get", "limitranges"]).await?;
    let [user, verb, group, resource] = ["audited", "list", "", "limitranges"].map(str::to_owned);
    ensure!(log.accesses("audited", before)?.contains(&Access { user, verb, group, resource }));
    Ok(())
}

#[tokio::test]
async fn the_metrics_count_the_requests_that_were_allowed() -> Result<()> {
    let control_plane = ControlPlane::shared().await?;
    let (name, client) = (namespace(control_plane).await?, control_plane.client().await?);
    let count = async || -> Result<f64> {
        let labels = [("verb", "POST"), ("resource", "limitranges"), ("code", "201")];
        Ok(metrics::of_apiserver(&client).await?.sum("apiserver_request_total", &labels))
    };
    let before = count().await?;
    let range: LimitRange = serde_json::from_value(json!({ "metadata": { "name": "counted" } }))?;
    Api::namespaced(client.clone(), &name).create(&PostParams::default(), &range).await?;
    assert!((count().await? - before - 1.0).abs() < f64::EPSILON);
    Ok(())
}

#[tokio::test]
async fn kubeconfigs_are_for_their_owner_only() -> Result<()> {
    let control_plane = ControlPlane::shared().await?;
    for kubeconfig in [control_plane.kubeconfig(), &control_plane.kubeconfig_for("jo", &[])?] {
        assert_eq!(std::fs::metadata(kubeconfig)?.permissions().mode() & 0o777, 0o600);
    }
    Ok(())
}

#[tokio::test]
async fn data_and_controllers_outlive_a_restart_of_the_api_server() -> Result<()> {
    let control_plane = ControlPlane::start(Options::default()).await?;
    let (name, client) = (namespace(&control_plane).await?, control_plane.client().await?);
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), &name);
    maps.create(&PostParams::default(), &config_map("kept")).await?;
    control_plane.stop_apiserver()?;
    assert!(maps.get("kept").await.is_err(), "nobody should answer");
    control_plane.start_apiserver().await?;
    maps.get("kept").await?;
    let later = namespace(&control_plane).await?;
    let accounts: Api<ServiceAccount> = Api::namespaced(client, &later);
    eventually(SOON, "a later service account", async || Ok(accounts.get_opt("default").await?)).await?;
    Ok(())
}

#[tokio::test]
async fn nothing_is_left_after_drop() -> Result<()> {
    let control_plane = ControlPlane::start(Options { scheduler: true, ..Options::default() }).await?;
    let folder = control_plane.sandbox().folder().to_owned();
    assert_eq!(
        programs_of(&folder)?,
        ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]
    );
    drop(control_plane);
    assert_eq!(programs_of(&folder)?, [""; 0]);
    assert!(!folder.exists());
    Ok(())
}

#[tokio::test]
async fn nothing_is_left_after_the_owner_was_killed_or_interrupted() -> Result<()> {
    for signal in [Signal::KILL, Signal::INT] {
        let mut owner = tokio::process::Command::new(env!("CARGO_BIN_EXE_control-plane"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let folder = announced_folder(&mut owner).await?;
        assert_eq!(programs_of(&folder)?.len(), 3);
        let id = owner.id().and_then(|id| Pid::from_raw(id.cast_signed())).context("it has ended")?;
        kill_process(id, signal)?;
        tokio::time::timeout(SOON, owner.wait()).await??;
        eventually(SOON, "an empty machine", async || {
            let left = programs_of(&folder)?;
            ensure!(left.is_empty() && !folder.exists(), "{left:?} in {}", folder.display());
            Ok(Some(()))
        })
        .await?;
    }
    Ok(())
}

/// What the control-plane program prints once it is ready, read to the last line: it ends when nobody reads on.
async fn announced_folder(owner: &mut tokio::process::Child) -> Result<PathBuf> {
    let mut lines = BufReader::new(owner.stdout.take().context("its output is not read")?).lines();
    let announcement = async {
        let mut folder = None;
        while let Some(line) = lines.next_line().await? {
            folder = line.strip_prefix("folder ").map(PathBuf::from).or(folder);
            if line.starts_with("Ctrl-C") {
                return folder.context("it names no folder");
            }
        }
        bail!("it ended before it was ready")
    };
    tokio::time::timeout(Duration::from_mins(10), announcement).await?
}

/// The names of the running programs that were started with this folder in their arguments.
fn programs_of(folder: &Path) -> Result<Vec<String>> {
    let listing = Command::new("ps").args(["-A", "-o", "args="]).output()?;
    let listing = String::from_utf8_lossy(&listing.stdout).into_owned();
    let folder = folder.to_str().context("the folder's name is not UTF-8")?;
    let started = listing.lines().filter(|line| line.contains(folder) && !line.starts_with("/bin/sh"));
    let program =
        |line: &str| line.split(' ').next().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
    let mut names: Vec<String> = started.filter_map(program).collect();
    names.sort();
    Ok(names)
}

const WIDGETS: &str = r"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.harness.test
spec:
  group: harness.test
  scope: Cluster
  names: { kind: Widget, plural: widgets, singular: widget }
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            properties:
              size: { type: integer, minimum: 1 }
";
