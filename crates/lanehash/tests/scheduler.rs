//! Arrivals, pieces, waiting and failing sources.

mod common;

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::ops::ControlFlow;

use common::{cases, oracle, pattern};
use lanehash::{Algorithm, Done, Kernel, Scheduler, Step};
use proptest::prelude::*;

/// What a source does next.
#[derive(Clone, Debug)]
enum Event {
    Bytes(Vec<u8>),
    Error(ErrorKind),
}

/// A source that gives its pieces one by one, with errors between them.
#[derive(Debug, Default)]
struct Pieces {
    events: VecDeque<Event>,
}

impl Pieces {
    fn new(events: impl IntoIterator<Item = Event>) -> Self {
        Self {
            events: events.into_iter().collect(),
        }
    }

    /// The bytes of all pieces.
    fn message(&self) -> Vec<u8> {
        let bytes = |event: &Event| match event {
            Event::Bytes(bytes) => bytes.clone(),
            Event::Error(_) => Vec::new(),
        };
        self.events.iter().flat_map(bytes).collect()
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Pieces {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while matches!(self.events.front(), Some(Event::Bytes(bytes)) if bytes.is_empty()) {
            self.events.pop_front();
        }
        if let Some(Event::Error(kind)) = self.events.front() {
            let kind = *kind;
            self.events.pop_front();
            return Err(kind.into());
        }
        match self.events.front() {
            Some(Event::Bytes(bytes)) => Ok(bytes),
            _ => Ok(&[]),
        }
    }

    fn consume(&mut self, count: usize) {
        if let Some(Event::Bytes(bytes)) = self.events.front_mut() {
            bytes.drain(..count);
        }
    }
}

/// A message of many or few pieces, with waits and interruptions between them.
fn message() -> impl Strategy<Value = Vec<Event>> {
    let len = prop_oneof![4 => 0..200usize, 2 => Just(64), 2 => Just(128), 2 => 0..5000usize];
    let bytes = (len, any::<u8>()).prop_map(|(len, first)| {
        Event::Bytes(
            (0..len)
                .map(|i| first.wrapping_add((i % 251) as u8))
                .collect(),
        )
    });
    let wait = Just(Event::Error(ErrorKind::WouldBlock));
    let interruption = Just(Event::Error(ErrorKind::Interrupted));
    proptest::collection::vec(prop_oneof![6 => bytes, 1 => wait, 1 => interruption], 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Messages arrive in bursts between steps; every digest is right, every message ends once.
    #[test]
    fn random_arrivals_and_pieces(
        bursts in proptest::collection::vec(
            (proptest::collection::vec(message(), 0..12), 0..12usize), 1..8),
        crossover in prop_oneof![Just(None), (0..40usize).prop_map(Some)],
    ) {
        for (algorithm, kernel) in cases() {
            let mut scheduler = Scheduler::with_kernel(algorithm, kernel).unwrap();
            if let Some(lanes) = crossover {
                scheduler.set_crossover(lanes);
            }
            let mut expected = BTreeMap::new();
            let collect = |scheduler: &mut Scheduler<usize, Pieces>,
                               expected: &mut BTreeMap<usize, Vec<u8>>| {
                while let Some(done) = scheduler.pop() {
                    let digest = done.result.unwrap();
                    let expected = expected.remove(&done.tag);
                    assert_eq!(Some(digest.as_bytes()), expected.as_deref(), "{algorithm} {kernel}");
                }
            };
            let mut tag = 0;
            for (messages, steps) in &bursts {
                for events in messages {
                    let source = Pieces::new(events.iter().cloned());
                    expected.insert(tag, oracle(algorithm, &source.message()));
                    scheduler.push(tag, source);
                    tag += 1;
                }
                for _ in 0..*steps {
                    scheduler.step();
                }
                collect(&mut scheduler, &mut expected);
                prop_assert_eq!(scheduler.unfinished(), expected.len());
            }
            while scheduler.step() != Step::Empty {}
            collect(&mut scheduler, &mut expected);
            prop_assert!(expected.is_empty());
        }
    }
}

#[test]
fn an_error_ends_its_message_alone() {
    for (algorithm, kernel) in cases() {
        let mut scheduler = Scheduler::with_kernel(algorithm, kernel).unwrap();
        for tag in 0..50 {
            let first = Event::Bytes(pattern(tag * 5));
            let error = (tag % 3 == 0).then_some(Event::Error(ErrorKind::PermissionDenied));
            scheduler.push(tag, Pieces::new([first].into_iter().chain(error)));
        }
        while scheduler.step() != Step::Empty {}
        let mut ended = 0;
        while let Some(done) = scheduler.pop() {
            ended += 1;
            assert_eq!(done.len, done.tag as u64 * 5);
            match done.result {
                Ok(digest) => {
                    assert_ne!(done.tag % 3, 0);
                    assert_eq!(digest.as_bytes(), oracle(algorithm, &pattern(done.tag * 5)));
                }
                Err(error) => {
                    assert_eq!(done.tag % 3, 0);
                    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
                }
            }
        }
        assert_eq!(ended, 50);
    }
}

/// A source that never has anything.
struct Never;

impl Read for Never {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(ErrorKind::WouldBlock.into())
    }
}

#[test]
fn a_waiting_source_holds_nobody_up() {
    let mut scheduler: Scheduler<u32, Box<dyn BufRead>> = Scheduler::new(Algorithm::Sha256);
    assert_eq!(scheduler.step(), Step::Empty);
    scheduler.push(1, Box::new(BufReader::new(Never)));
    assert_eq!(scheduler.step(), Step::Waiting);
    if scheduler.lanes() > 1 {
        scheduler.push(2, Box::new(&b"abc"[..]));
        assert_eq!(scheduler.step(), Step::Progress);
        assert_eq!(scheduler.pop().unwrap().tag, 2);
    }
    assert_eq!(scheduler.step(), Step::Waiting);
    assert!(scheduler.pop().is_none());
    assert_eq!(scheduler.unfinished(), 1);
}

#[test]
fn readers_with_small_and_odd_buffers() {
    let bytes = pattern(10_000);
    for (algorithm, kernel) in cases() {
        for capacity in [1, 63, 64, 65, 1000, 16384] {
            let mut scheduler = Scheduler::with_kernel(algorithm, kernel).unwrap();
            let lengths = [0, 1, 64, 999, 1000, 5000, 10_000];
            let sources = lengths
                .iter()
                .map(|&len| (len, BufReader::with_capacity(capacity, &bytes[..len])));
            let mut count = 0;
            let end = scheduler.run(
                sources,
                |done| {
                    count += 1;
                    let digest = done.result.unwrap();
                    assert_eq!(digest.as_bytes(), oracle(algorithm, &bytes[..done.tag]));
                },
                |step| {
                    assert_eq!(step, Step::Progress, "these sources do not wait");
                    ControlFlow::Continue(())
                },
            );
            assert_eq!(end, ControlFlow::Continue(()));
            assert_eq!(count, lengths.len());
        }
    }
}

#[test]
fn lanes_fall_free() {
    let mut scheduler = Scheduler::with_kernel(Algorithm::Sha1, Kernel::Single).unwrap();
    assert!(scheduler.has_free_lane());
    scheduler.push((), &b"abc"[..]);
    assert!(!scheduler.has_free_lane());
    scheduler.push((), &b"abc"[..]);
    assert_eq!(scheduler.unfinished(), 2);
    assert_eq!(scheduler.step(), Step::Progress);
    assert_eq!(scheduler.unfinished(), 1);
    assert_eq!(scheduler.step(), Step::Progress);
    assert!(scheduler.has_free_lane());
    assert_eq!(scheduler.step(), Step::Empty);
}

#[test]
fn a_run_stops_and_goes_on() {
    let bytes = pattern(1 << 20);
    for (algorithm, kernel) in cases() {
        let mut scheduler = Scheduler::with_kernel(algorithm, kernel).unwrap();
        let mut messages = (0..40).map(|tag| (tag, &bytes[..bytes.len() / (tag + 1)]));
        let mut digests = BTreeMap::new();
        let mut steps = 0;
        loop {
            let sink = |done: Done<_, _>| {
                digests.insert(done.tag, done.result.unwrap().as_bytes().to_vec());
            };
            let between = |_| {
                steps += 1;
                if steps % 3 == 0 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            };
            if scheduler.run(&mut messages, sink, between).is_continue() {
                break;
            }
        }
        assert!(steps > 3, "it was never stopped");
        assert_eq!(digests.len(), 40);
        for (tag, digest) in digests {
            let message = &bytes[..bytes.len() / (tag + 1)];
            assert_eq!(digest, oracle(algorithm, message), "{algorithm} {kernel}");
        }
    }
}

#[test]
fn unfinished_messages_are_given_back() {
    let bytes = pattern(1 << 20);
    for (algorithm, kernel) in cases() {
        let mut scheduler = Scheduler::with_kernel(algorithm, kernel).unwrap();
        scheduler.push(0, &bytes[..1]);
        for tag in 1..50 {
            scheduler.push(tag, &bytes[..]);
        }
        let mut done = Vec::new();
        while done.is_empty() {
            scheduler.step();
            done.extend(std::iter::from_fn(|| scheduler.pop()));
        }
        assert_eq!(done[0].tag, 0);
        let mut tags: Vec<_> = scheduler
            .take_unfinished()
            .iter()
            .map(|(tag, _)| *tag)
            .collect();
        tags.sort_unstable();
        assert_eq!(tags, (1..50).collect::<Vec<_>>());
        assert_eq!((scheduler.unfinished(), scheduler.step()), (0, Step::Empty));
        // A lane that was left in the middle of a message starts the next one afresh.
        for tag in 0..40 {
            scheduler.push(tag, &bytes[..1000]);
        }
        while scheduler.step() != Step::Empty {}
        let digests: Vec<_> = std::iter::from_fn(|| scheduler.pop()).collect();
        assert_eq!(digests.len(), 40);
        for done in digests {
            assert_eq!(
                done.result.unwrap().as_bytes(),
                oracle(algorithm, &bytes[..1000])
            );
        }
    }
}
