//! Verifying a directory against a checksum manifest.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Instant;

use crate::algorithm::Algorithm;
use crate::cancel::Cancel;
use crate::digest::Digest;
use crate::engine::{Event, Plan, Step, Worker, run};
use crate::error::{Error, ErrorKind};
use crate::exclude::Exclude;
use crate::file::FileError;
use crate::hashing::{Hashed, Job, Kinds, Work, hash_files};
use crate::listing::unlisted;
use crate::locate::{DEFAULT_NAME, Located, ManifestSource, locate};
use crate::manifest::{self, Entry, Format, Line};
use crate::report::{Outcome, Report, Skip, Verdict};
use crate::root::{Containment, Root};
use crate::same::SameFile;

/// Up to so many files the largest are read first, which needs a look at each.
/// With more there is work enough for every thread whatever the order.
const MAX_SORTED: usize = 10_000;

/// How a directory is verified. The default is the strictest.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The algorithm of lines that do not name theirs; otherwise the manifest's
    /// name or the digest's length tells.
    pub algorithm: Option<Algorithm>,
    /// The manifest's format; otherwise its name or its content tells.
    pub format: Option<Format>,
    /// Lines end with NUL, and no name is escaped.
    pub zero: bool,
    /// Malformed lines are reported, but do not fail the run.
    pub lenient: bool,
    /// Files that are missing are skipped, and do not fail the run.
    pub ignore_missing: bool,
    /// Files that are not listed are looked for, and fail the run.
    pub audit: bool,
    /// Files that are passed over: lines that name them are skipped, and an audit does not
    /// look for them.
    pub exclude: Exclude,
    /// Names may lead out of the root.
    pub allow_outside: bool,
    /// Files are refused whose SHA-1 digest is stated and that show the signs of a
    /// [collision attack](Verdict::Collision). SHA-1 is several times slower then.
    pub detect_collisions: bool,
    /// How many threads read files; otherwise one a processor, and more while these wait for
    /// a disk.
    pub threads: Option<NonZeroUsize>,
    /// The bytes to be read are added up before, for the progress.
    pub measure: bool,
}

impl Options {
    pub(crate) fn containment(&self) -> Containment {
        if self.allow_outside {
            Containment::Anywhere
        } else {
            Containment::Beneath
        }
    }

    fn of_manifest<'a>(&self, cancel: &'a Cancel) -> manifest::Options<'a> {
        manifest::Options {
            file_name: None,
            format: self.format,
            algorithm: self.algorithm,
            zero: self.zero,
            cancel: Some(cancel),
        }
    }
}

/// Checks every file that a manifest lists against the digests that it states.
///
/// Names are looked up below `root`. Files are read in parallel; the outcomes come
/// in manifest order, however the work was spread. `observe` is called on this
/// thread, for each outcome as it comes and about every tenth of a second; where it
/// breaks off, or `cancel` is raised, the report has what was done until then.
///
/// Memory: the manifest, about 250 bytes a line beside its text, and buffers of at most 12 MiB
/// for all threads and 1 MiB for each file that one thread reads and another one hashes.
///
/// # Errors
/// Where the root or the manifest cannot be read. A listed file that cannot be
/// read, and a malformed line, is an [`Outcome`] and no error.
pub fn verify(
    root: &Path,
    manifest: &ManifestSource,
    options: &Options,
    cancel: &Cancel,
    mut observe: impl FnMut(Event<'_, Outcome>) -> ControlFlow<()>,
) -> Result<Report, Error> {
    let start = Instant::now();
    let root_name = root.as_os_str().as_bytes();
    let directory = open_root(root_name)?;
    let of_manifest = options.of_manifest(cancel);
    let located = match locate(&directory, root_name, manifest, &of_manifest) {
        Err(error) if error.is_cancelled() => Located::unread(error.path()),
        located => located?,
    };
    let lines = located.manifest.lines;
    let same = SameFile::among(&lines, cancel);

    let (order, bytes_total) = plan_order(&directory, &lines, &same, options, cancel);
    let plan = Plan {
        name: &|item| name_of(&lines[item]).to_vec(),
        len: lines.len(),
        order,
        bytes_total,
    };
    let check = Check {
        lines: &lines,
        same: &same,
        options,
    };
    let live = |worker: &mut Worker<'_, Finding>| {
        let containment = options.containment();
        hash_files(
            &directory,
            containment,
            options.detect_collisions,
            &check,
            worker,
        );
    };
    let done = run(&plan, options.threads, cancel, live, |step| match step {
        Step::Done(item, finding) => {
            finding.shown(&lines[item], |outcome| observe(Event::Done(item, outcome)))
        }
        Step::Progress(progress) => observe(Event::Progress(progress)),
    });
    let mut cancelled = done.cancelled || cancel.is_requested();
    let mut extra = Vec::new();
    if options.audit && !cancelled {
        let own = located.status.as_ref();
        let own = own.map(|status| (&located.path[..], status));
        extra = unlisted(&directory, own, &lines, &options.exclude, cancel)
            .map_err(|error| Error::new(root_name, ErrorKind::Root(error)))?;
        cancelled = cancel.is_requested();
    }
    Ok(Report {
        root: root_name.to_vec(),
        manifest: located.path,
        outcomes: outcomes(lines, done.results),
        extra,
        lenient: options.lenient,
        cancelled,
        elapsed: start.elapsed(),
    })
}

