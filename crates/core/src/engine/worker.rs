//! What a worker has: items, the way to put results, and a look at the others.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::Plan;
use super::assist::Assist;
use crate::cancel::Cancel;

/// What the workers and the collecting thread share.
pub(crate) struct Shared<'a> {
    pub(super) plan: &'a Plan<'a>,
    cancel: &'a Cancel,
    /// Raised by the observer.
    pub(super) stop: Cancel,
    pub(super) assist: Assist,
    started: AtomicUsize,
    /// How many bytes were read.
    bytes: AtomicU64,
    /// How many files were opened, and how many bytes they have.
    opened: AtomicU64,
    opened_bytes: AtomicU64,
    /// The item that each worker is at; [`NONE`] between two.
    current: Vec<AtomicUsize>,
    /// How many files are open.
    held: AtomicUsize,
}

/// Counts an open file until it is dropped.
pub(crate) struct Held<'a>(&'a AtomicUsize);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// No item.
const NONE: usize = usize::MAX;

impl<'a> Shared<'a> {
    /// For so many workers at most.
    pub(super) fn new(plan: &'a Plan<'a>, cancel: &'a Cancel, workers: usize) -> Self {
        Self {
            plan,
            cancel,
            stop: Cancel::default(),
            assist: Assist::default(),
            started: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            opened_bytes: AtomicU64::new(0),
            current: (0..workers).map(|_| AtomicUsize::new(NONE)).collect(),
            held: AtomicUsize::new(0),
        }
    }

    /// Whether the run is to end early.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.is_requested() || self.stop.is_requested()
    }

    /// Counts a file that is open, or is going to be.
    pub(crate) fn hold(&self) -> Held<'_> {
        self.held.fetch_add(1, Ordering::Relaxed);
        Held(&self.held)
    }

    /// Whether any file is open.
    pub(crate) fn holds_files(&self) -> bool {
        self.held.load(Ordering::Relaxed) > 0
    }

    /// So many bytes more were read.
    pub(crate) fn count_bytes(&self, count: usize) {
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// How many bytes were read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How many items nobody has started.
    pub(super) fn left(&self) -> usize {
        let all = self.plan.order.as_ref().map_or(self.plan.len, Vec::len);
        all.saturating_sub(self.started.load(Ordering::Relaxed))
    }

    /// An item that a worker is at, if there is one.
    pub(super) fn current(&self) -> Option<usize> {
        let items = self.current.iter().map(|item| item.load(Ordering::Relaxed));
        items.into_iter().find(|item| *item != NONE)
    }

    /// How many bytes are left to read in the files that were not opened yet, as far as that
    /// is known.
    fn unopened_bytes(&self) -> u64 {
        let opened_bytes = self.opened_bytes.load(Ordering::Relaxed);
        match self.plan.bytes_total {
            Some(total) => total.saturating_sub(opened_bytes),
            // The others are taken to be like those that were opened.
            None => {
                let mean = opened_bytes / self.opened.load(Ordering::Relaxed).max(1);
                mean.saturating_mul(self.left() as u64)
            }
        }
    }

    /// Lets the worker of this number live, and then help others.
    pub(super) fn employ<R>(
        &self,
        number: usize,
        live: &impl Fn(&mut Worker<'_, R>),
        put: &mut dyn FnMut(usize, R),
    ) {
        let busy = self.assist.join();
        live(&mut Worker {
            shared: self,
            number,
            put,
        });
        drop(busy);
        self.assist.serve(self);
    }
}

/// A worker's own means.
pub(crate) struct Worker<'a, R> {
    shared: &'a Shared<'a>,
    number: usize,
    put: &'a mut dyn FnMut(usize, R),
}

impl<'a, R> Worker<'a, R> {
    /// What it has in common with the others.
    pub(crate) fn shared(&self) -> &'a Shared<'a> {
        self.shared
    }

    /// The next item that nobody has started; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<usize> {
        if self.shared.is_cancelled() {
            return None;
        }
        let place = self.shared.started.fetch_add(1, Ordering::Relaxed);
        match &self.shared.plan.order {
            Some(order) => order.get(place).copied(),
            None => (place < self.shared.plan.len).then_some(place),
        }
    }

    /// An item is done.
    pub(crate) fn put(&mut self, item: usize, result: R) {
        (self.put)(item, result);
    }

    /// A file of this size was opened for an item; gives how many bytes are in the files that
    /// come after it.
    pub(crate) fn open(&mut self, item: usize, size: u64) -> u64 {
        self.shared.current[self.number].store(item, Ordering::Relaxed);
        self.shared.opened.fetch_add(1, Ordering::Relaxed);
        self.shared.opened_bytes.fetch_add(size, Ordering::Relaxed);
        self.shared.unopened_bytes()
    }

    /// No file is open any more.
    pub(crate) fn rest(&mut self) {
        self.shared.current[self.number].store(NONE, Ordering::Relaxed);
    }

    /// How many workers there may be.
    pub(crate) fn crew(&self) -> usize {
        self.shared.current.len()
    }
}
