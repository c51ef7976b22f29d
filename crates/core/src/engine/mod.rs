//! Work on many items at once: threads, order, progress, and an early end.
//!
//! The calling thread does no work of its own: it collects what the workers have
//! done and calls the observer, which so never runs on a thread that the caller
//! does not know.

mod assist;
mod collect;
mod pool;
mod worker;

use std::num::NonZeroUsize;
use std::ops::{ControlFlow, Range};

use rayon::Scope;

pub(crate) use assist::ReadAhead;
use collect::{Collector, Post};
use pool::with_pool;
pub(crate) use worker::{Held, Shared, Worker};

use crate::cancel::Cancel;

/// How many workers there are in the end where the caller does not say, and where they wait
/// for a disk: it does many requests at once in hardly more time than one.
const MOST_WORKERS: usize = 32;

/// No more workers than these, or one a processor, whatever the caller says: hundreds that look
/// for work keep the processors from doing it.
const LIMIT: usize = 128;

/// From so many items on it can pay to have so many workers.
const MANY: usize = 128;

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

/// What the caller is told while a run goes on: [`Event`]s with what is found, which it keeps.
pub(crate) enum Step<'a, R> {
    /// The item at this place is done.
    Done(usize, R),
    /// So it is, but the observer has broken off.
    Late(usize, R),
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

/// How a run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All items are done.
    Done,
    /// It was ended early.
    Early,
}

