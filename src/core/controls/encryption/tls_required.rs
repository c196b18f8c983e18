//! `encryption.tls-required`: endpoints speak TLS only, as far as declarations show it. Observed handshakes are another
//! control's, and beat every declaration.
//!
//! An Ingress covers a host by an entry of `spec.tls` with that host, with a wildcard for its first label, or without
//! hosts, which stands for all. A rule without host and a default backend answer for every host, so only an entry
//! without hosts covers them. Where the implementation attaches certificates by annotation, that covers every host.

mod implementation;

use std::collections::BTreeSet;

use crate::{
    api::{Severity, TrafficScope, encryption_policy::EncryptionInTransit},
    core::{
        context::Context,
        control::{Control, Door, Guard, Operation, no_transition},
        effective::Effective,
        facts::{Fact, Ingress, IngressTls, Kind, Name, Service, ServiceType, Sources, Unknown},
        parameters::{Parameter, Parameters},
        subject::{Subject, SubjectClass},
        verdict::{Issue, Problem, Verdict},
    },
};
use implementation::{Implementation, Redirect, Termination};

/// The control.
pub static CONTROL: Control = Control {
    id: "encryption.tls-required",
    title: "Endpoints speak TLS only",
    why: "What crosses a network in plain text is read and changed by whoever stands between.",
    remediation: "Cover every host of the Ingress by `spec.tls`, and let plain HTTP redirect; serve other protocols with TLS of \
                  their own.",
    severity: Severity::Critical,
    subjects: &[SubjectClass::Ingress, SubjectClass::Service],
    reads: Sources::NONE,
    guards: &[
        Guard { kind: Kind::Ingress, door: Door::Conform, operations: WRITES },
        Guard { kind: Kind::Service, door: Door::Conform, operations: WRITES },
    ],
    evaluate,
    demanded: Effective::tls_required,
    upheld_by: Some(Kind::EncryptionPolicy),
    weaker,
    transition: no_transition,
};

const WRITES: &[Operation] = &[Operation::Create, Operation::Update];

fn evaluate(context: &Context<'_>, subject: &Subject<'_>) -> Verdict {
    match subject {
        Subject::Ingress(ingress) => of_ingress(context.parameters(), ingress),
        Subject::Service(service) => of_service(context.parameters(), service),
        _ => Verdict::not_applicable("no endpoint"),
    }
}

fn of_ingress(parameters: &Parameters, ingress: &Ingress) -> Verdict {
    let endpoints = endpoints_of(ingress);
    if endpoints.is_empty() {
        return Verdict::not_applicable("it serves no host");
    }
    let implementation = Implementation::of(ingress);
    let mut issues = plain_endpoints(ingress, &implementation, &endpoints);
    let speaks_tls = issues.len() < endpoints.len();
    if speaks_tls && parameters.flag("redirect") {
        issues.extend(redirect_issue(implementation.redirect(ingress)));
    }
    if parameters.flag("hsts") {
        issues.push(hsts_issue());
    }
    let hosts: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.host().unwrap_or("*")).collect();
    let mut verdict = Verdict::from_issues(issues).reading("TLS for every host", "spec.tls");
    verdict.evidence.found = hosts.join(", ").into();
    verdict
}

/// What an Ingress answers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Endpoint<'a> {
    Host(&'a str),
    EveryHost,
    DefaultBackend,
}

impl<'a> Endpoint<'a> {
    const fn host(self) -> Option<&'a str> {
        match self {
            Self::Host(host) => Some(host),
            Self::EveryHost | Self::DefaultBackend => None,
        }
    }

    fn field(self) -> String {
        match self {
            Self::Host(host) => format!("spec.rules[host={host}]"),
            Self::EveryHost => "spec.rules[host=]".to_owned(),
            Self::DefaultBackend => "spec.defaultBackend".to_owned(),
        }
    }

    fn is_covered_by(self, entry: &IngressTls) -> bool {
        let covers = |host: &str| entry.hosts.iter().any(|pattern| covers_host(pattern, host));
        entry.hosts.is_empty() || self.host().is_some_and(covers)
    }
}

fn endpoints_of(ingress: &Ingress) -> BTreeSet<Endpoint<'_>> {
    let of_rule = |host| if str::is_empty(host) { Endpoint::EveryHost } else { Endpoint::Host(host) };
    let default_backend = ingress.has_default_backend.then_some(Endpoint::DefaultBackend);
    ingress.hosts.iter().map(|host| of_rule(host)).chain(default_backend).collect()
}

/// Whether a host of `spec.tls` covers a host of a rule: the same, or a wildcard for exactly its first label.
fn covers_host(pattern: &str, host: &str) -> bool {
    if pattern.eq_ignore_ascii_case(host) {
        return true;
    }
    let wildcard = pattern.strip_prefix("*.");
    let label_and_rest = host.split_once('.').filter(|(label, _)| !label.is_empty() && *label != "*");
    matches!((wildcard, label_and_rest), (Some(parent), Some((_, rest))) if parent.eq_ignore_ascii_case(rest))
}

/// One issue for each endpoint that no certificate covers.
fn plain_endpoints(
    ingress: &Ingress,
    implementation: &Implementation,
    endpoints: &BTreeSet<Endpoint<'_>>,
) -> Vec<Issue> {
    let line = match implementation.termination(ingress) {
        Termination::EveryHost => return Vec::new(),
        Termination::BySpec => None,
        Termination::Nowhere(line) => Some(line),
    };
    let is_plain = |endpoint: &&Endpoint<'_>| {
        line.is_some() || !ingress.tls.iter().any(|entry| endpoint.is_covered_by(entry))
    };
    let issue = |endpoint: &Endpoint<'_>| {
        let fix = line.clone().unwrap_or_else(|| entry_for(ingress, *endpoint));
        Issue::fail(endpoint.field(), "served in plain text", "a certificate that covers it", fix)
    };
    endpoints.iter().filter(is_plain).map(issue).collect()
}

