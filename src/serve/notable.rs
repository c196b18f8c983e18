//! What admission did that people have to know of: refusals, uses of break-glass, gaps in enforcement. Pure, but for its queue: bounded,
//! so that a flood of refusals costs no memory.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::ledger::{Entry, Ledger, Series};
use crate::{
    admission::{
        decide::{self, Violation},
        http::Meter,
    },
    core::{
        control::Operation,
        facts::{Fact, Gap, Kind, ObjectKey},
        transition::Act,
        world::World,
    },
    write::{Action, EventRecorder, Notice, Reason, Regarding, Severity, Target},
};

/// How many may wait to be told.
pub const QUEUE: usize = 256;
/// How long what comes is gathered before it is told: one that waits for each would be woken for each refusal, by the thread
/// that has to answer the next.
const REST: Duration = Duration::from_millis(20);
/// How much is kept of a name that a user chose, in bytes.
const LONGEST_NAME: usize = 256;

/// Something to be told.
#[derive(Debug)]
pub struct Notable {
    /// As an Event; none where no namespace or object is there to carry it.
    pub notice: Option<Notice>,
    /// As a record that stays.
    pub entry: Option<Entry>,
}

/// A refusal; none where there is nothing that an Event could be about.
pub fn of_refusal(world: &World, act: &Act, violations: &[Violation]) -> Option<Notable> {
    let regarding = regarding(world, act)?;
    let note = format!("{} was refused: {}", what(act), told(act, violations));
    let notice = notice(regarding, Reason::RequestDenied, note);
    Some(Notable { notice: Some(notice), entry: None })
}

/// A use of break-glass.
pub fn of_break_glass(
    world: &World,
    act: &Act,
    webhook: &str,
    violations: &[Violation],
    now: Timestamp,
) -> Notable {
    let violated = told(act, violations);
    let note =
        format!("{} by {} passed by break-glass, and would be refused: {violated}", what(act), act.user);
    let notice = regarding(world, act).map(|regarding| notice(regarding, Reason::BreakGlassUsed, note));
    let controls = controls_of(violations);
    let content = json!({
        "at": now.to_string(), "user": shortened(&act.user), "operation": act.operation.as_str(),
        "object": shortened(&act.key.to_string()), "webhook": webhook, "controls": controls,
    });
    Notable { notice, entry: Some(Entry { series: Series::BreakGlass, at: now, content }) }
}

/// A gap in enforcement, as an Event on the registration: its beginning, and its end.
pub fn of_gap(gap: &Gap, regarding: Regarding) -> Notice {
    let Gap { began, cause, ended } = gap;
    let (severity, reason, note) = match ended {
        None => (
            Severity::Warning,
            Reason::EnforcementGap,
            format!("requests are not surely refused since {began:.0}: {cause}"),
        ),
        Some(ended) => {
            let lasted = began.duration_until(*ended).as_secs();
            let note = format!(
                "requests are refused again since {ended:.0}; they were not for {lasted} s, because {cause}"
            );
            (Severity::Normal, Reason::EnforcementRestored, note)
        }
    };
    Notice { regarding, related: None, severity, reason, action: Action::Enforce, note }
}

/// Tells what comes, until `shutdown`.
pub async fn tell(
    mut notable: mpsc::Receiver<Notable>,
    events: Arc<EventRecorder>,
    ledger: Ledger,
    meter: Meter,
    shutdown: CancellationToken,
) {
    let mut waiting = Vec::new();
    while let Some(1..) = shutdown.run_until_cancelled(notable.recv_many(&mut waiting, QUEUE)).await {
        for Notable { notice, entry } in waiting.drain(..) {
            if let Some(notice) = notice {
                events.record_own(notice);
            }
            if let Some(entry) = entry {
                record(&ledger, &meter, &entry).await;
            }
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(REST)).await.is_none() {
            break;
        }
    }
    shutdown.cancelled().await;
}

async fn record(ledger: &Ledger, meter: &Meter, entry: &Entry) {
    if let Err(error) = ledger.add(entry).await {
        meter.left_untold();
        let content: &Value = &entry.content;
        tracing::error!(%error, %content, "a use of break-glass could not be recorded");
    }
}

fn notice(regarding: Regarding, reason: Reason, note: String) -> Notice {
    Notice { regarding, related: None, severity: Severity::Warning, reason, action: Action::Review, note }
}

/// What a refused object is told of: itself where it is there, else the controller that made it, else its namespace. None
/// in a namespace that ends, where the API server takes no Event.
fn regarding(world: &World, act: &Act) -> Option<Regarding> {
    if act.key.kind == Kind::Namespace && act.operation != Operation::Create {
        return of_namespace(world, &act.key.name);
    }
    if let Some(namespace) = &act.key.namespace {
        let around = of_namespace(world, namespace)?;
        return Some(of_old(act).or_else(|| of_controller(world, act)).unwrap_or(around));
    }
    of_old(act)
}

fn of_old(act: &Act) -> Option<Regarding> {
    let meta = act.old.as_ref().and_then(Fact::meta)?;
    Some(Regarding { target: target_of(&act.key), uid: meta.uid.clone() })
}

/// Believed only where the world has it: nobody puts Events on what is not his.
fn of_controller(world: &World, act: &Act) -> Option<Regarding> {
    let Some(Fact::Workload(workload)) = &act.new else { return None };
    world.controller_of(workload)?;
    let (key, owner) = (workload.controller_key()?, workload.controller()?);
    Some(Regarding { target: target_of(&key), uid: owner.uid.clone() })
}

