//! Parity from bytes: lines of watches, files and reviews give equal verdicts, evidence and next moments.
//!
//! Small worlds are made from seeds, as JSON. Each goes through the controller's book as a watch brings it, through files
//! into a fresh world, and as requests through the webhook's decision. What one path says, the others must say; nothing
//! may change before the moment that a verdict names; and every control must be seen in every answer that it can give.
//!
//! `SURETY_PARITY_CASES` sets the number of worlds, `SURETY_PARITY_SEED` runs the world of one seed alone.

mod admission;
mod files;
mod forms;
mod generate;
mod random;
mod reach;
mod scenario;
mod shrink;
mod tables;
mod time;
mod watch;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::OnceLock,
};

use surety::{
    core::result::{TenantResult, result},
    reconcile::book::Book,
};

use reach::Reached;
use scenario::{Disagreement, Scenario};
use tables::Table;

const CASES: u64 = 2_000;

/// What all cases together reached, or where the first of them disagrees with itself.
static RUN: OnceLock<Result<Reached, String>> = OnceLock::new();

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{variable}={text}: {error}")))
}

fn run() -> &'static Result<Reached, String> {
    RUN.get_or_init(|| {
        let seeds = match number("SURETY_PARITY_SEED") {
            Some(seed) => seed..seed + 1,
            None => 0..number("SURETY_PARITY_CASES").unwrap_or(CASES),
        };
        let mut reached = Reached::default();
        for seed in seeds {
            reached.add(run_one(&generate::scenario(seed))?);
        }
        Ok(reached)
    })
}

fn run_one(scenario: &Scenario) -> Result<Reached, String> {
    caught(scenario).map_err(|disagreement| {
        let (smallest, disagreement) =
            shrink::smallest(scenario, disagreement, |smaller| caught(smaller).map(drop));
        format!(
            "{}: {}\n\nthe smallest world, of seed {}:\n{smallest}",
            disagreement.about, disagreement.text, scenario.seed
        )
    })
}

/// A panic is a disagreement too.
fn caught(scenario: &Scenario) -> Result<Reached, Disagreement> {
    catch_unwind(AssertUnwindSafe(|| check(scenario))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(Disagreement::new("panic", text.unwrap_or_default()))
    })
}

fn check(scenario: &Scenario) -> Result<Reached, Disagreement> {
    let mut reached = Reached::of_one_case();
    let files = files::changes_of(scenario)?;
    let world = files::world_of(scenario, &files);
    let table = tables::table_of_world(&world, scenario.now);
    reached.note(&table, scenario.now);
    let mut book = watch::book_of(scenario)?;
    tables::compare(
        "watch and files",
        ("watch", &tables::table_of_book(&book, scenario.now)),
        ("files", &table),
    )?;
    same_plans_and_results(scenario, &book, &world)?;
    same_moment(&mut book, &table)?;
    reached.moments = time::check(scenario, &world, &table)?;
    reached.objections = forms::check(scenario, book.world(), &files)?;
    for request in &scenario.requests {
        admission::check(scenario, request, book.world(), &files, &mut reached)?;
    }
    Ok(reached)
}

/// What the controller wakes for next is the first moment of all.
fn same_moment(book: &mut Book, table: &Table) -> Result<(), Disagreement> {
    let first = table.values().filter_map(|entry| entry.next).min();
    let next = book.next_moment();
    if first == next {
        return Ok(());
    }
    Err(Disagreement::new("next moment", format!("verdicts: {first:?}, deadlines: {next:?}")))
}

fn same_plans_and_results(
    scenario: &Scenario,
    book: &Book,
    world: &surety::core::world::World,
) -> Result<(), Disagreement> {
    for tenant in world.tenants() {
        let Some(plan) = world.plan(&tenant.name) else { continue };
        if book.world().plan(&tenant.name) != Some(plan) {
            let text = format!("watch: {:#?}\nfiles: {plan:#?}", book.world().plan(&tenant.name));
            return Err(Disagreement::new("plan", text));
        }
        let evaluation = tables::evaluation(world, plan, scenario.now);
        let record = world.record(&tenant.name).map(AsRef::as_ref);
        let of_files = without_advice(result(&evaluation, record, scenario.now));
        let of_watch = book.result(&tenant.name, scenario.now).map(without_advice);
        if of_watch.as_ref() != Some(&of_files) {
            return Err(Disagreement::new("result", format!("watch: {of_watch:#?}\nfiles: {of_files:#?}")));
        }
    }
    Ok(())
}

/// A fix may name any good storage class that there was.
fn without_advice(mut result: TenantResult) -> TenantResult {
    result.findings.iter_mut().for_each(|finding| finding.issue.fix.clear());
    result
}

#[test]
fn watches_files_and_reviews_give_equal_verdicts_evidence_and_next_moments() {
    match run() {
        Ok(reached) => println!("{}", reached.text()),
        Err(disagreement) => panic!("{disagreement}"),
    }
}

#[test]
fn the_generated_worlds_reach_every_control_in_every_answer() {
    if number("SURETY_PARITY_SEED").is_some() {
        return;
    }
    if let Ok(reached) = run() {
        let missing = reached.missing();
        assert!(missing.is_empty(), "{}\n{}", missing.join("\n"), reached.text());
    }
}
