#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod acts;
mod opt_outs;

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::{
    api::TenantSpec,
    core::{
        controls::{
            backup::testkit::{
                Case, Deed, ENGINE, LONG_AGO, SURETY, bench, claim, claim_key, fields, literal, location,
                meta_of, point, policy, schedule, tenant,
            },
            testkit::{Bench, NAMESPACE, NOW, TENANT, at, namespace, pod, profile_demanding, workload},
        },
        facts::{
            ClaimTemplate, Labels, Name, PodTemplate, PodVolume, RecoveryPoint, SourceState, VolumeSource,
            Workload,
        },
        verdict::State,
    },
};

fn labels(pairs: [(&str, &str); 1]) -> Labels {
    Labels::from(pairs)
}

fn opted_out() -> Labels {
    labels([(keys::VELERO_EXCLUDE, "true")])
}

fn covered() -> Bench {
    bench(&CONTROL).with(Fact::Schedule(schedule()))
}

fn verdict_of(bench: Bench) -> Verdict {
    bench.verdict_of(Fact::PersistentVolumeClaim(claim()))
}

fn state_of(bench: Bench) -> State {
    bench.state_of(Fact::PersistentVolumeClaim(claim()))
}

fn with_schedule(change: impl FnOnce(&mut Schedule)) -> Bench {
    let mut changed = schedule();
    change(&mut changed);
    bench(&CONTROL).with(Fact::Schedule(changed))
}

#[test]
fn a_claim_that_a_live_schedule_takes_in_passes() {
    let verdict = verdict_of(covered());
    assert_eq!(verdict.state(at(NOW)), State::Pass);
    assert_eq!(verdict.evidence.found, "Schedule velero/daily takes it in");
    assert_eq!(verdict.changes_at, None);
}

#[test]
fn a_claim_that_no_schedule_takes_in_fails_with_the_way_out() {
    let verdict = verdict_of(bench(&CONTROL));
    assert_eq!(verdict.state(at(NOW)), State::Fail);
    let issue = &verdict.issues[0];
    assert_eq!(issue.found, "no schedule takes in namespace acme-prod");
    assert_eq!(issue.wanted, "a live schedule that takes it in and copies its volume");
    assert_eq!(
        issue.fix,
        "add `acme-prod` to spec.template.includedNamespaces of a schedule, or let a BackupPolicy with management: \
         Managed write one"
    );
}

#[test]
fn a_schedule_that_does_not_run_or_copy_does_not_cover() {
    let cases: [Case<Schedule>; 9] = [
        ("is paused", |s| s.is_paused = true),
        ("is being deleted", |s| s.meta.is_deleting = true),
        ("is refused by the engine: no such location", |s| s.invalid = Some("no such location".into())),
        (
            "never runs: `15 25 * * *` is no schedule: hour `25` is not between 0 and 23; write five fields such as \
          `15 2 * * *`, or `@daily`, or `@every 1h`",
            |s| s.cron = "15 25 * * *".into(),
        ),
        ("never runs: `0 0 31 2 *` names a day that never comes", |s| s.cron = "0 0 31 2 *".into()),
        ("copies no volumes", |s| s.volume_data = VolumeData::None),
        ("cannot write: its storage location `away` does not exist", |s| s.location = Some("away".into())),
        ("", |s| s.selection.excluded = literal(&[NAMESPACE]).included),
        ("", |s| s.selection = literal(&["another"])),
    ];
    for (found, change) in cases {
        let verdict = verdict_of(with_schedule(change));
        assert_eq!(verdict.state(at(NOW)), State::Fail, "{found}");
        if !found.is_empty() {
            assert_eq!(verdict.issues[0].found, format!("Schedule velero/daily {found}"));
        }
    }
}

#[test]
fn a_schedule_whose_location_is_read_only_does_not_cover() {
    let closed = Fact::Location(crate::core::facts::Location { is_writable: false, ..location() });
    let verdict = verdict_of(covered().with(closed));
    assert_eq!(
        verdict.issues[0].found,
        "Schedule velero/daily cannot write: its storage location `default` is read-only"
    );
}

