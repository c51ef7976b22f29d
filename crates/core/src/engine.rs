//! Work on many files at once: threads, order, progress, and an early end.
//!
//! The calling thread does no work of its own: it collects what the workers have
//! done and calls the observer, which so never runs on a thread that the caller
//! does not know.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use rustix::fd::AsFd;
use rustix::io::{Errno, read};

use crate::cancel::Cancel;

/// How much of a file is read at a time: large enough that system calls do not
/// count, small enough to stay in the second-level cache.
pub(crate) const BUFFER_LEN: usize = 128 * 1024;

/// The least time between two reports of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// The most time that a result waits to be collected.
const COLLECT_INTERVAL: Duration = Duration::from_millis(10);

/// How many results wait at a worker until the collecting thread is woken.
const COLLECT_LEN: usize = 256;

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// How many files are done.
    pub files: u64,
    /// How many files there are to do.
    pub files_total: u64,
    /// How many bytes are done.
    pub bytes: u64,
    /// How many bytes there are to do; `None` where that was not looked up.
    pub bytes_total: Option<u64>,
    /// The name of a file that is being read; empty where none is at the moment.
    pub current: &'a [u8],
}

/// What an observer is told while a run goes on.
#[derive(Debug)]
pub enum Event<'a, R> {
    /// The item at this place is done.
    Done(usize, &'a R),
    /// Some time has passed.
    Progress(Progress<'a>),
}

/// The items of a run.
pub(crate) struct Plan<'a> {
    /// The items' names, for the progress.
    pub(crate) name: &'a (dyn Fn(usize) -> Vec<u8> + Sync),
    /// How many items there are.
    pub(crate) len: usize,
    /// The items that are started, in this order: work on one may do others with it. All,
    /// in their own order, where it is `None`.
    pub(crate) order: Option<Vec<usize>>,
    /// How many bytes there are to do, where that is known.
    pub(crate) bytes_total: Option<u64>,
}

/// What the workers and the collecting thread share.
struct Shared<'a> {
    plan: &'a Plan<'a>,
    cancel: &'a Cancel,
    /// Raised by the observer.
    stop: Cancel,
    started: AtomicUsize,
    bytes: AtomicU64,
    /// The item that each worker is at; [`NONE`] between two.
    current: Vec<AtomicUsize>,
}

/// No item.
const NONE: usize = usize::MAX;

impl Shared<'_> {
    fn is_cancelled(&self) -> bool {
        self.cancel.is_requested() || self.stop.is_requested()
    }

    /// The next item that nobody has started; `None` at the end.
    fn next(&self) -> Option<usize> {
        if self.is_cancelled() {
            return None;
        }
        let place = self.started.fetch_add(1, Ordering::Relaxed);
        match &self.plan.order {
            Some(order) => order.get(place).copied(),
            None => (place < self.plan.len).then_some(place),
        }
    }

    /// An item that a worker is at, if there is one.
    fn current(&self) -> Option<usize> {
        let items = self.current.iter().map(|item| item.load(Ordering::Relaxed));
        items.into_iter().find(|item| *item != NONE)
    }
}

/// A worker's own means: a buffer, and the ways to say what it has done and how far it
/// has come.
pub(crate) struct Worker<'a, R> {
    shared: &'a Shared<'a>,
    number: usize,
    buffer: Vec<u8>,
    results: Vec<(usize, R)>,
}

impl<'a, R> Worker<'a, R> {
    fn new(shared: &'a Shared<'a>, number: usize) -> Self {
        Self {
            shared,
            number,
            buffer: vec![0; BUFFER_LEN],
            results: Vec::new(),
        }
    }

    /// Does the next item, if there is one, and gives what was done.
    fn step(
        &mut self,
        work: &impl Fn(usize, &mut Worker<'_, R>),
    ) -> Option<impl Iterator<Item = (usize, R)>> {
        let item = self.shared.next()?;
        self.shared.current[self.number].store(item, Ordering::Relaxed);
        work(item, self);
        self.shared.current[self.number].store(NONE, Ordering::Relaxed);
        Some(self.results.drain(..))
    }
}

/// Why a file was not read to its end.
pub(crate) enum ReadError {
    Cancelled,
    Io(Errno),
}

impl<R> Worker<'_, R> {
    /// An item is done.
    pub(crate) fn put(&mut self, item: usize, result: R) {
        self.results.push((item, result));
    }

    /// Hands a file's content to `take`, piece by piece, to its end.
    pub(crate) fn read_all(
        &mut self,
        file: impl AsFd,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), ReadError> {
        loop {
            if self.shared.is_cancelled() {
                return Err(ReadError::Cancelled);
            }
            match read(&file, &mut self.buffer[..]) {
                Ok(0) => return Ok(()),
                Ok(count) => {
                    take(&self.buffer[..count]);
                    self.shared.bytes.fetch_add(count as u64, Ordering::Relaxed);
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(ReadError::Io(errno)),
            }
        }
    }
}

/// What a run has done.
pub(crate) struct Done<R> {
    /// The results at their items' places; `None` for what was not done.
    pub(crate) results: Vec<Option<R>>,
    /// Whether it was ended early.
    pub(crate) cancelled: bool,
}

impl<R> Done<R> {
    /// The results of what was done, in order.
    #[allow(
        clippy::filter_map_identity,
        reason = "`flatten` would not keep the memory that the results are in"
    )]
    pub(crate) fn into_results(self) -> Vec<R> {
        self.results
            .into_iter()
            .filter_map(|result| result)
            .collect()
    }
}

