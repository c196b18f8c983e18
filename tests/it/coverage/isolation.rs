//! What the cases of isolation share: policies that manage or only observe, and the release of the last one.

use serde_json::{Value, json};
use surety::core::facts::Kind;

use super::{case::Refusal, ground::Ground, objects::policy, policies, promise::Promise};

/// An IsolationPolicy about everything.
fn isolation_policy(management: &str) -> Value {
    let spec = json!({
        "management": management, "network": {"peers": ["dns"]}, "podSecurity": {"level": "Baseline"},
        "hostAccess": {"allowed": []},
    });
    policy(Kind::IsolationPolicy, "isolation", spec)
}

/// Where Surety writes what isolation needs.
pub fn managed(promise: &Promise) -> Ground {
    Ground::of(promise).put(isolation_policy("Managed"))
}

/// Where Surety only observes, with everything that it would have written.
pub fn observed(promise: &Promise) -> Ground {
    managed(promise).settled().put(isolation_policy("Observed"))
}

/// The last policy that upholds the promise is deleted.
pub fn release(promise: &Promise) -> Refusal {
    policies::release(promise, Kind::IsolationPolicy, json!({"network": {}}))
}
