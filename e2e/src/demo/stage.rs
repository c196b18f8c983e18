//! Before and after the story: what is installed, by the commands that an operator would use, and how to go on by hand.

use std::io;
use std::time::Duration;

use anyhow::Result;

use super::print::Screen;
use super::shell::Shell;
use super::story::{Step, Story};
use crate::surety::Installation;

/// Says what is about to happen.
pub fn introduce(screen: Screen) -> io::Result<()> {
    screen.chapter("Surety: a control plane, two replicas, five promise documents")?;
    screen.remark(
        "Every command below runs as it is printed, in the repository's top folder, against a real API server.",
    )
}

/// Says where the control plane is.
pub fn announce(screen: Screen, shell: &Shell, url: &str, took: Duration) -> io::Result<()> {
    screen.tick(&format!("a Kubernetes control plane serves at {url} after {:.1} s", took.as_secs_f64()))?;
    follow(screen, shell)
}

/// Installs the kinds and the roles, and Velero's kinds as its own installer would.
pub async fn install(story: &mut Story<'_>) -> Result<()> {
    let steps = [
        Step::new("The kinds of Surety, and what it may do", "kubectl apply -k config").showing(3),
        Step::new("The backup engine: Velero's kinds", "kubectl apply -f e2e/data/velero-crds.yaml")
            .showing(3),
        Step::new(
            "All kinds are served",
            "kubectl wait --for=condition=Established --all customresourcedefinitions --timeout=30s",
        )
        .showing(2),
        Step::new(
            "Velero's namespace, its account and a storage location",
            "kubectl apply -f e2e/data/demo/velero.yaml",
        ),
        Step::new("Canaries, by which Surety proves that it refuses", "kubectl apply -k config/canary"),
    ];
    for step in steps {
        story.step(step).await?;
    }
    Ok(())
}

/// Says that Surety runs.
pub async fn is_running(story: &mut Story<'_>, surety: &Installation<'_>) -> Result<()> {
    story.screen().heading("Surety starts, with the roles just installed and nothing more")?;
    let replicas = surety.replicas().len();
    story.expect(
        replicas == 2,
        &format!("{replicas} replicas are ready, and the API server reaches them by a balancer"),
    )?;
    let registered = Step::new(
        "The webhook is registered once Surety knows the cluster",
        "kubectl wait validatingwebhookconfiguration/surety --for=create --timeout=20s",
    );
    story.step(registered).await
}

/// Says how to go on by hand.
pub fn invite(screen: Screen, shell: &Shell) -> io::Result<()> {
    screen.chapter("The cluster stays until Ctrl-C")?;
    follow(screen, shell)?;
    screen.command("kubectl get tenants")?;
    screen.command("kubectl get compliancereport sample-msp-assurance -o yaml")?;
    screen.command("kubectl explain waiver.spec")
}

fn follow(screen: Screen, shell: &Shell) -> io::Result<()> {
    screen.remark("To look around in another terminal:")?;
    screen.command(&format!("export KUBECONFIG={}", shell.kubeconfig().display()))?;
    screen.command(&format!("alias kubectl={}", shell.kubectl().display()))
}
