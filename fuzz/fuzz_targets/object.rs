//! One object of the kind whose plural stands on the first line: no panic, and the same twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use surety::{core::facts::Kind, decode::object};

fuzz_target!(|input: &[u8]| {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else { return };
    let (plural, json) = (&input[..end], &input[end + 1..]);
    for kind in Kind::ALL.iter().filter(|kind| kind.resource().plural.as_bytes() == plural) {
        assert_eq!(object(*kind, json).ok(), object(*kind, json).ok());
    }
});
