#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
use super::*;
use crate::{
    api::EncryptionPolicySpec,
    core::{
        controls::testkit::{Bench, NAMESPACE, at, declared, meta},
        facts::{Change, Labels},
        subject::SubjectKey,
        verdict::State,
    },
    index,
};

type Pairs<'a> = &'a [(&'a str, &'a str)];

const NOW: &str = "2026-06-15T12:00:00Z";

fn labels(pairs: &[(&str, &str)]) -> Labels {
    let owned = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Labels::from(owned.collect::<std::collections::BTreeMap<_, _>>())
}

fn tls(hosts: &[&str]) -> IngressTls {
    let hosts = hosts.iter().map(|host| Name::from(*host)).collect();
    IngressTls { hosts, secret_name: Some("shop-tls".into()) }
}

/// An Ingress as decoding would give it: an annotation that is dropped there can decide nothing here.
fn ingress(class: &str, hosts: &[&str], tls: Vec<IngressTls>, annotations: &[(&str, &str)]) -> Ingress {
    let kept: Vec<&str> = crate::decode::annotations_read().collect();
    assert!(annotations.iter().all(|(key, _)| kept.contains(key)), "dropped: one of {annotations:?}");
    Ingress {
        namespace: NAMESPACE.into(),
        name: "shop".into(),
        meta: meta("shop"),
        class: (!class.is_empty()).then(|| class.into()),
        hosts: hosts.iter().map(|host| Name::from(*host)).collect(),
        has_default_backend: false,
        tls,
        annotations: labels(annotations),
    }
}

fn verdict_of(ingress: Ingress) -> Verdict {
    Bench::new(&CONTROL).verdict_of(Fact::Ingress(ingress))
}

fn fields(verdict: &Verdict) -> Vec<&str> {
    verdict.issues.iter().map(|issue| issue.field.as_str()).collect()
}

#[test]
fn a_host_with_a_certificate_passes_and_one_without_is_told_the_entry_to_add() {
    let covered = ingress("nginx", &["shop.example.com"], vec![tls(&["shop.example.com"])], &[]);
    let verdict = verdict_of(covered);
    assert_eq!((verdict.issues.len(), verdict.evidence.found.as_ref()), (0, "shop.example.com"));

    let half =
        ingress("nginx", &["shop.example.com", "api.example.com"], vec![tls(&["shop.example.com"])], &[]);
    let wanted = Issue::fail(
        "spec.rules[host=api.example.com]",
        "served in plain text",
        "a certificate that covers it",
        "spec.tls: - {hosts: [\"api.example.com\"], secretName: shop-tls}",
    );
    assert_eq!(verdict_of(half).issues, [wanted]);
}

#[test]
fn a_wildcard_covers_exactly_one_label() {
    for (pattern, host, covers) in [
        ("shop.example.com", "shop.example.com", true),
        ("SHOP.example.com", "shop.EXAMPLE.com", true),
        ("*.example.com", "shop.example.com", true),
        ("*.example.com", "a.shop.example.com", false),
        ("*.example.com", "example.com", false),
        ("*.example.com", "*.example.com", true),
        ("*.example.com", "*.shop.example.com", false),
        ("*.com", "*.example.com", false),
        ("example.com", "shop.example.com", false),
        ("*.example.com", ".example.com", false),
    ] {
        assert_eq!(covers_host(pattern, host), covers, "{pattern} for {host}");
    }
}

#[test]
fn what_answers_for_every_host_needs_an_entry_without_hosts() {
    let every = |tls| ingress("nginx", &[""], tls, &[]);
    let verdict = verdict_of(every(vec![tls(&["shop.example.com"])]));
    assert_eq!(fields(&verdict), ["spec.rules[host=]"]);
    assert_eq!(verdict.issues[0].fix, "spec.tls: - {secretName: shop-tls}");
    assert_eq!(verdict_of(every(vec![tls(&[])])).issues, []);

    let with_default =
        |tls| Ingress { has_default_backend: true, ..ingress("nginx", &["a.example.com"], tls, &[]) };
    assert_eq!(fields(&verdict_of(with_default(vec![tls(&["a.example.com"])]))), ["spec.defaultBackend"]);
    assert_eq!(verdict_of(with_default(vec![tls(&[])])).issues, []);
}

