//! The regular files below a root.

use std::io;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;

use super::error::{OpenError, Refusal};
use super::trail::Trail;
use super::{Containment, Root};

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

/// Lists what is below the root; fails where the root itself cannot be read.
pub(super) fn list(root: &Root, detail: Detail) -> io::Result<Listing> {
    let mut lister = Lister {
        root,
        detail,
        trail: Trail::new(root.directory()),
        pending: Vec::new(),
        listing: Listing::default(),
    };
    lister.read_directory()?;
    while let Some(directory) = lister.pending.pop() {
        lister.visit(&directory);
    }
    let mut listing = lister.listing;
    listing.files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let by_name = |a: &LeftOut, b: &LeftOut| a.name.cmp(&b.name);
    listing.left_out.sort_unstable_by(by_name);
    Ok(listing)
}

/// A directory that is still to be read.
struct Pending {
    /// How many directories are above it, the root not counted.
    depth: usize,
    name: Vec<u8>,
}

/// The state of a listing: depth first, so that going on from one directory to
/// the next is one step on the trail.
struct Lister<'a> {
    root: &'a Root,
    detail: Detail,
    trail: Trail<'a>,
    /// A stack: those at the end stand in the trail's current directory, those
    /// before them in directories above.
    pending: Vec<Pending>,
    listing: Listing,
}

impl Lister<'_> {
    fn visit(&mut self, directory: &Pending) {
        while self.trail.depth() > directory.depth {
            self.trail.leave();
        }
        let name = self.trail.path_of(&directory.name);
        let entered = self.trail.enter(&directory.name);
        if let Err(errno) = entered.and_then(|()| self.read_directory()) {
            self.leave_out(name, errno.into());
        }
    }

    /// Takes every entry of the trail's current directory.
    fn read_directory(&mut self) -> Result<(), Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(self.trail.directory()?, ".", flags, Mode::empty())?;
        for entry in Dir::new(directory)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                self.take(name, entry.file_type());
            }
        }
        Ok(())
    }

    /// Takes one entry of the trail's current directory.
    fn take(&mut self, name: &[u8], file_type: FileType) {
        let depth = self.trail.depth();
        let path = self.trail.path_of(name);
        match file_type {
            FileType::Directory => self.pending.push(Pending {
                depth,
                name: name.to_vec(),
            }),
            FileType::Symlink => self.take_link(path),
            FileType::RegularFile if self.detail == Detail::Names => self.list(path, 0),
            // Not all file systems state the type in the directory.
            FileType::RegularFile | FileType::Unknown => self.take_by_status(name, path),
            special => {
                let refusal = Refusal::of_type(special).unwrap_or(Refusal::Special);
                self.leave_out(path, refusal.into());
            }
        }
    }

    fn take_link(&mut self, path: Vec<u8>) {
        match self.root.status(&path, Containment::Beneath) {
            Ok(status) => self.list(path, status.size),
            Err(reason) => self.leave_out(path, reason),
        }
    }

    fn take_by_status(&mut self, name: &[u8], path: Vec<u8>) {
        let directory = self.trail.directory();
        let stat =
            directory.and_then(|directory| statat(directory, name, AtFlags::SYMLINK_NOFOLLOW));
        match stat.map(|stat| (FileType::from_raw_mode(stat.st_mode), stat.st_size)) {
            #[allow(clippy::cast_sign_loss, reason = "no file has a negative size")]
            Ok((FileType::RegularFile, size)) => self.list(path, size as u64),
            Ok((FileType::Unknown, _)) => self.leave_out(path, Refusal::Special.into()),
            Ok((file_type, _)) => self.take(name, file_type),
            Err(errno) => self.leave_out(path, errno.into()),
        }
    }

    fn list(&mut self, name: Vec<u8>, size: u64) {
        let size = (self.detail == Detail::Sizes).then_some(size);
        self.listing.files.push(Listed { name, size });
    }

    fn leave_out(&mut self, name: Vec<u8>, reason: OpenError) {
        self.listing.left_out.push(LeftOut { name, reason });
    }
}
