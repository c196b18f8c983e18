//! Offenders, each by another control or another door.

use anyhow::Result;

use crate::demo::expected::Expected;
use crate::demo::story::{Step, Story};

/// One thing that is tried.
struct Offender {
    title: &'static str,
    command: &'static str,
    door: &'static str,
    control: &'static str,
    /// What the refusal says besides: a field, what was found, the fix.
    says: &'static [&'static str],
}

pub async fn tell(story: &mut Story<'_>) -> Result<()> {
    story.chapter(
        "What would break a promise is refused",
        "Each by another door or another control, and each refusal says what to do instead.",
    )?;
    let class = Step::new(
        "Storage without encryption may be there: what counts is who uses it",
        "kubectl apply -f e2e/data/demo/plain-storage.yaml",
    );
    story.step(class).await?;
    for (number, offender) in OFFENDERS.iter().enumerate() {
        story.step(offender.step(number + 1)).await?;
    }
    let definition = Step::new(
        format!("{}. delete: the kind that promises are written in", OFFENDERS.len() + 1),
        "kubectl delete crd tenants.surety.dev",
    );
    let expected = Expected::refused_on_its_own("protect-cluster").saying(&["tenants.surety.dev"]);
    story.step(definition.expecting(expected)).await?;
    let left = Step::new(
        "Nothing of all that is in the cluster",
        "kubectl get deployments,statefulsets,jobs,pvc,pv --all-namespaces",
    );
    let only_ours = Expected::shows(
        "only what was let in is there",
        &["application-data", "deployment.apps/application"],
    );
    story
        .step(left.expecting(only_ours.without(&["uploads", "database", "import", "scans", "shared-disk"])))
        .await
}

impl Offender {
    fn step(&self, number: usize) -> Step {
        let expected = Expected::refused(self.door, self.control).saying(self.says);
        Step::new(format!("{number}. {}", self.title), self.command).expecting(expected)
    }
}

const OFFENDERS: [Offender; 15] = [
    Offender {
        title: "apply: a claim on plain storage",
        command: "kubectl apply -f e2e/data/demo/claim-plain.yaml",
        door: "conform",
        control: "encryption.storage",
        says: &["spec.storageClassName", "sample-encrypted"],
    },
    Offender {
        title: "patch: the network of the node",
        command: r#"kubectl patch deployment application -n sample-application -p '{"spec":{"template":{"spec":{"hostNetwork":true}}}}'"#,
        door: "conform",
        control: "isolation.host-access",
        says: &["spec.template.spec.hostNetwork"],
    },
    Offender {
        title: "replace: the ingress, without its certificate",
        command: "kubectl replace -f e2e/data/demo/ingress-without-tls.yaml",
        door: "conform",
        control: "encryption.tls-required",
        says: &["application.example.com"],
    },
    Offender {
        title: "debug: an ephemeral container with a password in its environment",
        command: "kubectl debug $(kubectl get pods -n sample-application -o name | head -n 1) -n sample-application --quiet \
                  --image=postgres:17 --profile=restricted --env=PGPASSWORD=Tr0ub4dor-and-3 --attach=false",
        door: "conform",
        control: "encryption.plaintext-credential",
        says: &["spec.ephemeralContainers[name=", "secretKeyRef"],
    },
    Offender {
        title: "apply: a StatefulSet whose claim template asks for plain storage",
        command: "kubectl apply -f e2e/data/demo/statefulset-plain.yaml",
        door: "conform",
        control: "encryption.storage",
        says: &["spec.volumeClaimTemplates[name=data].spec.storageClassName"],
    },
    Offender {
        title: "apply: a Job with an ephemeral volume on plain storage",
        command: "kubectl apply -f e2e/data/demo/ephemeral-volume-plain.yaml",
        door: "conform",
        control: "encryption.storage",
        says: &["spec.template.spec.volumes[name=work].ephemeral.volumeClaimTemplate.spec.storageClassName"],
    },
    Offender {
        title: "apply: a class of data that was promised never to be stored",
        command: "kubectl apply -f e2e/data/demo/claim-forbidden-class.yaml",
        door: "conform",
        control: "retention.class-declared",
        says: &["class `passport-number`", "fetched, metadata"],
    },
    Offender {
        title: "deletecollection: all claims of the namespace, while the contract runs",
        command: "kubectl delete --raw /api/v1/namespaces/sample-application/persistentvolumeclaims",
        door: "protect-tenant",
        control: "retention.kept",
        says: &["while the contract runs"],
    },
    Offender {
        title: "label: the namespace moved to another tenant",
        command: "kubectl label namespace sample-application surety.dev/tenant=sample-grc-workspaces --overwrite",
        door: "protect-cluster",
        control: "isolation.namespace-claimed",
        says: &["metadata.labels[surety.dev/tenant]"],
    },
    Offender {
        title: "label: the pod security level lowered",
        command: "kubectl label namespace sample-application pod-security.kubernetes.io/enforce=privileged --overwrite",
        door: "protect-cluster",
        control: "isolation.pod-security",
        says: &["found privileged"],
    },
    Offender {
        title: "patch: the backup schedule paused",
        command: r#"kubectl patch $(kubectl get schedules.velero.io -n velero -l surety.dev/tenant=sample-msp-assurance -o name) -n velero --type=merge -p '{"spec":{"paused":true}}'"#,
        door: "protect-engine",
        control: "backup.covered",
        says: &["sample-application/application-data", "is paused"],
    },
    Offender {
        title: "patch: a policy that backs up less often than was promised",
        command: r#"kubectl patch backuppolicy sample-msp-assurance --type=merge -p '{"spec":{"every":"7d"}}'"#,
        door: "protect-cluster",
        control: "backup.recovery-point-age",
        says: &["spec.every", "\"Databases are backed up automatically every day.\""],
    },
    Offender {
        title: "patch: a policy that keeps backups for less time than was promised",
        command: r#"kubectl patch backuppolicy sample-msp-assurance --type=merge -p '{"spec":{"retention":{"atLeast":"7d"}}}'"#,
        door: "protect-cluster",
        control: "backup.retention",
        says: &["spec.retention.atLeast"],
    },
    Offender {
        title: "patch: a promise dropped without a new version of the document",
        command: r#"kubectl patch profile msp-assurance --type=json -p '[{"op":"remove","path":"/spec/commitments/0"}]'"#,
        door: "protect-cluster",
        control: "governance.profile-current",
        says: &["MSP-01 removed", "spec.changeLog"],
    },
    Offender {
        title: "apply: a volume on a node's disk, bound beforehand to a claim of the tenant",
        command: "kubectl apply -f e2e/data/demo/volume-plain.yaml",
        door: "protect-cluster",
        control: "encryption.volume",
        says: &["a directory or disk of a node"],
    },
];
