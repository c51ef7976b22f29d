//! Workers without items read for those who hash a large file.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};

use rustix::fd::{AsFd, OwnedFd};
use rustix::io::{Errno, read};

use super::collect::lock;
use super::worker::Shared;

/// How much is read at a time, and how many such pieces of a file there are.
const PIECE_LEN: usize = 256 * 1024;
const PIECES: usize = 4;

/// Where workers offer files to be read, and others wait for them.
#[derive(Default)]
pub(super) struct Assist {
    offers: Mutex<Offers>,
    changed: Condvar,
    /// How many workers wait for an offer.
    idle: AtomicUsize,
}

#[derive(Default)]
struct Offers {
    jobs: Vec<Job>,
    /// How many workers could still offer something.
    busy: usize,
}

impl Assist {
    /// Counts a worker that has items, until what this gives is dropped.
    pub(super) fn join(&self) -> Busy<'_> {
        lock(&self.offers).busy += 1;
        Busy(self)
    }

    /// Reads for the others until none of them has an item.
    pub(super) fn serve(&self, shared: &Shared<'_>) {
        while let Some(job) = self.wait() {
            job.run(shared);
        }
    }

    /// The next offer; `None` where there will be no more.
    fn wait(&self) -> Option<Job> {
        let mut offers = lock(&self.offers);
        self.idle.fetch_add(1, Ordering::Relaxed);
        let job = loop {
            match offers.jobs.pop() {
                None if offers.busy > 0 => {
                    let woken = self.changed.wait(offers);
                    offers = woken.unwrap_or_else(PoisonError::into_inner);
                }
                job => break job,
            }
        };
        self.idle.fetch_sub(1, Ordering::Relaxed);
        job
    }

    /// Lets another worker read the rest of a file, if one has nothing else to do.
    fn offer(&self, file: impl AsFd) -> Option<ReadAhead> {
        if self.idle.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let file = file.as_fd().try_clone_to_owned().ok()?;
        let (to_hash, filled) = sync_channel(PIECES);
        let (empty, to_fill) = channel();
        for _ in 0..PIECES {
            empty.send(vec![0; PIECE_LEN]).ok()?;
        }
        let mut offers = lock(&self.offers);
        if self.idle.load(Ordering::Relaxed) <= offers.jobs.len() {
            return None;
        }
        offers.jobs.push(Job {
            file,
            to_fill,
            to_hash,
        });
        self.changed.notify_one();
        Some(ReadAhead { filled, empty })
    }
}

/// Says that a worker has no items any more, also where it panics.
pub(super) struct Busy<'a>(&'a Assist);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut offers = lock(&self.0.offers);
        offers.busy -= 1;
        if offers.busy == 0 {
            self.0.changed.notify_all();
        }
    }
}

/// What was read at a time: a buffer, and how much of it.
type Piece = (Vec<u8>, usize);

/// A file to be read to its end.
struct Job {
    file: OwnedFd,
    to_fill: Receiver<Vec<u8>>,
    to_hash: SyncSender<Result<Piece, Errno>>,
}

impl Job {
    /// Reads until the end, an error, an early end of the run, or nobody wants it.
    fn run(self, shared: &Shared<'_>) {
        while let Ok(mut buffer) = self.to_fill.recv() {
            if shared.is_cancelled() {
                return;
            }
            let count = loop {
                match read(&self.file, &mut buffer[..]) {
                    Err(Errno::INTR) => {}
                    count => break count,
                }
            };
            let is_last = !count.is_ok_and(|count| count > 0);
            let piece = count.map(|count| (buffer, count));
            if self.to_hash.send(piece).is_err() || is_last {
                return;
            }
        }
    }
}

/// A file that another worker reads.
pub(crate) struct ReadAhead {
    filled: Receiver<Result<Piece, Errno>>,
    empty: Sender<Vec<u8>>,
}

impl ReadAhead {
    /// Hands the next piece to `take`, which is empty at the end; `None` where the reader has
    /// gone.
    pub(crate) fn next<T>(&self, take: impl FnOnce(&[u8]) -> T) -> Option<Result<T, Errno>> {
        let piece = self.filled.recv().ok()?;
        Some(piece.map(|(buffer, count)| {
            let taken = take(&buffer[..count]);
            // The reader may have ended.
            let _ = self.empty.send(buffer);
            taken
        }))
    }
}

impl Shared<'_> {
    /// Lets another worker read the rest of a file, if one has nothing else to do.
    pub(crate) fn read_ahead(&self, file: impl AsFd) -> Option<ReadAhead> {
        self.assist.offer(file)
    }
}
