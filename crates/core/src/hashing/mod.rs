//! The life of a worker that hashes files: many at once in lanes, large ones alone.

mod alone;
mod lanes;
mod source;

use std::io;
use std::thread;
use std::time::Duration;

use smallvec::SmallVec;

use crate::algorithm::Algorithm;
use crate::digest::{Digests, Kind};
use crate::engine::{Held, Shared, Worker};
use crate::file::{self, FileError};
use crate::hash::Hasher;
use crate::root::{Containment, OpenError, Opened, Root};
use alone::SHORT;
use lanes::{Lanes, Message};
use source::Source;

/// How long a worker waits for another one to close a file.
const FOR_ROOM: Duration = Duration::from_millis(1);

/// What is to be read for an item.
pub(crate) struct Job<T> {
    /// The file's name below the root.
    pub(crate) name: Vec<u8>,
    /// The digests that are wanted of it, at least one.
    pub(crate) kinds: Kinds,
    /// What is wanted to judge them by.
    pub(crate) task: T,
}

/// Kinds of digests, mostly one.
pub(crate) type Kinds = SmallVec<[Kind; 1]>;

/// What was read of a file.
pub(crate) struct Hashed {
    /// The digests that were wanted.
    pub(crate) digests: Digests,
    /// Whether it has the signs of a collision attack on SHA-1, where they were looked for
    /// and a SHA-1 digest was wanted.
    pub(crate) shows_collision: bool,
    /// How many bytes the file has.
    pub(crate) size: u64,
    /// The file's [plain](crate::root::plain) path from the root, where its name leads there
    /// by way of a link or `..`.
    pub(crate) path: Option<Vec<u8>>,
}

/// Says which files are read, and hears what they hash to.
pub(crate) trait Work: Sync {
    /// What is put for an item.
    type Result: Send;
    /// What an item's digests are judged by.
    type Task;

    /// What is to be read for an item; `None` where nothing is, and the results were put.
    fn start(&self, item: usize, worker: &mut Worker<'_, Self::Result>) -> Option<Job<Self::Task>>;

    /// Puts the results of an item, of whose file `size` bytes were read. Not called where
    /// the run was cancelled meanwhile.
    fn finish(
        &self,
        item: usize,
        job: Job<Self::Task>,
        hashed: &Result<Hashed, FileError>,
        size: u64,
        worker: &mut Worker<'_, Self::Result>,
    );
}

/// Takes items, and hashes their files below `root`, until there are none left.
///
/// To look for collisions SHA-1 is computed by other code, which has no lanes.
pub(crate) fn hash_files<W: Work>(
    root: &Root,
    containment: Containment,
    detect_collisions: bool,
    work: &W,
    worker: &mut Worker<'_, W::Result>,
) {
    let mut hashing = Hashing {
        shared: worker.shared(),
        root,
        containment,
        detect_collisions,
        work,
        lanes: Lanes::new(worker.crew()),
    };
    loop {
        while hashing.lanes.has_room() {
            let Some(item) = worker.next() else { break };
            hashing.start(item, worker);
        }
        if hashing.lanes.is_empty() {
            break;
        }
        hashing.step(worker);
        if hashing.shared.is_cancelled() {
            break;
        }
    }
    worker.rest();
}

struct Hashing<'a, W: Work> {
    shared: &'a Shared<'a>,
    root: &'a Root,
    containment: Containment,
    detect_collisions: bool,
    work: &'a W,
    lanes: Lanes<'a, W::Task>,
}

impl<'a, W: Work> Hashing<'a, W> {
    /// Opens an item's file, and gives it a lane or hashes it alone.
    fn start(&mut self, item: usize, worker: &mut Worker<'_, W::Result>) {
        let Some(job) = self.work.start(item, worker) else {
            return;
        };
        let opened = match self.open(&job.name, worker) {
            Ok(opened) => opened,
            Err(error) => {
                return self.work.finish(item, job, &Err(error.into()), 0, worker);
            }
        };
        let source = Source::new(self.shared, opened, self.lanes.buffer());
        let size = source.status().size;
        let rest = worker.open(item, size);
        match job.kinds[..] {
            [kind] if !self.detects(kind) && self.lanes.take(kind, size, rest) => {
                self.lanes.push(kind, Message { item, job }, source);
            }
            _ => self.hash_alone(Message { item, job }, source, worker),
        }
    }

    /// Opens a file; where the process has no room for another one, after a file of this run
    /// was closed.
    fn open(
        &mut self,
        name: &[u8],
        worker: &mut Worker<'_, W::Result>,
    ) -> Result<(Opened, Held<'a>), OpenError> {
        loop {
            let held = self.shared.hold();
            let error = match self.root.open_to_read(name, self.containment) {
                Ok(opened) => return Ok((opened, held)),
                Err(error) => error,
            };
            drop(held);
            if !error.is_for_want_of_room() || self.shared.is_cancelled() {
                return Err(error);
            }
            if !self.lanes.is_empty() {
                self.step(worker);
            } else if self.shared.holds_files() {
                thread::sleep(FOR_ROOM);
            } else {
                return Err(error);
            }
        }
    }

    /// Whether a message of this kind is looked at for a collision.
    fn detects(&self, kind: Kind) -> bool {
        self.detect_collisions && kind.algorithm() == Algorithm::Sha1
    }

    fn hasher(&self, kind: Kind) -> Hasher {
        if self.detects(kind) {
            Hasher::detecting()
        } else {
            Hasher::of(kind)
        }
    }

    fn hash_alone(
        &mut self,
        message: Message<W::Task>,
        mut source: Source<'a>,
        worker: &mut Worker<'_, W::Result>,
    ) {
        // The files in the lanes would wait for long.
        while source.status().size > SHORT && !self.lanes.is_empty() {
            self.step(worker);
        }
        let kinds = message.job.kinds.iter();
        let hashers = kinds.map(|kind| self.hasher(*kind)).collect();
        let hashed = alone::hash(&mut source, hashers);
        self.finish(message, source, hashed, worker);
    }

    /// Hashes something of the files in the lanes.
    fn step(&mut self, worker: &mut Worker<'_, W::Result>) {
        self.lanes.step();
        while let Some((message, source, digest)) = self.lanes.pop() {
            let hashed = digest.map(|digest| source.hashed(SmallVec::from_buf([digest]), false));
            self.finish(message, source, hashed, worker);
        }
    }

    /// Looks at a file that was read once more, and tells what became of it.
    fn finish(
        &mut self,
        message: Message<W::Task>,
        source: Source<'_>,
        hashed: io::Result<Hashed>,
        worker: &mut Worker<'_, W::Result>,
    ) {
        let Message { item, job } = message;
        let (size, status) = (source.len(), *source.status());
        let hashed = match hashed {
            // An error that the source made up.
            Err(_) if self.shared.is_cancelled() => return,
            Err(error) => Err(FileError::Io(error)),
            Ok(hashed) => {
                let changed = file::has_changed(
                    self.root,
                    &job.name,
                    self.containment,
                    source.file(),
                    &status,
                    size,
                );
                match changed {
                    Ok(false) => Ok(hashed),
                    Ok(true) => Err(FileError::Changed),
                    Err(error) => Err(error),
                }
            }
        };
        self.lanes.give_back(source.into_buffer());
        self.work.finish(item, job, &hashed, size, worker);
    }
}
