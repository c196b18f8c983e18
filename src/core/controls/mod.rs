//! The controls of this version, one file each under its area. A control says everything about itself in its file;
//! adding one is a file and a line in its area's list.

pub mod backup;
pub mod encryption;
pub mod governance;
pub mod isolation;
pub mod retention;
#[cfg(test)]
pub mod testkit;

use std::sync::LazyLock;

use super::control::Control;

static ALL: LazyLock<Vec<&'static Control>> = LazyLock::new(|| {
    [backup::CONTROLS, encryption::CONTROLS, governance::CONTROLS, isolation::CONTROLS, retention::CONTROLS]
        .concat()
});

/// Every control, in order of areas and ids.
pub fn all() -> &'static [&'static Control] {
    &ALL
}

use super::{
    control::{Door, Guard, Operation},
    facts::Kind,
};

const fn template_guard(kind: Kind) -> Guard {
    Guard { kind, door: Door::Conform, operations: &[Operation::Create, Operation::Update] }
}

/// Every kind that carries a pod template, as controls over workloads guard them.
pub static WORKLOAD_GUARDS: [Guard; 8] = [
    template_guard(Kind::Pod),
    template_guard(Kind::ReplicationController),
    template_guard(Kind::Deployment),
    template_guard(Kind::StatefulSet),
    template_guard(Kind::DaemonSet),
    template_guard(Kind::ReplicaSet),
    template_guard(Kind::Job),
    template_guard(Kind::CronJob),
];
