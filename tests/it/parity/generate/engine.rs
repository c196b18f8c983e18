//! What a backup engine has: schedules, runs, copies of volumes, locations; and definitions.

use jiff::SignedDuration;
use serde_json::{Value, json};
use surety::{api::keys, core::facts::Kind};

use super::{Maker, Objects, words};

const POINTS: [&str; 4] = ["daily-1", "daily-2", "hourly-1", "by-hand"];

impl Maker {
    pub(super) fn add_engine(&mut self, objects: &mut Objects) {
        if self.random.chance(25) {
            let value = self.definition("schedules.velero.io");
            objects.add(Kind::Definition, value);
        }
        for name in &["default", "cold"][..self.random.pick(&[0, 1, 1, 2])] {
            let place = self.engine_place();
            let value = self.location(place, name);
            objects.add(Kind::BackupStorageLocation, value);
        }
        for name in &["daily", "hourly"][..self.random.pick(&[0, 1, 1, 2])] {
            let place = self.engine_place();
            let value = self.schedule(place, name);
            objects.add(Kind::VeleroSchedule, value);
        }
        for name in &POINTS[..self.random.pick(&[0, 1, 1, 2, 2])] {
            let place = self.engine_place();
            let value = self.point(place, name);
            objects.add(Kind::VeleroBackup, value);
        }
        for name in &["copy-1", "copy-2"][..self.random.pick(&[0, 1, 2])] {
            let kind = self.random.pick(&[Kind::PodVolumeBackup, Kind::DataUpload]);
            let place = self.engine_place();
            let value = self.copy(kind, place, name);
            objects.add(kind, value);
        }
    }

