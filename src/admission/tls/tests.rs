#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use jiff::SignedDuration;
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::aws_lc_rs::default_provider,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};

use super::*;

const NAME: &str = "surety-webhook.surety-system.svc";

/// A Secret in memory, with the API server's rules for creation and versions.
#[derive(Clone, Debug, Default)]
struct Memory {
    secret: Arc<Mutex<Option<CaSecret>>>,
    is_follower: bool,
}

impl Memory {
    fn follower(&self) -> Self {
        Self { secret: Arc::clone(&self.secret), is_follower: true }
    }

    fn held(&self) -> Option<CaSecret> {
        self.secret.lock().unwrap().clone()
    }

    fn put(&self, secret: Option<CaSecret>) {
        *self.secret.lock().unwrap() = secret;
    }

    fn store(&self, secret: &CaSecret) -> Update {
        let next = self
            .held()
            .and_then(|held| held.version)
            .map_or(1, |version| version.parse::<u32>().unwrap() + 1);
        self.put(Some(CaSecret { version: Some(next.to_string()), ..secret.clone() }));
        Update::Done
    }
}

impl CaStore for Memory {
    async fn load(&self) -> Result<Option<CaSecret>, StoreError> {
        let held = self.held();
        // Lets another replica in between reading and writing.
        tokio::task::yield_now().await;
        Ok(held)
    }

    async fn create(&self, secret: &CaSecret) -> Result<Update, StoreError> {
        Ok(if self.held().is_some() { Update::Lost } else { self.store(secret) })
    }

    async fn update(&self, secret: &CaSecret) -> Result<Update, StoreError> {
        let is_current = self.held().is_some_and(|held| held.version == secret.version);
        Ok(if self.is_follower || !is_current { Update::Lost } else { self.store(secret) })
    }
}

/// Certificates issued at `now` by an authority of their own, and its bundle.
pub(in crate::admission) async fn issued(now: Timestamp) -> (Certificates, String) {
    let (mut keeper, certificates) = keeper(&Memory::default());
    keeper.check(now).await.unwrap();
    let bundle = bundle(&certificates);
    (certificates, bundle)
}

/// Serves from `certificates` what `other` serves, as a renewal does.
pub(in crate::admission) fn swap(certificates: &Certificates, other: &Certificates) {
    certificates.serve(other.served().unwrap());
}

fn keeper(store: &Memory) -> (Keeper<Memory>, Certificates) {
    let certificates = Certificates::default();
    let names = server_names("surety-webhook", "surety-system", Some("https://127.0.0.1:1")).unwrap();
    (Keeper::new(store.clone(), names, certificates.clone()), certificates)
}

fn day(days: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_hours(days * 24)
}

fn served(certificates: &Certificates) -> Vec<CertificateDer<'static>> {
    certificates.served().unwrap().cert.clone()
}

fn bundle(certificates: &Certificates) -> String {
    certificates.published().borrow().clone().unwrap().ca_bundle.unwrap()
}

/// Verifies as a client does that has `bundle` and whose clock says `now`.
fn verify(
    chain: &[CertificateDer<'static>],
    bundle: &str,
    name: &str,
    now: Timestamp,
) -> Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
        roots.add(authority.unwrap()).unwrap();
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()))
        .build()
        .unwrap();
    let (leaf, intermediates) = chain.split_first().unwrap();
    let seconds = u64::try_from(now.as_second()).unwrap();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let name = ServerName::try_from(name.to_owned()).unwrap();
    verifier.verify_server_cert(leaf, intermediates, &name, &[], now).map(|_| ())
}

#[tokio::test]
async fn the_first_check_makes_an_authority_and_a_leaf_for_every_name() {
    let store = Memory::default();
    let (mut keeper, certificates) = keeper(&store);
    keeper.check(day(0)).await.unwrap();
    for name in [NAME, "127.0.0.1", "localhost"] {
        verify(&served(&certificates), &bundle(&certificates), name, day(0)).unwrap();
    }
    verify(&served(&certificates), &bundle(&certificates), "example.org", day(0)).unwrap_err();
    let published = certificates.published().borrow().clone().unwrap();
    assert_eq!(published.leaf_expiry, day(7));
    assert_eq!(published.authority_expiry, Some(day(365)));
}

#[tokio::test]
async fn the_loser_of_the_first_race_serves_from_the_winners_authority() {
    let store = Memory::default();
    let (mut first, of_first) = keeper(&store);
    let (mut second, of_second) = keeper(&store.follower());
    let (one, other) = tokio::join!(first.check(day(0)), second.check(day(0)));
    one.unwrap();
    other.unwrap();
    assert_eq!(bundle(&of_first), bundle(&of_second));
    verify(&served(&of_second), &bundle(&of_first), NAME, day(0)).unwrap();
    assert_ne!(served(&of_first), served(&of_second), "each replica has a key of its own");
}

