//! Names that lead to a file by another path than their own, beside others of the same path.
//!
//! Where a link or `..` leads is known only once the file is open. So each name is read by
//! itself, and a file that is replaced meanwhile may be right by one digest, and then by another
//! one: a line that is right is compared with those that were found right before it.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::{Mutex, PoisonError};

use crate::digest::{Digest, Digests};
use crate::findings::Findings;
use crate::hashing::Hashed;
use crate::lines::Lines;
use crate::manifest::Entry;
use crate::same::SameFile;
use crate::store::Cells;

/// How many bytes of files' paths, and of where groups of them begin, are in memory: twice.
const PATHS_ROOM: usize = 2 << 20;
const GROUPS_ROOM: usize = 256 << 10;

/// How many bytes of the table of paths are in memory.
const TABLE_ROOM: usize = 4 << 20;

const CELL_LEN: usize = size_of::<u64>();

/// How many cells the table has for each line: so few are full that a path is soon found.
const CELLS_EACH: usize = 2;

/// So many lines are looked at when the run is about to end: that takes some milliseconds.
const AT_THE_END: usize = 5000;

/// What was read at the end of detours, in the order in which that was.
pub(crate) struct Readings(Mutex<Lines>);

impl Readings {
    /// None so far.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Lines::with_room(PATHS_ROOM, GROUPS_ROOM)))
    }

    /// Takes what was read by a detour; gives its number.
    pub(crate) fn push(&self, read: &Hashed) -> usize {
        let path = read.path.as_deref().unwrap_or_default();
        // It holds no half-done change.
        let mut readings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        readings.append_entry(&entry(path, &read.digests));
        readings.len() - 1
    }

    fn get(&self, number: usize) -> io::Result<Entry> {
        let readings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entry_at(&readings, number)
    }
}

/// The paths to which detours have led, and the digests that the file of each has by the lines
/// that were found right.
pub(crate) struct Paths<'a> {
    lines: &'a Lines,
    same: &'a SameFile,
    readings: &'a Readings,
    /// The paths, and their digests when one was last added.
    known: Lines,
    /// A hash table with the places of the known paths, where there are some: of each, in the
    /// higher half of a cell, half of its hash, and then its place counted from 1.
    table: Option<Cells>,
    hash: RandomState,
    /// Where a path was looked for among the lines.
    near: usize,
    /// How many lines may still be looked at when the run is about to end.
    left: usize,
}

/// A line whose file is right.
pub(crate) struct Right {
    pub(crate) place: usize,
    /// The number of what was read of the file, where the name is not its path.
    pub(crate) reading: Option<usize>,
}

/// A path, and what is known of it.
struct Known {
    path: Vec<u8>,
    digests: Digests,
    /// The cell that has it, or would have it.
    cell: usize,
    is_stored: bool,
}

impl<'a> Paths<'a> {
    /// None so far.
    pub(crate) fn new(lines: &'a Lines, same: &'a SameFile, readings: &'a Readings) -> Self {
        Self {
            lines,
            same,
            readings,
            known: Lines::with_room(PATHS_ROOM, GROUPS_ROOM),
            table: None,
            hash: RandomState::new(),
            near: 0,
            left: AT_THE_END,
        }
    }

    /// Whether no detour has led anywhere.
    pub(crate) fn is_empty(&self) -> bool {
        self.table.is_none()
    }

    /// Whether a line agrees with those of the `findings` that were right: then its file's path
    /// has not had another content. `None` where that takes long and the run `is_ending`.
    pub(crate) fn agree(
        &mut self,
        right: &Right,
        findings: &Findings,
        is_ending: &dyn Fn() -> bool,
    ) -> io::Result<Option<bool>> {
        let stated = entry_at(self.lines, right.place)?;
        let name = self.lines.plain(&stated.name).into_owned();
        let own = self.look_up(name)?;
        // By the name the path is known where others have come there by detours.
        let mut known: Vec<Known> = own.is_stored.then_some(own).into_iter().collect();
        let mut digests = stated.digests;
        if let Some(number) = right.reading {
            let reading = self.readings.get(number)?;
            let reached = self.reach(reading.name, findings, is_ending)?;
            let Some(reached) = reached else {
                return Ok(None);
            };
            known.push(reached);
            digests = reading.digests;
        }
        let do_agree = known
            .iter()
            .all(|known| are_alike(&known.digests, &digests));
        for mut known in known {
            let added = if do_agree { &digests[..] } else { &[] };
            let has_grown = add(&mut known.digests, added);
            if has_grown || !known.is_stored {
                self.store(&known);
            }
        }
        Ok(Some(do_agree))
    }

    /// What is known of a path to which a detour leads, at first from the lines that name it.
    fn reach(
        &mut self,
        path: Vec<u8>,
        findings: &Findings,
        is_ending: &dyn Fn() -> bool,
    ) -> io::Result<Option<Known>> {
        let mut known = self.look_up(path)?;
        if !known.is_stored {
            let right = self.right_digests(&known.path, findings, is_ending)?;
            let Some(right) = right else { return Ok(None) };
            known.digests = right;
        }
        Ok(Some(known))
    }

