//! What `surety check` prints for other programs: SARIF for code scanning, JUnit for the report of a pipeline.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::Value;
use surety::core::controls;

use super::{MIXED, OFFENDERS, assert_golden, check, check_input, findings};

const SEVERITIES: [(&str, &str, &str); 4] = [
    ("critical", "error", "9.5"),
    ("high", "error", "8.0"),
    ("medium", "warning", "5.5"),
    ("low", "note", "2.0"),
];

fn sarif(words: &str) -> Value {
    check(&format!("{words} -o sarif")).json()
}

fn results(sarif: &Value) -> &Vec<Value> {
    sarif["runs"][0]["results"].as_array().unwrap()
}

fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("no {path} in {value}"))
}

/// What the schema of SARIF 2.1.0, its prose and GitHub demand.
fn assert_well_formed(sarif: &Value) {
    assert_eq!(text(sarif, "/version"), "2.1.0");
    assert!(text(sarif, "/$schema").ends_with("sarif-schema-2.1.0.json"));
    let run = &sarif["runs"][0];
    assert_eq!(text(run, "/tool/driver/name"), "Surety");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: BTreeSet<&str> = rules.iter().map(|rule| text(rule, "/id")).collect();
    assert_eq!(ids.len(), rules.len(), "an id stands twice");
    for rule in rules {
        assert!(!text(rule, "/shortDescription/text").is_empty() && !text(rule, "/help/text").is_empty());
        let level = text(rule, "/defaultConfiguration/level");
        let severity = text(rule, "/properties/security-severity");
        assert!(SEVERITIES.iter().any(|(_, known, number)| (level, severity) == (*known, *number)), "{rule}");
        let tags = rule["properties"]["tags"].as_array().unwrap();
        assert!(tags.len() <= 20 && tags.contains(&"security".into()), "{rule}");
    }
    for result in results(sarif) {
        assert_well_formed_result(result, rules);
    }
}

fn assert_well_formed_result(result: &Value, rules: &[Value]) {
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(rules[index]["id"], result["ruleId"], "{result}");
    assert!(!text(result, "/message/text").is_empty());
    let kind = text(result, "/kind");
    assert!(["pass", "fail", "open", "review", "notApplicable", "informational"].contains(&kind), "{result}");
    let severity = result["properties"]["severity"].as_str().unwrap_or("high");
    let expected = SEVERITIES.iter().find(|(name, ..)| *name == severity).unwrap().1;
    assert_eq!(text(result, "/level"), if kind == "fail" { expected } else { "none" }, "{result}");
    let place = "/locations/0/physicalLocation";
    let uri = text(result, &format!("{place}/artifactLocation/uri"));
    assert!(!uri.is_empty() && !uri.contains([':', ' ', '<', '>', '\\']) && !uri.starts_with('/'), "{uri}");
    assert!(result.pointer(&format!("{place}/region/startLine")).unwrap().as_u64().unwrap() > 0, "{result}");
    let fingerprint = text(result, "/partialFingerprints/suretyResult~1v1");
    assert!(fingerprint.len() == 16 && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(result["suppressions"].is_array(), result["properties"]["state"] == "Waived", "{result}");
    if result["properties"]["state"] == "Waived" {
        assert_eq!(text(result, "/suppressions/0/kind"), "external");
        assert_eq!(text(result, "/suppressions/0/status"), "accepted");
    }
}

/// The line of a file that a result leads to.
fn line_of(result: &Value) -> String {
    let place = &result["locations"][0]["physicalLocation"];
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(text(place, "/artifactLocation/uri"));
    let file = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let line = usize::try_from(place["region"]["startLine"].as_u64().unwrap()).unwrap();
    file.lines().nth(line - 1).unwrap().trim().to_owned()
}

#[test]
fn sarif_is_well_formed_and_as_ever() {
    let run = check(&format!("{MIXED} -o sarif"));
    assert_eq!(run.code, 1);
    assert_golden("check.sarif", &run.stdout);
    assert_well_formed(&run.json());
    assert_well_formed(&sarif(OFFENDERS));
    assert_well_formed(&sarif("config/samples config/profiles"));
}

#[test]
fn sarif_has_every_state_that_the_report_knows() {
    let states: BTreeSet<String> = [MIXED, OFFENDERS, "config/samples config/profiles"]
        .iter()
        .flat_map(|words| {
            let sarif = sarif(words);
            let state = |result: &Value| text(result, "/properties/state").to_owned();
            results(&sarif).iter().map(state).collect::<Vec<_>>()
        })
        .collect();
    let wanted = ["Error", "Fail", "Manual", "NotApplicable", "Pass", "Waived"];
    let wanted: BTreeSet<String> = wanted.iter().map(ToString::to_string).collect();
    assert!(wanted.is_subset(&states), "{states:?}");
}

#[test]
fn every_control_is_a_rule_and_every_offender_a_result_at_its_file() {
    let sarif = sarif(OFFENDERS);
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for control in controls::all() {
        assert!(rules.iter().any(|rule| rule["id"] == control.id), "{}", control.id);
    }
    for (file, control) in super::offenders() {
        let is_it = |result: &&Value| {
            let uri = text(result, "/locations/0/physicalLocation/artifactLocation/uri");
            result["ruleId"] == control.as_str() && uri == file && result["kind"] == "fail"
        };
        assert!(results(&sarif).iter().any(|result| is_it(&result)), "{file} {control}");
    }
}

#[test]
fn a_result_leads_to_the_line_of_the_field() {
    let sarif = sarif(MIXED);
    let line = |field: &str| {
        let found = results(&sarif).iter().find(|result| result["properties"]["field"] == field);
        line_of(found.unwrap_or_else(|| panic!("{field}: {sarif}")))
    };
    assert_eq!(line("spec.template.spec.hostPID"), "hostPID: true");
    let port = "spec.template.spec.containers[name=web].ports[hostPort=80]";
    assert_eq!(line(port), "- {containerPort: 80, hostPort: 80}");
    assert_eq!(line("spec.storageClassName"), "storageClassName: fast");
    assert_eq!(
        line("spec.template.spec.volumes[name=sys].hostPath"),
        "- {name: sys, hostPath: {path: /sys}}"
    );
}

#[test]
fn only_violations_are_results_where_only_those_are_wanted() {
    let quiet = sarif(&format!("{MIXED} --quiet"));
    assert_well_formed(&quiet);
    let states: BTreeSet<&str> =
        results(&quiet).iter().map(|result| text(result, "/properties/state")).collect();
    assert_eq!(states, BTreeSet::from(["Fail"]));
    assert_eq!(
        results(&quiet).len(),
        findings(&check(&format!("{MIXED} -o json")).json(), "violations").count()
    );
}

#[test]
fn a_fingerprint_does_not_move_with_the_line() {
    let pod =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  hostNetwork: true\n  containers: []\n";
    let first = |input: &str| {
        let sarif = check_input("- --profile msp-assurance -o sarif -q", input).json();
        let result = &results(&sarif)[0];
        assert_eq!(text(result, "/locations/0/physicalLocation/artifactLocation/uri"), "stdin");
        let line = result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().unwrap();
        (text(result, "/partialFingerprints/suretyResult~1v1").to_owned(), line)
    };
    let (before, line) = first(pod);
    let (after, moved) = first(&format!("# moved\n{pod}"));
    assert_eq!((before, line + 1), (after, moved));
}

#[test]
fn a_file_with_a_blank_and_a_colon_in_its_name_is_named_without() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("a b:c.yaml"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: true, containers: []}\n",
    )
    .unwrap();
    let sarif = sarif(&format!("{} --profile msp-assurance -q", folder.path().display()));
    let uri = text(&results(&sarif)[0], "/locations/0/physicalLocation/artifactLocation/uri");
    assert!(uri.ends_with("/a%20b%3Ac.yaml"), "{uri}");
}

