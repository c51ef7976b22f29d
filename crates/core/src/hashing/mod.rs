//! The life of a worker that hashes files: many at once in lanes, large ones alone.

mod alone;
mod lanes;
mod source;

use std::io;

use smallvec::SmallVec;

use crate::digest::{Digest, Kind};
use crate::engine::{Shared, Worker};
use crate::file::{self, FileError};
use crate::report::Outcome;
use crate::root::{Containment, Root};
use alone::SHORT;
use lanes::{Lanes, Message};
use source::Source;

/// What is to be read for an item.
pub(crate) struct Job<'a> {
    /// The file's name below the root.
    pub(crate) name: &'a [u8],
    /// The digests that are wanted of it, at least one.
    pub(crate) kinds: Kinds,
}

/// Kinds of digests, mostly one.
pub(crate) type Kinds = SmallVec<[Kind; 1]>;

/// Digests of one file, one of each kind.
pub(crate) type Digests = SmallVec<[Digest; 1]>;

/// What was read of a file.
pub(crate) struct Hashed {
    /// The digests that were wanted.
    pub(crate) digests: Digests,
    /// How many bytes the file has.
    pub(crate) size: u64,
}

/// Says which files are read, and hears what they hash to.
pub(crate) trait Work: Sync {
    /// What is to be read for an item; `None` where nothing is, and the results were put.
    fn start(&self, item: usize, worker: &mut Worker<'_, Outcome>) -> Option<Job<'_>>;

    /// Puts the results of an item, of whose file `size` bytes were read. Not called where
    /// the run was cancelled meanwhile.
    fn finish(
        &self,
        item: usize,
        hashed: &Result<Hashed, FileError>,
        size: u64,
        worker: &mut Worker<'_, Outcome>,
    );
}

/// Takes items, and hashes their files below `root`, until there are none left.
pub(crate) fn hash_files(
    root: &Root,
    containment: Containment,
    work: &impl Work,
    worker: &mut Worker<'_, Outcome>,
) {
    let mut hashing = Hashing {
        shared: worker.shared(),
        root,
        containment,
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

struct Hashing<'a, W> {
    shared: &'a Shared<'a>,
    root: &'a Root,
    containment: Containment,
    work: &'a W,
    lanes: Lanes<'a>,
}

impl<'a, W: Work> Hashing<'a, W> {
    /// Opens an item's file, and gives it a lane or hashes it alone.
    fn start(&mut self, item: usize, worker: &mut Worker<'_, Outcome>) {
        let work = self.work;
        let Some(Job { name, kinds }) = work.start(item, worker) else {
            return;
        };
        let (file, status) = match self.root.open_regular(name, self.containment) {
            Ok(opened) => opened,
            Err(error) => return work.finish(item, &Err(error.into()), 0, worker),
        };
        let rest = worker.open(item, status.size);
        let source = Source::new(self.shared, file, status, self.lanes.buffer());
        match kinds[..] {
            [kind] if self.lanes.take(kind, status.size, rest) => {
                self.lanes.push(Message { item, name, kind }, source);
            }
            _ => self.hash_alone(item, name, &kinds, source, worker),
        }
    }

    fn hash_alone(
        &mut self,
        item: usize,
        name: &[u8],
        kinds: &[Kind],
        mut source: Source<'a>,
        worker: &mut Worker<'_, Outcome>,
    ) {
        // The files in the lanes would wait for long.
        while source.status().size > SHORT && !self.lanes.is_empty() {
            self.step(worker);
        }
        let digests = alone::hash(&mut source, kinds);
        self.finish(item, name, source, digests, worker);
    }

    /// Hashes something of the files in the lanes.
    fn step(&mut self, worker: &mut Worker<'_, Outcome>) {
        self.lanes.step();
        while let Some((message, source, digest)) = self.lanes.pop() {
            let digests = digest.map(|digest| SmallVec::from_buf([digest]));
            self.finish(message.item, message.name, source, digests, worker);
        }
    }

    /// Looks at a file that was read once more, and tells what became of it.
    fn finish(
        &mut self,
        item: usize,
        name: &[u8],
        source: Source<'_>,
        digests: io::Result<Digests>,
        worker: &mut Worker<'_, Outcome>,
    ) {
        let (size, status) = (source.len(), *source.status());
        let hashed = match digests {
            // An error that the source made up.
            Err(_) if self.shared.is_cancelled() => return,
            Err(error) => Err(FileError::Io(error)),
            Ok(digests) => {
                let changed = file::has_changed(
                    self.root,
                    name,
                    self.containment,
                    source.file(),
                    &status,
                    size,
                );
                match changed {
                    Ok(false) => Ok(Hashed { digests, size }),
                    Ok(true) => Err(FileError::Changed),
                    Err(error) => Err(error),
                }
            }
        };
        self.lanes.give_back(source.into_buffer());
        self.work.finish(item, &hashed, size, worker);
    }
}
