//! What is in a directory, with names left out.

use std::collections::HashSet;
use std::io;
use std::iter::Peekable;

use rustix::io::Errno;

use crate::cancel::Cancel;
use crate::error::Cause;
use crate::exclude::Exclude;
use crate::index::{Hashed, NameHash};
use crate::lines::{Lines, Names};
use crate::manifest::Line;
use crate::report::{Extra, Skip};
use crate::root::{Containment, Detail, FileStatus, LeftOut, Listed, OpenError, Root};
use crate::same::{plain, plain_name};
use crate::store::{Distinct, Sorter};

/// Why something below a root is no file that a manifest could list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PassedOver {
    Skip(Skip),
    /// It could be, or hide, a file.
    Error(Cause),
}

impl From<OpenError> for PassedOver {
    fn from(reason: OpenError) -> Self {
        match reason {
            OpenError::Refused(refusal) => Self::Skip(Skip::NotAFile(refusal)),
            reason if reason.is_missing() => Self::Skip(Skip::BrokenLink),
            OpenError::Io(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
                Self::Skip(Skip::BrokenLink)
            }
            OpenError::Io(error) => Self::Error((&error).into()),
        }
    }
}

/// What there is below a root, but directories, in the order of the names.
///
/// A directory that cannot be read is where what is in it would be.
#[derive(Debug)]
pub(crate) struct Listing {
    /// What was passed over has the number of the reason as its size.
    lines: Lines,
    reasons: Distinct<PassedOver>,
}

impl Listing {
    pub(crate) fn new() -> Self {
        Self {
            lines: Lines::new(),
            reasons: Distinct::default(),
        }
    }

    /// That of a root, as far as it was made when `cancel` was raised. What is excluded is
    /// passed over without a word, and the manifest itself: `own` is its path and status, if it
    /// is a file.
    pub(crate) fn below(
        root: &Root,
        own: Option<(&[u8], &FileStatus)>,
        exclude: &Exclude,
        cancel: &Cancel,
    ) -> io::Result<Self> {
        let mut listing = Self::new();
        visit(root, own, exclude, cancel, &mut |name, reason| {
            listing.push(name, reason);
            Ok(())
        })?;
        Ok(listing)
    }

    /// How many files and others there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The name at a place, and why it was passed over.
    pub(crate) fn get(&self, place: usize) -> io::Result<(Vec<u8>, Option<PassedOver>)> {
        self.named(self.lines.get(place))
    }

    /// The names alone, as lines.
    pub(crate) fn into_lines(self) -> Lines {
        self.lines
    }

    /// What is there from a place on as extra files; where one cannot be read again, that.
    pub(crate) fn extra(&self, first: usize) -> impl Iterator<Item = Extra> {
        self.lines.from(first).map(|(_, line)| {
            let lost = |error: io::Error| (Vec::new(), Some(PassedOver::Error((&error).into())));
            let (name, reason) = self.named(line).unwrap_or_else(lost);
            let reason = reason.map(|reason| match reason {
                PassedOver::Skip(skip) => skip.to_string(),
                PassedOver::Error(cause) => io::Error::from(cause).to_string(),
            });
            Extra { name, reason }
        })
    }

    fn named(&self, line: io::Result<Line>) -> io::Result<(Vec<u8>, Option<PassedOver>)> {
        // No other lines were put there.
        let entry = line?.content.map_err(|_| io::ErrorKind::InvalidData)?;
        let reason = entry.size.and_then(|number| self.reasons.get(number));
        Ok((entry.name, reason))
    }

    fn push(&mut self, name: &[u8], reason: Option<PassedOver>) {
        let reason = reason.map(|reason| self.reasons.number_of(reason));
        self.lines.append(name, reason);
    }
}

/// Takes what there is below a root, but directories.
type Take<'a> = dyn FnMut(&[u8], Option<PassedOver>) -> io::Result<()> + 'a;

/// Hands what a [`Listing`] has to `take`.
fn visit(
    root: &Root,
    own: Option<(&[u8], &FileStatus)>,
    exclude: &Exclude,
    cancel: &Cancel,
    take: &mut Take<'_>,
) -> io::Result<()> {
    let is_own = |name: &[u8]| {
        own.is_some_and(|(own_name, own)| {
            let status = || root.status(name, Containment::Beneath);
            let is_same = |now: FileStatus| (now.device, now.inode) == (own.device, own.inode);
            // The name decides almost always, without a look at the file.
            last_part(name) == last_part(own_name) && status().is_ok_and(is_same)
        })
    };
    root.visit(Detail::Names, cancel, &mut |visited| match visited {
        Ok(Listed { name, .. }) if !exclude.matches(&name) && !is_own(&name) => take(&name, None),
        Err(LeftOut { name, reason }) if !exclude.matches(&name) => {
            take(&name, Some(reason.into()))
        }
        _ => Ok(()),
    })
}

