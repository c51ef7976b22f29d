//! The text of a manifest, before its format matters.

use super::{Entry, LineError, ManifestError};

const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";

/// How a compressed file starts, and with what it is compressed.
const COMPRESSED: [(&[u8], &str); 5] = [
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"PK\x03\x04", "zip"),
];

/// How the first block of bzip2 starts, after `BZh` and a digit.
const BZIP2_BLOCK: &[u8] = b"1AY&SY";

/// The text without its byte order mark.
pub(super) fn plain(text: &[u8]) -> Result<&[u8], ManifestError> {
    if is_utf16(text) {
        return Err(ManifestError::Utf16);
    }
    let is_start = |(magic, name): &(&[u8], &str)| {
        text.starts_with(magic)
            && (*name != "bzip2" || text.get(4..).is_some_and(|t| t.starts_with(BZIP2_BLOCK)))
    };
    match COMPRESSED.into_iter().find(is_start) {
        Some((_, name)) => Err(ManifestError::Compressed(name)),
        None => Ok(text.strip_prefix(UTF_8_MARK).unwrap_or(text)),
    }
}

/// Whether a text starts as UTF-16 does: with a byte order mark, or with printable ASCII
/// characters of two bytes, one of which is a NUL.
fn is_utf16(text: &[u8]) -> bool {
    /// So many of these are no chance.
    const CHARACTERS: usize = 4;
    let is_mark = text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff");
    let (pairs, _) = text.as_chunks::<2>();
    let start = pairs.get(..CHARACTERS).unwrap_or_default();
    let has_nul_at = |place: usize| {
        let is_printable =
            |pair: &[u8; 2]| pair[place] == 0 && matches!(pair[1 - place], b' '..=b'~');
        !start.is_empty() && start.iter().all(is_printable)
    };
    is_mark || has_nul_at(0) || has_nul_at(1)
}

/// Whether a text that starts with these bytes would be read as they stand.
pub(super) fn may_start(text: &[u8]) -> bool {
    plain(text).is_ok_and(|plain| plain.len() == text.len())
}

/// How many bytes the first line has, with its end.
pub(super) fn line_len(text: &[u8]) -> usize {
    let end = text.iter().position(|&byte| byte == b'\n');
    end.map_or(text.len(), |end| end + 1)
}

/// A line without its end, LF or CRLF.
pub(super) fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The lines of a text without their ends.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').map(without_end)
}

/// What `read` makes of a line; `None` of an empty one and of a comment. It is not given
/// lines with a NUL.
pub(super) fn read_line(
    line: &[u8],
    is_comment: fn(&[u8]) -> bool,
    read: impl FnOnce(&[u8]) -> Result<Entry, LineError>,
) -> Option<Result<Entry, LineError>> {
    if trim_start(line).is_empty() || is_comment(line) {
        return None;
    }
    Some(if line.contains(&0) {
        Err(LineError::Nul)
    } else {
        read(line)
    })
}

/// Whether a line starts with `#` after blanks: a comment in every format but SFV and RECORD.
pub(super) fn is_comment(line: &[u8]) -> bool {
    trim_start(line).starts_with(b"#")
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The line without the blanks that it starts with.
pub(super) fn trim_start(line: &[u8]) -> &[u8] {
    let blanks = line.iter().take_while(|&&byte| is_blank(byte));
    &line[blanks.count()..]
}

/// A decimal number, of digits alone.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    let is_bare = digits.iter().all(u8::is_ascii_digit);
    let text = is_bare.then(|| str::from_utf8(digits).ok()).flatten();
    text.and_then(|text| text.parse().ok())
}
