//! Surety as it ships: its image on a real node, installed by helm, its webhook reached through its Service.
//!
//! Where the machine cannot run a node this says why, and is skipped.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::ControlPlane;
use e2e::cli::Cli;
use e2e::kubectl::Kubectl;
use e2e::node::image::{self, Image};
use e2e::node::{self, Node, isolation};
use e2e::stories;
use e2e::stories::runner::{self, Arguments, Programme};
use e2e::stories::{SOON, admitted, refused};
use e2e::world::eventually;
use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::api::PostParams;
use tokio::sync::watch;

static PROGRAMME: Programme<()> = Programme {
    stories: &stories![as_it_ships_it_refuses_through_its_service_and_nobody_notices_the_end_of_a_pod],
    afterwards: &[],
    at_a_time: 1,
};

const NAMESPACE: &str = "surety-system";
const IMAGE: &str = "localhost/surety:e2e";
/// What a rollout may take on a busy machine.
const ROLLOUT: Duration = Duration::from_mins(2);
/// How many objects are asked about at least.
const ENOUGH: u32 = 50;

fn main() -> ExitCode {
    let arguments = Arguments::of_process();
    let selected = PROGRAMME.stories.iter().any(|story| arguments.select(story.name));
    if isolation::is_inside() || arguments.lists || !selected {
        return runner::run(&PROGRAMME, async |_| Ok(()));
    }
    if let Some(why) = isolation::lacking() {
        say(&format!("skipped, because this machine cannot run a node: {why}"));
        say("\ntest result: ok. 0 passed; 0 failed; 1 ignored");
        return ExitCode::SUCCESS;
    }
    match enter() {
        Ok(code) => code,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Builds what is needed, because inside there is no network, and goes there.
fn enter() -> Result<ExitCode> {
    tokio::runtime::Runtime::new()?.block_on(node::provide())?;
    let program = image::static_program()?;
    let status = isolation::enter(std::env::args_os().skip(1), &program)?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn as_it_ships_it_refuses_through_its_service_and_nobody_notices_the_end_of_a_pod(
    (): &(),
) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    isolation::prepare(scratch.path())?;
    let control_plane = ControlPlane::start(node::options()).await?;
    let surety = image::static_program()?;
    let images = [Image::pause(scratch.path())?, Image::surety(scratch.path(), IMAGE, &surety)?];
    let node = Node::start(&control_plane, &images).await?;
    let kubectl = control_plane.kubectl().with_limit(ROLLOUT);
    install(&control_plane.helm().await?.with_limit(ROLLOUT), &kubectl)
        .await
        .with_context(|| logs(&node.pod_logs))?;
    kubectl.apply_text(include_str!("../data/release/promise.yaml")).await?.success()?;
    eventually(SOON, "a refusal", async || {
        refused(&dry_run(&kubectl, OFFENDER).await?, &["isolation.host-access"])?;
        admitted(&dry_run(&kubectl, CONFORMING).await?)?;
        Ok(Some(()))
    })
    .await
    .with_context(|| logs(&node.pod_logs))?;
    pods_end_and_crash(&control_plane, &kubectl).await.with_context(|| logs(&node.pod_logs))?;
    uninstalled(&control_plane.helm().await?, &kubectl).await
}

async fn install(helm: &Cli, kubectl: &Kubectl) -> Result<()> {
    kubectl.apply_text(include_str!("../data/release/namespace.yaml")).await?.success()?;
    let chart = e2e::world::repository("charts/surety");
    let chart = chart.to_str().context("the folder's name is not UTF-8")?;
    let (repository, tag) = IMAGE.rsplit_once(':').context("an image without tag")?;
    let values = format!("image.repository={repository},image.tag={tag},image.pullPolicy=Never");
    helm.must(&["install", "surety", chart, "--namespace", NAMESPACE, "--set", &values]).await?;
    rolled_out(kubectl).await?;
    let service = "jsonpath={.webhooks[*].clientConfig.service.name}";
    eventually(SOON, "the registration", async || {
        let names = kubectl.must(&["get", "validatingwebhookconfiguration/surety", "-o", service]).await?;
        ensure!(names.contains("surety-webhook"), "{names}");
        Ok(Some(()))
    })
    .await
}

async fn rolled_out(kubectl: &Kubectl) -> Result<()> {
    let words = ["rollout", "status", "deployment/surety", "--namespace", NAMESPACE, "--timeout=100s"];
    kubectl.must(&words).await?;
    Ok(())
}

async fn pods(kubectl: &Kubectl) -> Result<Vec<String>> {
    let names = kubectl.must(&["get", "pods", "--namespace", NAMESPACE, "-o", "name"]).await?;
    Ok(names.lines().map(str::to_owned).collect())
}

async fn dry_run(kubectl: &Kubectl, yaml: &str) -> Result<e2e::cli::Output> {
    Ok(kubectl.run_with_input(&["apply", "--dry-run=server", "--filename", "-"], yaml).await?)
}

async fn pods_end_and_crash(control_plane: &ControlPlane, kubectl: &Kubectl) -> Result<()> {
    let pods = pods(kubectl).await?;
    ensure!(pods.len() == 2, "{pods:?}");
    let first = pods.first().context("there is no pod")?;
    let judged = meanwhile(control_plane, async || {
        kubectl.must(&["delete", first, "--namespace", NAMESPACE]).await?;
        rolled_out(kubectl).await
    })
    .await?;
    judged.tell("while a pod was deleted");
    ensure!(judged.refused.is_empty() && judged.admitted == 0, "{judged:#?}");

    // What was sent to a process that is gone has no answer, and is refused closed until the Service knows.
    let judged = meanwhile(control_plane, async || {
        kill_one()?;
        is_restarted(kubectl).await?;
        rolled_out(kubectl).await
    })
    .await?;
    judged.tell("while a pod crashed");
    let unanswered = judged.refused.iter().all(|error| error.contains("failed calling webhook"));
    ensure!(unanswered && judged.admitted == 0, "{judged:#?}");
    Ok(())
}

async fn is_restarted(kubectl: &Kubectl) -> Result<()> {
    let count = "jsonpath={.items[*].status.containerStatuses[*].restartCount}";
    eventually(SOON, "a restarted container", async || {
        let counts = kubectl.must(&["get", "pods", "--namespace", NAMESPACE, "-o", count]).await?;
        Ok(counts.contains('1').then_some(()))
    })
    .await
}

/// Kills one of the processes that run in pods.
fn kill_one() -> Result<()> {
    let numbers =
        fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let of_image = |number: &i32| {
        fs::read_link(format!("/proc/{number}/exe")).is_ok_and(|program| program == Path::new("/surety"))
    };
    let number = numbers.into_iter().find(of_image).context("no process of the image runs")?;
    let process = rustix::process::Pid::from_raw(number).context("no process has this number")?;
    Ok(rustix::process::kill_process(process, rustix::process::Signal::KILL)?)
}

/// What was answered while something happened.
#[derive(Debug, Default)]
struct Judged {
    /// How many objects were asked about that conform, and how many that do not.
    asked: (u32, u32),
    /// Why conforming ones were refused.
    refused: Vec<String>,
    /// How many offending ones were admitted.
    admitted: u32,
}

impl Judged {
    fn tell(&self, when: &str) {
        let (conforming, offending) = self.asked;
        let (refused, admitted) = (self.refused.len(), self.admitted);
        say(&format!(
            "{when}: of {conforming} conforming objects {refused} were refused, of {offending} others {admitted} admitted"
        ));
    }
}

/// Asks about both kinds of objects, one request after the other, until `happens` is over and a while longer.
async fn meanwhile(
    control_plane: &ControlPlane,
    happens: impl AsyncFnOnce() -> Result<()>,
) -> Result<Judged> {
    let deployments: Api<Deployment> = Api::namespaced(control_plane.client().await?, "acme");
    let (conforming, offending): (Deployment, Deployment) =
        (serde_saphyr::from_str(CONFORMING)?, serde_saphyr::from_str(OFFENDER)?);
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let (end, ended) = watch::channel(false);
    let asking = async {
        let mut judged = Judged::default();
        while !*ended.borrow() || judged.asked.0 < ENOUGH {
            judged.asked.0 += 1;
            judged
                .refused
                .extend(deployments.create(&dry, &conforming).await.err().map(|error| error.to_string()));
            judged.asked.1 += 1;
            judged.admitted += u32::from(deployments.create(&dry, &offending).await.is_ok());
        }
        judged
    };
    let happening = async {
        let outcome = happens().await;
        end.send_replace(true);
        outcome
    };
    let (judged, outcome) = tokio::join!(asking, happening);
    outcome?;
    Ok(judged)
}

async fn uninstalled(helm: &Cli, kubectl: &Kubectl) -> Result<()> {
    helm.must(&["uninstall", "surety", "--namespace", NAMESPACE]).await?;
    eventually(ROLLOUT, "an end of the pods and of the registration", async || {
        ensure!(pods(kubectl).await?.is_empty(), "there are pods");
        let found = kubectl.run(&["get", "validatingwebhookconfiguration/surety"]).await?;
        ensure!(found.stderr.contains("NotFound"), "{found:?}");
        admitted(&dry_run(kubectl, OFFENDER).await?)?;
        Ok(Some(()))
    })
    .await
}

/// The end of what each container has printed.
fn logs(folder: &Path) -> String {
    let mut found = String::from("the pods say:");
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let lines: Vec<&str> = text.lines().collect();
                let end = lines.iter().skip(lines.len().saturating_sub(15)).copied();
                found.extend(["\n", &path.display().to_string(), "\n", &end.collect::<Vec<_>>().join("\n")]);
            }
        }
    }
    found
}

const OFFENDER: &str = include_str!("../data/release/offender.yaml");
const CONFORMING: &str = include_str!("../data/release/conforming.yaml");

/// Where nobody reads the output, the exit code still tells.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
