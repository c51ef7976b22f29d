//! What was found at each line of a manifest, in little memory.

use std::io;

use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::error::{Cause, again};
use crate::manifest::LineError;
use crate::report::{Skip, Verdict, VerdictKind};
use crate::root::Refusal;
use crate::store::{Cells, Distinct, Log, Unpack, push_bytes, push_number};

/// What was found at a line.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// How many bytes of the file were read.
    pub(crate) size: u64,
    /// The place of the digest that decided, or that of the first.
    pub(crate) decisive: usize,
    pub(crate) verdict: Verdict,
}

impl Finding {
    /// A verdict on a file that was not read.
    pub(crate) fn unread(verdict: Verdict) -> Self {
        Self {
            size: 0,
            decisive: 0,
            verdict,
        }
    }
}

/// The findings of many lines, by place: a word for each that is as most are. The words of the
/// first places are in memory, the others in a file.
#[derive(Debug)]
pub(crate) struct Findings {
    /// How many lines there are.
    lines: usize,
    /// Verdicts, in the lowest bits, and sizes.
    words: Cells,
    /// What does not fit in a word, which says where it is.
    others: Log,
    unreadable: Distinct<Cause>,
    malformed: Distinct<LineError>,
    /// How many findings there are of each kind.
    counts: [usize; VerdictKind::ALL.len()],
    /// The sum of the sizes.
    bytes: u64,
}

/// How many bytes of the words are in memory: those of half a million lines.
const ROOM: usize = 4 << 20;

/// How many bytes of what does not fit in a word are in memory.
const OTHERS_ROOM: usize = 1 << 20;

const WORD_LEN: usize = size_of::<u64>();

/// How many bits of a word the verdict has.
const VERDICT_BITS: u32 = 3;

const NOTHING: u64 = 0;
const OTHER: u64 = 1;

/// Every reason to pass over a file.
const SKIPS: [Skip; 10] = [
    Skip::Missing,
    Skip::NoDigest,
    Skip::Excluded,
    Skip::BrokenLink,
    Skip::NotAFile(Refusal::ALL[0]),
    Skip::NotAFile(Refusal::ALL[1]),
    Skip::NotAFile(Refusal::ALL[2]),
    Skip::NotAFile(Refusal::ALL[3]),
    Skip::NotAFile(Refusal::ALL[4]),
    Skip::NotAFile(Refusal::ALL[5]),
];

impl Findings {
    /// Those of so many lines.
    pub(crate) fn of(lines: usize) -> Self {
        Self::with_room(lines, ROOM, OTHERS_ROOM)
    }

