//! One object as every kind: no panic, and the same twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use surety::{core::facts::Kind, decode::object};

fuzz_target!(|input: &[u8]| {
    for kind in Kind::ALL.iter().copied() {
        assert_eq!(object(kind, input).ok(), object(kind, input).ok());
    }
});
