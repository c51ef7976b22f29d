//! Why a line, or a whole manifest, says nothing.

use std::fmt;

use super::Format;
use super::reader::LONGEST;
use crate::algorithm::Algorithm;

/// Why a line is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// It is longer than any line that names a file.
    #[error("a line of more than {} KiB", LONGEST >> 10)]
    TooLong,
    /// A NUL byte, which no file name can have.
    #[error("a NUL byte in the line")]
    Nul,
    /// There is no run of hexadecimal digits where the digest should stand.
    #[error("want {0}, got none")]
    NoDigest(Wanted),
    /// The digest is a run of hexadecimal digits of another length.
    #[error("want {wanted}, got {digits} digit{}", if *.digits == 1 { "" } else { "s" })]
    DigestLength {
        /// The digest that should stand there.
        wanted: Wanted,
        /// How many digits stand there.
        digits: usize,
    },
    /// Something else than a digest stands where one should.
    #[error("want {0}, got other characters")]
    NotADigest(Wanted),
    /// What should be a digest in base64 for URLs is not.
    #[error("want {} digest in base64 for URLs, got something else", title(*.0))]
    NotBase64(Algorithm),
    /// No blank follows the digest, or precedes it in SFV.
    #[error("want a blank between digest and name")]
    NoSeparator,
    /// One blank before the name in a manifest whose first line has two.
    #[error("want two spaces, or a space and an asterisk, before the name as in the lines above")]
    OneBlank,
    /// Two blanks, or a blank and an asterisk, before the name in a manifest
    /// whose first line has one blank.
    #[error(
        "want one space before the name as in the lines above, got a second one or an asterisk"
    )]
    TwoBlanks,
    /// There is no name.
    #[error("no file name")]
    NoName,
    /// A backslash in an escaped name that is not followed by `\`, `n` or `r`.
    #[error("an unknown escape in the file name")]
    Escape,
    /// The line says that its digest is of an algorithm that is not known, or of
    /// a length that the algorithm does not have.
    #[error("a digest of an unknown algorithm")]
    UnknownAlgorithm,
    /// The line says that its digest is of another algorithm than the forced one.
    #[error("want {} digest, got one of {}", title(*.wanted), bare_title(*.found))]
    OtherAlgorithm {
        /// The algorithm that was forced.
        wanted: Algorithm,
        /// The algorithm that the line states.
        found: Algorithm,
    },
    /// The line has another number of fields than the format or its header says.
    #[error("want {wanted} fields, got {found}")]
    Fields {
        /// How many there should be.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
    /// A quotation mark inside an unquoted field, after a quoted one, or without
    /// its end.
    #[error("a quotation mark out of place")]
    Quotes,
    /// The size is not a decimal number, or 2^64 or more.
    #[error("want a size in bytes, in decimal digits")]
    Size,
}

/// Why nothing of a manifest can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The text starts with a UTF-16 byte order mark.
    #[error("the text is UTF-16, want ASCII or UTF-8")]
    Utf16,
    /// The reading was ended early.
    #[error("cancelled")]
    Cancelled,
    /// The text is a compressed file or an archive.
    #[error("the file is compressed with {0}, want its text")]
    Compressed(&'static str),
    /// Lines that end with NUL were asked for in a format that has no such form.
    #[error("the format {0} has no lines that end with NUL")]
    Zero(Format),
    /// The format never states digests of the algorithm that was forced, or this
    /// manifest's header says that it states none.
    #[error("want {} digests, which this {format} manifest does not have", bare_title(*.wanted))]
    Algorithm {
        /// The manifest's format.
        format: Format,
        /// The algorithm that was forced.
        wanted: Algorithm,
    },
    /// The first line is not the one that hashdeep writes.
    #[error("line {line}: want \"%%%% HASHDEEP-1.0\"")]
    HashdeepVersion {
        /// The line's number.
        line: u64,
    },
    /// The second line does not name hashdeep's columns, each once.
    #[error("line {line}: want \"%%%% size,\", names of algorithms, and \",filename\"")]
    HashdeepColumns {
        /// The line's number.
        line: u64,
    },
    /// None of hashdeep's columns is of a known algorithm.
    #[error("line {line}: no column of a known algorithm")]
    HashdeepUnknown {
        /// The line's number.
        line: u64,
    },
}

impl ManifestError {
    /// The line that is wrong, from 1, if it is one.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::HashdeepVersion { line }
            | Self::HashdeepColumns { line }
            | Self::HashdeepUnknown { line } => Some(*line),
            _ => None,
        }
    }
}

/// The digest that should stand where none stands: of an algorithm, if that is
/// known, and of a length in bytes, if there is but one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The algorithm; `None` where the digest's length tells it.
    pub algorithm: Option<Algorithm>,
    /// How many bytes it should have; `None` where it may have several lengths.
    pub len: Option<usize>,
}

impl Wanted {
    /// A digest of this algorithm, or of any, of whatever length it may have.
    pub(super) fn of(algorithm: Option<Algorithm>) -> Self {
        let fixed = algorithm.filter(|&algorithm| algorithm != Algorithm::Blake2b);
        Self {
            algorithm,
            len: fixed.map(Algorithm::digest_len),
        }
    }

    /// A digest of this algorithm and of this many bytes.
    pub(super) fn with_len(algorithm: Algorithm, len: usize) -> Self {
        Self {
            algorithm: Some(algorithm),
            len: Some(len),
        }
    }
}

/// `a SHA-1 digest of 40 hexadecimal digits`
impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.algorithm {
            Some(algorithm) => write!(f, "{} digest of ", title(algorithm))?,
            None => f.write_str("a digest of ")?,
        }
        match (self.len, self.algorithm) {
            (Some(len), _) => write!(f, "{}", 2 * len)?,
            (None, Some(_)) => f.write_str("2 to 128")?,
            (None, None) => f.write_str("8, 32, 40, 56, 64, 96 or 128")?,
        }
        f.write_str(" hexadecimal digits")
    }
}

/// The algorithm as it is written in running text, after its article.
fn title(algorithm: Algorithm) -> String {
    let article = match algorithm {
        Algorithm::Md5 => "an",
        _ => "a",
    };
    format!("{article} {}", bare_title(algorithm))
}

fn bare_title(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Crc32 => "CRC-32",
        Algorithm::Sha1 => "SHA-1",
        Algorithm::Sha224 => "SHA-224",
        Algorithm::Sha256 => "SHA-256",
        Algorithm::Sha384 => "SHA-384",
        Algorithm::Sha512 => "SHA-512",
        other => other.tag(),
    }
}
