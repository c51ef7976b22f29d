//! From entries to the bytes of a manifest.

use std::fmt;

use super::reader::LONGEST;
use super::{Entry, Format, bagit, bsd, gnu, hashdeep, record, sfv};
use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::quote::push_quoted;

/// Why a manifest can't be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// Lines that end with NUL were asked for in a format that has no such form.
    Zero(Format),
    /// Digests of another algorithm were asked for than the format's only one.
    Algorithm {
        /// The format.
        format: Format,
        /// Its algorithm.
        wanted: Algorithm,
    },
    /// The format can't state an entry.
    Entry {
        /// The entry's name.
        name: Vec<u8>,
        /// The format.
        format: Format,
        /// Why.
        reason: EntryError,
    },
}

/// The name, quoted, and why it can't be written.
impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero(format) => write!(f, "the format {format} has no lines that end with NUL"),
            Self::Algorithm { format, wanted } => {
                write!(f, "the format {format} has digests of {wanted} alone")
            }
            Self::Entry {
                name,
                format,
                reason,
            } => {
                let mut quoted = Vec::new();
                push_quoted(&mut quoted, name);
                let quoted = String::from_utf8_lossy(&quoted);
                write!(f, "{quoted} - not for the format {format}: {reason}")
            }
        }
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Zero(_) | Self::Algorithm { .. } => None,
            Self::Entry { reason, .. } => Some(reason),
        }
    }
}

/// Why a format can't state an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The name is empty.
    #[error("no file name")]
    NoName,
    /// The name has a NUL, which no file's name has.
    #[error("a NUL byte in the name")]
    Nul,
    /// The name has a newline, or a carriage return where it would end the line.
    #[error("a line break in the name")]
    LineBreak,
    /// The name starts with what would not be read as a part of it.
    #[error("the name's first character has a meaning of its own")]
    FirstByte,
    /// There is no digest.
    #[error("no digest")]
    NoDigest,
    /// There are several digests.
    #[error("more than one digest")]
    SeveralDigests,
    /// The digest is not of the algorithm that all lines of the manifest have.
    #[error("want a digest of {0} as for the whole manifest")]
    Algorithm(Algorithm),
    /// The digests are not those of the first entry, in its order, each of
    /// another algorithm.
    #[error("want digests of the first entry's algorithms, each once")]
    Columns,
    /// There is no size.
    #[error("no size")]
    NoSize,
    /// The line would be longer than one that is read.
    #[error("a line of more than {} KiB", LONGEST >> 10)]
    TooLong,
}

/// Writes a manifest, each entry a line, which [`parse`](super::parse) reads back.
///
/// With `zero` lines end with NUL, as those of `sha256sum --zero`. Sizes are left
/// out in the formats that have none (all but hashdeep and RECORD). For no entries
/// the text is empty or, in hashdeep's format and SFV, a header.
///
/// # Errors
/// Where the format can't state an entry as it is: the first such entry.
pub fn write(format: Format, entries: &[Entry], zero: bool) -> Result<Vec<u8>, WriteError> {
    let mut text = Vec::new();
    let mut writer = Writer::new(format, zero)?;
    for entry in entries {
        writer.push(&mut text, entry)?;
    }
    writer.finish(&mut text);
    Ok(text)
}

/// Writes the lines of a manifest one by one.
pub(crate) struct Writer {
    format: Format,
    zero: bool,
    /// The first entry, once there is one.
    first: Option<Entry>,
}

impl Writer {
    pub(crate) fn new(format: Format, zero: bool) -> Result<Self, WriteError> {
        if zero && !format.has_zero_form() {
            return Err(WriteError::Zero(format));
        }
        Ok(Self {
            format,
            zero,
            first: None,
        })
    }

    /// Appends a line, and before the first one what the text starts with.
    pub(crate) fn push(&mut self, text: &mut Vec<u8>, entry: &Entry) -> Result<(), WriteError> {
        if self.first.is_none() {
            self.push_header(text, Some(entry));
        }
        let first = self.first.get_or_insert_with(|| entry.clone());
        let start = text.len();
        let pushed = push(text, self.format, entry, first, self.zero).and_then(|()| {
            text.push(if self.zero { 0 } else { b'\n' });
            match text.len() - start {
                ..=LONGEST => Ok(()),
                _ => Err(EntryError::TooLong),
            }
        });
        pushed.map_err(|reason| WriteError::Entry {
            name: entry.name.clone(),
            format: self.format,
            reason,
        })
    }

    /// Appends what the text starts with, if there was no line.
    pub(crate) fn finish(&self, text: &mut Vec<u8>) {
        if self.first.is_none() {
            self.push_header(text, None);
        }
    }

    fn push_header(&self, text: &mut Vec<u8>, first: Option<&Entry>) {
        match self.format {
            Format::Hashdeep => hashdeep::push_header(text, first),
            Format::Sfv => text.extend_from_slice(sfv::HEADER),
            _ => {}
        }
    }
}

fn push(
    text: &mut Vec<u8>,
    format: Format,
    entry: &Entry,
    first: &Entry,
    zero: bool,
) -> Result<(), EntryError> {
    let name = &entry.name[..];
    if name.is_empty() {
        return Err(EntryError::NoName);
    }
    if name.contains(&0) {
        return Err(EntryError::Nul);
    }
    match format {
        Format::Gnu => gnu::push(text, name, untagged(entry, first)?, zero),
        Format::Bsd => bsd::push(text, name, only(entry)?, zero),
        Format::Sfv => sfv::push(text, name, only(entry)?)?,
        Format::Bagit => bagit::push(text, name, untagged(entry, first)?)?,
        Format::Hashdeep => hashdeep::push(text, entry, first)?,
        Format::Record => record::push(text, entry)?,
    }
    Ok(())
}

/// The entry's one digest.
fn only(entry: &Entry) -> Result<&Digest, EntryError> {
    match &entry.digests[..] {
        [] => Err(EntryError::NoDigest),
        [digest] => Ok(digest),
        _ => Err(EntryError::SeveralDigests),
    }
}

/// The entry's one digest, of the first entry's algorithm: no line says its own.
fn untagged<'a>(entry: &'a Entry, first: &Entry) -> Result<&'a Digest, EntryError> {
    let digest = only(entry)?;
    let wanted = only(first)?.algorithm();
    if digest.algorithm() != wanted {
        return Err(EntryError::Algorithm(wanted));
    }
    Ok(digest)
}
