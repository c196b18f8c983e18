//! Who may lead. Pure: `now` is an argument.
//!
//! Whether another's claim has run out is judged by when *we* last saw its record change, on our own monotonic clock:
//! clocks of different machines are never compared.

use std::time::Duration;

use tokio::time::Instant;

/// What a lease says of its holder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseRecord {
    /// Who holds it; none where nobody does.
    pub holder: Option<String>,
    /// How long its holder's claim stands without renewal.
    pub duration: Duration,
}

/// What to do about a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Claim it.
    Take,
    /// Renew our claim.
    Renew,
    /// Another holds it, at least until then.
    Wait(Instant),
}

/// Decides about a lease whose record, none where there is no lease, was last seen to change at `seen_at`.
pub fn decide(record: Option<&LeaseRecord>, seen_at: Instant, now: Instant, me: &str) -> Decision {
    let Some(record) = record else { return Decision::Take };
    match record.holder.as_deref() {
        None | Some("") => Decision::Take,
        Some(holder) if holder == me => Decision::Renew,
        Some(_) => {
            let runs_out = seen_at + record.duration;
            if runs_out <= now { Decision::Take } else { Decision::Wait(runs_out) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_taken_renewed_or_waited_for() {
        let seen = Instant::now();
        let after = |seconds| seen + Duration::from_secs(seconds);
        let held = |holder: &str| {
            Some(LeaseRecord { holder: Some(holder.to_owned()), duration: Duration::from_secs(15) })
        };
        let free = Some(LeaseRecord { holder: None, duration: Duration::from_secs(15) });
        let cases = [
            ("no lease", None, 0, Decision::Take),
            ("nobody's", free, 0, Decision::Take),
            ("nobody's, as older clients write it", held(""), 0, Decision::Take),
            ("mine", held("me"), 0, Decision::Renew),
            ("mine, run out, untaken", held("me"), 60, Decision::Renew),
            ("another's", held("you"), 0, Decision::Wait(after(15))),
            ("another's, almost run out", held("you"), 14, Decision::Wait(after(15))),
            ("another's, run out", held("you"), 15, Decision::Take),
        ];
        for (what, record, seconds, expected) in cases {
            assert_eq!(decide(record.as_ref(), seen, after(seconds), "me"), expected, "{what}");
        }
    }
}
