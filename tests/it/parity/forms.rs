//! The form of declarations: webhook, controller and files say the same of it.

use std::collections::BTreeMap;

use surety::{
    api::Enforcement,
    core::{
        facts::{Change, Fact, ObjectKey},
        intent::{self, Objection},
        world::World,
    },
    reconcile::status::{self, Standing},
};

use super::scenario::{Disagreement, Scenario};

/// Compares what files show of every declaration with what the controller has of it; how much there is against them.
/// What the webhook says is compared where requests are.
pub(super) fn check(scenario: &Scenario, world: &World, files: &[Change]) -> Result<usize, Disagreement> {
    let tenants = world.tenants().map(|tenant| Fact::Tenant((**tenant).clone()));
    let kept: BTreeMap<ObjectKey, Fact> =
        status::declarations(world).into_iter().chain(tenants).map(|fact| (fact.key(), fact)).collect();
    let mut count = 0;
    for change in files {
        let Change::Apply(fact) = change else { continue };
        if !fact.key().kind.is_declaration() {
            continue;
        }
        let in_files = intent::form_of(fact, scenario.now);
        let in_watch = kept.get(&fact.key()).map(|fact| intent::form_of(fact, scenario.now));
        if in_watch.as_ref() != Some(&in_files) {
            return Err(Disagreement::new("form", format!("files: {in_files:#?}\nwatch: {in_watch:#?}")));
        }
        ready_says_the_same(scenario, fact, &in_files)?;
        count += in_files.len();
    }
    Ok(count)
}

/// The condition Ready is False where the webhook would refuse the form, but for what only time has made wrong.
fn ready_says_the_same(
    scenario: &Scenario,
    fact: &Fact,
    objections: &[Objection],
) -> Result<(), Disagreement> {
    let Some(desired) = status::of_declaration(fact, &Standing::default(), scenario.now) else {
        return Ok(());
    };
    let conditions = desired.body["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready");
    let ready = ready.map(|condition| condition["status"] == "True");
    let ran_out = |field: &str| {
        let last = field.rsplit('.').next();
        matches!(field, "spec.expiresAt" | "spec.validUntil") || last == Some("until")
    };
    let refused = objections
        .iter()
        .any(|objection| objection.enforcement == Enforcement::Deny && !ran_out(&objection.issue.field));
    if ready == Some(!refused) {
        return Ok(());
    }
    Err(Disagreement::new(
        "condition Ready",
        format!("{ready:?} of {}, objections {objections:#?}", fact.key()),
    ))
}
