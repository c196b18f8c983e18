//! A schedule that is narrowed.

use super::*;
use crate::core::{
    controls::{
        backup::testkit::{Deed, SURETY, fields},
        testkit::profile_demanding,
    },
    facts::Selection,
};

fn narrowed(why: &str) -> Schedule {
    let selection = Selection { narrowed_by: Some(Name::from(why)), ..literal(&[NAMESPACE]) };
    Schedule { selection, ..schedule() }
}

fn ground() -> Bench {
    nightly().with(profile_demanding(CONTROL.id, &json!({}))).with(Fact::PersistentVolumeClaim(claim()))
}

fn update(bench: &Bench, user: &str, old: Schedule, new: Schedule) -> Vec<Issue> {
    let deed = Deed::in_world(&bench.world).by(user);
    deed.updates(&CONTROL, &Fact::Schedule(old), &Fact::Schedule(new))
}

const PERSON: &str = "someone@example.com";

#[test]
fn a_schedule_that_comes_to_skip_volumes_is_refused_with_what_narrows_it() {
    for why in ["a label selector", "resourcePolicy is not read"] {
        let issues = update(&ground(), PERSON, schedule(), narrowed(why));
        assert_eq!(fields(&issues), ["spec.template"]);
        assert_eq!(issues[0].found, format!("narrowed by {why}"));
    }
    assert_eq!(
        fields(&update(&ground(), ENGINE, schedule(), narrowed("a label selector"))),
        ["spec.template"]
    );
}

#[test]
fn what_skips_nothing_new_is_not() {
    let selector = || narrowed("a label selector");
    let cases = [
        ("whole as before", ground(), PERSON, schedule(), schedule()),
        ("narrow as before", ground(), PERSON, selector(), selector()),
        ("made whole", ground(), PERSON, selector(), schedule()),
        ("by Surety", ground(), SURETY, schedule(), selector()),
        (
            "another takes it in whole",
            ground().with(second_schedule(VolumeData::Moved)),
            PERSON,
            schedule(),
            selector(),
        ),
        (
            "nothing is expected",
            nightly().with(profile_demanding(CONTROL.id, &json!({}))),
            PERSON,
            schedule(),
            selector(),
        ),
        (
            "nobody demands it",
            nightly().with(Fact::PersistentVolumeClaim(claim())),
            PERSON,
            schedule(),
            selector(),
        ),
    ];
    for (what, bench, user, old, new) in cases {
        assert_eq!(fields(&update(&bench, user, old, new)), [""; 0], "{what}");
    }
    let of_resources = ground().with(second_schedule(VolumeData::None));
    assert_eq!(update(&of_resources, PERSON, schedule(), selector()).len(), 1);
}
