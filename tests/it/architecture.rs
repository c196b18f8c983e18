//! The rooms of `src/` and what may not enter them, checked against the source text. `e2e/` is not looked at.
//!
//! Each rule is a function from one file to its breaches, and each is tried on text that it must catch.

mod lexer;
mod paths;
mod rules;
mod source;

use rules::{decisions, headers, purity, sizes, writes};
use source::{Source, tree};

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

const WRITE_TEXTS: [&str; 20] = [
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
    "use kube::Client; fn f(c: Client) { c.request(http::Request::delete(\"/api/v1/x?dryRun=All\").body(b)); }",
    "use kube::api::PostParams; fn f() { PostParams { dry_run: true, field_manager: None }; }",
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
                "use crate::write::{DryRun, Writer}; async fn f(w: &Writer) { w.dry_run(&target, DryRun::Merge(&mark)).await; }",
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
    assert_let_through(headers, "src/core/facts/tests.rs", &["use super::*;\n"]);
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
