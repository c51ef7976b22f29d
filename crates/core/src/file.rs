//! One file: opened, read to its end, hashed, and looked at once more.

use std::io;

use rustix::fd::AsFd;
use smallvec::SmallVec;

use crate::digest::Digest;
use crate::engine::{ReadError, Worker};
use crate::hash::{Hasher, Hashers};
use crate::report::Verdict;
use crate::root::{Containment, FileStatus, OpenError, Refusal, Root};

/// What was read of a file.
pub(crate) struct Hashed {
    /// The digests, in the order of the hashers.
    pub(crate) digests: SmallVec<[Digest; 1]>,
    /// How many bytes the file has.
    pub(crate) size: u64,
}

/// Why a file has no digest.
pub(crate) enum FileError {
    Missing,
    Refused(Refusal),
    Io(io::Error),
    /// It was changed or replaced while it was read.
    Changed,
    Cancelled,
}

impl FileError {
    /// The verdict on a file without a digest; `None` where the run was cancelled.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        Some(match self {
            Self::Missing => Verdict::Missing,
            Self::Refused(refusal) => Verdict::Refused(*refusal),
            Self::Io(error) => Verdict::Unreadable(again(error)),
            Self::Changed => Verdict::Changed,
            Self::Cancelled => return None,
        })
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

/// The same error of the system once more.
fn again(error: &io::Error) -> io::Error {
    let code = error.raw_os_error();
    code.map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

/// Reads a file once and feeds it to all hashers; `size` counts what was read, also
/// before an error.
pub(crate) fn hash<R>(
    root: &Root,
    name: &[u8],
    containment: Containment,
    mut hashers: Hashers,
    worker: &mut Worker<'_, R>,
    size: &mut u64,
) -> Result<Hashed, FileError> {
    let (file, before) = root.open_regular(name, containment)?;
    let read = worker.read_all(&file, |piece| {
        hashers.iter_mut().for_each(|hasher| hasher.update(piece));
        *size += piece.len() as u64;
    });
    match read {
        Ok(()) => {}
        Err(ReadError::Cancelled) => return Err(FileError::Cancelled),
        Err(ReadError::Io(errno)) => return Err(FileError::Io(errno.into())),
    }
    if has_changed(root, name, containment, &file, &before, *size)? {
        return Err(FileError::Changed);
    }
    Ok(Hashed {
        digests: hashers.into_iter().map(Hasher::finish).collect(),
        size: *size,
    })
}

/// Whether the file that was read is not, or no more, the one of that name.
///
/// The open file tells by itself whether it was written to. Whether it was renamed
/// or replaced shows in its time of status change, which almost never differs: only
/// then is the name looked up once more.
fn has_changed(
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
