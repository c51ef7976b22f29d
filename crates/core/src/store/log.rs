//! Bytes one after the other.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Mutex;

use super::temporary_file;

/// How many bytes go to the file at once.
const PIECE_LEN: usize = 64 * 1024;

/// Bytes of any number, to whose end more are appended: the first stay in memory, those after
/// them are in a file.
#[derive(Debug)]
pub(crate) struct Log {
    kept: Vec<u8>,
    /// How many bytes are kept at most.
    room: usize,
    file: Option<File>,
    /// How many bytes are in the file.
    written: u64,
    /// What comes after those.
    tail: Vec<u8>,
    /// With so many bytes the tail goes to the file.
    full: usize,
    /// What was read of the file last. Who finds it locked does without it, also in a child
    /// after `fork`, where nobody unlocks it.
    window: Mutex<Window>,
}

/// A part of a file that is read from one end to the other, if not quite in order.
#[derive(Debug, Default)]
struct Window {
    start: u64,
    bytes: Vec<u8>,
    /// Where something was read last that was not in the window.
    missed: u64,
}

impl Window {
    /// How long it is: enough to make a system call for it worth while.
    const LEN: u64 = 32 * 1024;

    /// How much of it is before what it is read for.
    const BEFORE: u64 = Self::LEN / 4;

    /// Copies bytes of the file that are in it, or should be since others near them were
    /// wanted before; whether it has them.
    fn copy(&mut self, file: &File, len: u64, at: u64, buffer: &mut [u8]) -> bool {
        if self.slice(at, buffer.len()).is_none() {
            let is_near = at.abs_diff(self.missed) < Self::LEN;
            self.missed = at;
            if is_near {
                self.move_to(file, len, at.saturating_sub(Self::BEFORE));
            }
        }
        let found = self.slice(at, buffer.len());
        found.inspect(|found| buffer.copy_from_slice(found));
        found.is_some()
    }

    /// Reads what a file of a length has from one byte on, as far as it can be read.
    fn move_to(&mut self, file: &File, len: u64, start: u64) {
        let end = len.min(start + Self::LEN);
        self.start = start;
        self.bytes.resize(end.saturating_sub(start) as usize, 0);
        if file.read_exact_at(&mut self.bytes, start).is_err() {
            self.bytes.clear();
        }
    }

    fn slice(&self, at: u64, len: usize) -> Option<&[u8]> {
        let start = usize::try_from(at.checked_sub(self.start)?).ok()?;
        self.bytes.get(start..)?.get(..len)
    }
}

impl Log {
    /// None so far; so many at the most stay in memory.
    pub(crate) fn with_room(room: usize) -> Self {
        Self {
            kept: Vec::new(),
            room,
            file: None,
            written: 0,
            tail: Vec::new(),
            full: PIECE_LEN,
            window: Mutex::default(),
        }
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> u64 {
        self.file_start() + self.written + self.tail.len() as u64
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) {
        let is_in_memory = self.written == 0 && self.tail.is_empty();
        if is_in_memory && (self.room - self.kept.len() >= bytes.len() || !self.has_file()) {
            return self.kept.extend_from_slice(bytes);
        }
        self.tail.extend_from_slice(bytes);
        if self.tail.len() >= self.full {
            self.flush();
        }
    }

    /// The bytes in a range; fails where they cannot be read again.
    pub(crate) fn get(&self, range: Range<u64>) -> io::Result<Cow<'_, [u8]>> {
        let parts = [&self.kept, &self.tail].into_iter();
        let starts = [0, self.file_start() + self.written].into_iter();
        for (part, start) in parts.zip(starts) {
            let in_part = |at: u64| usize::try_from(at.checked_sub(start)?).ok();
            let ends = in_part(range.start).zip(in_part(range.end));
            if let Some(found) = ends.and_then(|(start, end)| part.get(start..end)) {
                return Ok(Cow::Borrowed(found));
            }
        }
        let len = range.end.checked_sub(range.start);
        let mut bytes = vec![0; len.ok_or(io::ErrorKind::UnexpectedEof)? as usize];
        self.read(range.start, &mut bytes)?;
        Ok(Cow::Owned(bytes))
    }

    /// Forgets the bytes from one on.
    pub(crate) fn truncate(&mut self, len: u64) {
        let in_file = len.saturating_sub(self.file_start());
        self.kept
            .truncate(usize::try_from(len).unwrap_or(usize::MAX));
        let in_tail = in_file.saturating_sub(self.written);
        self.tail.truncate(in_tail as usize);
        if in_file < self.written {
            self.written = in_file;
            self.window = Mutex::default();
        }
    }

