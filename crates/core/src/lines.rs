//! The lines of a manifest in little memory.

use std::borrow::Cow;
use std::io;
use std::ops::Range;

use smallvec::SmallVec;

use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::error::again;
use crate::manifest::{Entry, Line, LineError};
use crate::root::{plain, seen_from};
use crate::store::{Distinct, Log, Unpack, push_bytes, push_number};

/// So many lines are read, half of them in the mean, to find one.
const GROUP: usize = 8;

/// So many groups are read at once where all lines are looked at.
const BATCH: usize = 64;

/// How many bytes are in memory: those of some 150,000 lines.
const ROOM: usize = 8 << 20;

/// How many bytes of the groups' beginnings are in memory.
const GROUPS_ROOM: usize = 1 << 20;

/// Many lines, one after the other in a few bytes each: the first in memory, the others in a
/// file.
///
/// Of a name only what differs from the name before is kept, since names in a manifest mostly
/// are sorted; the first line of a group is whole.
#[derive(Debug)]
pub(crate) struct Lines {
    packed: Log,
    /// Where each group begins, in eight bytes.
    groups: Log,
    len: usize,
    last_number: u64,
    last_name: Vec<u8>,
    /// Room for a line.
    scratch: Vec<u8>,
    /// What is wrong with the malformed lines.
    errors: Distinct<LineError>,
    /// The absolute path of the directory that the names start at, where absolute ones may be
    /// below it, too.
    root: Option<Vec<u8>>,
}

impl Lines {
    /// None so far.
    pub(crate) fn new() -> Self {
        Self::with_room(ROOM, GROUPS_ROOM)
    }

    /// None so far, whose absolute names may be those of files below the directory of this
    /// absolute path.
    pub(crate) fn below(root: Option<&[u8]>) -> Self {
        Self {
            root: root.map(<[u8]>::to_vec),
            ..Self::new()
        }
    }

    /// None so far; so many bytes of the lines, and of where their groups begin, are in memory.
    pub(crate) fn with_room(room: usize, groups_room: usize) -> Self {
        Self {
            packed: Log::with_room(room),
            groups: Log::with_room(groups_room),
            len: 0,
            last_number: 0,
            last_name: Vec::new(),
            scratch: Vec::new(),
            errors: Distinct::default(),
            root: None,
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Appends a line; its number is greater than that of the line before.
    pub(crate) fn push(&mut self, line: &Line) {
        match &line.content {
            Ok(entry) => self.push_entry(line.number, &entry.name, &entry.digests, entry.size),
            Err(error) => {
                let mut packed = self.start(line.number);
                push_number(&mut packed, 0);
                push_number(&mut packed, self.errors.number_of(*error));
                self.finish(packed);
            }
        }
    }

    /// Appends a line of the next number with this name and size alone.
    pub(crate) fn append(&mut self, name: &[u8], size: Option<u64>) {
        self.push_entry(self.len as u64 + 1, name, &[], size);
    }

    /// Appends a line of the next number.
    pub(crate) fn append_entry(&mut self, entry: &Entry) {
        let number = self.len as u64 + 1;
        self.push_entry(number, &entry.name, &entry.digests, entry.size);
    }

    /// The line at a place that there is; fails where it cannot be read again.
    pub(crate) fn get(&self, place: usize) -> io::Result<Line> {
        let mut cursor = self.cursor(place / GROUP, 1)?;
        for _ in 0..place % GROUP {
            cursor.pass()?;
        }
        cursor.line()
    }

    /// The name in the line at a place; `None` where it has none.
    pub(crate) fn name(&self, place: usize) -> io::Result<Option<Vec<u8>>> {
        Ok(self.get(place)?.content.ok().map(|entry| entry.name))
    }

    /// A name of these as a listing of the directory has it.
    pub(crate) fn plain<'n>(&self, name: &'n [u8]) -> Cow<'n, [u8]> {
        match (plain(name), &self.root) {
            (plain, None) => plain,
            (Cow::Borrowed(name), Some(root)) => Cow::Borrowed(seen_from(root, name)),
            (Cow::Owned(name), Some(root)) => Cow::Owned(seen_from(root, &name).to_vec()),
        }
    }

    /// The [plain](Self::plain) name in the line at a place.
    pub(crate) fn plain_name(&self, place: usize) -> io::Result<Vec<u8>> {
        let name = self.name(place)?.unwrap_or_default();
        Ok(self.plain(&name).into_owned())
    }

    /// The lines from a place on, with their places.
    pub(crate) fn from(&self, first: usize) -> impl Iterator<Item = (usize, io::Result<Line>)> {
        let group = first / GROUP;
        let batches = self.batches(group);
        let lines = batches.flat_map(|(places, mut cursor)| {
            places.map(move |place| {
                let cursor = cursor.as_mut().map_err(|error| again(error));
                let line = cursor.and_then(|cursor| {
                    cursor.come_to(place);
                    cursor.line()
                });
                (place, line)
            })
        });
        lines.skip(first % GROUP)
    }

