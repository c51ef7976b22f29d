//! What a verification found, counted and put in words.

use std::io;
use std::time::Duration;

use crate::digest::{Digest, DigestList};
use crate::error::again;
use crate::findings::{Finding, Findings};
use crate::lines::Lines;
use crate::listing::Contents;
use crate::manifest::{Line, LineError};
use crate::quote::{push_message, push_name, push_quoted};
use crate::root::Refusal;

/// What is known of a file after its line was checked.
#[derive(Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// The file has the digests that the manifest states.
    Ok,
    /// The file has this other digest.
    Mismatch(Box<Digest>),
    /// The file has the digest, if one is stated, but not this size that the manifest states.
    WrongSize(u64),
    /// There is no file of this name.
    Missing,
    /// The file cannot be opened or read.
    Unreadable(io::Error),
    /// The name stands for something that is not read: outside the root, or
    /// not a regular file.
    Refused(Refusal),
    /// The file has the signs of a collision attack on SHA-1, whose digest the manifest
    /// states: a good digest would not tell which of two files it is.
    Collision,
    /// The file was written to or replaced while it was read, so that neither a
    /// good nor a bad digest can be trusted.
    Changed,
    /// The line is not one that a checksum tool writes.
    Malformed(Box<LineError>),
    /// The file was passed over, for this reason.
    Skipped(Skip),
}

impl Clone for Verdict {
    fn clone(&self) -> Self {
        match self {
            Self::Ok => Self::Ok,
            Self::Mismatch(actual) => Self::Mismatch(actual.clone()),
            Self::WrongSize(stated) => Self::WrongSize(*stated),
            Self::Missing => Self::Missing,
            Self::Unreadable(error) => Self::Unreadable(again(error)),
            Self::Refused(refusal) => Self::Refused(*refusal),
            Self::Collision => Self::Collision,
            Self::Changed => Self::Changed,
            Self::Malformed(error) => Self::Malformed(error.clone()),
            Self::Skipped(skip) => Self::Skipped(*skip),
        }
    }
}

/// Why a file is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Skip {
    /// It is missing, and missing files are to be ignored.
    #[error("missing")]
    Missing,
    /// It is there, but its line states no digest, as RECORD's own line in a RECORD.
    #[error("the manifest states no digest")]
    NoDigest,
    /// It is no regular file, and a manifest of regular files is made.
    #[error("{0}")]
    NotAFile(Refusal),
    /// The caller excludes it.
    #[error("excluded")]
    Excluded,
    /// It is a link that leads nowhere, or in a circle.
    #[error("a link without a file")]
    BrokenLink,
}

impl Verdict {
    /// The verdict without what it carries.
    #[must_use]
    pub fn kind(&self) -> VerdictKind {
        match self {
            Self::Ok => VerdictKind::Ok,
            Self::Mismatch(_) | Self::WrongSize(_) => VerdictKind::Mismatch,
            Self::Missing => VerdictKind::Missing,
            Self::Unreadable(_) => VerdictKind::Unreadable,
            Self::Refused(_) | Self::Collision => VerdictKind::Refused,
            Self::Changed => VerdictKind::Changed,
            Self::Malformed(_) => VerdictKind::Malformed,
            Self::Skipped(_) => VerdictKind::Skipped,
        }
    }

    /// The digest that the file has, where it is not the expected one.
    #[must_use]
    pub fn actual(&self) -> Option<&Digest> {
        match self {
            Self::Mismatch(actual) => Some(actual),
            _ => None,
        }
    }

    /// What else there is to say, in words.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Ok | Self::Mismatch(_) | Self::Missing => None,
            Self::WrongSize(stated) => Some(format!("the manifest states {stated} bytes")),
            Self::Unreadable(error) => Some(error.to_string()),
            Self::Refused(refusal) => Some(refusal.to_string()),
            Self::Collision => Some("shows signs of a SHA-1 collision attack".to_owned()),
            Self::Changed => Some("while it was read".to_owned()),
            Self::Malformed(error) => Some(error.to_string()),
            Self::Skipped(skip) => Some(skip.to_string()),
        }
    }
}

/// The kinds of [`Verdict`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is explained at the verdict of its name")]
pub enum VerdictKind {
    Ok,
    Mismatch,
    Missing,
    Unreadable,
    Refused,
    Changed,
    Malformed,
    Skipped,
}

impl VerdictKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::Mismatch,
        Self::Missing,
        Self::Unreadable,
        Self::Refused,
        Self::Changed,
        Self::Malformed,
        Self::Skipped,
    ];

    /// The word for it in messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Mismatch => "mismatch",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
            Self::Changed => "changed",
            Self::Malformed => "malformed",
            Self::Skipped => "skipped",
        }
    }
}

/// One line of the manifest and what became of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The line's number in the manifest, from 1.
    pub line: u64,
    /// The file's name as in the manifest, unescaped; empty where the line is
    /// malformed.
    pub name: Vec<u8>,
    /// The digest that the manifest states, or the one that decided of several;
    /// `None` where it states none.
    pub expected: Option<Digest>,
    /// How many bytes of the file were read.
    pub size: u64,
    /// What was found.
    pub verdict: Verdict,
}

