//! Reading a manifest piece by piece.

use std::ops::ControlFlow;

use memchr::{memchr, memchr_iter};

use super::detect::{self, Follows};
use super::{Entry, Format, Line, LineError, ManifestError, Options};
use super::{bagit, gnu, hashdeep, record, sfv, text};
use crate::algorithm::Algorithm;

/// So many bytes tell what a text starts with: a mark, or hashdeep's first words.
const START_LEN: usize = 32;

/// How many bytes a line may have, with its end, or an entry that spans lines: no path is as long
/// (Linux takes 4 KiB), and garbage without a newline shall not fill the memory.
pub(super) const LONGEST: usize = 64 << 10;

/// How many bytes of a text may tell its format.
pub(super) const TELLING: usize = 1 << 20;

/// What takes the lines of a manifest; breaks off where it wants no more.
pub(crate) type Take<'a> = dyn FnMut(Line) -> ControlFlow<()> + 'a;

/// Reads the lines of a manifest, of whose text not all need be in memory.
pub(crate) struct Reader<'a> {
    options: Options<'a>,
    /// How many bytes a line may have.
    longest: usize,
    /// How many bytes of the text may tell its format.
    telling: usize,
    /// What reads the lines; `None` until enough of the text was seen to tell its format.
    dialect: Option<Dialect>,
    /// The number of the next line.
    number: u64,
    /// Whether the text goes on within a line that is too long.
    passes_over: bool,
}

/// What differs between formats, and what is known of the text meanwhile.
enum Dialect {
    Gnu(Format, gnu::Reader),
    Sfv,
    Hashdeep(hashdeep::Columns),
    Bagit(Result<Option<Algorithm>, LineError>),
    Record(Option<Algorithm>),
}

/// The first line of a text: how many bytes it has, and, if it is more than a comment,
/// what it says.
type First = (usize, Option<Result<Entry, LineError>>);

impl<'a> Reader<'a> {
    pub(crate) fn new(options: Options<'a>) -> Self {
        Self::with_limits(options, LONGEST, TELLING)
    }

    /// One of lines that have so many bytes at most, of whose text so many may tell its format.
    pub(super) fn with_limits(options: Options<'a>, longest: usize, telling: usize) -> Self {
        Self {
            options,
            longest,
            telling,
            dialect: None,
            number: 1,
            passes_over: false,
        }
    }

    /// The format; coreutils' until enough of the text was seen.
    pub(crate) fn format(&self) -> Format {
        match &self.dialect {
            None => Format::Gnu,
            Some(Dialect::Gnu(format, _)) => *format,
            Some(Dialect::Sfv) => Format::Sfv,
            Some(Dialect::Hashdeep(_)) => Format::Hashdeep,
            Some(Dialect::Bagit(_)) => Format::Bagit,
            Some(Dialect::Record(_)) => Format::Record,
        }
    }

    /// Hands the lines of a text to `take`, and gives how many bytes they have. What is left is
    /// to be given again with what follows it: nothing where `is_end` says that nothing does, and
    /// otherwise no more than a line may have, or may tell the format.
    pub(crate) fn read(
        &mut self,
        text: &[u8],
        is_end: bool,
        take: &mut Take<'_>,
    ) -> Result<usize, ManifestError> {
        let mut done = 0;
        if self.dialect.is_none() {
            match self.start(text, is_end)? {
                Some(len) => done = len,
                None => return Ok(0),
            }
        }
        while done < text.len() && !self.options.is_cancelled() {
            let rest = &text[done..];
            let first = if self.passes_over {
                Some((self.pass_over(rest), None))
            } else {
                self.first(rest, is_end)
            };
            let Some((len, content)) = first else {
                break;
            };
            if let Some(content) = content {
                let number = self.number;
                if take(Line { number, content }).is_break() {
                    return Err(ManifestError::Cancelled);
                }
            }
            self.count(&rest[..len]);
            done += len;
        }
        // The flag stays raised: so lines that were left out are noticed here.
        if self.options.is_cancelled() {
            return Err(ManifestError::Cancelled);
        }
        Ok(done)
    }

    /// Finds out the format, and gives how many bytes stand before the first line; `None`
    /// where more of the text is needed.
    fn start(&mut self, text: &[u8], is_end: bool) -> Result<Option<usize>, ManifestError> {
        if text.len() < START_LEN && !is_end {
            return Ok(None);
        }
        let plain = text::plain(text)?;
        let (seen, is_cut) = head(plain, self.telling);
        let follows = match (is_cut, is_end) {
            (true, _) => Follows::TooFar,
            (false, true) => Follows::Nothing,
            (false, false) => Follows::Unseen,
        };
        let detected = || detect::format(seen, follows, &self.options);
        let Some(format) = self.options.format.or_else(detected) else {
            return Ok(None);
        };
        if self.options.zero && !format.has_zero_form() {
            return Err(ManifestError::Zero(format));
        }
        let Some((dialect, header_len)) = self.dialect_of(format, seen, follows)? else {
            return Ok(None);
        };
        self.dialect = Some(dialect);
        self.count(&plain[..header_len]);
        Ok(Some(text.len() - plain.len() + header_len))
    }

