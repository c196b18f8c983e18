#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod acts;

use super::*;
use crate::{
    api::KeyClass,
    core::{
        controls::{
            backup::testkit::{Case, bench, claim, copy, location, point, policy, schedule},
            testkit::{Bench, NOW, at},
        },
        facts::{
            DataPath, Fact, Known, Location, Name, PersistentVolumeClaim, PointState, RecoveryPoint,
            Schedule, ServerSideEncryption, SourceState, StoreEncryption, VolumeData,
        },
        verdict::State,
    },
};

const POINT: &str = "2026-06-15T02:15:00Z";

fn promised() -> Bench {
    bench(&CONTROL)
}

/// A schedule and a point that stay within snapshots: nothing but the engine's own objects lies in the location.
fn snapshots() -> Bench {
    let schedule = Schedule { volume_data: VolumeData::Snapshots, ..schedule() };
    promised().with(Fact::Schedule(schedule)).with(Fact::RecoveryPoint(point("p", POINT)))
}

/// A schedule and a point whose copies the data mover keeps in the location.
fn moved() -> Bench {
    let point = RecoveryPoint { volume_data: VolumeData::Moved, ..point("p", POINT) };
    promised()
        .with(Fact::Schedule(schedule()))
        .with(Fact::RecoveryPoint(point))
        .with(Fact::VolumeCopy(copy("p")))
}

fn located(bench: Bench, change: impl FnOnce(&mut Location)) -> Bench {
    let mut location = location();
    change(&mut location);
    bench.with(Fact::Location(location))
}

const fn encryption(
    sse: ServerSideEncryption,
    key: Option<KeyClass>,
    is_always_on: bool,
) -> Known<StoreEncryption> {
    Known::Known(StoreEncryption { sse, key, is_always_on })
}

const BY_STORE: Known<StoreEncryption> =
    encryption(ServerSideEncryption::Aes256, Some(KeyClass::Provider), false);
const BY_GOOGLE: Known<StoreEncryption> = encryption(ServerSideEncryption::Aes256, None, true);

fn undecidable<T>(why: &str) -> Known<T> {
    Known::Unknown(Unknown::Undecidable(why.to_owned()))
}

fn verdict_of(bench: Bench) -> Verdict {
    bench.verdict_of(Fact::PersistentVolumeClaim(claim()))
}

fn state_of(bench: Bench) -> State {
    bench.state_of(Fact::PersistentVolumeClaim(claim()))
}

/// The only issue, as (field, found, wanted, fix).
fn only_issue(verdict: &Verdict) -> (&str, &str, &str, &str) {
    assert_eq!(verdict.issues.len(), 1, "{:?}", verdict.issues);
    let issue = &verdict.issues[0];
    (&issue.field, &issue.found, &issue.wanted, &issue.fix)
}

#[test]
fn a_location_that_asks_for_encryption_over_a_verified_way_passes_and_says_so() {
    let verdict =
        verdict_of(snapshots().with_text("cipher", "AES-256").with_list("sse", &["AES256", "aws:kms"]));
    assert_eq!(verdict.state(at(NOW)), State::Pass);
    assert_eq!(
        (&*verdict.evidence.found, &*verdict.evidence.wanted, &*verdict.evidence.read_from),
        (
            "BackupStorageLocation velero/default: the store is asked to encrypt (aws:kms), with a key of the customer, \
             reached over verified TLS",
            "backups encrypted at rest with AES-256, by server-side encryption AES256 or aws:kms",
            "BackupStorageLocation velero/default"
        )
    );
    assert_eq!(verdict.next_change(at(NOW)), None);
}

