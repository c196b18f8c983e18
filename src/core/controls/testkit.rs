//! Builders for tests of controls: a world with one tenant, and one use of a control in it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test may stop at the first surprise"
)]
#![allow(missing_docs, reason = "names of builders say what they build")]

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    api::{Enforcement, TenantSpec, profile::ProfileSpec},
    core::{
        catalogue,
        control::Control,
        effective::Figure,
        facts::{
            Change, ClaimRecord, Declared, Fact, Kind, Labels, Meta, Name, Namespace, ObjectKey, PodTemplate,
            Source, SourceState, Sources, TenantRecord, Workload,
        },
        judge::judge,
        parameters::{Parameter, Parameters},
        plan::{Demander, Origin, Requirement, remediation_of},
        subject::SubjectKey,
        verdict::{State, Verdict},
        world::World,
    },
    index,
};

/// The tenant of every bench.
pub const TENANT: &str = "acme";
/// Its namespace.
pub const NAMESPACE: &str = "acme-prod";
/// The present of every bench unless it is moved.
pub const NOW: &str = "2026-06-15T12:00:00Z";

/// An instant.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Metadata of an object with this UID, created at [`NOW`].
pub fn meta(uid: &str) -> Meta {
    Meta { uid: Name::from(uid), created: at(NOW), generation: 1, ..Meta::default() }
}

/// A declaration of one of Surety's kinds.
pub fn declared<S>(name: &str, labels: Labels, spec: S) -> Declared<S> {
    Declared {
        name: Name::from(name),
        meta: meta(name),
        labels,
        spec: Arc::new(spec),
        conditions: Arc::from([]),
    }
}

/// A bare pod in the tenant's namespace.
pub fn pod(name: &str, template: PodTemplate) -> Fact {
    workload(Kind::Pod, name, template)
}

/// A workload in the tenant's namespace.
pub fn workload(kind: Kind, name: &str, template: PodTemplate) -> Fact {
    Fact::Workload(Workload {
        kind,
        namespace: Name::from(NAMESPACE),
        name: Name::from(name),
        meta: meta(&format!("{kind}-{name}")),
        labels: Labels::default(),
        template: Arc::new(template),
        claim_templates: Arc::from([]),
    })
}

/// The tenant's namespace with these labels.
pub fn namespace(labels: Labels) -> Fact {
    Fact::Namespace(Namespace { name: Name::from(NAMESPACE), meta: meta("ns-1"), labels })
}

/// A world with one tenant that holds one namespace, and one use of a control.
pub struct Bench {
    control: &'static Control,
    pub world: World,
    parameters: Parameters,
    now: Timestamp,
}

impl Bench {
    pub fn new(control: &'static Control) -> Self {
        let mut world = World::new(crate::core::controls::all());
        for source in Source::ALL {
            index::set_source(&mut world, *source, SourceState::Synced);
        }
        let mut bench = Self { control, world, parameters: Parameters::default(), now: at(NOW) };
        bench.apply(Fact::Tenant(declared(TENANT, Labels::default(), TenantSpec::default())));
        let claim = ClaimRecord { uid: Name::from("ns-1"), generation: 1, ..ClaimRecord::default() };
        bench.apply(Fact::TenantRecord(TenantRecord {
            tenant: Name::from(TENANT),
            namespaces: [(Name::from(NAMESPACE), claim)].into(),
            ..TenantRecord::default()
        }));
        bench.apply(namespace(Labels::default()));
        bench
    }

    pub fn apply(&mut self, fact: Fact) {
        index::apply(&mut self.world, Change::Apply(fact));
    }

    #[must_use]
    pub fn with(mut self, fact: Fact) -> Self {
        self.apply(fact);
        self
    }

    /// Changes the tenant's spec.
    #[must_use]
    pub fn with_tenant(self, spec: TenantSpec) -> Self {
        self.with(Fact::Tenant(declared(TENANT, Labels::default(), spec)))
    }

