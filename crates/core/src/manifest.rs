//! From the bytes of a checksum manifest to its entries.
//!
//! The format is that of GNU coreutils' `sha1sum`, described in its manual
//! under "md5sum invocation": a digest in hexadecimal, a space, a space (text
//! mode) or an asterisk (binary mode), and the name. A line that starts with a
//! backslash has `\\`, `\n` and `\r` in its name escaped.
//!
//! No line is dropped unseen: each is an [`Entry`], a [`LineError`], or a
//! comment or an empty line.

use crate::Digest;

/// A line that names a file, or that ought to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The line's number in the manifest, from 1.
    pub number: u64,
    /// What the line says, or why it says nothing.
    pub content: Result<Entry, LineError>,
}

/// A file's name and the digest it should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file's name, relative to the manifest's directory: any bytes but
    /// NUL, never empty.
    pub name: Vec<u8>,
    /// The digest that the manifest states.
    pub digest: Digest,
}

/// Why a line is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The line does not start with a run of hexadecimal digits.
    #[error("want a SHA-1 digest of 40 hexadecimal digits, got none")]
    NoDigest,
    /// The line starts with a run of hexadecimal digits of another length.
    #[error("want a SHA-1 digest of 40 hexadecimal digits, got {0} digits")]
    DigestLength(usize),
    /// The digest is followed by something else than two spaces or ` *`.
    #[error("want two spaces, or a space and an asterisk, between digest and name")]
    NoSeparator,
    /// No name follows the digest.
    #[error("no file name")]
    NoName,
    /// A NUL byte, which no file name can have.
    #[error("a NUL byte in the line")]
    Nul,
    /// A backslash in an escaped name that is not followed by `\`, `n` or `r`.
    #[error("an unknown escape in the file name")]
    Escape,
}

/// The manifest's bytes are UTF-16 text, which no checksum tool writes or reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is UTF-16, want ASCII or UTF-8")]
pub struct Utf16Error;

/// Reads a manifest, one [`Line`] for each line that is neither empty nor a
/// comment (`#`).
///
/// Lines end with LF or CRLF, the last one may lack its end; a UTF-8 byte order
/// mark is passed over. An empty manifest gives no lines.
///
/// # Errors
/// [`Utf16Error`] where the text starts with a UTF-16 byte order mark.
pub fn parse(text: &[u8]) -> Result<Vec<Line>, Utf16Error> {
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        return Err(Utf16Error);
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    Ok((1..)
        .zip(text.split(|&byte| byte == b'\n'))
        .filter_map(|(number, line)| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let line = trim_blanks(line);
            let says_something = !line.is_empty() && line[0] != b'#';
            says_something.then(|| Line {
                number,
                content: parse_line(line),
            })
        })
        .collect())
}

fn parse_line(line: &[u8]) -> Result<Entry, LineError> {
    if line.contains(&0) {
        return Err(LineError::Nul);
    }
    let (escaped, line) = match line.strip_prefix(b"\\") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let (hex, rest) = line.split_at(digits);
    let digest = match Digest::from_hex(hex) {
        Some(digest) => digest,
        None if digits == 0 => return Err(LineError::NoDigest),
        None => return Err(LineError::DigestLength(digits)),
    };
    let name = match rest {
        [] | [b' '] => return Err(LineError::NoName),
        [b' ', b' ' | b'*', name @ ..] => name,
        _ => return Err(LineError::NoSeparator),
    };
    let name = if escaped {
        unescape(name)?
    } else {
        name.to_vec()
    };
    if name.is_empty() {
        return Err(LineError::NoName);
    }
    Ok(Entry { name, digest })
}

