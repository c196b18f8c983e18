#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod acts;

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    api::{TenantSpec, tenant::Contract},
    core::{
        controls::{
            backup::testkit::{
                Deed, ENGINE, LONG_AGO, SURETY, bench, claim, copy, fields, literal, point, policy, schedule,
                tenant,
            },
            testkit::{Bench, NAMESPACE, NOW, TENANT, at, profile_demanding},
        },
        facts::{Change, Meta, Name, Owner, Schedule, SourceState},
        verdict::State,
    },
    index,
};

/// Kept until 10 July 02:15, due then, late from 13 July 02:15.
const TAKEN: &str = "2026-06-10T02:15:00Z";
const KEPT_UNTIL: &str = "2026-07-10T02:15:00Z";
const LATE_FROM: &str = "2026-07-13T02:15:00Z";

/// Exactly thirty days.
fn thirty_days() -> Bench {
    bench(&CONTROL).with_span("atLeast", "30d").with_span("atMost", "30d")
}

fn expiring(expiry: &str) -> RecoveryPoint {
    RecoveryPoint { expiry: Expiry::At(at(expiry)), ..point("p", TAKEN) }
}

fn verdict_of(bench: Bench, point: RecoveryPoint) -> Verdict {
    bench.verdict_of(Fact::RecoveryPoint(point))
}

fn state_of(bench: Bench, point: RecoveryPoint) -> State {
    bench.state_of(Fact::RecoveryPoint(point))
}

#[test]
fn a_point_that_expires_between_its_bounds_passes_until_it_is_late() {
    let verdict = verdict_of(thirty_days(), expiring("2026-07-11T14:15:00Z"));
    assert_eq!(verdict.state(at(NOW)), State::Pass);
    assert_eq!(verdict.evidence.found, "taken at 2026-06-10T02:15:00Z, expires at 2026-07-11T14:15:00Z");
    assert_eq!(
        verdict.evidence.wanted,
        "kept until 2026-07-10T02:15:00Z (at least 30d), gone by 2026-07-13T02:15:00Z (at most 30d, and the allowance)"
    );
    assert_eq!(verdict.next_change(at(NOW)), Some(at(LATE_FROM)));
}

#[test]
fn an_expiry_one_second_before_at_least_fails_until_then_and_says_why_it_is_always_short() {
    let short = || expiring("2026-07-10T02:14:59Z");
    let verdict = verdict_of(thirty_days(), short());
    let issue = &verdict.issues[0];
    assert_eq!(
        (issue.field.as_str(), issue.found.as_str(), issue.wanted.as_str()),
        (
            "status.expiration",
            "expires at 2026-07-10T02:14:59Z",
            "kept until 2026-07-10T02:15:00Z (at least 30d)"
        )
    );
    assert!(
        issue.fix.contains("Velero sets the expiry before the run starts, so aim between"),
        "{}",
        issue.fix
    );
    assert_eq!(issue.since, Some(at(TAKEN)));
    assert_eq!(state_of(thirty_days(), expiring(KEPT_UNTIL)), State::Pass);
    // It was kept long enough all the same: the engine deletes only from time to time.
    assert_eq!(verdict.next_change(at(NOW)), Some(at(KEPT_UNTIL)));
    assert_eq!(state_of(thirty_days().now(KEPT_UNTIL), short()), State::Pass);
}

#[test]
fn an_expiry_that_lies_too_late_fails_at_once() {
    assert_eq!(state_of(thirty_days(), expiring(LATE_FROM)), State::Pass);
    let verdict = verdict_of(thirty_days(), expiring("2026-07-13T02:15:01Z"));
    let issue = &verdict.issues[0];
    assert_eq!(
        (issue.field.as_str(), issue.found.as_str()),
        ("status.expiration", "expires at 2026-07-13T02:15:01Z")
    );
    assert_eq!(issue.wanted, "gone by 2026-07-13T02:15:00Z (at most 30d, and the allowance)");
}

