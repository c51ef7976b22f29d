//! The lines of a manifest in little memory.

use smallvec::SmallVec;

use crate::algorithm::Algorithm;
use crate::cancel::Cancel;
use crate::digest::Digest;
use crate::manifest::{Entry, Line, LineError};

/// So many lines are read, half of them in the mean, to find one.
const GROUP: usize = 8;

/// Many lines, one after the other in a few bytes each.
///
/// Of a name only what differs from the name before is kept, since names in a manifest mostly
/// are sorted; the first line of a group is whole.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    bytes: Vec<u8>,
    /// Where each group begins.
    groups: Vec<usize>,
    len: usize,
    last_number: u64,
    last_name: Vec<u8>,
    /// What is wrong with the malformed lines.
    errors: Vec<LineError>,
}

impl Lines {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Appends a line; its number is greater than that of the line before.
    pub(crate) fn push(&mut self, line: &Line) {
        self.start(line.number);
        match &line.content {
            Ok(entry) => self.push_entry(&entry.name, &entry.digests, entry.size),
            Err(error) => {
                self.push_number(0);
                self.push_number(self.errors.len() as u64);
                self.errors.push(*error);
            }
        }
    }

    /// Appends a line of the next number with this name alone.
    pub(crate) fn append(&mut self, name: &[u8]) {
        self.start(self.len as u64 + 1);
        self.push_entry(name, &[], None);
    }

    /// The line at a place.
    pub(crate) fn get(&self, place: usize) -> Option<Line> {
        let start = *self.groups.get(place / GROUP)?;
        let mut cursor = Cursor::new(self, start);
        for _ in 0..place % GROUP {
            cursor.pass()?;
        }
        cursor.line()
    }

    /// The name in the line at a place, if it has one.
    pub(crate) fn name(&self, place: usize) -> Option<Vec<u8>> {
        Some(self.get(place)?.content.ok()?.name)
    }

    /// The lines from a place on, with their places.
    pub(crate) fn from(&self, first: usize) -> impl Iterator<Item = (usize, Line)> {
        let group = first / GROUP;
        let start = self.groups.get(group).copied();
        let mut cursor = Cursor::new(self, start.unwrap_or(self.bytes.len()));
        let lines = (group * GROUP..self.len).map_while(move |place| {
            if place.is_multiple_of(GROUP) {
                cursor.start_group();
            }
            Some((place, cursor.line()?))
        });
        lines.skip(first % GROUP)
    }

    /// Hands the names of all files to `take`, in order, with the places of their lines, until
    /// `cancel` is raised.
    pub(crate) fn each_name(&self, cancel: &Cancel, mut take: impl FnMut(usize, &[u8])) {
        let mut cursor = Cursor::new(self, 0);
        for place in (0..self.len).take_while(|_| !cancel.is_requested()) {
            if place.is_multiple_of(GROUP) {
                cursor.start_group();
            }
            match cursor.pass() {
                Some(true) => take(place, &cursor.name),
                Some(false) => {}
                None => return,
            }
        }
    }

    /// Starts a line, and a group where that is due.
    fn start(&mut self, number: u64) {
        if self.len.is_multiple_of(GROUP) {
            self.groups.push(self.bytes.len());
            self.last_number = 0;
            self.last_name.clear();
        }
        self.push_number(number - self.last_number);
        self.last_number = number;
        self.len += 1;
    }

