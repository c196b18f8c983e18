//! What the catalogue says of a control. Types only.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::nearest;

/// A control that Surety plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedControl {
    /// `area.check`, for ever.
    pub id: &'static str,
    /// What holds where the control passes, in a short phrase.
    pub title: &'static str,
    /// The area before the dot.
    pub area: Area,
    /// The package that first brings it.
    pub package: Package,
    /// The package after which it covers all that it is planned to cover.
    pub completed_in: Package,
    /// Its own parameters; [`PlannedControl::parameters`] adds what every control takes.
    pub own_parameters: &'static [ParameterSpec],
    /// Parameters of which a profile must give at least one; none when empty.
    pub one_of: &'static [&'static str],
    /// The strengths that it offers by itself. What it needs of another control counts there.
    pub offers: &'static [Strength],
}

impl PlannedControl {
    /// Every parameter that the control takes.
    pub fn parameters(&self) -> impl Iterator<Item = &'static ParameterSpec> {
        self.own_parameters.iter().chain(&COMMON)
    }

    /// The parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<&'static ParameterSpec> {
        self.parameters().find(|spec| spec.name == name)
    }

    /// The parameter's name that `name` was probably meant to be.
    pub fn near_parameter(&self, name: &str) -> Option<&'static str> {
        nearest(name, self.parameters().map(|spec| spec.name))
    }
}

/// What every control takes: the values of the environment label that it judges.
const COMMON: [ParameterSpec; 1] =
    [ParameterSpec { name: "environments", parameter_type: ParameterType::TextList, default: Some("all") }];

/// What a control is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Area {
    /// Backups and restores.
    Backup,
    /// How long data is kept, and its end.
    Retention,
    /// Data at rest and in transit, certificates, credentials.
    Encryption,
    /// Tenants kept apart.
    Isolation,
    /// Where data and programs are.
    Placement,
    /// Who may do what, and for how long.
    Access,
    /// Images, nodes and monitoring.
    Workload,
    /// The keeping of promises itself.
    Governance,
    /// Third parties.
    Subprocessor,
    /// Requests of customers and of the people behind the data.
    Request,
    /// Breaches and their notices.
    Incident,
}

impl Area {
    /// The part of an id before the dot.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Retention => "retention",
            Self::Encryption => "encryption",
            Self::Isolation => "isolation",
            Self::Placement => "placement",
            Self::Access => "access",
            Self::Workload => "workload",
            Self::Governance => "governance",
            Self::Subprocessor => "subprocessor",
            Self::Request => "request",
            Self::Incident => "incident",
        }
    }
}

/// The package of work that brings a control, in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Package {
    /// The first wave.
    Main,
    /// All backup engines, restore tests, locations.
    Backups,
    /// Buckets, handshakes, certificates, credentials.
    Encryption,
    /// Onboarding to erasure, placement, requests.
    TenantLife,
    /// Access, supply chain, third parties, incidents, evidence.
    Later,
}

/// In what way a promise is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// A request that would break it is refused.
    Prevent,
    /// What it needs is created or restored.
    Repair,
    /// A breach in the cluster's real state is found.
    Detect,
    /// A person attests it, with evidence and an expiry.
    Attest,
}

/// One parameter of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterSpec {
    /// Its name in a profile.
    pub name: &'static str,
    /// What its value must be.
    pub parameter_type: ParameterType,
    /// What holds where a profile does not give it: a value, or in words where it comes from. `None`: it must be given.
    pub default: Option<&'static str>,
}

impl ParameterSpec {
    pub(super) const fn required(name: &'static str, parameter_type: ParameterType) -> Self {
        Self { name, parameter_type, default: None }
    }

    pub(super) const fn optional(
        name: &'static str,
        parameter_type: ParameterType,
        default: &'static str,
    ) -> Self {
        Self { name, parameter_type, default: Some(default) }
    }
}

/// The type of a parameter's value, as a profile writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterType {
    /// A calendar span, `30d`.
    Span,
    /// `true` or `false`.
    Bool,
    /// A whole number from 0 to 4294967295.
    Integer,
    /// A text that is not empty.
    Text,
    /// A list of such texts.
    TextList,
    /// One of these texts.
    Enumeration(&'static [&'static str]),
    /// A list of these texts.
    EnumerationList(&'static [&'static str]),
    /// Names, each with a text, a number or a list of texts.
    Map,
}

impl fmt::Display for ParameterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Span => f.write_str("a span such as 90m, 30d, 6mo or 7y"),
            Self::Bool => f.write_str("true or false"),
            Self::Integer => f.write_str("a whole number, not negative"),
            Self::Text => f.write_str("a text"),
            Self::TextList => f.write_str("a list of texts"),
            Self::Enumeration(options) => write!(f, "one of {options:?}"),
            Self::EnumerationList(options) => write!(f, "a list of some of {options:?}"),
            Self::Map => f.write_str("a map of names to texts, numbers or lists of texts"),
        }
    }
}

/// Ciphers of data at rest; `any` demands encryption alone.
pub(super) const CIPHERS: ParameterType = ParameterType::Enumeration(&["any", "AES-256"]);
/// Who keeps a key.
pub(super) const KEY_CLASSES: ParameterType = ParameterType::Enumeration(&["any", "provider", "customer"]);
