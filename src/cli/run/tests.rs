#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use clap::{CommandFactory as _, Parser as _};

use super::*;
use crate::{
    cli::{Cli, Command},
    serve::config::Config,
};

fn parse(words: &str) -> Result<RunArgs, clap::Error> {
    let words = ["surety", "run"].into_iter().chain(words.split_whitespace());
    match Cli::try_parse_from(words)?.command {
        Command::Run(args) => Ok(*args),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn a_replica_outside_of_the_cluster_is_told_its_credentials_and_addresses() {
    let args = parse(
        "--kubeconfig /k --webhook-url https://127.0.0.1:1 --listen 127.0.0.1:2 --metrics-listen 127.0.0.1:3",
    );
    let args = args.unwrap();
    assert_eq!(args.kubeconfig, Some(PathBuf::from("/k")));
    assert_eq!(args.webhook_url.as_deref(), Some("https://127.0.0.1:1"));
    assert_eq!(args.listen, "127.0.0.1:2".parse().unwrap());
    assert_eq!(args.metrics_listen, "127.0.0.1:3".parse().unwrap());
}

#[test]
fn by_default_it_runs_in_the_cluster_and_nobody_breaks_the_glass() {
    let args = parse("").unwrap();
    assert_eq!((args.webhook_url, args.kubeconfig), (None, None));
    assert_eq!((args.webhook_service.as_str(), args.webhook_port), ("surety-webhook", 443));
    assert_eq!(args.engine_namespaces, ["velero"]);
    assert_eq!(args.break_glass_groups, Vec::<String>::new());
    assert!(!args.conform_fails_open);
    assert_eq!(args.log_format, LogFormat::Text);
}

#[test]
fn certificates_that_somebody_else_keeps_come_with_their_key() {
    let files = |words: &str| Config::from(parse(words).unwrap()).certificate_files;
    assert!(files("").is_none());
    let found = files("--certificate-file /c --certificate-key-file /k").unwrap();
    assert_eq!((found.certificate, found.key, found.authority), ("/c".into(), "/k".into(), None));
    let found =
        files("--certificate-file /c --certificate-key-file /k --certificate-authority-file /a").unwrap();
    assert_eq!(found.authority, Some("/a".into()));
}

#[test]
fn the_registration_is_paused_and_owned_as_told() {
    let args = parse("--paused-until 2026-03-01T12:00:00+02:00 --owner-cluster-role surety-register");
    let config = Config::from(args.unwrap());
    assert_eq!(config.paused_until, Some("2026-03-01T10:00:00Z".parse().unwrap()));
    assert_eq!(config.owner_cluster_role.as_deref(), Some("surety-register"));
}

#[test]
fn it_is_who_the_shipped_roles_bind() {
    assert_eq!(Config::from(parse("").unwrap()).user, "system:serviceaccount:surety-system:surety");
}

#[test]
fn lists_are_repeated_or_separated_by_commas() {
    let args = parse(
        "--engine-service-account velero:velero,csi:driver --break-glass-group a --break-glass-group b",
    );
    let args = args.unwrap();
    let names: Vec<String> = args.engine_service_accounts.iter().map(ServiceAccount::user_name).collect();
    assert_eq!(names, ["system:serviceaccount:velero:velero", "system:serviceaccount:csi:driver"]);
    assert_eq!(args.break_glass_groups, ["a", "b"]);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for words in [
        "--webhook-url http://127.0.0.1:1",
        "--webhook-url https://127.0.0.1:1/admit",
        "--webhook-url https://user@127.0.0.1:1",
        "--webhook-url 127.0.0.1:1",
        "--webhook-url https://127.0.0.1:1 --webhook-port 8443",
        "--engine-service-account velero",
        "--engine-service-account velero:",
        "--engine-service-account system:serviceaccount:velero:velero",
        "--threads 0",
        "--webhook-port 0",
        "--probe-interval 0",
        "--listen 9443",
        "--certificate-file /c",
        "--certificate-key-file /k",
        "--certificate-authority-file /a",
        "--paused-until tomorrow",
    ] {
        assert!(parse(words).is_err(), "{words}");
    }
}
