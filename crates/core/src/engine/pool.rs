//! Threads that live inside a call.

use std::thread;

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// Lends a pool of its own to `work`; its threads have ended when this returns.
///
/// So no thread of it can be missing in a forked child, and none is left in the
/// caller's process. Rayon's own scoped pools wait for their threads' work alone,
/// and not for the threads to end.
pub(super) fn with_pool(
    threads: usize,
    work: impl FnOnce(&ThreadPool),
) -> Result<(), ThreadPoolBuildError> {
    thread::scope(|scope| {
        let mut workers = Vec::with_capacity(threads);
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .spawn_handler(|worker| {
                let name = format!("checksig-{}", worker.index());
                let builder = thread::Builder::new().name(name);
                workers.push(checksig_threads::start(builder, scope, || worker.run())?);
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
