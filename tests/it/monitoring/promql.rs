//! Just enough of PromQL to see which metrics and labels a query names. Whether it parses is Prometheus's word.

use std::collections::BTreeSet;

/// A metric and what is asked of its labels.
#[derive(Debug, PartialEq, Eq)]
pub struct Selector {
    pub metric: String,
    pub matchers: Vec<Matcher>,
}

/// What is asked of one label.
#[derive(Debug, PartialEq, Eq)]
pub struct Matcher {
    pub label: String,
    pub value: String,
    pub is_pattern: bool,
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Every word of a text.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character| !is_word(character)).filter(|word| !word.is_empty())
}

/// Every selector of a metric of Surety, and of `up`.
pub fn selectors(query: &str) -> Vec<Selector> {
    let mut found = Vec::new();
    let mut rest = query;
    while let Some(start) = rest.find(is_word) {
        rest = &rest[start..];
        let end = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        let (matchers, after) = match rest.strip_prefix('{') {
            Some(inside) => matchers(inside),
            None => (Vec::new(), rest),
        };
        rest = after;
        if word.starts_with("surety_") || word == "up" {
            found.push(Selector { metric: word.to_owned(), matchers });
        }
        // What is in quotes is no query.
        if let Some(quoted) = rest.strip_prefix('"') {
            rest = quoted.split_once('"').map_or("", |(_, after)| after);
        }
    }
    found
}

/// The matchers up to the closing brace, and what comes after it.
fn matchers(mut inside: &str) -> (Vec<Matcher>, &str) {
    let mut found = Vec::new();
    loop {
        inside = inside.trim_start_matches([',', ' ']);
        if let Some(after) = inside.strip_prefix('}') {
            return (found, after);
        }
        let Some((left, right)) = inside.split_once('"') else { return (found, "") };
        let Some((value, after)) = right.split_once('"') else { return (found, "") };
        let is_pattern = left.contains('~');
        let label = left.trim_end_matches(['=', '~', '!']).to_owned();
        found.push(Matcher { label, value: value.to_owned(), is_pattern });
        inside = after;
    }
}

/// The labels that groupings and joins keep.
pub fn grouping(query: &str) -> BTreeSet<String> {
    let mut labels = BTreeSet::new();
    for keyword in ["by (", "on ("] {
        for part in query.split(keyword).skip(1) {
            let inside = part.split_once(')').map_or("", |(inside, _)| inside);
            labels.extend(words(inside).map(str::to_owned));
        }
    }
    labels
}

/// The labels that a text of Prometheus (`{{ $labels.tenant }}`) or a legend of Grafana (`{{tenant}}`) shows.
pub fn templated(text: &str) -> Vec<String> {
    let inside =
        text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}").map(|(inside, _)| inside.trim()));
    let label = |inside: &str| {
        let name = inside.strip_prefix("$labels.").unwrap_or(inside);
        (!name.starts_with('$')).then(|| name.to_owned())
    };
    inside.filter_map(label).collect()
}

/// The variables of Grafana in a query.
pub fn variables(query: &str) -> Vec<String> {
    query.split('$').skip(1).filter_map(|rest| words(rest).next().map(str::to_owned)).collect()
}

#[test]
fn selectors_are_found_with_their_matchers() {
    let query = r#"sum by (a) (rate(surety_x_total{job=~"$job",b!="c"}[5m])) / on (d) up == 1"#;
    let matcher = |label: &str, value: &str, is_pattern| Matcher {
        label: label.to_owned(),
        value: value.to_owned(),
        is_pattern,
    };
    let wanted = vec![
        Selector {
            metric: "surety_x_total".to_owned(),
            matchers: vec![matcher("job", "$job", true), matcher("b", "c", false)],
        },
        Selector { metric: "up".to_owned(), matchers: Vec::new() },
    ];
    assert_eq!(selectors(query), wanted);
    assert_eq!(grouping(query), ["a".to_owned(), "d".to_owned()].into());
    assert_eq!(variables(query), ["job"]);
    assert_eq!(templated("{{ $labels.tenant }} {{ $value | humanize }} {{state}}"), ["tenant", "state"]);
}
