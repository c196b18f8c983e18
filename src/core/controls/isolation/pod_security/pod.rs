//! A pod under judgement, with the paths of its fields.

use std::fmt;

use crate::core::{
    facts::{Container, PodTemplate},
    verdict::Issue,
};

/// The parts of a pod template that are judged.
pub(super) struct Pod<'a> {
    /// Where the pod's spec begins in the object.
    pub path: &'static str,
    /// The template.
    pub template: &'a PodTemplate,
    /// Its containers without those that the platform injects.
    pub containers: Vec<&'a Container>,
}

/// The path of a security context. Spelt out only where an issue names it: most pods have none.
#[derive(Clone, Copy)]
pub(super) struct ContextPath<'a> {
    spec: &'static str,
    container: Option<&'a Container>,
}

impl fmt::Display for ContextPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.spec)?;
        if let Some(container) = self.container {
            write!(f, ".{}[name={}]", container.role.field(), container.name)?;
        }
        f.write_str(".securityContext")
    }
}

impl Pod<'_> {
    /// The path of the pod's security context.
    pub const fn security_path(&self) -> ContextPath<'static> {
        ContextPath { spec: self.path, container: None }
    }

    /// The path of a container's security context.
    pub const fn container_path<'a>(&self, container: &'a Container) -> ContextPath<'a> {
        ContextPath { spec: self.path, container: Some(container) }
    }

    /// One issue for each container that `check` finds something in, given the path of its security context.
    pub fn in_containers(&self, check: impl Fn(&Container, ContextPath<'_>) -> Option<Issue>) -> Vec<Issue> {
        let issue = |container: &&Container| {
            let issue = check(container, self.container_path(container))?;
            Some(issue.in_container(&container.name))
        };
        self.containers.iter().filter_map(issue).collect()
    }
}
