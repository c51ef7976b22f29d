//! The way from the root down to a directory, however long it is.

use std::collections::VecDeque;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::{Errno, retry_on_intr};

use super::flags;

/// How many directories are held open at once. Few trees are deeper, so hardly
/// a directory is opened twice, and many threads stay far from the limit of
/// open files.
const KEPT: usize = 32;

/// A path of real directories, no links, that starts at the root. It goes down
/// and back up without ever asking the system for a `..`, which may have
/// become any directory since.
pub(super) struct Trail<'a> {
    root: BorrowedFd<'a>,
    /// The directories' names, joined by slashes; empty at the root.
    path: Vec<u8>,
    /// How many directories there are below the root.
    depth: usize,
    /// The last of these directories, the current one at the back. Empty below
    /// the root only after going up further than they reach.
    kept: VecDeque<OwnedFd>,
}

impl<'a> Trail<'a> {
    pub(super) fn new(root: BorrowedFd<'a>) -> Self {
        Self {
            root,
            path: Vec::new(),
            depth: 0,
            kept: VecDeque::new(),
        }
    }

    /// The path from the root to `name` in the current directory.
    pub(super) fn path_of(&self, name: &[u8]) -> Vec<u8> {
        if self.depth == 0 {
            name.to_vec()
        } else {
            [&self.path, name].join(&b'/')
        }
    }

    /// The current directory.
    pub(super) fn directory(&mut self) -> Result<BorrowedFd<'_>, Errno> {
        if self.depth > 0 && self.kept.is_empty() {
            self.kept = self.reopen()?;
        }
        Ok(self.kept.back().map_or(self.root, AsFd::as_fd))
    }

    /// Goes down into the directory `name`. A link is not followed: `ENOTDIR`,
    /// or `ELOOP` or `EMLINK` on other systems than Linux.
    pub(super) fn enter(&mut self, name: &[u8]) -> Result<(), Errno> {
        let directory = open_directory(self.directory()?, name)?;
        keep(&mut self.kept, directory);
        self.path = self.path_of(name);
        self.depth += 1;
        Ok(())
    }

    /// Goes up to the directory that the current one was entered from, wherever
    /// it may have been moved meanwhile; `false` at the root.
    pub(super) fn leave(&mut self) -> bool {
        if self.depth == 0 {
            return false;
        }
        self.kept.pop_back();
        let slash = self.path.iter().rposition(|&byte| byte == b'/');
        self.path.truncate(slash.unwrap_or(0));
        self.depth -= 1;
        true
    }

    /// Opens the path anew, one name after the other: it may be longer than the
    /// system accepts, and no part of it may have become a link.
    fn reopen(&self) -> Result<VecDeque<OwnedFd>, Errno> {
        let mut kept = VecDeque::new();
        for name in self.path.split(|&byte| byte == b'/') {
            let parent = kept.back().map_or(self.root, AsFd::as_fd);
            let directory = open_directory(parent, name)?;
            keep(&mut kept, directory);
        }
        Ok(kept)
    }
}

fn keep(kept: &mut VecDeque<OwnedFd>, directory: OwnedFd) {
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(directory);
}

fn open_directory(parent: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = flags::DIRECTORY | OFlags::NOFOLLOW;
    retry_on_intr(|| openat(parent, name, flags, Mode::empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, fstat};

    #[test]
    fn few_directories_are_held_open_and_the_others_come_back() {
        let parent = tempfile::tempdir().unwrap();
        let names = vec!["d"; 3 * KEPT];
        std::fs::create_dir_all(parent.path().join(names.join("/"))).unwrap();
        let root = openat(CWD, parent.path(), flags::DIRECTORY, Mode::empty()).unwrap();
        let mut trail = Trail::new(root.as_fd());
        let identity = |trail: &mut Trail<'_>| {
            let stat = fstat(trail.directory().unwrap()).unwrap();
            (trail.depth, stat.st_ino)
        };
        let mut way_down = vec![identity(&mut trail)];
        for name in names {
            trail.enter(name.as_bytes()).unwrap();
            assert!(trail.kept.len() <= KEPT);
            way_down.push(identity(&mut trail));
        }
        while let Some(expected) = way_down.pop() {
            assert_eq!(identity(&mut trail), expected);
            assert!(trail.kept.len() <= KEPT);
            assert_eq!(trail.leave(), expected.0 > 0);
        }
    }
}
