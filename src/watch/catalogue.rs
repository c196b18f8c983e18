//! Which optional kinds the cluster has now, by its CustomResourceDefinitions. A pure state machine.

use std::collections::BTreeMap;

use crate::core::facts::{Definition, Kind, SourceState};

/// Whether a cluster may do without this kind, so that it is watched only while its definition is there.
pub const fn is_optional(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::VeleroSchedule
            | Kind::VeleroBackup
            | Kind::BackupStorageLocation
            | Kind::PodVolumeBackup
            | Kind::DataUpload
    )
}

/// What is known of an optional kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The definitions were not listed yet.
    Unknown,
    /// The cluster has no such definition.
    Absent,
    /// There is a definition, but it is not established, or serves no version that Surety reads.
    Unserved,
    /// It is being listed.
    Starting,
    /// It was listed.
    Synced,
}

/// What is to be done about an optional kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Begin to watch it.
    Start(Kind),
    /// Stop watching it, and drop what is known of it.
    Stop(Kind),
}

/// The optional kinds and their phases.
#[derive(Debug)]
pub struct Catalogue {
    phases: BTreeMap<Kind, Phase>,
}

impl Catalogue {
    /// A catalogue of the optional ones among `kinds`.
    pub fn new(kinds: impl IntoIterator<Item = Kind>) -> Self {
        let optional = kinds.into_iter().filter(|kind| is_optional(*kind));
        Self { phases: optional.map(|kind| (kind, Phase::Unknown)).collect() }
    }

    /// The phase of a kind; none where it is not optional.
    pub fn phase(&self, kind: Kind) -> Option<Phase> {
        self.phases.get(&kind).copied()
    }

    /// A definition is there, or changed.
    pub fn apply(&mut self, definition: &Definition) -> Vec<Step> {
        self.update(|kind, phase| {
            if name(kind) != definition.name.as_str() {
                return phase;
            }
            match (is_served(kind, definition), phase) {
                (true, Phase::Starting | Phase::Synced) => phase,
                (true, _) => Phase::Starting,
                (false, _) => Phase::Unserved,
            }
        })
    }

    /// A definition is gone.
    pub fn delete(&mut self, definition: &str) -> Vec<Step> {
        self.update(|kind, phase| if name(kind) == definition { Phase::Absent } else { phase })
    }

    /// All definitions were listed; those that `is_there` does not know are gone.
    pub fn listed(&mut self, is_there: impl Fn(&str) -> bool) -> Vec<Step> {
        self.update(|kind, phase| if is_there(&name(kind)) { phase } else { Phase::Absent })
    }

    /// Definitions may not be read: every kind is tried, and the API server says which it has.
    pub fn try_all(&mut self) -> Vec<Step> {
        self.update(|_, phase| if is_running(phase) { phase } else { Phase::Starting })
    }

    /// A kind was listed.
    pub fn synced(&mut self, kind: Kind) {
        if let Some(phase) = self.phases.get_mut(&kind)
            && *phase == Phase::Starting
        {
            *phase = Phase::Synced;
        }
    }

    /// What can be said of a kind that is not watched; none while it is.
    pub fn idle_state(&self, kind: Kind) -> Option<SourceState> {
        match self.phase(kind)? {
            Phase::Absent => Some(SourceState::Absent),
            // Not absent: the cluster has such objects, and Surety cannot tell which.
            Phase::Unknown | Phase::Unserved => Some(SourceState::Pending),
            Phase::Starting | Phase::Synced => None,
        }
    }

    fn update(&mut self, next: impl Fn(Kind, Phase) -> Phase) -> Vec<Step> {
        let mut steps = Vec::new();
        for (kind, phase) in &mut self.phases {
            let before = std::mem::replace(phase, next(*kind, *phase));
            match (is_running(before), is_running(*phase)) {
                (false, true) => steps.push(Step::Start(*kind)),
                (true, false) => steps.push(Step::Stop(*kind)),
                _ => {}
            }
        }
        steps
    }
}

const fn is_running(phase: Phase) -> bool {
    matches!(phase, Phase::Starting | Phase::Synced)
}

fn is_served(kind: Kind, definition: &Definition) -> bool {
    definition.is_established
        && definition.served_versions.iter().any(|version| *version == kind.resource().version)
}