impl Outcome {
    /// What was found at a line; where one of both was in a temporary file and cannot be read
    /// again, that.
    pub(crate) fn new(line: io::Result<Line>, finding: io::Result<Finding>) -> Self {
        let finding = finding.unwrap_or_else(|error| Finding::unread(Verdict::Unreadable(error)));
        let mut outcome = Self {
            line: 0,
            name: Vec::new(),
            expected: None,
            size: finding.size,
            verdict: finding.verdict,
        };
        match line {
            Ok(line) => {
                outcome.line = line.number;
                if let Ok(entry) = line.content {
                    outcome.name = entry.name;
                    outcome.expected = entry.digests.get(finding.decisive).copied();
                }
            }
            Err(error) => outcome.verdict = Verdict::Unreadable(error),
        }
        outcome
    }
}

/// A file that is there, but that the manifest does not list.
#[derive(Debug, PartialEq, Eq)]
pub struct Extra {
    /// Its name below the root.
    pub name: Vec<u8>,
    /// What it is, if not a regular file; or why a directory can't be looked into.
    pub reason: Option<String>,
}

/// The outcome of every line of a manifest, in the manifest's order.
///
/// Memory: at most 20 MiB, however many lines there are. A line takes some 20 bytes, its
/// digests, and what its name has that the name before does not; one with a rare verdict, such
/// as a mismatch, some 50 more. What is beyond that limit is in temporary files without a name,
/// which end with the report: where there can be none, or the disk is full, in memory. An
/// outcome that cannot be read again from there is [`Verdict::Unreadable`].
#[derive(Debug)]
pub struct Report {
    pub(crate) root: Vec<u8>,
    pub(crate) manifest: Vec<u8>,
    pub(crate) lines: Lines,
    /// The digests of files that no manifest states yet.
    pub(crate) made: Option<DigestList>,
    pub(crate) findings: Findings,
    pub(crate) extra: Contents,
    pub(crate) lenient: bool,
    pub(crate) cancelled: bool,
    pub(crate) elapsed: Duration,
}

impl Report {
    /// Whether the run went to its end, at least one file is [`Verdict::Ok`], and
    /// there is no [failure](Self::failures) and nothing [extra](Self::extra).
    #[must_use]
    pub fn ok(&self) -> bool {
        !self.cancelled
            && self.extra.len() == 0
            && !self.has_failures()
            && self.count(VerdictKind::Ok) > 0
    }

    /// Every line's outcome, in manifest order; of a run that was cancelled, those
    /// that were done.
    pub fn outcomes(&self) -> impl Iterator<Item = Outcome> {
        self.outcomes_from(0)
    }

    /// [`outcomes`](Self::outcomes) without so many at the beginning.
    pub fn outcomes_from(&self, first: usize) -> impl Iterator<Item = Outcome> {
        let first = self.findings.place_of(first).unwrap_or(self.lines.len());
        let made = self.made.as_ref();
        let mut made = made.map(|made| (first..).zip(made.from(first)));
        let mut lines = self.lines.from(first);
        self.findings
            .from(first)
            .filter_map(move |(place, finding)| {
                let (_, line) = lines.find(|(other, _)| *other == place)?;
                let mut outcome = Outcome::new(line, finding);
                if let (Verdict::Ok, Some(made)) = (&outcome.verdict, &mut made) {
                    match made.find(|(other, _)| *other == place)?.1 {
                        Ok(digest) => outcome.expected = Some(digest),
                        Err(error) => outcome.verdict = Verdict::Unreadable(error),
                    }
                }
                Some(outcome)
            })
    }

    /// Whether there is no outcome.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many [`outcomes`](Self::outcomes) there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// The outcomes that fail the run, in manifest order: all but those that are OK
    /// or skipped or, in a lenient run, malformed.
    pub fn failures(&self) -> impl Iterator<Item = Outcome> {
        let findings = self.has_failures().then(|| self.findings.from(0));
        findings
            .into_iter()
            .flatten()
            .filter_map(|(place, finding)| {
                let kind = finding.as_ref().map(|finding| finding.verdict.kind());
                let fails = kind.map_or(true, |kind| self.fails(kind));
                fails.then(|| Outcome::new(self.lines.get(place), finding))
            })
    }

    /// Whether there are [failures](Self::failures).
    fn has_failures(&self) -> bool {
        let fails = |kind: &VerdictKind| self.fails(*kind) && self.count(*kind) > 0;
        VerdictKind::ALL.iter().any(fails)
    }

    /// Whether verdicts of this kind fail the run.
    #[must_use]
    pub fn fails(&self, kind: VerdictKind) -> bool {
        match kind {
            VerdictKind::Ok | VerdictKind::Skipped => false,
            VerdictKind::Malformed => !self.lenient,
            _ => true,
        }
    }

    /// The files that an audit found and the manifest does not list, by name; a directory that
    /// cannot be read is where what is in it would be.
    pub fn extra(&self) -> impl Iterator<Item = Extra> {
        self.extra_from(0)
    }

