//! Containers of a pod.

use serde::Deserialize;

use super::{List, Nested, Objects, Pairs, Text, security::ContainerContext};
use crate::core::{
    credentials,
    facts::{Container, ContainerRole, CredentialLiteral, Name},
};

/// Followed by a container's name: its AppArmor profile before there was a field.
const OLD_APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Object<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    image: Text<'a>,
    ports: Objects<Port>,
    env: Objects<Variable<'a>>,
    command: List<Text<'a>>,
    args: List<Text<'a>>,
    security_context: Nested<ContainerContext<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Port {
    container_port: Option<i32>,
    host_port: Option<i32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Variable<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    value: Text<'a>,
}

/// What a container takes from the pod around it.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) annotations: &'a Pairs<'a>,
    pub(super) uses_host_network: bool,
}

impl Object<'_> {
    pub(super) fn fact(&self, role: ContainerRole, pod: Surroundings<'_>) -> Container {
        let old_app_armor = (!pod.annotations.is_empty())
            .then(|| pod.annotations.get(&format!("{OLD_APP_ARMOR}{}", self.name)))
            .flatten();
        Container {
            role,
            name: self.name.intern(),
            image: self.image.intern(),
            host_ports: self.ports.iter().filter_map(|port| port.on_host(pod.uses_host_network)).collect(),
            security: self.security_context.fact(old_app_armor),
            credentials: self.credentials(),
        }
    }

    fn credentials(&self) -> Vec<CredentialLiteral> {
        let variables = self.env.iter().filter_map(|variable| {
            let detector = credentials::detect(&variable.name, &variable.value)?;
            Some(literal(format!("env[name={}].value", variable.name), detector))
        });
        variables.chain(in_words("command", &self.command)).chain(in_words("args", &self.args)).collect()
    }
}

fn in_words(field: &'static str, words: &List<Text<'_>>) -> impl Iterator<Item = CredentialLiteral> {
    let words: Vec<&str> = words.iter().map(|word| &**word).collect();
    let found = credentials::detect_in_words(&words);
    found.into_iter().map(move |(at, detector)| literal(format!("{field}[{at}]"), detector))
}

pub(super) fn literal(field: String, detector: &'static str) -> CredentialLiteral {
    CredentialLiteral { field: Name::from(field), detector }
}

impl Port {
    /// With `hostNetwork` the API server sets every absent host port to the container's (k8s.io/kubernetes:
    /// pkg/apis/core/v1/defaults.go), in pods always, in templates not: said here once for both, and for files.
    fn on_host(&self, uses_host_network: bool) -> Option<i32> {
        let set = self.host_port.filter(|port| *port != 0);
        set.or_else(|| self.container_port.filter(|port| uses_host_network && *port != 0))
    }
}