/// Undoes coreutils' escapes in a name.
fn unescape(name: &[u8]) -> Result<Vec<u8>, LineError> {
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

fn trim_blanks(line: &[u8]) -> &[u8] {
    let blanks = line.iter().take_while(|b| matches!(b, b' ' | b'\t'));
    &line[blanks.count()..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEX: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

    /// What `parse` makes of the manifest that is this one line.
    fn parse_one(line: &[u8]) -> Option<Result<Vec<u8>, LineError>> {
        let mut lines = parse(line).unwrap();
        assert!(lines.len() <= 1);
        let line = lines.pop()?;
        assert_eq!(line.number, 1);
        Some(line.content.map(|entry| {
            assert_eq!(entry.digest.to_string(), HEX);
            entry.name
        }))
    }

    #[test]
    fn accepted_lines() {
        for (line, name) in [
            (format!("{HEX}  a"), &b"a"[..]),
            (format!("{HEX} *a"), b"a"),
            (format!("{HEX}  a\n"), b"a"),
            (format!("{HEX}  a\r\n"), b"a"),
            (format!("\u{feff}{HEX}  a"), b"a"),
            (format!(" \t{HEX}  a"), b"a"),
            (format!("{}  a", HEX.to_uppercase()), b"a"),
            (format!("{HEX}   a"), b" a"),
            (format!("{HEX}  *a"), b"*a"),
            (format!("{HEX}  -"), b"-"),
            (format!("{HEX}  a b "), b"a b "),
            (format!("{HEX}  #a"), b"#a"),
            (format!("{HEX}  a\\nb"), b"a\\nb"),
            (format!("\\{HEX}  a\\nb"), b"a\nb"),
            (format!("\\{HEX}  a\\rb\\\\"), b"a\rb\\"),
            (format!("{HEX}  ünï"), "ünï".as_bytes()),
        ] {
            let got = parse_one(line.as_bytes());
            assert_eq!(got, Some(Ok(name.to_vec())), "{line:?}");
        }
    }

    #[test]
    fn names_need_not_be_utf_8() {
        let line = [HEX.as_bytes(), b"  caf\xe9\xff"].concat();
        assert_eq!(parse_one(&line), Some(Ok(b"caf\xe9\xff".to_vec())));
    }

    #[test]
    fn rejected_lines() {
        for (line, error) in [
            ("nothing".to_owned(), LineError::NoDigest),
            ("\\".to_owned(), LineError::NoDigest),
            ("\u{0}".to_owned(), LineError::Nul),
            (format!("{HEX}  a\0b"), LineError::Nul),
            ("da39  a".to_owned(), LineError::DigestLength(4)),
            (format!("{HEX}{HEX}  a"), LineError::DigestLength(80)),
            (HEX[1..].to_owned() + "  a", LineError::DigestLength(39)),
            (HEX.to_owned(), LineError::NoName),
            (format!("{HEX} "), LineError::NoName),
            (format!("{HEX}  "), LineError::NoName),
            (format!("{HEX} *\r"), LineError::NoName),
            (format!("{HEX} a"), LineError::NoSeparator),
            (format!("{HEX}\t a"), LineError::NoSeparator),
            (format!("{HEX}ga"), LineError::NoSeparator),
            (format!("\\{HEX}  a\\"), LineError::Escape),
            (format!("\\{HEX}  a\\t"), LineError::Escape),
        ] {
            assert_eq!(parse_one(line.as_bytes()), Some(Err(error)), "{line:?}");
        }
    }

    #[test]
    fn empty_lines_and_comments_are_passed_over_and_still_numbered() {
        let text = format!("\n# one\n{HEX}  a\n\r\n  \n\t# two\nbad\n");
        let lines = parse(text.as_bytes()).unwrap();
        let numbers: Vec<u64> = lines.iter().map(|line| line.number).collect();
        assert_eq!(numbers, [3, 7]);
        assert!(parse(b"").unwrap().is_empty());
        assert!(parse(b"\xef\xbb\xbf").unwrap().is_empty());
    }

    #[test]
    fn utf_16_is_an_error_of_the_whole_manifest() {
        assert_eq!(parse(b"\xff\xfed\0a\0"), Err(Utf16Error));
        assert_eq!(parse(b"\xfe\xff\0d\0a"), Err(Utf16Error));
    }

    /// Writes a line as `sha1sum` does.
    fn written(name: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        if name.iter().any(|b| matches!(b, b'\\' | b'\n' | b'\r')) {
            text.push(b'\\');
        }
        text.extend_from_slice(HEX.as_bytes());
        text.extend_from_slice(b"  ");
        for &byte in name {
            match byte {
                b'\\' => text.extend_from_slice(b"\\\\"),
                b'\n' => text.extend_from_slice(b"\\n"),
                b'\r' => text.extend_from_slice(b"\\r"),
                other => text.push(other),
            }
        }
        text.push(b'\n');
        text
    }

    proptest! {
        #[test]
        fn any_name_survives_being_written_and_read(name in proptest::collection::vec(1..=255_u8, 1..40)) {
            prop_assert_eq!(parse_one(&written(&name)), Some(Ok(name)));
        }

        #[test]
        fn any_bytes_give_at_most_one_verdict_for_each_line(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(lines) = parse(&text) {
                let breaks = text.iter().filter(|&&byte| byte == b'\n').count();
                prop_assert!(lines.len() <= breaks + 1);
                prop_assert!(lines.windows(2).all(|pair| pair[0].number < pair[1].number));
            }
        }

        #[test]
        fn text_that_is_almost_a_manifest_never_panics(text in "([0-9a-f]{38,42}|\\\\|#| |\\*|a|\\n|\\r|\\x00){0,30}") {
            let _ = parse(text.as_bytes());
        }
    }
}
