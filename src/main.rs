//! Starts Surety and turns its result into an exit code.
use clap::Parser;
#[derive(Parser)]
struct A {
    cmd: String,
    #[arg(long)]
    kubeconfig: Option<std::path::PathBuf>,
    #[arg(long)]
    webhook_url: Option<String>,
    #[arg(long)]
    listen: std::net::SocketAddr,
    #[arg(long)]
    metrics_listen: std::net::SocketAddr,
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let a = A::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .init();
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    surety::serve::run(surety::serve::config::Config {
        kubeconfig: a.kubeconfig,
        listen: a.listen,
        metrics_listen: a.metrics_listen,
        webhook_url: a.webhook_url,
        service_name: "surety-webhook".into(),
        service_port: 443,
        namespace: "surety-system".into(),
        replica: "local".into(),
        user: "system:serviceaccount:surety-system:surety".into(),
        engine_namespaces: vec!["velero".into()],
        component_users: vec!["system:serviceaccount:velero:velero".into()],
        break_glass_groups: vec![],
        conform_fails_open: false,
    })
    .await
}