#[test]
fn junit_is_as_ever_and_its_counts_add_up() {
    let run = check(&format!("{MIXED} -o junit"));
    assert_eq!(run.code, 1);
    assert_golden("check.junit.xml", &run.stdout);
    for words in [MIXED, OFFENDERS, "config/samples config/profiles"] {
        assert_counts_add_up(&check(&format!("{words} -o junit")).stdout);
    }
}

fn assert_counts_add_up(junit: &str) {
    let attribute = |line: &str, name: &str| -> usize {
        let after =
            line.split_once(&format!(" {name}=\"")).unwrap_or_else(|| panic!("no {name} in {line}")).1;
        after.split('"').next().unwrap().parse().unwrap()
    };
    let lines = |start: &str| -> Vec<&str> {
        junit.lines().map(str::trim).filter(|line| line.starts_with(start)).collect()
    };
    let (all, suites) = (lines("<testsuites ")[0], lines("<testsuite "));
    for (name, element) in
        [("tests", "<testcase "), ("failures", "<failure "), ("errors", "<error "), ("skipped", "<skipped ")]
    {
        let sum: usize = suites.iter().map(|suite| attribute(suite, name)).sum();
        assert_eq!(attribute(all, name), sum, "{name}");
        assert_eq!(sum, lines(element).len(), "{name}");
    }
    let cases = lines("<testcase ");
    let unique: BTreeSet<&str> = cases.iter().map(|case| case.trim_end_matches('/')).collect();
    assert_eq!(unique.len(), cases.len(), "two cases have one name");
}

#[test]
fn what_does_not_count_is_no_error_in_junit_either() {
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a, namespace: acme-prod}\n\
                 spec: {storageClassName: unseen}\n";
    for (words, code, errors) in [("", 0, 0), ("--strict", 1, 1)] {
        let run = check_input(&format!("{MIXED}/platform.yaml - -o junit {words}"), claim);
        assert_eq!(run.code, code, "{}", run.stdout);
        assert_eq!(run.stdout.matches("<error ").count(), errors, "{}", run.stdout);
    }
}