/// Does the items, until all are done, `cancel` is raised or `observe` breaks off.
///
/// `live` is the life of a worker: it takes items, and puts a result for each that it has
/// done, until there are none left. `threads` says how many workers there are. Where it does
/// not, there is one for each processor and, once these mostly wait for a disk, more.
///
/// `observe` runs on the calling thread, and has every result that was put, also after it
/// broke off. The threads live only inside the call, so
/// it works in a child after `fork` and leaves nothing behind.
pub(crate) fn run<R: Send>(
    plan: &Plan<'_>,
    threads: Option<NonZeroUsize>,
    cancel: &Cancel,
    live: impl Fn(&mut Worker<'_, R>) + Sync,
    mut observe: impl FnMut(Step<'_, R>) -> ControlFlow<()>,
) -> End {
    let first = worker_count(plan, threads);
    let most = match threads {
        None if plan.len >= MANY => first.max(MOST_WORKERS),
        _ => first,
    };
    let shared = Shared::new(plan, cancel, most);
    let post = Post::new(most);
    let mut collector = Collector::new(&shared, &mut observe);
    let pooled = with_pool(first, |pool| {
        pool.in_place_scope(|scope| {
            hire(scope, 0..first, &shared, &post, &live);
            let starved = collector.collect(&post, first..most);
            if starved {
                // Where there are no more threads, those that there are do it.
                let _ = with_pool(most - first, |pool| {
                    pool.in_place_scope(|scope| {
                        hire(scope, first..most, &shared, &post, &live);
                        collector.collect(&post, most..most);
                    });
                });
                collector.collect(&post, most..most);
            }
        });
    });
    if pooled.is_err() {
        shared.employ(0, &live, &mut |item, result| collector.take(item, result));
    }
    collector.finish()
}

/// How many workers there are at first.
fn worker_count(plan: &Plan<'_>, threads: Option<NonZeroUsize>) -> usize {
    let wanted = threads.map_or_else(checksig_threads::processors, NonZeroUsize::get);
    let wanted = wanted.min(checksig_threads::processors().max(LIMIT));
    // An item keeps two busy at most: one reads, the other one hashes.
    wanted.min(2 * plan.len.max(1))
}

/// Lets workers of these numbers live, each on a thread of the scope's.
fn hire<'a, R: Send>(
    scope: &Scope<'a>,
    numbers: Range<usize>,
    shared: &'a Shared<'a>,
    post: &'a Post<R>,
    live: &'a (impl Fn(&mut Worker<'_, R>) + Sync),
) {
    for number in numbers {
        let sign_off = post.sign_on();
        scope.spawn(move |_| {
            let _sign_off = sign_off;
            shared.employ(number, live, &mut |item, result| {
                post.put(number, item, result, shared);
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{self, AssertUnwindSafe};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;
    use collect::{MOST_WAITING, PROGRESS_INTERVAL};

    /// The life of a worker that does `work` on every item that it gets.
    fn each<R>(work: impl Fn(usize, &mut Worker<'_, R>)) -> impl Fn(&mut Worker<'_, R>) {
        move |worker| {
            while let Some(item) = worker.next() {
                work(item, worker);
            }
        }
    }

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
    fn every_item_is_done_once() {
        for count in [0, 1, 3, 64] {
            for len in [0, 1, 2, 1000] {
                let plan = Plan {
                    order: Some((0..len).rev().collect()),
                    ..plan(len)
                };
                let mut seen = vec![None; len];
                let end = run(
                    &plan,
                    threads(count),
                    &Cancel::default(),
                    each(|item, worker| worker.put(item, item * 2)),
                    |step| {
                        if let Step::Done(item, result) = step {
                            assert_eq!(seen[item].replace(result), None);
                        }
                        ControlFlow::Continue(())
                    },
                );
                let expected: Vec<Option<usize>> = (0..len).map(|item| Some(item * 2)).collect();
                assert_eq!(seen, expected);
                assert_eq!(end, End::Done);
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
        let mut done = Vec::new();
        let end = run(&plan(10_000_000), threads(2), &cancel, each(work), |step| {
            if let Step::Done(item, _) = step {
                done.push(item);
            }
            ControlFlow::Continue(())
        });
        assert_eq!(end, End::Early);
        assert!(done.contains(&100));
        assert!(done.len() < 10_000_000);
    }

    #[test]
    fn an_observer_that_breaks_off_hears_no_more_and_loses_nothing_done() {
        let put = AtomicUsize::new(0);
        let (mut heard, mut late) = (0, 0);
        let end = run(
            &plan(10_000_000),
            threads(2),
            &Cancel::default(),
            each(|item, worker| {
                put.fetch_add(1, Ordering::Relaxed);
                worker.put(item, item);
            }),
            |step| {
                match step {
                    Step::Late(..) => late += 1,
                    _ => heard += 1,
                }
                ControlFlow::Break(())
            },
        );
        assert_eq!((heard, end), (1, End::Early));
        let put = put.into_inner();
        assert_eq!(heard + late, put);
        assert!(put < 10_000_000);
    }

    #[test]
    fn a_slow_observer_does_not_leave_all_results_waiting() {
        let put = AtomicUsize::new(0);
        let (mut seen, mut most_ahead) = (0, 0);
        run(
            &plan(100_000),
            threads(2),
            &Cancel::default(),
            each(|item, worker| {
                put.fetch_add(1, Ordering::Relaxed);
                worker.put(item, item);
            }),
            |step| {
                if let Step::Done(..) = step {
                    if seen == 0 {
                        thread::sleep(PROGRESS_INTERVAL * 2);
                    }
                    seen += 1;
                    most_ahead = most_ahead.max(put.load(Ordering::Relaxed) - seen);
                }
                ControlFlow::Continue(())
            },
        );
        assert_eq!(seen, 100_000);
        assert!(most_ahead < 90_000, "{most_ahead}");
    }

    #[test]
    fn an_observer_that_panics_ends_the_run() {
        let done = AtomicUsize::new(0);
        let observed = panic::catch_unwind(AssertUnwindSafe(|| {
            run(
                &plan(10_000_000),
                threads(2),
                &Cancel::default(),
                each(|item, worker| {
                    done.fetch_add(1, Ordering::Relaxed);
                    worker.put(item, item);
                }),
                |_| panic!("enough"),
            )
        }));
        assert!(observed.is_err());
        assert!(done.into_inner() < 10_000_000);
    }

    #[test]
    fn workers_wait_for_a_slow_observer() {
        let done = AtomicUsize::new(0);
        let mut most_ahead = 0;
        let mut seen = 0;
        let end = run(
            &plan(300_000),
            threads(100),
            &Cancel::default(),
            each(|item, worker| {
                done.fetch_add(1, Ordering::Relaxed);
                worker.put(item, item);
            }),
            |step| {
                if let Step::Done(..) = step {
                    if seen == 0 {
                        thread::sleep(PROGRESS_INTERVAL * 3);
                    }
                    most_ahead = done.load(Ordering::Relaxed).max(most_ahead + seen) - seen;
                    seen += 1;
                }
                ControlFlow::Continue(())
            },
        );
        assert!(end == End::Done && seen == 300_000);
        // Beside what waits, each has one, and one's are told.
        assert!(most_ahead <= MOST_WAITING + MOST_WAITING / 100 + 2 * 100);
    }

    #[test]
    fn a_result_does_not_wait_for_the_next_item() {
        let seen = AtomicUsize::new(0);
        run(
            &plan(2),
            threads(1),
            &Cancel::default(),
            each(|item, worker| {
                while item == 1 && seen.load(Ordering::Relaxed) == 0 {
                    thread::yield_now();
                }
                worker.put(item, item);
            }),
            |step| {
                if let Step::Done(..) = step {
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
            each(|item, worker| {
                thread::sleep(PROGRESS_INTERVAL * 2);
                worker.put(item, ());
            }),
            |step| {
                assert_eq!(thread::current().id(), caller);
                if let Step::Progress(progress) = step {
                    assert_eq!(progress.files_total, 4);
                    reports += 1;
                }
                ControlFlow::Continue(())
            },
        );
        assert!(reports >= 1);
    }
}
