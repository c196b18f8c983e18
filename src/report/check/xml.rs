//! Elements of XML 1.0, as much of it as reports need: attributes, children, text. A crate for it would bring a parser, a
//! clock and random numbers along for these few lines.

use std::fmt;

/// An element.
#[derive(Debug)]
pub(super) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Element>,
    text: String,
}

impl Element {
    pub(super) const fn new(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), children: Vec::new(), text: String::new() }
    }

    pub(super) fn with(mut self, attribute: &'static str, value: &str) -> Self {
        self.attributes.push((attribute, value.to_owned()));
        self
    }

    pub(super) fn holding(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }

    pub(super) fn saying(mut self, text: &str) -> Self {
        text.clone_into(&mut self.text);
        self
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        write!(f, "{:width$}<{}", "", self.name, width = 2 * depth)?;
        for (name, value) in &self.attributes {
            write!(f, " {name}=\"{}\"", escaped(value, true))?;
        }
        if self.children.is_empty() && self.text.is_empty() {
            return writeln!(f, "/>");
        }
        write!(f, ">{}", escaped(&self.text, false))?;
        if !self.children.is_empty() {
            writeln!(f)?;
            self.children.iter().try_for_each(|child| child.write(f, depth + 1))?;
            write!(f, "{:width$}", "", width = 2 * depth)?;
        }
        writeln!(f, "</{}>", self.name)
    }
}

/// Ends with a line end.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

/// Without the characters that XML 1.0 forbids even when escaped: <https://www.w3.org/TR/xml/#charsets>
fn escaped(text: &str, is_attribute: bool) -> String {
    let mut written = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' if is_attribute => written.push_str("&quot;"),
            // A reader would make blanks of them, or of the last a line feed.
            '\t' | '\n' if is_attribute => written.push_str(if letter == '\t' { "&#9;" } else { "&#10;" }),
            '\r' => written.push_str("&#13;"),
            '\t' | '\n' => written.push(letter),
            '\u{0}'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => written.push(letter),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_left_out_and_the_rest_escaped() {
        let element = Element::new("a")
            .with("b", "\"<\u{1}&\n")
            .holding([Element::new("c").saying("x\u{1b}[31m\r\n<\"\u{ffff}")]);
        assert_eq!(
            element.to_string(),
            "<a b=\"&quot;&lt;&amp;&#10;\">\n  <c>x[31m&#13;\n&lt;\"</c>\n</a>\n"
        );
    }
}
