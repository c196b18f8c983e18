//! Claims that hold, waver, are contested, and acts that would move them.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::*;
use crate::{
    api::{
        IsolationPolicySpec, Management,
        tenant::{Creator, CreatorKind, SelfService, TenantNamespaces},
    },
    core::{
        controls::testkit::{Bench, NAMESPACE, NOW, TENANT, at, declared, meta, namespace},
        facts::{Change, Fact, Labels, Meta, Name, ObjectKey, SourceState},
        transition::{Act, Transition, Trusted},
        verdict::{Problem, State},
        world::World,
    },
    index,
};

const LATER: &str = "2026-06-15T12:05:00Z";
const SURETY: &str = "system:serviceaccount:surety-system:surety";
const ENGINE: &str = "system:serviceaccount:velero:velero";
const SOMEBODY: &str = "somebody";

fn labelled(value: &str) -> Fact {
    namespace(Labels::from([(keys::TENANT, value)]))
}

fn unlabelled() -> Fact {
    namespace(Labels::default())
}

fn fresh(name: &str, labels: Labels) -> Fact {
    Fact::Namespace(Namespace { name: name.into(), meta: meta(name), labels })
}

fn listing(names: &[&str]) -> TenantSpec {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    TenantSpec { namespaces: TenantNamespaces { names, selector: None }, ..TenantSpec::default() }
}

fn selecting(key: &str, value: &str) -> TenantSpec {
    let labels = [(key.to_owned(), value.to_owned())].into();
    let selector = Some(LabelSelector { match_labels: Some(labels), ..LabelSelector::default() });
    TenantSpec { namespaces: TenantNamespaces { names: Vec::new(), selector }, ..TenantSpec::default() }
}

fn self_service(patterns: &[&str], user: &str) -> TenantSpec {
    let creator = Creator { kind: CreatorKind::User, name: user.to_owned(), namespace: None };
    let rule = SelfService {
        name_patterns: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
        creators: vec![creator],
    };
    TenantSpec { self_service: Some(rule), ..TenantSpec::default() }
}

fn tenant(name: &str, spec: TenantSpec) -> Fact {
    Fact::Tenant(declared(name, Labels::default(), spec))
}

fn policy(management: Management) -> Fact {
    let spec = IsolationPolicySpec { management, ..IsolationPolicySpec::default() };
    Fact::IsolationPolicy(declared("keep-apart", Labels::default(), spec))
}

fn tenant_verdict_of(bench: &Bench) -> Verdict {
    bench.verdict_on(&ObjectKey::cluster(Kind::Tenant, TENANT).into())
}

fn fields(verdict: &Verdict) -> Vec<&str> {
    verdict.issues.iter().map(|issue| issue.field.as_str()).collect()
}

/// The judgement of one act on a world in which requests are judged since long ago.
struct Stage {
    before: World,
    after: World,
    act: Act,
}

impl Stage {
    fn new(bench: &Bench, operation: Operation, key: ObjectKey) -> Self {
        let mut before = bench.world.clone();
        index::set_enforcing_since(&mut before, Some(at("2026-01-01T00:00:00Z")));
        let act = Act {
            operation,
            key,
            old: None,
            new: None,
            subresource: Name::default(),
            user: SOMEBODY.into(),
            groups: Vec::new(),
            orphans_dependents: false,
            requested_deletion: None,
            canary: None,
        };
        Self { after: before.clone(), before, act }
    }

    fn creating(bench: &Bench, new: Fact) -> Self {
        let mut stage = Self::new(bench, Operation::Create, new.key());
        index::apply(&mut stage.after, Change::Apply(new.clone()));
        stage.act.new = Some(new);
        stage
    }

    fn updating(bench: &Bench, old: Fact, new: Fact) -> Self {
        let mut stage = Self::new(bench, Operation::Update, new.key());
        index::apply(&mut stage.before, Change::Apply(old.clone()));
        index::apply(&mut stage.after, Change::Apply(new.clone()));
        (stage.act.old, stage.act.new) = (Some(old), Some(new));
        stage
    }

    fn deleting(bench: &Bench, key: ObjectKey) -> Self {
        let mut stage = Self::new(bench, Operation::Delete, key.clone());
        index::apply(&mut stage.after, Change::Delete(key));
        stage
    }

