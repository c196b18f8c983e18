//! promtool's word on the rules, their tests and the metrics.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, ensure};
use e2e::binaries::{self, Tool};
use e2e::world::repository;
use serde_json::Value;
use surety::serve::metrics::{Figures, Metrics};

use super::chart::{RULES, rules_of};
use super::run;

/// promtool with these words, in which paths are the repository's.
async fn promtool(words: &[&str], paths: &[&str], input: &str) -> Result<String> {
    let [program] = binaries::provide([Tool::Promtool]).await?;
    let paths: Vec<String> = paths.iter().map(|path| repository(path).display().to_string()).collect();
    let arguments: Vec<&str> = words.iter().copied().chain(paths.iter().map(String::as_str)).collect();
    let output = run(&program, &arguments, input).await?;
    ensure!(output.code == Some(0), "{}\n{}{}", output.command, output.stdout, output.stderr);
    Ok(output.stdout + &output.stderr)
}

/// The files of promtool's tests.
fn test_files() -> Result<Vec<String>> {
    let entries = fs::read_dir(repository("tests/alerts"))?;
    let names: Vec<_> = entries.map(|entry| Ok(entry?.file_name())).collect::<Result<_>>()?;
    Ok(names.iter().map(|name| format!("tests/alerts/{}", name.display())).collect())
}

#[tokio::test]
async fn prometheus_takes_the_rules() -> Result<()> {
    let said = promtool(&["check", "rules", "--lint=all", "--lint-fatal"], &[RULES], "").await?;
    let count = rules_of(&fs::read_to_string(repository(RULES))?)?.len();
    ensure!(said.contains(&format!("{count} rules found")), "{said}");
    Ok(())
}

#[tokio::test]
async fn every_alert_fires_and_is_silent_as_its_tests_say() -> Result<()> {
    let files = test_files()?;
    let paths: Vec<&str> = files.iter().map(String::as_str).collect();
    let said = promtool(&["test", "rules"], &paths, "").await?;
    ensure!(said.matches("SUCCESS").count() == files.len(), "{said}");
    Ok(())
}

/// Of each alert and severity: how often it is expected to fire, and how often its alert is expected to be silent.
#[test]
fn every_alert_has_tests_that_show_it_firing_and_silent() -> Result<()> {
    let mut firing: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut silent: BTreeMap<String, usize> = BTreeMap::new();
    for file in test_files()? {
        let document: Value = serde_saphyr::from_str(&fs::read_to_string(repository(&file))?)?;
        let tests = document.pointer("/tests").and_then(Value::as_array).context("there are no tests")?;
        let looks = tests.iter().filter_map(|test| test.pointer("/alert_rule_test")?.as_array()).flatten();
        for look in looks {
            let alert = look.pointer("/alertname").and_then(Value::as_str).unwrap_or_default().to_owned();
            let expected =
                look.pointer("/exp_alerts").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            if expected.is_empty() {
                *silent.entry(alert.clone()).or_default() += 1;
            }
            for expected in expected {
                let severity =
                    expected.pointer("/exp_labels/severity").and_then(Value::as_str).unwrap_or_default();
                *firing.entry((alert.clone(), severity.to_owned())).or_default() += 1;
            }
        }
    }
    for rule in rules_of(&fs::read_to_string(repository(RULES))?)? {
        let text =
            |pointer: &str| rule.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (alert, severity) = (text("/alert"), text("/labels/severity"));
        ensure!(silent.contains_key(&alert), "no test shows {alert} silent");
        ensure!(
            firing.contains_key(&(alert.clone(), severity.clone())),
            "no test shows {alert} firing as {severity}"
        );
    }
    Ok(())
}

/// promtool reads the older text format, in which a counter is named with its suffix everywhere.
fn older_format(text: &str) -> String {
    let counters: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let rename = |line: &str| {
        let mut words = line.splitn(4, ' ');
        let (Some("#"), Some(word), Some(name)) = (words.next(), words.next(), words.next()) else {
            return line.to_owned();
        };
        let suffix = if counters.contains(&name) { "_total" } else { "" };
        format!("# {word} {name}{suffix} {}", words.next().unwrap_or_default())
    };
    let lines = text.lines().filter(|line| *line != "# EOF").map(rename);
    lines.fold(String::new(), |all, line| all + &line + "\n")
}

#[tokio::test]
async fn the_metrics_keep_the_customs_of_prometheus() -> Result<()> {
    let metrics = Metrics::new("0.1.0", "abc");
    let profiles = [("cloud".to_owned(), surety::serve::metrics::ProfileFigures::default())].into();
    metrics.tenants.set("acme", Figures { profiles, ..Figures::default() });
    let text = older_format(&metrics.to_text()?);
    ensure!(text.contains("# TYPE surety_writes_total counter"), "{text}");
    promtool(&["check", "metrics"], &[], &text).await.map(drop)
}
