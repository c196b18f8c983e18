//! Equal things are kept once.

use std::{ptr, sync::Arc};

use serde_json::{Value, json};

use super::decode;
use crate::core::facts::{Fact, Kind, Workload};

fn pod(name: &str, image: &str) -> Workload {
    let object: Value = json!({
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": "web", "pod-template-hash": "7c9"}},
        "spec": {"containers": [{"name": "c", "image": image}], "volumes": [
            {"name": format!("kube-api-access-{name}"), "projected": {"sources": []}},
        ]},
    });
    match decode(Kind::Pod, &object) {
        Fact::Workload(workload) => workload,
        other => panic!("{other:?}"),
    }
}

#[test]
fn pods_of_one_template_share_it_with_its_labels_images_and_namespace() {
    let (one, two) =
        (pod("web-1", "registry.example.test/web:1"), pod("web-2", "registry.example.test/web:1"));
    assert!(Arc::ptr_eq(&one.template, &two.template));
    assert!(ptr::eq(one.labels.as_map(), two.labels.as_map()));
    assert!(ptr::eq(one.namespace.as_str(), two.namespace.as_str()));
}

#[test]
fn what_differs_is_not_shared() {
    let (one, two) =
        (pod("web-1", "registry.example.test/web:1"), pod("web-2", "registry.example.test/web:2"));
    assert_ne!(one.template, two.template);
    assert!(ptr::eq(one.labels.as_map(), two.labels.as_map()));
}

#[test]
fn the_table_forgets_when_it_is_full_and_stays_right() {
    let first = pod("web", "registry.example.test/web:0");
    for index in 0..20_000 {
        let image = format!("registry.example.test/web:{index}");
        assert_eq!(pod("web", &image).template.containers[0].image, image.as_str());
    }
    let again = pod("web", "registry.example.test/web:0");
    assert_eq!(first, again);
    assert!(!Arc::ptr_eq(&first.template, &again.template), "the old one is forgotten");
}