    fn by(mut self, user: &str) -> Self {
        self.act.user = user.into();
        self
    }

    fn broken(&self) -> Vec<Issue> {
        let trusted = Trusted { surety: SURETY.into(), engines: vec![ENGINE.into()] };
        let (before, after, act) = (&self.before, &self.after, &self.act);
        (CONTROL.transition)(&Transition { before, after, act, trusted: &trusted, now: at(NOW) })
    }

    fn fields(&self) -> Vec<String> {
        self.broken().into_iter().map(|issue| issue.field).collect()
    }
}

#[test]
fn a_namespace_with_its_tenants_label_passes() {
    assert_eq!(Bench::new(&CONTROL).state_of(labelled(TENANT)), State::Pass);
}

#[test]
fn a_missing_label_waits_where_surety_writes_it_and_fails_where_it_only_observes() {
    for (facts, state) in [
        (vec![], State::Pending),
        (vec![policy(Management::Managed)], State::Pending),
        (vec![policy(Management::Observed)], State::Fail),
    ] {
        let bench = facts.into_iter().fold(Bench::new(&CONTROL), Bench::with);
        assert_eq!(bench.verdict_on_namespace().state(at(NOW)), state);
    }
    let young = Bench::new(&CONTROL).verdict_on_namespace();
    assert_eq!(young.next_change(at(NOW)), Some(at(LATER)));
    let settled = Bench::new(&CONTROL).now(LATER).verdict_on_namespace();
    let expected = Issue::fail(
        "metadata.labels[surety.dev/tenant]",
        "not set",
        "surety.dev/tenant: acme",
        "write `surety.dev/tenant: acme` in metadata.labels",
    );
    assert_eq!(settled.issues, [expected]);
}

#[test]
fn a_namespace_in_a_file_may_leave_the_label_to_surety() {
    let in_file = Namespace { name: NAMESPACE.into(), meta: Meta::default(), labels: Labels::default() };
    let bench = Bench::new(&CONTROL).with_source(Source::Namespaces, SourceState::FilesOnly);
    assert_eq!(bench.state_of(Fact::Namespace(in_file)), State::Pending);
}

#[test]
fn detect_another_label_at_once_without_quoting_it() {
    let verdict = Bench::new(&CONTROL).verdict_of(labelled("globex"));
    assert_eq!(verdict.state(at(NOW)), State::Fail);
    assert!(!format!("{verdict:?}").contains("globex"), "{verdict:?}");
}

#[test]
fn detect_a_namespace_that_another_tenant_asks_for_without_naming_it() {
    let bench = Bench::new(&CONTROL).with(labelled(TENANT)).with(tenant("globex", listing(&[NAMESPACE])));
    let verdict = bench.verdict_on_namespace();
    let expected = Issue::fail(
        "metadata.name",
        "1 other Tenant asks for it",
        "one Tenant that asks for it",
        "take `acme-prod` out of spec.namespaces of every Tenant but its own",
    );
    assert_eq!(verdict.issues, [expected]);
}

#[test]
fn detect_a_namespace_that_two_tenants_ask_for_and_nobody_holds() {
    let bench = Bench::new(&CONTROL)
        .with_tenant(listing(&[NAMESPACE, "shared"]))
        .with(tenant("globex", listing(&["shared"])))
        .with(fresh("shared", Labels::default()));
    let verdict = tenant_verdict_of(&bench);
    assert_eq!(fields(&verdict), ["spec.namespaces.names[shared]"]);
    assert_eq!(verdict.state(at(NOW)), State::Fail);
    assert!(!format!("{verdict:?}").contains("globex"), "{verdict:?}");
}

#[test]
fn detect_a_self_service_namespace_whose_creation_nobody_judged() {
    let bench = Bench::new(&CONTROL)
        .with_tenant(self_service(&["acme-*"], SOMEBODY))
        .with(fresh("acme-new", Labels::from([(keys::TENANT, TENANT)])));
    assert_eq!(fields(&tenant_verdict_of(&bench)), ["spec.selfService[acme-new]"]);
    let mut judged = bench;
    index::set_enforcing_since(&mut judged.world, Some(at("2026-01-01T00:00:00Z")));
    assert_eq!(tenant_verdict_of(&judged).state(at(NOW)), State::Pass);
}

