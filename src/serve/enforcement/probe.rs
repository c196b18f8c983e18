//! What is asked of each entry, and what the answer means. Pure: the nonce is an argument.

use kube::core::Status;
use serde_json::{Value, json};

use crate::{
    admission::register::{CONFORM, PROTECT_CLUSTER, PROTECT_ENGINE, PROTECT_TENANT},
    api::{GROUP, keys},
    core::facts::{Enforcing, Kind},
    write::{DryRun, Target, WriteError},
};

/// What is asked of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The entry.
    pub entry: &'static str,
    /// Its canary.
    pub target: Target,
    /// What is asked to be done to it.
    pub ask: Ask,
}

/// What is asked to be done to a canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// To write the nonce into its label.
    Mark,
    /// To delete it, with the nonce as grace period.
    Delete,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// This is how the entry stands; why, where that is not good.
    Stands(Enforcing, Option<String>),
    /// The cluster does not have the kind that the entry is asked by: there is nothing to refuse.
    NothingToRefuse,
}

/// The questions to these entries. `canary` names the canaries' tenant, namespace and objects.
pub fn questions(entries: &[&'static str], canary: &str, engine_namespace: Option<&str>) -> Vec<Question> {
    entries.iter().filter_map(|entry| question(entry, canary, engine_namespace)).collect()
}

/// Each by a kind and operation that no other entry sees.
fn question(entry: &'static str, canary: &str, engine_namespace: Option<&str>) -> Option<Question> {
    let within = |kind: Kind, namespace: &str| Target::namespaced(kind.resource(), namespace, canary);
    let (target, ask) = match entry {
        PROTECT_TENANT => (within(Kind::NetworkPolicy, canary), Ask::Delete),
        PROTECT_ENGINE => (within(Kind::VeleroSchedule, engine_namespace?), Ask::Mark),
        PROTECT_CLUSTER => (Target::cluster(Kind::Tenant.resource(), canary), Ask::Mark),
        CONFORM => (within(Kind::Service, canary), Ask::Mark),
        _ => return None,
    };
    Some(Question { entry, target, ask })
}

impl Ask {
    /// What a canary is marked with.
    pub fn mark(nonce: u32) -> Value {
        json!({"metadata": {"labels": {keys::CANARY: nonce.to_string()}}})
    }

    /// As a dry run.
    pub const fn dry_run(self, mark: &Value, nonce: u32) -> DryRun<'_> {
        match self {
            Self::Mark => DryRun::Merge(mark),
            Self::Delete => DryRun::Delete { grace_period: Some(nonce) },
        }
    }
}

/// What the answer to a question with this nonce means. The API server's own words are those of
/// `k8s.io/apiserver/pkg/admission/plugin/webhook/{errors,validating}`.
pub fn judge(question: &Question, nonce: u32, answer: &Result<(), WriteError>) -> Judgement {
    let (entry, target) = (question.entry, &question.target);
    let error = match answer {
        Ok(()) => {
            let why = format!("the API server admitted what {entry} must refuse");
            return Judgement::Stands(Enforcing::Open, Some(why));
        }
        Err(error) => error,
    };
    let not_known = |why: String| Judgement::Stands(Enforcing::NotKnown, Some(why));
    let Some(status) = error.status() else { return not_known(error.to_string()) };
    let said = status.message.as_str();
    if is_own_refusal(said, entry, nonce) {
        return Judgement::Stands(Enforcing::Enforcing, None);
    }
    if said.contains(&format!("failed calling webhook \"{entry}.{GROUP}\"")) {
        return Judgement::Stands(Enforcing::Closed, Some(said.to_owned()));
    }
    match status.code {
        404 if !names(status, &target.name) => Judgement::NothingToRefuse,
        404 => not_known(format!("there is no {target}; apply config/canary, or name it by --canary")),
        403 if said.contains("cannot") => {
            not_known(format!("Surety may not ask about {target}; apply config/rbac/canary.yaml: {said}"))
        }
        _ => not_known(format!("somebody else answered about {target}: {said}")),
    }
}

/// Whether Surety itself refused, through this entry and in answer to this very question.
fn is_own_refusal(said: &str, entry: &str, nonce: u32) -> bool {
    let refusal = said.strip_prefix(&format!("admission webhook \"{entry}.{GROUP}\" denied the request: "));
    let nonce = nonce.to_string();
    let is_repeated =
        |text: &str| text.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| word == nonce);
    refusal.is_some_and(|text| text.starts_with("Surety refuses this") && is_repeated(text))
}

/// Whether the API server looked for the object, and did not only find that it has no such kind.
fn names(status: &Status, name: &str) -> bool {
    let is_named = |details: &kube::core::response::StatusDetails| details.name == name;
    status.details.as_ref().is_some_and(is_named) || status.message.contains(&format!("\"{name}\""))
}
