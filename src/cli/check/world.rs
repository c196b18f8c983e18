//! The world that files show: their facts, and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    api::{TenantSelector, TenantSpec, keys, tenant::TenantNamespaces},
    cli::{CliError, manifests::Object},
    core::{
        controls,
        facts::{Change, Declared, Fact, Labels, Meta, Name, ObjectKey, Source, SourceState},
        world::World,
    },
    index,
    report::check::{EVERYBODY, Place},
};

/// A world of files.
#[derive(Debug)]
pub(super) struct FileWorld {
    pub(super) world: World,
    /// Where each object begins; the last place of one that stands more than once.
    pub(super) places: BTreeMap<ObjectKey, Place>,
    pub(super) repeated: BTreeMap<String, Vec<Place>>,
    /// Namespaces that are named and not in the files.
    pub(super) implied: BTreeSet<Name>,
    /// Tenants that are not in the files.
    pub(super) stand_ins: BTreeSet<Name>,
}

/// The world of these objects, with these profiles applied to every tenant.
pub(super) fn build(
    mut objects: Vec<Object>,
    profiles: Vec<Object>,
    now: Timestamp,
) -> Result<FileWorld, CliError> {
    let mut files = FileWorld {
        world: empty(),
        places: BTreeMap::new(),
        repeated: BTreeMap::new(),
        implied: BTreeSet::new(),
        stand_ins: BTreeSet::new(),
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
        for tenant in stand_ins(&mut objects, &profiles, now) {
            files.stand_ins.insert(tenant.name.clone());
            index::apply(&mut files.world, Change::Apply(Fact::Tenant(tenant)));
        }
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

/// The namespaces that objects are or lie in.
pub(super) fn namespaces_of(objects: &[Object]) -> BTreeSet<Name> {
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

/// Tenants for namespaces that have none in these files: one for each label by which namespaces say whose they are, or one
/// for all.
fn stand_ins(objects: &mut [Object], profiles: &[Object], now: Timestamp) -> Vec<Declared<TenantSpec>> {
    let mut by_tenant: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (namespace, tenant) in owners(objects) {
        by_tenant.entry(tenant).or_default().push(namespace.to_string());
    }
    stand_ins_for(by_tenant, profiles, now)
}

/// Tenants with these namespaces. Each has the labels that the profiles select by, so that policies that select by the same
/// labels reach it.
pub(super) fn stand_ins_for(
    by_tenant: BTreeMap<String, Vec<String>>,
    profiles: &[Object],
    now: Timestamp,
) -> Vec<Declared<TenantSpec>> {
    let selectors = profiles.iter().filter_map(|object| match &object.fact {
        Fact::Profile(profile) => profile.spec.tenant_selector.match_labels.clone(),
        _ => None,
    });
    let labels = Labels::from(selectors.flatten().collect::<BTreeMap<_, _>>());
    let stand_in = |(tenant, names): (String, Vec<String>)| Declared {
        name: Name::from(tenant),
        meta: Meta { created: now, ..Meta::default() },
        labels: labels.clone(),
        spec: Arc::new(TenantSpec {
            namespaces: TenantNamespaces { names, ..TenantNamespaces::default() },
            ..TenantSpec::default()
        }),
        conditions: Arc::from([]),
    };
    by_tenant.into_iter().map(stand_in).collect()
}

/// Whose each namespace is by its label, which one without gets here as it would from Surety.
fn owners(objects: &mut [Object]) -> BTreeMap<Name, String> {
    let mut owners: BTreeMap<Name, Option<String>> =
        namespaces_of(objects).into_iter().map(|namespace| (namespace, None)).collect();
    for (namespace, labels) in objects.iter().filter_map(labels_of) {
        owners.insert(namespace.clone(), labels.get(keys::TENANT).map(str::to_owned));
    }
    let labelled: BTreeSet<&String> = owners.values().flatten().collect();
    let of_the_others = match Vec::from_iter(labelled).as_slice() {
        [only] => (*only).clone(),
        _ => EVERYBODY.to_owned(),
    };
    for object in objects {
        if let Fact::Namespace(namespace) = &mut object.fact
            && namespace.labels.get(keys::TENANT).is_none()
        {
            let mut labels = namespace.labels.as_map().clone();
            labels.insert(keys::TENANT.to_owned(), of_the_others.clone());
            namespace.labels = Labels::from(labels);
        }
    }
    let owner = |owner: Option<String>| owner.unwrap_or_else(|| of_the_others.clone());
    owners.into_iter().map(|(namespace, of)| (namespace, owner(of))).collect()
}

const fn labels_of(object: &Object) -> Option<(&Name, &Labels)> {
    match &object.fact {
        Fact::Namespace(namespace) => Some((&namespace.name, &namespace.labels)),
        _ => None,
    }
}

/// The same profile, selecting every tenant.
pub(super) fn for_everybody(mut object: Object) -> Object {
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
