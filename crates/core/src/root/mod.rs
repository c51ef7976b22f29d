//! A directory whose files are opened by names that nobody vouches for.

mod error;
mod flags;
mod kernel;
mod links;
mod list;
mod path;
mod status;
#[cfg(test)]
mod tests;
mod trail;
mod walk;

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Mode, Stat, fstat, openat, statat};
use rustix::io::{Errno, retry_on_intr};

pub use error::{OpenError, Refusal};
use kernel::Kernel;
pub(crate) use kernel::is_magic;
pub use list::{Detail, LeftOut, Listed, Listing};
use path::{has_parent, without_parents};
pub(crate) use path::{plain, seen_from};
pub use status::FileStatus;

use crate::cancel::Cancel;

/// The longest path that the system accepts, its final NUL included.
const PATH_MAX: usize = if cfg!(any(target_os = "linux", target_os = "android")) {
    4096
} else {
    1024
};

/// Where a name may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Containment {
    /// Only inside the root. Absolute names, names whose `..` leave the root and
    /// symbolic links that lead out or have an absolute target are refused, all
    /// with the same [`Refusal::Outside`] whether there is something or not.
    Beneath,
    /// Anywhere: relative names start at the root, absolute ones do not.
    Anywhere,
}

/// Who resolves names beneath a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolver {
    /// The kernel, in one system call, where it can: Linux 5.6 and later, outside
    /// of sandboxes that deny `openat2`. Otherwise as [`Walk`](Self::Walk).
    Kernel,
    /// This library, one component of the name after the other. Gives the same
    /// results, for more system calls. (Only the links of `/proc` that are no
    /// paths, which neither follows, give them different errors.)
    Walk,
}

/// An open directory, in which files are looked up by untrusted names.
///
/// It stays the same directory when it is renamed or another one takes its
/// place. All threads may use one at the same time.
///
/// # What is guaranteed
/// - With [`Containment::Beneath`] nothing outside the root is opened or even
///   looked at, also while links and directories are swapped. `..` is physical:
///   after a link to a directory it stands for that directory's parent. A
///   directory that is moved out of the root while a name is resolved through it
///   counts as inside.
/// - No call waits for a peer or a device, and of nothing but a regular file is
///   a byte handed out.
/// - What is not a regular file is refused. Where the kernel resolves the name,
///   and with [`Containment::Anywhere`], its type is known only once it is open:
///   a FIFO or a device *inside* is opened without waiting, and closed unread. A
///   writer that waits for a reader of the FIFO, or a driver that acts on being
///   opened, notices. The walk looks at the type first, so that there it takes a
///   race.
#[derive(Debug)]
pub struct Root {
    directory: OwnedFd,
    kernel: Kernel,
    /// The absolute path, without links, that the directory was opened by; `None` where that
    /// cannot be told.
    path: Option<Vec<u8>>,
}

/// A regular file that was opened for reading.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) file: OwnedFd,
    /// The status that it had then.
    pub(crate) status: FileStatus,
    /// The [plain] path that it was opened by, without links, from the root or absolute outside
    /// it; `None` where that is its name, or cannot be told.
    pub(crate) path: Option<Vec<u8>>,
}

impl Root {
    /// Opens the directory `path`. Permission to search it is enough on Linux;
    /// other systems, and [`list`](Self::list), also want it readable.
    ///
    /// # Errors
    /// Where it cannot be opened, or is not a directory.
    pub fn open(path: &[u8]) -> io::Result<Self> {
        Self::open_with(path, Resolver::Kernel)
    }

