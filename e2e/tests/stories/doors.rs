//! Every door through which something that breaks a promise could come in.

use anyhow::{Context, Result};
use e2e::stories::{Ground, SOON, Stage, admitted, refused, warned};
use e2e::world::eventually;

const APPLICATION: &str = include_str!("../../data/application.yaml");
/// What every refusal says, beside promise, control and field: found, wanted, a fix, the way to a waiver.
const TEACHES: [&str; 4] = ["found ", "wanted ", "fix: ", "Waiver"];

const AT_REST: &str = "\"Stored data is encrypted with AES-256.\"";
const TLS: &str = "\"All traffic from outside is encrypted.\"";
const CREDENTIALS: &str = "\"No password lies in plain text.\"";
const APART: &str = "\"Customers are kept apart.\"";

/// One thing that is tried, and what the refusal names: control, promise, field.
struct Offence {
    /// The command; `-f -` reads the manifest.
    line: &'static str,
    manifest: String,
    names: [&'static str; 3],
}

fn offence(line: &'static str, manifest: &str, names: [&'static str; 3]) -> Offence {
    Offence { line, manifest: manifest.to_owned(), names }
}

async fn are_refused(ground: &Ground<'_>, offences: &[Offence]) -> Result<()> {
    for Offence { line, manifest, names } in offences {
        let output = ground.run_with(line, manifest).await?;
        let names = names.map(|name| ground.fill(name));
        let words: Vec<&str> = names.iter().map(String::as_str).chain(TEACHES).collect();
        refused(&output, &words).with_context(|| manifest.clone())?;
    }
    Ok(())
}

pub async fn a_conforming_application_goes_in_and_offenders_are_refused_at_every_door(
    stage: &Stage<'_>,
) -> Result<()> {
    let ground = Ground::new(stage, "doors").await?;
    admitted(&ground.apply(APPLICATION).await?)?;
    admitted(&ground.run("scale deployment web --replicas=3").await?)?;
    admitted(&ground.run("scale statefulset db --replicas=2").await?)?;
    are_refused(&ground, &by_template()).await?;
    are_refused(&ground, &by_command()).await?;
    are_refused(&ground, &at_the_edge()).await?;
    // All at once, each with its own promise.
    let worst = template(
        "apps/v1",
        "Deployment",
        "hostNetwork: true, containers: [{name: a, image: i, env: [{name: API_KEY, value: 'hunter2-9fK2'}]}]",
    );
    let said = refused(&ground.run_with("create -f -", &worst).await?, &[CREDENTIALS, APART])?;
    for control in ["isolation.host-access", "isolation.pod-security", "encryption.plaintext-credential"] {
        anyhow::ensure!(said.contains(&format!("[{control}]")), "{control} is not named: {said}");
    }
    // And nothing of what was refused is there.
    let left =
        ground.run("get deployments,statefulsets,daemonsets,replicasets,jobs,pods -l story=offender -o name");
    anyhow::ensure!(left.await?.stdout.is_empty(), "something is left");
    Ok(())
}

/// A workload with this pod spec.
fn template(version: &str, kind: &str, pod: &str) -> String {
    let labels = "{app: offender, story: offender}";
    let head =
        format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: offender, labels: {labels}}}\n");
    let template = format!("{{metadata: {{labels: {labels}}}, spec: {{{pod}}}}}");
    let selector = "selector: {matchLabels: {app: offender}}";
    let spec = match kind {
        "Pod" => format!("{{{pod}}}"),
        "Job" => format!("{{template: {template}}}"),
        "CronJob" => format!("{{schedule: '0 3 * * *', jobTemplate: {{spec: {{template: {template}}}}}}}"),
        "StatefulSet" => format!("{{serviceName: offender, {selector}, template: {template}}}"),
        "ReplicationController" => format!("{{selector: {{app: offender}}, template: {template}}}"),
        _ => format!("{{{selector}, template: {template}}}"),
    };
    format!("{head}spec: {spec}\n")
}

