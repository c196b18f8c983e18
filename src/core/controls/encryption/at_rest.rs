//! What is demanded of storage, compared with what is known of it. Shared by the controls over new and over existing
//! volumes; which places they look at is their own.

use jiff::Timestamp;

use super::{
    attested::{Provenance, with_attested},
    provisioners::{Encryption, class_encryption, volume_encryption},
};
use crate::{
    api::{Cipher, KeyClass},
    core::{
        context::Context,
        facts::{Known, Name, PersistentVolume, StorageClass, Unknown},
        parameters::Parameters,
        verdict::{Issue, Problem, Verdict},
    },
};

/// A place where data comes to rest, and what is known of it.
pub(super) struct Place {
    /// The field that decides it.
    pub field: String,
    /// What it was read from.
    pub read_from: String,
    /// What is known.
    pub encryption: Encryption,
    /// When attestations that were used end.
    pub until: Option<Timestamp>,
}

impl Place {
    pub(super) fn of_class(context: &Context<'_>, class: &StorageClass, field: String) -> Self {
        let shown = class_encryption(class);
        let read_from = format!("StorageClass {}", class.name);
        Self::attested(context, shown, &Provenance::of_class(class), field, read_from)
    }

    pub(super) fn of_volume(context: &Context<'_>, volume: &PersistentVolume, field: String) -> Self {
        let class = match &volume.storage_class {
            Some(name) => context.storage_class(Some(name)),
            None => Known::Absent,
        };
        let shown = volume_encryption(volume, class);
        let read_from = format!("PersistentVolume {}", volume.name);
        Self::attested(context, shown, &Provenance::of_volume(volume), field, read_from)
    }

    pub(super) fn attested(
        context: &Context<'_>,
        shown: Encryption,
        provenance: &Provenance<'_>,
        field: String,
        read_from: String,
    ) -> Self {
        let (encryption, until) = with_attested(shown, provenance, context.effective(), context.now());
        Self { field, read_from, encryption, until }
    }

    pub(super) fn undecided(why: Unknown, field: String, read_from: String) -> Self {
        Self { field, read_from, encryption: Encryption::Unknown(why), until: None }
    }
}

/// What a use of a control demands of storage, beyond that it is encrypted.
pub(super) struct Demands<'a> {
    cipher: Option<Cipher>,
    key_bits: Option<i64>,
    customer_key: bool,
    key_ids: &'a [Name],
}

impl<'a> Demands<'a> {
    pub(super) fn of(parameters: &'a Parameters) -> Self {
        Self {
            cipher: parameters.text("cipher").map(|_| Cipher::Aes256),
            key_bits: parameters.integer("keyBits"),
            customer_key: parameters.text("keyClass").is_some_and(|class| *class == "customer"),
            key_ids: parameters.list("keyIds"),
        }
    }

    /// The verdict on places; `advice` turns a storage class that would do into an instruction.
    pub(super) fn verdict(
        &self,
        context: &Context<'_>,
        places: &[Place],
        advice: fn(&Name) -> String,
    ) -> Verdict {
        let mut issues: Vec<Issue> = places.iter().flat_map(|place| self.issues(place)).collect();
        if !issues.is_empty()
            && let Some(class) = self.class_that_would_do(context)
        {
            for issue in &mut issues {
                issue.fix = advice(&class);
            }
        }
        let found: Vec<String> = places.iter().map(|place| place.encryption.to_string()).collect();
        let read_from: Vec<&str> = places.iter().map(|place| place.read_from.as_str()).collect();
        let mut verdict = Verdict::from_issues(issues).reading(self.wanted(), read_from.join(", "));
        verdict.evidence.found = found.join(", ").into();
        places.iter().filter_map(|place| place.until).fold(verdict, Verdict::changing_at)
    }

    fn wanted(&self) -> String {
        let cipher = self.cipher.map_or("", |Cipher::Aes256| " with AES-256");
        let key = if self.customer_key { ", with a key of the customer" } else { "" };
        format!("encrypted at rest{cipher}{key}")
    }