    /// Opens the directory `path`, and says who resolves names in it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: &[u8], resolver: Resolver) -> io::Result<Self> {
        let directory = retry_on_intr(|| openat(CWD, path, flags::DIRECTORY, Mode::empty()))?;
        let path = Path::new(OsStr::from_bytes(path)).canonicalize().ok();
        Ok(Self {
            directory,
            kernel: Kernel::new(resolver),
            path: path.map(|path| path.into_os_string().into_vec()),
        })
    }

    /// The absolute path, without links, that it was opened by; `None` where that cannot be
    /// told.
    pub(crate) fn path(&self) -> Option<&[u8]> {
        self.path.as_deref()
    }

    /// Opens the regular file `name` for reading, and gives the status that it
    /// has now. Symbolic links are followed.
    ///
    /// The descriptor is in non-blocking mode, which means nothing for a regular
    /// file.
    ///
    /// # Errors
    /// - [`OpenError::Refused`] where the name leads out of the root, stands for
    ///   something that is not a regular file, is empty or has a NUL byte.
    /// - [`OpenError::is_missing`] where there is nothing of that name; a name
    ///   with a slash after a file's is one.
    /// - Any other [`OpenError::Io`]: no permission, more than 40 links, a name
    ///   longer than the system permits.
    pub fn open_regular(
        &self,
        name: &[u8],
        containment: Containment,
    ) -> Result<(OwnedFd, FileStatus), OpenError> {
        let opened = self.open_to_read(name, containment)?;
        Ok((opened.file, opened.status))
    }

    /// [`open_regular`](Self::open_regular) that also tells which path a link or `..` leads to.
    ///
    /// With [`Containment::Anywhere`] it takes `openat2`, and is not told of links of `/proc`,
    /// which may be no paths.
    pub(crate) fn open_to_read(
        &self,
        name: &[u8],
        containment: Containment,
    ) -> Result<Opened, OpenError> {
        check_name(name)?;
        let opened = match containment {
            Containment::Beneath => self.open_beneath(name),
            Containment::Anywhere => self.open_anywhere(name),
        };
        let (file, path) =
            opened.map_err(|errno| explained(errno, || self.status(name, containment)))?;
        let status = FileStatus::of_regular(&fstat(&file)?)?;
        Ok(Opened { file, status, path })
    }

    /// The status that the regular file `name` has now, found in the same way as
    /// by [`open_regular`](Self::open_regular). Opens nothing.
    ///
    /// # Errors
    /// As [`open_regular`](Self::open_regular), but for the permission to read.
    pub fn status(&self, name: &[u8], containment: Containment) -> Result<FileStatus, OpenError> {
        check_name(name)?;
        let stat = match containment {
            Containment::Beneath => self.stat_beneath(name),
            Containment::Anywhere => statat(&self.directory, name, AtFlags::empty()),
        };
        Ok(FileStatus::of_regular(&stat?)?)
    }

    /// Lists the regular files below the root, and what else there is.
    ///
    /// A link to a regular file is listed where it stays inside the root; no
    /// link to a directory is followed. Needs memory for the names, however deep
    /// the tree is, and some forty descriptors. A tree that changes meanwhile is
    /// listed in part as it was, in part as it is, and never left. Other file
    /// systems that are mounted below the root belong to it.
    ///
    /// A tree may have names too long for [`open_regular`](Self::open_regular).
    ///
    /// Where `cancel` is raised meanwhile the rest is not listed.
    ///
    /// # Errors
    /// Where the root itself cannot be read. A directory below it that cannot is
    /// in [`Listing::left_out`].
    pub fn list(&self, detail: Detail, cancel: &Cancel) -> io::Result<Listing> {
        let mut listing = Listing::default();
        self.visit(detail, cancel, &mut |visited| {
            match visited {
                Ok(file) => listing.files.push(file),
                Err(left_out) => listing.left_out.push(left_out),
            }
            Ok(())
        })?;
        let by_name = |a: &LeftOut, b: &LeftOut| a.name.cmp(&b.name);
        listing.left_out.sort_unstable_by(by_name);
        Ok(listing)
    }

    /// [`list`](Self::list) that hands each file, and what is left out, to `take`, in bounded
    /// memory: in the order of their names, where a directory's has a slash at its end. Ends
    /// where `take` fails.
    pub(crate) fn visit(
        &self,
        detail: Detail,
        cancel: &Cancel,
        take: &mut dyn FnMut(Result<Listed, LeftOut>) -> io::Result<()>,
    ) -> io::Result<()> {
        list::visit(self, detail, cancel, take)
    }

    fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    fn open_beneath(&self, name: &[u8]) -> Result<(OwnedFd, Option<Vec<u8>>), Errno> {
        let (root, containment) = (self.directory(), Containment::Beneath);
        let by_kernel = links::open(&self.kernel, root, name, containment);
        // Links may make a path too long for the kernel that the walk has no need of.
        let by_kernel = by_kernel.filter(|opened| !matches!(opened, Err(Errno::NAMETOOLONG)));
        let (file, path) = by_kernel.unwrap_or_else(|| walk::open(root, name))?;
        Ok((file, self.path_beside(name, &path)))
    }

    fn open_anywhere(&self, name: &[u8]) -> Result<(OwnedFd, Option<Vec<u8>>), Errno> {
        let (root, containment) = (self.directory(), Containment::Anywhere);
        match links::open(&self.kernel, root, name, containment) {
            Some(opened) => {
                let (file, path) = opened?;
                Ok((file, self.path_beside(name, &path)))
            }
            None => {
                let open = || openat(root, name, flags::READ, Mode::empty());
                Ok((retry_on_intr(open)?, None))
            }
        }
    }

    /// The plain path from the root that a path without links stands for, unless it is the name.
    fn path_beside(&self, name: &[u8], path: &[u8]) -> Option<Vec<u8>> {
        if name == path && !has_parent(name) {
            return None;
        }
        let mut path = without_parents(path);
        if has_parent(&path) {
            path = without_parents(&[self.path()?, &path].join(&b'/'));
        }
        let is_name = self.seen(&path) == self.seen(&plain(name));
        (!is_name).then(|| self.seen(&path).to_vec())
    }

    fn seen<'p>(&self, path: &'p [u8]) -> &'p [u8] {
        self.path().map_or(path, |root| seen_from(root, path))
    }

    fn stat_beneath(&self, name: &[u8]) -> Result<Stat, Errno> {
        let root = self.directory();
        match self.kernel.find(root, name) {
            Some(place) => fstat(place?),
            None => walk::status(root, name),
        }
    }

    /// The path from the root of the file that a path leads to which the caller vouches for;
    /// `None` where that is not below, or cannot be told.
    pub(crate) fn path_named(&self, path: &[u8]) -> Option<Vec<u8>> {
        let real = Path::new(OsStr::from_bytes(path)).canonicalize().ok()?;
        let real = self.seen(real.as_os_str().as_bytes()).to_vec();
        (!real.starts_with(b"/")).then_some(real)
    }

    /// What tells the directory of this name from others; the root's is empty.
    pub(crate) fn identity(&self, directory: &[u8]) -> io::Result<Identity> {
        let name = if directory.is_empty() {
            b"."
        } else {
            directory
        };
        Ok(identity(&self.stat_beneath(name)?))
    }
}

