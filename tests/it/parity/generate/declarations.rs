//! Tenants, profiles, policies, waivers, attestations, records and namespaces.

use serde_json::{Value, json};
use surety::{
    api::keys,
    core::{catalogue, controls, facts::Kind},
};

use super::{Maker, Objects, words};

const PROOF: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

impl Maker {
    pub(super) fn add_declarations(&mut self, objects: &mut Objects) {
        for tenant in self.tenants.clone() {
            let value = self.tenant(tenant);
            objects.add(Kind::Tenant, value);
            if self.random.chance(50) {
                let value = self.record(tenant);
                objects.add(Kind::TenantRecord, value);
            }
        }
        for name in &words::PROFILES[..self.random.pick(&[1, 1, 2])] {
            let value = self.profile(name);
            objects.add(Kind::Profile, value);
        }
        for kind in [Kind::BackupPolicy, Kind::RetentionPolicy, Kind::EncryptionPolicy, Kind::IsolationPolicy]
        {
            for name in &["house", "strict"][..self.random.pick(&[0, 0, 1, 1, 2])] {
                let value = self.policy(kind, name);
                objects.add(kind, value);
            }
        }
        for name in &["w-1", "w-2"][..self.random.pick(&[0, 0, 1, 2])] {
            let value = self.waiver(name);
            objects.add(Kind::Waiver, value);
        }
        for name in &["a-1", "a-2"][..self.random.pick(&[0, 0, 1, 2])] {
            let value = self.attestation(name);
            objects.add(Kind::Attestation, value);
        }
    }

    fn tenant(&mut self, name: &str) -> Value {
        let mut metadata = self.cluster_metadata(Kind::Tenant, name);
        metadata["labels"] = json!({"tier": self.random.pick(&words::TIERS)});
        let own: &[&str] = match name {
            "one" => &["one-prod", "one-dev"],
            "two" => &["two-prod"],
            _ => &[],
        };
        let mut names: Vec<&str> = if self.random.chance(75) { own.to_vec() } else { Vec::new() };
        if !self.careful() {
            names.push(self.random.pick(&["one-prod", "self-made", "velero", "ghost-0"]));
            names.sort_unstable();
            names.dedup();
        }
        let mut spec = json!({"namespaces": {"names": names}, "enforcement": self.enforcement()});
        if self.random.chance(25) {
            spec["namespaces"]["selector"] = json!({"matchLabels": {"team": name}});
        }
        if self.random.chance(30) {
            let creator = json!({"kind": "User", "name": "developer"});
            spec["selfService"] = json!({"namePatterns": ["self-*"], "creators": [creator]});
        }
        if self.random.chance(50) {
            spec["dataClasses"] = json!(["customer", "logs"]);
        }
        if self.random.chance(40) {
            spec["defaultDataClass"] = json!(self.random.pick(&["customer", "logs"]));
        }
        if self.random.chance(30) {
            spec["contract"] = json!({"end": self.around()});
        }
        Self::object(Kind::Tenant, metadata, json!({"spec": spec}))
    }

    fn record(&mut self, tenant: &str) -> Value {
        let name = format!("{}{tenant}", keys::RECORD_OF_TENANT_PREFIX);
        let mut metadata = self.metadata(Kind::TenantRecord, "surety-system", &name);
        metadata["labels"] = json!({keys::RECORD: keys::RECORD_OF_TENANT});
        let mut namespaces = serde_json::Map::new();
        for namespace in self.random.some_of(&words::NAMESPACES) {
            if namespace.starts_with(tenant) || self.random.chance(15) {
                let claim = json!({
                    "uid": format!("namespaces-{namespace}"),
                    "generation": self.random.below(3),
                });
                namespaces.insert(namespace.to_owned(), claim);
            }
        }
        let record = json!({"tenant": tenant, "namespaces": namespaces, "findings": {}});
        Self::object(Kind::TenantRecord, metadata, json!({"data": {keys::RECORD_DATA: record.to_string()}}))
    }

