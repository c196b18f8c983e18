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
fn certificates_of_somebody_else_are_a_chain_with_its_key() {
    assert_eq!(Config::from(parse("").unwrap()).certificate_files, None);
    let files = parse("--tls-certificate /c --tls-key /k").unwrap();
    let files = Config::from(files).certificate_files.unwrap();
    assert_eq!((files.key, files.authority), (PathBuf::from("/k"), None));
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
        "--tls-certificate /c",
        "--tls-key /k",
        "--tls-authority /a",
        "--probe-interval 0",
        "--listen 9443",
    ] {
        assert!(parse(words).is_err(), "{words}");
    }
}