    fn with_room(lines: usize, room: usize, others_room: usize) -> Self {
        Self {
            lines,
            words: Cells::new(lines, WORD_LEN, room),
            others: Log::with_room(others_room),
            unreadable: Distinct::default(),
            malformed: Distinct::default(),
            counts: Default::default(),
            bytes: 0,
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.counts.iter().sum()
    }

    /// How many there are of a kind.
    pub(crate) fn count(&self, kind: VerdictKind) -> usize {
        self.counts[kind as usize]
    }

    /// How many bytes were read in all.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes what was found at a line, where nothing was before.
    pub(crate) fn put(&mut self, place: usize, finding: &Finding) {
        self.counts[finding.verdict.kind() as usize] += 1;
        self.bytes = self.bytes.saturating_add(finding.size);
        let word = word(finding).unwrap_or_else(|| {
            let start = self.others.len();
            let packed = self.pack(finding);
            self.others.append(&packed);
            start << VERDICT_BITS | OTHER
        });
        self.words.put(place, &word.to_le_bytes());
    }

    /// The findings that there are from a place on, and their places; an error where one cannot
    /// be read again.
    pub(crate) fn from(&self, first: usize) -> impl Iterator<Item = (usize, io::Result<Finding>)> {
        self.words_from(first).filter_map(|(place, word)| {
            let finding = word.and_then(|word| self.finding(word));
            finding.transpose().map(|finding| (place, finding))
        })
    }

    /// Whether the file of the line at a place was found right.
    pub(crate) fn is_ok(&self, place: usize) -> io::Result<bool> {
        let mut word = [0; WORD_LEN];
        self.words.read(place, &mut word)?;
        let finding = self.finding(u64::from_le_bytes(word))?;
        Ok(finding.is_some_and(|finding| matches!(finding.verdict, Verdict::Ok)))
    }

    /// The place of one of the findings, counted from 0.
    pub(crate) fn place_of(&self, number: usize) -> Option<usize> {
        if self.len() == self.lines {
            return (number < self.lines).then_some(number);
        }
        let words = self.words_from(0);
        let mut found = words.filter(|(_, word)| !matches!(word, Ok(NOTHING)));
        found.nth(number).map(|(place, _)| place)
    }

    fn words_from(&self, first: usize) -> impl Iterator<Item = (usize, io::Result<u64>)> {
        let batches = self.words.batches(first..self.lines);
        batches.flat_map(|(places, words)| {
            let mut words = words.map(Unpack::new);
            places.map(move |place| {
                let word = words.as_mut().map_err(|error| again(error));
                (place, word.and_then(Unpack::word))
            })
        })
    }

    /// The finding that a word states or says the place of.
    fn finding(&self, word: u64) -> io::Result<Option<Finding>> {
        let number = word >> VERDICT_BITS;
        let verdict = match word & ((1 << VERDICT_BITS) - 1) {
            NOTHING => return Ok(None),
            OTHER => return self.unpack(number).map(Some),
            2 => Verdict::Ok,
            3 => Verdict::Missing,
            4 => Verdict::Changed,
            5 => Verdict::Skipped(Skip::Missing),
            6 => Verdict::Skipped(Skip::NoDigest),
            _ => Verdict::Skipped(Skip::Excluded),
        };
        Ok(Some(Finding {
            size: number,
            ..Finding::unread(verdict)
        }))
    }

    /// A finding in bytes: the kind of verdict, a number that each has, and the digest of a
    /// mismatch.
    fn pack(&mut self, finding: &Finding) -> Vec<u8> {
        let (kind, number) = match &finding.verdict {
            Verdict::Ok => (0, 0),
            Verdict::Missing => (1, 0),
            Verdict::Changed => (2, 0),
            Verdict::Collision => (3, 0),
            Verdict::WrongSize(stated) => (4, *stated),
            Verdict::Refused(refusal) => (5, *refusal as u64),
            Verdict::Unreadable(error) => (6, self.unreadable.number_of(error.into())),
            Verdict::Malformed(error) => (7, self.malformed.number_of(**error)),
            Verdict::Skipped(skip) => {
                let place = SKIPS.iter().position(|other| other == skip);
                (8, place.unwrap_or_default() as u64)
            }
            Verdict::Mismatch(actual) => (9, actual.algorithm() as u64),
        };
        let mut packed = vec![kind];
        push_number(&mut packed, finding.size);
        push_number(&mut packed, finding.decisive as u64);
        push_number(&mut packed, number);
        let digest = finding.verdict.actual();
        push_bytes(&mut packed, digest.map_or(&[], Digest::as_bytes));
        packed
    }

    /// The finding that begins at a byte.
    fn unpack(&self, start: u64) -> io::Result<Finding> {
        let end = self.others.len().min(start + MOST_PACKED);
        let mut packed = Unpack::new(self.others.get(start..end)?);
        let (kind, size) = (packed.byte()?, packed.number()?);
        let (decisive, number) = (packed.number()? as usize, packed.number()?);
        let place = number as usize;
        let lost = || io::Error::from(io::ErrorKind::InvalidData);
        let verdict = match kind {
            0 => Verdict::Ok,
            1 => Verdict::Missing,
            2 => Verdict::Changed,
            3 => Verdict::Collision,
            4 => Verdict::WrongSize(number),
            5 => Verdict::Refused(*Refusal::ALL.get(place).ok_or_else(lost)?),
            6 => Verdict::Unreadable(self.unreadable.get(number).ok_or_else(lost)?.into()),
            7 => Verdict::Malformed(Box::new(self.malformed.get(number).ok_or_else(lost)?)),
            8 => Verdict::Skipped(*SKIPS.get(place).ok_or_else(lost)?),
            _ => {
                let algorithm = *Algorithm::ALL.get(place).ok_or_else(lost)?;
                Verdict::Mismatch(Box::new(Digest::of(algorithm, packed.bytes()?)))
            }
        };
        Ok(Finding {
            size,
            decisive,
            verdict,
        })
    }
}

/// More bytes than a packed finding has: three numbers, a length and a digest.
const MOST_PACKED: u64 = 128;

/// A finding in a word, if it fits.
fn word(finding: &Finding) -> Option<u64> {
    let code = match finding.verdict {
        Verdict::Ok => 2,
        Verdict::Missing => 3,
        Verdict::Changed => 4,
        Verdict::Skipped(Skip::Missing) => 5,
        Verdict::Skipped(Skip::NoDigest) => 6,
        Verdict::Skipped(Skip::Excluded) => 7,
        _ => return None,
    };
    let fits = finding.decisive == 0 && finding.size.leading_zeros() >= VERDICT_BITS;
    fits.then_some(finding.size << VERDICT_BITS | code)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind of verdict, and of each reason to pass over a file.
    fn verdicts() -> Vec<Verdict> {
        let digest = Digest::of(Algorithm::Sha256, &[7; 32]);
        let mut verdicts = vec![
            Verdict::Ok,
            Verdict::Mismatch(Box::new(digest)),
            Verdict::WrongSize(7),
            Verdict::Missing,
            Verdict::Unreadable(io::Error::from_raw_os_error(5)),
            Verdict::Unreadable(io::ErrorKind::UnexpectedEof.into()),
            Verdict::Collision,
            Verdict::Changed,
            Verdict::Malformed(Box::new(LineError::NoName)),
        ];
        verdicts.extend(Refusal::ALL.map(Verdict::Refused));
        verdicts.extend(SKIPS.map(Verdict::Skipped));
        verdicts
    }

    #[test]
    fn what_was_put_is_found_again() {
        let sizes = [0, 1, u64::MAX >> VERDICT_BITS, u64::MAX];
        let rooms = [(1000, 1000), (40, 1000), (1000, 40), (0, 0)];
        for (size, room) in sizes
            .into_iter()
            .flat_map(|size| rooms.map(|room| (size, room)))
        {
            for decisive in [0, 2] {
                let count = verdicts().len();
                let mut findings = Findings::with_room(2 * count, room.0, room.1);
                for (place, verdict) in verdicts().into_iter().enumerate() {
                    let finding = Finding {
                        size,
                        decisive,
                        verdict,
                    };
                    findings.put(2 * place, &finding);
                }
                assert_eq!(findings.len(), count);
                for (place, verdict) in verdicts().into_iter().enumerate() {
                    let mut rest = findings.from(2 * place);
                    let (found_at, found) = rest.next().unwrap();
                    let found = found.unwrap();
                    assert_eq!(found_at, 2 * place);
                    assert_eq!((found.size, found.decisive), (size, decisive));
                    assert_eq!(format!("{:?}", found.verdict), format!("{verdict:?}"));
                    let places = rest.map(|(place, _)| place);
                    assert!(places.eq((place + 1..count).map(|place| 2 * place)));
                    assert_eq!(findings.place_of(place), Some(2 * place));
                }
            }
        }
    }

    #[test]
    fn kinds_and_bytes_are_counted() {
        let mut findings = Findings::of(verdicts().len());
        for (place, verdict) in verdicts().into_iter().enumerate() {
            let finding = Finding {
                size: 10,
                ..Finding::unread(verdict)
            };
            findings.put(place, &finding);
        }
        assert_eq!(findings.bytes(), 10 * verdicts().len() as u64);
        for kind in VerdictKind::ALL {
            let all = verdicts();
            let expected = all.iter().filter(|verdict| verdict.kind() == kind);
            assert_eq!(findings.count(kind), expected.count());
        }
        assert_eq!(findings.place_of(verdicts().len()), None);
    }
}
