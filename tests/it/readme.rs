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
