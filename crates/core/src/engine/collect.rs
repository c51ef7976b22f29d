//! The calling thread's part: results to their places, events to the observer.

use std::ops::{ControlFlow, Range};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::worker::Shared;
use super::{End, Progress, Step};
use crate::cancel::Cancel;

/// The least time between two reports of progress.
pub(super) const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// The most time that a result waits to be collected.
const COLLECT_INTERVAL: Duration = Duration::from_millis(10);

/// How many results wait at a worker at the most until the collecting thread is woken.
const COLLECT_LEN: usize = 256;

/// How many results wait at all workers together until these wait, too: where a run ends early
/// they are soon taken.
pub(super) const MOST_WAITING: usize = 8 * 1024;

/// How long a worker waits then until it looks again.
const CATCH_UP: Duration = Duration::from_millis(1);

/// The workers' results on their way to the collecting thread.
pub(super) struct Post<R> {
    /// A box for each worker, so that they don't wait for each other.
    boxes: Vec<Mutex<Vec<(usize, R)>>>,
    /// How many results a box has before its worker waits.
    most: usize,
    /// How many workers have not ended.
    working: Mutex<usize>,
    wake: Condvar,
}

impl<R> Post<R> {
    /// For so many workers at most.
    pub(super) fn new(workers: usize) -> Self {
        Self {
            boxes: (0..workers).map(|_| Mutex::default()).collect(),
            most: MOST_WAITING / workers.max(1),
            working: Mutex::new(0),
            wake: Condvar::new(),
        }
    }

    /// Counts a worker, until what this gives is dropped.
    pub(super) fn sign_on(&self) -> SignOff<'_, R> {
        *lock(&self.working) += 1;
        SignOff(self)
    }

    /// Takes a result of a worker's. Where the observer is slower than the workers it takes
    /// its time, so that there is no end of results in memory, unless the run is to end.
    pub(super) fn put(&self, number: usize, item: usize, result: R, shared: &Shared<'_>) {
        let mut waiting = lock(&self.boxes[number]);
        waiting.push((item, result));
        let mut count = waiting.len();
        drop(waiting);
        if count == self.many() {
            // Who has not seen the result waits by now, and hears this.
            drop(lock(&self.working));
            self.wake.notify_one();
        }
        while count > self.most && !shared.is_cancelled() {
            thread::sleep(CATCH_UP);
            count = lock(&self.boxes[number]).len();
        }
    }

    /// With how many results of a worker's the collecting thread is woken.
    fn many(&self) -> usize {
        COLLECT_LEN.min(self.most)
    }

    /// Waits for a while, or until there is much to take; whether a worker is left.
    fn wait(&self) -> bool {
        let working = lock(&self.working);
        if *working == 0 {
            return false;
        }
        let mut counts = self.boxes.iter().map(|results| lock(results).len());
        if counts.any(|count| count >= self.many()) {
            return true;
        }
        let woken = self.wake.wait_timeout(working, COLLECT_INTERVAL);
        let (working, _) = woken.unwrap_or_else(PoisonError::into_inner);
        *working > 0
    }
}

/// Says that a worker has ended, also where it panics.
pub(super) struct SignOff<'a, R>(&'a Post<R>);

impl<R> Drop for SignOff<'_, R> {
    fn drop(&mut self) {
        *lock(&self.0.working) -= 1;
        self.0.wake.notify_one();
    }
}

/// Locks what holds no half-done change, even if a thread has panicked meanwhile.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The state of collecting.
pub(super) struct Collector<'a, R> {
    shared: &'a Shared<'a>,
    observe: &'a mut Observe<'a, R>,
    done: u64,
    next_progress: Instant,
}

/// What hears of a run.
pub(super) type Observe<'a, R> = dyn FnMut(Step<'_, R>) -> ControlFlow<()> + 'a;

