//! Score and coverage: two numbers, never merged; absent when nothing is applicable.

use super::verdict::State;

/// Weights of commitments by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Weights {
    by_state: [i64; State::ALL.len()],
}

impl Weights {
    /// Adds a commitment.
    pub fn add(&mut self, state: State, weight: i32) {
        if let Some(sum) =
            State::ALL.iter().position(|known| *known == state).and_then(|at| self.by_state.get_mut(at))
        {
            *sum += i64::from(weight);
        }
    }

    fn of(&self, states: &[State]) -> i64 {
        let sums = State::ALL.iter().zip(&self.by_state);
        sums.filter(|(state, _)| states.contains(state)).map(|(_, sum)| *sum).sum()
    }

    fn applicable(&self) -> i64 {
        self.by_state.iter().sum::<i64>() - self.of(&[State::NotApplicable])
    }

    /// Weight of Pass over weight of what is applicable and not Pending.
    pub fn score(&self) -> Option<f64> {
        ratio(self.of(&[State::Pass]), self.applicable() - self.of(&[State::Pending]))
    }

    /// Weight of what was evaluated (Pass, Fail, Waived) over weight of what is applicable.
    pub fn coverage(&self) -> Option<f64> {
        ratio(self.of(&[State::Pass, State::Fail, State::Waived]), self.applicable())
    }
}

#[allow(clippy::cast_precision_loss, reason = "weights are at most 1000 each and some hundreds in number")]
fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A ratio in percent with one decimal, as columns and reports show it.
pub fn percent(ratio: f64) -> String {
    format!("{:.1}%", ratio * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(states: &[(State, i32)]) -> Weights {
        let mut weights = Weights::default();
        for (state, weight) in states {
            weights.add(*state, *weight);
        }
        weights
    }

    #[test]
    fn manual_error_and_stale_stay_in_the_denominator_and_pending_leaves_the_score_alone() {
        let weights = weights(&[
            (State::Pass, 4),
            (State::Fail, 1),
            (State::Manual, 1),
            (State::Error, 1),
            (State::Stale, 1),
            (State::Waived, 2),
            (State::Pending, 5),
            (State::NotApplicable, 9),
        ]);
        assert_eq!(weights.score().map(percent).as_deref(), Some("40.0%"));
        assert_eq!(weights.coverage().map(percent).as_deref(), Some("46.7%"));
    }

    #[test]
    fn nothing_applicable_is_no_number() {
        assert_eq!(weights(&[(State::NotApplicable, 3)]).score(), None);
        assert_eq!(weights(&[]).coverage(), None);
        assert_eq!(weights(&[(State::Pending, 3)]).score(), None);
    }
}
