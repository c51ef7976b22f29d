//! Lines of a manifest that name the same file.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::io;

use crate::cancel::Cancel;
use crate::index::{FirstLines, Hashed, NameHash};
use crate::lines::Lines;
use crate::store::Cells;

/// Which lines name the same file as an earlier one.
///
/// They are judged by one reading of the file: so that two lines that state different
/// digests of one algorithm are never both right, whatever is done to the file meanwhile.
pub(crate) struct SameFile {
    /// For each line of a file that several name the place of the next one, or 0, and
    /// [`LATER`]; `None` where there is none.
    links: Option<Cells>,
    /// `None` where each line names a file, and each name comes after the one before.
    first: Option<FirstLines>,
}

/// How many bytes of the links are in memory.
const ROOM: usize = 4 << 20;

const LINK_LEN: usize = size_of::<u64>();

/// Marks a line that is not the first of its file.
const LATER: u64 = 1 << 63;

impl SameFile {
    /// Looks for names that are the same but for `.` and empty parts, until `cancel` is
    /// raised.
    pub(crate) fn among(lines: &Lines, cancel: &Cancel) -> io::Result<Self> {
        let mut same = Self {
            links: None,
            first: None,
        };
        if is_ascending(lines, cancel)? {
            return Ok(same);
        }
        let hash = NameHash::new();
        let index = hash.index(lines, cancel)?;
        let mut first = FirstLines::new(hash);
        // The names of one hash, and the last line of each.
        let mut alike = HashMap::new();
        let mut before: Option<Hashed> = None;
        for hashed in index {
            if cancel.is_requested() {
                break;
            }
            let hashed = hashed?;
            let mut is_first = true;
            match before.filter(|before| before.hash == hashed.hash) {
                None => alike.clear(),
                Some(before) => {
                    if alike.is_empty() {
                        alike.insert(lines.plain_name(before.place)?, before.place);
                    }
                    let name = lines.plain_name(hashed.place)?;
                    if let Some(earlier) = alike.insert(name, hashed.place) {
                        same.link(earlier, hashed.place, lines.len())?;
                        is_first = false;
                    }
                }
            }
            if is_first {
                first.push(hashed);
            }
            before = Some(hashed);
        }
        same.first = Some(first);
        Ok(same)
    }

    /// The place of the first line of a plain name. It is soon found where names are looked up
    /// in their order: near the last one's place, which `near` is, and becomes this one's.
    pub(crate) fn first(
        &self,
        lines: &Lines,
        name: &[u8],
        near: &mut usize,
    ) -> io::Result<Option<usize>> {
        match &self.first {
            Some(first) => first.find(lines, name),
            None => search(lines, name, near),
        }
    }

    /// The places of all lines that name the file of the line at `first`, which is the
    /// first of them.
    pub(crate) fn all(&self, first: usize) -> impl Iterator<Item = usize> {
        // What cannot be read again stays undone, so that the run fails.
        let next = |place: &usize| self.get(*place).map_or(0, |link| link & !LATER);
        std::iter::successors(Some(first), move |place| {
            Some(next(place) as usize).filter(|next| *next != 0)
        })
    }

    /// Whether the line at a place names the file of an earlier one.
    pub(crate) fn is_later(&self, place: usize) -> bool {
        self.get(place).map_or(true, |link| link & LATER != 0)
    }

    fn link(&mut self, earlier: usize, later: usize, lines: usize) -> io::Result<()> {
        let link = self.get(earlier)? | later as u64;
        let links = self
            .links
            .get_or_insert_with(|| Cells::new(lines, LINK_LEN, ROOM));
        links.put(earlier, &link.to_le_bytes());
        links.put(later, &LATER.to_le_bytes());
        Ok(())
    }

    fn get(&self, place: usize) -> io::Result<u64> {
        let mut link = [0; LINK_LEN];
        if let Some(links) = &self.links {
            links.read(place, &mut link)?;
        }
        Ok(u64::from_le_bytes(link))
    }
}

