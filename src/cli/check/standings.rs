//! How every requirement of a tenant stands on each of its subjects: what findings leave out.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::told::broken;
use crate::{
    core::{
        catalogue,
        evaluation::{Evaluation, Verdicts},
        judge::state_for,
        plan::Plan,
        result::concerns,
        subject::SubjectKey,
        verdict::{State, Verdict},
    },
    report::check::{Broken, Standing},
};

/// One for each subject, control and demander, the worst where a demander uses a control more than once.
pub(super) fn standings(evaluation: &Evaluation, now: Timestamp) -> Vec<Standing> {
    let plan = evaluation.plan();
    let mut standings: BTreeMap<_, Standing> = BTreeMap::new();
    for (subject, requirement, verdict) in evaluation.verdicts() {
        for origin in requirement.origins.iter().filter(|origin| concerns(origin, subject)) {
            let (state, waiver) = state_for(plan, requirement, origin, subject, verdict, now);
            let reason = waiver.map_or_else(|| reason_of(verdict, now), |name| format!("waiver {name}"));
            let standing = Standing {
                place: None,
                tenant: plan.tenant.name.to_string(),
                demander: broken(origin),
                control: requirement.control.id,
                subject: subject.clone(),
                state,
                reason,
            };
            let key = (origin.demander.clone(), requirement.control.id, subject.clone());
            let known = standings.entry(key).or_insert_with(|| standing.clone());
            if standing.state < known.state {
                *known = standing;
            }
        }
    }
    standings.into_values().chain(not_evaluated(plan)).collect()
}

/// What is promised and not evaluated is never left out: it reads Manual, as its commitment does.
fn not_evaluated(plan: &Plan) -> impl Iterator<Item = Standing> + '_ {
    plan.unbuilt.iter().filter_map(|unbuilt| {
        let (profile, commitment) = plan.commitment(&unbuilt.profile, &unbuilt.commitment)?;
        let why = unbuilt.error.as_deref().unwrap_or("planned, not built in this version");
        Some(Standing {
            place: None,
            tenant: plan.tenant.name.to_string(),
            demander: Broken::Commitment {
                profile: profile.name.to_string(),
                id: commitment.id.clone(),
                promise: commitment.promise.clone(),
            },
            control: catalogue::find(&unbuilt.control)?.id,
            subject: SubjectKey::Commitment { profile: profile.name.clone(), id: unbuilt.commitment.clone() },
            state: State::Manual,
            reason: format!("{}: {why}", unbuilt.control),
        })
    })
}

/// In few words, why a verdict is what it is.
fn reason_of(verdict: &Verdict, now: Timestamp) -> String {
    if let Some(why) = &verdict.not_applicable {
        return why.to_string();
    }
    match verdict.issues.iter().min_by_key(|issue| issue.state(now)) {
        None => verdict.evidence.found.to_string(),
        Some(issue) if issue.state(now) == State::Fail => {
            format!("found {}, wanted {}", issue.found, issue.wanted)
        }
        Some(issue) => issue.found.clone(),
    }
}
