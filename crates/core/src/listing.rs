//! What is in a directory, with names left out.

use std::collections::HashSet;
use std::io;

use crate::exclude::Exclude;
use crate::manifest::Line;
use crate::report::Extra;
use crate::root::{Containment, Detail, FileStatus, LeftOut, OpenError, Refusal, Root};

/// What is below a root, but for a manifest and what is excluded.
pub(crate) struct Files {
    /// The names of the regular files, sorted.
    pub(crate) names: Vec<Vec<u8>>,
    /// What else there is, but directories.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Lists a root; `own` is the manifest's path and status, if it is a file.
pub(crate) fn files_of(
    root: &Root,
    own: Option<(&[u8], &FileStatus)>,
    exclude: &Exclude,
) -> io::Result<Files> {
    let listing = root.list(Detail::Names)?;
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

/// What is below a root and not listed in a manifest, by name.
///
/// A link to a directory inside the root is none of it: what it leads to is looked at
/// where it is.
pub(crate) fn unlisted(
    root: &Root,
    own: Option<(&[u8], &FileStatus)>,
    lines: &[Line],
    exclude: &Exclude,
) -> io::Result<Vec<Extra>> {
    let entries = lines.iter().filter_map(|line| line.content.as_ref().ok());
    let listed: HashSet<Vec<u8>> = entries.map(|entry| plain(&entry.name)).collect();
    let files = files_of(root, own, exclude)?;
    let regular = files
        .names
        .into_iter()
        .map(|name| Extra { name, reason: None });
    let special = files.left_out.into_iter().filter_map(|left_out| {
        let reason = match left_out.reason {
            OpenError::Refused(Refusal::Directory) => return None,
            OpenError::Refused(refusal) => refusal.to_string(),
            OpenError::Io(error) => error.to_string(),
        };
        Some(Extra {
            name: left_out.name,
            reason: Some(reason),
        })
    });
    let mut extra: Vec<Extra> = regular
        .chain(special)
        .filter(|extra| !listed.contains(&extra.name))
        .collect();
    extra.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(extra)
}

fn last_part(name: &[u8]) -> &[u8] {
    name.rsplit(|&byte| byte == b'/').next().unwrap_or(name)
}

/// A name as a listing has it: without `.` and empty parts.
fn plain(name: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = name
        .split(|&byte| byte == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
        .collect();
    parts.join(&b'/')
}