#[test]
fn a_point_that_is_still_there_fails_from_the_moment_it_is_late() {
    let kept = || expiring("2026-07-11T14:15:00Z");
    assert_eq!(state_of(thirty_days().now("2026-07-13T02:14:59Z"), kept()), State::Pass);
    let verdict = verdict_of(thirty_days().now(LATE_FROM), kept());
    assert_eq!(verdict.state(at(LATE_FROM)), State::Fail);
    assert_eq!(
        (verdict.issues[0].found.as_str(), verdict.issues[0].since),
        ("it is still there", Some(at(LATE_FROM)))
    );
}

#[test]
fn the_allowance_is_a_figure_of_the_promise() {
    let bench = |now| thirty_days().with_span("allowance", "1h").now(now);
    let kept = || expiring("2026-07-10T03:00:00Z");
    assert_eq!(state_of(bench("2026-07-10T03:14:59Z"), kept()), State::Pass);
    assert_eq!(state_of(bench("2026-07-10T03:15:00Z"), kept()), State::Fail);
}

#[test]
fn bounds_in_months_follow_the_points_own_date() {
    let january = || RecoveryPoint {
        expiry: Expiry::At(at("2026-02-28T10:00:00Z")),
        ..point("p", "2026-01-31T10:00:00Z")
    };
    let bench = || bench(&CONTROL).with_span("atLeast", "1mo").now("2026-02-01T00:00:00Z");
    assert_eq!(state_of(bench(), january()), State::Pass);
    let march = || RecoveryPoint {
        expiry: Expiry::At(at("2026-04-30T09:59:59Z")),
        ..point("p", "2026-03-31T10:00:00Z")
    };
    assert_eq!(state_of(bench().now("2026-04-01T00:00:00Z"), march()), State::Fail);
}

#[test]
fn of_several_policies_the_latest_lower_and_the_earliest_upper_bound_count_and_are_named() {
    // From 10 February a month is 28 days, from 10 March it is 31.
    let bench = |now: &str| {
        bench(&CONTROL)
            .with(policy("month", json!({"retention": {"atLeast": "1mo", "atMost": "40d"}})))
            .with(policy("days", json!({"retention": {"atLeast": "30d", "atMost": "6mo"}})))
            .with_list("atLeast", &["30d", "1mo"])
            .with_list("atMost", &["40d", "6mo"])
            .now(now)
    };
    for (taken, now, wanted) in [
        (
            "2026-02-10T00:00:00Z",
            "2026-02-11T00:00:00Z",
            "kept until 2026-03-12T00:00:00Z (at least 30d, BackupPolicy days)",
        ),
        (
            "2026-03-10T00:00:00Z",
            "2026-03-11T00:00:00Z",
            "kept until 2026-04-10T00:00:00Z (at least 1mo, BackupPolicy month)",
        ),
    ] {
        let short = RecoveryPoint { expiry: Expiry::At(at(now)), ..point("p", taken) };
        assert_eq!(verdict_of(bench(now), short).issues[0].wanted, wanted);
    }
    let late = RecoveryPoint { expiry: Expiry::Never, ..point("p", "2026-02-10T00:00:00Z") };
    let issue = verdict_of(bench("2026-02-11T00:00:00Z"), late).issues.remove(0);
    assert_eq!(
        issue.wanted,
        "gone by 2026-03-26T00:00:00Z (at most 40d, BackupPolicy month, and the allowance)"
    );
}

#[test]
fn what_the_plan_demands_is_what_the_control_reads() {
    let bench = bench(&CONTROL)
        .with(policy("month", json!({"retention": {"atLeast": "1mo"}})))
        .with(policy("days", json!({"retention": {"atLeast": "30d", "atMost": "60d"}})))
        .with(policy("none", json!({})));
    let plan = bench.world.plan(TENANT).unwrap();
    let uses: Vec<_> = plan.requirements.iter().filter(|use_of| use_of.control == &CONTROL).collect();
    assert_eq!((uses.len(), uses[0].origins.len()), (1, 2));
    let bounds = RetentionBounds::of(&uses[0].parameters);
    assert_eq!(bounds.kept_until(at("2026-03-10T00:00:00Z")).unwrap().0, at("2026-04-10T00:00:00Z"));
    assert_eq!(bounds.removal(at("2026-03-10T00:00:00Z")).unwrap().due, at("2026-05-09T00:00:00Z"));
}

