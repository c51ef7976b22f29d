//! Why a name is not opened.

use std::io;

use rustix::fs::{FileType, RawMode};
use rustix::io::Errno;

/// Why a name is not opened, though it may exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// An absolute path, or one that `..` or a symbolic link leads out of the
    /// root. Says nothing of what is there, or whether anything is.
    #[error("outside the directory")]
    Outside,
    /// A directory.
    #[error("is a directory")]
    Directory,
    /// A FIFO (named pipe).
    #[error("is a FIFO")]
    Fifo,
    /// A socket.
    #[error("is a socket")]
    Socket,
    /// A character or block device, or something unknown.
    #[error("is not a regular file")]
    Special,
    /// The empty name, or one with a NUL byte: no file can have it.
    #[error("is not a file name")]
    NotAName,
}

impl Refusal {
    /// Every refusal, in the order of their declaration.
    pub(crate) const ALL: [Self; 6] = [
        Self::Outside,
        Self::Directory,
        Self::Fifo,
        Self::Socket,
        Self::Special,
        Self::NotAName,
    ];

    /// Why nothing but a regular file is read; `None` for a regular file.
    pub(super) fn of_type(file_type: FileType) -> Option<Self> {
        match file_type {
            FileType::RegularFile => None,
            FileType::Directory => Some(Self::Directory),
            FileType::Fifo => Some(Self::Fifo),
            FileType::Socket => Some(Self::Socket),
            _ => Some(Self::Special),
        }
    }

    pub(super) fn of_mode(mode: RawMode) -> Option<Self> {
        Self::of_type(FileType::from_raw_mode(mode))
    }
}

/// Why a file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The name stands for something that is not read.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The system's answer.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl OpenError {
    /// Whether there is no file of this name: it does not exist, or the path to
    /// it goes through something that is not a directory.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        use io::ErrorKind::{NotADirectory, NotFound};
        matches!(self, Self::Io(error) if matches!(error.kind(), NotFound | NotADirectory))
    }
}

impl OpenError {
    /// Whether the process, or the system, has as many open files as it may.
    pub(crate) fn is_for_want_of_room(&self) -> bool {
        let codes = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
        matches!(self, Self::Io(error) if error.raw_os_error().is_some_and(|code| codes.contains(&code)))
    }
}

impl From<Errno> for OpenError {
    /// `EXDEV` is what resolution beneath a directory answers to a name that
    /// leads out, and no other system call made here answers it.
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::XDEV => Self::Refused(Refusal::Outside),
            errno => Self::Io(errno.into()),
        }
    }
}