    /// The names of all files, one after the other.
    pub(crate) fn names(&self) -> Names<'_> {
        Names {
            lines: self,
            next: 0,
            cursor: Cursor::new(self, Vec::new()),
        }
    }

    /// Many lines at a time from a group on: their places, and what reads them.
    fn batches(
        &self,
        first: usize,
    ) -> impl Iterator<Item = (Range<usize>, io::Result<Cursor<'_>>)> {
        let groups = first..self.len.div_ceil(GROUP);
        groups.step_by(BATCH).map(|group| {
            let end = self.len.min((group + BATCH) * GROUP);
            (group * GROUP..end, self.cursor(group, BATCH))
        })
    }

    /// The place before the first line of some groups.
    fn cursor(&self, group: usize, count: usize) -> io::Result<Cursor<'_>> {
        let number_len = size_of::<u64>() as u64;
        let first = group as u64 * number_len;
        let next = (group + count) as u64 * number_len;
        let end = self.groups.len().min(next + number_len);
        let mut starts = Unpack::new(self.groups.get(first..end)?);
        let start = starts.word()?;
        let is_last = end <= next;
        let end = if is_last {
            self.packed.len()
        } else {
            starts.take((count - 1) * size_of::<u64>())?;
            starts.word()?
        };
        Ok(Cursor::new(self, self.packed.get(start..end)?))
    }

    /// Starts a line, and a group where that is due; gives the line as far as its number.
    fn start(&mut self, number: u64) -> Vec<u8> {
        if self.len.is_multiple_of(GROUP) {
            self.groups.append(&self.packed.len().to_le_bytes());
            self.last_number = 0;
            self.last_name.clear();
        }
        let mut packed = std::mem::take(&mut self.scratch);
        packed.clear();
        push_number(&mut packed, number - self.last_number);
        self.last_number = number;
        self.len += 1;
        packed
    }

    /// Says how many digests there are and whether there is a size, in a number that is not
    /// 0; then all of it.
    fn push_entry(&mut self, number: u64, name: &[u8], digests: &[Digest], size: Option<u64>) {
        let mut packed = self.start(number);
        let has_size = u64::from(size.is_some());
        push_number(&mut packed, 1 + 2 * digests.len() as u64 + has_size);
        let pairs = self.last_name.iter().zip(name);
        let shared = pairs.take_while(|(last, this)| last == this).count();
        push_number(&mut packed, shared as u64);
        push_bytes(&mut packed, &name[shared..]);
        self.last_name.truncate(shared);
        self.last_name.extend_from_slice(&name[shared..]);
        if let Some(size) = size {
            push_number(&mut packed, size);
        }
        for digest in digests {
            packed.push(digest.algorithm() as u8);
            push_bytes(&mut packed, digest.as_bytes());
        }
        self.finish(packed);
    }

    /// Ends a line.
    fn finish(&mut self, packed: Vec<u8>) {
        self.packed.append(&packed);
        self.scratch = packed;
    }
}

/// A place between two lines.
struct Cursor<'a> {
    packed: Unpack<'a>,
    errors: &'a Distinct<LineError>,
    /// Number and name of the line before, in its group.
    number: u64,
    name: Vec<u8>,
}

/// What a line says, beside its number and name.
enum Stated {
    Error(LineError),
    /// So many digests follow.
    Digests(usize, Option<u64>),
}

/// The names in many lines.
pub(crate) struct Names<'a> {
    lines: &'a Lines,
    /// The place of the next line.
    next: usize,
    cursor: Cursor<'a>,
}

impl Names<'_> {
    /// The place of the next line that names a file, and the name; `None` at the end. Fails
    /// where it cannot be read again.
    pub(crate) fn next(&mut self) -> io::Result<Option<(usize, &[u8])>> {
        loop {
            if self.next == self.lines.len {
                return Ok(None);
            }
            if self.next.is_multiple_of(BATCH * GROUP) {
                self.cursor = self.lines.cursor(self.next / GROUP, BATCH)?;
            }
            self.cursor.come_to(self.next);
            self.next += 1;
            if self.cursor.pass()? {
                break;
            }
        }
        Ok(Some((self.next - 1, &self.cursor.name)))
    }
}

impl<'a> Cursor<'a> {
    /// The place before the first line of a group.
    fn new(lines: &'a Lines, packed: impl Into<Cow<'a, [u8]>>) -> Self {
        Self {
            packed: Unpack::new(packed),
            errors: &lines.errors,
            number: 0,
            name: Vec::new(),
        }
    }

    /// Says that the next line is that at a place.
    fn come_to(&mut self, place: usize) {
        if place.is_multiple_of(GROUP) {
            self.number = 0;
            self.name.clear();
        }
    }

