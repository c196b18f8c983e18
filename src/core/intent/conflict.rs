//! Do policies contradict each other? The changed policy is merged with each other of its kind that shares a tenant.

use std::sync::Arc;

use super::{
    Objection,
    weakness::{selector_of, shared_cap},
};
use crate::{
    api::TenantSelector,
    core::{
        effective::{Conflict, Effective},
        facts::{Declared, Fact},
        transition::Transition,
        verdict::Issue,
        world::World,
    },
};

pub(super) fn objections(transition: &Transition<'_>) -> Vec<Objection> {
    let Some(new) = &transition.act.new else { return Vec::new() };
    let before =
        transition.act.old.as_ref().map_or_else(Vec::new, |old| conflicts_of(transition.before, old));
    let after = conflicts_of(transition.after, new);
    after.into_iter().filter(|conflict| !before.contains(conflict)).map(objection_to).collect()
}

fn objection_to(conflict: Conflict) -> Objection {
    let others: Vec<String> = conflict.policies.iter().map(ToString::to_string).collect();
    let fix = format!("bring {} into agreement", others.join(" and "));
    Objection::malformed(Issue::fail("spec", conflict.message, "policies that can all be met", fix))
}

/// The conflicts of a policy with itself and with each other policy of its kind that shares a tenant.
fn conflicts_of(world: &World, policy: &Fact) -> Vec<Conflict> {
    let Some(selector) = selector_of(policy) else { return Vec::new() };
    let pairs: Vec<Effective> = match policy {
        Fact::BackupPolicy(own) => {
            let others =
                sharing(world, world.backup_policies(), selector, &own.name, |spec| &spec.tenant_selector);
            pairs(own, others, |backup| Effective { backup, ..Effective::default() })
        }
        Fact::RetentionPolicy(own) => {
            let others =
                sharing(world, world.retention_policies(), selector, &own.name, |spec| &spec.tenant_selector);
            pairs(own, others, |retention| Effective { retention, ..Effective::default() })
        }
        Fact::EncryptionPolicy(own) => {
            let others = sharing(world, world.encryption_policies(), selector, &own.name, |spec| {
                &spec.tenant_selector
            });
            pairs(own, others, |encryption| Effective { encryption, ..Effective::default() })
        }
        _ => Vec::new(),
    };
    let mut conflicts: Vec<Conflict> = pairs.iter().flat_map(Effective::conflicts).collect();
    conflicts.sort();
    conflicts.dedup();
    conflicts
}

fn sharing<'a, S: 'a>(
    world: &World,
    all: impl Iterator<Item = &'a Arc<Declared<S>>>,
    selector: &TenantSelector,
    own: &str,
    selector_of: impl Fn(&S) -> &TenantSelector,
) -> Vec<Arc<Declared<S>>> {
    let others = all.filter(|other| &*other.name != own);
    others.filter(|other| shared_cap(world, selector, selector_of(&other.spec)).is_some()).cloned().collect()
}

fn pairs<S>(
    own: &Declared<S>,
    others: Vec<Arc<Declared<S>>>,
    effective: impl Fn(Vec<Arc<Declared<S>>>) -> Effective,
) -> Vec<Effective>
where
    Declared<S>: Clone,
{
    let own = Arc::new(own.clone());
    let alone = effective(vec![Arc::clone(&own)]);
    let with_others = others.into_iter().map(|other| {
        let mut pair = vec![Arc::clone(&own), other];
        pair.sort_by(|a, b| a.name.cmp(&b.name));
        effective(pair)
    });
    std::iter::once(alone).chain(with_others).collect()
}
