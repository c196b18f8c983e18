//! The world that files show: their facts, and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    api::{TenantSelector, TenantSpec, tenant::TenantNamespaces},
    cli::{CliError, manifests::Object},
    core::{
        controls,
        facts::{Change, Declared, Fact, Labels, Meta, Name, ObjectKey, Source, SourceState},
        world::World,
    },
    index,
    report::check::Place,
};

/// The tenant that stands for everybody where no Tenant is among the files. No name of a Tenant can be the same.
pub(super) const EVERYBODY: &str = "(all namespaces)";

/// A world of files.
#[derive(Debug)]
pub(super) struct FileWorld {
    pub(super) world: World,
    /// Where each object begins; the last place of one that stands more than once.
    pub(super) places: BTreeMap<ObjectKey, Place>,
    pub(super) repeated: BTreeMap<String, Vec<Place>>,
    /// Namespaces that are named and not in the files.
    pub(super) implied: BTreeSet<Name>,
}

/// The world of these objects, with these profiles applied to every tenant.
pub(super) fn build(
    objects: Vec<Object>,
    profiles: Vec<Object>,
    now: Timestamp,
) -> Result<FileWorld, CliError> {
    let mut files = FileWorld {
        world: empty(),
        places: BTreeMap::new(),
        repeated: BTreeMap::new(),
        implied: BTreeSet::new(),
    };
    let has_declarations = objects.iter().any(|object| object.fact.key().kind.is_declaration());
    let has_tenant = objects.iter().any(|object| matches!(object.fact, Fact::Tenant(_)));
    if !has_declarations && profiles.is_empty() {
        return Err(CliError::input(
            "no Tenant, profile or policy is among these files, so that nothing is asked of them: add the files of the \
             platform, or name a profile with --profile",
        ));
    }
    let namespaces = namespaces_of(&objects);
    if !has_tenant && !profiles.is_empty() {
        let tenant = everybody(&namespaces, &profiles, now);
        index::apply(&mut files.world, Change::Apply(Fact::Tenant(tenant)));
    }
    for object in objects {
        files.add(object);
    }
    for profile in profiles {
        files.add(for_everybody(profile));
    }
    files.imply(namespaces);
    Ok(files)
}

/// Declarations and what Surety remembers are all there is of them; of everything else there may be more in a cluster.
fn empty() -> World {
    let mut world = World::new(controls::all());
    for source in Source::ALL {
        let state = match source {
            Source::Declarations | Source::Records => SourceState::Synced,
            _ => SourceState::FilesOnly,
        };
        index::set_source(&mut world, *source, state);
    }
    world
}

fn namespaces_of(objects: &[Object]) -> BTreeSet<Name> {
    let namespace = |object: &Object| match &object.fact {
        Fact::Namespace(namespace) => Some(namespace.name.clone()),
        fact if is_of_a_tenant(fact) => fact.key().namespace,
        _ => None,
    };
    objects.iter().filter_map(namespace).collect()
}

/// Whether such objects belong to tenants; those of a backup engine lie in the engine's namespace.
pub(super) const fn is_of_a_tenant(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Namespace(_)
            | Fact::Workload(_)
            | Fact::PersistentVolumeClaim(_)
            | Fact::Service(_)
            | Fact::Ingress(_)
            | Fact::NetworkPolicy(_)
    )
}

/// A tenant that holds every namespace, with the labels that the profiles select by, so that policies that select by the
/// same labels reach it.
fn everybody(namespaces: &BTreeSet<Name>, profiles: &[Object], now: Timestamp) -> Declared<TenantSpec> {
    let selectors = profiles.iter().filter_map(|object| match &object.fact {
        Fact::Profile(profile) => profile.spec.tenant_selector.match_labels.clone(),
        _ => None,
    });
    let names = namespaces.iter().map(ToString::to_string).collect();
    Declared {
        name: Name::from(EVERYBODY),
        meta: Meta { created: now, ..Meta::default() },
        labels: Labels::from(selectors.flatten().collect::<BTreeMap<_, _>>()),
        spec: Arc::new(TenantSpec {
            namespaces: TenantNamespaces { names, ..TenantNamespaces::default() },
            ..TenantSpec::default()
        }),
        conditions: Arc::from([]),
    }
}

/// The same profile, selecting every tenant.
fn for_everybody(mut object: Object) -> Object {
    if let Fact::Profile(profile) = &mut object.fact {
        Arc::make_mut(&mut profile.spec).tenant_selector = TenantSelector::default();
    }
    object
}

impl FileWorld {
    fn add(&mut self, Object { place, fact }: Object) {
        let key = fact.key();
        if let Some(earlier) = self.places.insert(key.clone(), place.clone()) {
            self.repeated.entry(key.to_string()).or_insert_with(|| vec![earlier]).push(place);
        }
        index::apply(&mut self.world, Change::Apply(fact));
    }

    fn imply(&mut self, namespaces: BTreeSet<Name>) {
        for namespace in namespaces {
            if self.world.namespace(&namespace).is_none() {
                index::imply_namespace(&mut self.world, &namespace);
                self.implied.insert(namespace);
            }
        }
    }
}
