//! Places for values of one size.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::temporary_file;
use crate::error::Cause;

/// Cells of some bytes each, all zero at first: those of the first places are in memory, the
/// others in a file.
#[derive(Debug)]
pub(crate) struct Cells {
    width: usize,
    kept: Vec<u8>,
    file: Option<File>,
    /// How many bytes belong in the file.
    file_len: usize,
    /// How many bytes of the file are in a page.
    page_len: usize,
    /// What was changed last and is not in the file yet: neighbouring cells of it, by where they
    /// begin.
    pages: BTreeMap<usize, Vec<u8>>,
    /// The beginnings of the pages, the oldest first.
    oldest: VecDeque<usize>,
    /// How many pages there are at most.
    most: usize,
    /// Why a value could not be put.
    lost: Option<Cause>,
}

/// At most so many bytes are in a page where values come nearly in the order of their places.
const PAGE_LEN: usize = 16 * 1024;

/// So many pages are in memory.
const PAGES: usize = 4;

/// So many cells are read at once where all are looked at.
const BATCH: usize = 512;

impl Cells {
    /// So many cells of so many bytes, of which at the most `room` bytes are in memory. Memory
    /// that no value has come to is not touched.
    pub(crate) fn new(count: usize, width: usize, room: usize) -> Self {
        Self::with_pages(PAGE_LEN, count, width, room)
    }

    /// The same for values that come in no order: a page has one.
    pub(crate) fn scattered(count: usize, width: usize, room: usize) -> Self {
        Self::with_pages(width, count, width, room)
    }

    fn with_pages(page_len: usize, count: usize, width: usize, room: usize) -> Self {
        let (all, most) = (count * width, room / width * width);
        let file_len = all.saturating_sub(most);
        let file = if file_len > 0 { temporary_file() } else { None };
        let file = file.filter(|file| file.set_len(file_len as u64).is_ok());
        let file_len = if file.is_some() { file_len } else { 0 };
        Self {
            width,
            kept: vec![0; all - file_len],
            file,
            file_len,
            page_len: (page_len / width).max(1) * width,
            pages: BTreeMap::new(),
            oldest: VecDeque::new(),
            most: PAGES,
            lost: None,
        }
    }

    /// Puts a value of the cells' size at a place that there is. Where its neighbours in the
    /// file cannot be read again, so can't it be.
    pub(crate) fn put(&mut self, place: usize, value: &[u8]) {
        let start = place * self.width;
        if let Some(kept) = self.kept.get_mut(start..start + self.width) {
            return kept.copy_from_slice(value);
        }
        let start = start - self.kept.len();
        match self.page_of(start) {
            Ok((page_start, page)) => {
                let start = start - page_start;
                page[start..start + value.len()].copy_from_slice(value);
            }
            Err(error) => self.lost = Some((&error).into()),
        }
    }

    /// Reads the values from a place on, as many as there is room for; fails where they cannot
    /// be read again.
    pub(crate) fn read(&self, first: usize, values: &mut [u8]) -> io::Result<()> {
        let start = first * self.width;
        let kept = self.kept.get(start..).unwrap_or_default();
        let (in_memory, in_file) = values.split_at_mut(kept.len().min(values.len()));
        in_memory.copy_from_slice(&kept[..in_memory.len()]);
        if in_file.is_empty() {
            return Ok(());
        }
        if let Some(cause) = self.lost {
            return Err(cause.into());
        }
        let start = start + in_memory.len() - self.kept.len();
        let file = self.file.as_ref().ok_or(io::ErrorKind::UnexpectedEof)?;
        file.read_exact_at(in_file, start as u64)?;
        let wanted = start..start + in_file.len();
        for (page_start, page) in self.pages.range(self.page_start(start)..wanted.end) {
            let page_end = page_start + page.len();
            let both = wanted.start.max(*page_start)..wanted.end.min(page_end);
            let shifted = |by: usize| both.start - by..both.end - by;
            in_file[shifted(start)].copy_from_slice(&page[shifted(*page_start)]);
        }
        Ok(())
    }

