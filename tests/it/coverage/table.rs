//! The table: computed by running every case, compared with what is claimed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use surety::{
    core::{catalogue::Strength, controls},
    report::coverage::{Held, Measure, Totals, coverage, held_file, markdown, name_of},
};

use super::{
    ALL,
    case::Cases,
    promise::{PROMISES, Promise, is_built},
    run::{self, Shortfall},
};

/// The promises that the first wave of controls holds in all their means.
const WHOLE_FROM_THE_START: [&str; 21] = [
    "MSP-07", "MSP-09", "MSP-11", "GRC-07", "GRC-30", "GRC-31", "GRC-34", "GRC-35", "DEV-01", "DEV-09",
    "DEV-13", "DEV-15", "CWS-06", "CWS-08", "CWS-20", "PRC-01", "PRC-04", "PRC-11", "PRC-12", "PRC-25",
    "PRC-26",
];

/// What was shown of every promise, by running every case.
fn shown() -> Vec<(&'static Promise, Held)> {
    PROMISES.iter().map(|promise| (promise, shown_of(promise))).collect()
}

fn shown_of(promise: &Promise) -> Held {
    let (mut held, mut lacking) = (BTreeSet::new(), BTreeMap::new());
    for strength in promise.means() {
        let offering: Vec<&str> = promise.offering(strength).map(|used| used.id.as_str()).collect();
        // Cases of a control run too where another that the strength needs is not built: they must not fail.
        let built: Vec<&str> = offering.iter().copied().filter(|id| is_built(id)).collect();
        let outcomes: Vec<Result<(), Shortfall>> =
            built.iter().map(|id| run::outcome(cases_of(id), promise, strength)).collect();
        if offering.is_empty() || built.len() < offering.len() {
            continue;
        }
        match outcomes.into_iter().find_map(Result::err) {
            Some(Shortfall(why)) => drop(lacking.insert(strength, why)),
            None => drop(held.insert(strength)),
        }
    }
    Held { profile: promise.profile.to_owned(), commitment: promise.commitment.id.clone(), held, lacking }
}

fn cases_of(control: &str) -> &'static Cases {
    ALL.into_iter().find(|cases| cases.control == control).unwrap_or_else(|| panic!("{control} has no cases"))
}

/// The entries of `config/coverage.yaml`: those that say something.
fn entries(shown: Vec<(&Promise, Held)>) -> Vec<Held> {
    let says_something = |entry: &Held| !(entry.held.is_empty() && entry.lacking.is_empty());
    shown.into_iter().map(|(_, entry)| entry).filter(says_something).collect()
}

type Cell = (String, String, Strength);

fn cells(entries: &[Held]) -> BTreeSet<Cell> {
    let cells_of = |entry: &Held| {
        let (profile, commitment) = (entry.profile.clone(), entry.commitment.clone());
        let cell = move |strength: &Strength| (profile.clone(), commitment.clone(), *strength);
        entry.held.iter().map(cell).collect::<Vec<_>>()
    };
    entries.iter().flat_map(cells_of).collect()
}

fn path(of: &str) -> String {
    format!("{}/{of}", env!("CARGO_MANIFEST_DIR"))
}

/// Compares a generated file with the one that is there, or writes it where `SURETY_UPDATE_GOLDEN` is set.
fn expect_file(of: &str, generated: &str) {
    if std::env::var_os("SURETY_UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(std::path::Path::new(&path(of)).parent().unwrap()).unwrap();
        std::fs::write(path(of), generated).unwrap();
    }
    let known = std::fs::read_to_string(path(of)).unwrap_or_default();
    assert!(known == generated, "{of} is not what the cases show: run this test with SURETY_UPDATE_GOLDEN=1");
}

/// What is claimed and was not shown, and the other way round, one line a cell.
fn differences(claimed: &[Held], shown: &[Held]) -> String {
    let (claimed, shown) = (cells(claimed), cells(shown));
    let mut text = String::new();
    for (difference, what) in [
        (claimed.difference(&shown), "claimed in config/coverage.yaml, and no case shows it"),
        (shown.difference(&claimed), "shown by its cases, and not claimed in config/coverage.yaml"),
    ] {
        for (profile, commitment, strength) in difference {
            writeln!(text, "{} {profile}/{commitment}: {what}", name_of(*strength)).unwrap();
        }
    }
    text
}

#[test]
fn what_is_claimed_is_what_the_cases_show_cell_by_cell() {
    let shown = entries(shown());
    expect_claims(&shown);
    expect_file("config/coverage.yaml", &held_file(&shown));
    let measure = Measure::with_held(shown).unwrap();
    expect_file("docs/coverage.md", &markdown(&coverage(&measure, measure.profiles())));
}

fn expect_claims(shown: &[Held]) {
    if std::env::var_os("SURETY_UPDATE_GOLDEN").is_some() {
        return;
    }
    let text = std::fs::read_to_string(path("config/coverage.yaml")).unwrap();
    let claimed: Vec<Held> = serde_saphyr::from_str(&text).unwrap();
    let differences = differences(&claimed, shown);
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn the_promises_of_the_first_wave_are_held_in_all_their_means() {
    for id in WHOLE_FROM_THE_START {
        let promise = PROMISES.iter().find(|promise| promise.commitment.id == id).unwrap();
        let Held { held, lacking, .. } = shown_of(promise);
        assert_eq!(held, promise.means, "{id}: {lacking:?}");
    }
}

#[test]
fn every_control_of_this_version_has_cases_and_no_other_has() {
    let built: BTreeSet<&str> = controls::all().iter().map(|control| control.id).collect();
    let with_cases: BTreeSet<&str> = ALL.iter().map(|cases| cases.control).collect();
    assert_eq!(built, with_cases);
    assert_eq!(ALL.len(), with_cases.len());
}

#[test]
fn a_claim_without_a_case_and_a_case_without_a_claim_are_told_apart() {
    let entry = |held: &[Strength]| Held {
        profile: "msp-assurance".to_owned(),
        commitment: "MSP-07".to_owned(),
        held: held.iter().copied().collect(),
        lacking: BTreeMap::new(),
    };
    let (with, without) = ([entry(&[Strength::Attest])], [entry(&[])]);
    assert_eq!(differences(&with, &with), "");
    let claimed = differences(&with, &without);
    assert_eq!(
        claimed,
        "attest msp-assurance/MSP-07: claimed in config/coverage.yaml, and no case shows it\n"
    );
    let shown = differences(&without, &with);
    assert_eq!(
        shown,
        "attest msp-assurance/MSP-07: shown by its cases, and not claimed in config/coverage.yaml\n"
    );
}

#[test]
fn two_hundred_and_fifty_one_cells_are_promised() {
    let measure = Measure::with_held(Vec::new()).unwrap();
    let totals = Totals::of(&coverage(&measure, measure.profiles()), None);
    assert_eq!(totals.promised, PROMISES.iter().map(|promise| promise.means.len()).sum::<usize>());
    assert_eq!(totals.promised, 251);
}
