//! Verifying a directory against a checksum manifest.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Instant;

use crate::algorithm::Algorithm;
use crate::audit::unlisted;
use crate::cancel::Cancel;
use crate::detours::{Paths, Readings, Right};
use crate::digest::Digest;
use crate::engine::{End, Event, Plan, Step, Worker, run};
use crate::error::{Error, ErrorKind};
use crate::exclude::Exclude;
use crate::file::FileError;
use crate::findings::{Finding, Findings};
use crate::hashing::{Hashed, Job, Kinds, Work, hash_files};
use crate::lines::Lines;
use crate::listing::{Contents, Own};
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
    /// The observer is told of the progress alone, not of each outcome as it comes.
    pub progress_only: bool,
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
/// Memory: the [report](Report), and buffers of at most 12 MiB for all threads and 1 MiB for
/// each file that one thread reads and another one hashes; before the run 8 MiB, however many
/// lines there are, and in it as much where names lead to files by way of links or `..`.
///
/// # Errors
/// Where the root or the manifest cannot be read, or a temporary file cannot be read again. A
/// listed file that cannot be read, and a malformed line, is an [`Outcome`] and no error.
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
    let root_path = directory.path().filter(|_| options.allow_outside);
    let mut lines = Lines::below(root_path);
    let mut take = |line: Line| {
        lines.push(&line);
        ControlFlow::Continue(())
    };
    let located = match locate(
        Some(&directory),
        root_name,
        options.containment(),
        manifest,
        &of_manifest,
        &mut take,
    ) {
        Err(error) if error.is_cancelled() => Located::unread(error.path()),
        located => located?,
    };
    let lost = |error| Error::new(root_name, ErrorKind::Temporary(error));
    let same = SameFile::among(&lines, cancel).map_err(lost)?;
    let (findings, end) = check_files(&directory, &lines, &same, options, cancel, &mut observe);
    let mut cancelled = end == End::Early || cancel.is_requested();
    let mut extra = Contents::new();
    if options.audit && !cancelled {
        let own = located.file.as_ref();
        let own = own.map(|(path, status)| (&path[..], status));
        let own = Own::read(&directory, own);
        extra = unlisted(&directory, &own, &lines, &options.exclude, cancel)
            .map_err(|error| Error::new(root_name, ErrorKind::Root(error)))?;
        cancelled = cancel.is_requested();
    }
    Ok(Report {
        root: root_name.to_vec(),
        manifest: located.path,
        lines,
        made: None,
        findings,
        extra,
        lenient: options.lenient,
        cancelled,
        elapsed: start.elapsed(),
    })
}

