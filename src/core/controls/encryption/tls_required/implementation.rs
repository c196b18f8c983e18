//! What each implementation of Ingress does with TLS and with plain HTTP, by its annotations. The implementation is known
//! by the name of the class, part by part (`nginx`, `internal-nginx`, `gce-internal`); an annotation proves nothing about
//! who reads it.
//!
//! Sources: ingress-nginx docs/user-guide/nginx-configuration/annotations; Traefik docs/routing/providers/kubernetes-ingress;
//! ingress-gce pkg/annotations; aws-load-balancer-controller docs/guide/ingress/annotations.

use std::collections::BTreeMap;

use crate::core::facts::{Ingress, parse_bool_like_go};

/// Who serves an Ingress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Implementation {
    Nginx,
    Traefik,
    Gke,
    Alb,
    Unknown,
}

/// Where TLS ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Termination {
    /// Whatever the host.
    EveryHost,
    /// For the hosts of `spec.tls`.
    BySpec,
    /// There is no TLS without this line.
    Nowhere(String),
}

/// What happens to plain HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Redirect {
    /// It redirects, or is not served.
    Yes,
    /// It is served.
    No {
        /// The annotation that decides.
        annotation: &'static str,
        /// What it says.
        found: String,
        /// The line that changes it.
        line: String,
    },
    /// The Ingress does not show it.
    Undecidable {
        /// Why not.
        why: String,
        /// What would show it.
        fix: String,
    },
}

const NGINX_REDIRECT: &str = "nginx.ingress.kubernetes.io/ssl-redirect";
const NGINX_FORCE: &str = "nginx.ingress.kubernetes.io/force-ssl-redirect";
const NGINX_PASSTHROUGH: &str = "nginx.ingress.kubernetes.io/ssl-passthrough";
/// Free configuration of a host or a path, which can undo every redirect.
const NGINX_SNIPPETS: [&str; 2] =
    ["nginx.ingress.kubernetes.io/server-snippet", "nginx.ingress.kubernetes.io/configuration-snippet"];
const TRAEFIK_TLS: &str = "traefik.ingress.kubernetes.io/router.tls";
const TRAEFIK_ENTRYPOINTS: &str = "traefik.ingress.kubernetes.io/router.entrypoints";
const GKE_ALLOW_HTTP: &str = "kubernetes.io/ingress.allow-http";
const GKE_FRONTEND: &str = "networking.gke.io/v1beta1.FrontendConfig";
const GKE_CERTIFICATES: [&str; 2] =
    ["ingress.gcp.kubernetes.io/pre-shared-cert", "networking.gke.io/managed-certificates"];
const ALB_CERTIFICATE: &str = "alb.ingress.kubernetes.io/certificate-arn";
const ALB_PORTS: &str = "alb.ingress.kubernetes.io/listen-ports";
const ALB_REDIRECT: &str = "alb.ingress.kubernetes.io/ssl-redirect";

impl Implementation {
    /// By the parts of the class's name.
    pub(super) fn of(ingress: &Ingress) -> Self {
        let class = ingress.class.as_deref().unwrap_or_default();
        let part = |part: &str| match part {
            "nginx" => Some(Self::Nginx),
            "traefik" => Some(Self::Traefik),
            "gce" => Some(Self::Gke),
            "alb" => Some(Self::Alb),
            _ => None,
        };
        class.split(['-', '.']).find_map(part).unwrap_or(Self::Unknown)
    }

    /// Where TLS ends.
    pub(super) fn termination(&self, ingress: &Ingress) -> Termination {
        let for_all = match self {
            Self::Nginx => is_on(ingress, NGINX_PASSTHROUGH),
            Self::Traefik => is_on(ingress, TRAEFIK_TLS),
            Self::Gke => GKE_CERTIFICATES.iter().any(|key| given(ingress, key).is_some()),
            Self::Alb => return alb_termination(ingress),
            Self::Unknown => false,
        };
        if for_all { Termination::EveryHost } else { Termination::BySpec }
    }

    /// What happens to plain HTTP, where the Ingress speaks TLS.
    pub(super) fn redirect(&self, ingress: &Ingress) -> Redirect {
        match self {
            Self::Nginx => nginx_redirect(ingress),
            Self::Traefik => traefik_redirect(ingress),
            Self::Gke => gke_redirect(ingress),
            Self::Alb => alb_redirect(ingress),
            Self::Unknown => unknown_redirect(ingress),
        }
    }
}

fn given<'a>(ingress: &'a Ingress, annotation: &str) -> Option<&'a str> {
    ingress.annotations.get(annotation).filter(|value| !value.is_empty())
}

fn flag(ingress: &Ingress, annotation: &str) -> Option<bool> {
    given(ingress, annotation).and_then(parse_bool_like_go)
}

fn is_on(ingress: &Ingress, annotation: &str) -> bool {
    flag(ingress, annotation) == Some(true)
}