    /// The values at these places, many at a time: their places, and the values or why they
    /// cannot be read again.
    pub(crate) fn batches(
        &self,
        places: Range<usize>,
    ) -> impl Iterator<Item = (Range<usize>, io::Result<Vec<u8>>)> {
        let end = places.end;
        places.step_by(BATCH).map(move |first| {
            let batch = first..end.min(first + BATCH);
            let mut values = vec![0; batch.len() * self.width];
            let read = self.read(first, &mut values);
            (batch, read.map(|()| values))
        })
    }

    /// The page with a byte of the file, and where it begins.
    fn page_of(&mut self, at: usize) -> io::Result<(usize, &mut [u8])> {
        let start = self.page_start(at);
        if !self.pages.contains_key(&start) {
            let page = self.page_in_file(start)?;
            if self.pages.len() == self.most {
                self.put_away();
            }
            self.pages.insert(start, page);
            self.oldest.push_back(start);
        }
        Ok((start, self.pages.entry(start).or_default()))
    }

    fn page_start(&self, at: usize) -> usize {
        at / self.page_len * self.page_len
    }

    /// What the file has of a page. One of a single cell is not read: it is going to change.
    fn page_in_file(&self, start: usize) -> io::Result<Vec<u8>> {
        let mut page = vec![0; self.page_len.min(self.file_len - start)];
        if let Some(file) = &self.file
            && page.len() > self.width
        {
            file.read_exact_at(&mut page, start as u64)?;
        }
        Ok(page)
    }

    /// Moves the oldest page to the file. What the disk has no room for stays.
    fn put_away(&mut self) {
        let oldest = self.oldest.front().copied().unwrap_or_default();
        let written = self.file.as_ref().zip(self.pages.get(&oldest));
        let written =
            written.is_some_and(|(file, page)| file.write_all_at(page, oldest as u64).is_ok());
        if written {
            self.pages.remove(&oldest);
            self.oldest.pop_front();
        } else {
            self.most += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use proptest::prelude::*;

    use super::*;

    /// The same file, which may not be written to.
    fn read_only(file: &File) -> File {
        File::open(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap()
    }

    proptest! {
        #[test]
        fn what_was_put_is_read(
            width in 1..3000usize,
            room in 0..100_000usize,
            values in prop::collection::vec((0..100usize, any::<u8>()), 0..200),
            first in 0..100usize,
            is_full in any::<bool>(),
            is_scattered in any::<bool>(),
        ) {
            let new = if is_scattered { Cells::scattered } else { Cells::new };
            let mut cells = new(100, width, room);
            if is_full {
                cells.file = cells.file.as_ref().map(read_only);
            }
            prop_assert!(cells.kept.len() <= room);
            let mut expected = vec![vec![0; width]; 100];
            for (place, value) in values {
                expected[place] = vec![value; width];
                cells.put(place, &expected[place]);
            }
            prop_assert!(is_full || cells.pages.len() <= PAGES);
            let mut found = vec![0; (100 - first) * width];
            cells.read(first, &mut found).unwrap();
            prop_assert!(found == expected[first..].concat());
        }
    }

    #[test]
    fn values_come_in_batches() {
        let mut cells = Cells::new(2000, 2, 100);
        for place in 0..2000 {
            cells.put(place, &(place as u16).to_le_bytes());
        }
        let mut next = 300;
        for (places, values) in cells.batches(300..1900) {
            assert_eq!(places.start, next);
            next = places.end;
            let values = values.unwrap();
            let values = values
                .chunks(2)
                .map(|value| u16::from_le_bytes([value[0], value[1]]));
            assert!(values.eq(places.map(|place| place as u16)));
        }
        assert_eq!(next, 1900);
    }

    #[test]
    fn what_the_file_has_lost_is_an_error() {
        let mut cells = Cells::new(10, 2, 10);
        cells.file.as_ref().unwrap().set_len(4).unwrap();
        assert!(cells.read(0, &mut [0; 16]).is_err());
        assert!(cells.read(9, &mut [0; 2]).is_err());
        assert!(cells.read(0, &mut [0; 14]).is_ok());
        cells.put(9, &[1; 2]);
        assert!(cells.read(0, &mut [0; 14]).is_err());
        assert!(cells.read(0, &mut [0; 10]).is_ok());
    }
}
