//! Many look-ups by the resolver, as tasks on one runtime.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::runtime::Runtime;
use tokio::time::timeout_at;

use super::{Done, Until};
use crate::error::{Error, ErrorKind};
use crate::lookup::runtime;
use crate::plan::Plan;
use crate::random::Random;
use crate::resolver::Resolver;
use crate::walk::{Outcome, Start, Walk};

type Task = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// A look-up that has come to its end.
struct Ended {
    number: u64,
    name: Box<[u8]>,
    outcome: Outcome,
    /// How long nobody had called when it started.
    idle: Duration,
}

pub(super) struct Tasks {
    plan: Arc<Plan>,
    resolver: Resolver,
    // Before the runtime, on which its sockets are.
    tasks: FuturesUnordered<Task>,
    /// Made for the first task: names of the hosts file need none.
    runtime: Option<Runtime>,
    /// How long nobody has called, in all.
    idle: Duration,
}

impl Tasks {
    pub(super) fn new(plan: Arc<Plan>, random: Arc<Random>, rate: Option<f64>) -> Self {
        Self {
            resolver: Resolver::new(plan.clone(), random, rate),
            plan,
            tasks: FuturesUnordered::new(),
            runtime: None,
            idle: Duration::ZERO,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    pub(super) fn push(&mut self, number: u64, name: &[u8], walk: Walk) {
        self.push_within(number, name, walk, self.plan.timeout);
    }

    /// Takes a look-up that has so much time left.
    pub(super) fn push_within(&mut self, number: u64, name: &[u8], mut walk: Walk, rest: Duration) {
        let (resolver, idle, name) = (self.resolver.clone(), self.idle, name.into());
        self.tasks.push(Box::pin(async move {
            let outcome = resolver.finish(&mut walk, rest).await;
            Ended {
                number,
                name,
                outcome,
                idle,
            }
        }));
    }

    pub(super) fn step(
        &mut self,
        idle: Duration,
        until: &mut Until,
        done: &mut Done,
    ) -> Result<(), Error> {
        self.idle = idle;
        if self.tasks.is_empty() {
            return Ok(());
        }
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => runtime()?,
        };
        while !self.tasks.is_empty() && !until.is_over(done.len(), Instant::now()) {
            let next = async { timeout_at(until.end.into(), self.tasks.next()).await };
            let Ok(Some(ended)) = runtime.block_on(next) else {
                break;
            };
            if let Some(ended) = self.again(ended) {
                done.push((ended.number, ended.outcome));
            }
        }
        self.runtime = Some(runtime);
        Ok(())
    }

    /// Starts a look-up again whose time ran out while nobody called.
    fn again(&mut self, ended: Ended) -> Option<Ended> {
        let timed_out = |error: &Error| matches!(*error.kind, ErrorKind::Timeout { .. });
        let idle = self.idle - ended.idle;
        if ended.outcome.as_ref().is_err_and(timed_out)
            && idle > self.plan.timeout / 20
            && let Ok(Start::Ask(walk)) = Walk::start(&ended.name, &self.plan)
        {
            self.push(ended.number, &ended.name, walk);
            return None;
        }
        Some(ended)
    }
}
