//! Metrics as they are exposed: the Prometheus text format, and the API server's own counters.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use kube::Client;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(30);

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The metric's name, with its suffix such as `_total` or `_bucket`.
    pub name: String,
    /// The labels.
    pub labels: BTreeMap<String, String>,
    /// The value, in the metric's unit.
    pub value: f64,
}

/// All samples of one scrape.
#[derive(Debug, Clone, Default)]
pub struct Samples(pub Vec<Sample>);

impl Samples {
    /// Reads the text format.
    ///
    /// # Errors
    /// When a line is neither empty, nor a comment, nor a sample.
    pub fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let samples = lines.map(|line| parse_sample(line).with_context(|| format!("no sample: {line:?}")));
        Ok(Self(samples.collect::<Result<_>>()?))
    }

    /// The samples of a name that carry at least these labels.
    pub fn select(&self, name: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = &Sample> {
        let carries = |sample: &Sample| {
            labels.iter().all(|(label, value)| sample.labels.get(*label).is_some_and(|found| found == value))
        };
        self.0.iter().filter(move |sample| sample.name == name && carries(sample))
    }

    /// The value of the only such sample, `None` when there is none.
    ///
    /// # Errors
    /// When there are several.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Result<Option<f64>> {
        let found: Vec<f64> = self.select(name, labels).map(|sample| sample.value).collect();
        match found.as_slice() {
            [] => Ok(None),
            [value] => Ok(Some(*value)),
            _ => bail!("{name} has {} samples with {labels:?}: name more labels", found.len()),
        }
    }

    /// The sum of all such samples, 0 when there is none.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.select(name, labels).map(|sample| sample.value).sum()
    }
}

/// What the API server counted: `apiserver_request_total` by `verb`, `group`, `resource`, `subresource`, `dry_run` and
/// `code` among others, without what RBAC refused. Whose requests they were only the audit log tells.
///
/// # Errors
/// When the server does not answer within 30 s, or not with metrics.
pub async fn of_apiserver(client: &Client) -> Result<Samples> {
    let request = http::Request::get("/metrics").body(Vec::new())?;
    let answer = timeout(LIMIT, client.request_text(request)).await;
    Samples::parse(&answer.context("the API server's metrics took too long")??)
}

fn parse_sample(line: &str) -> Result<Sample> {
    let name_end = line.find(['{', ' ']).context("there is no value")?;
    let (name, mut rest) = line.split_at(name_end);
    let mut labels = BTreeMap::new();
    if let Some(mut inside) = rest.strip_prefix('{') {
        while !inside.starts_with('}') {
            let (label, value, after) = parse_label(inside)?;
            labels.insert(label, value);
            inside = after.strip_prefix(',').unwrap_or(after);
        }
        rest = inside.strip_prefix('}').unwrap_or_default();
    }
    let value = rest.split_whitespace().next().context("there is no value")?.parse()?;
    Ok(Sample { name: name.to_owned(), labels, value })
}

/// Reads `name="value"`, where a backslash escapes a quote, a backslash or a new line.
fn parse_label(text: &str) -> Result<(String, String, &str)> {
    let (label, quoted) = text.split_once("=\"").context("a label has no quoted value")?;
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((label.to_owned(), value, quoted.get(at + 1..).unwrap_or_default())),
            '\\' => match characters.next().context("a label ends with a backslash")?.1 {
                'n' => value.push('\n'),
                escaped => value.push(escaped),
            },
            character => value.push(character),
        }
    }
    bail!("a label's value has no end")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const TEXT: &str = r#"# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{verb="GET",path="a \"b\", c}"} 3
requests_total{verb="PUT",path=""} 4 1700000000000
up 1
nan NaN
"#;

    #[test]
    fn samples_have_names_labels_and_values() {
        let samples = Samples::parse(TEXT).unwrap();
        let quoted = samples.select("requests_total", &[("verb", "GET")]).next().unwrap();
        assert_eq!(quoted.labels.get("path").unwrap(), "a \"b\", c}");
        assert_eq!(samples.value("requests_total", &[("verb", "PUT")]).unwrap(), Some(4.0));
        assert_eq!(samples.value("up", &[]).unwrap(), Some(1.0));
        assert_eq!(samples.value("up", &[("verb", "GET")]).unwrap(), None);
    }

    #[test]
    fn several_samples_have_a_sum_and_no_value() {
        let samples = Samples::parse(TEXT).unwrap();
        assert!((samples.sum("requests_total", &[]) - 7.0).abs() < f64::EPSILON);
        assert!(samples.value("requests_total", &[]).is_err());
    }

    #[test]
    fn what_is_no_sample_is_an_error() {
        for text in ["up", "up{", "up{a} 1", "up{a=\"b} 1", "up one", "up{a=\"b\"}"] {
            assert!(Samples::parse(text).is_err(), "{text:?}");
        }
    }
}