    /// What reads a format, and how long the header of its text is; `None` where more of the
    /// text is needed.
    fn dialect_of(
        &self,
        format: Format,
        text: &[u8],
        follows: Follows,
    ) -> Result<Option<(Dialect, usize)>, ManifestError> {
        let dialect = match format {
            Format::Gnu | Format::Bsd => Dialect::Gnu(format, gnu::Reader::new(&self.options)),
            Format::Bagit => Dialect::Bagit(self.options.untagged()),
            Format::Record => Dialect::Record(self.options.algorithm),
            Format::Sfv => {
                sfv::check(&self.options)?;
                Dialect::Sfv
            }
            Format::Hashdeep => {
                let has_header = text::lines(text).nth(hashdeep::HEADER_LINES).is_some();
                if !has_header && follows == Follows::Unseen {
                    return Ok(None);
                }
                let (columns, len) = hashdeep::read_header(text, &self.options)?;
                return Ok(Some((Dialect::Hashdeep(columns), len)));
            }
        };
        Ok(Some((dialect, 0)))
    }

    /// The first line of a text; `None` where more of it is needed.
    fn first(&mut self, text: &[u8], is_end: bool) -> Option<First> {
        let (head, is_cut) = head(text, self.longest);
        let first = self.first_within(head, is_end && !is_cut);
        first.or_else(|| is_cut.then(|| self.too_long(head)))
    }

    /// The first line of a text that is short enough.
    fn first_within(&mut self, text: &[u8], is_end: bool) -> Option<First> {
        if let Some(Dialect::Record(forced)) = self.dialect {
            let (len, content) = record::read_first(text, is_end, forced)?;
            let first_line = &text[..text::line_len(text)];
            let is_blank = text::trim_start(text::without_end(first_line)).is_empty();
            return Some((len, (!is_blank).then_some(content)));
        }
        let (len, line) = match self.line_end(text) {
            Some(end) => (end, &text[..end - 1]),
            None if is_end => (text.len(), text),
            None => return None,
        };
        Some((len, self.read_line(line)))
    }

    /// The first line of a text that has no end within the most that a line may have.
    fn too_long(&mut self, head: &[u8]) -> First {
        if let Some(end) = self.line_end(head) {
            // What is between quotation marks goes on for long.
            return (end, Some(Err(LineError::Quotes)));
        }
        self.passes_over = true;
        let is_comment = match self.dialect {
            Some(Dialect::Record(_)) => false,
            Some(Dialect::Sfv) => sfv::is_comment(head),
            _ => text::is_comment(head) && !self.options.zero,
        };
        (head.len(), (!is_comment).then_some(Err(LineError::TooLong)))
    }

    /// How many bytes a line that is too long still has.
    fn pass_over(&mut self, text: &[u8]) -> usize {
        let end = self.line_end(text);
        self.passes_over = end.is_none();
        end.unwrap_or(text.len())
    }

    /// How many bytes the first line has with its end, where that is there.
    fn line_end(&self, text: &[u8]) -> Option<usize> {
        memchr(self.options.separator(), text).map(|end| end + 1)
    }

    /// What a line without its newline, or a record without its NUL, says.
    fn read_line(&mut self, line: &[u8]) -> Option<Result<Entry, LineError>> {
        let dialect = self.dialect.as_mut()?;
        if self.options.zero {
            return match dialect {
                Dialect::Gnu(_, reader) if !line.is_empty() => Some(reader.read_record(line)),
                _ => None,
            };
        }
        let line = text::without_end(line);
        match dialect {
            Dialect::Gnu(_, reader) => {
                text::read_line(line, text::is_comment, |line| reader.read_line(line))
            }
            Dialect::Sfv => text::read_line(line, sfv::is_comment, sfv::read_line),
            Dialect::Hashdeep(columns) => text::read_line(line, text::is_comment, |line| {
                hashdeep::read_line(line, columns)
            }),
            Dialect::Bagit(algorithm) => text::read_line(line, text::is_comment, |line| {
                bagit::read_line(line, (*algorithm)?)
            }),
            Dialect::Record(_) => None,
        }
    }

    /// Counts lines that were read.
    fn count(&mut self, lines: &[u8]) {
        self.number += memchr_iter(self.options.separator(), lines).count() as u64;
    }
}

/// The first bytes of a text, so many at most, and whether there are more.
fn head(text: &[u8], most: usize) -> (&[u8], bool) {
    match text.split_at_checked(most) {
        Some((head, rest)) => (head, !rest.is_empty()),
        None => (text, false),
    }
}
