#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn sent(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.to_review("u-1").unwrap()).unwrap()
}

#[test]
fn an_allowed_request_gets_the_shortest_answer() {
    assert_eq!(
        sent(&Answer::allow(Operation::Create)),
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {"uid": "u-1", "allowed": true}})
    );
}

#[test]
fn a_refusal_carries_code_reason_message_and_annotations() {
    let mut answer = Answer::deny(Operation::Update, "no backup covers claim \"data\"".into());
    answer.warnings = vec!["look at the report".into()];
    answer.audit.insert("control", "backup.covered".into());
    assert_eq!(
        sent(&answer)["response"],
        json!({
            "uid": "u-1", "allowed": false,
            "status": {"code": 403, "reason": "Forbidden", "message": "no backup covers claim \"data\""},
            "warnings": ["look at the report"],
            "auditAnnotations": {"control": "backup.covered"},
        })
    );
}

#[test]
fn the_answer_is_what_the_kube_client_reads_as_one() {
    let review: Value = sent(&Answer::deny(Operation::Delete, "kept until 2030".into()));
    let status: k8s_openapi::apimachinery::pkg::apis::meta::v1::Status =
        serde_json::from_value(review["response"]["status"].clone()).unwrap();
    assert_eq!((status.code, status.reason.as_deref()), (Some(403), Some("Forbidden")));
    assert_eq!(status.message.as_deref(), Some("kept until 2030"));
}

#[test]
fn a_long_warning_is_broken_at_blanks() {
    let lines = text::fit_warnings(&["word ".repeat(120)]);
    assert_eq!(lines.len(), 3);
    for line in &lines {
        assert!(line.len() <= WARNING_BYTES && line.ends_with("word"), "{line:?}");
    }
}

#[test]
fn warnings_that_end_alike_stay_whole() {
    let warning = |number: usize| {
        format!(
            "surety: spec.commitments: {number} controls are not built yet; the {number} commitments that they uphold \
                 wait until then"
        )
    };
    let warnings = [warning(20), warning(13)];
    assert_eq!(text::fit_warnings(&warnings), warnings);
}

#[test]
fn too_many_warnings_end_with_their_number() {
    let lines = text::fit_warnings(&vec!["short".to_owned(); 25]);
    assert_eq!(lines.len(), WARNINGS);
    assert_eq!(lines[9], "16 more lines of warnings were left out.");
}

#[test]
fn exactly_ten_warnings_are_all_shown() {
    assert_eq!(text::fit_warnings(&vec!["short".to_owned(); 10]), vec!["short".to_owned(); 10]);
}

#[test]
fn a_line_break_in_a_warning_does_not_reach_the_header() {
    assert_eq!(text::fit_warnings(&["a\nb\tc\u{7f}".into()]), ["a b c"]);
}

#[test]
fn a_message_is_cut_between_characters() {
    let message = "é".repeat(20_000);
    let fitted = text::fit_message(&message);
    assert!(fitted.len() <= 16 * 1024 && fitted.ends_with("é …"));
    assert_eq!(text::fit_message("short"), "short");
}

proptest! {
    #[test]
    fn any_warning_fits_and_loses_no_word(warning in "\\PC{0,800}") {
        let lines = text::fit_warnings(std::slice::from_ref(&warning));
        for line in &lines {
            prop_assert!(line.len() <= WARNING_BYTES && !line.is_empty());
        }
        if lines.len() < WARNINGS {
            let squeeze = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(squeeze(&lines.join(" ")), squeeze(&warning));
        }
    }
}
