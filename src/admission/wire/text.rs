//! Makes texts fit what the API server and clients accept.

use std::borrow::Cow;

/// Longest line of a warning, in bytes: past it the API server may cut it, in the middle of a word. The API's conventions
/// would have 120, but kubectl shows a line once however often it comes, and so would lose the end of a warning that
/// another one shares.
pub const WARNING_BYTES: usize = 256;
/// Most lines of warnings in one answer.
pub const WARNINGS: usize = 10;
/// Longest refusal, in bytes: all violations at once, yet bounded.
const MESSAGE_BYTES: usize = 16 * 1024;

/// Breaks warnings into lines that fit, and says how many lines were left out.
pub(super) fn fit_warnings(warnings: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = warnings.iter().flat_map(|warning| break_into_lines(warning)).collect();
    if lines.len() > WARNINGS {
        let left_out = lines.len() - (WARNINGS - 1);
        lines.truncate(WARNINGS - 1);
        lines.push(format!("{left_out} more lines of warnings were left out."));
    }
    lines
}

/// Cuts a refusal that is too long, between two characters.
pub(super) fn fit_message(message: &str) -> Cow<'_, str> {
    const ELLIPSIS: &str = " …";
    if message.len() <= MESSAGE_BYTES {
        return Cow::Borrowed(message);
    }
    let end = message.floor_char_boundary(MESSAGE_BYTES - ELLIPSIS.len());
    let (kept, _) = message.split_at(end);
    Cow::Owned(format!("{kept}{ELLIPSIS}"))
}

fn break_into_lines(warning: &str) -> Vec<String> {
    // A warning travels in an HTTP header, where control characters make the API server drop it.
    let clean: String = warning.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut lines = Vec::new();
    let mut rest = clean.trim();
    while !rest.is_empty() {
        let (line, remainder) = rest.split_at(line_end(rest));
        lines.push(line.trim_end().to_owned());
        rest = remainder.trim_start();
    }
    lines
}

/// Where the first line of `text` ends: at a blank in its second half if there is one, else between two characters.
fn line_end(text: &str) -> usize {
    let hard = text.floor_char_boundary(WARNING_BYTES);
    if hard == text.len() {
        return hard;
    }
    let (window, _) = text.split_at(hard);
    window.rfind(' ').filter(|at| *at >= hard / 2).unwrap_or(hard)
}
