//! Storage classes, volumes, claims.

use serde_json::{Map, Value, json};
use surety::{api::keys, core::facts::Kind};

use super::{Maker, Objects, words};

/// Provisioners with the parameters that switch encryption on; a few that never encrypt, or that nobody knows.
const PROVISIONERS: [(&str, &[(&str, &str)]); 14] = [
    ("ebs.csi.aws.com", &[("encrypted", "true"), ("kmsKeyId", "key-1")]),
    ("kubernetes.io/aws-ebs", &[("Encrypted", "true")]),
    ("pd.csi.storage.gke.io", &[("disk-encryption-kms-key", "key-2")]),
    (
        "disk.csi.azure.com",
        &[("diskEncryptionType", "EncryptionAtRestWithCustomerKey"), ("diskEncryptionSetID", "key-1")],
    ),
    ("file.csi.azure.com", &[]),
    ("rbd.csi.ceph.com", &[("encrypted", "true"), ("encryptionKMSID", "key-1")]),
    ("driver.longhorn.io", &[("encrypted", "true")]),
    ("io.openebs.csi-mayastor", &[("encrypted", "true")]),
    ("pxd.portworx.com", &[("secure", "true")]),
    (
        "csi.hetzner.cloud",
        &[
            ("csi.storage.k8s.io/node-publish-secret-name", "s"),
            ("csi.storage.k8s.io/node-publish-secret-namespace", "n"),
        ],
    ),
    ("cinder.csi.openstack.org", &[]),
    ("efs.csi.aws.com", &[]),
    ("rancher.io/local-path", &[]),
    ("example.com/unknown", &[]),
];

const OLD_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

impl Maker {
    pub(super) fn add_storage(&mut self, objects: &mut Objects) {
        for name in words::STORAGE_CLASSES {
            if self.random.chance(60) {
                let value = self.storage_class(name);
                objects.add(Kind::StorageClass, value);
            }
        }
        for _ in 0..self.random.between(1, 3) {
            let (place, name) = (self.place(), self.random.pick(&words::CLAIMS));
            let value = self.claim(place, name);
            objects.add(Kind::PersistentVolumeClaim, value);
        }
        for name in &words::VOLUMES[..self.random.between(0, 3)] {
            let value = self.volume(name);
            objects.add(Kind::PersistentVolume, value);
        }
    }

    /// The parameters that switch it on, or not quite those.
    fn encryption(&mut self, known: &[(&str, &str)]) -> Value {
        let mut parameters = Map::new();
        for (key, value) in known {
            if self.careful() || self.random.chance(50) {
                let value =
                    if self.careful() { *value } else { self.random.pick(&["false", "", "1", "TRUE"]) };
                parameters.insert((*key).to_owned(), json!(value));
            }
        }
        Value::Object(parameters)
    }

    fn storage_class(&mut self, name: &str) -> Value {
        let mut metadata = self.cluster_metadata(Kind::StorageClass, name);
        if self.random.chance(35) {
            metadata["annotations"] = json!({"storageclass.kubernetes.io/is-default-class": "true"});
        }
        let (provisioner, known) = self.random.pick(&PROVISIONERS);
        let parameters = self.encryption(known);
        Self::object(
            Kind::StorageClass,
            metadata,
            json!({"provisioner": provisioner, "parameters": parameters}),
        )
    }

    /// A class, the default, or none at all.
    pub(super) fn class_name(&mut self, spec: &mut Value) {
        match self.random.below(10) {
            0..=2 => {}
            3 => spec["storageClassName"] = json!(""),
            _ => spec["storageClassName"] = json!(self.random.pick(&words::STORAGE_CLASSES)),
        }
    }

    fn claim(&mut self, namespace: &str, name: &str) -> Value {
        let mut metadata = self.metadata(Kind::PersistentVolumeClaim, namespace, name);
        let mut labels = json!({"app": "web"});
        self.data_class_label(&mut labels);
        if self.random.chance(6) {
            labels[keys::VELERO_EXCLUDE] = json!(self.random.pick(&["true", "false"]));
        }
        metadata["labels"] = labels;
        if self.random.chance(8) {
            metadata["annotations"] = json!({OLD_CLASS: self.random.pick(&words::STORAGE_CLASSES)});
        }
        if self.random.chance(12) {
            let kind = self.random.pick(&["Pod", "StatefulSet"]);
            metadata["ownerReferences"] = json!([{"apiVersion": "v1", "kind": kind, "name": "db-0",
                "uid": format!("statefulsets-{namespace}-db"), "controller": self.random.chance(70)}]);
        }
        let mut spec = json!({
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        });
        self.class_name(&mut spec);
        if self.random.chance(55) {
            spec["volumeName"] = json!(self.random.pick(&words::VOLUMES));
        }
        let phase = if self.random.chance(70) { "Bound" } else { "Pending" };
        Self::object(Kind::PersistentVolumeClaim, metadata, json!({"spec": spec, "status": {"phase": phase}}))
    }

    fn volume(&mut self, name: &str) -> Value {
        let mut metadata = self.cluster_metadata(Kind::PersistentVolume, name);
        let (provisioner, known) = self.random.pick(&PROVISIONERS);
        if self.random.chance(70) {
            metadata["annotations"] = json!({"pv.kubernetes.io/provisioned-by": provisioner});
        }
        let mut spec = json!({"capacity": {"storage": "1Gi"}});
        match self.random.below(8) {
            0 => spec["hostPath"] = json!({"path": "/data"}),
            1 => spec["nfs"] = json!({"server": "nfs.example.com", "path": "/data"}),
            2 => {
                let field = self.random.pick(&["iscsi", "awsElasticBlockStore", "cinder"]);
                spec[field] = json!({"volumeID": "1"});
            }
            _ => {
                let attributes = self.encryption(known);
                spec["csi"] =
                    json!({"driver": provisioner, "volumeHandle": "1", "volumeAttributes": attributes});
                if self.random.chance(30) {
                    spec["csi"]["nodePublishSecretRef"] = json!({"name": "s", "namespace": "n"});
                }
            }
        }
        if self.random.chance(80) {
            spec["storageClassName"] = json!(self.random.pick(&words::STORAGE_CLASSES));
        }
        if self.random.chance(85) {
            let (namespace, claim) = (self.place(), self.random.pick(&words::CLAIMS));
            let mut reference = json!({"namespace": namespace, "name": claim});
            if self.random.chance(70) {
                let uid = format!("persistentvolumeclaims-{namespace}-{claim}");
                reference["uid"] = if self.careful() { json!(uid) } else { json!("another") };
            }
            spec["claimRef"] = reference;
        }
        spec["persistentVolumeReclaimPolicy"] = json!(self.random.pick(&["Retain", "Delete"]));
        let phase = self.random.pick(&["Bound", "Bound", "Released", "Available"]);
        Self::object(Kind::PersistentVolume, metadata, json!({"spec": spec, "status": {"phase": phase}}))
    }

    /// Another form of storage of the same name.
    pub(super) fn another_of_storage(&mut self, kind: Kind, namespace: &str, name: &str) -> Value {
        match kind {
            Kind::StorageClass => self.storage_class(name),
            Kind::PersistentVolume => self.volume(name),
            _ => self.claim(namespace, name),
        }
    }
}
