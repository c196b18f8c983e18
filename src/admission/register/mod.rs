//! The registration: the ValidatingWebhookConfiguration that tells the API server what to ask Surety about.
//!
//! Pure: a description goes in, an object comes out, the same bytes for the same description. `write` sends it.
//! What is judged is declared by controls as [`Guard`]; no control is named here.

mod build;
mod compare;
mod conditions;
mod entries;
mod guarded_keys;
mod rules;

#[cfg(test)]
mod tests;

use crate::core::control::Guard;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, OwnerReference};

pub use build::build;
pub use compare::{Difference, diff, difference, pause, paused_until};
pub use entries::registration;
pub use guarded_keys::GuardedKeys;
pub use rules::{Rule, Scope, Target};

/// The entries of the registration, each a webhook at `/admit/{entry}`.
pub const ENTRIES: [&str; 5] = [PROTECT_TENANT, PROTECT_ENGINE, PROTECT_CLUSTER, CONFORM, SYSTEM];
/// Protected things in namespaces of tenants.
pub const PROTECT_TENANT: &str = "protect-tenant";
/// Protected things in namespaces of backup engines.
pub const PROTECT_ENGINE: &str = "protect-engine";
/// Protected things without namespace.
pub const PROTECT_CLUSTER: &str = "protect-cluster";
/// What tenants run.
pub const CONFORM: &str = "conform";
/// What controllers, nodes, engines and drivers do: judged while Surety lives, never waited for.
pub const SYSTEM: &str = "system";

/// How long the API server waits for an answer, in seconds.
pub const TIMEOUT_SECONDS: i32 = 3;

/// What the API server does when Surety does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePolicy {
    /// Refuses the request.
    Fail,
    /// Admits the request.
    Ignore,
}

/// Where the API server reaches the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Client {
    /// At a URL, without path: `https://127.0.0.1:9443`.
    Url(String),
    /// At a Service.
    Service {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its port.
        port: u16,
    },
}

/// One webhook of the registration.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// One of [`ENTRIES`].
    pub name: &'static str,
    /// What happens when Surety does not answer.
    pub failure_policy: FailurePolicy,
    /// What it sees; an entry without rules is left out.
    pub rules: Vec<Rule>,
    /// In which namespaces. It never skips kinds without namespace, and of a Namespace it reads the new labels.
    pub namespace_selector: LabelSelector,
    /// What it does not see all the same: every condition must hold, or the request passes unseen.
    pub match_conditions: Vec<MatchCondition>,
    /// How long the API server waits, in seconds.
    pub timeout: i32,
}

/// A condition in CEL. `namespaceObject` is null there, and an error refuses the request where the policy is Fail:
/// so an expression must not fail on any object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchCondition {
    /// Its name.
    pub name: &'static str,
    /// Its CEL.
    pub expression: String,
}

/// The whole registration.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    /// The object's name.
    pub name: String,
    /// Where the webhook is.
    pub client: Client,
    /// Who vouches for its certificate, PEM; none where somebody else writes that in.
    pub ca_bundle: Option<String>,
    /// What it goes away with: a ClusterRole of the release, so that uninstalling needs no living pod.
    pub owner: Option<OwnerReference>,
    /// The webhooks.
    pub entries: Vec<Entry>,
}

impl Registration {
    /// The same while an operator has paused enforcement: no entry refuses when Surety does not answer.
    #[must_use]
    pub fn paused(mut self) -> Self {
        for entry in &mut self.entries {
            entry.failure_policy = FailurePolicy::Ignore;
        }
        self
    }
}

/// What the entries depend on.
#[derive(Clone, Debug, PartialEq)]
pub struct Premises {
    /// The registration's name.
    pub name: String,
    /// Where the webhook is.
    pub client: Client,
    /// Who vouches for its certificate.
    pub ca_bundle: Option<String>,
    /// What the registration goes away with.
    pub owner: Option<OwnerReference>,
    /// Surety's namespace: never asked about, so that Surety can always start.
    pub own_namespace: String,
    /// Surety's user. Its writes are not asked about, or it could not repair while it is down; its dry runs are,
    /// because they prove that Surety enforces.
    pub own_user: String,
    /// Namespaces of backup engines; without any there is no `protect-engine`.
    pub engine_namespaces: Vec<String>,
    /// Users of engines, CSI drivers and further controllers: like the control plane they never wait for Surety.
    pub component_users: Vec<String>,
    /// The control plane.
    pub control_plane: ControlPlane,
    /// Secrets with the keys of backup repositories, in the engines' namespaces.
    pub repository_secrets: Vec<String>,
    /// What controls judge.
    pub guarded: Vec<Guard>,
    /// Keys and kinds whose metadata controls read.
    pub guarded_keys: GuardedKeys,
    /// What happens to what tenants run while Surety does not answer.
    pub conform_failure_policy: FailurePolicy,
}

/// How the control plane names itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlPlane {
    /// Users.
    pub users: Vec<String>,
    /// Groups. Whoever is in one can take over the cluster without Surety's leave.
    pub groups: Vec<String>,
    /// Users that delete what hangs on something already deleted: let through, the cascade is judged where it begins.
    pub cascading_users: Vec<String>,
}

impl Default for ControlPlane {
    /// As upstream components name themselves.
    fn default() -> Self {
        let owned = |names: &[&str]| names.iter().copied().map(str::to_owned).collect();
        Self {
            users: owned(&["system:kube-controller-manager", "system:kube-scheduler"]),
            groups: owned(&["system:nodes", "system:serviceaccounts:kube-system"]),
            cascading_users: owned(&[
                "system:serviceaccount:kube-system:generic-garbage-collector",
                "system:serviceaccount:kube-system:namespace-controller",
            ]),
        }
    }
}
