//! Names of files as relative URI references (RFC 3986), as viewers of SARIF want them.

use std::fmt::Write as _;

use crate::core::subject::SubjectKey;

/// The reference of a file as it was named: `./a b.yaml` is `a%20b.yaml`. What has no file, as `<stdin>`, keeps its name
/// without the brackets. No colon is ever in it, which would begin a scheme.
pub(super) fn of_file(name: &str) -> String {
    let name = name.strip_prefix('<').and_then(|name| name.strip_suffix('>')).unwrap_or(name);
    let mut name = name;
    while let Some(rest) = name.strip_prefix("./") {
        name = rest.trim_start_matches('/');
    }
    escaped(name)
}

/// The reference of an object that no file holds.
pub(super) fn of_object(subject: &SubjectKey) -> String {
    let namespace = match subject {
        SubjectKey::Object(key) => key.namespace.as_ref().map(|namespace| format!("{namespace}/")),
        SubjectKey::Commitment { .. } => None,
    };
    let namespace = namespace.unwrap_or_default();
    escaped(&format!("cluster/{namespace}{}/{}.yaml", subject.kind_name(), subject.name()))
}

fn escaped(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::facts::{Kind, ObjectKey};

    #[test]
    fn a_file_is_named_relatively_without_colons_and_blanks() {
        for (name, uri) in [
            ("manifests/db.yaml", "manifests/db.yaml"),
            ("./a/b.yaml", "a/b.yaml"),
            (".//./b.yaml", "b.yaml"),
            ("../b.yaml", "../b.yaml"),
            ("a b:c%.yaml", "a%20b%3Ac%25.yaml"),
            ("ä.yaml", "%C3%A4.yaml"),
            ("<stdin>", "stdin"),
            ("<processor-baseline>", "processor-baseline"),
        ] {
            assert_eq!(of_file(name), uri, "{name}");
        }
    }

    #[test]
    fn an_object_without_a_file_has_a_name_all_the_same() {
        let claim = ObjectKey::namespaced(Kind::PersistentVolumeClaim, "acme-db", "data");
        assert_eq!(of_object(&claim.into()), "cluster/acme-db/PersistentVolumeClaim/data.yaml");
        let tenant = ObjectKey::cluster(Kind::Tenant, "(all namespaces)");
        assert_eq!(of_object(&tenant.into()), "cluster/Tenant/%28all%20namespaces%29.yaml");
        let commitment = SubjectKey::Commitment { profile: "ours".into(), id: "A-1".into() };
        assert_eq!(of_object(&commitment), "cluster/Commitment/ours/A-1.yaml");
    }
}
