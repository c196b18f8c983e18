//! What was set up and is changed afterwards: refused where it would be refused, put back where it goes.

use anyhow::{Result, ensure};
use e2e::stories::{Ground, Rule, SOON, Stage, WITHDRAWN, admitted, refused, warned};
use e2e::surety::USER;
use e2e::world::eventually;

const FENCE: &str = "surety-default-deny";

pub async fn a_fence_that_goes_under_warn_comes_back_and_under_deny_does_not_go(
    stage: &Stage<'_>,
) -> Result<()> {
    let strict = Ground::new(stage, "fenced").await?;
    for line in ["delete networkpolicy surety-default-deny", "delete networkpolicies --all"] {
        refused(
            &strict.run(line).await?,
            &["[isolation.network-default-deny]", "Customers are kept apart."],
        )?;
    }
    refused(
        &strict
            .run("label namespace $NAMESPACE --overwrite pod-security.kubernetes.io/enforce=privileged")
            .await?,
        &["[isolation.pod-security]", "metadata.labels[pod-security.kubernetes.io/enforce]"],
    )?;

    let mild = Ground::under(stage, "warned", Rule { enforcement: "Warn", ..Rule::default() }).await?;
    let uid = async || {
        let line = format!("get networkpolicy {FENCE} -o jsonpath={{.metadata.uid}}");
        Ok::<_, anyhow::Error>(mild.run(&line).await?.success()?)
    };
    let first = uid().await?;
    warned(
        &mild.run("delete networkpolicy surety-default-deny").await?,
        &["isolation.network-default-deny"],
    )?;
    eventually(SOON, "the fence", async || {
        let now = uid().await?;
        Ok((!now.is_empty() && now != first).then_some(()))
    })
    .await?;
    // A field that Surety applied is forced back.
    mild.merge("networkpolicy/surety-default-deny", r#"{"spec":{"policyTypes":["Ingress"]}}"#)
        .await?
        .success()?;
    eventually(SOON, "both directions", async || {
        let line = format!("get networkpolicy {FENCE} -o jsonpath={{.spec.policyTypes}}");
        let found = mild.run(&line).await?.success()?;
        ensure!(found.contains("Egress") && found.contains("Ingress"), "{found}");
        Ok(Some(()))
    })
    .await?;
    // So is the level that the namespace enforces.
    warned(
        &mild
            .run("label namespace $NAMESPACE --overwrite pod-security.kubernetes.io/enforce=privileged")
            .await?,
        &["isolation.pod-security"],
    )?;
    eventually(SOON, "the level", async || {
        let labels = mild.namespace().await?.metadata.labels.unwrap_or_default();
        let level = labels.get("pod-security.kubernetes.io/enforce").cloned();
        ensure!(level.as_deref() == Some("baseline"), "it enforces {level:?}");
        Ok(Some(()))
    })
    .await
}

pub async fn what_no_policy_and_no_promise_asks_for_is_withdrawn(stage: &Stage<'_>) -> Result<()> {
    let rule = Rule { enforcement: "Audit", ..Rule::default() };
    let ground = Ground::under(stage, "withdrawn", rule).await?;
    let kept = async || {
        let fence = ground.run(&format!("get networkpolicy {FENCE} --ignore-not-found -o name")).await?;
        let line = ground.fill("get schedules.velero.io -n velero -l surety.dev/tenant=$TENANT -o name");
        let schedule = ground.kubectl().must(&line.split(' ').collect::<Vec<_>>()).await?;
        Ok::<_, anyhow::Error>((!fence.success()?.is_empty(), !schedule.is_empty()))
    };
    eventually(SOON, "fence and schedule", async || Ok((kept().await? == (true, true)).then_some(())))
        .await?;
    // No promise reaches the tenant any more, nor any policy by its label.
    let released = r#"{"spec":{"version":"2.0","tenantSelector":{"matchLabels":{"story":"released"}},"changeLog":[{"version":"2.0","date":"2026-01-01","summary":"It reaches nobody."}]}}"#;
    ground.merge("profile/$TENANT", released).await?.success()?;
    for kind in ["isolationpolicy", "backuppolicy"] {
        ground.run(&format!("delete {kind} $TENANT")).await?.success()?;
    }
    eventually(WITHDRAWN, "neither fence nor schedule", async || {
        let found = kept().await?;
        ensure!(found == (false, false), "fence and schedule are there: {found:?}");
        Ok(Some(()))
    })
    .await?;
    // What somebody else wrote stays: the namespace, and the tenant's claim to it.
    ground.is_claimed().await
}

pub async fn under_observed_nothing_is_written_but_what_is_said_and_remembered(
    stage: &Stage<'_>,
) -> Result<()> {
    let before = stage.audit.position()?;
    let rule = Rule { enforcement: "Audit", management: "Observed" };
    let ground = Ground::under(stage, "observed", rule).await?;
    ground.apply(include_str!("../../data/application.yaml")).await?.success()?;
    admitted(
        &ground
            .run("label namespace $NAMESPACE --overwrite pod-security.kubernetes.io/enforce=privileged")
            .await?,
    )?;
    // What is not written is found, and that is written: once it is there, everything else had its time too.
    ground
        .report_with("the finding", |report| report.findings("isolation.pod-security").next().is_some())
        .await?;
    let writes = stage.audit.since(before)?;
    let by_surety = writes.iter().filter(|request| request.user.username == USER && request.is_write());
    let mut seen = 0;
    for request in by_surety {
        let Some(object) = &request.object_ref else { continue };
        let concerns = object.namespace == ground.namespace
            || object.name.contains(&ground.tenant)
            || object.name == ground.namespace;
        if !concerns {
            continue;
        }
        let is_said = object.api_group == "surety.dev" || object.api_group == "events.k8s.io";
        let is_remembered = object.namespace == "surety-system" && object.resource == "configmaps";
        ensure!(is_said || is_remembered, "{} {object:?}", request.verb);
        seen += 1;
    }
    ensure!(seen > 0, "nothing was said either");
    Ok(())
}

const ENFORCED: &str = "pod-security.kubernetes.io/enforce";

pub async fn a_level_that_somebody_else_set_stays_and_is_said_and_the_namespace_is_labelled_all_the_same(
    stage: &Stage<'_>,
) -> Result<()> {
    let rule = Rule { enforcement: "Audit", ..Rule::default() };
    let ground = Ground::without_namespace(stage, "disputed", rule).await?;
    let privileged = "
apiVersion: v1
kind: Namespace
metadata: {name: $NAMESPACE, labels: {pod-security.kubernetes.io/enforce: privileged}}";
    ground.apply(privileged).await?.success()?;
    ground.is_claimed().await?;
    let labels =
        async || Ok::<_, anyhow::Error>(ground.namespace().await?.metadata.labels.unwrap_or_default());
    let condition = r#"jsonpath={.status.conditions[?(@.type=="Ready")].status}/{.status.conditions[?(@.type=="Ready")].reason}/{.status.conditions[?(@.type=="Ready")].message}"#;
    let ready = async || {
        let words = ["get", "tenant", &ground.tenant, "-o", condition];
        Ok::<_, anyhow::Error>(ground.kubectl().must(&words).await?)
    };
    let tenant_label = Some(&ground.tenant);
    eventually(SOON, "a dispute", async || {
        let said = ready().await?;
        ensure!(said.starts_with("False/FieldsOwnedByOthers/") && said.contains(ENFORCED), "{said}");
        let found = labels().await?;
        ensure!(found.get("surety.dev/tenant") == tenant_label, "{found:?}");
        ensure!(found.get(ENFORCED).is_some_and(|level| level == "privileged"), "{found:?}");
        Ok(Some(()))
    })
    .await?;
    // Who owned the level gives it up: it is Surety's from then on.
    ground.run(&format!("label namespace $NAMESPACE {ENFORCED}-")).await?.success()?;
    eventually(SOON, "the level", async || {
        let (found, said) = (labels().await?, ready().await?);
        ensure!(found.get(ENFORCED).is_some_and(|level| level == "baseline"), "{found:?}");
        ensure!(found.get("surety.dev/tenant") == tenant_label, "{found:?}");
        ensure!(said.starts_with("True/"), "{said}");
        Ok(Some(()))
    })
    .await?;
    // Nothing asks for a level any more: it goes, and the tenant's label stays.
    ground.merge("isolationpolicy/$TENANT", r#"{"spec":{"podSecurity":null}}"#).await?.success()?;
    eventually(SOON, "no level", async || {
        let found = labels().await?;
        ensure!(!found.contains_key(ENFORCED) && !found.contains_key("surety.dev/pod-security"), "{found:?}");
        ensure!(found.get("surety.dev/tenant") == tenant_label, "{found:?}");
        Ok(Some(()))
    })
    .await
}
