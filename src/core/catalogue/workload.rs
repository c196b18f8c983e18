//! Images, nodes and monitoring.

use super::model::{
    Area, Package, ParameterSpec,
    ParameterType::{Integer, Span, TextList},
    PlannedControl,
    Strength::{Detect, Prevent},
};

pub(super) const CONTROLS: &[PlannedControl] = &[
    PlannedControl {
        id: "workload.image-pinned",
        title: "images are pinned by digest",
        area: Area::Workload,
        package: Package::Later,
        completed_in: Package::Later,
        own_parameters: &[],
        one_of: &[],
        offers: &[Prevent, Detect],
    },
    PlannedControl {
        id: "workload.image-source",
        title: "images come from known registries",
        area: Area::Workload,
        package: Package::Later,
        completed_in: Package::Later,
        own_parameters: &[ParameterSpec::optional("registries", TextList, "none known")],
        one_of: &[],
        offers: &[Prevent, Detect],
    },
    PlannedControl {
        id: "workload.image-age",
        title: "images are built recently",
        area: Area::Workload,
        package: Package::Later,
        completed_in: Package::Later,
        own_parameters: &[ParameterSpec::required("maxAge", Span)],
        one_of: &[],
        offers: &[Prevent, Detect],
    },
    PlannedControl {
        id: "workload.image-vulnerabilities",
        title: "known vulnerabilities are fixed in time",
        area: Area::Workload,
        package: Package::Later,
        completed_in: Package::Later,
        own_parameters: &[
            ParameterSpec::optional("maxCritical", Integer, "0"),
            ParameterSpec::optional("fixWithin", Span, "30d"),
            ParameterSpec::optional("freshness", Span, "7d"),
        ],
        one_of: &[],
        offers: &[Prevent, Detect],
    },
    PlannedControl {
        id: "workload.node-current",
        title: "nodes are young and near the version of the API server",
        area: Area::Workload,
        package: Package::Later,
        completed_in: Package::Later,
        own_parameters: &[
            ParameterSpec::optional("maxAge", Span, "30d"),
            ParameterSpec::optional("maxMinorLag", Integer, "1"),
        ],
        one_of: &[],
        offers: &[Detect],
    },
    PlannedControl {
        id: "workload.monitored",
        title: "every workload is scraped, probed and under an alert rule",
        area: Area::Workload,
        package: Package::TenantLife,
        completed_in: Package::TenantLife,
        own_parameters: &[],
        one_of: &[],
        offers: &[Detect],
    },
];
