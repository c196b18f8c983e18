//! The five profiles against the register of commitments and the catalogue of controls.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use surety::{
    api::{Enforcement, Profile, Severity, profile::Commitment},
    core::catalogue::{self, Package, Strength},
};

const PROFILES: [(&str, usize); 5] = [
    ("msp-assurance", 27),
    ("grc-workspaces", 36),
    ("dev-assistant", 15),
    ("cloud-workspaces", 20),
    ("processor-baseline", 26),
];

/// One entry of `config/register.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    area: String,
    promise: String,
    figures: BTreeMap<String, Value>,
    means: BTreeSet<Strength>,
}

fn read_text(path: &str) -> String {
    let path = format!("{}/config/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn read<T: DeserializeOwned>(path: &str) -> T {
    serde_saphyr::from_str(&read_text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn register() -> BTreeMap<String, Vec<Entry>> {
    read("register.yaml")
}

fn profile(name: &str) -> Profile {
    read(&format!("profiles/{name}.yaml"))
}

/// Every commitment of the profiles beside its entry in the register.
fn pairs() -> Vec<(Entry, Commitment)> {
    let mut register = register();
    let pairs = PROFILES.iter().flat_map(|(name, _)| {
        let entries = register.remove(*name).unwrap();
        let commitments = profile(name).spec.commitments;
        assert_eq!(entries.len(), commitments.len(), "{name}");
        entries.into_iter().zip(commitments)
    });
    pairs.collect()
}

#[test]
fn the_register_holds_124_promises_in_251_cells() {
    let register = register();
    let sizes: BTreeMap<&str, usize> =
        register.iter().map(|(name, entries)| (name.as_str(), entries.len())).collect();
    assert_eq!(sizes, BTreeMap::from(PROFILES));
    let ids: BTreeSet<&str> = register.values().flatten().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids.len(), 124);
    let mut cells: BTreeMap<Strength, usize> = BTreeMap::new();
    for strength in register.values().flatten().flat_map(|entry| &entry.means) {
        *cells.entry(*strength).or_default() += 1;
    }
    let expected =
        [(Strength::Prevent, 68), (Strength::Repair, 34), (Strength::Detect, 100), (Strength::Attest, 49)];
    assert_eq!(cells, BTreeMap::from(expected));
    assert_eq!(cells.values().sum::<usize>(), 251);
}

#[test]
fn figures_that_are_easily_mistaken_stand_as_promised() {
    let figures: BTreeMap<String, BTreeMap<String, Value>> =
        register().into_values().flatten().map(|entry| (entry.id, entry.figures)).collect();
    for (id, expected) in [
        ("MSP-02", json!({"keepAtLeast": "30d", "keepAtMost": "30d"})),
        ("MSP-05", json!({"minTlsVersion": "1.2"})),
        ("MSP-21", json!({})),
        ("GRC-08", json!({"every": "1h", "scope": "tenant", "kind": "full"})),
        ("GRC-18", json!({"dataClass": "access-log", "keepAtMost": "30d"})),
        ("GRC-19", json!({"eraseWithin": "1mo", "includeBackups": true, "keepWhileActive": true})),
        ("GRC-25", json!({})),
        ("DEV-05", json!({"maxSubjects": 5})),
        ("CWS-09", json!({"dataClass": "account", "keepWhileActive": true, "keepAfterTermination": "90d"})),
        ("CWS-10", json!({"dataClass": "billing", "keepAtLeast": "7y", "keepAtMost": "7y"})),
        ("PRC-22", json!({})),
    ] {
        assert_eq!(serde_json::to_value(&figures[id]).unwrap(), expected, "{id}");
    }
    assert_eq!(figures["DEV-01"]["neverStored"].as_array().unwrap().len(), 19);
    assert_eq!(figures["GRC-14"]["ciphers"].as_array().unwrap().len(), 8);
}

#[test]
fn every_promise_is_in_its_profile_word_for_word_with_its_figures_and_no_others() {
    for (entry, commitment) in pairs() {
        assert_eq!(commitment.id, entry.id);
        assert_eq!(commitment.area.as_deref(), Some(entry.area.as_str()), "{}", entry.id);
        assert_eq!(commitment.promise, entry.promise, "{}", entry.id);
        assert_eq!(commitment.figures, entry.figures, "{}", entry.id);
    }
}

#[test]
fn every_control_is_in_the_catalogue_and_takes_the_parameters_that_it_is_given() {
    for (entry, commitment) in pairs() {
        for used in &commitment.controls {
            let control = catalogue::find(&used.id).unwrap_or_else(|| panic!("{}: {}", entry.id, used.id));
            let faults: Vec<String> =
                control.faults(&used.parameters).iter().map(ToString::to_string).collect();
            assert_eq!(faults, Vec::<String>::new(), "{}", entry.id);
        }
    }
}

/// The names that a figure may have as a parameter.
const PARAMETERS_OF_FIGURE: [(&str, &[&str]); 38] = [
    ("actions", &["actions"]),
    ("agreementBeforeUse", &["beforeUse"]),
    ("answerWithin", &["answerWithin"]),
    ("cipher", &["cipher"]),
    ("ciphers", &["suites"]),
    ("contents", &["contents"]),
    ("dataClass", &["dataClass"]),
    ("eraseWithin", &["eraseWithin"]),
    ("every", &["every"]),
    ("format", &["formats"]),
    ("fullScanInterval", &["fullScanInterval"]),
    ("granularity", &["granularity"]),
    ("includeBackups", &["includeBackups"]),
    ("interval", &["interval", "validFor"]),
    ("keepAfterTermination", &["afterTermination"]),
    ("keepAtLeast", &["atLeast"]),
    ("keepAtMost", &["atMost"]),
    ("keepWhileActive", &["whileActive"]),
    ("keyBits", &["keyBits"]),
    ("maxAge", &["maxAge"]),
    ("maxImageAge", &["maxAge"]),
    ("maxSubjects", &["maxSubjects"]),
    ("minRsaBits", &["minRsaBits"]),
    ("minTlsVersion", &["minVersion"]),
    ("neverStored", &["forbidden"]),
    ("notifyWithin", &["within"]),
    ("regions", &["regions"]),
    ("requiredFor", &["requiredFor"]),
    ("requires", &["requires"]),
    ("rotateOn", &["on"]),
    ("scope", &["scope"]),
    ("scopes", &["scopes"]),
    ("sharedAccounts", &["maxShared"]),
    ("signatureHash", &["signatureHash"]),
    ("sse", &["sse"]),
    ("tlsGrade", &["grade"]),
    ("transferMechanisms", &["mechanisms"]),
    ("zones", &["zones"]),
];

/// Figures that no parameter repeats: the control means them by itself, has them as its default, or cannot see them.
const FIGURES_WITHOUT_PARAMETER: [(&str, &str); 11] = [
    ("MSP-20", "exceptions"),
    ("GRC-01", "cipher"),
    ("GRC-08", "kind"),
    ("GRC-16", "dedicatedDatabase"),
    ("GRC-22", "timeLimited"),
    ("GRC-24", "timeLimited"),
    ("DEV-02", "encrypted"),
    ("DEV-02", "ephemeral"),
    ("DEV-03", "keySeparate"),
    ("DEV-08", "humansDenied"),
    ("CWS-14", "kinds"),
];

#[test]
fn a_printed_figure_reaches_a_control_unchanged() {
    let names = BTreeMap::from(PARAMETERS_OF_FIGURE);
    let mut without_parameter = Vec::new();
    for (entry, commitment) in pairs() {
        for (figure, value) in &entry.figures {
            let is_given = names.get(figure.as_str()).is_some_and(|names| gives(&commitment, names, value));
            if !is_given {
                without_parameter.push((entry.id.clone(), figure.clone()));
            }
        }
    }
    let expected = FIGURES_WITHOUT_PARAMETER.map(|(id, figure)| (id.to_owned(), figure.to_owned()));
    assert_eq!(without_parameter, expected);
}

/// Whether a control of the commitment has the value, alone or as the only entry of a list.
fn gives(commitment: &Commitment, names: &[&str], value: &Value) -> bool {
    let list = json!([value]);
    let mut parameters = commitment.controls.iter().flat_map(|used| &used.parameters);
    parameters.any(|(name, given)| names.contains(&name.as_str()) && (given == value || given == &list))
}

#[test]
fn what_a_control_must_refuse_is_enforced_and_nothing_else_is_denied() {
    for (entry, commitment) in pairs() {
        let is_denied = commitment.enforcement == Enforcement::Deny;
        assert_eq!(is_denied, entry.means.contains(&Strength::Prevent), "{}", entry.id);
    }
}

#[test]
fn three_controls_only_warn_where_their_promise_denies() {
    let milder: BTreeSet<(String, String)> = pairs()
        .into_iter()
        .flat_map(|(entry, commitment)| {
            commitment.controls.into_iter().map(move |used| (entry.id.clone(), used))
        })
        .filter_map(|(id, used)| used.enforcement.map(|enforcement| (id, used.id, enforcement)))
        .map(|(id, control, enforcement)| {
            assert_eq!(enforcement, Enforcement::Warn, "{id} {control}");
            (id, control)
        })
        .collect();
    let expected = [
        ("GRC-15", "encryption.certificate-expiry"),
        ("MSP-05", "encryption.internal-traffic"),
        ("MSP-12", "isolation.quota"),
    ];
    assert_eq!(
        milder,
        expected.map(|(id, control)| (id.to_owned(), control.to_owned())).into_iter().collect()
    );
}

#[test]
fn weight_follows_severity_and_remediation_keeps_its_default() {
    for (entry, commitment) in pairs() {
        let weight = match commitment.severity {
            Severity::Critical => 8,
            Severity::High => 4,
            Severity::Medium => 2,
            Severity::Low => 1,
        };
        assert_eq!(commitment.weight, weight, "{}", entry.id);
        assert_eq!(commitment.remediate_within, None, "{}", entry.id);
    }
}

#[test]
fn the_controls_of_a_promise_offer_every_strength_that_it_needs() {
    for (entry, commitment) in pairs() {
        let offered: BTreeSet<Strength> = commitment
            .controls
            .iter()
            .flat_map(|used| catalogue::find(&used.id).unwrap().offers)
            .copied()
            .collect();
        assert!(offered.is_superset(&entry.means), "{}: {offered:?}", entry.id);
        let is_attested = offered.contains(&Strength::Attest);
        assert_eq!(is_attested, entry.means.contains(&Strength::Attest), "{}", entry.id);
    }
}

#[test]
fn no_promise_names_one_control_twice() {
    for (entry, commitment) in pairs() {
        let ids: BTreeSet<&str> = commitment.controls.iter().map(|used| used.id.as_str()).collect();
        assert_eq!(ids.len(), commitment.controls.len(), "{}", entry.id);
    }
}

#[test]
fn every_planned_control_but_one_is_wanted_by_a_promise() {
    let wanted: BTreeSet<String> =
        pairs().into_iter().flat_map(|(_, commitment)| commitment.controls).map(|used| used.id).collect();
    let unwanted: Vec<&str> =
        catalogue::all().map(|control| control.id).filter(|id| !wanted.contains(*id)).collect();
    assert_eq!(unwanted, ["backup.offsite"]);
}

/// 21 promises, and three whose notice or public address needs a sink or a probe besides.
#[test]
fn the_first_wave_completes_the_controls_of_24_promises() {
    let whole: Vec<String> = pairs()
        .into_iter()
        .filter(|(_, commitment)| {
            let mut controls = commitment.controls.iter().map(|used| catalogue::find(&used.id).unwrap());
            controls.all(|control| control.completed_in == Package::Main)
        })
        .map(|(entry, _)| entry.id)
        .collect();
    let expected = [
        "MSP-07", "MSP-09", "MSP-11", "MSP-26", "GRC-07", "GRC-30", "GRC-31", "GRC-34", "GRC-35", "DEV-01",
        "DEV-09", "DEV-13", "DEV-14", "DEV-15", "CWS-06", "CWS-08", "CWS-18", "CWS-20", "PRC-01", "PRC-04",
        "PRC-11", "PRC-12", "PRC-25", "PRC-26",
    ];
    assert_eq!(whole, expected);
}

#[test]
fn a_profile_is_dated_titled_and_reaches_the_tenants_that_carry_its_label() {
    for (name, _) in PROFILES {
        let profile = profile(name);
        assert_eq!(profile.metadata.name.as_deref(), Some(name));
        let spec = profile.spec;
        assert!(!spec.title.is_empty(), "{name}");
        assert_eq!((spec.version.as_str(), spec.effective_date.as_str()), ("1.0", "2026-11-24"), "{name}");
        let [entry] = spec.change_log.as_slice() else { panic!("{name}: {:?}", spec.change_log) };
        assert_eq!((&entry.version, &entry.date), (&spec.version, &spec.effective_date), "{name}");
        let labels = BTreeMap::from([(format!("profile.surety.dev/{name}"), "true".to_owned())]);
        assert_eq!(spec.tenant_selector.match_labels, Some(labels), "{name}");
        assert_eq!(spec.tenant_selector.match_expressions, None, "{name}");
    }
}

#[test]
fn no_field_of_a_profile_is_misspelt() {
    for (name, _) in PROFILES {
        let written: Value = read(&format!("profiles/{name}.yaml"));
        assert_contains(&to_value(&profile(name)), &written, name);
    }
}

/// kubectl reads YAML 1.1, where such a key or value is no text.
#[test]
fn no_bare_word_of_a_profile_is_a_boolean_to_kubectl() {
    let is_boolean =
        |word: &str| ["on", "off", "yes", "no", "y", "n"].contains(&word.to_lowercase().as_str());
    for (name, _) in PROFILES {
        let text = read_text(&format!("profiles/{name}.yaml"));
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let is_prose = line.starts_with("promise: ") || line.starts_with("title: ");
            let mut words = line.split([' ', ',', ':', '{', '}', '[', ']']);
            assert!(is_prose || !words.any(is_boolean), "{name}: {line}");
        }
    }
}

fn to_value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap()
}

/// Everything that was written is still there after parsing.
fn assert_contains(parsed: &Value, written: &Value, path: &str) {
    match (parsed, written) {
        (Value::Object(parsed), Value::Object(written)) => {
            for (key, value) in written {
                let path = format!("{path}.{key}");
                assert_contains(parsed.get(key).unwrap_or_else(|| panic!("{path} is lost")), value, &path);
            }
        }
        (Value::Array(parsed), Value::Array(written)) => {
            assert_eq!(parsed.len(), written.len(), "{path}");
            for (index, (parsed, written)) in parsed.iter().zip(written).enumerate() {
                assert_contains(parsed, written, &format!("{path}[{index}]"));
            }
        }
        _ => assert_eq!(parsed, written, "{path}"),
    }
}
