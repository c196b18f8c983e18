//! Cases: what shows a control in one strength, made from the parameters of the promise that it is shown for.

use jiff::Timestamp;
use surety::core::{catalogue::Strength, facts::Kind};

use super::{
    ground::{Event, Ground},
    promise::Promise,
    request::Request,
};

/// The cases of one control. A strength without cases is one in which this version does not have the control.
pub struct Cases {
    /// The control.
    pub control: &'static str,
    /// Requests that are refused.
    pub prevent: Option<fn(&Promise) -> Vec<Refusal>>,
    /// Drift that is written back.
    pub repair: Option<fn(&Promise) -> Vec<Drift>>,
    /// Breaches that are found.
    pub detect: Option<fn(&Promise) -> Vec<Breach>>,
    /// Attestations that count and end.
    pub attest: Option<fn(&Promise) -> Vec<Attested>>,
    /// Breaches that are not found: as long as there is one, what is promised is not detected.
    pub unseen: Option<fn(&Promise) -> Vec<Unseen>>,
}

impl Cases {
    /// None yet.
    pub const fn of(control: &'static str) -> Self {
        Self { control, prevent: None, repair: None, detect: None, attest: None, unseen: None }
    }

    /// Whether there are cases of this strength.
    pub const fn has(&self, strength: Strength) -> bool {
        match strength {
            Strength::Prevent => self.prevent.is_some(),
            Strength::Repair => self.repair.is_some(),
            Strength::Detect => self.detect.is_some(),
            Strength::Attest => self.attest.is_some(),
        }
    }
}

/// A request that is refused because of the promise, and one like it that is admitted.
pub struct Refusal {
    /// What is tried, in a few words.
    pub what: String,
    /// Where.
    pub ground: Ground,
    /// What breaks the promise.
    pub offence: Request,
    /// Where the other one is tried.
    pub twin_ground: Ground,
    /// What looks like it, and breaks nothing.
    pub twin: Request,
}

impl Refusal {
    /// Both on one ground.
    pub fn new(what: impl Into<String>, ground: &Ground, offence: Request, twin: Request) -> Self {
        let (twin_ground, ground) = (ground.clone(), ground.clone());
        Self { what: what.into(), ground, offence, twin_ground, twin }
    }

    /// The same request, refused on one ground and admitted on another.
    pub fn unless(what: impl Into<String>, ground: Ground, request: Request, twin_ground: Ground) -> Self {
        Self { what: what.into(), ground, twin: request.clone(), offence: request, twin_ground }
    }
}

/// Something that goes wrong in the cluster, and what looks like it and is not wrong.
pub struct Breach {
    /// What happens, in a few words.
    pub what: String,
    /// Where; it conforms until then.
    pub ground: Ground,
    /// What the watch brings at the ground's present; nothing where time alone does it.
    pub events: Vec<Event>,
    /// What it could have brought instead.
    pub twin: Vec<Event>,
    /// The second at which the finding opens.
    pub opens: Timestamp,
    /// Since when it is true; not the same where an object shows that it was true before.
    pub since: Timestamp,
}

impl Breach {
    /// A breach that is found at once.
    pub fn at_once(what: impl Into<String>, ground: &Ground, events: Vec<Event>, twin: Vec<Event>) -> Self {
        let now = ground.now();
        Self { what: what.into(), ground: ground.clone(), events, twin, opens: now, since: now }
    }

    /// The same, found at a later second.
    #[must_use]
    pub const fn opening(mut self, opens: Timestamp) -> Self {
        (self.opens, self.since) = (opens, opens);
        self
    }

    /// The same, true since an earlier moment.
    #[must_use]
    pub const fn since(mut self, since: Timestamp) -> Self {
        self.since = since;
        self
    }
}

/// A breach that this version does not find.
pub struct Unseen {
    /// What the control does, and what it does not.
    pub why: &'static str,
    /// Where; it conforms until then.
    pub ground: Ground,
    /// What the watch brings.
    pub breach: Vec<Event>,
}

/// Something of Surety's own that somebody changes.
pub struct Drift {
    /// What is changed, in a few words.
    pub what: String,
    /// Where, with a Managed policy; everything that it wants has been written.
    pub ground: Ground,
    /// What the watch brings.
    pub events: Vec<Event>,
    /// What is written back.
    pub wanted: (Kind, &'static str),
    /// The same under a policy that only observes.
    pub observed: Ground,
}

/// An attestation, the ground on which it stands, and one that is valid for too long.
pub struct Attested {
    /// Where it stands.
    pub ground: Ground,
    /// Its name.
    pub name: &'static str,
    /// When it ends.
    pub until: Timestamp,
}
