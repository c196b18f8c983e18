#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{
    admission::tls::Published,
    core::{
        facts::{Enforcing, Kind, SourceState},
        verdict::State,
    },
    write::Leadership,
};

fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn figures() -> Figures {
    let profile = ProfileFigures {
        score: Some(0.75),
        coverage: Some(1.0),
        commitments: [(State::Pass, 3), (State::Fail, 1)].into(),
    };
    Figures {
        profiles: [("cloud".to_owned(), profile)].into(),
        policies: [(State::Fail, 2)].into(),
        last_evaluation: Some(moment(1_800_000_000)),
        evaluation_interval: Some(SignedDuration::from_mins(10)),
        backups: [(
            "daily".to_owned(),
            AgeLimit {
                last_success: Some(moment(1_799_990_000)),
                max_age: Some(SignedDuration::from_hours(24)),
            },
        )]
        .into(),
        waivers: [(WaiverState::Used, 1)].into(),
        waiver_expiries: [("w-1".to_owned(), moment(1_801_000_000))].into(),
    }
}

/// Everything known once.
fn filled() -> Metrics {
    let metrics = Metrics::new("0.1.0", "abc");
    metrics.tenants.set("acme", figures());
    metrics.certificate.set(Published {
        ca_bundle: None,
        leaf_expiry: moment(1_800_500_000),
        authority_expiry: Some(moment(1_830_000_000)),
    });
    metrics.enforcement.set(vec![
        ("conform", Enforcing::Enforcing, Some(moment(1_800_000_002))),
        ("protect-tenant", Enforcing::NotKnown, None),
    ]);
    metrics.reconcile.ended(Kind::Tenant, Outcome::Changed, Duration::from_millis(3));
    metrics.watch.read_from(
        |kind| KindFigures {
            events: u64::from(kind == Kind::Pod),
            last_heard: Some(moment(1_800_000_001)),
            ..KindFigures::default()
        },
        || SourceCounts::of(|_| SourceState::Synced),
    );
    metrics
}

/// Name and labels of every series, without values of labels that a user chooses.
fn names_and_labels(text: &str) -> String {
    let mut lines = BTreeSet::new();
    for line in text.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            lines.insert(format!("{kind}\n"));
        } else if !line.starts_with('#') {
            let (series, _value) = line.rsplit_once(' ').unwrap();
            let series = series.split_once(",le=").map_or(series, |(before, _)| before);
            let names: Vec<_> =
                series.split(['{', ',']).map(|part| part.split('=').next().unwrap()).collect();
            let (name, labels) = names.split_first().unwrap();
            lines.insert(format!("{}\n", format!("  {name} {}", labels.join(" ")).trim_end()));
        }
    }
    lines.into_iter().collect()
}

#[test]
fn names_types_and_labels_are_those_that_rules_and_dashboards_rely_on() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/metrics.txt");
    let found = names_and_labels(&filled().to_text().unwrap());
    if std::env::var_os("SURETY_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert_eq!(found, expected, "if that is meant, run with SURETY_UPDATE_GOLDEN=1 and commit");
}

#[test]
fn values_come_out_as_they_went_in() {
    let text = filled().to_text().unwrap();
    for line in [
        "surety_compliance_score_ratio{tenant=\"acme\",profile=\"cloud\"} 0.75",
        "surety_compliance_coverage_ratio{tenant=\"acme\",profile=\"cloud\"} 1.0",
        "surety_commitments{tenant=\"acme\",profile=\"cloud\",state=\"Pass\"} 3",
        "surety_commitments{tenant=\"acme\",profile=\"cloud\",state=\"Stale\"} 0",
        "surety_policies{tenant=\"acme\",state=\"Fail\"} 2",
        "surety_policies{tenant=\"acme\",state=\"Pass\"} 0",
        "surety_last_evaluation_timestamp_seconds{tenant=\"acme\"} 1800000000",
        "surety_evaluation_interval_seconds{tenant=\"acme\"} 600.0",
        "surety_backup_last_success_timestamp_seconds{tenant=\"acme\",policy=\"daily\"} 1799990000",
        "surety_backup_max_age_seconds{tenant=\"acme\",policy=\"daily\"} 86400.0",
        "surety_waivers{tenant=\"acme\",state=\"Used\"} 1",
        "surety_waivers{tenant=\"acme\",state=\"Expired\"} 0",
        "surety_waiver_expiry_timestamp_seconds{tenant=\"acme\",waiver=\"w-1\"} 1801000000",
        "surety_webhook_certificate_expiry_timestamp_seconds 1800500000",
        "surety_webhook_authority_expiry_timestamp_seconds 1830000000",
        "surety_enforcement{entry=\"conform\",state=\"enforcing\"} 1",
        "surety_enforcement{entry=\"conform\",state=\"open\"} 0",
        "surety_enforcement{entry=\"protect-tenant\",state=\"not_known\"} 1",
        "surety_enforcement_last_proof_timestamp_seconds{entry=\"conform\"} 1800000002",
        "surety_reconcile_total{kind=\"Tenant\",outcome=\"changed\"} 1",
        "surety_reconcile_total{kind=\"Tenant\",outcome=\"error\"} 0",
        "surety_watch_events_total{kind=\"Pod\"} 1",
        "surety_watch_events_total{kind=\"Service\"} 0",
        "surety_sources{state=\"Stale\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
    }
}

