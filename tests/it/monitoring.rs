//! Alert rules, dashboards and runbooks: every metric, label and value that they name is exported, and every alert has
//! its page.

mod promql;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use surety::{
    admission::tls::Published,
    core::facts::{Enforcing, SourceState},
    serve::metrics::{AgeLimit, Figures, KindFigures, Metrics, ProfileFigures, SourceCounts},
};

use promql::{Matcher, Selector};

/// What Prometheus adds to each series.
const ADDED: [&str; 2] = ["job", "instance"];
/// Labels whose values users choose.
const CHOSEN: [&str; 4] = ["tenant", "profile", "policy", "waiver"];

/// By metric, by label: the values.
type Exported = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn read(path: &str) -> String {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn names_in(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Everything that Surety exports once everything is known.
fn exported() -> Exported {
    let metrics = Metrics::new("0.1.0", "abc");
    let moment = Timestamp::from_second(1_800_000_000).unwrap();
    let profile = ProfileFigures { score: Some(1.0), coverage: Some(1.0), ..ProfileFigures::default() };
    let figures = Figures {
        profiles: [("cloud".to_owned(), profile)].into(),
        last_evaluation: Some(moment),
        evaluation_interval: Some(SignedDuration::from_mins(10)),
        backups: [(
            "daily".to_owned(),
            AgeLimit { last_success: Some(moment), max_age: Some(SignedDuration::from_hours(24)) },
        )]
        .into(),
        waiver_expiries: [("w".to_owned(), moment)].into(),
        ..Figures::default()
    };
    metrics.tenants.set("acme", figures);
    metrics.certificate.set(Published {
        ca_bundle: None,
        leaf_expiry: moment,
        authority_expiry: Some(moment),
    });
    metrics.enforcement.set(vec![("conform", Enforcing::Enforcing, Some(moment))]);
    metrics.watch.read_from(
        |_| KindFigures { last_heard: Some(moment_of_nothing()), ..KindFigures::default() },
        || SourceCounts::of(|_| SourceState::Synced),
    );
    let text = metrics.to_text().unwrap() + "up 1\n";
    let mut exported = Exported::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _value) = line.rsplit_once(' ').unwrap();
        let selector = promql::selectors(series).pop().unwrap_or_else(|| panic!("{line} is no series"));
        let labels = exported.entry(selector.metric).or_default();
        for Matcher { label, value, .. } in selector.matchers {
            labels.entry(label).or_default().insert(value);
        }
    }
    exported
}

fn moment_of_nothing() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// What is wrong with a query: a metric, a label or a value that is not exported.
fn objections(query: &str, exported: &Exported) -> Vec<String> {
    let mut objections = Vec::new();
    let mut known: BTreeSet<&str> = ADDED.into();
    let selectors = promql::selectors(query);
    if selectors.is_empty() {
        objections.push("it names no metric".to_owned());
    }
    for Selector { metric, matchers } in &selectors {
        let Some(labels) = exported.get(metric) else {
            objections.push(format!("{metric} is not exported"));
            continue;
        };
        known.extend(labels.keys().map(String::as_str));
        for Matcher { label, value, is_pattern } in matchers {
            let Some(values) = labels.get(label) else {
                if !ADDED.contains(&label.as_str()) {
                    objections.push(format!("{metric} has no label {label}"));
                }
                continue;
            };
            let is_open = value.starts_with('$') || CHOSEN.contains(&label.as_str());
            let wanted: Vec<&str> = if *is_pattern { value.split('|').collect() } else { vec![value] };
            for value in wanted.into_iter().filter(|_| !is_open) {
                if !values.contains(value) {
                    objections.push(format!("{metric} never has {label}={value}"));
                }
            }
        }
    }
    let unknown = promql::grouping(query).into_iter().filter(|label| !known.contains(label.as_str()));
    objections.extend(unknown.map(|label| format!("nothing in it has the label {label}")));
    objections
}

