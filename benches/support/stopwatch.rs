//! Measuring what is to be compared in turns.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// How long one turn of one candidate takes about.
const TURN: Duration = Duration::from_millis(4);
/// How many turns each candidate has.
const TURNS: usize = 60;

/// Something that is measured.
pub(crate) struct Candidate<'a> {
    name: String,
    run: Box<dyn FnMut() + 'a>,
}

impl<'a> Candidate<'a> {
    pub(crate) fn new<T>(name: impl Into<String>, mut work: impl FnMut() -> T + 'a) -> Self {
        Self { name: name.into(), run: Box::new(move || drop(black_box(work()))) }
    }

    /// The time of `repeats` runs, for one.
    fn time(&mut self, repeats: u32) -> Duration {
        let start = Instant::now();
        for _ in 0..repeats {
            (self.run)();
        }
        start.elapsed() / repeats
    }
}

/// What was measured of one candidate.
pub(crate) struct Measured {
    name: String,
    median: Duration,
}

/// Measures candidates in turns.
pub(crate) fn measure(mut candidates: Vec<Candidate<'_>>) -> Vec<Measured> {
    let repeats: Vec<u32> = candidates.iter_mut().map(repeats_of).collect();
    let mut times: Vec<Vec<Duration>> = vec![Vec::with_capacity(TURNS); candidates.len()];
    for _ in 0..TURNS {
        for (at, candidate) in candidates.iter_mut().enumerate() {
            times[at].push(candidate.time(repeats[at]));
        }
    }
    let measured = candidates.into_iter().zip(times).map(|(candidate, mut times)| {
        times.sort();
        Measured { name: candidate.name, median: times[times.len() / 2] }
    });
    measured.collect()
}

/// How often a candidate runs in a turn; the first runs warm it up.
fn repeats_of(candidate: &mut Candidate<'_>) -> u32 {
    candidate.time(1);
    let once = candidate.time(3).max(Duration::from_nanos(1));
    u32::try_from(TURN.as_nanos() / once.as_nanos()).unwrap_or(u32::MAX).clamp(1, 100_000)
}

/// Prints each with its ratio to the first.
pub(crate) fn print(title: &str, measured: &[Measured]) {
    println!("{title}");
    let first = measured[0].median.as_secs_f64();
    for entry in measured {
        let ratio = entry.median.as_secs_f64() / first;
        println!("  {:<58} {:>12} {ratio:>9.2}", entry.name, shown(entry.median));
    }
}

/// Measures and prints.
pub(crate) fn compare(title: &str, candidates: Vec<Candidate<'_>>) -> Vec<Measured> {
    let measured = measure(candidates);
    print(title, &measured);
    measured
}

/// How many times `one` is `other`.
pub(crate) fn ratio(one: &Measured, other: &Measured) -> f64 {
    one.median.as_secs_f64() / other.median.as_secs_f64()
}

fn shown(time: Duration) -> String {
    match time.as_nanos() {
        nanos @ 0..10_000 => format!("{nanos} ns"),
        nanos => format!("{:.1} µs", Duration::from_nanos(u64::try_from(nanos).unwrap()).as_secs_f64() * 1e6),
    }
}
