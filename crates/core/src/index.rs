//! Lines by the hashes of their names.

use std::hash::{BuildHasher, RandomState};
use std::io;

use crate::cancel::Cancel;
use crate::lines::Lines;
use crate::same::plain;
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
            let hash = self.0.hash_one(plain(name)) >> HASH_SHIFT << HASH_SHIFT;
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

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
