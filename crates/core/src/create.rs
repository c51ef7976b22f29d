//! Making a manifest of a directory.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Instant;

use smallvec::smallvec;

use crate::algorithm::Algorithm;
use crate::cancel::Cancel;
use crate::digest::{Digest, DigestList, Kind};
use crate::engine::{End, Event, Plan, Step, Worker, run};
use crate::error::{Error, ErrorKind};
use crate::exclude::Exclude;
use crate::file::FileError;
use crate::findings::{Finding, Findings};
use crate::hash::Hasher;
use crate::hashing::{Hashed, Job, Work, hash_files};
use crate::listing::{Contents, Own, PassedOver};
use crate::manifest::{Entry, Format};
use crate::report::{Outcome, Report, Verdict};
use crate::root::{Containment, OpenError, Root, open_named};
use crate::verify::open_root;
use crate::write::{require_writable, write_until};

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
    /// The observer is told of the progress alone, not of each outcome as it comes.
    pub progress_only: bool,
}

/// How much of a file is read at a time where but one is hashed.
const BUFFER_LEN: usize = 128 * 1024;

/// Hashes every regular file below `root` and writes the manifest of them, sorted by
/// name. The manifest itself is not listed, and no link to it.
///
/// What is no regular file is passed over: its outcome is skipped.
///
/// It is written only if there is a file and every one could be hashed, that is if the
/// report is [`ok`](Report::ok): first to a temporary file beside it, which takes its place when
/// it is safely on the disk, with the permissions of a file that was there. Otherwise what was
/// there before stays as it was. A link is replaced and not followed; anything else but a
/// regular file is left alone, which is an error.
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
    let CreateOptions {
        algorithm,
        format,
        zero,
        ..
    } = *options;
    require_writable(manifest, algorithm, format, zero)
        .map_err(|kind| Error::new(manifest_name, kind))?;
    let own = Own::to_be(&directory, manifest);
    let contents = Contents::below(&directory, &own, &options.exclude, cancel)
        .map_err(|error| Error::new(root_name, ErrorKind::Root(error)))?;
    let list = List {
        contents,
        algorithm,
    };
    let (made, findings, end) = hash_all(&directory, &list, options, cancel, &mut observe);
    let mut report = Report {
        root: root_name.to_vec(),
        manifest: manifest_name.to_vec(),
        cancelled: end == End::Early || cancel.is_requested(),
        lines: list.contents.into_lines(),
        made: Some(made),
        findings,
        extra: Contents::new(),
        lenient: false,
        elapsed: start.elapsed(),
    };
    if report.ok() {
        let entries = entries_of(&report);
        let written = write_until(cancel, manifest, entries, format, zero)?;
        report.cancelled = written.is_none();
    }
    report.elapsed = start.elapsed();
    Ok(report)
}

/// Reads the files of a list.
fn hash_all(
    directory: &Root,
    list: &List,
    options: &CreateOptions,
    cancel: &Cancel,
    observe: &mut dyn FnMut(Event<'_, Outcome>) -> ControlFlow<()>,
) -> (DigestList, Findings, End) {
    let plan = Plan {
        name: &|item| list.name(item),
        len: list.contents.len(),
        order: None,
        bytes_total: None,
    };
    let live = |worker: &mut Worker<'_, Made>| {
        let detects = options.detect_collisions;
        hash_files(directory, Containment::Beneath, detects, list, worker);
    };
    let mut digests = DigestList::of(options.algorithm, plan.len);
    let mut findings = Findings::of(plan.len);
    let mut put = |item, made: Made| {
        if let Some(digest) = made.digest {
            digests.put(item, &digest);
        }
        findings.put(item, &made.finding);
    };
    let end = run(&plan, options.threads, cancel, live, |step| match step {
        Step::Done(item, made) => {
            let outcome = (!options.progress_only).then(|| list.outcome(item, &made));
            put(item, made);
            outcome.map_or(ControlFlow::Continue(()), |outcome| {
                observe(Event::Done(item, &outcome))
            })
        }
        Step::Late(item, made) => {
            put(item, made);
            ControlFlow::Continue(())
        }
        Step::Progress(progress) => observe(Event::Progress(progress)),
    });
    (digests, findings, end)
}

