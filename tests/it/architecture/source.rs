//! A source file as the rules see it: the paths it names, resolved; the methods it calls; its string literals.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    lexer::{Located, Token, after_angles, after_closing, is_mark, is_path_separator, tokens, word},
    paths::paths,
};

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
    /// Whether it holds tests only, by its path or because its parent declares it under `#[cfg(test)]`.
    pub is_test: bool,
    test_modules: Vec<String>,
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
        let module = module(path);
        let (code, tests) = without_tests(&all);
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code_lines: text.lines().count() - tests.lines,
            paths: paths(&code, &module),
            calls: calls(&code),
            literals: literals(&code),
            is_test: !path.starts_with("src/") || module.iter().any(|part| part == "tests"),
            test_modules: tests.modules.iter().map(|name| format!("{}::{name}", module.join("::"))).collect(),
        }
    }

    /// Whether it lies in one of the rooms of `src/`.
    pub fn is_in(&self, rooms: &[&str]) -> bool {
        let Some(inside) = self.path.strip_prefix("src/") else { return false };
        rooms
            .iter()
            .any(|room| inside.strip_prefix(room).is_some_and(|rest| rest.starts_with('/') || rest == ".rs"))
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
    let mut sources: Vec<_> = files
        .iter()
        .map(|file| {
            let path = file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            Source::new(&path, &fs::read_to_string(file).unwrap())
        })
        .collect();
    mark_test_modules(&mut sources);
    sources
}

fn mark_test_modules(sources: &mut [Source]) {
    let declared: Vec<_> = sources.iter().flat_map(|source| source.test_modules.clone()).collect();
    for source in sources {
        let module = module(&source.path).join("::");
        source.is_test |= declared.iter().any(|test| {
            module.strip_prefix(test).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        });
    }
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

/// What stands under `#[cfg(test)]`: how many lines, and the modules in files of their own.
#[derive(Default)]
struct TestItems {
    lines: usize,
    modules: Vec<String>,
}

/// The tokens outside items under `#[cfg(test)]`, and those items.
fn without_tests(tokens: &[Located]) -> (Vec<Located>, TestItems) {
    let (mut code, mut tests, mut at) = (Vec::new(), TestItems::default(), 0);
    while at < tokens.len() {
        if is_test_attribute(tokens, at) {
            let end = end_of_item(tokens, at);
            tests.lines += tokens[end - 1].line - tokens[at].line + 1;
            let is_declaration = is_mark(tokens, end - 1, ';') && word(tokens, end - 3) == Some("mod");
            let declared = word(tokens, end - 2).filter(|_| is_declaration);
            tests.modules.extend(declared.map(ToOwned::to_owned));
            at = end;
        } else {
            code.push(tokens[at].clone());
            at += 1;
        }
    }
    (code, tests)
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

#[test]
fn a_module_declared_for_tests_is_a_test_wherever_it_lies() {
    let mut sources = [
        Source::new("src/core/mod.rs", "#[cfg(test)]\npub mod testkit; mod facts;"),
        Source::new("src/core/testkit.rs", ""),
        Source::new("src/core/testkit/objects.rs", ""),
        Source::new("src/core/testkits.rs", ""),
        Source::new("src/core/facts.rs", ""),
        Source::new("src/core/facts/tests.rs", ""),
    ];
    mark_test_modules(&mut sources);
    assert_eq!(sources.map(|source| source.is_test), [false, true, true, false, false, true]);
}
