//! The sample objects of `tests/data/schema`: `good` ones the API server takes, `bad` ones it refuses by schema alone.
//! A story against a real API server replays them; what can be judged without a server is judged here.
//!
//! A bad file starts with `# refused: ` and a part of the expected message. Its last document is the refused one;
//! what comes before it is accepted and makes the object that the last one tries to change.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use croner::parser::{CronParser, Seconds, Year};
use serde::de::DeserializeOwned;
use serde_json::Value;
use surety::api::{
    Attestation, BackupPolicy, ComplianceReport, EncryptionPolicy, IsolationPolicy, Profile, RetentionPolicy,
    Tenant, Waiver, crds,
};

fn samples(kind: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schema").join(kind);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect();
    files.sort();
    files
}

fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap()
}

/// Reads a document as its kind, and gives back what Surety would write of it.
fn round_trip(document: &Value) -> Result<Value, serde_json::Error> {
    fn through<T: DeserializeOwned + serde::Serialize>(document: &Value) -> Result<Value, serde_json::Error> {
        serde_json::to_value(serde_json::from_value::<T>(document.clone())?)
    }
    match document["kind"].as_str().unwrap() {
        "Tenant" => through::<Tenant>(document),
        "Profile" => through::<Profile>(document),
        "BackupPolicy" => through::<BackupPolicy>(document),
        "RetentionPolicy" => through::<RetentionPolicy>(document),
        "EncryptionPolicy" => through::<EncryptionPolicy>(document),
        "IsolationPolicy" => through::<IsolationPolicy>(document),
        "Waiver" => through::<Waiver>(document),
        "Attestation" => through::<Attestation>(document),
        "ComplianceReport" => through::<ComplianceReport>(document),
        other => panic!("{other} is no kind of Surety"),
    }
}

/// Whether `whole` holds everything that `part` says; defaults may come on top.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, part)| whole.get(key).map_or(is_empty(part), |whole| holds(whole, part)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| holds(whole, part))
        }
        _ => whole == part,
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

#[test]
fn what_the_schema_takes_the_types_read_without_loss() {
    let mut kinds = BTreeSet::new();
    for (path, text) in samples("good") {
        for mut document in documents(&text) {
            let kind = document["kind"].as_str().unwrap().to_owned();
            let read = round_trip(&document).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            // An instant is written in UTC, whatever the zone it was given in.
            document["spec"].as_object_mut().and_then(|spec| spec.remove("contract"));
            assert!(holds(&read, &document), "{}: {read:#} lost a part of {document:#}", path.display());
            kinds.insert(kind);
        }
    }
    let all: BTreeSet<_> = crds::all().into_iter().map(|crd| crd.spec.names.kind).collect();
    assert_eq!(kinds, all, "a kind has no good sample");
}

#[test]
fn the_schedules_that_the_schema_takes_parse() {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let schedules: Vec<String> = samples("good")
        .iter()
        .flat_map(|(_, text)| documents(text))
        .filter_map(|document| document["spec"]["schedule"].as_str().map(ToOwned::to_owned))
        .collect();
    assert!(schedules.len() > 5, "{schedules:?}");
    for schedule in schedules {
        let parsed = parser.parse(&schedule);
        assert!(parsed.is_ok(), "{schedule}: {parsed:?}");
    }
}

#[test]
fn every_rule_of_the_schemas_has_a_sample_that_it_refuses() {
    let expectations: Vec<String> = samples("bad")
        .iter()
        .map(|(path, text)| {
            let expected = text.lines().next().and_then(|line| line.strip_prefix("# refused: "));
            expected.unwrap_or_else(|| panic!("{} does not say what is expected", path.display())).to_owned()
        })
        .collect();
    let mut messages = BTreeSet::new();
    for crd in crds::all() {
        find_messages(&serde_json::to_value(&crd.spec.versions[0].schema).unwrap(), &mut messages);
    }
    assert!(messages.len() > 15, "{messages:?}");
    for message in messages {
        let is_tried = expectations.iter().any(|expected| message.contains(expected.as_str()));
        assert!(is_tried, "no bad sample is refused with `{message}`");
    }
}

fn find_messages(schema: &Value, messages: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            let rules = fields.get("x-kubernetes-validations").and_then(Value::as_array);
            let texts = rules.into_iter().flatten().map(|rule| {
                rule["message"].as_str().unwrap_or_else(|| panic!("{rule} has no message")).to_owned()
            });
            messages.extend(texts);
            fields.values().for_each(|value| find_messages(value, messages));
        }
        Value::Array(items) => items.iter().for_each(|item| find_messages(item, messages)),
        _ => {}
    }
}

#[test]
fn a_bad_sample_is_one_object_that_bears_the_name_of_its_file() {
    for (path, text) in samples("bad") {
        let names: BTreeSet<_> = documents(&text)
            .iter()
            .map(|document| document["metadata"]["name"].as_str().unwrap().to_owned())
            .collect();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_about_the_name = stem.ends_with("-name-too-long");
        assert!(names.len() == 1 && (is_about_the_name || names.contains(&stem)), "{stem}: {names:?}");
    }
}
