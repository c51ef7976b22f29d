//! hashdeep's lists: `%%%% HASHDEEP-1.0`.
//!
//! hashdeep's manual page: the first line names the format and its version, the
//! second one the columns (`%%%% size,md5,sha256,filename`). Each file has a line
//! of comma-separated values, not quoted: the name is the rest of the line. Lines
//! that start with `#` are comments.
//!
//! Columns of algorithms that are not known (tiger, whirlpool) are passed over;
//! one at least must be known.

use smallvec::SmallVec;

use super::write::EntryError;
use super::{Entry, Format, LineError, ManifestError, Options, hex, names, text};
use crate::algorithm::Algorithm;
use crate::digest::Digest;

/// How every such list starts; a minor version follows.
pub(super) const MAGIC: &[u8] = b"%%%% HASHDEEP-1.";

/// How many lines stand before the first file's.
pub(super) const HEADER_LINES: usize = 2;

/// How many columns there may be: hashdeep has six algorithms.
const MOST_COLUMNS: usize = 64;

/// What stands between size and name: of each column the algorithm and the bytes
/// of its digests, where they are known.
pub(super) type Columns = Vec<Option<(Algorithm, usize)>>;

/// Reads the header of a text: what the columns are, and how many bytes it takes.
pub(super) fn read_header(
    text: &[u8],
    options: &Options<'_>,
) -> Result<(Columns, usize), ManifestError> {
    if !text.starts_with(MAGIC) {
        return Err(ManifestError::HashdeepVersion { line: 1 });
    }
    let (_, rest) = text.split_at(text::line_len(text));
    let (head, rest) = rest.split_at(text::line_len(rest));
    let columns = read_columns(text::without_end(head), 2)?;
    let lacks = |wanted: &Algorithm| count(&columns, *wanted) == 0;
    if let Some(wanted) = options.algorithm.filter(lacks) {
        return Err(ManifestError::Algorithm {
            format: Format::Hashdeep,
            wanted,
        });
    }
    Ok((columns, text.len() - rest.len()))
}

fn read_columns(head: &[u8], line: u64) -> Result<Columns, ManifestError> {
    let columns: Columns = head
        .strip_prefix(b"%%%% size,")
        .and_then(|head| head.strip_suffix(b",filename"))
        .ok_or(ManifestError::HashdeepColumns { line })?
        .split(|&byte| byte == b',')
        .map(names::find)
        .take(MOST_COLUMNS + 1)
        .collect();
    if columns.len() > MOST_COLUMNS {
        return Err(ManifestError::HashdeepColumns { line });
    }
    let counts = Algorithm::ALL.map(|algorithm| count(&columns, algorithm));
    if counts.iter().any(|&count| count > 1) {
        return Err(ManifestError::HashdeepColumns { line });
    }
    if counts.iter().all(|&count| count == 0) {
        return Err(ManifestError::HashdeepUnknown { line });
    }
    Ok(columns)
}

/// How many columns are of an algorithm.
fn count(columns: &Columns, algorithm: Algorithm) -> usize {
    let is_of = |column: &&Option<(Algorithm, usize)>| column.is_some_and(|(a, _)| a == algorithm);
    columns.iter().filter(is_of).count()
}

/// What a line says.
pub(super) fn read_line(line: &[u8], columns: &Columns) -> Result<Entry, LineError> {
    let wanted = columns.len() + 2;
    let mut fields = line.splitn(wanted, |&byte| byte == b',');
    let too_few = || LineError::Fields {
        wanted,
        found: 1 + line.iter().filter(|&&byte| byte == b',').count(),
    };
    let size = fields.next().ok_or_else(too_few)?;
    let size = text::decimal(size).ok_or(LineError::Size)?;
    let mut digests = SmallVec::new();
    for column in columns {
        let field = fields.next().ok_or_else(too_few)?;
        if let Some((algorithm, len)) = *column {
            digests.push(hex::digest_field(field, algorithm, len)?);
        }
    }
    let name = fields.next().ok_or_else(too_few)?;
    if name.is_empty() {
        return Err(LineError::NoName);
    }
    Ok(Entry {
        name: name.to_vec(),
        digests,
        size: Some(size),
    })
}

/// Appends the header: the columns of the first entry, hashdeep's own where there
/// is none.
pub(super) fn push_header(text: &mut Vec<u8>, first: Option<&Entry>) {
    text.extend_from_slice(MAGIC);
    text.extend_from_slice(b"0\n%%%% size,");
    let usual = || ["md5", "sha256"].map(str::to_owned).into();
    let columns: Vec<String> = first.map_or_else(usual, columns_of);
    for column in columns {
        text.extend_from_slice(format!("{column},").as_bytes());
    }
    text.extend_from_slice(b"filename\n");
}

fn columns_of(entry: &Entry) -> Vec<String> {
    entry.digests.iter().map(names::of).collect()
}

fn algorithms(entry: &Entry) -> impl Iterator<Item = Algorithm> {
    entry.digests.iter().map(Digest::algorithm)
}

/// Appends a line without its end; its digests are those of the first entry.
pub(super) fn push(text: &mut Vec<u8>, entry: &Entry, first: &Entry) -> Result<(), EntryError> {
    if entry.digests.is_empty() {
        return Err(EntryError::NoDigest);
    }
    let is_twice = |algorithm| algorithms(entry).filter(|&a| a == algorithm).count() > 1;
    if columns_of(entry) != columns_of(first) || algorithms(entry).any(is_twice) {
        return Err(EntryError::Columns);
    }
    if entry.name.contains(&b'\n') || entry.name.ends_with(b"\r") {
        return Err(EntryError::LineBreak);
    }
    let size = entry.size.ok_or(EntryError::NoSize)?;
    text.extend_from_slice(format!("{size},").as_bytes());
    for digest in &entry.digests {
        hex::push(text, digest);
        text.push(b',');
    }
    text.extend_from_slice(&entry.name);
    Ok(())
}
