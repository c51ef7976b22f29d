//! Which format a manifest has, and of which algorithm its digests are, where
//! nobody says it.

use super::{Format, LineError, Options, bsd, hashdeep, hex, names, record, sfv, text};
use crate::algorithm::Algorithm;

/// What follows the part of a text that was seen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    Nothing,
    /// What may decide.
    Unseen,
    /// What is too far from the beginning to decide.
    TooFar,
}

/// The format of a text: hashdeep's if it says so, else that of the file's name,
/// else that of the first line that could be of one, else coreutils'.
///
/// `None` where what was not seen decides.
pub(super) fn format(text: &[u8], follows: Follows, options: &Options<'_>) -> Option<Format> {
    if text.starts_with(hashdeep::MAGIC) {
        return Some(Format::Hashdeep);
    }
    let named = options.file_name.and_then(format_of_name);
    let told = || {
        let separator = options.separator();
        let end = text.iter().rposition(|&byte| byte == separator);
        let whole = match (end, follows) {
            (_, Follows::Nothing) => text.len(),
            (Some(end), _) => end + 1,
            (None, Follows::TooFar) => 0,
            (None, Follows::Unseen) => return None,
        };
        format_of_text(&text[..whole], follows != Follows::Unseen, options)
    };
    named.or_else(told)
}

pub(super) fn format_of_name(path: &[u8]) -> Option<Format> {
    let name = base(path);
    if name == b"RECORD" {
        return Some(Format::Record);
    }
    if extension(name).eq_ignore_ascii_case(b"sfv") {
        return Some(Format::Sfv);
    }
    let bag = name.strip_prefix(b"tag").unwrap_or(name);
    let word = bag.strip_prefix(b"manifest-")?.strip_suffix(b".txt")?;
    names::find(word).map(|_| Format::Bagit)
}

/// Below a line that looks like one of SFV, as the heading `Release 20240101` does, so many lines
/// may tell that it is none.
const HEADING_LINES: usize = 16;

/// The algorithm of digests whose lines name none, as [`Options::untagged`] has it.
type Untagged = Result<Option<Algorithm>, LineError>;

fn format_of_text(text: &[u8], is_end: bool, options: &Options<'_>) -> Option<Format> {
    let untagged = options.untagged();
    if options.zero {
        let mut records = text.split(|&byte| byte == 0);
        let found = records.find_map(|record| gnu_or_bsd(record, untagged));
        return found.or(is_end.then_some(Format::Gnu));
    }
    let mut lines = text::lines(text).take_while(|_| !options.is_cancelled());
    let first = lines.find_map(|line| format_of_line(line, untagged));
    if first == Some(Format::Sfv) {
        let mut seen = 0;
        let mut next = lines.take(HEADING_LINES).inspect(|_| seen += 1);
        let below = next.find_map(|line| {
            let found = format_of_line(line, untagged);
            found.filter(|format| matches!(format, Format::Gnu | Format::Bsd))
        });
        return below.or_else(|| (is_end || seen == HEADING_LINES).then_some(Format::Sfv));
    }
    let of_comments = || {
        if may_be_sfv(untagged) && text::lines(text).any(sfv::is_comment) {
            Format::Sfv
        } else {
            Format::Gnu
        }
    };
    first.or_else(|| is_end.then(of_comments))
}

/// Whether the text decides that it is SFV: not where its digests are known to be others.
fn may_be_sfv(untagged: Untagged) -> bool {
    matches!(untagged, Ok(None | Some(Algorithm::Crc32)))
}

/// The format of a line that could be of one; `None` of a comment or nonsense.
///
/// A line that is of two formats, such as `89abcdef 01234567`, counts as digest
/// and name.
fn format_of_line(line: &[u8], untagged: Untagged) -> Option<Format> {
    if sfv::is_comment(line) {
        return None;
    }
    let line = text::trim_start(line);
    let states_digest = || record::read_entry(line, None).is_ok_and(|e| !e.digests.is_empty());
    let is_sfv = || sfv::read_line(line).is_ok() && may_be_sfv(untagged);
    match line.first()? {
        b'#' => None,
        b'\\' => gnu_or_bsd(&line[1..], untagged),
        _ => gnu_or_bsd(line, untagged)
            .or_else(|| states_digest().then_some(Format::Record))
            .or_else(|| is_sfv().then_some(Format::Sfv)),
    }
}

fn gnu_or_bsd(line: &[u8], untagged: Untagged) -> Option<Format> {
    if bsd::split(line).is_some_and(|tagged| tagged.is_known()) {
        return Some(Format::Bsd);
    }
    let (digits, rest) = hex::split(line);
    let is_apart = rest.first().is_some_and(|&byte| text::is_blank(byte));
    let is_digest = match untagged {
        Ok(algorithm) => hex::digest(digits, algorithm).is_ok(),
        Err(_) => digits.len() >= SHORTEST,
    };
    (is_apart && is_digest).then_some(Format::Gnu)
}

/// How many hexadecimal digits the shortest digest has that is looked for: that of CRC-32.
const SHORTEST: usize = 8;

/// The algorithm that a file's name tells: that of the last of its words that
/// names one, alone, with the word after it (`sha3-256`), or before `sum` or
/// `sums`. An error where that is one that is not supported.
///
/// `b2`, `b3` and the like name one only before `sum` or as the extension, since
/// they are the names of versions too.
pub(super) fn algorithm(path: &[u8]) -> Result<Option<Algorithm>, LineError> {
    let name = base(path);
    let named = algorithm_of_mark(&extension(name).to_ascii_lowercase());
    let mut after: &[u8] = b"";
    let named = named.or_else(|| {
        let mut words = name.rsplit(|byte| !byte.is_ascii_alphanumeric());
        words.find_map(|word| {
            let pair = [word, after].concat();
            after = word;
            algorithm_of_word(&pair).or_else(|| algorithm_of_word(word))
        })
    });
    named.transpose()
}

/// The algorithm of a word, or an error.
type Named = Option<Result<Algorithm, LineError>>;

/// The algorithm of a word that names one before `sum` or as an extension alone.
fn algorithm_of_mark(word: &[u8]) -> Named {
    match word {
        b"b2" => Some(Ok(Algorithm::Blake2b)),
        b"b3" => Some(Ok(Algorithm::Blake3)),
        b"b2s" | b"b2sp" | b"b2bp" | b"gost" => Some(Err(LineError::UnknownAlgorithm)),
        _ => None,
    }
}

fn algorithm_of_word(word: &[u8]) -> Named {
    let word = word.to_ascii_lowercase();
    let sums = word.strip_suffix(b"s").unwrap_or(&word);
    let before_sum = sums.strip_suffix(b"sum");
    before_sum.and_then(algorithm_of_mark).or_else(|| {
        let word = before_sum.unwrap_or(&word);
        let known = names::find(word).map(|(algorithm, _)| Ok(algorithm));
        let foreign = || names::is_foreign(word).then_some(Err(LineError::UnknownAlgorithm));
        known.or_else(foreign)
    })
}

/// What follows the last slash of a path.
fn base(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|&byte| byte == b'/');
    &path[slash.map_or(0, |slash| slash + 1)..]
}

/// What follows the last dot of a name; empty where there is none.
fn extension(name: &[u8]) -> &[u8] {
    let dot = name.iter().rposition(|&byte| byte == b'.');
    &name[dot.map_or(name.len(), |dot| dot + 1)..]
}
