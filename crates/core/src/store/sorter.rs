//! Sorting more than is in memory at once.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;
use std::ops::Range;

use super::{Log, Unpack};
use crate::cancel::Cancel;
use crate::sort::sort_unstable_by;

/// How much of all runs together is in memory while they are merged.
const MERGE_LEN: u64 = 2 << 20;

/// The least of a run that is read at a time: more than one item has.
const LEAST_READ: u64 = 4096;

/// What is sorted, and packed meanwhile.
pub(crate) trait Record: Ord + Sized {
    /// Appends it to bytes: at most a thousand.
    fn pack(&self, bytes: &mut Vec<u8>);

    /// The first in the bytes; fails where that is not whole.
    fn unpack(bytes: &mut Unpack<'_>) -> io::Result<Self>;
}

impl Record for u64 {
    fn pack(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }

    fn unpack(bytes: &mut Unpack<'_>) -> io::Result<Self> {
        bytes.word()
    }
}

/// Items that are to be sorted: in memory up to a number, beyond that in sorted runs in a file.
pub(crate) struct Sorter<T> {
    items: Vec<T>,
    /// So many items make a run.
    most: usize,
    runs: Vec<Range<u64>>,
    log: Log,
}

/// So many numbers are sorted in memory at once, in 4 MiB.
const MOST_NUMBERS: usize = 1 << 19;

impl Sorter<u64> {
    /// No numbers so far.
    pub(crate) fn of_numbers() -> Self {
        Self::new(MOST_NUMBERS)
    }
}

impl<T: Record> Sorter<T> {
    /// None so far; so many at the most are in memory.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            items: Vec::new(),
            most,
            runs: Vec::new(),
            log: Log::with_room(0),
        }
    }

    /// Takes an item. Where `cancel` is raised the order is lost.
    pub(crate) fn push(&mut self, item: T, cancel: &Cancel) {
        if self.items.len() == self.most {
            self.put_away(cancel);
        }
        self.items.push(item);
    }

    /// The items, in order, unless `cancel` is raised meanwhile.
    pub(crate) fn sorted(mut self, cancel: &Cancel) -> io::Result<Sorted<T>> {
        if self.runs.is_empty() {
            sort_unstable_by(&mut self.items, &T::cmp, cancel);
            return Ok(Sorted::Items(self.items.into_iter()));
        }
        self.put_away(cancel);
        let share = MERGE_LEN / self.runs.len() as u64;
        let mut merge = Merge {
            log: self.log,
            piece_len: share.max(LEAST_READ),
            runs: self.runs.into_iter().map(Run::new).collect(),
            heads: BinaryHeap::new(),
        };
        for run in 0..merge.runs.len() {
            let head = merge.next_of(run)?;
            merge.heads.extend(head.map(|item| Reverse((item, run))));
        }
        Ok(Sorted::Merged(merge))
    }

    /// Moves the items to the file.
    fn put_away(&mut self, cancel: &Cancel) {
        sort_unstable_by(&mut self.items, &T::cmp, cancel);
        let start = self.log.len();
        let mut bytes = Vec::new();
        for item in self.items.drain(..) {
            item.pack(&mut bytes);
            self.log.append(&bytes);
            bytes.clear();
        }
        self.runs.push(start..self.log.len());
    }
}

/// Items in their order; an error where they cannot be read again.
pub(crate) enum Sorted<T> {
    Items(std::vec::IntoIter<T>),
    Merged(Merge<T>),
}

impl<T: Record> Iterator for Sorted<T> {
    type Item = io::Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Items(items) => items.next().map(Ok),
            Self::Merged(merge) => merge.next().transpose(),
        }
    }
}

/// Sorted runs that are made one.
pub(crate) struct Merge<T> {
    log: Log,
    /// How much of a run is read at a time.
    piece_len: u64,
    runs: Vec<Run>,
    /// The next item of each run that has one, and the run's number.
    heads: BinaryHeap<Reverse<(T, usize)>>,
}

/// A run that is read in pieces.
struct Run {
    /// What was read and not taken.
    piece: Unpack<'static>,
    /// What was not read.
    rest: Range<u64>,
}

impl Run {
    fn new(rest: Range<u64>) -> Self {
        let piece = Unpack::new(Vec::new());
        Self { piece, rest }
    }
}

impl<T: Record> Merge<T> {
    fn next(&mut self) -> io::Result<Option<T>> {
        let Some(Reverse((_, run))) = self.heads.peek() else {
            return Ok(None);
        };
        let next = self.next_of(*run)?;
        let Some(mut head) = self.heads.peek_mut() else {
            return Ok(None);
        };
        Ok(Some(match next {
            Some(next) => std::mem::replace(&mut head.0.0, next),
            None => PeekMut::pop(head).0.0,
        }))
    }

    /// The next item of a run.
    fn next_of(&mut self, run: usize) -> io::Result<Option<T>> {
        let run = &mut self.runs[run];
        let left = run.piece.len() as u64;
        if let Ok(item) = T::unpack(&mut run.piece) {
            return Ok(Some(item));
        }
        // The piece ends inside an item, which is read again with what follows.
        let start = run.rest.start - left;
        let end = run.rest.end.min(start + self.piece_len);
        if start == end {
            return Ok(None);
        }
        run.piece = Unpack::new(self.log.get(start..end)?.into_owned());
        run.rest.start = end;
        T::unpack(&mut run.piece).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sorted<T: Record>(items: Vec<T>, most: usize) -> Vec<T> {
        let mut sorter = Sorter::new(most);
        let cancel = Cancel::default();
        items
            .into_iter()
            .for_each(|item| sorter.push(item, &cancel));
        sorter
            .sorted(&cancel)
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    proptest! {
        #[test]
        fn items_come_in_order(items in prop::collection::vec(any::<u64>(), 0..5000), most in 1..2000usize) {
            let mut expected = items.clone();
            expected.sort_unstable();
            prop_assert_eq!(sorted(items, most), expected);
        }
    }

    #[test]
    fn items_that_are_gone_are_an_error() {
        let cancel = Cancel::default();
        let mut sorter = Sorter::new(100_000);
        (0..1_000_000u64).for_each(|item| sorter.push(item, &cancel));
        let mut sorted = sorter.sorted(&cancel).unwrap();
        let Sorted::Merged(merge) = &mut sorted else {
            panic!("all in memory");
        };
        merge.log.truncate(4_000_000);
        assert!(sorted.any(|item| item.is_err()));
    }
}