    fn enforcement(&mut self) -> &'static str {
        self.random.pick(&["Deny", "Deny", "Deny", "Warn", "Audit"])
    }

    fn tenant_selector(&mut self) -> Value {
        match self.random.below(10) {
            0 => json!({"matchLabels": {"tier": self.random.pick(&words::TIERS)}}),
            1 => {
                json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["gold", "silver"]}]})
            }
            2 => json!({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}),
            _ => json!({}),
        }
    }

    fn day(&mut self) -> String {
        if self.random.chance(2) {
            "2026-02-30".to_owned()
        } else {
            format!("{:.0}", self.around())[..10].to_owned()
        }
    }

    fn profile(&mut self, name: &str) -> Value {
        let metadata = self.cluster_metadata(Kind::Profile, name);
        let count = self.random.between(2, 5);
        let mut planned: Vec<&str> = controls::all().iter().map(|control| control.id).collect();
        // One that is planned and not built.
        planned.push("backup.purpose");
        let commitments: Vec<Value> =
            words::COMMITMENTS.iter().take(count).map(|id| self.commitment(id, &planned)).collect();
        let version = self.random.pick(&["1", "2"]);
        let mut log = vec![json!({"version": "1", "date": self.day(), "summary": "The first."})];
        if self.random.chance(60) {
            let summary = if self.careful() { "What is new." } else { " " };
            log.push(json!({"version": "2", "date": self.day(), "summary": summary}));
        }
        let mut spec = json!({
            "title": "What was promised", "version": version, "effectiveDate": self.day(),
            "tenantSelector": self.tenant_selector(), "commitments": commitments, "changeLog": log,
        });
        if self.random.chance(40) {
            spec["reviewBy"] = json!(self.day());
        }
        Self::object(Kind::Profile, metadata, json!({"spec": spec}))
    }

    fn commitment(&mut self, id: &str, controls: &[&str]) -> Value {
        let count = self.random.pick(&[1, 1, 2, 3]);
        let uses: Vec<Value> = (0..count)
            .map(|_| {
                let id = self.random.pick(controls);
                let planned = catalogue::find(id).expect("every control is planned");
                let mut used = json!({"id": id, "parameters": self.parameters(planned)});
                if self.random.chance(20) {
                    used["enforcement"] = json!(self.enforcement());
                }
                used
            })
            .collect();
        let mut commitment = json!({
            "id": id, "promise": format!("Promise {id}."), "controls": uses, "enforcement": self.enforcement(),
            "weight": self.random.between(1, 10),
        });
        if self.random.chance(20) {
            commitment["severity"] = json!(self.random.pick(&["low", "medium", "high", "critical"]));
            commitment["remediateWithin"] = json!(self.random.pick(&words::SPANS));
        }
        commitment
    }

    fn policy(&mut self, kind: Kind, name: &str) -> Value {
        let metadata = self.cluster_metadata(kind, name);
        let mut spec = match kind {
            Kind::BackupPolicy => self.backup_policy(),
            Kind::RetentionPolicy => self.retention_policy(),
            Kind::EncryptionPolicy => self.encryption_policy(),
            _ => self.isolation_policy(),
        };
        spec["tenantSelector"] = self.tenant_selector();
        spec["enforcement"] = json!(self.enforcement());
        if self.random.chance(40) {
            spec["onUnknown"] = json!(self.random.pick(&["Warn", "Deny"]));
        }
        Self::object(kind, metadata, json!({"spec": spec}))
    }

    fn management(&mut self, spec: &mut Value) {
        if self.random.chance(60) {
            spec["management"] = json!(self.random.pick(&["Managed", "Observed"]));
        }
    }

    fn backup_policy(&mut self) -> Value {
        let mut spec = json!({"engine": {"name": "Velero"}});
        if self.random.chance(30) {
            spec["engine"]["namespace"] = json!(self.random.pick(&words::ENGINE_NAMESPACES));
        }
        self.management(&mut spec);
        match self.random.below(3) {
            0 => spec["every"] = json!(self.random.pick(&words::SPANS)),
            1 => spec["maxRecoveryPointAge"] = json!(self.random.pick(&words::SPANS)),
            _ => {}
        }
        if self.random.chance(30) {
            spec["schedule"] = json!(self.random.pick(&words::CRONS));
        }
        if self.random.chance(50) {
            spec["retention"] = json!({"atLeast": self.random.pick(&words::SPANS)});
            if self.random.chance(50) {
                spec["retention"] = json!({"atMost": self.random.pick(&words::SPANS)});
            }
        }
        if self.random.chance(20) {
            let exempt = match self.random.below(3) {
                0 => json!({"storageClasses": [self.random.pick(&words::STORAGE_CLASSES)]}),
                1 => json!({"dataClasses": [self.data_class()]}),
                _ => json!({"namespaceSelector": {"matchLabels": {keys::ENVIRONMENT: "dev"}}}),
            };
            spec["exempt"] = exempt;
        }
        if self.random.chance(20) {
            spec["acceptsImported"] = json!(true);
        }
        spec
    }

    fn retention_policy(&mut self) -> Value {
        let mut classes = Vec::new();
        for name in ["customer", "logs", "scratch"] {
            if !self.random.chance(60) {
                continue;
            }
            let mut class = json!({"name": name});
            if self.random.chance(12) {
                class["forbidden"] = json!(true);
            }
            if self.random.chance(50) {
                class["atLeast"] = json!(self.random.pick(&words::SPANS));
            }
            if self.random.chance(25) {
                class["whileActive"] = json!(true);
            }
            if self.random.chance(25) {
                class["afterTermination"] = json!(self.random.pick(&words::SPANS));
            }
            classes.push(class);
        }
        json!({"requiresClass": self.random.chance(60), "classes": classes})
    }

    fn encryption_policy(&mut self) -> Value {
        let mut spec = json!({});
        if self.random.chance(60) {
            spec["atRest"] = json!({"emptyDirHoldsData": self.random.chance(40)});
            if self.random.chance(30) {
                spec["atRest"]["cipher"] = json!("AES-256");
            }
            if self.random.chance(30) {
                spec["atRest"]["keyClass"] = json!(self.random.pick(&["Provider", "Customer"]));
            }
            if self.random.chance(15) {
                spec["atRest"]["keyIds"] = json!(self.random.some_of(&words::KEYS));
            }
        }
        if self.random.chance(50) {
            spec["inTransit"] = json!({"redirect": self.random.chance(70)});
            if self.random.chance(40) {
                spec["inTransit"]["scope"] = json!(self.random.pick(&["external", "all"]));
            }
        }
        if self.random.chance(50) {
            spec["credentials"] =
                json!({"detectors": self.random.some_of(&["token", "password", "card-number"])});
        }
        let count = self.random.pick(&[0, 0, 1, 2]);
        let attested: Vec<Value> = (0..count).map(|_| self.attested_storage()).collect();
        spec["attested"] = json!(attested);
        spec
    }

    fn attested_storage(&mut self) -> Value {
        let provisioner = self.random.pick(&[
            "cinder.csi.openstack.org",
            "rancher.io/local-path",
            "kubernetes.io/empty-dir",
            "kubernetes.io/nfs",
            "example.com/unknown",
            "ebs.csi.aws.com",
        ]);
        let evidence = json!({"uri": "https://example.com/proof", "sha256": PROOF});
        let mut entry = json!({"provisioner": provisioner, "evidence": evidence, "until": self.around()});
        if self.random.chance(30) {
            entry["storageClass"] = json!(self.random.pick(&words::STORAGE_CLASSES));
        }
        if self.random.chance(50) {
            entry["cipher"] = json!("AES-256");
        }
        if self.random.chance(50) {
            entry["keyClass"] = json!(self.random.pick(&["Provider", "Customer"]));
        }
        entry
    }

    fn isolation_policy(&mut self) -> Value {
        let mut spec = json!({});
        self.management(&mut spec);
        if self.random.chance(60) {
            let directions = self.random.some_of(&["Ingress", "Egress"]);
            spec["network"] = json!({"directions": directions, "peers": ["dns"]});
        }
        if self.random.chance(60) {
            spec["podSecurity"] = json!({"level": self.random.pick(&["Baseline", "Restricted"])});
        }
        if self.random.chance(60) {
            let ways = ["HostPath", "HostNetwork", "HostPID", "HostIPC", "HostPort"];
            spec["hostAccess"] = json!({"allowed": self.random.some_of(&ways)});
        }
        if self.random.chance(30) {
            spec["injectedContainers"] =
                json!([{"name": "mesh", "imagePrefix": "hub.example.com/mesh/proxy"}]);
        }
        spec
    }

    fn waiver(&mut self, name: &str) -> Value {
        let metadata = self.cluster_metadata(Kind::Waiver, name);
        let mut scope = json!({"tenantSelector": self.tenant_selector()});
        if self.random.chance(30) {
            scope["namespace"] = json!(self.place());
        }
        if self.random.chance(30) {
            scope["kind"] = json!(self.random.pick(&[
                "Namespace",
                "Deployment",
                "Pod",
                "PersistentVolumeClaim",
                "Commitment"
            ]));
        }
        let mut spec = json!({
            "scope": scope, "reason": "It is being replaced.", "approver": "operator", "expiresAt": self.around(),
        });
        if self.random.chance(50) {
            spec["control"] = json!(self.random.pick(controls::all()).id);
        } else {
            spec["commitment"] = self.commitment_reference();
        }
        Self::object(Kind::Waiver, metadata, json!({"spec": spec}))
    }

    fn commitment_reference(&mut self) -> Value {
        let profile = self.random.pick(&["annex", "annex", "terms"]);
        json!({"profile": profile, "id": self.random.pick(&words::COMMITMENTS[..4])})
    }

    fn attestation(&mut self, name: &str) -> Value {
        let metadata = self.cluster_metadata(Kind::Attestation, name);
        let evidence = json!({"uri": "https://example.com/proof", "sha256": PROOF});
        let evidence = if self.random.chance(85) { vec![evidence] } else { Vec::new() };
        let mut spec = json!({
            "commitment": self.commitment_reference(), "tenantSelector": self.tenant_selector(),
            "statement": "It was looked at.", "attestedBy": "operator", "evidence": evidence,
            "validUntil": self.around(),
        });
        if self.random.chance(40) {
            let (a, b) = (self.around(), self.around());
            spec["period"] = json!({"from": a.min(b), "to": a.max(b)});
        }
        Self::object(Kind::Attestation, metadata, json!({"spec": spec}))
    }

    pub(super) fn add_namespaces(&mut self, objects: &mut Objects) {
        let others = if self.tenants.len() > 1 { 85 } else { 15 };
        let likely = [
            ("one-prod", 95),
            ("one-dev", 60),
            ("two-prod", others),
            ("self-made", 25),
            ("velero", 30),
            ("kube-system", 25),
        ];
        for (name, percent) in likely {
            if self.random.chance(percent) {
                let value = self.namespace(name);
                objects.add(Kind::Namespace, value);
            }
        }
    }

    fn namespace(&mut self, name: &str) -> Value {
        let mut metadata = self.cluster_metadata(Kind::Namespace, name);
        let mut labels = json!({keys::NAMESPACE_NAME: name});
        let meant = name.split('-').next().filter(|first| words::TENANTS.contains(first));
        let owner = meant.unwrap_or_else(|| self.random.pick(&words::TENANTS));
        if self.random.chance(60) && !matches!(name, "velero" | "kube-system") {
            labels[keys::TENANT] = if self.careful() { json!(owner) } else { json!("three") };
        }
        if self.random.chance(25) {
            labels["team"] = json!(self.random.pick(&words::TENANTS));
        }
        if self.random.chance(50) {
            labels[keys::ENVIRONMENT] = json!(self.random.pick(&words::ENVIRONMENTS));
        }
        self.data_class_label(&mut labels);
        if self.random.chance(60) {
            let level = self.random.pick(&["restricted", "restricted", "baseline", "privileged", "none"]);
            labels[keys::POD_SECURITY_ENFORCE] = json!(level);
        }
        if self.random.chance(4) {
            labels[keys::VELERO_EXCLUDE] = json!("true");
        }
        metadata["labels"] = labels;
        Self::object(Kind::Namespace, metadata, json!({"status": {"phase": "Active"}}))
    }

    /// Another form of a declaration, a record or a namespace of the same name.
    pub(super) fn another_declaration(&mut self, kind: Kind, name: &str) -> Value {
        match kind {
            Kind::Tenant => self.tenant(name),
            Kind::Profile => self.profile(name),
            Kind::Waiver => self.waiver(name),
            Kind::Attestation => self.attestation(name),
            Kind::Namespace => self.namespace(name),
            Kind::TenantRecord => {
                let tenant = name.strip_prefix(keys::RECORD_OF_TENANT_PREFIX).unwrap_or(name).to_owned();
                self.record(&tenant)
            }
            policy => self.policy(policy, name),
        }
    }
}
