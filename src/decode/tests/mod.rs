//! One file a theme. Objects as an API server sends them come from `tests/data`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod corpus;
mod declared;
mod errors;
mod kinds;
mod lines;
mod manifest;
mod network_policy;
mod property;
mod review;
mod sharing;
mod watch;
mod workload;

use std::{fs, path::PathBuf};

use serde_json::Value;

use super::object;
use crate::core::facts::{Fact, Kind};

fn in_repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn data(path: &str) -> String {
    let path = in_repository("tests/data").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

fn decode(kind: Kind, value: &Value) -> Fact {
    object(kind, &bytes(value)).unwrap_or_else(|error| panic!("{error}\n{value}"))
}

fn error(kind: Kind, value: &Value) -> String {
    object(kind, &bytes(value)).unwrap_err().to_string()
}

/// The fact inside, of the variant that is named.
macro_rules! fact {
    ($variant:ident, $value:expr) => {
        match super::decode(crate::core::facts::Kind::$variant, &$value) {
            crate::core::facts::Fact::$variant(fact) => fact,
            other => panic!("{other:?}"),
        }
    };
}
use fact;