/// Reads the files that the lines name.
fn check_files(
    directory: &Root,
    lines: &Lines,
    same: &SameFile,
    options: &Options,
    cancel: &Cancel,
    observe: &mut dyn FnMut(Event<'_, Outcome>) -> ControlFlow<()>,
) -> (Findings, End) {
    let check = Check {
        directory,
        lines,
        same,
        options,
        readings: Readings::new(),
    };
    let mut findings = Findings::of(lines.len());
    let end = check.read_files(cancel, &mut findings, observe);
    (findings, end)
}

/// [`verify`] as the tutorials have it: `root/sha1sum.txt`, with all defaults.
///
/// # Errors
/// As for [`verify`].
pub fn verify_signature(root: &Path) -> Result<Report, Error> {
    let path = root.join(DEFAULT_NAME);
    // Found as the usual one, a link may not lead out of the root.
    let manifest = match path.symlink_metadata() {
        Ok(_) => ManifestSource::Usual,
        Err(_) => ManifestSource::Path(path),
    };
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

/// The order in which to read the files, and how many bytes they have in all, as
/// far as that is worth knowing.
fn plan_order(
    root: &Root,
    lines: &Lines,
    same: &SameFile,
    options: &Options,
    cancel: &Cancel,
) -> (Option<Vec<usize>>, Option<u64>) {
    let is_sorted = lines.len() <= MAX_SORTED;
    if !is_sorted && !options.measure {
        return (None, None);
    }
    let is_hashed =
        |entry: &Entry| !entry.digests.is_empty() && !options.exclude.matches(&entry.name);
    let size = |line: Line| match line.content {
        Ok(entry) if is_hashed(&entry) => entry.size.unwrap_or_else(|| {
            let status = root.status(&entry.name, options.containment());
            status.map_or(0, |status| status.size)
        }),
        _ => 0,
    };
    let mut sizes = Vec::new();
    let mut total: u64 = 0;
    for (place, line) in lines.from(0).take_while(|_| !cancel.is_requested()) {
        let is_read = !same.is_later(place);
        let size = line.ok().filter(|_| is_read).map_or(0, size);
        total = total.saturating_add(size);
        if is_sorted {
            sizes.push(size);
        }
    }
    let order = is_sorted.then(|| {
        sizes.resize(lines.len(), 0);
        let mut order: Vec<usize> = (0..lines.len()).collect();
        order.sort_by_key(|item| std::cmp::Reverse(sizes[*item]));
        order
    });
    (order, Some(total))
}

/// What was found at a line when its file was read.
struct Found {
    finding: Finding,
    /// The number of the reading, where the file is right and its path is another one than the
    /// line's name.
    reading: Option<usize>,
}

impl Found {
    fn unread(verdict: Verdict) -> Self {
        Self {
            finding: Finding::unread(verdict),
            reading: None,
        }
    }
}

/// The lines of a manifest, as work.
struct Check<'a> {
    directory: &'a Root,
    lines: &'a Lines,
    same: &'a SameFile,
    options: &'a Options,
    /// What was read by names that are not the file's path.
    readings: Readings,
}

impl Check<'_> {
    /// Reads the files: what is found goes to `findings`.
    fn read_files(
        &self,
        cancel: &Cancel,
        findings: &mut Findings,
        observe: &mut dyn FnMut(Event<'_, Outcome>) -> ControlFlow<()>,
    ) -> End {
        let Self {
            directory,
            lines,
            options,
            ..
        } = *self;
        let (order, bytes_total) = plan_order(directory, lines, self.same, options, cancel);
        let plan = Plan {
            name: &|item| lines.name(item).ok().flatten().unwrap_or_default(),
            len: lines.len(),
            order,
            bytes_total,
        };
        let mut paths = Paths::new(lines, self.same, &self.readings);
        let live = |worker: &mut Worker<'_, Found>| {
            let containment = options.containment();
            let detects = options.detect_collisions;
            hash_files(directory, containment, detects, self, worker);
        };
        run(&plan, options.threads, cancel, live, |step| {
            let (place, found, is_late) = match step {
                Step::Done(place, found) => (place, found, false),
                Step::Late(place, found) => (place, found, true),
                Step::Progress(progress) => return observe(Event::Progress(progress)),
            };
            let is_ending = || is_late || cancel.is_requested();
            let Some(finding) = settle(place, found, &mut paths, findings, &is_ending) else {
                return ControlFlow::Continue(());
            };
            findings.put(place, &finding);
            if is_late {
                ControlFlow::Continue(())
            } else {
                self.tell(place, finding, observe)
            }
        })
    }

    /// The entry at a place, or what is found without a look at its file.
    fn entry(&self, place: usize) -> Result<Entry, Verdict> {
        let line = self.lines.get(place).map_err(Verdict::Unreadable)?;
        let malformed = |error| Verdict::Malformed(Box::new(error));
        let entry = line.content.map_err(malformed)?;
        if self.options.exclude.matches(&entry.name) {
            return Err(Verdict::Skipped(Skip::Excluded));
        }
        Ok(entry)
    }

    /// What becomes of an entry without a digest: its file is looked up and not read.
    fn look_up(&self, entry: &Entry) -> Verdict {
        let containment = self.options.containment();
        match self.directory.status(&entry.name, containment) {
            Ok(status) => {
                let other_size = entry.size.filter(|stated| *stated != status.size);
                other_size.map_or(Verdict::Skipped(Skip::NoDigest), Verdict::WrongSize)
            }
            Err(error) => self.without_file(&error.into()),
        }
    }

    fn without_file(&self, error: &FileError) -> Verdict {
        match error {
            FileError::Missing if self.options.ignore_missing => Verdict::Skipped(Skip::Missing),
            error => error.verdict(),
        }
    }

    fn judge(&self, entry: &Entry, hashed: &Result<Hashed, FileError>, size: u64) -> Finding {
        let (decisive, verdict) = match hashed {
            Ok(hashed) => judge(entry, hashed),
            Err(error) => (0, self.without_file(error)),
        };
        Finding {
            size,
            decisive,
            verdict,
        }
    }

    /// Tells what is found at a line, where that is wanted.
    fn tell(
        &self,
        place: usize,
        finding: Finding,
        observe: &mut dyn FnMut(Event<'_, Outcome>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if self.options.progress_only {
            return ControlFlow::Continue(());
        }
        let outcome = Outcome::new(self.lines.get(place), Ok(finding));
        observe(Event::Done(place, &outcome))
    }
}

