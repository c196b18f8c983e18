//! Tables and paragraphs as plain text for a terminal of a given width.
//!
//! Knows nothing of what stands in them, and asks no terminal: width and colour are arguments.

use comfy_table::{ContentArrangement, Table, presets};

/// How text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Columns of the terminal.
    pub width: u16,
    /// Whether colours may be used.
    pub has_colour: bool,
}

impl Layout {
    /// For pipes and files: the same text everywhere.
    pub const PLAIN: Self = Self { width: 120, has_colour: false };

    /// `text` in a tone, where colours may be used.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        if self.has_colour { format!("\u{1b}[{}m{text}\u{1b}[0m", tone.code()) } else { text.to_owned() }
    }
}

/// What a colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A heading.
    Strong,
    /// What is less important.
    Faint,
    /// Kept.
    Good,
    /// Broken.
    Bad,
    /// To be looked at.
    Doubtful,
}

impl Tone {
    /// SGR parameters (ECMA-48).
    const fn code(self) -> &'static str {
        match self {
            Self::Strong => "1",
            Self::Faint => "2",
            Self::Good => "32",
            Self::Bad => "31",
            Self::Doubtful => "33",
        }
    }
}

/// A table without lines: a header, then the rows, cells wrapped to fit the width. Ends with a line end.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>, layout: Layout) -> String {
    let mut table = Table::new();
    table.force_no_tty().load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(layout.width);
    table.set_header(header.iter().map(|title| title.to_uppercase()));
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// `text` broken at spaces so that no line is longer than `width`, save where a word is. Never empty.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `1 object`, `2 objects`.
pub fn counted(count: usize, singular: &str, plural: &str) -> String {
    format!("{count} {}", if count == 1 { singular } else { plural })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits_its_width_and_has_no_trailing_blanks() {
        let rows = vec![vec!["a".to_owned(), "many words that need more than one line".to_owned()]];
        let text = table(&["id", "words"], rows, Layout { width: 24, has_colour: false });
        assert!(text.starts_with("ID"), "{text}");
        assert!(text.lines().count() > 2, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 24 && !line.ends_with(' ')), "{text}");
    }

    #[test]
    fn text_is_broken_at_spaces_and_a_long_word_stays_whole() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable a", 3), ["unbreakable", "a"]);
        assert_eq!(wrapped("", 3), [""]);
    }

    #[test]
    fn colour_is_used_only_where_it_may_be() {
        assert_eq!(Layout::PLAIN.paint(Tone::Bad, "x"), "x");
        let coloured = Layout { has_colour: true, ..Layout::PLAIN };
        assert_eq!(coloured.paint(Tone::Bad, "x"), "\u{1b}[31mx\u{1b}[0m");
    }
}