#[test]
fn a_plain_endpoint_fails_and_so_does_a_certificate_that_is_not_verified() {
    let plain = Known::Known(DataPath::Plain(Name::from("http://store:9000")));
    let verdict = verdict_of(located(snapshots(), |location| location.data_path = plain));
    assert_eq!(verdict.state(at(NOW)), State::Fail);
    assert_eq!(
        only_issue(&verdict),
        (
            "BackupStorageLocation velero/default spec.config.s3Url",
            "backups travel in plain text to http://store:9000",
            "a way to the store that is encrypted, with its certificate verified",
            "set `spec.config.s3Url` to an https:// endpoint"
        )
    );
    let unverified = Known::Known(DataPath::Unverified);
    let verdict = verdict_of(located(snapshots(), |location| location.data_path = unverified));
    assert_eq!(verdict.state(at(NOW)), State::Fail);
    assert_eq!(
        only_issue(&verdict),
        (
            "BackupStorageLocation velero/default spec.config.insecureSkipTLSVerify",
            "the store's certificate is not verified, so whoever stands between reads what is sent",
            "a way to the store that is encrypted, with its certificate verified",
            "remove `insecureSkipTLSVerify`, and name the store's authority in `spec.objectStorage.caCertRef`"
        )
    );
}

#[test]
fn where_the_buckets_default_decides_it_is_unknown_and_says_what_to_set() {
    let why = "it asks the store for no encryption, and the bucket's default cannot be read";
    let verdict = verdict_of(located(snapshots(), |location| location.encryption = undecidable(why)));
    assert_eq!(verdict.state(at(NOW)), State::Error);
    assert_eq!(
        only_issue(&verdict),
        (
            "BackupStorageLocation velero/default spec.config.serverSideEncryption",
            why,
            "backups encrypted at rest",
            "set `spec.config.serverSideEncryption` to AES256, or `spec.config.kmsKeyId` to a key"
        )
    );
}

#[test]
fn a_way_that_cannot_be_told_is_unknown() {
    let verdict = verdict_of(located(snapshots(), |location| location.data_path = undecidable("who knows")));
    assert_eq!(verdict.state(at(NOW)), State::Error);
    assert_eq!(
        only_issue(&verdict),
        (
            "BackupStorageLocation velero/default spec.config.s3Url",
            "who knows",
            "a way to the store that is encrypted, with its certificate verified",
            "set `spec.config.s3Url` such that it can be told, or use a provider that is known"
        )
    );
}

#[test]
fn what_a_location_does_not_say_is_no_pass() {
    let silent = located(snapshots(), |location| {
        (location.encryption, location.data_path) = (Known::Absent, Known::Absent);
    });
    let verdict = verdict_of(silent);
    assert_eq!((verdict.state(at(NOW)), verdict.issues.len()), (State::Error, 2));
    assert_eq!(
        verdict.evidence.found,
        "BackupStorageLocation velero/default: encryption at rest unknown, the way there unknown"
    );
}

#[test]
fn weaker_server_side_encryption_than_promised_fails_and_stronger_passes() {
    let asked = |listed: &[&str], sse| {
        let bench = snapshots().with_list("sse", listed);
        verdict_of(located(bench, |location| {
            location.encryption = encryption(sse, Some(KeyClass::Provider), false);
        }))
    };
    for (listed, sse, state) in [
        (&["AES256"][..], ServerSideEncryption::Aes256, State::Pass),
        (&["AES256"], ServerSideEncryption::Kms, State::Pass),
        (&["AES256"], ServerSideEncryption::CustomerKey, State::Pass),
        (&["AES256", "aws:kms"], ServerSideEncryption::Aes256, State::Pass),
        (&["aws:kms"], ServerSideEncryption::Aes256, State::Fail),
        (&["aws:kms"], ServerSideEncryption::DualKms, State::Pass),
        (&["aws:kms:dsse"], ServerSideEncryption::Kms, State::Fail),
        (&["rot13"], ServerSideEncryption::CustomerKey, State::Fail),
        (&[], ServerSideEncryption::Aes256, State::Pass),
    ] {
        assert_eq!(asked(listed, sse).state(at(NOW)), state, "{listed:?} {sse:?}");
    }
    assert_eq!(
        only_issue(&asked(&["aws:kms"], ServerSideEncryption::Aes256)),
        (
            "BackupStorageLocation velero/default spec.config.serverSideEncryption",
            "server-side encryption AES256",
            "server-side encryption aws:kms",
            "set `spec.config.serverSideEncryption` to aws:kms"
        )
    );
}