/// The digest of one file, wherever it is.
///
/// # Errors
/// Where it is no regular file, or cannot be read, or `cancel` was raised meanwhile.
pub fn hash_file(path: &Path, algorithm: Algorithm, cancel: &Cancel) -> Result<Digest, Error> {
    let name = path.as_os_str().as_bytes();
    let opened = open_named(name).map_err(|error| match error {
        OpenError::Io(error) => ErrorKind::File(error),
        OpenError::Refused(refusal) => ErrorKind::Refused(refusal),
    });
    opened
        .and_then(|(file, _status)| hash_opened(file.into(), algorithm, cancel))
        .map_err(|kind| Error::new(name, kind))
}

fn hash_opened(mut file: File, algorithm: Algorithm, cancel: &Cancel) -> Result<Digest, ErrorKind> {
    let mut hasher = Hasher::new(algorithm);
    let mut buffer = vec![0; BUFFER_LEN];
    while !cancel.is_requested() {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ErrorKind::File(error)),
        }
    }
    Err(ErrorKind::Cancelled)
}

/// The files to be listed and what is passed over, as work.
struct List {
    contents: Contents,
    algorithm: Algorithm,
}

impl List {
    /// The work on a file.
    fn job(&self, name: Vec<u8>) -> Job<()> {
        Job {
            name,
            kinds: smallvec![Kind::usual(self.algorithm)],
            task: (),
        }
    }

    /// The name of what is at a place.
    fn name(&self, item: usize) -> Vec<u8> {
        self.contents.get(item).map_or(Vec::new(), |(name, _)| name)
    }

    /// What is said of a file.
    fn outcome(&self, item: usize, made: &Made) -> Outcome {
        let finding = made.finding.clone();
        Outcome {
            line: item as u64 + 1,
            name: self.name(item),
            expected: made.digest,
            size: finding.size,
            verdict: finding.verdict,
        }
    }
}

impl Work for List {
    type Result = Made;
    type Task = ();

    fn start(&self, item: usize, worker: &mut Worker<'_, Made>) -> Option<Job<()>> {
        let left_out = match self.contents.get(item) {
            Ok((name, None)) => return Some(self.job(name)),
            Ok((_, Some(PassedOver::Skip(skip)))) => Verdict::Skipped(skip),
            Ok((_, Some(PassedOver::Error(cause)))) => Verdict::Unreadable(cause.into()),
            Err(error) => Verdict::Unreadable(error),
        };
        let finding = Finding::unread(left_out);
        let digest = None;
        worker.put(item, Made { digest, finding });
        None
    }

    fn finish(
        &self,
        item: usize,
        _job: Job<()>,
        hashed: &Result<Hashed, FileError>,
        size: u64,
        worker: &mut Worker<'_, Made>,
    ) {
        let (digest, verdict) = match hashed {
            Ok(hashed) if hashed.shows_collision => (None, Verdict::Collision),
            Ok(hashed) => (hashed.digests.first().copied(), Verdict::Ok),
            Err(error) => (None, error.verdict()),
        };
        let finding = Finding {
            size,
            ..Finding::unread(verdict)
        };
        worker.put(item, Made { digest, finding });
    }
}

/// What was made of a file.
struct Made {
    /// Its digest, where all is well.
    digest: Option<Digest>,
    finding: Finding,
}

/// The entries of the files that were hashed; an error where one cannot be read again.
fn entries_of(report: &Report) -> impl Iterator<Item = io::Result<Entry>> {
    report
        .outcomes()
        .filter_map(|outcome| match outcome.verdict {
            Verdict::Skipped(_) => None,
            // All were read when the report was good.
            Verdict::Unreadable(error) => Some(Err(error)),
            _ => Some(Ok(Entry {
                name: outcome.name,
                digests: outcome.expected.into_iter().collect(),
                size: Some(outcome.size),
            })),
        })
}
