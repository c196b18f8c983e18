//! What it costs to read a review: against the floor, which finds the uid and skips the rest, and against a generic tree.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench may stop at the first surprise"
)]

mod support;

use serde::Deserialize;
use support::{
    cluster,
    stopwatch::{Candidate, compare, ratio},
};
use surety::decode;

/// The least that any webhook must read.
#[derive(Deserialize)]
struct Floor<'a> {
    #[serde(borrow)]
    request: FloorRequest<'a>,
}

#[derive(Deserialize)]
struct FloorRequest<'a> {
    uid: &'a str,
}

fn main() {
    println!("Reading a review (the samples of tests/data/admission)\n");
    for name in ["deployment", "pod", "pvc", "ingress"] {
        let body = cluster::review(name);
        let title = format!("{name}, {} bytes", body.len());
        let floor = || serde_json::from_slice::<Floor<'_>>(&body).map(|review| review.request.uid.len());
        let facts = || decode::review(&body).and_then(|review| review.change_pair());
        assert!(floor().is_ok() && facts().is_ok(), "{name} can be read");
        let measured = compare(
            &title,
            vec![
                Candidate::new("uid only (the floor)", floor),
                Candidate::new("review", || decode::review(&body).map(|review| review.name())),
                Candidate::new("review and facts of its object", facts),
                Candidate::new("a generic tree (serde_json::Value)", || {
                    serde_json::from_slice::<serde_json::Value>(&body)
                }),
            ],
        );
        println!("  facts cost {:.2} of a generic tree\n", ratio(&measured[2], &measured[3]));
    }
}
