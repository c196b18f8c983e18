//! Names that ask for a credential, and values that are one.

use super::assert_all;
use crate::core::credentials::{PASSWORD, detect};

#[test]
fn names_that_ask_for_a_credential_detect_a_literal() {
    let value = "hunter2hunter2";
    let names = "
        PASSWORD DB_PASSWORD db.password dbPassword PGPASSWORD MYSQL_ROOT_PASSWORD POSTGRES_PASSWD
        SMTP_PASS MYSQL_PWD KEY_PASSPHRASE REDISCLI_AUTH spring.datasource.password Password2 PASSWORD_1
        PASSWORD_PLAIN API_KEY apiKey APIKEY x-api-key DD_API_KEY STRIPE_SECRET_KEY SECRET_KEY_BASE
        JWT_SIGNING_KEY ENCRYPTION_KEY STORAGE_ACCOUNT_KEY STORAGE_ACCESS_KEY MASTER_KEY PRIVATE_KEY TOKEN
        ACCESS_TOKEN authToken BOT_TOKEN GITHUB_TOKEN CLIENT_SECRET clientSecret CLIENTSECRET
        WEBHOOK_SECRET SECRET APP_SECRET SECRET_TOKEN example.com/db-password
    ";
    for name in names.split_whitespace() {
        assert_eq!(detect(name, value), Some(PASSWORD), "{name}");
    }
}

#[test]
fn names_that_only_speak_of_a_credential_do_not() {
    let value = "hunter2hunter2";
    let names = "
        PASSWORD_FILE PASSWORD_PATH SECRET_NAME TOKEN_PATH DB_SECRET_REF TOKEN_TTL TOKEN_EXPIRY_SECONDS
        PASSWORD_MIN_LENGTH SECRET_NAMESPACE API_KEY_HEADER PASSWORD_POLICY TOKEN_URL TOKENIZER MAX_TOKENS
        IMAGE_PULL_SECRETS PUBLIC_KEY SSH_KEY_TYPE PRIMARY_KEY SORT_KEY PARTITION_KEY KEYSPACE BYPASS
        COMPASS PASSENGER PWD OLDPWD ACCESS_KEY AWS_ACCESS_KEY_ID TLS_SECRET CERT_SECRET PULL_SECRET
        EXISTING_SECRET PASSWORD_HASH checksum/secret checksum/password SECRET_SHA256 DIGEST_TOKEN HOST
        KEY CREDENTIALS SECRETARY PASSWORD_ENABLED
    ";
    for name in names.split_whitespace() {
        assert_eq!(detect(name, value), None, "{name}");
    }
}

#[test]
fn references_placeholders_paths_and_switches_are_no_credentials() {
    for value in [
        "",
        " ",
        "\"\"",
        "$(DB_PASSWORD)",
        "${DB_PASSWORD}",
        "$DB_PASSWORD",
        "prefix-$(X)",
        "{{ .Values.password }}",
        "{{password}}",
        "<password>",
        "<your password>",
        "[redacted]",
        "%(password)s",
        "%PASSWORD%",
        "__PASSWORD__",
        "@PASSWORD@",
        ":password",
        "`cat /x`",
        "?",
        "$2y$10$abcdefghijklmnopqrstuv",
        "$argon2id$v=19$m=65536",
        "/run/secrets/db",
        "./password.txt",
        "../x",
        "~/.pgpass",
        "C:\\secrets\\x",
        "https://vault.example.com/v1/x",
        "vault:secret/data/db#password",
        "vault://secret/db",
        "ref+vault://x",
        "arn:aws:secretsmanager:eu-1:1:secret:x",
        "op://vault/item/field",
        "ssm:/prod/db",
        "projects/1/secrets/x",
        "secretref:db",
        "file:/x",
        ">>vault:x",
        "true",
        "False",
        "yes",
        "no",
        "on",
        "OFF",
        "enabled",
        "disabled",
        "none",
        "None",
        "null",
        "nil",
        "undefined",
        "optional",
        "required",
        "auto",
        "default",
        "changeit",
        "example",
        "redacted",
        "placeholder",
        "TODO",
        "dummy",
        "fake",
        "unused",
        "not-needed",
        "your-password-here",
        "YOUR_API_KEY",
        "replace-me",
        "REPLACE_ME_PLEASE",
        "xxxxxxxx",
        "********",
        "--------",
        "0",
        "12",
        "123",
        "see the runbook",
        "x",
    ] {
        assert_eq!(detect("DB_PASSWORD", value), None, "{value}");
        assert_eq!(detect("API_KEY", value), None, "{value}");
    }
}

#[test]
fn weak_and_default_passwords_are_passwords() {
    for value in [
        "changeme",
        "password",
        "admin",
        "root",
        "postgres",
        "secret",
        "1234",
        "guest123",
        "Passw0rd!",
        "a-b-c",
        "'quoted'",
    ] {
        assert_eq!(detect("DB_PASSWORD", value), Some(PASSWORD), "{value}");
    }
}

#[test]
fn the_scheme_of_an_authorization_header_is_not_part_of_it() {
    assert_eq!(detect("AUTH_TOKEN", "Bearer hunter2hunter2"), Some(PASSWORD));
    assert_eq!(detect("AUTH_TOKEN", "Bearer $(TOKEN)"), None);
}

#[test]
fn a_secret_may_be_the_name_of_an_object() {
    assert_all(
        &[
            ("DB_SECRET", "orders-db"),
            ("--webhook-tls-secret", "surety-webhook"),
            ("SECRET", "my-app-secrets"),
        ],
        None,
    );
    assert_all(
        &[
            ("DB_SECRET", "hunter2"),
            ("DB_SECRET", "S3cr-et"),
            ("CLIENT_SECRET", "orders-db"),
            ("DB_SECRET", "0rders-db"),
        ],
        Some(PASSWORD),
    );
}

#[test]
fn a_key_may_be_the_name_of_a_key() {
    assert_all(&[("SESSION_KEY", "sid"), ("API_KEY", "apikey")], None);
    assert_all(&[("SESSION_KEY", "sid-1234-abcd")], Some(PASSWORD));
}
