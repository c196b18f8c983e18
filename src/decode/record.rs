//! What Surety remembers: of a tenant in a ConfigMap `surety-tenant-<tenant>` that holds the record as JSON, of the whole
//! cluster in `surety-cluster` with a key for each entry.

use serde::Deserialize;

use super::{Fault, Metadata, Nested, Pairs, from_slice};
use crate::{
    api::keys,
    core::facts::{ClusterRecord, Gap, Name, TenantRecord},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    data: Pairs<'a>,
}

pub(super) fn decode(json: &[u8]) -> Result<TenantRecord, Fault> {
    let Object { metadata, data } = from_slice(json)?;
    let tenant = tenant_of(&metadata.name()?);
    if metadata.labels.get(keys::RECORD) != Some(keys::RECORD_OF_TENANT) {
        return Err(Fault::field("metadata.labels", "label `surety.dev/record: tenant` is missing"));
    }
    let Some(text) = data.get(keys::RECORD_DATA) else {
        return Err(Fault::field("data.record", "it is missing; Surety's memory of the tenant stands there"));
    };
    let record: TenantRecord = serde_json::from_str(text)
        .map_err(|error| Fault::field("data.record", format!("it is not a tenant's record: {error}")))?;
    if record.tenant != tenant {
        let problem = format!("it remembers tenant `{}`, the name says `{tenant}`", record.tenant);
        return Err(Fault::field("data.record", problem));
    }
    Ok(record)
}

/// Of the entries only the gaps: a use of break-glass is nobody's verdict.
pub(super) fn decode_cluster(json: &[u8]) -> Result<ClusterRecord, Fault> {
    let Object { metadata, data } = from_slice(json)?;
    if metadata.labels.get(keys::RECORD) != Some(keys::RECORD_OF_CLUSTER) {
        return Err(Fault::field("metadata.labels", "label `surety.dev/record: cluster` is missing"));
    }
    let of_gaps = data.iter().filter(|(key, _)| key.starts_with(keys::RECORD_OF_GAP_PREFIX));
    let read = |(key, text): (&str, &str)| {
        serde_json::from_str::<Gap>(text)
            .map_err(|error| Fault::field("data", format!("`{key}` is no gap in enforcement: {error}")))
    };
    let mut gaps = of_gaps.map(read).collect::<Result<Vec<Gap>, Fault>>()?;
    gaps.sort_by_key(|gap| gap.began);
    Ok(ClusterRecord { gaps })
}

/// The tenant that a record's name speaks of.
pub(super) fn tenant_of(name: &str) -> Name {
    Name::from(name.strip_prefix(keys::RECORD_OF_TENANT_PREFIX).unwrap_or(name))
}

/// Whether a ConfigMap of this name is a record.
pub(super) fn is_record(name: &str) -> bool {
    name.starts_with(keys::RECORD_OF_TENANT_PREFIX)
}
