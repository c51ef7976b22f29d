//! The regular files below a root.

use std::io;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RawMode, openat, statat};
use rustix::io::Errno;

use super::error::{OpenError, Refusal};
use super::trail::Trail;
use super::{Containment, Identity, Root};
use crate::cancel::Cancel;
use crate::store::{Log, Record, Sorter, Unpack, push_bytes, push_number};

/// So many entries of a directory are sorted in memory at once: some 6 MiB.
const MOST_SORTED: usize = 1 << 16;

/// How much of the entries of the directories on the way is in memory.
const ROOM: usize = 2 << 20;

/// How much of these is read at once: more than most entries have.
const READ_LEN: u64 = 512;

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
    /// The device of the file that a link leads to, and its number on that; `None` where it is
    /// no link.
    pub leads_to: Option<(u64, u64)>,
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

/// Hands the files below the root to `take`, and what is left out, until `cancel` is raised;
/// fails where the root itself cannot be read, or `take` fails.
///
/// They come in the order of their names, where a directory's has a slash at its end.
pub(super) fn visit(
    root: &Root,
    detail: Detail,
    cancel: &Cancel,
    take: &mut dyn FnMut(Result<Listed, LeftOut>) -> io::Result<()>,
) -> io::Result<()> {
    let mut lister = Lister {
        root,
        detail,
        cancel,
        trail: Trail::new(root.directory()),
        entries: Log::with_room(ROOM),
        take,
    };
    let (level, end) = lister.read_directory()?;
    end?;
    lister.visit(level)
}

/// An entry of a directory. Such have an order by their names, which all differ.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    /// Its name; a directory's with a slash after it, so that sorted entries give sorted
    /// paths of what is below them.
    name: Vec<u8>,
    /// Its type, which is known, as a mode has it; or why that cannot be found out.
    mode: Result<RawMode, i32>,
    /// How many bytes a regular file has, where that was looked up.
    size: Option<u64>,
}

impl Found {
    fn file_type(&self) -> Result<FileType, Errno> {
        let mode = self.mode.map_err(Errno::from_raw_os_error);
        mode.map(FileType::from_raw_mode)
    }
}

impl Record for Found {
    fn pack(&self, bytes: &mut Vec<u8>) {
        push_bytes(bytes, &self.name);
        match self.mode {
            Ok(mode) => push_number(bytes, u64::from(mode) << 1),
            Err(code) => push_number(bytes, u64::from(code.unsigned_abs()) << 1 | 1),
        }
        bytes.push(u8::from(self.size.is_some()));
        push_number(bytes, self.size.unwrap_or_default());
    }

    fn unpack(bytes: &mut Unpack<'_>) -> io::Result<Self> {
        let name = bytes.bytes()?.to_vec();
        let mode = bytes.number()?;
        let is_error = mode & 1 == 1;
        let mode = (mode >> 1) as u32;
        let (has_size, size) = (bytes.byte()? == 1, bytes.number()?);
        Ok(Self {
            name,
            mode: if is_error { Err(mode as i32) } else { Ok(mode) },
            size: has_size.then_some(size),
        })
    }
}

/// The entries of a directory that were not visited yet, by where they are.
struct Level {
    start: u64,
    next: u64,
    end: u64,
}

/// The state of a listing: depth first, each directory in the order of its names.
struct Lister<'a> {
    root: &'a Root,
    detail: Detail,
    cancel: &'a Cancel,
    trail: Trail<'a>,
    /// The sorted entries of the directories on the way, those of the last one at the end.
    entries: Log,
    take: &'a mut dyn FnMut(Result<Listed, LeftOut>) -> io::Result<()>,
}

