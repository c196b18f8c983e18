#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;

/// How many controls each area plans.
const SIZES: [(Area, usize); 11] = [
    (Area::Backup, 11),
    (Area::Retention, 6),
    (Area::Encryption, 15),
    (Area::Isolation, 7),
    (Area::Placement, 6),
    (Area::Access, 9),
    (Area::Workload, 6),
    (Area::Governance, 10),
    (Area::Subprocessor, 5),
    (Area::Request, 2),
    (Area::Incident, 2),
];

fn parameters(of: Value) -> BTreeMap<String, Value> {
    serde_json::from_value(of).unwrap()
}

fn faults(control: &str, given: Value) -> Vec<String> {
    find(control).unwrap().faults(&parameters(given)).iter().map(ToString::to_string).collect()
}

#[test]
fn every_area_has_its_controls_and_there_are_no_others() {
    let sizes: BTreeMap<Area, usize> = all().fold(BTreeMap::new(), |mut sizes, control| {
        *sizes.entry(control.area).or_default() += 1;
        sizes
    });
    assert_eq!(sizes, BTreeMap::from(SIZES));
}

#[test]
fn ids_are_unique_found_and_begin_with_their_area() {
    let ids: BTreeSet<&str> = all().map(|control| control.id).collect();
    assert_eq!(ids.len(), all().count());
    for control in all() {
        assert_eq!(find(control.id), Some(control));
        assert_eq!(control.id.split_once('.').unwrap().0, control.area.name(), "{}", control.id);
    }
    assert_eq!(find("backup"), None);
    assert_eq!(find("backup.coverd"), None);
}

#[test]
fn the_first_wave_is_whole() {
    let first_wave: BTreeSet<&str> =
        all().filter(|control| control.package == Package::Main).map(|control| control.id).collect();
    let expected = [
        "backup.covered",
        "backup.recovery-point-age",
        "backup.retention",
        "retention.class-declared",
        "retention.kept",
        "encryption.storage",
        "encryption.volume",
        "encryption.tls-required",
        "encryption.plaintext-credential",
        "isolation.namespace-claimed",
        "isolation.network-default-deny",
        "isolation.pod-security",
        "isolation.host-access",
        "governance.attested",
        "governance.profile-current",
    ];
    assert_eq!(first_wave, BTreeSet::from(expected));
}

#[test]
fn a_control_is_never_complete_before_it_exists() {
    for control in all() {
        assert!(control.package <= control.completed_in, "{}", control.id);
    }
}

#[test]
fn strengths_are_listed_once_and_only_attestation_offers_attest() {
    for control in all() {
        let strengths: BTreeSet<Strength> = control.offers.iter().copied().collect();
        assert_eq!(strengths.len(), control.offers.len(), "{}", control.id);
        assert!(!strengths.is_empty(), "{}", control.id);
        let is_attestation = control.id == "governance.attested";
        assert_eq!(strengths.contains(&Strength::Attest), is_attestation, "{}", control.id);
    }
    assert_eq!(find("governance.attested").unwrap().offers, [Strength::Attest]);
}

#[test]
fn parameter_names_are_unique_and_every_control_takes_environments() {
    for control in all() {
        let names: BTreeSet<&str> = control.parameters().map(|spec| spec.name).collect();
        assert_eq!(names.len(), control.parameters().count(), "{}", control.id);
        assert_eq!(control.parameter("environments").unwrap().parameter_type, ParameterType::TextList);
    }
}

#[test]
fn of_parameters_that_stand_for_each_other_none_is_required_alone() {
    for control in all() {
        for name in control.one_of {
            let spec = control.parameter(name).unwrap();
            assert!(spec.default.is_some(), "{} {name}", control.id);
        }
    }
}

/// A default is a value, written as YAML, or says in words where the value comes from.
#[test]
fn a_default_that_is_a_value_fits_its_own_type() {
    let words =
        ["all", "any", "none", "the ", "a tenth of ", "all but card-number", "all required", "none known"];
    let mut values = 0;
    for control in all() {
        for spec in control.parameters() {
            let Some(default) = spec.default else { continue };
            let value: Value = match spec.parameter_type {
                ParameterType::Span | ParameterType::Text | ParameterType::Enumeration(_) => json!(default),
                _ => serde_saphyr::from_str(default).unwrap(),
            };
            let fits = check_parameter(control, spec, &value).is_ok();
            let is_in_words = words.iter().any(|word| default.starts_with(word));
            assert!(fits || is_in_words, "{} {}: {default}", control.id, spec.name);
            values += usize::from(fits);
        }
    }
    assert!(values > 80, "{values}");
}

#[test]
fn a_value_of_the_right_type_is_taken() {
    for (control, given) in [
        ("backup.covered", json!({})),
        ("backup.covered", json!({"environments": ["production"]})),
        ("backup.recovery-point-age", json!({"every": "1h", "allowance": "10m", "independent": true})),
        ("backup.retention", json!({"afterTermination": "rotation"})),
        ("backup.failure-noticed", json!({"missedPeriods": 0})),
        ("retention.kept", json!({"dataClass": "account", "whileActive": true})),
        ("retention.class-declared", json!({"forbidden": []})),
        ("encryption.tls-version", json!({"minVersion": "1.3"})),
        ("encryption.credential-age", json!({"maxAge": "7y"})),
        ("isolation.host-access", json!({"allowed": ["HostPath"]})),
        ("isolation.quota", json!({"share": {"cpu": 4, "memory": "8Gi"}})),
        ("subprocessor.listed", json!({"deniedClasses": {"ai": ["personal"]}})),
    ] {
        assert_eq!(faults(control, given), Vec::<String>::new(), "{control}");
    }
}