fn entry_for(ingress: &Ingress, endpoint: Endpoint<'_>) -> String {
    let name = &ingress.name;
    match endpoint.host() {
        Some(host) => format!("spec.tls: - {{hosts: [\"{host}\"], secretName: {name}-tls}}"),
        None => format!("spec.tls: - {{secretName: {name}-tls}}"),
    }
}

fn redirect_issue(redirect: Redirect) -> Option<Issue> {
    const WANTED: &str = "plain HTTP redirects to HTTPS, or is not served";
    match redirect {
        Redirect::Yes => None,
        Redirect::No { annotation, found, line } => {
            Some(Issue::fail(format!("metadata.annotations[{annotation}]"), found, WANTED, line))
        }
        Redirect::Undecidable { why, fix } => {
            let problem = Problem::Unknown(Unknown::Undecidable(why.clone()));
            Some(Issue::fail("metadata.annotations", why, WANTED, fix).with_problem(problem))
        }
    }
}

/// No declaration of an Ingress shows it; a promise of it is not kept unseen.
fn hsts_issue() -> Issue {
    let why = "only a handshake shows whether answers carry Strict-Transport-Security".to_owned();
    Issue::fail(
        "spec.tls",
        why.clone(),
        "Strict-Transport-Security in every answer",
        "set it in the Ingress controller",
    )
    .with_problem(Problem::Unknown(Unknown::Undecidable(why)))
}

fn covers_all(parameters: &Parameters) -> bool {
    matches!(parameters.get("scope"), Some(Parameter::Text(scope)) if *scope == "all")
}

fn of_service(parameters: &Parameters, service: &Service) -> Verdict {
    match service.service_type {
        ServiceType::ExternalName => Verdict::not_applicable("it names an endpoint of somebody else"),
        ServiceType::ClusterIp if !covers_all(parameters) => {
            Verdict::not_applicable("it is not reached from outside the cluster")
        }
        ServiceType::LoadBalancer if has_certificate(service) => of_load_balancer(service),
        ServiceType::ClusterIp | ServiceType::NodePort | ServiceType::LoadBalancer => {
            only_a_handshake(service)
        }
    }
}

const CERTIFICATE: &str = "service.beta.kubernetes.io/aws-load-balancer-ssl-cert";
const TLS_PORTS: &str = "service.beta.kubernetes.io/aws-load-balancer-ssl-ports";

fn has_certificate(service: &Service) -> bool {
    service.annotations.get(CERTIFICATE).is_some_and(|certificate| !certificate.is_empty())
}

/// The load balancer of AWS terminates TLS at the ports that are listed by number or name, at all where none is.
fn of_load_balancer(service: &Service) -> Verdict {
    let listed = service.annotations.get(TLS_PORTS).filter(|ports| !ports.trim().is_empty()).unwrap_or("*");
    let listed: Vec<&str> = listed.split(',').map(str::trim).collect();
    let is_listed = |name: &Name, port: i32| {
        listed
            .iter()
            .any(|entry| *entry == "*" || *entry == port.to_string() || (!name.is_empty() && *name == *entry))
    };
    let plain = service.ports.iter().filter(|(name, port, _)| !is_listed(name, *port));
    let issue = |(_, port, _): &(Name, i32, Option<Name>)| {
        let line = format!("{TLS_PORTS}: \"{},{port}\"", listed.join(","));
        Issue::fail(format!("spec.ports[port={port}]"), "served in plain text", "TLS at every port", line)
    };
    Verdict::from_issues(plain.map(issue).collect()).reading("TLS at every port", "metadata.annotations")
}

/// Port numbers and names are hints, and prove nothing.
fn only_a_handshake(service: &Service) -> Verdict {
    const WHY: &str = "only a handshake shows whether it speaks TLS";
    let issue = |(_, port, _): &(Name, i32, Option<Name>)| {
        let fix = "serve HTTP by an Ingress with TLS, or let the load balancer terminate TLS \
             (service.beta.kubernetes.io/aws-load-balancer-ssl-cert: <certificate>)";
        Issue::fail(format!("spec.ports[port={port}]"), WHY, "TLS", fix)
            .with_problem(Problem::Unknown(Unknown::Undecidable(WHY.to_owned())))
    };
    Verdict::from_issues(service.ports.iter().map(issue).collect()).reading("TLS at every port", "spec.ports")
}

/// A policy is weaker where it lets plain HTTP stand, or leaves out what is inside the cluster.
fn weaker(policy: &Fact, promised: &Parameters) -> Vec<Issue> {
    let Fact::EncryptionPolicy(policy) = policy else { return Vec::new() };
    let Some(rule) = &policy.spec.in_transit else { return Vec::new() };
    [weaker_redirect(rule, promised), weaker_scope(rule, promised)].into_iter().flatten().collect()
}

fn weaker_redirect(rule: &EncryptionInTransit, promised: &Parameters) -> Option<Issue> {
    let line = "spec.inTransit.redirect: true";
    (promised.flag("redirect") && !rule.redirect)
        .then(|| Issue::fail("spec.inTransit.redirect", "false", "true, as promised", line))
}

fn weaker_scope(rule: &EncryptionInTransit, promised: &Parameters) -> Option<Issue> {
    let line = "spec.inTransit.scope: all";
    (covers_all(promised) && rule.scope == TrafficScope::External)
        .then(|| Issue::fail("spec.inTransit.scope", "external", "all, as promised", line))
}

#[cfg(test)]
mod tests;
