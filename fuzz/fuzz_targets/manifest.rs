//! A manifest, and the objects that come out of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use surety::decode::{manifests, object};

fuzz_target!(|input: &str| {
    for manifest in manifests("input", input, "default").unwrap_or_default() {
        if let Some(kind) = manifest.kind {
            let _ = object(kind, &manifest.json);
        }
    }
});