impl<'a, R> Collector<'a, R> {
    pub(super) fn new(shared: &'a Shared<'a>, observe: &'a mut Observe<'a, R>) -> Self {
        Self {
            shared,
            observe,
            done: 0,
            next_progress: Instant::now() + PROGRESS_INTERVAL,
        }
    }

    /// Collects until every worker has ended, or until workers of the numbers `more` would
    /// speed it up: then true.
    pub(super) fn collect(&mut self, post: &Post<R>, more: Range<usize>) -> bool {
        let _end = EndOnPanic(&self.shared.stop);
        let mut disk = (!more.is_empty()).then(Disk::new);
        let mut is_working = true;
        while is_working {
            // What was put before the last worker ended is taken after it has.
            is_working = post.wait();
            for results in &post.boxes {
                let results = std::mem::take(&mut *lock(results));
                for (number, (item, result)) in results.into_iter().enumerate() {
                    self.keep(item, result);
                    if number % COLLECT_LEN == 0 {
                        self.report_progress();
                    }
                }
            }
            self.report_progress();
            let is_slow = disk.as_mut().is_some_and(Disk::is_busy);
            if is_slow && self.shared.left() > more.len() {
                return true;
            }
        }
        false
    }

    /// Takes one result, where nobody else reports progress.
    pub(super) fn take(&mut self, item: usize, result: R) {
        self.keep(item, result);
        self.report_progress();
    }

    fn keep(&mut self, item: usize, result: R) {
        self.done += 1;
        let stop = &self.shared.stop;
        let step = if stop.is_requested() {
            Step::Late(item, result)
        } else {
            Step::Done(item, result)
        };
        if (self.observe)(step).is_break() {
            stop.request();
        }
    }

    fn report_progress(&mut self) {
        let now = Instant::now();
        if now < self.next_progress || self.shared.stop.is_requested() {
            return;
        }
        self.next_progress = now + PROGRESS_INTERVAL;
        let plan = self.shared.plan;
        let current = self.shared.current().map(plan.name).unwrap_or_default();
        let progress = Progress {
            files: self.done,
            files_total: plan.len as u64,
            bytes: self.shared.bytes(),
            bytes_total: plan.bytes_total,
            current: &current,
        };
        if (self.observe)(Step::Progress(progress)).is_break() {
            self.shared.stop.request();
        }
    }

    /// Whether all was done, when all have ended.
    pub(super) fn finish(self) -> End {
        if self.shared.stop.is_requested() || self.done < self.shared.plan.len as u64 {
            End::Early
        } else {
            End::Done
        }
    }
}

/// Ends the run where the observer panics: nobody would take the results.
struct EndOnPanic<'a>(&'a Cancel);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.request();
        }
    }
}

/// How much was read that was not in memory, lately.
struct Disk {
    since: Instant,
    fetched: Option<u64>,
}

impl Disk {
    /// The least time that says something.
    const WINDOW: Duration = Duration::from_millis(30);

    /// So many bytes in that time are no chance.
    const FETCHED: u64 = 128 * 1024;

    fn new() -> Self {
        Self {
            since: Instant::now(),
            fetched: Self::fetched(),
        }
    }

    /// Whether a disk is waited for, as far as the system tells.
    fn is_busy(&mut self) -> bool {
        if self.since.elapsed() < Self::WINDOW {
            return false;
        }
        let fetched = Self::fetched();
        let count = fetched
            .zip(self.fetched)
            .map(|(now, before)| now.saturating_sub(before));
        (self.since, self.fetched) = (Instant::now(), fetched);
        count.is_some_and(|count| count >= Self::FETCHED)
    }

    /// How many bytes the process has had from disks (proc(5), `/proc/pid/io`).
    fn fetched() -> Option<u64> {
        let counts = std::fs::read_to_string("/proc/self/io").ok()?;
        let count = counts
            .lines()
            .find_map(|line| line.strip_prefix("read_bytes: "))?;
        count.parse().ok()
    }
}
