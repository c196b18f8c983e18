//! `governance.attested`: it counts until its end, for as long as the promise allows.

use surety::core::catalogue::Strength;

use super::{
    attempt,
    case::{Attested, Cases},
    ground::{Ground, attestation},
    objects::at,
    promise::Promise,
};

pub static CASES: Cases = Cases { attest: Some(attest), ..Cases::of("governance.attested") };

fn attest(promise: &Promise) -> Vec<Attested> {
    let until = attestation(promise)["spec"]["validUntil"].as_str().map(at).unwrap();
    vec![Attested { ground: Ground::of(promise), name: "kept", until }]
}

#[test]
fn an_attestation_counts_until_its_end_wherever_one_is_promised() {
    attempt(&CASES, Strength::Attest);
}