#[test]
fn an_ingress_that_serves_nothing_is_out_of_scope() {
    assert!(verdict_of(ingress("nginx", &[], vec![], &[])).not_applicable.is_some());
}

/// What is said of plain HTTP where the host has a certificate.
#[derive(Debug, PartialEq, Eq)]
enum Http {
    Redirects,
    Served(String),
    Undecidable,
}

fn http(class: &str, annotations: &[(&str, &str)]) -> Http {
    let host = "shop.example.com";
    let verdict = verdict_of(ingress(class, &[host], vec![tls(&[host])], annotations));
    match verdict.issues.as_slice() {
        [] => Http::Redirects,
        [issue] if issue.problem == Problem::Fail => Http::Served(issue.fix.clone()),
        _ => Http::Undecidable,
    }
}

#[test]
fn plain_http_is_judged_by_what_each_implementation_does() {
    let served = |line: &str| Http::Served(line.to_owned());
    let nginx = served("nginx.ingress.kubernetes.io/ssl-redirect: \"true\"");
    let gke = served("kubernetes.io/ingress.allow-http: \"false\"");
    let rows: Vec<(&str, Pairs<'_>, Http)> = vec![
        ("nginx", &[], Http::Redirects),
        ("internal-nginx", &[], Http::Redirects),
        ("nginx", &[("nginx.ingress.kubernetes.io/ssl-redirect", "true")], Http::Redirects),
        ("nginx", &[("nginx.ingress.kubernetes.io/ssl-redirect", "nonsense")], Http::Redirects),
        ("nginx", &[("nginx.ingress.kubernetes.io/ssl-redirect", "false")], nginx),
        (
            "nginx",
            &[
                ("nginx.ingress.kubernetes.io/ssl-redirect", "false"),
                ("nginx.ingress.kubernetes.io/force-ssl-redirect", "true"),
            ],
            Http::Redirects,
        ),
        ("nginx", &[("nginx.ingress.kubernetes.io/configuration-snippet", "")], Http::Undecidable),
        ("nginx", &[("nginx.ingress.kubernetes.io/server-snippet", "")], Http::Undecidable),
        ("traefik", &[], Http::Undecidable),
        ("traefik", &[("traefik.ingress.kubernetes.io/router.tls", "true")], Http::Redirects),
        ("traefik", &[("traefik.ingress.kubernetes.io/router.entrypoints", "websecure")], Http::Redirects),
        (
            "traefik",
            &[("traefik.ingress.kubernetes.io/router.entrypoints", "web,websecure")],
            Http::Undecidable,
        ),
        ("gce", &[("kubernetes.io/ingress.allow-http", "false")], Http::Redirects),
        ("gce-internal", &[("kubernetes.io/ingress.allow-http", "false")], Http::Redirects),
        ("gce", &[], gke),
        ("gce", &[("networking.gke.io/v1beta1.FrontendConfig", "to-https")], Http::Undecidable),
        ("contour", &[("nginx.ingress.kubernetes.io/force-ssl-redirect", "true")], Http::Undecidable),
        ("", &[], Http::Undecidable),
    ];
    for (class, annotations, expected) in rows {
        assert_eq!(http(class, annotations), expected, "{class} {annotations:?}");
    }
}