#[test]
fn one_live_schedule_is_enough_whatever_the_others_are() {
    let paused = Schedule { name: Name::from("a-paused"), is_paused: true, ..schedule() };
    assert_eq!(state_of(covered().with(Fact::Schedule(paused))), State::Pass);
}

#[test]
fn what_the_engine_decides_by_default_passes_and_says_so() {
    let verdict = verdict_of(with_schedule(|s| s.volume_data = VolumeData::Undecided));
    assert_eq!(verdict.state(at(NOW)), State::Pass);
    assert_eq!(
        verdict.evidence.found,
        "Schedule velero/daily takes it in; to copy volumes is left to the engine's default"
    );
}

#[test]
fn a_narrowed_schedule_and_an_unknown_time_zone_are_undecidable() {
    let narrowed = with_schedule(|s| s.selection.narrowed_by = Some("spec.template.labelSelector".into()));
    let unzoned = with_schedule(|s| s.cron = "CRON_TZ=Mars/Olympus 0 2 * * *".into());
    for (bench, found) in [
        (narrowed, "Schedule velero/daily narrows what it takes in: spec.template.labelSelector"),
        (
            unzoned,
            "Schedule velero/daily: `CRON_TZ=Mars/Olympus 0 2 * * *` names the time zone `Mars/Olympus`, which is not \
             known here; write it in UTC",
        ),
    ] {
        let verdict = verdict_of(bench);
        let undecidable = Problem::Unknown(Unknown::Undecidable(found.to_owned()));
        assert_eq!(verdict.issues[0].problem, undecidable);
    }
}

#[test]
fn the_label_on_the_claim_and_on_its_namespace_opt_out_each_at_its_own_field() {
    let own = PersistentVolumeClaim { labels: opted_out(), ..claim() };
    let verdict = covered().with(namespace(opted_out())).verdict_of(Fact::PersistentVolumeClaim(own));
    assert_eq!(
        fields(&verdict.issues),
        [
            "metadata.labels[velero.io/exclude-from-backup]",
            "Namespace acme-prod metadata.labels[velero.io/exclude-from-backup]",
        ]
    );
    assert_eq!(verdict.issues[0].fix, "remove the label `velero.io/exclude-from-backup`");
}

#[test]
fn only_the_value_that_velero_reads_opts_out() {
    for value in ["false", "True", "yes", ""] {
        let own = PersistentVolumeClaim { labels: labels([(keys::VELERO_EXCLUDE, value)]), ..claim() };
        assert_eq!(covered().state_of(Fact::PersistentVolumeClaim(own)), State::Pass, "{value}");
    }
}

#[test]
fn a_claim_that_is_not_bound_is_not_applicable_but_fails_where_nothing_will_take_it_in() {
    let unbound = || Fact::PersistentVolumeClaim(PersistentVolumeClaim { is_bound: false, ..claim() });
    assert_eq!(covered().state_of(unbound()), State::NotApplicable);
    assert_eq!(bench(&CONTROL).state_of(unbound()), State::Fail);
}

#[test]
fn a_cluster_without_the_engine_fails() {
    let verdict = verdict_of(covered().with_source(Source::VeleroSchedules, SourceState::Absent));
    assert!(verdict.issues[0].found.starts_with("engine-missing: "), "{verdict:?}");
    assert_eq!(verdict.state(at(NOW)), State::Fail);
}

#[test]
fn what_surety_cannot_see_is_unknown_and_neither_pass_nor_fail() {
    for state in [SourceState::Pending, SourceState::Forbidden, SourceState::Stale(at(LONG_AGO))] {
        for bench in [covered(), bench(&CONTROL)] {
            let bench = bench.with_source(Source::VeleroSchedules, state.clone());
            assert_eq!(state_of(bench), State::Error, "{state:?}");
        }
    }
    let files = bench(&CONTROL).with_source(Source::VeleroSchedules, SourceState::FilesOnly);
    assert_eq!(state_of(files), State::Error);
    let files = covered().with_source(Source::VeleroSchedules, SourceState::FilesOnly);
    assert_eq!(state_of(files), State::Pass);
}

