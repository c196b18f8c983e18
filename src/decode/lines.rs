//! Where the fields of an object stand in a manifest: what a field path of an issue leads to, as a line of the text.
//!
//! Reads a text a second time, by a tree that keeps positions: only the command line asks, and only for what it tells.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

use super::manifest::{line_number, options};

/// The lines of every object of one text.
#[derive(Debug, Default)]
pub struct FieldLines {
    objects: Vec<(usize, Node)>,
}

impl FieldLines {
    /// Of a text that [`super::manifests`] can read; of any other there are none.
    pub fn of(text: &str) -> Self {
        let documents: Vec<Spanned<Node>> =
            serde_saphyr::from_str_multiple_with_options(text, options()).unwrap_or_default();
        let objects = documents.into_iter().flat_map(unfold).collect();
        Self { objects }
    }

    /// The line of a field, by its path from the root of the object that begins on `object_line`. Where there is no such
    /// field, the line of the innermost part of the path that is there.
    pub fn line_of(&self, object_line: usize, field: &str) -> Option<usize> {
        let (line, root) = self.objects.iter().find(|(line, _)| *line == object_line)?;
        let (mut node, mut line) = (root, *line);
        for step in steps(field) {
            let Some((at, next)) = node.step(step) else { break };
            (line, node) = (at, next);
        }
        Some(line)
    }
}

/// A document, or the items of a list, as `manifests` unfolds them.
fn unfold(document: Spanned<Node>) -> Vec<(usize, Node)> {
    let line = line_number(document.referenced.line());
    let Node::Map(mut entries) = document.value else { return vec![(line, document.value)] };
    match entries.iter().position(|entry| entry.key == "items") {
        Some(at) => match entries.swap_remove(at).value {
            Node::List(items) => items,
            _ => Vec::new(),
        },
        None => vec![(line, Node::Map(entries))],
    }
}

#[derive(Debug)]
enum Node {
    Map(Vec<Entry>),
    List(Vec<(usize, Node)>),
    Scalar(String),
}

#[derive(Debug)]
struct Entry {
    key: String,
    line: usize,
    value: Node,
}

/// One step of a field path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step<'p> {
    /// `spec`, or `[surety.dev/tenant]` for a key with dots, or the word of a list or its index.
    Name(&'p str),
    /// `[name=web]`: the item of a list whose field has this value.
    Where(&'p str, &'p str),
}

impl Node {
    fn step(&self, step: Step<'_>) -> Option<(usize, &Self)> {
        match (self, step) {
            (Self::Map(_), Step::Name(key)) => self.entry(key).map(|entry| (entry.line, &entry.value)),
            (Self::List(items), Step::Name(name)) => {
                let by_index = name.parse().ok().and_then(|index: usize| items.get(index));
                let named = by_index.or_else(|| items.iter().find(|(_, item)| item.is_text(name)));
                named.map(|(line, item)| (*line, item))
            }
            (Self::List(items), Step::Where(key, value)) => items.iter().find_map(|(_, item)| {
                let entry = item.entry(key).filter(|entry| entry.value.is_text(value))?;
                Some((entry.line, item))
            }),
            _ => None,
        }
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        match self {
            Self::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    fn is_text(&self, text: &str) -> bool {
        matches!(self, Self::Scalar(scalar) if scalar == text)
    }
}

/// The steps of a path such as `spec.containers[name=web].image` or `metadata.labels[surety.dev/tenant]`.
fn steps(field: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut rest = field;
    while !rest.is_empty() {
        let (step, after) = first_step(rest);
        steps.push(step);
        rest = after;
    }
    steps
}

fn first_step(path: &str) -> (Step<'_>, &str) {
    let Some(within) = path.strip_prefix('[') else {
        let name = path.strip_prefix('.').unwrap_or(path);
        let (name, after) = name.split_at(name.find(['.', '[']).unwrap_or(name.len()));
        return (Step::Name(name), after);
    };
    let (selector, after) = within.split_at(end_of_selector(within));
    let step = match selector.split_once('=') {
        Some((key, value)) => Step::Where(key, value),
        None => Step::Name(selector),
    };
    (step, after.strip_prefix(']').unwrap_or(after))
}

/// The bracket that ends a selector, whose value may hold brackets of its own.
fn end_of_selector(within: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in within.char_indices() {
        match letter {
            '[' => depth += 1,
            ']' if depth == 0 => return at,
            ']' => depth -= 1,
            _ => {}
        }
    }
    within.len()
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

macro_rules! scalars {
    ($($visit:ident: $type:ty),*) => {
        $(fn $visit<E>(self, value: $type) -> Result<Node, E> {
            Ok(Node::Scalar(value.to_string()))
        })*
    };
}

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    scalars!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(String::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element::<Spanned<Node>>()? {
            items.push((line_number(item.referenced.line()), item.value));
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<Spanned<String>, Node>()? {
            let line = line_number(key.referenced.line());
            entries.push(Entry { key: key.value, line, value });
        }
        Ok(Node::Map(entries))
    }
}