#[test]
fn the_customers_key_is_shown_or_not_or_is_the_providers() {
    let asked = |provider: &'static str, known: Known<StoreEncryption>| {
        verdict_of(located(snapshots().with_text("keyClass", "customer"), |location| {
            (location.provider, location.encryption) = (Name::from(provider), known);
        }))
    };
    let customers = encryption(ServerSideEncryption::Kms, Some(KeyClass::Customer), false);
    assert_eq!(asked("aws", customers).state(at(NOW)), State::Pass);
    let providers = asked("aws", BY_STORE);
    assert_eq!(providers.state(at(NOW)), State::Fail);
    assert_eq!(
        only_issue(&providers),
        (
            "BackupStorageLocation velero/default spec.config.kmsKeyId",
            "a key of the provider",
            "a key that the customer controls",
            "set `spec.config.kmsKeyId` to a key that the customer controls"
        )
    );
    for (provider, field, fix) in [
        ("gcp", "spec.config.kmsKeyName", "set `spec.config.kmsKeyName` to a key that the customer controls"),
        ("azure", "spec.config.serverSideEncryption", "use a location whose store shows its key"),
    ] {
        let verdict = asked(provider, BY_GOOGLE);
        assert_eq!(verdict.state(at(NOW)), State::Error, "{provider}");
        assert_eq!(
            only_issue(&verdict),
            (
                &*format!("BackupStorageLocation velero/default {field}"),
                "who keeps the key of BackupStorageLocation velero/default is not shown",
                "a key that the customer controls",
                fix
            )
        );
    }
}

#[test]
fn any_cipher_and_the_providers_key_ask_for_no_more_than_encryption() {
    let bench = || snapshots().with_text("cipher", "any").with_text("keyClass", "provider");
    let verdict = verdict_of(located(bench(), |location| location.encryption = BY_STORE));
    assert_eq!(verdict.state(at(NOW)), State::Pass);
    assert_eq!(verdict.evidence.wanted, "backups encrypted at rest");
}

#[test]
fn a_store_that_always_encrypts_does_not_show_a_key_service() {
    let verdict = verdict_of(located(snapshots().with_list("sse", &["aws:kms"]), |location| {
        (location.provider, location.encryption) = ("gcp".into(), BY_GOOGLE);
    }));
    assert_eq!(verdict.state(at(NOW)), State::Error);
    assert_eq!(
        only_issue(&verdict),
        (
            "BackupStorageLocation velero/default spec.config.kmsKeyName",
            "whether BackupStorageLocation velero/default encrypts by more than a key of its own is not shown",
            "server-side encryption aws:kms",
            "set `spec.config.kmsKeyName` to a key that the customer controls"
        )
    );
}

#[test]
fn the_data_movers_repository_is_encrypted_and_its_password_is_said_to_be_unread() {
    let verdict = verdict_of(moved().with_text("cipher", "AES-256"));
    assert_eq!(verdict.state(at(NOW)), State::Pass);
    assert!(
        verdict.evidence.found.ends_with(
            "reached over verified TLS; copies of volumes there are encrypted by the engine, with a password that was not read"
        ),
        "{}",
        verdict.evidence.found
    );
}

