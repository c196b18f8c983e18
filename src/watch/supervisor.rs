//! Owns the streams: starts them, stops optional ones, and joins what they say into one sequence.

use std::{collections::HashMap, sync::Arc};

use kube::Client;
use tokio::{
    sync::{mpsc, watch},
    task::{Id, JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

use super::{
    Catalogue, Clock, Decode, Event, Phase, Step, Stream, Timing, WatchError, WatchMetrics,
    catalogue::is_optional,
    follow::{Delivery, Follower, Outlet, Payload, Shared},
    states::States,
};
use crate::core::facts::{Change, Fact, Kind, ObjectKey, Source, SourceState};

/// How many deliveries may wait for the index; a delivery is a page or what one chunk of a watch held.
const QUEUE: usize = 64;

/// How many deliveries are joined into one batch.
const JOINED: usize = 32;

/// What the watches need.
pub struct Setup {
    /// The connection to the API server.
    pub client: Client,
    /// The decoder.
    pub decoder: Arc<dyn Decode>,
    /// What to watch. No two may cover the same objects.
    pub streams: Vec<Stream>,
    /// The times.
    pub timing: Timing,
    /// The time of day.
    pub clock: Clock,
    /// Where to count.
    pub metrics: Arc<WatchMetrics>,
    /// Stops all streams.
    pub shutdown: CancellationToken,
}

/// All streams. Optional kinds follow the definitions that pass by here: nobody else has to start or stop them.
pub struct Watches {
    streams: Vec<Entry>,
    deliveries: mpsc::Receiver<Delivery>,
    tasks: JoinSet<Arc<Stream>>,
    names: HashMap<Id, Arc<Stream>>,
    catalogue: Catalogue,
    states: States,
    shutdown: CancellationToken,
    next_run: u64,
}

/// One stream, and the number of the run that is wanted of it; none while it is not to be watched.
struct Entry {
    stream: Arc<Stream>,
    wanted: watch::Sender<Option<u64>>,
}

impl Watches {
    /// Starts all streams but the optional ones, which wait for their definitions. Where definitions are not watched,
    /// or may not be read, optional kinds are simply tried.
    pub fn start(setup: Setup) -> Result<Self, WatchError> {
        let Setup { client, decoder, streams, timing, clock, metrics, shutdown } = setup;
        check(&streams)?;
        let shared =
            Arc::new(Shared { client, decoder, timing, clock, metrics, decoding: Shared::decoding() });
        let (sender, deliveries) = mpsc::channel(QUEUE);
        let mut watches = Self {
            catalogue: Catalogue::new(streams.iter().map(|stream| stream.kind)),
            streams: Vec::new(),
            deliveries,
            tasks: JoinSet::new(),
            names: HashMap::new(),
            states: States::default(),
            shutdown,
            next_run: 1,
        };
        let sees_definitions = streams.iter().any(|stream| stream.kind == Kind::Definition);
        for stream in streams {
            watches.spawn(&shared, stream, sender.clone());
        }
        if !sees_definitions {
            let steps = watches.catalogue.try_all();
            watches.carry_out(&steps, &mut Vec::new());
        }
        Ok(watches)
    }

    /// The next batch. None once [`Setup::shutdown`] is cancelled and all streams have ended. An error is the end of
    /// the process: without its task a kind looks quiet. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>, WatchError> {
        let mut deliveries = Vec::with_capacity(JOINED);
        loop {
            tokio::select! {
                biased;
                Some(ended) = self.tasks.join_next_with_id() => self.surface(ended)?,
                count = self.deliveries.recv_many(&mut deliveries, JOINED) => {
                    if count == 0 {
                        return Ok(None);
                    }
                    return Ok(Some(self.translate(deliveries)));
                }
            }
        }
    }

    /// The phase of an optional kind; none where it is not optional or not to be watched.
    pub fn phase(&self, kind: Kind) -> Option<Phase> {
        self.catalogue.phase(kind)
    }

    fn spawn(&mut self, shared: &Arc<Shared>, stream: Stream, sender: mpsc::Sender<Delivery>) {
        let stream = Arc::new(stream);
        let number = self.streams.len();
        let (wanted, wants) = watch::channel((!is_optional(stream.kind)).then_some(0));
        if let Some(source) = stream.kind.source() {
            self.states.add(source);
        }
        let shutdown = self.shutdown.clone();
        let running = come_and_go(Arc::clone(shared), Arc::clone(&stream), number, sender, wants);
        let ended = Arc::clone(&stream);
        let task = self.tasks.spawn(async move {
            shutdown.run_until_cancelled(running).await;
            ended
        });
        self.names.insert(task.id(), Arc::clone(&stream));
        self.streams.push(Entry { stream, wanted });
    }

    /// Tells an end that nobody wanted.
    fn surface(&mut self, ended: Result<(Id, Arc<Stream>), JoinError>) -> Result<(), WatchError> {
        match ended {
            Ok(_) if self.shutdown.is_cancelled() => Ok(()),
            Ok((_, stream)) => Err(WatchError::Ended(Box::new((*stream).clone()))),
            Err(source) => {
                let stream = self.names.get(&source.id());
                let stream = stream.map_or_else(|| "an unknown stream".to_owned(), ToString::to_string);
                Err(WatchError::Died { stream, source })
            }
        }
    }

    fn translate(&mut self, deliveries: Vec<Delivery>) -> Vec<Event> {
        let mut batch = Vec::new();
        for Delivery { number, run, payload } in deliveries {
            if !self.is_wanted(number, run) {
                continue;
            }
            match payload {
                Payload::Events(events) => {
                    for event in events {
                        self.pass(event, &mut batch);
                    }
                }
                Payload::State(state) => self.set(number, state, &mut batch),
            }
        }
        batch
    }

    /// Whether this run of a stream is still wanted: what a stopped run had said before it noticed does not count.
    fn is_wanted(&self, number: usize, run: u64) -> bool {
        self.streams.get(number).is_some_and(|entry| *entry.wanted.borrow() == Some(run))
    }

    fn pass(&mut self, event: Event, batch: &mut Vec<Event>) {
        let steps = self.notice(&event);
        batch.push(event);
        if let Some(steps) = steps {
            self.carry_out(&steps, batch);
            self.set_idle(batch);
        }
    }

    /// What an event says of optional kinds; none where it says nothing.
    fn notice(&mut self, event: &Event) -> Option<Vec<Step>> {
        match event {
            Event::Change(Kind::Definition, Change::Apply(Fact::Definition(definition))) => {
                Some(self.catalogue.apply(definition))
            }
            Event::Change(Kind::Definition, Change::Delete(key)) => Some(self.catalogue.delete(&key.name)),
            Event::Replace { stream, seen } if stream.kind == Kind::Definition => {
                Some(self.catalogue.listed(|name| seen.contains(&ObjectKey::cluster(Kind::Definition, name))))
            }
            Event::Replace { stream, .. } => {
                self.catalogue.synced(stream.kind);
                None
            }
            _ => None,
        }
    }

    fn carry_out(&mut self, steps: &[Step], batch: &mut Vec<Event>) {
        for step in steps {
            let (kind, run) = match step {
                Step::Start(kind) => (*kind, Some(self.next_run)),
                Step::Stop(kind) => (*kind, None),
            };
            self.next_run += 1;
            for entry in self.streams.iter().filter(|entry| entry.stream.kind == kind) {
                entry.wanted.send_replace(run);
                if run.is_none() {
                    batch.push(Event::Gone { stream: Arc::clone(&entry.stream) });
                }
            }
        }
    }

    fn set(&mut self, number: usize, state: SourceState, batch: &mut Vec<Event>) {
        let Some((source, state)) = self.states.set(number, state) else { return };
        let is_blind = source == Source::Definitions && state == SourceState::Forbidden;
        batch.push(Event::State(source, state));
        if is_blind {
            let steps = self.catalogue.try_all();
            self.carry_out(&steps, batch);
        }
    }

    /// Tells the state of the streams that are not watched.
    fn set_idle(&mut self, batch: &mut Vec<Event>) {
        let idle: Vec<_> = self
            .streams
            .iter()
            .enumerate()
            .filter_map(|(number, entry)| Some((number, self.catalogue.idle_state(entry.stream.kind)?)))
            .collect();
        for (number, state) in idle {
            self.set(number, state, batch);
        }
    }
}

/// Follows a stream while it is wanted.
async fn come_and_go(
    shared: Arc<Shared>,
    stream: Arc<Stream>,
    number: usize,
    sender: mpsc::Sender<Delivery>,
    mut wanted: watch::Receiver<Option<u64>>,
) {
    while let Ok(run) = wanted.wait_for(Option::is_some).await.map(|run| *run) {
        let outlet = Outlet { number, run: run.unwrap_or_default(), sender: sender.clone() };
        let follower = Follower::new(Arc::clone(&shared), Arc::clone(&stream), outlet);
        tokio::select! {
            () = follower.run() => {}
            _ = wanted.wait_for(|now| *now != run) => {}
        }
    }
}

fn check(streams: &[Stream]) -> Result<(), WatchError> {
    for (index, stream) in streams.iter().enumerate() {
        if stream.kind.source().is_none() {
            return Err(WatchError::NoSource(stream.kind));
        }
        if let Some(other) = streams.iter().skip(index + 1).find(|other| stream.overlaps(other)) {
            return Err(WatchError::Overlap(Box::new(stream.clone()), Box::new(other.clone())));
        }
    }
    Ok(())
}
