//! What is in a directory, with names left out.

use std::io;

use rustix::io::Errno;

use crate::cancel::Cancel;
use crate::exclude::Exclude;
use crate::index::Index;
use crate::lines::Lines;
use crate::report::{Extra, Skip};
use crate::root::{Containment, Detail, FileStatus, LeftOut, OpenError, Root};
use crate::sort::sort_unstable_by;

/// Hands the names of the regular files below a root to `take`, sorted, until `cancel` is
/// raised, and gives what else there is, but directories. What is excluded is passed over, and
/// the manifest itself: `own` is its path and status, if it is a file.
pub(crate) fn each_file(
    root: &Root,
    own: Option<(&[u8], &FileStatus)>,
    exclude: &Exclude,
    cancel: &Cancel,
    take: &mut dyn FnMut(Vec<u8>),
) -> io::Result<Vec<LeftOut>> {
    let is_own = |name: &[u8]| {
        own.is_some_and(|(own_name, own)| {
            let status = || root.status(name, Containment::Beneath);
            let is_same = |now: FileStatus| (now.device, now.inode) == (own.device, own.inode);
            // The name decides almost always, without a look at the file.
            last_part(name) == last_part(own_name) && status().is_ok_and(is_same)
        })
    };
    let mut left_out = root.visit(Detail::Names, cancel, &mut |file| {
        if !exclude.matches(&file.name) && !is_own(&file.name) {
            take(file.name);
        }
    })?;
    left_out.retain(|left_out| !exclude.matches(&left_out.name));
    Ok(left_out)
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
    lines: &Lines,
    exclude: &Exclude,
    cancel: &Cancel,
) -> io::Result<Vec<Extra>> {
    let listed = Index::of(lines, cancel);
    let mut extra = Vec::new();
    let left_out = each_file(root, own, exclude, cancel, &mut |name| {
        if !listed.contains(&name) {
            extra.push(Extra { name, reason: None });
        }
    })?;
    for LeftOut { name, reason } in left_out {
        let error = passed_over(reason)
            .err()
            .filter(|_| !listed.contains(&name));
        if let Some(error) = error {
            let reason = Some(error.to_string());
            extra.push(Extra { name, reason });
        }
    }
    sort_unstable_by(&mut extra, &|a: &Extra, b| a.name.cmp(&b.name), cancel);
    Ok(extra)
}

fn last_part(name: &[u8]) -> &[u8] {
    name.rsplit(|&byte| byte == b'/').next().unwrap_or(name)
}
