//! What the chart makes of rules and dashboards.

use std::fs;

use anyhow::{Context, Result, ensure};
use e2e::binaries::{self, Tool};
use e2e::cli::Output;
use e2e::world::repository;
use serde_json::Value;

use super::run;

/// Rules for a Prometheus without operator: what the chart renders with its own values.
pub const RULES: &str = "config/alerts/surety.yaml";
const HEADER: &str = "# Generated from charts/surety/files/alerts/surety.yaml with the values of the chart; do not edit by hand.\n";

/// `helm template` of one template, with further settings.
async fn template(file: &str, settings: &[&str]) -> Result<Output> {
    let [helm] = binaries::provide([Tool::Helm]).await?;
    let (chart, file) = (repository("charts/surety"), format!("templates/{file}"));
    let chart = chart.to_str().context("the chart's path is not UTF-8")?;
    let mut arguments = vec!["template", "surety", chart, "--show-only", &file];
    // A cluster as the chart asks for, and a namespace of Surety's own.
    arguments.extend(["--kube-version", "v1.37.0", "--namespace", "surety-system"]);
    arguments.extend(["--set", "prometheusRule.enabled=true", "--set", "dashboards.enabled=true"]);
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    run(&helm, &arguments, "").await
}

/// The groups of rules, as a rules file, that the chart makes of these settings.
pub async fn rules(settings: &[&str]) -> Result<String> {
    let rendered = template("prometheusrule.yaml", settings).await?.success()?;
    let (_, spec) = rendered.split_once("\nspec:\n").context("there is no spec")?;
    let lines = spec.lines().map(|line| line.strip_prefix("  ").unwrap_or(line));
    Ok(lines.fold(String::new(), |text, line| text + line + "\n"))
}

/// Every rule of a rules file.
pub fn rules_of(text: &str) -> Result<Vec<Value>> {
    let file: Value = serde_saphyr::from_str(text)?;
    let groups = file.pointer("/groups").and_then(Value::as_array).context("there are no groups")?;
    let rules = groups.iter().filter_map(|group| group.pointer("/rules")?.as_array());
    Ok(rules.flatten().cloned().collect())
}

#[tokio::test]
async fn the_rules_for_a_prometheus_without_operator_are_those_of_the_chart() -> Result<()> {
    let rendered = format!("{HEADER}{}", rules(&[]).await?);
    let path = repository(RULES);
    if std::env::var_os("SURETY_UPDATE_GOLDEN").is_some() {
        fs::write(&path, &rendered)?;
    }
    ensure!(
        fs::read_to_string(&path)? == rendered,
        "{RULES} is old: run this test with SURETY_UPDATE_GOLDEN=1"
    );
    Ok(())
}

#[tokio::test]
async fn values_choose_switch_off_and_change_rules() -> Result<()> {
    let changed = rules(&[
        "prometheusRule.parameters.selector=job=\"other\"\\,cluster=~\"a|b\"",
        "prometheusRule.parameters.waiverExpiryDays=30",
        "prometheusRule.alertLabels.team=platform",
        "prometheusRule.runbookUrl.prefix=https://runbooks.test/",
        "prometheusRule.overrides.SuretyDown.enabled=false",
        "prometheusRule.overrides.SuretyWaiverExpiringSoon.for=5m",
        "prometheusRule.overrides.SuretyWaiverExpiringSoon.labels.severity=warning",
    ])
    .await?;
    ensure!(
        !changed.contains("job=\"surety\"")
            && changed.contains("{job=\"other\",cluster=~\"a|b\",state=\"Fail\"}"),
        "{changed}"
    );
    let all = rules_of(&changed)?;
    let named = |name: &str| all.iter().find(|rule| rule.get("alert").is_some_and(|alert| alert == name));
    ensure!(named("SuretyDown").is_none(), "it is switched off");
    let waiver = named("SuretyWaiverExpiringSoon").context("the rule of waivers")?;
    let text = |pointer: &str| waiver.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    ensure!(text("/expr").contains("< 30 * 86400"), "{waiver}");
    ensure!(text("/for") == "5m" && text("/labels/severity") == "warning", "{waiver}");
    ensure!(text("/labels/team") == "platform", "{waiver}");
    ensure!(
        text("/annotations/runbook_url") == "https://runbooks.test/suretywaiverexpiringsoon.md",
        "{waiver}"
    );
    Ok(())
}

#[tokio::test]
async fn values_that_name_nothing_are_refused() -> Result<()> {
    for (setting, wanted) in [
        ("prometheusRule.overrides.SuretyDwon.enabled=false", "SuretyDwon"),
        ("prometheusRule.overrides.SuretyDown.enabled=perhaps", "SuretyDown"),
        ("prometheusRule.parameters.selector=", "selector"),
        ("prometheusRule.parameters.thresholds=1", "thresholds"),
        ("prometheusRule.parameters.waiverExpiryDays=null", "${waiverExpiryDays}"),
    ] {
        let output = template("prometheusrule.yaml", &[setting]).await?;
        ensure!(output.code != Some(0) && output.stderr.contains(wanted), "{setting}: {output:?}");
    }
    Ok(())
}

#[tokio::test]
async fn every_dashboard_is_in_a_config_map_that_the_sidecar_finds() -> Result<()> {
    let rendered =
        template("dashboards.yaml", &["dashboards.annotations.grafana_folder=Surety"]).await?.success()?;
    let maps: Vec<Value> = serde_saphyr::from_multiple(&rendered)?;
    let mut found = Vec::new();
    for map in &maps {
        ensure!(map.pointer("/metadata/labels/grafana_dashboard").is_some_and(|label| label == "1"), "{map}");
        ensure!(
            map.pointer("/metadata/annotations/grafana_folder").is_some_and(|folder| folder == "Surety"),
            "{map}"
        );
        let data = map.pointer("/data").and_then(Value::as_object).context("no data")?;
        for (name, text) in data {
            let shipped = fs::read_to_string(repository("charts/surety/files/dashboards").join(name))?;
            let same = serde_json::from_str::<Value>(text.as_str().unwrap_or_default())?;
            ensure!(same == serde_json::from_str::<Value>(&shipped)?, "{name} is not what is shipped");
            found.push(name.clone());
        }
    }
    ensure!(found.len() == fs::read_dir(repository("charts/surety/files/dashboards"))?.count(), "{found:?}");
    Ok(())
}
