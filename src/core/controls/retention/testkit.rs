//! Builders for tests of retention: policies, claims, volumes, acts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::sync::Arc;

use serde_json::Value;

use crate::{
    api::{ProfileSpec, RetentionPolicySpec, Span, TenantSpec, tenant::Contract},
    core::{
        control::{Control, Operation},
        controls::testkit::{Bench, NAMESPACE, NOW, at, declared, meta},
        facts::{
            Change, ClaimReference, Fact, Labels, Name, ObjectKey, Owner, PersistentVolume,
            PersistentVolumeClaim,
        },
        transition::{Act, Transition, Trusted},
        verdict::Issue,
        world::World,
    },
    index,
};

pub fn span(text: &str) -> Span {
    text.parse().unwrap()
}

/// A retention policy with these classes.
pub fn policy(classes: &Value) -> Fact {
    let spec = serde_json::json!({"tenantSelector": {}, "classes": classes});
    let spec: RetentionPolicySpec = serde_json::from_value(spec).unwrap();
    Fact::RetentionPolicy(declared("keep", Labels::default(), spec))
}

/// A profile with one commitment for each set of parameters of `retention.kept`: K-1, K-2, ….
pub fn promises(uses: &[Value]) -> Fact {
    let commitment = |(index, parameters): (usize, &Value)| {
        let controls = serde_json::json!([{"id": "retention.kept", "parameters": parameters}]);
        serde_json::json!({"id": format!("K-{}", index + 1), "promise": "Kept.", "controls": controls})
    };
    let spec = serde_json::json!({
        "title": "Keeping", "version": "1", "effectiveDate": "2026-01-01", "tenantSelector": {},
        "commitments": uses.iter().enumerate().map(commitment).collect::<Vec<_>>(),
    });
    let spec: ProfileSpec = serde_json::from_value(spec).unwrap();
    Fact::Profile(declared("keeping", Labels::default(), spec))
}

/// A tenant whose contract ends then.
pub fn tenant_until(end: Option<&str>) -> TenantSpec {
    let contract = end.map(|end| Contract { start: None, end: Some(at(end)) });
    TenantSpec { contract, ..TenantSpec::default() }
}

pub fn class_label(class: &str) -> Labels {
    if class.is_empty() { Labels::default() } else { Labels::from([("surety.dev/data-class", class)]) }
}

/// A bound claim with data of a class.
pub fn claim(name: &str, class: &str) -> PersistentVolumeClaim {
    PersistentVolumeClaim {
        namespace: NAMESPACE.into(),
        name: name.into(),
        meta: meta(&format!("uid-{name}")),
        labels: class_label(class),
        volume_name: Some(Name::from(format!("pv-{name}"))),
        is_bound: true,
        ..PersistentVolumeClaim::default()
    }
}

/// The volume of such a claim.
pub fn volume_of(claim: &PersistentVolumeClaim) -> PersistentVolume {
    PersistentVolume {
        name: claim.volume_name.clone().unwrap_or_default(),
        meta: meta(&format!("uid-pv-{}", claim.name)),
        claim: Some(ClaimReference {
            namespace: claim.namespace.clone(),
            name: claim.name.clone(),
            uid: Some(claim.meta.uid.clone()),
        }),
        is_retained: true,
        ..PersistentVolume::default()
    }
}

pub fn owner(kind: &str, name: &str, is_controller: bool) -> Owner {
    Owner { kind: kind.into(), name: name.into(), uid: Name::from(format!("uid-{name}")), is_controller }
}

/// The same claim with an owner.
pub fn owned(mut claim: PersistentVolumeClaim, owner: Owner) -> PersistentVolumeClaim {
    claim.meta.owner_references = Arc::from([owner]);
    claim
}

/// What a control says of an act in a world, whoever does it.
pub struct Acting<'a> {
    pub control: &'static Control,
    pub world: &'a World,
    pub user: &'a str,
    pub now: &'a str,
}

impl<'a> Acting<'a> {
    pub fn on(control: &'static Control, bench: &'a Bench) -> Self {
        Self { control, world: &bench.world, user: "jo", now: NOW }
    }

    pub fn by(self, user: &'a str) -> Self {
        Self { user, ..self }
    }

    pub fn at(self, now: &'a str) -> Self {
        Self { now, ..self }
    }

    pub fn delete(&self, fact: Fact) -> Vec<Issue> {
        let key = fact.key();
        self.judge(Operation::Delete, &Change::Delete(key), Some(fact), None, false)
    }

    pub fn delete_and_orphan(&self, fact: Fact) -> Vec<Issue> {
        let key = fact.key();
        self.judge(Operation::Delete, &Change::Delete(key), Some(fact), None, true)
    }

    /// A deletion whose review carries no old object.
    pub fn delete_by_key(&self, key: ObjectKey) -> Vec<Issue> {
        self.judge(Operation::Delete, &Change::Delete(key), None, None, false)
    }

    pub fn update(&self, old: Fact, new: Fact) -> Vec<Issue> {
        self.judge(Operation::Update, &Change::Apply(new.clone()), Some(old), Some(new), false)
    }

    fn judge(
        &self,
        operation: Operation,
        change: &Change,
        old: Option<Fact>,
        new: Option<Fact>,
        orphans_dependents: bool,
    ) -> Vec<Issue> {
        let mut after = self.world.clone();
        index::apply(&mut after, change.clone());
        let act = Act {
            operation,
            key: change.key(),
            old,
            new,
            subresource: Name::default(),
            user: self.user.into(),
            groups: Vec::new(),
            orphans_dependents,
            requested_deletion: None,
            canary: None,
        };
        let trusted = Trusted::default();
        let transition =
            Transition { before: self.world, after: &after, act: &act, trusted: &trusted, now: at(self.now) };
        (self.control.transition)(&transition)
    }
}