#[test]
fn a_tenant_that_holds_all_it_asks_for_passes_and_one_that_asks_for_none_is_out_of_scope() {
    let bench = Bench::new(&CONTROL).with_tenant(listing(&[NAMESPACE, "still-to-come"]));
    assert_eq!(tenant_verdict_of(&bench).state(at(NOW)), State::Pass);
    let bench = Bench::new(&CONTROL).with_tenant(TenantSpec::default());
    assert_eq!(tenant_verdict_of(&bench).state(at(NOW)), State::NotApplicable);
}

#[test]
fn records_that_have_not_been_read_make_it_unknown() {
    let bench = Bench::new(&CONTROL).with_source(Source::Records, SourceState::Pending);
    let verdict = bench.verdict_of(labelled(TENANT));
    assert!(matches!(verdict.issues.first().unwrap().problem, Problem::Unknown(_)), "{verdict:?}");
}

#[test]
fn prevent_every_move_of_the_label_of_a_claimed_namespace_by_anybody_but_surety() {
    let bench = Bench::new(&CONTROL);
    for (old, new) in [
        (labelled(TENANT), labelled("globex")),
        (labelled(TENANT), unlabelled()),
        (labelled(TENANT), labelled("")),
        (unlabelled(), labelled("globex")),
        (labelled("globex"), labelled("initech")),
    ] {
        let stage = || Stage::updating(&bench, old.clone(), new.clone());
        for user in [SOMEBODY, ENGINE] {
            assert_eq!(stage().by(user).fields(), [LABEL], "{new:?}");
        }
        assert_eq!(stage().by(SURETY).fields(), [] as [&str; 0]);
        // Also by way of a subresource, through which labels can be changed as well.
        let mut through_status = stage();
        through_status.act.subresource = "status".into();
        assert_eq!(through_status.fields(), [LABEL]);
    }
}

#[test]
fn a_refused_move_says_how_a_namespace_changes_hands_and_names_nobody() {
    let stage = Stage::updating(&Bench::new(&CONTROL), labelled(TENANT), unlabelled());
    let expected = Issue::fail(
        "metadata.labels[surety.dev/tenant]",
        "removed",
        "the label as it is: only Surety writes it on a namespace that belongs to a tenant",
        "leave the label; a namespace changes hands by spec.namespaces of the Tenants, which operators change",
    );
    assert_eq!(stage.broken(), [expected]);
}

#[test]
fn the_label_may_be_set_to_what_it_should_be_and_other_labels_may_change() {
    let with = |labels: &[(&str, &str)]| {
        let labels: std::collections::BTreeMap<String, String> =
            labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        namespace(Labels::from(labels))
    };
    let ours = (keys::TENANT, TENANT);
    for (old, new) in [
        (unlabelled(), labelled(TENANT)),
        (labelled("globex"), labelled(TENANT)),
        (with(&[ours]), with(&[ours, ("team", "payments")])),
        (unlabelled(), with(&[("customer", "globex")])),
    ] {
        let bench = Bench::new(&CONTROL).with(tenant("globex", selecting("customer", "globex")));
        assert_eq!(Stage::updating(&bench, old, new).fields(), [] as [&str; 0]);
    }
}

#[test]
fn prevent_a_label_from_being_added_to_a_namespace_that_exists() {
    let bench = Bench::new(&CONTROL).with_tenant(self_service(&["acme-*"], SOMEBODY));
    let label = |value| Labels::from([(keys::TENANT, value)]);
    for (old, new) in [(Labels::default(), label(TENANT)), (label("globex"), label(TENANT))] {
        let stage = Stage::updating(&bench, fresh("acme-old", old), fresh("acme-old", new));
        assert_eq!(stage.fields(), [LABEL]);
    }
    let removed = Stage::updating(&bench, fresh("stray", label("globex")), fresh("stray", Labels::default()));
    assert_eq!(removed.fields(), [] as [&str; 0]);
}

#[test]
fn prevent_a_claim_from_ending_by_the_labels_that_a_selector_selects() {
    let bench = Bench::new(&CONTROL).with_tenant(selecting("customer", TENANT));
    let selected = fresh("acme-test", Labels::from([("customer", TENANT)]));
    let stage = Stage::updating(&bench, selected, fresh("acme-test", Labels::default()));
    assert_eq!(stage.fields(), ["metadata.labels"]);
}