#[test]
fn a_policy_that_says_what_is_promised_is_evaluated_with_it() {
    let bench = bench(&CONTROL)
        .with(profile_demanding("backup.retention", &json!({"atLeast": "30d", "atMost": "30d"})))
        .with(policy("a", json!({"retention": {"atLeast": "30d", "atMost": "30d"}})));
    let plan = bench.world.plan(TENANT).unwrap();
    let uses: Vec<_> = plan.requirements.iter().filter(|use_of| use_of.control == &CONTROL).collect();
    assert_eq!((uses.len(), uses[0].origins.len()), (1, 2));
}

#[test]
fn a_point_without_data_is_not_applicable() {
    for state in [PointState::Running, PointState::Failed] {
        let point = RecoveryPoint { state, ..expiring(TAKEN) };
        assert_eq!(state_of(thirty_days(), point), State::NotApplicable);
    }
    let invented = RecoveryPoint { namespace: Name::from(NAMESPACE), ..expiring(TAKEN) };
    assert_eq!(state_of(thirty_days(), invented), State::NotApplicable);
}

#[test]
fn a_point_that_is_being_deleted_too_early_fails_and_later_it_may_go() {
    let deleting = || RecoveryPoint { state: PointState::Deleting, ..expiring("2026-07-11T14:15:00Z") };
    let verdict = verdict_of(thirty_days(), deleting());
    assert_eq!(
        (verdict.issues[0].field.as_str(), verdict.issues[0].found.as_str()),
        ("status.phase", "is being deleted")
    );
    assert_eq!(state_of(thirty_days().now(KEPT_UNTIL), deleting()), State::Pass);
}

#[test]
fn a_rule_of_the_engine_is_unknown_until_a_bound_has_passed() {
    let by_rule = || RecoveryPoint { expiry: Expiry::ByRule, ..point("p", TAKEN) };
    assert_eq!(state_of(thirty_days(), by_rule()), State::Error);
    assert_eq!(state_of(thirty_days().now(LATE_FROM), by_rule()), State::Fail);
    let only_lower = || bench(&CONTROL).with_span("atLeast", "30d");
    assert_eq!(state_of(only_lower(), by_rule()), State::Error);
    assert_eq!(state_of(only_lower().now(KEPT_UNTIL), by_rule()), State::Pass);
}

#[test]
fn a_point_that_never_expires_is_kept_but_not_removed() {
    let never = || RecoveryPoint { expiry: Expiry::Never, ..point("p", TAKEN) };
    assert_eq!(state_of(bench(&CONTROL).with_span("atLeast", "30d"), never()), State::Pass);
    assert_eq!(state_of(bench(&CONTROL).with_span("atMost", "30d"), never()), State::Fail);
}

#[test]
fn a_deletion_that_the_engine_cannot_do_breaks_an_upper_bound_alone() {
    let stuck = || RecoveryPoint {
        deletion_failure: Some(Name::from("BSLReadOnly")),
        ..expiring("2026-07-11T14:15:00Z")
    };
    let verdict = verdict_of(thirty_days(), stuck());
    assert_eq!(verdict.issues[0].found, "the engine cannot delete it: BSLReadOnly");
    assert_eq!(state_of(bench(&CONTROL).with_span("atLeast", "30d"), stuck()), State::Pass);
}

#[test]
fn a_point_without_a_start_is_undecidable() {
    let point = RecoveryPoint { taken_at: None, ..expiring(LATE_FROM) };
    assert_eq!(state_of(thirty_days(), point), State::Error);
}

#[test]
fn what_surety_cannot_see_is_unknown_and_keeps_its_moments() {
    let bench = thirty_days().with_source(Source::Namespaces, SourceState::Stale(at(LONG_AGO)));
    let verdict = verdict_of(bench, expiring("2026-07-11T14:15:00Z"));
    assert_eq!(verdict.state(at(NOW)), State::Error);
    assert_eq!(verdict.next_change(at(NOW)), Some(at(LATE_FROM)));
}

