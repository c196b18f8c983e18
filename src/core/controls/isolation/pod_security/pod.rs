//! A pod under judgement, with the paths of its fields.

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

impl Pod<'_> {
    /// The path of the pod's security context.
    pub fn security_path(&self) -> String {
        format!("{}.securityContext", self.path)
    }

    /// The path of a container's security context.
    pub fn container_path(&self, container: &Container) -> String {
        format!("{}.{}[name={}].securityContext", self.path, container.role.field(), container.name)
    }

    /// One issue for each container that `check` finds something in, given the path of its security context.
    pub fn in_containers(&self, check: impl Fn(&Container, &str) -> Option<Issue>) -> Vec<Issue> {
        let issue = |container: &&Container| {
            let issue = check(container, &self.container_path(container))?;
            Some(issue.in_container(&container.name))
        };
        self.containers.iter().filter_map(issue).collect()
    }
}
