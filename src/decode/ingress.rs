//! Ingresses, and which annotations about TLS are read on them and on Services.

use serde::Deserialize;

use super::{Fault, List, Metadata, Nested, Objects, Present, Text, from_slice};
use crate::core::facts::{Ingress, IngressTls, Labels, Name};

/// The annotations of known implementations that decide about TLS and redirects, on Ingresses and on Services of load
/// balancers. Snippets of ingress-nginx are kept beside them, without their text.
pub const TLS_ANNOTATIONS: &[&str] = &[
    "alb.ingress.kubernetes.io/backend-protocol",
    "alb.ingress.kubernetes.io/certificate-arn",
    "alb.ingress.kubernetes.io/listen-ports",
    "alb.ingress.kubernetes.io/ssl-policy",
    "alb.ingress.kubernetes.io/ssl-redirect",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "kubernetes.io/ingress.allow-http",
    "networking.gke.io/managed-certificates",
    "networking.gke.io/v1beta1.FrontendConfig",
    "nginx.ingress.kubernetes.io/backend-protocol",
    "nginx.ingress.kubernetes.io/force-ssl-redirect",
    "nginx.ingress.kubernetes.io/proxy-ssl-protocols",
    "nginx.ingress.kubernetes.io/proxy-ssl-verify",
    "nginx.ingress.kubernetes.io/ssl-ciphers",
    "nginx.ingress.kubernetes.io/ssl-passthrough",
    "nginx.ingress.kubernetes.io/ssl-redirect",
    "projectcontour.io/tls-minimum-protocol-version",
    "service.beta.kubernetes.io/aws-load-balancer-backend-protocol",
    "service.beta.kubernetes.io/aws-load-balancer-ssl-cert",
    "service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy",
    "service.beta.kubernetes.io/aws-load-balancer-ssl-ports",
    "traefik.ingress.kubernetes.io/router.entrypoints",
    "traefik.ingress.kubernetes.io/router.tls",
    "traefik.ingress.kubernetes.io/router.tls.options",
];

/// Free configuration of ingress-nginx, which can undo every other annotation. That it is there is all that can be
/// said, so its value is kept as empty.
pub(super) const SNIPPETS: &[&str] = &[
    "nginx.ingress.kubernetes.io/auth-snippet",
    "nginx.ingress.kubernetes.io/configuration-snippet",
    "nginx.ingress.kubernetes.io/server-snippet",
    "nginx.ingress.kubernetes.io/stream-snippet",
];

/// Names the class where `spec.ingressClassName` does not.
pub(super) const OLD_CLASS: &str = "kubernetes.io/ingress.class";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Nested<Metadata<'a>>,
    spec: Nested<Spec<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    ingress_class_name: Text<'a>,
    default_backend: Present,
    rules: Objects<Rule<'a>>,
    tls: Objects<Tls<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Rule<'a> {
    #[serde(borrow)]
    host: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Tls<'a> {
    #[serde(borrow)]
    hosts: List<Text<'a>>,
    secret_name: Text<'a>,
}

pub(super) fn decode(json: &[u8]) -> Result<Ingress, Fault> {
    let Object { metadata, spec } = from_slice(json)?;
    let (namespace, name) = metadata.place()?;
    Ok(Ingress {
        namespace,
        name,
        meta: metadata.meta(),
        class: class(&metadata, &spec),
        hosts: spec.rules.iter().map(|rule| rule.host.intern()).collect(),
        has_default_backend: spec.default_backend.is_some(),
        tls: spec.tls.iter().map(|tls| tls.fact()).collect(),
        annotations: annotations(&metadata),
    })
}

fn class(metadata: &Metadata<'_>, spec: &Spec<'_>) -> Option<Name> {
    spec.ingress_class_name
        .intern_some()
        .or_else(|| metadata.annotations.get(OLD_CLASS).map(super::intern::name))
}

fn annotations(metadata: &Metadata<'_>) -> Labels {
    super::intern::labels(metadata.annotations.iter().filter_map(|(key, value)| {
        if SNIPPETS.contains(&key) {
            return Some((key, ""));
        }
        TLS_ANNOTATIONS.contains(&key).then_some((key, value))
    }))
}

impl Tls<'_> {
    fn fact(&self) -> IngressTls {
        IngressTls {
            hosts: self.hosts.iter().map(Text::intern).collect(),
            secret_name: self.secret_name.intern_some(),
        }
    }
}
