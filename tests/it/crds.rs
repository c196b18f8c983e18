//! The CRDs: `crds/` holds what the types say, and every schema is bounded and free of what the API server warns about.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::OnceLock};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;
use surety::api::crds;

/// Client-side apply keeps the whole object in one annotation, and annotations are limited to 256 KiB in all.
const ANNOTATIONS_LIMIT: usize = 262_144;
/// Room for the annotations of others.
const SLACK: usize = 32_768;

const REGENERATE: &str = "SURETY_UPDATE_GOLDEN=1 cargo test --test it crds";

/// `crds/`, written anew first if that was asked for; once, because tests run side by side.
fn folder() -> PathBuf {
    static WRITTEN: OnceLock<()> = OnceLock::new();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("crds");
    if std::env::var_os("SURETY_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        WRITTEN.get_or_init(|| {
            for (name, text) in crds::files().unwrap() {
                fs::write(folder.join(name), text).unwrap();
            }
        });
    }
    folder
}

#[test]
fn the_generated_files_say_what_the_types_say() {
    let files = crds::files().unwrap();
    let stale: Vec<_> = files
        .iter()
        .filter(|(name, text)| fs::read_to_string(folder().join(name)).ok().as_ref() != Some(text))
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(stale.is_empty(), "crds/ differs from src/api in {stale:?}; run `{REGENERATE}` and commit");
}

#[test]
fn the_folder_and_its_kustomization_hold_these_kinds_and_no_other() {
    let expected: BTreeSet<_> = crds::files().unwrap().into_iter().map(|(name, _)| name).collect();
    let present: BTreeSet<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "Kustomization")
        .collect();
    assert_eq!(present, expected, "a file of crds/ belongs to no kind, or a kind has none");

    let kustomization = fs::read_to_string(folder().join("Kustomization")).unwrap();
    let listed: Value = serde_saphyr::from_str(&kustomization).unwrap();
    let listed: BTreeSet<_> = listed["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, expected, "crds/Kustomization lists other files than there are kinds");
}

#[test]
fn what_is_printed_reads_back_as_the_same_objects() {
    let printed: Vec<CustomResourceDefinition> = serde_saphyr::from_multiple(&crds::yaml().unwrap()).unwrap();
    assert_eq!(printed, crds::all());
}

#[test]
fn every_definition_fits_the_annotation_of_client_side_apply() {
    for crd in crds::all() {
        let size = serde_json::to_vec(&crd).unwrap().len();
        let name = crd.metadata.name.unwrap();
        assert!(size < ANNOTATIONS_LIMIT - SLACK, "{name} has {size} bytes as JSON");
    }
}

#[test]
fn every_kind_carries_the_label_and_the_columns_that_people_look_for() {
    for crd in crds::all() {
        let name = crd.metadata.name.unwrap();
        assert_eq!(crd.metadata.labels.unwrap()["app.kubernetes.io/name"], "surety", "{name}");
        let columns = crd.spec.versions[0].additional_printer_columns.as_ref().expect(&name);
        assert_eq!(columns.last().unwrap().name, "Age", "{name}");
    }
}

#[test]
fn every_column_points_at_a_field_of_the_schema() {
    for crd in crds::all() {
        let name = crd.metadata.name.as_ref().unwrap();
        let version = serde_json::to_value(&crd.spec.versions[0]).unwrap();
        for column in version["additionalPrinterColumns"].as_array().unwrap() {
            let path = column["jsonPath"].as_str().unwrap();
            if !path.starts_with(".metadata.") {
                assert!(
                    field_exists(&version["schema"]["openAPIV3Schema"], path),
                    "{name}: column {} points at {path}, which no field is",
                    column["name"]
                );
            }
        }
    }
}

