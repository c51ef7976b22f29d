//! Why nothing could be verified at all.

use std::{fmt, io};

use crate::manifest::Utf16Error;
use crate::open::Refusal;
use crate::quote::push_quoted;

/// A directory or a manifest that cannot be used, with its path.
#[derive(Debug)]
pub struct Error {
    path: Vec<u8>,
    kind: ErrorKind,
}

/// What is wrong with the directory or the manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The directory cannot be opened.
    #[error("cannot open the directory: {0}")]
    Root(#[source] io::Error),
    /// The manifest cannot be opened or read.
    #[error("cannot read the manifest: {0}")]
    Manifest(#[source] io::Error),
    /// The manifest's name stands for something that is not a regular file.
    #[error("cannot read the manifest: {0}")]
    NotAFile(#[source] Refusal),
    /// The manifest is not text that a checksum tool writes.
    #[error("cannot read the manifest: {0}")]
    Encoding(#[source] Utf16Error),
}

impl Error {
    pub(crate) fn new(path: &[u8], kind: ErrorKind) -> Self {
        Self {
            path: path.to_vec(),
            kind,
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The error in words, the path first. Bytes, since a path need not be UTF-8.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let mut message = Vec::new();
        push_quoted(&mut message, &self.path);
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
