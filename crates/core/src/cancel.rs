//! Asking a run to end early.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// A flag that ends a run early; clones are the same flag.
///
/// Any thread may raise it at any time. A run notices between two reads, so well
/// within a tenth of a second unless the system itself does not answer.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    flag: Arc<AtomicBool>,
    grace: Option<Grace>,
}

/// What is granted to who looks at a raised flag.
#[derive(Clone, Debug)]
struct Grace {
    time: Duration,
    end: OnceLock<Instant>,
}

impl Cancel {
    /// A flag that is raised.
    pub(crate) fn requested() -> Self {
        let cancel = Self::default();
        cancel.request();
        cancel
    }

    /// The same flag for who may go on for some time after having seen it raised.
    pub(crate) fn with_grace(&self, time: Duration) -> Self {
        let end = OnceLock::new();
        Self {
            flag: Arc::clone(&self.flag),
            grace: Some(Grace { time, end }),
        }
    }

    /// Raises the flag, for good.
    pub fn request(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// Whether the flag was raised.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        let is_over = |grace: &Grace| {
            let now = Instant::now();
            now >= *grace.end.get_or_init(|| now + grace.time)
        };
        self.flag.load(Ordering::Relaxed) && self.grace.as_ref().is_none_or(is_over)
    }
}