#[test]
fn a_managed_schedule_is_waited_for_five_minutes_after_the_claim() {
    let managed = || policy("daily", json!({"management": "Managed", "every": "1d"}));
    let young = || {
        let meta = meta_of("claim-1", "2026-06-15T11:58:00Z");
        Fact::PersistentVolumeClaim(PersistentVolumeClaim { meta, ..claim() })
    };
    let verdict = bench(&CONTROL).with(managed()).verdict_of(young());
    assert_eq!(verdict.issues[0].problem, Problem::Pending { due: at("2026-06-15T12:03:00Z") });
    assert_eq!(verdict.issues[0].found, "no schedule takes it in yet");
    assert_eq!(verdict.next_change(at(NOW)), Some(at("2026-06-15T12:03:00Z")));
    let late = bench(&CONTROL).with(managed()).now("2026-06-15T12:03:00Z");
    assert_eq!(late.verdict_of(young()).state(at("2026-06-15T12:03:00Z")), State::Fail);
    // Observed: nobody will write it.
    let observed = policy("daily", json!({"management": "Observed", "every": "1d"}));
    assert_eq!(bench(&CONTROL).with(observed).state_of(young()), State::Fail);
}

#[test]
fn a_managed_schedule_that_was_written_and_paused_is_not_waited_for() {
    let young = meta_of("claim-1", "2026-06-15T11:58:00Z");
    let paused = Schedule { is_paused: true, run_labels: labels([(keys::POLICY, "daily")]), ..schedule() };
    let bench = bench(&CONTROL)
        .with(policy("daily", json!({"management": "Managed", "every": "1d"})))
        .with(Fact::Schedule(paused));
    let claim = PersistentVolumeClaim { meta: young, ..claim() };
    assert_eq!(bench.state_of(Fact::PersistentVolumeClaim(claim)), State::Fail);
}

#[test]
fn a_schedule_outside_the_engines_namespace_is_not_believed() {
    let invented = Schedule { namespace: Name::from(NAMESPACE), ..schedule() };
    assert_eq!(state_of(bench(&CONTROL).with(Fact::Schedule(invented))), State::Fail);
    let elsewhere = policy("daily", json!({"engine": {"namespace": "backups"}}));
    assert_eq!(state_of(covered().with(elsewhere)), State::Fail);
    let here = policy("daily", json!({"engine": {"namespace": "velero"}}));
    assert_eq!(state_of(covered().with(here)), State::Pass);
}

#[test]
fn what_every_policy_leaves_out_is_not_applicable() {
    let exempt = |name, exempt: serde_json::Value| policy(name, json!({"exempt": exempt}));
    let scratch = PersistentVolumeClaim { storage_class: Some(Name::from("scratch")), ..claim() };
    let scratch = || Fact::PersistentVolumeClaim(scratch.clone());
    let one = bench(&CONTROL).with(exempt("a", json!({"storageClasses": ["scratch"]})));
    assert_eq!(one.state_of(scratch()), State::NotApplicable);
    let two = bench(&CONTROL)
        .with(exempt("a", json!({"storageClasses": ["scratch"]})))
        .with(exempt("b", json!({"storageClasses": ["other"]})));
    assert_eq!(two.state_of(scratch()), State::Fail);
    let by_namespace = bench(&CONTROL)
        .with(namespace(labels([("tier", "test")])))
        .with(exempt("a", json!({"namespaceSelector": {"matchLabels": {"tier": "test"}}})));
    assert_eq!(by_namespace.state_of(scratch()), State::NotApplicable);
}

#[test]
fn a_class_that_the_claim_names_itself_exempts_it_only_where_the_tenant_lists_that_class() {
    let cache = PersistentVolumeClaim { labels: labels([(keys::DATA_CLASS, "cache")]), ..claim() };
    let cache = || Fact::PersistentVolumeClaim(cache.clone());
    let exempt = || policy("a", json!({"exempt": {"dataClasses": ["cache"]}}));
    assert_eq!(bench(&CONTROL).with(exempt()).state_of(cache()), State::Fail);
    let listing = TenantSpec { data_classes: vec!["cache".to_owned()], ..TenantSpec::default() };
    let listed = bench(&CONTROL).with(tenant(listing)).with(exempt());
    assert_eq!(listed.state_of(cache()), State::NotApplicable);
    let defaulted = TenantSpec { default_data_class: Some("cache".to_owned()), ..TenantSpec::default() };
    let defaulted = bench(&CONTROL).with(tenant(defaulted)).with(exempt());
    assert_eq!(state_of(defaulted), State::NotApplicable);
}

