//! Digests in hexadecimal.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

use super::LineError;
use super::error::Wanted;
use crate::algorithm::Algorithm;
use crate::digest::Digest;

/// The run of hexadecimal digits that a line starts with, and the rest.
pub(super) fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let (chunks, _) = line.as_chunks::<16>();
    // Without a branch for each byte.
    let are_digits = |chunk: &&[u8; 16]| {
        chunk
            .iter()
            .fold(true, |all, byte| all & byte.is_ascii_hexdigit())
    };
    let whole = 16 * chunks.iter().take_while(are_digits).count();
    let more = line[whole..]
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit());
    line.split_at(whole + more.count())
}

/// The digest that a run of hexadecimal digits is: of the algorithm, or where
/// that is not known of the one that its length tells.
pub(super) fn digest(digits: &[u8], algorithm: Option<Algorithm>) -> Result<Digest, LineError> {
    let wanted = Wanted::of(algorithm);
    if digits.is_empty() {
        return Err(LineError::NoDigest(wanted));
    }
    algorithm
        .or_else(|| algorithm_of_len(digits.len()))
        .and_then(|algorithm| decode(digits, algorithm))
        .ok_or(LineError::DigestLength {
            wanted,
            digits: digits.len(),
        })
}

/// The digest of this many bytes that a whole field is.
pub(super) fn digest_field(
    field: &[u8],
    algorithm: Algorithm,
    len: usize,
) -> Result<Digest, LineError> {
    let digest = decode(field, algorithm);
    let has_len = |digest: &Digest| digest.as_bytes().len() == len;
    let error = || no_digest(field, Wanted::with_len(algorithm, len));
    digest.filter(has_len).ok_or_else(error)
}

/// Why a field that should be a digest is none.
fn no_digest(field: &[u8], wanted: Wanted) -> LineError {
    match split(field) {
        ([], []) => LineError::NoDigest(wanted),
        (digits, []) => LineError::DigestLength {
            wanted,
            digits: digits.len(),
        },
        _ => LineError::NotADigest(wanted),
    }
}

/// The digest that these digits are, without the detour over the heap that
/// [`Digest::from_hex`] takes: manifests have many.
fn decode(digits: &[u8], algorithm: Algorithm) -> Option<Digest> {
    let mut bytes = [0; Digest::MAX_LEN];
    let len = HEXLOWER_PERMISSIVE.decode_len(digits.len()).ok()?;
    let bytes = bytes.get_mut(..len)?;
    HEXLOWER_PERMISSIVE.decode_mut(digits, bytes).ok()?;
    Digest::new(algorithm, bytes)
}

/// Appends a digest in lower case.
pub(super) fn push(text: &mut Vec<u8>, digest: &Digest) {
    let bytes = digest.as_bytes();
    let mut digits = [0; 2 * Digest::MAX_LEN];
    let digits = &mut digits[..2 * bytes.len()];
    HEXLOWER.encode_mut(bytes, digits);
    text.extend_from_slice(digits);
}

/// The commonest algorithm whose digests have this many hexadecimal digits.
fn algorithm_of_len(digits: usize) -> Option<Algorithm> {
    Some(match digits {
        8 => Algorithm::Crc32,
        32 => Algorithm::Md5,
        40 => Algorithm::Sha1,
        56 => Algorithm::Sha224,
        64 => Algorithm::Sha256,
        96 => Algorithm::Sha384,
        128 => Algorithm::Sha512,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_end_at_the_first_byte_that_is_none() {
        for len in 0..50 {
            for end in 0..=len {
                let mut line = vec![b'f'; len];
                line[end..].fill(b'0');
                if let Some(byte) = line.get_mut(end) {
                    *byte = b'g';
                }
                let (digits, rest) = split(&line);
                assert_eq!((digits.len(), rest.len()), (end, len - end));
            }
        }
    }
}
