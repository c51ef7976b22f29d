//! What can become of a file that is read.

use std::io;

use rustix::fd::AsFd;
use rustix::io::pread;

use crate::error::again;
use crate::report::Verdict;
use crate::root::{Containment, FileStatus, OpenError, Refusal, Root};

/// Why a file has no digest.
pub(crate) enum FileError {
    Missing,
    Refused(Refusal),
    Io(io::Error),
    /// It was changed or replaced while it was read.
    Changed,
}

impl FileError {
    /// The verdict on a file without a digest.
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Missing => Verdict::Missing,
            Self::Refused(refusal) => Verdict::Refused(*refusal),
            Self::Io(error) => Verdict::Unreadable(again(error)),
            Self::Changed => Verdict::Changed,
        }
    }
}

impl From<OpenError> for FileError {
    fn from(error: OpenError) -> Self {
        match error {
            error if error.is_missing() => Self::Missing,
            OpenError::Refused(refusal) => Self::Refused(refusal),
            OpenError::Io(error) => Self::Io(error),
        }
    }
}

/// Whether the stated size says nothing, as that of files of /proc, where it is 0, and of /sys,
/// where it is that of a page: there is less in the file than stated, and no more.
fn has_no_size(file: impl AsFd, stated: &FileStatus, read: u64) -> bool {
    let has_more = || pread(file, &mut [0; 1][..], read).map_or(true, |count| count > 0);
    stated.size == 0 || (read < stated.size && !has_more())
}

/// Whether the file that was read is not, or no more, the one of that name.
///
/// The open file tells by itself whether it was written to. Whether it was renamed
/// or replaced shows in its time of status change, which almost never differs: only
/// then is the name looked up once more.
pub(crate) fn has_changed(
    root: &Root,
    name: &[u8],
    containment: Containment,
    file: impl AsFd,
    before: &FileStatus,
    read: u64,
) -> Result<bool, FileError> {
    let after = FileStatus::of(&file)?;
    if after.size != before.size || after.modified != before.modified {
        return Ok(true);
    }
    if before.size != read && !has_no_size(&file, before, read) {
        return Ok(true);
    }
    if after.changed == before.changed {
        return Ok(false);
    }
    let now = root.status(name, containment);
    Ok(!now.is_ok_and(|now| (now.device, now.inode) == (before.device, before.inode)))
}
