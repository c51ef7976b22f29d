//! Making a manifest of a directory.

use std::fs::File;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Instant;

use smallvec::smallvec;

use crate::algorithm::Algorithm;
use crate::cancel::Cancel;
use crate::digest::{Digest, Kind};
use crate::engine::{Event, Plan, Step, Worker, run};
use crate::error::{Error, ErrorKind};
use crate::exclude::Exclude;
use crate::file::FileError;
use crate::hash::Hasher;
use crate::hashing::{Hashed, Job, Work, hash_files};
use crate::listing::{files_of, passed_over};
use crate::locate::open_anywhere;
use crate::manifest::{self, Entry, Format, Line};
use crate::report::{Outcome, Report, Verdict, VerdictKind};
use crate::root::{Containment, LeftOut, OpenError};
use crate::verify::open_root;

/// How a manifest is made.
#[derive(Clone, Debug)]
pub struct CreateOptions {
    /// The algorithm of every digest.
    pub algorithm: Algorithm,
    /// The manifest's format.
    pub format: Format,
    /// Lines end with NUL, and no name is escaped.
    pub zero: bool,
    /// Files are refused that show the signs of a [collision attack](Verdict::Collision),
    /// where the algorithm is SHA-1. It is several times slower then.
    pub detect_collisions: bool,
    /// Files to leave out.
    pub exclude: Exclude,
    /// How many threads read files; otherwise one a processor, and more while these wait for
    /// a disk.
    pub threads: Option<NonZeroUsize>,
}

/// How much of a file is read at a time where but one is hashed.
const BUFFER_LEN: usize = 128 * 1024;

/// How much of a manifest is flushed to the disk between two looks at whether to go on.
const FLUSH_LEN: usize = 4 << 20;

/// Hashes every regular file below `root` and writes the manifest of them, sorted by
/// name. The manifest itself is not listed.
///
/// What is no regular file is passed over: its outcome is skipped.
///
/// It is written only if there is a file and every one could be hashed, that is if the
/// report is [`ok`](Report::ok): first to a temporary file beside it, which takes its place when
/// it is safely on the disk. Otherwise what was there before stays as it was.
///
/// # Errors
/// Where the root cannot be read, or the manifest cannot be written. A file that
/// cannot be read is an [`Outcome`] and no error.
pub fn create(
    root: &Path,
    manifest: &Path,
    options: &CreateOptions,
    cancel: &Cancel,
    mut observe: impl FnMut(Event<'_, Outcome>) -> ControlFlow<()>,
) -> Result<Report, Error> {
    let start = Instant::now();
    let root_name = root.as_os_str().as_bytes();
    let manifest_name = manifest.as_os_str().as_bytes();
    let directory = open_root(root_name)?;
    let own = open_anywhere(manifest_name).ok();
    let own = own.as_ref().map(|(_file, status)| (manifest_name, status));
    let files = files_of(&directory, own, &options.exclude, cancel)
        .map_err(|error| Error::new(root_name, ErrorKind::Root(error)))?;
    let plan = Plan {
        name: &|item| files.names[item].clone(),
        len: files.names.len(),
        order: None,
        bytes_total: None,
    };
    let list = List {
        names: &files.names,
        algorithm: options.algorithm,
    };
    let live = |worker: &mut Worker<'_, Outcome>| {
        hash_files(
            &directory,
            Containment::Beneath,
            options.detect_collisions,
            &list,
            worker,
        );
    };
    let done = run(&plan, options.threads, cancel, live, |step| match step {
        Step::Done(item, outcome) => observe(Event::Done(item, outcome)),
        Step::Progress(progress) => observe(Event::Progress(progress)),
    });
    let mut cancelled = done.cancelled || cancel.is_requested();
    let mut outcomes = done.into_results();
    for outcome in files.left_out.into_iter().map(left_out) {
        let event = Event::Done(outcomes.len(), &outcome);
        cancelled = cancelled || observe(event).is_break();
        outcomes.push(outcome);
    }
    // Stable, since that is quick where almost all are in order.
    outcomes.sort_by(|a, b| a.name.cmp(&b.name));
    for (line, outcome) in (1..).zip(&mut outcomes) {
        outcome.line = line;
    }
    let mut report = Report {
        root: root_name.to_vec(),
        manifest: manifest_name.to_vec(),
        cancelled,
        outcomes,
        extra: Vec::new(),
        lenient: false,
        elapsed: start.elapsed(),
    };
    if report.ok() {
        let entries = entries_of(&report);
        let written = write_until(cancel, manifest, &entries, options.format, options.zero)?;
        report.cancelled = written.is_none();
    }
    report.elapsed = start.elapsed();
    Ok(report)
}

/// Writes a manifest in place of what may be there, all or nothing.
///
/// # Errors
/// Where the format can't state an entry, the name states another algorithm than the
/// digests have, or the file can't be written.
pub fn write_manifest(
    path: &Path,
    entries: &[Entry],
    format: Format,
    zero: bool,
) -> Result<(), Error> {
    // Nobody raises this flag, so it is written.
    write_until(&Cancel::default(), path, entries, format, zero).map(|_written| ())
}

