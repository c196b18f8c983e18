//! Longer texts: assignments, commands, bounds.

use super::assert_all;
use crate::core::credentials::{
    DETECTORS, MAX_BYTES, PASSWORD, TOKEN, URL_PASSWORD, detect, detect_in_words,
};

#[test]
fn assignments_inside_a_longer_text_are_read() {
    assert_all(
        &[
            ("JAVA_OPTS", "-Xmx1g -Dspring.datasource.password=hunter2 -Dx=y"),
            ("X", "Server=db;User Id=sa;Password=hunter2;"),
            ("X", "jdbc:postgresql://db/app?user=app&password=hunter2"),
            ("X", "host=db user=app password=hunter2 dbname=x"),
            ("SPRING_APPLICATION_JSON", "{\"db\":{\"user\":\"app\",\"password\":\"hunter2\"}}"),
            ("X", "{ \"apiKey\" : \"hunter2hunter2\" }"),
            ("X", "export PGPASSWORD=hunter2; psql"),
            ("X", "PASSWORD=\"hunter2\" run"),
        ],
        Some(PASSWORD),
    );
}

#[test]
fn assignments_of_anything_else_are_not() {
    assert_all(
        &[
            ("X", "PASSWORD=$(cat /run/secrets/password) run"),
            ("X", "PASSWORD=\"$(cat /run/secrets/password)\" run"),
            ("X", "password=${PASSWORD}"),
            ("X", "[ \"$PASSWORD\" == \"\" ]"),
            ("X", "password="),
            ("X", "password=;user=x"),
            ("X", "select * from t where token=? and password=:password"),
            ("X", "(&(uid={0})(userPassword={1}))"),
            ("X", "token_ttl=3600&max_tokens=4096"),
            ("X", "-Djavax.net.ssl.trustStorePassword=changeit"),
            ("X", "{\"passwordFile\": \"/run/x\", \"password\": \"\", \"token\": null}"),
            ("X", "=hunter2"),
            ("X", "a:b:c"),
            ("X", "the password: required"),
        ],
        None,
    );
}

#[test]
fn words_of_a_command_are_read_one_by_one_and_with_their_flags() {
    for (words, found) in [
        (vec!["--password=hunter2"], vec![0]),
        (vec!["server", "--password", "hunter2", "--verbose"], vec![2]),
        (vec!["--db-password", "$(DB_PASSWORD)"], vec![]),
        (vec!["--password", "--verbose"], vec![]),
        (vec!["--password-file", "/run/secrets/x"], vec![]),
        (vec!["sh", "-c", "mysql --password hunter2"], vec![2]),
        (vec!["sh", "-c", "PGPASSWORD=hunter2 psql"], vec![2]),
        (vec!["--url=postgres://u:hunter2@db", "--token", "hunter2hunter2"], vec![0, 2]),
        (vec!["--token=abc", "hunter2"], vec![0]),
        (vec!["--config", "/etc/proxy/config.yaml"], vec![]),
        (vec!["--wait", "--timeout=120s"], vec![]),
        (vec![], vec![]),
    ] {
        let indices: Vec<usize> = detect_in_words(&words).into_iter().map(|(at, _)| at).collect();
        assert_eq!(indices, found, "{words:?}");
    }
}

#[test]
fn only_the_beginning_of_a_value_is_looked_at_and_never_cut_inside_a_character() {
    let late = format!("{}postgres://u:hunter2@db", " ".repeat(MAX_BYTES));
    assert_eq!(detect("X", &late), None);
    let early = format!("postgres://u:hunter2@db {}", "é".repeat(MAX_BYTES));
    assert_eq!(detect("X", &early), Some(URL_PASSWORD));
}

#[test]
fn the_most_specific_detector_names_the_finding() {
    let token = format!("ghp_{}", "abcdefghijklmnopqrstuvwxyz0123456789");
    assert_eq!(detect("GITHUB_TOKEN", &token), Some(TOKEN));
    assert_eq!(detect("DATABASE_PASSWORD", "postgres://u:hunter2@db"), Some(URL_PASSWORD));
}

#[test]
fn every_detector_is_listed_once() {
    let mut listed = DETECTORS.to_vec();
    listed.sort_unstable();
    assert_eq!(listed, ["card-number", "cloud-key", "password", "private-key", "token", "url-password"]);
}

#[test]
fn nasty_values_are_read_to_their_end() {
    for piece in [
        "=",
        "token=",
        "\"token\":\"",
        "://",
        "a:b@",
        "eyJ.",
        "4111 ",
        "-----BEGIN ",
        "AccountKey=",
        "é=",
        "$(",
        "password=",
    ] {
        let _ = detect("PASSWORD", &piece.repeat(10_000));
        let _ = detect_in_words(&[&piece.repeat(10_000), &piece.repeat(10_000)]);
    }
}
