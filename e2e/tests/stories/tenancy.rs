//! Whose a namespace is, how it becomes so, and that nobody but Surety moves it.

use anyhow::{Context, Result, ensure};
use e2e::kubectl::Kubectl;
use e2e::stories::{Ground, NAMESPACE, Rule, SOON, Stage, WITHDRAWN, admitted, refused};
use e2e::world::{eventually, unique};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;

const LABEL: &str = "surety.dev/tenant";

async fn label_of(stage: &Stage<'_>, namespace: &str) -> Result<Option<String>> {
    let namespaces: Api<Namespace> = Api::all((*stage.client).clone());
    let labels = namespaces.get(namespace).await?.metadata.labels.unwrap_or_default();
    Ok(labels.get(LABEL).cloned())
}

/// Waits until a namespace is labelled and recorded as a tenant's.
async fn is_held(ground: &Ground<'_>, namespace: &str) -> Result<()> {
    eventually(SOON, "a claim", async || {
        let label = label_of(ground.stage, namespace).await?;
        ensure!(label.as_deref() == Some(&ground.tenant), "{namespace} is labelled {label:?}");
        let record = ground.record().await?;
        ensure!(record.pointer(&format!("/namespaces/{namespace}")).is_some(), "{record}");
        Ok(Some(()))
    })
    .await
}

pub async fn a_namespace_joins_by_list_by_selector_or_by_a_listed_creator(stage: &Stage<'_>) -> Result<()> {
    let ground = Ground::without_namespace(stage, "joining", Rule::default()).await?;
    // By the Tenant's list, whoever creates it; Surety writes the label.
    ground.run("create namespace $NAMESPACE").await?.success()?;
    is_held(&ground, &ground.namespace).await?;

    // By the Tenant's selector.
    let customer = r#"{"spec":{"namespaces":{"selector":{"matchLabels":{"customer":"$TENANT"}}}}}"#;
    ground.merge("tenant/$TENANT", customer).await?.success()?;
    ground.run("create namespace $TENANT-selected").await?.success()?;
    admitted(&ground.run("label namespace $TENANT-selected customer=$TENANT").await?)?;
    is_held(&ground, &ground.fill("$TENANT-selected")).await?;
    // Its own labels end nothing: it was recorded.
    admitted(&ground.run("label namespace $TENANT-selected customer-").await?)?;
    ground
        .kubectl()
        .must(&["wait", &ground.fill("tenant/$TENANT"), "--for=condition=Ready", "--timeout=30s"])
        .await?;
    is_held(&ground, &ground.fill("$TENANT-selected")).await?;

    // By the label that a listed creator gives it, within the names that were agreed.
    let (listed, other) = (unique("deployer"), unique("intruder"));
    let rule = r#"{"spec":{"selfService":{"namePatterns":["$TENANT-own-*"],"creators":[{"kind":"User","name":"LISTED"}]}}}"#;
    ground.merge("tenant/$TENANT", &rule.replace("LISTED", &listed)).await?.success()?;
    let (listed, other) = (stage.make_powerful(&listed).await?, stage.make_powerful(&other).await?);
    let create = async |kubectl: &Kubectl, name: &str| {
        Ok::<_, anyhow::Error>(
            kubectl
                .apply_text(
                    &ground
                        .fill(NAMESPACE)
                        .replace(&format!("name: {}", ground.namespace), &format!("name: {name}")),
                )
                .await?,
        )
    };
    let own = ground.fill("$TENANT-own-1");
    eventually(SOON, "self-service", async || admitted(&create(&listed, &own).await?).map(Some)).await?;
    is_held(&ground, &own).await?;
    let said =
        refused(&create(&other, &ground.fill("$TENANT-own-2")).await?, &["spec.selfService.creators"])?;
    let of_nobody = create(&other, "nobodys").await?.stderr;
    ensure!(
        !said.contains("no such tenant") && of_nobody.contains("spec.selfService.creators"),
        "{of_nobody}"
    );
    refused(
        &create(&listed, "elsewhere").await?,
        &["metadata.name", "a name within", &ground.fill("$TENANT-own-*")],
    )?;
    ensure!(label_of(stage, &ground.fill("$TENANT-own-2")).await.is_err(), "what was refused is there");
    // A label that is put on later claims nothing, whoever puts it on.
    other.must(&["create", "namespace", &ground.fill("$TENANT-own-3")]).await?;
    for kubectl in [&listed, &other] {
        let late = ground.run_as(kubectl, "label namespace $TENANT-own-3 surety.dev/tenant=$TENANT").await?;
        refused(&late, &["on a namespace that exists it claims nothing"])?;
    }
    Ok(())
}

