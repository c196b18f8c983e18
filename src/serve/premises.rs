//! What the registration's entries depend on: what controls guard, and the settings.

use std::collections::BTreeSet;

use super::config::Config;
use crate::{
    admission::register::{Client, ControlPlane, FailurePolicy, GuardedKeys, Premises, SYSTEM, registration},
    api::keys,
    core::{control::Guard, controls, facts::Kind},
    decode,
};

/// The registration's name.
pub const REGISTRATION: &str = "surety";

/// The premises that follow from the settings; the authority is added when there is one.
pub fn premises(config: &Config) -> Premises {
    Premises {
        name: REGISTRATION.to_owned(),
        client: client(config),
        ca_bundle: None,
        owner: None,
        own_namespace: config.namespace.clone(),
        own_user: config.user.clone(),
        engine_namespaces: config.engine_namespaces.clone(),
        component_users: config.component_users.clone(),
        control_plane: ControlPlane::default(),
        repository_secrets: Vec::new(),
        guarded: guarded(),
        guarded_keys: guarded_keys(),
        conform_failure_policy: if config.conform_fails_open {
            FailurePolicy::Ignore
        } else {
            FailurePolicy::Fail
        },
    }
}

/// The entries that can refuse: all but the one that is never waited for.
pub fn refusing_entries(config: &Config) -> Vec<&'static str> {
    let entries = registration(&premises(config)).entries.into_iter().map(|entry| entry.name);
    entries.filter(|entry| *entry != SYSTEM).collect()
}

fn client(config: &Config) -> Client {
    match &config.webhook_url {
        Some(url) => Client::Url(url.trim_end_matches('/').to_owned()),
        None => Client::Service {
            namespace: config.namespace.clone(),
            name: config.service_name.clone(),
            port: config.service_port,
        },
    }
}

fn guarded() -> Vec<Guard> {
    controls::all().iter().flat_map(|control| control.guards).copied().collect()
}

/// The metadata that controls read.
fn guarded_keys() -> GuardedKeys {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<BTreeSet<String>>();
    GuardedKeys {
        labels: owned(&[
            keys::TENANT,
            keys::DATA_CLASS,
            keys::ENVIRONMENT,
            keys::POD_SECURITY_ENFORCE,
            keys::VELERO_EXCLUDE,
            keys::CANARY,
        ]),
        annotations: decode::annotations_read().map(str::to_owned).collect(),
        kinds_by_any_label: [Kind::Namespace, Kind::Tenant, Kind::VeleroBackup].into(),
        kinds_by_status: [
            Kind::VeleroSchedule,
            Kind::VeleroBackup,
            Kind::BackupStorageLocation,
            Kind::PodVolumeBackup,
            Kind::DataUpload,
        ]
        .into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use clap::Parser as _;

    use super::*;
    use crate::{
        admission::register::Target,
        cli::{Cli, Command},
        core::control::Operation,
        serve::enforcement::probe::{Ask, questions},
    };

    fn config() -> Config {
        let Command::Run(args) = Cli::try_parse_from(["surety", "run"]).unwrap().command else {
            unreachable!()
        };
        Config::from(*args)
    }

    #[test]
    fn each_question_is_seen_by_the_entry_that_it_is_put_to_and_by_no_other_that_can_refuse() {
        let config = config();
        let registration = registration(&premises(&config));
        let refusing = refusing_entries(&config);
        let asked =
            questions(&refusing, &config.canary, config.engine_namespaces.first().map(String::as_str));
        assert_eq!(asked.iter().map(|question| question.entry).collect::<Vec<_>>(), refusing);
        for question in asked {
            let kind = Kind::find(question.target.resource.group, question.target.resource.kind).unwrap();
            let operation = match question.ask {
                Ask::Mark => Operation::Update,
                Ask::Delete => Operation::Delete,
            };
            let plural = Target::of(kind).resource;
            let sees = |entry: &&crate::admission::register::Entry| {
                entry.rules.iter().any(|rule| {
                    rule.group == kind.resource().group
                        && rule.resources.contains(&plural)
                        && rule.operations.contains(&operation)
                })
            };
            let seen_by: Vec<&str> = registration
                .entries
                .iter()
                .filter(|entry| entry.name != SYSTEM)
                .filter(sees)
                .map(|entry| entry.name)
                .collect();
            // Kinds of engines are seen in the namespaces of tenants too, of which an engine's is none.
            let is_meant = |entry: &&str| kind.resource().group != "velero.io" || **entry == *question.entry;
            let seen_by: Vec<&str> = seen_by.into_iter().filter(is_meant).collect();
            assert_eq!(seen_by, [question.entry], "{}", question.target);
        }
    }

    #[test]
    fn a_mark_is_a_change_that_the_api_server_asks_about() {
        assert!(guarded_keys().labels.contains(keys::CANARY));
    }
}