#[test]
fn a_load_balancer_of_aws_is_judged_by_its_listeners() {
    const PORTS: &str = "alb.ingress.kubernetes.io/listen-ports";
    const CERTIFICATE: (&str, &str) = ("alb.ingress.kubernetes.io/certificate-arn", "arn");
    const REDIRECT: &str = "alb.ingress.kubernetes.io/ssl-redirect";
    const BOTH: (&str, &str) = (PORTS, r#"[{"HTTP": 80}, {"HTTPS": 8443}]"#);
    let line = |line: &str| Http::Served(line.to_owned());
    let to_listen = line(r#"alb.ingress.kubernetes.io/listen-ports: '[{"HTTPS": 443}]'"#);
    let to_redirect = line("alb.ingress.kubernetes.io/ssl-redirect: '8443'");
    let rows: Vec<(Pairs<'_>, &Http)> = vec![
        (&[], &to_listen),
        (&[(PORTS, r#"[{"HTTP": 80}]"#), CERTIFICATE], &to_listen),
        (&[(PORTS, "80, 443")], &to_listen),
        (&[CERTIFICATE], &Http::Redirects),
        (&[(PORTS, r#"[{"HTTPS": 443}]"#)], &Http::Redirects),
        (&[BOTH], &to_redirect),
        (&[BOTH, (REDIRECT, "443")], &to_redirect),
        (&[BOTH, (REDIRECT, "8443")], &Http::Redirects),
    ];
    for (annotations, expected) in rows {
        assert_eq!(http("alb", annotations), *expected, "{annotations:?}");
    }
}

#[test]
fn certificates_by_annotation_cover_every_host() {
    for (class, annotations) in [
        (
            "nginx",
            &[
                ("nginx.ingress.kubernetes.io/ssl-passthrough", "true"),
                ("nginx.ingress.kubernetes.io/force-ssl-redirect", "true"),
            ][..],
        ),
        ("traefik", &[("traefik.ingress.kubernetes.io/router.tls", "true")]),
        ("alb", &[("alb.ingress.kubernetes.io/certificate-arn", "arn")]),
        (
            "gce",
            &[
                ("networking.gke.io/managed-certificates", "shop"),
                ("kubernetes.io/ingress.allow-http", "false"),
            ],
        ),
        (
            "gce",
            &[
                ("ingress.gcp.kubernetes.io/pre-shared-cert", "shop"),
                ("kubernetes.io/ingress.allow-http", "false"),
            ],
        ),
    ] {
        assert_eq!(
            verdict_of(ingress(class, &["", "a.example.com"], vec![], annotations)).issues,
            [],
            "{class}"
        );
    }
}

#[test]
fn passthrough_alone_leaves_plain_http_in_place() {
    let passed_through = ingress(
        "nginx",
        &["a.example.com"],
        vec![],
        &[("nginx.ingress.kubernetes.io/ssl-passthrough", "true")],
    );
    let verdict = verdict_of(passed_through);
    assert_eq!(verdict.issues[0].fix, "nginx.ingress.kubernetes.io/force-ssl-redirect: \"true\"");
}

#[test]
fn an_unknown_class_leaves_only_the_redirect_undecided() {
    let verdict = verdict_of(ingress(
        "contour",
        &["a.example.com", "b.example.com"],
        vec![tls(&["a.example.com"])],
        &[],
    ));
    assert_eq!(fields(&verdict), ["spec.rules[host=b.example.com]", "metadata.annotations"]);
    assert_eq!(verdict.issues[0].problem, Problem::Fail);
    let why = Unknown::Undecidable("what class `contour` does with plain HTTP is not known".to_owned());
    assert_eq!(verdict.issues[1].problem, Problem::Unknown(why));
}

#[test]
fn redirects_and_strict_transport_security_are_judged_only_where_promised() {
    let plain_http = || {
        let off = [("nginx.ingress.kubernetes.io/ssl-redirect", "false")];
        Fact::Ingress(ingress("nginx", &["a.example.com"], vec![tls(&[])], &off))
    };
    assert_eq!(Bench::new(&CONTROL).state_of(plain_http()), State::Fail);
    let without_redirect = || Bench::new(&CONTROL).with_flag("redirect", false);
    assert_eq!(without_redirect().state_of(plain_http()), State::Pass);
    assert_eq!(without_redirect().with_flag("hsts", true).state_of(plain_http()), State::Error);
}

fn service(service_type: ServiceType, annotations: &[(&str, &str)]) -> Fact {
    Fact::Service(Service {
        namespace: NAMESPACE.into(),
        name: "db".into(),
        meta: meta("db"),
        service_type,
        ports: vec![("https".into(), 443, None), (Name::default(), 8080, None)],
        annotations: labels(annotations),
    })
}

#[test]
fn a_service_that_is_not_reached_from_outside_counts_only_where_all_endpoints_were_promised() {
    let state = |scope, service_type| {
        Bench::new(&CONTROL).with_text("scope", scope).state_of(service(service_type, &[]))
    };
    assert_eq!(state("external", ServiceType::ClusterIp), State::NotApplicable);
    assert_eq!(state("all", ServiceType::ClusterIp), State::Error);
    for scope in ["external", "all"] {
        assert_eq!(state(scope, ServiceType::ExternalName), State::NotApplicable);
        assert_eq!(state(scope, ServiceType::NodePort), State::Error);
        assert_eq!(state(scope, ServiceType::LoadBalancer), State::Error);
    }
}

#[test]
fn a_port_number_is_only_a_hint() {
    let verdict = Bench::new(&CONTROL).verdict_of(service(ServiceType::LoadBalancer, &[]));
    assert_eq!(fields(&verdict), ["spec.ports[port=443]", "spec.ports[port=8080]"]);
    assert_eq!(verdict.issues[0].found, "only a handshake shows whether it speaks TLS");
}

#[test]
fn a_network_load_balancer_of_aws_speaks_tls_at_the_ports_that_are_listed() {
    let rows: [(Option<&str>, &[&str]); 6] = [
        (None, &[]),
        (Some(""), &[]),
        (Some("*"), &[]),
        (Some("443, 8080"), &[]),
        (Some("https"), &["spec.ports[port=8080]"]),
        (Some("8443"), &["spec.ports[port=443]", "spec.ports[port=8080]"]),
    ];
    for (ports, expected) in rows {
        let mut annotations = vec![(CERTIFICATE, "arn")];
        annotations.extend(ports.map(|ports| (TLS_PORTS, ports)));
        let verdict = Bench::new(&CONTROL).verdict_of(service(ServiceType::LoadBalancer, &annotations));
        assert_eq!(fields(&verdict), expected, "{ports:?}");
    }
    let annotations = [(CERTIFICATE, "arn"), (TLS_PORTS, "https")];
    let verdict = Bench::new(&CONTROL).verdict_of(service(ServiceType::LoadBalancer, &annotations));
    assert_eq!(
        verdict.issues[0].fix,
        "service.beta.kubernetes.io/aws-load-balancer-ssl-ports: \"https,8080\""
    );
}

fn policy(in_transit: Option<EncryptionInTransit>) -> Fact {
    let spec = EncryptionPolicySpec { in_transit, ..EncryptionPolicySpec::default() };
    Fact::EncryptionPolicy(declared("in-transit", Labels::default(), spec))
}

#[test]
fn a_policy_is_weaker_without_redirect_or_with_a_narrower_scope() {
    let rule = |scope, redirect| Some(EncryptionInTransit { scope, redirect });
    let weaker = |scope, rule| Bench::new(&CONTROL).with_text("scope", scope).weaker(&policy(rule));
    assert!(weaker("all", None).is_empty());
    assert!(weaker("all", rule(TrafficScope::All, true)).is_empty());
    assert!(weaker("external", rule(TrafficScope::External, true)).is_empty());
    assert_eq!(weaker("external", rule(TrafficScope::All, false)), ["spec.inTransit.redirect"]);
    assert_eq!(weaker("all", rule(TrafficScope::External, true)), ["spec.inTransit.scope"]);
}

#[test]
fn prevent_a_certificate_taken_from_a_host_makes_the_ingress_worse() {
    let host = "a.example.com";
    let covered = Fact::Ingress(ingress("nginx", &[host], vec![tls(&[host])], &[]));
    let subject = SubjectKey::from(covered.key());
    let mut bench = Bench::new(&CONTROL).with(covered);
    let before = bench.world.clone();
    assert_eq!(bench.verdict_on(&subject).issues, []);
    let change = Change::Apply(Fact::Ingress(ingress("nginx", &[host], vec![], &[])));
    index::apply(&mut bench.world, change.clone());
    assert_eq!(fields(&bench.verdict_on(&subject)), ["spec.rules[host=a.example.com]"]);
    let touched = index::touched(&before, &bench.world, &change, 10).subjects;
    assert!(touched.iter().any(|touched| touched.subject == subject));
}

#[test]
fn detect_a_port_of_a_load_balancer_that_is_served_in_plain_text() {
    let annotations = [(CERTIFICATE, "arn"), (TLS_PORTS, "443")];
    let bench = Bench::new(&CONTROL).with(service(ServiceType::LoadBalancer, &annotations));
    let verdict = bench.verdict_on(&service(ServiceType::LoadBalancer, &[]).key().into());
    assert_eq!(verdict.state(at(NOW)), State::Fail);
}
