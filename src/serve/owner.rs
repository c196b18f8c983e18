//! What the registration goes away with: a ClusterRole of the installation, so that the garbage collector takes the
//! registration along and uninstalling needs no living pod.

use std::time::Duration;

use k8s_openapi::{api::rbac::v1::ClusterRole, apimachinery::pkg::apis::meta::v1::OwnerReference};
use kube::{Api, Client};
use tokio::time::timeout;

/// How long the API server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why the owner is not known.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// The API server refused, or there is none.
    #[error(
        "ClusterRole {name}, which the webhook registration is to go away with, cannot be read, so nothing is \
         registered: {source}; name one that is there with --owner-cluster-role, and let Surety get it"
    )]
    Read {
        /// The role.
        name: String,
        /// The API server's answer.
        source: Box<kube::Error>,
    },
    /// No answer in time.
    #[error("ClusterRole {0} cannot be read: no answer within {TIMEOUT:?}")]
    Timeout(String),
    /// It was read without UID.
    #[error("ClusterRole {0} has no UID")]
    WithoutUid(String),
}

/// A reference to a ClusterRole that is there.
pub async fn cluster_role(client: &Client, name: &str) -> Result<OwnerReference, OwnerError> {
    let roles: Api<ClusterRole> = Api::all(client.clone());
    let answer = timeout(TIMEOUT, roles.get_metadata(name)).await;
    let role = answer
        .map_err(|_| OwnerError::Timeout(name.to_owned()))?
        .map_err(|source| OwnerError::Read { name: name.to_owned(), source: Box::new(source) })?;
    let uid = role.metadata.uid.ok_or_else(|| OwnerError::WithoutUid(name.to_owned()))?;
    Ok(OwnerReference {
        api_version: "rbac.authorization.k8s.io/v1".to_owned(),
        kind: "ClusterRole".to_owned(),
        name: name.to_owned(),
        uid,
        ..OwnerReference::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};

    use super::*;

    async fn asked(code: u16, answer: Value) -> Result<OwnerReference, OwnerError> {
        let (service, mut handle) = tower_test::mock::pair::<
            axum::http::Request<kube::client::Body>,
            axum::http::Response<kube::client::Body>,
        >();
        let client = Client::new(service, "default");
        let server = tokio::spawn(async move {
            let (request, respond) = handle.next_request().await.unwrap();
            assert_eq!(
                request.uri().path(),
                "/apis/rbac.authorization.k8s.io/v1/clusterroles/surety-register"
            );
            assert!(request.into_body().collect().await.unwrap().to_bytes().is_empty());
            let body = kube::client::Body::from(answer.to_string().into_bytes());
            respond.send_response(axum::http::Response::builder().status(code).body(body).unwrap());
        });
        let owner = cluster_role(&client, "surety-register").await;
        server.await.unwrap();
        owner
    }

    #[tokio::test]
    async fn a_role_that_is_there_is_referred_to_by_its_uid_and_holds_up_no_deletion() {
        let role = json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
            "metadata": {"name": "surety-register", "uid": "u-1"}});
        let owner = serde_json::to_value(asked(200, role).await.unwrap()).unwrap();
        assert_eq!(
            owner,
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "name": "surety-register",
                "uid": "u-1"})
        );
    }

    #[tokio::test]
    async fn a_role_that_is_gone_is_named_with_what_to_do() {
        let status = json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "NotFound",
            "message": "clusterroles \"surety-register\" not found", "code": 404});
        let message = asked(404, status).await.unwrap_err().to_string();
        for wanted in ["ClusterRole surety-register", "nothing is registered", "--owner-cluster-role"] {
            assert!(message.contains(wanted), "{message}");
        }
    }
}