/// Follows `.a.b[?(...)].c` through `properties` and `items`.
fn field_exists(schema: &Value, path: &str) -> bool {
    let Some(rest) = path.strip_prefix('.') else { return path.is_empty() };
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (field, rest) = rest.split_at(end);
    let property = &schema["properties"][field];
    match rest.strip_prefix("[?(") {
        Some(filter) => {
            let after = filter.find(")]").map(|at| &filter[at + 2..]);
            after.is_some_and(|after| field_exists(&property["items"], after))
        }
        None => property.is_object() && field_exists(property, rest),
    }
}

#[test]
fn every_schema_is_bounded_and_free_of_formats_that_the_server_does_not_know() {
    let faults: Vec<_> = crds::all()
        .iter()
        .flat_map(|crd| {
            let name = crd.metadata.name.clone().unwrap();
            let schema = serde_json::to_value(&crd.spec.versions[0].schema).unwrap();
            let mut faults = Vec::new();
            find_faults(&schema["openAPIV3Schema"], &name, &mut faults);
            faults
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn conditions_merge_by_type_so_that_two_writers_keep_each_others() {
    for crd in crds::all().into_iter().filter(|crd| crd.spec.names.kind != "ComplianceReport") {
        let schema = serde_json::to_value(&crd.spec.versions[0].schema).unwrap();
        let conditions = &schema["openAPIV3Schema"]["properties"]["status"]["properties"]["conditions"];
        assert_eq!(conditions["x-kubernetes-list-type"], "map", "{}", crd.spec.names.kind);
        assert_eq!(conditions["x-kubernetes-list-map-keys"], serde_json::json!(["type"]));
    }
}

/// Names every place of a schema that is open, nullable, or has a format that the API server drops with a warning.
fn find_faults(schema: &Value, path: &str, faults: &mut Vec<String>) {
    let mut check = |is_right: bool, what: &str| {
        if !is_right {
            faults.push(format!("{path}: {what}"));
        }
    };
    let has = |key: &str| schema.get(key).is_some();
    match schema["type"].as_str() {
        Some("string") => check(has("maxLength") || has("enum"), "a string without maxLength or enum"),
        Some("array") => {
            check(has("maxItems"), "a list without maxItems");
            check(has("x-kubernetes-list-type"), "a list without x-kubernetes-list-type");
        }
        Some("object") if !has("properties") => {
            let is_free = path.ends_with(".metadata");
            check(is_free || has("maxProperties"), "a map without maxProperties");
        }
        Some("integer") => check(has("minimum"), "a number without minimum"),
        Some(_) => {}
        None => check(has("x-kubernetes-preserve-unknown-fields"), "a value without a type"),
    }
    check(!has("nullable"), "nullable");
    if let Some(format) = schema["format"].as_str() {
        check(["int32", "int64", "date", "date-time"].contains(&format), "a format that is not known");
    }
    check(
        path.matches('.').count() <= 3 || has("description") || path.ends_with(['}', ']']),
        "no description",
    );
    for (field, property) in schema["properties"].as_object().into_iter().flatten() {
        find_faults(property, &format!("{path}.{field}"), faults);
    }
    for (key, suffix) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[key].is_object() {
            find_faults(&schema[key], &format!("{path}{suffix}"), faults);
        }
    }
}

#[test]
fn an_open_schema_is_found() {
    let open = serde_json::json!({"type": "object", "properties": {
        "text": {"type": "string"},
        "list": {"type": "array", "items": {"type": "string", "maxLength": 3}},
        "map": {"type": "object", "additionalProperties": {"type": "boolean"}},
        "count": {"type": "integer", "format": "uint32", "minimum": 0},
        "maybe": {"type": "boolean", "nullable": true},
    }});
    let mut faults = Vec::new();
    find_faults(&open, "kind", &mut faults);
    for expected in [
        "kind.text: a string without maxLength or enum",
        "kind.list: a list without maxItems",
        "kind.list: a list without x-kubernetes-list-type",
        "kind.map: a map without maxProperties",
        "kind.count: a format that is not known",
        "kind.maybe: nullable",
    ] {
        assert!(faults.iter().any(|fault| fault == expected), "{expected} is not among {faults:?}");
    }
}
