//! The paths that a file names, resolved through its imports, their aliases, and `self`, `super` and `crate`.

use std::collections::BTreeMap;

use super::lexer::{Located, after_angles, after_closing, is_mark, is_path_separator, word};

/// Every path, imports first, each resolved against the imports and the module it stands in.
pub fn paths(tokens: &[Located], module: &[String]) -> Vec<(usize, String)> {
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
    let source = super::source::Source::new("src/core/controls/covered.rs", text);
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
