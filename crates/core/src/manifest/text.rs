//! The text of a manifest, before its format matters.

use super::{Entry, Line, LineError, ManifestError, Options};

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
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
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

/// Whether a text that starts with these bytes would be read as they stand.
pub(super) fn may_start(text: &[u8]) -> bool {
    plain(text).is_ok_and(|plain| plain.len() == text.len())
}

/// The lines of a text without their ends, LF or CRLF, and their numbers.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let without_return = |line| <[u8]>::strip_suffix(line, b"\r").unwrap_or(line);
    let lines = text.split(|&byte| byte == b'\n').map(without_return);
    (1..).zip(lines)
}

/// What `read` makes of each line that is neither empty nor, after blanks, starts
/// with `comment`, until that is cancelled. It is not given lines with a NUL.
pub(super) fn read_lines<'a>(
    lines: impl Iterator<Item = (u64, &'a [u8])>,
    comment: u8,
    options: &Options<'_>,
    mut read: impl FnMut(&'a [u8]) -> Result<Entry, LineError>,
) -> Vec<Line> {
    let says_something = |line: &[u8]| {
        let first = trim_start(line).first();
        first.is_some_and(|&first| first != comment)
    };
    lines
        .take_while(|_| !options.is_cancelled())
        .filter(|(_, line)| says_something(line))
        .map(|(number, line)| Line {
            number,
            content: if line.contains(&0) {
                Err(LineError::Nul)
            } else {
                read(line)
            },
        })
        .collect()
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