#[test]
fn what_the_location_asks_for_shows_nothing_of_the_data_movers_repository() {
    let verdict = verdict_of(moved().with_list("sse", &["AES256"]));
    assert_eq!(verdict.state(at(NOW)), State::Error);
    assert_eq!(
        only_issue(&verdict),
        (
            "BackupStorageLocation velero/default",
            "the data mover keeps copies of volumes in BackupStorageLocation velero/default in a repository for which it \
             asks the store for no encryption, and whose password is not read",
            "backups encrypted at rest, by server-side encryption AES256",
            "encrypt the bucket by default, with the key that is promised, and ask for a waiver: this version reads neither \
             the bucket nor the password"
        )
    );
    let google = |bench: Bench, key: Option<KeyClass>| {
        let sse = key.map_or(ServerSideEncryption::Aes256, |_| ServerSideEncryption::Kms);
        state_of(located(bench, |location| {
            (location.provider, location.encryption) = ("gcp".into(), encryption(sse, key, true));
        }))
    };
    assert_eq!(google(moved().with_list("sse", &["AES256"]), None), State::Pass, "it encrypts every object");
    let customers = Some(KeyClass::Customer);
    assert_eq!(google(moved().with_list("sse", &["aws:kms"]), customers), State::Error);
    assert_eq!(google(moved().with_text("keyClass", "customer"), customers), State::Error);
    assert_eq!(google(snapshots().with_text("keyClass", "customer"), customers), State::Pass);
}

#[test]
fn one_copy_in_a_repository_is_enough_whatever_the_run_says_of_its_data() {
    let bench = || snapshots().with_list("sse", &["AES256"]);
    assert_eq!(state_of(bench()), State::Pass);
    assert_eq!(state_of(bench().with(Fact::VolumeCopy(copy("p")))), State::Error);
    let unfinished = crate::core::facts::VolumeCopy { is_complete: false, ..copy("p") };
    assert_eq!(state_of(bench().with(Fact::VolumeCopy(unfinished))), State::Pass);
    assert_eq!(state_of(bench().with(Fact::VolumeCopy(copy("another")))), State::Pass);
}

/// A plain location that nothing but `change` may have to do with, beside the sound default.
fn plain_beside() -> Fact {
    Fact::Location(Location {
        name: "plain".into(),
        is_default: false,
        data_path: Known::Known(DataPath::Plain("http://store".into())),
        ..location()
    })
}

#[test]
fn schedules_count_that_write_and_points_that_hold_data() {
    let schedules: [(Case<Schedule>, State); 5] = [
        (("it writes", |_| {}), State::Fail),
        (("it is paused", |schedule| schedule.is_paused = true), State::Pass),
        (("it is refused", |schedule| schedule.invalid = Some("bad".into())), State::Pass),
        (("it goes", |schedule| schedule.meta.is_deleting = true), State::Pass),
        (("it is not the engine's", |schedule| schedule.namespace = "acme-prod".into()), State::Pass),
    ];
    for ((what, change), state) in schedules {
        let mut second = Schedule { name: "second".into(), location: Some("plain".into()), ..schedule() };
        change(&mut second);
        let bench = snapshots().with(plain_beside()).with(Fact::Schedule(second));
        assert_eq!(state_of(bench), state, "{what}");
    }
    let points: [(Case<RecoveryPoint>, State); 7] = [
        (("usable", |_| {}), State::Fail),
        (("partial", |point| point.state = PointState::Partial), State::Fail),
        (("running", |point| point.state = PointState::Running), State::Fail),
        (("who knows", |point| point.state = PointState::Unknown("Odd".into())), State::Fail),
        (("failed", |point| point.state = PointState::Failed), State::Pass),
        (("deleting", |point| point.state = PointState::Deleting), State::Pass),
        (("of another namespace", |point| point.selection.included = literal_of("other")), State::Pass),
    ];
    for ((what, change), state) in points {
        let mut second = RecoveryPoint { location: Some("plain".into()), ..point("second", POINT) };
        change(&mut second);
        let bench = snapshots().with(plain_beside()).with(Fact::RecoveryPoint(second));
        assert_eq!(state_of(bench), state, "{what}");
    }
}

fn literal_of(namespace: &str) -> Vec<crate::core::facts::NamespacePattern> {
    crate::core::controls::backup::testkit::literal(&[namespace]).included
}

