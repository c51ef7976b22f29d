//! Why nothing could be verified, or written, at all.

use std::{fmt, io};

use crate::manifest::{LineError, ManifestError, WriteError};
use crate::quote::push_quoted;
use crate::root::Refusal;

/// A directory, a manifest or a file that cannot be used, with its path.
#[derive(Debug)]
pub struct Error {
    path: Vec<u8>,
    kind: ErrorKind,
}

/// What is wrong with it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The directory cannot be opened.
    #[error("cannot open the directory: {0}")]
    Root(#[source] io::Error),
    /// What was put away in a temporary file cannot be read again.
    #[error("cannot read a temporary file again: {0}")]
    Temporary(#[source] io::Error),
    /// The manifest cannot be opened or read.
    #[error("cannot read the manifest: {0}")]
    Manifest(#[source] io::Error),
    /// The manifest's name stands for something that is not a regular file.
    #[error("cannot read the manifest: {0}")]
    NotAFile(#[source] Refusal),
    /// The manifest as a whole is not one that a checksum tool writes.
    #[error("cannot read the manifest: {0}")]
    Format(#[source] ManifestError),
    /// The call was ended early.
    #[error("cancelled")]
    Cancelled,
    /// A line of the manifest is not one that a checksum tool writes.
    #[error("malformed: {1}")]
    Line(u64, #[source] LineError),
    /// None was named, and there is none with a usual name.
    #[error("no manifest such as sha1sum.txt or SHA256SUMS; name one")]
    NoManifest,
    /// None was named, and there are several.
    #[error("several manifests, name one of them: {0}")]
    Several(String),
    /// The manifest can't state these files in its format.
    #[error("cannot write the manifest: {0}")]
    Unwritable(#[source] WriteError),
    /// Who goes by the manifest's name would read something else.
    #[error(
        "cannot write the manifest: who goes by its name would read something else; name it after \
         its format or algorithm, such as a.sfv, RECORD, manifest-sha256.txt or sha3-256sum.txt, \
         or take the format bsd, whose lines name their algorithm"
    )]
    Misnamed,
    /// What has the manifest's name is nothing that it may take the place of.
    #[error("cannot write the manifest: {0}")]
    NotReplaced(#[source] Refusal),
    /// The manifest can't be written.
    #[error("cannot write the manifest: {0}")]
    Write(#[source] io::Error),
    /// The file cannot be opened or read.
    #[error("cannot read: {0}")]
    File(#[source] io::Error),
    /// The path does not lead to a regular file.
    #[error("cannot read: {0}")]
    Refused(#[source] Refusal),
}

impl From<ManifestError> for ErrorKind {
    fn from(error: ManifestError) -> Self {
        match error {
            ManifestError::Cancelled => Self::Cancelled,
            error => Self::Format(error),
        }
    }
}

impl Error {
    /// What is wrong with a path.
    #[must_use]
    pub fn new(path: &[u8], kind: ErrorKind) -> Self {
        Self {
            path: path.to_vec(),
            kind,
        }
    }

    /// The path that cannot be used.
    pub(crate) fn path(&self) -> &[u8] {
        &self.path
    }

    /// Whether nothing is wrong, but the run was ended early.
    pub(crate) fn is_cancelled(&self) -> bool {
        matches!(self.kind, ErrorKind::Cancelled)
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The line of the manifest that is wrong, from 1, if it is one.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        match &self.kind {
            ErrorKind::Format(error) => error.line(),
            ErrorKind::Line(line, _) => Some(*line),
            _ => None,
        }
    }

    /// The error in words, the path first. Bytes, since a path need not be UTF-8.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let mut message = Vec::new();
        push_quoted(&mut message, &self.path);
        if let ErrorKind::Line(line, _) = self.kind {
            message.extend_from_slice(format!(" line {line}").as_bytes());
        }
        message.extend_from_slice(format!(" - {}", self.kind).as_bytes());
        message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.message()))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.kind.source()
    }
}

/// The system's answer, by which an error is told from another and made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cause {
    Code(i32),
    Kind(io::ErrorKind),
}

impl From<&io::Error> for Cause {
    fn from(error: &io::Error) -> Self {
        let code = error.raw_os_error();
        code.map_or_else(|| Self::Kind(error.kind()), Self::Code)
    }
}

impl From<Cause> for io::Error {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Code(code) => Self::from_raw_os_error(code),
            Cause::Kind(kind) => kind.into(),
        }
    }
}

/// The same error of the system once more.
pub(crate) fn again(error: &io::Error) -> io::Error {
    Cause::from(error).into()
}
