//! Stories of streams against a scripted server.

use std::{sync::Arc, time::Duration};

use hyper::body::Bytes;
use jiff::Timestamp;

use super::rig::{LIST, Rig, applied, deleted, line, page, synced, watch_uri};
use crate::{
    core::facts::{Kind, Source, SourceState},
    watch::{Event, Stream, WatchError, scripted::Server},
};

const AGAIN: &str = "/api/v1/namespaces?&limit=500&continue=more";

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_page_by_page_and_says_what_is_missing_at_its_end() {
    let mut rig = Rig::new(vec![Stream::all(Kind::Namespace)]);
    rig.request(LIST).await.answer(200, &page(&["a", "b"], "10", Some("more")));
    rig.request(AGAIN).await.answer(200, &page(&["c"], "10", None));
    for name in ["a", "b", "c"] {
        assert_eq!(rig.next().await, applied(name));
    }
    rig.replaced(&["a", "b", "c"]).await;
    assert_eq!(rig.next().await, synced(Source::Namespaces));
    rig.request(&watch_uri("10", 290)).await;
    assert_eq!(rig.metrics.of(Kind::Namespace).lists, 1);
}

#[tokio::test(start_paused = true)]
async fn events_come_in_order_and_a_cut_watch_goes_on_where_it_was() {
    let (mut rig, body) = Rig::listed(&["a"]).await;
    body.send(&(line("ADDED", "b", "11") + &line("MODIFIED", "b", "12")));
    body.send(&line("DELETED", "a", "13"));
    assert_eq!(rig.next().await, applied("b"));
    assert_eq!(rig.next().await, applied("b"));
    assert_eq!(rig.next().await, deleted("a"));
    body.break_off();
    rig.request(&watch_uri("13", 290)).await;
    let metrics = rig.metrics.of(Kind::Namespace);
    assert_eq!((metrics.lists, metrics.watches, metrics.events, metrics.failures), (1, 2, 3, 1));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_was_cut_in_half_comes_again_whole() {
    let (mut rig, body) = Rig::listed(&[]).await;
    let whole = line("ADDED", "b", "12");
    body.send(&(line("ADDED", "a", "11") + &whole[..20]));
    assert_eq!(rig.next().await, applied("a"));
    drop(body);
    let body = rig.request(&watch_uri("11", 290)).await.open();
    body.send(&whole[..20]);
    body.send(&whole[20..]);
    assert_eq!(rig.next().await, applied("b"));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_twice_is_told_twice() {
    let (mut rig, body) = Rig::listed(&[]).await;
    body.send(&line("ADDED", "a", "11").repeat(2));
    assert_eq!(rig.next().await, applied("a"));
    assert_eq!(rig.next().await, applied("a"));
    assert!(rig.is_quiet_for(Duration::from_mins(1)).await);
}

#[tokio::test(start_paused = true)]
async fn bookmarks_alone_keep_a_kind_synced() {
    let (mut rig, mut body) = Rig::listed(&["a"]).await;
    for watch in 0..4_u64 {
        for minute in 1..=4_u64 {
            assert!(rig.is_quiet_for(Duration::from_mins(1)).await);
            body.send(&line("BOOKMARK", "", &format!("{}", 100 * watch + minute)));
        }
        drop(body);
        body = rig.request(&watch_uri(&format!("{}", 100 * watch + 4), 290)).await.open();
    }
    let metrics = rig.metrics.of(Kind::Namespace);
    assert_eq!((metrics.lists, metrics.watches, metrics.failures, metrics.events), (1, 5, 0, 0));
    assert_eq!(metrics.last_heard, Some(second(16 * 60)));
}

#[tokio::test(start_paused = true)]
async fn a_silent_watch_is_listed_anew_before_it_is_stale() {
    let (mut rig, _silent) = Rig::listed(&["a", "b"]).await;
    let list = rig.request(LIST).await;
    assert_eq!(rig.seconds(), 90);
    list.answer(200, &page(&["b"], "20", None));
    assert_eq!(rig.next().await, applied("b"));
    rig.replaced(&["b"]).await;
    rig.request(&watch_uri("20", 290)).await;
    assert!(rig.pending_is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_cannot_be_heard_is_stale_after_two_minutes_and_until_it_is_heard() {
    let (mut rig, _silent) = Rig::listed(&["a"]).await;
    let unanswered = rig.request(LIST).await;
    assert_eq!(rig.next().await, Event::State(Source::Namespaces, SourceState::Stale(second(0))));
    assert_eq!(rig.seconds(), 120);
    drop(unanswered);
    rig.request(LIST).await.answer(200, &page(&["a"], "30", None));
    assert_eq!(rig.next().await, applied("a"));
    rig.replaced(&["a"]).await;
    assert_eq!(rig.next().await, synced(Source::Namespaces));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_not_answered_is_tried_again_after_thirty_seconds() {
    let mut rig = Rig::new(vec![Stream::all(Kind::Namespace)]);
    let _unanswered = rig.request(LIST).await;
    let _again = rig.request(LIST).await;
    assert_eq!(rig.seconds(), 30);
    assert!(rig.is_quiet_for(Duration::from_secs(20)).await, "what was never listed is pending, not stale");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_resumes_after_a_pause_is_short() {
    let (mut rig, body) = Rig::listed(&[]).await;
    assert!(rig.is_quiet_for(Duration::from_secs(40)).await);
    body.break_off();
    let body = rig.request(&watch_uri("10", 20)).await.open();
    body.send(&line("BOOKMARK", "", "15"));
    assert!(rig.is_quiet_for(Duration::from_secs(2)).await);
    drop(body);
    rig.request(&watch_uri("15", 290)).await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_cut_at_once_is_not_opened_again_at_once() {
    let (mut rig, body) = Rig::listed(&[]).await;
    drop(body);
    for _ in 0..3 {
        drop(rig.request(&watch_uri("10", 290)).await.open());
    }
    assert!((2..=5).contains(&rig.seconds()), "{} s", rig.seconds());
    assert_eq!(rig.metrics.of(Kind::Namespace).failures, 3);
}

#[tokio::test(start_paused = true)]
async fn a_position_from_which_nothing_can_be_watched_is_given_up() {
    let (mut rig, body) = Rig::listed(&["a"]).await;
    body.break_off();
    for requests in 0.. {
        assert!(requests < 20, "after an etcd that was set back, the position never comes");
        let exchange = rig.server.next().await;
        if exchange.uri() == LIST {
            break;
        }
        exchange.refuse(504, "Timeout");
    }
    assert_eq!(rig.seconds(), 90);
}

#[tokio::test(start_paused = true)]
async fn a_lost_position_is_listed_anew() {
    for in_a_line in [false, true] {
        let (mut rig, body) = Rig::listed(&["a"]).await;
        if in_a_line {
            body.send("{\"type\":\"ERROR\",\"object\":{\"code\":410,\"reason\":\"Expired\"}}\n");
        } else {
            body.break_off();
            rig.request(&watch_uri("10", 290)).await.refuse(410, "Expired");
        }
        rig.request(LIST).await.answer(200, &page(&["b"], "40", None));
        assert_eq!(rig.next().await, applied("b"));
        rig.replaced(&["b"]).await;
        rig.request(&watch_uri("40", 290)).await;
        assert_eq!(rig.metrics.of(Kind::Namespace).lists, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_expires_between_pages_starts_again_and_forgets_what_it_saw() {
    let mut rig = Rig::new(vec![Stream::all(Kind::Namespace)]);
    rig.request(LIST).await.answer(200, &page(&["a"], "10", Some("more")));
    rig.request(AGAIN).await.refuse(410, "Expired");
    rig.request(LIST).await.answer(200, &page(&["b"], "20", None));
    assert_eq!(rig.next().await, applied("a"));
    assert_eq!(rig.next().await, applied("b"));
    rig.replaced(&["b"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_what_was_never_listed_is_told_at_once_and_tried_again_ever_more_slowly() {
    let mut rig = Rig::new(vec![Stream::all(Kind::Namespace)]);
    for _ in 0..8 {
        rig.request(LIST).await.refuse(403, "Forbidden");
    }
    assert_eq!(rig.next().await, Event::State(Source::Namespaces, SourceState::Forbidden));
    assert!((40..=81).contains(&rig.seconds()), "{} s", rig.seconds());
    rig.request(LIST).await.answer(200, &page(&["a"], "10", None));
    assert_eq!(rig.next().await, applied("a"));
    rig.replaced(&["a"]).await;
    assert_eq!(rig.next().await, synced(Source::Namespaces));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_when_it_has_just_started_changes_nothing() {
    let (mut rig, body) = Rig::listed(&["a"]).await;
    body.break_off();
    // How long each is asked to last follows from how long the waits between failures were, which are random.
    let watches = [watch_uri("10", 290), watch_uri("10", 20)];
    for _ in 0..4 {
        let exchange = rig.server.next().await;
        assert!(watches.contains(&exchange.uri()), "{}", exchange.uri());
        exchange.refuse(403, "Forbidden");
    }
    let exchange = rig.server.next().await;
    assert!(watches.contains(&exchange.uri()), "{}", exchange.uri());
    exchange.open().send(&line("BOOKMARK", "", "11"));
    assert!(rig.is_quiet_for(Duration::from_mins(1)).await);
    assert_eq!(rig.metrics.of(Kind::Namespace).lists, 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_lasts_makes_a_kind_stale_and_then_forbidden() {
    let (mut rig, body) = Rig::listed(&["a"]).await;
    body.break_off();
    let refusals = async |server: &mut Server| loop {
        server.next().await.refuse(403, "Forbidden");
    };
    let Rig { server, watches, .. } = &mut rig;
    let states = async {
        let mut states = Vec::new();
        while states.len() < 2 {
            states.extend(watches.next().await.unwrap().unwrap());
        }
        states
    };
    let states = tokio::select! { states = states => states, () = refusals(server) => unreachable!() };
    let told = |state| Event::State(Source::Namespaces, state);
    assert_eq!(states, [told(SourceState::Stale(second(0))), told(SourceState::Forbidden)]);
    assert!((120..=151).contains(&rig.seconds()), "{} s", rig.seconds());
    rig.request(LIST).await.answer(200, &page(&["a"], "20", None));
    assert_eq!(rig.next().await, applied("a"));
    rig.replaced(&["a"]).await;
    assert_eq!(rig.next().await, synced(Source::Namespaces));
}

#[tokio::test(start_paused = true)]
async fn a_required_kind_that_the_server_does_not_know_is_never_called_absent() {
    let mut rig = Rig::new(vec![Stream::all(Kind::Tenant)]);
    for _ in 0..3 {
        rig.request("/apis/surety.dev/v1alpha1/tenants?&limit=500").await.refuse(404, "NotFound");
    }
    assert!(rig.is_quiet_for(Duration::from_secs(20)).await);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_cannot_be_read_loses_nothing() {
    let (mut rig, body) = Rig::listed(&[]).await;
    body.send(&(line("ADDED", "a", "11") + "{\"type\":\n" + &line("ADDED", "never reached", "12")));
    assert_eq!(rig.next().await, applied("a"));
    rig.request(LIST).await.answer(200, &page(&["a", "b"], "20", None));
    assert_eq!(rig.next().await, applied("a"));
    assert_eq!(rig.next().await, applied("b"));
    rig.replaced(&["a", "b"]).await;
    assert_eq!(rig.metrics.of(Kind::Namespace).failures, 1);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_too_large_is_asked_for_in_halves() {
    let mut rig = Rig::new(vec![Stream::all(Kind::Namespace)]);
    rig.request(LIST).await.answer_bytes(200, Bytes::from(vec![b' '; 64 * 1024 * 1024 + 1]));
    rig.request("/api/v1/namespaces?&limit=250").await;
}

#[tokio::test(start_paused = true)]
async fn a_list_without_a_version_is_no_list() {
    let mut rig = Rig::new(vec![Stream::all(Kind::Namespace)]);
    rig.request(LIST).await.answer(200, &page(&["a"], "", None));
    rig.request(LIST).await;
    assert!(rig.is_quiet_for(Duration::from_secs(10)).await);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_dies_is_an_error_that_names_it() {
    let (mut rig, body) = Rig::listed(&[]).await;
    body.send(&line("PANIC", "", ""));
    let error = rig.watches.next().await.unwrap_err();
    assert!(matches!(&error, WatchError::Died { stream, .. } if stream == "namespaces"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_watches_end_when_they_are_told_to() {
    let (mut rig, _body) = Rig::listed(&[]).await;
    rig.shutdown.cancel();
    assert_eq!(rig.watches.next().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_slows_the_stream_and_loses_nothing() {
    let (mut rig, body) = Rig::listed(&[]).await;
    for number in 0..1000 {
        body.send(&line("ADDED", &format!("n{number}"), &format!("{}", 11 + number)));
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    for number in 0..1000 {
        assert_eq!(rig.next().await, applied(&format!("n{number}")));
    }
}

#[tokio::test(start_paused = true)]
async fn streams_that_cannot_be_watched_together_are_refused() {
    let cases = [
        (
            vec![Stream::all(Kind::Pod), Stream::within(Kind::Pod, "a")],
            "the streams of pods and pods in namespace a cover the same objects; give each its own namespace, or keep one",
        ),
        (vec![Stream::all(Kind::Restore)], "Restore is only seen at admission; remove its stream"),
    ];
    for (streams, expected) in cases {
        let (client, _server) = crate::watch::scripted::pair();
        let setup = crate::watch::Setup {
            client,
            decoder: Arc::new(super::rig::Json),
            streams,
            timing: crate::watch::Timing::default(),
            clock: super::rig::clock(),
            metrics: Arc::default(),
            shutdown: tokio_util::sync::CancellationToken::new(),
        };
        let error = crate::watch::Watches::start(setup).err().unwrap();
        assert_eq!(error.to_string(), expected);
    }
}
