//! Services, Ingresses, network policies.

use serde_json::{Value, json};
use surety::core::facts::Kind;

use super::{Maker, Objects, words};

impl Maker {
    pub(super) fn add_network(&mut self, objects: &mut Objects) {
        for _ in 0..self.random.between(0, 2) {
            let (place, name) = (self.place(), self.random.pick(&["fence", "open"]));
            let value = self.network_policy(place, name);
            objects.add(Kind::NetworkPolicy, value);
        }
        for _ in 0..self.random.pick(&[0, 0, 1]) {
            let place = self.place();
            let value = self.service(place, "web");
            objects.add(Kind::Service, value);
        }
        for _ in 0..self.random.pick(&[0, 0, 1]) {
            let place = self.place();
            let value = self.ingress(place, "web");
            objects.add(Kind::Ingress, value);
        }
    }

    fn network_policy(&mut self, namespace: &str, name: &str) -> Value {
        let metadata = self.metadata(Kind::NetworkPolicy, namespace, name);
        let mut spec = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
        if !self.careful() {
            match self.random.below(8) {
                0 => spec["policyTypes"] = json!(["Ingress"]),
                1 => spec["podSelector"] = json!({"matchLabels": {"app": "web"}}),
                2 => spec["ingress"] = json!([{}]),
                3 => spec["egress"] = json!([{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]),
                4 => spec["ingress"] = json!([{"from": [{"namespaceSelector": {}}]}]),
                5 => spec["ingress"] = json!([{"from": [self.reaching()]}]),
                6 => spec["egress"] = json!([{"to": [self.reaching()]}]),
                _ => drop(spec.as_object_mut().unwrap().remove("policyTypes")),
            }
        }
        if self.random.chance(20) {
            spec["egress"] =
                json!([{"to": [{"podSelector": {"matchLabels": {"app": "db"}}}], "ports": [{"port": 53}]}]);
        }
        Self::object(Kind::NetworkPolicy, metadata, json!({"spec": spec}))
    }

    /// A peer by its namespace: by name, by Surety's label, by a label that any may carry.
    fn reaching(&mut self) -> Value {
        let place = self.place();
        let labels = match self.random.below(3) {
            0 => json!({"kubernetes.io/metadata.name": place}),
            1 => json!({"surety.dev/tenant": "one"}),
            _ => json!({"surety.dev/environment": "production"}),
        };
        json!({"namespaceSelector": {"matchLabels": labels}})
    }

    fn service(&mut self, namespace: &str, name: &str) -> Value {
        let mut metadata = self.metadata(Kind::Service, namespace, name);
        let service_type =
            self.random.pick(&["ClusterIP", "NodePort", "LoadBalancer", "LoadBalancer", "ExternalName"]);
        if self.random.chance(60) {
            let mut annotations = json!({"service.beta.kubernetes.io/aws-load-balancer-ssl-cert": "arn:aws:acm:eu:1:certificate/1"});
            if self.random.chance(50) {
                let ports = self.random.pick(&["*", "443", "https", ""]);
                annotations["service.beta.kubernetes.io/aws-load-balancer-ssl-ports"] = json!(ports);
            }
            metadata["annotations"] = annotations;
        }
        let ports =
            json!([{"name": "https", "port": 443}, {"name": "http", "port": 80, "appProtocol": "http"}]);
        let ports = if self.random.chance(60) { json!([ports[0]]) } else { ports };
        Self::object(Kind::Service, metadata, json!({"spec": {"type": service_type, "ports": ports}}))
    }

    fn ingress(&mut self, namespace: &str, name: &str) -> Value {
        let mut metadata = self.metadata(Kind::Ingress, namespace, name);
        let class = self.random.pick(&["nginx", "nginx", "traefik", "gce", "alb", "other"]);
        let hosts = self.random.some_of(&words::HOSTS);
        let rules: Vec<Value> = hosts.iter().map(|host| json!({"host": host})).collect();
        let mut spec = json!({"ingressClassName": class, "rules": rules});
        if self.random.chance(10) {
            spec["defaultBackend"] = json!({"service": {"name": "web", "port": {"number": 80}}});
        }
        if self.careful() {
            spec["tls"] = json!([{"hosts": hosts, "secretName": "web-tls"}]);
        } else if self.random.chance(50) {
            spec["tls"] = json!([{"hosts": ["*.example.com"], "secretName": "web-tls"}, {}]);
        }
        let known = [
            ("nginx.ingress.kubernetes.io/ssl-redirect", "false"),
            ("nginx.ingress.kubernetes.io/force-ssl-redirect", "true"),
            ("nginx.ingress.kubernetes.io/configuration-snippet", "return 200;"),
            ("traefik.ingress.kubernetes.io/router.tls", "true"),
            ("traefik.ingress.kubernetes.io/router.entrypoints", "websecure"),
            ("kubernetes.io/ingress.allow-http", "false"),
            ("networking.gke.io/v1beta1.FrontendConfig", "front"),
            ("networking.gke.io/managed-certificates", "web"),
            ("ingress.gcp.kubernetes.io/pre-shared-cert", "web"),
            ("alb.ingress.kubernetes.io/certificate-arn", "arn:aws:acm:eu:1:certificate/1"),
            ("alb.ingress.kubernetes.io/listen-ports", "[{\"HTTP\": 80}, {\"HTTPS\": 443}]"),
            ("alb.ingress.kubernetes.io/ssl-redirect", "443"),
        ];
        let mut annotations = json!({});
        for (key, value) in known {
            if self.random.chance(15) {
                annotations[key] = json!(value);
            }
        }
        metadata["annotations"] = annotations;
        Self::object(Kind::Ingress, metadata, json!({"spec": spec}))
    }

    /// Another form of the same name.
    pub(super) fn another_of_network(&mut self, kind: Kind, namespace: &str, name: &str) -> Value {
        match kind {
            Kind::NetworkPolicy => self.network_policy(namespace, name),
            Kind::Service => self.service(namespace, name),
            _ => self.ingress(namespace, name),
        }
    }
}
