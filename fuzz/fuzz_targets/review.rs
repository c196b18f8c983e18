//! An AdmissionReview with the objects in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use surety::decode::review;

fuzz_target!(|input: &[u8]| {
    if let Ok(review) = review(input) {
        let _ = (review.change_pair(), review.key(), review.propagation());
    }
});