/// Does `work` on the items, `threads` at a time (one a processor where `None`), until
/// all are done, `cancel` is raised or `observe` breaks off. `work` puts a result for each
/// item that it has done.
///
/// `observe` runs on the calling thread. The threads live only inside the call, so
/// it works in a child after `fork` and leaves nothing behind.
pub(crate) fn run<R: Send>(
    plan: &Plan<'_>,
    threads: Option<NonZeroUsize>,
    cancel: &Cancel,
    work: impl Fn(usize, &mut Worker<'_, R>) + Sync,
    observe: impl FnMut(Event<'_, R>) -> ControlFlow<()>,
) -> Done<R> {
    let threads = threads
        .or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get)
        .min(plan.len.max(1));
    let shared = Shared {
        plan,
        cancel,
        stop: Cancel::default(),
        started: AtomicUsize::new(0),
        bytes: AtomicU64::new(0),
        current: (0..threads).map(|_| AtomicUsize::new(NONE)).collect(),
    };
    let mut collector = Collector {
        shared: &shared,
        observe,
        results: (0..plan.len).map(|_| None).collect(),
        done: 0,
        next_progress: Instant::now() + PROGRESS_INTERVAL,
    };
    let post = Post::new(threads);
    let pooled = with_pool(threads, |pool| {
        pool.in_place_scope(|scope| {
            for number in 0..threads {
                let (shared, post, work) = (&shared, &post, &work);
                scope.spawn(move |_| work_through(shared, number, work, post));
            }
            collector.collect(&post);
        });
    });
    if pooled.is_err() {
        collector.work_alone(&work);
    }
    Done {
        cancelled: shared.stop.is_requested() || collector.results.iter().any(Option::is_none),
        results: collector.results,
    }
}

/// A worker's life: item after item, until there are none.
fn work_through<R>(
    shared: &Shared<'_>,
    number: usize,
    work: &impl Fn(usize, &mut Worker<'_, R>),
    post: &Post<R>,
) {
    let _sign_off = SignOff(post);
    let mut worker = Worker::new(shared, number);
    while let Some(results) = worker.step(work) {
        post.put(number, results);
    }
}

/// The workers' results on their way to the collecting thread.
struct Post<R> {
    /// A box for each worker, so that they don't wait for each other.
    boxes: Vec<Mutex<Vec<(usize, R)>>>,
    /// How many workers have not ended.
    working: Mutex<usize>,
    wake: Condvar,
}

impl<R> Post<R> {
    fn new(workers: usize) -> Self {
        Self {
            boxes: (0..workers).map(|_| Mutex::default()).collect(),
            working: Mutex::new(workers),
            wake: Condvar::new(),
        }
    }

    fn put(&self, number: usize, results: impl Iterator<Item = (usize, R)>) {
        let mut waiting = lock(&self.boxes[number]);
        let before = waiting.len();
        waiting.extend(results);
        if before < COLLECT_LEN && waiting.len() >= COLLECT_LEN {
            self.wake.notify_one();
        }
    }

    /// Takes what is there.
    fn take(&self) -> Vec<(usize, R)> {
        let mut all = Vec::new();
        for results in &self.boxes {
            all.append(&mut lock(results));
        }
        all
    }

    /// Waits for a while, or until there is much to take; whether a worker is left.
    fn wait(&self) -> bool {
        let working = lock(&self.working);
        if *working == 0 {
            return false;
        }
        let woken = self.wake.wait_timeout(working, COLLECT_INTERVAL);
        let (working, _) = woken.unwrap_or_else(PoisonError::into_inner);
        *working > 0
    }
}

/// Says that a worker has ended, also where it panics.
struct SignOff<'a, R>(&'a Post<R>);

impl<R> Drop for SignOff<'_, R> {
    fn drop(&mut self) {
        *lock(&self.0.working) -= 1;
        self.0.wake.notify_one();
    }
}

/// Locks what holds no half-done change, even if a thread has panicked meanwhile.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The calling thread's part: results to their places, events to the observer.
struct Collector<'a, R, F> {
    shared: &'a Shared<'a>,
    observe: F,
    results: Vec<Option<R>>,
    done: u64,
    next_progress: Instant,
}

