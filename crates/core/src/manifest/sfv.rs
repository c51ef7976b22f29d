//! "Simple file verification": a name, a blank, and a CRC-32 in hexadecimal.
//!
//! No standard describes it; WinSFV was the first to write it, `cksfv` and
//! `rhash --sfv` do. Names may have blanks: the last one ends the name. Lines
//! whose first character is a semicolon are comments; after a blank it is a part of
//! the name, as to `cksfv`.

use super::write::EntryError;
use super::{Entry, Format, LineError, ManifestError, Options, hex, text};
use crate::algorithm::Algorithm;
use crate::digest::Digest;

/// Whether a line is a comment.
pub(super) fn is_comment(line: &[u8]) -> bool {
    line.starts_with(b";")
}

/// What the written text starts with. So it starts with ASCII, whatever the first
/// name starts with.
pub(super) const HEADER: &[u8] = b"; CRC-32\n";

/// How many bytes a CRC-32 has.
const CRC_LEN: usize = 4;

/// Looks whether an algorithm is forced that such a file has none of.
pub(super) fn check(options: &Options<'_>) -> Result<(), ManifestError> {
    let other = options.algorithm.filter(|&a| a != Algorithm::Crc32);
    other.map_or(Ok(()), |wanted| {
        Err(ManifestError::Algorithm {
            format: Format::Sfv,
            wanted,
        })
    })
}

/// What a line says.
pub(super) fn read_line(line: &[u8]) -> Result<Entry, LineError> {
    let blank = line.iter().rposition(|&byte| text::is_blank(byte));
    let blank = blank.ok_or(LineError::NoSeparator)?;
    let digest = hex::digest_field(&line[blank + 1..], Algorithm::Crc32, CRC_LEN)?;
    let name = &line[..blank];
    if name.is_empty() {
        return Err(LineError::NoName);
    }
    Ok(Entry::new(name.to_vec(), digest))
}

/// Appends a line without its end. The digits are upper-case, as WinSFV's.
pub(super) fn push(text: &mut Vec<u8>, name: &[u8], digest: &Digest) -> Result<(), EntryError> {
    if digest.algorithm() != Algorithm::Crc32 {
        return Err(EntryError::Algorithm(Algorithm::Crc32));
    }
    if name.contains(&b'\n') {
        return Err(EntryError::LineBreak);
    }
    if is_comment(name) {
        return Err(EntryError::FirstByte);
    }
    text.extend_from_slice(name);
    text.push(b' ');
    text.extend_from_slice(digest.to_string().to_ascii_uppercase().as_bytes());
    Ok(())
}
