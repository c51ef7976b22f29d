//! The value that a manifest states for a file and that hashing gives.

use std::fmt;
use std::io;

use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use smallvec::SmallVec;

use crate::algorithm::Algorithm;
use crate::error::again;
use crate::store::Cells;

/// A digest and the algorithm that it is of.
#[derive(Clone, Copy)]
pub struct Digest {
    algorithm: Algorithm,
    len: u8,
    bytes: [u8; Digest::MAX_LEN],
}

impl Digest {
    /// The most bytes that a digest has.
    pub const MAX_LEN: usize = 64;

    /// A digest from its bytes; `None` where the algorithm's have another length.
    #[must_use]
    pub fn new(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        let has_len = algorithm.has_digest_len(bytes.len());
        has_len.then(|| Self::of(algorithm, bytes))
    }

    /// A digest from the bytes that hashing gave, which are as many as it should
    /// have: at most [`Digest::MAX_LEN`], what is more is cut.
    pub(crate) fn of(algorithm: Algorithm, hashed: &[u8]) -> Self {
        let len = hashed.len().min(Self::MAX_LEN);
        let mut bytes = [0; Self::MAX_LEN];
        bytes[..len].copy_from_slice(&hashed[..len]);
        Self {
            algorithm,
            len: len as u8,
            bytes,
        }
    }

    /// A digest from hexadecimal digits of either case.
    #[must_use]
    pub fn from_hex(algorithm: Algorithm, text: &[u8]) -> Option<Self> {
        Self::new(algorithm, &HEXLOWER_PERMISSIVE.decode(text).ok()?)
    }

    /// A digest from base64 (RFC 4648) with its padding.
    #[must_use]
    pub fn from_base64(algorithm: Algorithm, text: &[u8]) -> Option<Self> {
        Self::new(algorithm, &BASE64.decode(text).ok()?)
    }

    /// A digest from base64 for file names and URLs (RFC 4648), padded or not.
    #[must_use]
    pub fn from_base64url(algorithm: Algorithm, text: &[u8]) -> Option<Self> {
        let padded = text.ends_with(b"=");
        let encoding = if padded { BASE64URL } else { BASE64URL_NOPAD };
        Self::new(algorithm, &encoding.decode(text).ok()?)
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What it is a digest of any message by.
    pub(crate) fn kind(&self) -> Kind {
        Kind {
            algorithm: self.algorithm,
            len: self.len,
        }
    }

    /// The digest's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The digest in base64 for file names and URLs, without padding, as pip's
    /// RECORD has it.
    #[must_use]
    pub fn to_base64url(&self) -> String {
        BASE64URL_NOPAD.encode(self.as_bytes())
    }
}

/// Digests of one file, each of another kind: mostly one.
pub(crate) type Digests = SmallVec<[Digest; 1]>;

/// An algorithm and the length of its digests: of one message, all digests of a kind are
/// the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    algorithm: Algorithm,
    len: u8,
}

impl Kind {
    /// The digests of the algorithm's usual length.
    pub(crate) fn usual(algorithm: Algorithm) -> Self {
        Self {
            algorithm,
            len: algorithm.digest_len() as u8,
        }
    }

    pub(crate) fn algorithm(self) -> Algorithm {
        self.algorithm
    }

    /// How many bytes the digests have.
    pub(crate) fn len(self) -> usize {
        usize::from(self.len)
    }
}

/// Digests of many files by one algorithm, by place: those of the first in memory, the others
/// in a file.
#[derive(Debug)]
pub(crate) struct DigestList {
    algorithm: Algorithm,
    files: usize,
    cells: Cells,
}

/// How many bytes of digests are in memory.
const ROOM: usize = 4 << 20;

impl DigestList {
    /// Those of so many files.
    pub(crate) fn of(algorithm: Algorithm, files: usize) -> Self {
        Self {
            algorithm,
            files,
            cells: Cells::new(files, algorithm.digest_len(), ROOM),
        }
    }

    pub(crate) fn put(&mut self, place: usize, digest: &Digest) {
        self.cells.put(place, digest.as_bytes());
    }

    /// The digests from a place on, of which those that were put mean something; an error where
    /// one cannot be read again.
    pub(crate) fn from(&self, first: usize) -> impl Iterator<Item = io::Result<Digest>> {
        let len = self.algorithm.digest_len();
        let batches = self.cells.batches(first..self.files);
        batches.flat_map(move |(places, digests)| {
            (0..places.len()).map(move |place| {
                let digests = digests.as_ref().map_err(again)?;
                let bytes = &digests[place * len..(place + 1) * len];
                Ok(Digest::of(self.algorithm, bytes))
            })
        })
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Digest {}

/// Lower-case hexadecimal, as checksum tools print it.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The algorithm and the digest in hexadecimal.
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({}:{self})", self.algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &[u8] = b"da39a3ee5e6b4b0d3255bfef95601890afd80709";

    #[test]
    fn hexadecimal_of_either_case_is_read_and_lower_case_is_written() {
        let digest = Digest::from_hex(Algorithm::Sha1, HEX).unwrap();
        assert_eq!(digest.to_string().as_bytes(), HEX);
        let upper = HEX.to_ascii_uppercase();
        assert_eq!(Digest::from_hex(Algorithm::Sha1, &upper), Some(digest));
    }

    #[test]
    fn base64_is_read_in_each_of_its_forms() {
        let digest = Digest::from_hex(Algorithm::Crc32, b"fbff0001");
        assert_eq!(Digest::from_base64(Algorithm::Crc32, b"+/8AAQ=="), digest);
        assert_eq!(Digest::from_base64url(Algorithm::Crc32, b"-_8AAQ"), digest);
        assert_eq!(
            Digest::from_base64url(Algorithm::Crc32, b"-_8AAQ=="),
            digest
        );
        assert_eq!(Digest::from_base64(Algorithm::Crc32, b"+/8AAQ"), None);
        assert_eq!(Digest::from_base64url(Algorithm::Crc32, b"+/8AAQ"), None);
        assert_eq!(digest.unwrap().to_base64url(), "-_8AAQ");
    }

    #[test]
    fn another_length_is_no_digest() {
        for text in [
            &b""[..],
            b"da39",
            &HEX[1..],
            b"da39a3ee5e6b4b0d3255bfef95601890afd807090",
        ] {
            assert_eq!(Digest::from_hex(Algorithm::Sha1, text), None, "{text:?}");
        }
        assert_eq!(Digest::from_hex(Algorithm::Sha256, HEX), None);
        assert!(Digest::from_hex(Algorithm::Blake2b, HEX).is_some());
    }

    #[test]
    fn digests_of_two_algorithms_differ() {
        let (a, b) = (Algorithm::Sha256, Algorithm::Blake3);
        assert_ne!(Digest::new(a, &[0; 32]), Digest::new(b, &[0; 32]));
    }
}
