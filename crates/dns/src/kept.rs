//! Files that are read again only when they were changed.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// What was made of the file that was read last.
///
/// Nobody waits for another thread: who finds it in use reads for themselves. So it does no
/// harm either if a process forks meanwhile.
pub(crate) struct Kept<T>(Mutex<Option<Reading<T>>>);

struct Reading<T> {
    path: PathBuf,
    stamp: Stamp,
    made: Arc<T>,
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// A file may change twice within one tick of its file system's clock: only a state that has
/// lasted this long is known by its times.
const SETTLED: Duration = Duration::from_secs(2);

impl<T> Kept<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// What `make` makes, or has made, of the content that the file has now.
    pub(crate) fn read(&self, path: &Path, make: impl FnOnce(&[u8]) -> T) -> io::Result<Arc<T>> {
        // Before the file is read: what is written to it then counts as a change.
        let stamp = Stamp::of(&std::fs::metadata(path)?);
        if let Some(made) = stamp.and_then(|stamp| self.of(path, stamp)) {
            return Ok(made);
        }
        let made = Arc::new(make(&std::fs::read(path)?));
        if let (Some(stamp), Ok(mut kept)) = (stamp, self.0.try_lock()) {
            *kept = Some(Reading {
                path: path.to_owned(),
                stamp,
                made: made.clone(),
            });
        }
        Ok(made)
    }

    fn of(&self, path: &Path, stamp: Stamp) -> Option<Arc<T>> {
        let kept = self.0.try_lock().ok()?;
        let reading = kept.as_ref()?;
        let is_same = reading.stamp == stamp && reading.path == path;
        is_same.then(|| reading.made.clone())
    }
}

impl Stamp {
    /// `None` where it does not tell: of what is no regular file, or has no size, such as the
    /// files of /proc, or was changed just now.
    fn of(status: &Metadata) -> Option<Self> {
        let changed = u64::try_from(status.ctime()).ok()?;
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(changed);
        let lasted = SystemTime::now().duration_since(changed).ok()?;
        let tells = status.is_file() && status.size() > 0 && lasted > SETTLED;
        tells.then(|| Self {
            device: status.dev(),
            inode: status.ino(),
            size: status.size(),
            modified: (status.mtime(), status.mtime_nsec()),
            changed: (status.ctime(), status.ctime_nsec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs;

    use super::*;

    /// How often `kept` makes something of these files, read one after the other.
    fn readings(kept: &Kept<Vec<u8>>, paths: &[&Path]) -> usize {
        let count = Cell::new(0);
        for path in paths {
            let make = |bytes: &[u8]| {
                count.set(count.get() + 1);
                bytes.to_vec()
            };
            let made = kept.read(path, make).unwrap();
            assert_eq!(*made, fs::read(path).unwrap(), "{}", path.display());
        }
        count.get()
    }

    #[test]
    fn a_file_is_read_again_where_it_may_be_another() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (old, other) = (folder.join("Cargo.toml"), folder.join("src/kept.rs"));
        let kept = Kept::new();
        assert_eq!(readings(&kept, &[&old, &old, &old]), 1);
        assert_eq!(readings(&kept, &[&other, &other, &old, &old]), 2);
        let status = Path::new("/proc/self/stat");
        if status.exists() {
            let stamp = Stamp::of(&fs::metadata(status).unwrap());
            assert_eq!(stamp, None, "a file without a size");
        }
    }

    #[test]
    fn what_was_changed_just_now_is_not_kept() {
        let path = std::env::temp_dir().join(format!("checksig-kept-{}", std::process::id()));
        let kept = Kept::new();
        for content in ["one", "two", "six"] {
            fs::write(&path, content).unwrap();
            assert_eq!(readings(&kept, &[&path]), 1, "{content}");
        }
        fs::remove_file(&path).unwrap();
        assert!(kept.read(&path, <[u8]>::to_vec).is_err());
    }

    #[test]
    fn nobody_waits_for_a_reading() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let kept = Kept::new();
        let held = kept.0.lock().unwrap();
        assert_eq!(readings(&kept, &[&path, &path]), 2);
        drop(held);
        assert_eq!(readings(&kept, &[&path, &path]), 1);
    }
}
