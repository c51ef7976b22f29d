//! Which algorithm a word names, in tags, column heads and file names.

use super::text;
use crate::algorithm::Algorithm;
use crate::digest::Digest;

/// The algorithm that a word names, and how many bytes its digest has.
///
/// Case, hyphens and underscores do not matter. Besides the algorithms' own
/// names, OpenSSL's `SHA2-256` is read, and the lengths in bits that coreutils
/// and OpenSSL append to BLAKE2b: `BLAKE2b-256`, `BLAKE2B512`.
pub(super) fn find(word: &[u8]) -> Option<(Algorithm, usize)> {
    if let Some(algorithm) = Algorithm::ALL.into_iter().find(|a| is_named(*a, word)) {
        return Some((algorithm, algorithm.digest_len()));
    }
    if let Some(bits) = strip_prefix(word, b"blake2b") {
        return Some((Algorithm::Blake2b, bytes_of_bits(bits)?));
    }
    let sha2 = strip_prefix(word, b"sha2")?;
    let algorithm = match sha2 {
        b"224" => Algorithm::Sha224,
        b"256" => Algorithm::Sha256,
        b"384" => Algorithm::Sha384,
        b"512" => Algorithm::Sha512,
        _ => return None,
    };
    Some((algorithm, algorithm.digest_len()))
}

/// Words that name algorithms whose digests cannot be computed here: in lower case, without
/// hyphens and underscores. Those whose digests are as long as no known ones need not be here.
const FOREIGN: &str = "adler32 blake2 blake2bp blake2s blake2sp btih crc32c ed2k edonr256 edonr512 \
    gost12256 gost12512 gost94 has160 md2 md4 md6 ripemd ripemd128 ripemd160 ripemd256 rmd128 rmd160 \
    rmd256 sha0 sha3 sha3224 sha3384 sha512224 sha512256 shake128 shake256 sm3 snefru128 snefru256 \
    streebog whirlpool xxh32 xxh128";

/// Whether a word in lower case names an algorithm that is not supported.
pub(super) fn is_foreign(word: &[u8]) -> bool {
    FOREIGN.split(' ').any(|name| name.as_bytes() == word)
}

fn is_named(algorithm: Algorithm, word: &[u8]) -> bool {
    let plain = |text| {
        let bytes = <[u8]>::iter(text).filter(|byte| !matches!(byte, b'-' | b'_'));
        bytes.map(u8::to_ascii_lowercase)
    };
    plain(algorithm.name().as_bytes()).eq(plain(word))
}

/// What follows a prefix of any case and a hyphen or underscore, if there is one.
fn strip_prefix<'a>(word: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = word.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(match rest {
        [b'-' | b'_', rest @ ..] => rest,
        rest => rest,
    })
}

/// 32 for `256`; `None` for what is no length of a BLAKE2b digest.
fn bytes_of_bits(bits: &[u8]) -> Option<usize> {
    let bits = usize::try_from(text::decimal(bits)?).ok()?;
    let is_whole = bits % 8 == 0 && Algorithm::Blake2b.has_digest_len(bits / 8);
    is_whole.then_some(bits / 8)
}

/// The name of a digest's algorithm, with its length in bits where that is not
/// the usual one: `sha256`, `blake2b-256`.
pub(super) fn of(digest: &Digest) -> String {
    let algorithm = digest.algorithm();
    format!("{algorithm}{}", length_suffix(digest))
}

/// Its tag, with its length likewise: `SHA256`, `BLAKE2b-256`.
pub(super) fn tag_of(digest: &Digest) -> String {
    let tag = digest.algorithm().tag();
    format!("{tag}{}", length_suffix(digest))
}

fn length_suffix(digest: &Digest) -> String {
    let len = digest.as_bytes().len();
    if len == digest.algorithm().digest_len() {
        return String::new();
    }
    format!("-{}", 8 * len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_name_an_algorithm() {
        for (word, algorithm, len) in [
            ("SHA1", Algorithm::Sha1, 20),
            ("sha-1", Algorithm::Sha1, 20),
            ("SHA224", Algorithm::Sha224, 28),
            ("SHA2-224", Algorithm::Sha224, 28),
            ("sha2_512", Algorithm::Sha512, 64),
            ("SHA3-256", Algorithm::Sha3_256, 32),
            ("sha3512", Algorithm::Sha3_512, 64),
            ("BLAKE2b", Algorithm::Blake2b, 64),
            ("BLAKE2b-8", Algorithm::Blake2b, 1),
            ("BLAKE2B512", Algorithm::Blake2b, 64),
            ("CRC32", Algorithm::Crc32, 4),
        ] {
            assert_eq!(find(word.as_bytes()), Some((algorithm, len)), "{word}");
        }
    }

    #[test]
    fn words_that_name_none() {
        for word in [
            "",
            "-",
            "sha",
            "sha2",
            "sha2-1",
            "sha2-3-256",
            "SHA512-256",
            "SHA512/256",
            "HMAC-SHA1",
            "BLAKE2",
            "BLAKE2s-256",
            "BLAKE2b-0",
            "BLAKE2b-12",
            "BLAKE2b-520",
            "BLAKE2b-+8",
            "BLAKE2b-99999999999999999999999",
            "md5sum",
            "SM3",
        ] {
            assert_eq!(find(word.as_bytes()), None, "{word}");
        }
    }
}
