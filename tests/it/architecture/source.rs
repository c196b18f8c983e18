//! A source file as the rules see it: the paths it names, resolved; the methods it calls; its string literals.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::lexer::{Located, Token, tokens};

/// One Rust file.
pub struct Source {
    /// Where it lies, from the package's root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// How many lines it has outside `#[cfg(test)]` items.
    pub code_lines: usize,
    /// Paths named outside test code, with imports and `self`, `super` and aliases resolved.
    pub paths: Vec<(usize, String)>,
    /// Methods called outside test code.
    pub calls: Vec<Call>,
    /// String literals outside test code.
    pub literals: Vec<(usize, String)>,
}

/// `.name(arguments)`.
pub struct Call {
    /// The line.
    pub line: usize,
    /// The method.
    pub name: String,
    /// How many arguments it is given.
    pub arity: usize,
    /// Whether an argument is `Default::default()`, which hides its type.
    pub has_defaulted_argument: bool,
}

impl Source {
    /// Reads a file's text as if it lay at `path`.
    pub fn new(path: &str, text: &str) -> Self {
        let all = tokens(text);
        let (code, test_lines) = without_tests(&all);
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code_lines: text.lines().count() - test_lines,
            paths: paths(&code, &module(path)),
            calls: calls(&code),
            literals: literals(&code),
        }
    }

    /// Whether it lies in one of the rooms of `src/`.
    pub fn is_in(&self, rooms: &[&str]) -> bool {
        let Some(inside) = self.path.strip_prefix("src/") else { return false };
        rooms
            .iter()
            .any(|room| inside.strip_prefix(room).is_some_and(|rest| rest.starts_with('/') || rest == ".rs"))
    }

    /// Whether it holds tests only.
    pub fn is_test(&self) -> bool {
        !self.path.starts_with("src/") || self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }
}

