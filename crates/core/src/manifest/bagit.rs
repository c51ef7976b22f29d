//! The manifests of a bag: `manifest-<algorithm>.txt`, `tagmanifest-<algorithm>.txt`.
//!
//! RFC 8493, section 2.1.3: a digest in hexadecimal, blanks, and a name in which
//! a newline, a carriage return and a percent sign, and those alone, stand as
//! `%0A`, `%0D` and `%25`. Another percent sign is one (bags before version 1.0
//! escaped none). An asterisk before the name is `md5sum`'s mark of binary mode,
//! and a line that starts with `#` a comment, as `bagit-python` reads them.

use super::write::EntryError;
use super::{Entry, LineError, hex, text};
use crate::algorithm::Algorithm;
use crate::digest::Digest;

/// What a line says.
pub(super) fn read_line(line: &[u8], algorithm: Option<Algorithm>) -> Result<Entry, LineError> {
    let (digits, rest) = hex::split(text::trim_start(line));
    let digest = hex::digest(digits, algorithm)?;
    let name = text::trim_start(rest);
    if name.len() == rest.len() && !rest.is_empty() {
        return Err(LineError::NoSeparator);
    }
    let name = name.strip_prefix(b"*").unwrap_or(name);
    if name.is_empty() {
        return Err(LineError::NoName);
    }
    Ok(Entry::new(decode(name), digest))
}

fn decode(name: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, after) = match rest {
            [b'%', b'0', b'A' | b'a', after @ ..] => (b'\n', after),
            [b'%', b'0', b'D' | b'd', after @ ..] => (b'\r', after),
            [b'%', b'2', b'5', after @ ..] => (b'%', after),
            _ => (byte, after),
        };
        plain.push(byte);
        rest = after;
    }
    plain
}

/// Appends a line without its end.
pub(super) fn push(text: &mut Vec<u8>, name: &[u8], digest: &Digest) -> Result<(), EntryError> {
    if matches!(name, [b' ' | b'\t' | b'*', ..]) {
        return Err(EntryError::FirstByte);
    }
    hex::push(text, digest);
    text.extend_from_slice(b"  ");
    for &byte in name {
        match byte {
            b'\n' => text.extend_from_slice(b"%0A"),
            b'\r' => text.extend_from_slice(b"%0D"),
            b'%' => text.extend_from_slice(b"%25"),
            other => text.push(other),
        }
    }
    Ok(())
}
