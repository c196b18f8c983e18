//! The data that coverage is measured with, embedded: the five profiles, the register of what they promise, and the
//! cells that tests have shown to be held.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::LazyLock,
};

use serde::{Deserialize, Serialize};

use super::name_of;
use crate::{
    api::{Profile, ProfileSpec, profile::Commitment},
    core::catalogue::Strength,
};

const REGISTER: &str = include_str!("../../../config/register.yaml");
const HELD: &str = include_str!("../../../config/coverage.yaml");
const PROFILES: [(&str, &str); 5] = [
    ("msp-assurance", include_str!("../../../config/profiles/msp-assurance.yaml")),
    ("grc-workspaces", include_str!("../../../config/profiles/grc-workspaces.yaml")),
    ("dev-assistant", include_str!("../../../config/profiles/dev-assistant.yaml")),
    ("cloud-workspaces", include_str!("../../../config/profiles/cloud-workspaces.yaml")),
    ("processor-baseline", include_str!("../../../config/profiles/processor-baseline.yaml")),
];

/// A profile with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedProfile {
    /// `metadata.name`.
    pub name: String,
    /// The promises.
    pub spec: ProfileSpec,
}

/// An entry of `config/coverage.yaml`: the means in which one commitment is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The profile.
    pub profile: String,
    /// The commitment.
    pub commitment: String,
    /// Each of these means has passed a test through its own door.
    pub held: BTreeSet<Strength>,
    /// Why the controls that would hold the other means do not, although this version has them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lacking: BTreeMap<Strength, String>,
}

/// What of an entry of `config/register.yaml` is needed here.
#[derive(Debug, Deserialize)]
struct Entry {
    id: String,
    means: BTreeSet<Strength>,
}

/// Why coverage cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum CoverageError {
    /// A data file cannot be read.
    #[error("{file} cannot be read: {source}")]
    Unreadable {
        /// The file.
        file: &'static str,
        /// Why.
        source: Box<serde_saphyr::Error>,
    },
    /// A cell stands there that nobody promised.
    #[error("config/coverage.yaml speaks of {profile}/{commitment} and {}, which the register does not promise: remove the cell", name_of(*.strength))]
    NotPromised {
        /// The profile.
        profile: String,
        /// The commitment.
        commitment: String,
        /// The means.
        strength: Strength,
    },
    /// A commitment stands twice.
    #[error("config/coverage.yaml names {profile}/{commitment} twice: join the two entries")]
    Twice {
        /// The profile.
        profile: String,
        /// The commitment.
        commitment: String,
    },
}

type Cells = BTreeMap<(String, String), BTreeSet<Strength>>;
type Reasons = BTreeMap<(String, String), BTreeMap<Strength, String>>;

/// Everything that coverage is measured with.
#[derive(Debug)]
pub struct Measure {
    profiles: Vec<NamedProfile>,
    promised: Cells,
    held: Cells,
    lacking: Reasons,
}

impl Measure {
    /// The embedded data.
    pub fn embedded() -> Result<&'static Self, &'static CoverageError> {
        static EMBEDDED: LazyLock<Result<Measure, CoverageError>> = LazyLock::new(|| {
            let held = parse("config/coverage.yaml", HELD)?;
            Measure::with_held(held)
        });
        EMBEDDED.as_ref()
    }

    /// The embedded profiles and register with other held cells.
    pub fn with_held(held: Vec<Held>) -> Result<Self, CoverageError> {
        let register: BTreeMap<String, Vec<Entry>> = parse("config/register.yaml", REGISTER)?;
        let mut promised = Cells::new();
        for (profile, entries) in register {
            promised.extend(entries.into_iter().map(|entry| ((profile.clone(), entry.id), entry.means)));
        }
        let lacking = held
            .iter()
            .map(|entry| (key(&entry.profile, &entry.commitment), entry.lacking.clone()))
            .collect();
        let held = cells(held, &promised)?;
        Ok(Self { profiles: embedded_profiles()?, promised, held, lacking })
    }

    /// The five profiles, in the order of the register.
    pub fn profiles(&self) -> &[NamedProfile] {
        &self.profiles
    }

