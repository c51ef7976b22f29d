//! Messages join lanes as they fall free, are fed piecewise, and leave with a digest.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead, ErrorKind};
use std::ops::ControlFlow;

use crate::kernel::{Kernel, Unavailable};
use crate::states::{States, states};
use crate::vector::MAX_LANES;
use crate::{Algorithm, Digest};

/// A message that has left its lane.
#[derive(Debug)]
pub struct Done<T, S> {
    /// What the caller gave with the message.
    pub tag: T,
    /// The source, read to its end unless there was an error.
    pub source: S,
    /// The digest, or the error of the source.
    pub result: io::Result<Digest>,
    /// How many bytes of the message were read.
    pub len: u64,
}

/// What a [`Scheduler::step`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Bytes were hashed, or a message has ended.
    Progress,
    /// There are messages, but every source says [`ErrorKind::WouldBlock`].
    Waiting,
    /// No lane holds a message.
    Empty,
}

/// Hashes many messages at once, one in each lane.
///
/// A message is a source of bytes, any [`BufRead`], with a tag of the caller's:
/// a slice, a `BufReader<File>`, or a type of the caller's own. The scheduler hashes
/// whole blocks straight from the slice that `fill_buf` gives and copies only those
/// blocks (64 or 128 bytes) that lie across two slices, so a source whose buffer is a
/// multiple of 128 bytes and which fills it, is hardly copied from. 128 KiB a lane is
/// a good size for files.
///
/// - An empty slice from `fill_buf` is the end of the message.
/// - [`ErrorKind::Interrupted`] is tried again at once; [`ErrorKind::WouldBlock`]
///   means "nothing yet": the lane keeps its message and the others go on. Any other
///   error ends the message, and [`Done`] has it.
/// - `fill_buf` may be called again before `consume`, and must then give the same bytes.
///
/// The scheduler holds about 3 KiB and, for each lane, 256 bytes beside the source; it
/// allocates when it is made and for messages that are done and not yet popped.
/// A step takes at most 128 KiB of each lane, so a caller that looks for a request to
/// stop between two steps sees it within a few milliseconds. Dropping the scheduler
/// drops the sources.
///
/// # Examples
/// ```
/// use lanehash::{Algorithm, Scheduler, Step};
///
/// let messages = ["", "abc", "message digest"];
/// let mut scheduler = Scheduler::new(Algorithm::Sha1);
/// let mut waiting = messages.iter();
/// loop {
///     while scheduler.has_free_lane() {
///         let Some(message) = waiting.next() else { break };
///         scheduler.push(*message, message.as_bytes());
///     }
///     if scheduler.step() == Step::Empty {
///         break;
///     }
///     while let Some(done) = scheduler.pop() {
///         println!("{}  {:?}", done.result?, done.tag);
///     }
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Scheduler<T, S> {
    algorithm: Algorithm,
    kernel: Kernel,
    states: Box<dyn States>,
    lanes: Vec<Option<Lane<T, S>>>,
    /// Messages that found no free lane.
    queue: VecDeque<(T, S)>,
    done: VecDeque<Done<T, S>>,
}