/// Every kind that carries a pod template, each with another offence.
fn by_template() -> Vec<Offence> {
    let container = "containers: [{name: a, image: i}]";
    let host = ["[isolation.host-access]", APART];
    let cases: [(&str, &str, String, [&'static str; 3]); 8] = [
        (
            "apps/v1",
            "Deployment",
            format!("{container}, volumes: [{{name: node, hostPath: {{path: /etc}}}}]"),
            [host[0], host[1], "spec.template.spec.volumes[name=node].hostPath"],
        ),
        (
            "apps/v1",
            "StatefulSet",
            "containers: [{name: a, image: i, securityContext: {privileged: true}}]".to_owned(),
            [
                "[isolation.pod-security]",
                APART,
                "spec.template.spec.containers[name=a].securityContext.privileged",
            ],
        ),
        (
            "apps/v1",
            "DaemonSet",
            format!("hostPID: true, {container}"),
            [host[0], host[1], "spec.template.spec.hostPID"],
        ),
        (
            "apps/v1",
            "ReplicaSet",
            "containers: [{name: a, image: i, ports: [{containerPort: 80, hostPort: 80}]}]".to_owned(),
            [host[0], host[1], "spec.template.spec.containers[name=a].ports[hostPort=80]"],
        ),
        (
            "v1",
            "ReplicationController",
            format!("hostIPC: true, {container}"),
            [host[0], host[1], "spec.template.spec.hostIPC"],
        ),
        (
            "batch/v1",
            "Job",
            format!(
                "restartPolicy: Never, initContainers: [{{name: b, image: i, env: [{{name: DB_PASSWORD, value: 'hunter2-9fK2'}}]}}], {container}"
            ),
            [
                "[encryption.plaintext-credential]",
                CREDENTIALS,
                "spec.template.spec.initContainers[name=b].env[name=DB_PASSWORD]",
            ],
        ),
        (
            "batch/v1",
            "CronJob",
            format!("restartPolicy: Never, hostNetwork: true, {container}"),
            [host[0], host[1], "spec.jobTemplate.spec.template.spec.hostNetwork"],
        ),
        (
            "v1",
            "Pod",
            "containers: [{name: a, image: i, env: [{name: DB_PASSWORD, value: 'hunter2-9fK2'}]}]".to_owned(),
            [
                "[encryption.plaintext-credential]",
                CREDENTIALS,
                "spec.containers[name=a].env[name=DB_PASSWORD]",
            ],
        ),
    ];
    cases
        .into_iter()
        .map(|(version, kind, pod, names)| offence("create -f -", &template(version, kind, &pod), names))
        .collect()
}

/// The same offence by every command that changes what is there.
fn by_command() -> Vec<Offence> {
    let on_host = ["[isolation.host-access]", APART, "spec.template.spec.hostNetwork"];
    let credential = ["[encryption.plaintext-credential]", CREDENTIALS, "env[name=DB_PASSWORD]"];
    let web: String = APPLICATION
        .split("\n---\n")
        .find(|manifest| manifest.contains("kind: Deployment"))
        .unwrap_or_default()
        .replace("      containers:\n", "      hostNetwork: true\n      containers:\n");
    vec![
        offence("apply -f -", &web, on_host),
        offence("apply --server-side --force-conflicts -f -", &web, on_host),
        offence("replace -f -", &web, on_host),
        offence(
            "patch deployment web --type=merge --patch-file=/dev/stdin",
            r#"{"spec":{"template":{"spec":{"hostNetwork":true}}}}"#,
            on_host,
        ),
        offence(
            "patch deployment web --type=json --patch-file=/dev/stdin",
            r#"[{"op":"add","path":"/spec/template/spec/hostNetwork","value":true}]"#,
            on_host,
        ),
        offence(
            "patch deployment web --type=strategic --patch-file=/dev/stdin",
            r#"{"spec":{"template":{"spec":{"hostNetwork":true}}}}"#,
            on_host,
        ),
        offence("set env deployment/web DB_PASSWORD=hunter2-9fK2", "", credential),
        offence(
            "debug alone --profile=baseline --image=registry.test/tools:1 --env=DB_PASSWORD=hunter2-9fK2 --attach=false",
            "",
            ["[encryption.plaintext-credential]", CREDENTIALS, "spec.ephemeralContainers["],
        ),
        offence(
            "debug alone --profile=baseline --image=registry.test/tools:1 --env=DB_PASSWORD=hunter2-9fK2 --copy-to=offender --attach=false",
            "",
            credential,
        ),
        offence("run offender --image=registry.test/tools:1 --env=DB_PASSWORD=hunter2-9fK2", "", credential),
    ]
}

/// What is reached from outside, and the fence.
fn at_the_edge() -> Vec<Offence> {
    vec![
        offence(
            "create ingress offender --rule=plain.example.com/*=web:80",
            "",
            ["[encryption.tls-required]", TLS, "spec.rules[host=plain.example.com]"],
        ),
        offence(
            "patch ingress web --type=json --patch-file=/dev/stdin",
            r#"[{"op":"remove","path":"/spec/tls"}]"#,
            ["[encryption.tls-required]", TLS, "spec.rules[host=web.example.com]"],
        ),
        offence(
            "annotate ingress web --overwrite nginx.ingress.kubernetes.io/force-ssl-redirect=false nginx.ingress.kubernetes.io/ssl-redirect=false",
            "",
            ["[encryption.tls-required]", "EncryptionPolicy $TENANT", "metadata.annotations"],
        ),
        offence(
            "delete networkpolicy surety-default-deny",
            "",
            ["[isolation.network-default-deny]", APART, "networkpolicies[policyTypes="],
        ),
        offence(
            "patch networkpolicy to-web --type=merge --patch-file=/dev/stdin",
            r#"{"spec":{"ingress":[{}]}}"#,
            ["[isolation.network-default-deny]", APART, "networkpolicies[name=to-web].spec.ingress"],
        ),
    ]
}

pub async fn every_way_to_a_volume_is_judged(stage: &Stage<'_>) -> Result<()> {
    let ground = Ground::new(stage, "volumes").await?;
    are_refused(&ground, &to_volumes()).await?;
    // Of a volume that is there already it counts what it is, not what class it names.
    admitted(&ground.apply(STATIC_VOLUME).await?)?;
    are_refused(
        &ground,
        &[
            offence(
                "create -f -",
                &claim("offender", "storageClassName: encrypted, volumeName: $TENANT-plain"),
                ["[encryption.storage]", AT_REST, "spec.volumeName"],
            ),
            offence(
                "patch persistentvolume $TENANT-plain --type=merge --patch-file=/dev/stdin",
                r#"{"spec":{"claimRef":{"kind":"PersistentVolumeClaim","namespace":"$NAMESPACE","name":"data"}}}"#,
                ["[encryption.", AT_REST, "spec"],
            ),
        ],
    )
    .await?;
    // What a disk shows nothing of may go in with a warning, or not at all: the policy says.
    let opaque = PRE_BOUND.replace("nfs: {server: nfs.example.com, path: /}", OPAQUE);
    let try_it = async || ground.run_with("create --dry-run=server -f -", &opaque).await;
    warned(&try_it().await?, &["encryption.volume", "nothing shows how its disk was made"])?;
    ground.merge("encryptionpolicy/$TENANT", r#"{"spec":{"onUnknown":"Deny"}}"#).await?.success()?;
    eventually(SOON, "a stricter answer", async || {
        refused(&try_it().await?, &["[encryption.volume]", AT_REST, "nothing shows how its disk was made"])
            .map(Some)
    })
    .await?;
    admitted(&ground.apply(&claim("data", "storageClassName: encrypted")).await?)
}

const OPAQUE: &str = "csi: {driver: ebs.csi.aws.com, volumeHandle: vol-1}";

pub async fn a_claim_without_a_class_is_judged_by_the_default_of_the_cluster(
    stage: &Stage<'_>,
) -> Result<()> {
    let ground = Ground::new(stage, "default-class").await?;
    let unnamed = claim("unnamed", "");
    // Nothing says where it would come to rest: that is no leave, and by default only a warning.
    warned(
        &ground.run_with("create --dry-run=server -f -", &unnamed).await?,
        &["encryption.storage", "default"],
    )?;
    ground.apply(DEFAULT_CLASS).await?.success()?;
    eventually(SOON, "a judged default", async || {
        are_refused(
            &ground,
            &[offence("create -f -", &unnamed, ["[encryption.storage]", AT_REST, "spec.storageClassName"])],
        )
        .await?;
        Ok(Some(()))
    })
    .await?;
    ground.run("delete storageclass $TENANT-default").await?.success()?;
    Ok(())
}

/// A claim, with more in its spec.
fn claim(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}, namespace: $NAMESPACE}}\n\
         spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}, {spec}}}\n"
    )
}

