//! Prometheus and Alertmanager as an operator would run them, on loopback.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::binaries::{self, Tool};
use e2e::http;
use e2e::ports;
use e2e::process::Process;
use e2e::sandbox::Sandbox;
use e2e::world::repository;
use serde_json::{Value, json};

const READY: Duration = Duration::from_mins(1);

/// Both programs. Dropping it ends them.
pub struct Monitoring {
    prometheus: u16,
    _processes: [Process; 2],
    _sandbox: Sandbox,
}

impl Monitoring {
    /// Prometheus scrapes these ports each second under the job `surety`, with these rules; Alertmanager sends to the
    /// port of a receiver what `docs/alertmanager.yaml` says, without waiting for more.
    pub async fn start(targets: &[u16], rules: &str, receiver: u16) -> Result<Self> {
        let [prometheus, alertmanager] = binaries::provide([Tool::Prometheus, Tool::Alertmanager]).await?;
        let sandbox = Sandbox::new()?;
        let folder = sandbox.folder();
        let (prometheus_port, alertmanager_port) = (ports::free()?, ports::free()?);

        fs::write(folder.join("alertmanager.yml"), alertmanager_config(receiver)?.to_string())?;
        let mut command = Command::new(alertmanager);
        command.current_dir(folder).args(["--config.file=alertmanager.yml", "--storage.path=alertmanager"]);
        command.arg(format!("--web.listen-address=127.0.0.1:{alertmanager_port}"));
        command.arg("--cluster.listen-address=");
        let mut alerting = Process::spawn(&sandbox, "alertmanager", command)?;
        alerting
            .wait_until("readiness", READY, async || http::healthy(alertmanager_port, "/-/ready").await)
            .await?;

        fs::write(folder.join("rules.yml"), rules)?;
        let config = prometheus_config(targets, alertmanager_port).to_string();
        fs::write(folder.join("prometheus.yml"), config)?;
        let mut command = Command::new(prometheus);
        command.current_dir(folder).args(["--config.file=prometheus.yml", "--storage.tsdb.path=prometheus"]);
        command.arg(format!("--web.listen-address=127.0.0.1:{prometheus_port}"));
        let mut scraping = Process::spawn(&sandbox, "prometheus", command)?;
        scraping
            .wait_until("readiness", READY, async || http::healthy(prometheus_port, "/-/ready").await)
            .await?;
        Ok(Self { prometheus: prometheus_port, _processes: [alerting, scraping], _sandbox: sandbox })
    }

    /// The series that a query yields now, each with its labels.
    pub async fn query(&self, query: &str) -> Result<Vec<Value>> {
        let path = format!("/api/v1/query?query={}", percent_encoded(query));
        let answer = http::get(self.prometheus, &path).await?;
        ensure!(answer.status == 200, "{query}: {} {}", answer.status, answer.body);
        let answer: Value = serde_json::from_str(&answer.body)?;
        let result = answer.pointer("/data/result").and_then(Value::as_array);
        Ok(result.with_context(|| format!("{query}: {answer}"))?.clone())
    }
}

fn prometheus_config(targets: &[u16], alertmanager: u16) -> Value {
    let targets: Vec<String> = targets.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    json!({
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [{"job_name": "surety", "static_configs": [{"targets": targets}]}],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [format!("127.0.0.1:{alertmanager}")]}]}]},
    })
}

/// The shipped routes; only the receiver's address and the waiting for more are the story's.
fn alertmanager_config(receiver: u16) -> Result<Value> {
    let text = fs::read_to_string(repository("docs/alertmanager.yaml"))?;
    let text = text.replace("127.0.0.1:9095", &format!("127.0.0.1:{receiver}"));
    let mut config: Value = serde_saphyr::from_str(&text)?;
    let route = config.pointer_mut("/route").and_then(Value::as_object_mut).context("there is no route")?;
    route.insert("group_wait".to_owned(), json!("0s"));
    route.insert("group_interval".to_owned(), json!("1s"));
    Ok(config)
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => encoded + &char::from(byte).to_string(),
        _ => format!("{encoded}%{byte:02X}"),
    })
}
