//! What Surety remembers of a tenant: a ConfigMap `surety-tenant-<tenant>` that holds the record as JSON.

use serde::Deserialize;

use super::{Fault, Metadata, Nested, Pairs, from_slice};
use crate::{
    api::keys,
    core::facts::{Name, TenantRecord},
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

/// The tenant that a record's name speaks of.
pub(super) fn tenant_of(name: &str) -> Name {
    Name::from(name.strip_prefix(keys::RECORD_OF_TENANT_PREFIX).unwrap_or(name))
}

/// Whether a ConfigMap of this name is a record.
pub(super) fn is_record(name: &str) -> bool {
    name.starts_with(keys::RECORD_OF_TENANT_PREFIX)
}
