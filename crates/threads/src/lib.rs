//! Threads whose start a fork waits for, and how many of them to start.
//!
//! The GNU C library keeps the stacks of threads that have ended. Who starts a thread on
//! such a stack first releases the thread-local memory of the one before, and then forgets
//! it: two steps. If another thread forks between them, the child still knows what is
//! released, and is ended with "double free detected" when it starts a thread itself.
//! Seen with version 2.36, in one of 6,000 children of a C program that does nothing else.
//! So no thread is started here while the process forks, nor the other way around.

#![forbid(unsafe_code)]

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::thread::{self, Builder, Scope, ScopedJoinHandle};

/// How many threads are being started.
static STARTS: AtomicUsize = AtomicUsize::new(0);
/// How many threads are about to fork.
static FORKS: AtomicUsize = AtomicUsize::new(0);

/// How many threads the machine, or what limits the process, can run at once; at least 1.
///
/// The system is asked once: its answer takes reading several files.
#[must_use]
pub fn processors() -> usize {
    /// 0 where nobody has asked. A lock could be held for ever in a child of a fork.
    static PROCESSORS: AtomicUsize = AtomicUsize::new(0);
    let known = PROCESSORS.load(Relaxed);
    if known > 0 {
        return known;
    }
    let asked = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    PROCESSORS.store(asked, Relaxed);
    asked
}

/// Starts a thread, unless the process forks: then afterwards.
///
/// # Errors
/// The system does not give a thread.
pub fn start<'scope, T: Send + 'scope>(
    builder: Builder,
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    let _start = Start::begin();
    builder.spawn_scoped(scope, work)
}

/// For `pthread_atfork`: waits until all starts have ended, and holds up others.
pub fn before_fork() {
    FORKS.fetch_add(1, SeqCst);
    while STARTS.load(SeqCst) > 0 {
        thread::yield_now();
    }
}

/// For `pthread_atfork`: threads can be started again.
pub fn after_fork_in_parent() {
    FORKS.fetch_sub(1, SeqCst);
}

/// For `pthread_atfork`: threads can be started. Those that were about to start one or to
/// fork are not here.
pub fn after_fork_in_child() {
    STARTS.store(0, SeqCst);
    FORKS.store(0, SeqCst);
}

/// A thread is being started as long as this lives.
struct Start;

impl Start {
    fn begin() -> Self {
        loop {
            STARTS.fetch_add(1, SeqCst);
            if FORKS.load(SeqCst) == 0 {
                return Self;
            }
            STARTS.fetch_sub(1, SeqCst);
            thread::yield_now();
        }
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        STARTS.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn starts_and_forks_exclude_each_other() {
        static IN_FORK: AtomicBool = AtomicBool::new(false);
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !done.load(SeqCst) {
                        let start = Start::begin();
                        assert!(!IN_FORK.load(SeqCst));
                        drop(start);
                    }
                });
            }
            for _ in 0..1000 {
                before_fork();
                IN_FORK.store(true, SeqCst);
                thread::yield_now();
                IN_FORK.store(false, SeqCst);
                after_fork_in_parent();
            }
            done.store(true, SeqCst);
        });
        thread::scope(|scope| {
            let seven = start(Builder::new(), scope, || 7).unwrap();
            assert_eq!(seven.join().unwrap(), 7);
        });
    }
}