/// Every way in which a new volume is asked for.
fn to_volumes() -> Vec<Offence> {
    const TEMPLATE: &str = "spec: {accessModes: [ReadWriteOnce], storageClassName: plain, resources: {requests: {storage: 1Gi}}}";
    let stores = "containers: [{name: a, image: i}]";
    let stateful = template("apps/v1", "StatefulSet", stores).replacen(
        "spec: {serviceName",
        &format!("spec: {{volumeClaimTemplates: [{{metadata: {{name: store}}, {TEMPLATE}}}], serviceName"),
        1,
    );
    let ephemeral =
        format!("{stores}, volumes: [{{name: scratch, ephemeral: {{volumeClaimTemplate: {{{TEMPLATE}}}}}}}]");
    let nfs = format!("{stores}, volumes: [{{name: share, nfs: {{server: nfs.example.com, path: /}}}}]");
    let names = |field| ["[encryption.storage]", AT_REST, field];
    vec![
        offence("create -f -", &claim("offender", "storageClassName: plain"), names("spec.storageClassName")),
        offence(
            "create -f -",
            &stateful,
            names("spec.volumeClaimTemplates[name=store].spec.storageClassName"),
        ),
        offence(
            "create -f -",
            &template("apps/v1", "Deployment", &ephemeral),
            names(
                "spec.template.spec.volumes[name=scratch].ephemeral.volumeClaimTemplate.spec.storageClassName",
            ),
        ),
        offence(
            "create -f -",
            &template("v1", "Pod", &ephemeral),
            names("spec.volumes[name=scratch].ephemeral"),
        ),
        offence("create -f -", &template("v1", "Pod", &nfs), names("spec.volumes[name=share].nfs")),
        offence("create -f -", PRE_BOUND, ["[encryption.", AT_REST, "spec"]),
    ]
}

/// A plain volume that waits for a claim of the tenant.
const PRE_BOUND: &str = "
apiVersion: v1
kind: PersistentVolume
metadata: {name: $TENANT-offender}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: encrypted
  claimRef: {kind: PersistentVolumeClaim, namespace: $NAMESPACE, name: offender}
  nfs: {server: nfs.example.com, path: /}
";

/// A volume of nobody, plain whatever class it names.
const STATIC_VOLUME: &str = "
apiVersion: v1
kind: PersistentVolume
metadata: {name: $TENANT-plain}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: encrypted
  nfs: {server: nfs.example.com, path: /}
";

const DEFAULT_CLASS: &str = r#"
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: $TENANT-default
  annotations: {storageclass.kubernetes.io/is-default-class: "true"}
provisioner: ebs.csi.aws.com
parameters: {type: gp3, encrypted: "false"}
volumeBindingMode: WaitForFirstConsumer
"#;
