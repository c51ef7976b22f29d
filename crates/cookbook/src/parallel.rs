//! One computation over many parts of an array, on all processors where that pays.
//!
//! An array is cut into parts of [`PART`] elements whatever the number of threads, and
//! the parts' results are put together in their order: so a result is the same to the
//! last bit on any number of processors.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// How many elements of eight bytes a part has: half a mebibyte, which stays in the
/// second-level cache.
pub(crate) const PART: usize = 1 << 16;

/// From how many parts on other threads pay: 2^21 elements, 16 MiB.
///
/// Measured with two processors that had other work too: the fastest of 120 runs on one
/// thread and on two, in milliseconds. 2^19 elements: `dot` 0.15 and 0.15, `pi` 0.09 and
/// 0.15. A million: 0.30 and 0.31, 0.16 and 0.16. 2^21: 0.84 and 0.67, 0.34 and 0.24. Ten
/// million: 7.4 and 5.4, 1.6 and 1.0.
const PARALLEL_FROM: usize = 32;

/// Does `work` on every part and gives the results in the parts' order.
///
/// The calling thread works too. Others live only inside the call, so this works in a
/// child after `fork` and leaves nothing behind; where they can't be had it is slower.
pub(crate) fn map<Part: Send, Outcome: Send>(
    parts: impl ExactSizeIterator<Item = Part> + Send,
    work: impl Fn(Part) -> Outcome + Sync,
) -> Vec<Outcome> {
    let threads = if parts.len() < PARALLEL_FROM {
        1
    } else {
        checksig_threads::processors()
    };
    map_on(threads.min(parts.len()), parts, work)
}

/// [`map`] on so many threads.
fn map_on<Part: Send, Outcome: Send>(
    threads: usize,
    parts: impl Iterator<Item = Part> + Send,
    work: impl Fn(Part) -> Outcome + Sync,
) -> Vec<Outcome> {
    if threads < 2 {
        return parts.map(work).collect();
    }
    let queue = Mutex::new(parts.enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work_through = || {
        let mut outcomes = Vec::new();
        while let Some((place, part)) = next() {
            outcomes.push((place, work(part)));
        }
        outcomes
    };
    let mut outcomes = thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .map_while(|_| {
                checksig_threads::start(thread::Builder::new(), scope, work_through).ok()
            })
            .collect();
        let mut outcomes = work_through();
        for other in others {
            // Also waits for the thread to end, which the scope does not.
            outcomes.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        outcomes
    });
    outcomes.sort_unstable_by_key(|(place, _)| *place);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn results_stand_in_the_order_of_their_parts() {
        for threads in [0, 1, 2, 3, 64] {
            for parts in [0, 1, 2, 1000] {
                let doubled = map_on(threads, 0..parts, |part| 2 * part);
                let expected: Vec<usize> = (0..parts).map(|part| 2 * part).collect();
                assert_eq!(doubled, expected);
                assert_eq!(map(0..parts, |part| 2 * part), expected);
            }
        }
    }

    #[test]
    fn a_sum_is_the_same_on_any_number_of_threads() {
        let numbers: Vec<f64> = (0..10 * PART + 3).map(|n| (n as f64).sin()).collect();
        let sum = |threads| {
            let sums = map_on(threads, numbers.chunks(PART), crate::sums::sum);
            sums.into_iter().sum::<crate::sums::Sum>()
        };
        for threads in 2..12 {
            assert_eq!(sum(threads), sum(1));
        }
    }

    #[test]
    fn every_thread_works_where_there_is_work() {
        let callers = map_on(3, 0..3, |_| {
            // Nobody finds a second part before all have taken one.
            static STARTED: Mutex<u32> = Mutex::new(0);
            *STARTED.lock().unwrap() += 1;
            while *STARTED.lock().unwrap() < 3 {
                thread::yield_now();
            }
            thread::current().id()
        });
        assert_ne!(callers[0], callers[1]);
        assert_ne!(callers[1], callers[2]);
        assert_ne!(callers[0], callers[2]);
    }

    #[test]
    fn a_panic_of_any_thread_is_passed_on() {
        for bad in 0..10 {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                map_on(2, 0..10, |part| assert_ne!(part, bad))
            }));
            assert!(outcome.is_err());
        }
    }
}
