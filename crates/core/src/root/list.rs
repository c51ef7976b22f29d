//! The regular files below a root.

use std::io;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;

use super::error::{OpenError, Refusal};
use super::trail::Trail;
use super::{Containment, Root};
use crate::cancel::Cancel;
use crate::sort::sort_unstable_by;

/// What [`Root::list`] finds out about each file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Its name.
    Names,
    /// Its name and its size, which costs a system call a file.
    Sizes,
}

/// A regular file below a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The path from the root, without `.`, `..` or a slash at either end.
    pub name: Vec<u8>,
    /// The length in bytes, where it was asked for.
    pub size: Option<u64>,
}

/// Something below a root that is not listed as a file.
#[derive(Debug)]
pub struct LeftOut {
    /// The path from the root.
    pub name: Vec<u8>,
    /// What it is, or the error that it gave.
    pub reason: OpenError,
}

/// What there is below a root.
#[derive(Debug, Default)]
pub struct Listing {
    /// The regular files and the links to regular files inside the root, sorted
    /// by name, byte by byte.
    pub files: Vec<Listed>,
    /// Everything else but directories, sorted likewise:
    /// - special files, as [`Refused`](OpenError::Refused);
    /// - links that lead out, and links to directories and to special files
    ///   inside, as what they lead to is refused;
    /// - dangling links and loops of links, and files whose status cannot be
    ///   had, with the error;
    /// - directories that cannot be read, or not to their end, with the error.
    pub left_out: Vec<LeftOut>,
}

/// Hands the files below the root to `take`, in order, until `cancel` is raised, and gives
/// what was left out; fails where the root itself cannot be read.
pub(super) fn visit(
    root: &Root,
    detail: Detail,
    cancel: &Cancel,
    take: &mut dyn FnMut(Listed),
) -> io::Result<Vec<LeftOut>> {
    let mut lister = Lister {
        root,
        detail,
        cancel,
        trail: Trail::new(root.directory()),
        take,
        left_out: Vec::new(),
    };
    let (entries, end) = lister.read_directory();
    end?;
    lister.visit(entries);
    let mut left_out = lister.left_out;
    left_out.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(left_out)
}

/// An entry of a directory, of a type that is known.
struct Found {
    /// Its name; a directory's with a slash after it, so that sorted entries give sorted
    /// paths of what is below them.
    name: Vec<u8>,
    file_type: FileType,
    /// How many bytes a regular file has, where that was looked up.
    size: Option<u64>,
}

/// The state of a listing: depth first, each directory in the order of its names.
struct Lister<'a> {
    root: &'a Root,
    detail: Detail,
    cancel: &'a Cancel,
    trail: Trail<'a>,
    take: &'a mut dyn FnMut(Listed),
    left_out: Vec<LeftOut>,
}

impl Lister<'_> {
    /// Takes the entries of the root and of all directories below.
    fn visit(&mut self, entries: Vec<Found>) {
        let mut levels = vec![entries.into_iter()];
        while let Some(level) = levels.last_mut() {
            if self.cancel.is_requested() {
                return;
            }
            match level.next() {
                Some(found) if found.file_type == FileType::Directory => {
                    levels.extend(self.enter(&found).map(Vec::into_iter));
                }
                Some(found) => self.take(found),
                None => {
                    levels.pop();
                    self.trail.leave();
                }
            }
        }
    }

    /// Goes down into a directory; `None` where that fails.
    fn enter(&mut self, directory: &Found) -> Option<Vec<Found>> {
        let name = directory.name.strip_suffix(b"/")?;
        let path = self.trail.path_of(name);
        if let Err(errno) = self.trail.enter(name) {
            self.leave_out(path, errno.into());
            return None;
        }
        let (entries, end) = self.read_directory();
        if let Err(errno) = end {
            self.leave_out(path, errno.into());
        }
        Some(entries)
    }

    /// The entries of the trail's current directory, sorted: those before an error, and the
    /// error.
    fn read_directory(&mut self) -> (Vec<Found>, Result<(), Errno>) {
        let mut entries = Vec::new();
        let end = self.read_into(&mut entries);
        sort_unstable_by(
            &mut entries,
            &|a: &Found, b| a.name.cmp(&b.name),
            self.cancel,
        );
        (entries, end)
    }

    fn read_into(&mut self, entries: &mut Vec<Found>) -> Result<(), Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(self.trail.directory()?, ".", flags, Mode::empty())?;
        for entry in Dir::new(directory)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if self.cancel.is_requested() {
                return Ok(());
            }
            if name != b"." && name != b".." {
                entries.extend(self.find(name, entry.file_type()));
            }
        }
        Ok(())
    }

    /// An entry of the trail's current directory; `None` where it cannot be looked at.
    fn find(&mut self, name: &[u8], file_type: FileType) -> Option<Found> {
        let (file_type, size) = match file_type {
            FileType::RegularFile if self.detail == Detail::Names => (file_type, None),
            // Not all file systems state the type in the directory.
            FileType::RegularFile | FileType::Unknown => match self.status(name) {
                Ok(status) => status,
                Err(errno) => {
                    let path = self.trail.path_of(name);
                    self.leave_out(path, errno.into());
                    return None;
                }
            },
            known => (known, None),
        };
        let mut name = name.to_vec();
        if file_type == FileType::Directory {
            name.push(b'/');
        }
        Some(Found {
            name,
            file_type,
            size,
        })
    }

    fn status(&mut self, name: &[u8]) -> Result<(FileType, Option<u64>), Errno> {
        let stat = statat(self.trail.directory()?, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let size = u64::try_from(stat.st_size).ok();
        Ok((FileType::from_raw_mode(stat.st_mode), size))
    }

    /// Takes an entry of the trail's current directory that is no directory.
    fn take(&mut self, found: Found) {
        let path = self.trail.path_of(&found.name);
        match found.file_type {
            FileType::RegularFile => self.list(path, found.size),
            FileType::Symlink => match self.root.status(&path, Containment::Beneath) {
                Ok(status) => self.list(path, Some(status.size)),
                Err(reason) => self.leave_out(path, reason),
            },
            special => {
                let refusal = Refusal::of_type(special).unwrap_or(Refusal::Special);
                self.leave_out(path, refusal.into());
            }
        }
    }

    fn list(&mut self, name: Vec<u8>, size: Option<u64>) {
        let size = size.filter(|_| self.detail == Detail::Sizes);
        (self.take)(Listed { name, size });
    }

    fn leave_out(&mut self, name: Vec<u8>, reason: OpenError) {
        self.left_out.push(LeftOut { name, reason });
    }
}
