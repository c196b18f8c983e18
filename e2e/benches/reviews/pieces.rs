//! What reading a review and deciding on it cost by themselves: one thread, no server, no network.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use e2e::fleet::{Fleet, now};
use e2e::load::bodies::{Review, SORTS};
use surety::admission::decide;
use surety::core::transition::{Act, Trusted};
use surety::{decode, serve};

/// How long each piece is repeated.
const TURN: Duration = Duration::from_secs(2);

/// Prints the pieces of each sort of review.
pub fn measure(tenants: usize) -> Result<()> {
    let (world, trusted) = (Fleet { tenants }.world()?, Trusted::default());
    for sort in SORTS {
        let reviews = sort.reviews(tenants)?;
        let acts: Vec<Act> = reviews.iter().map(act_of).collect();
        let read = repeat(&reviews, |review| drop(black_box(act_of(review))));
        let decided = repeat(&acts, |act| drop(black_box(decide::decide(&world, act, &trusted, now()))));
        println!("{:<24} reading {read:>6.1} µs  deciding {decided:>6.1} µs", sort.name());
    }
    Ok(())
}

fn act_of(review: &Review) -> Act {
    serve::act_of(&decode::review(&review.body).unwrap()).unwrap().unwrap()
}

/// Microseconds of one call, over all of `items`.
fn repeat<T>(items: &[T], call: impl Fn(&T)) -> f64 {
    let (started, mut calls) = (Instant::now(), 0_u32);
    while started.elapsed() < TURN {
        items.iter().for_each(&call);
        calls += u32::try_from(items.len()).unwrap_or(u32::MAX);
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}