#[test]
fn prevent_a_namespace_from_joining_by_the_wrong_creator_or_name() {
    let bench = Bench::new(&CONTROL).with_tenant(self_service(&["acme-*", "shop"], "deployer"));
    let create =
        |name, user| Stage::creating(&bench, fresh(name, Labels::from([(keys::TENANT, TENANT)]))).by(user);
    for (name, user, expected) in [
        ("acme-new", "deployer", vec![]),
        ("shop", "deployer", vec![]),
        ("acme-new", ENGINE, vec![]),
        ("acme-new", SURETY, vec![]),
        ("acme-new", SOMEBODY, vec![LABEL]),
        ("other", "deployer", vec!["metadata.name"]),
        ("other", ENGINE, vec!["metadata.name"]),
        ("other", SOMEBODY, vec![LABEL]),
    ] {
        assert_eq!(create(name, user).fields(), expected, "{name} by {user}");
    }
}

#[test]
fn a_creator_that_is_not_listed_does_not_learn_whether_there_is_such_a_tenant() {
    let bench = Bench::new(&CONTROL).with_tenant(self_service(&["acme-*"], "deployer"));
    let refusal = |tenant: &str| {
        let stage = Stage::creating(&bench, fresh("acme-new", Labels::from([(keys::TENANT, tenant)])));
        format!("{:?}", stage.broken()).replace(tenant, "x")
    };
    assert_eq!(refusal(TENANT), refusal("nobody"));
}

#[test]
fn anybody_may_create_what_the_tenant_lists_or_selects_or_held_before_with_its_label_alone() {
    let label = |value| Labels::from([(keys::TENANT, value)]);
    let listed = Bench::new(&CONTROL).with_tenant(listing(&["acme-new"]));
    let selecting_all = TenantSpec {
        namespaces: TenantNamespaces { names: Vec::new(), selector: Some(LabelSelector::default()) },
        ..TenantSpec::default()
    };
    let selected = Bench::new(&CONTROL).with_tenant(selecting_all);
    let recorded = Bench::new(&CONTROL);
    for (bench, name) in [(&listed, "acme-new"), (&selected, "acme-new"), (&recorded, NAMESPACE)] {
        assert_eq!(Stage::creating(bench, fresh(name, label(TENANT))).fields(), [] as [&str; 0], "{name}");
        assert_eq!(Stage::creating(bench, fresh(name, label("globex"))).fields(), [LABEL], "{name}");
        assert_eq!(Stage::creating(bench, fresh(name, Labels::default())).fields(), [] as [&str; 0]);
    }
}

#[test]
fn prevent_the_deletion_of_a_tenant_that_holds_namespaces() {
    let key = || ObjectKey::cluster(Kind::Tenant, TENANT);
    let stage = Stage::deleting(&Bench::new(&CONTROL), key());
    let found: Vec<String> = stage.broken().into_iter().map(|issue| issue.found).collect();
    assert_eq!(found, ["the Tenant holds 1 namespace"]);

    let mut released = Bench::new(&CONTROL);
    index::apply(&mut released.world, Change::Delete(ObjectKey::cluster(Kind::Namespace, NAMESPACE)));
    assert_eq!(Stage::deleting(&released, key()).fields(), [] as [&str; 0]);
}

#[test]
fn a_tenants_update_is_how_claims_end_and_is_never_refused() {
    let bench = Bench::new(&CONTROL).with_tenant(listing(&[NAMESPACE]));
    let old = tenant(TENANT, listing(&[NAMESPACE]));
    let stage = Stage::updating(&bench, old, tenant(TENANT, TenantSpec::default()));
    assert_eq!(stage.fields(), [] as [&str; 0]);
}

#[test]
fn prevent_a_report_from_being_written_by_anybody_but_surety() {
    let key = || ObjectKey::cluster(Kind::ComplianceReport, TENANT);
    for operation in [Operation::Create, Operation::Update, Operation::Delete] {
        let stage = || Stage::new(&Bench::new(&CONTROL), operation, key());
        assert_eq!(stage().broken().len(), 1, "{operation:?}");
        assert_eq!(stage().by(SURETY).broken().len(), 0, "{operation:?}");
    }
}
