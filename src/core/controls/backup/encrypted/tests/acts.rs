//! Locations that stop being shown encrypted.

use super::*;
use crate::core::controls::{
    backup::testkit::{Deed, SURETY, fields},
    testkit::profile_demanding,
};

fn changed(change: impl FnOnce(&mut Location)) -> Fact {
    let mut location = location();
    change(&mut location);
    Fact::Location(location)
}

fn demanded(bench: Bench) -> Bench {
    bench.with(profile_demanding("backup.encrypted", &serde_json::json!({})))
}

fn issues_of(bench: Bench, new: &Fact) -> Vec<Issue> {
    let bench = demanded(bench);
    Deed::in_world(&bench.world).updates(&CONTROL, &Fact::Location(location()), new)
}

#[test]
fn a_location_in_use_does_not_stop_being_shown_encrypted() {
    let hidden = changed(|location| {
        (location.encryption, location.data_path) = (undecidable("bucket"), undecidable("s3Url"));
    });
    let issues = issues_of(snapshots(), &hidden);
    assert_eq!(fields(&issues), ["spec.config.serverSideEncryption", "spec.config.s3Url"]);
    let issue = &issues[0];
    assert_eq!(
        (issue.found.as_str(), issue.wanted.as_str(), issue.fix.as_str()),
        (
            "encryption of the store is not shown any more",
            "a location that stays shown encrypted",
            "keep the settings of the location"
        )
    );
    let only_written = promised().with(Fact::Schedule(schedule()));
    assert_eq!(issues_of(only_written, &hidden).len(), 2, "a schedule that writes there is use enough");
    assert!(issues_of(promised(), &hidden).is_empty(), "nobody's backups are there");
    let unpromised = snapshots();
    let deed = Deed::in_world(&unpromised.world);
    assert!(deed.updates(&CONTROL, &Fact::Location(location()), &hidden).is_empty(), "nothing is promised");
}

#[test]
fn what_stays_shown_or_was_not_is_left_to_the_verdicts() {
    let weaker = changed(|location| location.encryption = BY_STORE);
    assert!(issues_of(snapshots(), &weaker).is_empty());
    let unknown = changed(|location| location.encryption = undecidable("bucket"));
    let bench = demanded(snapshots());
    let deed = Deed::in_world(&bench.world);
    assert!(deed.updates(&CONTROL, &unknown, &unknown).is_empty());
    assert_eq!(deed.by(SURETY).updates(&CONTROL, &Fact::Location(location()), &unknown).len(), 1);
}

#[test]
fn a_verdict_turns_with_the_location_for_every_claim_behind_it() {
    let plain = changed(|location| location.data_path = Known::Known(DataPath::Plain("http://store".into())));
    assert_eq!(state_of(snapshots()), State::Pass);
    assert_eq!(state_of(snapshots().with(plain)), State::Fail);
}
