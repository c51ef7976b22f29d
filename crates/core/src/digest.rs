//! The value that a manifest states for a file and that hashing gives.

use std::fmt;

/// A SHA-1 digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest([u8; Digest::LEN]);

impl Digest {
    /// How many bytes a digest has.
    pub const LEN: usize = 20;

    /// How many hexadecimal digits a digest is written with.
    pub const HEX_LEN: usize = 2 * Self::LEN;

    /// Reads a digest from exactly [`Digest::HEX_LEN`] hexadecimal digits of
    /// either case; `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &[u8]) -> Option<Self> {
        if text.len() != Self::HEX_LEN {
            return None;
        }
        let mut bytes = [0; Self::LEN];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = (nibble(pair[0])? << 4) | nibble(pair[1])?;
        }
        Some(Self(bytes))
    }

    /// The digest's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<[u8; Digest::LEN]> for Digest {
    fn from(bytes: [u8; Digest::LEN]) -> Self {
        Self(bytes)
    }
}

/// Lower-case hexadecimal, as checksum tools print it.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_of_either_case_is_read_and_lower_case_is_written() {
        let lower = b"da39a3ee5e6b4b0d3255bfef95601890afd80709";
        let digest = Digest::from_hex(lower).unwrap();
        assert_eq!(digest.to_string().as_bytes(), lower);
        assert_eq!(Digest::from_hex(&lower.to_ascii_uppercase()), Some(digest));
    }

    #[test]
    fn anything_but_forty_digits_is_no_digest() {
        for text in [
            &b""[..],
            b"da39",
            b"da39a3ee5e6b4b0d3255bfef95601890afd8070",
            b"da39a3ee5e6b4b0d3255bfef95601890afd807090",
            b"da39a3ee5e6b4b0d3255bfef95601890afd8070g",
            b"+a39a3ee5e6b4b0d3255bfef95601890afd80709",
        ] {
            assert_eq!(Digest::from_hex(text), None, "{text:?}");
        }
    }
}
