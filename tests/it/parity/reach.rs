//! What the generated cases reach: every control in every answer that it can give.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::Timestamp;
use surety::core::{
    controls,
    facts::Unknown,
    verdict::{Problem, State},
};

use super::{tables::Table, time::Moments};

/// Where an answer cannot come from a control, with the reason.
const EXCEPTIONS: [(&str, Answer, &str); 2] = [
    (
        "governance.attested",
        Answer::Unknown,
        "it reads declarations alone, and a commitment is no object that could be unreadable",
    ),
    ("governance.attested", Answer::Fail, "what nobody attested is Manual, and what ran out is Stale"),
];

/// What answers stand in for those that cannot be.
const INSTEAD: [(&str, &[Answer]); 1] = [("governance.attested", &[Answer::Manual, Answer::Stale])];

/// Answers that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    Pass,
    Fail,
    /// For want of facts, or because what is declared cannot be decided.
    Unknown,
    Pending,
    Manual,
    Stale,
    NotApplicable,
}

/// How often each control gave each answer.
#[derive(Debug, Default)]
pub(super) struct Reached {
    answers: BTreeMap<(&'static str, Answer), usize>,
    undecidable: BTreeMap<&'static str, usize>,
    cases: usize,
    verdicts: usize,
    pub(super) moments: Moments,
    /// Outcomes of requests, by their name.
    pub(super) outcomes: BTreeMap<&'static str, usize>,
    /// Controls that refused a request or warned about it.
    pub(super) violated: BTreeMap<String, usize>,
    pub(super) objections: usize,
}

impl Reached {
    pub(super) fn of_one_case() -> Self {
        Self { cases: 1, ..Self::default() }
    }

    pub(super) fn note(&mut self, table: &Table, now: Timestamp) {
        for (cell, entry) in table {
            self.verdicts += 1;
            let answer = match entry.verdict.state(now) {
                State::Pass => Answer::Pass,
                State::Fail => Answer::Fail,
                State::Error => Answer::Unknown,
                State::Pending => Answer::Pending,
                State::Manual => Answer::Manual,
                State::Stale => Answer::Stale,
                State::NotApplicable | State::Waived => Answer::NotApplicable,
            };
            *self.answers.entry((cell.control, answer)).or_default() += 1;
            let undecidable =
                |problem: &Problem| matches!(problem, Problem::Unknown(Unknown::Undecidable(_)));
            if entry.verdict.issues.iter().any(|issue| undecidable(&issue.problem)) {
                *self.undecidable.entry(cell.control).or_default() += 1;
            }
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        let Self { answers, undecidable, cases, verdicts, moments, outcomes, violated, objections } = other;
        add_all(&mut self.answers, answers);
        add_all(&mut self.undecidable, undecidable);
        add_all(&mut self.outcomes, outcomes);
        add_all(&mut self.violated, violated);
        self.cases += cases;
        self.verdicts += verdicts;
        self.moments.changing += moments.changing;
        self.moments.idle += moments.idle;
        self.objections += objections;
    }

    fn count(&self, control: &'static str, answer: Answer) -> usize {
        self.answers.get(&(control, answer)).copied().unwrap_or_default()
    }

    /// What should have been reached and was not.
    pub(super) fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for control in controls::all() {
            let is_excepted =
                |answer| EXCEPTIONS.iter().any(|(id, except, _)| *id == control.id && *except == answer);
            let instead = INSTEAD.iter().find(|(id, _)| *id == control.id).map_or(&[][..], |(_, list)| list);
            let wanted = [Answer::Pass, Answer::Fail, Answer::Unknown].into_iter();
            let wanted = wanted.filter(|answer| !is_excepted(*answer)).chain(instead.iter().copied());
            missing.extend(
                wanted
                    .filter(|answer| self.count(control.id, *answer) == 0)
                    .map(|answer| format!("{} never reads {answer:?}", control.id)),
            );
            let reached = EXCEPTIONS
                .iter()
                .filter(|(id, answer, _)| *id == control.id && self.count(control.id, *answer) > 0);
            missing.extend(reached.map(|(id, answer, _)| format!("{id} reads {answer:?} after all")));
        }
        missing
    }

    /// A line for each control.
    pub(super) fn text(&self) -> String {
        let answers = [
            Answer::Pass,
            Answer::Fail,
            Answer::Unknown,
            Answer::Pending,
            Answer::Manual,
            Answer::Stale,
            Answer::NotApplicable,
        ];
        let mut text = format!(
            "{} cases, {} verdicts, {} objections; at their moments {} answers changed and {} did not\nrequests: {:?}\n\
             violated: {:?}\n",
            self.cases,
            self.verdicts,
            self.objections,
            self.moments.changing,
            self.moments.idle,
            self.outcomes,
            self.violated
        );
        for control in controls::all() {
            let counts = answers.map(|answer| format!("{answer:?} {}", self.count(control.id, answer)));
            let undecidable = self.undecidable.get(control.id).copied().unwrap_or_default();
            let _ = writeln!(text, "{}: {} (undecidable {undecidable})", control.id, counts.join(", "));
        }
        text
    }
}

fn add_all<K: Ord>(counts: &mut BTreeMap<K, usize>, more: BTreeMap<K, usize>) {
    for (key, count) in more {
        *counts.entry(key).or_default() += count;
    }
}
