//! Merging encryption policies.

use super::{Asking, Conflict, Demand, Effective, Figure, PolicyReference, strictest};
use crate::{
    api::{
        KeyClass, TrafficScope,
        encryption_policy::{AttestedStorage, EncryptionAtRest, EncryptionInTransit},
    },
    core::{
        facts::{Kind, Name},
        parameters::Parameter,
    },
};

impl Effective {
    /// The encryption policies that say something about volumes, with what they say.
    fn at_rest(&self) -> impl Iterator<Item = (Asking, &EncryptionAtRest)> {
        self.encryption.iter().filter_map(|policy| {
            let reference = PolicyReference::new(Kind::EncryptionPolicy, &policy.name);
            let asking = Asking { policy: reference, enforcement: policy.spec.enforcement };
            policy.spec.at_rest.as_ref().map(|at_rest| (asking, at_rest))
        })
    }

    fn in_transit(&self) -> impl Iterator<Item = (Asking, &EncryptionInTransit)> {
        self.encryption.iter().filter_map(|policy| {
            let reference = PolicyReference::new(Kind::EncryptionPolicy, &policy.name);
            let asking = Asking { policy: reference, enforcement: policy.spec.enforcement };
            policy.spec.in_transit.as_ref().map(|in_transit| (asking, in_transit))
        })
    }

    /// What ways to new volumes must show: the cipher that any policy names, the strictest key class, the keys that all
    /// allow.
    pub fn encryption_storage(&self) -> Option<Demand> {
        let demand = self.encryption_at_rest()?;
        Some(match self.allowed_keys() {
            Some(keys) => demand.with("keyIds", Parameter::List(keys)),
            None => demand,
        })
    }

    /// What existing volumes must show: the cipher that any policy names, the strictest key class, and whether scratch
    /// volumes count.
    pub fn encryption_volume(&self) -> Option<Demand> {
        let holds_data = self.at_rest().find(|(_, rule)| rule.empty_dir_holds_data);
        let holds_data =
            holds_data.map(|(asking, _)| Figure { value: Parameter::Flag(true), source: asking.policy });
        Some(self.encryption_at_rest()?.with_figure("emptyDirHoldsData", holds_data))
    }

    fn encryption_at_rest(&self) -> Option<Demand> {
        let asking: Vec<Asking> = self.at_rest().map(|(asking, _)| asking).collect();
        if asking.is_empty() {
            return None;
        }
        let cipher = self.at_rest().find(|(_, rule)| rule.cipher.is_some());
        let cipher = cipher.map(|(asking, _)| Figure {
            value: Parameter::Text(Name::from("AES-256")),
            source: asking.policy,
        });
        Some(Demand::new(asking).with_figure("cipher", cipher).with_figure("keyClass", self.key_class()))
    }

    /// What operators attest of provisioners, in order of policies; whether an entry still counts is for its reader.
    pub fn attested_storage(&self) -> impl Iterator<Item = &AttestedStorage> {
        self.encryption.iter().flat_map(|policy| &policy.spec.attested)
    }

    fn key_class(&self) -> Option<Figure<Parameter>> {
        let figures = self
            .at_rest()
            .filter_map(|(asking, rule)| rule.key_class.map(|value| Figure { value, source: asking.policy }));
        let strictest = strictest(figures, Ord::cmp)?;
        Some(strictest.map(|class| {
            Parameter::Text(Name::from(match class {
                KeyClass::Provider => "provider",
                KeyClass::Customer => "customer",
            }))
        }))
    }

    /// The keys that every policy allows that lists some; none where no policy lists any.
    fn allowed_keys(&self) -> Option<Vec<Name>> {
        let mut lists = self.at_rest().map(|(_, rule)| &rule.key_ids).filter(|keys| !keys.is_empty());
        let mut allowed = lists.next()?.clone();
        for list in lists {
            allowed.retain(|key| list.contains(key));
        }
        allowed.sort();
        allowed.dedup();
        Some(allowed.iter().map(Name::from).collect())
    }

    /// What endpoints must show: the widest scope, a redirect where any policy asks for it.
    pub fn tls_required(&self) -> Option<Demand> {
        let rules: Vec<(Asking, &EncryptionInTransit)> = self.in_transit().collect();
        if rules.is_empty() {
            return None;
        }
        let covers_all = rules.iter().any(|(_, rule)| rule.scope == TrafficScope::All);
        let redirects = rules.iter().any(|(_, rule)| rule.redirect);
        let scope = Name::from(if covers_all { "all" } else { "external" });
        let asking = rules.into_iter().map(|(asking, _)| asking).collect();
        let demand = Demand::new(asking).with("redirect", Parameter::Flag(redirects));
        Some(demand.with("scope", Parameter::Text(scope)))
    }

    /// Which literals must not stand in manifests: all that any policy looks for; the default detectors where a policy
    /// names none.
    pub fn plaintext_credentials(&self) -> Option<Demand> {
        let policies = self.encryption.iter().filter_map(|policy| {
            let credentials = policy.spec.credentials.as_ref()?;
            let reference = PolicyReference::new(Kind::EncryptionPolicy, &policy.name);
            Some((Asking { policy: reference, enforcement: policy.spec.enforcement }, &credentials.detectors))
        });
        let policies: Vec<_> = policies.collect();
        if policies.is_empty() {
            return None;
        }
        let wants_defaults = policies.iter().any(|(_, detectors)| detectors.is_empty());
        let mut detectors: Vec<Name> =
            policies.iter().flat_map(|(_, list)| list.iter().map(Name::from)).collect();
        if wants_defaults {
            detectors.push(Name::from("default"));
        }
        detectors.sort();
        detectors.dedup();
        let asking = policies.into_iter().map(|(asking, _)| asking).collect();
        Some(Demand::new(asking).with("detectors", Parameter::List(detectors)))
    }

    /// Key lists without a common key cannot be met.
    pub(super) fn encryption_conflicts(&self) -> Vec<Conflict> {
        if self.allowed_keys().is_none_or(|keys| !keys.is_empty()) {
            return Vec::new();
        }
        let listing = self.at_rest().filter(|(_, rule)| !rule.key_ids.is_empty());
        let policies = listing.map(|(asking, _)| asking.policy).collect();
        let message = "no encryption key is allowed by every policy that lists keys".to_owned();
        vec![Conflict { policies, message }]
    }
}
