//! Lists every kind that is judged or read, one after the other, straight into a world. No watch.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Error;

use crate::{
    cli::{
        CliError,
        cluster::{ClusterArgs, Reader, unlistable},
        output::Console,
    },
    core::{
        controls,
        facts::{Kind, Name, Source, SourceState},
        world::World,
    },
    index,
    reconcile::record,
    watch::{Failure, Stream},
};

/// What was listed.
pub(super) struct Listed {
    pub(super) world: World,
    /// Kinds that could not be, each with the reason.
    pub(super) unlisted: BTreeMap<String, String>,
    /// The namespaces that the given selector selects.
    pub(super) selected: Option<BTreeSet<Name>>,
}

/// Everything of these sources. What may not be read, or does not answer, is unknown and told; without namespaces there is nothing to tell.
pub(super) async fn list(
    cluster: &ClusterArgs,
    selector: Option<&str>,
    sources: &[Source],
    console: &Console,
) -> Result<Listed, CliError> {
    let reader = cluster.connect().await.map_err(unlistable(Kind::Namespace))?;
    let selected = match selector {
        Some(selector) => Some(selected(&reader, selector).await?),
        None => None,
    };
    let mut listed = Listed { world: World::new(controls::all()), unlisted: BTreeMap::new(), selected };
    for source in sources {
        let mut state = SourceState::Synced;
        for kind in source.kinds() {
            let found = listed.take(&reader, *kind, console).await?;
            if found != SourceState::Synced && state != SourceState::Forbidden {
                state = found;
            }
        }
        index::set_source(&mut listed.world, *source, state);
    }
    Ok(listed)
}

async fn selected(reader: &Reader, selector: &str) -> Result<BTreeSet<Name>, CliError> {
    let stream = Stream::all(Kind::Namespace).with_labels(selector);
    let mut names = BTreeSet::new();
    let listed = reader.list(&stream, |change| names.extend([change.key().name]), |_| {}).await;
    match listed {
        Ok(_) => Ok(names),
        Err(Failure::Refused { code: 400, message }) => Err(CliError::input(format!(
            "--selector: found `{selector}`, {message}; wanted labels such as team=shop"
        ))),
        Err(failure) => Err(unlistable(Kind::Namespace)(reason(reader, failure))),
    }
}

impl Listed {
    async fn take(
        &mut self,
        reader: &Reader,
        kind: Kind,
        console: &Console,
    ) -> Result<SourceState, CliError> {
        let stream = match record::selector(kind) {
            Some(label) => Stream::all(kind).with_labels(label),
            None => Stream::all(kind),
        };
        let plural = kind.resource().plural;
        let world = &mut self.world;
        let so_far = |count| console.tell(&format!("{count} {plural} so far"));
        let listed = reader.list(&stream, |change| index::apply(world, change), so_far).await;
        let Err(failure) = listed else { return Ok(SourceState::Synced) };
        if kind == Kind::Namespace {
            return Err(unlistable(kind)(reason(reader, failure)));
        }
        let state = state_after(reader, &failure, kind).await;
        if matches!(state, SourceState::Forbidden | SourceState::Pending) {
            self.unlisted.insert(plural.to_owned(), format!("{:#}", reason(reader, failure)));
        }
        Ok(state)
    }
}

/// What nothing of is there is absent, and what may not be read is not known. RBAC answers for kinds that a cluster does
/// not have, too. Before Surety is installed it has no declarations and no records: that is no ignorance.
async fn state_after(reader: &Reader, failure: &Failure, kind: Kind) -> SourceState {
    let is_missing = match failure {
        Failure::NotFound => true,
        Failure::Forbidden { .. } => !reader.serves(kind).await,
        _ => false,
    };
    match failure {
        _ if record::selector(kind).is_some() || is_missing && kind.is_declaration() => SourceState::Synced,
        _ if is_missing => SourceState::Absent,
        Failure::Forbidden { .. } => SourceState::Forbidden,
        _ => SourceState::Pending,
    }
}

fn reason(reader: &Reader, failure: Failure) -> Error {
    match failure {
        Failure::Forbidden { message, .. } => Error::msg(message),
        failure => Error::from(failure).context(format!("{} does not give them", reader.server)),
    }
}