    /// [`extra`](Self::extra) without so many at the beginning.
    pub fn extra_from(&self, first: usize) -> impl Iterator<Item = Extra> {
        self.extra.extra(first)
    }

    /// How many [`extra`](Self::extra) files there are.
    #[must_use]
    pub fn extra_len(&self) -> usize {
        self.extra.len()
    }

    /// Whether the run was ended early.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.cancelled
    }

    /// The manifest's path, as it was given or found.
    #[must_use]
    pub fn manifest(&self) -> &[u8] {
        &self.manifest
    }

    /// How many lines have a verdict of this kind.
    #[must_use]
    pub fn count(&self, kind: VerdictKind) -> usize {
        self.findings.count(kind)
    }

    /// How many bytes of files were read.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.findings.bytes()
    }

    /// How long the run took.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Why the report is not [`ok`](Self::ok): one line for each failure, in
    /// manifest order, without a newline at the end. `None` where all is well.
    ///
    /// A line reads `"<root>/<name>" - mismatch`; a malformed line is named by
    /// the manifest and its number. Bytes, since a path need not be UTF-8.
    #[must_use]
    pub fn message(&self) -> Option<Vec<u8>> {
        let failures = self.failures().map(|outcome| self.describe(&outcome));
        let extra = self.extra().map(|extra| self.describe_extra(&extra));
        let mut lines: Vec<Vec<u8>> = failures.chain(extra).collect();
        if self.cancelled {
            lines.push(self.of_manifest("cancelled"));
        } else if self.is_empty() {
            lines.push(self.of_manifest("lists no file"));
        } else if lines.is_empty() && self.count(VerdictKind::Ok) == 0 {
            lines.push(self.of_manifest("no file was verified"));
        }
        (!lines.is_empty()).then(|| lines.join(&b'\n'))
    }

    /// Some of the [outcomes](Self::outcomes), each as a line: `name: VERDICT`, and in brackets what
    /// else there is to say. Bytes, since a name need not be UTF-8.
    ///
    /// A malformed line is named by the manifest and its number. Backslashes and what could forge
    /// a line or drive a terminal are escaped, as in [`message`](Self::message). `color` paints
    /// the verdicts (ECMA-48, SGR).
    #[must_use]
    pub fn text(&self, outcomes: impl Iterator<Item = Outcome>, color: bool) -> Vec<u8> {
        let mut text = Vec::new();
        for outcome in outcomes {
            self.push_line(&mut text, &outcome, color);
        }
        text
    }

    fn push_line(&self, text: &mut Vec<u8>, outcome: &Outcome, color: bool) {
        let kind = outcome.verdict.kind();
        if kind == VerdictKind::Malformed {
            push_name(text, &self.manifest);
            text.extend_from_slice(format!(" line {}", outcome.line).as_bytes());
        } else {
            push_name(text, &outcome.name);
        }
        text.extend_from_slice(b": ");
        push_verdict(text, kind, color);
        if let Some(reason) = outcome.verdict.reason() {
            text.extend_from_slice(b" (");
            push_message(text, &reason);
            text.push(b')');
        }
        text.push(b'\n');
    }

    fn describe(&self, outcome: &Outcome) -> Vec<u8> {
        let mut message = Vec::new();
        let kind = outcome.verdict.kind();
        if kind == VerdictKind::Malformed {
            push_quoted(&mut message, &self.manifest);
            message.extend_from_slice(format!(" line {}", outcome.line).as_bytes());
        } else {
            push_quoted(&mut message, &join(&self.root, &outcome.name));
        }
        push_finding(&mut message, kind.word(), outcome.verdict.reason());
        message
    }

    fn describe_extra(&self, extra: &Extra) -> Vec<u8> {
        let mut message = Vec::new();
        push_quoted(&mut message, &join(&self.root, &extra.name));
        push_finding(&mut message, "not listed", extra.reason.clone());
        message
    }

    fn of_manifest(&self, finding: &str) -> Vec<u8> {
        let mut message = Vec::new();
        push_quoted(&mut message, &self.manifest);
        push_finding(&mut message, finding, None);
        message
    }
}

fn push_verdict(text: &mut Vec<u8>, kind: VerdictKind, color: bool) {
    let word = kind.word().to_ascii_uppercase();
    if color {
        // The command line has the same for its summaries.
        let color = match kind {
            VerdictKind::Ok => 32,
            VerdictKind::Skipped => 33,
            _ => 31,
        };
        text.extend_from_slice(format!("\x1b[{color}m{word}\x1b[0m").as_bytes());
    } else {
        text.extend_from_slice(word.as_bytes());
    }
}

fn push_finding(message: &mut Vec<u8>, finding: &str, reason: Option<String>) {
    message.extend_from_slice(format!(" - {finding}").as_bytes());
    if let Some(reason) = reason {
        message.extend_from_slice(format!(": {reason}").as_bytes());
    }
}

/// The path of `name` below `root`, with one slash between them.
pub(crate) fn join(root: &[u8], name: &[u8]) -> Vec<u8> {
    let slash: &[u8] = if root.ends_with(b"/") { b"" } else { b"/" };
    [root, slash, name].concat()
}
