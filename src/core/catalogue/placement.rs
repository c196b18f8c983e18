//! Where data and programs are.

use super::model::{
    Area, Package, ParameterSpec,
    ParameterType::{Bool, Enumeration, Integer, TextList},
    PlannedControl,
    Strength::{Detect, Prevent},
};

pub(super) const CONTROLS: &[PlannedControl] = &[
    PlannedControl {
        id: "placement.workload-region",
        title: "programs run in promised regions only",
        area: Area::Placement,
        package: Package::TenantLife,
        completed_in: Package::TenantLife,
        own_parameters: &[ParameterSpec::required("regions", TextList)],
        one_of: &[],
        offers: &[Prevent, Detect],
    },
    PlannedControl {
        id: "placement.volume-region",
        title: "volumes lie in promised regions only",
        area: Area::Placement,
        package: Package::TenantLife,
        completed_in: Package::TenantLife,
        own_parameters: &[ParameterSpec::required("regions", TextList)],
        one_of: &[],
        offers: &[Prevent, Detect],
    },
    PlannedControl {
        id: "placement.backup-region",
        title: "backups lie in promised regions only",
        area: Area::Placement,
        package: Package::TenantLife,
        completed_in: Package::TenantLife,
        own_parameters: &[ParameterSpec::required("regions", TextList)],
        one_of: &[],
        offers: &[Prevent, Detect],
    },
    PlannedControl {
        id: "placement.zone-spread",
        title: "losing one availability zone loses neither data nor service",
        area: Area::Placement,
        package: Package::TenantLife,
        completed_in: Package::TenantLife,
        own_parameters: &[
            ParameterSpec::optional("zones", Integer, "2"),
            ParameterSpec::required("of", Enumeration(&["volumes", "workloads"])),
        ],
        one_of: &[],
        offers: &[Prevent, Detect],
    },
    PlannedControl {
        id: "placement.environment-separation",
        title: "environments do not reach into each other",
        area: Area::Placement,
        package: Package::TenantLife,
        completed_in: Package::TenantLife,
        own_parameters: &[ParameterSpec::optional("separateNodes", Bool, "false")],
        one_of: &[],
        offers: &[Prevent, Detect],
    },
    PlannedControl {
        id: "placement.transfer-safeguard",
        title: "transfers abroad rest on a named safeguard",
        area: Area::Placement,
        package: Package::TenantLife,
        completed_in: Package::TenantLife,
        own_parameters: &[
            ParameterSpec::required("mechanisms", TextList),
            ParameterSpec::optional("regions", TextList, "the policy's"),
        ],
        one_of: &[],
        offers: &[Prevent, Detect],
    },
];
