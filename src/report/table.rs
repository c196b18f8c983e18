//! Tables and paragraphs as plain text for a terminal of a given width.
//!
//! Knows nothing of what stands in them, and asks no terminal: width and colour are arguments.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};

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
    for (number, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if number == 0 {
            // What names a row is looked for, and copied: it stays whole.
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    lines(table.lines().map(|line| line.trim_end().to_owned()))
}

/// Each on a line of its own.
pub fn lines(lines: impl IntoIterator<Item = String>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
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

/// Columns that a label takes.
const LABEL: usize = 12;

/// A line with a label before it, wrapped under itself. Ends with a line end.
pub fn labelled(label: &str, value: &str, layout: Layout) -> String {
    let lines = wrapped(value, usize::from(layout.width).saturating_sub(LABEL).max(20));
    let label = layout.paint(Tone::Faint, &format!("{label:<LABEL$}"));
    format!("{label}{}\n", lines.join(&format!("\n{}", " ".repeat(LABEL))))
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
