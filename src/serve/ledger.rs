//! What is remembered of the whole cluster: gaps in enforcement and uses of break-glass, in one bounded ConfigMap. Any
//! replica adds uses of break-glass, each under a key of its own. Gaps are the leader's, under a key that says when they
//! began and not by whom they were seen, so that the next leader can add their end.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    api::keys,
    core::facts::{Gap, Kind},
    write::{Target, WriteError, Writer},
};

/// How many entries of each series are kept: about 100 kB at most.
const KEPT: usize = 200;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// A use of break-glass.
    BreakGlass,
    /// A time during which requests were not refused.
    Gap,
}

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it is about.
    pub series: Series,
    /// When it happened, or began.
    pub at: Timestamp,
    /// What happened.
    pub content: Value,
}

/// Adds entries.
#[derive(Clone)]
pub struct Ledger {
    writer: Arc<Writer>,
    target: Target,
    replica: String,
}

impl Ledger {
    /// The ledger in Surety's own namespace.
    pub fn new(writer: Arc<Writer>, own_namespace: &str, replica: &str) -> Self {
        let resource = Kind::TenantRecord.resource();
        let target = Target::namespaced(resource, own_namespace, keys::RECORD_OF_CLUSTER_NAME);
        Self { writer, target, replica: key_part(replica) }
    }

    /// Adds an entry, or replaces the one of the same key. The oldest go.
    pub async fn add(&self, entry: &Entry) -> Result<(), WriteError> {
        let data = json!({self.key_of(entry): entry.content.to_string()});
        let there = self.writer.note(&self.target, keys::MANAGER_LEDGER, &body(&data)).await?;
        let surplus = surplus(&there);
        if !surplus.is_empty() {
            self.writer.note(&self.target, keys::MANAGER_LEDGER, &body(&Value::Object(surplus))).await?;
        }
        Ok(())
    }

    /// Sorted by time within its series.
    fn key_of(&self, entry: &Entry) -> String {
        let (prefix, at) = (entry.series.prefix(), entry.at.as_microsecond());
        match entry.series {
            Series::BreakGlass => format!("{prefix}{at:016}.{}", self.replica),
            Series::Gap => format!("{prefix}{at:016}"),
        }
    }
}

impl Series {
    const fn prefix(self) -> &'static str {
        match self {
            Self::BreakGlass => "break-glass.",
            Self::Gap => keys::RECORD_OF_GAP_PREFIX,
        }
    }
}

/// A gap as an entry. Its end replaces its beginning.
pub fn gap_entry(gap: &Gap) -> Entry {
    let seconds = gap.ended.map(|ended| gap.began.duration_until(ended).as_secs());
    let content = json!({
        "began": gap.began.to_string(), "cause": gap.cause,
        "ended": gap.ended.map(|ended| ended.to_string()), "seconds": seconds,
    });
    Entry { series: Series::Gap, at: gap.began, content }
}

fn body(data: &Value) -> Value {
    json!({
        "metadata": {"labels": {
            keys::MANAGED_BY: keys::MANAGED_BY_SURETY, keys::RECORD: keys::RECORD_OF_CLUSTER,
        }},
        "data": data,
    })
}

/// The entries that are too many, as a merge that takes them away.
fn surplus(there: &Value) -> Map<String, Value> {
    let names = there.pointer("/data").and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let mut series: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for name in names {
        let prefix = name.split('.').next().unwrap_or_default();
        series.entry(prefix).or_default().push(name);
    }
    let mut surplus = Map::new();
    for names in series.values_mut() {
        names.sort();
        let many = names.len().saturating_sub(KEPT);
        surplus.extend(names.iter().take(many).map(|name| ((*name).clone(), Value::Null)));
    }
    surplus
}

/// What the API server takes in a key.
fn key_part(text: &str) -> String {
    let is_taken = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    text.chars().filter(|letter| is_taken(*letter)).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_each_series_go() {
        let mut data = Map::new();
        for number in 0..=KEPT {
            data.insert(format!("break-glass.{number:016}.a"), json!("{}"));
        }
        data.insert("gap.0000000000000000.a".to_owned(), json!("{}"));
        let gone = surplus(&json!({"data": data}));
        assert_eq!(gone.keys().collect::<Vec<_>>(), ["break-glass.0000000000000000.a"]);
    }

    #[test]
    fn a_replica_is_named_as_a_key_may_be() {
        assert_eq!(key_part("surety-0/ä:1"), "surety-01");
    }
}
