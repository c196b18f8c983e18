//! The plan of a tenant: everything that is demanded of it, by promises and by policies, each use of a control once.

use std::{collections::BTreeMap, ops::Deref, sync::Arc};

use jiff::Timestamp;

use super::{
    catalogue,
    control::Control,
    effective::{Conflict, Effective, Figure, PolicyReference, are_same},
    facts::{Declared, Kind, Labels, Name},
    parameters::Parameters,
    world::World,
};
use crate::api::{
    AttestationSpec, Enforcement, ProfileSpec, Severity, Span, TenantSelector, TenantSpec, Unit, WaiverSpec,
    keys,
    profile::{Commitment, ControlUse},
};

/// Who demands something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Demander {
    /// A promise.
    Commitment {
        /// The profile.
        profile: Name,
        /// The commitment.
        id: Name,
    },
    /// A policy.
    Policy(PolicyReference),
}

impl std::fmt::Display for Demander {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Commitment { profile, id } => write!(f, "{profile}/{id}"),
            Self::Policy(policy) => policy.fmt(f),
        }
    }
}

/// One who demands a requirement, and how strictly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Who.
    pub demander: Demander,
    /// The promise in its words; empty for policies.
    pub promise: Name,
    /// Already capped by the tenant's own enforcement.
    pub enforcement: Enforcement,
    /// From when on a change to what was failing before is refused too, where it is under Deny; none is never.
    pub deny_existing_from: Option<Timestamp>,
    /// How much a breach matters.
    pub severity: Severity,
    /// How long a finding may stay open.
    pub remediate_within: Span,
}

/// One use of a control with one set of parameters, and all who demand it.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// The control.
    pub control: &'static Control,
    /// Its parameters.
    pub parameters: Parameters,
    /// Which policy each merged parameter came from.
    pub figures: Vec<Figure<Name>>,
    /// Who demands it.
    pub origins: Vec<Origin>,
}

/// A control that a commitment names and this version has not built, or could not take in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbuilt {
    /// The profile.
    pub profile: Name,
    /// The commitment.
    pub commitment: Name,
    /// The control's id.
    pub control: Name,
    /// Why; none where it is planned but not built.
    pub error: Option<String>,
}

/// What profiles and policies demand together. Tenants that the same ones reach share it.
#[derive(Clone, Debug, PartialEq)]
pub struct Demands {
    /// The profiles.
    pub profiles: Vec<Arc<Declared<ProfileSpec>>>,
    /// The policies, merged.
    pub effective: Effective,
    /// Policies that contradict each other.
    pub conflicts: Vec<Conflict>,
    /// What is evaluated.
    pub requirements: Vec<Requirement>,
    /// What cannot be evaluated by this version.
    pub unbuilt: Vec<Unbuilt>,
}

/// Under which demands are found: the tenants' own enforcement, the profiles and the policies by name.
pub(crate) type DemandsKey = (Enforcement, Vec<PolicyReference>);

/// Everything that is demanded of a tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The tenant.
    pub tenant: Arc<Declared<TenantSpec>>,
    /// What its profiles and policies demand.
    pub demands: Arc<Demands>,
    /// Waivers that reach it.
    pub waivers: Vec<Arc<Declared<WaiverSpec>>>,
    /// Attestations that reach it.
    pub attestations: Vec<Arc<Declared<AttestationSpec>>>,
}

impl Deref for Plan {
    type Target = Demands;

    fn deref(&self) -> &Demands {
        &self.demands
    }
}

/// Whether a selector of tenants reaches a tenant with these labels. None reaches a canary: it is nobody's tenant, and
/// counts in no score.
pub fn reaches(selector: &TenantSelector, labels: &Labels) -> bool {
    labels.get(keys::CANARY).is_none() && labels.are_selected_by(selector)
}