/// The name of the definition of a kind.
fn name(kind: Kind) -> String {
    let resource = kind.resource();
    format!("{}.{}", resource.plural, resource.group)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULES: &str = "schedules.velero.io";
    const KIND: Kind = Kind::VeleroSchedule;

    enum Happens {
        Defined(&'static [&'static str], bool),
        Other,
        Deleted,
        Listed(&'static [&'static str]),
        Forbidden,
        Synced,
    }
    use Happens::{Defined, Deleted, Forbidden, Listed, Other, Synced};

    fn definition(name: &str, versions: &[&str], is_established: bool) -> Definition {
        Definition {
            name: name.into(),
            served_versions: versions.iter().map(|version| (*version).into()).collect(),
            is_established,
            ..Definition::default()
        }
    }

    fn happen(catalogue: &mut Catalogue, what: &Happens) -> Vec<Step> {
        match what {
            Defined(versions, is_established) => {
                catalogue.apply(&definition(SCHEDULES, versions, *is_established))
            }
            Other => catalogue.apply(&definition("schedules.example.org", &["v1"], true)),
            Deleted => catalogue.delete(SCHEDULES),
            Listed(names) => catalogue.listed(|name| names.contains(&name)),
            Forbidden => catalogue.try_all(),
            Synced => {
                catalogue.synced(KIND);
                Vec::new()
            }
        }
    }

    #[test]
    fn an_optional_kind_comes_and_goes_with_its_definition() {
        let start = vec![Step::Start(KIND)];
        let stop = vec![Step::Stop(KIND)];
        let cases: Vec<(&str, Vec<Happens>, Vec<Step>, Phase)> = vec![
            ("nothing listed", vec![], vec![], Phase::Unknown),
            ("another definition", vec![Other], vec![], Phase::Unknown),
            ("listed, not there", vec![Listed(&[])], vec![], Phase::Absent),
            ("listed, there, unseen", vec![Listed(&[SCHEDULES])], vec![], Phase::Unknown),
            ("not established", vec![Defined(&["v1"], false)], vec![], Phase::Unserved),
            ("unknown version", vec![Defined(&["v2"], true)], vec![], Phase::Unserved),
            ("served", vec![Defined(&["v2", "v1"], true)], start.clone(), Phase::Starting),
            (
                "established later",
                vec![Defined(&["v1"], false), Defined(&["v1"], true)],
                start.clone(),
                Phase::Starting,
            ),
            ("served twice", vec![Defined(&["v1"], true), Defined(&["v1"], true)], vec![], Phase::Starting),
            ("synced", vec![Defined(&["v1"], true), Synced], vec![], Phase::Synced),
            (
                "still served",
                vec![Defined(&["v1"], true), Synced, Defined(&["v1"], true)],
                vec![],
                Phase::Synced,
            ),
            (
                "version gone",
                vec![Defined(&["v1"], true), Synced, Defined(&["v2"], true)],
                stop.clone(),
                Phase::Unserved,
            ),
            ("deleted", vec![Defined(&["v1"], true), Synced, Deleted], stop.clone(), Phase::Absent),
            ("deleted unheard", vec![Defined(&["v1"], true), Listed(&[])], stop.clone(), Phase::Absent),
            ("deleted while absent", vec![Listed(&[]), Deleted], vec![], Phase::Absent),
            (
                "back again",
                vec![Defined(&["v1"], true), Deleted, Defined(&["v1"], true)],
                start.clone(),
                Phase::Starting,
            ),
            ("definitions forbidden", vec![Forbidden], start, Phase::Starting),
            (
                "forbidden while synced",
                vec![Defined(&["v1"], true), Synced, Forbidden],
                vec![],
                Phase::Synced,
            ),
            ("readable again, not there", vec![Forbidden, Listed(&[])], stop, Phase::Absent),
            ("synced while absent", vec![Listed(&[]), Synced], vec![], Phase::Absent),
        ];
        for (what, happenings, last_steps, phase) in cases {
            let mut catalogue = Catalogue::new([KIND, Kind::Pod]);
            let mut steps = Vec::new();
            for happening in &happenings {
                steps = happen(&mut catalogue, happening);
            }
            assert_eq!(steps, last_steps, "{what}");
            assert_eq!(catalogue.phase(KIND), Some(phase), "{what}");
        }
    }

    #[test]
    fn what_is_not_watched_is_absent_only_without_a_definition() {
        let mut catalogue = Catalogue::new([KIND]);
        assert_eq!(catalogue.idle_state(KIND), Some(SourceState::Pending));
        catalogue.listed(|_| false);
        assert_eq!(catalogue.idle_state(KIND), Some(SourceState::Absent));
        catalogue.apply(&definition(SCHEDULES, &["v9"], true));
        assert_eq!(catalogue.idle_state(KIND), Some(SourceState::Pending));
        catalogue.apply(&definition(SCHEDULES, &["v1"], true));
        assert_eq!(catalogue.idle_state(KIND), None);
    }

    #[test]
    fn no_required_source_rests_on_an_optional_kind() {
        for kind in Kind::ALL.iter().filter(|kind| is_optional(**kind)) {
            assert!(kind.source().is_some_and(|source| !source.is_required()), "{kind}");
        }
        assert_eq!(Catalogue::new([Kind::Pod]).phase(Kind::Pod), None);
    }
}
