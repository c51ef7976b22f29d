//! What a verification found, counted and put in words.

use std::io;
use std::time::Duration;

use crate::digest::Digest;
use crate::manifest::LineError;
use crate::open::Refusal;
use crate::quote::push_quoted;

/// What is known of a file after its line was checked.
#[derive(Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// The file has the digest that the manifest states.
    Ok,
    /// The file has this other digest.
    Mismatch(Digest),
    /// There is no file of this name.
    Missing,
    /// The file cannot be opened or read.
    Unreadable(io::Error),
    /// The name stands for something that is not read: outside the root, or
    /// not a regular file.
    Refused(Refusal),
    /// The line is not one that a checksum tool writes.
    Malformed(LineError),
}

impl Verdict {
    /// The verdict without what it carries.
    #[must_use]
    pub fn kind(&self) -> VerdictKind {
        match self {
            Self::Ok => VerdictKind::Ok,
            Self::Mismatch(_) => VerdictKind::Mismatch,
            Self::Missing => VerdictKind::Missing,
            Self::Unreadable(_) => VerdictKind::Unreadable,
            Self::Refused(_) => VerdictKind::Refused,
            Self::Malformed(_) => VerdictKind::Malformed,
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

    /// Why the file could not be judged, in words; `None` where it was judged
    /// or is missing.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Ok | Self::Mismatch(_) | Self::Missing => None,
            Self::Unreadable(error) => Some(error.to_string()),
            Self::Refused(refusal) => Some(refusal.to_string()),
            Self::Malformed(error) => Some(error.to_string()),
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
    Malformed,
}

impl VerdictKind {
    /// The word for it in messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Mismatch => "mismatch",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
            Self::Malformed => "malformed",
        }
    }
}

/// One line of the manifest and what became of it.
#[derive(Debug)]
pub struct Outcome {
    /// The line's number in the manifest, from 1.
    pub line: u64,
    /// The file's name as in the manifest, unescaped; empty where the line is
    /// malformed.
    pub name: Vec<u8>,
    /// The digest that the manifest states; `None` where the line is malformed.
    pub expected: Option<Digest>,
    /// How many bytes of the file were read.
    pub bytes: u64,
    /// What was found.
    pub verdict: Verdict,
}

/// The outcome of every line of a manifest, in the manifest's order.
#[derive(Debug)]
pub struct Report {
    root: Vec<u8>,
    manifest: Vec<u8>,
    outcomes: Vec<Outcome>,
    elapsed: Duration,
}

impl Report {
    pub(crate) fn new(
        root: &[u8],
        manifest: &[u8],
        outcomes: Vec<Outcome>,
        elapsed: Duration,
    ) -> Self {
        Self {
            root: root.to_vec(),
            manifest: manifest.to_vec(),
            outcomes,
            elapsed,
        }
    }

    /// Whether at least one file was verified and every line is [`Verdict::Ok`].
    #[must_use]
    pub fn ok(&self) -> bool {
        !self.outcomes.is_empty() && self.failures().next().is_none()
    }

    /// Every line's outcome, in manifest order.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The outcomes that are not [`Verdict::Ok`], in manifest order.
    pub fn failures(&self) -> impl Iterator<Item = &Outcome> {
        let is_failure = |outcome: &&Outcome| outcome.verdict.kind() != VerdictKind::Ok;
        self.outcomes.iter().filter(is_failure)
    }

    /// How many lines have a verdict of this kind.
    #[must_use]
    pub fn count(&self, kind: VerdictKind) -> usize {
        let is_counted = |outcome: &&Outcome| outcome.verdict.kind() == kind;
        self.outcomes.iter().filter(is_counted).count()
    }

    /// How many bytes of files were read.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.outcomes.iter().map(|outcome| outcome.bytes).sum()
    }

    /// How long the verification took.
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
        if self.outcomes.is_empty() {
            let mut message = Vec::new();
            push_quoted(&mut message, &join(&self.root, &self.manifest));
            message.extend_from_slice(b" - lists no file");
            return Some(message);
        }
        let lines: Vec<Vec<u8>> = self.failures().map(|o| self.describe(o)).collect();
        (!lines.is_empty()).then(|| lines.join(&b'\n'))
    }

    fn describe(&self, outcome: &Outcome) -> Vec<u8> {
        let mut message = Vec::new();
        let kind = outcome.verdict.kind();
        if kind == VerdictKind::Malformed {
            push_quoted(&mut message, &join(&self.root, &self.manifest));
            message.extend_from_slice(format!(" line {}", outcome.line).as_bytes());
        } else {
            push_quoted(&mut message, &join(&self.root, &outcome.name));
        }
        message.extend_from_slice(format!(" - {}", kind.word()).as_bytes());
        if let Some(reason) = outcome.verdict.reason() {
            message.extend_from_slice(format!(": {reason}").as_bytes());
        }
        message
    }
}

/// The path of `name` below `root`, with one slash between them.
pub(crate) fn join(root: &[u8], name: &[u8]) -> Vec<u8> {
    let slash: &[u8] = if root.ends_with(b"/") { b"" } else { b"/" };
    [root, slash, name].concat()
}
