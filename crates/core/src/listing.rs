//! What there is below a root.

use std::io;

use rustix::io::Errno;

use crate::cancel::Cancel;
use crate::error::Cause;
use crate::exclude::Exclude;
use crate::lines::Lines;
use crate::manifest::Line;
use crate::report::{Extra, Skip};
use crate::root::{Containment, Detail, FileStatus, LeftOut, Listed, OpenError, Root};
use crate::store::Distinct;

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
pub(crate) struct Contents {
    /// What was passed over has the number of the reason as its size.
    lines: Lines,
    reasons: Distinct<PassedOver>,
}

impl Contents {
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
        let mut contents = Self::new();
        visit(root, own, exclude, cancel, &mut |name, reason| {
            contents.push(name, reason);
            Ok(())
        })?;
        Ok(contents)
    }

    /// How many files and others there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The name at a place, and why it was passed over.
    pub(crate) fn get(&self, place: usize) -> io::Result<(Vec<u8>, Option<PassedOver>)> {
        self.named(self.lines.get(place))
    }

    /// The names alone.
    pub(crate) fn lines(&self) -> &Lines {
        &self.lines
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

    pub(crate) fn push(&mut self, name: &[u8], reason: Option<PassedOver>) {
        let reason = reason.map(|reason| self.reasons.number_of(reason));
        self.lines.append(name, reason);
    }
}

/// Takes what there is below a root, but directories.
pub(crate) type Take<'a> = dyn FnMut(&[u8], Option<PassedOver>) -> io::Result<()> + 'a;

/// Hands what [`Contents`] have to `take`.
pub(crate) fn visit(
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

fn last_part(name: &[u8]) -> &[u8] {
    name.rsplit(|&byte| byte == b'/').next().unwrap_or(name)
}
