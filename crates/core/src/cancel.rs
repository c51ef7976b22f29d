//! Asking a run to end early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A flag that ends a run early; clones are the same flag.
///
/// Any thread may raise it at any time. A run notices between two reads, so well
/// within a tenth of a second unless the system itself does not answer.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    flag: Arc<AtomicBool>,
    /// When it is raised by itself.
    deadline: Option<Instant>,
}

impl Cancel {
    /// A flag that is raised by itself after some time.
    pub(crate) fn after(time: Duration) -> Self {
        Self {
            deadline: Some(Instant::now() + time),
            ..Self::default()
        }
    }

    /// Raises the flag, for good.
    pub fn request(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// Whether the flag was raised.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        let is_over = |deadline| Instant::now() >= deadline;
        self.flag.load(Ordering::Relaxed) || self.deadline.is_some_and(is_over)
    }
}