    /// What is known of a path, or where it would be.
    fn look_up(&self, path: Vec<u8>) -> io::Result<Known> {
        let (mut cell, half) = self.hashed(&path);
        while let Some((other_half, place)) = self.cell(cell)? {
            if other_half == half {
                let known = entry_at(&self.known, place)?;
                if known.name == path {
                    return Ok(Known {
                        path,
                        digests: known.digests,
                        cell,
                        is_stored: true,
                    });
                }
            }
            cell = (cell + 1) % self.cells();
        }
        Ok(Known {
            path,
            digests: Digests::new(),
            cell,
            is_stored: false,
        })
    }

    fn store(&mut self, known: &Known) {
        self.known.append_entry(&entry(&known.path, &known.digests));
        let (_, half) = self.hashed(&known.path);
        let cell = u64::from(half) << u32::BITS | self.known.len() as u64;
        let cells = self.cells();
        let table = self
            .table
            .get_or_insert_with(|| Cells::scattered(cells, CELL_LEN, TABLE_ROOM));
        table.put(known.cell, &cell.to_le_bytes());
    }

    /// The cell where a path is looked for first, and the half of its hash that tells it from
    /// others there.
    fn hashed(&self, path: &[u8]) -> (usize, u32) {
        let hash = self.hash.hash_one(path);
        (hash as usize % self.cells(), (hash >> u32::BITS) as u32)
    }

    /// The half hash and the place that a cell has; `None` where it is empty.
    fn cell(&self, cell: usize) -> io::Result<Option<(u32, usize)>> {
        let Some(table) = &self.table else {
            return Ok(None);
        };
        let mut value = [0; CELL_LEN];
        table.read(cell, &mut value)?;
        let value = u64::from_le_bytes(value);
        let place = (value as u32).checked_sub(1);
        Ok(place.map(|place| ((value >> u32::BITS) as u32, place as usize)))
    }

    fn cells(&self) -> usize {
        CELLS_EACH * self.lines.len()
    }

    /// The digests by which lines that name a path were found right; `None` where these are many
    /// and the run `is_ending`.
    fn right_digests(
        &mut self,
        path: &[u8],
        findings: &Findings,
        is_ending: &dyn Fn() -> bool,
    ) -> io::Result<Option<Digests>> {
        let mut right = Digests::new();
        let Some(first) = self.same.first(self.lines, path, &mut self.near)? else {
            return Ok(Some(right));
        };
        for place in self.same.all(first) {
            if is_ending() {
                let Some(left) = self.left.checked_sub(1) else {
                    return Ok(None);
                };
                self.left = left;
            }
            if findings.is_ok(place)? {
                add(&mut right, &entry_at(self.lines, place)?.digests);
            }
        }
        Ok(Some(right))
    }
}

fn entry(path: &[u8], digests: &Digests) -> Entry {
    Entry {
        digests: digests.clone(),
        name: path.to_vec(),
        size: None,
    }
}

