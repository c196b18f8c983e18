//! The command line, run as users run it: what it prints (golden files), its exit codes, its one-sentence errors.

mod effective;
mod formats;
mod pipelines;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use surety::{
    api::crds,
    core::{catalogue, controls},
    report::coverage::{self, Measure},
};

const NOW: &str = "2026-06-15T12:00:00Z";
const MIXED: &str = "tests/data/check/mixed";
const OFFENDERS: &str = "config/examples";
const SUBCOMMANDS: [&str; 10] =
    ["", "check", "completions", "controls", "coverage", "crds", "effective", "explain", "run", "version"];
const PROFILES: [&str; 5] =
    ["msp-assurance", "grc-workspaces", "dev-assistant", "cloud-workspaces", "processor-baseline"];

/// What a run printed, and how it ended.
#[derive(Debug)]
struct Run {
    stdout: String,
    stderr: String,
    code: i32,
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn command(words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_surety"));
    command.args(words.split_whitespace()).env_clear().current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn surety(words: &str) -> Run {
    surety_with_input(words, "")
}

fn surety_with_input(words: &str, input: &str) -> Run {
    let mut command = command(words);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that does not read its input closes it early.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Run {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap(),
    }
}

fn check(words: &str) -> Run {
    surety(&format!("check --now {NOW} {words}"))
}

fn check_input(words: &str, input: &str) -> Run {
    surety_with_input(&format!("check --now {NOW} {words}"), input)
}

const REGENERATE: &str = "SURETY_UPDATE_GOLDEN=1 cargo test --test it cli";

fn assert_golden(name: &str, found: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cli").join(name);
    if std::env::var_os("SURETY_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == found, "{name} differs; look, then run `{REGENERATE}` and commit. Found:\n{found}");
}

fn findings<'a>(report: &'a Value, part: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    report[part].as_array().unwrap().iter()
}

#[test]
fn help_teaches() {
    for subcommand in SUBCOMMANDS {
        let help = surety(&format!("{subcommand} --help"));
        assert_eq!((help.code, help.stderr.as_str()), (0, ""), "{subcommand}");
        let name = if subcommand.is_empty() { "surety" } else { subcommand };
        assert_golden(&format!("help/{name}.txt"), &help.stdout);
        for part in ["Exit codes: ", "Examples:"] {
            assert!(help.stdout.contains(part), "{subcommand} lacks {part}");
        }
    }
}

#[test]
fn the_version_is_told_in_words_and_as_json() {
    let version = env!("CARGO_PKG_VERSION");
    for words in ["version", "--version"] {
        assert_eq!(surety(words).stdout, format!("surety {version}\n"));
    }
    let json = surety("version --output json").json();
    assert_eq!(json, serde_json::json!({"name": "surety", "version": version}));
}

#[test]
fn the_definitions_are_printed_or_written_into_a_folder() {
    assert_eq!(surety("crds").stdout, crds::yaml().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("new/crds");
    let run = surety(&format!("crds --dir {}", target.display()));
    assert_eq!(run.code, 0, "{run:?}");
    for (name, text) in crds::files().unwrap() {
        assert_eq!(fs::read_to_string(target.join(&name)).unwrap(), text, "{name}");
        assert!(run.stdout.contains(&name), "{run:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = command("crds").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn controls_lists_what_is_built_and_with_all_what_is_planned() {
    let ids = |words: &str| -> BTreeSet<String> {
        let list = surety(words).json();
        list.as_array().unwrap().iter().map(|control| control["id"].as_str().unwrap().to_owned()).collect()
    };
    let built: BTreeSet<String> = controls::all().iter().map(|control| control.id.to_owned()).collect();
    assert_eq!(ids("controls --output json"), built);
    let planned: BTreeSet<String> = catalogue::all().map(|control| control.id.to_owned()).collect();
    assert_eq!(ids("controls --all --output json"), planned);

    let table = surety("controls").stdout;
    for id in &built {
        assert!(table.lines().any(|line| line.starts_with(id)), "{id} does not begin a line of\n{table}");
    }
    assert!(table.ends_with(&format!("{} controls built.\n", built.len())), "{table}");
}

#[test]
fn a_control_is_explained_in_full() {
    assert_golden("control.txt", &surety("explain isolation.host-access").stdout);
    assert_golden("control.json", &surety("explain isolation.host-access -o json").stdout);
    assert_golden("control-planned.txt", &surety("explain governance.threat-detection").stdout);
}

#[test]
fn every_control_can_be_explained() {
    for control in catalogue::all() {
        let run = surety(&format!("explain {} -o json", control.id));
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(run.json()["id"], control.id);
        let is_built = controls::all().iter().any(|built| built.id == control.id);
        // What the API server did is shown by no file.
        let has_example = is_built && control.id != "governance.enforcement-continuous";
        assert_eq!(run.json()["example"]["finding"]["control"] == control.id, has_example, "{}", control.id);
    }
}

#[test]
fn explaining_nothing_lists_what_can_be_explained() {
    assert_eq!(surety("explain").stdout, surety("controls").stdout);
}

#[test]
fn every_shell_gets_a_script_that_knows_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = surety(&format!("completions {shell}"));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{shell}");
        for name in SUBCOMMANDS {
            assert!(run.stdout.contains(name), "{shell} {name}");
        }
    }
}

#[test]
fn coverage_tells_each_promised_cell_and_the_totals() {
    let run = surety("coverage --output json");
    assert_eq!(run.code, 0, "{run:?}");
    let coverage = run.json();
    assert_eq!(coverage["totals"]["all"]["promised"], 251);
    let profiles = coverage["profiles"].as_array().unwrap();
    let commitments = profiles.iter().flat_map(|profile| profile["commitments"].as_array().unwrap());
    let states: Vec<&Value> =
        commitments.flat_map(|commitment| commitment["means"].as_object().unwrap().values()).collect();
    assert_eq!(states.len(), 251);
    let held = states.iter().filter(|cell| cell["state"] == "held").count();
    assert_eq!(coverage["totals"]["all"]["held"], held);
    for cell in states {
        assert_eq!(cell["reason"].is_string(), cell["state"] == "missing", "{cell}");
    }
}

#[test]
fn coverage_as_a_document_is_the_library_s() {
    let measure = Measure::embedded().unwrap();
    let document = coverage::markdown(&coverage::coverage(measure, measure.profiles()));
    assert_eq!(surety("coverage --output markdown").stdout, document);
}

#[test]
fn the_shipped_files_cover_what_the_embedded_ones_do() {
    assert_eq!(
        surety("coverage config/profiles/msp-assurance.yaml --output json").json()["profiles"][0],
        surety("coverage --output json").json()["profiles"][0],
    );
}

#[test]
fn coverage_of_a_profile_of_ones_own_is_what_its_controls_offer() {
    let run = surety(&format!("coverage {MIXED}/platform.yaml -o json"));
    let profile = &run.json()["profiles"][0];
    assert_eq!((&profile["name"], &profile["registered"]), (&"ours".into(), &false.into()));
    for (commitment, control) in
        [("HOST-1", "isolation.host-access"), ("WATCH-1", "governance.threat-detection")]
    {
        let commitments = profile["commitments"].as_array().unwrap();
        let found = commitments.iter().find(|found| found["id"] == commitment).unwrap();
        let means: BTreeSet<&str> = found["means"].as_object().unwrap().keys().map(String::as_str).collect();
        let offers = catalogue::find(control).unwrap().offers.iter().copied().map(coverage::name_of);
        assert_eq!(means, offers.collect(), "{commitment}");
    }
}

#[test]
fn the_samples_conform_alone_and_with_every_profile() {
    let alone = check("config/samples");
    assert_eq!(alone.code, 0, "{}", alone.stdout);
    let all = check("config/samples config/profiles -o json");
    assert_eq!(all.code, 0, "{}", all.stdout);
    assert_eq!(all.json()["tenants"].as_array().unwrap().len(), PROFILES.len());
}

#[test]
fn an_application_is_judged_alone_by_an_embedded_profile_or_by_a_file() {
    let application = "config/samples/application/application.yaml";
    let embedded = check(&format!("{application} --profile msp-assurance -o json"));
    assert_eq!(embedded.code, 0, "{}", embedded.stdout);
    let mut from_file =
        check(&format!("{application} --profile config/profiles/msp-assurance.yaml -o json")).json();
    let mut embedded = embedded.json();
    for report in [&mut from_file, &mut embedded] {
        report.as_object_mut().unwrap().remove("warnings");
    }
    assert_eq!(embedded, from_file);
    assert_eq!(embedded["tenants"][0]["declared"], false);
}

#[test]
fn a_chart_without_namespace_is_judged_in_the_one_that_is_named() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {hostNetwork: true, containers: []}\n";
    for words in ["- -n shop", "-f - --namespace shop"] {
        let run = check_input(&format!("{words} --profile msp-assurance -o json"), pod);
        assert_eq!(run.code, 1, "{run:?}");
        let report = run.json();
        let objects: BTreeSet<String> =
            findings(&report, "violations").map(|finding| finding["object"].to_string()).collect();
        assert_eq!(objects.len(), 1, "{objects:?}");
        let first = findings(&report, "violations").next().unwrap();
        assert_eq!((&first["object"]["namespace"], &first["file"]), (&"shop".into(), &"<stdin>".into()));
        assert_eq!(report["impliedNamespaces"], serde_json::json!(["shop"]));
        assert_eq!(report["tenants"][0]["name"], "(all namespaces)");
    }
}

#[test]
fn namespaces_say_whose_they_are_where_no_tenant_does() {
    let namespace = |name: &str, tenant: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{surety.dev/tenant: {tenant}, \
             pod-security.kubernetes.io/enforce: baseline}}}}\n---\n"
        )
    };
    let two = [namespace("a-prod", "a"), namespace("b-prod", "b")].concat();
    let report = check_input("- --profile msp-assurance -o json", &two).json();
    let names: Vec<&Value> =
        report["tenants"].as_array().unwrap().iter().map(|tenant| &tenant["name"]).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(findings(&report, "violations").count(), 0, "{report}");
}

