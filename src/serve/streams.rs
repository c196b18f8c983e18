//! Which kinds are watched, and where.

use crate::{core::facts::Source, reconcile::record, watch::Stream};

/// Every stream of a running Surety.
pub fn streams(own_namespace: &str) -> Vec<Stream> {
    let kinds = Source::ALL.iter().flat_map(|source| source.kinds()).copied();
    kinds
        .map(|kind| match record::selector(kind) {
            Some(label) => Stream::within(kind, own_namespace).with_labels(label),
            None => Stream::all(kind),
        })
        .collect()
}