    /// What stands between a place and what is demanded.
    fn issues(&self, place: &Place) -> Vec<Issue> {
        let issue = |problem: Problem, found: String, wanted: String, fix: String| {
            Issue::fail(place.field.clone(), found, wanted, fix).with_problem(problem)
        };
        match &place.encryption {
            Encryption::Plain { fix, .. } => {
                let found = format!("{} ({})", place.encryption, place.read_from);
                vec![issue(Problem::Fail, found, self.wanted(), fix.clone())]
            }
            Encryption::Unknown(why) => {
                vec![issue(Problem::Unknown(why.clone()), why.to_string(), self.wanted(), SHOW_IT.to_owned())]
            }
            Encryption::Encrypted { key, key_id, cipher } => {
                let gaps =
                    [self.cipher_gap(*cipher), self.key_gap(*key), self.key_id_gap(*key, key_id.as_ref())];
                let found = format!("{} ({})", place.encryption, place.read_from);
                let issue_of = |gap: Gap| issue(gap.problem, found.clone(), gap.wanted, gap.fix);
                gaps.into_iter().flatten().map(issue_of).collect()
            }
        }
    }

    fn cipher_gap(&self, cipher: Option<Cipher>) -> Option<Gap> {
        let bits = self.key_bits.unwrap_or(0);
        if self.cipher.is_none() && bits == 0 {
            return None;
        }
        let wanted =
            if bits > 0 { format!("a cipher with a key of {bits} bits") } else { "AES-256".to_owned() };
        match cipher {
            Some(Cipher::Aes256) if bits <= 256 => None,
            Some(Cipher::Aes256) => Some(Gap::fail(wanted, "use storage with a longer key")),
            None => Some(Gap::not_shown("its cipher is not shown", wanted)),
        }
    }

    fn key_gap(&self, key: Option<KeyClass>) -> Option<Gap> {
        if !self.customer_key {
            return None;
        }
        let wanted = "a key that the customer controls".to_owned();
        match key {
            Some(KeyClass::Customer) => None,
            Some(KeyClass::Provider) => Some(Gap::fail(wanted, NAME_A_KEY)),
            None => Some(Gap::not_shown("who keeps its key is not shown", wanted)),
        }
    }

    fn key_id_gap(&self, key: Option<KeyClass>, key_id: Option<&Name>) -> Option<Gap> {
        if self.key_ids.is_empty() {
            return None;
        }
        let listed: Vec<&str> = self.key_ids.iter().map(Name::as_str).collect();
        let wanted = format!("one of the keys {}", listed.join(", "));
        match key_id {
            Some(id) if self.key_ids.contains(id) => None,
            Some(_) => Some(Gap::fail(wanted, NAME_A_KEY)),
            None if key == Some(KeyClass::Provider) => Some(Gap::fail(wanted, NAME_A_KEY)),
            None => Some(Gap::not_shown("its key is not shown", wanted)),
        }
    }

    /// The first storage class, by name, that leads to volumes that meet these demands.
    fn class_that_would_do(&self, context: &Context<'_>) -> Option<Name> {
        let mut classes = context.storage_classes();
        let would_do = |class: &StorageClass| {
            let place = Place::of_class(context, class, String::new());
            self.issues(&place).is_empty()
        };
        classes.find(|class| !class.meta.is_deleting && would_do(class)).map(|class| class.name.clone())
    }
}

struct Gap {
    problem: Problem,
    wanted: String,
    fix: String,
}

impl Gap {
    fn fail(wanted: String, fix: &str) -> Self {
        Self { problem: Problem::Fail, wanted, fix: fix.to_owned() }
    }

    fn not_shown(why: &str, wanted: String) -> Self {
        let why = Unknown::Undecidable(why.to_owned());
        Self { problem: Problem::Unknown(why), wanted, fix: SHOW_IT.to_owned() }
    }
}

const NAME_A_KEY: &str = "use a StorageClass that names the wanted key (`kmsKeyId`, `disk-encryption-kms-key`, \
     `diskEncryptionSetID` or `encryptionKMSID`, by its provisioner)";

const SHOW_IT: &str = "use a StorageClass that shows it, or have an operator attest it in `spec.attested` of an \
     EncryptionPolicy";