/// [`verify`] as the tutorials have it: `root/sha1sum.txt`, with all defaults.
///
/// # Errors
/// As for [`verify`].
pub fn verify_signature(root: &Path) -> Result<Report, Error> {
    let manifest = ManifestSource::Path(root.join(DEFAULT_NAME));
    let goes_on = |_: Event<'_, Outcome>| ControlFlow::Continue(());
    verify(
        root,
        &manifest,
        &Options::default(),
        &Cancel::default(),
        goes_on,
    )
}

pub(crate) fn open_root(root: &[u8]) -> Result<Root, Error> {
    Root::open(root).map_err(|error| Error::new(root, ErrorKind::Root(error)))
}

fn name_of(line: &Line) -> &[u8] {
    line.content.as_ref().map_or(b"", |entry| &entry.name)
}

/// The order in which to read the files, and how many bytes they have in all, as
/// far as that is worth knowing.
fn plan_order(
    root: &Root,
    lines: &[Line],
    same: &SameFile,
    options: &Options,
    cancel: &Cancel,
) -> (Option<Vec<usize>>, Option<u64>) {
    let firsts = same.firsts(lines.len());
    if lines.len() > MAX_SORTED && !options.measure {
        return (firsts, None);
    }
    let size = |line: &Line| match &line.content {
        _ if cancel.is_requested() => 0,
        Ok(entry) if !options.exclude.matches(&entry.name) => entry.size.unwrap_or_else(|| {
            let status = root.status(&entry.name, options.containment());
            status.map_or(0, |status| status.size)
        }),
        _ => 0,
    };
    let mut order = firsts.unwrap_or_else(|| (0..lines.len()).collect());
    let mut sizes = vec![0; lines.len()];
    for &first in &order {
        sizes[first] = size(&lines[first]);
    }
    let total = sizes
        .iter()
        .fold(0, |sum: u64, size| sum.saturating_add(*size));
    if order.len() <= MAX_SORTED {
        order.sort_by_key(|item| std::cmp::Reverse(sizes[*item]));
    }
    (Some(order), Some(total))
}

/// The lines of a manifest, as work.
struct Check<'a> {
    lines: &'a [Line],
    same: &'a SameFile,
    options: &'a Options,
}

impl Check<'_> {
    /// The entries that are judged by the file of the line at `first`, with their places.
    fn entries(&self, first: usize) -> impl Iterator<Item = (usize, &Entry)> {
        self.same.all(first).filter_map(|place| {
            let entry = self.lines[place].content.as_ref().ok()?;
            let is_read = skipped(entry, self.options).is_none();
            is_read.then_some((place, entry))
        })
    }
}

