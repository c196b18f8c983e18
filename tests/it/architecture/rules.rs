//! The rules: each a function from one source file to what in it breaks the rule, one sentence a breach.

use super::source::Source;

const PURE_ROOMS: [&str; 3] = ["core", "api", "report"];

/// What a pure room may not name. A path is caught with everything below it.
const IMPURE: [&str; 25] = [
    "kube::Client",
    "kube::client",
    "kube::Api",
    "kube::api::Api",
    "kube::Config",
    "kube::config",
    "kube::Discovery",
    "kube::discovery",
    "kube::runtime",
    "kube_client",
    "kube_runtime",
    "tokio",
    "tokio_util",
    "futures",
    "axum",
    "hyper",
    "hyper_util",
    "tower",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::SystemTime",
    "std::time::Instant",
];
/// The clock, however its type was brought in.
const CLOCK_CALLS: [&str; 5] =
    ["Timestamp::now", "Zoned::now", "SystemTime::now", "Instant::now", "TimeZone::system"];
/// Rooms that reach the world, and so may not be reached from a pure one.
const REACHING_ROOMS: [&str; 7] = ["watch", "admission", "reconcile", "write", "evidence", "serve", "cli"];

/// Types without which no request that writes can be made.
const WRITE_TYPES: [&str; 6] =
    ["Patch", "PatchParams", "PostParams", "DeleteParams", "EvictParams", "EphemeralContainers"];
/// Helpers of the client library that write by themselves.
const WRITE_HELPERS: [&str; 3] =
    ["kube::runtime::events", "kube::runtime::finalizer", "kube::runtime::wait::delete"];
/// Methods of `kube::Api` that write, with the number of their arguments: `str::replace` takes two, `Api::replace` three.
const WRITE_CALLS: [(&str, usize); 19] = [
    ("create", 2),
    ("create_subresource", 4),
    ("create_token_request", 3),
    ("patch", 3),
    ("patch_status", 3),
    ("patch_scale", 3),
    ("patch_approval", 3),
    ("patch_metadata", 3),
    ("patch_subresource", 4),
    ("patch_metadata_subresource", 4),
    ("replace", 3),
    ("replace_status", 3),
    ("replace_scale", 3),
    ("replace_approval", 3),
    ("replace_subresource", 4),
    ("delete", 2),
    ("delete_collection", 2),
    ("evict", 2),
    ("restart", 1),
];
const WRITE_METHODS: [&str; 8] = [
    "Method::POST",
    "Method::PUT",
    "Method::PATCH",
    "Method::DELETE",
    "Request::post",
    "Request::put",
    "Request::patch",
    "Request::delete",
];

/// The areas of the catalogue: the first half of a control's id.
const AREAS: [&str; 11] = [
    "backup",
    "retention",
    "encryption",
    "isolation",
    "placement",
    "access",
    "workload",
    "governance",
    "subprocessor",
    "request",
    "incident",
];

const LONGEST_FILE: usize = 400;

