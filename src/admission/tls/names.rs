//! The names that a leaf stands for.

use axum::http::Uri;

use super::TlsError;

/// The names under which the API server reaches the webhook: that of the Service, and the host of a URL where the
/// registration names one (both names of a loopback host, since either may be written).
pub fn server_names(service: &str, namespace: &str, url: Option<&str>) -> Result<Vec<String>, TlsError> {
    let mut names = vec![format!("{service}.{namespace}.svc")];
    if let Some(url) = url {
        let host = host_of(url)?;
        if host == "127.0.0.1" || host == "localhost" {
            names.extend(["127.0.0.1".to_owned(), "localhost".to_owned()]);
        } else {
            names.push(host);
        }
    }
    Ok(names)
}

fn host_of(url: &str) -> Result<String, TlsError> {
    let uri: Uri = url.parse().map_err(|_| TlsError::Url(url.to_owned()))?;
    // An IPv6 address stands in brackets in a URL and without in a certificate.
    let host = uri.host().map(|host| host.trim_start_matches('[').trim_end_matches(']'));
    host.filter(|host| !host.is_empty()).map(str::to_owned).ok_or_else(|| TlsError::Url(url.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use super::*;

    #[test]
    fn a_service_has_the_name_that_the_api_server_uses() {
        assert_eq!(
            server_names("surety-webhook", "surety-system", None).unwrap(),
            ["surety-webhook.surety-system.svc"]
        );
    }

    #[test]
    fn a_loopback_url_adds_both_names_of_the_host_and_another_url_its_own() {
        for (url, added) in [
            ("https://127.0.0.1:9443", vec!["127.0.0.1", "localhost"]),
            ("https://localhost:9443/x", vec!["127.0.0.1", "localhost"]),
            ("https://surety.internal", vec!["surety.internal"]),
            ("https://[::1]:9443", vec!["::1"]),
        ] {
            let names = server_names("w", "ns", Some(url)).unwrap();
            assert_eq!(names.get(1..).unwrap(), added, "{url}");
        }
    }

    #[test]
    fn a_url_without_host_is_refused_with_its_text() {
        let error = server_names("w", "ns", Some("/admit")).unwrap_err().to_string();
        assert!(error.contains("\"/admit\""), "{error}");
    }
}
