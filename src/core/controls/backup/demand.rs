//! Which tenants an act on a backup engine's object concerns: those whose plan uses the control, in namespaces that the
//! object takes in.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::engine;
use crate::{
    api::keys,
    core::{
        context::Context,
        facts::{Meta, Name, Selection},
        plan::{Plan, Requirement},
        transition::Transition,
        world::World,
    },
};

/// One tenant's use of a control.
#[derive(Clone, Copy)]
pub(super) struct Use<'w> {
    pub(super) world: &'w World,
    pub(super) plan: &'w Plan,
    pub(super) requirement: &'w Requirement,
}

/// Every use of a control in a world.
pub(super) fn uses_of<'w>(world: &'w World, control: &'static str) -> impl Iterator<Item = Use<'w>> {
    world.tenants().flat_map(move |tenant| uses_by(world, &tenant.name, control))
}

/// A tenant's uses of a control.
pub(super) fn uses_by<'w>(
    world: &'w World,
    tenant: &str,
    control: &'static str,
) -> impl Iterator<Item = Use<'w>> + use<'w> {
    world.plan(tenant).into_iter().flat_map(move |plan| {
        let uses = plan.requirements.iter().filter(move |requirement| requirement.control.id == control);
        uses.map(move |requirement| Use { world, plan, requirement })
    })
}

/// The uses that an object in `place` with this selection concerns. Where it names its namespaces only their tenants are
/// looked at.
pub(super) fn concerned<'w>(
    world: &'w World,
    control: &'static str,
    now: Timestamp,
    place: &Name,
    selection: &Selection,
) -> Vec<Use<'w>> {
    let owners: BTreeSet<&Name> = match selection.literal_namespaces() {
        Some(names) => names.into_iter().filter_map(|name| world.owner_of(name)).collect(),
        None => world.tenants().map(|tenant| &tenant.name).collect(),
    };
    let uses = owners.into_iter().flat_map(|owner| uses_by(world, owner, control));
    uses.filter(|demand| demand.concerns(now, place, selection)).collect()
}

impl<'w> Use<'w> {
    /// What the control would be given.
    pub(super) fn context(&self, now: Timestamp) -> Context<'w> {
        Context::new(self.world, self.plan, &self.requirement.parameters, now)
    }

    /// The tenant's namespaces that the use is about and that the selection of an object in `place` takes in; none
    /// where that is no place for an engine's objects.
    pub(super) fn namespaces(&self, now: Timestamp, place: &Name, selection: &Selection) -> Vec<&'w Name> {
        if !engine::is_believed(&self.context(now), place) {
            return Vec::new();
        }
        let held = self.world.namespaces_of(&self.plan.tenant.name);
        held.filter(|name| selection.takes_in(name) && self.is_about(name)).collect()
    }

    /// Whether an object in `place` with this selection concerns it.
    fn concerns(&self, now: Timestamp, place: &Name, selection: &Selection) -> bool {
        let mut held = self.world.namespaces_of(&self.plan.tenant.name);
        held.any(|name| selection.takes_in(name) && self.is_about(name))
            && engine::is_believed(&self.context(now), place)
    }

    /// Whether an object in `place` about this one namespace concerns it.
    pub(super) fn concerns_namespace(&self, now: Timestamp, place: &Name, namespace: &Name) -> bool {
        self.is_about(namespace) && engine::is_believed(&self.context(now), place)
    }

    /// Whether a namespace is of an environment that the use is about.
    fn is_about(&self, namespace: &Name) -> bool {
        let environments = self.requirement.parameters.list("environments");
        let label = self.world.namespace(namespace).and_then(|found| found.labels.get(keys::ENVIRONMENT));
        environments.is_empty()
            || environments.iter().any(|wanted| *wanted == "all" || label == Some(wanted.as_str()))
    }
}

/// Whether an act is by nobody who writes engines' objects by trade.
pub(super) fn is_by_an_outsider(transition: &Transition<'_>) -> bool {
    !transition.is_by_engine() && !transition.is_by_surety()
}

/// Whether the object's namespace is being deleted: what may go as a whole is not judged in its parts.
pub(super) fn place_is_ending(transition: &Transition<'_>) -> bool {
    let place = transition.act.key.namespace.as_ref().and_then(|name| transition.before.namespace(name));
    place.is_some_and(|namespace| namespace.meta.is_deleting)
}

/// Whether an object is owned by something that did not own it before: the garbage collector, which nobody asks about,
/// deletes it with that owner.
pub(super) fn gains_an_owner(old: &Meta, new: &Meta) -> bool {
    let mut owners = new.owner_references.iter();
    owners.any(|owner| old.owner_references.iter().all(|before| before.uid != owner.uid))
}