/// The plan of a tenant, from everything that is declared.
pub fn build(world: &World, tenant: &Arc<Declared<TenantSpec>>) -> Plan {
    let labels = &tenant.labels;
    let profiles = reaching(world.profiles(), labels, |spec| &spec.tenant_selector);
    let effective = Effective {
        backup: reaching(world.backup_policies(), labels, |spec| &spec.tenant_selector),
        retention: reaching(world.retention_policies(), labels, |spec| &spec.tenant_selector),
        encryption: reaching(world.encryption_policies(), labels, |spec| &spec.tenant_selector),
        isolation: reaching(world.isolation_policies(), labels, |spec| &spec.tenant_selector),
    };
    Plan {
        tenant: Arc::clone(tenant),
        demands: demands(world, tenant.spec.enforcement, profiles, effective),
        waivers: reaching(world.waivers(), labels, |spec| &spec.scope.tenant_selector),
        attestations: reaching(world.attestations(), labels, |spec| &spec.tenant_selector),
    }
}

/// What these profiles and policies demand: as the world has it of another tenant, else anew.
fn demands(
    world: &World,
    cap: Enforcement,
    profiles: Vec<Arc<Declared<ProfileSpec>>>,
    effective: Effective,
) -> Arc<Demands> {
    let known = world.demands.get(&demands_key(cap, &profiles, &effective));
    if let Some(known) = known.filter(|known| known.follow_from(&profiles, &effective)) {
        return Arc::clone(known);
    }
    let mut requirements = Requirements::new(cap);
    for profile in &profiles {
        requirements.add_profile(world, profile);
    }
    requirements.add_policies(world, &effective);
    Arc::new(Demands {
        conflicts: effective.conflicts(),
        effective,
        requirements: requirements.by_use.into_values().collect(),
        unbuilt: requirements.unbuilt,
        profiles,
    })
}

fn demands_key(
    cap: Enforcement,
    profiles: &[Arc<Declared<ProfileSpec>>],
    effective: &Effective,
) -> DemandsKey {
    let profiles = profiles.iter().map(|profile| PolicyReference::new(Kind::Profile, &profile.name));
    (cap, profiles.chain(effective.references()).collect())
}

impl Demands {
    /// Whether they are of these very profiles and policies, and not of earlier ones of the same names.
    fn follow_from(&self, profiles: &[Arc<Declared<ProfileSpec>>], effective: &Effective) -> bool {
        are_same(&self.profiles, profiles) && self.effective.is_of_the_same(effective)
    }
}

fn reaching<'a, S: 'a>(
    all: impl Iterator<Item = &'a Arc<Declared<S>>>,
    labels: &Labels,
    selector: impl Fn(&S) -> &TenantSelector,
) -> Vec<Arc<Declared<S>>> {
    all.filter(|declared| reaches(selector(&declared.spec), labels)).cloned().collect()
}

struct Requirements {
    cap: Enforcement,
    by_use: BTreeMap<(&'static str, Parameters), Requirement>,
    unbuilt: Vec<Unbuilt>,
}

impl Requirements {
    const fn new(cap: Enforcement) -> Self {
        Self { cap, by_use: BTreeMap::new(), unbuilt: Vec::new() }
    }

    fn add_profile(&mut self, world: &World, profile: &Arc<Declared<ProfileSpec>>) {
        for commitment in &profile.spec.commitments {
            for control_use in &commitment.controls {
                self.add_use(world, &profile.name, commitment, control_use);
            }
        }
    }

    fn add_use(&mut self, world: &World, profile: &Name, commitment: &Commitment, control_use: &ControlUse) {
        let id = Name::from(&commitment.id);
        let unbuilt = |error| Unbuilt {
            profile: profile.clone(),
            commitment: id.clone(),
            control: Name::from(&control_use.id),
            error,
        };
        let Some(control) = world.control(&control_use.id) else {
            let error =
                catalogue::find(&control_use.id).is_none().then(|| "it is not in the catalogue".to_owned());
            self.unbuilt.push(unbuilt(error));
            return;
        };
        match catalogue::parameters(control.id, &control_use.parameters) {
            Ok(parameters) => {
                let origin = self.origin_of(profile, commitment, control_use);
                self.insert(control, parameters, Vec::new(), origin);
            }
            Err(error) => self.unbuilt.push(unbuilt(Some(error.to_string()))),
        }
    }

