//! What is asked of a tenant, as JSON. Field names are stable.

use serde_json::{Map, Value, json};

use super::{
    ClassRow, FigureRow, PolicyRow, classes, enforcement_of, figures, not_evaluated, policies, reaching,
};
use crate::{core::plan::Plan, report::words};

/// Every field is always there; an absent value is `null`.
pub fn json(plan: &Plan) -> Value {
    json!({
        "tenant": plan.tenant.name.as_str(),
        "enforcement": words::enforcement(plan.tenant.spec.enforcement),
        "reaching": reaching(plan).into_iter().map(|(kind, names)| (kind.to_owned(), names.into())).collect::<Map<_, _>>(),
        "policies": policies(&plan.effective).iter().map(policy).collect::<Value>(),
        "figures": figures(plan).iter().map(figure).collect::<Value>(),
        "classes": classes(&plan.effective).iter().map(class).collect::<Value>(),
        "conflicts": plan.conflicts.iter().map(|conflict| {
            let policies: Vec<String> = conflict.policies.iter().map(ToString::to_string).collect();
            json!({"policies": policies, "message": conflict.message})
        }).collect::<Value>(),
        "notEvaluated": not_evaluated(plan).into_iter().map(|(control, commitment, why)| {
            json!({"control": control, "commitment": commitment, "why": why})
        }).collect::<Value>(),
    })
}

fn figure(row: &FigureRow) -> Value {
    json!({
        "control": row.control,
        "figure": row.figure.as_ref().map(|(name, _)| name),
        "value": row.figure.as_ref().map(|(_, value)| value),
        "sources": row.sources,
        "demandedBy": row.demanded_by,
        "enforcement": enforcement_of(row),
    })
}

fn class(row: &ClassRow) -> Value {
    json!({"class": row.class, "rule": row.rule, "value": row.value, "source": row.source})
}

fn policy(row: &PolicyRow) -> Value {
    json!({
        "kind": row.kind,
        "name": row.name,
        "enforcement": row.enforcement,
        "onUnknown": row.on_unknown,
        "denyExistingFrom": row.deny_existing_from,
    })
}
