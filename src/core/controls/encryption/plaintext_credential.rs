//! `encryption.plaintext-credential`: no credential stands in plain text in a pod template.
//!
//! Literals are found while decoding; of each only the place and the name of the detector are kept, never the value.

use crate::{
    api::{EncryptionPolicySpec, Severity},
    core::{
        context::Context,
        control::{Control, no_transition},
        controls::WORKLOAD_GUARDS,
        effective::Effective,
        facts::{Container, CredentialLiteral, Fact, Kind, Name, Sources, Unknown, Workload},
        parameters::Parameters,
        subject::{Subject, SubjectClass},
        verdict::{Issue, Problem, Verdict},
    },
};

/// The control.
pub static CONTROL: Control = Control {
    id: "encryption.plaintext-credential",
    title: "No credential stands in plain text in a manifest",
    why: "Whoever may read a manifest, its history or its backup has the credential too.",
    remediation: "Put the value into a Secret, refer to it with `secretKeyRef`, and change the credential: it has been \
                  readable.",
    severity: Severity::High,
    subjects: &[SubjectClass::Workload],
    reads: Sources::NONE,
    guards: &WORKLOAD_GUARDS,
    evaluate,
    demanded: Effective::plaintext_credentials,
    upheld_by: Some(Kind::EncryptionPolicy),
    weaker,
    transition: no_transition,
};

/// The names of all detectors.
pub const DETECTORS: [&str; 6] =
    ["cloud-key", "token", "private-key", "url-password", "password", CARD_NUMBER];

/// Not looked for unless it is named: digits that pass its check are common.
const CARD_NUMBER: &str = "card-number";

/// Words that stand for every detector but [`CARD_NUMBER`], as does an empty list.
const DEFAULTS: [&str; 2] = ["default", "all but card-number"];

/// The names that are no detector's, of a promise's parameters or a policy's list: nothing would ever be found by them.
pub fn unknown_detectors<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    names.into_iter().filter(|name| !DETECTORS.contains(name) && !DEFAULTS.contains(name)).collect()
}

/// Whether a list of detectors asks for what `detector` finds. A password within a URL is a password too.
fn asks_for(list: &[Name], detector: &str) -> bool {
    let asks_for_defaults = list.is_empty() || list.iter().any(|name| DEFAULTS.contains(&name.as_str()));
    let is_named = |wanted: &str| list.iter().any(|name| *name == wanted);
    is_named(detector)
        || (detector == "url-password" && is_named("password"))
        || (asks_for_defaults && detector != CARD_NUMBER)
}

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    let Subject::Workload(workload) = subject else { return Verdict::not_applicable("no pod template") };
    let detectors = context.parameters().list("detectors");
    let is_wanted = |literal: &&CredentialLiteral| asks_for(detectors, literal.detector);
    let template = &workload.template;
    let in_containers = template.containers.iter().flat_map(|container| {
        let literals = container.credentials.iter().filter(is_wanted);
        literals.map(|literal| in_container(workload, container, literal))
    });
    let in_metadata = template.credentials.iter().filter(is_wanted);
    let in_metadata = in_metadata.map(|literal| issue(workload.pod_metadata_path(), literal));
    let not_built = unknown_detectors(detectors.iter().map(Name::as_str)).into_iter().map(not_built);
    let issues: Vec<Issue> = in_containers.chain(in_metadata).chain(not_built).collect();
    if issues.is_empty() {
        return Verdict::pass("no literal credential").reading("none", workload.pod_spec_path());
    }
    Verdict::from_issues(issues)
}

fn in_container(workload: &Workload, container: &Container, literal: &CredentialLiteral) -> Issue {
    let list = container.role.field();
    let path = format!("{}.{list}[name={}]", workload.pod_spec_path(), container.name);
    issue(&path, literal).in_container(&container.name)
}

fn issue(path: &str, literal: &CredentialLiteral) -> Issue {
    let found = format!("a literal of kind {}", literal.detector);
    Issue::fail(format!("{path}.{}", literal.field), found, "a reference to a Secret", fix_for(literal))
}

/// A detector that does not exist finds nothing, which proves nothing.
fn not_built(detector: &str) -> Issue {
    let found = format!("there is no detector `{detector}`");
    let fix = format!("correct the list of detectors: {}", DETECTORS.join(", "));
    let why = Problem::Unknown(Unknown::Undecidable(found.clone()));
    Issue::fail("", found, "a detector of this version", fix).with_problem(why)
}

/// The lines that take the literal's place.
fn fix_for(literal: &CredentialLiteral) -> String {
    if literal.detector == CARD_NUMBER {
        return "remove it: card numbers do not belong into manifests".to_owned();
    }
    match variable_of(&literal.field) {
        Some(variable) => format!(
            "- {{name: {variable}, valueFrom: {{secretKeyRef: {{name: <Secret>, key: {variable}}}}}}}"
        ),
        None if literal.field.starts_with("annotations") => {
            "remove the annotation, and let the program read the value from a Secret".to_owned()
        }
        None => {
            "write $(NAME) here, and add to env: - {name: NAME, valueFrom: {secretKeyRef: {name: <Secret>, \
                 key: <key>}}}"
                .to_owned()
        }
    }
}

/// The variable's name in `env[name=X].value`.
fn variable_of(field: &str) -> Option<&str> {
    field.strip_prefix("env[name=")?.split_once(']').map(|(variable, _)| variable)
}

/// A policy is weaker where its list leaves out a detector that the promise names. An empty list inherits.
fn weaker(policy: &Fact, promised: &Parameters) -> Vec<Issue> {
    let Fact::EncryptionPolicy(policy) = policy else { return Vec::new() };
    let listed = detectors_of(&policy.spec);
    if listed.is_empty() {
        return Vec::new();
    }
    let promised = promised.list("detectors");
    let missing = DETECTORS.into_iter().filter(|name| asks_for(promised, name) && !asks_for(&listed, name));
    let issue = |name: &str| {
        Issue::fail(
            "spec.credentials.detectors",
            "not listed",
            format!("`{name}`, as promised"),
            format!("add `{name}`"),
        )
    };
    missing.map(issue).collect()
}

fn detectors_of(spec: &EncryptionPolicySpec) -> Vec<Name> {
    spec.credentials.iter().flat_map(|rule| rule.detectors.iter().map(Name::from)).collect()
}

#[cfg(test)]
mod tests;
