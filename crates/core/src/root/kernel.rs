//! Resolution by the kernel: `openat2`, which Linux has since 5.6.

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::Resolver;

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

    /// Opens `name` beneath `root`, following links that stay there; `EXDEV`
    /// where the name leads out. `None` where the kernel cannot tell, and the
    /// name has to be walked.
    pub(super) fn open(
        &self,
        root: BorrowedFd<'_>,
        name: &[u8],
        flags: OFlags,
    ) -> Option<Result<OwnedFd, Errno>> {
        if !self.available.load(Ordering::Relaxed) {
            return None;
        }
        match open_beneath(root, name, flags) {
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
fn open_beneath(root: BorrowedFd<'_>, name: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    use rustix::fs::{Mode, ResolveFlags, openat2};
    // Magic links are those of /proc, which are no paths.
    let resolve = ResolveFlags::BENEATH.union(ResolveFlags::NO_MAGICLINKS);
    super::until_settled(|| openat2(root, name, flags, Mode::empty(), resolve))
}

/// Whether a path leads through a link of /proc that is no path, to what a process has open.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn is_magic(path: &[u8]) -> bool {
    use rustix::fs::{CWD, Mode, ResolveFlags, openat2};
    let place = super::flags::PLACE;
    let found = openat2(CWD, path, place, Mode::empty(), ResolveFlags::NO_MAGICLINKS);
    matches!(found, Err(Errno::LOOP))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn is_magic(_: &[u8]) -> bool {
    false
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn open_beneath(_: BorrowedFd<'_>, _: &[u8], _: OFlags) -> Result<OwnedFd, Errno> {
    Err(Errno::NOSYS)
}
