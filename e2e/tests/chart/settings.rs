//! What values change in a running Surety. Each story has a cluster of its own, for there is one Surety in each.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use e2e::stories::{SOON, refused};
use e2e::world::eventually;
use jiff::{SignedDuration, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use serde_json::Value;

use super::release::{OFFENDER, OWN_NAMESPACE, PROMISE, REGISTRATION, dry_run, refuses};
use super::{Cluster, chart};

pub async fn with_the_right_to_refuse_alone_it_refuses_and_while_paused_it_warns(_: &Cluster) -> Result<()> {
    let cluster = Cluster::new().await?;
    let kubectl = &cluster.kubectl;
    kubectl.apply_text(OWN_NAMESPACE).await?.success()?;
    let least = ["rbac.observed=false", "engines.velero.enabled=false"];
    let until = format!("webhook.pausedUntil={:.0}", Timestamp::now() + SignedDuration::from_hours(1));
    let paused = [least.as_slice(), &[until.as_str()]].concat();
    cluster.release(&["install", "surety", &chart()?], &paused).await?;
    kubectl.must(&["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"]).await?;
    let mut surety = cluster.start().await?;
    kubectl.apply_text(PROMISE).await?.success()?;
    eventually(SOON, "a warning instead of a refusal", async || {
        let answer = dry_run(kubectl, OFFENDER).await?;
        ensure!(answer.code == Some(0), "{answer:?}");
        ensure!(answer.stderr.contains("Surety is paused: this would be refused"), "{answer:?}");
        Ok(Some(()))
    })
    .await?;
    cluster.release(&["upgrade", "surety", &chart()?], &least).await?;
    cluster.restart(&mut surety).await?;
    refuses(kubectl).await
}

pub async fn a_certificate_that_somebody_else_keeps_is_served_and_registered_and_so_is_the_next(
    _: &Cluster,
) -> Result<()> {
    let cluster = Cluster::new().await?;
    let kubectl = &cluster.kubectl;
    kubectl.apply_text(OWN_NAMESPACE).await?.success()?;
    let values = ["certificates.certManager.enabled=true", "canary.create=false"];
    // cert-manager's kinds are not here; what it would write, this story writes.
    let folder = tempfile::tempdir()?;
    let files = Files::first(folder.path().to_owned())?;
    let rendered = cluster.render_in("surety-system", &values).await?.success()?;
    let own = rendered.split("\n---\n").filter(|object| !object.contains("apiVersion: cert-manager.io/"));
    let own: Vec<&str> = own.collect();
    kubectl.apply_text(&own.join("\n---\n")).await?.success()?;
    kubectl.must(&["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"]).await?;
    let _surety = cluster.start_with(&|argument| argument.replace("=/certificate/", &files.prefix())).await?;
    kubectl.apply_text(PROMISE).await?.success()?;
    for _ in 0..2 {
        eventually(SOON, "the authority of the files in the registration", async || {
            ensure!(cluster.registered_authority().await? == files.authority()?, "it is another");
            refused(&dry_run(kubectl, OFFENDER).await?, &["isolation.host-access"])?;
            Ok(Some(()))
        })
        .await?;
        files.replace()?;
    }
    let secret = kubectl.run(&["get", "secret/surety-webhook-ca", "--namespace", "surety-system"]).await?;
    ensure!(secret.stderr.contains("NotFound"), "an authority of its own was made: {secret:?}");
    Ok(())
}

impl Cluster {
    async fn registered_authority(&self) -> Result<String> {
        let found: Value =
            serde_json::from_str(&self.kubectl.must(&["get", REGISTRATION, "-o", "json"]).await?)?;
        let bundle = found.pointer("/webhooks/0/clientConfig/caBundle").and_then(Value::as_str);
        let encoded = bundle.context("there is no caBundle")?;
        // The server encodes bytes as JSON does, and a client that decodes them is at hand.
        let bytes: k8s_openapi::ByteString = serde_json::from_value(encoded.into())?;
        Ok(String::from_utf8(bytes.0)?)
    }
}

/// The files of a mounted Secret.
struct Files {
    folder: PathBuf,
}

impl Files {
    fn first(folder: PathBuf) -> Result<Self> {
        let files = Self { folder };
        files.replace()?;
        Ok(files)
    }

    fn prefix(&self) -> String {
        format!("={}/", self.folder.display())
    }

    fn authority(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.join("ca.crt"))?)
    }

    /// A new authority, and a new certificate by it.
    fn replace(&self) -> Result<()> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.signed_by(&key, &authority)?;
        for (name, text) in
            [("ca.crt", authority.pem()), ("tls.key", key.serialize_pem()), ("tls.crt", leaf.pem())]
        {
            fs::write(self.folder.join(name), text)?;
        }
        Ok(())
    }
}
