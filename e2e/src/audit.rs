//! The API server's audit log: who asked for what, and what came of it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::ControlPlane;

/// The audit log of a control plane.
#[derive(Debug, Clone)]
pub struct AuditLog {
    path: PathBuf,
}

/// What RBAC decides on: somebody doing something to a kind of thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The user's name.
    pub user: String,
    /// The verb as in RBAC rules: get, list, watch, create, update, patch, delete, deletecollection.
    pub verb: String,
    /// The API group, empty for the core group.
    pub group: String,
    /// The resource as in RBAC rules, `pods` or `pods/status`; the path when it is no resource.
    pub resource: String,
}

/// One request, once it was answered (a watch: once when it began, once when it ended).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditedRequest {
    /// Who asked.
    pub user: AuditedUser,
    /// The verb as in RBAC rules.
    pub verb: String,
    /// The path with its query.
    #[serde(rename = "requestURI")]
    pub request_uri: String,
    /// The object, unless the path is no resource.
    pub object_ref: Option<ObjectRef>,
    /// The answer.
    pub response_status: Option<ResponseStatus>,
    /// The program that asked, in its own words.
    #[serde(default)]
    pub user_agent: String,
    /// How far it had come.
    pub stage: String,
}

/// A user as the API server knows it.
#[derive(Debug, Clone, Deserialize)]
pub struct AuditedUser {
    /// The name, such as `system:serviceaccount:NAMESPACE:NAME`.
    pub username: String,
}

/// The object of a request; fields are empty where the request names none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectRef {
    /// The plural name of the kind.
    pub resource: String,
    /// The API group, empty for the core group.
    pub api_group: String,
    /// The subresource.
    pub subresource: String,
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

/// The status of an answer.
#[derive(Debug, Clone, Deserialize)]
pub struct ResponseStatus {
    /// The HTTP status code.
    #[serde(default)]
    pub code: u16,
    /// Why it is no success.
    #[serde(default)]
    pub message: String,
}

impl AuditLog {
    /// The log of a control plane that was started with `Options::audit`, as the shared one is.
    ///
    /// # Errors
    /// When it was started without.
    pub fn of(control_plane: &ControlPlane) -> Result<Self> {
        let path = control_plane.audit_log().context("the control plane was started without an audit log")?;
        Ok(Self::at(path))
    }

    /// The log in this file.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Where the log ends now: what is read from here on came later.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn position(&self) -> Result<u64> {
        Ok(self.path.metadata().with_context(|| self.unreadable())?.len())
    }

    /// All requests from a position on, 0 for the whole log. The API server writes a line before it answers.
    ///
    /// # Errors
    /// When the file cannot be read or a line is no audit event.
    pub fn since(&self, position: u64) -> Result<Vec<AuditedRequest>> {
        let mut bytes = Vec::new();
        let mut file = File::open(&self.path).with_context(|| self.unreadable())?;
        file.seek(SeekFrom::Start(position.saturating_sub(1)))?;
        file.read_to_end(&mut bytes).with_context(|| self.unreadable())?;
        let text = String::from_utf8_lossy(&bytes);
        // A line of which a part was written at the position began before it.
        let text = if position == 0 { &*text } else { text.split_once('\n').map_or("", |(_, lines)| lines) };
        // What comes after the last line end is being written right now.
        let complete = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
        let parse = |line| serde_json::from_str(line).with_context(|| format!("no audit event: {line}"));
        complete.lines().map(parse).collect()
    }

    /// Every access of `user` from a position on, also those that were refused.
    ///
    /// # Errors
    /// As [`Self::since`].
    pub fn accesses(&self, user: &str, position: u64) -> Result<BTreeSet<Access>> {
        let requests = self.since(position)?;
        Ok(requests
            .iter()
            .filter(|request| request.user.username == user)
            .map(AuditedRequest::access)
            .collect())
    }

    fn unreadable(&self) -> String {
        format!("the audit log {} cannot be read", self.path.display())
    }
}

impl AuditedRequest {
    /// Its access in the words of RBAC.
    #[must_use]
    pub fn access(&self) -> Access {
        let path = self.request_uri.split('?').next().unwrap_or_default();
        let (group, resource) = match &self.object_ref {
            None => (String::new(), path.to_owned()),
            Some(object) if object.subresource.is_empty() => {
                (object.api_group.clone(), object.resource.clone())
            }
            Some(object) => (object.api_group.clone(), format!("{}/{}", object.resource, object.subresource)),
        };
        Access { user: self.user.username.clone(), verb: self.verb.clone(), group, resource }
    }

    /// Whether it asks to change something, be it as a dry run.
    #[must_use]
    pub fn is_write(&self) -> bool {
        !matches!(self.verb.as_str(), "get" | "list" | "watch" | "head" | "options")
    }

    /// Whether it is a dry run.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.request_uri.split_once('?').is_some_and(|(_, query)| query.contains("dryRun="))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;

    use super::*;

    const PATCH: &str = r#"{"stage":"ResponseComplete","requestURI":"/apis/apps/v1/namespaces/a/deployments/b/scale?dryRun=All","verb":"patch","user":{"username":"jo"},"objectRef":{"resource":"deployments","namespace":"a","name":"b","apiGroup":"apps","subresource":"scale"},"responseStatus":{"code":403}}"#;
    const HEALTH: &str = r#"{"stage":"ResponseComplete","requestURI":"/healthz?verbose","verb":"get","user":{"username":"system:anonymous"},"responseStatus":{"metadata":{},"code":200}}"#;

    fn access(user: &str, verb: &str, group: &str, resource: &str) -> Access {
        let [user, verb, group, resource] = [user, verb, group, resource].map(str::to_owned);
        Access { user, verb, group, resource }
    }

    fn log(text: &str) -> (tempfile::TempDir, AuditLog) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        fs::write(&path, text).unwrap();
        (folder, AuditLog::at(&path))
    }

    #[test]
    fn a_line_of_which_a_part_was_written_at_a_position_began_before_it() {
        let (_folder, log) = log(&format!("{PATCH}\n{HEALTH}\n{PATCH}\n"));
        let line = PATCH.len() as u64 + 1;
        for (position, requests) in [(0, 3), (1, 2), (line, 2), (line + 1, 1), (log.position().unwrap(), 0)] {
            assert_eq!(log.since(position).unwrap().len(), requests, "{position}");
        }
    }

    #[test]
    fn accesses_are_in_the_words_of_rbac() {
        let (_folder, log) = log(&format!("{PATCH}\n{HEALTH}\n{PATCH}\n"));
        let scale = access("jo", "patch", "apps", "deployments/scale");
        assert_eq!(log.accesses("jo", 0).unwrap(), BTreeSet::from([scale]));
        let health = access("system:anonymous", "get", "", "/healthz");
        assert_eq!(log.accesses("system:anonymous", 0).unwrap(), BTreeSet::from([health]));
    }

    #[test]
    fn a_line_that_is_being_written_is_left_for_later() {
        let (_folder, log) = log(&format!("{HEALTH}\n{}", PATCH.get(..40).unwrap()));
        assert_eq!(log.since(0).unwrap().len(), 1);
    }

    #[test]
    fn reading_begins_at_the_position() {
        let (_folder, log) = log(&format!("{HEALTH}\n"));
        let position = log.position().unwrap();
        fs::write(&log.path, format!("{HEALTH}\n{PATCH}\n")).unwrap();
        let requests = log.since(position).unwrap();
        let [patch] = requests.as_slice() else { unreachable!("{requests:?}") };
        assert!(patch.is_write() && patch.is_dry_run());
    }
}