/// A device, and a file's or a directory's number on it.
pub(crate) type Identity = (u64, u64);

// The types of the fields differ between systems.
#[allow(clippy::unnecessary_cast)]
fn identity(stat: &Stat) -> Identity {
    (stat.st_dev as u64, stat.st_ino as u64)
}

/// What tells the directory of a path that the caller vouches for from others.
pub(crate) fn identity_named(directory: &[u8]) -> io::Result<Identity> {
    Ok(identity(&statat(CWD, directory, AtFlags::empty())?))
}

/// [`Root::open_regular`] of a path that the caller vouches for, wherever it leads.
pub(crate) fn open_named(path: &[u8]) -> Result<(OwnedFd, FileStatus), OpenError> {
    check_name(path)?;
    let file = retry_on_intr(|| openat(CWD, path, flags::READ, Mode::empty()))
        .map_err(|errno| explained(errno, || status_named(path)))?;
    let status = FileStatus::of_regular(&fstat(&file)?)?;
    Ok((file, status))
}

/// [`Root::status`] of a path that the caller vouches for, wherever it leads.
pub(crate) fn status_named(path: &[u8]) -> Result<FileStatus, OpenError> {
    check_name(path)?;
    Ok(FileStatus::of_regular(&statat(
        CWD,
        path,
        AtFlags::empty(),
    )?)?)
}

/// The error of an open that failed. Where that is no regular file, its type
/// says more than the system's answer: `ENXIO` for a socket, `EACCES` for
/// somebody's directory.
fn explained(errno: Errno, status: impl FnOnce() -> Result<FileStatus, OpenError>) -> OpenError {
    if matches!(errno, Errno::NOENT | Errno::NOTDIR | Errno::XDEV) {
        return errno.into();
    }
    match status() {
        Err(OpenError::Refused(refusal)) => refusal.into(),
        _ => errno.into(),
    }
}

/// Refuses what no file can be called, before any system call gets it.
fn check_name(name: &[u8]) -> Result<(), OpenError> {
    if name.is_empty() || name.contains(&0) {
        Err(Refusal::NotAName.into())
    } else if name.len() >= PATH_MAX {
        Err(Errno::NAMETOOLONG.into())
    } else {
        Ok(())
    }
}

/// Repeats what fails because something was renamed meanwhile (`EAGAIN`), but
/// not for ever: somebody may rename without end.
fn until_settled<T>(mut attempt: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    const ATTEMPTS: u32 = 64;
    /// From here on a growing pause, so as not to keep step with who renames.
    const HURRIED: u32 = 16;
    for number in 1..ATTEMPTS {
        match attempt() {
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return result,
        }
        if let Some(late) = number.checked_sub(HURRIED) {
            thread::sleep(Duration::from_micros(late.into()));
        }
    }
    attempt()
}