/// Every Rust file of `src`, `tests` and `benches` of this package.
pub fn tree() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        collect(&root.join(folder), &mut files);
    }
    files.sort();
    files
        .iter()
        .map(|file| {
            let path = file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            Source::new(&path, &fs::read_to_string(file).unwrap())
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn module(path: &str) -> Vec<String> {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let inside = inside.strip_suffix(".rs").unwrap_or(inside);
    let parts = inside.split('/').filter(|part| !["mod", "lib", "main"].contains(part));
    std::iter::once("crate").chain(parts).map(ToOwned::to_owned).collect()
}

fn is_mark(tokens: &[Located], at: usize, mark: char) -> bool {
    tokens.get(at).is_some_and(|found| found.token == Token::Mark(mark))
}

fn word(tokens: &[Located], at: usize) -> Option<&str> {
    match tokens.get(at).map(|found| &found.token) {
        Some(Token::Word(word)) => Some(word),
        _ => None,
    }
}

fn is_path_separator(tokens: &[Located], at: usize) -> bool {
    is_mark(tokens, at, ':') && is_mark(tokens, at + 1, ':')
}

/// The position after the bracket that closes the one at `at`.
fn after_closing(tokens: &[Located], at: usize) -> usize {
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

/// The tokens outside items under `#[cfg(test)]`, and how many lines those items take.
fn without_tests(tokens: &[Located]) -> (Vec<Located>, usize) {
    let (mut code, mut lines, mut at) = (Vec::new(), 0, 0);
    while at < tokens.len() {
        if is_test_attribute(tokens, at) {
            let end = end_of_item(tokens, at);
            lines += tokens[end - 1].line - tokens[at].line + 1;
            at = end;
        } else {
            code.push(tokens[at].clone());
            at += 1;
        }
    }
    (code, lines)
}

fn is_test_attribute(tokens: &[Located], at: usize) -> bool {
    if !(is_mark(tokens, at, '#') && is_mark(tokens, at + 1, '[') && word(tokens, at + 2) == Some("cfg")) {
        return false;
    }
    let inside = at..after_closing(tokens, at + 1);
    let has = |wanted: &str| inside.clone().any(|at| word(tokens, at) == Some(wanted));
    has("test") && !has("not")
}

/// The position after the item whose first attribute is at `at`.
fn end_of_item(tokens: &[Located], mut at: usize) -> usize {
    while is_mark(tokens, at, '#') {
        at = after_closing(tokens, at + 1);
    }
    while at < tokens.len() {
        match tokens[at].token {
            Token::Mark(';') => return at + 1,
            Token::Mark('{') => return after_closing(tokens, at),
            Token::Mark('(' | '[') => at = after_closing(tokens, at),
            _ => at += 1,
        }
    }
    tokens.len()
}

fn literals(tokens: &[Located]) -> Vec<(usize, String)> {
    let text = |found: &Located| match &found.token {
        Token::Text(text) => Some((found.line, text.clone())),
        _ => None,
    };
    tokens.iter().filter_map(text).collect()
}

fn calls(tokens: &[Located]) -> Vec<Call> {
    let mut calls = Vec::new();
    for at in 0..tokens.len() {
        let Some(name) = word(tokens, at + 1).filter(|_| is_mark(tokens, at, '.')) else { continue };
        let mut open = at + 2;
        if is_path_separator(tokens, open) {
            open = after_angles(tokens, open + 2);
        }
        if is_mark(tokens, open, '(') {
            let inside = &tokens[open + 1..after_closing(tokens, open) - 1];
            calls.push(Call {
                line: tokens[at + 1].line,
                name: name.to_owned(),
                arity: arity(inside),
                has_defaulted_argument: (0..inside.len()).any(|at| word(inside, at) == Some("default")),
            });
        }
    }
    calls
}

fn arity(inside: &[Located]) -> usize {
    let (mut count, mut at, mut is_argument_open) = (0, 0, false);
    while at < inside.len() {
        match inside[at].token {
            Token::Mark(',') => {
                is_argument_open = false;
                at += 1;
                continue;
            }
            Token::Mark('(' | '[' | '{') => at = after_closing(inside, at),
            _ => at += 1,
        }
        count += usize::from(!is_argument_open);
        is_argument_open = true;
    }
    count
}

/// The position after the `>` that closes the `<` at `at`.
fn after_angles(tokens: &[Located], at: usize) -> usize {
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

/// Every path, imports first, each resolved against the imports and the module it stands in.
fn paths(tokens: &[Located], module: &[String]) -> Vec<(usize, String)> {
    let (mut imports, mut named, mut at) = (Vec::new(), Vec::new(), 0);
    while at < tokens.len() {
        match word(tokens, at) {
            Some("use") => at = use_tree(tokens, at + 1, &[], &mut imports),
            Some(_)
                if at > 0 && is_mark(tokens, at - 1, '.') && !(at > 1 && is_mark(tokens, at - 2, '.')) =>
            {
                at += 1;
            }
            Some(_) => {
                let (segments, end) = inline_path(tokens, at);
                named.push((tokens[at].line, segments));
                at = end;
            }
            None => at += 1,
        }
    }
    let aliases: BTreeMap<&String, &Vec<String>> =
        imports.iter().map(|import| (&import.alias, &import.segments)).collect();
    let resolved_imports = imports.iter().map(|import| (import.line, absolute(&import.segments, module)));
    let resolved_names = named.iter().map(|(line, segments)| {
        let full = match aliases.get(&segments[0]) {
            Some(import) => import.iter().chain(&segments[1..]).cloned().collect(),
            None => segments.clone(),
        };
        (*line, absolute(&full, module))
    });
    resolved_imports.chain(resolved_names).collect()
}

struct Import {
    line: usize,
    alias: String,
    segments: Vec<String>,
}

fn inline_path(tokens: &[Located], mut at: usize) -> (Vec<String>, usize) {
    let mut segments = Vec::new();
    while let Some(segment) = word(tokens, at) {
        segments.push(segment.to_owned());
        at += 1;
        if is_path_separator(tokens, at) && is_mark(tokens, at + 2, '<') {
            at = after_angles(tokens, at + 2);
        }
        if !is_path_separator(tokens, at) {
            break;
        }
        at += 2;
    }
    (segments, at)
}

/// Reads one branch of a `use` tree that starts at `at`; gives the position after it.
fn use_tree(tokens: &[Located], mut at: usize, prefix: &[String], imports: &mut Vec<Import>) -> usize {
    let mut segments = prefix.to_vec();
    loop {
        if is_path_separator(tokens, at) {
            at += 2;
        } else if is_mark(tokens, at, '{') {
            let end = after_closing(tokens, at);
            at += 1;
            while at < end - 1 {
                at = use_tree(tokens, at, &segments, imports);
                at += usize::from(is_mark(tokens, at, ','));
            }
            return end;
        } else if is_mark(tokens, at, '*') {
            segments.push("*".to_owned());
            imports.push(Import { line: tokens[at].line, alias: String::new(), segments });
            return at + 1;
        } else if let Some(segment) = word(tokens, at) {
            if segment != "self" || segments.is_empty() {
                segments.push(segment.to_owned());
            }
            at += 1;
            if !is_path_separator(tokens, at) {
                let renamed = word(tokens, at + 1).filter(|_| word(tokens, at) == Some("as"));
                let alias = renamed.map_or_else(|| segments.last().cloned().unwrap(), ToOwned::to_owned);
                let end = if renamed.is_some() { at + 2 } else { at };
                imports.push(Import { line: tokens[at - 1].line, alias, segments });
                return end;
            }
        } else {
            return at + 1;
        }
    }
}

fn absolute(segments: &[String], module: &[String]) -> String {
    let mut base: Vec<String> = Vec::new();
    let mut rest = segments;
    while let Some((first, after)) = rest.split_first() {
        match first.as_str() {
            "self" | "super" if base.is_empty() => base = module.to_vec(),
            "surety" if base.is_empty() => base = vec!["crate".to_owned()],
            _ if first != "super" => break,
            _ => {}
        }
        if first == "super" && base.len() > 1 {
            base.pop();
        }
        rest = after;
    }
    base.extend_from_slice(rest);
    base.join("::")
}

#[test]
fn paths_are_resolved_through_imports_groups_aliases_and_super() {
    let text = "
        use kube::{Client as K, api::{self, Patch}};
        use super::facts::Fact;
        use std::time::*;
        fn f(client: K) { api::PostParams::default(); Patch::Apply(1); super::super::watch::run();
            let x = client.field; Vec::<u8>::with_capacity(1); for i in 0..limit {} }
        #[cfg(test)] mod tests { use tokio::fs; }
    ";
    let source = Source::new("src/core/controls/covered.rs", text);
    let paths: Vec<_> = source.paths.iter().map(|(_, path)| path.as_str()).collect();
    for expected in [
        "kube::Client",
        "kube::api",
        "kube::api::Patch",
        "kube::api::PostParams::default",
        "kube::api::Patch::Apply",
        "crate::core::controls::facts::Fact",
        "crate::core::watch::run",
        "std::time::*",
        "Vec::with_capacity",
        "limit",
    ] {
        assert!(paths.contains(&expected), "{expected} is not among {paths:?}");
    }
    assert!(!paths.iter().any(|path| path.contains("tokio") || *path == "field"), "{paths:?}");
}

#[test]
fn calls_are_counted_with_their_arguments() {
    let source = Source::new(
        "src/x.rs",
        "fn f() { a.create(&p(1, 2), &x,); b.g::<A, B>(); c.delete(n, &Default::default()) }",
    );
    let calls: Vec<_> = source
        .calls
        .iter()
        .map(|call| (call.name.as_str(), call.arity, call.has_defaulted_argument))
        .collect();
    assert_eq!(calls, [("create", 2, false), ("g", 0, false), ("delete", 2, true)]);
}

#[test]
fn lines_of_test_items_do_not_count_as_code() {
    let source = Source::new("src/x.rs", "//! x\nfn f() {}\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n");
    assert_eq!(source.code_lines, 2);
}
