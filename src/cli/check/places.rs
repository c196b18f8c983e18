//! Where objects and their fields stand in the files that were given.

use std::collections::BTreeMap;

use crate::{
    cli::input::Text,
    core::{
        facts::{Kind, ObjectKey},
        subject::SubjectKey,
    },
    decode::FieldLines,
    report::check::Place,
};

/// The places of objects, and of fields where they are asked for.
pub(super) struct Places<'t> {
    of_objects: BTreeMap<ObjectKey, Place>,
    texts: BTreeMap<&'t str, &'t str>,
    lines: BTreeMap<String, FieldLines>,
}

impl<'t> Places<'t> {
    /// Of objects that stand in these texts.
    pub(super) fn new(of_objects: BTreeMap<ObjectKey, Place>, texts: &'t [Text]) -> Self {
        let texts = texts.iter().map(|text| (text.name.as_str(), text.content.as_str())).collect();
        Self { of_objects, texts, lines: BTreeMap::new() }
    }

    /// Where a subject begins; a commitment where its profile does.
    pub(super) fn of_subject(&self, subject: &SubjectKey) -> Option<Place> {
        self.of_objects.get(&object_of(subject)).cloned()
    }

    /// Where a field stands, or the innermost part of its path that is there. A path such as
    /// `networkpolicies[name=open].spec` leads to another object.
    pub(super) fn of_field(&mut self, subject: &SubjectKey, field: &str) -> Option<Place> {
        let (object, path) = match (self.other_object(subject, field), subject) {
            (Some(other), _) => other,
            (None, SubjectKey::Object(key)) => (key.clone(), field.to_owned()),
            (None, SubjectKey::Commitment { id, .. }) => {
                (object_of(subject), format!("spec.commitments[id={id}].{field}"))
            }
        };
        let place = self.of_objects.get(&object)?.clone();
        let line = self.lines_of(&place.file).line_of(place.line, &path).unwrap_or(place.line);
        Some(Place { line, ..place })
    }

    /// The object that a path names at its beginning, where it is in the files, and the rest of the path.
    fn other_object(&self, subject: &SubjectKey, field: &str) -> Option<(ObjectKey, String)> {
        let (plural, rest) = field.split_once("[name=")?;
        let (name, rest) = rest.split_once(']')?;
        let kind = Kind::ALL.iter().copied().find(|kind| kind.resource().plural == plural)?;
        let namespace = subject.namespace().filter(|_| kind.resource().is_namespaced).cloned();
        let key = ObjectKey { kind, namespace, name: name.into() };
        let path = rest.strip_prefix('.').unwrap_or(rest).to_owned();
        self.of_objects.contains_key(&key).then_some((key, path))
    }

    fn lines_of(&mut self, file: &str) -> &FieldLines {
        let texts = &self.texts;
        self.lines
            .entry(file.to_owned())
            .or_insert_with(|| texts.get(file).map(|text| FieldLines::of(text)).unwrap_or_default())
    }
}

fn object_of(subject: &SubjectKey) -> ObjectKey {
    match subject {
        SubjectKey::Object(key) => key.clone(),
        SubjectKey::Commitment { profile, .. } => ObjectKey::cluster(Kind::Profile, profile.clone()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    const TEXT: &str = "\
apiVersion: v1
kind: Namespace
metadata:
  name: a
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open, namespace: a}
spec:
  ingress: [{}]
---
apiVersion: surety.dev/v1alpha1
kind: Profile
metadata: {name: ours}
spec:
  commitments:
    - id: A-1
    - id: A-2
";

    #[test]
    fn a_field_stands_in_the_object_that_its_path_names() {
        let place = |line| Place { file: "a.yaml".to_owned(), line };
        let namespace = ObjectKey::cluster(Kind::Namespace, "a");
        let commitment = SubjectKey::Commitment { profile: "ours".into(), id: "A-2".into() };
        let of_objects = BTreeMap::from([
            (namespace.clone(), place(1)),
            (ObjectKey::namespaced(Kind::NetworkPolicy, "a", "open"), place(6)),
            (ObjectKey::cluster(Kind::Profile, "ours"), place(12)),
        ]);
        let text = Text { name: "a.yaml".to_owned(), content: TEXT.to_owned() };
        let texts = [text];
        let mut places = Places::new(of_objects, &texts);
        let namespace = SubjectKey::from(namespace);
        for (subject, field, line) in [
            (&namespace, "metadata.name", 4),
            (&namespace, "networkpolicies[name=open].spec.ingress", 10),
            (&namespace, "networkpolicies[name=gone].spec.ingress", 1),
            (&commitment, "", 18),
            (&commitment, "attestations[name=gone].spec.until", 18),
        ] {
            assert_eq!(places.of_field(subject, field).unwrap().line, line, "{subject} {field}");
        }
        assert_eq!(places.of_subject(&commitment).unwrap().line, 12);
        assert_eq!(places.of_field(&ObjectKey::cluster(Kind::Tenant, "x").into(), "spec"), None);
    }
}
