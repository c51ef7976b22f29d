//! What there is below a root.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::io::Errno;

use crate::cancel::Cancel;
use crate::error::Cause;
use crate::exclude::Exclude;
use crate::lines::Lines;
use crate::manifest::Line;
use crate::report::{Extra, Skip};
use crate::root::{
    Containment, Detail, FileStatus, Identity, LeftOut, Listed, OpenError, Root, identity_named,
    status_named,
};
use crate::store::Distinct;
use crate::write::directory_of;

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
    /// passed over without a word, and the manifest itself.
    pub(crate) fn below(
        root: &Root,
        own: &Own<'_>,
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

/// The manifest's own place in its directory, and links to it: these are not listed.
pub(crate) struct Own<'a> {
    root: &'a Root,
    /// The last part of its name; empty where it is no file below any root.
    last: &'a [u8],
    /// The directory that it will be in, where it is going to be made.
    directory: Option<Identity>,
    /// The file that it is; where it is going to be made, the one that it replaces.
    file: Option<Identity>,
    /// The path from the root to what was read, where its name is that of a link.
    path: Option<Vec<u8>>,
}

impl<'a> Own<'a> {
    /// A manifest that was read, if it is a file: its path and its status.
    pub(crate) fn read(root: &'a Root, own: Option<(&'a [u8], &FileStatus)>) -> Self {
        let path = own.map_or(&b""[..], |(path, _)| path);
        Self {
            root,
            last: last_part(path),
            directory: None,
            file: own.map(|(_, status)| status.identity()),
            path: root.path_named(path),
        }
    }

    /// A manifest that is going to take the place of whatever has its name.
    pub(crate) fn to_be(root: &'a Root, path: &'a Path) -> Self {
        let directory = directory_of(path).as_os_str().as_bytes();
        let path = path.as_os_str().as_bytes();
        let file = status_named(path).ok();
        Self {
            root,
            last: last_part(path),
            directory: identity_named(directory).ok(),
            file: file.map(|status| status.identity()),
            path: None,
        }
    }

    /// Whether it is this file below the root, or what a link there leads to.
    fn is_listed(&self, listed: &Listed) -> bool {
        self.is(&listed.name) || (listed.leads_to.is_some() && self.is_behind(listed))
    }

    /// Whether it has this name below the root.
    fn is(&self, name: &[u8]) -> bool {
        // The name decides almost always, without a look at the file.
        if last_part(name) != self.last {
            return self.path.as_deref() == Some(name);
        }
        if self.directory.is_some() {
            let parent = name.strip_suffix(self.last).unwrap_or_default();
            return self.root.identity(parent).ok() == self.directory;
        }
        let status = self.root.status(name, Containment::Beneath);
        self.file.is_some() && status.ok().map(|status| status.identity()) == self.file
    }

    fn is_behind(&self, link: &Listed) -> bool {
        // The file may have another name that stays, by a hard link.
        let opened = || self.root.open_to_read(&link.name, Containment::Beneath);
        let path = || opened().ok().and_then(|opened| opened.path);
        link.leads_to == self.file && path().is_some_and(|path| self.is(&path))
    }
}

/// Takes what there is below a root, but directories.
pub(crate) type Take<'a> = dyn FnMut(&[u8], Option<PassedOver>) -> io::Result<()> + 'a;

/// Hands what [`Contents`] have to `take`.
pub(crate) fn visit(
    root: &Root,
    own: &Own<'_>,
    exclude: &Exclude,
    cancel: &Cancel,
    take: &mut Take<'_>,
) -> io::Result<()> {
    root.visit(Detail::Names, cancel, &mut |visited| match visited {
        Ok(listed) if !exclude.matches(&listed.name) && !own.is_listed(&listed) => {
            take(&listed.name, None)
        }
        Err(LeftOut { name, reason }) if !exclude.matches(&name) && !own.is(&name) => {
            take(&name, Some(reason.into()))
        }
        _ => Ok(()),
    })
}

fn last_part(name: &[u8]) -> &[u8] {
    name.rsplit(|&byte| byte == b'/').next().unwrap_or(name)
}
