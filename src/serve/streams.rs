//! Which kinds are watched, and where.

use crate::{
    api::keys,
    core::facts::{Kind, Source},
    reconcile::record::{RECORD_LABEL, RECORD_OF_TENANT},
    watch::Stream,
};

/// Every stream of a running Surety.
pub fn streams(own_namespace: &str) -> Vec<Stream> {
    let kinds = Source::ALL.iter().flat_map(|source| source.kinds()).copied();
    kinds
        .map(|kind| match kind {
            Kind::TenantRecord => {
                Stream::within(kind, own_namespace).with_labels(format!("{RECORD_LABEL}={RECORD_OF_TENANT}"))
            }
            Kind::ClusterRecord => {
                let label = format!("{}={}", keys::RECORD, keys::RECORD_OF_CLUSTER);
                Stream::within(kind, own_namespace).with_labels(label)
            }
            kind => Stream::all(kind),
        })
        .collect()
}
