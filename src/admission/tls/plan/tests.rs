#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use super::*;

const START: Timestamp = Timestamp::UNIX_EPOCH;

fn at(days: i64, hours: i64) -> Timestamp {
    after(START, SignedDuration::from_hours(days * 24 + hours))
}

fn authority_made(days: i64) -> Validity {
    Validity::of_authority(at(days, 0))
}

fn leaf_issued(days: i64, is_vouched_for: bool) -> Leaf {
    Leaf { validity: Validity::of_leaf(at(days, 0), authority_made(days)), is_vouched_for }
}

/// Name, `now`, authorities, leaf; what to do with the authorities, and from which to issue.
type Case<'a> = (&'a str, Timestamp, &'a [Validity], Option<Leaf>, Option<AuthorityAction>, Option<usize>);

#[test]
fn each_moment_has_its_plan() {
    use AuthorityAction::{Add, Create, Drop};
    let first = authority_made(0);
    let second = authority_made(243);
    let cases: &[Case<'_>] = &[
        ("nothing there", at(0, 0), &[], None, Some(Create), None),
        ("a fresh authority signs at once", at(0, 0), &[first], None, None, Some(0)),
        ("nothing is due", at(1, 0), &[first], Some(leaf_issued(0, true)), None, None),
        ("a leaf before two thirds", at(4, 14), &[first], Some(leaf_issued(0, true)), None, None),
        ("a leaf after two thirds", at(4, 16), &[first], Some(leaf_issued(0, true)), None, Some(0)),
        ("a leaf that nobody vouches for", at(1, 0), &[first], Some(leaf_issued(0, false)), None, Some(0)),
        ("a clock that was set back", at(0, -2), &[first], Some(leaf_issued(0, true)), None, Some(0)),
        ("an authority before two thirds", at(243, 6), &[first], Some(leaf_issued(243, true)), None, None),
        (
            "an authority after two thirds",
            at(243, 9),
            &[first],
            Some(leaf_issued(243, true)),
            Some(Add),
            None,
        ),
        ("the next one does not sign yet", at(243, 22), &[first, second], None, None, Some(0)),
        ("the next one signs after the overlap", at(244, 0), &[first, second], None, None, Some(1)),
        (
            "leaves of the old one still live",
            at(251, 22),
            &[first, second],
            Some(leaf_issued(250, true)),
            None,
            None,
        ),
        (
            "the old one has done",
            at(252, 0),
            &[first, second],
            Some(leaf_issued(250, true)),
            Some(Drop(vec![0])),
            None,
        ),
        ("back from a long sleep", at(400, 0), &[first], Some(leaf_issued(0, true)), Some(Add), None),
        (
            "after it, the new one signs at once",
            at(400, 0),
            &[first, authority_made(400)],
            Some(leaf_issued(0, true)),
            Some(Drop(vec![0])),
            Some(1),
        ),
        (
            "an authority about to end does not sign beside another",
            at(364, 23),
            &[first, authority_made(364)],
            None,
            None,
            Some(1),
        ),
        ("alone it signs to the end", at(364, 23), &[first], None, Some(Add), Some(0)),
    ];
    for (name, now, authorities, leaf, authority, issue_from) in cases {
        let expected = Plan { authority: authority.clone(), issue_from: *issue_from };
        assert_eq!(plan(*now, authorities, *leaf), expected, "{name}");
    }
}

#[test]
fn a_leaf_never_outlives_its_authority() {
    let authority = authority_made(0);
    let leaf = Validity::of_leaf(at(362, 0), authority);
    assert_eq!(leaf.not_after, authority.not_after);
}

#[test]
fn dates_at_the_end_of_time_do_not_overflow() {
    let forever = Validity { not_before: Timestamp::MIN, not_after: Timestamp::MAX };
    assert_eq!(plan(Timestamp::MAX, &[forever], None).authority, Some(AuthorityAction::Add));
    assert_eq!(Validity::of_authority(Timestamp::MAX).not_after, Timestamp::MAX);
}

/// A replica with its leaf and the authority that signed it, by its beginning.
#[derive(Default)]
struct Replica {
    leaf: Option<(Validity, Timestamp)>,
}

/// The Secret, the bundle that API servers have, and three replicas that look at different minutes; the leader is
/// the last of them.
struct World {
    secret: Vec<Validity>,
    bundle: Vec<Validity>,
    replicas: [Replica; 3],
}

impl World {
    fn look(&mut self, replica: usize, is_leader: bool, now: Timestamp) {
        let leaf = self.replicas[replica].leaf;
        let planned = leaf.map(|(validity, signer)| Leaf {
            validity,
            is_vouched_for: self.secret.iter().any(|authority| authority.not_before == signer),
        });
        let plan = plan(now, &self.secret, planned);
        if let Some(signer) = plan.issue_from {
            let authority = self.secret[signer];
            self.replicas[replica].leaf = Some((Validity::of_leaf(now, authority), authority.not_before));
        }
        match plan.authority {
            Some(AuthorityAction::Create | AuthorityAction::Add) if is_leader => {
                self.secret.push(Validity::of_authority(now));
            }
            Some(AuthorityAction::Drop(dropped)) if is_leader => {
                let kept = self.secret.iter().enumerate().filter(|(at, _)| !dropped.contains(at));
                self.secret = kept.map(|(_, validity)| *validity).collect();
            }
            _ => {}
        }
    }
}

#[test]
fn over_five_years_every_leaf_is_good_under_the_bundle_that_api_servers_have() {
    let mut world = World { secret: Vec::new(), bundle: Vec::new(), replicas: Default::default() };
    let minutes_of_five_years = 5 * 365 * 24 * 60;
    let (mut authorities_seen, mut most_at_once) = (std::collections::BTreeSet::new(), 0);
    for minute in (0..minutes_of_five_years).step_by(5) {
        let now = after(START, SignedDuration::from_mins(minute));
        for replica in 0..3 {
            let looked = after(now, SignedDuration::from_mins(i64::try_from(replica).unwrap()));
            world.look(replica, replica == 2, looked);
        }
        // The registration follows the Secret within the hour.
        if minute % 60 == 0 {
            world.bundle.clone_from(&world.secret);
        }
        authorities_seen.extend(world.secret.iter().map(|authority| authority.not_before));
        most_at_once = most_at_once.max(world.secret.len());
        if minute < 120 {
            continue;
        }
        for replica in &world.replicas {
            let (leaf, signer) = replica.leaf.unwrap();
            let authority = world.bundle.iter().find(|authority| authority.not_before == signer);
            let authority = authority
                .unwrap_or_else(|| unreachable!("minute {minute}: no authority of the bundle signed"));
            assert!(leaf.contains(now) && authority.contains(now), "minute {minute}");
            assert!(
                leaf.not_after <= authority.not_after,
                "minute {minute}: the leaf outlives its authority"
            );
        }
    }
    assert_eq!((authorities_seen.len(), most_at_once), (8, 2));
}
