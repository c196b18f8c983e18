//! The reviews that are sent: as an API server writes them, in namespaces of a fleet. Every second one is refused, every
//! third is an UPDATE.

use e2e::fleet::namespace_name;
use serde_json::{Value, json};

const DEPLOYMENT: &str = include_str!("../../../tests/data/admission/deployment.json");
const POD: &str = include_str!("../../../tests/data/admission/pod.json");
const CLAIM: &str = include_str!("../../../tests/data/admission/pvc.json");
const INGRESS: &str = include_str!("../../../tests/data/admission/ingress.json");

/// What is reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A Deployment, 11 kB.
    Deployment,
    /// A bare pod, 3 kB.
    Pod,
    /// A claim.
    Claim,
    /// An Ingress.
    Ingress,
}

/// Each sort.
pub const SORTS: [Sort; 4] = [Sort::Deployment, Sort::Pod, Sort::Claim, Sort::Ingress];
/// How many different reviews there are of a sort.
pub const DIFFERENT: usize = 60;

/// A review, and what its answer must be.
#[derive(Clone, Debug)]
pub struct Review {
    /// The body.
    pub body: Vec<u8>,
    /// Whether it must be refused.
    pub is_refused: bool,
}

impl Sort {
    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::Pod => "Pod",
            Self::Claim => "PersistentVolumeClaim",
            Self::Ingress => "Ingress",
        }
    }

    const fn sample(self) -> &'static str {
        match self {
            Self::Deployment => DEPLOYMENT,
            Self::Pod => POD,
            Self::Claim => CLAIM,
            Self::Ingress => INGRESS,
        }
    }

    /// The reviews of this sort, for many tenants.
    pub fn reviews(self, tenants: usize) -> Vec<Review> {
        (0..DIFFERENT).map(|at| self.review(at, tenants)).collect()
    }

    fn review(self, at: usize, tenants: usize) -> Review {
        // Every fifth tenant has the same profile; its promises are the ones that the samples are held to.
        let tenant = (at * 5 + 4) % tenants;
        let is_refused = at % 2 == 1;
        let is_update = at % 3 == 2;
        let mut review: Value = serde_json::from_str(self.sample()).unwrap();
        let request = &mut review["request"];
        let namespace = namespace_name(tenant, 0);
        request["uid"] = json!(format!("e30a014a-7eca-4a61-8d93-{at:012}"));
        request["namespace"] = json!(namespace);
        request["object"]["metadata"]["namespace"] = json!(namespace);
        self.conform(&mut request["object"]);
        if is_update {
            request["operation"] = json!("UPDATE");
            request["oldObject"] = request["object"].clone();
            request["object"]["metadata"]["labels"]["version"] = json!("2");
        }
        if is_refused {
            self.offend(&mut request["object"]);
        }
        Review { body: serde_json::to_vec(&review).unwrap(), is_refused }
    }

    /// What the promises of the fleet ask for and the sample does not have.
    fn conform(self, object: &mut Value) {
        if self == Self::Claim {
            object["spec"]["storageClassName"] = json!("encrypted");
        }
    }

    fn offend(self, object: &mut Value) {
        match self {
            Self::Deployment => object["spec"]["template"]["spec"]["hostNetwork"] = json!(true),
            Self::Pod => object["spec"]["hostNetwork"] = json!(true),
            Self::Claim => object["spec"]["storageClassName"] = json!("plain"),
            Self::Ingress => object["spec"]["tls"] = json!([]),
        }
    }
}
