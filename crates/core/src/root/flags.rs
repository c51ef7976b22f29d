//! How files and directories are opened.

use rustix::fs::OFlags;

/// For reading. Opening a FIFO waits for nobody, a terminal does not become the
/// process's own, and no program that the process starts inherits the file.
pub(super) const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// A place in the tree, whatever stands there. It is not opened: no driver or
/// peer notices, and no permission to read is needed.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) const PLACE: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);

/// The nearest that systems without `O_PATH` have.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) const PLACE: OFlags = READ;

/// A directory to resolve names in.
pub(super) const DIRECTORY: OFlags = PLACE.union(OFlags::DIRECTORY);
