//! Names that lead to a file by way of a link or `..`, beside others of the same file.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::ops::ControlFlow;

use crate::cancel::Cancel;
use crate::digest::{Digest, Digests};
use crate::engine::End;
use crate::findings::{Finding, Findings};
use crate::index::{ByHash, Hashed, NameHash};
use crate::lines::Lines;
use crate::report::Verdict;
use crate::same::SameFile;
use crate::store::{Log, Unpack};

/// The lines whose names were led by way of a link or `..` to a file that is right.
///
/// Where the way leads is known only once the file is open. So each name is read by itself, and
/// a file that is replaced meanwhile may be right by one digest, and then by another one. When
/// all is read, these lines are compared with the others of their file.
pub(crate) struct Detours {
    /// The files' paths and sizes.
    files: Lines,
    /// The places of the lines, in eight bytes each.
    places: Log,
}

/// How many bytes of the places are in memory.
const PLACES_ROOM: usize = 1 << 20;

const PLACE_LEN: u64 = size_of::<u64>() as u64;

impl Detours {
    /// None so far.
    pub(crate) fn new() -> Self {
        Self {
            files: Lines::new(),
            places: Log::with_room(PLACES_ROOM),
        }
    }

    /// Takes the line at a place, its file's path from the root and how many bytes that has.
    pub(crate) fn push(&mut self, place: usize, path: &[u8], size: u64) {
        self.files.append(path, Some(size));
        self.places.append(&(place as u64).to_le_bytes());
    }

    /// Hands over what is found at each of the lines, until `cancel` is raised or `take` breaks
    /// off: that the file has changed where another line was found right by another digest of
    /// the same kind.
    ///
    /// These are the lines that name the file's path, of which `findings` tells, and then
    /// those that were handed over before.
    pub(crate) fn settle(
        self,
        lines: &Lines,
        same: &SameFile,
        findings: &mut Findings,
        cancel: &Cancel,
        take: &mut dyn FnMut(&mut Findings, usize, Finding) -> ControlFlow<()>,
    ) -> io::Result<End> {
        if self.files.len() == 0 {
            return Ok(End::Done);
        }
        let hash = NameHash::new();
        let mut named = ByHash::new(lines, hash.index(lines, cancel)?);
        // Of the paths of one hash, the digests by which each was found right.
        let mut right: HashMap<Vec<u8>, Digests> = HashMap::new();
        let mut last = None;
        for hashed in hash.index(&self.files, cancel)? {
            let Hashed { hash, place } = hashed?;
            if last.replace(hash) != Some(hash) {
                right.clear();
            }
            let path = self.files.plain_name(place)?;
            let right = match right.entry(path) {
                Entry::Occupied(right) => right.into_mut(),
                Entry::Vacant(unknown) => {
                    let path = || Ok(unknown.key().clone());
                    let first = named.find(hash, path, cancel)?;
                    let digests = first.map(|first| right_digests(first, lines, same, findings));
                    unknown.insert(digests.transpose()?.unwrap_or_default())
                }
            };
            let (line, size) = self.line(place)?;
            let verdict = if add_consistent(right, &digests_at(lines, line)?) {
                Verdict::Ok
            } else {
                Verdict::Changed
            };
            let finding = Finding {
                size,
                ..Finding::unread(verdict)
            };
            // Else not all of the others may have been found.
            if cancel.is_requested() || take(findings, line, finding).is_break() {
                return Ok(End::Early);
            }
        }
        Ok(if cancel.is_requested() {
            End::Early
        } else {
            End::Done
        })
    }

    /// The place of a line, and the size of its file.
    fn line(&self, number: usize) -> io::Result<(usize, u64)> {
        let start = number as u64 * PLACE_LEN;
        let place = Unpack::new(self.places.get(start..start + PLACE_LEN)?).word()?;
        let file = self.files.get(number)?;
        let size = file.content.ok().and_then(|entry| entry.size);
        Ok((place as usize, size.unwrap_or_default()))
    }
}

