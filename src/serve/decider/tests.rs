//! What of a decision reaches the one who asked.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use crate::admission::decide::Opened;

#[test]
fn an_admitted_demand_says_how_many_findings_it_opens_beside_its_warnings() {
    for (opened, expected) in [
        (None, vec![]),
        (
            Some(Opened { findings: 2, is_lower_bound: false }),
            vec!["surety: this opens 2 findings; the ComplianceReports of the tenants list them"],
        ),
    ] {
        let mut decision =
            Decision { outcome: Outcome::Admitted, warned: Vec::new(), audited: Vec::new(), opened };
        let answer = answer(Operation::Create, &mut decision).unwrap();
        assert_eq!(answer.warnings, expected);
    }
}
