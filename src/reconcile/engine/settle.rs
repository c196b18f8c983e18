//! Reporting what changed: metrics on every replica, writes where this one leads.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Engine, FULL_PASS};
use crate::{
    core::{
        controls::backup::oldest_newest_point,
        effective::PolicyReference,
        facts::{Kind, Name},
        plan::Plan,
        result::TenantResult,
    },
    reconcile::{
        desired, figures, notices, record,
        reported::Reported,
        status::{self, Known},
        unwanted,
        withdrawals::Withdrawals,
    },
    serve::metrics::Outcome,
};

impl Engine {
    /// Reports what changed: metrics on every replica, writes where this one leads.
    pub(super) fn settle(&mut self) {
        if !self.book.is_open() {
            return;
        }
        let now = self.now();
        let started = Instant::now();
        let dirty = self.book.take_dirty();
        if dirty.is_empty() && !self.declarations_changed {
            return;
        }
        for tenant in &dirty {
            self.settle_tenant(tenant, now);
        }
        if self.parts.writes.is_leading() {
            if std::mem::take(&mut self.declarations_changed) {
                self.report_all_tenants(now, &dirty);
            }
            self.report_declarations(now);
        }
        tracing::trace!(tenants = dirty.len(), elapsed = ?started.elapsed(), "settled");
    }

    fn settle_tenant(&mut self, tenant: &Name, now: Timestamp) {
        let started = Instant::now();
        let Some(result) = self.book.result(tenant, now) else {
            self.reported.remove(tenant);
            self.held.remove(tenant);
            if self.exported.remove(tenant) {
                self.parts.metrics.tenants.remove(tenant);
            }
            return;
        };
        let Some(plan) = self.book.world().plan(tenant).cloned() else { return };
        let oldest = oldest_newest_point(self.book.world(), &plan, now);
        let exported = figures::figures(&plan, &result, oldest, FULL_PASS, now);
        self.parts.metrics.tenants.set(tenant, exported);
        self.exported.insert(tenant.clone());
        let reported = Reported::of(&plan, &result);
        if self.parts.writes.is_leading() {
            self.write_tenant(&plan, &result, oldest, now);
            for notice in notices::of_change(&plan, self.reported.get(tenant), &reported) {
                self.tell(notice);
            }
        }
        let is_same = self.reported.get(tenant) == Some(&reported);
        self.reported.insert(tenant.clone(), reported);
        let outcome = if is_same { Outcome::Unchanged } else { Outcome::Changed };
        self.parts.metrics.reconcile.ended(Kind::Tenant, outcome, started.elapsed());
    }

    /// A new leader reports what its predecessor may have left.
    fn report_all_tenants(&mut self, now: Timestamp, done: &BTreeSet<Name>) {
        let names: Vec<Name> = self.book.tenants().filter(|name| !done.contains(*name)).cloned().collect();
        for name in names {
            self.settle_tenant(&name, now);
        }
    }

    fn write_tenant(
        &mut self,
        plan: &Plan,
        result: &TenantResult,
        oldest: Option<Timestamp>,
        now: Timestamp,
    ) {
        let wanted = desired::of_tenant(self.book.world(), plan);
        self.forget_disputes_beside(&wanted, &plan.tenant.name);
        let world = self.book.world();
        let writes = &self.parts.writes;
        let name = &plan.tenant.name;
        let read_back = || world.record(name).map(|record| record.data.clone()).unwrap_or_default();
        let held = self.held.remove(name).unwrap_or_else(read_back);
        let next = record::next(world, plan, result.memory.clone(), &held, now);
        self.held.insert(name.clone(), next.data.clone());
        if world.record(name).map(AsRef::as_ref) != Some(&next) {
            match record::config_map(&self.parts.own_namespace, &next) {
                Ok(desired) => writes.object(desired),
                Err(error) => {
                    tracing::error!(%error, tenant = %plan.tenant.name, "a record cannot be serialized");
                }
            }
        }
        let disputes = self.disputes_of(name);
        writes.status(status::of_tenant(
            world,
            &plan.tenant,
            result,
            &Known { oldest_point: oldest, disputes },
            now,
        ));
        match status::report_of(&plan.tenant.name, result) {
            Ok((object, report)) => {
                writes.object(object);
                writes.status(report);
            }
            Err(error) => {
                tracing::error!(%error, tenant = %plan.tenant.name, "a report cannot be serialized");
            }
        }
        for desired in wanted {
            writes.object(desired);
        }
    }

    /// Withdraws what was written and nothing wants any more.
    pub(super) fn withdraw(&mut self) {
        if !self.book.is_open() || !self.parts.writes.is_leading() {
            self.withdrawals = Withdrawals::default();
            return;
        }
        let unwanted = unwanted::all(self.book.world());
        for due in self.withdrawals.due(unwanted, Instant::now()) {
            self.parts.writes.withdrawal(due);
        }
    }

    fn report_declarations(&self, now: Timestamp) {
        let world = self.book.world();
        let standings = status::standings(world, self.reported.values());
        for fact in status::declarations(world) {
            let key = fact.key();
            let reference = PolicyReference::new(key.kind, &key.name);
            let standing = standings.get(&reference).cloned().unwrap_or_default();
            if let Some(desired) = status::of_declaration(&fact, &standing, now) {
                self.parts.writes.status(desired);
            }
        }
    }
}
