#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

use kube::core::Status;
use serde_json::json;

use super::{
    probe::{Ask, Judgement, Question, judge, questions},
    *,
};
use crate::{
    admission::register::{CONFORM, ENTRIES, PROTECT_CLUSTER, PROTECT_ENGINE, PROTECT_TENANT},
    write::WriteError,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn gap(began: i64, cause: Cause, ended: Option<i64>) -> Gap {
    Gap { began: at(began), cause: cause.to_name(), ended: ended.map(at) }
}

fn enforcement() -> Enforcement {
    Enforcement::new([PROTECT_TENANT, CONFORM], at(0))
}

fn unrecorded(enforcement: &mut Enforcement) -> Vec<Gap> {
    enforcement.take_unrecorded().into()
}

#[test]
fn a_gap_begins_at_the_last_good_look_is_noted_once_and_ends_when_all_is_in_force() {
    let mut enforcement = enforcement();
    enforcement.see(Seen::InForce, at(10));
    assert_eq!(unrecorded(&mut enforcement), []);
    enforcement.see(Seen::Open(Cause::Deleted), at(12));
    assert_eq!(unrecorded(&mut enforcement), [gap(10, Cause::Deleted, None)]);
    enforcement.see(Seen::Open(Cause::Changed), at(14));
    enforcement.see(Seen::Outdated, at(15));
    assert_eq!(unrecorded(&mut enforcement), []);
    enforcement.see(Seen::InForce, at(16));
    assert_eq!(unrecorded(&mut enforcement), [gap(10, Cause::Deleted, Some(16))]);
    enforcement.see(Seen::InForce, at(18));
    assert_eq!(unrecorded(&mut enforcement), []);
}

#[test]
fn an_entry_that_admits_is_open_since_its_last_good_proof_whatever_the_registration_looks_like() {
    let mut enforcement = enforcement();
    enforcement.see(Seen::InForce, at(1));
    enforcement.probed(CONFORM, Enforcing::Enforcing, at(5));
    enforcement.probed(PROTECT_TENANT, Enforcing::Closed, at(60));
    enforcement.probed(CONFORM, Enforcing::Enforcing, at(65));
    enforcement.see(Seen::InForce, at(120));
    enforcement.probed(CONFORM, Enforcing::Open, at(125));
    assert_eq!(unrecorded(&mut enforcement), [gap(65, Cause::Admitted(CONFORM), None)]);
    enforcement.see(Seen::InForce, at(130));
    enforcement.probed(PROTECT_TENANT, Enforcing::Enforcing, at(131));
    assert_eq!(unrecorded(&mut enforcement), [], "it is still open");
    enforcement.probed(CONFORM, Enforcing::Closed, at(185));
    assert_eq!(unrecorded(&mut enforcement), [gap(65, Cause::Admitted(CONFORM), Some(185))]);
}

#[test]
fn a_gap_that_the_registration_opened_lasts_until_no_entry_admits_and_gaps_never_overlap() {
    let mut enforcement = enforcement();
    enforcement.see(Seen::InForce, at(1));
    enforcement.probed(CONFORM, Enforcing::Enforcing, at(2));
    enforcement.see(Seen::Open(Cause::Deleted), at(4));
    enforcement.probed(CONFORM, Enforcing::Open, at(5));
    enforcement.see(Seen::InForce, at(6));
    enforcement.probed(CONFORM, Enforcing::Enforcing, at(9));
    assert_eq!(unrecorded(&mut enforcement), [gap(1, Cause::Deleted, Some(9))]);
    enforcement.probed(CONFORM, Enforcing::Open, at(70));
    enforcement.see(Seen::InForce, at(71));
    enforcement.probed(CONFORM, Enforcing::Enforcing, at(75));
    enforcement.see(Seen::Open(Cause::Changed), at(75));
    let noted = unrecorded(&mut enforcement);
    assert_eq!(noted[0], gap(9, Cause::Admitted(CONFORM), Some(75)));
    assert_eq!(noted[1], gap(75, Cause::Changed, None), "it begins no sooner than the last one ended");
}

#[test]
fn what_was_never_in_force_or_cannot_be_told_has_no_gap_unless_it_is_paused() {
    type Happens = fn(&mut Enforcement);
    let cases: [(&str, Happens, bool); 6] = [
        ("no registration yet", |known| known.see(Seen::Open(Cause::Deleted), at(5)), false),
        ("somebody else's", |known| known.see(Seen::Open(Cause::Changed), at(5)), false),
        ("to be written anew", |known| known.see(Seen::Outdated, at(5)), false),
        ("never proved", |known| known.probed(CONFORM, Enforcing::Open, at(5)), false),
        (
            "not known",
            |known| {
                known.probed(CONFORM, Enforcing::Enforcing, at(4));
                known.probed(CONFORM, Enforcing::NotKnown, at(5));
            },
            false,
        ),
        ("paused", |known| known.see(Seen::Open(Cause::Paused), at(5)), true),
    ];
    for (what, happens, opens) in cases {
        let mut enforcement = enforcement();
        happens(&mut enforcement);
        assert_eq!(!unrecorded(&mut enforcement).is_empty(), opens, "{what}");
    }
}

#[test]
fn a_state_that_is_not_good_says_when_it_was_good_last_and_a_good_one_moves_with_no_proof() {
    let mut enforcement = enforcement();
    let proof = |state, since, last_good: Option<i64>| Proof {
        state,
        since: at(since),
        last_good: last_good.map(at),
    };
    let of = |enforcement: &Enforcement| enforcement.proofs()["conform"];
    assert_eq!(of(&enforcement), proof(Enforcing::NotKnown, 0, None));
    enforcement.probed(CONFORM, Enforcing::Enforcing, at(1));
    enforcement.probed(CONFORM, Enforcing::Enforcing, at(61));
    assert_eq!(of(&enforcement), proof(Enforcing::Enforcing, 1, None));
    enforcement.probed(CONFORM, Enforcing::NotKnown, at(121));
    enforcement.probed(CONFORM, Enforcing::NotKnown, at(181));
    assert_eq!(of(&enforcement), proof(Enforcing::NotKnown, 121, Some(61)));
    enforcement.forget(CONFORM, at(200));
    assert!(!enforcement.proofs().contains_key("conform"));
}

/// What a new leader finds recorded; what it has seen itself; what it records.
#[test]
fn a_new_leader_ends_what_the_last_one_left_open_and_repeats_nothing() {
    type Saw = fn(&mut Enforcement);
    let deleted = |ended| gap(10, Cause::Deleted, ended);
    let in_force: Saw = |known| known.see(Seen::InForce, at(30));
    let saw_it_all: Saw = |known| {
        known.see(Seen::InForce, at(11));
        known.see(Seen::Open(Cause::Deleted), at(13));
        known.see(Seen::InForce, at(21));
    };
    let sees_it_open: Saw = |known| {
        known.see(Seen::InForce, at(11));
        known.see(Seen::Open(Cause::Deleted), at(13));
    };
    let cases: [(&str, Saw, Vec<Gap>, Vec<Gap>); 6] = [
        ("started when it was over", in_force, vec![deleted(None)], vec![deleted(Some(30))]),
        ("was there all the time", saw_it_all, vec![deleted(None)], vec![deleted(Some(21))]),
        ("it is still open", sees_it_open, vec![deleted(None)], vec![]),
        ("it was recorded to its end", saw_it_all, vec![deleted(Some(20))], vec![]),
        ("nothing was recorded", saw_it_all, vec![], vec![gap(11, Cause::Deleted, Some(21))]),
        (
            "another one was",
            saw_it_all,
            vec![gap(1, Cause::Paused, Some(5))],
            vec![gap(11, Cause::Deleted, Some(21))],
        ),
    ];
    for (what, saw, recorded, expected) in cases {
        let mut enforcement = enforcement();
        saw(&mut enforcement);
        enforcement.adopt(&recorded);
        assert_eq!(unrecorded(&mut enforcement), expected, "{what}");
    }
    let mut still_open = enforcement();
    sees_it_open(&mut still_open);
    still_open.adopt(&[deleted(None)]);
    still_open.see(Seen::InForce, at(40));
    assert_eq!(
        unrecorded(&mut still_open),
        [deleted(Some(40))],
        "it ends under the record that it began under"
    );
}

#[test]
fn what_could_not_be_recorded_waits_unless_it_has_ended_meanwhile() {
    let mut enforcement = enforcement();
    enforcement.put_back(gap(1, Cause::Deleted, None));
    assert_eq!(unrecorded(&mut enforcement), [gap(1, Cause::Deleted, None)]);
    enforcement.put_back(gap(1, Cause::Deleted, Some(2)));
    enforcement.put_back(gap(1, Cause::Deleted, None));
    assert_eq!(unrecorded(&mut enforcement), [gap(1, Cause::Deleted, Some(2))]);
    for second in 0..40 {
        enforcement.put_back(gap(second, Cause::Deleted, None));
    }
    let kept = unrecorded(&mut enforcement);
    assert_eq!((kept.len(), kept[0].began), (UNRECORDED, at(24)), "the oldest go");
}

fn question(entry: &'static str) -> Question {
    questions(&[entry], "surety-canary", Some("velero")).remove(0)
}

#[test]
fn each_entry_that_can_refuse_is_asked_about_one_object_of_its_own() {
    let asked: Vec<_> = questions(&ENTRIES, "surety-canary", Some("velero"))
        .into_iter()
        .map(|question| (question.entry, question.target.to_string(), question.ask))
        .collect();
    let expected = [
        (PROTECT_TENANT, "NetworkPolicy surety-canary/surety-canary", Ask::Delete),
        (PROTECT_ENGINE, "Schedule velero/surety-canary", Ask::Mark),
        (PROTECT_CLUSTER, "Tenant surety-canary", Ask::Mark),
        (CONFORM, "Service surety-canary/surety-canary", Ask::Mark),
    ];
    assert_eq!(asked, expected.map(|(entry, target, ask)| (entry, target.to_owned(), ask)));
    assert!(questions(&[PROTECT_ENGINE], "surety-canary", None).is_empty());
}

fn refused(code: u16, message: &str) -> Result<(), WriteError> {
    let reason = if code == 404 { "NotFound" } else { "Forbidden" };
    let status = Status { code, message: message.to_owned(), reason: reason.to_owned(), ..Status::default() };
    let source = Box::new(kube::Error::Api(Box::new(status)));
    Err(WriteError::Other { object: "Service surety-canary/surety-canary".to_owned(), source })
}

#[test]
fn an_answer_means_what_it_says_and_nothing_else_is_taken_for_it() {
    use Enforcing::{Closed, Enforcing as Proved, NotKnown, Open};
    const OWN: &str = "admission webhook \"conform.surety.dev\" denied the request: Surety refuses this, because \
                       it would break what was promised:\n1. at this object: found canary ";
    let own = |nonce: &str| refused(403, &format!("{OWN}{nonce}; wanted a canary that stays as it is."));
    let timeout = || WriteError::Timeout { object: String::new(), after: std::time::Duration::from_secs(1) };
    let cases = [
        ("refused by Surety", own("42"), Some(Proved)),
        ("an answer to an older question", own("41"), Some(NotKnown)),
        ("a number that only begins alike", own("427"), Some(NotKnown)),
        (
            "through another entry",
            refused(
                403,
                &OWN.replace("conform", "protect-tenant").replace("found canary ", "found canary 42"),
            ),
            Some(NotKnown),
        ),
        (
            "by another webhook that repeats it",
            refused(403, "admission webhook \"x.example.org\" denied the request: Surety refuses this 42"),
            Some(NotKnown),
        ),
        (
            "by Surety's name in other words",
            refused(403, "admission webhook \"conform.surety.dev\" denied the request: 42"),
            Some(NotKnown),
        ),
        (
            "by the failure policy",
            refused(
                500,
                "Internal error occurred: failed calling webhook \"conform.surety.dev\": failed to call webhook: Post \"https://127.0.0.1:1/admit/conform?timeout=3s\": dial tcp: connection refused",
            ),
            Some(Closed),
        ),
        (
            "by the failure policy of another",
            refused(500, "Internal error occurred: failed calling webhook \"x.example.org\": timeout"),
            Some(NotKnown),
        ),
        ("admitted", Ok(()), Some(Open)),
        ("no canary", refused(404, "services \"surety-canary\" not found"), Some(NotKnown)),
        ("no such kind", refused(404, "404 page not found"), None),
        (
            "no such kind, in other words",
            refused(404, "the server could not find the requested resource"),
            None,
        ),
        (
            "no right",
            refused(403, "services \"surety-canary\" is forbidden: User \"x\" cannot patch resource"),
            Some(NotKnown),
        ),
        ("no answer", Err(timeout()), Some(NotKnown)),
        ("too many", refused(429, "slow down"), Some(NotKnown)),
    ];
    for (what, answer, expected) in cases {
        let found = match judge(&question(CONFORM), 42, &answer) {
            Judgement::Stands(state, why) => {
                assert_eq!(why.is_none(), state == Proved, "{what}: what is not proved says why");
                Some(state)
            }
            Judgement::NothingToRefuse => None,
        };
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn a_missing_canary_says_what_to_do() {
    let missing = refused(404, "services \"surety-canary\" not found");
    let Judgement::Stands(_, Some(why)) = judge(&question(CONFORM), 1, &missing) else { unreachable!() };
    assert_eq!(
        why,
        "there is no Service surety-canary/surety-canary; apply config/canary, or name it by --canary"
    );
}

#[test]
fn the_nonce_travels_in_the_label() {
    assert_eq!(Ask::mark(7), json!({"metadata": {"labels": {"surety.dev/canary": "7"}}}));
}

/// The canaries as they are shipped, each as kind, namespace and name.
fn shipped() -> Vec<(String, Option<String>, String)> {
    let files = [
        include_str!("../../../config/canary/tenant.yaml"),
        include_str!("../../../config/canary/objects.yaml"),
        include_str!("../../../config/canary/velero.yaml"),
    ];
    let objects =
        files.iter().flat_map(|text| serde_saphyr::from_multiple::<serde_json::Value>(text).unwrap());
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let canaries = objects.filter(|object| object["metadata"]["labels"]["surety.dev/canary"] == "idle");
    canaries
        .map(|object| {
            let metadata = &object["metadata"];
            (text(&object["kind"]).unwrap(), text(&metadata["namespace"]), text(&metadata["name"]).unwrap())
        })
        .collect()
}

#[test]
fn what_is_asked_about_is_shipped_with_its_mark_and_nothing_else_is() {
    let mut asked: Vec<_> = questions(&ENTRIES, "surety-canary", Some("velero"))
        .into_iter()
        .map(|Question { target, .. }| {
            let namespace = target.namespace.map(|namespace| namespace.to_string());
            (target.resource.kind.to_owned(), namespace, target.name.to_string())
        })
        .collect();
    let mut shipped = shipped();
    asked.sort();
    shipped.sort();
    assert_eq!(asked, shipped);
}
