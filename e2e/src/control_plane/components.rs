//! The programs of a control plane with their flags, each started on a free port and waited for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::Options;
use super::files::Files;
use crate::http;
use crate::ports;
use crate::process::{Process, ProcessError, command};
use crate::sandbox::Sandbox;

/// Many times what a start takes on a busy machine of two cores.
const START_LIMIT: Duration = Duration::from_mins(2);
/// What the API server is started with, the same again after a stop.
#[derive(Debug)]
pub(super) struct Apiserver {
    program: PathBuf,
    etcd_port: u16,
    port: u16,
    pub audit: bool,
    extra_flags: Vec<String>,
}

impl Apiserver {
    pub(super) fn new(program: &Path, etcd_port: u16, port: u16, options: &Options) -> Self {
        let extra_flags = options.apiserver_flags.clone();
        Self { program: program.to_owned(), etcd_port, port, audit: options.audit, extra_flags }
    }

    pub(super) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }
}

/// Whether a server ended because somebody else listens on its port.
pub(super) fn lost_its_port(log: &str) -> bool {
    log.contains("address already in use")
}

/// Starts etcd without syncing to disk: its data does not outlive the test.
pub(super) async fn start_etcd(
    sandbox: &Sandbox,
    program: &Path,
    port: u16,
) -> Result<Process, ProcessError> {
    let free = |source| ProcessError::Start { name: "etcd".to_owned(), source };
    let peer = format!("http://127.0.0.1:{}", ports::free().map_err(free)?);
    let client = format!("http://127.0.0.1:{port}");
    // The name is looked for in the answer, for on this port somebody else's etcd could answer.
    let name = format!("e2e-{}-{port}", std::process::id());
    let data = sandbox.folder().join("etcd");
    let flags = [
        format!("--name={name}"),
        format!("--data-dir={}", data.display()),
        "--unsafe-no-fsync".to_owned(),
        "--log-level=warn".to_owned(),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster={name}={peer}"),
    ];
    let mut etcd = Process::spawn(sandbox, "etcd", command(program, flags))?;
    let probe = async || match http::post(port, "/v3/cluster/member/list", "{}").await {
        Ok(answer) if answer.body.contains(&name) => Ok(()),
        Ok(answer) => Err(format!("{} {}", answer.status, answer.body)),
        Err(error) => Err(error.to_string()),
    };
    etcd.wait_until("a list of its members", START_LIMIT, probe).await?;
    Ok(etcd)
}

/// Starts the API server and waits for its /readyz.
pub(super) async fn start_apiserver(
    sandbox: &Sandbox,
    settings: &Apiserver,
    files: &Files,
    client: &kube::Client,
) -> Result<Process, ProcessError> {
    let mut apiserver = Process::spawn(sandbox, "kube-apiserver", apiserver_command(settings, files))?;
    let probe = async || readyz(client).await;
    apiserver.wait_until("/readyz", START_LIMIT, probe).await?;
    Ok(apiserver)
}

async fn readyz(client: &kube::Client) -> Result<(), String> {
    let request = http_request("/readyz").map_err(|error| error.to_string())?;
    match tokio::time::timeout(Duration::from_secs(5), client.request_text(request)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(elapsed) => Err(elapsed.to_string()),
    }
}

/// A GET of a path that no typed API covers.
pub(crate) fn http_request(path: &str) -> Result<::http::Request<Vec<u8>>, ::http::Error> {
    ::http::Request::get(path).body(Vec::new())
}