impl<R, F: FnMut(Event<'_, R>) -> ControlFlow<()>> Collector<'_, R, F> {
    /// Collects until every worker has ended.
    fn collect(&mut self, post: &Post<R>) {
        let mut is_working = true;
        while is_working {
            // What was put before the last worker ended is taken after it has.
            is_working = post.wait();
            self.take(post.take());
            self.report_progress();
        }
    }

    /// Does all the work on the calling thread, where there is no other.
    fn work_alone(&mut self, work: &impl Fn(usize, &mut Worker<'_, R>)) {
        let mut worker = Worker::new(self.shared, 0);
        while let Some(results) = worker.step(work) {
            self.take(results);
            self.report_progress();
        }
    }

    fn take(&mut self, results: impl IntoIterator<Item = (usize, R)>) {
        for (item, result) in results {
            self.done += 1;
            if !self.shared.stop.is_requested()
                && (self.observe)(Event::Done(item, &result)).is_break()
            {
                self.shared.stop.request();
            }
            self.results[item] = Some(result);
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
            bytes: self.shared.bytes.load(Ordering::Relaxed),
            bytes_total: plan.bytes_total,
            current: &current,
        };
        if (self.observe)(Event::Progress(progress)).is_break() {
            self.shared.stop.request();
        }
    }
}

/// Lends a pool of its own to `work`; its threads have ended when this returns.
///
/// So no thread of it can be missing in a forked child, and none is left in the
/// caller's process. Rayon's own scoped pools wait for their threads' work alone,
/// and not for the threads to end.
fn with_pool(threads: usize, work: impl FnOnce(&ThreadPool)) -> Result<(), ThreadPoolBuildError> {
    thread::scope(|scope| {
        let mut workers = Vec::with_capacity(threads);
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .spawn_handler(|worker| {
                let name = format!("checksig-{}", worker.index());
                let builder = thread::Builder::new().name(name);
                workers.push(builder.spawn_scoped(scope, || worker.run())?);
                Ok(())
            })
            .build()?;
        work(&pool);
        drop(pool);
        for worker in workers {
            // A panic of a worker's has been passed on by the pool.
            let _ = worker.join();
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(len: usize) -> Plan<'static> {
        Plan {
            name: &|_| Vec::new(),
            len,
            order: None,
            bytes_total: None,
        }
    }

    fn threads(count: usize) -> Option<NonZeroUsize> {
        NonZeroUsize::new(count)
    }

    #[test]
    fn results_stand_at_their_items_places() {
        for count in [0, 1, 3, 64] {
            for len in [0, 1, 2, 1000] {
                let plan = Plan {
                    order: Some((0..len).rev().collect()),
                    ..plan(len)
                };
                let mut seen = vec![0; len];
                let done = run(
                    &plan,
                    threads(count),
                    &Cancel::default(),
                    |item, worker| worker.put(item, item * 2),
                    |event| {
                        if let Event::Done(item, result) = event {
                            assert_eq!(*result, item * 2);
                            seen[item] += 1;
                        }
                        ControlFlow::Continue(())
                    },
                );
                let expected: Vec<Option<usize>> = (0..len).map(|item| Some(item * 2)).collect();
                assert_eq!(done.results, expected);
                assert!(!done.cancelled);
                assert!(seen.iter().all(|times| *times == 1));
            }
        }
    }

    #[test]
    fn a_raised_flag_leaves_the_rest_undone() {
        let cancel = Cancel::default();
        let work = |item, worker: &mut Worker<'_, usize>| {
            if item == 100 {
                cancel.request();
            }
            worker.put(item, item);
        };
        let goes_on = |_: Event<'_, usize>| ControlFlow::Continue(());
        let done = run(&plan(10_000_000), threads(2), &cancel, work, goes_on);
        assert!(done.cancelled);
        assert_eq!(done.results[100], Some(100));
        assert_eq!(done.results[9_999_999], None);
    }

    #[test]
    fn an_observer_that_breaks_off_hears_no_more_and_loses_nothing_done() {
        let mut heard = 0;
        let done = run(
            &plan(10_000_000),
            threads(2),
            &Cancel::default(),
            |item, worker| worker.put(item, item),
            |_| {
                heard += 1;
                ControlFlow::Break(())
            },
        );
        assert_eq!(heard, 1);
        assert!(done.cancelled);
        assert!(done.results.iter().any(Option::is_some));
        assert!(done.results.iter().any(Option::is_none));
    }

    #[test]
    fn a_result_does_not_wait_for_the_next_item() {
        let seen = AtomicUsize::new(0);
        run(
            &plan(2),
            threads(1),
            &Cancel::default(),
            |item, worker| {
                while item == 1 && seen.load(Ordering::Relaxed) == 0 {
                    thread::yield_now();
                }
                worker.put(item, item);
            },
            |event| {
                if let Event::Done(..) = event {
                    seen.fetch_add(1, Ordering::Relaxed);
                }
                ControlFlow::Continue(())
            },
        );
        assert_eq!(seen.into_inner(), 2);
    }

    #[test]
    fn progress_is_reported_from_the_calling_thread_while_work_goes_on() {
        let caller = thread::current().id();
        let mut reports = 0;
        run(
            &plan(4),
            threads(2),
            &Cancel::default(),
            |item, worker| {
                thread::sleep(PROGRESS_INTERVAL * 2);
                worker.put(item, ());
            },
            |event| {
                assert_eq!(thread::current().id(), caller);
                if let Event::Progress(progress) = event {
                    assert_eq!(progress.files_total, 4);
                    reports += 1;
                }
                ControlFlow::Continue(())
            },
        );
        assert!(reports >= 1);
    }
}
