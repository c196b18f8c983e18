//! The fuzzers' corpus, and every sample of an API server, through every decoder. What once broke stays read.

use std::{fs, path::Path};

use super::in_repository;
use crate::{
    core::facts::Kind,
    decode::{list_page, manifests, meta_only, object, review, watch_line},
};

/// Everything that is read from outside; a panic fails the test.
pub(super) fn decode_by_every_door(input: &[u8]) {
    for kind in Kind::ALL.iter().copied() {
        let first = object(kind, input);
        let again = object(kind, input);
        assert_eq!(first.as_ref().ok(), again.as_ref().ok(), "{kind}");
        assert_eq!(
            first.map_err(|error| error.to_string()).err(),
            again.map_err(|error| error.to_string()).err()
        );
        let _ = meta_only(kind, input);
        let _ = watch_line(kind, input);
        let _ = list_page(kind, input, drop);
    }
    let _ = crate::decode::delete_backup_request(input);
    if let Ok(review) = review(input) {
        let _ = (review.change_pair(), review.key(), review.propagation());
    }
    if let Ok(text) = str::from_utf8(input) {
        let _ = manifests("input", text, "default");
    }
}

fn files_under(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] }).collect()
}

#[test]
fn the_fuzzers_corpus_is_read_without_a_panic() {
    let files = files_under(&in_repository("fuzz/corpus"));
    assert!(files.len() >= 20, "the corpus is there: {}", files.len());
    for file in files {
        let input = fs::read(file).unwrap();
        decode_by_every_door(&input);
        // For one fuzzer the kind stands on a line of its own before the object.
        if let Some(end) = input.iter().position(|byte| *byte == b'\n') {
            decode_by_every_door(&input[end + 1..]);
        }
    }
}

#[test]
fn samples_of_an_api_server_are_read_without_a_panic() {
    for folder in ["tests/data/admission", "tests/data/velero"] {
        for file in files_under(&in_repository(folder)) {
            decode_by_every_door(&fs::read(file).unwrap());
        }
    }
}
