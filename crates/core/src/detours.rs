//! Names that lead to a file by another path than their own, beside others of the same path.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::io;

use crate::cancel::Cancel;
use crate::digest::{Digest, Digests};
use crate::findings::Findings;
use crate::hashing::Hashed as Read;
use crate::index::{ByHash, Hashed, NameHash};
use crate::lines::Lines;
use crate::manifest::Entry;
use crate::same::SameFile;
use crate::store::{Cells, Log, Unpack};

/// The readings of files to which a link or `..` leads.
///
/// Where that leads is known only once the file is open. So each name is read by itself, and a
/// file that is replaced meanwhile may be right by one digest, and then by another one. When
/// all is read, the readings of one path are compared: with each other, and with what lines
/// that name the path were found right by.
pub(crate) struct Detours {
    /// Of each reading two: the file's path, with its digests and size, and the name that led
    /// there, which is a path itself.
    paths: Lines,
    /// The first line of each name, in eight bytes.
    firsts: Log,
}

/// How many bytes of each are in memory.
const PATHS_ROOM: usize = 2 << 20;
const GROUPS_ROOM: usize = 256 << 10;
const FIRSTS_ROOM: usize = 1 << 20;
const MARKS_ROOM: usize = 1 << 20;

const FIRST_LEN: u64 = size_of::<u64>() as u64;

/// Paths of one hash, and the digests of the file that each was found right by.
type Right = HashMap<Vec<u8>, Digests>;

/// The lines that are compared with the readings.
#[derive(Clone, Copy)]
pub(crate) struct Others<'a> {
    pub(crate) lines: &'a Lines,
    pub(crate) same: &'a SameFile,
    pub(crate) findings: &'a Findings,
}

impl Detours {
    /// None so far.
    pub(crate) fn new() -> Self {
        Self {
            paths: Lines::with_room(PATHS_ROOM, GROUPS_ROOM),
            firsts: Log::with_room(FIRSTS_ROOM),
        }
    }

    /// Takes what was read by a name, which the line at `first` is the first to have.
    pub(crate) fn push(&mut self, first: usize, name: &[u8], path: &[u8], read: &Read) {
        self.paths.append_entry(&Entry {
            digests: read.digests.clone(),
            name: path.to_vec(),
            size: Some(read.size),
        });
        self.paths.append(name, None);
        self.firsts.append(&(first as u64).to_le_bytes());
    }

    /// Which readings others contradict: there a path had another content when a line was found
    /// right. `None` where `cancel` is raised meanwhile.
    pub(crate) fn contradicted(
        &self,
        others: Others<'_>,
        cancel: &Cancel,
    ) -> io::Result<Option<Cells>> {
        let mut contradicted = Cells::new(self.len(), 1, MARKS_ROOM);
        if self.len() == 0 {
            return Ok(Some(contradicted));
        }
        let hash = NameHash::new();
        let mut named = ByHash::new(others.lines, hash.index(others.lines, cancel)?);
        let mut index = hash.index(&self.paths, cancel)?.peekable();
        let mut right = Right::new();
        let mut last = None;
        while let Some(hashed) = index.next() {
            let Hashed { hash, place } = hashed?;
            if cancel.is_requested() {
                return Ok(None);
            }
            let is_first = last.replace(hash) != Some(hash);
            let is_last = index.peek().is_none_or(|next| !has_hash(next, hash));
            if is_first {
                right.clear();
            }
            let is_alone = is_first && is_last;
            let (number, is_name) = (place / 2, place % 2 == 1);
            // The lines of a name have the same reading.
            if is_alone && (is_name || named.at(hash, cancel)?.is_empty()) {
                continue;
            }
            let path = self.paths.plain_name(place)?;
            let right = match right.entry(path) {
                Occupied(right) => right.into_mut(),
                Vacant(unknown) => {
                    let first = named.at(hash, cancel)?.get(unknown.key());
                    let digests = first.map(|first| others.right_digests(*first));
                    unknown.insert(digests.transpose()?.unwrap_or_default())
                }
            };
            if !add_consistent(right, &self.read(number)?.digests) {
                contradicted.put(number, &[1]);
            }
        }
        Ok((!cancel.is_requested()).then_some(contradicted))
    }

