//! The smallest world in which two paths still disagree about the same thing.

use serde_json::Value;
use surety::core::facts::SourceState;

use super::scenario::{Disagreement, Scenario};

/// How often a smaller world is tried.
const ATTEMPTS: usize = 4_000;

/// Takes away whatever can go: requests, objects, what objects were before, fields.
pub(super) fn smallest(
    scenario: &Scenario,
    disagreement: Disagreement,
    check: impl Fn(&Scenario) -> Result<(), Disagreement>,
) -> (Scenario, Disagreement) {
    let mut shrinking = Shrinking { best: scenario.clone(), disagreement, check, attempts_left: ATTEMPTS };
    loop {
        let before = shrinking.attempts_left;
        let shrunk = shrinking.round();
        if !shrunk || before == 0 {
            return (shrinking.best, shrinking.disagreement);
        }
    }
}

struct Shrinking<C> {
    best: Scenario,
    disagreement: Disagreement,
    check: C,
    attempts_left: usize,
}

impl<C: Fn(&Scenario) -> Result<(), Disagreement>> Shrinking<C> {
    /// One try at everything; whether anything went.
    fn round(&mut self) -> bool {
        let mut shrunk = false;
        for at in (0..self.best.requests.len()).rev() {
            shrunk |= self.attempt(|scenario| drop(scenario.requests.remove(at)));
        }
        for at in (0..self.best.objects.len()).rev() {
            shrunk |= self.attempt(|scenario| drop(scenario.objects.remove(at)));
        }
        shrunk |= self.attempt(|scenario| {
            scenario.sources.values_mut().for_each(|state| *state = SourceState::Synced);
        });
        for at in 0..self.best.objects.len() {
            for past in (0..self.best.objects[at].past.len()).rev() {
                let is_needed = self.best.objects[at].now.is_none() && self.best.objects[at].past.len() == 1;
                if !is_needed {
                    shrunk |= self.attempt(|scenario| drop(scenario.objects[at].past.remove(past)));
                }
            }
        }
        shrunk | self.prune()
    }

    /// Fields of everything that is left.
    fn prune(&mut self) -> bool {
        let mut shrunk = false;
        for at in 0..values(&mut self.best.clone()).len() {
            let mut pointers = Vec::new();
            pointers_of(values(&mut self.best)[at], "", &mut pointers);
            for pointer in pointers.into_iter().rev() {
                shrunk |= self.attempt(|scenario| remove(values(scenario)[at], &pointer));
            }
        }
        shrunk
    }

    fn attempt(&mut self, change: impl FnOnce(&mut Scenario)) -> bool {
        if self.attempts_left == 0 {
            return false;
        }
        self.attempts_left -= 1;
        let mut smaller = self.best.clone();
        change(&mut smaller);
        match (self.check)(&smaller) {
            Err(disagreement) if disagreement.about == self.disagreement.about => {
                (self.best, self.disagreement) = (smaller, disagreement);
                true
            }
            _ => false,
        }
    }
}

fn values(scenario: &mut Scenario) -> Vec<&mut Value> {
    let objects =
        scenario.objects.iter_mut().flat_map(|object| object.past.iter_mut().chain(&mut object.now));
    let requests =
        scenario.requests.iter_mut().flat_map(|request| request.old.iter_mut().chain(&mut request.new));
    objects.chain(requests).collect()
}

/// What every object of an API server has stays.
const KEPT: [&str; 6] = [
    "/apiVersion",
    "/kind",
    "/metadata/name",
    "/metadata/namespace",
    "/metadata/uid",
    "/metadata/creationTimestamp",
];

fn pointers_of(value: &Value, path: &str, pointers: &mut Vec<String>) {
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (format!("{path}/{}", escaped(key)), value)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(at, value)| (format!("{path}/{at}"), value)).collect()
        }
        _ => Vec::new(),
    };
    for (child, value) in children {
        if !KEPT.contains(&child.as_str()) && child != "/metadata" {
            pointers.push(child.clone());
        }
        pointers_of(value, &child, pointers);
    }
}

fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    match value.pointer_mut(parent) {
        Some(Value::Object(fields)) => drop(fields.remove(&key.replace("~1", "/").replace("~0", "~"))),
        Some(Value::Array(items)) => {
            if let Some(at) = key.parse().ok().filter(|at: &usize| *at < items.len()) {
                items.remove(at);
            }
        }
        _ => {}
    }
}