    /// Says how many digests there are and whether there is a size, in a number that is not
    /// 0; then all of it.
    fn push_entry(&mut self, name: &[u8], digests: &[Digest], size: Option<u64>) {
        let has_size = u64::from(size.is_some());
        self.push_number(1 + 2 * digests.len() as u64 + has_size);
        let pairs = self.last_name.iter().zip(name);
        let shared = pairs.take_while(|(last, this)| last == this).count();
        let rest = &name[shared..];
        self.push_number(shared as u64);
        self.push_number(rest.len() as u64);
        self.bytes.extend_from_slice(rest);
        self.last_name.truncate(shared);
        self.last_name.extend_from_slice(rest);
        if let Some(size) = size {
            self.push_number(size);
        }
        for digest in digests {
            let bytes = digest.as_bytes();
            self.bytes.push(digest.algorithm() as u8);
            self.bytes.push(bytes.len() as u8);
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Appends a number: seven bits a byte, the lowest first, and a bit that says whether
    /// more follow (LEB128).
    fn push_number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }
}

/// A place between two lines.
struct Cursor<'a> {
    rest: &'a [u8],
    errors: &'a [LineError],
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

impl<'a> Cursor<'a> {
    /// The place before the line that begins, with its group, at a byte.
    fn new(lines: &'a Lines, start: usize) -> Self {
        Self {
            rest: &lines.bytes[start..],
            errors: &lines.errors,
            number: 0,
            name: Vec::new(),
        }
    }

    fn start_group(&mut self) {
        self.number = 0;
        self.name.clear();
    }

    /// The next line; `None` at the end.
    fn line(&mut self) -> Option<Line> {
        let content = match self.stated()? {
            Stated::Error(error) => Err(error),
            Stated::Digests(count, size) => Ok(Entry {
                digests: (0..count)
                    .map_while(|_| self.digest())
                    .collect::<SmallVec<_>>(),
                name: self.name.clone(),
                size,
            }),
        };
        Some(Line {
            number: self.number,
            content,
        })
    }

    /// Passes over the next line; whether it names a file.
    fn pass(&mut self) -> Option<bool> {
        let Stated::Digests(count, _) = self.stated()? else {
            return Some(false);
        };
        for _ in 0..count {
            let (_algorithm, len) = (self.byte()?, self.byte()?);
            self.take(usize::from(len))?;
        }
        Some(true)
    }

    /// Reads a line as far as its digests.
    fn stated(&mut self) -> Option<Stated> {
        self.number += self.read_number()?;
        let Some(head) = self.read_number()?.checked_sub(1) else {
            let error = self.read_number()?;
            return self.errors.get(error as usize).copied().map(Stated::Error);
        };
        let (shared, len) = (self.read_number()?, self.read_number()?);
        let rest = self.take(len as usize)?;
        self.name.truncate(shared as usize);
        self.name.extend_from_slice(rest);
        let has_size = head % 2 == 1;
        let size = if has_size {
            Some(self.read_number()?)
        } else {
            None
        };
        Some(Stated::Digests(head as usize / 2, size))
    }

    fn digest(&mut self) -> Option<Digest> {
        let (algorithm, len) = (self.byte()?, self.byte()?);
        let algorithm = Algorithm::ALL.get(usize::from(algorithm))?;
        Some(Digest::of(*algorithm, self.take(usize::from(len))?))
    }

    fn read_number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        Some(number)
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
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
        ) {
            let mut number = 0;
            let lines: Vec<Line> = contents.into_iter().map(|(step, content)| {
                number += step;
                Line { number, content }
            }).collect();
            let mut packed = Lines::default();
            lines.iter().for_each(|line| packed.push(line));
            prop_assert_eq!(packed.len(), lines.len());
            for (place, line) in lines.iter().enumerate() {
                prop_assert_eq!(packed.get(place), Some(line.clone()));
                let rest: Vec<Line> = packed.from(place).map(|(_, line)| line).collect();
                prop_assert_eq!(&rest, &lines[place..]);
            }
            prop_assert_eq!(packed.from(lines.len()).count(), 0);
            prop_assert_eq!(packed.get(lines.len()), None);
        }
    }

    #[test]
    fn an_algorithm_is_found_at_its_place() {
        for (place, algorithm) in Algorithm::ALL.into_iter().enumerate() {
            assert_eq!(algorithm as usize, place);
        }
    }
}
