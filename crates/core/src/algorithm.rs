//! The checksum algorithms that manifests use.

use std::fmt;

/// A checksum algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the algorithm of its name")]
pub enum Algorithm {
    Crc32,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha3_256,
    Sha3_512,
    /// BLAKE2b (RFC 7693) with a digest of 1 to 64 bytes, 64 where nothing else
    /// is said.
    Blake2b,
    Blake3,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 11] = [
        Self::Crc32,
        Self::Md5,
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha3_256,
        Self::Sha3_512,
        Self::Blake2b,
        Self::Blake3,
    ];

    /// Its name in lower case: `sha1`, `sha3-256`, `blake2b`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "crc32",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Sha3_256 => "sha3-256",
            Self::Sha3_512 => "sha3-512",
            Self::Blake2b => "blake2b",
            Self::Blake3 => "blake3",
        }
    }

    /// Its name in the tag of a BSD line: `SHA1`, `SHA3-256`, `BLAKE2b`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
            Self::Sha224 => "SHA224",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
            Self::Sha3_256 => "SHA3-256",
            Self::Sha3_512 => "SHA3-512",
            Self::Blake2b => "BLAKE2b",
            Self::Blake3 => "BLAKE3",
        }
    }

    /// The algorithm of a name in any case, with or without hyphens and
    /// underscores, as in `SHA-1` or `sha3_256`; `None` for an unknown one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let plain = |text: &str| {
            text.chars()
                .filter(|c| !matches!(c, '-' | '_'))
                .map(|c| c.to_ascii_lowercase())
                .collect::<String>()
        };
        let name = plain(name);
        Self::ALL
            .into_iter()
            .find(|algorithm| plain(algorithm.name()) == name)
    }

    /// How many bytes its digest has where nothing else is said.
    #[must_use]
    pub fn digest_len(self) -> usize {
        match self {
            Self::Crc32 => 4,
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 | Self::Sha3_256 | Self::Blake3 => 32,
            Self::Sha384 => 48,
            Self::Sha512 | Self::Sha3_512 | Self::Blake2b => 64,
        }
    }

    /// Whether a digest of it may have this many bytes.
    #[must_use]
    pub fn has_digest_len(self, len: usize) -> bool {
        match self {
            Self::Blake2b => (1..=64).contains(&len),
            _ => len == self.digest_len(),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_tags_are_read_back() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
            assert_eq!(Algorithm::from_name(algorithm.tag()), Some(algorithm));
            assert!(algorithm.has_digest_len(algorithm.digest_len()));
        }
        assert_eq!(Algorithm::from_name("SHA-1"), Some(Algorithm::Sha1));
        assert_eq!(Algorithm::from_name("sha3_512"), Some(Algorithm::Sha3_512));
        for unknown in ["", "sha", "sha2", "sha3", "sha-3"] {
            assert_eq!(Algorithm::from_name(unknown), None, "{unknown}");
        }
    }
}
