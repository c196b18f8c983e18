//! A tenant of a story's own, with its promises, policies and a namespace.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::Api;

use super::report::Report;
use super::stage::{SOON, Stage};
use crate::cli::Output;
use crate::kubectl::Kubectl;
use crate::world::{eventually, unique};

/// The promises, the policies that keep them, and the tenant.
const PROMISES: &str = include_str!("../../data/promises.yaml");
const POLICIES: &str = include_str!("../../data/policies.yaml");
const TENANT: &str = include_str!("../../data/tenant.yaml");
/// How many promises there are.
const COMMITMENTS: usize = 9;

/// What a story's texts are filled with.
pub type Words = BTreeMap<&'static str, String>;

/// A tenant and its namespace.
#[derive(Debug)]
pub struct Ground<'s> {
    /// The stage that it is on.
    pub stage: &'s Stage<'s>,
    /// The tenant, its profile and its policies.
    pub tenant: String,
    /// The namespace.
    pub namespace: String,
    words: Words,
}

/// How a tenant is held to its promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// `Deny`, `Warn` or `Audit`.
    pub enforcement: &'static str,
    /// `Managed` or `Observed`.
    pub management: &'static str,
}

impl Default for Rule {
    fn default() -> Self {
        Self { enforcement: "Deny", management: "Managed" }
    }
}

impl<'s> Ground<'s> {
    /// A tenant whose promises are kept by Managed policies that refuse, and a namespace with its label.
    ///
    /// # Errors
    /// When something is refused, or a replica does not get to know it.
    pub async fn new(stage: &'s Stage<'s>, name: &str) -> Result<Self> {
        Self::under(stage, name, Rule::default()).await
    }

