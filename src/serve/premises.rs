//! What the registration's entries depend on: what controls guard, and the settings.

use std::collections::BTreeSet;

use super::config::Config;
use crate::{
    admission::register::{Client, ControlPlane, FailurePolicy, GuardedKeys, Premises},
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
