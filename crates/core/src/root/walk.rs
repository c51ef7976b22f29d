//! Resolution one component at a time, where the kernel does not offer it.
//!
//! Gives what `openat2` with `RESOLVE_BENEATH` gives. Each system call gets a
//! single name, never `..` and never a link to follow, so none of them can leave
//! the root, whatever is renamed meanwhile.

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, readlinkat, statat};
use rustix::io::Errno;

use super::trail::Trail;
use super::{flags, until_settled};

/// How many links one name may lead through; Linux's own limit.
pub(super) const MAX_LINKS: usize = 40;

/// Opens the regular file `name` beneath `root`; `EXDEV` where the name leads
/// out. Anything that is not a regular file is not opened: `ENXIO`, which is
/// what the kernel says of a socket.
///
/// Also gives the path from the root to the file, of directories that are no links.
pub(super) fn open(root: BorrowedFd<'_>, name: &[u8]) -> Result<(OwnedFd, Vec<u8>), Errno> {
    until_settled(|| {
        let mut place = find(root, name)?;
        let is_file = FileType::from_raw_mode(place.stat.st_mode).is_file();
        let Some(last) = place.last.filter(|_| is_file) else {
            return Err(Errno::NXIO);
        };
        let flags = flags::READ | OFlags::NOFOLLOW;
        let opened = openat(place.trail.directory()?, &*last, flags, Mode::empty());
        let file = opened.map_err(|errno| match errno {
            // The file has become a link since it was looked at.
            Errno::LOOP | Errno::MLINK => Errno::AGAIN,
            errno => errno,
        })?;
        Ok((file, place.trail.path_of(&last)))
    })
}

/// The status of whatever `name` stands for beneath `root`.
pub(super) fn status(root: BorrowedFd<'_>, name: &[u8]) -> Result<Stat, Errno> {
    until_settled(|| Ok(find(root, name)?.stat))
}

/// What a name stands for, all links followed.
struct Place<'a> {
    trail: Trail<'a>,
    /// The name in the trail's directory; `None` for that directory itself.
    last: Option<Vec<u8>>,
    stat: Stat,
}

/// Finds what `name` stands for; `EAGAIN` where something was replaced while it
/// was looked at.
fn find<'a>(root: BorrowedFd<'a>, name: &[u8]) -> Result<Place<'a>, Errno> {
    let mut trail = Trail::new(root);
    let mut rest = Rest::new(relative(name)?);
    let mut links_left = MAX_LINKS;
    while let Some(Component { name, is_last }) = rest.next() {
        if name == b"." || name == b".." {
            step_on_dots(&mut trail, &name)?;
            continue;
        }
        let target = if is_last {
            let directory = trail.directory()?;
            let stat = statat(directory, &*name, AtFlags::SYMLINK_NOFOLLOW)?;
            if !FileType::from_raw_mode(stat.st_mode).is_symlink() {
                let last = Some(name);
                return Ok(Place { trail, last, stat });
            }
            read_link(directory, &name)?.ok_or(Errno::AGAIN)?
        } else {
            match enter(&mut trail, &name)? {
                Some(target) => target,
                None => continue,
            }
        };
        links_left = links_left.checked_sub(1).ok_or(Errno::LOOP)?;
        rest.put_before(relative(&target)?);
    }
    let stat = fstat(trail.directory()?)?;
    let last = None;
    Ok(Place { trail, last, stat })
}

/// Steps on `.` or `..`. As for any other name, the current directory has to
/// permit a search.
fn step_on_dots(trail: &mut Trail<'_>, dots: &[u8]) -> Result<(), Errno> {
    statat(trail.directory()?, ".", AtFlags::empty())?;
    if dots == b".." && !trail.leave() {
        return Err(Errno::XDEV);
    }
    Ok(())
}

/// Enters the directory `name`; gives the target where it is a link instead.
fn enter(trail: &mut Trail<'_>, name: &[u8]) -> Result<Option<Vec<u8>>, Errno> {
    match trail.enter(name) {
        Ok(()) => return Ok(None),
        Err(Errno::NOTDIR | Errno::LOOP | Errno::MLINK) => {}
        Err(errno) => return Err(errno),
    }
    let directory = trail.directory()?;
    if let Some(target) = read_link(directory, name)? {
        return Ok(Some(target));
    }
    // Neither a directory nor a link, unless it takes turns being either.
    let stat = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory | FileType::Symlink => Err(Errno::AGAIN),
        _ => Err(Errno::NOTDIR),
    }
}

/// A link's target; `None` where `name` is not a link, or where it is empty and the directory
/// is none itself.
pub(super) fn read_link(directory: BorrowedFd<'_>, name: &[u8]) -> Result<Option<Vec<u8>>, Errno> {
    match readlinkat(directory, name, Vec::new()) {
        Ok(target) => Ok(Some(target.into_bytes())),
        Err(Errno::INVAL) => Ok(None),
        Err(Errno::NOENT) if name.is_empty() => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Lets only relative paths pass.
fn relative(path: &[u8]) -> Result<&[u8], Errno> {
    match path.first() {
        None => Err(Errno::NOENT),
        Some(b'/') => Err(Errno::XDEV),
        Some(_) => Ok(path),
    }
}

/// One name of a path.
struct Component {
    name: Vec<u8>,
    /// Whether nothing follows, not even a slash.
    is_last: bool,
}

/// What is left of a path to walk.
struct Rest {
    path: Vec<u8>,
    start: usize,
}

impl Rest {
    fn new(path: &[u8]) -> Self {
        let path = path.to_vec();
        Self { path, start: 0 }
    }

    fn next(&mut self) -> Option<Component> {
        let left = &self.path[self.start..];
        let begin = left.iter().position(|&byte| byte != b'/')?;
        let left = &left[begin..];
        let len = left.iter().position(|&byte| byte == b'/');
        let name = left[..len.unwrap_or(left.len())].to_vec();
        self.start += begin + name.len();
        let is_last = len.is_none();
        Some(Component { name, is_last })
    }

    /// Replaces the link that `next` gave last by its target.
    fn put_before(&mut self, target: &[u8]) {
        self.path = [target, &self.path[self.start..]].concat();
        self.start = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart_at_slashes() {
        for (path, names) in [
            ("a", "a."),
            ("a/", "a/"),
            ("a//b", "a/ b."),
            ("./../a//", "./ ../ a/"),
            ("..", "..."),
            ("", ""),
            ("//", ""),
        ] {
            let mut rest = Rest::new(path.as_bytes());
            let components = std::iter::from_fn(|| rest.next()).map(|component| {
                let end = if component.is_last { "." } else { "/" };
                String::from_utf8(component.name).unwrap() + end
            });
            assert_eq!(components.collect::<Vec<_>>().join(" "), names, "{path:?}");
        }
    }

    #[test]
    fn a_target_takes_the_place_of_its_link() {
        let mut rest = Rest::new(b"link/x");
        rest.next();
        rest.put_before(b"a/b");
        let names = std::iter::from_fn(|| rest.next()).map(|component| component.name);
        assert_eq!(names.collect::<Vec<_>>(), [b"a", b"b", b"x"]);
    }
}
