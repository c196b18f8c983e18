//! `BackupSpec`, which backups have as their spec and schedules as their template: what is taken in, and how volumes are
//! copied.

use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Deserialize;

use crate::{
    core::{
        facts::{Name, NamespacePattern, Selection, VolumeData},
        glob::glob_matches,
    },
    decode::{List, Nested, Objects, Pairs, Present, Text, intern},
    engines::duration::GoDuration,
};

/// What Velero takes where `ttl` is zero or absent (flag `--default-backup-ttl`).
const DEFAULT_TIME_TO_LIVE: SignedDuration = SignedDuration::from_hours(720);

/// Names under which the API server knows claims and pods; Velero resolves them as kubectl does.
const CLAIMS: [&str; 3] = ["persistentvolumeclaims", "persistentvolumeclaim", "pvc"];
const PODS: [&str; 3] = ["pods", "pod", "po"];

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct BackupSpec<'a> {
    #[serde(borrow)]
    pub(super) metadata: Nested<RunMetadata<'a>>,
    included_namespaces: List<Text<'a>>,
    excluded_namespaces: List<Text<'a>>,
    included_resources: List<Text<'a>>,
    excluded_resources: List<Text<'a>>,
    included_namespace_scoped_resources: List<Text<'a>>,
    excluded_namespace_scoped_resources: List<Text<'a>>,
    label_selector: Option<LabelSelector>,
    or_label_selectors: Objects<LabelSelector>,
    resource_policy: Present,
    snapshot_volumes: Option<bool>,
    snapshot_move_data: Option<bool>,
    default_volumes_to_fs_backup: Option<bool>,
    /// What the field above was called before 1.10.
    default_volumes_to_restic: Option<bool>,
    ttl: Option<GoDuration>,
    storage_location: Text<'a>,
}

/// What a schedule's template gives its runs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RunMetadata<'a> {
    #[serde(borrow)]
    pub(super) labels: Option<Pairs<'a>>,
}

impl BackupSpec<'_> {
    pub(super) fn location(&self) -> Option<Name> {
        self.storage_location.intern_some()
    }

    pub(super) fn time_to_live(&self) -> SignedDuration {
        let given = self.ttl.map(|ttl| ttl.0).filter(|ttl| !ttl.is_zero());
        given.unwrap_or(DEFAULT_TIME_TO_LIVE)
    }

    pub(super) fn selection(&self) -> Selection {
        let included = self.included_namespaces.iter().map(|text| pattern(text)).collect::<Vec<_>>();
        Selection {
            included: if included.is_empty() { vec![NamespacePattern::All] } else { included },
            excluded: self.excluded_namespaces.iter().map(|text| pattern(text)).collect(),
            narrowed_by: self.narrowed_by(),
        }
    }

    /// How volumes are copied, as far as the spec says it. A policy and the server's defaults may say otherwise.
    pub(super) fn volume_data(&self) -> VolumeData {
        if self.resource_policy.is_some() {
            return VolumeData::Undecided;
        }
        match (self.reads_files(), self.snapshot_volumes, self.snapshot_move_data) {
            (Some(true), ..) => VolumeData::Moved,
            (Some(false), Some(false), _) => VolumeData::None,
            (_, snapshots, Some(true)) if snapshots != Some(false) => VolumeData::Moved,
            (Some(false), _, Some(false)) | (Some(false), Some(true), None) => VolumeData::Snapshots,
            _ => VolumeData::Undecided,
        }
    }

    /// Whether volumes are read file by file where no annotation says otherwise.
    fn reads_files(&self) -> Option<bool> {
        self.default_volumes_to_fs_backup.or(self.default_volumes_to_restic)
    }

    fn narrowed_by(&self) -> Option<Name> {
        let reasons = [
            self.selects_by_labels().then_some("a label selector"),
            self.leaves_out(&CLAIMS).then_some("resource filters leave out persistentvolumeclaims"),
            (self.reads_files() != Some(false) && self.leaves_out(&PODS))
                .then_some("resource filters leave out pods, which file backup needs"),
            self.resource_policy.is_some().then_some("resourcePolicy is not read"),
            self.has_invalid_pattern().then_some("a pattern of namespaces that Velero refuses"),
        ];
        let reasons: Vec<&str> = reasons.into_iter().flatten().collect();
        (!reasons.is_empty()).then(|| Name::from(reasons.join("; ")))
    }

    fn selects_by_labels(&self) -> bool {
        let one = self.label_selector.as_ref().is_some_and(|selector| !is_empty(selector));
        one || !self.or_label_selectors.is_empty()
    }

    /// Whether a namespaced resource, by any of its names, is filtered out. Old and new filters are never mixed: that
    /// fails validation.
    fn leaves_out(&self, names: &[&str]) -> bool {
        let filters = [
            (&self.included_resources, &self.excluded_resources),
            (&self.included_namespace_scoped_resources, &self.excluded_namespace_scoped_resources),
        ];
        filters.iter().any(|(included, excluded)| {
            (!included.is_empty() && !matches_any(included, names)) || matches_any(excluded, names)
        })
    }

    fn has_invalid_pattern(&self) -> bool {
        self.included_namespaces.iter().chain(&self.excluded_namespaces).any(|text| !is_valid(text))
    }
}

fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.as_ref().is_none_or(std::collections::BTreeMap::is_empty)
        && selector.match_expressions.as_ref().is_none_or(Vec::is_empty)
}

fn matches_any(filters: &List<Text<'_>>, names: &[&str]) -> bool {
    filters.iter().any(|filter| {
        let filter = filter.to_ascii_lowercase();
        names.iter().any(|name| glob_matches(&filter, name))
    })
}

fn pattern(text: &str) -> NamespacePattern {
    let name = || intern::name(text);
    if text == "*" {
        NamespacePattern::All
    } else if text.contains(['*', '?', '[']) {
        NamespacePattern::Glob(name())
    } else {
        NamespacePattern::Literal(name())
    }
}

/// Whether Velero takes it as a pattern (pkg/util/wildcard); one that it refuses fails the whole run.
fn is_valid(pattern: &str) -> bool {
    let has_refused = pattern.contains(['|', '(', ')', '!', '{', '}', ',']) || pattern.contains("**");
    !has_refused && has_valid_classes(pattern)
}

/// Every `[` is closed, with something inside, and no `]` stands alone.
fn has_valid_classes(pattern: &str) -> bool {
    let mut rest = pattern;
    while let Some(at) = rest.find(['[', ']']) {
        let Some(class) = rest.get(at..).and_then(|class| class.strip_prefix('[')) else { return false };
        match class.split_once(']') {
            Some((content, after)) if !content.is_empty() => rest = after,
            _ => return false,
        }
    }
    true
}
