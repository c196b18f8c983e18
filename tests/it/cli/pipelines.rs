//! The commands of `docs/pipelines.md` do what the document says.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

const DOCUMENT: &str = include_str!("../../../docs/pipelines.md");

/// The blocks of the document in one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let parts = DOCUMENT.split("```").skip(1).step_by(2);
    parts.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
}

/// Every line of a shell: those of blocks, and those that pipelines run.
fn lines() -> Vec<String> {
    let mut lines: Vec<String> = blocks("sh").into_iter().flat_map(str::lines).map(str::to_owned).collect();
    for block in blocks("yaml") {
        let pipeline: Value = serde_saphyr::from_str(block).unwrap();
        collect(&pipeline, &mut lines);
    }
    lines
}

fn collect(value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::String(text) if text.starts_with("surety ") => lines.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, lines)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, lines)),
        _ => {}
    }
}

/// A repository as the document assumes it, with what other tools would have rendered.
fn repository(folder: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (from, to) in [
        ("tests/data/check/mixed/platform.yaml", "platform/platform.yaml"),
        ("tests/data/check/mixed/applications.yaml", "apps/applications.yaml"),
        ("tests/data/check/mixed/replaced.yaml", "rendered.yaml"),
    ] {
        fs::create_dir_all(folder.join(to).parent().unwrap()).unwrap();
        fs::copy(root.join(from), folder.join(to)).unwrap();
    }
}

#[test]
fn every_command_runs_where_the_document_says() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    let surety = Path::new(env!("CARGO_BIN_EXE_surety"));
    let lines = lines();
    assert!(lines.len() > 10, "{lines:?}");
    for line in lines.iter().filter(|line| !line.contains("--cluster")) {
        // What other tools render is in a file.
        let line = match line.split_once("| surety ") {
            Some((_, rest)) => format!("cat rendered.yaml | surety {rest}"),
            None if !line.starts_with("surety ") => continue,
            None => line.clone(),
        };
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).current_dir(folder.path()).env_clear();
        shell.env("PATH", format!("{}:/usr/bin:/bin", surety.parent().unwrap().display()));
        let output = shell.output().unwrap();
        let is_expected = match output.status.code() {
            Some(0) => true,
            Some(1) => line.contains("surety check") && !line.contains("test $?"),
            _ => false,
        };
        assert!(is_expected, "{line}: {output:?}");
    }
    let sarif: Value =
        serde_json::from_slice(&fs::read(folder.path().join("surety.sarif")).unwrap()).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let junit = fs::read_to_string(folder.path().join("surety.xml")).unwrap();
    assert!(junit.contains("</testsuites>"), "{junit}");
}