    /// Whether there is a file: it is made where there is none yet, if it can be.
    fn has_file(&mut self) -> bool {
        if self.file.is_none() {
            self.file = temporary_file();
        }
        if self.file.is_none() {
            self.room = usize::MAX;
        }
        self.file.is_some()
    }

    /// Where the file begins.
    fn file_start(&self) -> u64 {
        self.kept.len() as u64
    }

    /// Reads bytes that are not all in one part.
    fn read(&self, at: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        if let Some(kept) = usize::try_from(at).ok().and_then(|at| self.kept.get(at..)) {
            let (first, rest) = buffer.split_at_mut(kept.len());
            first.copy_from_slice(kept);
            buffer = rest;
        }
        let at = at.saturating_sub(self.file_start());
        let in_file = self.written.saturating_sub(at).min(buffer.len() as u64) as usize;
        let (from_file, from_tail) = buffer.split_at_mut(in_file);
        if let Some(file) = &self.file {
            let window = self.window.try_lock();
            let copied = window.map(|mut window| window.copy(file, self.written, at, from_file));
            if !copied.unwrap_or(false) {
                file.read_exact_at(from_file, at)?;
            }
        }
        let start = at.saturating_sub(self.written) as usize;
        let end = start + from_tail.len();
        let rest = self.tail.get(start..end);
        from_tail.copy_from_slice(rest.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    /// Moves the tail to the file. What the disk has no room for stays.
    fn flush(&mut self) {
        let written = self
            .file
            .as_ref()
            .is_some_and(|file| file.write_all_at(&self.tail, self.written).is_ok());
        if written {
            self.written += self.tail.len() as u64;
            self.tail.clear();
            self.full = PIECE_LEN;
        } else {
            self.full = 2 * self.tail.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Log {
        /// One whose file is another.
        fn in_file(file: File) -> Self {
            Self {
                file: Some(file),
                ..Self::with_room(0)
            }
        }
    }

    #[derive(Clone, Debug)]
    enum Change {
        Append(Vec<u8>),
        /// To so many thousandths of its length.
        Truncate(u64),
    }

    fn changes() -> impl Strategy<Value = Vec<Change>> {
        let bytes = (any::<u8>(), 0..3 * PIECE_LEN)
            .prop_map(|(first, len)| (0..len).map(|at| first.wrapping_add(at as u8)).collect());
        let change = prop_oneof![
            4 => bytes.prop_map(Change::Append),
            1 => (0..=1000u64).prop_map(Change::Truncate),
        ];
        prop::collection::vec(change, 0..12)
    }

    proptest! {
        #[test]
        fn what_was_appended_is_there(
            changes in changes(),
            room in 0..3 * PIECE_LEN,
            ends in prop::collection::vec((0..=1000usize, 0..=1000usize), 8),
        ) {
            let mut log = Log::with_room(room);
            let mut expected = Vec::new();
            for change in changes {
                match change {
                    Change::Append(bytes) => {
                        log.append(&bytes);
                        expected.extend(bytes);
                    }
                    Change::Truncate(share) => {
                        let len = expected.len() as u64 * share / 1000;
                        log.truncate(len);
                        expected.truncate(len as usize);
                    }
                }
                prop_assert_eq!(log.len(), expected.len() as u64);
                prop_assert!(log.kept.len() <= room);
                for (a, b) in &ends {
                    let (a, b) = (a * expected.len() / 1000, b * expected.len() / 1000);
                    let range = a.min(b)..a.max(b);
                    let found = log.get(range.start as u64..range.end as u64).unwrap();
                    prop_assert!(*found == expected[range]);
                }
            }
        }
    }

    #[test]
    fn what_a_full_disk_does_not_take_stays_in_memory() {
        let full = File::options().read(true).write(true).open("/dev/full");
        let mut log = Log::in_file(full.unwrap());
        for byte in 0..10 {
            log.append(&[byte; PIECE_LEN]);
        }
        assert_eq!(log.written, 0);
        for place in 0..10 {
            let start = place * PIECE_LEN as u64;
            let found = log.get(start..start + PIECE_LEN as u64).unwrap();
            assert_eq!(*found, [place as u8; PIECE_LEN]);
        }
    }

    #[test]
    fn what_the_file_has_lost_is_an_error() {
        let mut log = Log::with_room(4);
        log.append(b"kept");
        log.append(&[1; PIECE_LEN]);
        log.append(b"tail");
        log.file.as_ref().unwrap().set_len(10).unwrap();
        assert_eq!(
            *log.get(0..14).unwrap(),
            *b"kept\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
        );
        assert!(log.get(0..15).is_err());
        let end = log.len();
        assert_eq!(*log.get(end - 4..end).unwrap(), *b"tail");
        assert!(log.get(end - 4..end + 1).is_err());
    }
}
