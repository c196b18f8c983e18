//! Stories of streams against a scripted server.

use std::time::Duration;

use serde_json::{Value, json};

use super::rig::{Rig, page, synced};
use crate::{
    core::facts::{Change, Kind, Source, SourceState},
    watch::{Event, Phase, Stream, scripted::OpenBody},
};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?&limit=50";
const SCHEDULES: &str = "/apis/velero.io/v1/schedules?&limit=500";

fn watch_of(uri: &str, version: &str) -> String {
    let path = uri.split('?').next().unwrap();
    format!("{path}?&watch=true&timeoutSeconds=290&allowWatchBookmarks=true&resourceVersion={version}")
}

fn definition(version: &str) -> Value {
    json!({"metadata": {"name": "schedules.velero.io", "resourceVersion": "11"}, "version": version})
}

fn definition_line(kind: &str, version: &str) -> String {
    format!("{}\n", json!({"type": kind, "object": definition(version)}))
}

fn streams() -> Vec<Stream> {
    vec![Stream::all(Kind::Definition), Stream::all(Kind::VeleroSchedule)]
}

/// Definitions are listed, the engine's are not among them.
async fn absent() -> (Rig, OpenBody) {
    let mut rig = Rig::new(streams());
    rig.request(DEFINITIONS).await.answer(200, &page(&[], "10", None));
    rig.replaced(&[]).await;
    assert_eq!(rig.next().await, Event::State(Source::VeleroSchedules, SourceState::Absent));
    assert_eq!(rig.next().await, synced(Source::Definitions));
    let body = rig.request(&watch_of(DEFINITIONS, "10")).await.open();
    (rig, body)
}

/// The engine is defined, and its schedules are listed.
async fn running() -> (Rig, OpenBody, OpenBody) {
    let (mut rig, definitions) = absent().await;
    definitions.send(&definition_line("ADDED", "v1"));
    assert!(matches!(rig.next().await, Event::Change(Kind::Definition, Change::Apply(_))));
    rig.request(SCHEDULES).await.answer(200, &page(&["daily"], "20", None));
    let schedules = rig.request(&watch_of(SCHEDULES, "20")).await.open();
    assert!(matches!(rig.next().await, Event::Change(Kind::VeleroSchedule, Change::Unreadable(..))));
    rig.replaced(&["daily"]).await;
    assert_eq!(rig.next().await, synced(Source::VeleroSchedules));
    assert_eq!(rig.watches.phase(Kind::VeleroSchedule), Some(Phase::Synced));
    (rig, definitions, schedules)
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_not_there_costs_no_request() {
    let (mut rig, definitions) = absent().await;
    for _ in 0..10 {
        definitions.send("{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"12\"}}}\n");
        assert!(rig.is_quiet_for(Duration::from_secs(20)).await);
    }
    assert_eq!(rig.metrics.of(Kind::VeleroSchedule).lists, 0);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_installed_is_watched_from_then_on() {
    let (rig, _definitions, _schedules) = running().await;
    assert_eq!(rig.metrics.of(Kind::VeleroSchedule).unreadable, 1);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_goes_takes_its_facts_along_and_can_come_back() {
    let (mut rig, definitions, schedules) = running().await;
    definitions.send(&definition_line("DELETED", "v1"));
    assert!(matches!(rig.next().await, Event::Change(Kind::Definition, Change::Delete(_))));
    let Event::Gone { stream } = rig.next().await else { panic!("what is gone is told") };
    assert_eq!(*stream, Stream::all(Kind::VeleroSchedule));
    assert_eq!(rig.next().await, Event::State(Source::VeleroSchedules, SourceState::Absent));
    drop(schedules);
    assert!(rig.is_quiet_for(Duration::from_secs(30)).await);

    definitions.send(&definition_line("ADDED", "v1"));
    assert!(matches!(rig.next().await, Event::Change(Kind::Definition, Change::Apply(_))));
    rig.request(SCHEDULES).await.answer(200, &page(&[], "30", None));
    rig.replaced(&[]).await;
    assert_eq!(rig.next().await, synced(Source::VeleroSchedules));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_goes_and_comes_at_once_is_listed_anew() {
    let (mut rig, definitions, _schedules) = running().await;
    definitions.send(&(definition_line("DELETED", "v1") + &definition_line("ADDED", "v1")));
    assert!(matches!(rig.next().await, Event::Change(Kind::Definition, Change::Delete(_))));
    assert!(matches!(rig.next().await, Event::Gone { .. }));
    assert_eq!(rig.next().await, Event::State(Source::VeleroSchedules, SourceState::Absent));
    assert!(matches!(rig.next().await, Event::Change(Kind::Definition, Change::Apply(_))));
    rig.request(SCHEDULES).await.answer(200, &page(&[], "30", None));
    rig.replaced(&[]).await;
    assert_eq!(rig.next().await, synced(Source::VeleroSchedules));
}

#[tokio::test(start_paused = true)]
async fn what_an_engine_said_before_it_noticed_that_it_is_gone_does_not_count() {
    let (mut rig, definitions, schedules) = running().await;
    definitions.send(&definition_line("DELETED", "v1"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    schedules.send(&definition_line("ADDED", "v1"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(matches!(rig.next().await, Event::Change(Kind::Definition, Change::Delete(_))));
    assert!(matches!(rig.next().await, Event::Gone { .. }));
    assert_eq!(rig.next().await, Event::State(Source::VeleroSchedules, SourceState::Absent));
    assert!(rig.is_quiet_for(Duration::from_secs(30)).await);
}

#[tokio::test(start_paused = true)]
async fn an_engine_in_a_version_that_nobody_knows_is_unknown_not_absent() {
    let (mut rig, definitions, _schedules) = running().await;
    definitions.send(&definition_line("MODIFIED", "v9"));
    assert!(matches!(rig.next().await, Event::Change(Kind::Definition, Change::Apply(_))));
    assert!(matches!(rig.next().await, Event::Gone { .. }));
    assert_eq!(rig.next().await, Event::State(Source::VeleroSchedules, SourceState::Pending));
}

#[tokio::test(start_paused = true)]
async fn without_permission_to_read_definitions_the_kinds_themselves_are_tried() {
    let mut rig = Rig::new(streams());
    rig.request(DEFINITIONS).await.refuse(403, "Forbidden");
    assert_eq!(rig.next().await, Event::State(Source::Definitions, SourceState::Forbidden));
    for requests in 0.. {
        assert!(requests < 20, "nobody asks for schedules");
        let exchange = rig.server.next().await;
        let is_asked = exchange.uri() == SCHEDULES;
        exchange.refuse(if is_asked { 404 } else { 403 }, "scripted");
        if is_asked {
            break;
        }
    }
    assert_eq!(rig.next().await, Event::State(Source::VeleroSchedules, SourceState::Absent));
}
