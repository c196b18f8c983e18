//! The reviews that are sent: as an API server writes them, in namespaces of a fleet. Every second one is refused, every
//! third is an UPDATE.
#![allow(clippy::indexing_slicing, reason = "a field that a JSON value has not reads as null")]

use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::fleet::namespace_name;

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
    pub body: Bytes,
    /// Whether it must be refused.
    pub is_refused: bool,
}

impl Sort {
    /// What it is called.
    #[must_use]
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
    ///
    /// # Errors
    /// When the sample is not JSON.
    pub fn reviews(self, tenants: usize) -> serde_json::Result<Vec<Review>> {
        (0..DIFFERENT).map(|at| self.review(at, tenants)).collect()
    }

    fn review(self, at: usize, tenants: usize) -> serde_json::Result<Review> {
        // Every fifth tenant has the same profile; its promises are the ones that the samples are held to.
        let tenant = (at * 5 + 4) % tenants;
        let is_refused = at % 2 == 1;
        let is_update = at % 3 == 2;
        let mut review: Value = serde_json::from_str(self.sample())?;
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
        Ok(Review { body: serde_json::to_vec(&review)?.into(), is_refused })
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

/// An UPDATE of exactly so many bytes that must be admitted: a Deployment with more variables than anybody would write,
/// old and new.
///
/// # Errors
/// When the sample is not JSON.
pub fn large(bytes: usize, tenants: usize) -> serde_json::Result<Review> {
    /// Written out, one variable takes up so many bytes.
    const VARIABLE: usize = 100;
    let small = Sort::Deployment.review(0, tenants)?;
    let mut review: Value = serde_json::from_slice(&small.body)?;
    let request = &mut review["request"];
    request["operation"] = json!("UPDATE");
    let room = bytes.saturating_sub(4 * small.body.len());
    let variables: Vec<Value> = (0..room / 2 / VARIABLE)
        .map(|at| json!({"name": format!("SETTING_{at:06}"), "value": format!("value {at:06} {}", "v".repeat(49))}))
        .collect();
    request["object"]["spec"]["template"]["spec"]["containers"][0]["env"] = json!(variables);
    request["oldObject"] = request["object"].clone();
    request["object"]["metadata"]["annotations"]["example.com/padding"] = json!("");
    let padding = bytes.saturating_sub(serde_json::to_vec(&review)?.len());
    review["request"]["object"]["metadata"]["annotations"]["example.com/padding"] =
        json!("x".repeat(padding));
    Ok(Review { body: serde_json::to_vec(&review)?.into(), is_refused: false })
}
