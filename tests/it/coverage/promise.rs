//! Promises: each commitment of the five profiles, alone in its profile, with the means that the register promises.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use serde::Deserialize;
use serde_json::Value;
use surety::{
    api::{
        Enforcement,
        profile::{Commitment, ControlUse},
    },
    core::{
        catalogue::{self, Strength},
        controls,
        parameters::Parameters,
    },
    report::coverage::{MEANS, embedded_file},
};

/// In the order of the register.
pub const PROFILES: [&str; 5] =
    ["msp-assurance", "grc-workspaces", "dev-assistant", "cloud-workspaces", "processor-baseline"];

/// One commitment of one profile.
pub struct Promise {
    /// The profile's name.
    pub profile: &'static str,
    /// The commitment.
    pub commitment: Commitment,
    /// The means in which the register promises it.
    pub means: BTreeSet<Strength>,
    document: Value,
    whole: Value,
}

/// Every commitment of the five profiles, in the order of the documents.
pub static PROMISES: LazyLock<Vec<Promise>> =
    LazyLock::new(|| PROFILES.into_iter().flat_map(promises_of).collect());

#[derive(Deserialize)]
struct Entry {
    id: String,
    means: BTreeSet<Strength>,
}

fn promises_of(profile: &'static str) -> Vec<Promise> {
    let document: Value = serde_saphyr::from_str(embedded_file(profile).unwrap()).unwrap();
    let register = include_str!("../../../config/register.yaml");
    let mut register: BTreeMap<String, Vec<Entry>> = serde_saphyr::from_str(register).unwrap();
    let means: BTreeMap<String, BTreeSet<Strength>> =
        register.remove(profile).unwrap().into_iter().map(|entry| (entry.id, entry.means)).collect();
    let commitments: Vec<Commitment> =
        serde_json::from_value(document["spec"]["commitments"].clone()).unwrap();
    let promise = |commitment: Commitment| {
        let means = means[&commitment.id].clone();
        let (reduced, whole) = (reduced(&document, &commitment.id), document.clone());
        Promise { profile, commitment, means, document: reduced, whole }
    };
    commitments.into_iter().map(promise).collect()
}

/// The profile with one commitment, and of its controls those that this version has: what it has not is the table's
/// business, and would keep the commitment at Manual here.
fn reduced(document: &Value, id: &str) -> Value {
    let mut document = document.clone();
    let commitments = document["spec"]["commitments"].as_array_mut().unwrap();
    commitments.retain(|commitment| commitment["id"] == *id);
    let controls = commitments[0]["controls"].as_array_mut().unwrap();
    controls.retain(|used| is_built(used["id"].as_str().unwrap()));
    document
}

/// Whether this version has the control.
pub fn is_built(control: &str) -> bool {
    controls::all().iter().any(|built| built.id == control)
}

impl Promise {
    /// As refusals and findings name it.
    pub fn id(&self) -> String {
        format!("{}/{}", self.profile, self.commitment.id)
    }

    /// The profile as `kubectl apply` sends it, with this commitment alone.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The profile with all its commitments.
    pub fn whole_document(&self) -> &Value {
        &self.whole
    }

    /// The labels by which a tenant is promised this.
    pub fn tenant_labels(&self) -> Value {
        self.document["spec"]["tenantSelector"]["matchLabels"].clone()
    }

    /// The promised means, in the order in which they are told.
    pub fn means(&self) -> impl Iterator<Item = Strength> + '_ {
        MEANS.into_iter().filter(|strength| self.means.contains(strength))
    }

    /// Its controls that offer a strength, by the catalogue.
    pub fn offering(&self, strength: Strength) -> impl Iterator<Item = &ControlUse> {
        let offers = move |id: &str| catalogue::find(id).unwrap().offers.contains(&strength);
        self.commitment.controls.iter().filter(move |used| offers(&used.id))
    }

    /// Its use of a control.
    pub fn find(&self, control: &str) -> Option<&ControlUse> {
        self.commitment.controls.iter().find(|used| used.id == control)
    }

    /// The parameters that it gives a control, with the defaults of the others.
    pub fn parameters(&self, control: &str) -> Parameters {
        let used = self.find(control).unwrap_or_else(|| panic!("{} does not name {control}", self.id()));
        catalogue::parameters(control, &used.parameters).unwrap()
    }

    /// How strictly it asks for a control.
    pub fn enforcement(&self, control: &str) -> Enforcement {
        self.find(control).and_then(|used| used.enforcement).unwrap_or(self.commitment.enforcement)
    }
}