fn entry_at(lines: &Lines, place: usize) -> io::Result<Entry> {
    let content = lines.get(place)?.content;
    content.map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Whether digests may be of one content.
fn are_alike(digests: &[Digest], others: &[Digest]) -> bool {
    digests.iter().all(|digest| {
        let mut others = others.iter().filter(|other| other.kind() == digest.kind());
        others.all(|other| other == digest)
    })
}

/// Adds digests that are not there; whether there are some.
fn add(digests: &mut Digests, more: &[Digest]) -> bool {
    let count = digests.len();
    for digest in more {
        if !digests.contains(digest) {
            digests.push(*digest);
        }
    }
    digests.len() > count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::algorithm::Algorithm;
    use crate::cancel::Cancel;
    use crate::findings::Finding;
    use crate::report::Verdict;

    /// Which of some lines agree with those before them. They have these names and first bytes
    /// of digests, and maybe another path.
    fn settled(named: &[(&str, u8, Option<&str>)]) -> Vec<bool> {
        let settled = settled_until(named, named.len()).into_iter();
        settled.map(Option::unwrap).collect()
    }

    /// The same for a run that is about to end from a line on.
    fn settled_until(named: &[(&str, u8, Option<&str>)], end: usize) -> Vec<Option<bool>> {
        // Those from a hundred on are of another kind.
        let digest = |byte| {
            let algorithm = match byte {
                100.. => Algorithm::Md5,
                _ => Algorithm::Sha1,
            };
            Digest::of(algorithm, &[byte; 20][..algorithm.digest_len()])
        };
        let mut lines = Lines::new();
        for (name, byte, _) in named {
            lines.append_entry(&entry(
                name.as_bytes(),
                &Digests::from_elem(digest(*byte), 1),
            ));
        }
        let same = SameFile::among(&lines, &Cancel::default()).unwrap();
        let readings = Readings::new();
        let mut paths = Paths::new(&lines, &same, &readings);
        let mut findings = Findings::of(named.len());
        let settled = named.iter().enumerate().map(|(place, (_, byte, path))| {
            let reading = path.map(|path| {
                readings.push(&Hashed {
                    digests: Digests::from_elem(digest(*byte), 1),
                    shows_collision: false,
                    size: 0,
                    path: Some(path.as_bytes().to_vec()),
                })
            });
            let do_agree = paths.agree(&Right { place, reading }, &findings, &|| place >= end);
            let do_agree = do_agree.unwrap();
            if do_agree == Some(true) {
                findings.put(place, &Finding::unread(Verdict::Ok));
            }
            do_agree
        });
        settled.collect()
    }

    #[test]
    fn of_two_digests_for_one_path_one_is_right() {
        for (named, expected) in [
            (
                &[("a", 1, None), ("l", 2, Some("a"))][..],
                &[true, false][..],
            ),
            (&[("l", 2, Some("a")), ("./a", 1, None)], &[true, false]),
            (&[("a", 1, None), ("l", 1, Some("a"))], &[true, true]),
            (&[("a", 100, None), ("l", 1, Some("a"))], &[true, true]),
            (&[("b", 1, None), ("l", 2, Some("a"))], &[true, true]),
            (
                &[("l", 1, Some("a")), ("m", 2, Some("a")), ("b", 3, None)],
                &[true, false, true],
            ),
            (
                &[
                    ("b", 1, None),
                    ("l", 1, Some("a")),
                    ("m/../a", 1, Some("a")),
                ],
                &[true, true, true],
            ),
            // Where a name is a path once, and a link at another time.
            (&[("a", 1, Some("b")), ("l", 2, Some("a"))], &[true, false]),
            (&[("l", 2, Some("a")), ("a", 1, Some("b"))], &[true, false]),
            (&[("a", 1, Some("b")), ("l", 1, Some("a"))], &[true, true]),
        ] {
            assert_eq!(settled(named), expected, "{named:?}");
        }
    }

    proptest! {
        #[test]
        fn a_line_agrees_with_all_that_do(
            files in prop::collection::vec((0..3u8, prop::option::of(1..8usize)), 8),
            lines in prop::collection::vec((0..8usize, any::<bool>(), any::<bool>()), 0..60),
        ) {
            let names: Vec<String> = (0..8).map(|number| format!("f{number}")).collect();
            let written: Vec<String> = names.iter().map(|name| format!(".//{name}")).collect();
            let path = |file: usize| files[file].1.map(|step| (file + step) % 8);
            let byte = |file: usize, is_md5| files[file].0 + if is_md5 { 100 } else { 0 };
            let named = lines.iter().map(|(file, is_md5, is_plain)| {
                let name = if *is_plain { &names[*file] } else { &written[*file] };
                let path = path(*file).map(|path| &names[path][..]);
                (&name[..], byte(*file, *is_md5), path)
            });
            let settled = settled(&named.collect::<Vec<_>>());
            let mut right: Vec<(usize, bool)> = Vec::new();
            for ((file, is_md5, _), do_agree) in lines.into_iter().zip(settled) {
                let paths = [Some(file), path(file)];
                let stands_against = |&(other, is_other_md5): &(usize, bool)| {
                    let mut met = [Some(other), path(other)].into_iter().flatten();
                    met.any(|path| paths.contains(&Some(path)))
                        && is_md5 == is_other_md5
                        && byte(file, is_md5) != byte(other, is_md5)
                };
                prop_assert_eq!(do_agree, !right.iter().any(stands_against));
                if do_agree {
                    right.push((file, is_md5));
                }
            }
        }
    }

    #[test]
    fn few_lines_are_looked_at_when_a_run_ends() {
        let each = AT_THE_END / 2;
        let same = ["a", "b", "c"].map(|name| vec![(name, 1, None); each]);
        let mut named = same.concat();
        let end = named.len();
        named.extend([
            ("l", 1, Some("a")),
            ("m", 2, Some("b")),
            ("n", 1, Some("c")),
        ]);
        named.extend([("k", 1, Some("b"))]);
        let settled = settled_until(&named, end);
        assert_eq!(settled[end..], [Some(true), Some(false), None, Some(true)]);
    }

    #[test]
    fn many_lines_find_their_files() {
        let names: Vec<String> = (0..20_000).map(|number| format!("f{number}")).collect();
        let other: Vec<String> = names.iter().map(|name| format!("{name}/l")).collect();
        let third: Vec<String> = names.iter().map(|name| format!("{name}/m")).collect();
        let lines = names.iter().map(|name| (&name[..], 1, None));
        let right = names.iter().zip(&other);
        let wrong = names.iter().zip(&third).rev();
        let named: Vec<(&str, u8, Option<&str>)> = lines
            .chain(right.map(|(path, name)| (&name[..], 1, Some(&path[..]))))
            .chain(wrong.map(|(path, name)| (&name[..], 2, Some(&path[..]))))
            .collect();
        let settled = settled(&named);
        let (right, wrong) = settled.split_at(2 * names.len());
        assert!(right.iter().all(|is_right| *is_right));
        assert!(!wrong.iter().any(|is_right| *is_right));
    }
}