/// The digests by which lines of one name, whose first is known, were found right.
fn right_digests(
    first: usize,
    lines: &Lines,
    same: &SameFile,
    findings: &Findings,
) -> io::Result<Digests> {
    let mut right = Digests::new();
    for place in same.all(first) {
        if findings.is_ok(place)? {
            add_consistent(&mut right, &digests_at(lines, place)?);
        }
    }
    Ok(right)
}

fn digests_at(lines: &Lines, place: usize) -> io::Result<Digests> {
    let entry = lines.get(place)?.content.ok();
    Ok(entry.map(|entry| entry.digests).unwrap_or_default())
}

/// Adds digests to others of the same message, unless they are another one's.
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
    use crate::manifest::{self, Line};
    use crate::report::VerdictKind;

    /// Lines of these names and first bytes of digests; each is right that has no path, and
    /// those that have one are settled.
    fn settled(named: &[(&str, u8, Option<&str>)]) -> Vec<VerdictKind> {
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
            let content = Ok(manifest::Entry {
                digests: [digest].into_iter().collect(),
                name: name.as_bytes().to_vec(),
                size: None,
            });
            let number = place as u64 + 1;
            lines.push(&Line { number, content });
            match path {
                Some(path) => detours.push(place, path.as_bytes(), number),
                None => findings.put(place, &Finding::unread(Verdict::Ok)),
            }
        }
        let same = SameFile::among(&lines, &cancel).unwrap();
        let mut put = |findings: &mut Findings, place: usize, finding: Finding| {
            assert_eq!(finding.size, place as u64 + 1);
            findings.put(place, &finding);
            ControlFlow::Continue(())
        };
        let end = detours.settle(&lines, &same, &mut findings, &cancel, &mut put);
        assert_eq!(end.unwrap(), End::Done);
        let found = findings.from(0).map(|(_, finding)| finding.unwrap());
        let kinds: Vec<VerdictKind> = found.map(|finding| finding.verdict.kind()).collect();
        assert_eq!(kinds.len(), named.len());
        kinds
    }

    #[test]
    fn of_two_digests_for_one_path_one_is_right() {
        use VerdictKind::{Changed, Ok};
        for (named, expected) in [
            (
                &[("a", 1, None), ("l/a", 2, Some("a"))][..],
                &[Ok, Changed][..],
            ),
            (&[("l/a", 2, Some("a")), ("./a", 1, None)], &[Changed, Ok]),
            (&[("a", 1, None), ("l/a", 1, Some("a"))], &[Ok, Ok]),
            (&[("a", 100, None), ("l/a", 1, Some("a"))], &[Ok, Ok]),
            (&[("b", 1, None), ("l/a", 2, Some("a"))], &[Ok, Ok]),
            (
                &[("l/a", 1, Some("a")), ("m/a", 2, Some("a")), ("b", 3, None)],
                &[Ok, Changed, Ok],
            ),
            (
                &[
                    ("b", 1, None),
                    ("l/a", 1, Some("a")),
                    ("l/a", 100, Some("a")),
                    ("m/../a", 1, Some("a")),
                ],
                &[Ok, Ok, Ok, Ok],
            ),
        ] {
            assert_eq!(settled(named), expected, "{named:?}");
        }
    }

    #[test]
    fn many_lines_find_their_files() {
        let names: Vec<String> = (0..20_000).map(|number| format!("f{number}")).collect();
        let named: Vec<(&str, u8, Option<&str>)> = names
            .iter()
            .map(|name| (&name[..], 1, None))
            .chain(names.iter().map(|name| ("l", 1, Some(&name[..]))))
            .chain(names.iter().rev().map(|name| ("m", 2, Some(&name[..]))))
            .collect();
        let kinds = settled(&named);
        let (right, changed) = kinds.split_at(2 * names.len());
        assert!(right.iter().all(|kind| *kind == VerdictKind::Ok));
        assert!(changed.iter().all(|kind| *kind == VerdictKind::Changed));
    }
}
