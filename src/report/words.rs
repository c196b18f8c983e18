//! Words for closed sets, as the command line spells them.

use crate::{
    api::{Enforcement, Severity},
    core::subject::SubjectClass,
};

/// As profiles spell it.
pub const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
    }
}

/// As policies spell it.
pub const fn enforcement(enforcement: Enforcement) -> &'static str {
    match enforcement {
        Enforcement::Deny => "Deny",
        Enforcement::Warn => "Warn",
        Enforcement::Audit => "Audit",
    }
}

/// A kind where there is one, else what people call it.
pub const fn subjects(class: SubjectClass) -> &'static str {
    match class {
        SubjectClass::Tenant => "Tenant",
        SubjectClass::Namespace => "Namespace",
        SubjectClass::Workload => "Workload",
        SubjectClass::Claim => "PersistentVolumeClaim",
        SubjectClass::Volume => "PersistentVolume",
        SubjectClass::Service => "Service",
        SubjectClass::Ingress => "Ingress",
        SubjectClass::RecoveryPoint => "RecoveryPoint",
        SubjectClass::Commitment => "Commitment",
        SubjectClass::Profile => "Profile",
    }
}