fn rules() -> Vec<Value> {
    let file: Value = serde_saphyr::from_str(&read("config/alerts/surety.yaml")).unwrap();
    let groups = file["groups"].as_array().unwrap();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Dashboards by their file's name.
fn dashboards() -> Vec<(String, Value)> {
    let folder = "charts/surety/files/dashboards";
    let parse =
        |name: &String| (name.clone(), serde_json::from_str(&read(&format!("{folder}/{name}"))).unwrap());
    names_in(folder).iter().map(parse).collect()
}

#[test]
fn rules_name_what_is_exported() {
    let exported = exported();
    for rule in rules() {
        let found = objections(text(&rule, "/expr"), &exported);
        assert!(found.is_empty(), "{}: {found:?}", text(&rule, "/alert"));
    }
}

#[test]
fn every_alert_keeps_the_form_that_people_rely_on() {
    for rule in rules() {
        let alert = text(&rule, "/alert");
        assert!(alert.starts_with("Surety"), "{alert}");
        assert!(["critical", "warning", "info"].contains(&text(&rule, "/labels/severity")), "{alert}");
        let summary = text(&rule, "/annotations/summary");
        assert!(summary.ends_with('.') && !summary.contains("{{"), "{alert}: {summary}");
        let labels = promql::grouping(text(&rule, "/expr"));
        for label in promql::templated(text(&rule, "/annotations/description")) {
            assert!(labels.contains(&label), "{alert} tells {label}, which its expression does not keep");
        }
    }
}

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let alerts: BTreeMap<String, String> = rules()
        .iter()
        .map(|rule| (text(rule, "/annotations/runbook_url").to_owned(), text(rule, "/alert").to_owned()))
        .collect();
    let wanted: BTreeSet<String> = alerts.values().map(|alert| alert.to_lowercase() + ".md").collect();
    assert_eq!(names_in("docs/runbooks"), wanted);
    for (url, alert) in alerts {
        let page = read(&url);
        assert!(page.starts_with(&format!("# {alert}\n")), "{url} has another heading");
        for part in ["## What it means", "## How to see", "## What to do", "## When to escalate"] {
            assert!(page.contains(&format!("\n{part}\n")), "{url} lacks {part}");
        }
        let links = page.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        for (link, _) in links {
            assert!(names_in("docs/runbooks").contains(link), "{url} links to {link}");
        }
        for word in promql::words(&page).filter(|word| word.starts_with("surety_")) {
            assert!(exported().contains_key(word), "{url} names {word}, which is not exported");
        }
    }
}

#[test]
fn dashboards_query_what_is_exported() {
    let exported = exported();
    for (file, dashboard) in dashboards() {
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let query = text(target, "/expr");
                let found = objections(query, &exported);
                assert!(found.is_empty(), "{file}: {}: {query}: {found:?}", text(panel, "/title"));
                let kept: BTreeSet<String> =
                    promql::grouping(query).into_iter().chain(ADDED.map(str::to_owned)).collect();
                for label in promql::templated(text(target, "/legendFormat")) {
                    assert!(kept.contains(&label), "{file}: {query} does not keep {label}");
                }
            }
        }
    }
}

#[test]
fn dashboards_can_be_moved_between_installations() {
    let mut identities = BTreeSet::new();
    for (file, dashboard) in dashboards() {
        assert!(identities.insert(text(&dashboard, "/uid").to_owned()), "{file} has the uid of another");
        assert_eq!(format!("{}.json", text(&dashboard, "/uid")), file);
        let variables = dashboard.pointer("/templating/list").and_then(Value::as_array).unwrap();
        let names: BTreeSet<&str> = variables.iter().map(|variable| text(variable, "/name")).collect();
        assert!(names.contains("datasource") && names.contains("job"), "{file}: {names:?}");
        let mut ids = BTreeSet::new();
        for panel in dashboard["panels"].as_array().unwrap() {
            let title = text(panel, "/title");
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{file}: {title} has the id of another");
            assert!(!title.is_empty() && panel["gridPos"].is_object(), "{file}: {panel}");
            for target in panel["targets"].as_array().into_iter().flatten() {
                assert_eq!(text(target, "/datasource/uid"), "${datasource}", "{file}: {title}");
                for name in
                    promql::variables(text(target, "/expr")).iter().filter(|name| !name.starts_with("__"))
                {
                    assert!(names.contains(name.as_str()), "{file}: {title} uses ${name}");
                }
            }
        }
        overlap(&file, dashboard["panels"].as_array().unwrap());
    }
}

fn overlap(file: &str, panels: &[Value]) {
    let mut taken = BTreeSet::new();
    for panel in panels {
        let side = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        assert!(side("x") + side("w") <= 24, "{file}: {} is too wide", text(panel, "/title"));
        for x in side("x")..side("x") + side("w") {
            for y in side("y")..side("y") + side("h") {
                assert!(taken.insert((x, y)), "{file}: {} lies on another", text(panel, "/title"));
            }
        }
    }
}
