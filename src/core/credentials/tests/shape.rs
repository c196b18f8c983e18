//! Credentials that are told by their shape. The values are made up, and put together so that no scanner takes this file for a leak.

use super::assert_all;
use crate::core::credentials::{CARD_NUMBER, CLOUD_KEY, PASSWORD, PRIVATE_KEY, TOKEN, URL_PASSWORD, detect};

#[test]
fn keys_of_cloud_providers_are_told_by_shape() {
    let lasting = format!("AKIA{}", "ABCDEFGH23456789");
    let temporary = format!("ASIA{}", "ABCDEFGH23456789");
    let secret = "wJalrXUtnFEMIabcdefghijklmnop/K7MDENGbPx";
    let azure = format!(
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={}==;EndpointSuffix=x",
        "Zm9v".repeat(21)
    );
    let bus = format!("Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey={}=", "Zm9v".repeat(11));
    let gcp = format!(
        "{{\"type\": \"service_account\", \"private_key\": \"-----BEGIN {} KEY-----\\nMIIE\"}}",
        "PRIVATE"
    );
    assert_all(
        &[
            ("X", &lasting),
            ("X", &temporary),
            ("X", &format!("id={lasting}, more")),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("aws.secretAccessKey", secret),
            ("X", &format!("[default]\naws_secret_access_key={secret}\n")),
            ("CONNECTION", &azure),
            ("CONNECTION", &bus),
            ("GOOGLE_CREDENTIALS_JSON", &gcp),
        ],
        Some(CLOUD_KEY),
    );
    assert_eq!(detect("STRIPE_SECRET_KEY", secret), Some(PASSWORD), "of somebody else");
}

#[test]
fn what_only_looks_like_a_cloud_key_is_none() {
    assert_all(
        &[
            ("X", "AKIAIOSFODNN7EXAMPLE"),
            ("X", "AKIAABCDEFGH2345678"),
            ("X", "AKIAABCDEFGH234567890"),
            ("X", "XAKIAABCDEFGH23456789"),
            ("X", "AKIAabcdefgh23456789"),
            ("COMMIT", "wJalrXUtnFEMIabcdefghijklmnop/K7MDENGbPx"),
            ("X", "AccountKey=short"),
            ("X", "{\"type\": \"service_account\", \"client_email\": \"x\"}"),
        ],
        None,
    );
}

#[test]
fn private_keys_are_told_by_their_header() {
    for label in ["RSA PRIVATE", "EC PRIVATE", "PRIVATE", "OPENSSH PRIVATE", "ENCRYPTED PRIVATE"] {
        let pem = format!("-----BEGIN {label} KEY-----\nMIIEpAIBAAKCAQEA\n-----END {label} KEY-----");
        assert_eq!(detect("X", &pem), Some(PRIVATE_KEY), "{label}");
    }
    let pgp = format!("-----BEGIN PGP {} KEY BLOCK-----", "PRIVATE");
    assert_eq!(detect("X", &pgp), Some(PRIVATE_KEY));
    assert_all(
        &[
            ("X", "-----BEGIN CERTIFICATE-----\nMIID"),
            ("X", "-----BEGIN PUBLIC KEY-----\nMIIB"),
            ("X", "PRIVATE KEY"),
        ],
        None,
    );
}

#[test]
fn tokens_are_told_by_their_prefix() {
    let letters = "abcdefghijklmnopqrstuvwxyz0123456789ABCD";
    for token in [
        format!("ghp_{}", &letters[..36]),
        format!("gho_{}", &letters[..36]),
        format!("ghs_{}", &letters[..36]),
        format!("github_pat_{}", &letters[..30]),
        format!("glpat-{}", &letters[..20]),
        format!("xoxb-{}", &letters[..24]),
        format!("sk_live_{}", &letters[..24]),
        format!("rk_live_{}", &letters[..24]),
        format!("npm_{}", &letters[..36]),
        format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{}", &letters[..30]),
    ] {
        assert_eq!(detect("X", &token), Some(TOKEN), "{token}");
        assert_eq!(
            detect("", &format!("curl -H \"Authorization: token {token}\" x")),
            Some(TOKEN),
            "{token}"
        );
        assert_eq!(detect("URL", &format!("https://{token}@example.com/x")), Some(TOKEN), "{token}");
    }
}

