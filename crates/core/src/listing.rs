//! What is in a directory, with names left out.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;

use rustix::io::Errno;

use crate::cancel::Cancel;
use crate::exclude::Exclude;
use crate::manifest::Line;
use crate::report::{Extra, Skip};
use crate::root::{Containment, Detail, FileStatus, LeftOut, OpenError, Root};
use crate::same::plain;

/// What is below a root, but for a manifest and what is excluded.
pub(crate) struct Files {
    /// The names of the regular files, sorted.
    pub(crate) names: Vec<Vec<u8>>,
    /// What else there is, but directories.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Lists a root until `cancel` is raised; `own` is the manifest's path and status, if it is
/// a file.
pub(crate) fn files_of(
    root: &Root,
    own: Option<(&[u8], &FileStatus)>,
    exclude: &Exclude,
    cancel: &Cancel,
) -> io::Result<Files> {
    let listing = root.list(Detail::Names, cancel)?;
    let is_own = |name: &[u8]| {
        own.is_some_and(|(own_name, own)| {
            let status = || root.status(name, Containment::Beneath);
            let is_same = |now: FileStatus| (now.device, now.inode) == (own.device, own.inode);
            // The name decides almost always, without a look at the file.
            last_part(name) == last_part(own_name) && status().is_ok_and(is_same)
        })
    };
    let names = listing.files.into_iter().map(|file| file.name);
    Ok(Files {
        names: names
            .filter(|name| !exclude.matches(name) && !is_own(name))
            .collect(),
        left_out: listing
            .left_out
            .into_iter()
            .filter(|left_out| !exclude.matches(&left_out.name))
            .collect(),
    })
}

/// Why something below a root is no file that a manifest could list; the error where it
/// could hide one.
pub(crate) fn passed_over(reason: OpenError) -> Result<Skip, io::Error> {
    match reason {
        OpenError::Refused(refusal) => Ok(Skip::NotAFile(refusal)),
        reason if reason.is_missing() => Ok(Skip::BrokenLink),
        OpenError::Io(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            Ok(Skip::BrokenLink)
        }
        OpenError::Io(error) => Err(error),
    }
}

/// The files below a root that are not listed in a manifest, and the directories that could
/// hide some, by name, until `cancel` is raised.
///
/// What is passed over where a manifest is made is so here. A link to a directory inside
/// the root is no file: what it leads to is looked at where it is.
pub(crate) fn unlisted(
    root: &Root,
    own: Option<(&[u8], &FileStatus)>,
    lines: &[Line],
    exclude: &Exclude,
    cancel: &Cancel,
) -> io::Result<Vec<Extra>> {
    let entries = lines.iter().filter_map(|line| line.content.as_ref().ok());
    let listed: HashSet<Cow<'_, [u8]>> = entries
        .take_while(|_| !cancel.is_requested())
        .map(|entry| plain(&entry.name))
        .collect();
    let files = files_of(root, own, exclude, cancel)?;
    let regular = files
        .names
        .into_iter()
        .map(|name| Extra { name, reason: None });
    let unread = files.left_out.into_iter().filter_map(|left_out| {
        let error = passed_over(left_out.reason).err()?;
        Some(Extra {
            name: left_out.name,
            reason: Some(error.to_string()),
        })
    });
    let mut extra: Vec<Extra> = regular
        .chain(unread)
        .filter(|extra| !listed.contains(&extra.name[..]))
        .collect();
    extra.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(extra)
}

fn last_part(name: &[u8]) -> &[u8] {
    name.rsplit(|&byte| byte == b'/').next().unwrap_or(name)
}
