//! Path "watch": the same objects as lines of watches and pages of lists, in any order, with what they were before, with
//! repetitions, gaps and lists anew, through the controller's book, which was opened at some point of it all.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use surety::{
    core::{
        controls,
        facts::{Change, Kind, ObjectKey, Source, SourceState},
        world::World,
    },
    decode::{self, WatchLine},
    reconcile::book::Book,
};

use super::{
    random::Random,
    scenario::{Disagreement, Object, Scenario},
};

/// How long before the present the first line may come, in seconds.
const SPANS: [usize; 5] = [1, 400, 90_000, 3_000_000, 40_000_000];

enum Step {
    Line(Kind, Vec<u8>),
    Lists(Kind, Vec<Vec<u8>>),
    Source(Source, SourceState),
    Enforcing,
    Proofs,
    Open,
}

/// The book after everything has come.
pub(super) fn book_of(scenario: &Scenario) -> Result<Book, Disagreement> {
    let mut book = Book::new(World::new(controls::all()));
    for (at, step) in timeline(scenario) {
        pass_time(&mut book, at)?;
        take(&mut book, scenario, step, at)?;
    }
    pass_time(&mut book, scenario.now)?;
    Ok(book)
}

/// Ticks at every moment until then, as the controller does.
fn pass_time(book: &mut Book, until: Timestamp) -> Result<(), Disagreement> {
    while let Some(moment) = book.next_moment().filter(|moment| book.is_open() && *moment <= until) {
        book.tick(moment);
        if book.next_moment().is_some_and(|next| next <= moment) {
            return Err(Disagreement::new("moment that does not pass", format!("{moment}")));
        }
    }
    Ok(())
}

fn take(book: &mut Book, scenario: &Scenario, step: Step, at: Timestamp) -> Result<(), Disagreement> {
    match step {
        Step::Open => book.open(at),
        Step::Enforcing => book.set_enforcing_since(scenario.enforcing_since, at),
        Step::Proofs => book.set_proofs(Arc::clone(&scenario.proofs), at),
        Step::Source(source, state) => book.set_source(source, state, at),
        Step::Line(kind, line) => match decode::watch_line(kind, &line) {
            Ok(WatchLine::Added { change, .. } | WatchLine::Modified { change, .. }) => {
                book.apply(change, at);
            }
            Ok(WatchLine::Deleted { key, .. }) => book.apply(Change::Delete(key), at),
            Ok(WatchLine::Bookmark { .. }) => {}
            other => return Err(Disagreement::new("watch line", format!("{other:?}"))),
        },
        Step::Lists(kind, pages) => {
            let mut seen: BTreeSet<ObjectKey> = BTreeSet::new();
            for page in pages {
                let mut changes = Vec::new();
                let meta = decode::list_page(kind, &page, |change| changes.push(change));
                meta.map_err(|error| Disagreement::new("list page", error.to_string()))?;
                for change in changes {
                    seen.insert(change.key());
                    book.apply(change, at);
                }
            }
            book.replace(kind, &seen, |_| true, at);
        }
    }
    Ok(())
}

/// An object's lives: from when on it is what; none where it is gone.
struct Life<'s> {
    kind: Kind,
    forms: Vec<(Timestamp, Option<&'s Value>)>,
}

fn timeline(scenario: &Scenario) -> Vec<(Timestamp, Step)> {
    let mut random = Random::of(scenario.seed, "timeline");
    let span = random.pick(&SPANS);
    let lives: Vec<Life<'_>> = scenario.objects.iter().map(|object| life(scenario, object, span)).collect();
    let mut steps = Vec::new();
    let mut by_kind: BTreeMap<Kind, Vec<&Life<'_>>> = BTreeMap::new();
    for life in &lives {
        by_kind.entry(life.kind).or_default().push(life);
    }
    for (kind, lives) in &by_kind {
        deliver(scenario, span, *kind, lives, &mut steps);
    }
    let listed = moment(scenario, &mut random, span);
    for (source, state) in &scenario.sources {
        let at = if random.chance(80) { listed } else { moment(scenario, &mut random, span) };
        steps.push((at, Step::Source(*source, SourceState::Synced)));
        if *state != SourceState::Synced {
            let later = moment(scenario, &mut random, span);
            steps.push((at.max(later), Step::Source(*source, state.clone())));
        }
    }
    steps.push((moment(scenario, &mut random, span), Step::Enforcing));
    steps.push((moment(scenario, &mut random, span), Step::Proofs));
    steps.push((moment(scenario, &mut random, span), Step::Open));
    // Stable: what happens at one moment happens in the order above.
    steps.sort_by_key(|(at, _)| *at);
    steps
}

fn moment(scenario: &Scenario, random: &mut Random, span: usize) -> Timestamp {
    let before = match random.below(12) {
        0 => 0,
        1 => span,
        _ => random.below(span + 1),
    };
    scenario.now - SignedDuration::from_secs(i64::try_from(before).unwrap())
}