/// Prevention: the verdict of the claim before and after a request.
fn worsens(before: Bench, request: Fact) -> bool {
    let before = before.with(Fact::PersistentVolumeClaim(claim()));
    let state = |bench: &Bench| bench.verdict_on(&claim_key().into()).state(at(NOW));
    let was = state(&before);
    was == State::Pass && state(&before.with(request)) == State::Fail
}

#[test]
fn every_way_out_of_backups_makes_the_verdict_worse() {
    let requests = [
        Fact::PersistentVolumeClaim(PersistentVolumeClaim { labels: opted_out(), ..claim() }),
        namespace(opted_out()),
        Fact::Schedule(Schedule { is_paused: true, ..schedule() }),
        Fact::Schedule(Schedule { selection: literal(&["another"]), ..schedule() }),
        Fact::Schedule(Schedule { volume_data: VolumeData::None, ..schedule() }),
        Fact::Schedule(Schedule { cron: Name::from("0 0 31 2 *"), ..schedule() }),
        Fact::Location(crate::core::facts::Location { is_writable: false, ..location() }),
    ];
    for request in requests {
        assert!(worsens(covered(), request.clone()), "{request:?}");
        // Also where Surety would write it again: nobody takes it away from an old claim in the meantime.
        let managed = covered().with(policy("daily", json!({"management": "Managed", "every": "1d"})));
        assert!(worsens(managed, request.clone()), "{request:?}");
    }
}

#[test]
fn deleting_the_schedule_makes_the_verdict_worse() {
    let before = covered().with(Fact::PersistentVolumeClaim(claim()));
    let mut after = bench(&CONTROL).with(Fact::PersistentVolumeClaim(claim()));
    after.world = before.world.clone();
    crate::index::apply(&mut after.world, crate::core::facts::Change::Delete(schedule().key()));
    assert_eq!(before.verdict_on(&claim_key().into()).state(at(NOW)), State::Pass);
    assert_eq!(after.verdict_on(&claim_key().into()).state(at(NOW)), State::Fail);
}

#[test]
fn an_exemption_is_weaker_than_the_promise_unless_the_promise_does_not_reach_it() {
    let exempt = |exempt: serde_json::Value| policy("a", json!({"exempt": exempt}));
    let staging = json!({"namespaceSelector": {"matchLabels": {"surety.dev/environment": "staging"}}});
    let not_production = json!({"namespaceSelector": {"matchExpressions": [
        {"key": "surety.dev/environment", "operator": "NotIn", "values": ["production"]}]}});
    let production = json!({"namespaceSelector": {"matchLabels": {"surety.dev/environment": "production"}}});
    let all = json!({"storageClasses": ["scratch"], "dataClasses": ["cache"], "namespaceSelector": {}});
    let everything = bench(&CONTROL);
    assert_eq!(
        everything.weaker(&exempt(all)),
        ["spec.exempt.storageClasses", "spec.exempt.dataClasses", "spec.exempt.namespaceSelector"]
    );
    assert_eq!(everything.weaker(&exempt(staging.clone())), ["spec.exempt.namespaceSelector"]);
    let of_production = bench(&CONTROL).with_list("environments", &["production"]);
    assert!(of_production.weaker(&exempt(staging)).is_empty());
    assert!(of_production.weaker(&exempt(not_production)).is_empty());
    assert_eq!(of_production.weaker(&exempt(production)), ["spec.exempt.namespaceSelector"]);
    assert!(everything.weaker(&policy("a", json!({"every": "1d"}))).is_empty());
}

#[test]
fn any_policy_asks_for_it_and_the_plan_evaluates_it_once() {
    let bench = covered()
        .with(profile_demanding("backup.covered", &json!({})))
        .with(policy("a", json!({"every": "1d"})))
        .with(policy("b", json!({})));
    let plan = bench.world.plan(TENANT).unwrap();
    let uses: Vec<_> = plan.requirements.iter().filter(|use_of| use_of.control == &CONTROL).collect();
    assert_eq!((uses.len(), uses[0].origins.len()), (1, 3));
}
