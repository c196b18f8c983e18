//! Lines of fields.

use crate::decode::{FieldLines, manifests};

/// The text of the line that a field of the object with this number leads to.
fn found<'t>(text: &'t str, object: usize, field: &str) -> &'t str {
    let line = manifests("app.yaml", text, "default").unwrap()[object].line;
    let at = FieldLines::of(text).line_of(line, field).unwrap();
    text.lines().nth(at - 1).unwrap().trim()
}

const POD: &str = "\
# first
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels:
    surety.dev/tenant: acme
spec:
  hostPID:
    true
  initContainers:
    - name: web
      image: other
  containers:
    - image: side
      name: side
    - image: main
      name: web
      command: [run, \"--verbose\",
        --password=x]
      ports:
        - containerPort: 80
          hostPort: 80
        - {containerPort: 81, hostPort: 81}
      securityContext:
        capabilities:
          add:
            - NET_RAW
            - SYS_ADMIN
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
";

#[test]
fn a_field_path_leads_to_the_line_of_its_key() {
    for (field, line) in [
        ("", "apiVersion: v1"),
        ("spec.hostPID", "hostPID:"),
        ("metadata.labels[surety.dev/tenant]", "surety.dev/tenant: acme"),
        ("spec.containers[name=web].image", "- image: main"),
        ("spec.containers[name=web]", "name: web"),
        ("spec.containers[name=web].command[2]", "--password=x]"),
        ("spec.containers[name=web].ports[hostPort=80]", "hostPort: 80"),
        ("spec.containers[name=web].ports[hostPort=81]", "- {containerPort: 81, hostPort: 81}"),
        ("spec.containers[name=web].securityContext.capabilities.add[SYS_ADMIN]", "- SYS_ADMIN"),
    ] {
        assert_eq!(found(POD, 0, field), line, "{field}");
    }
}

#[test]
fn what_is_not_there_is_looked_for_where_it_would_stand() {
    for (field, line) in [
        ("spec.securityContext.runAsNonRoot", "spec:"),
        ("metadata.labels[pod-security.kubernetes.io/enforce]", "labels:"),
        ("spec.containers[name=web].securityContext.seccompProfile.type", "securityContext:"),
        ("spec.containers[name=gone].image", "containers:"),
        ("networkpolicies", "apiVersion: v1"),
    ] {
        assert_eq!(found(POD, 0, field), line, "{field}");
    }
    assert_eq!(found(POD, 1, "metadata.name"), "metadata: {name: shop}");
}

#[test]
fn items_of_a_list_and_json_have_lines_too() {
    let list = "kind: List\nitems:\n- kind: Pod\n  spec:\n    hostPID: true\n- kind: Pod\n  spec:\n    hostIPC: true\n";
    assert_eq!(found(list, 1, "spec.hostIPC"), "hostIPC: true");
    let json = "{\n  \"kind\": \"Pod\",\n  \"spec\": {\n    \"hostPID\": true,\n    \"volumes\": [\n      {\"name\": \"a\"}\n    ]\n  }\n}\n";
    assert_eq!(found(json, 0, "spec.hostPID"), "\"hostPID\": true,");
    assert_eq!(found(json, 0, "spec.volumes[name=a].hostPath"), "{\"name\": \"a\"}");
}

#[test]
fn an_alias_stands_where_it_is_used() {
    let text = "kind: Pod\nspec:\n  a: &a {x: 1}\n  b: *a\n  c:\n    <<: *a\n";
    assert_eq!(found(text, 0, "spec.b"), "b: *a");
    assert_eq!(found(text, 0, "spec.c.x"), "<<: *a");
}

#[test]
fn brackets_within_a_value_do_not_end_it() {
    let text = "kind: Ingress\nspec:\n  rules:\n  - host: a[0].b\n";
    assert_eq!(found(text, 0, "spec.rules[host=a[0].b]"), "- host: a[0].b");
}

#[test]
fn a_text_that_cannot_be_read_has_no_lines() {
    assert_eq!(FieldLines::of("a: [").line_of(1, "a"), None);
}
