//! Resolution of links one after the other, each by the kernel.
//!
//! The text of a link takes its place in the path, until the kernel meets none. So a file is
//! told by the very path that it was opened by, whatever is renamed meanwhile.

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::kernel::{Kernel, is_on_proc};
use super::path::{has_inner_parent, without_parents};
use super::walk::{MAX_LINKS, read_link};
use super::{Containment, flags};

/// Opens `name` for reading, and gives the path that it was opened by: without links, from the
/// root or absolute. `EXDEV` where it leads out of the root that it is to stay beneath.
///
/// `None` where the kernel cannot tell, or where a link of `/proc` is on the way, which may be
/// no path.
pub(super) fn open(
    kernel: &Kernel,
    root: BorrowedFd<'_>,
    name: &[u8],
    containment: Containment,
) -> Option<Result<(OwnedFd, Vec<u8>), Errno>> {
    let resolution = Resolution {
        kernel,
        root,
        containment,
    };
    let mut path = name.to_vec();
    for _ in 0..=MAX_LINKS {
        match resolution.open(&path, flags::READ)? {
            // Only beneath a root the kernel sees to it that nothing is renamed at `..`.
            Ok(_) if containment == Containment::Anywhere && has_inner_parent(&path) => {
                path = without_parents(&path);
                if path.is_empty() {
                    path.push(b'.');
                }
            }
            Err(Errno::LOOP) => match resolution.expand(&path)? {
                Ok(expanded) => path = expanded,
                Err(errno) => return Some(Err(errno)),
            },
            opened => return Some(opened.map(|file| (file, path))),
        }
    }
    Some(Err(Errno::LOOP))
}

/// What is the same for every step of a resolution.
struct Resolution<'a> {
    kernel: &'a Kernel,
    root: BorrowedFd<'a>,
    containment: Containment,
}

impl Resolution<'_> {
    fn open(&self, path: &[u8], flags: OFlags) -> Option<Result<OwnedFd, Errno>> {
        let (root, containment) = (self.root, self.containment);
        self.kernel
            .open_without_links(root, path, containment, flags)
    }

    /// The path with its first link replaced by the target; the path as it is where there is
    /// none any more.
    fn expand(&self, path: &[u8]) -> Option<Result<Vec<u8>, Errno>> {
        for end in ends(path) {
            let place = match self.open(&path[..end], flags::PLACE | OFlags::NOFOLLOW)? {
                Ok(place) => place,
                // Something before it has become a link.
                Err(Errno::LOOP) => break,
                Err(errno) => return Some(Err(errno)),
            };
            match read_link(place.as_fd(), b"") {
                Ok(None) => {}
                Ok(Some(_)) if is_on_proc(place.as_fd()) => return None,
                Ok(Some(target)) => return Some(self.put(path, end, &target)),
                Err(errno) => return Some(Err(errno)),
            }
        }
        Some(Ok(path.to_vec()))
    }

    /// The path with the target of the link that ends at `end`.
    fn put(&self, path: &[u8], end: usize, target: &[u8]) -> Result<Vec<u8>, Errno> {
        let rest = &path[end..];
        if !target.starts_with(b"/") {
            let start = path[..end].iter().rposition(|&byte| byte == b'/');
            let parent = &path[..start.map_or(0, |slash| slash + 1)];
            return Ok([parent, target, rest].concat());
        }
        match self.containment {
            Containment::Beneath => Err(Errno::XDEV),
            Containment::Anywhere => Ok([target, rest].concat()),
        }
    }
}

/// Where the names in a path end.
fn ends(path: &[u8]) -> impl Iterator<Item = usize> {
    (1..=path.len()).filter(|&end| {
        let is_slash = |place: usize| path.get(place) == Some(&b'/');
        !is_slash(end - 1) && (end == path.len() || is_slash(end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_an_end_for_each_name() {
        for (path, expected) in [
            ("a", &[1][..]),
            ("ab/c", &[2, 4]),
            ("/a//b/", &[2, 5]),
            ("../a", &[2, 4]),
            ("/", &[]),
        ] {
            assert_eq!(ends(path.as_bytes()).collect::<Vec<_>>(), expected);
        }
    }
}
