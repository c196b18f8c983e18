//! What `surety effective` prints: every figure with its source.

use serde_json::Value;

use super::{assert_golden, surety};

const POLICIES: &str = "tests/data/effective";

fn figure<'r>(report: &'r Value, control: &str, name: &str) -> Vec<(&'r str, Vec<&'r str>)> {
    let rows = report["figures"].as_array().unwrap().iter();
    let named = rows.filter(|row| row["control"] == control && row["figure"] == name);
    let sources =
        |row: &'r Value| row["sources"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    named.map(|row| (row["value"].as_str().unwrap(), sources(row))).collect()
}

#[test]
fn every_figure_is_told_with_its_source() {
    let run = surety(&format!("effective acme {POLICIES}"));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    assert_golden("effective.txt", &run.stdout);
    let json = surety(&format!("effective acme {POLICIES} -o json"));
    assert_golden("effective.json", &json.stdout);
    let report = json.json();
    for (control, name, value, source) in [
        ("backup.recovery-point-age", "maxAge", "12h", "BackupPolicy hourly"),
        ("backup.recovery-point-age", "every", "1d", "ours/BCK-1"),
        ("backup.retention", "atLeast", "30d", "BackupPolicy nightly"),
        ("encryption.storage", "cipher", "AES-256", "EncryptionPolicy volumes"),
        ("isolation.pod-security", "level", "Restricted", "IsolationPolicy strict"),
        ("isolation.network-default-deny", "directions", "[Egress, Ingress]", "IsolationPolicy fence"),
        ("isolation.host-access", "environments", "[prod]", "ours/HOST-1"),
    ] {
        let found = figure(&report, control, name);
        assert!(found.contains(&(value, vec![source])), "{control} {name}: {found:?}");
    }
    assert_eq!(report["enforcement"], "Warn");
    let rows = report["figures"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["enforcement"] != "Deny"), "the tenant caps at Warn");
}

#[test]
fn a_default_is_told_as_such_and_what_reaches_nobody_asks_nothing() {
    let report = surety(&format!("effective acme {POLICIES} -o json")).json();
    assert_eq!(
        figure(&report, "encryption.plaintext-credential", "detectors")[0].1,
        ["EncryptionPolicy volumes"]
    );
    assert!(figure(&report, "isolation.pod-security", "level").contains(&("Baseline", vec!["default"])));
    let other = surety(&format!("effective beta {POLICIES}"));
    assert_eq!(other.code, 0);
    assert!(other.stdout.contains("Nothing is asked of it"), "{}", other.stdout);
}

#[test]
fn policies_that_contradict_each_other_end_with_1() {
    let text = |name: &str, bound: &str| {
        format!(
            "apiVersion: surety.dev/v1alpha1\nkind: BackupPolicy\nmetadata: {{name: {name}}}\nspec:\n  \
             tenantSelector: {{}}\n  engine: {{name: Velero}}\n  retention: {{{bound}}}\n---\n"
        )
    };
    let input = [text("long", "atLeast: 90d"), text("short", "atMost: 30d")].concat();
    let run = super::surety_with_input(&format!("effective beta {POLICIES}/tenants.yaml -"), &input);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("CONFLICT recovery points are to be kept at least 90d"), "{}", run.stdout);
}