#[test]
fn after_the_contracts_end_points_run_out_one_by_one() {
    let ended = TenantSpec {
        contract: Some(Contract { start: None, end: Some(at("2026-06-01T00:00:00Z")) }),
        ..TenantSpec::default()
    };
    let rotating = || bench(&CONTROL).with(tenant(ended.clone())).with_text("afterTermination", "rotation");
    let expired = || expiring("2026-06-14T12:00:00Z");
    assert_eq!(state_of(rotating().now("2026-06-15T11:59:59Z"), expired()), State::Pass);
    let verdict = verdict_of(rotating(), expired());
    assert_eq!(verdict.issues[0].since, Some(at(NOW)));
    assert_eq!(verdict.issues[0].found, "it is still there and expires at 2026-06-14T12:00:00Z");
    let never = RecoveryPoint { expiry: Expiry::Never, ..point("p", TAKEN) };
    assert_eq!(state_of(rotating(), never.clone()), State::Fail);
    let running = bench(&CONTROL).with_text("afterTermination", "rotation");
    assert_eq!(state_of(running, never), State::Pass);
}

#[test]
fn a_policy_that_keeps_less_or_longer_than_promised_is_weaker() {
    let promised = thirty_days();
    for (retention, weaker) in [
        (json!({"atLeast": "30d", "atMost": "30d"}), &[][..]),
        (json!({}), &[]),
        (json!({"atLeast": "29d"}), &["spec.retention.atLeast"]),
        (json!({"atMost": "31d"}), &["spec.retention.atMost"]),
        (json!({"atLeast": "720h", "atMost": "720h"}), &[]),
        // From 1 February it is 28 days.
        (json!({"atLeast": "1mo"}), &["spec.retention.atLeast"]),
        (json!({"atMost": "1mo"}), &["spec.retention.atMost"]),
        (json!({"atLeast": "34d"}), &["spec.retention.atLeast"]),
        (json!({"atLeast": "33d"}), &[]),
    ] {
        assert_eq!(promised.weaker(&policy("a", json!({"retention": retention}))), weaker, "{retention}");
    }
    let lower = bench(&CONTROL).with_span("atLeast", "1y");
    assert!(lower.weaker(&policy("a", json!({"retention": {"atLeast": "366d"}}))).is_empty());
    assert_eq!(
        lower.weaker(&policy("a", json!({"retention": {"atLeast": "365d"}}))),
        ["spec.retention.atLeast"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_verdict_holds_until_the_moment_it_names(
        expires_after in 0..3_000_i64,
        asked_after in 0..3_000_i64,
        at_least in prop_oneof![Just(None), Just(Some("1d")), Just(Some("1mo")), Just(Some("30d"))],
        at_most in prop_oneof![Just(None), Just(Some("2d")), Just(Some("1mo")), Just(Some("40d"))],
        is_stuck in any::<bool>(),
    ) {
        let after = |hours| at(TAKEN).checked_add(SignedDuration::from_hours(hours)).unwrap();
        let judged = |now: Timestamp| {
            let point = RecoveryPoint {
                expiry: Expiry::At(after(expires_after)),
                deletion_failure: is_stuck.then(|| Name::from("BSLReadOnly")),
                ..point("p", TAKEN)
            };
            let bench = at_least.into_iter().fold(bench(&CONTROL), |bench, span| bench.with_span("atLeast", span));
            let bench = at_most.into_iter().fold(bench, |bench, span| bench.with_span("atMost", span));
            verdict_of(bench.now(&now.to_string()), point)
        };
        let now = after(asked_after);
        let verdict = judged(now);
        let last_before = match verdict.next_change(now) {
            Some(next) => next.checked_sub(SignedDuration::from_nanos(1)).unwrap(),
            None => at("2036-01-01T00:00:00Z"),
        };
        prop_assert_eq!(judged(last_before).state(last_before), verdict.state(now));
    }
}
