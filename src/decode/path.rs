//! Names the field at which parsing stopped. Only runs once an object is known to be bad.

use std::fmt::Write;

/// Deeper than serde_json itself goes.
const MAX_DEPTH: usize = 128;

enum Frame<'a> {
    Object { key: Option<&'a [u8]>, is_at_key: bool },
    Array { index: usize },
}

/// The path of the value that stands at, or ends just before, a position that serde_json names: 1-based line, column
/// in bytes. Empty for the whole object.
pub(super) fn path_at(json: &[u8], line: usize, column: usize) -> String {
    let start = line_start(json, line);
    let end = start.saturating_add(column).min(json.len());
    let read = json.get(..end).unwrap_or_default();
    render(&frames(read))
}

fn line_start(json: &[u8], line: usize) -> usize {
    let newlines = json.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    line.checked_sub(2).and_then(|skipped| newlines.map(|(at, _)| at + 1).nth(skipped)).unwrap_or(0)
}

fn frames(read: &[u8]) -> Vec<Frame<'_>> {
    let mut stack = Vec::new();
    let mut rest = read;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'{' if stack.len() < MAX_DEPTH => stack.push(Frame::Object { key: None, is_at_key: true }),
            b'[' if stack.len() < MAX_DEPTH => stack.push(Frame::Array { index: 0 }),
            b'}' | b']' => drop(stack.pop()),
            b',' => next_entry(&mut stack),
            b'"' => {
                let (text, after) = split_string(after);
                rest = after;
                take_key(&mut stack, text);
            }
            _ => {}
        }
    }
    stack
}

fn next_entry(stack: &mut [Frame<'_>]) {
    match stack.last_mut() {
        Some(Frame::Object { is_at_key, .. }) => *is_at_key = true,
        Some(Frame::Array { index }) => *index += 1,
        None => {}
    }
}

fn take_key<'a>(stack: &mut [Frame<'a>], text: &'a [u8]) {
    if let Some(Frame::Object { key, is_at_key }) = stack.last_mut()
        && *is_at_key
    {
        *key = Some(text);
        *is_at_key = false;
    }
}

/// Splits behind the quote that ends a string; an escaped quote does not.
fn split_string(after_quote: &[u8]) -> (&[u8], &[u8]) {
    let mut is_escaped = false;
    for (at, byte) in after_quote.iter().enumerate() {
        match byte {
            b'"' if !is_escaped => {
                let (text, rest) = after_quote.split_at(at);
                return (text, rest.get(1..).unwrap_or_default());
            }
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    (after_quote, &[])
}

fn render(frames: &[Frame<'_>]) -> String {
    let mut path = String::new();
    for frame in frames {
        // Writing to a String cannot fail.
        let _ = match frame {
            Frame::Object { key: None, .. } => Ok(()),
            Frame::Object { key: Some(key), .. } => write_key(&mut path, &String::from_utf8_lossy(key)),
            Frame::Array { index } => write!(path, "[{index}]"),
        };
    }
    path
}

fn write_key(path: &mut String, key: &str) -> std::fmt::Result {
    if key.contains(['.', '/']) {
        write!(path, "[{key}]")
    } else if path.is_empty() {
        path.write_str(key)
    } else {
        write!(path, ".{key}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_leads_to_the_last_value_that_was_begun() {
        for (read, path) in [
            ("", ""),
            ("{", ""),
            (r#"{"spec""#, "spec"),
            (r#"{"spec":{"#, "spec"),
            (
                r#"{"a":1,"spec":{"containers":[{"name":"x"},{"ports":[{"hostPort":"8"#,
                "spec.containers[1].ports[0].hostPort",
            ),
            (
                r#"{"metadata":{"labels":{"app.kubernetes.io/name":7"#,
                "metadata.labels[app.kubernetes.io/name]",
            ),
            (r#"{"a":"}]\",{","b":[[0,1],[2"#, "b[1][0]"),
            (r#"{"a":{"b":1}"#, "a"),
            ("]]]}}}", ""),
        ] {
            assert_eq!(path_at(read.as_bytes(), 1, read.len()), path, "{read}");
        }
    }

    #[test]
    fn lines_count_from_one() {
        let json = "{\n \"a\": 1,\n \"b\": {\n  \"c\": x";
        assert_eq!(path_at(json.as_bytes(), 4, 8), "b.c");
        assert_eq!(path_at(json.as_bytes(), 2, 5), "a");
    }
}
