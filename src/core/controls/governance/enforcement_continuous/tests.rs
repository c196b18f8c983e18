//! Gaps that last, that are over, that are proved by nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::json;

use super::*;
use crate::{
    core::{
        controls::testkit::{Bench, NOW, TENANT, at, profile_demanding},
        facts::{ClusterRecord, Fact, Kind, Name, ObjectKey},
        verdict::State,
    },
    index,
};

/// So many seconds before the present.
fn ago(seconds: i64) -> Timestamp {
    at(NOW) - SignedDuration::from_secs(seconds)
}

fn proof(state: Enforcing, since: i64, last_good: Option<i64>) -> Proof {
    Proof { state, since: ago(since), last_good: last_good.map(ago) }
}

fn gap(began: i64, ended: Option<i64>) -> Gap {
    Gap { began: ago(began), cause: Name::from("it was deleted"), ended: ended.map(ago) }
}

fn bench(proofs: &[(&str, Proof)], gaps: Vec<Gap>) -> Bench {
    let mut bench = Bench::new(&CONTROL).with(profile_demanding(CONTROL.id, &json!({})));
    let proofs = proofs.iter().map(|(entry, proof)| (Name::from(*entry), *proof)).collect();
    index::set_proofs(&mut bench.world, Arc::new(proofs));
    bench.with(Fact::ClusterRecord(ClusterRecord { gaps }))
}

fn verdict(proofs: &[(&str, Proof)], gaps: Vec<Gap>) -> Verdict {
    bench(proofs, gaps).with_span("maxGap", "5m").verdict_on(&ObjectKey::cluster(Kind::Tenant, TENANT).into())
}

const GOOD: Enforcing = Enforcing::Enforcing;

#[test]
fn what_is_proved_passes_and_changes_by_no_time_alone() {
    for state in [Enforcing::Enforcing, Enforcing::Closed] {
        let verdict = verdict(&[("conform", proof(state, 900_000, None))], vec![]);
        assert_eq!((verdict.state(at(NOW)), verdict.changes_at), (State::Pass, None));
        assert_eq!(verdict.evidence.found, "proved without a recorded gap");
    }
}

#[test]
fn detect_a_gap_that_lasts_longer_than_promised_at_its_second() {
    let open = |seconds| vec![gap(9_000, Some(8_000)), gap(seconds, None)];
    let good = [("conform", proof(GOOD, 9_000, None))];
    let short = verdict(&good, open(299));
    assert_eq!((short.state(at(NOW)), short.changes_at), (State::Pass, Some(ago(-1))));
    let long = verdict(&good, open(300));
    assert_eq!(long.state(at(NOW)), State::Fail);
    assert_eq!((long.issues[0].field.as_str(), long.issues[0].since), ("webhooks", Some(at(NOW))));
    assert!(long.issues[0].found.ends_with("it was deleted"), "{}", long.issues[0].found);
}

#[test]
fn detect_an_entry_that_admits_before_anybody_has_recorded_it() {
    let conform =
        |good| [("conform", proof(Enforcing::Open, 10, good)), ("protect-tenant", proof(GOOD, 10, None))];
    let verdict_of = |good| verdict(&conform(good), vec![]);
    assert_eq!(verdict_of(Some(299)).state(at(NOW)), State::Pass);
    let long = verdict_of(Some(300));
    assert_eq!((long.state(at(NOW)), long.issues.len()), (State::Fail, 1));
    assert_eq!(long.issues[0].field, "webhooks[name=conform]");
    assert_eq!(verdict_of(None).changes_at, Some(ago(10) + SignedDuration::from_mins(5)));
}

#[test]
fn what_nothing_proves_is_stale_as_soon_as_a_gap_would_be_too_long() {
    let of = |since, last_good| verdict(&[("conform", proof(Enforcing::NotKnown, since, last_good))], vec![]);
    assert_eq!(
        of(200, Some(250)).state(at(NOW)),
        State::Pass,
        "the last proof holds as long as a gap may last"
    );
    assert_eq!(of(200, Some(300)).state(at(NOW)), State::Stale);
    assert_eq!(of(200, None).state(at(NOW)), State::Pending, "never proved since the start");
    assert_eq!(of(300, None).state(at(NOW)), State::Stale);
}

#[test]
fn a_gap_that_is_over_leaves_no_finding_and_is_told() {
    let verdict = verdict(&[("conform", proof(GOOD, 10, None))], vec![gap(9_000, Some(5_000))]);
    assert_eq!(verdict.state(at(NOW)), State::Pass);
    let ended = ago(5_000);
    assert_eq!(
        verdict.evidence.found,
        format!("proved; 1 gaps are recorded, the last of 4000 s until {ended:.0}")
    );
}

#[test]
fn in_files_there_is_nothing_of_it() {
    let verdict = verdict(&[], vec![]);
    assert_eq!(verdict.state(at(NOW)), State::Error);
    assert!(matches!(
        verdict.issues[0].problem,
        Problem::Unknown(Unknown::NotKnown(Ignorance::NotInTheseFiles(_)))
    ));
}
