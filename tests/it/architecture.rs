//! The rooms of `src/` and what may not enter them, checked against the source text. `e2e/` is not looked at.
//!
//! Each rule is a function from one file to its breaches, and each is tried on text that it must catch.

mod lexer;
mod source;

use source::{Source, tree};

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
fn purity(source: &Source) -> Vec<String> {
    if !source.is_in(&PURE_ROOMS) || source.is_test() {
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
fn writes(source: &Source) -> Vec<String> {
    if source.is_in(&["write"]) || source.is_test() {
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
fn decisions(source: &Source) -> Vec<String> {
    if !source.path.starts_with("src/admission/decide") || source.is_test() {
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

/// Every module says what it is for.
fn headers(source: &Source) -> Vec<String> {
    if source.text.starts_with("//!") {
        return Vec::new();
    }
    vec![format!("{}: has no `//!` header that says what it is for and what may not enter", source.path)]
}

/// A file that has grown past reading is split.
fn sizes(source: &Source) -> Vec<String> {
    if source.is_test() || source.code_lines <= LONGEST_FILE {
        return Vec::new();
    }
    vec![format!("{}: {} lines of code, more than {LONGEST_FILE}: split it", source.path, source.code_lines)]
}

fn named(source: &Source, is_wrong: impl Fn(&str) -> bool, why: &str) -> Vec<String> {
    let wrong = source.paths.iter().filter(|(_, path)| is_wrong(path));
    wrong.map(|(line, path)| format!("{}:{line}: {path} {why}", source.path)).collect()
}

type Rule = fn(&Source) -> Vec<String>;

fn assert_kept(rule: Rule) {
    let sources = tree();
    assert!(sources.iter().any(|source| source.path == "src/api/mod.rs"), "the source tree was not found");
    let breaches: Vec<_> = sources.iter().flat_map(rule).collect();
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

/// Each text breaks the rule when it lies at `path`.
fn assert_caught(rule: Rule, path: &str, texts: &[&str]) {
    for text in texts {
        assert!(!rule(&Source::new(path, text)).is_empty(), "not caught in {path}: {text}");
    }
}

/// No text breaks the rule when it lies at `path`.
fn assert_let_through(rule: Rule, path: &str, texts: &[&str]) {
    for text in texts {
        assert_eq!(rule(&Source::new(path, text)), Vec::<String>::new(), "caught in {path}: {text}");
    }
}

#[test]
fn pure_rooms_know_no_client_runtime_file_environment_or_clock() {
    assert_kept(purity);
}

#[test]
fn only_the_write_room_writes() {
    assert_kept(writes);
}

#[test]
fn deciding_names_no_control_label_or_annotation() {
    assert_kept(decisions);
}

#[test]
fn every_module_says_what_it_is_for() {
    assert_kept(headers);
}

#[test]
fn no_file_has_outgrown_its_reader() {
    assert_kept(sizes);
}

const IMPURE_TEXTS: [&str; 21] = [
    "use kube::Client;",
    "use kube::{CustomResource, Api};",
    "use kube::api::Api;",
    "use kube as k; fn f(c: k::Client) {}",
    "fn f() { kube::runtime::watcher(a, b); }",
    "use tokio::sync::mpsc;",
    "use axum::Router;",
    "use hyper::body::Incoming;",
    "use std::{collections::BTreeMap, fs};",
    "use std::{self, fmt}; fn f() { std::env::var(\"HOME\"); }",
    "use std::net::*;",
    "use std::*;",
    "use jiff::Timestamp; fn f() { let now = Timestamp::now(); }",
    "use jiff::Timestamp as T; fn f() { T::now() }",
    "use super::Timestamp; fn f() { Timestamp::now() }",
    "fn f() { let clock = jiff::Zoned::now; }",
    "use std::time::{Duration, SystemTime};",
    "use std::time::*;",
    "fn f(at: std::time::Instant) {}",
    "use crate::watch::Stream;",
    "use super::super::serve;",
];

#[test]
fn what_is_impure_is_caught_in_every_pure_room() {
    for path in ["src/core/verdict.rs", "src/api/tenant.rs", "src/report/table.rs"] {
        assert_caught(purity, path, &IMPURE_TEXTS);
        assert_let_through(
            purity,
            path,
            &[
                "use kube::{CustomResource, KubeSchema, core::Rule}; use std::time::Duration;",
                "// tokio::spawn and Timestamp::now() in words only",
                "/// See [`std::fs`].\nfn f(now: jiff::Timestamp) -> &'static str { \"std::env::var\" }",
                "fn f() { facts.fs.now(); self.client.env(); }",
                "use crate::api::Span; use crate::core::facts;",
                "#[cfg(test)] mod tests { fn f() { Timestamp::now(); } }",
            ],
        );
    }
    assert_let_through(purity, "src/watch/stream.rs", &IMPURE_TEXTS);
    assert_let_through(purity, "src/core/verdict/tests.rs", &IMPURE_TEXTS);
}

const WRITE_TEXTS: [&str; 18] = [
    "use kube::api::PostParams;",
    "use kube::api::{ListParams, Patch, PatchParams};",
    "use kube::core::params::DeleteParams;",
    "use kube::api; fn f() { api::Patch::Apply(x); }",
    "use kube::api::*;",
    "use kube::Api; async fn f(a: Api<Pod>) { a.create(&Default::default(), &pod).await; }",
    "use kube::Api; async fn f(a: Api<Pod>, p: &P) { a.patch_status(name, p, &patch).await; }",
    "use kube::Api; async fn f(a: Api<Pod>) { a.replace(name, &p, &pod).await; }",
    "use kube::Api; async fn f(a: Api<Pod>) { a.delete_collection(&p, &list).await; }",
    "use kube::Api; async fn f(a: &Api<Pod>) { Api::delete(a, name, &p).await; }",
    "use kube::Api; async fn f(a: &Api<Pod>) { Api::<Pod>::patch(a, name, &p, &x).await; }",
    "async fn f(c: &super::Clients) { c.pods.delete(name, &Default::default()).await; }",
    "use kube::api::Api; async fn f() { apis\n    .tenants()\n    .delete(name, &params)\n    .await; }",
    "use kube::Client; fn f(c: Client) { c.request(http::Request::post(uri).body(b)); }",
    "use kube::Client; use http::Method; fn f(c: Client) { request.method(Method::PATCH); }",
    "use kube::runtime::events::Recorder;",
    "use kube::core::Request; fn f() { Request::new(url).delete(name, &params); }",
    "use kube::runtime::finalizer;",
];

#[test]
fn what_writes_is_caught_in_every_room_but_write() {
    for path in
        ["src/watch/list.rs", "src/reconcile/apply.rs", "src/serve/mod.rs", "src/main.rs", "src/cli/run.rs"]
    {
        assert_caught(writes, path, &WRITE_TEXTS);
        assert_let_through(
            writes,
            path,
            &[
                "fn f() { text.replace('a', \"b\"); map.delete(key); store.create(a); std::mem::replace(&mut a, b); }",
                "use kube::{Api, Client, api::ListParams}; async fn f(a: Api<Pod>) { a.list(&ListParams::default()).await; }",
                "use kube::Client; fn f(c: Client) { name.replace(\"a\", \"b\"); OpenOptions::new().create(true); }",
                "use kube::core::{Request, params::WatchParams}; fn f() { Request::new(url).watch(&p, version); }",
                "use crate::write::Writer; async fn f(w: &Writer) { w.apply(object).await; }",
                "use crate::core::effective::Patch; fn f(p: Patch) {}",
                "use axum::routing::post; use axum::http::Method; fn f() { Method::POST; }",
                "/// Never calls `api.delete(name, &DeleteParams::default())`.\nfn f() {}",
            ],
        );
    }
    for path in ["src/write/apply.rs", "src/write/mod.rs", "src/write.rs", "tests/it/door.rs"] {
        assert_let_through(writes, path, &WRITE_TEXTS);
    }
    assert_caught(writes, "src/writer/apply.rs", &WRITE_TEXTS);
}

#[test]
fn a_name_in_the_deciding_room_is_caught() {
    let texts = [
        r#"const X: &str = "surety.dev/tenant";"#,
        r#"fn f() { match id { "backup.covered" => 1, _ => 2 } }"#,
        r#"fn f() { let x = "velero.excluded"; }"#,
        r#"fn f() { format!("the control encryption.tls-required fails"); }"#,
        r##"const X: &str = r#"kubernetes.io/metadata.name"#;"##,
        "use crate::api::keys; fn f() { keys::TENANT; }",
        "use crate::core::controls::backup::covered;",
    ];
    for path in ["src/admission/decide.rs", "src/admission/decide/pods.rs", "src/admission/decide_intent.rs"]
    {
        assert_caught(decisions, path, &texts);
        assert_let_through(
            decisions,
            path,
            &[
                r#"fn f() { "The request was refused. Ask for a waiver."; "a sentence with an access."; }"#,
                "// backup.covered and surety.dev/tenant in words only\nuse crate::core::controls::Control;",
                r#"#[cfg(test)] mod tests { const X: &str = "backup.covered"; }"#,
            ],
        );
    }
    assert_let_through(decisions, "src/admission/register.rs", &texts);
}

#[test]
fn a_module_without_a_header_is_caught() {
    assert_caught(
        headers,
        "src/core/facts.rs",
        &["", "use std::fmt;\n", "// Facts.\n", "/// Facts.\nstruct A;\n"],
    );
    assert_let_through(headers, "src/core/facts.rs", &["//! Facts.\n"]);
}

#[test]
fn a_file_of_more_than_400_lines_is_caught_unless_they_are_tests() {
    let long = "fn f() {}\n".repeat(401);
    assert_caught(sizes, "src/core/facts.rs", &[&long]);
    assert_let_through(sizes, "src/core/facts.rs", &[&long[10..]]);
    assert_let_through(sizes, "src/core/facts/tests.rs", &[&long]);
    let tested = format!("{}#[cfg(test)]\nmod tests {{\n{long}}}\n", &long[..4000]);
    assert_let_through(sizes, "src/core/facts.rs", &[&tested]);
}
