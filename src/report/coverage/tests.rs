#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use super::*;

fn held(profile: &str, commitment: &str, means: &[Strength]) -> Held {
    Held {
        profile: profile.to_owned(),
        commitment: commitment.to_owned(),
        held: means.iter().copied().collect(),
        lacking: BTreeMap::new(),
    }
}

/// Nothing is held, and this is why one means is not.
fn lacking(profile: &str, commitment: &str, means: Strength, why: &str) -> Held {
    Held { lacking: BTreeMap::from([(means, why.to_owned())]), ..held(profile, commitment, &[]) }
}

fn measure(cells: Vec<Held>) -> Measure {
    Measure::with_held(cells).unwrap()
}

fn embedded(name: &str) -> NamedProfile {
    embedded_profiles().unwrap().into_iter().find(|profile| profile.name == name).unwrap()
}

fn commitment_mut<'a>(profile: &'a mut NamedProfile, id: &str) -> &'a mut Commitment {
    profile.spec.commitments.iter_mut().find(|commitment| commitment.id == id).unwrap()
}

fn cells_of(coverage: &[ProfileCoverage], id: &str) -> BTreeMap<Strength, Cell> {
    let mut commitments = coverage.iter().flat_map(|profile| &profile.commitments);
    commitments.find(|commitment| commitment.id == id).unwrap().cells.clone()
}

fn missing(reason: &str) -> Cell {
    Cell::Missing(reason.to_owned())
}

#[test]
fn the_embedded_data_are_read_and_promise_251_cells() {
    let measure = Measure::embedded().unwrap();
    let coverage = coverage(measure, measure.profiles());
    assert!(coverage.iter().all(|profile| profile.is_registered));
    assert_eq!(Totals::of(&coverage, None).promised, 251);
    let by_means = MEANS.map(|strength| Totals::of(&coverage, Some(strength)).promised);
    assert_eq!(by_means, [68, 34, 100, 49]);
}

#[test]
fn a_cell_is_held_only_where_the_table_says_so() {
    let measure = measure(vec![held("msp-assurance", "MSP-12", &[Strength::Prevent, Strength::Detect])]);
    let coverage = coverage(&measure, measure.profiles());
    let cells = cells_of(&coverage, "MSP-12");
    assert_eq!(cells[&Strength::Prevent], Cell::Held);
    assert_eq!(cells[&Strength::Detect], Cell::Held);
    assert!(matches!(cells[&Strength::Repair], Cell::Missing(_)));
    assert_eq!(Totals::of(&coverage, None), Totals { promised: 251, held: 2, warned: 0 });
}

#[test]
fn what_is_missing_names_the_controls_that_are_not_built() {
    let measure = measure(Vec::new());
    let coverage = coverage(&measure, measure.profiles());
    let cells = cells_of(&coverage, "PRC-02");
    assert_eq!(cells[&Strength::Detect], missing("access.named-accounts is not built"));
}

#[test]
fn what_a_control_that_is_built_says_of_itself_is_told() {
    let why = "governance.profile-current on Profile \"msp-assurance\": not shown";
    let entries = vec![lacking("msp-assurance", "MSP-26", Strength::Detect, why)];
    assert_eq!(serde_saphyr::from_str::<Vec<Held>>(&held_file(&entries)).unwrap(), entries);
    let measure = measure(entries);
    let coverage = coverage(&measure, measure.profiles());
    assert_eq!(cells_of(&coverage, "MSP-26")[&Strength::Detect], missing(why));
}

#[test]
fn a_profile_turned_to_warn_prevents_nothing_and_still_detects() {
    let measure = measure(vec![held("msp-assurance", "MSP-12", &[Strength::Prevent, Strength::Detect])]);
    let mut profile = embedded("msp-assurance");
    commitment_mut(&mut profile, "MSP-12").enforcement = Enforcement::Warn;
    let coverage = coverage(&measure, &[profile]);
    let cells = cells_of(&coverage, "MSP-12");
    assert_eq!(cells[&Strength::Prevent], Cell::Warned);
    assert_eq!(cells[&Strength::Detect], Cell::Held);
    let totals = Totals::of(&coverage, Some(Strength::Prevent));
    assert_eq!((totals.held, totals.warned), (0, 1));
}

