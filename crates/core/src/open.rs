//! Opening what a manifest names: regular files inside the root, nothing else.

use std::io;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::Errno;

/// Why a name is not opened, though it may exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// An absolute path, or one whose `..` leave the root.
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
}

/// Why a file could not be opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    Refused(Refusal),
    Io(io::Error),
}

impl From<Errno> for OpenError {
    fn from(errno: Errno) -> Self {
        Self::Io(errno.into())
    }
}

/// Opens the regular file `name` below the directory `root` for reading.
///
/// Never waits, whatever the name stands for: the file is opened without
/// blocking and its type is checked on the open descriptor.
pub(crate) fn open_regular(root: impl AsFd, name: &[u8]) -> Result<OwnedFd, OpenError> {
    if leaves_root(name) {
        return Err(OpenError::Refused(Refusal::Outside));
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match openat(&root, name, flags, Mode::empty()) {
        Ok(file) => file,
        // What a socket, or a device without a driver, answers to `open`.
        Err(Errno::NXIO) => {
            let status = statat(&root, name, AtFlags::empty())?;
            return Err(OpenError::Refused(refusal(status.st_mode)));
        }
        Err(errno) => return Err(errno.into()),
    };
    let mode = fstat(&file)?.st_mode;
    if FileType::from_raw_mode(mode).is_file() {
        Ok(file)
    } else {
        Err(OpenError::Refused(refusal(mode)))
    }
}

fn refusal(mode: rustix::fs::RawMode) -> Refusal {
    match FileType::from_raw_mode(mode) {
        FileType::Directory => Refusal::Directory,
        FileType::Fifo => Refusal::Fifo,
        FileType::Socket => Refusal::Socket,
        _ => Refusal::Special,
    }
}

/// Whether the name, read from left to right, ever stands above its start.
fn leaves_root(name: &[u8]) -> bool {
    if name.starts_with(b"/") {
        return true;
    }
    let mut depth: usize = 0;
    for component in name.split(|&byte| byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => match depth.checked_sub(1) {
                Some(above) => depth = above,
                None => return true,
            },
            _ => depth += 1,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_root() {
        for (name, leaves) in [
            ("a", false),
            ("a/b/../c", false),
            ("./a//b", false),
            ("a/..", false),
            ("..a/...", false),
            ("-", false),
            ("~", false),
            ("/", true),
            ("/etc/passwd", true),
            ("..", true),
            ("../a", true),
            ("a/../..", true),
            ("a/../../a", true),
            ("./../a", true),
        ] {
            assert_eq!(leaves_root(name.as_bytes()), leaves, "{name:?}");
        }
    }
}
