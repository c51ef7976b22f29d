//! The `RECORD` of an installed Python distribution.
//!
//! PEP 376 and PEP 427, now "Recording installed projects" of the PyPA's
//! specifications: comma-separated values in the way of Python's `csv` module,
//! each line a path, `algorithm=digest` in base64 for URLs without padding, and
//! a size in bytes. Digest and size may be missing, as they are for RECORD
//! itself. Debian's packages state digests in hexadecimal. A path with a comma, a
//! quotation mark or a line break stands between quotation marks, which are
//! doubled inside; so an entry may span lines.

use smallvec::SmallVec;

use super::write::EntryError;
use super::{Entry, LineError, hashdeep, names, text};
use crate::algorithm::Algorithm;
use crate::digest::Digest;

/// Path, digest, size.
const FIELDS: usize = 3;

/// The first entry of a text: how many bytes its lines have, and what they say. `None` where
/// that depends on what follows the text, which is not its end.
///
/// Where a quoted field that spans lines ends in no entry, its first line alone
/// is malformed and the next one starts anew: a stray quotation mark hides no
/// line. Each line is looked at twice at most, since a line can open such a field
/// only if it has an odd number of quotation marks, and the next such line ends
/// the field.
pub(super) fn read_first(
    text: &[u8],
    is_end: bool,
    forced: Option<Algorithm>,
) -> Option<(usize, Result<Entry, LineError>)> {
    let one = text::line_len(text);
    let whole = match entry_len(text) {
        Some(len) => len,
        None if !is_end => return None,
        None if has_open_quotes(text) => one,
        None => text.len(),
    };
    let content = read_entry(&text[..whole], forced);
    let len = if content.is_ok() { whole } else { one };
    Some((len, content))
}

/// How many bytes the lines of the first entry have: to the first newline that is not
/// between quotation marks. `None` where there is none.
fn entry_len(text: &[u8]) -> Option<usize> {
    let mut is_quoted = false;
    let end = text.iter().position(|&byte| {
        is_quoted ^= byte == b'"';
        byte == b'\n' && !is_quoted
    });
    end.map(|end| end + 1)
}

/// Whether a quotation mark has no partner.
fn has_open_quotes(text: &[u8]) -> bool {
    text.iter().filter(|&&byte| byte == b'"').count() % 2 == 1
}

/// What the lines of one entry say.
pub(super) fn read_entry(lines: &[u8], forced: Option<Algorithm>) -> Result<Entry, LineError> {
    let line = text::without_end(lines);
    if line.contains(&0) {
        return Err(LineError::Nul);
    }
    let (name, digest, size) = read_fields(line)?;
    if name.is_empty() {
        return Err(LineError::NoName);
    }
    Ok(Entry {
        name,
        digests: read_digest(&digest, forced)?.into_iter().collect(),
        size: match &size[..] {
            [] => None,
            size => Some(text::decimal(size).ok_or(LineError::Size)?),
        },
    })
}

type Field = SmallVec<[u8; 96]>;

fn read_fields(line: &[u8]) -> Result<(Vec<u8>, Field, Field), LineError> {
    let mut fields: SmallVec<[Field; FIELDS]> = SmallVec::new();
    let mut found = 0;
    let mut rest = Some(line);
    while let Some(line) = rest {
        let (field, after) = read_field(line)?;
        found += 1;
        if found <= FIELDS {
            fields.push(field);
        }
        rest = after;
    }
    let wanted = FIELDS;
    match fields.into_inner() {
        Ok([name, digest, size]) if found == wanted => Ok((name.into_vec(), digest, size)),
        _ => Err(LineError::Fields { wanted, found }),
    }
}

/// The first field, and what follows the comma after it if there is one.
fn read_field(line: &[u8]) -> Result<(Field, Option<&[u8]>), LineError> {
    let Some(quoted) = line.strip_prefix(b"\"") else {
        let end = line.iter().position(|&byte| byte == b',');
        let (field, rest) = line.split_at(end.unwrap_or(line.len()));
        let is_bare = !field.contains(&b'"');
        return is_bare
            .then(|| (Field::from_slice(field), rest.get(1..)))
            .ok_or(LineError::Quotes);
    };
    let mut field = Field::new();
    let mut rest = quoted;
    loop {
        let end = rest.iter().position(|&byte| byte == b'"');
        let (part, after) = rest.split_at(end.ok_or(LineError::Quotes)?);
        field.extend_from_slice(part);
        match &after[1..] {
            [] => return Ok((field, None)),
            [b',', after @ ..] => return Ok((field, Some(after))),
            [b'"', after @ ..] => {
                field.push(b'"');
                rest = after;
            }
            _ => return Err(LineError::Quotes),
        }
    }
}

fn read_digest(field: &[u8], forced: Option<Algorithm>) -> Result<Option<Digest>, LineError> {
    if field.is_empty() {
        return Ok(None);
    }
    let equals = field.iter().position(|&byte| byte == b'=');
    let (word, digest) = field.split_at(equals.unwrap_or(0));
    let (found, len) = names::find(word).ok_or(LineError::UnknownAlgorithm)?;
    if let Some(wanted) = forced.filter(|&forced| forced != found) {
        return Err(LineError::OtherAlgorithm { wanted, found });
    }
    let digest = &digest[1..];
    let has_len = |digest: &Digest| digest.as_bytes().len() == len;
    Digest::from_base64url(found, digest)
        .filter(has_len)
        .or_else(|| Digest::from_hex(found, digest).filter(has_len))
        .map(Some)
        .ok_or(LineError::NotBase64(found))
}

/// Appends a line without its end.
pub(super) fn push(text: &mut Vec<u8>, entry: &Entry) -> Result<(), EntryError> {
    push_path(text, &entry.name);
    text.push(b',');
    match &entry.digests[..] {
        [] => {}
        [digest] => {
            let name = names::of(digest).replace('-', "_");
            text.extend_from_slice(format!("{name}={}", digest.to_base64url()).as_bytes());
        }
        _ => return Err(EntryError::SeveralDigests),
    }
    text.push(b',');
    if let Some(size) = entry.size {
        text.extend_from_slice(size.to_string().as_bytes());
    }
    Ok(())
}

/// Appends a path, quoted where `csv` quotes it, and where the text would else
/// start like another kind of file.
fn push_path(text: &mut Vec<u8>, path: &[u8]) {
    let is_special = |byte: &u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    let may_start = text::may_start(path) && !path.starts_with(hashdeep::MAGIC);
    if !path.iter().any(is_special) && may_start {
        text.extend_from_slice(path);
        return;
    }
    text.push(b'"');
    for &byte in path {
        if byte == b'"' {
            text.push(b'"');
        }
        text.push(byte);
    }
    text.push(b'"');
}
