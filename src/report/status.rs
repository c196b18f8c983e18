//! The one place that says what a state is called in formats of others. The state itself always travels beside it.

use crate::core::verdict::State;

/// A state as other formats spell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// `result.kind` of SARIF 2.1.0. Only `fail` may have a level.
    pub sarif_kind: &'static str,
    /// What a test case of JUnit holds.
    pub junit: Case,
}

/// What a test case of JUnit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Nothing.
    Passed,
    /// `<failure>`
    Failure,
    /// `<error>`
    Error,
    /// `<skipped>`
    Skipped,
}

/// What a state is called.
pub const fn status(state: State) -> Status {
    let (sarif_kind, junit) = match state {
        State::Pass => ("pass", Case::Passed),
        State::Fail => ("fail", Case::Failure),
        State::Waived => ("fail", Case::Skipped),
        State::Manual => ("review", Case::Skipped),
        State::NotApplicable => ("notApplicable", Case::Skipped),
        State::Pending => ("open", Case::Skipped),
        State::Stale | State::Error => ("open", Case::Error),
    };
    Status { sarif_kind, junit }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_evaluated_and_is_met_reads_as_passed() {
        for state in State::ALL {
            let Status { sarif_kind, junit } = status(state);
            assert_eq!(sarif_kind == "pass", state == State::Pass, "{state}");
            assert_eq!(junit == Case::Passed, state == State::Pass, "{state}");
            assert_eq!(sarif_kind == "fail", matches!(state, State::Fail | State::Waived), "{state}");
        }
    }
}
