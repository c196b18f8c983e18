//! The health that Argo CD shows: its script, run on the statuses that Surety writes.

use std::fs;

use anyhow::{Result, ensure};
use e2e::binaries::{self, Tool};
use e2e::world::repository;
use jiff::Timestamp;
use serde_json::{Value, json};
use surety::core::verdict::State;
use surety::report::conditions::{Observed, malformed, merged, policy_compliant, ready};

const GENERATION: i64 = 3;

/// A value as Lua writes it.
fn lua(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("[{}] = {}", json!(name), lua(value)));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("{{ {} }}", items.iter().map(lua).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn written(observed: Vec<Observed>) -> Value {
    let conditions = merged(&[], observed, GENERATION, Timestamp::UNIX_EPOCH);
    json!({
        "metadata": {"generation": GENERATION},
        "status": {"observedGeneration": GENERATION, "conditions": conditions},
    })
}

#[tokio::test]
async fn argo_cd_shows_what_surety_says() -> Result<()> {
    let [interpreter] = binaries::provide([Tool::Lua]).await?;
    let script = fs::read_to_string(repository("docs/argocd-health.lua"))?;
    let policy = |state| written(vec![ready(), policy_compliant(Some(state), 2)]);
    let mut changed = policy(State::Pass);
    if let Some(generation) = changed.pointer_mut("/metadata/generation") {
        *generation = json!(GENERATION + 1);
    }
    let cases = [
        ("met", policy(State::Pass), "Healthy"),
        ("not met", policy(State::Fail), "Healthy: not compliant: 2 findings stand against it"),
        (
            "of wrong form",
            written(vec![malformed("spec.x: found y".to_owned())]),
            "Degraded: Malformed: spec.x: found y",
        ),
        ("changed", changed, "Progressing: Surety has not seen this generation yet"),
        (
            "new",
            json!({"metadata": {"generation": 1}}),
            "Progressing: Surety has not seen this generation yet",
        ),
        ("seen, and not ready", written(Vec::new()), "Progressing: Surety has not taken this in yet"),
    ];
    for (what, object, wanted) in cases {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("case.lua");
        let program = format!(
            "obj = {}\nlocal health = (function()\n{script}\nend)()\nprint(health.status .. ': ' .. health.message)\n",
            lua(&object)
        );
        fs::write(&file, program)?;
        let output = tokio::process::Command::new(&interpreter).arg(&file).output().await?;
        let said = String::from_utf8_lossy(&output.stdout).trim().trim_end_matches(':').to_owned();
        ensure!(said == wanted, "{what}: {said:?} {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
