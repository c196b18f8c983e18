//! Rust text as tokens with their lines: enough to tell code from comments and strings, and no more.

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// An identifier or keyword.
    Word(String),
    /// The content of a string literal, escapes as written.
    Text(String),
    /// Anything else, one character at a time. Numbers, lifetimes and character literals leave no token.
    Mark(char),
}

/// A token and the line it starts on, counted from 1.
#[derive(Clone, Debug)]
pub struct Located {
    /// The token.
    pub token: Token,
    /// Its line.
    pub line: usize,
}

/// Splits Rust source text; comments and white space leave nothing.
pub fn tokens(text: &str) -> Vec<Located> {
    let mut lexer = Lexer { rest: text, line: 1, found: Vec::new() };
    while !lexer.rest.is_empty() {
        lexer.step();
    }
    lexer.found
}

/// Whether the token at `at` is this character.
pub fn is_mark(tokens: &[Located], at: usize, mark: char) -> bool {
    tokens.get(at).is_some_and(|found| found.token == Token::Mark(mark))
}

/// The identifier or keyword at `at`.
pub fn word(tokens: &[Located], at: usize) -> Option<&str> {
    match tokens.get(at).map(|found| &found.token) {
        Some(Token::Word(word)) => Some(word),
        _ => None,
    }
}

/// Whether `::` stands at `at`.
pub fn is_path_separator(tokens: &[Located], at: usize) -> bool {
    is_mark(tokens, at, ':') && is_mark(tokens, at + 1, ':')
}

/// The position after the bracket that closes the one at `at`.
pub fn after_closing(tokens: &[Located], at: usize) -> usize {
    let mut depth = 0_usize;
    for (position, found) in tokens.iter().enumerate().skip(at) {
        match found.token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return position + 1;
        }
    }
    tokens.len()
}

/// The position after the `>` that closes the `<` at `at`.
pub fn after_angles(tokens: &[Located], at: usize) -> usize {
    let mut depth = 0_usize;
    for position in at..tokens.len() {
        match tokens[position].token {
            Token::Mark('<') => depth += 1,
            Token::Mark('>') if !is_mark(tokens, position - 1, '-') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return position + 1;
        }
    }
    tokens.len()
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    found: Vec<Located>,
}

impl<'a> Lexer<'a> {
    fn step(&mut self) {
        let rest = self.rest;
        let first = rest.chars().next().unwrap();
        if rest.starts_with("//") {
            self.take(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.take(block_comment(rest));
        } else if let Some((prefix, hashes)) = string_start(rest) {
            self.string(prefix, hashes);
        } else if first == '\'' {
            self.take(quote(rest));
        } else if first.is_ascii_digit() {
            self.take(rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()));
        } else if first.is_alphabetic() || first == '_' {
            self.word();
        } else {
            if !first.is_whitespace() {
                self.push(Token::Mark(first));
            }
            self.take(first.len_utf8());
        }
    }

    fn word(&mut self) {
        let rest = self.rest.strip_prefix("r#").unwrap_or(self.rest);
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.push(Token::Word(rest[..end].to_owned()));
        self.take(self.rest.len() - rest.len() + end);
    }

    /// `prefix` is the length up to and including the opening quote; `hashes` is `None` where escapes count.
    fn string(&mut self, prefix: usize, hashes: Option<usize>) {
        let body = &self.rest[prefix..];
        let (length, closing) = match hashes {
            Some(hashes) => {
                let closing = format!("\"{}", "#".repeat(hashes));
                (body.find(&closing).unwrap_or(body.len()), closing.len())
            }
            None => (escaped_length(body, '"'), 1),
        };
        self.push(Token::Text(body[..length].to_owned()));
        self.take((prefix + length + closing).min(self.rest.len()));
    }

    fn push(&mut self, token: Token) {
        self.found.push(Located { token, line: self.line });
    }

    fn take(&mut self, length: usize) {
        let (taken, rest): (&'a str, &'a str) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
    }
}

/// The length of the prefix of a string literal, and its number of hashes if it is raw.
fn string_start(rest: &str) -> Option<(usize, Option<usize>)> {
    let letters = rest.find(|c| !matches!(c, 'b' | 'c' | 'r')).unwrap_or(rest.len());
    let (prefix, after) = rest.split_at(letters);
    if !["", "b", "c", "r", "br", "cr"].contains(&prefix) {
        return None;
    }
    let hashes = after.len() - after.trim_start_matches('#').len();
    let is_string = after[hashes..].starts_with('"');
    let is_raw = prefix.ends_with('r');
    (is_string && (is_raw || hashes == 0)).then_some((letters + hashes + 1, is_raw.then_some(hashes)))
}

fn escaped_length(body: &str, end: char) -> usize {
    let mut is_escaped = false;
    for (position, character) in body.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if character == end => return position,
            _ => {}
        }
    }
    body.len()
}

/// The length of a character literal or of a lifetime.
fn quote(rest: &str) -> usize {
    let body = &rest[1..];
    let mut characters = body.chars();
    let (first, second) = (characters.next(), characters.next());
    let is_lifetime = first.is_some_and(|c| c.is_alphabetic() || c == '_') && second != Some('\'');
    if is_lifetime {
        1 + body.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(body.len())
    } else {
        (escaped_length(body, '\'') + 2).min(rest.len())
    }
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

#[test]
fn comments_and_strings_are_told_from_code() {
    let text = r##"
/* a /* nested */ comment */ fn f<'a>(c: char) { // "not a string"
    let x = r#"raw "quoted" text"#; let y = "esc\"aped"; let z = b"bytes"; let r = 'x'; let q = '\''; r#type
}"##;
    let texts: Vec<_> =
        tokens(text).into_iter().filter(|found| matches!(found.token, Token::Text(_))).collect();
    assert_eq!(texts.len(), 3);
    assert_eq!(texts[0].token, Token::Text(r#"raw "quoted" text"#.to_owned()));
    assert_eq!(texts[1].token, Token::Text(r#"esc\"aped"#.to_owned()));
    assert_eq!(texts[1].line, 3);
    let words: Vec<_> = tokens(text)
        .into_iter()
        .filter_map(|found| match found.token {
            Token::Word(word) => Some(word),
            _ => None,
        })
        .collect();
    assert_eq!(
        words,
        ["fn", "f", "c", "char", "let", "x", "let", "y", "let", "z", "let", "r", "let", "q", "type"]
    );
}