    fn engine_place(&mut self) -> &'static str {
        match self.random.below(20) {
            0 => self.place(),
            1 | 2 => "backups",
            _ => "velero",
        }
    }

    pub(super) fn definition(&mut self, name: &str) -> Value {
        let metadata = self.cluster_metadata(Kind::Definition, name);
        let (plural, group) = name.split_once('.').unwrap_or((name, "example.com"));
        let spec = json!({
            "group": group, "names": {"plural": plural}, "versions": [{"name": "v1", "served": true}],
        });
        let established = if self.random.chance(80) { "True" } else { "False" };
        let status = json!({"conditions": [{"type": "Established", "status": established}]});
        Self::object(Kind::Definition, metadata, json!({"spec": spec, "status": status}))
    }

    fn location(&mut self, namespace: &str, name: &str) -> Value {
        let metadata = self.metadata(Kind::BackupStorageLocation, namespace, name);
        let mut spec = json!({
            "provider": "aws", "objectStorage": {"bucket": "backups", "prefix": "/a/"},
            "config": self.store(), "default": name == "default",
        });
        if self.random.chance(15) {
            spec["accessMode"] = json!("ReadOnly");
        }
        if self.random.chance(50) {
            spec["backupSyncPeriod"] = json!(self.random.pick(&["1m", "30m", "0", "24h0m0s"]));
        }
        let mut status = json!({"lastSyncedTime": if self.careful() { self.now } else { self.ago() }});
        if self.random.chance(95) {
            status["phase"] = if self.careful() {
                json!("Available")
            } else {
                json!(self.random.pick(&["Unavailable", "Odd"]))
            };
        }
        Self::object(Kind::BackupStorageLocation, metadata, json!({"spec": spec, "status": status}))
    }

    /// How a location's store is reached, and asked to encrypt.
    fn store(&mut self) -> Value {
        let mut config = json!({"region": "eu-central-1"});
        if self.careful() {
            config["serverSideEncryption"] = json!(self.random.pick(&["AES256", "aws:kms"]));
            return config;
        }
        let (key, values) = self.random.pick(&[
            ("s3Url", ["http://store:9000", "https://store:9000", "store:9000"]),
            ("insecureSkipTLSVerify", ["true", "false", "yes"]),
            ("kmsKeyId", ["alias/aws/s3", "alias/backups", ""]),
        ]);
        config[key] = json!(self.random.pick(&values));
        config
    }

    /// `spec` of a Backup, or the template of a Schedule.
    fn backup_spec(&mut self) -> Value {
        let mut spec = json!({});
        match self.random.below(6) {
            0 => {}
            1 | 2 => spec["includedNamespaces"] = json!(["*"]),
            3 => spec["includedNamespaces"] = json!(["one-*"]),
            _ => spec["includedNamespaces"] = json!(self.random.some_of(&words::NAMESPACES)),
        }
        if self.random.chance(15) {
            spec["excludedNamespaces"] = json!([self.place()]);
        }
        match self.random.below(6) {
            0 => spec["snapshotVolumes"] = json!(true),
            1 => spec["snapshotVolumes"] = json!(false),
            2 => spec["snapshotMoveData"] = json!(true),
            3 => spec["defaultVolumesToFsBackup"] = json!(true),
            4 => spec["defaultVolumesToFsBackup"] = json!(false),
            _ => {}
        }
        if !self.careful() {
            match self.random.below(4) {
                0 => spec["labelSelector"] = json!({"matchLabels": {"app": "web"}}),
                1 => spec["excludedResources"] = json!(["pvc"]),
                2 => spec["resourcePolicy"] = json!({"kind": "configmap", "name": "p"}),
                _ => spec["includedNamespaces"] = json!(["one-{prod,dev}"]),
            }
        }
        if self.random.chance(70) {
            spec["ttl"] = json!(self.random.pick(&["720h0m0s", "24h", "1h30m", "8760h", "0"]));
        }
        if self.random.chance(50) {
            spec["storageLocation"] = json!(self.random.pick(&["default", "cold"]));
        }
        spec
    }

    fn schedule(&mut self, namespace: &str, name: &str) -> Value {
        let mut metadata = self.metadata(Kind::VeleroSchedule, namespace, name);
        if self.random.chance(30) {
            let policy = self.random.pick(&["house", "strict"]);
            metadata["labels"] = json!({keys::POLICY: policy, keys::MANAGED_BY: keys::MANAGED_BY_SURETY});
        }
        let cron = if self.careful() { words::CRONS[..5].to_vec() } else { words::CRONS.to_vec() };
        let mut spec = json!({"schedule": self.random.pick(&cron), "template": self.backup_spec()});
        if self.random.chance(12) {
            spec["paused"] = json!(true);
        }
        let phase = self.random.pick(&["Enabled", "Enabled", "Enabled", "New", "FailedValidation"]);
        Self::object(Kind::VeleroSchedule, metadata, json!({"spec": spec, "status": {"phase": phase}}))
    }

    fn point(&mut self, namespace: &str, name: &str) -> Value {
        let mut metadata = self.metadata(Kind::VeleroBackup, namespace, name);
        let started = self.ago();
        if self.random.chance(80) {
            metadata["creationTimestamp"] = json!(started);
        }
        let mut labels = json!({"velero.io/schedule-name": self.random.pick(&["daily", "hourly"])});
        if self.random.chance(10) {
            labels[keys::CLUSTER] = json!(self.random.pick(&["namespaces-kube-system", "elsewhere"]));
        }
        if self.random.chance(6) {
            labels["velero.io/gc-failure"] = json!("BSLNotFound");
        }
        metadata["labels"] = labels;
        let phases = [
            "Completed",
            "Completed",
            "Completed",
            "PartiallyFailed",
            "Failed",
            "InProgress",
            "Deleting",
            "Odd",
        ];
        let phase = if self.careful() { "Completed" } else { self.random.pick(&phases) };
        let mut status = json!({"phase": phase});
        if self.random.chance(95) {
            let skew =
                if self.random.chance(4) { SignedDuration::from_mins(20) } else { SignedDuration::ZERO };
            status["startTimestamp"] = json!(started + skew);
        }
        if self.random.chance(80) {
            status["completionTimestamp"] = json!(started + SignedDuration::from_mins(4));
        }
        if self.random.chance(85) {
            let lives = self.random.pick(&[1, 24, 24 * 29, 24 * 30, 24 * 31, 24 * 400]);
            status["expiration"] = json!(started + SignedDuration::from_hours(lives));
        }
        let attempted = self.random.pick(&[0, 1, 2, 2]);
        let completed = if self.careful() { attempted } else { self.random.below(3) };
        let fields = self.random.pick(&[
            ["csiVolumeSnapshotsAttempted", "csiVolumeSnapshotsCompleted"],
            ["volumeSnapshotsAttempted", "volumeSnapshotsCompleted"],
        ]);
        status[fields[0]] = json!(attempted);
        status[fields[1]] = json!(completed);
        Self::object(Kind::VeleroBackup, metadata, json!({"spec": self.backup_spec(), "status": status}))
    }

    fn copy(&mut self, kind: Kind, namespace: &str, name: &str) -> Value {
        let mut metadata = self.metadata(kind, namespace, name);
        let (place, claim) = (self.place(), self.random.pick(&words::CLAIMS));
        let mut labels = json!({"velero.io/backup-name": self.random.pick(&POINTS)});
        if self.random.chance(60) {
            let uid = format!("persistentvolumeclaims-{place}-{claim}");
            labels["velero.io/pvc-uid"] = if self.careful() { json!(uid) } else { json!("another") };
        }
        metadata["labels"] = labels;
        let phase = if self.careful() { "Completed" } else { "InProgress" };
        let mut status =
            json!({"phase": phase, "snapshotID": "s1", "progress": {"totalBytes": 10, "bytesDone": 10}});
        if self.random.chance(15) {
            status["progress"] = json!({});
        }
        let spec = if kind == Kind::DataUpload {
            json!({"sourceNamespace": place, "csiSnapshot": {}, "sourcePVC": claim})
        } else {
            metadata["annotations"] = json!({"velero.io/pvc-name": claim});
            json!({"pod": {"kind": "Pod", "namespace": place, "name": "web"}, "volume": "v0"})
        };
        Self::object(kind, metadata, json!({"spec": spec, "status": status}))
    }

    /// Another form of the same name.
    pub(super) fn another_of_engine(&mut self, kind: Kind, namespace: &str, name: &str) -> Value {
        match kind {
            Kind::Definition => self.definition(name),
            Kind::BackupStorageLocation => self.location(namespace, name),
            Kind::VeleroSchedule => self.schedule(namespace, name),
            Kind::VeleroBackup => self.point(namespace, name),
            copy => self.copy(copy, namespace, name),
        }
    }
}
