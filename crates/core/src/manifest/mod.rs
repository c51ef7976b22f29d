//! From the bytes of a checksum manifest to its entries, and back.
//!
//! Six formats are read and written ([`Format`]); which one a manifest has, and
//! of which algorithm its digests are, is told by its content and its file's
//! name unless [`Options`] force it. `docs/manifests.md` describes the formats
//! line by line, and its tables are this module's tests.
//!
//! No line is dropped unseen: each is an [`Entry`], a [`LineError`], or a
//! comment or an empty line. Nothing here does I/O, and every text, however
//! broken, is read in time and memory proportional to its length.
//!
//! ```
//! use checksig_core::manifest::{Format, Options, parse, write};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = b"MD5 (empty) = d41d8cd98f00b204e9800998ecf8427e\n";
//! let manifest = parse(text, &Options::default())?;
//! assert_eq!(manifest.format, Format::Bsd);
//! let entry = manifest.lines[0].content.clone()?;
//! assert_eq!(entry.name, b"empty");
//! let gnu = write(Format::Gnu, &[entry], false)?;
//! assert_eq!(gnu, b"d41d8cd98f00b204e9800998ecf8427e  empty\n");
//! # Ok(())
//! # }
//! ```

mod bagit;
mod bsd;
mod detect;
mod error;
mod escape;
mod gnu;
mod hashdeep;
mod hex;
mod names;
mod reader;
mod record;
mod sfv;
#[cfg(test)]
mod tests;
mod text;
mod write;

use std::fmt;
use std::ops::ControlFlow;

use smallvec::SmallVec;

pub use error::{LineError, ManifestError, Wanted};
pub(crate) use reader::{Reader, Take};
pub(crate) use write::Writer;
pub use write::{EntryError, WriteError, write};

use crate::algorithm::Algorithm;
use crate::cancel::Cancel;
use crate::digest::Digest;

/// What is read of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The format that was forced or detected.
    pub format: Format,
    /// Its lines, in order, but for comments and empty ones.
    pub lines: Vec<Line>,
}

/// A line that names a file, or that ought to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The line's number in the manifest, from 1: that of its first line where a
    /// quoted name spans several, that of the record where NUL ends them.
    pub number: u64,
    /// What the line says, or why it says nothing.
    pub content: Result<Entry, LineError>,
}

/// A file's name and what the manifest states of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file's name as it was meant, without escapes: any bytes but NUL,
    /// never empty.
    pub name: Vec<u8>,
    /// The digests that the manifest states, at most one of each algorithm:
    /// several only in hashdeep's format, none only in pip's RECORD.
    pub digests: SmallVec<[Digest; 1]>,
    /// The file's size in bytes, where the manifest states it.
    pub size: Option<u64>,
}

impl Entry {
    /// An entry with one digest and no size.
    fn new(name: Vec<u8>, digest: Digest) -> Self {
        Self {
            name,
            digests: SmallVec::from_buf([digest]),
            size: None,
        }
    }
}

/// The formats of manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Digest and name, as GNU coreutils' `sha256sum` writes them.
    Gnu,
    /// `SHA256 (name) = digest`, as the BSDs' tools, `cksum` and OpenSSL write it.
    Bsd,
    /// Name and CRC-32: "simple file verification".
    Sfv,
    /// Size, digests of several algorithms, and name, as `hashdeep` writes them.
    Hashdeep,
    /// A bag's `manifest-<algorithm>.txt` (RFC 8493).
    Bagit,
    /// The `RECORD` of an installed Python distribution (PEP 376, PEP 427).
    Record,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [
        Self::Gnu,
        Self::Bsd,
        Self::Sfv,
        Self::Hashdeep,
        Self::Bagit,
        Self::Record,
    ];

    /// Its name in lower case: `gnu`, `bsd`, `sfv`, `hashdeep`, `bagit`, `record`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gnu => "gnu",
            Self::Bsd => "bsd",
            Self::Sfv => "sfv",
            Self::Hashdeep => "hashdeep",
            Self::Bagit => "bagit",
            Self::Record => "record",
        }
    }

    /// The format of a name in any case; `None` for an unknown one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let is_named = |format: &Self| format.name().eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(is_named)
    }

    /// The format that the name of a manifest's file tells, if it tells one: that of
    /// `RECORD`, `*.sfv` and BagIt's `manifest-<algorithm>.txt`. A path before it does
    /// not matter.
    #[must_use]
    pub fn from_file_name(path: &[u8]) -> Option<Self> {
        detect::format_of_name(path)
    }

    /// Whether its lines may end with NUL instead of a newline, as those of
    /// `sha256sum --zero` do.
    fn has_zero_form(self) -> bool {
        matches!(self, Self::Gnu | Self::Bsd)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is known of a manifest besides its text. Nothing is, by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// The name of the manifest's file; a path before it does not matter.
    pub file_name: Option<&'a [u8]>,
    /// The format, whatever the file's name and the text look like.
    pub format: Option<Format>,
    /// The algorithm, whatever the file's name says. A line that states another
    /// one is malformed.
    pub algorithm: Option<Algorithm>,
    /// Whether lines end with NUL, as those of `sha256sum --zero`: newlines and
    /// backslashes then belong to names, and there are no comments.
    pub zero: bool,
    /// Ends the reading early where it is raised; nothing does otherwise.
    pub cancel: Option<&'a Cancel>,
}

impl Options<'_> {
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.is_some_and(Cancel::is_requested)
    }

    /// What ends a line.
    fn separator(&self) -> u8 {
        if self.zero { 0 } else { b'\n' }
    }

    /// The algorithm of a digest whose line names none, where it is known; an error where it is
    /// known to be one that is not supported.
    fn untagged(&self) -> Result<Option<Algorithm>, LineError> {
        match (self.algorithm, self.file_name) {
            (None, Some(name)) => detect::algorithm(name),
            (forced, _) => Ok(forced),
        }
    }
}

/// Reads a manifest: one [`Line`] for each line that is neither empty nor a
/// comment.
///
/// Lines end with LF or CRLF, the last one may lack its end; a UTF-8 byte order
/// mark is passed over. A line of more than 64 KiB is malformed, and what tells the format
/// stands in the first MiB. An empty manifest gives no lines. Memory: about 150
/// bytes a line, and the names.
///
/// # Errors
/// Where no line of the text can be read as what it means, or the reading was cancelled:
/// [`ManifestError`].
pub fn parse(text: &[u8], options: &Options<'_>) -> Result<Manifest, ManifestError> {
    let mut reader = Reader::new(*options);
    let mut lines = Vec::new();
    reader.read(text, true, &mut |line| {
        lines.push(line);
        ControlFlow::Continue(())
    })?;
    Ok(Manifest {
        format: reader.format(),
        lines,
    })
}
