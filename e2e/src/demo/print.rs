//! What the demo writes: headings, commands, their output, ticks and crosses. How a text looks belongs here, not what it
//! says.

use std::env;
use std::io::{self, IsTerminal, Write};

/// Lines are broken at a space before they get longer than this.
const WIDTH: usize = 118;

#[derive(Debug, Clone, Copy)]
enum Style {
    Bold,
    Dim,
    Red,
    Green,
    Cyan,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Red => "31",
            Self::Green => "32",
            Self::Cyan => "1;36",
        }
    }
}

/// Standard output, in colour on a terminal unless `NO_COLOR` is set.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    has_colour: bool,
}

impl Screen {
    /// The screen of this process.
    pub fn new() -> Self {
        let wants_none = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { has_colour: io::stdout().is_terminal() && !wants_none }
    }

    /// The heading of a chapter.
    pub fn chapter(self, title: &str) -> io::Result<()> {
        lines("", "", &format!("\n{}", self.styled(Style::Cyan, &format!("━━ {title}"))))
    }

    /// A sentence that explains.
    #[allow(clippy::unused_self, reason = "it is a line of this screen as the others are")]
    pub fn remark(self, text: &str) -> io::Result<()> {
        lines("", "", &wrapped(text, WIDTH))
    }

    /// The heading of a step.
    pub fn heading(self, title: &str) -> io::Result<()> {
        lines("", "", &format!("\n{}", self.styled(Style::Bold, title)))
    }

    /// A command, as a user types it.
    pub fn command(self, command: &str) -> io::Result<()> {
        lines(&format!("  {} ", self.styled(Style::Cyan, "$")), "    ", command)
    }

    /// What a command answered: at most this many lines of it, and a note of how many more there are.
    pub fn output(self, text: &str, most: usize) -> io::Result<()> {
        let margin = format!("  {} ", self.styled(Style::Dim, "│"));
        let all: Vec<&str> = text.trim_end().lines().filter(|line| !line.trim().is_empty()).collect();
        for line in all.iter().take(most) {
            lines(&margin, &margin, &wrapped(line, WIDTH))?;
        }
        match all.len().saturating_sub(most) {
            0 => Ok(()),
            1 => lines(&margin, &margin, "… (1 more line)"),
            hidden => lines(&margin, &margin, &format!("… ({hidden} more lines)")),
        }
    }

    /// An expectation that was met.
    pub fn tick(self, text: &str) -> io::Result<()> {
        lines(&format!("  {} ", self.styled(Style::Green, "✓")), "    ", text)
    }

    /// An expectation that was not met.
    pub fn cross(self, text: &str) -> io::Result<()> {
        lines(&format!("  {} ", self.styled(Style::Red, "✗")), "    ", text)
    }

    fn styled(self, style: Style, text: &str) -> String {
        if self.has_colour { format!("\x1b[{}m{text}\x1b[0m", style.code()) } else { text.to_owned() }
    }
}

impl Default for Screen {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes lines, the first after `first`, those after it after `others`.
fn lines(first: &str, others: &str, text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (number, line) in text.lines().enumerate() {
        writeln!(out, "{}{line}", if number == 0 { first } else { others })?;
    }
    out.flush()
}

/// The text with lines of at most `width` characters where it has spaces to break them at. A broken line goes on where its
/// own text began.
fn wrapped(text: &str, width: usize) -> String {
    if text.chars().count() <= width || is_row_of_a_table(text) {
        return text.to_owned();
    }
    let indent: String = text.chars().take_while(|character| *character == ' ').collect();
    let mut lines = vec![indent.clone()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { continue };
        let is_first = line.trim().is_empty();
        if !is_first && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(format!("{indent}{word}"));
        } else {
            line.push_str(if is_first { "" } else { " " });
            line.push_str(word);
        }
    }
    lines.join("\n")
}

/// Rows keep their columns, however long they are.
fn is_row_of_a_table(text: &str) -> bool {
    text.trim().contains("   ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_broken_at_a_space_and_keeps_its_indent() {
        assert_eq!(wrapped("  one two three", 9), "  one two\n  three");
        assert_eq!(wrapped("short", 9), "short");
        assert_eq!(wrapped("  unbreakable", 5), "  unbreakable");
        assert_eq!(wrapped("A    B    C", 5), "A    B    C", "a row of a table");
    }

    #[test]
    fn nothing_is_coloured_where_nobody_sees_it() {
        assert_eq!(Screen { has_colour: false }.styled(Style::Red, "x"), "x");
        assert_eq!(Screen { has_colour: true }.styled(Style::Red, "x"), "\x1b[31mx\x1b[0m");
    }
}
