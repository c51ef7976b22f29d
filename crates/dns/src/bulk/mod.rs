//! Many look-ups at once, on the caller's thread.

mod fast;
mod ports;
mod tasks;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::fast::Fast;
use self::tasks::Tasks;
use crate::error::Error;
use crate::lookup::CanonicalName;
use crate::options::Options;
use crate::plan::Plan;
use crate::random::Random;
use crate::walk::{Start, Walk};

/// How many look-ups are in flight at once by default: each of the resolver's has a socket.
const RESOLVER_CONCURRENCY: usize = 200;
const FAST_CONCURRENCY: usize = 2000;

/// So many results are handed out at once, if they come that fast.
const BATCH: usize = 500;
/// How long the first of them waits for others.
const LINGER: Duration = Duration::from_millis(1);

/// Results by the numbers that the caller gave the names.
type Done = Vec<(u64, Result<CanonicalName, Error>)>;

/// A run of many look-ups, which [`Bulk::step`] drives.
///
/// There is no thread: between two steps nothing happens, and the time does not count for
/// the look-ups' deadlines. So a caller that takes its time with the results loses none, and
/// one that stops calling has stopped the run. A run belongs to the process that has made
/// it, and is of no use to a forked child.
pub struct Bulk {
    plan: Arc<Plan>,
    process: u32,
    concurrency: usize,
    in_flight: usize,
    done: Done,
    engine: Engine,
    /// How long nobody has called in all, and since when.
    idle: Duration,
    left: Instant,
}

enum Engine {
    Resolver(Tasks),
    Fast(Box<Fast>),
}

/// Until when to wait for results.
struct Until {
    end: Instant,
    /// When the first result of this step came.
    first: Option<Instant>,
}

impl Until {
    /// Until about now: for who has others to look after.
    fn soon(&self) -> Self {
        Self {
            end: self.end.min(Instant::now() + LINGER),
            first: None,
        }
    }

    /// Whether a step that has so many results is over.
    fn is_over(&mut self, done: usize, now: Instant) -> bool {
        if done > 0 {
            let first = *self.first.get_or_insert(now);
            self.end = self.end.min(first + LINGER);
        }
        done >= BATCH || now >= self.end
    }
}

impl Bulk {
    /// A run with these options. The files that they name are read now, and not again.
    pub fn new(options: &Options) -> Result<Self, Error> {
        if options
            .rate
            .is_some_and(|rate| !(rate > 0.0 && rate.is_finite()))
        {
            return Err(Error::bad_option("rate", "not a number above 0"));
        }
        let plan = Arc::new(Plan::read(options)?);
        let is_fast = plan.is_fast(options)?;
        let default = if is_fast {
            FAST_CONCURRENCY
        } else {
            RESOLVER_CONCURRENCY
        };
        let concurrency = options.concurrency.unwrap_or(default).max(1);
        let random = Arc::new(Random::new()?);
        let tasks = Tasks::new(plan.clone(), random.clone(), options.rate);
        let engine = match is_fast {
            true => Engine::Fast(Box::new(Fast::new(
                &plan,
                random,
                options.rate,
                concurrency,
                tasks,
            ))),
            false => Engine::Resolver(tasks),
        };
        Ok(Self {
            plan,
            process: std::process::id(),
            concurrency,
            in_flight: 0,
            done: Vec::new(),
            engine,
            idle: Duration::ZERO,
            left: Instant::now(),
        })
    }

    /// How many more names there is room for.
    pub fn wanted(&self) -> usize {
        self.concurrency.saturating_sub(self.in_flight)
    }

    /// How many names have no result yet.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Takes a name, and the number that its result will have. More names than are
    /// [`wanted`](Self::wanted) only take memory.
    pub fn push(&mut self, number: u64, name: &[u8]) {
        self.in_flight += 1;
        match Walk::start(name, &self.plan) {
            Ok(Start::Ask(walk)) => match &mut self.engine {
                Engine::Resolver(tasks) => tasks.push(number, name, walk),
                Engine::Fast(fast) => fast.push(number, name, walk),
            },
            Ok(Start::Done(found)) => self.done.push((number, Ok(found))),
            Err(error) => self.done.push((number, Err(error))),
        }
    }

    /// Looks up for so long at the most; gives the results that there are, in any order.
    ///
    /// Returns sooner with some hundred results, or a millisecond after the first, or if
    /// nothing is in flight.
    ///
    /// # Errors
    /// The run cannot go on: it is another process's, or the system does not let it wait.
    pub fn step(&mut self, limit: Duration) -> Result<Done, Error> {
        if self.process != std::process::id() {
            return Err(Error::bad_option(
                "run",
                "it was started by another process, before a fork",
            ));
        }
        let mut until = Until {
            end: Instant::now() + limit,
            first: None,
        };
        self.idle += self.left.elapsed();
        match &mut self.engine {
            Engine::Resolver(tasks) => tasks.step(self.idle, &mut until, &mut self.done)?,
            Engine::Fast(fast) => fast.step(self.idle, &mut until, &mut self.done)?,
        }
        self.left = Instant::now();
        self.in_flight = self.in_flight.saturating_sub(self.done.len());
        Ok(std::mem::take(&mut self.done))
    }
}
