//! The outcome of `surety check` as JUnit XML, in the part that every reader of it knows. Without time stamps: equal
//! input gives equal output.

use std::collections::{BTreeMap, BTreeSet};

use super::{Broken, CheckFinding, CheckReport, EVERYBODY, Standing, xml::Element};
use crate::{
    core::subject::SubjectKey,
    report::{
        status::{Case, status},
        words,
    },
};

const DECLARATIONS: &str = "declarations";

/// A suite for each profile and policy, and one for the declarations; a case for each requirement on each subject. What
/// does not count against the outcome is no error: without `strict`, what is unknown is skipped.
pub fn junit(report: &CheckReport, strict: bool) -> String {
    let findings = Findings::of(report);
    let mut suites: BTreeMap<String, Vec<TestCase>> = BTreeMap::new();
    for standing in &report.standings {
        let case = of_standing(standing, &findings, strict);
        suites.entry(suite_of(&standing.demander)).or_default().push(case);
    }
    let declarations: Vec<TestCase> =
        report.declarations.iter().map(|subject| of_declaration(subject, &findings)).collect();
    if !declarations.is_empty() {
        suites.insert(DECLARATIONS.to_owned(), declarations);
    }
    let all = Counts::of(suites.values().flatten());
    let children = suites.iter().map(|(name, cases)| suite(name, cases));
    let root = Element::new("testsuites").with("name", "surety check");
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", all.onto(root).holding(children))
}

struct TestCase {
    class: String,
    name: String,
    case: Case,
    message: String,
    kind: String,
    text: String,
}

/// Findings by what they stand against.
#[derive(Default)]
struct Findings<'a> {
    of_use: BTreeMap<(&'a str, &'a SubjectKey), Vec<&'a CheckFinding>>,
    breaking: BTreeSet<(&'a str, &'a SubjectKey)>,
    of_declaration: BTreeMap<&'a SubjectKey, Vec<&'a CheckFinding>>,
}

impl<'a> Findings<'a> {
    fn of(report: &'a CheckReport) -> Self {
        let mut findings = Self::default();
        for finding in report.violations.iter().chain(&report.unknown).chain(&report.waived) {
            match finding.control {
                Some(control) if !finding.tenants.is_empty() => {
                    findings.of_use.entry((control, &finding.subject)).or_default().push(finding);
                }
                _ => findings.of_declaration.entry(&finding.subject).or_default().push(finding),
            }
        }
        let breaking = report.violations.iter().filter_map(|f| Some((f.control?, &f.subject)));
        findings.breaking.extend(breaking);
        findings
    }
}

fn of_standing(standing: &Standing, findings: &Findings<'_>, strict: bool) -> TestCase {
    let of = (standing.control, &standing.subject);
    let counts = strict || findings.breaking.contains(&of);
    let case = match status(standing.state).junit {
        Case::Error if !counts => Case::Skipped,
        case => case,
    };
    let requirement = match &standing.demander {
        Broken::Commitment { id, .. } => format!("{id} {}", standing.control),
        Broken::Policy { .. } => standing.control.to_owned(),
    };
    let tenant = if standing.tenant == EVERYBODY { "all namespaces" } else { &standing.tenant };
    TestCase {
        class: format!("{tenant}.{}", suite_of(&standing.demander)),
        name: format!("{requirement} {}", standing.subject),
        case,
        message: format!("{}: {}", standing.state, standing.reason),
        kind: standing.control.to_owned(),
        text: text_of(findings.of_use.get(&of).map_or(&[], Vec::as_slice)),
    }
}

fn of_declaration(subject: &SubjectKey, findings: &Findings<'_>) -> TestCase {
    let told = findings.of_declaration.get(subject).map_or(&[][..], Vec::as_slice);
    let message = told.first().map(|finding| finding.found.clone()).unwrap_or_default();
    TestCase {
        class: DECLARATIONS.to_owned(),
        name: subject.to_string(),
        case: if told.is_empty() { Case::Passed } else { Case::Failure },
        message,
        kind: DECLARATIONS.to_owned(),
        text: text_of(told),
    }
}

fn suite_of(demander: &Broken) -> String {
    match demander {
        Broken::Commitment { profile, .. } => profile.clone(),
        Broken::Policy { kind, name } => format!("{kind} {name}"),
    }
}

fn text_of(findings: &[&CheckFinding]) -> String {
    let line = |finding: &&CheckFinding| {
        let place = finding.field_place.as_ref().or(finding.place.as_ref());
        let place = place.map(|place| format!("{place} ")).unwrap_or_default();
        let severity = finding.severity.map(|severity| format!(" ({})", words::severity(severity)));
        format!(
            "{place}{}{}\nfound: {}\nwanted: {}\nfix: {}\n",
            finding.field,
            severity.unwrap_or_default(),
            finding.found,
            finding.wanted,
            finding.fix
        )
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn of<'a>(cases: impl Iterator<Item = &'a TestCase>) -> Self {
        let mut counts = Self::default();
        for case in cases {
            counts.tests += 1;
            match case.case {
                Case::Passed => {}
                Case::Failure => counts.failures += 1,
                Case::Error => counts.errors += 1,
                Case::Skipped => counts.skipped += 1,
            }
        }
        counts
    }

    fn onto(&self, element: Element) -> Element {
        element
            .with("tests", &self.tests.to_string())
            .with("failures", &self.failures.to_string())
            .with("errors", &self.errors.to_string())
            .with("skipped", &self.skipped.to_string())
    }
}

fn suite(name: &str, cases: &[TestCase]) -> Element {
    let counts = Counts::of(cases.iter());
    counts.onto(Element::new("testsuite").with("name", name)).holding(cases.iter().map(test_case))
}

fn test_case(case: &TestCase) -> Element {
    let element = Element::new("testcase").with("classname", &case.class).with("name", &case.name);
    let told = match case.case {
        Case::Passed => return element,
        Case::Skipped => return element.holding([Element::new("skipped").with("message", &case.message)]),
        Case::Failure => Element::new("failure"),
        Case::Error => Element::new("error"),
    };
    element.holding([told.with("message", &case.message).with("type", &case.kind).saying(&case.text)])
}
