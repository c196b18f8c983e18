//! Judging what a cluster shows, read-only and before anything of Surety is installed there; or manifests in its light.

mod listing;
mod tenants;

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use jiff::Timestamp;

use super::{
    judge::{self, Judging},
    places::Places,
    scope::Only,
    world::{for_everybody, is_of_a_tenant, namespaces_of},
};
use crate::{
    cli::{
        CliError,
        cluster::{ClusterArgs, run},
        input::Text,
        manifests::{Object, Objects},
        output::Console,
    },
    core::{
        facts::{Change, Fact, Name, ObjectKey, Source},
        world::World,
    },
    index,
    report::check::{CheckReport, Place},
};

/// Which cluster, and whose its namespaces are where no Tenant says so.
#[derive(Debug, Args)]
pub(super) struct LiveArgs {
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
    /// The namespaces that belong to tenants, by their labels as kubectl spells a selector; Tenants are then left aside.
    /// Without it, and without Tenants: all but kube-* and surety-system.
    #[arg(long, short = 'l', value_name = "LABELS", requires = "cluster", help_heading = "Cluster")]
    selector: Option<String>,
    /// Namespaces with the same value of this label are one tenant; Tenants are then left aside. Without it: those with the
    /// same surety.dev/tenant, and of the others each by itself.
    #[arg(long, value_name = "KEY", requires = "cluster", help_heading = "Cluster")]
    tenant_label: Option<String>,
}

/// The outcome for a cluster, or for the manifests among `objects` in its light. Declarations among them, and `profiles`
/// for every tenant, come on top of the cluster's own.
pub(super) fn judge(
    args: &LiveArgs,
    objects: Objects,
    profiles: Vec<Object>,
    texts: &[Text],
    now: Timestamp,
    console: &Console,
) -> Result<CheckReport, CliError> {
    let listed = run(listing::list(&args.cluster, args.selector.as_deref(), Source::ALL, console))??;
    let (declarations, manifests): (Vec<Object>, Vec<Object>) =
        objects.judged.into_iter().partition(|object| object.fact.key().kind.is_declaration());
    let mut live = Live::new(listed.world);
    let own: Vec<Fact> = declarations.iter().chain(&profiles).map(|object| object.fact.clone()).collect();
    let stand_ins = live.take_tenants(args, listed.selected.as_ref(), &declarations, &profiles, now);
    for object in declarations.into_iter().chain(profiles.into_iter().map(for_everybody)) {
        live.add(object);
    }
    live.must_ask_something()?;
    let mut report = CheckReport {
        not_judged: objects.not_judged,
        unlisted: listed.unlisted,
        is_of_cluster: manifests.is_empty(),
        ..CheckReport::default()
    };
    let judging = live.take_manifests(manifests, stand_ins, own);
    judge::judge_world(judging, Places::new(live.places, texts), now, &mut report);
    Ok(report)
}

/// What is declared in a cluster, with these on top.
pub(super) fn declared(
    cluster: &ClusterArgs,
    objects: Vec<Object>,
    profiles: Vec<Object>,
    console: &Console,
) -> Result<World, CliError> {
    let sources = [Source::Declarations, Source::Namespaces];
    let listed = run(listing::list(cluster, None, &sources, console))??;
    for (plural, why) in &listed.unlisted {
        console.tell(&format!("{plural} could not be listed, and are left out: {why}"));
    }
    let mut live = Live::new(listed.world);
    for object in objects.into_iter().chain(profiles.into_iter().map(for_everybody)) {
        live.add(object);
    }
    Ok(live.world)
}

struct Live {
    world: World,
    places: BTreeMap<ObjectKey, Place>,
}

impl Live {
    const fn new(world: World) -> Self {
        Self { world, places: BTreeMap::new() }
    }

    fn add(&mut self, Object { place, fact }: Object) {
        self.places.insert(fact.key(), place);
        index::apply(&mut self.world, Change::Apply(fact));
    }

    /// Puts tenants into a world that has none, or whose own are to be left aside. Those that are put there.
    fn take_tenants(
        &mut self,
        args: &LiveArgs,
        selected: Option<&BTreeSet<Name>>,
        declarations: &[Object],
        profiles: &[Object],
        now: Timestamp,
    ) -> BTreeSet<Name> {
        let are_asked_for = args.selector.is_some() || args.tenant_label.is_some();
        let has_tenants = self.world.tenants().next().is_some()
            || declarations.iter().any(|object| matches!(object.fact, Fact::Tenant(_)));
        if has_tenants && !are_asked_for {
            return BTreeSet::new();
        }
        tenants::forget(&mut self.world);
        tenants::stand_in(&mut self.world, args.tenant_label.as_deref(), selected, profiles, now)
    }

    fn must_ask_something(&self) -> Result<(), CliError> {
        let world = &self.world;
        let asks = world.profiles().next().is_some()
            || world.backup_policies().next().is_some()
            || world.retention_policies().next().is_some()
            || world.encryption_policies().next().is_some()
            || world.isolation_policies().next().is_some();
        if asks {
            return Ok(());
        }
        Err(CliError::input(
            "no profile or policy is in the cluster or among these files, so that nothing is asked of it: name a profile \
             with --profile, or files of the platform",
        ))
    }

    /// The cluster alone, or as it would be with these manifests in it.
    fn take_manifests(
        &mut self,
        manifests: Vec<Object>,
        stand_ins: BTreeSet<Name>,
        declarations: Vec<Fact>,
    ) -> Judging {
        let before = (!manifests.is_empty()).then(|| self.world.clone());
        let namespaces = namespaces_of(&manifests);
        let subjects: BTreeSet<ObjectKey> = manifests
            .iter()
            .filter(|object| is_of_a_tenant(&object.fact))
            .map(|object| object.fact.key())
            .collect();
        for object in manifests {
            self.add(object);
        }
        for namespace in namespaces {
            index::imply_namespace(&mut self.world, &namespace);
        }
        let only = before.map(|before| Only { subjects, before });
        Judging { world: self.world.clone(), declarations, stand_ins, only }
    }
}
