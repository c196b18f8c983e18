//! Manifests of the command line.

use std::fmt::Write;

use crate::{
    core::facts::{Fact, Kind, VolumeBacking},
    decode::{DecodeError, Manifest, manifests, object},
};

fn read(text: &str) -> Vec<Manifest> {
    manifests("app.yaml", text, "default").unwrap()
}

fn error(text: &str) -> (usize, String) {
    match manifests("app.yaml", text, "default").unwrap_err() {
        DecodeError::Manifest { file, line, problem } => {
            assert_eq!(file, "app.yaml");
            assert!(!problem.contains('\n'), "one sentence: {problem}");
            (line, problem)
        }
        other => panic!("{other}"),
    }
}

#[test]
fn documents_are_told_apart_with_their_lines() {
    let found = read(
        "# a comment\n---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n---\n# nothing here\n---\n\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n",
    );
    let seen: Vec<_> = found.iter().map(|manifest| (manifest.line, manifest.kind, &*manifest.name)).collect();
    assert_eq!(seen, [(3, Some(Kind::Namespace), "shop"), (11, Some(Kind::Deployment), "web")]);
    assert_eq!((found[1].api_version.as_str(), found[1].namespace.as_deref()), ("apps/v1", Some("shop")));
    assert!(object(Kind::Deployment, &found[1].json).is_ok());
}

#[test]
fn an_empty_text_holds_nothing() {
    for text in ["", "\n", "# only a comment\n", "---\n---\n"] {
        assert_eq!(read(text), [], "{text:?}");
    }
}

#[test]
fn a_namespaced_object_without_namespace_goes_to_the_default() {
    let found = read("{apiVersion: v1, kind: Pod, metadata: {name: web}}");
    assert_eq!(found[0].namespace.as_deref(), Some("default"));
    assert_eq!(&*object(Kind::Pod, &found[0].json).unwrap().key().namespace.unwrap(), "default");
    let cluster = read("{apiVersion: v1, kind: Namespace, metadata: {name: web}}");
    assert_eq!(cluster[0].namespace, None);
}

#[test]
fn a_list_is_unfolded_and_its_items_keep_their_lines() {
    let found = read(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: b}\n",
    );
    let seen: Vec<_> = found.iter().map(|manifest| (manifest.line, &*manifest.name)).collect();
    assert_eq!(seen, [(4, "a"), (7, "b")]);
    assert_eq!(read("{apiVersion: v1, kind: List, items: null}"), []);
}

#[test]
fn items_of_a_typed_list_take_their_type_from_it() {
    let found =
        read("{apiVersion: apps/v1, kind: DeploymentList, items: [{metadata: {name: a, namespace: n}}]}");
    assert_eq!((found[0].kind, found[0].api_version.as_str()), (Some(Kind::Deployment), "apps/v1"));
}

#[test]
fn json_is_read_as_well() {
    let text = "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\",\n\t\"metadata\": {\"name\": \"web\\u002d1\", \"annotations\": {\"a/b\": \"caf\\u00e9 \\/ \\\"q\\\"\"}}\n}\n";
    let found = read(text);
    assert_eq!((found[0].kind, &*found[0].name, found[0].line), (Some(Kind::Pod), "web-1", 1));
}

#[test]
fn what_is_no_kubernetes_object_has_no_kind() {
    let found = read("replicaCount: 3\nimage:\n  tag: v1\n");
    assert_eq!((found[0].kind, found[0].kind_name.as_str(), &*found[0].name), (None, "", ""));
    let found = read("{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}");
    assert_eq!((found[0].kind, found[0].kind_name.as_str()), (None, "ConfigMap"));
    let found = read("{apiVersion: extensions/v1beta1, kind: Ingress, metadata: {name: old}}");
    assert_eq!(found[0].kind, None);
}

#[test]
fn a_key_that_stands_twice_is_an_error_with_its_line() {
    let (line, problem) = error("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  name: b\n");
    assert_eq!(line, 5);
    assert!(problem.contains("duplicate"), "{problem}");
}

#[test]
fn broken_yaml_is_an_error_with_its_line() {
    let (line, _) = error("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n");
    assert_eq!(line, 4);
    let (line, problem) = error("apiVersion: v1\n---\n- a\n- b\n");
    assert_eq!(line, 3);
    assert!(problem.contains("mapping"), "{problem}");
}

#[test]
fn numbers_and_switches_are_read_as_the_kubernetes_tools_read_them() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: n}\nspec:\n  hostNetwork: yes\n  securityContext: {runAsUser: 01000}\n  containers:\n  - {name: c, ports: [{hostPort: 0x50}], securityContext: {privileged: on}}\n";
    let Fact::Workload(pod) = object(Kind::Pod, &read(text)[0].json).unwrap() else { panic!() };
    assert!(pod.template.uses_host_network && pod.template.containers[0].security.is_privileged);
    assert_eq!(pod.template.security.run_as_user, Some(0o1000), "a leading zero means octal");
    assert_eq!(pod.template.containers[0].host_ports, [80]);
}

#[test]
fn anchors_and_merges_are_followed_and_bombs_are_not() {
    let text = "apiVersion: v1\nkind: PersistentVolume\nmetadata: &m {name: a}\nspec:\n  nfs: &n {server: s}\n  claimRef: {<<: *m, namespace: x}\n";
    let Fact::PersistentVolume(volume) = object(Kind::PersistentVolume, &read(text)[0].json).unwrap() else {
        panic!()
    };
    assert_eq!(volume.backing, VolumeBacking::Nfs);
    assert_eq!(volume.claim.unwrap().name, "a");
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let previous = format!("*a{}", level - 1);
        writeln!(bomb, "a{level}: &a{level} [{}]", vec![previous; 10].join(",")).unwrap();
    }
    let _ = error(&bomb);
}

#[test]
fn a_long_comment_is_no_trouble() {
    let text = format!(
        "{}apiVersion: v1\nkind: Namespace\nmetadata:\n{}  name: shop\n",
        "# x\n".repeat(500),
        "  # y\n".repeat(500)
    );
    assert_eq!(&*read(&text)[0].name, "shop");
}

#[test]
fn many_documents_are_read() {
    let text = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n".repeat(1_000);
    assert_eq!(read(&text).len(), 1_000);
}
