//! The lanes of one worker.

use std::io;

use lanehash::{Kernel, Scheduler};

use super::Job;
use super::source::Source;
use crate::algorithm::Algorithm;
use crate::digest::{Digest, Kind};

/// How much memory the buffers of all workers take, and the bounds of one buffer.
const BUFFERS_LEN: usize = 12 << 20;
const LEAST_BUFFER_LEN: usize = 4 << 10;
const MOST_BUFFER_LEN: usize = 64 << 10;

/// How many lanes a worker's schedulers have in all, at most.
const MOST_LANES: usize = 32;

/// From so many bytes on it matters whether a file has a lane or is alone.
const LARGE: u64 = 4 << 20;

/// A file that is hashed.
pub(super) struct Message<T> {
    pub(super) item: usize,
    pub(super) job: Job<T>,
}

type Lane<'a, T> = Scheduler<(Algorithm, Message<T>), Source<'a>>;

/// The files that a worker hashes at once.
pub(super) struct Lanes<'a, T> {
    /// One for each algorithm that has come up.
    schedulers: Vec<Lane<'a, T>>,
    /// How many workers are at work at once; others wait for a disk.
    processors: u64,
    /// Buffers that no file has.
    spare: Vec<Vec<u8>>,
    buffer_len: usize,
}

impl<'a, T> Lanes<'a, T> {
    /// Those of one of at most so many workers.
    pub(super) fn new(crew: usize) -> Self {
        let share = BUFFERS_LEN / (crew * MOST_LANES);
        // Whole pages, which also are whole blocks of any algorithm.
        let pages = share / LEAST_BUFFER_LEN * LEAST_BUFFER_LEN;
        Self {
            schedulers: Vec::new(),
            processors: checksig_threads::processors().min(crew) as u64,
            spare: Vec::new(),
            buffer_len: pages.clamp(LEAST_BUFFER_LEN, MOST_BUFFER_LEN),
        }
    }

    /// Whether another file would go on at once.
    pub(super) fn has_room(&self) -> bool {
        let lanes = self.schedulers.iter().map(Scheduler::lanes);
        let busy: usize = self.schedulers.iter().map(Scheduler::unfinished).sum();
        busy < lanes.max().unwrap_or(1)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.schedulers
            .iter()
            .all(|scheduler| scheduler.unfinished() == 0)
    }

    /// A buffer for a file.
    pub(super) fn buffer(&mut self) -> Vec<u8> {
        let new = || vec![0; self.buffer_len];
        self.spare.pop().unwrap_or_else(new)
    }

    pub(super) fn give_back(&mut self, buffer: Vec<u8>) {
        self.spare.push(buffer);
    }

    /// Whether a file of this size belongs into a lane, when the files that come after it have
    /// so many bytes.
    ///
    /// A lane is slower than a message alone. That does not matter while the other lanes are
    /// at work; but a file whose lane would go on for longer than all the rest is better off
    /// alone.
    pub(super) fn take(&self, kind: Kind, size: u64, rest: u64) -> bool {
        let Some(algorithm) = lane_algorithm(kind.algorithm()) else {
            return false;
        };
        let slower = slowness(algorithm, Kernel::preferred(algorithm));
        let share = size.saturating_add(rest) / self.processors;
        size < LARGE || size.saturating_mul(slower) < share
    }

    /// Gives a file a lane.
    pub(super) fn push(&mut self, kind: Kind, message: Message<T>, source: Source<'a>) {
        let Some(algorithm) = lane_algorithm(kind.algorithm()) else {
            return;
        };
        let of_algorithm = |scheduler: &Lane<'_, T>| scheduler.algorithm() == algorithm;
        let place = self.schedulers.iter().position(of_algorithm);
        let place = place.unwrap_or_else(|| {
            self.schedulers.push(Scheduler::new(algorithm));
            self.schedulers.len() - 1
        });
        self.schedulers[place].push((kind.algorithm(), message), source);
    }

    /// Hashes something of every algorithm.
    pub(super) fn step(&mut self) {
        for scheduler in &mut self.schedulers {
            scheduler.step();
        }
    }

    /// A file that has ended, and its digest.
    pub(super) fn pop(&mut self) -> Option<(Message<T>, Source<'a>, io::Result<Digest>)> {
        let done = self.schedulers.iter_mut().find_map(Scheduler::pop)?;
        let (algorithm, message) = done.tag;
        let digest = |digest: lanehash::Digest| Digest::of(algorithm, digest.as_bytes());
        Some((message, done.source, done.result.map(digest)))
    }
}

/// How many times slower a message is in a full set of lanes than alone: measured, and rounded.
fn slowness(algorithm: lanehash::Algorithm, kernel: Kernel) -> u64 {
    use lanehash::Algorithm::{Sha1, Sha224, Sha256};
    match (kernel, algorithm) {
        (Kernel::Avx512 | Kernel::Avx2, Sha1) => 4,
        (Kernel::Avx512 | Kernel::Avx2, Sha224 | Sha256) => 8,
        (Kernel::Avx512 | Kernel::Avx2, _) => 2,
        _ => 1,
    }
}

/// The algorithm of the lanes, for those that have some.
fn lane_algorithm(algorithm: Algorithm) -> Option<lanehash::Algorithm> {
    Some(match algorithm {
        Algorithm::Md5 => lanehash::Algorithm::Md5,
        Algorithm::Sha1 => lanehash::Algorithm::Sha1,
        Algorithm::Sha224 => lanehash::Algorithm::Sha224,
        Algorithm::Sha256 => lanehash::Algorithm::Sha256,
        Algorithm::Sha384 => lanehash::Algorithm::Sha384,
        Algorithm::Sha512 => lanehash::Algorithm::Sha512,
        Algorithm::Crc32
        | Algorithm::Sha3_256
        | Algorithm::Sha3_512
        | Algorithm::Blake2b
        | Algorithm::Blake3 => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the workers only so many are at work at once as there are processors.
    #[test]
    fn workers_that_wait_for_a_disk_keep_no_file_out_of_a_lane() {
        let processors = checksig_threads::processors() as u64;
        for crew in [1, 32, 1000] {
            let lanes = Lanes::<()>::new(crew);
            for algorithm in Algorithm::ALL {
                let kind = Kind::usual(algorithm);
                let has_lanes = lane_algorithm(algorithm).is_some();
                // No kernel is ten times slower.
                assert_eq!(lanes.take(kind, LARGE, LARGE * 10 * processors), has_lanes);
                assert!(!lanes.take(kind, LARGE, 0));
                assert_eq!(lanes.take(kind, LARGE - 1, 0), has_lanes);
            }
        }
    }
}
