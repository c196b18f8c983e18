//! One file a kind. Objects as a running Velero left them come from `tests/data/velero`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod backup;
mod location;
mod schedule;
mod selection;
mod store;
mod volume_copy;
mod write;

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    core::facts::{Fact, Kind},
    decode::{manifests, object},
};

fn sample(name: &str) -> Fact {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/velero").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let manifest = manifests(name, &text, "default").unwrap().remove(0);
    object(manifest.kind.unwrap(), &manifest.json).unwrap()
}

fn decode(kind: Kind, mut value: Value) -> Fact {
    for (field, default) in [("name", "x"), ("namespace", "velero")] {
        if value["metadata"][field].is_null() {
            value["metadata"][field] = json!(default);
        }
    }
    object(kind, value.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}\n{value}"))
}

/// The fact inside, of the variant that is named.
macro_rules! fact {
    ($variant:ident, $fact:expr) => {
        match $fact {
            crate::core::facts::Fact::$variant(fact) => fact,
            other => panic!("{other:?}"),
        }
    };
}
use fact;
