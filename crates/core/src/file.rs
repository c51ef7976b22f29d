//! What can become of a file that is read.

use std::io;

use rustix::fd::AsFd;

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
    let after = FileStatus::of(file)?;
    if after.size != before.size || after.modified != before.modified {
        return Ok(true);
    }
    // Files of /proc and the like have no size to compare with.
    if before.size != 0 && read != before.size {
        return Ok(true);
    }
    if after.changed == before.changed {
        return Ok(false);
    }
    let now = root.status(name, containment);
    Ok(!now.is_ok_and(|now| (now.device, now.inode) == (before.device, before.inode)))
}