/// The files below a root that are not listed in a manifest, and the directories that could
/// hide some, until `cancel` is raised.
///
/// What is passed over where a manifest is made is so here. A link to a directory inside
/// the root is no file: what it leads to is looked at where it is.
pub(crate) fn unlisted(
    root: &Root,
    own: Option<(&[u8], &FileStatus)>,
    lines: &Lines,
    exclude: &Exclude,
    cancel: &Cancel,
) -> io::Result<Listing> {
    let mut unmet = Listing::new();
    let mut listed = Ascending::new(lines);
    visit(root, own, exclude, cancel, &mut |name, reason| {
        let is_skipped = matches!(reason, Some(PassedOver::Skip(_)));
        if !is_skipped && !listed.meets(name, cancel)? {
            unmet.push(name, reason);
        }
        Ok(())
    })?;
    if unmet.len() == 0 {
        return Ok(unmet);
    }
    let mut places = Sorter::new(MOST_SORTED);
    let hash = NameHash::new();
    let mut listed = Hashes::new(lines, hash.index(lines, cancel)?);
    for hashed in hash.index(&unmet.lines, cancel)? {
        let Hashed { hash, place } = hashed?;
        if cancel.is_requested() {
            break;
        }
        if !listed.has(hash, || plain_name(&unmet.lines, place), cancel)? {
            places.push(place as u64, cancel);
        }
    }
    let mut extra = Listing::new();
    for place in places
        .sorted(cancel)?
        .take_while(|_| !cancel.is_requested())
    {
        let (name, reason) = unmet.get(place? as usize)?;
        extra.push(&name, reason);
    }
    Ok(extra)
}

/// The names in a manifest, which a sorted listing goes along: without their hashes, where they
/// are sorted themselves.
struct Ascending<'a> {
    names: Names<'a>,
    /// The name that was come to; `None` at the beginning, and empty at the end.
    current: Option<Vec<u8>>,
}

impl<'a> Ascending<'a> {
    fn new(lines: &'a Lines) -> Self {
        Self {
            names: lines.names(),
            current: None,
        }
    }

    /// Whether a name is met, where the manifest's are sorted; else it may be missed. Each name
    /// comes after the one before.
    fn meets(&mut self, name: &[u8], cancel: &Cancel) -> io::Result<bool> {
        loop {
            match &mut self.current {
                Some(current) if current.is_empty() || current[..] >= *name => {
                    return Ok(current[..] == *name);
                }
                _ if cancel.is_requested() => return Ok(false),
                current => {
                    let next = self.names.next()?;
                    let next = next.map(|(_, name)| plain(name)).unwrap_or_default();
                    next.as_ref().clone_into(current.get_or_insert_default());
                }
            }
        }
    }
}

/// So many places of files that are not listed are sorted in memory at once, in 4 MiB.
const MOST_SORTED: usize = 1 << 19;

/// The names in a manifest, those of one hash at a time.
struct Hashes<'a, I: Iterator<Item = io::Result<Hashed>>> {
    lines: &'a Lines,
    index: Peekable<I>,
    hash: Option<u32>,
    names: HashSet<Vec<u8>>,
}

impl<'a, I: Iterator<Item = io::Result<Hashed>>> Hashes<'a, I> {
    fn new(lines: &'a Lines, index: I) -> Self {
        Self {
            lines,
            index: index.peekable(),
            hash: None,
            names: HashSet::new(),
        }
    }

    /// Whether there is a name, of a hash that is not less than the last one.
    fn has(
        &mut self,
        hash: u32,
        name: impl FnOnce() -> io::Result<Vec<u8>>,
        cancel: &Cancel,
    ) -> io::Result<bool> {
        if self.hash != Some(hash) {
            self.hash = Some(hash);
            self.names.clear();
            self.go_to(hash, cancel)?;
        }
        Ok(!self.names.is_empty() && self.names.contains(&name()?))
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
                self.names.insert(plain_name(self.lines, next.place)?);
            }
        }
        Ok(())
    }
}

fn last_part(name: &[u8]) -> &[u8] {
    name.rsplit(|&byte| byte == b'/').next().unwrap_or(name)
}
