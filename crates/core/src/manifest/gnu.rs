//! Lines of digest and name, as GNU coreutils' `sha256sum` writes them.
//!
//! coreutils' manual, "md5sum invocation": a digest in hexadecimal, a space, a
//! space (text mode) or an asterisk (binary mode), and the name. A line that
//! starts with a backslash has `\\`, `\n` and `\r` in its name escaped. With
//! `--zero` lines end with NUL, and nothing is escaped.
//!
//! Other tools write one space (FreeBSD's `md5 -r`, and what people type), which
//! coreutils' source calls the reversed form. `digest  a` could then be the file
//! ` a`. So coreutils lets the first line decide for all of its manifest: two
//! spaces there, and a later line with one is malformed. Here the other way round
//! is malformed as well, where coreutils takes the second space for a part of the
//! name: a reader that guesses may check another file than the one that was meant.
//!
//! Lines with a tag may stand among these; [`bsd`] reads them.

use super::{Entry, LineError, Options, bsd, escape, hex, text};
use crate::algorithm::Algorithm;
use crate::digest::Digest;

/// What stands between digest and name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spacing {
    /// One blank.
    Single,
    /// A blank, and a space or an asterisk.
    Double,
}

/// Reads lines of digest and name and lines with tags.
pub(super) struct Reader {
    forced: Option<Algorithm>,
    /// That of lines that name none; an error where it is not supported.
    untagged: Result<Option<Algorithm>, LineError>,
    /// That of the first line, once there was one.
    spacing: Option<Spacing>,
}

impl Reader {
    pub(super) fn new(options: &Options<'_>) -> Self {
        Self {
            forced: options.algorithm,
            untagged: options.untagged(),
            spacing: None,
        }
    }

    /// Reads a record that ends with NUL.
    pub(super) fn read_record(&mut self, record: &[u8]) -> Result<Entry, LineError> {
        self.read(record, false)
    }

    pub(super) fn read_line(&mut self, line: &[u8]) -> Result<Entry, LineError> {
        let line = text::trim_start(line);
        match line.strip_prefix(b"\\") {
            Some(line) => self.read(line, true),
            None => self.read(line, false),
        }
    }

    fn read(&mut self, line: &[u8], is_escaped: bool) -> Result<Entry, LineError> {
        let (digits, rest) = hex::split(line);
        // What is so plainly no tag need not be looked at as one.
        let is_plain = rest.first().is_some_and(|&byte| text::is_blank(byte));
        let tagged = (!is_plain).then(|| bsd::split(line)).flatten();
        if let Some(tagged) = tagged {
            return tagged.entry(is_escaped, self.forced);
        }
        let digest = hex::digest(digits, self.untagged?)?;
        let name = self.name(rest)?;
        let name = if is_escaped {
            escape::unescape(name)?
        } else {
            name.to_vec()
        };
        Ok(Entry::new(name, digest))
    }

    /// The name in what follows the digest.
    fn name<'a>(&mut self, rest: &'a [u8]) -> Result<&'a [u8], LineError> {
        let (spacing, name) = match rest {
            [] => return Err(LineError::NoName),
            [blank, b' ' | b'*', name @ ..] if text::is_blank(*blank) => (Spacing::Double, name),
            [blank, name @ ..] if text::is_blank(*blank) => (Spacing::Single, name),
            _ => return Err(LineError::NoSeparator),
        };
        if name.is_empty() {
            return Err(LineError::NoName);
        }
        match (*self.spacing.get_or_insert(spacing), spacing) {
            (Spacing::Double, Spacing::Single) => Err(LineError::OneBlank),
            (Spacing::Single, Spacing::Double) => Err(LineError::TwoBlanks),
            _ => Ok(name),
        }
    }
}

/// Appends a line without its end.
pub(super) fn push(text: &mut Vec<u8>, name: &[u8], digest: &Digest, zero: bool) {
    let is_escaped = !zero && escape::is_needed(name);
    if is_escaped {
        text.push(b'\\');
    }
    hex::push(text, digest);
    text.extend_from_slice(b"  ");
    if is_escaped {
        escape::push(text, name);
    } else {
        text.extend_from_slice(name);
    }
}
