//! Verifying a directory against a checksum manifest.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Instant;

use crate::algorithm::Algorithm;
use crate::cancel::Cancel;
use crate::engine::{Event, Plan, Worker, run};
use crate::error::{Error, ErrorKind};
use crate::exclude::Exclude;
use crate::file::{FileError, hash};
use crate::hash::Hasher;
use crate::listing::unlisted;
use crate::locate::{DEFAULT_NAME, ManifestSource, locate};
use crate::manifest::{self, Entry, Format, Line};
use crate::report::{Outcome, Report, Skip, Verdict};
use crate::root::{Containment, Root};

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
    /// Files that an audit passes over though they are not listed.
    pub exclude: Exclude,
    /// Names may lead out of the root.
    pub allow_outside: bool,
    /// How many threads read files; one a processor otherwise.
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

    fn of_manifest(&self) -> manifest::Options<'static> {
        manifest::Options {
            file_name: None,
            format: self.format,
            algorithm: self.algorithm,
            zero: self.zero,
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
/// Memory: the manifest, about 300 bytes a line, and 128 KiB a thread.
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
    let located = locate(&directory, root_name, manifest, &options.of_manifest())?;
    let lines = located.manifest.lines;

    let (order, bytes_total) = plan_order(&directory, &lines, options, cancel);
    let plan = Plan {
        name: &|item| name_of(&lines[item]).to_vec(),
        len: lines.len(),
        order,
        bytes_total,
    };
    let check = |item: usize, worker: &mut Worker<'_>| {
        check_line(&directory, &lines[item], options, worker)
    };
    let done = run(&plan, options.threads, cancel, check, &mut observe);
    let extra = if options.audit && !done.cancelled {
        let own = located.status.as_ref();
        let own = own.map(|status| (&located.path[..], status));
        unlisted(&directory, own, &lines, &options.exclude)
            .map_err(|error| Error::new(root_name, ErrorKind::Root(error)))?
    } else {
        Vec::new()
    };
    Ok(Report {
        root: root_name.to_vec(),
        manifest: located.path,
        outcomes: done.results.into_iter().flatten().collect(),
        extra,
        lenient: options.lenient,
        cancelled: done.cancelled,
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
    options: &Options,
    cancel: &Cancel,
) -> (Vec<usize>, Option<u64>) {
    let sorted = lines.len() <= MAX_SORTED;
    if !sorted && !options.measure {
        return (Vec::new(), None);
    }
    let size = |line: &Line| match &line.content {
        _ if cancel.is_requested() => 0,
        Ok(entry) => entry.size.unwrap_or_else(|| {
            let status = root.status(&entry.name, options.containment());
            status.map_or(0, |status| status.size)
        }),
        Err(_) => 0,
    };
    let sizes: Vec<u64> = lines.iter().map(size).collect();
    let total = sizes
        .iter()
        .fold(0, |sum: u64, size| sum.saturating_add(*size));
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|item| std::cmp::Reverse(sizes[*item]));
    (order, Some(total))
}

/// The outcome of a line; `None` where the run was cancelled before its end.
fn check_line(
    root: &Root,
    line: &Line,
    options: &Options,
    worker: &mut Worker<'_>,
) -> Option<Outcome> {
    match &line.content {
        Ok(entry) => check_entry(root, line.number, entry, options, worker),
        Err(error) => Some(Outcome {
            line: line.number,
            name: Vec::new(),
            expected: None,
            size: 0,
            verdict: Verdict::Malformed(*error),
        }),
    }
}

fn check_entry(
    root: &Root,
    line: u64,
    entry: &Entry,
    options: &Options,
    worker: &mut Worker<'_>,
) -> Option<Outcome> {
    let mut outcome = Outcome {
        line,
        name: entry.name.clone(),
        expected: entry.digests.first().copied(),
        size: 0,
        verdict: Verdict::Ok,
    };
    if entry.digests.is_empty() {
        outcome.verdict = Verdict::Skipped(Skip::NoDigest);
        return Some(outcome);
    }
    let hashers = entry.digests.iter().map(Hasher::like).collect();
    let containment = options.containment();
    let hashed = hash(
        root,
        &entry.name,
        containment,
        hashers,
        worker,
        &mut outcome.size,
    );
    outcome.verdict = match hashed {
        Ok(hashed) => {
            let pairs = entry.digests.iter().zip(&hashed.digests);
            let other = pairs.clone().find(|(expected, actual)| expected != actual);
            if let Some((expected, actual)) = other {
                outcome.expected = Some(*expected);
                Verdict::Mismatch(*actual)
            } else if let Some(stated) = entry.size.filter(|stated| *stated != hashed.size) {
                Verdict::WrongSize(stated)
            } else {
                Verdict::Ok
            }
        }
        Err(FileError::Missing) if options.ignore_missing => Verdict::Skipped(Skip::Missing),
        Err(error) => error.verdict()?,
    };
    Some(outcome)
}