    /// The same under another rule.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub async fn under(stage: &'s Stage<'s>, name: &str, rule: Rule) -> Result<Self> {
        let ground = Self::without_namespace(stage, name, rule).await?;
        ground.kubectl().apply_text(&ground.fill(NAMESPACE)).await?.success()?;
        ground.is_fenced().await?;
        Ok(ground)
    }

    /// The tenant alone; its namespace is still to be created.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub async fn without_namespace(stage: &'s Stage<'s>, name: &str, rule: Rule) -> Result<Self> {
        let tenant = unique(name);
        let namespace = tenant.clone();
        let words = Words::from([
            ("TENANT", tenant.clone()),
            ("NAMESPACE", namespace.clone()),
            ("ENFORCEMENT", rule.enforcement.to_owned()),
            ("MANAGEMENT", rule.management.to_owned()),
        ]);
        let ground = Self { stage, tenant, namespace, words };
        for yaml in [PROMISES, POLICIES, TENANT] {
            ground.kubectl().apply_text(&ground.fill(yaml)).await?.success()?;
        }
        stage.is_known_to_all(&ground.tenant, &ground.tenant, COMMITMENTS).await?;
        Ok(ground)
    }

    /// The administrator's kubectl.
    #[must_use]
    pub fn kubectl(&self) -> &Kubectl {
        &self.stage.kubectl
    }

    /// A text with `$TENANT`, `$NAMESPACE` and the other words of this ground filled in.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        self.words
            .iter()
            .fold(text.to_owned(), |text, (word, value)| text.replace(&format!("${word}"), value))
    }

    /// `kubectl apply` of a text that is filled in first.
    ///
    /// # Errors
    /// When kubectl cannot be run.
    pub async fn apply(&self, yaml: &str) -> Result<Output> {
        Ok(self.kubectl().apply_text(&self.fill(yaml)).await?)
    }

    /// kubectl with the words of a line, which are filled in first, in the namespace of this ground.
    ///
    /// # Errors
    /// When kubectl cannot be run.
    pub async fn run(&self, line: &str) -> Result<Output> {
        self.run_as(self.kubectl(), line).await
    }

    /// The same as somebody else.
    ///
    /// # Errors
    /// When kubectl cannot be run.
    pub async fn run_as(&self, kubectl: &Kubectl, line: &str) -> Result<Output> {
        let filled = self.fill(line);
        let mut words: Vec<&str> = filled.split_whitespace().collect();
        words.extend(["--namespace", &self.namespace]);
        Ok(kubectl.run(&words).await?)
    }

    /// As [`Self::run`], with a text that is filled in first on its standard input.
    ///
    /// # Errors
    /// When kubectl cannot be run.
    pub async fn run_with(&self, line: &str, yaml: &str) -> Result<Output> {
        let filled = self.fill(line);
        let mut words: Vec<&str> = filled.split_whitespace().collect();
        words.extend(["--namespace", &self.namespace]);
        Ok(self.kubectl().run_with_input(&words, &self.fill(yaml)).await?)
    }

    /// `kubectl patch --type=merge` of an object, such as `deployment/web`, with what JSON says.
    ///
    /// # Errors
    /// When kubectl cannot be run.
    pub async fn merge(&self, object: &str, json: &str) -> Result<Output> {
        let patch = self.fill(json);
        let words =
            ["patch", &self.fill(object), "--type=merge", "--patch", &patch, "--namespace", &self.namespace];
        Ok(self.kubectl().run(&words).await?)
    }

    /// The tenant's report.
    ///
    /// # Errors
    /// When there is none.
    pub async fn report(&self) -> Result<Report> {
        Report::of(&self.stage.client, &self.tenant).await
    }

    /// Waits until the report is as wanted, and returns it.
    ///
    /// # Errors
    /// When that does not come: what it said last.
    pub async fn report_with(&self, what: &str, is_wanted: impl Fn(&Report) -> bool) -> Result<Report> {
        eventually(SOON, what, async || {
            let report = self.report().await?;
            ensure!(is_wanted(&report), "the report says {:?}", report.0);
            Ok(Some(report))
        })
        .await
    }

    /// What Surety remembers of the tenant.
    ///
    /// # Errors
    /// When there is nothing.
    pub async fn record(&self) -> Result<serde_json::Value> {
        let maps: Api<ConfigMap> = Api::namespaced((*self.stage.client).clone(), "surety-system");
        let map = maps.get(&format!("surety-tenant-{}", self.tenant)).await?;
        let text = map.data.unwrap_or_default().remove("record").unwrap_or_default();
        Ok(serde_json::from_str(&text)?)
    }

    /// The namespace as it is.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn namespace(&self) -> Result<Namespace> {
        let namespaces: Api<Namespace> = Api::all((*self.stage.client).clone());
        Ok(namespaces.get(&self.namespace).await?)
    }

    /// Waits until the namespace is recorded as the tenant's.
    ///
    /// # Errors
    /// When that does not come.
    pub async fn is_claimed(&self) -> Result<()> {
        eventually(SOON, "a recorded claim", async || {
            let uid = self.namespace().await?.metadata.uid.unwrap_or_default();
            let record = self.record().await?;
            let recorded = record.pointer(&format!("/namespaces/{}/uid", self.namespace));
            ensure!(recorded.and_then(serde_json::Value::as_str) == Some(&uid), "{record}");
            Ok(Some(()))
        })
        .await
    }

    /// Waits until the namespace is the tenant's and, under Managed, its fence is up.
    async fn is_fenced(&self) -> Result<()> {
        self.is_claimed().await?;
        if self.words.get("MANAGEMENT").is_some_and(|management| management == "Managed") {
            eventually(SOON, "a fence", async || {
                self.run("get networkpolicy surety-default-deny surety-allow-dns").await?.success()?;
                Ok(Some(()))
            })
            .await?;
        }
        Ok(())
    }
}

/// The namespace, with what an operator gives it.
pub const NAMESPACE: &str = "
apiVersion: v1
kind: Namespace
metadata:
  name: $NAMESPACE
  labels:
    surety.dev/tenant: $TENANT
    surety.dev/data-class: account
    pod-security.kubernetes.io/enforce: baseline
";
