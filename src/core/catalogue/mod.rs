//! The catalogue: every control that Surety plans, built or not, with its parameters and what it can offer.
//!
//! Profiles are checked against it, so that a name that means nothing is refused and a name that a later version
//! will build is accepted. Data and look-ups only: no verdict is reached here.

mod access;
mod backup;
mod check;
mod encryption;
mod governance;
mod isolation;
mod model;
mod obligations;
mod placement;
mod retention;
mod typed;
mod workload;

#[cfg(test)]
mod tests;

pub use check::{ParameterError, check_parameter};
pub use model::{Area, Package, ParameterSpec, ParameterType, PlannedControl, Strength};
pub use typed::{parameters, with_defaults};

const TABLES: [&[PlannedControl]; 9] = [
    backup::CONTROLS,
    retention::CONTROLS,
    encryption::CONTROLS,
    isolation::CONTROLS,
    placement::CONTROLS,
    access::CONTROLS,
    workload::CONTROLS,
    governance::CONTROLS,
    obligations::CONTROLS,
];

/// Every planned control, by area.
pub fn all() -> impl Iterator<Item = &'static PlannedControl> {
    TABLES.into_iter().flatten()
}

/// The planned control of that id.
pub fn find(id: &str) -> Option<&'static PlannedControl> {
    all().find(|control| control.id == id)
}

/// The id that `id` was probably meant to be.
pub fn near(id: &str) -> Option<&'static str> {
    nearest(id, all().map(|control| control.id))
}

/// Names are at most 63 characters long; comparing longer texts would only cost time.
const LONGEST_COMPARED: usize = 64;
/// Below this likeness (0 to 1) a suggestion confuses more than it helps.
const LEAST_LIKENESS: f64 = 0.6;

fn nearest(text: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    if text.len() > LONGEST_COMPARED {
        return None;
    }
    let lower = text.to_lowercase();
    names
        .map(|name| (strsim::normalized_damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, name)| name)
}
