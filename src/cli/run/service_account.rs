//! Naming a ServiceAccount on the command line.

use std::str::FromStr;

/// A ServiceAccount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ServiceAccount {
    /// As the API server calls it.
    pub fn user_name(&self) -> String {
        format!("system:serviceaccount:{}:{}", self.namespace, self.name)
    }
}

/// Why a text names no ServiceAccount.
#[derive(Debug, thiserror::Error)]
#[error("found `{0}`, wanted NAMESPACE:NAME, such as velero:velero")]
pub struct ServiceAccountError(String);

impl FromStr for ServiceAccount {
    type Err = ServiceAccountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains(':') => {
                Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
            }
            _ => Err(ServiceAccountError(text.to_owned())),
        }
    }
}