impl Work for Check<'_> {
    type Result = Finding;

    fn start(&self, first: usize, worker: &mut Worker<'_, Finding>) -> Option<Job<'_>> {
        for place in self.same.all(first) {
            let line = &self.lines[place];
            match &line.content {
                Err(error) => {
                    let verdict = Verdict::Malformed(Box::new(*error));
                    worker.put(place, Finding::unread(verdict));
                }
                Ok(entry) => {
                    if let Some(skip) = skipped(entry, self.options) {
                        worker.put(place, Finding::unread(Verdict::Skipped(skip)));
                    }
                }
            }
        }
        let mut kinds = Kinds::new();
        for digest in self.entries(first).flat_map(|(_, entry)| &entry.digests) {
            if !kinds.contains(&digest.kind()) {
                kinds.push(digest.kind());
            }
        }
        let (_, entry) = self.entries(first).next()?;
        Some(Job {
            name: &entry.name,
            kinds,
        })
    }

    fn finish(
        &self,
        first: usize,
        hashed: &Result<Hashed, FileError>,
        size: u64,
        worker: &mut Worker<'_, Finding>,
    ) {
        for (place, entry) in self.entries(first) {
            let (decisive, verdict) = match hashed {
                Ok(hashed) => judge(entry, hashed),
                Err(FileError::Missing) if self.options.ignore_missing => {
                    (0, Verdict::Skipped(Skip::Missing))
                }
                Err(error) => (0, error.verdict()),
            };
            let finding = Finding {
                size,
                decisive,
                verdict,
            };
            worker.put(place, finding);
        }
    }
}

/// Why a line's file is not even opened, if it is not.
fn skipped(entry: &Entry, options: &Options) -> Option<Skip> {
    if entry.digests.is_empty() {
        Some(Skip::NoDigest)
    } else if options.exclude.matches(&entry.name) {
        Some(Skip::Excluded)
    } else {
        None
    }
}

/// What an entry's file turns out to be, and the place of the digest that decided.
fn judge(entry: &Entry, hashed: &Hashed) -> (usize, Verdict) {
    let is_sha1 = |digest: &Digest| digest.algorithm() == Algorithm::Sha1;
    let sha1 = entry.digests.iter().position(is_sha1);
    if let Some(decisive) = sha1.filter(|_| hashed.shows_collision) {
        return (decisive, Verdict::Collision);
    }
    for (place, expected) in entry.digests.iter().enumerate() {
        let actual = hashed
            .digests
            .iter()
            .find(|digest| digest.kind() == expected.kind());
        if let Some(actual) = actual.filter(|actual| *actual != expected) {
            return (place, Verdict::Mismatch(Box::new(*actual)));
        }
    }
    let other_size = entry.size.filter(|stated| *stated != hashed.size);
    (0, other_size.map_or(Verdict::Ok, Verdict::WrongSize))
}

/// What was found at a line: together they are its outcome.
///
/// While there are lines and findings of all files, an outcome's name and digest are in
/// memory but once.
struct Finding {
    size: u64,
    /// The place of the digest that decided, or that of the first.
    decisive: usize,
    verdict: Verdict,
}

impl Finding {
    fn unread(verdict: Verdict) -> Self {
        Self {
            size: 0,
            decisive: 0,
            verdict,
        }
    }

    /// What `show` gives for the outcome.
    fn shown<T>(&mut self, line: &Line, show: impl FnOnce(&Outcome) -> T) -> T {
        let finding = std::mem::replace(self, Self::unread(Verdict::Ok));
        let decisive = finding.decisive;
        let outcome = finding.outcome(line.clone());
        let shown = show(&outcome);
        *self = Self {
            size: outcome.size,
            decisive,
            verdict: outcome.verdict,
        };
        shown
    }

    fn outcome(self, line: Line) -> Outcome {
        let (name, expected) = line.content.map_or((Vec::new(), None), |entry| {
            (entry.name, entry.digests.get(self.decisive).copied())
        });
        Outcome {
            line: line.number,
            name,
            expected,
            size: self.size,
            verdict: self.verdict,
        }
    }
}

/// The outcomes of the lines that there are findings for, in the memory of the lines.
fn outcomes(lines: Vec<Line>, findings: Vec<Option<Finding>>) -> Vec<Outcome> {
    let found = lines.into_iter().zip(findings);
    found
        .filter_map(|(line, finding)| Some(finding?.outcome(line)))
        .collect()
}
