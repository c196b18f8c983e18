//! What a decision costs, against reading the review that asks for it.
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
use surety::{
    admission::decide::{Outcome, decide},
    core::transition::{Act, Trusted},
    decode, serve,
};

const SIZE: Size = Size { workloads: 100, claims: 50 };

/// The review of a Deployment, in a tenant's namespace; `change` makes it an offender.
fn review(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut review: Value = serde_json::from_slice(&cluster::review("deployment")).unwrap();
    review["request"]["namespace"] = json!("t-0");
    review["request"]["object"]["metadata"]["namespace"] = json!("t-0");
    change(&mut review["request"]["object"]["spec"]["template"]["spec"]);
    serde_json::to_vec(&review).unwrap()
}

fn act_of(body: &[u8]) -> Act {
    serve::act_of(&decode::review(body).unwrap()).unwrap().unwrap()
}

fn main() {
    let (trusted, now) = (Trusted::default(), cluster::now());
    let (small, large) = (cluster::world(1, SIZE), cluster::world(100, SIZE));
    let (good, bad) = (
        review(|_| {}),
        review(|spec| {
            spec["hostNetwork"] = json!(true);
            spec["containers"][0]["securityContext"] = json!({"privileged": true});
            spec["volumes"][0] = json!({"name": "node", "hostPath": {"path": "/"}});
        }),
    );
    let (conforming, offending) = (act_of(&good), act_of(&bad));
    let judged = |act: &Act| decide(&small, act, &trusted, now).outcome;
    assert_eq!(judged(&conforming), Outcome::Admitted);
    let Outcome::Refused(violations) = judged(&offending) else { panic!("the offender is admitted") };
    println!("Deciding on CREATE of a Deployment; the offender breaks {} fields\n", violations.len());
    let measured = compare(
        "one tenant, then a hundred",
        vec![
            Candidate::new("reading the review", || act_of(&good)),
            Candidate::new("deciding: it conforms", || decide(&small, &conforming, &trusted, now)),
            Candidate::new("deciding: it offends", || decide(&small, &offending, &trusted, now)),
            Candidate::new("deciding among 100 tenants: it conforms", || {
                decide(&large, &conforming, &trusted, now)
            }),
            Candidate::new("deciding among 100 tenants: it offends", || {
                decide(&large, &offending, &trusted, now)
            }),
        ],
    );
    println!(
        "\n  a decision costs {:.2} of reading its review; among 100 tenants {:.2} times what it costs with one\n",
        ratio(&measured[1], &measured[0]),
        ratio(&measured[3], &measured[1])
    );
}