fn served(ingress: &Ingress, annotation: &'static str, line: &str) -> Redirect {
    let found = ingress.annotations.get(annotation).unwrap_or("not set").to_owned();
    Redirect::No { annotation, found, line: line.to_owned() }
}

/// Redirects by default where there is a certificate; what it cannot read as a boolean it leaves at the default.
fn nginx_redirect(ingress: &Ingress) -> Redirect {
    if let Some(snippet) = NGINX_SNIPPETS.iter().find(|key| ingress.annotations.get(key).is_some()) {
        let why = format!("`{snippet}` can undo a redirect");
        return Redirect::Undecidable { why, fix: format!("remove `{snippet}`") };
    }
    if is_on(ingress, NGINX_FORCE) {
        return Redirect::Yes;
    }
    if ingress.tls.is_empty() {
        return served(ingress, NGINX_FORCE, "nginx.ingress.kubernetes.io/force-ssl-redirect: \"true\"");
    }
    match flag(ingress, NGINX_REDIRECT) {
        Some(false) => served(ingress, NGINX_REDIRECT, "nginx.ingress.kubernetes.io/ssl-redirect: \"true\""),
        Some(true) | None => Redirect::Yes,
    }
}

/// A router with TLS, or at the entry point for it alone, takes no plain HTTP; redirects stand in Traefik's own files.
fn traefik_redirect(ingress: &Ingress) -> Redirect {
    let only_secure = given(ingress, TRAEFIK_ENTRYPOINTS)
        .is_some_and(|entry_points| entry_points.split(',').all(|name| name.trim() == "websecure"));
    if is_on(ingress, TRAEFIK_TLS) || only_secure {
        return Redirect::Yes;
    }
    Redirect::Undecidable {
        why: "whether Traefik redirects plain HTTP stands in its own configuration".to_owned(),
        fix: format!("{TRAEFIK_TLS}: \"true\""),
    }
}

fn gke_redirect(ingress: &Ingress) -> Redirect {
    if flag(ingress, GKE_ALLOW_HTTP) == Some(false) {
        return Redirect::Yes;
    }
    let line = "kubernetes.io/ingress.allow-http: \"false\"";
    match given(ingress, GKE_FRONTEND) {
        Some(name) => Redirect::Undecidable {
            why: format!("whether plain HTTP redirects stands in FrontendConfig `{name}`"),
            fix: line.to_owned(),
        },
        None => served(ingress, GKE_ALLOW_HTTP, line),
    }
}

/// The listeners, as (protocol, port): as listed, else HTTPS alone with a certificate and HTTP alone without. None
/// where the list cannot be read.
fn alb_listeners(ingress: &Ingress) -> Option<Vec<(String, u16)>> {
    match given(ingress, ALB_PORTS) {
        Some(text) => {
            let listed: Vec<BTreeMap<String, u16>> = serde_json::from_str(text).ok()?;
            Some(listed.into_iter().flatten().collect())
        }
        None if given(ingress, ALB_CERTIFICATE).is_some() => Some(vec![("HTTPS".to_owned(), 443)]),
        None => Some(vec![("HTTP".to_owned(), 80)]),
    }
}

fn alb_termination(ingress: &Ingress) -> Termination {
    let listeners = alb_listeners(ingress).unwrap_or_default();
    if listeners.iter().any(|(protocol, _)| protocol == "HTTPS") {
        return Termination::EveryHost;
    }
    Termination::Nowhere(format!("{ALB_PORTS}: '[{{\"HTTPS\": 443}}]'"))
}

/// The port that is redirected to must be one of the listeners with TLS.
fn alb_redirect(ingress: &Ingress) -> Redirect {
    let listeners = alb_listeners(ingress).unwrap_or_default();
    if listeners.iter().all(|(protocol, _)| protocol == "HTTPS") {
        return Redirect::Yes;
    }
    let target = given(ingress, ALB_REDIRECT).and_then(|port| port.parse::<u16>().ok());
    if target.is_some_and(|port| listeners.contains(&("HTTPS".to_owned(), port))) {
        return Redirect::Yes;
    }
    let secure = listeners.iter().find(|(protocol, _)| protocol == "HTTPS").map_or(443, |(_, port)| *port);
    served(ingress, ALB_REDIRECT, &format!("{ALB_REDIRECT}: '{secure}'"))
}

fn unknown_redirect(ingress: &Ingress) -> Redirect {
    match &ingress.class {
        Some(class) => Redirect::Undecidable {
            why: format!("what class `{class}` does with plain HTTP is not known"),
            fix: "use a class of ingress-nginx, Traefik, GKE or the AWS load balancer controller".to_owned(),
        },
        None => Redirect::Undecidable {
            why: "it names no class, and what the default does with plain HTTP is not known".to_owned(),
            fix: "ingressClassName: <class>".to_owned(),
        },
    }
}
