//! Pods and their controllers: the parts of a pod template that controls look at.

use std::sync::Arc;

use super::{Kind, Labels, Meta, Name, ObjectKey};

/// One owner reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Its kind as spelt in the reference.
    pub kind: Name,
    /// Its name.
    pub name: Name,
    /// Its UID.
    pub uid: Name,
    /// Whether it is the managing controller.
    pub is_controller: bool,
}

/// A pod, or a controller of pods with its template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Which kind: one for which [`Kind::is_workload`] holds.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Metadata.
    pub meta: Meta,
    /// Labels of the object itself.
    pub labels: Labels,
    /// The pod template; for a pod, the pod itself.
    pub template: Arc<PodTemplate>,
    /// Claims that a StatefulSet makes for each replica.
    pub claim_templates: Arc<[ClaimTemplate]>,
}

impl Workload {
    /// Its key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey { kind: self.kind, namespace: Some(self.namespace.clone()), name: self.name.clone() }
    }

    /// The controller that owns it, where it has one.
    pub fn controller(&self) -> Option<&Owner> {
        self.meta.owner_references.iter().find(|owner| owner.is_controller)
    }

    /// The key of the controller that owns it, where that is a workload too.
    pub fn controller_key(&self) -> Option<ObjectKey> {
        let owner = self.controller()?;
        let mut kinds = Kind::ALL.iter().copied().filter(|kind| kind.is_workload());
        let kind = kinds.find(|kind| *kind.resource().kind == *owner.kind)?;
        Some(ObjectKey { kind, namespace: Some(self.namespace.clone()), name: owner.name.clone() })
    }

    /// Where the pod's spec begins in the object, as a field path: `spec`, `spec.template.spec`, ….
    pub const fn pod_spec_path(&self) -> &'static str {
        match self.kind {
            Kind::Pod => "spec",
            Kind::CronJob => "spec.jobTemplate.spec.template.spec",
            _ => "spec.template.spec",
        }
    }

    /// Where the pod's metadata begins in the object, as a field path.
    pub const fn pod_metadata_path(&self) -> &'static str {
        match self.kind {
            Kind::Pod => "metadata",
            Kind::CronJob => "spec.jobTemplate.spec.template.metadata",
            _ => "spec.template.metadata",
        }
    }
}

/// What controls read of a pod's metadata and spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodTemplate {
    /// Its labels.
    pub labels: Labels,
    /// Its annotations, only those whose keys are constants of `api::keys`.
    pub annotations: Labels,
    /// `hostNetwork`.
    pub uses_host_network: bool,
    /// `hostPID`.
    pub uses_host_pid: bool,
    /// `hostIPC`.
    pub uses_host_ipc: bool,
    /// The pod's security context.
    pub security: PodSecurityContext,
    /// Init, main and ephemeral containers.
    pub containers: Vec<Container>,
    /// Volumes that can hold data or reach the node; configMap, secret, projected and downwardAPI are left out.
    pub volumes: Vec<PodVolume>,
    /// Literal credentials in the pod's annotations.
    pub credentials: Vec<CredentialLiteral>,
}

/// `spec.securityContext`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodSecurityContext {
    /// `runAsNonRoot`.
    pub run_as_non_root: Option<bool>,
    /// `runAsUser`.
    pub run_as_user: Option<i64>,
    /// `seccompProfile.type`.
    pub seccomp: Option<Name>,
    /// `appArmorProfile.type`.
    pub app_armor: Option<Name>,
    /// `seLinuxOptions` as (type, user, role); empty where unset.
    pub selinux: Option<(Name, Name, Name)>,
    /// `sysctls[].name`.
    pub sysctls: Vec<Name>,
    /// `windowsOptions.hostProcess`.
    pub is_host_process: bool,
}

/// The list in which a container stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContainerRole {
    /// `initContainers`
    Init,
    /// `containers`
    #[default]
    Main,
    /// `ephemeralContainers`
    Ephemeral,
}

impl ContainerRole {
    /// The list's field name.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Init => "initContainers",
            Self::Main => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Container {
    /// Its list.
    pub role: ContainerRole,
    /// Its name.
    pub name: Name,
    /// Its image, as written.
    pub image: Name,
    /// `ports[].hostPort`, zero left out; with `hostNetwork` every container port, as the API server defaults it.
    pub host_ports: Vec<i32>,
    /// Its security context.
    pub security: ContainerSecurity,
    /// Literal credentials in env, args and command: where and which kind, never the value.
    pub credentials: Vec<CredentialLiteral>,
}

/// `securityContext` of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ContainerSecurity {
    /// `privileged`.
    pub is_privileged: bool,
    /// `allowPrivilegeEscalation`.
    pub allow_privilege_escalation: Option<bool>,
    /// `capabilities.add`.
    pub capabilities_added: Vec<Name>,
    /// `capabilities.drop`.
    pub capabilities_dropped: Vec<Name>,
    /// `runAsNonRoot`.
    pub run_as_non_root: Option<bool>,
    /// `runAsUser`.
    pub run_as_user: Option<i64>,
    /// `seccompProfile.type`.
    pub seccomp: Option<Name>,
    /// `appArmorProfile.type`, else what the old annotation of the pod says, in the same words.
    pub app_armor: Option<Name>,
    /// `seLinuxOptions` as (type, user, role).
    pub selinux: Option<(Name, Name, Name)>,
    /// `procMount`.
    pub proc_mount: Option<Name>,
    /// `windowsOptions.hostProcess`.
    pub is_host_process: bool,
}

/// A literal that looks like a credential. The value is dropped while decoding.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialLiteral {
    /// Where, relative to the container (`env[name=DB_PASSWORD].value`, `args[2]`) or to the metadata.
    pub field: Name,
    /// Which detector found it.
    pub detector: &'static str,
}

/// A volume of a pod that can hold data or reach the node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodVolume {
    /// Its name.
    pub name: Name,
    /// What it is made from.
    pub source: VolumeSource,
}

/// What a pod's volume is made from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VolumeSource {
    /// `persistentVolumeClaim.claimName`
    Claim(Name),
    /// `ephemeral.volumeClaimTemplate`
    Ephemeral(ClaimTemplate),
    /// `emptyDir`; whether it is memory
    EmptyDir {
        /// `medium: Memory` or `HugePages…`.
        is_memory: bool,
    },
    /// `hostPath.path`
    HostPath(Name),
    /// Inline `csi`: driver and volume attributes
    Csi {
        /// `driver`.
        driver: Name,
        /// `volumeAttributes`.
        attributes: Labels,
    },
    /// Any other type, by its field name (`nfs`, `iscsi`, …).
    Other(Name),
}

/// The template of a claim: of a StatefulSet, of a generic ephemeral volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClaimTemplate {
    /// Its name; for an ephemeral volume the volume's name.
    pub name: Name,
    /// `spec.storageClassName`: none asks for the default class, empty for no class.
    pub storage_class: Option<Name>,
    /// `spec.volumeName`.
    pub volume_name: Option<Name>,
    /// Labels of the template.
    pub labels: Labels,
    /// Annotations of the template, only those whose keys are constants of `api::keys`.
    pub annotations: Labels,
    /// Whether it starts from another claim or a snapshot.
    pub has_data_source: bool,
}