impl Lister<'_> {
    /// Takes the entries of the root and of all directories below.
    fn visit(&mut self, root: Level) -> io::Result<()> {
        let mut levels = vec![root];
        while let Some(level) = levels.last_mut() {
            if self.cancel.is_requested() {
                break;
            }
            if level.next == level.end {
                self.entries.truncate(level.start);
                levels.pop();
                self.trail.leave();
                continue;
            }
            let found = self.next_of(level)?;
            match found.file_type() {
                Ok(FileType::Directory) => levels.extend(self.enter(&found)?),
                Ok(file_type) => self.take(&found, file_type)?,
                Err(errno) => {
                    let path = self.trail.path_of(&found.name);
                    self.leave_out(path, errno.into())?;
                }
            }
        }
        Ok(())
    }

    /// The next entry of a level that has one.
    fn next_of(&self, level: &mut Level) -> io::Result<Found> {
        let mut len = READ_LEN;
        loop {
            let end = level.end.min(level.next + len);
            let mut bytes = Unpack::new(self.entries.get(level.next..end)?);
            let before = bytes.len();
            match Found::unpack(&mut bytes) {
                Err(_) if end < level.end => len *= 2,
                found => {
                    level.next += (before - bytes.len()) as u64;
                    return found;
                }
            }
        }
    }

    /// Goes down into a directory; `None` where that fails.
    fn enter(&mut self, directory: &Found) -> io::Result<Option<Level>> {
        let name = directory.name.strip_suffix(b"/").unwrap_or_default();
        let path = self.trail.path_of(name);
        if let Err(errno) = self.trail.enter(name) {
            self.leave_out(path, errno.into())?;
            return Ok(None);
        }
        let (level, end) = self.read_directory()?;
        if let Err(errno) = end {
            self.leave_out(path, errno.into())?;
        }
        Ok(Some(level))
    }

    /// The entries of the trail's current directory: those before an error, and the error.
    fn read_directory(&mut self) -> io::Result<(Level, Result<(), Errno>)> {
        let mut sorter = Sorter::new(MOST_SORTED);
        let end = self.read_into(&mut sorter);
        let start = self.entries.len();
        let mut packed = Vec::new();
        for found in sorter.sorted(self.cancel)? {
            if self.cancel.is_requested() {
                break;
            }
            packed.clear();
            found?.pack(&mut packed);
            self.entries.append(&packed);
        }
        let level = Level {
            start,
            next: start,
            end: self.entries.len(),
        };
        Ok((level, end))
    }

    fn read_into(&mut self, entries: &mut Sorter<Found>) -> Result<(), Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(self.trail.directory()?, ".", flags, Mode::empty())?;
        for entry in Dir::new(directory)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if self.cancel.is_requested() {
                return Ok(());
            }
            if name != b"." && name != b".." {
                let found = self.find(name, entry.file_type());
                entries.push(found, self.cancel);
            }
        }
        Ok(())
    }

    /// An entry of the trail's current directory.
    fn find(&mut self, name: &[u8], file_type: FileType) -> Found {
        let status = match file_type {
            FileType::RegularFile if self.detail == Detail::Names => Ok((file_type, None)),
            // Not all file systems state the type in the directory.
            FileType::RegularFile | FileType::Unknown => self.status(name),
            known => Ok((known, None)),
        };
        let mut name = name.to_vec();
        if matches!(status, Ok((FileType::Directory, _))) {
            name.push(b'/');
        }
        Found {
            name,
            mode: status
                .map(|(file_type, _)| file_type.as_raw_mode())
                .map_err(Errno::raw_os_error),
            size: status.ok().and_then(|(_, size)| size),
        }
    }

    fn status(&mut self, name: &[u8]) -> Result<(FileType, Option<u64>), Errno> {
        let stat = statat(self.trail.directory()?, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let size = u64::try_from(stat.st_size).ok();
        Ok((FileType::from_raw_mode(stat.st_mode), size))
    }

    /// Takes an entry of the trail's current directory that is no directory.
    fn take(&mut self, found: &Found, file_type: FileType) -> io::Result<()> {
        let path = self.trail.path_of(&found.name);
        match file_type {
            FileType::RegularFile => self.list(path, found.size, None),
            FileType::Symlink => match self.root.status(&path, Containment::Beneath) {
                Ok(status) => self.list(path, Some(status.size), Some(status.identity())),
                Err(reason) => self.leave_out(path, reason),
            },
            special => {
                let refusal = Refusal::of_type(special).unwrap_or(Refusal::Special);
                self.leave_out(path, refusal.into())
            }
        }
    }

    fn list(
        &mut self,
        name: Vec<u8>,
        size: Option<u64>,
        leads_to: Option<Identity>,
    ) -> io::Result<()> {
        let size = size.filter(|_| self.detail == Detail::Sizes);
        (self.take)(Ok(Listed {
            name,
            size,
            leads_to,
        }))
    }

    fn leave_out(&mut self, name: Vec<u8>, reason: OpenError) -> io::Result<()> {
        (self.take)(Err(LeftOut { name, reason }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found() -> impl Strategy<Value = Found> {
        let name = prop::collection::vec(any::<u8>(), 1..300);
        let mode = prop::result::maybe_ok(0..1_u32 << 20, 1..4096_i32);
        (name, mode, any::<Option<u64>>()).prop_map(|(name, mode, size)| Found { name, mode, size })
    }

    proptest! {
        #[test]
        fn entries_are_sorted_by_their_names(
            entries in prop::collection::vec(found(), 0..100),
            most in 1..50usize,
        ) {
            let cancel = Cancel::default();
            let mut sorter = Sorter::new(most);
            let mut expected: Vec<_> = entries.iter().map(|found| found.name.clone()).collect();
            expected.sort();
            let as_it_was = format!("{entries:?}");
            let mut copied = Vec::new();
            for entry in entries {
                let mut packed = Vec::new();
                entry.pack(&mut packed);
                copied.push(Found::unpack(&mut Unpack::new(packed)).unwrap());
                sorter.push(entry, &cancel);
            }
            prop_assert_eq!(format!("{copied:?}"), as_it_was);
            let sorted = sorter.sorted(&cancel).unwrap().map(|found| found.unwrap().name);
            prop_assert_eq!(sorted.collect::<Vec<_>>(), expected);
        }
    }
}
