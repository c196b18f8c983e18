//! What is promised of the encryption of backups, compared with what a location shows.

use super::{stores::Store, unknown};
use crate::{
    api::KeyClass,
    core::{
        context::Context,
        controls::backup::{SETTLE, engine::field},
        facts::{DataPath, Known, Location, Name, ServerSideEncryption, Source, StoreEncryption, Unknown},
        parameters::Parameters,
        verdict::{Issue, Problem},
    },
};

/// What a use of the control demands, beyond that backups are encrypted.
pub(super) struct Demands<'a> {
    names_cipher: bool,
    sse: &'a [Name],
    customer_key: bool,
}

impl<'a> Demands<'a> {
    pub(super) fn of(parameters: &'a Parameters) -> Self {
        Self {
            names_cipher: parameters.text("cipher").is_some_and(|cipher| *cipher != "any"),
            sse: parameters.list("sse"),
            customer_key: parameters.text("keyClass").is_some_and(|class| *class == "customer"),
        }
    }

    pub(super) fn wanted(&self) -> String {
        let cipher = if self.names_cipher { " with AES-256" } else { "" };
        let key = if self.customer_key { ", with a key of the customer" } else { "" };
        let sse = match self.sse {
            [] => String::new(),
            listed => format!(", by server-side encryption {}", any_of(listed)),
        };
        format!("backups encrypted at rest{cipher}{sse}{key}")
    }

    /// Whether encryption of this kind is promised, or a weaker one.
    fn are_met_by(&self, sse: ServerSideEncryption) -> bool {
        let mut listed = self.sse.iter().filter_map(|text| ServerSideEncryption::parse(text));
        self.sse.is_empty() || listed.any(|listed| listed <= sse)
    }
}

fn any_of(listed: &[Name]) -> String {
    listed.iter().map(Name::as_str).collect::<Vec<_>>().join(" or ")
}

impl Store<'_> {
    /// As messages name it.
    pub(super) fn title(&self) -> String {
        match self.location.map(|location| &location.name).or(self.name) {
            Some(name) => format!("BackupStorageLocation {}/{name}", self.place),
            None => format!("default BackupStorageLocation of {}", self.place),
        }
    }

    /// A field of it. Claims are judged, so the field alone would not tell one location from another.
    fn field(&self, field: &str) -> String {
        format!("{} {field}", self.title())
    }
}

/// What a location shows, in words.
pub(super) fn found_in(store: &Store<'_>) -> String {
    let Some(location) = store.location else { return format!("{} is not there", store.title()) };
    let path = match shown(&location.data_path) {
        Ok(DataPath::Encrypted) => "reached over verified TLS".to_owned(),
        Ok(DataPath::Plain(endpoint)) => format!("reached in plain text at {endpoint}"),
        Ok(DataPath::Unverified) => "reached over unverified TLS".to_owned(),
        Err(_) => "the way there unknown".to_owned(),
    };
    let encryption = shown(&location.encryption);
    let at_rest =
        encryption.map_or_else(|_| "encryption at rest unknown".to_owned(), |found| described(*found));
    let repository = if store.has_repository { REPOSITORY } else { "" };
    format!("{}: {at_rest}, {path}{repository}", store.title())
}

const REPOSITORY: &str =
    "; copies of volumes there are encrypted by the engine, with a password that was not read";

fn described(encryption: StoreEncryption) -> String {
    let by = if encryption.is_always_on { "always encrypts" } else { "is asked to encrypt" };
    let key = match encryption.key {
        Some(KeyClass::Provider) => "a key of the provider",
        Some(KeyClass::Customer) => "a key of the customer",
        None => "a key whose keeper is not shown",
    };
    format!("the store {by} ({}), with {key}", encryption.sse.as_str())
}

/// What stands between a location and what is demanded.
pub(super) fn issues(context: &Context<'_>, store: &Store<'_>, demands: &Demands<'_>) -> Vec<Issue> {
    match store.location {
        Some(location) => {
            path_issue(store, location).into_iter().chain(rest_issues(store, location, demands)).collect()
        }
        None => vec![missing(context, store, demands)],
    }
}

/// A schedule may be written before its location is. A point without its location tells nothing of where it lies.
fn missing(context: &Context<'_>, store: &Store<'_>, demands: &Demands<'_>) -> Issue {
    if let Some(why) = context.unknown_absence(Source::VeleroLocations) {
        return unknown(
            store.title(),
            why,
            demands.wanted(),
            "let Surety read the engine's storage locations",
        );
    }
    let found = format!("{} is not there", store.title());
    let fix = "add the location again, or delete what names it";
    let due = store.named_since.and_then(|since| since.checked_add(SETTLE).ok());
    match due.filter(|due| !store.holds_points && context.now() < *due) {
        Some(due) => {
            let issue =
                Issue::fail(store.title(), found, demands.wanted(), "wait for the location, or add it");
            issue.with_problem(Problem::Pending { due })
        }
        None => unknown(store.title(), Unknown::Undecidable(found), demands.wanted(), fix),
    }
}

const SAFE_PATH: &str = "a way to the store that is encrypted, with its certificate verified";

