//! Cuts chunks of a body into lines.

/// The longest line that is kept: an object may have 3 MiB, and its event repeats nothing.
pub(super) const LONGEST: usize = 8 * 1024 * 1024;

/// A line was longer than any object may be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// The part of a line that came without its end.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// Hands each line that `chunk` completes to `each`, until `each` fails.
    pub(super) fn take<E: From<TooLong>>(
        &mut self,
        chunk: &[u8],
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut pieces = chunk.split(|byte| *byte == b'\n');
        let last = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            let line = self.complete(piece)?;
            let line = line.as_deref().unwrap_or(piece);
            if !line.is_empty() {
                each(line)?;
            }
        }
        self.keep(last).map_err(E::from)
    }

    /// The line that `piece` ends, where part of it came before.
    fn complete(&mut self, piece: &[u8]) -> Result<Option<Vec<u8>>, TooLong> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        self.keep(piece)?;
        Ok(Some(std::mem::take(&mut self.rest)))
    }

    fn keep(&mut self, piece: &[u8]) -> Result<(), TooLong> {
        if self.rest.len() + piece.len() > LONGEST {
            return Err(TooLong);
        }
        self.rest.extend_from_slice(piece);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn cut(chunks: &[&str]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for chunk in chunks {
            let each = |line: &[u8]| {
                found.push(String::from_utf8(line.to_vec()).unwrap());
                Ok::<(), TooLong>(())
            };
            lines.take(chunk.as_bytes(), each).unwrap();
        }
        found
    }

    #[test]
    fn lines_are_found_wherever_chunks_end() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["a\nb\n"], &["a", "b"]),
            (&["a", "b\n"], &["ab"]),
            (&["a\nb", "c", "\nd"], &["a", "bc"]),
            (&["\n\na\n"], &["a"]),
            (&["a", "\n"], &["a"]),
            (&["never ended"], &[]),
        ];
        for (chunks, expected) in cases {
            assert_eq!(cut(chunks), *expected, "{chunks:?}");
        }
    }

    #[test]
    fn a_line_that_no_object_can_fill_is_refused() {
        let mut lines = Lines::default();
        let chunk = vec![b'x'; LONGEST];
        assert_eq!(lines.take(&chunk, |_| Ok::<(), TooLong>(())), Ok(()));
        assert_eq!(lines.take(b"y", |_| Ok::<(), TooLong>(())), Err(TooLong));
    }
}
