//! What is kept of a tenant's result once it was reported: enough to tell a change from it, and what it says of policies and
//! profiles. The result itself, with every finding in words, is made again where it is asked for.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{Hash, Hasher},
};

use crate::core::{
    effective::PolicyReference,
    facts::{Kind, Name},
    plan::Plan,
    result::{Finding, TenantResult},
    subject::SubjectKey,
    verdict::State,
};

/// A result as it was reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The tenant.
    pub tenant: Name,
    /// How many findings stand against each policy and profile, and of policies the worst state.
    pub against: BTreeMap<PolicyReference, (Option<State>, i32)>,
    /// The findings that are open for what was seen, gravest first.
    pub failing: Box<[Failing]>,
    digest: u64,
}

/// As much of a finding as is told when it opens or closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Its key.
    pub key: Name,
    /// The control.
    pub control: &'static str,
    /// The subject.
    pub subject: SubjectKey,
    /// What was found.
    pub found: Box<str>,
    /// What is wanted.
    pub wanted: Box<str>,
}

impl Reported {
    /// What is kept of a result that follows a plan.
    pub fn of(plan: &Plan, result: &TenantResult) -> Self {
        let failing = result.findings.iter().filter(|finding| finding.state == State::Fail);
        let mut hasher = std::hash::DefaultHasher::new();
        result.hash(&mut hasher);
        Self {
            tenant: result.tenant.clone(),
            against: against(plan, result),
            failing: failing.map(Failing::of).collect(),
            digest: hasher.finish(),
        }
    }

    /// The findings that fail here and did not in another.
    pub fn failing_only_here<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a Failing> + 'a {
        let known: BTreeSet<&Name> = other.failing.iter().map(|finding| &finding.key).collect();
        self.failing.iter().filter(move |finding| !known.contains(&finding.key))
    }
}

impl Failing {
    fn of(finding: &Finding) -> Self {
        Self {
            key: finding.key.clone(),
            control: finding.control,
            subject: finding.subject.clone(),
            found: finding.issue.found.as_str().into(),
            wanted: finding.issue.wanted.as_str().into(),
        }
    }
}

fn against(plan: &Plan, result: &TenantResult) -> BTreeMap<PolicyReference, (Option<State>, i32)> {
    let policies =
        result.policies.iter().map(|(policy, (state, count))| (policy.clone(), (Some(*state), *count)));
    let profiles = plan.profiles.iter().map(|profile| {
        let prefix = format!("{}/", profile.name);
        let against = result.findings.iter().filter(|finding| {
            finding.state != State::Waived && finding.breaks.iter().any(|broken| broken.starts_with(&prefix))
        });
        let count = i32::try_from(against.count()).unwrap_or(i32::MAX);
        (PolicyReference::new(Kind::Profile, &profile.name), (None, count))
    });
    policies.chain(profiles).collect()
}