#[test]
fn one_control_turned_to_warn_is_enough_to_prevent_less() {
    let measure = measure(vec![held("msp-assurance", "MSP-12", &[Strength::Prevent])]);
    let mut profile = embedded("msp-assurance");
    let commitment = commitment_mut(&mut profile, "MSP-12");
    let used = commitment.controls.iter_mut().find(|used| used.id == "isolation.host-access").unwrap();
    used.enforcement = Some(Enforcement::Audit);
    assert_eq!(cells_of(&coverage(&measure, &[profile]), "MSP-12")[&Strength::Prevent], Cell::Warned);
}

#[test]
fn a_test_does_not_speak_for_other_parameters() {
    let measure = measure(vec![held("msp-assurance", "MSP-07", &[Strength::Attest])]);
    let mut profile = embedded("msp-assurance");
    commitment_mut(&mut profile, "MSP-07").controls[0].id = "access.reviewed".to_owned();
    let coverage = coverage(&measure, &[profile]);
    assert!(!coverage[0].is_registered);
    let cells = cells_of(&coverage, "MSP-07");
    assert!(cells.values().all(|cell| *cell == missing("access.reviewed is not built")), "{cells:?}");
}

#[test]
fn a_profile_of_ones_own_is_held_by_what_its_controls_have_shown_elsewhere() {
    let measure = measure(vec![held("msp-assurance", "MSP-07", &[Strength::Attest])]);
    let mut profile = embedded("msp-assurance");
    profile.name = "our-own".to_owned();
    profile.spec.commitments.retain(|commitment| commitment.id == "MSP-07");
    let coverage = coverage(&measure, &[profile]);
    assert_eq!(cells_of(&coverage, "MSP-07"), BTreeMap::from([(Strength::Attest, Cell::Held)]));
}

#[test]
fn a_cell_that_nobody_promised_is_refused() {
    for entry in [
        held("msp-assurance", "MSP-07", &[Strength::Prevent]),
        held("msp-assurance", "MSP-99", &[Strength::Attest]),
        held("no-such", "MSP-07", &[Strength::Attest]),
        lacking("msp-assurance", "MSP-07", Strength::Prevent, "a reason"),
    ] {
        let error = Measure::with_held(vec![entry]).unwrap_err();
        assert!(matches!(error, CoverageError::NotPromised { .. }), "{error}");
    }
    let twice = vec![held("msp-assurance", "MSP-07", &[Strength::Attest]); 2];
    assert!(matches!(Measure::with_held(twice).unwrap_err(), CoverageError::Twice { .. }));
}

#[test]
fn the_file_of_held_cells_reads_back() {
    let cells = vec![
        held("msp-assurance", "MSP-07", &[Strength::Attest]),
        held("msp-assurance", "MSP-12", &[Strength::Prevent, Strength::Repair]),
    ];
    let text = held_file(&cells);
    assert_eq!(serde_saphyr::from_str::<Vec<Held>>(&text).unwrap(), cells, "{text}");
    assert_eq!(serde_saphyr::from_str::<Vec<Held>>(&held_file(&[])).unwrap(), []);
}

#[test]
fn the_document_has_one_row_for_each_commitment_and_the_totals() {
    let measure = measure(Vec::new());
    let text = markdown(&coverage(&measure, measure.profiles()));
    let rows = text.lines().filter(|line| {
        line.strip_prefix("| ").is_some_and(|row| {
            ["MSP-", "GRC-", "DEV-", "CWS-", "PRC-"].iter().any(|prefix| row.starts_with(prefix))
        })
    });
    assert_eq!(rows.count(), 124);
    assert!(text.contains("| **together** | 0 of 68 | 0 of 34 | 0 of 100 | 0 of 49 | 0 of 251 |"), "{text}");
}
