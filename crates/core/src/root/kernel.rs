//! Resolution by the kernel: `openat2`, which Linux has since 5.6.

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::{Containment, Resolver, flags};

/// The kernel's resolver, and whether it is to be asked.
#[derive(Debug)]
pub(super) struct Kernel {
    /// Cleared for good when the kernel turns out not to have it. Threads may
    /// find out at the same time: all of them store the same value, and nothing
    /// else hangs on it.
    available: AtomicBool,
}

impl Kernel {
    pub(super) fn new(resolver: Resolver) -> Self {
        Self {
            available: AtomicBool::new(resolver == Resolver::Kernel),
        }
    }

    /// Opens whatever `name` stands for beneath `root` as a place, following links that stay
    /// there; `EXDEV` where the name leads out. `None` where the kernel cannot tell, and the
    /// name has to be walked.
    pub(super) fn find(&self, root: BorrowedFd<'_>, name: &[u8]) -> Option<Result<OwnedFd, Errno>> {
        self.ask(|| open_beneath(root, name))
    }

    /// Opens what `name` stands for: `ELOOP` where a link is on the way, and `EXDEV` where it
    /// leads out of the `root` that it is to stay beneath. `None` where the kernel cannot tell.
    pub(super) fn open_without_links(
        &self,
        root: BorrowedFd<'_>,
        name: &[u8],
        containment: Containment,
        flags: OFlags,
    ) -> Option<Result<OwnedFd, Errno>> {
        self.ask(|| open_without_links(root, name, containment, flags))
    }

    fn ask(
        &self,
        attempt: impl FnOnce() -> Result<OwnedFd, Errno>,
    ) -> Option<Result<OwnedFd, Errno>> {
        if !self.available.load(Ordering::Relaxed) {
            return None;
        }
        match attempt() {
            // EPERM: a sandbox that does not know the call. Should it be the
            // file's own answer, then the walk gets it too.
            Err(Errno::NOSYS | Errno::PERM) => {
                self.available.store(false, Ordering::Relaxed);
                None
            }
            // The kernel gives up on `..` when anything is renamed or mounted
            // meanwhile, anywhere. The walk does not need it to stand still.
            Err(Errno::AGAIN) => None,
            result => Some(result),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn open_beneath(root: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    use rustix::fs::{Mode, ResolveFlags, openat2};
    // Magic links are those of /proc, which are no paths.
    let resolve = ResolveFlags::BENEATH.union(ResolveFlags::NO_MAGICLINKS);
    super::until_settled(|| openat2(root, name, flags::PLACE, Mode::empty(), resolve))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn open_without_links(
    root: BorrowedFd<'_>,
    name: &[u8],
    containment: Containment,
    flags: OFlags,
) -> Result<OwnedFd, Errno> {
    use rustix::fs::{Mode, ResolveFlags, openat2};
    let resolve = match containment {
        Containment::Beneath => ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS),
        Containment::Anywhere => ResolveFlags::NO_SYMLINKS,
    };
    super::until_settled(|| openat2(root, name, flags, Mode::empty(), resolve))
}

/// Whether a place is on the file system whose links may be no paths; also where that is not
/// known.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn is_on_proc(place: BorrowedFd<'_>) -> bool {
    use rustix::fs::{PROC_SUPER_MAGIC, fstatfs};
    fstatfs(place).map_or(true, |system| system.f_type == PROC_SUPER_MAGIC)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn is_on_proc(_: BorrowedFd<'_>) -> bool {
    false
}

/// Whether a path leads through a link of /proc that is no path, to what a process has open.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn is_magic(path: &[u8]) -> bool {
    use rustix::fs::{CWD, Mode, ResolveFlags, openat2};
    let found = openat2(
        CWD,
        path,
        flags::PLACE,
        Mode::empty(),
        ResolveFlags::NO_MAGICLINKS,
    );
    matches!(found, Err(Errno::LOOP))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn is_magic(_: &[u8]) -> bool {
    false
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn open_beneath(_: BorrowedFd<'_>, _: &[u8]) -> Result<OwnedFd, Errno> {
    Err(Errno::NOSYS)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn open_without_links(
    _: BorrowedFd<'_>,
    _: &[u8],
    _: Containment,
    _: OFlags,
) -> Result<OwnedFd, Errno> {
    Err(Errno::NOSYS)
}