fn apiserver_command(settings: &Apiserver, files: &Files) -> Command {
    let mut command = Command::new(&settings.program);
    command
        .arg(format!("--etcd-servers=http://127.0.0.1:{}", settings.etcd_port))
        .arg(format!("--secure-port={}", settings.port))
        .args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"])
        // A loopback address cannot be an endpoint of the service `kubernetes`.
        .arg("--endpoint-reconciler-type=none")
        .arg("--service-cluster-ip-range=10.0.0.0/24")
        .arg("--authorization-mode=Node,RBAC")
        .arg("--allow-privileged=true")
        .arg("--service-account-issuer=https://kubernetes.default.svc")
        .arg(flag("--tls-cert-file", &files.serving_certificate))
        .arg(flag("--tls-private-key-file", &files.serving_key))
        .arg(flag("--client-ca-file", &files.authority_certificate))
        .arg(flag("--service-account-key-file", &files.token_public_key))
        .arg(flag("--service-account-signing-key-file", &files.token_key));
    if settings.audit {
        command
            // Readers keep their place in the file, so it must not be rotated away.
            .arg("--audit-log-maxsize=0")
            .arg(flag("--audit-log-path", &files.audit_log))
            .arg(flag("--audit-policy-file", &files.audit_policy));
    }
    command.args(&settings.extra_flags);
    command
}

/// Starts the controllers. They serve nothing, and are known to work by what they make.
pub(super) fn start_controller_manager(
    sandbox: &Sandbox,
    program: &Path,
    files: &Files,
) -> Result<Process, ProcessError> {
    let mut command = Command::new(program);
    command
        .arg(flag("--kubeconfig", &files.controller_manager_kubeconfig))
        .arg(flag("--authentication-kubeconfig", &files.controller_manager_kubeconfig))
        .arg(flag("--authorization-kubeconfig", &files.controller_manager_kubeconfig))
        .args(["--secure-port=0", "--leader-elect=false", "--controllers=*"])
        .arg("--use-service-account-credentials=true")
        .arg(flag("--service-account-private-key-file", &files.token_key))
        .arg(flag("--root-ca-file", &files.authority_certificate))
        .arg(flag("--cluster-signing-cert-file", &files.authority_certificate))
        .arg(flag("--cluster-signing-key-file", &files.authority_key))
        // With the default rate the first ServiceAccount appears after 6 s instead of 1 s.
        .args(["--kube-api-qps=500", "--kube-api-burst=1000"]);
    Process::spawn(sandbox, "kube-controller-manager", command)
}

/// Starts the scheduler.
pub(super) fn start_scheduler(
    sandbox: &Sandbox,
    program: &Path,
    files: &Files,
) -> Result<Process, ProcessError> {
    let mut command = Command::new(program);
    command
        .arg(flag("--kubeconfig", &files.scheduler_kubeconfig))
        .arg(flag("--authentication-kubeconfig", &files.scheduler_kubeconfig))
        .arg(flag("--authorization-kubeconfig", &files.scheduler_kubeconfig))
        .args(["--secure-port=0", "--leader-elect=false"]);
    Process::spawn(sandbox, "kube-scheduler", command)
}

/// Waits until the controllers have given the namespace `default` what every pod needs.
pub(super) async fn controllers_work(
    controllers: &mut Process,
    client: &kube::Client,
) -> Result<(), ProcessError> {
    use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
    let accounts: kube::Api<ServiceAccount> = kube::Api::namespaced(client.clone(), "default");
    let maps: kube::Api<ConfigMap> = kube::Api::namespaced(client.clone(), "default");
    let probe = async || {
        let found = async { Ok((accounts.get("default").await?, maps.get("kube-root-ca.crt").await?)) };
        match tokio::time::timeout(Duration::from_secs(5), found).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err::<(), String>(kube::Error::to_string(&error)),
            Err(elapsed) => Err(elapsed.to_string()),
        }
    };
    controllers.wait_until("the default ServiceAccount", START_LIMIT, probe).await
}

fn flag(name: &str, file: &Path) -> OsString {
    let mut flag = OsString::from(name);
    flag.push("=");
    flag.push(file);
    flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lost_port_is_tried_again() {
        assert!(lost_its_port("listen tcp 127.0.0.1:20001: bind: address already in use"));
        assert!(!lost_its_port("unknown flag: --foo"));
    }
}
