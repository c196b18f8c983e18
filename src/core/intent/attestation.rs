//! Is an attestation within what its commitment allows? It may not be valid longer, nor without evidence.

use super::Objection;
use crate::{
    api::Enforcement,
    core::{catalogue, controls::governance::attested, facts::Fact, transition::Transition},
};

pub(super) fn objections(transition: &Transition<'_>) -> Vec<Objection> {
    let Some(Fact::Attestation(attestation)) = &transition.act.new else { return Vec::new() };
    let reference = &attestation.spec.commitment;
    let profile = transition.after.profiles().find(|profile| *profile.name == *reference.profile);
    let commitments = profile.iter().flat_map(|profile| &profile.spec.commitments);
    let commitment = commitments.filter(|commitment| commitment.id == reference.id);
    let uses =
        commitment.flat_map(|commitment| commitment.controls.iter().map(move |used| (commitment, used)));
    let faults = uses.filter_map(|(commitment, used)| {
        let control = transition.after.control(&used.id)?;
        let parameters = catalogue::parameters(control.id, &used.parameters).ok()?;
        let valid_for = parameters.span("validFor")?;
        let created = attestation.meta.created;
        let faults = attested::faults(&attestation.spec, valid_for, created, transition.now).into_iter();
        Some(faults.map(move |issue| Objection {
            control: control.id,
            commitment: format!("{}/{}", reference.profile, commitment.id),
            promise: commitment.promise.clone(),
            issue,
            enforcement: Enforcement::Deny,
        }))
    });
    faults.flatten().collect()
}