#[tokio::test]
async fn over_three_years_a_client_with_yesterdays_bundle_is_never_refused() {
    let store = Memory::default();
    let (mut leader, of_leader) = keeper(&store);
    let (mut follower, of_follower) = keeper(&store.follower());
    leader.check(day(0)).await.unwrap();
    let mut yesterdays = bundle(&of_leader);
    let mut bundles = std::collections::BTreeSet::new();
    for today in 0..3 * 365 {
        follower.check(day(today)).await.unwrap();
        leader.check(day(today)).await.unwrap();
        for certificates in [&of_leader, &of_follower] {
            verify(&served(certificates), &yesterdays, NAME, day(today))
                .unwrap_or_else(|error| panic!("day {today}: {error}"));
        }
        yesterdays = bundle(&of_leader);
        bundles.insert(yesterdays.clone());
    }
    let sizes: Vec<_> = bundles.iter().map(|bundle| bundle.matches("BEGIN").count()).collect();
    assert_eq!((bundles.len(), sizes.iter().max()), (9, Some(&2)), "old, old + new, new, four times over");
}

/// Three replicas at once, any of which may write, every eight hours: of those who want to write only one does, and the
/// others follow it at their next look. API servers have the bundle of one look ago, or of two.
#[tokio::test]
async fn over_three_years_replicas_that_race_for_every_write_never_part() {
    let store = Memory::default();
    let mut replicas = [keeper(&store), keeper(&store), keeper(&store)];
    let mut known: [Option<String>; 2] = [None, None];
    let (mut leaves, mut bundles) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for look in 0..3 * 365 * 3 {
        let now = day(0) + SignedDuration::from_hours(look * 8);
        let [(one, _), (two, _), (three, _)] = &mut replicas;
        let (one, two, three) = tokio::join!(one.check(now), two.check(now), three.check(now));
        for looked in [one, two, three] {
            looked.unwrap();
        }
        for (_, certificates) in &replicas {
            let present = bundle(certificates);
            for bundle in known.iter().flatten().chain([&present]) {
                verify(&served(certificates), bundle, NAME, now)
                    .unwrap_or_else(|error| panic!("look {look}: {error}"));
            }
            leaves.insert(served(certificates)[0].to_vec());
        }
        let present = bundle(&replicas[0].1);
        bundles.insert(present.clone());
        known = [Some(present), known[0].take()];
    }
    assert_eq!(bundles.len(), 9, "old, old + new, new, four times over, as with one writer");
    assert!(
        leaves.len() > 3 * 3 * 365 / 5,
        "each replica renews its own leaf every five days: {}",
        leaves.len()
    );
}

