//! Schedules.

use serde_json::json;

use super::{decode, fact, sample};
use crate::core::facts::{Kind, Labels, Name, NamespacePattern};

#[test]
fn a_schedule_of_a_running_velero_is_read_whole() {
    let schedule = fact!(Schedule, sample("schedule-enabled.yaml"));
    assert_eq!((&*schedule.name, &*schedule.cron), ("tenant-a-daily", "* * * * *"));
    assert!(!schedule.is_paused);
    assert_eq!((schedule.invalid, schedule.location.as_deref()), (None, Some("default")));
    assert_eq!(schedule.selection.included, [NamespacePattern::Literal(Name::from("tenant-a"))]);
    assert_eq!(schedule.time_to_live.unwrap().as_hours(), 168);
}

#[test]
fn a_paused_schedule_is_paused_by_its_spec_whatever_its_status() {
    let never_seen = fact!(Schedule, sample("schedule-paused.yaml"));
    assert!(never_seen.is_paused);
    let once_enabled = json!({"spec": {"paused": true}, "status": {"phase": "Enabled", "lastBackup": "2026-01-02T02:17:03Z"}});
    assert!(fact!(Schedule, decode(Kind::VeleroSchedule, once_enabled)).is_paused);
}

#[test]
fn a_schedule_that_velero_refuses_says_why() {
    let schedule = fact!(Schedule, sample("schedule-failedvalidation.yaml"));
    assert!(schedule.invalid.unwrap().starts_with("invalid schedule: end of range (61)"));
    let silent = json!({"spec": {}, "status": {"phase": "FailedValidation"}});
    assert_eq!(
        fact!(Schedule, decode(Kind::VeleroSchedule, silent)).invalid.as_deref(),
        Some("validation failed")
    );
}

#[test]
fn an_invented_phase_makes_the_schedule_unreadable() {
    for (phase, is_readable) in [("", true), ("New", true), ("Enabled", true), ("Hibernating", false)] {
        let json = json!({"metadata": {"name": "x", "namespace": "velero"}, "status": {"phase": phase}});
        let result = crate::decode::object(Kind::VeleroSchedule, json.to_string().as_bytes());
        assert_eq!(result.is_ok(), is_readable, "{phase}");
    }
}

#[test]
fn runs_carry_the_templates_labels_or_else_the_schedules() {
    let own = json!({"metadata": {"labels": {"a": "1"}}, "spec": {"template": {}}});
    assert_eq!(fact!(Schedule, decode(Kind::VeleroSchedule, own)).run_labels, Labels::from([("a", "1")]));
    let template = json!({"metadata": {"labels": {"a": "1"}}, "spec": {"template": {"metadata": {"labels": {"b": "2"}}}}});
    let schedule = fact!(Schedule, decode(Kind::VeleroSchedule, template));
    assert_eq!(schedule.run_labels, Labels::from([("b", "2")]));
    assert_eq!(schedule.labels, Labels::from([("a", "1")]));
}