/// Whether each line names a file, and each name comes after the one before, so that all
/// differ; as far as that is known when `cancel` is raised.
fn is_ascending(lines: &Lines, cancel: &Cancel) -> io::Result<bool> {
    let mut names = lines.names();
    let mut before: Option<Vec<u8>> = None;
    let mut count = 0;
    while let Some((place, name)) = names.next()?.filter(|_| !cancel.is_requested()) {
        let name = lines.plain(name);
        match &mut before {
            _ if place > count => return Ok(false),
            Some(before) if before[..] >= *name => return Ok(false),
            Some(before) => name.as_ref().clone_into(before),
            None => before = Some(name.into_owned()),
        }
        count += 1;
    }
    Ok(count == lines.len() || cancel.is_requested())
}

/// The place of a plain name among those of lines that all have one, in their order: in steps
/// that grow from the place where the last one was or would be.
fn search(lines: &Lines, name: &[u8], near: &mut usize) -> io::Result<Option<usize>> {
    let (mut start, mut end) = (0, lines.len());
    let (mut place, mut step) = (*near, 1);
    while start < end {
        place = place.clamp(start, end - 1);
        match lines.plain_name(place)?[..].cmp(name) {
            Ordering::Equal => {
                *near = place;
                return Ok(Some(place));
            }
            Ordering::Less => {
                start = place + 1;
                place = (place + step).min(start.midpoint(end));
            }
            Ordering::Greater => {
                end = place;
                place = place.saturating_sub(step).max(start.midpoint(end));
            }
        }
        step *= 2;
    }
    *near = start;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::manifest::{Line, LineError};

    proptest! {
        #[test]
        fn the_first_line_of_a_name_is_found(
            numbers in prop::collection::vec(prop::option::weighted(0.95, 0..200u8), 0..100),
            is_sorted in any::<bool>(),
            wanted in prop::collection::vec(0..200u8, 1..20),
        ) {
            let mut numbers = numbers;
            if is_sorted {
                numbers.sort_unstable();
                numbers.dedup();
                numbers.retain(Option::is_some);
            }
            let mut lines = Lines::new();
            for number in &numbers {
                match number {
                    Some(number) => lines.append(format!("./{number:03}").as_bytes(), None),
                    None => {
                        let number = lines.len() as u64 + 1;
                        lines.push(&Line { number, content: Err(LineError::Nul) });
                    }
                }
            }
            let same = SameFile::among(&lines, &Cancel::default()).unwrap();
            prop_assert!(same.first.is_none() || !is_sorted);
            let mut near = 0;
            for number in wanted {
                let name = format!("{number:03}");
                let found = same.first(&lines, name.as_bytes(), &mut near).unwrap();
                let expected = numbers.iter().position(|other| *other == Some(number));
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn later_lines_stand_with_the_first_of_their_file() {
        let among = |names: &[&str]| {
            let mut lines = Lines::new();
            names
                .iter()
                .for_each(|name| lines.append(name.as_bytes(), None));
            SameFile::among(&lines, &Cancel::default()).unwrap()
        };
        let same = among(&["a", "b", "./a", "c", "a", "b"]);
        let is_later = (0..6).map(|place| same.is_later(place));
        assert_eq!(
            is_later.collect::<Vec<_>>(),
            [false, false, true, false, true, true]
        );
        let all = [0, 1, 3].map(|first| same.all(first).collect::<Vec<_>>());
        assert_eq!(all, [vec![0, 2, 4], vec![1, 5], vec![3]]);
        assert!(among(&["a", "b"]).links.is_none());
        assert!(among(&["b", "a"]).links.is_none());
        assert!(among(&["a", "./a", "b"]).is_later(1));
        assert!(!among(&["a", "a/", "a/."]).is_later(1));
        assert!(among(&["a", "a/", "a/."]).is_later(2));
    }
}
