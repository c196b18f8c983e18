//! Acts that would take the ground from under every promise: deleting the kinds that Surety or a backup engine in use
//! lives by, and writing what only Surety writes. Refused whatever a profile says; break-glass is the way.

use super::{
    facts::{Fact, Kind},
    transition::Transition,
    verdict::Issue,
    world::World,
};
use crate::api::GROUP;

/// What an act does to the ground.
pub fn broken_by(transition: &Transition<'_>) -> Vec<Issue> {
    if transition.is_by_surety() {
        return Vec::new();
    }
    match transition.act.key.kind {
        Kind::Definition if transition.is_deletion() => definition_lost(transition).into_iter().collect(),
        Kind::ComplianceReport => vec![report_forged(transition)],
        _ => Vec::new(),
    }
}

/// Deleting a definition deletes its objects straight in storage, without asking anybody.
fn definition_lost(transition: &Transition<'_>) -> Option<Issue> {
    let Some(Fact::Definition(definition)) = &transition.act.old else { return None };
    let lost = objects_of(transition.before, &definition.group, &definition.plural)?;
    if lost == 0 {
        return None;
    }
    let found = format!("deleting {} would delete {lost} objects of it", definition.name);
    let fix = "delete the objects first, or act as a member of a break-glass group";
    Some(Issue::fail("", found, "the definition stays as long as objects of it are relied on", fix))
}

/// How many objects a definition has; none where it is not one that promises rest on.
fn objects_of(world: &World, group: &str, plural: &str) -> Option<usize> {
    let kind = Kind::ALL.iter().copied().find(|kind| {
        let resource = kind.resource();
        resource.group == group && resource.plural == plural
    })?;
    let is_relied_on = group == GROUP || matches!(kind.source(), Some(source) if !source.is_required());
    is_relied_on.then(|| world.count_of(kind))
}

fn report_forged(transition: &Transition<'_>) -> Issue {
    let found = format!("{} by {}", transition.act.operation.as_str(), transition.act.user);
    Issue::fail(
        "",
        found,
        "reports are written by Surety alone",
        "change what the report speaks of, not the report",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{
        control::Operation,
        controls::{
            self,
            testkit::{NOW, TENANT, at},
        },
        facts::{Name, ObjectKey},
        transition::{Act, Trusted},
    };

    fn broken(operation: Operation, user: &str) -> usize {
        let world = World::new(controls::all());
        let act = Act {
            operation,
            key: ObjectKey::cluster(Kind::ComplianceReport, TENANT),
            old: None,
            new: None,
            subresource: Name::default(),
            user: Name::from(user),
            groups: Vec::new(),
            orphans_dependents: false,
            requested_deletion: None,
        };
        let trusted = Trusted { surety: Name::from("surety"), engines: vec![Name::from("velero")] };
        let (before, after) = (&world, &world);
        broken_by(&Transition { before, after, act: &act, trusted: &trusted, now: at(NOW) }).len()
    }

    #[test]
    fn a_report_is_created_changed_and_deleted_by_surety_alone() {
        for operation in [Operation::Create, Operation::Update, Operation::Delete] {
            assert_eq!(broken(operation, "surety"), 0, "{operation:?}");
            assert_eq!(broken(operation, "velero"), 1, "{operation:?}");
            assert_eq!(broken(operation, "admin"), 1, "{operation:?}");
        }
    }
}
