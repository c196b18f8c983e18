//! How long data is kept, and its end.

use super::model::{
    Area, Package, ParameterSpec, ParameterType,
    ParameterType::{Bool, Enumeration, EnumerationList, Span, Text, TextList},
    PlannedControl,
    Strength::{Detect, Prevent, Repair},
};

/// What ends the life of data.
const ACTIONS: ParameterType = EnumerationList(&["Delete", "Anonymize", "Archive"]);

pub(super) const CONTROLS: &[PlannedControl] = &[
    PlannedControl {
        id: "retention.class-declared",
        title: "every volume and namespace has a known, permitted data class",
        area: Area::Retention,
        package: Package::Main,
        completed_in: Package::Main,
        own_parameters: &[
            ParameterSpec::optional("required", Bool, "true"),
            ParameterSpec::optional("forbidden", TextList, "[]"),
        ],
        one_of: &[],
        offers: &[Prevent, Detect],
    },
    PlannedControl {
        id: "retention.kept",
        title: "data is not deleted before its time",
        area: Area::Retention,
        package: Package::Main,
        completed_in: Package::TenantLife,
        own_parameters: &[
            ParameterSpec::optional("dataClass", Text, "all"),
            ParameterSpec::optional("atLeast", Span, "none"),
            ParameterSpec::optional("afterTermination", Span, "none"),
            ParameterSpec::optional("whileActive", Bool, "false"),
            ParameterSpec::optional("countFrom", Enumeration(&["Created", "LastUse"]), "Created"),
        ],
        one_of: &["atLeast", "afterTermination", "whileActive"],
        offers: &[Prevent, Repair, Detect],
    },
    PlannedControl {
        id: "retention.expired",
        title: "artefacts are deleted when their time is over",
        area: Area::Retention,
        package: Package::TenantLife,
        completed_in: Package::TenantLife,
        own_parameters: &[
            ParameterSpec::optional("dataClass", Text, "all"),
            ParameterSpec::required("atMost", Span),
            ParameterSpec::optional("allowance", Span, "a tenth of atMost, between 1d and 7d"),
        ],
        one_of: &[],
        offers: &[Prevent, Repair, Detect],
    },
    PlannedControl {
        id: "retention.purged",
        title: "records that are due leave databases and log stores",
        area: Area::Retention,
        package: Package::TenantLife,
        completed_in: Package::TenantLife,
        own_parameters: &[
            ParameterSpec::optional("dataClass", Text, "all"),
            ParameterSpec::optional("atMost", Span, "the policy's"),
            ParameterSpec::optional("every", Span, "1d"),
            ParameterSpec::optional("onDisconnect", Bool, "false"),
            ParameterSpec::optional("actions", ACTIONS, "[Delete]"),
        ],
        one_of: &[],
        offers: &[Repair, Detect],
    },
    PlannedControl {
        id: "retention.after-termination",
        title: "data is gone in time after the end of the contract",
        area: Area::Retention,
        package: Package::TenantLife,
        completed_in: Package::TenantLife,
        own_parameters: &[
            ParameterSpec::required("eraseWithin", Span),
            ParameterSpec::optional("dataClass", Text, "all"),
            ParameterSpec::optional("actions", ACTIONS, "[Delete]"),
            ParameterSpec::optional("includeBackups", Bool, "true"),
            ParameterSpec::optional("exceptions", EnumerationList(&["legal-hold"]), "[legal-hold]"),
        ],
        one_of: &[],
        offers: &[Prevent, Repair, Detect],
    },
    PlannedControl {
        id: "retention.legal-hold",
        title: "nothing in the scope of a hold is deleted",
        area: Area::Retention,
        package: Package::TenantLife,
        completed_in: Package::TenantLife,
        own_parameters: &[
            ParameterSpec::optional("reviewEvery", Span, "6mo"),
            ParameterSpec::optional("archive", Bool, "false"),
        ],
        one_of: &[],
        offers: &[Prevent, Repair, Detect],
    },
];
