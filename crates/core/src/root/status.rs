//! What tells one state of a file from another.

use rustix::fd::AsFd;
use rustix::fs::{Stat, fstat};

use super::Identity;
use super::error::{OpenError, Refusal};

/// The identity, size and times of a regular file: equal before and after
/// reading where the file was neither replaced nor written to meanwhile.
///
/// A write within the resolution of the file system's clock that keeps the size
/// goes unnoticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStatus {
    /// The device that holds the file.
    pub device: u64,
    /// The file's number on its device.
    pub inode: u64,
    /// The length in bytes.
    pub size: u64,
    /// When the content last changed: seconds since 1970 and nanoseconds. A
    /// program can set it at will.
    pub modified: (i64, u32),
    /// When the content, the owner, the permissions or the number of names last
    /// changed; set by the system alone. Reading does not change it.
    pub changed: (i64, u32),
}

impl FileStatus {
    /// What tells the file from others.
    pub(crate) fn identity(&self) -> Identity {
        (self.device, self.inode)
    }

    /// The status that an open file has now; anything but a regular file is refused.
    pub(crate) fn of(file: impl AsFd) -> Result<Self, OpenError> {
        Self::of_regular(&fstat(file)?).map_err(OpenError::Refused)
    }

    /// The status of a regular file; anything else is refused.
    // The types of the fields differ between systems.
    #[allow(clippy::unnecessary_cast, clippy::cast_lossless)]
    pub(super) fn of_regular(stat: &Stat) -> Result<Self, Refusal> {
        match Refusal::of_mode(stat.st_mode) {
            Some(refusal) => Err(refusal),
            None => Ok(Self {
                device: stat.st_dev as u64,
                inode: stat.st_ino as u64,
                size: stat.st_size as u64,
                modified: (stat.st_mtime as i64, stat.st_mtime_nsec as u32),
                changed: (stat.st_ctime as i64, stat.st_ctime_nsec as u32),
            }),
        }
    }
}
