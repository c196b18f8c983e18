//! One file a theme.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod name;
mod shape;
mod text;

use super::detect;

fn assert_all(cases: &[(&str, &str)], expected: Option<&'static str>) {
    for (name, value) in cases {
        assert_eq!(detect(name, value), expected, "{name} = {value}");
    }
}
