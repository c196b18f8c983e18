//! Facts of enforcement: what the last proofs showed, and the gaps that are recorded.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Name;

/// What the last proof of one entry of the registration showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Enforcing {
    /// What must be refused was refused by Surety.
    Enforcing,
    /// It was refused because Surety did not answer.
    Closed,
    /// It was admitted.
    Open,
    /// It cannot be told.
    NotKnown,
}

impl Enforcing {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Enforcing, Self::Closed, Self::Open, Self::NotKnown];

    /// Its name in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforcing => "enforcing",
            Self::Closed => "closed",
            Self::Open => "open",
            Self::NotKnown => "not_known",
        }
    }

    /// Whether nothing that must be refused gets in.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Enforcing | Self::Closed)
    }
}

/// How one entry stands. It changes when the state does, and not with every proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What the last proof showed.
    pub state: Enforcing,
    /// When that state was seen first.
    pub since: Timestamp,
    /// Where the state is no good one: the last good proof before it; none where there was none since the start.
    pub last_good: Option<Timestamp>,
}

/// A time during which what must be refused was not refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// When enforcement was last known to be in force.
    pub began: Timestamp,
    /// Why, in words.
    pub cause: Name,
    /// When it was in force again; none while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

/// What is remembered of the whole cluster; one ConfigMap in Surety's namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterRecord {
    /// Gaps in enforcement, in the order in which they began.
    pub gaps: Vec<Gap>,
}