#[test]
fn what_nobody_can_decide_is_answered_as_the_policy_says() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: acme-prod}\n\
                   spec: {type: LoadBalancer, ports: [{port: 8443}]}\n---\n";
    let policy = |on_unknown: &str| {
        format!(
            "apiVersion: surety.dev/v1alpha1\nkind: EncryptionPolicy\nmetadata: {{name: e}}\nspec:\n  \
             tenantSelector: {{}}\n  onUnknown: {on_unknown}\n  inTransit: {{scope: external}}\n"
        )
    };
    for (on_unknown, code, part) in [("Warn", 0, "unknown"), ("Deny", 1, "violations")] {
        let input = format!("{service}{}", policy(on_unknown));
        let run = check_input(&format!("{MIXED}/platform.yaml - -o json"), &input);
        assert_eq!(run.code, code, "{on_unknown}: {}", run.stdout);
        let report = run.json();
        let told: Vec<&Value> = findings(&report, part).map(|finding| &finding["control"]).collect();
        assert_eq!(told, ["encryption.tls-required"], "{on_unknown}");
    }
}

/// The control that a file offends, by its first line.
fn expected_control(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().next()?.strip_prefix("# expect: ").map(str::to_owned)
}

/// Every offender with the control that it offends.
fn offenders() -> BTreeMap<String, String> {
    let entries = fs::read_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(OFFENDERS)).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    files
        .filter_map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            Some((format!("{OFFENDERS}/{name}"), expected_control(&path)?))
        })
        .collect()
}

