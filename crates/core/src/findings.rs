//! What was found at each line of a manifest, in little memory.

use std::collections::HashMap;

use crate::report::{Skip, Verdict};

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

/// The findings of many lines, by place: a word for each that is as most are.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Verdicts, in the lowest bits, and sizes.
    words: Vec<u64>,
    /// What does not fit in a word.
    others: HashMap<usize, Finding>,
    /// How many findings there are.
    len: usize,
}

/// How many bits of a word the verdict has.
const VERDICT_BITS: u32 = 3;

const NOTHING: u64 = 0;
const OTHER: u64 = 1;

impl Findings {
    /// Those of so many lines. Memory that no finding has come to is not touched.
    pub(crate) fn of(lines: usize) -> Self {
        Self {
            words: Vec::with_capacity(lines),
            others: HashMap::new(),
            len: 0,
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Takes what was found at a line, where nothing was before.
    pub(crate) fn put(&mut self, place: usize, finding: Finding) {
        if place >= self.words.len() {
            self.words.resize(place + 1, NOTHING);
        }
        self.len += 1;
        self.words[place] = word(&finding).unwrap_or_else(|| {
            self.others.insert(place, finding);
            OTHER
        });
    }

    /// What was found at a line; `None` where that was not looked for.
    pub(crate) fn get(&self, place: usize) -> Option<Finding> {
        self.with(place, Finding::clone)
    }

    /// The findings that there are, and their places, as `what` has them.
    pub(crate) fn each<T>(&self, what: impl Fn(&Finding) -> T) -> impl Iterator<Item = (usize, T)> {
        let places = 0..self.words.len();
        places.filter_map(move |place| Some((place, self.with(place, &what)?)))
    }

    /// The place of one of the findings, counted from 0.
    pub(crate) fn place_of(&self, number: usize) -> Option<usize> {
        let found = self
            .words
            .iter()
            .enumerate()
            .filter(|(_, word)| **word != NOTHING);
        found.map(|(place, _)| place).nth(number)
    }

    fn with<T>(&self, place: usize, what: impl FnOnce(&Finding) -> T) -> Option<T> {
        let word = *self.words.get(place)?;
        if word == OTHER {
            return self.others.get(&place).map(what);
        }
        Some(what(&Finding {
            size: word >> VERDICT_BITS,
            ..Finding::unread(verdict(word)?)
        }))
    }
}

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

/// The verdict of a word.
fn verdict(word: u64) -> Option<Verdict> {
    Some(match word & ((1 << VERDICT_BITS) - 1) {
        2 => Verdict::Ok,
        3 => Verdict::Missing,
        4 => Verdict::Changed,
        5 => Verdict::Skipped(Skip::Missing),
        6 => Verdict::Skipped(Skip::NoDigest),
        7 => Verdict::Skipped(Skip::Excluded),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn what_was_put_is_found_again() {
        let verdicts = || {
            [
                Verdict::Ok,
                Verdict::Missing,
                Verdict::Changed,
                Verdict::Collision,
                Verdict::WrongSize(7),
                Verdict::Skipped(Skip::Missing),
                Verdict::Skipped(Skip::NoDigest),
                Verdict::Skipped(Skip::Excluded),
                Verdict::Skipped(Skip::BrokenLink),
                Verdict::Unreadable(io::Error::from_raw_os_error(5)),
            ]
        };
        let sizes = [0, 1, u64::MAX >> VERDICT_BITS, u64::MAX];
        for (size, decisive) in sizes.into_iter().flat_map(|size| [(size, 0), (size, 2)]) {
            let mut findings = Findings::default();
            for (place, verdict) in verdicts().into_iter().enumerate() {
                let finding = Finding {
                    size,
                    decisive,
                    verdict,
                };
                findings.put(2 * place, finding);
            }
            assert_eq!(findings.len(), verdicts().len());
            for (place, verdict) in verdicts().into_iter().enumerate() {
                let found = findings.get(2 * place).unwrap();
                assert_eq!((found.size, found.decisive), (size, decisive));
                assert_eq!(format!("{:?}", found.verdict), format!("{verdict:?}"));
                assert!(findings.get(2 * place + 1).is_none());
                assert_eq!(findings.place_of(place), Some(2 * place));
            }
        }
    }
}