#[test]
fn at_start_counters_are_there_and_moments_and_ratios_are_not() {
    let text = Metrics::new("0.1.0", "abc").to_text().unwrap();
    let series: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    for absent in ["timestamp", "_ratio", "tenant="] {
        assert!(!series.iter().any(|line| line.contains(absent)), "{absent}");
    }
    for line in [
        "surety_admission_requests_total{webhook=\"protect-cluster\",operation=\"DELETE\",decision=\"deny\"} 0",
        "surety_admission_shed_total{webhook=\"system\",cause=\"deadline\"} 0",
        "surety_connections_refused_total{listener=\"webhook\"} 0",
        "surety_watch_failures_total{kind=\"Namespace\"} 0",
        "surety_reconcile_total{kind=\"Profile\",outcome=\"error\"} 0",
        "surety_leader 0",
    ] {
        assert!(series.contains(&line), "{line} is not in:\n{text}");
    }
}

#[test]
fn a_replica_says_whether_it_leads_now() {
    let metrics = Metrics::new("0.1.0", "abc");
    let (leadership, follower) = tokio::sync::watch::channel(Leadership::Following);
    metrics.leader.read_from(follower);
    for (now, line) in [
        (Leadership::Following, "surety_leader 0"),
        (Leadership::Leading, "surety_leader 1"),
        (Leadership::Following, "surety_leader 0"),
    ] {
        leadership.send_replace(now);
        let text = metrics.to_text().unwrap();
        assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
    }
}

#[test]
fn an_unknown_figure_has_no_series() {
    let metrics = Metrics::new("0.1.0", "abc");
    let mut unknown = figures();
    unknown.profiles.insert("cloud".to_owned(), ProfileFigures::default());
    unknown.backups.insert("daily".to_owned(), AgeLimit::default());
    metrics.tenants.set("acme", unknown);
    let text = metrics.to_text().unwrap();
    for name in ["surety_compliance_score_ratio{", "surety_backup_last_success_timestamp_seconds{"] {
        assert!(!text.contains(name), "{name}");
    }
    assert!(text.contains("surety_commitments{tenant=\"acme\",profile=\"cloud\",state=\"Fail\"} 0"));
}

#[test]
fn the_series_of_a_tenant_and_of_its_parts_go_with_them() {
    let metrics = filled();
    metrics.tenants.set("other", figures());
    metrics.tenants.set(
        "acme",
        Figures { profiles: [("new".to_owned(), ProfileFigures::default())].into(), ..Figures::default() },
    );
    let text = metrics.to_text().unwrap();
    assert!(
        !text.contains("tenant=\"acme\",profile=\"cloud\"")
            && text.contains("tenant=\"acme\",profile=\"new\"")
    );
    metrics.tenants.remove("acme");
    let text = metrics.to_text().unwrap();
    assert!(!text.contains("acme") && text.contains("tenant=\"other\",profile=\"cloud\""));
}

#[test]
fn names_that_users_choose_are_escaped() {
    let metrics = Metrics::new("0.1.0", "abc");
    metrics.tenants.set("a\"b\\c\nd", figures());
    assert!(metrics.to_text().unwrap().contains(r#"tenant="a\"b\\c\nd""#));
}