impl Work for Check<'_> {
    type Result = Found;
    /// The first entry that is judged by a file, and its place. The others are looked up again
    /// when they are judged: they may be many.
    type Task = (usize, Entry);

    fn start(&self, first: usize, worker: &mut Worker<'_, Found>) -> Option<Job<Self::Task>> {
        if self.same.is_later(first) {
            return None;
        }
        let shared = worker.shared();
        let mut kinds = Kinds::new();
        let mut judged = None;
        for place in self.same.all(first).take_while(|_| !shared.is_cancelled()) {
            match self.entry(place) {
                Ok(entry) if entry.digests.is_empty() => {
                    worker.put(place, Found::unread(self.look_up(&entry)));
                }
                Ok(entry) => {
                    add_kinds(&mut kinds, &entry);
                    judged.get_or_insert((place, entry));
                }
                Err(unread) => worker.put(place, Found::unread(unread)),
            }
        }
        let (place, mut entry) = judged?;
        let name = std::mem::take(&mut entry.name);
        let task = (place, entry);
        Some(Job { name, kinds, task })
    }

    fn finish(
        &self,
        first: usize,
        job: Job<Self::Task>,
        hashed: &Result<Hashed, FileError>,
        size: u64,
        worker: &mut Worker<'_, Found>,
    ) {
        let shared = worker.shared();
        let detour = hashed.as_ref().ok().filter(|read| read.path.is_some());
        let mut number = None;
        let mut put = |place, entry: &Entry| {
            let finding = self.judge(entry, hashed, size);
            let right = detour.filter(|_| matches!(finding.verdict, Verdict::Ok));
            let reading = right.map(|read| *number.get_or_insert_with(|| self.readings.push(read)));
            worker.put(place, Found { finding, reading });
        };
        let (judged, entry) = job.task;
        put(judged, &entry);
        let later = self.same.all(first).filter(|place| *place > judged);
        for place in later.take_while(|_| !shared.is_cancelled()) {
            // What is not read was found at the start.
            let entry = self.entry(place).ok();
            if let Some(entry) = entry.filter(|entry| !entry.digests.is_empty()) {
                put(place, &entry);
            }
        }
    }
}

/// What is found at a line after a look at those before it: a file that is right has not had
/// another content there. `None` where that takes long and the run `is_ending`.
fn settle(
    place: usize,
    found: Found,
    paths: &mut Paths<'_>,
    findings: &Findings,
    is_ending: &dyn Fn() -> bool,
) -> Option<Finding> {
    let Found { finding, reading } = found;
    let is_ok = matches!(finding.verdict, Verdict::Ok);
    if !is_ok || reading.is_none() && paths.is_empty() {
        return Some(finding);
    }
    let verdict = match paths.agree(&Right { place, reading }, findings, is_ending) {
        Ok(do_agree) if do_agree? => Verdict::Ok,
        Ok(_) => Verdict::Changed,
        Err(error) => Verdict::Unreadable(error),
    };
    Some(Finding { verdict, ..finding })
}

/// Adds the kinds of an entry's digests, each once.
fn add_kinds(kinds: &mut Kinds, entry: &Entry) {
    for digest in &entry.digests {
        if !kinds.contains(&digest.kind()) {
            kinds.push(digest.kind());
        }
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
