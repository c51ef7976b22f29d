//! Lines by the hashes of their names.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::iter::Peekable;

use crate::cancel::Cancel;
use crate::lines::Lines;
use crate::store::{Log, Sorter, Unpack};

/// Where the hash begins in a number that is made of a name's hash and a line's place: a
/// manifest of so many lines that their places are longer would have hundreds of gigabytes.
const HASH_SHIFT: u32 = 32;

/// A hash of names that nobody can foresee: of what they are but for `.` and empty parts.
pub(crate) struct NameHash(RandomState);

/// A line that names a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hashed {
    /// The name's hash: few names that differ have the same.
    pub(crate) hash: u32,
    pub(crate) place: usize,
}

impl NameHash {
    pub(crate) fn new() -> Self {
        Self(RandomState::new())
    }

    /// The hash of a plain name.
    pub(crate) fn of(&self, name: &[u8]) -> u32 {
        (self.0.hash_one(name) >> HASH_SHIFT) as u32
    }

    /// All lines that name a file, by their hashes, those of one hash by their places; unless
    /// `cancel` is raised meanwhile.
    pub(crate) fn index(
        &self,
        lines: &Lines,
        cancel: &Cancel,
    ) -> io::Result<impl Iterator<Item = io::Result<Hashed>> + use<>> {
        let mut sorter = Sorter::of_numbers();
        let mut names = lines.names();
        while let Some((place, name)) = names.next()?.filter(|_| !cancel.is_requested()) {
            let hash = self.of(&lines.plain(name));
            sorter.push(Hashed { hash, place }.to_number(), cancel);
        }
        let sorted = sorter.sorted(cancel)?;
        Ok(sorted.map(|number| number.map(Hashed::from_number)))
    }
}

impl Hashed {
    fn to_number(self) -> u64 {
        u64::from(self.hash) << HASH_SHIFT | self.place as u64
    }

    fn from_number(number: u64) -> Self {
        Self {
            hash: (number >> HASH_SHIFT) as u32,
            place: (number & ((1 << HASH_SHIFT) - 1)) as usize,
        }
    }
}

/// The first line of each name, to be looked up.
pub(crate) struct FirstLines {
    hash: NameHash,
    /// The lines by their hashes, in eight bytes each.
    sorted: Log,
    /// Where those of each beginning of a hash end in them.
    ends: Vec<u64>,
}

/// How many bytes of the sorted lines are in memory.
const SORTED_ROOM: usize = 1 << 20;

/// How many bits of a hash are its beginning: of a million lines 256 have the same, which are
/// read at once.
const BEGINNING_BITS: u32 = 12;

impl FirstLines {
    /// Of no name so far.
    pub(crate) fn new(hash: NameHash) -> Self {
        Self {
            hash,
            sorted: Log::with_room(SORTED_ROOM),
            ends: Vec::new(),
        }
    }

    /// Takes a line whose hash is not less than that of the one before.
    pub(crate) fn push(&mut self, hashed: Hashed) {
        let beginning = beginning(hashed.hash);
        self.ends.resize(beginning + 1, self.sorted.len());
        self.sorted.append(&hashed.to_number().to_le_bytes());
        self.ends[beginning] = self.sorted.len();
    }

    /// The line of a plain name.
    pub(crate) fn find(&self, lines: &Lines, name: &[u8]) -> io::Result<Option<usize>> {
        let hash = self.hash.of(name);
        let beginning = beginning(hash);
        let Some(end) = self.ends.get(beginning) else {
            return Ok(None);
        };
        let start = beginning.checked_sub(1).map_or(0, |last| self.ends[last]);
        let mut numbers = Unpack::new(self.sorted.get(start..*end)?);
        while numbers.len() > 0 {
            let hashed = Hashed::from_number(numbers.word()?);
            if hashed.hash == hash && lines.plain_name(hashed.place)? == name {
                return Ok(Some(hashed.place));
            }
        }
        Ok(None)
    }
}

/// The first bits of a hash.
fn beginning(hash: u32) -> usize {
    (hash >> (u32::BITS - BEGINNING_BITS)) as usize
}

/// The names in lines, those of one hash at a time.
pub(crate) struct ByHash<'a, I: Iterator<Item = io::Result<Hashed>>> {
    lines: &'a Lines,
    index: Peekable<I>,
    hash: Option<u32>,
    /// The names of the hash, and the first line of each.
    names: HashMap<Vec<u8>, usize>,
}

impl<'a, I: Iterator<Item = io::Result<Hashed>>> ByHash<'a, I> {
    /// Those of lines and their index.
    pub(crate) fn new(lines: &'a Lines, index: I) -> Self {
        Self {
            lines,
            index: index.peekable(),
            hash: None,
            names: HashMap::new(),
        }
    }

    /// The plain names of a hash that is not less than the last one, and the first line of
    /// each; maybe not all where `cancel` is raised meanwhile.
    pub(crate) fn at(
        &mut self,
        hash: u32,
        cancel: &Cancel,
    ) -> io::Result<&HashMap<Vec<u8>, usize>> {
        if self.hash != Some(hash) {
            self.hash = Some(hash);
            self.names.clear();
            self.go_to(hash, cancel)?;
        }
        Ok(&self.names)
    }

    /// Takes the names of a hash, unless `cancel` is raised meanwhile.
    fn go_to(&mut self, hash: u32, cancel: &Cancel) -> io::Result<()> {
        let is_before = |next: &io::Result<Hashed>| match next {
            Ok(next) => next.hash <= hash && !cancel.is_requested(),
            Err(_) => true,
        };
        while let Some(next) = self.index.next_if(is_before) {
            let next = next?;
            if next.hash == hash {
                let name = self.lines.plain_name(next.place)?;
                self.names.entry(name).or_insert(next.place);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_name_are_neighbours() {
        let mut lines = Lines::new();
        let name = |place: usize| format!("{:02}//{}", place % 100, place % 1000);
        (0..1_200_000).for_each(|place| lines.append(name(place).as_bytes(), None));
        let index = NameHash::new().index(&lines, &Cancel::default()).unwrap();
        let mut last = None;
        let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
        for hashed in index {
            let Hashed { hash, place } = hashed.unwrap();
            assert!(last < Some((hash, place)));
            last = Some((hash, place));
            places.entry(hash).or_default().push(place);
        }
        assert_eq!(places.values().map(Vec::len).sum::<usize>(), lines.len());
        let has_all = |first| {
            let all = (first..lines.len()).step_by(1000);
            let found = places.values().find(|places| places.contains(&first));
            all.into_iter()
                .all(|place| found.is_some_and(|found| found.contains(&place)))
        };
        assert!([0, 17, 999].into_iter().all(has_all));
    }

    #[test]
    fn a_first_line_is_found_by_its_name() {
        for count in [0, 1, 10, 300_000] {
            let mut lines = Lines::new();
            (0..count).for_each(|number| lines.append(format!("f//{number}").as_bytes(), None));
            let hash = NameHash::new();
            let index = hash.index(&lines, &Cancel::default()).unwrap();
            let mut first = FirstLines::new(hash);
            index.for_each(|hashed| first.push(hashed.unwrap()));
            for number in (0..count + 2000).step_by(7) {
                let name = format!("f/{number}");
                let found = first.find(&lines, name.as_bytes()).unwrap();
                assert_eq!(found, (number < count).then_some(number));
            }
        }
    }
}
