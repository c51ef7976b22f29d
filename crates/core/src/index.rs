//! Lines by the hashes of their names.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::iter::Peekable;

use crate::cancel::Cancel;
use crate::lines::Lines;
use crate::store::Sorter;

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
            let hash = self.0.hash_one(lines.plain(name)) >> HASH_SHIFT << HASH_SHIFT;
            sorter.push(hash | place as u64, cancel);
        }
        Ok(sorter.sorted(cancel)?.map(|number| {
            number.map(|number| Hashed {
                hash: (number >> HASH_SHIFT) as u32,
                place: (number & ((1 << HASH_SHIFT) - 1)) as usize,
            })
        }))
    }
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
}
