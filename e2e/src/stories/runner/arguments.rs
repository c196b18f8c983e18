//! The arguments that `cargo test` passes on, as the test harness of the standard library takes them.

use std::env;

/// Flags whose value is the next word.
const WITH_VALUE: [&str; 4] = ["--format", "--color", "--logfile", "-Z"];

/// Which stories are played, and how.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Only to be named, not played.
    pub lists: bool,
    /// How many are played at a time.
    pub at_a_time: Option<usize>,
    filters: Vec<String>,
    skipped: Vec<String>,
    is_exact: bool,
    only_ignored: bool,
}

impl Arguments {
    /// Those of this process.
    pub fn of_process() -> Self {
        Self::parse(env::args().skip(1))
    }

    fn parse(words: impl Iterator<Item = String>) -> Self {
        let mut parsed = Self::default();
        // `--flag=value` and `--flag value` are the same.
        let mut words = words.flat_map(|word| match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => vec![flag.to_owned(), value.to_owned()],
            _ => vec![word],
        });
        while let Some(word) = words.next() {
            match word.as_str() {
                "--list" => parsed.lists = true,
                "--exact" => parsed.is_exact = true,
                "--ignored" => parsed.only_ignored = true,
                "--test-threads" => parsed.at_a_time = words.next().and_then(|count| count.parse().ok()),
                "--skip" => parsed.skipped.extend(words.next()),
                flag if WITH_VALUE.contains(&flag) => drop(words.next()),
                flag if flag.starts_with('-') => {}
                _ => parsed.filters.push(word),
            }
        }
        parsed
    }

    /// Whether all stories are played.
    #[must_use]
    pub fn select_all(&self) -> bool {
        self.filters.is_empty() && self.skipped.is_empty()
    }

    /// Whether a story is played. None is an ignored one.
    pub fn select(&self, name: &str) -> bool {
        let matches = |filter: &String| if self.is_exact { name == filter } else { name.contains(filter) };
        !self.only_ignored
            && (self.filters.is_empty() || self.filters.iter().any(matches))
            && !self.skipped.iter().any(matches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Arguments {
        Arguments::parse(line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned))
    }

    #[test]
    fn stories_are_selected_as_tests_are() {
        for (line, selected) in [
            ("", true),
            ("drift", true),
            ("--exact drift", false),
            ("--exact drift_is_repaired", true),
            ("labels", false),
            ("labels drift", true),
            ("--skip drift", false),
            ("--skip=labels", true),
            ("--ignored", false),
            ("--nocapture --color never drift", true),
        ] {
            assert_eq!(parsed(line).select("drift_is_repaired"), selected, "{line}");
        }
    }

    #[test]
    fn flags_are_read_in_both_ways_of_writing() {
        assert_eq!(parsed("--test-threads=3").at_a_time, Some(3));
        assert_eq!(parsed("--test-threads 3").at_a_time, Some(3));
        assert!(parsed("--list").lists && parsed("--list").select_all());
        assert!(!parsed("one").select_all());
    }
}