    /// All readings, of which some are contradicted.
    pub(crate) fn readings(
        &self,
        contradicted: &Cells,
    ) -> impl Iterator<Item = io::Result<Reading>> {
        (0..self.len()).map(|number| {
            let mut mark = [0];
            contradicted.read(number, &mut mark)?;
            let start = number as u64 * FIRST_LEN;
            let first = self.firsts.get(start..start + FIRST_LEN)?;
            Ok(Reading {
                first: Unpack::new(first).word()? as usize,
                read: self.read(number)?,
                is_contradicted: mark != [0],
            })
        })
    }

    fn len(&self) -> usize {
        self.paths.len() / 2
    }

    fn read(&self, number: usize) -> io::Result<Read> {
        let file = self.paths.get(2 * number)?.content.ok();
        let file = file.ok_or(io::ErrorKind::InvalidData)?;
        Ok(Read {
            digests: file.digests,
            shows_collision: false,
            size: file.size.unwrap_or_default(),
            path: Some(file.name),
        })
    }
}

/// What was read by a name.
pub(crate) struct Reading {
    /// The first line of the name.
    pub(crate) first: usize,
    pub(crate) read: Read,
    pub(crate) is_contradicted: bool,
}

impl Others<'_> {
    /// The digests by which lines of one name, whose first is known, were found right.
    fn right_digests(&self, first: usize) -> io::Result<Digests> {
        let mut right = Digests::new();
        for place in self.same.all(first) {
            if self.findings.is_ok(place)?
                && let Ok(entry) = self.lines.get(place)?.content
            {
                add_consistent(&mut right, &entry.digests);
            }
        }
        Ok(right)
    }
}

fn has_hash(hashed: &io::Result<Hashed>, hash: u32) -> bool {
    hashed.as_ref().is_ok_and(|hashed| hashed.hash == hash)
}

/// Adds digests to others of the same content, unless they are another one's.
fn add_consistent(digests: &mut Digests, more: &[Digest]) -> bool {
    let is_alike = |digest: &Digest| {
        let mut others = digests.iter().filter(|other| other.kind() == digest.kind());
        others.all(|other| other == digest)
    };
    let is_consistent = more.iter().all(is_alike);
    if is_consistent {
        for digest in more {
            if !digests.contains(digest) {
                digests.push(*digest);
            }
        }
    }
    is_consistent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;
    use crate::findings::Finding;
    use crate::manifest::Line;
    use crate::report::Verdict;

    /// Which of some lines are not contradicted. They have these names and first bytes of
    /// digests, and maybe another path.
    fn settled(named: &[(&str, u8, Option<&str>)]) -> Vec<bool> {
        let cancel = Cancel::default();
        let (mut lines, mut detours) = (Lines::new(), Detours::new());
        let mut findings = Findings::of(named.len());
        for (place, (name, byte, path)) in named.iter().enumerate() {
            // A hundred has a kind of its own.
            let algorithm = match byte {
                100 => Algorithm::Md5,
                _ => Algorithm::Sha1,
            };
            let digest = Digest::of(algorithm, &[*byte; 20][..algorithm.digest_len()]);
            let read = Read {
                digests: [digest].into_iter().collect(),
                shows_collision: false,
                size: place as u64,
                path: None,
            };
            let number = place as u64 + 1;
            let content = Ok(Entry {
                digests: read.digests.clone(),
                name: name.as_bytes().to_vec(),
                size: None,
            });
            lines.push(&Line { number, content });
            match path {
                Some(path) => detours.push(place, name.as_bytes(), path.as_bytes(), &read),
                None => findings.put(place, &Finding::unread(Verdict::Ok)),
            }
        }
        let others = Others {
            lines: &lines,
            same: &SameFile::among(&lines, &cancel).unwrap(),
            findings: &findings,
        };
        let contradicted = detours.contradicted(others, &cancel).unwrap().unwrap();
        let mut settled = vec![true; named.len()];
        for reading in detours.readings(&contradicted).map(Result::unwrap) {
            assert_eq!(reading.read.size, reading.first as u64);
            settled[reading.first] = !reading.is_contradicted;
        }
        settled
    }

    #[test]
    fn of_two_digests_for_one_path_one_is_right() {
        for (named, expected) in [
            (
                &[("a", 1, None), ("l", 2, Some("a"))][..],
                &[true, false][..],
            ),
            (&[("l", 2, Some("a")), ("./a", 1, None)], &[false, true]),
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