#[test]
fn every_offender_is_found_by_its_control_at_its_file() {
    let run = check(&format!("{OFFENDERS} -o json"));
    assert_eq!(run.code, 1, "{run:?}");
    let report = run.json();
    let told: BTreeSet<(String, String)> = findings(&report, "violations")
        .map(|finding| {
            let text = |field: &str| finding[field].as_str().unwrap_or_default().to_owned();
            (text("file"), text("control"))
        })
        .collect();
    let is_built = |control: &str| controls::all().iter().any(|built| built.id == control);
    for (file, control) in offenders() {
        assert!(catalogue::find(&control).is_some(), "{file} expects {control}, which nobody plans");
        let found = told.contains(&(file.clone(), control.clone()));
        assert_eq!(found, is_built(&control), "{file} {control}: {told:?}");
    }
    let offending: BTreeSet<String> = offenders().into_keys().collect();
    let innocent: Vec<_> = told.iter().filter(|(file, _)| !offending.contains(file)).collect();
    assert!(innocent.is_empty(), "{innocent:?}");
}

/// Controls that read what only a running Surety shows: nothing in a file offends them.
const NEVER_IN_FILES: [&str; 1] = ["governance.enforcement-continuous"];

#[test]
fn every_control_has_an_offender() {
    let offended: BTreeSet<String> = offenders().into_values().collect();
    let is_without = |id: &&str| !offended.contains(*id) && !NEVER_IN_FILES.contains(id);
    let without: Vec<&str> = controls::all().iter().map(|control| control.id).filter(is_without).collect();
    assert!(without.is_empty(), "add a file to {OFFENDERS} that offends each of {without:?}");
}