pub async fn nobody_but_surety_moves_the_label_of_a_claimed_namespace(stage: &Stage<'_>) -> Result<()> {
    let ground = Ground::new(stage, "moves").await?;
    let manifest = ground.fill(NAMESPACE);
    let elsewhere = manifest.replace(&format!("{LABEL}: {}", ground.tenant), &format!("{LABEL}: globex"));
    let nowhere = manifest.replace(&format!("    {LABEL}: {}\n", ground.tenant), "");
    let words = [
        "[isolation.namespace-claimed]",
        "\"Customers are kept apart.\"",
        "metadata.labels[surety.dev/tenant]",
    ];
    let merged = r#"{"metadata":{"labels":{"surety.dev/tenant":"globex"}}}"#;
    let removed = r#"[{"op":"remove","path":"/metadata/labels/surety.dev~1tenant"}]"#;
    let file = "--patch-file=/dev/stdin";
    let mut tries = vec![
        ("label namespace $NAMESPACE --overwrite surety.dev/tenant=globex".to_owned(), ""),
        ("label namespace $NAMESPACE surety.dev/tenant-".to_owned(), ""),
        ("apply -f -".to_owned(), elsewhere.as_str()),
        // Leaves the label out where it was applied before: apply takes it away.
        ("apply -f -".to_owned(), nowhere.as_str()),
        ("apply --server-side --force-conflicts -f -".to_owned(), &elsewhere),
        ("replace -f -".to_owned(), &elsewhere),
        ("replace -f -".to_owned(), &nowhere),
        ("replace --subresource=status -f -".to_owned(), &elsewhere),
        ("replace --subresource=status -f -".to_owned(), &nowhere),
        ("apply --server-side --force-conflicts --subresource=status -f -".to_owned(), &elsewhere),
    ];
    for how in ["--type=merge", "--type=strategic", "--type=merge --subresource=status"] {
        tries.push((format!("patch namespace $NAMESPACE {how} {file}"), merged));
    }
    for how in ["--type=json", "--type=json --subresource=status"] {
        tries.push((format!("patch namespace $NAMESPACE {how} {file}"), removed));
    }
    for (line, input) in &tries {
        let output = ground.run_with(line, input).await?;
        refused(&output, &words).with_context(|| (*input).to_owned())?;
    }
    refused_to_finalize(&ground).await?;
    ensure!(label_of(stage, &ground.namespace).await?.as_deref() == Some(&ground.tenant), "it has moved");
    // What is not the claim may change.
    admitted(&ground.run("label namespace $NAMESPACE team=payments").await?)?;
    admitted(&ground.run("annotate namespace $NAMESPACE surety.dev/tenant=globex").await?)
}

/// `kubectl` has no word for this door, clients do.
async fn refused_to_finalize(ground: &Ground<'_>) -> Result<()> {
    let mut namespace = ground.namespace().await?;
    namespace.metadata.labels.get_or_insert_default().insert(LABEL.to_owned(), "globex".to_owned());
    namespace.metadata.managed_fields = None;
    let file = tempfile::NamedTempFile::new()?;
    serde_json::to_writer(&file, &serde_json::json!(namespace))?;
    let path = file.path().to_str().context("the file's name is not UTF-8")?;
    let door = format!("/api/v1/namespaces/{}/finalize", ground.namespace);
    refused(
        &ground.kubectl().run(&["replace", "--raw", &door, "-f", path]).await?,
        &["metadata.labels[surety.dev/tenant]"],
    )?;
    Ok(())
}

pub async fn a_tenant_that_holds_namespaces_is_not_deleted_until_it_has_let_them_go(
    stage: &Stage<'_>,
) -> Result<()> {
    let ground = Ground::new(stage, "letting-go").await?;
    let held = ["[isolation.namespace-claimed]", "the Tenant holds 1 namespace"];
    refused(&ground.run("delete tenant $TENANT").await?, &held)?;
    refused(&ground.run("delete tenants -l story=$TENANT").await?, &held)?;
    ground.merge("tenant/$TENANT", r#"{"spec":{"namespaces":{"names":[]}}}"#).await?.success()?;
    eventually(SOON, "a released namespace", async || {
        let record = ground.record().await?;
        ensure!(
            record
                .pointer("/namespaces")
                .and_then(|held| held.as_object())
                .is_some_and(serde_json::Map::is_empty),
            "{record}"
        );
        ground.run("delete tenant $TENANT").await?.success()?;
        Ok(Some(()))
    })
    .await?;
    // Its report goes after it; what is remembered of it and the customer's own stays.
    eventually(WITHDRAWN, "a report that is gone", async || {
        let found = ground.run("get compliancereport $TENANT --ignore-not-found -o name").await?.success()?;
        Ok(found.is_empty().then_some(()))
    })
    .await?;
    ground.record().await?;
    ground.namespace().await?;
    Ok(())
}

pub async fn a_namespace_that_was_deleted_and_comes_back_is_adopted_again(stage: &Stage<'_>) -> Result<()> {
    let ground = Ground::new(stage, "restored").await?;
    let first = ground.namespace().await?.metadata.uid;
    // The Tenant no longer lists it: only the record knows.
    let selector =
        r#"{"spec":{"namespaces":{"names":[],"selector":{"matchLabels":{"customer":"$TENANT"}}}}}"#;
    ground.run("label namespace $NAMESPACE customer=$TENANT").await?.success()?;
    ground.merge("tenant/$TENANT", selector).await?.success()?;
    ground.run("delete namespace $NAMESPACE --timeout=60s").await?.success()?;
    ensure!(
        ground.record().await?.pointer(&format!("/namespaces/{}", ground.namespace)).is_some(),
        "it was forgotten"
    );
    // Restored by the backup engine, with the label that it was saved with.
    let engine =
        stage.control_plane.kubectl_for(e2e::stories::velero::USER, &e2e::stories::velero::GROUPS)?;
    admitted(&engine.apply_text(&ground.fill(NAMESPACE)).await?)?;
    ground.is_claimed().await?;
    ensure!(ground.namespace().await?.metadata.uid != first, "it is the same");
    // Another tenant's label on it is refused: the name is taken.
    ground.run("delete namespace $NAMESPACE --timeout=60s").await?.success()?;
    let taken =
        ground.fill(NAMESPACE).replace(&format!("{LABEL}: {}", ground.tenant), &format!("{LABEL}: globex"));
    refused(
        &ground.kubectl().apply_text(&taken).await?,
        &["[isolation.namespace-claimed]", "that of the tenant that this name belongs to"],
    )?;
    Ok(())
}
