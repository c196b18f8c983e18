//! What is said of an object that cannot be read.

use serde_json::{Value, json};

use super::{bytes, error};
use crate::{
    core::facts::Kind,
    decode::{meta_only, object},
};

#[test]
fn an_error_names_object_field_found_and_expected() {
    let pod = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"containers": [
        {"name": "a"}, {"name": "b", "ports": [{"hostPort": "eighty"}]},
    ]}});
    let error = error(Kind::Pod, &pod);
    for part in
        ["Pod shop/web", "`spec.containers[1].ports[0].hostPort`", "string \"eighty\"", "expected i32"]
    {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn an_error_is_the_same_whatever_stands_before_the_field() {
    let object_with = |before: &str| {
        let text = format!("{{{before}\"metadata\":{{\"name\":\"web\",\"namespace\":\"shop\"}},\"spec\":5}}");
        object(Kind::Pod, text.as_bytes()).unwrap_err().to_string()
    };
    assert_eq!(object_with(""), object_with("\"status\":{},\n"));
}

#[test]
fn wrong_types_are_errors_whatever_the_kind() {
    let wrong = [json!(5), json!("x"), json!([1]), json!(true)];
    for kind in Kind::ALL {
        for value in &wrong {
            for object_json in [
                value.clone(),
                json!({"metadata": value}),
                json!({"metadata": {"name": "x", "namespace": "n", "labels": value}}),
                json!({"metadata": {"name": value, "namespace": value, "ownerReferences": value}}),
            ] {
                if !is_text_and_fits(&object_json) {
                    assert!(object(*kind, &bytes(&object_json)).is_err(), "{kind} {object_json}");
                }
            }
        }
    }
}

/// A name that is a text is right, but owner references that are one are not.
fn is_text_and_fits(object: &Value) -> bool {
    object["metadata"]["ownerReferences"].is_null()
        && object["metadata"]["name"] == json!("x")
        && object["metadata"]["labels"].is_null()
}

#[test]
fn an_object_without_name_or_namespace_is_refused() {
    let unnamed = error(Kind::Pod, &json!({"metadata": {"namespace": "shop"}}));
    assert!(unnamed.contains("`metadata.name`: it is missing"), "{unnamed}");
    let nowhere = error(Kind::Pod, &json!({"metadata": {"name": "web"}}));
    assert!(nowhere.contains("`metadata.namespace`: it is missing"), "{nowhere}");
}

#[test]
fn a_name_that_is_still_to_be_made_stands_by_its_beginning() {
    let meta = meta_only(
        Kind::Pod,
        br#"{"metadata":{"generateName":"web-","namespace":"shop","uid":"u","resourceVersion":"7"}}"#,
    );
    let meta = meta.unwrap();
    assert_eq!(
        (&*meta.key.name, &*meta.generate_name, &*meta.uid, &*meta.resource_version),
        ("web-", "web-", "u", "7")
    );
}

#[test]
fn a_long_value_is_not_quoted_whole() {
    let pod = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"hostNetwork": "x".repeat(100_000)}});
    assert!(error(Kind::Pod, &pod).len() < 1_000);
}

#[test]
fn what_is_no_json_is_an_error_and_names_the_kind() {
    for text in ["", "{", "nonsense", "{\"metadata\":{\"name\":\"x\"", "\u{0}"] {
        let error = object(Kind::Namespace, text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("Namespace cannot be read"), "{error}");
    }
    assert!(object(Kind::Namespace, &[0xff, 0xfe, b'{']).is_err());
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    let deep = format!("{{\"metadata\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for kind in Kind::ALL {
        assert!(object(*kind, deep.as_bytes()).is_err());
    }
}

#[test]
fn a_label_that_stands_twice_is_an_error() {
    let error =
        object(Kind::Namespace, br#"{"metadata":{"name":"x","labels":{"a":"1","a":"2"}}}"#).unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
}