    fn origin_of(&self, profile: &Name, commitment: &Commitment, control_use: &ControlUse) -> Origin {
        let enforcement = control_use.enforcement.unwrap_or(commitment.enforcement);
        Origin {
            demander: Demander::Commitment { profile: profile.clone(), id: Name::from(&commitment.id) },
            promise: Name::from(&commitment.promise),
            enforcement: enforcement.min(self.cap),
            deny_existing_from: commitment.deny_existing_from,
            severity: commitment.severity,
            remediate_within: commitment
                .remediate_within
                .unwrap_or_else(|| remediation_of(commitment.severity)),
        }
    }

    fn add_policies(&mut self, world: &World, effective: &Effective) {
        for control in world.controls() {
            let Some(demand) = (control.demanded)(effective) else { continue };
            let parameters = catalogue::with_defaults(control.id, demand.parameters);
            for asking in demand.asking {
                let origin = Origin {
                    deny_existing_from: effective.deny_existing_from(&asking.policy),
                    demander: Demander::Policy(asking.policy),
                    promise: Name::default(),
                    enforcement: asking.enforcement.min(self.cap),
                    severity: control.severity,
                    remediate_within: remediation_of(control.severity),
                };
                self.insert(control, parameters.clone(), demand.figures.clone(), origin);
            }
        }
    }

    fn insert(
        &mut self,
        control: &'static Control,
        parameters: Parameters,
        figures: Vec<Figure<Name>>,
        origin: Origin,
    ) {
        let requirement = self
            .by_use
            .entry((control.id, parameters.clone()))
            .or_insert_with(|| Requirement { control, parameters, figures: Vec::new(), origins: Vec::new() });
        if requirement.figures.is_empty() {
            requirement.figures = figures;
        }
        requirement.origins.push(origin);
    }
}

/// How long a finding may stay open where nobody says otherwise.
pub fn remediation_of(severity: Severity) -> Span {
    match severity {
        Severity::Critical => Span::new(1, Unit::Day),
        Severity::High => Span::new(7, Unit::Day),
        Severity::Medium => Span::new(30, Unit::Day),
        Severity::Low => Span::new(90, Unit::Day),
    }
}

impl Requirement {
    /// From when on a change to what was failing before is refused too, and who says so first, of those meant that
    /// refuse at all; none where it is let through for ever.
    pub fn deny_existing_from(&self, is_meant: impl Fn(&Origin) -> bool) -> Option<(Timestamp, &Demander)> {
        let refusing = self.origins.iter().filter(|origin| origin.enforcement == Enforcement::Deny);
        let dated = refusing.filter(|origin| is_meant(origin));
        dated.filter_map(|origin| Some((origin.deny_existing_from?, &origin.demander))).min()
    }
}

impl Plan {
    /// Under which its demands are found.
    pub(crate) fn demands_key(&self) -> DemandsKey {
        demands_key(self.tenant.spec.enforcement, &self.profiles, &self.effective)
    }

    /// Whether a policy of this kind reaches the tenant.
    pub fn has_policy(&self, kind: Kind) -> bool {
        self.effective.has(kind)
    }

    /// A commitment of one of its profiles.
    pub fn commitment(&self, profile: &str, id: &str) -> Option<(&Arc<Declared<ProfileSpec>>, &Commitment)> {
        let profile = self.profiles.iter().find(|candidate| candidate.name == *profile)?;
        let commitment = profile.spec.commitments.iter().find(|commitment| commitment.id == id)?;
        Some((profile, commitment))
    }
}