/// Whether `path` is `wanted`, lies below it, or is a glob that brings it in.
fn reaches(path: &str, wanted: &str) -> bool {
    let below = |path: &str, root: &str| {
        path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    match path.strip_suffix("::*") {
        Some(stem) => below(stem, wanted) || below(wanted, stem),
        None => below(path, wanted),
    }
}

fn ends_with(path: &str, wanted: &str) -> bool {
    path.strip_suffix(wanted).is_some_and(|rest| rest.is_empty() || rest.ends_with("::"))
}

/// `core`, `api` and `report` know no client, runtime, file, environment or clock.
pub fn purity(source: &Source) -> Vec<String> {
    if !source.is_in(&PURE_ROOMS) || source.is_test {
        return Vec::new();
    }
    let is_impure = |path: &str| {
        IMPURE.iter().any(|wanted| reaches(path, wanted))
            || CLOCK_CALLS.iter().any(|call| ends_with(path, call))
            || REACHING_ROOMS.iter().any(|room| reaches(path, &format!("crate::{room}")))
    };
    named(source, is_impure, "does not belong into a pure room: take what you need as an argument")
}

/// Only `write` changes anything through the API.
pub fn writes(source: &Source) -> Vec<String> {
    if source.is_in(&["write"]) || source.is_test {
        return Vec::new();
    }
    let has_client = source.paths.iter().any(|(_, path)| is_client(path));
    let mut found = named(
        source,
        |path| is_write_path(path) || (has_client && WRITE_METHODS.iter().any(|call| ends_with(path, call))),
        "writes to the API: only src/write may",
    );
    let calls = source.calls.iter().filter(|call| {
        let is_write = WRITE_CALLS.contains(&(call.name.as_str(), call.arity));
        is_write && (has_client || call.has_defaulted_argument)
    });
    found.extend(calls.map(|call| {
        format!(
            "{}:{}: .{}(..) looks like a write to the API: only src/write may; what is none has another name",
            source.path, call.line, call.name
        )
    }));
    found
}

fn is_of_kube(path: &str) -> bool {
    ["kube", "kube_client", "kube_core", "kube_runtime"]
        .iter()
        .any(|root| path.split("::").next() == Some(root))
}

fn is_client(path: &str) -> bool {
    is_of_kube(path) && path.split("::").any(|part| ["Api", "Client", "Request", "client"].contains(&part))
}

fn is_write_path(path: &str) -> bool {
    let parameters = ["kube::api", "kube::core::params", "kube::client"];
    let is_glob_of_parameters =
        path.ends_with("::*") && parameters.iter().any(|module| reaches(path, module));
    is_glob_of_parameters
        || WRITE_HELPERS.iter().any(|helper| reaches(path, helper))
        || is_of_kube(path) && path.split("::").any(|part| WRITE_TYPES.contains(&part))
        || WRITE_CALLS.iter().any(|(call, _)| ends_with(path, &format!("Api::{call}")))
}

/// `admission/decide` judges whatever the controls say, without knowing one of them, a label or an annotation.
pub fn decisions(source: &Source) -> Vec<String> {
    if !source.path.starts_with("src/admission/decide") || source.is_test {
        return Vec::new();
    }
    let is_of_a_control = |path: &str| {
        AREAS
            .iter()
            .any(|area| reaches(path, &format!("crate::core::controls::{area}")) && !path.ends_with('*'))
            || reaches(path, "crate::api::keys")
    };
    let mut found = named(source, is_of_a_control, "names a control, a label or an annotation");
    let literals = source.literals.iter().filter(|(_, text)| names_a_control_or_label(text));
    found.extend(literals.map(|(line, text)| {
        format!("{}:{line}: \"{text}\" names a control, a label or an annotation", source.path)
    }));
    found
}

fn names_a_control_or_label(text: &str) -> bool {
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let halves = |word: &str| {
        word.split_once('.')
            .filter(|(area, check)| is_name(area) && is_name(check))
            .map(|(area, _)| area.to_owned())
    };
    let is_a_control = |word: &str| halves(word).is_some_and(|area| AREAS.contains(&area.as_str()));
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.'));
    text.contains('/') || halves(text).is_some() || words.map(|word| word.trim_matches('.')).any(is_a_control)
}

/// Every module says what it is for. The tests of a module stand beside it, and it speaks for them.
pub fn headers(source: &Source) -> Vec<String> {
    if source.text.starts_with("//!") || source.path.ends_with("/tests.rs") {
        return Vec::new();
    }
    vec![format!("{}: has no `//!` header that says what it is for and what may not enter", source.path)]
}

/// A file that has grown past reading is split.
pub fn sizes(source: &Source) -> Vec<String> {
    if source.is_test || source.code_lines <= LONGEST_FILE {
        return Vec::new();
    }
    vec![format!("{}: {} lines of code, more than {LONGEST_FILE}: split it", source.path, source.code_lines)]
}

fn named(source: &Source, is_wrong: impl Fn(&str) -> bool, why: &str) -> Vec<String> {
    let wrong = source.paths.iter().filter(|(_, path)| is_wrong(path));
    wrong.map(|(line, path)| format!("{}:{line}: {path} {why}", source.path)).collect()
}
