//! Keeps the authority's Secret and this replica's leaf as the plan says.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    CaSecret, CaStore, Certificates, Published, StoreError, TlsError, Update,
    authority::{Authorities, Leaf},
    plan::{self, AuthorityAction, plan},
};

/// How often the wall clock is looked at: machines sleep, and a timer does not count that time.
const CHECK: Duration = Duration::from_mins(5);
/// How soon a failed check is repeated.
const RETRY: Duration = Duration::from_secs(10);
/// How long one call of the store may take.
const STORE_TIMEOUT: Duration = Duration::from_secs(10);

/// Keeps authority and leaf. One for each replica.
#[derive(Debug)]
pub struct Keeper<S> {
    store: S,
    names: Vec<String>,
    certificates: Certificates,
    /// What the Secret held last: written again where it vanishes, so that leaves in use stay good.
    last_secret: Option<CaSecret>,
    leaf: Option<Leaf>,
}

impl<S: CaStore> Keeper<S> {
    /// A keeper that issues leaves for `names` and serves them through `certificates`.
    pub const fn new(store: S, names: Vec<String>, certificates: Certificates) -> Self {
        Self { store, names, certificates, last_secret: None, leaf: None }
    }

    /// Checks every five minutes, and soon again after an error, until `stop`.
    pub async fn run(mut self, clock: impl Fn() -> Timestamp + Send, stop: CancellationToken) {
        loop {
            let pause = match self.check(clock()).await {
                Ok(()) => CHECK,
                Err(error) => {
                    tracing::warn!(%error, "the webhook's certificates could not be checked");
                    RETRY
                }
            };
            if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Reads the Secret and does what the plan says at `now`.
    pub async fn check(&mut self, now: Timestamp) -> Result<(), TlsError> {
        let (authorities, version) = self.load().await?;
        let action = plan(now, &authorities.validities(), self.planned_leaf(&authorities)).authority;
        let authorities = match action {
            None => authorities,
            Some(action) => self.change(now, authorities, version, &action).await?,
        };
        self.renew_leaf(now, &authorities)?;
        self.publish(&authorities);
        Ok(())
    }

    async fn load(&mut self) -> Result<(Authorities, Option<String>), TlsError> {
        let Some(secret) = in_time(self.store.load()).await? else {
            return Ok((Authorities::default(), None));
        };
        let authorities = Authorities::parse(&secret)?;
        let version = secret.version.clone();
        self.last_secret = Some(secret);
        Ok((authorities, version))
    }

    /// Writes what the plan asks for and gives what the Secret then holds. Who loses the race takes the winner's.
    async fn change(
        &mut self,
        now: Timestamp,
        authorities: Authorities,
        version: Option<String>,
        action: &AuthorityAction,
    ) -> Result<Authorities, TlsError> {
        let written = match action {
            AuthorityAction::Create => {
                let secret = self.first_secret(now, authorities)?;
                in_time(self.store.create(&secret)).await?
            }
            AuthorityAction::Add => {
                in_time(self.store.update(&authorities.with_new(now)?.to_secret(version))).await?
            }
            AuthorityAction::Drop(dropped) => {
                in_time(self.store.update(&authorities.without(dropped).to_secret(version))).await?
            }
        };
        if written == Update::Done {
            tracing::info!(?action, "the webhook's authority changed");
        }
        Ok(self.load().await?.0)
    }

    fn first_secret(&self, now: Timestamp, none: Authorities) -> Result<CaSecret, TlsError> {
        match &self.last_secret {
            Some(secret) => Ok(CaSecret { version: None, ..secret.clone() }),
            None => Ok(none.with_new(now)?.to_secret(None)),
        }
    }

    fn renew_leaf(&mut self, now: Timestamp, authorities: &Authorities) -> Result<(), TlsError> {
        let leaf = self.planned_leaf(authorities);
        let Some(signer) = plan(now, &authorities.validities(), leaf).issue_from else {
            return if leaf.is_some() { Ok(()) } else { Err(TlsError::NoAuthority) };
        };
        let authority = authorities.get(signer).ok_or(TlsError::NoAuthority)?;
        let leaf = authority.issue(&self.names, now)?;
        tracing::info!(until = %leaf.validity.not_after, names = ?self.names, "issued a certificate for the webhook");
        self.certificates.serve(leaf.certified.clone());
        self.leaf = Some(leaf);
        Ok(())
    }

    fn planned_leaf(&self, authorities: &Authorities) -> Option<plan::Leaf> {
        self.leaf
            .as_ref()
            .map(|leaf| plan::Leaf { validity: leaf.validity, is_vouched_for: authorities.have_signed(leaf) })
    }

    fn publish(&self, authorities: &Authorities) {
        if let Some(leaf) = &self.leaf {
            self.certificates.publish(Published {
                ca_bundle: Some(authorities.bundle()),
                leaf_expiry: leaf.validity.not_after,
                authority_expiry: authorities.newest_expiry(),
            });
        }
    }
}

async fn in_time<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, TlsError> {
    match timeout(STORE_TIMEOUT, call).await {
        Ok(result) => Ok(result?),
        Err(_elapsed) => Err(StoreError::new(format!("no answer within {STORE_TIMEOUT:?}"), None).into()),
    }
}
