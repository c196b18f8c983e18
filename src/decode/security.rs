//! Security contexts of pods and containers.

use serde::Deserialize;

use super::{List, Nested, Objects, Text};
use crate::core::facts::{ContainerSecurity, Name, PodSecurityContext};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PodContext<'a> {
    run_as_non_root: Option<bool>,
    run_as_user: Option<i64>,
    #[serde(borrow)]
    seccomp_profile: Nested<Profile<'a>>,
    app_armor_profile: Nested<Profile<'a>>,
    se_linux_options: Option<Nested<SeLinux<'a>>>,
    sysctls: Objects<Sysctl<'a>>,
    windows_options: Nested<Windows>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ContainerContext<'a> {
    privileged: Option<bool>,
    allow_privilege_escalation: Option<bool>,
    #[serde(borrow)]
    capabilities: Nested<Capabilities<'a>>,
    run_as_non_root: Option<bool>,
    run_as_user: Option<i64>,
    seccomp_profile: Nested<Profile<'a>>,
    app_armor_profile: Nested<Profile<'a>>,
    se_linux_options: Option<Nested<SeLinux<'a>>>,
    proc_mount: Text<'a>,
    windows_options: Nested<Windows>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Profile<'a> {
    #[serde(borrow, rename = "type")]
    profile_type: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SeLinux<'a> {
    #[serde(borrow, rename = "type")]
    selinux_type: Text<'a>,
    user: Text<'a>,
    role: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sysctl<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Windows {
    host_process: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Capabilities<'a> {
    #[serde(borrow)]
    add: List<Text<'a>>,
    drop: List<Text<'a>>,
}

impl PodContext<'_> {
    pub(super) fn fact(&self) -> PodSecurityContext {
        PodSecurityContext {
            run_as_non_root: self.run_as_non_root,
            run_as_user: self.run_as_user,
            seccomp: self.seccomp_profile.profile_type.intern_some(),
            app_armor: self.app_armor_profile.profile_type.intern_some(),
            selinux: self.se_linux_options.as_ref().map(|options| options.fact()),
            sysctls: self.sysctls.iter().map(|sysctl| sysctl.name.intern()).collect(),
            is_host_process: self.windows_options.host_process.unwrap_or_default(),
        }
    }
}

impl ContainerContext<'_> {
    /// `old_app_armor` is what the pod's annotation says for this container; the field comes first.
    pub(super) fn fact(&self, old_app_armor: Option<&str>) -> ContainerSecurity {
        let app_armor = self.app_armor_profile.profile_type.intern_some();
        ContainerSecurity {
            is_privileged: self.privileged.unwrap_or_default(),
            allow_privilege_escalation: self.allow_privilege_escalation,
            capabilities_added: names(&self.capabilities.add),
            capabilities_dropped: names(&self.capabilities.drop),
            run_as_non_root: self.run_as_non_root,
            run_as_user: self.run_as_user,
            seccomp: self.seccomp_profile.profile_type.intern_some(),
            app_armor: app_armor.or_else(|| old_app_armor.map(|old| super::intern::name(profile_type(old)))),
            selinux: self.se_linux_options.as_ref().map(|options| options.fact()),
            proc_mount: self.proc_mount.intern_some(),
            is_host_process: self.windows_options.host_process.unwrap_or_default(),
        }
    }
}

impl SeLinux<'_> {
    fn fact(&self) -> (Name, Name, Name) {
        (self.selinux_type.intern(), self.user.intern(), self.role.intern())
    }
}

fn names(texts: &List<Text<'_>>) -> Vec<Name> {
    texts.iter().map(Text::intern).collect()
}

/// The field's word for what the old annotation says (k8s.io/api: core/v1 annotation_key_constants.go); what it does
/// not know stays as it is.
fn profile_type(annotation: &str) -> &str {
    match annotation {
        "runtime/default" => "RuntimeDefault",
        "unconfined" => "Unconfined",
        local if local.starts_with("localhost/") => "Localhost",
        other => other,
    }
}
