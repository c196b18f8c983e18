//! What one change costs the controller, with ten tenants and with five hundred: it should not know the difference.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench may stop at the first surprise"
)]

mod support;

use serde_json::{Value, json};
use support::{
    cluster::{self, Size},
    stopwatch::{Candidate, compare, ratio},
};
use surety::core::facts::{Change, Kind};

const SIZE: Size = Size { workloads: 10, claims: 5 };
const FEW: usize = 10;
const MANY: usize = 500;

/// Two forms of one object, which come by turns, so that every one is a change.
type Changes = (&'static str, [Change; 2]);

fn changes() -> Vec<Changes> {
    let two = |kind: Kind, first: &Value, second: &Value| {
        [cluster::change(kind, first), cluster::change(kind, second)]
    };
    let mut unfenced = cluster::fence("t-1");
    unfenced["spec"]["policyTypes"] = json!(["Ingress"]);
    let mut labelled = cluster::namespace("t-1");
    labelled["metadata"]["labels"]["team"] = json!("blue");
    let mut plain = cluster::ingress("t-1");
    plain["spec"]["tls"] = json!([]);
    let mut partial = cluster::point("t-1");
    partial["status"]["phase"] = json!("PartiallyFailed");
    let same = cluster::deployment("t-1", 1, "1");
    vec![
        ("a Deployment, only its status", two(Kind::Deployment, &same, &same)),
        ("a Deployment, another image", two(Kind::Deployment, &same, &cluster::deployment("t-1", 1, "2"))),
        ("an Ingress loses its TLS, and back", two(Kind::Ingress, &cluster::ingress("t-1"), &plain)),
        ("a NetworkPolicy opens, and back", two(Kind::NetworkPolicy, &cluster::fence("t-1"), &unfenced)),
        ("a recovery point fails, and back", two(Kind::VeleroBackup, &cluster::point("t-1"), &partial)),
        ("a namespace, another label", two(Kind::Namespace, &cluster::namespace("t-1"), &labelled)),
    ]
}

fn main() {
    let now = cluster::now();
    let (mut few, mut many) = (cluster::book(FEW, SIZE), cluster::book(MANY, SIZE));
    println!(
        "One change in a cluster of {FEW} and of {MANY} tenants, each of {} workloads and {} claims\n",
        SIZE.workloads, SIZE.claims
    );
    for (title, forms) in changes() {
        let (mut turn_of_few, mut turn_of_many) = (0, 0);
        let measured = compare(
            title,
            vec![
                Candidate::new(format!("{FEW} tenants"), || {
                    turn_of_few += 1;
                    few.apply(forms[turn_of_few % 2].clone(), now);
                }),
                Candidate::new(format!("{MANY} tenants"), || {
                    turn_of_many += 1;
                    many.apply(forms[turn_of_many % 2].clone(), now);
                }),
            ],
        );
        println!("  {:.2} times\n", ratio(&measured[1], &measured[0]));
    }
}