/// When an object was what: its past forms, at times with an end between them, then what it is now.
fn life<'s>(scenario: &Scenario, object: &'s Object, span: usize) -> Life<'s> {
    let mut random = Random::of(scenario.seed, &object.name());
    let mut forms: Vec<Option<&Value>> = Vec::new();
    for past in &object.past {
        forms.push(Some(past));
        if random.chance(25) {
            forms.push(None);
        }
    }
    if object.now.is_some() || forms.last().is_some_and(Option::is_some) {
        forms.push(object.now.as_ref());
    }
    let mut moments: Vec<Timestamp> = forms.iter().map(|_| moment(scenario, &mut random, span)).collect();
    moments.sort();
    Life { kind: object.kind, forms: moments.into_iter().zip(forms).collect() }
}

/// The lines of one watch. In a gap lines are lost, and the list after it makes up for them.
fn deliver(
    scenario: &Scenario,
    span: usize,
    kind: Kind,
    lives: &[&Life<'_>],
    steps: &mut Vec<(Timestamp, Step)>,
) {
    let mut random = Random::of(scenario.seed, &format!("watch of {kind}"));
    let gap = random.chance(35).then(|| {
        let (a, b) = (moment(scenario, &mut random, span), moment(scenario, &mut random, span));
        (a.min(b), a.max(b))
    });
    for life in lives {
        let name = life.forms.iter().find_map(|(_, form)| *form).map_or_else(String::new, Value::to_string);
        let mut random = Random::of(scenario.seed, &name);
        let mut before: Option<&Value> = None;
        for (at, form) in &life.forms {
            let is_lost = gap.is_some_and(|(from, to)| from <= *at && *at <= to);
            if !is_lost {
                let repeats = random.pick(&[1, 1, 1, 2]);
                for _ in 0..repeats {
                    steps.extend(
                        line_of(&mut random, before, *form).map(|line| (*at, Step::Line(kind, line))),
                    );
                }
            }
            before = *form;
        }
    }
    if let Some((_, to)) = gap {
        let there: Vec<&Value> = lives.iter().filter_map(|life| form_at(life, to)).collect();
        steps.push((to, Step::Lists(kind, pages_of(&mut random, kind, there))));
    }
}

fn form_at<'s>(life: &Life<'s>, at: Timestamp) -> Option<&'s Value> {
    life.forms.iter().rev().find(|(from, _)| *from <= at).and_then(|(_, form)| *form)
}

fn line_of(random: &mut Random, before: Option<&Value>, now: Option<&Value>) -> Option<Vec<u8>> {
    let (event, object) = match (before, now) {
        (None, Some(now)) => ("ADDED", now),
        (Some(_), Some(now)) => ("MODIFIED", now),
        (Some(before), None) => ("DELETED", before),
        (None, None) => return None,
    };
    let mut line = format!("{{\"type\":\"{event}\",\"object\":").into_bytes();
    write_any(random, object, &mut line);
    line.extend(b"}\n");
    Some(line)
}

/// Items of a list have no type of their own, as the API server writes them.
fn pages_of(random: &mut Random, kind: Kind, there: Vec<&Value>) -> Vec<Vec<u8>> {
    let mut items: Vec<Value> = there
        .into_iter()
        .cloned()
        .map(|mut item| {
            item.as_object_mut().unwrap().retain(|key, _| key != "apiVersion" && key != "kind");
            item
        })
        .collect();
    random.shuffle(&mut items);
    let size = random.between(1, 3);
    let mut chunks: Vec<&[Value]> = items.chunks(size).collect();
    if chunks.is_empty() {
        chunks.push(&[]);
    }
    let pages = chunks.into_iter().map(|chunk| {
        let page = json!({
            "kind": format!("{}List", kind.resource().kind), "apiVersion": "v1",
            "metadata": {"resourceVersion": "100"}, "items": chunk,
        });
        let mut bytes = Vec::new();
        write_any(random, &page, &mut bytes);
        bytes
    });
    pages.collect()
}

/// JSON, at times with the fields of every object in any order.
pub(super) fn write_any(random: &mut Random, value: &Value, out: &mut Vec<u8>) {
    if random.chance(30) {
        write_shuffled(random, value, out);
    } else {
        serde_json::to_writer(out, value).unwrap();
    }
}

fn write_shuffled(random: &mut Random, value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            random.shuffle(&mut fields);
            out.push(b'{');
            for (at, (key, value)) in fields.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                out.extend(Value::from(key.as_str()).to_string().into_bytes());
                out.push(b':');
                write_shuffled(random, value, out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_shuffled(random, item, out);
            }
            out.push(b']');
        }
        scalar => out.extend(scalar.to_string().into_bytes()),
    }
}