impl<T, S: BufRead> Scheduler<T, S> {
    /// Makes a scheduler with the kernel that is fastest here, or that is forced: see
    /// [`Kernel::preferred`].
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        Self::with_available(algorithm, Kernel::preferred(algorithm))
    }

    /// Makes a scheduler with the kernel that the caller chooses.
    ///
    /// # Errors
    /// [`Unavailable`] if this CPU cannot run the kernel.
    pub fn with_kernel(algorithm: Algorithm, kernel: Kernel) -> Result<Self, Unavailable> {
        if kernel.is_available() {
            Ok(Self::with_available(algorithm, kernel))
        } else {
            Err(Unavailable(kernel))
        }
    }

    fn with_available(algorithm: Algorithm, kernel: Kernel) -> Self {
        let states = states(algorithm, kernel);
        let lanes = (0..states.lanes()).map(|_| None).collect();
        Self {
            algorithm,
            kernel,
            states,
            lanes,
            queue: VecDeque::new(),
            done: VecDeque::new(),
        }
    }

    /// Sets from how many busy lanes on they are hashed together; below that one or two are
    /// hashed at a time.
    ///
    /// The default is the measured one (see the crate's documentation); 0 always takes the
    /// lanes, `usize::MAX` never.
    pub fn set_crossover(&mut self, lanes: usize) {
        self.states.set_crossover(lanes);
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The kernel.
    #[must_use]
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// The number of lanes: how many messages are hashed at once, 1 to 32.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// The number of messages that were pushed and are not done.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.queue.len() + self.lanes.iter().flatten().count()
    }

    /// Whether a message that is pushed now gets a lane at once.
    #[must_use]
    pub fn has_free_lane(&self) -> bool {
        self.queue.is_empty() && self.lanes.iter().any(Option::is_none)
    }

    /// Takes a message; nothing is read from its source yet.
    ///
    /// Where no lane is free it waits in a queue, the first one first, which has no
    /// limit: a caller who opens files asks [`Scheduler::has_free_lane`] before.
    pub fn push(&mut self, tag: T, source: S) {
        self.queue.push_back((tag, source));
        self.fill_lanes();
    }

    /// Takes the next message that is done, in the order in which they ended.
    pub fn pop(&mut self) -> Option<Done<T, S>> {
        self.done.pop_front()
    }

    /// Hashes something of the messages in the lanes.
    ///
    /// With enough busy lanes all of them go on by the same number of blocks, as many as
    /// the lane with the fewest bytes at hand has.
    pub fn step(&mut self) -> Step {
        self.fill_lanes();
        if self.lanes.iter().all(Option::is_none) {
            return Step::Empty;
        }
        let mut progress = self.prepare();
        let mut pieces: [&[u8]; MAX_LANES] = [&[]; MAX_LANES];
        for (piece, lane) in pieces.iter_mut().zip(&mut self.lanes) {
            *piece = lane.as_mut().map_or(&[], Lane::piece);
        }
        let taken = self.states.step(&pieces);
        for (lane, taken) in taken
            .into_iter()
            .enumerate()
            .filter(|(_, taken)| *taken > 0)
        {
            progress = true;
            self.advance(lane, taken);
        }
        if progress {
            Step::Progress
        } else {
            Step::Waiting
        }
    }

    /// Hashes all messages of an iterator and hands each to `sink` when it is done.
    ///
    /// The iterator is asked for a message only when a lane is free for it. After every step, and
    /// after `sink` has had what that step ended, `between` hears how it went: here a caller
    /// looks for a request to stop, shows how far it is, or sleeps while all sources wait. When
    /// it breaks, the messages in the lanes stay where they are: go on with another call, or
    /// have them back from [`Scheduler::take_unfinished`].
    ///
    /// The loop is no more than [`Scheduler::push`], [`Scheduler::step`] and
    /// [`Scheduler::pop`]: write it out where the three closures would need one thing.
    pub fn run(
        &mut self,
        messages: impl IntoIterator<Item = (T, S)>,
        mut sink: impl FnMut(Done<T, S>),
        mut between: impl FnMut(Step) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut messages = messages.into_iter().fuse();
        loop {
            while self.has_free_lane() {
                let Some((tag, source)) = messages.next() else {
                    break;
                };
                self.push(tag, source);
            }
            let step = self.step();
            if step == Step::Empty {
                return ControlFlow::Continue(());
            }
            self.done.drain(..).for_each(&mut sink);
            between(step)?;
        }
    }

    /// Takes out the messages that are not done, without a digest: first those in the lanes.
    ///
    /// The scheduler is then as new, but for messages that are done and not yet popped.
    pub fn take_unfinished(&mut self) -> Vec<(T, S)> {
        let lanes = self.lanes.iter_mut().filter_map(Option::take);
        let mut messages: Vec<_> = lanes.map(|lane| (lane.tag, lane.source)).collect();
        messages.extend(self.queue.drain(..));
        messages
    }

    /// Moves messages from the queue to free lanes.
    fn fill_lanes(&mut self) {
        let block_len = self.algorithm.block_len();
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            if self.queue.is_empty() {
                return;
            }
            if lane.is_none() {
                *lane = self
                    .queue
                    .pop_front()
                    .map(|(tag, source)| Lane::new(tag, source, block_len));
                self.states.start(index);
            }
        }
    }

    /// Sees to it that each lane has a block, where its source has one, and removes the messages
    /// whose source has failed. Says whether there were any.
    fn prepare(&mut self) -> bool {
        let algorithm = self.algorithm;
        let mut failed = false;
        for place in &mut self.lanes {
            let error = place
                .as_mut()
                .and_then(|lane| lane.prepare(algorithm).err());
            let Some(error) = error.filter(|error| error.kind() != ErrorKind::WouldBlock) else {
                continue;
            };
            if let Some(lane) = place.take() {
                self.done.push_back(lane.done(Err(error)));
                failed = true;
            }
        }
        failed
    }

    /// Takes what was hashed from a lane, and the message if that was its last block.
    fn advance(&mut self, index: usize, taken: usize) {
        let place = &mut self.lanes[index];
        if place.as_mut().is_some_and(|lane| lane.advance(taken)) {
            let digest = self.states.digest(index);
            self.done
                .extend(place.take().map(|lane| lane.done(Ok(digest))));
        }
    }
}