fn path_issue(store: &Store<'_>, location: &Location) -> Option<Issue> {
    let endpoint = field::endpoint(&location.provider);
    match shown(&location.data_path) {
        Ok(DataPath::Encrypted) => None,
        Ok(DataPath::Plain(to)) => Some(Issue::fail(
            store.field(endpoint),
            format!("backups travel in plain text to {to}"),
            SAFE_PATH,
            format!("set `{endpoint}` to an https:// endpoint"),
        )),
        Ok(DataPath::Unverified) => Some(Issue::fail(
            store.field(field::SKIPS_VERIFICATION),
            "the store's certificate is not verified, so whoever stands between reads what is sent",
            SAFE_PATH,
            "remove `insecureSkipTLSVerify`, and name the store's authority in `spec.objectStorage.caCertRef`",
        )),
        Err(why) => {
            let fix = format!("set `{endpoint}` such that it can be told, or use a provider that is known");
            Some(unknown(store.field(endpoint), why, SAFE_PATH.to_owned(), fix))
        }
    }
}

/// What a location shows, or why it does not.
fn shown<T>(fact: &Known<T>) -> Result<&T, Unknown> {
    match fact {
        Known::Known(value) => Ok(value),
        Known::Absent => Err(Unknown::Undecidable("the location says nothing of it".to_owned())),
        Known::Unknown(why) => Err(why.clone()),
    }
}

fn rest_issues(store: &Store<'_>, location: &Location, demands: &Demands<'_>) -> Vec<Issue> {
    let encryption = match shown(&location.encryption) {
        Ok(encryption) => *encryption,
        Err(why) => {
            return vec![unknown(store.field(field::SSE), why, demands.wanted(), how_to_show(location))];
        }
    };
    let gaps = [sse_gap(store, location, encryption, demands), key_gap(store, location, encryption, demands)];
    let gaps: Vec<Issue> = gaps.into_iter().flatten().collect();
    if gaps.is_empty() { repository_gap(store, encryption, demands).into_iter().collect() } else { gaps }
}

fn how_to_show(location: &Location) -> String {
    match (location.provider.as_str(), field::key(&location.provider)) {
        ("aws", Some(key)) => format!("set `{}` to AES256, or `{key}` to a key", field::SSE),
        _ => "use a location whose store shows how it encrypts".to_owned(),
    }
}

fn sse_gap(
    store: &Store<'_>,
    location: &Location,
    encryption: StoreEncryption,
    demands: &Demands<'_>,
) -> Option<Issue> {
    if demands.are_met_by(encryption.sse) {
        return None;
    }
    let listed = any_of(demands.sse);
    let wanted = format!("server-side encryption {listed}");
    // Without a key that is named, a store that always encrypts may do so by more than its own key.
    if encryption.is_always_on && encryption.key.is_none() {
        let why = format!("whether {} encrypts by more than a key of its own is not shown", store.title());
        let at = store.field(field::key(&location.provider).unwrap_or(field::SSE));
        return Some(unknown(at, Unknown::Undecidable(why), wanted, name_a_key(location)));
    }
    let found = format!("server-side encryption {}", encryption.sse.as_str());
    Some(Issue::fail(store.field(field::SSE), found, wanted, format!("set `{}` to {listed}", field::SSE)))
}

fn name_a_key(location: &Location) -> String {
    field::key(&location.provider).map_or_else(
        || "use a location whose store shows its key".to_owned(),
        |key| format!("set `{key}` to a key that the customer controls"),
    )
}

fn key_gap(
    store: &Store<'_>,
    location: &Location,
    encryption: StoreEncryption,
    demands: &Demands<'_>,
) -> Option<Issue> {
    if !demands.customer_key || encryption.key == Some(KeyClass::Customer) {
        return None;
    }
    let at = store.field(field::key(&location.provider).unwrap_or(field::SSE));
    let fix = name_a_key(location);
    let wanted = "a key that the customer controls".to_owned();
    if encryption.key.is_some() {
        return Some(Issue::fail(at, "a key of the provider", wanted, fix));
    }
    let why = format!("who keeps the key of {} is not shown", store.title());
    Some(unknown(at, Unknown::Undecidable(why), wanted, fix))
}

/// The data mover asks nothing of the store: what the location asks for shows nothing of its repository.
fn repository_gap(store: &Store<'_>, encryption: StoreEncryption, demands: &Demands<'_>) -> Option<Issue> {
    let is_shown = encryption.is_always_on && demands.are_met_by(ServerSideEncryption::Aes256);
    let is_asked = !demands.sse.is_empty() || demands.customer_key;
    if !store.has_repository || !is_asked || (is_shown && !demands.customer_key) {
        return None;
    }
    let why = format!(
        "the data mover keeps copies of volumes in {} in a repository for which it asks the store for no encryption, and \
         whose password is not read",
        store.title()
    );
    let fix = "encrypt the bucket by default, with the key that is promised, and ask for a waiver: this version reads \
               neither the bucket nor the password";
    Some(unknown(store.title(), Unknown::Undecidable(why), demands.wanted(), fix))
}