#[test]
fn each_location_has_an_issue_of_its_own_and_the_default_is_one_by_both_its_names() {
    let plain = |name: &str| {
        let plain = Known::Known(DataPath::Plain("http://store".into()));
        let is_default = name == "default";
        Fact::Location(Location { name: name.into(), is_default, data_path: plain, ..location() })
    };
    let by_name = RecoveryPoint { location: Some("default".into()), ..point("named", POINT) };
    let elsewhere = RecoveryPoint { location: Some("plain".into()), ..point("elsewhere", POINT) };
    let bench = snapshots().with(plain("default")).with(plain("plain"));
    let verdict = verdict_of(bench.with(Fact::RecoveryPoint(by_name)).with(Fact::RecoveryPoint(elsewhere)));
    let fields: Vec<&str> = verdict.issues.iter().map(|issue| issue.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "BackupStorageLocation velero/default spec.config.s3Url",
            "BackupStorageLocation velero/plain spec.config.s3Url"
        ]
    );
}

#[test]
fn a_schedule_waits_five_minutes_for_its_location_and_is_unknown_then() {
    let named = |created: &str| {
        let mut named = Schedule { location: Some("offsite".into()), ..schedule() };
        named.meta.created = at(created);
        verdict_of(promised().with(Fact::Schedule(named)))
    };
    let verdict = named("2026-06-15T11:58:00Z");
    assert_eq!(verdict.state(at(NOW)), State::Pending);
    assert_eq!(
        only_issue(&verdict),
        (
            "BackupStorageLocation velero/offsite",
            "BackupStorageLocation velero/offsite is not there",
            "backups encrypted at rest",
            "wait for the location, or add it"
        )
    );
    assert_eq!(verdict.next_change(at(NOW)), Some(at("2026-06-15T12:03:00Z")));
    let verdict = named("2026-06-15T11:55:00Z");
    assert_eq!(verdict.state(at(NOW)), State::Error);
    assert_eq!(
        only_issue(&verdict),
        (
            "BackupStorageLocation velero/offsite",
            "BackupStorageLocation velero/offsite is not there",
            "backups encrypted at rest",
            "add the location again, or delete what names it"
        )
    );
}

#[test]
fn a_point_whose_location_is_gone_is_unknown_at_once() {
    let gone = RecoveryPoint { location: Some("gone".into()), ..point("old", POINT) };
    let verdict = verdict_of(snapshots().with(Fact::RecoveryPoint(gone)));
    assert_eq!(verdict.state(at(NOW)), State::Error);
    assert_eq!(only_issue(&verdict).1, "BackupStorageLocation velero/gone is not there");
    let mut undefaulted = location();
    undefaulted.is_default = false;
    let verdict = verdict_of(snapshots().with(Fact::Location(undefaulted)));
    assert_eq!(only_issue(&verdict).1, "default BackupStorageLocation of velero is not there");
}

#[test]
fn without_backups_there_is_nothing_to_encrypt_unless_they_cannot_be_read() {
    let verdict = verdict_of(promised());
    assert_eq!(
        verdict.not_applicable.as_deref(),
        Some("no schedule writes a backup of it and none lies anywhere")
    );
    let unread = promised().with_source(Source::VeleroBackups, SourceState::Forbidden);
    assert_eq!(state_of(unread), State::Error);
}

#[test]
fn what_is_not_backed_up_is_not_judged() {
    let plain = || located(snapshots(), |location| location.data_path = Known::Known(DataPath::Unverified));
    let unbound = PersistentVolumeClaim { is_bound: false, ..claim() };
    assert_eq!(plain().state_of(Fact::PersistentVolumeClaim(unbound)), State::NotApplicable);
    let exempt = serde_json::json!({"exempt": {"namespaceSelector": {"matchExpressions": [
        {"key": "surety.dev/environment", "operator": "DoesNotExist"}]}}});
    assert_eq!(state_of(plain().with(policy("but", exempt))), State::NotApplicable);
}