#[tokio::test]
async fn nothing_changes_while_nothing_is_due() {
    let store = Memory::default();
    let (mut keeper, certificates) = keeper(&store);
    keeper.check(day(0)).await.unwrap();
    let (chain, mut published) = (served(&certificates), certificates.published());
    published.mark_unchanged();
    keeper.check(day(1)).await.unwrap();
    assert_eq!(served(&certificates), chain);
    assert!(!published.has_changed().unwrap());
    assert_eq!(store.held().unwrap().version.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_secret_that_vanished_is_written_again_as_it_was() {
    let store = Memory::default();
    let (mut keeper, certificates) = keeper(&store);
    keeper.check(day(0)).await.unwrap();
    let (before, chain) = (store.held().unwrap(), served(&certificates));
    store.put(None);
    keeper.check(day(1)).await.unwrap();
    let after = store.held().unwrap();
    assert_eq!((after.certificates, after.keys), (before.certificates, before.keys));
    assert_eq!(served(&certificates), chain);
}

#[tokio::test]
async fn a_secret_that_somebody_replaced_is_followed() {
    let (store, other) = (Memory::default(), Memory::default());
    let (mut keeper, certificates) = keeper(&store);
    let (mut stranger, _) = self::keeper(&other);
    keeper.check(day(0)).await.unwrap();
    stranger.check(day(0)).await.unwrap();
    store.put(other.held());
    keeper.check(day(1)).await.unwrap();
    verify(&served(&certificates), &other.held().unwrap().certificates, NAME, day(1)).unwrap();
}

#[tokio::test]
async fn a_damaged_secret_is_an_error_and_what_is_served_stays() {
    let store = Memory::default();
    let (mut keeper, certificates) = keeper(&store);
    keeper.check(day(0)).await.unwrap();
    let (good, chain) = (store.held().unwrap(), served(&certificates));
    let other = Memory::default();
    self::keeper(&other).0.check(day(0)).await.unwrap();
    let strange_key = other.held().unwrap().keys;
    let damaged = [
        (
            "no content",
            CaSecret { certificates: String::new(), keys: KeyText::new(Vec::new()), version: None },
        ),
        ("no key", CaSecret { keys: KeyText::new(Vec::new()), ..good.clone() }),
        (
            "nonsense",
            CaSecret { certificates: "-----BEGIN X-----\nx\n-----END X-----\n".into(), ..good.clone() },
        ),
        ("the key of another", CaSecret { keys: strange_key, ..good.clone() }),
    ];
    for (name, secret) in damaged {
        store.put(Some(secret.clone()));
        let error = keeper.check(day(5)).await.unwrap_err().to_string();
        assert!(error.contains("ecret") || error.contains("authority"), "{name}: {error}");
        assert_eq!(served(&certificates), chain, "{name}");
        assert_eq!(store.held(), Some(secret), "{name}: it is left as it is");
    }
}

#[tokio::test]
async fn keys_do_not_show() {
    let store = Memory::default();
    let (mut keeper, certificates) = keeper(&store);
    keeper.check(day(0)).await.unwrap();
    let secret = store.held().unwrap();
    let key_line =
        String::from_utf8(secret.keys.expose().to_vec()).unwrap().lines().nth(1).unwrap().to_owned();
    let shown = format!("{secret:?} {keeper:?} {certificates:?}");
    assert!(!shown.contains("PRIVATE KEY") && !shown.contains(&key_line), "{shown}");
}

#[test]
fn the_secret_survives_its_form_in_the_api() {
    let secret =
        CaSecret { certificates: "c".into(), keys: KeyText::new(b"k".to_vec()), version: Some("7".into()) };
    let mut object = k8s_openapi::api::core::v1::Secret { data: Some(secret.data()), ..Default::default() };
    object.metadata.resource_version = Some("7".into());
    assert_eq!(CaSecret::from_secret(&object), secret);
}

/// Certificate, key and authority as files, as cert-manager writes them.
async fn write_files(folder: &Path, made: Timestamp) {
    let certificates = Certificates::default();
    let store = Memory::default();
    let mut keeper = Keeper::new(store.clone(), vec![NAME.to_owned()], certificates.clone());
    keeper.check(made).await.unwrap();
    let secret = store.held().unwrap();
    let pair = [
        ("tls.crt", secret.certificates.as_bytes()),
        ("tls.key", secret.keys.expose()),
        ("ca.crt", secret.certificates.as_bytes()),
    ];
    for (name, content) in pair {
        std::fs::write(folder.join(name), content).unwrap();
    }
}

fn source(folder: &Path) -> (FileSource, Certificates) {
    let certificates = Certificates::default();
    let path = |name| folder.join(name);
    (
        FileSource::new(path("tls.crt"), path("tls.key"), Some(path("ca.crt")), certificates.clone()),
        certificates,
    )
}

#[tokio::test]
async fn files_are_served_and_swapped_only_as_a_pair_that_matches() {
    let folder = tempfile::tempdir().unwrap();
    let (mut source, certificates) = source(folder.path());
    source.check().await.unwrap_err();
    assert!(certificates.served().is_none());

    write_files(folder.path(), day(0)).await;
    source.check().await.unwrap();
    let old = served(&certificates);
    assert_eq!(certificates.published().borrow().as_ref().unwrap().leaf_expiry, day(365));

    let old_key = std::fs::read(folder.path().join("tls.key")).unwrap();
    write_files(folder.path(), day(10)).await;
    let new_key = std::fs::read(folder.path().join("tls.key")).unwrap();
    std::fs::write(folder.path().join("tls.key"), &old_key).unwrap();
    let error = source.check().await.unwrap_err();
    assert!(matches!(error, TlsError::Mismatch { .. }), "{error}");
    assert_eq!(served(&certificates), old);
    source.check().await.unwrap();
    assert_eq!(served(&certificates), old, "the same content is refused once, and stays refused");

    std::fs::write(folder.path().join("tls.key"), new_key).unwrap();
    source.check().await.unwrap();
    assert_ne!(served(&certificates), old);
    let published = certificates.published().borrow().clone().unwrap();
    assert_eq!((published.leaf_expiry, published.authority_expiry), (day(375), Some(day(375))));
}

#[tokio::test]
async fn a_symlink_that_is_swapped_counts_as_a_change() {
    let mount = tempfile::tempdir().unwrap();
    for (version, made) in [("v1", 0), ("v2", 10)] {
        std::fs::create_dir(mount.path().join(version)).unwrap();
        write_files(&mount.path().join(version), day(made)).await;
    }
    let data = mount.path().join("data");
    std::os::unix::fs::symlink("v1", &data).unwrap();
    let (mut source, certificates) = source(&data);
    source.check().await.unwrap();
    let old = served(&certificates);
    std::os::unix::fs::symlink("v2", mount.path().join("next")).unwrap();
    std::fs::rename(mount.path().join("next"), &data).unwrap();
    source.check().await.unwrap();
    assert_ne!(served(&certificates), old);
}

#[test]
fn without_a_certificate_there_is_a_configuration_but_no_handshake() {
    let certificates = Certificates::default();
    let config = server_config(&certificates).unwrap();
    assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    assert!(certificates.served().is_none());
}
