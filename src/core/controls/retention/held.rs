//! What data of a tenant was seen, so that data which is gone altogether can still be found. Pure; the controller keeps
//! it in the tenant's record.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    classes::{DataClass, class_of_claim, holds_data, is_scratch},
    duties::KEPT,
};
use crate::core::{
    facts::{HeldData, Kind, Name, ObjectKey, PersistentVolumeClaim, Source, SourceState},
    plan::Plan,
    world::World,
};

/// How many claims with data are remembered for each tenant.
const REMEMBERED: usize = 2_000;
/// How many of those that are gone.
const GONE_REMEMBERED: usize = 256;

/// What is to be remembered now: what is there, and when what was there went.
///
/// Data is gone when neither its claim nor its volume is there. A claim of the same name that holds data again takes its
/// place, as after a restore. What lies in a namespace that the tenant has released is not its any more. Where claims or
/// volumes cannot be told, nothing went.
pub fn remember(
    world: &World,
    plan: &Plan,
    known: &BTreeMap<Name, HeldData>,
    now: Timestamp,
) -> BTreeMap<Name, HeldData> {
    if !plan.requirements.iter().any(|requirement| requirement.control.id == KEPT) {
        return BTreeMap::new();
    }
    if !is_told(world) {
        return known.clone();
    }
    let mut next: BTreeMap<Name, HeldData> = present(world, plan).take(REMEMBERED).collect();
    let absent =
        known.iter().filter(|(name, data)| !next.contains_key(*name) && is_its(world, plan, name, data));
    let (left, mut gone): (Vec<_>, Vec<_>) = absent
        .map(|(name, data)| (name.clone(), seen_now(world, name, data, now)))
        .partition(|(_, data)| data.gone.is_none());
    // The latest first, so that the oldest are forgotten.
    gone.sort_by(|one, other| other.1.gone.cmp(&one.1.gone).then_with(|| one.0.cmp(&other.0)));
    next.extend(left.into_iter().take(REMEMBERED));
    next.extend(gone.into_iter().take(GONE_REMEMBERED));
    next
}

fn is_told(world: &World) -> bool {
    let sources = [Source::Claims, Source::Volumes, Source::Namespaces, Source::Declarations];
    sources.iter().all(|source| world.source_state(*source) == SourceState::Synced)
}

fn present<'a>(world: &'a World, plan: &'a Plan) -> impl Iterator<Item = (Name, HeldData)> + 'a {
    let claims = world.namespaces_of(&plan.tenant.name).flat_map(|namespace| world.claims_in(namespace));
    claims.filter(|claim| holds_data(claim) && !is_scratch(claim)).map(|claim| {
        let class = match class_of_claim(plan, claim, world.namespace(&claim.namespace)) {
            DataClass::Known(class) => Some(class),
            DataClass::Undeclared | DataClass::Lost => None,
        };
        let (volume, created) = (claim.volume_name.clone(), claim.meta.created);
        (name_of(claim), HeldData { class, volume, created, gone: None })
    })
}

fn name_of(claim: &PersistentVolumeClaim) -> Name {
    Name::from(format!("{}/{}", claim.namespace, claim.name))
}

/// Whether what is not there was the tenant's to the end: its namespace is still, or went with it.
fn is_its(world: &World, plan: &Plan, name: &Name, data: &HeldData) -> bool {
    let (namespace, _) = data_place(name);
    let is_held = world.owner_of(namespace) == Some(&plan.tenant.name);
    data.gone.is_some() || is_held || world.namespace(namespace).is_none()
}

fn data_place(name: &Name) -> (&str, &str) {
    name.split_once('/').unwrap_or((name.as_str(), ""))
}

/// What was known of data whose claim holds none now.
fn seen_now(world: &World, name: &Name, data: &HeldData, now: Timestamp) -> HeldData {
    let (namespace, claim) = data_place(name);
    let claim = ObjectKey::namespaced(Kind::PersistentVolumeClaim, namespace, claim);
    let volume =
        data.volume.as_ref().map(|volume| ObjectKey::cluster(Kind::PersistentVolume, volume.clone()));
    let has_volume = data.volume.as_ref().is_some_and(|volume| world.volume(volume).is_some());
    let is_unreadable =
        [Some(claim), volume].into_iter().flatten().any(|key| world.unreadable.contains_key(&key));
    let went = (!has_volume && !is_unreadable).then_some(now);
    HeldData { gone: data.gone.or(went), ..data.clone() }
}

#[cfg(test)]
mod tests;
