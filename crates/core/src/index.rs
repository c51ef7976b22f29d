//! Finding lines by their names.

use std::hash::{BuildHasher, RandomState};

use crate::cancel::Cancel;
use crate::lines::Lines;
use crate::same::plain;
use crate::sort::sort_unstable_by;

/// Where the hash begins in a number that is made of a name's hash and a line's place: so many
/// lines that their places are longer would need a hundred gigabytes.
const HASH_SHIFT: u32 = 32;

/// The lines of a manifest by what their names are but for `.` and empty parts: eight bytes
/// each, since the names stay where they are.
pub(crate) struct Index<'a> {
    lines: &'a Lines,
    state: RandomState,
    /// A part of the name's hash, and the place: sorted.
    places: Vec<u64>,
}

impl<'a> Index<'a> {
    /// Those of all lines that name a file, unless `cancel` is raised meanwhile.
    pub(crate) fn of(lines: &'a Lines, cancel: &Cancel) -> Self {
        let mut index = Self {
            lines,
            state: RandomState::new(),
            places: Vec::with_capacity(lines.len()),
        };
        lines.each_name(cancel, |place, name| {
            index.places.push(index.hash(name) | place as u64);
        });
        sort_unstable_by(&mut index.places, &u64::cmp, cancel);
        index
    }

    /// Whether a line has this name.
    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        let name = plain(name);
        let hash = self.hash(&name);
        let start = self.places.partition_point(|place| *place < hash);
        let same_hash = |place: &&u64| (**place ^ hash) >> HASH_SHIFT == 0;
        let places = self.places[start..].iter().take_while(same_hash);
        places
            .filter_map(|place| self.lines.name(place_in(*place)))
            .any(|found| plain(&found) == name)
    }

    /// The places, in order, of lines whose names may be the same: each group at least two.
    pub(crate) fn alike(&self) -> impl Iterator<Item = impl Iterator<Item = usize>> {
        let groups = self.places.chunk_by(|a, b| (a ^ b) >> HASH_SHIFT == 0);
        let several = groups.filter(|group| group.len() > 1);
        several.map(|group| group.iter().copied().map(place_in))
    }

    fn hash(&self, name: &[u8]) -> u64 {
        self.state.hash_one(plain(name)) >> HASH_SHIFT << HASH_SHIFT
    }
}

/// The place in a number.
fn place_in(number: u64) -> usize {
    (number & ((1 << HASH_SHIFT) - 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Options, parse};

    #[test]
    fn a_line_is_found_by_its_plain_name() {
        let digest = "d41d8cd98f00b204e9800998ecf8427e";
        let mut lines = Lines::default();
        let names = (0..1000).map(|number| format!("./{:02}//{number}", number % 100));
        let text: String = names.map(|name| format!("{digest}  {name}\n")).collect();
        let parsed = parse(text.as_bytes(), &Options::default()).unwrap();
        parsed.lines.iter().for_each(|line| lines.push(line));
        let index = Index::of(&lines, &Cancel::default());
        for number in 0..1000 {
            let name = format!("{:02}/{number}", number % 100);
            assert!(index.contains(name.as_bytes()), "{name}");
            assert!(!index.contains(format!("x{name}").as_bytes()), "{name}");
        }
        assert_eq!(index.alike().flatten().count(), 0);
    }
}
