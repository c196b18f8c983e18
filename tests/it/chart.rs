//! `charts/surety`: what it carries of other files is those files' content, and it goes with this version of the program.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::OnceLock};

use serde_json::Value;
use surety::api::crds;

use crate::rbac::FEATURES;

const REGENERATE: &str = "SURETY_UPDATE_GOLDEN=1 cargo test --test it chart";
/// Deleting a definition deletes its objects: helm must not.
const KEPT: &str = "metadata:\n  annotations:\n    helm.sh/resource-policy: keep\n";

fn path(of: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(of)
}

fn read(of: &str) -> String {
    fs::read_to_string(path(of)).unwrap_or_else(|error| panic!("{of}: {error}"))
}

fn yaml(of: &str) -> Value {
    serde_saphyr::from_str(&read(of)).unwrap_or_else(|error| panic!("{of}: {error}"))
}

/// The definitions, with the annotation that keeps them.
fn definitions() -> Vec<(String, String)> {
    let files = crds::files().unwrap().into_iter();
    files.map(|(name, text)| (format!("crds/{name}"), text.replacen("metadata:\n", KEPT, 1))).collect()
}

/// The rules of the shipped roles, with their comments.
fn rules() -> Vec<(String, String)> {
    let files = FEATURES.iter().map(|(file, _)| *file).chain(["own-namespace"]);
    files
        .map(|file| {
            let text = read(&format!("config/rbac/{file}.yaml"));
            let (_, rules) = text.split_once("\nrules:\n").unwrap();
            let (rules, _) = rules.split_once("\n---\n").unwrap();
            let origin = format!("# Generated from config/rbac/{file}.yaml; edit the rules there.");
            (format!("rbac/{file}.yaml"), format!("{origin}\nrules:\n{rules}\n"))
        })
        .collect()
}

/// The canaries, as they are.
fn canaries() -> Vec<(String, String)> {
    let files = ["objects", "tenant", "velero"];
    files.map(|file| (format!("canary/{file}.yaml"), read(&format!("config/canary/{file}.yaml")))).into()
}

fn generated() -> Vec<(String, String)> {
    [definitions(), rules(), canaries()].concat()
}

/// The chart's folder of generated files, written anew first if that was asked for.
fn folder() -> PathBuf {
    static WRITTEN: OnceLock<()> = OnceLock::new();
    let folder = path("charts/surety/files");
    if std::env::var_os("SURETY_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        WRITTEN.get_or_init(|| {
            for (name, text) in generated() {
                fs::write(folder.join(name), text).unwrap();
            }
        });
    }
    folder
}

#[test]
fn the_chart_carries_the_definitions_and_the_rules_that_are_shipped_and_no_others() {
    let folder = folder();
    let stale: Vec<String> = generated()
        .into_iter()
        .filter(|(name, text)| fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text))
        .map(|(name, _)| name)
        .collect();
    assert!(
        stale.is_empty(),
        "charts/surety/files is out of date in {stale:?}; run `{REGENERATE}` and commit"
    );
    let expected: BTreeSet<String> = generated().into_iter().map(|(name, _)| name).collect();
    let present: BTreeSet<String> = ["crds", "rbac", "canary"]
        .iter()
        .flat_map(|kind| {
            let files = fs::read_dir(folder.join(kind)).unwrap();
            files.map(move |entry| format!("{kind}/{}", entry.unwrap().file_name().into_string().unwrap()))
        })
        .collect();
    assert_eq!(present, expected, "a file of charts/surety/files comes from nowhere");
}

#[test]
fn every_definition_stays_when_the_release_goes() {
    for (name, text) in definitions() {
        let definition: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(definition["metadata"]["annotations"]["helm.sh/resource-policy"], "keep", "{name}");
        assert_eq!(definition["metadata"]["labels"]["app.kubernetes.io/name"], "surety", "{name}");
    }
}

#[test]
fn the_chart_goes_with_this_version_of_the_program() {
    let chart = yaml("charts/surety/Chart.yaml");
    for field in ["version", "appVersion"] {
        assert_eq!(
            chart[field],
            env!("CARGO_PKG_VERSION"),
            "{field} of Chart.yaml; Cargo.toml says otherwise"
        );
    }
}

#[test]
fn every_value_is_in_the_schema_and_every_value_of_the_schema_has_a_default_and_a_word_of_explanation() {
    let schema: Value = serde_json::from_str(&read("charts/surety/values.schema.json")).unwrap();
    let (values, text) = (yaml("charts/surety/values.yaml"), read("charts/surety/values.yaml"));
    let mut faults = Vec::new();
    compare("", &schema, &values, &mut faults);
    assert!(faults.is_empty(), "{faults:#?}");
    let lines: Vec<&str> = text.lines().collect();
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#')) {
        let is_value = line.contains(':') && !line.trim_end().ends_with(':');
        let above = lines[..number].last().copied().unwrap_or_default();
        assert!(
            !is_value || above.trim_start().starts_with('#'),
            "values.yaml:{}: `{line}` is not explained",
            number + 1
        );
    }
}

fn compare(place: &str, schema: &Value, values: &Value, faults: &mut Vec<String>) {
    let Some(properties) = schema["properties"].as_object() else { return };
    let Some(values) = values.as_object() else {
        return faults.push(format!("{place} is no object in values.yaml"));
    };
    if schema["additionalProperties"] != false {
        faults.push(format!("{place} takes unknown fields"));
    }
    faults.extend(
        values
            .keys()
            .filter(|key| !properties.contains_key(*key))
            .map(|key| format!("{place}.{key} is not in the schema")),
    );
    for (key, property) in properties.iter().filter(|(key, _)| *key != "global") {
        let place = format!("{place}.{key}");
        match values.get(key) {
            None => faults.push(format!("{place} has no default")),
            // Optional parts of something that is empty by default.
            Some(Value::Object(value)) if value.is_empty() => {}
            Some(_) if place == ".resources" => {}
            Some(value) => compare(&place, property, value, faults),
        }
    }
}
