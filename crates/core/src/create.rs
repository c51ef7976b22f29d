//! Making a manifest of a directory.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::ops::{ControlFlow, Range};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Instant;

use smallvec::smallvec;

use crate::algorithm::Algorithm;
use crate::cancel::Cancel;
use crate::digest::{Digest, Kind};
use crate::engine::{End, Event, Plan, Step, Worker, run};
use crate::error::{Error, ErrorKind};
use crate::exclude::Exclude;
use crate::file::FileError;
use crate::findings::{Finding, Findings};
use crate::hash::Hasher;
use crate::hashing::{Hashed, Job, Work, hash_files};
use crate::lines::Lines;
use crate::listing::{each_file, passed_over};
use crate::locate::open_anywhere;
use crate::manifest::{Entry, Format};
use crate::report::{Outcome, Report, Verdict, VerdictKind};
use crate::root::{Containment, LeftOut, OpenError, Root};
use crate::verify::open_root;
use crate::write::write_until;

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
    let mut names = Lines::default();
    let mut take = |name: Vec<u8>| names.append(&name, None);
    let left_out = each_file(&directory, own, &options.exclude, cancel, &mut take)
        .map_err(|error| Error::new(root_name, ErrorKind::Root(error)))?;
    let (all, end) = hash_all(&directory, &names, options, cancel, &mut observe);
    let mut cancelled = end == End::Early || cancel.is_requested();
    let left_out: Vec<Outcome> = left_out.into_iter().map(outcome_of_left_out).collect();
    for (place, outcome) in (names.len()..).zip(&left_out) {
        cancelled = cancelled || observe(Event::Done(place, outcome)).is_break();
    }
    let (lines, findings) = all.pack(names, left_out);
    let mut report = Report {
        root: root_name.to_vec(),
        manifest: manifest_name.to_vec(),
        cancelled,
        lines,
        findings,
        extra: Vec::new(),
        lenient: false,
        elapsed: start.elapsed(),
    };
    if report.ok() {
        let entries = entries_of(&report);
        let written = write_until(cancel, manifest, entries, options.format, options.zero)?;
        report.cancelled = written.is_none();
    }
    report.elapsed = start.elapsed();
    Ok(report)
}

/// Reads the files of these names.
fn hash_all(
    directory: &Root,
    names: &Lines,
    options: &CreateOptions,
    cancel: &Cancel,
    observe: &mut dyn FnMut(Event<'_, Outcome>) -> ControlFlow<()>,
) -> (AllMade, End) {
    let plan = Plan {
        name: &|item| names.name(item).unwrap_or_default(),
        len: names.len(),
        order: None,
        bytes_total: None,
    };
    let list = List {
        names,
        algorithm: options.algorithm,
    };
    let live = |worker: &mut Worker<'_, Made>| {
        let detects = options.detect_collisions;
        hash_files(directory, Containment::Beneath, detects, &list, worker);
    };
    let mut all = AllMade::of(names.len(), options.algorithm);
    let end = run(&plan, options.threads, cancel, live, |step| match step {
        Step::Done(item, made) => {
            let outcome = made.outcome(names.name(item).unwrap_or_default());
            all.put(item, made);
            observe(Event::Done(item, &outcome))
        }
        Step::Late(item, made) => {
            all.put(item, made);
            ControlFlow::Continue(())
        }
        Step::Progress(progress) => observe(Event::Progress(progress)),
    });
    (all, end)
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
    names: &'a Lines,
    algorithm: Algorithm,
}

impl Work for List<'_> {
    type Result = Made;
    type Task = ();

    fn start(&self, item: usize, _worker: &mut Worker<'_, Made>) -> Option<Job<()>> {
        Some(Job {
            name: self.names.name(item)?,
            kinds: smallvec![Kind::usual(self.algorithm)],
            task: (),
        })
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

impl Made {
    /// What is said of the file.
    fn outcome(&self, name: Vec<u8>) -> Outcome {
        let finding = self.finding.clone();
        Outcome {
            line: 0,
            name,
            expected: self.digest,
            size: finding.size,
            verdict: finding.verdict,
        }
    }
}

/// What was made of all files, by place.
struct AllMade {
    algorithm: Algorithm,
    /// The digests, one after the other.
    digests: Vec<u8>,
    findings: Findings,
}

impl AllMade {
    fn of(files: usize, algorithm: Algorithm) -> Self {
        Self {
            algorithm,
            digests: Vec::with_capacity(files * algorithm.digest_len()),
            findings: Findings::of(files),
        }
    }

    fn put(&mut self, place: usize, made: Made) {
        self.findings.put(place, made.finding);
        if let Some(digest) = made.digest {
            let at = self.at(place);
            if self.digests.len() < at.end {
                self.digests.resize(at.end, 0);
            }
            self.digests[at].copy_from_slice(digest.as_bytes());
        }
    }

    /// Where a digest is.
    fn at(&self, place: usize) -> Range<usize> {
        let len = self.algorithm.digest_len();
        place * len..(place + 1) * len
    }

    /// What a report has of the files with these names and of what is no regular file, both
    /// sorted: all sorted by name. Takes the names, so that they are not in memory afterwards.
    fn pack(self, names: Lines, left_out: Vec<Outcome>) -> (Lines, Findings) {
        let (mut lines, mut findings) = (Lines::default(), Findings::of(names.len()));
        let mut add = |name: &[u8], digest: Option<&Digest>, finding| {
            findings.put(lines.len(), finding);
            lines.append(name, digest);
        };
        let mut left_out = left_out.into_iter().peekable();
        // After a run that was cancelled there may be no more findings long before the last name.
        let (enough, mut left) = (Cancel::default(), self.findings.len());
        names.each_name(&enough, |place, name| {
            if left == 0 {
                enough.request();
                return;
            }
            while let Some(outcome) = left_out.next_if(|outcome| outcome.name[..] < *name) {
                add(&outcome.name, None, Finding::unread(outcome.verdict));
            }
            if let Some(finding) = self.findings.get(place) {
                let is_ok = finding.verdict.kind() == VerdictKind::Ok;
                let digest = || Digest::of(self.algorithm, &self.digests[self.at(place)]);
                add(name, is_ok.then(digest).as_ref(), finding);
                left -= 1;
            }
        });
        for outcome in left_out {
            add(&outcome.name, None, Finding::unread(outcome.verdict));
        }
        (lines, findings)
    }
}

/// What becomes of what is no regular file.
fn outcome_of_left_out(left_out: LeftOut) -> Outcome {
    let verdict = passed_over(left_out.reason).map_or_else(Verdict::Unreadable, Verdict::Skipped);
    Outcome {
        line: 0,
        name: left_out.name,
        expected: None,
        size: 0,
        verdict,
    }
}

/// The entries of the files that were hashed.
fn entries_of(report: &Report) -> impl Iterator<Item = Entry> {
    let hashed = |outcome: &Outcome| outcome.verdict.kind() == VerdictKind::Ok;
    let outcomes = report.outcomes().filter(hashed);
    outcomes.map(|outcome| Entry {
        name: outcome.name,
        digests: outcome.expected.into_iter().collect(),
        size: Some(outcome.size),
    })
}
