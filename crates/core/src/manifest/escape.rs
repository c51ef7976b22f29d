//! coreutils' escapes: `\\`, `\n` and `\r` in the names of lines that start with
//! a backslash (its manual, "md5sum invocation").

use super::LineError;

/// Undoes the escapes in a name.
pub(super) fn unescape(name: &[u8]) -> Result<Vec<u8>, LineError> {
    let mut plain = Vec::with_capacity(name.len());
    let mut bytes = name.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'\\') => b'\\',
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                _ => return Err(LineError::Escape),
            },
            other => other,
        });
    }
    Ok(plain)
}

/// Whether a name can stand in a line only with escapes.
pub(super) fn is_needed(name: &[u8]) -> bool {
    name.iter().any(|b| matches!(b, b'\\' | b'\n' | b'\r'))
}

/// Appends a name with its escapes.
pub(super) fn push(text: &mut Vec<u8>, name: &[u8]) {
    for &byte in name {
        match byte {
            b'\\' => text.extend_from_slice(b"\\\\"),
            b'\n' => text.extend_from_slice(b"\\n"),
            b'\r' => text.extend_from_slice(b"\\r"),
            other => text.push(other),
        }
    }
}