#[test]
fn every_finding_tells_what_where_which_promise_and_the_way_out() {
    let report = check(&format!("{OFFENDERS} -o json")).json();
    for finding in findings(&report, "violations") {
        for field in ["file", "found", "wanted", "fix", "control"] {
            assert!(finding[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {finding}");
        }
        assert!(finding["line"].as_u64().is_some_and(|line| line > 0), "{finding}");
        assert!(!finding["breaks"].as_array().unwrap().is_empty(), "{finding}");
    }
}

#[test]
fn an_outcome_of_every_kind_is_printed_as_ever() {
    let text = check(MIXED);
    assert_eq!(text.code, 1);
    assert_golden("check.txt", &text.stdout);
    assert_golden("check.json", &check(&format!("{MIXED} --output json")).stdout);
    assert_golden("check-quiet.txt", &check(&format!("{MIXED} --quiet")).stdout);
}

#[test]
fn what_is_unknown_is_a_violation_only_when_that_is_asked_for() {
    let files = "config/samples/application tests/data/check/mixed/platform.yaml";
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a, namespace: acme-prod}\n\
                 spec: {storageClassName: unseen}\n";
    let lenient = check_input(&format!("{files} - -o json"), claim);
    assert_eq!(lenient.code, 0, "{}", lenient.stdout);
    let report = lenient.json();
    let unknown: Vec<&Value> = findings(&report, "unknown").collect();
    assert_eq!(unknown.len(), 1, "{unknown:?}");
    assert_eq!(unknown[0]["notInTheseFiles"], "StorageClasses");
    let strict = check_input(&format!("{files} - --strict -o json"), claim);
    assert_eq!(strict.code, 1);
    assert_eq!(strict.stdout, lenient.stdout);
}

#[test]
fn nothing_is_printed_when_all_conforms_and_only_violations_are_wanted() {
    let run = check("config/samples --quiet");
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
}

#[test]
fn a_waiver_accepts_until_it_ends() {
    let at = |now: &str| surety(&format!("check --now {now} {MIXED} -o json")).json();
    let count = |report: &Value, part: &str| findings(report, part).count();
    let before = at("2026-08-31T23:59:59Z");
    let after = at("2026-09-01T00:00:00Z");
    assert_eq!((count(&before, "waived"), count(&after, "waived")), (1, 0));
    // The breach, and a waiver that has no time left.
    assert_eq!(count(&after, "violations"), count(&before, "violations") + 2);
}

#[test]
fn a_declaration_of_wrong_form_is_a_violation_without_a_promise() {
    let waiver = "apiVersion: surety.dev/v1alpha1\nkind: Waiver\nmetadata: {name: w}\nspec:\n  \
                  control: isolation.host-acess\n  scope: {tenantSelector: {}}\n  reason: None that counts.\n  \
                  approver: a@example.com\n  expiresAt: '2026-07-01T00:00:00Z'\n";
    let run = check_input("- -o json", waiver);
    assert_eq!(run.code, 1, "{run:?}");
    let report = run.json();
    let finding = findings(&report, "violations").next().unwrap();
    assert_eq!(finding["control"], Value::Null);
    assert!(finding["fix"].as_str().unwrap().contains("isolation.host-access"), "{finding}");
}

#[test]
fn bad_input_and_usage_end_with_2_and_a_sentence() {
    let empty = tempfile::tempdir().unwrap();
    let empty = empty.path().display();
    for (words, input, told) in [
        ("check no/such/file.yaml".to_owned(), "", "no/such/file.yaml cannot be read"),
        (format!("check {empty}"), "", "holds no file that ends in .yaml"),
        ("check".to_owned(), "", "required arguments"),
        ("check --frobnicate x".to_owned(), "", "unexpected argument"),
        ("check -".to_owned(), "a: {{ .Values.a }}", "render it first"),
        ("check -".to_owned(), "a: [1", "<stdin>:1"),
        (
            "check - --profile msp-assurance".to_owned(),
            "replicas: 1",
            "no object of a kind that Surety judges",
        ),
        (
            "check -".to_owned(),
            "{apiVersion: v1, kind: Pod, metadata: {name: a}}",
            "name a profile with --profile",
        ),
        (
            "check -".to_owned(),
            "{apiVersion: v1, kind: Pod, metadata: {}}",
            "<stdin>:1: Pod has no metadata.name",
        ),
        (
            "check -".to_owned(),
            "{apiVersion: surety.dev/v1alpha1, kind: Tenant, metadata: {name: a}, spec: {enforcement: 3}}",
            "<stdin>:1: Tenant a cannot be read at `spec.enforcement`",
        ),
        ("check - --profile nobody".to_owned(), "", "no profile of that name comes with Surety"),
        (format!("check {MIXED} --profile {MIXED}/replaced.yaml"), "", "holds no Profile"),
        ("coverage tests/data/check/mixed/replaced.yaml".to_owned(), "", "no Profile is among these files"),
        ("explain isolation.host-acess".to_owned(), "", "did you mean `isolation.host-access`?"),
        ("explain zzz".to_owned(), "", "surety controls --all"),
        (format!("effective acm {MIXED}"), "", "there is no Tenant `acm`: did you mean `acme`?"),
        (format!("effective other {MIXED}"), "", "there is no Tenant `other`: there are acme, beta"),
        ("effective acme".to_owned(), "", "required arguments"),
        ("completions tcsh".to_owned(), "", "invalid value 'tcsh'"),
        ("check --selector a=b x".to_owned(), "", "--cluster"),
        (
            "check --cluster --kubeconfig /no/such/file".to_owned(),
            "",
            "the namespaces of the cluster cannot be listed",
        ),
        ("run --webhook-url http://127.0.0.1".to_owned(), "", "wanted https://HOST"),
        ("run --log-level x=y=z".to_owned(), "", "--log-level"),
        ("frobnicate".to_owned(), "", "unrecognized subcommand"),
        (String::new(), "", "Usage"),
    ] {
        let run = surety_with_input(&words, input);
        assert_eq!(run.code, 2, "{words}: {run:?}");
        assert!(run.stderr.contains(told), "{words}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{words}");
    }
}

#[test]
fn a_server_that_cannot_start_ends_with_3_and_says_why() {
    let run = surety("run --kubeconfig /no/such/kubeconfig");
    assert_eq!(run.code, 3, "{run:?}");
    assert!(
        run.stderr.contains("surety: Surety ended: ") && run.stderr.contains("/no/such/kubeconfig"),
        "{run:?}"
    );
}
