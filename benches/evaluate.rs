//! What verdicts cost: a whole tenant, and one subject of it, against reading the objects that they are about.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench may stop at the first surprise"
)]

mod support;

use std::sync::Arc;

use support::{
    cluster::{self, Size},
    stopwatch::{Candidate, compare, ratio},
};
use surety::{
    core::{
        evaluation::{Evaluation, Verdicts},
        facts::{Kind, ObjectKey},
        standings::{SharedVerdicts, Standings},
        subject::SubjectKey,
    },
    decode, index,
};

const SIZE: Size = Size { workloads: 100, claims: 50 };

fn main() {
    let (world, now) = (cluster::world(1, SIZE), cluster::now());
    let plan = world.plan("t-0").unwrap();
    let subjects = index::subjects_of(&world, plan);
    let whole = || Evaluation::of(&world, plan, subjects.iter().cloned(), index::resolve, now);
    let verdicts = whole().verdicts().count();
    println!(
        "Evaluating a tenant of {} workloads and {} claims: {} requirements, {} subjects, {verdicts} verdicts\n",
        SIZE.workloads,
        SIZE.claims,
        plan.requirements.len(),
        subjects.len()
    );
    let deployment = cluster::deployment("t-0", 0, "1").to_string();
    let claim = cluster::claim("t-0", 0).to_string();
    let one = |kind: Kind, name: &str| {
        let key = SubjectKey::from(ObjectKey::namespaced(kind, "t-0", name));
        let (world, mut shared) = (&world, SharedVerdicts::default());
        let (mut standings, _) =
            Standings::of(world, Arc::clone(plan), Vec::new(), index::resolve, &mut shared, now);
        move || standings.evaluate(world, &key, index::resolve, &mut shared, now)
    };
    let measured = compare(
        "one subject",
        vec![
            Candidate::new("reading a Deployment", || {
                decode::object(Kind::Deployment, deployment.as_bytes())
            }),
            Candidate::new("all verdicts on a Deployment", one(Kind::Deployment, "web-0")),
            Candidate::new("reading a claim", || {
                decode::object(Kind::PersistentVolumeClaim, claim.as_bytes())
            }),
            Candidate::new("all verdicts on a claim", one(Kind::PersistentVolumeClaim, "data-0")),
            Candidate::new("all verdicts of the tenant", whole),
        ],
    );
    println!(
        "\n  judging costs {:.2} of reading a Deployment, {:.2} of reading a claim; the tenant costs {:.0} Deployments\n",
        ratio(&measured[1], &measured[0]),
        ratio(&measured[3], &measured[2]),
        ratio(&measured[4], &measured[1])
    );
}