    /// The commitment as it is embedded.
    pub(super) fn original(&self, profile: &str, commitment: &str) -> Option<&Commitment> {
        let profile = self.profiles.iter().find(|candidate| candidate.name == profile)?;
        profile.spec.commitments.iter().find(|candidate| candidate.id == commitment)
    }

    /// The means in which the register promises a commitment.
    pub(super) fn promised(&self, profile: &str, commitment: &str) -> BTreeSet<Strength> {
        self.promised.get(&key(profile, commitment)).cloned().unwrap_or_default()
    }

    /// Whether a test has shown a cell to be held.
    pub(super) fn is_held(&self, profile: &str, commitment: &str, strength: Strength) -> bool {
        self.held.get(&key(profile, commitment)).is_some_and(|held| held.contains(&strength))
    }

    /// Why the controls of a commitment do not hold it in a means, although this version has them.
    pub(super) fn lacking(&self, profile: &str, commitment: &str, strength: Strength) -> Option<&str> {
        let reasons = self.lacking.get(&key(profile, commitment))?;
        reasons.get(&strength).map(String::as_str)
    }

    /// Whether a test has shown a control in a strength, in any commitment that names it.
    pub(super) fn has_shown(&self, control: &str, strength: Strength) -> bool {
        self.held.iter().any(|((profile, commitment), held)| {
            let names = |commitment: &Commitment| commitment.controls.iter().any(|used| used.id == control);
            held.contains(&strength) && self.original(profile, commitment).is_some_and(names)
        })
    }
}

fn key(profile: &str, commitment: &str) -> (String, String) {
    (profile.to_owned(), commitment.to_owned())
}

/// The five profiles as they are embedded.
pub fn embedded_profiles() -> Result<Vec<NamedProfile>, CoverageError> {
    let read = |(name, text): &(&str, &str)| {
        let profile: Profile = parse("an embedded profile", text)?;
        Ok(NamedProfile { name: (*name).to_owned(), spec: profile.spec })
    };
    PROFILES.iter().map(read).collect()
}

/// The file of an embedded profile.
pub fn embedded_file(name: &str) -> Option<&'static str> {
    PROFILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

fn parse<T: for<'de> Deserialize<'de>>(file: &'static str, text: &str) -> Result<T, CoverageError> {
    serde_saphyr::from_str(text)
        .map_err(|source| CoverageError::Unreadable { file, source: Box::new(source) })
}

fn cells(entries: Vec<Held>, promised: &Cells) -> Result<Cells, CoverageError> {
    let mut cells = Cells::new();
    for Held { profile, commitment, held, lacking } in entries {
        let means = promised.get(&key(&profile, &commitment));
        let told = held.iter().chain(lacking.keys());
        if let Some(strength) =
            told.into_iter().find(|strength| means.is_none_or(|means| !means.contains(strength)))
        {
            return Err(CoverageError::NotPromised { profile, commitment, strength: *strength });
        }
        if cells.insert(key(&profile, &commitment), held).is_some() {
            return Err(CoverageError::Twice { profile, commitment });
        }
    }
    Ok(cells)
}

const HELD_HEADER: &str = "\
# The cells of the register that this version holds: a commitment of a profile in some of its means. Generated from the
# tests that show it, each with that profile's parameters; do not edit by hand. `lacking` says why controls that are built
# do not hold a means all the same.
";

/// `config/coverage.yaml` for these cells, one line a commitment, in their order.
pub fn held_file(cells: &[Held]) -> String {
    if cells.is_empty() {
        return format!("{HELD_HEADER}[]\n");
    }
    let mut text = HELD_HEADER.to_owned();
    for Held { profile, commitment, held, lacking } in cells {
        let held: Vec<&str> = held.iter().copied().map(name_of).collect();
        let (held, lacking) = (held.join(", "), lacking_of(lacking));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "- {{profile: {profile}, commitment: {commitment}, held: [{held}]{lacking}}}");
    }
    text
}

/// Reasons are texts, and every text of JSON is one of YAML.
fn lacking_of(reasons: &BTreeMap<Strength, String>) -> String {
    if reasons.is_empty() {
        return String::new();
    }
    let reason = |(strength, why): (&Strength, &String)| {
        format!("{}: {}", name_of(*strength), serde_json::Value::from(why.as_str()))
    };
    format!(", lacking: {{{}}}", reasons.iter().map(reason).collect::<Vec<_>>().join(", "))
}
