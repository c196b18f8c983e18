//! For each control an object that breaks it, and what is said of it: by the function that judges every other.

use jiff::Timestamp;

use crate::{
    cli::{CliError, check, input::Text},
    report::controls::Example,
};

/// The platform that the examples are judged by.
const PLATFORM: &str = include_str!("../../../config/examples/platform.yaml");
/// The present of the examples, some of which have dates.
const PRESENT: i64 = 1_781_524_800; // 2026-06-15T12:00:00Z

macro_rules! examples {
    ($($id:literal = $file:literal;)*) => {
        const EXAMPLES: &[(&str, &str)] =
            &[$(($id, include_str!(concat!("../../../config/examples/", $file, ".yaml"))),)*];
    };
}

examples! {
    "backup.completeness" = "backup-completeness";
    "backup.covered" = "backup-covered";
    "backup.encrypted" = "backup-encrypted";
    "backup.failure-noticed" = "backup-failure-noticed";
    "backup.recovery-point-age" = "backup-recovery-point-age";
    "backup.retention" = "backup-retention";
    "encryption.plaintext-credential" = "encryption-plaintext-credential";
    "encryption.storage" = "encryption-storage";
    "encryption.tls-required" = "encryption-tls-required";
    "encryption.volume" = "encryption-volume";
    "governance.attested" = "governance-attested";
    "governance.profile-current" = "governance-profile-current";
    "isolation.host-access" = "isolation-host-access";
    "isolation.namespace-claimed" = "isolation-namespace-claimed";
    "isolation.network-default-deny" = "isolation-network-default-deny";
    "isolation.pod-security" = "isolation-pod-security";
    "retention.class-declared" = "retention-class-declared";
    "retention.kept" = "retention-kept";
}

/// The example of a control; none where there is none.
pub(super) fn of(control: &str) -> Result<Option<Example>, CliError> {
    let Some((_, text)) = EXAMPLES.iter().find(|(id, _)| *id == control) else { return Ok(None) };
    // The first line says for tests which control it is.
    let manifest = text.split_once('\n').map_or(*text, |(_, rest)| rest);
    let texts = [("platform.yaml", PLATFORM), ("example.yaml", manifest)]
        .map(|(name, content)| Text { name: name.to_owned(), content: content.to_owned() });
    let present = Timestamp::from_second(PRESENT).unwrap_or(Timestamp::UNIX_EPOCH);
    let report = check::judge_texts(&texts, present)?;
    let mut found = report.violations.into_iter().filter(|finding| finding.control == Some(control));
    Ok(found.next().map(|finding| Example { manifest, finding }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;
    use crate::core::controls;

    /// What it judges is what the API server did, which no file shows.
    const OF_NO_FILE: &str = "governance.enforcement-continuous";

    #[test]
    fn every_control_that_a_file_can_break_has_an_example_that_does() {
        for control in controls::all() {
            assert_eq!(of(control.id).unwrap().is_some(), control.id != OF_NO_FILE, "{}", control.id);
        }
    }

    #[test]
    fn the_present_of_the_examples_is_the_one_that_is_written_beside_it() {
        let present: Timestamp = "2026-06-15T12:00:00Z".parse().unwrap();
        assert_eq!(present.as_second(), PRESENT);
    }
}
