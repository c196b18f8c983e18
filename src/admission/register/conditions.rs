//! The conditions that keep requests away from an entry, in CEL.
//!
//! CEL here has no namespace, so nothing can be asked about a namespace's labels but of Namespace objects
//! themselves. Fields that may be missing are read as optionals: an expression that fails refuses the request.

use super::{MatchCondition, Premises, rules::Sight, rules::Target};
use crate::{api::keys, core::facts::Kind};

/// Groups whose definitions are guarded: deleting a definition deletes its objects without asking anybody.
const DEFINITION_SUFFIXES: [&str; 2] = [".surety.dev", ".velero.io"];
/// The request's user.
const USER: &str = "request.userInfo.?username.orValue('')";
/// The object whatever the operation, the old one where there is one.
const ANY_OBJECT: &str = "(oldObject != null ? oldObject : object)";

/// Conditions of an entry for people.
pub(super) fn for_people(premises: &Premises, sight: &Sight) -> Vec<MatchCondition> {
    let mut conditions = vec![
        MatchCondition { name: "not-system", expression: format!("!({})", is_left_to_system(premises)) },
        not_surety(premises),
    ];
    conditions.extend(for_all(premises, sight, true));
    conditions
}

/// Conditions of the entry for controllers, nodes, engines and drivers: it sees exactly what the others leave to it.
pub(super) fn for_system(premises: &Premises, sight: &Sight) -> Vec<MatchCondition> {
    let mut conditions = vec![MatchCondition { name: "system", expression: is_left_to_system(premises) }];
    conditions.extend(for_all(premises, sight, false));
    conditions
}

fn for_all(premises: &Premises, sight: &Sight, status_counts: bool) -> Vec<MatchCondition> {
    let sees = |kind| sight.contains(&Target::of(kind));
    let mut conditions = vec![not_cascading(premises), changed(premises, status_counts)];
    if sees(Kind::Namespace) {
        conditions.push(claimed_namespaces());
    }
    if sees(Kind::Definition) {
        conditions.push(guarded_definitions());
    }
    if sight.contains(&Target::secrets()) {
        conditions.push(repository_secrets(&premises.repository_secrets));
    }
    conditions
}

/// Surety itself is not system, wherever it runs: its dry runs go to the entries for people.
fn is_left_to_system(premises: &Premises) -> String {
    let users = premises.control_plane.users.iter().chain(&premises.component_users);
    format!(
        "{USER} != {} && ({USER} in {} || request.userInfo.?groups.orValue([]).exists(group, group in {})) && {}",
        quoted(&premises.own_user),
        list(users),
        list(&premises.control_plane.groups),
        // The engine's own request to delete a backup is refused while Surety is away: it is only made again.
        "!(request.operation == 'CREATE' && request.resource.resource == 'deletebackuprequests')",
    )
}

fn not_surety(premises: &Premises) -> MatchCondition {
    let own = quoted(&premises.own_user);
    MatchCondition {
        name: "not-surety",
        expression: format!("{USER} != {own} || request.?dryRun.orValue(false)"),
    }
}

fn not_cascading(premises: &Premises) -> MatchCondition {
    let users = list(&premises.control_plane.cascading_users);
    MatchCondition {
        name: "not-cascading",
        expression: format!("request.operation != 'DELETE' || !({USER} in {users})"),
    }
}

/// An update counts when it changes content (any field of the object but metadata and status) or guarded metadata.
fn changed(premises: &Premises, status_counts: bool) -> MatchCondition {
    let guarded = &premises.guarded_keys;
    // Whose a namespace is, and which policies reach a tenant, hangs on labels whatever controls declare.
    let labels = guarded.labels.iter().map(String::as_str).chain([keys::TENANT]);
    let by_any_label = guarded.kinds_by_any_label.iter().chain([&Kind::Tenant]);
    let content = "!(field in ['apiVersion', 'kind', 'metadata', 'status'])";
    let mut parts = vec![
        "request.operation != 'UPDATE'".to_owned(),
        is_all_content(),
        format!("object.exists(field, {content} && object[?field] != oldObject[?field])"),
        format!("oldObject.exists(field, {content} && !(field in object))"),
        differ("metadata.?ownerReferences"),
        format!("{}.exists(key, {})", list(labels), differ("metadata.?labels[?key]")),
        format!("{}.exists(key, {})", list(&guarded.annotations), differ("metadata.?annotations[?key]")),
        format!("({} && {})", is_one_of(by_any_label), differ("metadata.?labels")),
    ];
    if status_counts && !guarded.kinds_by_status.is_empty() {
        parts.push(format!("({} && {})", is_one_of(guarded.kinds_by_status.iter()), differ("?status")));
    }
    MatchCondition { name: "changed", expression: parts.join(" || ") }
}

/// Subresources that hold content. Through the others metadata comes in, which is compared as it is elsewhere; a report
/// alone is nothing but status.
fn is_all_content() -> String {
    format!(
        "!(request.?subResource.orValue('') in {}) || ({} && request.?subResource.orValue('') != '')",
        list(["", "finalize", "status"]),
        is_one_of([Kind::ComplianceReport].iter()),
    )
}

fn differ(path: &str) -> String {
    format!("object.{path} != oldObject.{path}")
}

/// Both objects are asked: a request that takes the label away carries it in the old one only.
fn claimed_namespaces() -> MatchCondition {
    let carries = |object: &str| {
        format!("({object} != null && {object}.metadata.?labels[?'{}'].hasValue())", keys::TENANT)
    };
    MatchCondition {
        name: "claimed-namespaces",
        expression: format!(
            "{} || {} || {}",
            is_other_than(Kind::Namespace),
            carries("object"),
            carries("oldObject")
        ),
    }
}

fn guarded_definitions() -> MatchCondition {
    MatchCondition {
        name: "guarded-definitions",
        expression: format!(
            "{} || {}.exists(suffix, {ANY_OBJECT}.metadata.name.endsWith(suffix))",
            is_other_than(Kind::Definition),
            list(DEFINITION_SUFFIXES),
        ),
    }
}

fn repository_secrets(names: &[String]) -> MatchCondition {
    MatchCondition {
        name: "repository-secrets",
        expression: format!(
            "request.resource.resource != 'secrets' || {ANY_OBJECT}.metadata.name in {}",
            list(names)
        ),
    }
}

fn is_other_than(kind: Kind) -> String {
    let resource = kind.resource();
    format!(
        "request.resource.group != '{}' || request.resource.resource != '{}'",
        resource.group, resource.plural
    )
}

fn is_one_of<'a>(kinds: impl Iterator<Item = &'a Kind>) -> String {
    format!("request.resource.resource in {}", list(kinds.map(|kind| kind.resource().plural)))
}

/// A CEL list, sorted and without repetitions.
fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let mut quoted_texts: Vec<_> = texts.into_iter().map(|text| quoted(text.as_ref())).collect();
    quoted_texts.sort();
    quoted_texts.dedup();
    format!("[{}]", quoted_texts.join(", "))
}

/// A CEL string. Names come from an operator's flags, but a quote in one must not become an expression.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}