/// Told within the namespace, where those who work in it may read; about a cluster-scoped object it would lie in `default`.
fn of_namespace(world: &World, name: &str) -> Option<Regarding> {
    let namespace = world.namespace(name).filter(|namespace| !namespace.meta.is_deleting)?;
    let target = Target::namespaced(Kind::Namespace.resource(), name, name);
    Some(Regarding { target, uid: namespace.meta.uid.clone() })
}

fn target_of(key: &ObjectKey) -> Target {
    match &key.namespace {
        Some(namespace) => Target::namespaced(key.kind.resource(), namespace.clone(), key.name.clone()),
        None => Target::cluster(key.kind.resource(), key.name.clone()),
    }
}

/// All of it within the namespace that it is about. Of an object of the cluster only the controls: who may read the Event
/// is not known there, and its tenants are not to be named to each other.
fn told(act: &Act, violations: &[Violation]) -> String {
    if act.key.namespace.is_some() || act.key.kind == Kind::Namespace {
        return decide::warnings(violations).join("; ");
    }
    controls_of(violations).join(", ")
}

fn controls_of(violations: &[Violation]) -> Vec<&str> {
    let mut controls: Vec<&str> = violations.iter().map(|violation| violation.control.as_str()).collect();
    controls.sort_unstable();
    controls.dedup();
    controls
}

fn what(act: &Act) -> String {
    let kind = act.key.kind.resource().kind;
    let name = if act.key.name.is_empty() { "without a name yet" } else { act.key.name.as_str() };
    format!("{} of {kind} {name}", act.operation.as_str())
}

fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST_NAME)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::{
        api::Enforcement,
        core::{
            controls::{
                self,
                testkit::{Bench, NAMESPACE, TENANT},
            },
            facts::{Change, Name, Namespace},
            verdict::Issue,
        },
        index,
    };

    fn act(operation: Operation, key: ObjectKey) -> Act {
        Act {
            operation,
            key,
            old: None,
            new: None,
            subresource: Name::default(),
            user: "jane".into(),
            groups: Vec::new(),
            orphans_dependents: false,
            requested_deletion: None,
            canary: None,
        }
    }

    fn violations() -> Vec<Violation> {
        vec![Violation {
            control: "isolation.host-access".to_owned(),
            breaks: Vec::new(),
            promise: String::new(),
            subject: None,
            issue: Issue::fail("spec.hostNetwork", "true", "false", ""),
            enforcement: Enforcement::Deny,
            is_waivable: true,
        }]
    }

    fn bench() -> Bench {
        Bench::new(controls::all().iter().copied().next().unwrap())
    }

    fn pod() -> Act {
        act(Operation::Create, ObjectKey::namespaced(Kind::Pod, NAMESPACE, "web"))
    }

    #[test]
    fn what_was_refused_does_not_exist_and_is_told_of_its_namespace_within_it() {
        let notable = of_refusal(&bench().world, &pod(), &violations()).unwrap();
        let notice = notable.notice.unwrap();
        assert_eq!(
            notice.regarding.target,
            Target::namespaced(Kind::Namespace.resource(), NAMESPACE, NAMESPACE)
        );
        assert_eq!(
            notice.note,
            "CREATE of Pod web was refused: isolation.host-access: spec.hostNetwork: found true; wanted false"
        );
        assert!(notable.entry.is_none());
    }

    #[test]
    fn of_an_object_of_the_cluster_no_tenants_are_named() {
        let mut class = act(Operation::Update, ObjectKey::cluster(Kind::Namespace, NAMESPACE));
        let of_others =
            vec![Violation { subject: Some("Namespace other".to_owned()), ..violations().remove(0) }];
        let world = bench().world;
        let note = |act: &Act| of_refusal(&world, act, &of_others).unwrap().notice.unwrap().note;
        assert!(note(&class).contains("Namespace other"));
        class.key = ObjectKey::cluster(Kind::Tenant, TENANT);
        class.old = world.tenant(TENANT).map(|tenant| Fact::Tenant((**tenant).clone()));
        assert_eq!(note(&class), format!("UPDATE of Tenant {TENANT} was refused: isolation.host-access"));
    }

    #[test]
    fn nothing_is_told_in_a_namespace_that_ends_nor_of_an_unborn_object_of_the_cluster() {
        let mut bench = bench();
        let class = act(Operation::Create, ObjectKey::cluster(Kind::StorageClass, "fast"));
        assert!(of_refusal(&bench.world, &class, &violations()).is_none());
        let mut ending = Namespace { name: NAMESPACE.into(), ..Namespace::default() };
        ending.meta.is_deleting = true;
        index::apply(&mut bench.world, Change::Apply(Fact::Namespace(ending)));
        assert!(of_refusal(&bench.world, &pod(), &violations()).is_none());
    }

    #[test]
    fn a_use_of_break_glass_is_recorded_with_user_and_object_even_where_no_event_can_be() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let class = act(Operation::Create, ObjectKey::cluster(Kind::StorageClass, "fast"));
        let notable = of_break_glass(&bench().world, &class, "conform", &violations(), now);
        assert!(notable.notice.is_none());
        let content = notable.entry.unwrap().content;
        assert_eq!(content.pointer("/user").and_then(Value::as_str), Some("jane"));
        assert_eq!(content.pointer("/controls/0").and_then(Value::as_str), Some("isolation.host-access"));
        let notable = of_break_glass(&bench().world, &pod(), "conform", &violations(), now);
        assert_eq!(notable.notice.unwrap().reason, Reason::BreakGlassUsed);
    }
}