#[test]
fn what_only_starts_like_a_token_is_none() {
    let letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    assert_all(
        &[
            ("X", "ghp_short"),
            ("X", &format!("ghp_{}", "x".repeat(36))),
            ("X", &format!("xghp_{letters}")),
            ("X", &format!("sk_test_{letters}")),
            ("X", "npm_config_registry"),
            ("X", "xoxb-"),
            ("X", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."),
            ("X", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0"),
            ("X", "eyJ.eyJ.x"),
            ("X", "example.com.glpat.example"),
        ],
        None,
    );
}

#[test]
fn a_password_in_a_url_is_found_wherever_the_url_stands() {
    assert_all(
        &[
            ("DATABASE_URL", "postgres://app:hunter2@db:5432/app"),
            ("X", "redis://:hunter2@redis:6379"),
            ("X", "jdbc:mysql://app:hunter2@db/app"),
            ("X", "amqp://guest:guest@mq"),
            ("X", "mongodb+srv://u:hunter2@a.example.com,b.example.com/db"),
            ("X", "first https://example.com/ then https://u:hunter2@example.com/x"),
            ("X", "postgres://postgres:password@db"),
            ("X", "https://u:p%40ss@example.com"),
        ],
        Some(URL_PASSWORD),
    );
}

#[test]
fn a_url_without_a_literal_password_is_none() {
    assert_all(
        &[
            ("X", "postgres://app@db:5432/app"),
            ("X", "postgres://app:$(DB_PASSWORD)@db/app"),
            ("X", "postgres://app:${DB_PASSWORD}@db/app"),
            ("X", "postgres://$(USER):$(PASSWORD)@$(HOST)/app"),
            ("X", "postgres://app:{{ .password }}@db"),
            ("X", "postgres://app:<password>@db"),
            ("X", "postgres://USER:PASSWORD@HOST/DB"),
            ("X", "postgres://app:@db"),
            ("X", "postgres://app:****@db"),
            ("X", "https://example.com:8443/a@b"),
            ("X", "https://example.com/a:b@c"),
            ("X", "http://otel.monitoring.svc:4317"),
            ("X", "user:hunter2@host"),
            ("X", "://"),
        ],
        None,
    );
}

#[test]
fn card_numbers_are_told_by_beginning_length_and_check_digit() {
    assert_all(
        &[
            ("X", "4111111111111111"),
            ("X", "4111 1111 1111 1111"),
            ("X", "5555-5555-5555-4444"),
            ("X", "card 378282246310005 end"),
            ("X", "3782 822463 10005"),
            ("X", "6011111111111117"),
            ("X", "3530111333300000"),
            ("X", "30569309025904"),
            ("X", "2223003122003222"),
            ("X", "4222222222222"),
        ],
        Some(CARD_NUMBER),
    );
}

#[test]
fn other_numbers_are_no_cards() {
    assert_all(
        &[
            ("X", "4111111111111112"),
            ("X", "0000000000000000"),
            ("X", "1767320220000000000"),
            ("X", "9111111111111111"),
            ("X", "41111111111111111"),
            ("X", "a4111111111111111"),
            ("X", "4111111111111111f"),
            ("X", "41111111-1111-1111-1111-111111111111"),
            ("X", "2026-01-02 03:04:05 4111"),
            ("X", "10.111.111.111"),
            ("X", "411111111111"),
        ],
        None,
    );
}

#[test]
fn entropy_alone_never_detects() {
    assert_all(
        &[
            ("DIGEST", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"),
            (
                "IMAGE",
                "registry.example.test/app@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
            ),
            ("ID", "6a1f0c1e-3d0e-4f43-9f0a-2b1c6e7d8a90"),
            ("BLOB", "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"),
        ],
        None,
    );
}
