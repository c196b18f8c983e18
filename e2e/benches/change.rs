//! What one change costs, in instructions, in fleets of ten and of a thousand tenants: it should not know the difference.
//! Counted by callgrind, which counts nothing but the change; at ten thousand tenants once by time.
//!
//! `cargo bench -p e2e --bench change -- [TENANTS] [--without-ten-thousand]`. Needs valgrind, under which a fleet of a
//! thousand tenants takes about ten minutes to build.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::panic,
    missing_docs,
    reason = "a bench prints, and may stop at the first surprise"
)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::fleet::{Fleet, now};
use serde_json::{Value, json};
use surety::core::facts::{Change, Kind};
use surety::decode;
use surety::reconcile::book::Book;

const FEW: usize = 10;
const MANY: usize = 1000;
const MOST: usize = 10_000;
/// How often a change is made for one measurement of its time.
const TIMED: u32 = 2000;

/// One way to change an object, and back.
struct Way {
    name: &'static str,
    function: &'static str,
    kind: Kind,
    change: fn(&mut Value),
    counted: fn(&mut Book, Change),
}

/// A function for each way, whose name callgrind tells.
macro_rules! ways {
    ($($function:ident = $name:literal, $kind:ident, $change:expr;)*) => {
        $(#[inline(never)]
        fn $function(book: &mut Book, change: Change) {
            // Functions that are alike would become one.
            std::hint::black_box(stringify!($function));
            book.apply(change, now());
        })*
        const WAYS: &[Way] = &[$(Way {
            name: $name, function: stringify!($function), kind: Kind::$kind, change: $change, counted: $function,
        }),*];
    };
}

ways! {
    change_of_status = "a Deployment, only its status", Deployment, |object| object["status"]["readyReplicas"] = json!(4);
    change_of_image = "a Deployment, another image", Deployment, |object| {
        object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("registry.example.com/app:2");
    };
    change_of_pod = "a pod of a StatefulSet, another node", Pod, |object| object["spec"]["nodeName"] = json!("node-9");
    change_of_claim = "a claim, another class", PersistentVolumeClaim, |object| object["spec"]["storageClassName"] = json!("plain");
    change_of_ingress = "an Ingress loses its TLS", Ingress, |object| object["spec"]["tls"] = json!([]);
    change_of_service = "a Service, another port", Service, |object| object["spec"]["ports"][0]["port"] = json!(81);
    change_of_fence = "a NetworkPolicy opens", NetworkPolicy, |object| object["spec"]["policyTypes"] = json!(["Ingress"]);
    change_of_point = "a recovery point fails", VeleroBackup, |object| object["status"]["phase"] = json!("Failed");
    change_of_namespace = "a namespace, another label", Namespace, |object| object["metadata"]["labels"]["team"] = json!("blue");
}

impl Way {
    /// Two forms of one object of a tenant in the middle, which come by turns, so that every one is a change.
    fn forms(&self, tenants: usize) -> [Change; 2] {
        let fleet = Fleet { tenants };
        let count = fleet.objects(self.kind).count();
        let mut object = fleet.objects(self.kind).nth(count / 2).unwrap();
        let first = read(self.kind, &object);
        (self.change)(&mut object);
        [read(self.kind, &object), first]
    }
}

fn read(kind: Kind, object: &Value) -> Change {
    Change::Apply(decode::object(kind, object.to_string().as_bytes()).unwrap())
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|word| word == "counted") {
        return count(arguments[at + 1].parse()?);
    }
    let many = arguments.iter().find_map(|word| word.parse().ok()).unwrap_or(MANY);
    println!("One change in fleets of {FEW} and of {many} tenants, in instructions\n");
    let (few, many) = (counts(FEW)?, counts(many)?);
    for ((way, few), many) in WAYS.iter().zip(few).zip(many) {
        #[allow(clippy::cast_precision_loss, reason = "counts of instructions")]
        let ratio = many as f64 / few as f64;
        println!("  {:<40} {few:>10} {many:>10}   {ratio:>5.2} times", way.name);
    }
    if !arguments.iter().any(|word| word == "--without-ten-thousand") {
        compare_times()?;
    }
    Ok(())
}

/// Makes each change once unseen, and once more to be counted.
fn count(tenants: usize) -> Result<()> {
    let mut book = Fleet { tenants }.book()?;
    for way in WAYS {
        let [there, back] = way.forms(tenants);
        book.apply(there.clone(), now());
        book.apply(back, now());
        (way.counted)(&mut book, there);
    }
    Ok(())
}

/// What callgrind counts below each way's function.
fn counts(tenants: usize) -> Result<Vec<u64>> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("callgrind.out");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*change_of_*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe()?)
        .args(["counted", &tenants.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("valgrind cannot be run: install it")?;
    ensure!(status.success(), "valgrind ended with {status}");
    let told =
        Command::new("callgrind_annotate").args(["--inclusive=yes", "--threshold=100"]).arg(&out).output()?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    WAYS.iter().map(|way| instructions(&told, way)).collect()
}

fn instructions(told: &str, way: &Way) -> Result<u64> {
    let line = told.lines().find(|line| line.contains(way.function));
    let line = line.with_context(|| format!("callgrind tells nothing of {}:\n{told}", way.function))?;
    let number: String =
        line.trim_start().chars().take_while(|sign| sign.is_ascii_digit() || *sign == ',').collect();
    Ok(number.replace(',', "").parse()?)
}

/// Ten thousand tenants are too many for callgrind: the time of many changes is compared, by turns.
fn compare_times() -> Result<()> {
    println!("\nOne change in fleets of {FEW} and of {MOST} tenants, by time\n");
    let (mut few, mut most) = (Fleet { tenants: FEW }.book()?, Fleet { tenants: MOST }.book()?);
    for way in WAYS {
        let (of_few, of_most) = (way.forms(FEW), way.forms(MOST));
        let mut times = [Duration::MAX; 2];
        for _ in 0..5 {
            times[0] = times[0].min(time(way, &mut few, &of_few));
            times[1] = times[1].min(time(way, &mut most, &of_most));
        }
        let [few, most] = times;
        println!(
            "  {:<40} {few:>10.1?} {most:>10.1?}   {:>5.2} times",
            way.name,
            most.as_secs_f64() / few.as_secs_f64()
        );
    }
    Ok(())
}

fn time(way: &Way, book: &mut Book, forms: &[Change; 2]) -> Duration {
    let started = Instant::now();
    for turn in 0..TIMED {
        (way.counted)(book, forms[turn as usize % 2].clone());
    }
    started.elapsed() / TIMED
}
