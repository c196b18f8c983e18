//! When the webhook's certificates end.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use jiff::Timestamp;
use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, metrics::MetricType};

use crate::admission::tls::Published;

/// The certificates in use. Clones see the same ones.
#[derive(Clone, Debug, Default)]
pub struct CertificateMetrics {
    published: Arc<RwLock<Option<Published>>>,
}

impl CertificateMetrics {
    /// These are in use now.
    pub fn set(&self, published: Published) {
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Some(published);
    }
}

impl Collector for CertificateMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let published = self.published.read().unwrap_or_else(PoisonError::into_inner);
        let leaf = published.as_ref().map(|published| published.leaf_expiry);
        write_moment(
            &mut encoder,
            "webhook_certificate_expiry_timestamp_seconds",
            "When the webhook's certificate ends",
            leaf,
        )?;
        let authority = published.as_ref().and_then(|published| published.authority_expiry);
        write_moment(
            &mut encoder,
            "webhook_authority_expiry_timestamp_seconds",
            "When the newest authority of the webhook's certificates ends",
            authority,
        )
    }
}

fn write_moment(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    moment: Option<Timestamp>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    moment.map_or(Ok(()), |moment| metric.encode_gauge(&moment.as_second()))
}
