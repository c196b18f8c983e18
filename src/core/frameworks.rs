//! Which requirements of public frameworks each control is evidence towards: a data file, embedded and read once.
//!
//! A mapping says "is evidence towards", never "fulfils".

use std::{collections::BTreeMap, sync::LazyLock};

type Mapping = BTreeMap<String, Vec<String>>;

const DATA: &str = include_str!("../../config/frameworks.yaml");

/// A test parses the embedded file, so that the empty mapping is never seen.
static MAPPING: LazyLock<Mapping> = LazyLock::new(|| parse(DATA).unwrap_or_default());

/// The requirements that `control` is evidence towards, each as `framework@version/id`; none where no id is certain.
pub fn ids(control: &str) -> &'static [String] {
    MAPPING.get(control).map_or(&[], Vec::as_slice)
}

fn parse(text: &str) -> Result<Mapping, serde_saphyr::Error> {
    serde_saphyr::from_str(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use std::collections::BTreeSet;

    use super::*;
    use crate::core::catalogue::{self, Package};

    const FRAMEWORKS: [&str; 9] = [
        "CIS@8.1/",
        "K8s-CIS@1.10/",
        "NIST-800-53@r5/",
        "NIST-CSF@2.0/",
        "ISO-27001@2022/A.",
        "SOC-2@2017/",
        "GDPR@2016/679/",
        "CCPA@2020/1798.",
        "PIPEDA@2000/",
    ];

    #[test]
    fn the_embedded_file_is_read_and_names_planned_controls_only() {
        let mapping = parse(DATA).unwrap();
        assert_eq!(mapping.len(), 75);
        for control in mapping.keys() {
            assert!(catalogue::find(control).is_some(), "{control}");
        }
    }

    #[test]
    fn every_control_of_the_first_wave_is_evidence_towards_something() {
        for control in catalogue::all().filter(|control| control.package == Package::Main) {
            assert!(!ids(control.id).is_empty(), "{}", control.id);
        }
    }

    #[test]
    fn only_four_controls_have_no_id_that_is_certain() {
        let without: Vec<&str> =
            catalogue::all().map(|control| control.id).filter(|id| ids(id).is_empty()).collect();
        let expected =
            ["backup.purpose", "placement.zone-spread", "workload.monitored", "governance.threat-detection"];
        assert_eq!(without, expected);
    }

    #[test]
    fn an_entry_is_one_id_of_a_known_version_of_a_framework() {
        for (control, entries) in parse(DATA).unwrap() {
            let unique: BTreeSet<&String> = entries.iter().collect();
            assert_eq!(unique.len(), entries.len(), "{control}");
            for entry in &entries {
                let id = FRAMEWORKS.iter().find_map(|framework| entry.strip_prefix(framework));
                let is_one_id =
                    id.is_some_and(|id| !id.is_empty() && !id.contains([' ', ',', '?', '/', '–']));
                assert!(is_one_id, "{control}: {entry}");
            }
        }
    }

    #[test]
    fn mappings_stand_as_published() {
        for (control, id) in [
            ("backup.covered", "CIS@8.1/11.2"),
            ("backup.retention", "NIST-800-53@r5/SI-12"),
            ("retention.kept", "GDPR@2016/679/5(1)(e)"),
            ("encryption.secrets-at-rest", "K8s-CIS@1.10/1.2.27"),
            ("encryption.tls-required", "NIST-CSF@2.0/PR.DS-02"),
            ("isolation.network-default-deny", "K8s-CIS@1.10/5.3.2"),
            ("access.least-privilege", "K8s-CIS@1.10/5.1.1-5.1.13"),
            ("governance.evaluated", "SOC-2@2017/CC4.1"),
            ("incident.notified-in-time", "GDPR@2016/679/33(2)"),
            ("request.answered-in-time", "PIPEDA@2000/s.8(3)"),
            ("subprocessor.listed", "CCPA@2020/1798.140(ag)"),
        ] {
            assert!(ids(control).iter().any(|entry| entry == id), "{control} {id}");
        }
    }

    #[test]
    fn a_control_that_is_not_mapped_has_no_ids() {
        assert!(ids("backup.coverd").is_empty());
    }
}