#[test]
fn a_wrong_value_is_named_with_control_parameter_found_and_wanted() {
    for (control, given, sentence) in [
        (
            "backup.recovery-point-age",
            json!({"every": "1d2h"}),
            "control backup.recovery-point-age: parameter `every` is \"1d2h\", wanted a span such as 90m, 30d, 6mo or 7y",
        ),
        (
            "encryption.credential-age",
            json!({"maxAge": 90}),
            "control encryption.credential-age: parameter `maxAge` is 90, wanted a span such as 90m, 30d, 6mo or 7y",
        ),
        (
            "retention.class-declared",
            json!({"required": "true"}),
            "control retention.class-declared: parameter `required` is \"true\", wanted true or false",
        ),
        (
            "backup.failure-noticed",
            json!({"missedPeriods": -1}),
            "control backup.failure-noticed: parameter `missedPeriods` is -1, wanted a whole number, not negative",
        ),
        (
            "backup.failure-noticed",
            json!({"missedPeriods": 4_294_967_296_u64}),
            "control backup.failure-noticed: parameter `missedPeriods` is 4294967296, wanted a whole number, not negative",
        ),
        (
            "backup.covered",
            json!({"environments": "production"}),
            "control backup.covered: parameter `environments` is \"production\", wanted a list of texts",
        ),
        (
            "backup.covered",
            json!({"environments": ["production", ""]}),
            "control backup.covered: parameter `environments` is \"\", wanted a list of texts",
        ),
        (
            "encryption.tls-version",
            json!({"minVersion": 1.2}),
            "control encryption.tls-version: parameter `minVersion` is 1.2, wanted one of [\"1.2\", \"1.3\"]",
        ),
        (
            "isolation.network-default-deny",
            json!({"directions": ["Ingress", "egress"]}),
            "control isolation.network-default-deny: parameter `directions` is \"egress\", wanted a list of some of [\"Ingress\", \"Egress\"]",
        ),
        (
            "retention.kept",
            json!({"whileActive": true, "dataClass": null}),
            "control retention.kept: parameter `dataClass` is null, wanted a text",
        ),
        (
            "subprocessor.listed",
            json!({"deniedClasses": {"ai": {"personal": true}}}),
            "control subprocessor.listed: parameter `deniedClasses` is {\"personal\":true}, wanted a map of names to texts, numbers or lists of texts",
        ),
        (
            "subprocessor.listed",
            json!({"deniedClasses": []}),
            "control subprocessor.listed: parameter `deniedClasses` is [], wanted a map of names to texts, numbers or lists of texts",
        ),
    ] {
        assert_eq!(faults(control, given), [sentence]);
    }
}

#[test]
fn the_reason_why_a_text_is_no_span_is_kept() {
    let control = find("encryption.credential-age").unwrap();
    let error = check_parameter(control, &control.own_parameters[0], &json!("ninety")).unwrap_err();
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert!(reason.starts_with("`ninety` is not a span"), "{reason}");
}

#[test]
fn all_faults_are_told_at_once() {
    assert_eq!(
        faults("backup.recovery-point-age", json!({"evry": "1d", "independent": 1})),
        [
            "control backup.recovery-point-age: found parameter `evry`, \
             wanted one of every, allowance, independent, environments: did you mean `every`?",
            "control backup.recovery-point-age: parameter `independent` is 1, wanted true or false",
            "control backup.recovery-point-age: parameter `every` is not given, \
             wanted a span such as 90m, 30d, 6mo or 7y",
        ]
    );
}

#[test]
fn one_of_several_parameters_must_be_given() {
    assert_eq!(
        faults("retention.kept", json!({"dataClass": "account"})),
        ["control retention.kept: none of its parameters atLeast, afterTermination, whileActive is given, \
          wanted at least one"]
    );
}

#[test]
fn a_long_value_is_cut_in_the_message() {
    let sentences = faults("retention.kept", json!({"whileActive": true, "dataClass": ["é".repeat(10_000)]}));
    assert_eq!(sentences.len(), 1);
    assert!(sentences[0].contains("…, wanted a text") && sentences[0].len() < 300, "{sentences:?}");
}

#[test]
fn a_name_nearly_right_brings_the_right_one() {
    for (given, meant) in [
        ("backup.coverd", Some("backup.covered")),
        ("backups.covered", Some("backup.covered")),
        ("Encryption.TLS-Required", Some("encryption.tls-required")),
        ("isolation.networkdefaultdeny", Some("isolation.network-default-deny")),
        ("zzz", None),
        ("", None),
    ] {
        assert_eq!(near(given), meant, "{given}");
    }
    assert_eq!(near(&"backup.covered".repeat(1_000)), None);
    let kept = find("retention.kept").unwrap();
    assert_eq!(kept.near_parameter("atleast"), Some("atLeast"));
    assert_eq!(kept.near_parameter("environment"), Some("environments"));
    assert_eq!(kept.near_parameter("colour"), None);
}