impl<T, S> fmt::Debug for Scheduler<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler")
            .field("algorithm", &self.algorithm)
            .field("kernel", &self.kernel)
            .field("lanes", &self.lanes.len())
            .finish_non_exhaustive()
    }
}

/// A message in a lane.
struct Lane<T, S> {
    tag: T,
    source: S,
    /// Bytes read.
    len: u64,
    /// Bytes of the source that are no whole block yet, and at the end the padding: up to two
    /// blocks.
    held: [u8; 256],
    held_len: usize,
    /// How much of a padded end was hashed.
    held_from: usize,
    /// Whether the source has ended and `held` is padded.
    ended: bool,
    block_len: usize,
}

impl<T, S: BufRead> Lane<T, S> {
    fn new(tag: T, source: S, block_len: usize) -> Self {
        let held = [0; 256];
        Self {
            tag,
            source,
            len: 0,
            held,
            held_len: 0,
            held_from: 0,
            ended: false,
            block_len,
        }
    }

    /// Whether what is held can be hashed, so that it must be before the source goes on.
    fn holds_blocks(&self) -> bool {
        self.ended || self.held_len == self.block_len
    }

    /// Reads until there is a block to hash, from the source or held, or the source says no.
    fn prepare(&mut self, algorithm: Algorithm) -> io::Result<()> {
        while !self.holds_blocks() {
            let bytes = match self.source.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                bytes => bytes?,
            };
            if bytes.is_empty() {
                self.pad(algorithm);
            } else if self.held_len == 0 && bytes.len() >= self.block_len {
                return Ok(());
            } else {
                let count = bytes.len().min(self.block_len - self.held_len);
                self.held[self.held_len..][..count].copy_from_slice(&bytes[..count]);
                self.held_len += count;
                self.len += count as u64;
                self.source.consume(count);
            }
        }
        Ok(())
    }

    /// Appends what every message ends with: a bit, zeros, and its length in bits.
    fn pad(&mut self, algorithm: Algorithm) {
        let length_len = self.block_len / 8;
        let end = (self.held_len + 1 + length_len).next_multiple_of(self.block_len);
        self.held[self.held_len] = 0x80;
        self.held[self.held_len + 1..end].fill(0);
        let bits = u128::from(self.len) * 8;
        if algorithm.little_endian() {
            self.held[end - 8..end].copy_from_slice(&(bits as u64).to_le_bytes());
        } else {
            self.held[end - length_len..end]
                .copy_from_slice(&bits.to_be_bytes()[16 - length_len..]);
        }
        self.held_len = end;
        self.ended = true;
    }

    /// Whole blocks that come next; none if the source has none at hand.
    fn piece(&mut self) -> &[u8] {
        if self.holds_blocks() {
            return &self.held[self.held_from..self.held_len];
        }
        match self.source.fill_buf() {
            Ok(bytes) if self.held_len == 0 => {
                &bytes[..bytes.len() / self.block_len * self.block_len]
            }
            _ => &[],
        }
    }

    /// Goes on by `taken` bytes of what [`Lane::piece`] gave; true if that was the end.
    fn advance(&mut self, taken: usize) -> bool {
        if !self.holds_blocks() {
            self.len += taken as u64;
            self.source.consume(taken);
            return false;
        }
        self.held_from += taken;
        if self.held_from < self.held_len {
            return false;
        }
        (self.held_from, self.held_len) = (0, 0);
        self.ended
    }

    fn done(self, result: io::Result<Digest>) -> Done<T, S> {
        Done {
            tag: self.tag,
            source: self.source,
            result,
            len: self.len,
        }
    }
}