/// [`write_manifest`], unless `cancel` is raised before the file has its new content: then
/// `None`.
fn write_until(
    cancel: &Cancel,
    path: &Path,
    entries: &[Entry],
    format: Format,
    zero: bool,
) -> Result<Option<()>, Error> {
    let error = |kind| Error::new(path.as_os_str().as_bytes(), kind);
    let text = manifest::write(format, entries, zero)
        .map_err(|failure| error(ErrorKind::Unwritable(failure)))?;
    let reads_back = reads_back(cancel, path, &text, entries, format, zero);
    if cancel.is_requested() {
        return Ok(None);
    }
    if !reads_back {
        return Err(error(ErrorKind::Misnamed));
    }
    replace(cancel, path, &text).map_err(|failure| error(ErrorKind::Write(failure)))
}

/// Whether a reader who goes by the manifest's name finds these digests, or at least is
/// not led astray by the name.
fn reads_back(
    cancel: &Cancel,
    path: &Path,
    text: &[u8],
    entries: &[Entry],
    format: Format,
    zero: bool,
) -> bool {
    let read_as = |file_name| {
        let options = manifest::Options {
            file_name,
            format: Some(format),
            algorithm: None,
            zero,
            cancel: Some(cancel),
        };
        let lines = manifest::parse(text, &options).map_or(Vec::new(), |read| read.lines);
        let digests = |line: Line| line.content.map(|entry| entry.digests).ok();
        lines.into_iter().map(digests).collect::<Vec<_>>()
    };
    let by_name = read_as(path.file_name().map(OsStrExt::as_bytes));
    let written = entries.iter().map(|entry| Some(&entry.digests));
    by_name.iter().map(Option::as_ref).eq(written) || by_name == read_as(None)
}

/// The digest of one file, wherever it is.
///
/// # Errors
/// Where it is no regular file, or cannot be read.
pub fn hash_file(path: &Path, algorithm: Algorithm) -> Result<Digest, Error> {
    let name = path.as_os_str().as_bytes();
    let read = |file| {
        let mut hasher = Hasher::new(algorithm);
        let mut buffer = vec![0; BUFFER_LEN];
        let mut file = File::from(file);
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(hasher.finish()),
                Ok(count) => hasher.update(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    };
    open_anywhere(name)
        .and_then(|(file, _status)| read(file).map_err(OpenError::Io))
        .map_err(|error| {
            let kind = match error {
                OpenError::Io(error) => ErrorKind::File(error),
                OpenError::Refused(refusal) => ErrorKind::Refused(refusal),
            };
            Error::new(name, kind)
        })
}

/// The files to be listed, as work.
struct List<'a> {
    names: &'a [Vec<u8>],
    algorithm: Algorithm,
}

impl Work for List<'_> {
    type Result = Outcome;

    fn start(&self, item: usize, _worker: &mut Worker<'_, Outcome>) -> Option<Job<'_>> {
        Some(Job {
            name: &self.names[item],
            kinds: smallvec![Kind::usual(self.algorithm)],
        })
    }

    fn finish(
        &self,
        item: usize,
        hashed: &Result<Hashed, FileError>,
        size: u64,
        worker: &mut Worker<'_, Outcome>,
    ) {
        let (expected, verdict) = match hashed {
            Ok(hashed) if hashed.shows_collision => (None, Verdict::Collision),
            Ok(hashed) => (hashed.digests.first().copied(), Verdict::Ok),
            Err(error) => (None, error.verdict()),
        };
        let outcome = Outcome {
            line: 0,
            name: self.names[item].clone(),
            expected,
            size,
            verdict,
        };
        worker.put(item, outcome);
    }
}

/// What becomes of what is no regular file.
fn left_out(left_out: LeftOut) -> Outcome {
    let verdict = passed_over(left_out.reason).map_or_else(Verdict::Unreadable, Verdict::Skipped);
    Outcome {
        line: 0,
        name: left_out.name,
        expected: None,
        size: 0,
        verdict,
    }
}

fn entries_of(report: &Report) -> Vec<Entry> {
    let hashed = |outcome: &&Outcome| outcome.verdict.kind() == VerdictKind::Ok;
    let outcomes = report.outcomes.iter().filter(hashed);
    outcomes
        .map(|outcome| Entry {
            name: outcome.name.clone(),
            digests: outcome.expected.into_iter().collect(),
            size: Some(outcome.size),
        })
        .collect()
}

/// Puts a file with this content in a path's place: written beside it, flushed to
/// the disk, renamed, and the directory flushed. `None`, and nothing done, where `cancel` is
/// raised before the renaming.
fn replace(cancel: &Cancel, path: &Path, content: &[u8]) -> io::Result<Option<()>> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".checksig-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
        .tempfile_in(directory)
        // Without the temporary file's name, which tells nobody anything.
        .map_err(|error| io::Error::from(error.kind()))?;
    for piece in content.chunks(FLUSH_LEN) {
        file.write_all(piece)?;
        file.as_file().sync_all()?;
        if cancel.is_requested() {
            return Ok(None);
        }
    }
    // Also where there is no content.
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(directory)?.sync_all().map(Some)
}
