//! Coverage: which promises this version holds, by which means, and what is missing. PURE, like all of `report`.

mod data;
mod render;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    api::{
        Enforcement,
        profile::{Commitment, ControlUse},
    },
    core::{
        catalogue::{self, Strength},
        controls,
    },
};

pub use data::{CoverageError, Held, Measure, NamedProfile, embedded_file, embedded_profiles, held_file};
pub use render::{json, markdown, text};

/// The means, in the order in which they are told.
pub const MEANS: [Strength; 4] = [Strength::Prevent, Strength::Repair, Strength::Detect, Strength::Attest];

/// The word for a means, as the register spells it.
pub const fn name_of(strength: Strength) -> &'static str {
    match strength {
        Strength::Prevent => "prevent",
        Strength::Repair => "repair",
        Strength::Detect => "detect",
        Strength::Attest => "attest",
    }
}

/// One commitment in one of its means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A test shows it.
    Held,
    /// A test shows it, but this profile asks for a warning only, so that nothing is prevented.
    Warned,
    /// Not held, for this reason.
    Missing(String),
}

/// A commitment in all means in which it is promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitmentCoverage {
    /// Its id.
    pub id: String,
    /// The promise in its words.
    pub promise: String,
    /// A cell for each means.
    pub cells: BTreeMap<Strength, Cell>,
}

/// The commitments of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileCoverage {
    /// Its name.
    pub name: String,
    /// What the document is called.
    pub title: String,
    /// Its commitments, in the document's order.
    pub commitments: Vec<CommitmentCoverage>,
    /// Whether the register says in which means every commitment is promised; else they are those that its controls offer.
    pub is_registered: bool,
}

/// How many cells there are, and how many of them are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Cells that are promised.
    pub promised: usize,
    /// Cells that are held.
    pub held: usize,
    /// Cells that would be held if the profile did not ask for a warning only.
    pub warned: usize,
}

/// What this version holds of these profiles.
pub fn coverage(measure: &Measure, profiles: &[NamedProfile]) -> Vec<ProfileCoverage> {
    profiles.iter().map(|profile| of_profile(measure, profile)).collect()
}

fn of_profile(measure: &Measure, profile: &NamedProfile) -> ProfileCoverage {
    let mut is_registered = true;
    let of_commitment = |commitment: &Commitment| {
        let original = measure.original(&profile.name, &commitment.id);
        let original = original.filter(|original| is_upheld_alike(original, commitment));
        is_registered &= original.is_some();
        let cells = match original {
            Some(original) => registered_cells(measure, &profile.name, original, commitment),
            None => offered_cells(measure, commitment),
        };
        CommitmentCoverage { id: commitment.id.clone(), promise: commitment.promise.clone(), cells }
    };
    let commitments = profile.spec.commitments.iter().map(of_commitment).collect();
    let (name, title) = (profile.name.clone(), profile.spec.title.clone());
    ProfileCoverage { name, title, commitments, is_registered }
}

/// A test speaks for a commitment only with the controls and the parameters that it ran with.
fn is_upheld_alike(original: &Commitment, commitment: &Commitment) -> bool {
    let uses = |commitment: &Commitment| {
        let uses = commitment.controls.iter();
        uses.map(|used| (used.id.clone(), used.parameters.clone())).collect::<BTreeMap<_, _>>()
    };
    uses(original) == uses(commitment)
}

fn registered_cells(
    measure: &Measure,
    profile: &str,
    original: &Commitment,
    commitment: &Commitment,
) -> BTreeMap<Strength, Cell> {
    let is_loosened = !denying(original).is_subset(&denying(commitment));
    let cell = |strength: Strength| {
        let is_held = measure.is_held(profile, &commitment.id, strength);
        let lacking = measure.lacking(profile, &commitment.id, strength).map(str::to_owned);
        let missing = (!is_held).then(|| lacking.unwrap_or_else(|| why_missing(strength, commitment)));
        (strength, cell(strength, missing, is_loosened))
    };
    measure.promised(profile, &commitment.id).into_iter().map(cell).collect()
}

/// Without an entry in the register a commitment is promised in whatever its controls offer, and held where each of those
/// that offer it has been shown in it with the parameters of another profile.
fn offered_cells(measure: &Measure, commitment: &Commitment) -> BTreeMap<Strength, Cell> {
    let only_warns = denying(commitment).is_empty();
    let offered = MEANS.into_iter().filter(|strength| offering(commitment, *strength).next().is_some());
    let cell = |strength: Strength| {
        let is_held = offering(commitment, strength).all(|used| measure.has_shown(&used.id, strength));
        let missing = (!is_held).then(|| why_missing(strength, commitment));
        (strength, cell(strength, missing, only_warns))
    };
    offered.map(cell).collect()
}

fn cell(strength: Strength, missing: Option<String>, only_warns: bool) -> Cell {
    match (missing, strength) {
        (Some(reason), _) => Cell::Missing(reason),
        (None, Strength::Prevent) if only_warns => Cell::Warned,
        (None, _) => Cell::Held,
    }
}

/// The controls of a commitment that offer a strength.
fn offering(commitment: &Commitment, strength: Strength) -> impl Iterator<Item = &ControlUse> {
    commitment.controls.iter().filter(move |used| {
        catalogue::find(&used.id).is_some_and(|planned| planned.offers.contains(&strength))
    })
}

/// The controls of a commitment that refuse a request.
fn denying(commitment: &Commitment) -> BTreeSet<&str> {
    let enforcement = |used: &ControlUse| used.enforcement.unwrap_or(commitment.enforcement);
    let denying =
        offering(commitment, Strength::Prevent).filter(|used| enforcement(used) == Enforcement::Deny);
    denying.map(|used| used.id.as_str()).collect()
}

fn why_missing(strength: Strength, commitment: &Commitment) -> String {
    let is_built = |id: &str| controls::all().iter().any(|control| control.id == id);
    let unbuilt: Vec<&str> =
        offering(commitment, strength).map(|used| used.id.as_str()).filter(|id| !is_built(id)).collect();
    match unbuilt.as_slice() {
        [] if offering(commitment, strength).next().is_none() => "no control of it offers this".to_owned(),
        [] => "its controls are built, no test shows it".to_owned(),
        [one] => format!("{one} is not built"),
        several => format!("{} are not built", several.join(", ")),
    }
}

impl Totals {
    /// The totals of these profiles, in one means or in all.
    pub fn of(profiles: &[ProfileCoverage], strength: Option<Strength>) -> Self {
        let mut totals = Self::default();
        for commitment in profiles.iter().flat_map(|profile| &profile.commitments) {
            let cells = commitment.cells.iter();
            for (_, cell) in cells.filter(|(of, _)| strength.is_none_or(|wanted| wanted == **of)) {
                totals.add(cell);
            }
        }
        totals
    }

    fn add(&mut self, cell: &Cell) {
        self.promised += 1;
        match cell {
            Cell::Held => self.held += 1,
            Cell::Warned => self.warned += 1,
            Cell::Missing(_) => {}
        }
    }
}