    /// The next line.
    fn line(&mut self) -> io::Result<Line> {
        let content = match self.stated()? {
            Stated::Error(error) => Err(error),
            Stated::Digests(count, size) => {
                let digests = (0..count).map(|_| self.digest());
                Ok(Entry {
                    digests: digests.collect::<io::Result<SmallVec<_>>>()?,
                    name: self.name.clone(),
                    size,
                })
            }
        };
        Ok(Line {
            number: self.number,
            content,
        })
    }

    /// Passes over the next line; whether it names a file.
    fn pass(&mut self) -> io::Result<bool> {
        let Stated::Digests(count, _) = self.stated()? else {
            return Ok(false);
        };
        for _ in 0..count {
            self.packed.byte()?;
            self.packed.bytes()?;
        }
        Ok(true)
    }

    /// Reads a line as far as its digests.
    fn stated(&mut self) -> io::Result<Stated> {
        self.number += self.packed.number()?;
        let Some(head) = self.packed.number()?.checked_sub(1) else {
            let error = self.errors.get(self.packed.number()?);
            return Ok(Stated::Error(error.ok_or(io::ErrorKind::InvalidData)?));
        };
        self.name.truncate(self.packed.number()? as usize);
        self.name.extend_from_slice(self.packed.bytes()?);
        let has_size = head % 2 == 1;
        let size = has_size.then(|| self.packed.number()).transpose()?;
        Ok(Stated::Digests(head as usize / 2, size))
    }

    fn digest(&mut self) -> io::Result<Digest> {
        let algorithm = Algorithm::ALL.get(usize::from(self.packed.byte()?));
        let algorithm = algorithm.ok_or(io::ErrorKind::InvalidData)?;
        Ok(Digest::of(*algorithm, self.packed.bytes()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::manifest::Wanted;

    fn digests() -> impl Strategy<Value = Vec<Digest>> {
        let digest = (0..Algorithm::ALL.len(), any::<[u8; Digest::MAX_LEN]>());
        let made = digest.prop_map(|(place, bytes)| {
            let algorithm = Algorithm::ALL[place];
            Digest::of(algorithm, &bytes[..algorithm.digest_len()])
        });
        prop::collection::vec(made, 0..3)
    }

    fn contents() -> impl Strategy<Value = Result<Entry, LineError>> {
        let name = "(a/|b|\\PC){1,12}";
        let entry = (name, digests(), prop::option::of(any::<u64>()));
        let error = LineError::NoDigest(Wanted {
            algorithm: None,
            len: None,
        });
        prop_oneof![
            4 => entry.prop_map(|(name, digests, size)| Ok(Entry {
                name: name.into_bytes(),
                digests: digests.into(),
                size,
            })),
            1 => prop::sample::select(vec![LineError::Nul, LineError::NoName, error]).prop_map(Err),
        ]
    }

    proptest! {
        #[test]
        fn what_is_packed_is_found_again(
            contents in prop::collection::vec((1..u64::MAX / 64, contents()), 0..40),
            room in 0..4000usize,
            groups_room in 0..40usize,
        ) {
            let mut number = 0;
            let lines: Vec<Line> = contents.into_iter().map(|(step, content)| {
                number += step;
                Line { number, content }
            }).collect();
            let mut packed = Lines::with_room(room, groups_room);
            lines.iter().for_each(|line| packed.push(line));
            prop_assert_eq!(packed.len(), lines.len());
            for (place, line) in lines.iter().enumerate() {
                prop_assert_eq!(&packed.get(place).unwrap(), line);
                let rest = packed.from(place).map(|(_, line)| line.unwrap());
                prop_assert_eq!(&rest.collect::<Vec<Line>>(), &lines[place..]);
            }
            prop_assert_eq!(packed.from(lines.len()).count(), 0);
            let (mut names, mut all) = (Vec::new(), packed.names());
            while let Some((place, name)) = all.next().unwrap() {
                names.push((place, name.to_vec()));
            }
            let expected = lines.iter().enumerate().filter_map(|(place, line)| {
                Some((place, line.content.as_ref().ok()?.name.clone()))
            });
            prop_assert_eq!(names, expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_algorithm_is_found_at_its_place() {
        for (place, algorithm) in Algorithm::ALL.into_iter().enumerate() {
            assert_eq!(algorithm as usize, place);
        }
    }

    #[test]
    fn each_line_that_is_lost_is_an_error() {
        let mut lines = Lines::with_room(100, 1000);
        (0..10_000).for_each(|number: u32| lines.append(number.to_string().as_bytes(), None));
        lines.packed.truncate(50);
        assert_eq!(lines.name(0).unwrap(), Some(b"0".to_vec()));
        assert!(lines.get(5000).is_err());
        assert_eq!(
            lines.from(1000).filter(|(_, line)| line.is_err()).count(),
            9000
        );
        let mut names = lines.names();
        assert!((0..lines.len()).any(|_| names.next().is_err()));
    }
}
