//! What the README says of this version: its totals are those of the coverage, and what it links to is there.

use std::path::Path;

use surety::{
    core::catalogue::Strength,
    report::coverage::{Measure, Totals, coverage, name_of},
};

const BEGIN: &str = "<!-- coverage: generated -->\n";
const END: &str = "<!-- coverage: end -->\n";
const STRENGTHS: [Strength; 4] = [Strength::Prevent, Strength::Repair, Strength::Detect, Strength::Attest];

fn path(of: &str) -> String {
    format!("{}/{of}", env!("CARGO_MANIFEST_DIR"))
}

/// The sentence with the totals, as it stands between the marks.
fn totals() -> String {
    let measure = Measure::embedded().unwrap();
    let coverage = coverage(measure, measure.profiles());
    let of_strength = |strength: Strength| {
        let Totals { held, promised, .. } = Totals::of(&coverage, Some(strength));
        format!("{} {held} of {promised}", name_of(strength))
    };
    let Totals { held, promised, .. } = Totals::of(&coverage, None);
    format!("**{held} of {promised}** ({})\n", STRENGTHS.map(of_strength).join(", "))
}

/// What stands in backquotes in the last column, where it is the name of a test.
fn tests_named(line: &str) -> Vec<&str> {
    let cell = line.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
    cell.split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.contains('_') && !name.contains(['/', '.']))
        .collect()
}

#[test]
fn every_test_that_the_threats_name_is_there() {
    let text = std::fs::read_to_string(path("docs/threats.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| #")).count();
    assert_eq!(rows, 18, "a threat without an answer");
    let mut sources = String::new();
    for folder in ["src", "tests/it", "e2e/tests", "e2e/src"] {
        collect(Path::new(&path(folder)), &mut sources);
    }
    let named: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).flat_map(tests_named).collect();
    assert!(named.len() > 18, "{named:?}");
    let missing: Vec<&&str> = named.iter().filter(|name| !sources.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "docs/threats.md names tests that are not there: {missing:?}");
}

fn collect(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn the_readme_has_the_totals_of_the_coverage() {
    let text = std::fs::read_to_string(path("README.md")).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the mark where the totals begin");
    let (known, after) = rest.split_once(END).expect("the mark where the totals end");
    let totals = totals();
    if std::env::var_os("SURETY_UPDATE_GOLDEN").is_some() {
        std::fs::write(path("README.md"), format!("{before}{BEGIN}{totals}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(known, totals, "run this test with SURETY_UPDATE_GOLDEN=1");
}

#[test]
fn what_the_documents_link_to_is_there() {
    for (document, folder) in [("README.md", ""), ("docs/architecture.md", "docs/"), ("CHANGELOG.md", "")] {
        let text = std::fs::read_to_string(path(document)).unwrap();
        let targets =
            text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter(|target| !target.contains("://") && !target.starts_with('#')) {
            assert!(Path::new(&path(&format!("{folder}{target}"))).exists(), "{document} links to {target}");
        }
    }
}
