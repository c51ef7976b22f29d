//! What happens to the library when its process forks.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use checksig_threads::{after_fork_in_child, after_fork_in_parent, before_fork};

/// From now on a fork waits until no thread is being started.
pub(super) fn watch() {
    // No `Once`: a child of a fork in the midst of it would wait for ever.
    static WATCHED: AtomicBool = AtomicBool::new(false);
    if !WATCHED.load(Relaxed) && !WATCHED.swap(true, Relaxed) {
        // SAFETY: the functions are the library's own, taken back when it
        // is unloaded, and call nothing but atomics and `sched_yield`. Without the memory for
        // them forks are not watched.
        unsafe {
            libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child));
        }
    }
}

extern "C" fn before() {
    before_fork();
}

extern "C" fn in_parent() {
    after_fork_in_parent();
}

extern "C" fn in_child() {
    after_fork_in_child();
}
