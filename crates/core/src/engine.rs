//! Reads the files that a manifest lists and compares their digests.

use std::io;
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread;
use std::time::Instant;

use rayon::prelude::*;
use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::{Errno, read};
use sha1::{Digest as _, Sha1};

use crate::digest::Digest;
use crate::error::{Error, ErrorKind};
use crate::manifest::{self, Entry, Line};
use crate::open::{OpenError, open_regular};
use crate::report::{Outcome, Report, Verdict, join};

/// The manifest that [`verify`] reads in the root directory.
pub const MANIFEST_NAME: &str = "sha1sum.txt";

/// How much of a file is read at a time: large enough that system calls do not
/// count, small enough to stay in the second-level cache.
const BUFFER_LEN: usize = 128 * 1024;

/// Checks every file that `root/sha1sum.txt` lists against its SHA-1 digest.
///
/// Files are read in parallel by `threads` threads (all processors where
/// `None`); the outcomes come in manifest order. The threads live only inside
/// the call, so it works in a child after `fork` and leaves nothing behind.
/// Memory: the manifest, about 100 bytes a line, and 128 KiB a thread.
///
/// # Errors
/// Where the root or the manifest cannot be read. A listed file that cannot be
/// read, and a malformed line, is an [`Outcome`] and no error.
pub fn verify(root: &Path, threads: Option<NonZeroUsize>) -> Result<Report, Error> {
    let start = Instant::now();
    let root_name = root.as_os_str().as_bytes();
    let directory = open_root(root_name)?;
    let lines = read_manifest(&directory, root_name)?;
    let outcomes = check_lines(&directory, lines, threads);
    Ok(Report::new(
        root_name,
        MANIFEST_NAME.as_bytes(),
        outcomes,
        start.elapsed(),
    ))
}

fn open_root(root: &[u8]) -> Result<OwnedFd, Error> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, root, flags, Mode::empty())
        .map_err(|errno| Error::new(root, ErrorKind::Root(errno.into())))
}

fn read_manifest(directory: &OwnedFd, root: &[u8]) -> Result<Vec<Line>, Error> {
    let name = MANIFEST_NAME.as_bytes();
    let text = open_regular(directory, name)
        .and_then(|file| {
            let mut text = Vec::new();
            let mut buffer = vec![0; BUFFER_LEN];
            read_all(file, &mut buffer, |piece| text.extend_from_slice(piece))?;
            Ok(text)
        })
        .map_err(|error| match error {
            OpenError::Io(error) => ErrorKind::Manifest(error),
            OpenError::Refused(refusal) => ErrorKind::NotAFile(refusal),
        });
    text.and_then(|text| manifest::parse(&text).map_err(ErrorKind::Encoding))
        .map_err(|kind| Error::new(&join(root, name), kind))
}

/// The outcome of every line, in order. Where the system grants no more threads
/// the calling one does the work.
fn check_lines(
    directory: &OwnedFd,
    lines: Vec<Line>,
    threads: Option<NonZeroUsize>,
) -> Vec<Outcome> {
    let threads = threads
        .or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get)
        .min(lines.len());
    let new_buffer = || vec![0; BUFFER_LEN];
    let check = |buffer: &mut Vec<u8>, line: &Line| check_line(directory, line, buffer);
    let in_parallel = || lines.par_iter().map_init(new_buffer, check).collect();
    let outcomes = (threads > 1).then(|| with_pool(threads, in_parallel));
    match outcomes {
        Some(Ok(outcomes)) => outcomes,
        Some(Err(_)) | None => {
            let mut buffer = new_buffer();
            let in_turn = lines.iter().map(|line| check(&mut buffer, line));
            in_turn.collect()
        }
    }
}

/// Runs `work` on a pool of its own, whose threads have ended when this returns.
///
/// So no thread of it can be missing in a forked child, and none is left in the
/// caller's process. Rayon's own scoped pools wait for their threads' work alone,
/// and not for the threads to end.
fn with_pool<T: Send>(
    threads: usize,
    work: impl FnOnce() -> T + Send,
) -> Result<T, ThreadPoolBuildError> {
    thread::scope(|scope| {
        let mut workers = Vec::with_capacity(threads);
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .spawn_handler(|worker| {
                let name = format!("checksig-{}", worker.index());
                let builder = thread::Builder::new().name(name);
                workers.push(builder.spawn_scoped(scope, || worker.run())?);
                Ok(())
            })
            .build()?;
        let result = pool.install(work);
        drop(pool);
        for worker in workers {
            // A panic of a worker has been passed on by `install`.
            let _ = worker.join();
        }
        Ok(result)
    })
}

fn check_line(directory: impl AsFd, line: &Line, buffer: &mut [u8]) -> Outcome {
    match &line.content {
        Ok(entry) => check_entry(directory, line.number, entry, buffer),
        Err(error) => Outcome {
            line: line.number,
            name: Vec::new(),
            expected: None,
            bytes: 0,
            verdict: Verdict::Malformed(*error),
        },
    }
}

fn check_entry(directory: impl AsFd, line: u64, entry: &Entry, buffer: &mut [u8]) -> Outcome {
    let mut bytes = 0;
    let verdict = match hash_file(directory, &entry.name, buffer, &mut bytes) {
        Ok(digest) if digest == entry.digest => Verdict::Ok,
        Ok(digest) => Verdict::Mismatch(digest),
        Err(OpenError::Refused(refusal)) => Verdict::Refused(refusal),
        Err(OpenError::Io(error)) if error.kind() == io::ErrorKind::NotFound => Verdict::Missing,
        Err(OpenError::Io(error)) => Verdict::Unreadable(error),
    };
    Outcome {
        line,
        name: entry.name.clone(),
        expected: Some(entry.digest),
        bytes,
        verdict,
    }
}

/// The digest of a file; `bytes` counts what was read, also before an error.
fn hash_file(
    directory: impl AsFd,
    name: &[u8],
    buffer: &mut [u8],
    bytes: &mut u64,
) -> Result<Digest, OpenError> {
    let file = open_regular(directory, name)?;
    let mut hasher = Sha1::new();
    read_all(file, buffer, |piece| {
        hasher.update(piece);
        *bytes += piece.len() as u64;
    })?;
    let digest: [u8; Digest::LEN] = hasher.finalize().into();
    Ok(digest.into())
}

/// Hands a file's content to `take`, piece by piece, to its end.
fn read_all(file: OwnedFd, buffer: &mut [u8], mut take: impl FnMut(&[u8])) -> Result<(), Errno> {
    loop {
        match read(&file, &mut *buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => take(&buffer[..count]),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}