    #[must_use]
    pub fn with_source(mut self, source: Source, state: SourceState) -> Self {
        index::set_source(&mut self.world, source, state);
        self
    }

    #[must_use]
    pub fn with_parameter(mut self, name: &str, value: Parameter) -> Self {
        self.parameters = self.parameters.with(name, value);
        self
    }

    #[must_use]
    pub fn with_span(self, name: &str, span: &str) -> Self {
        self.with_parameter(name, Parameter::Span(span.parse().unwrap()))
    }

    #[must_use]
    pub fn with_text(self, name: &str, text: &str) -> Self {
        self.with_parameter(name, Parameter::Text(Name::from(text)))
    }

    #[must_use]
    pub fn with_flag(self, name: &str, flag: bool) -> Self {
        self.with_parameter(name, Parameter::Flag(flag))
    }

    #[must_use]
    pub fn with_list(self, name: &str, list: &[&str]) -> Self {
        self.with_parameter(name, Parameter::List(list.iter().map(|entry| Name::from(*entry)).collect()))
    }

    #[must_use]
    pub fn now(mut self, now: &str) -> Self {
        self.now = at(now);
        self
    }

    fn requirement(&self) -> Requirement {
        let demander = Demander::Commitment { profile: Name::from("bench"), id: Name::from("B-1") };
        Requirement {
            control: self.control,
            parameters: catalogue::with_defaults(self.control.id, self.parameters.clone()),
            figures: Vec::<Figure<Name>>::new(),
            origins: vec![Origin {
                demander,
                promise: Name::from("A promise."),
                enforcement: Enforcement::Deny,
                deny_existing_from: None,
                severity: self.control.severity,
                remediate_within: remediation_of(self.control.severity),
            }],
        }
    }

    /// The verdict on a subject that is in the world; checks that the control read no more than it declares.
    pub fn verdict_on(&self, subject: &SubjectKey) -> Verdict {
        let plan = self.world.plan(TENANT).expect("the bench has a plan");
        let subject = index::resolve(&self.world, plan, subject).expect("the subject is in the world");
        let judgement = judge(&self.world, plan, &self.requirement(), &subject, self.now);
        let environment_check = Sources::of(&[Source::Namespaces]);
        let excess: Vec<Source> = judgement
            .reads
            .iter()
            .filter(|source| !self.control.reads.contains(*source) && !environment_check.contains(*source))
            .collect();
        assert!(excess.is_empty(), "{} reads {excess:?} and does not declare it", self.control.id);
        judgement.verdict
    }

    /// The verdict on an object that is put into the world first.
    pub fn verdict_of(self, fact: Fact) -> Verdict {
        let key = fact.key();
        self.with(fact).verdict_on(&key.into())
    }

    /// The state of an object that is put into the world first.
    pub fn state_of(self, fact: Fact) -> State {
        let now = self.now;
        self.verdict_of(fact).state(now)
    }

    /// The verdict on the tenant's namespace.
    pub fn verdict_on_namespace(&self) -> Verdict {
        self.verdict_on(&ObjectKey::cluster(Kind::Namespace, NAMESPACE).into())
    }

    /// What the control finds weaker in a policy than the bench's parameters promise.
    pub fn weaker(&self, policy: &Fact) -> Vec<String> {
        let promised = catalogue::with_defaults(self.control.id, self.parameters.clone());
        (self.control.weaker)(policy, &promised).into_iter().map(|issue| issue.field).collect()
    }
}

/// A profile that demands one use of a control of every tenant.
pub fn profile_demanding(control: &str, parameters: &serde_json::Value) -> Fact {
    let text = serde_json::json!({
        "title": "Bench", "version": "1", "effectiveDate": "2026-01-01", "tenantSelector": {},
        "commitments": [{
            "id": "B-1", "promise": "A promise.", "enforcement": "Deny",
            "controls": [{"id": control, "parameters": parameters}],
        }],
    });
    let spec: ProfileSpec = serde_json::from_value(text).unwrap();
    Fact::Profile(declared("bench", Labels::default(), spec))
}
