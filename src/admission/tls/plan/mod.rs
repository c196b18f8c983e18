//! When authorities are made, renewed and dropped, and when a leaf is issued: pure, `now` is an argument.
//!
//! An authority signs only once it has been in the bundle for [`OVERLAP`], so that the registration carries it
//! before the first leaf needs it; it leaves the bundle only once the last leaf it signed has ended. All of that
//! follows from the authorities' own dates, so it needs no other record.

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};

/// How long an authority lives.
pub const AUTHORITY_LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);
/// How long a leaf lives.
pub const LEAF_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long an authority is in the bundle before it signs.
pub const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// How far in the past a certificate begins, for API servers whose clock is behind.
pub const BACKDATE: SignedDuration = SignedDuration::from_hours(1);
/// How long after its last leaf an authority stays in the bundle.
const SLACK: SignedDuration = SignedDuration::from_hours(24);
/// An authority that ends sooner signs nothing while there is another.
const LEAST_REMAINING: SignedDuration = SignedDuration::from_hours(1);

/// The time in which a certificate is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// `notBefore`.
    pub not_before: Timestamp,
    /// `notAfter`.
    pub not_after: Timestamp,
}

impl Validity {
    /// Whether it is good at `now`.
    pub fn contains(self, now: Timestamp) -> bool {
        self.not_before <= now && now < self.not_after
    }

    /// When it is renewed: at two thirds of its life.
    pub fn renewal(self) -> Timestamp {
        let life = self.not_before.duration_until(self.not_after);
        after(self.not_before, life / 3 * 2)
    }

    /// That of an authority made at `now`.
    pub fn of_authority(now: Timestamp) -> Self {
        Self { not_before: before(now, BACKDATE), not_after: after(now, AUTHORITY_LIFE) }
    }

    /// That of a leaf issued at `now`: it never outlives `authority`.
    pub fn of_leaf(now: Timestamp, authority: Self) -> Self {
        Self { not_before: before(now, BACKDATE), not_after: after(now, LEAF_LIFE).min(authority.not_after) }
    }
}

/// The leaf in use, as far as the plan depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// When it is good.
    pub validity: Validity,
    /// Whether an authority of the bundle signed it.
    pub is_vouched_for: bool,
}

/// What to do with the authorities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorityAction {
    /// Make the first.
    Create,
    /// Make the next and add it.
    Add,
    /// Take these out (positions).
    Drop(Vec<usize>),
}

/// What to do now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// With the authorities.
    pub authority: Option<AuthorityAction>,
    /// Issue a leaf from the authority at this position.
    pub issue_from: Option<usize>,
}

/// What to do at `now`, with these authorities (oldest first) and this leaf.
pub fn plan(now: Timestamp, authorities: &[Validity], leaf: Option<Leaf>) -> Plan {
    let signer = signer(now, authorities);
    let is_due = leaf.is_none_or(|leaf| !leaf.is_vouched_for || is_renewal_due(now, leaf.validity));
    Plan { authority: authority_action(now, authorities, signer), issue_from: signer.filter(|_| is_due) }
}

/// Which authority signs at `now`: the newest that has been in the bundle long enough, else the oldest that lasts.
pub fn signer(now: Timestamp, authorities: &[Validity]) -> Option<usize> {
    let lasts = |validity: &Validity| after(now, LEAST_REMAINING) < validity.not_after;
    let is_known_everywhere = |validity: &Validity| after(validity.not_before, OVERLAP) <= now;
    authorities
        .iter()
        .rposition(|validity| lasts(validity) && is_known_everywhere(validity))
        .or_else(|| authorities.iter().position(lasts))
        .or_else(|| authorities.iter().position(|validity| now < validity.not_after))
}

fn authority_action(
    now: Timestamp,
    authorities: &[Validity],
    signer: Option<usize>,
) -> Option<AuthorityAction> {
    let Some(newest) = authorities.last() else {
        return Some(AuthorityAction::Create);
    };
    if newest.renewal() <= now {
        return Some(AuthorityAction::Add);
    }
    let dropped = droppable(now, authorities, signer);
    (!dropped.is_empty()).then_some(AuthorityAction::Drop(dropped))
}

/// Authorities that vouch for nothing any more: expired, or older than one whose first leaf is older than any leaf lives.
fn droppable(now: Timestamp, authorities: &[Validity], signer: Option<usize>) -> Vec<usize> {
    let is_replaced = |position: usize| {
        signer.filter(|signer| position < *signer).and_then(|signer| authorities.get(signer)).is_some_and(
            |successor| after(after(after(successor.not_before, OVERLAP), LEAF_LIFE), SLACK) <= now,
        )
    };
    let is_over = |(position, validity): &(usize, &Validity)| {
        Some(*position) != signer && (validity.not_after <= now || is_replaced(*position))
    };
    authorities.iter().enumerate().filter(is_over).map(|(position, _)| position).collect()
}

fn is_renewal_due(now: Timestamp, validity: Validity) -> bool {
    // Before its beginning only after the clock was set back: by that clock it is not good yet.
    validity.renewal() <= now || now < validity.not_before
}

/// Sums saturate: a certificate may state the year 9999.
fn after(moment: Timestamp, span: SignedDuration) -> Timestamp {
    moment.saturating_add(span).unwrap_or(Timestamp::MAX)
}

fn before(moment: Timestamp, span: SignedDuration) -> Timestamp {
    moment.saturating_sub(span).unwrap_or(Timestamp::MIN)
}
