//! Which of two classes keeps data longer.

use super::duties::{Bound, Duty};

/// The duties of one class that another does not carry, or carries for a shorter time.
pub(super) fn lost<'d>(from: &'d [Duty], to: &[Duty]) -> Vec<&'d Duty> {
    from.iter().filter(|duty| !to.iter().any(|other| covers(other.bound, duty.bound))).collect()
}

/// Whether data that is kept by one bound is kept by the other too. What is kept after the contract's end is kept while
/// it runs.
fn covers(longer: Bound, bound: Bound) -> bool {
    match (longer, bound) {
        (Bound::AtLeast(longer) | Bound::FromLastUse(longer), Bound::AtLeast(span))
        | (Bound::FromLastUse(longer), Bound::FromLastUse(span))
        | (Bound::AfterTermination(longer), Bound::AfterTermination(span)) => longer >= span,
        (Bound::WhileActive | Bound::AfterTermination(_), Bound::WhileActive) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::controls::retention::testkit::span;

    fn duty(bound: Bound) -> Duty {
        Duty { bound, source: "a promise".to_owned(), demanders: Vec::new() }
    }

    #[test]
    fn a_class_is_weaker_by_every_bound_that_is_shorter_or_missing() {
        let (year, month) = (span("1y"), span("1mo"));
        for (from, to, weaker) in [
            (vec![], vec![], 0),
            (vec![Bound::AtLeast(month)], vec![Bound::AtLeast(year)], 0),
            (vec![Bound::AtLeast(year)], vec![Bound::AtLeast(month)], 1),
            (vec![Bound::AtLeast(year)], vec![], 1),
            (vec![Bound::AtLeast(year)], vec![Bound::FromLastUse(year)], 0),
            (vec![Bound::FromLastUse(year)], vec![Bound::AtLeast(year)], 1),
            (vec![Bound::WhileActive], vec![Bound::AfterTermination(month)], 0),
            (vec![Bound::AfterTermination(month)], vec![Bound::WhileActive], 1),
            (vec![Bound::AfterTermination(year)], vec![Bound::AfterTermination(month)], 1),
            (vec![Bound::WhileActive, Bound::AtLeast(year)], vec![Bound::AtLeast(year)], 1),
            (vec![Bound::WhileActive, Bound::AtLeast(year)], vec![Bound::AfterTermination(year)], 1),
        ] {
            let duties = |bounds: Vec<Bound>| bounds.into_iter().map(duty).collect::<Vec<_>>();
            let (from, to) = (duties(from), duties(to));
            assert_eq!(lost(&from, &to).len(), weaker, "{from:?} to {to:?}");
        }
    }
}
