//! Numbers and texts in few bytes.

use std::borrow::Cow;
use std::io;

/// Appends a number: seven bits a byte, the lowest first, and a bit that says whether more
/// follow (LEB128).
pub(crate) fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Appends a text and, before it, its length.
pub(crate) fn push_bytes(bytes: &mut Vec<u8>, text: &[u8]) {
    push_number(bytes, text.len() as u64);
    bytes.extend_from_slice(text);
}

/// Takes what was packed, from the beginning; fails where there is no more.
#[derive(Debug)]
pub(crate) struct Unpack<'a> {
    bytes: Cow<'a, [u8]>,
    /// How many were taken.
    at: usize,
}

impl<'a> Unpack<'a> {
    pub(crate) fn new(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self {
            bytes: bytes.into(),
            at: 0,
        }
    }

    /// How many bytes are left.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(crate) fn byte(&mut self) -> io::Result<u8> {
        let byte = *self.bytes.get(self.at).ok_or_else(end)?;
        self.at += 1;
        Ok(byte)
    }

    /// What [`push_number`] appended.
    pub(crate) fn number(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        Ok(number)
    }

    /// A number in eight bytes, the lowest first.
    pub(crate) fn word(&mut self) -> io::Result<u64> {
        let bytes = self.take(size_of::<u64>())?;
        Ok(u64::from_le_bytes(bytes.try_into().map_err(|_| end())?))
    }

    /// What [`push_bytes`] appended.
    pub(crate) fn bytes(&mut self) -> io::Result<&[u8]> {
        let len = self.number()?;
        self.take(usize::try_from(len).map_err(|_| end())?)
    }

    /// So many bytes.
    pub(crate) fn take(&mut self, len: usize) -> io::Result<&[u8]> {
        let rest = self.bytes.get(self.at..).ok_or_else(end)?;
        self.at += len.min(rest.len());
        rest.get(..len).ok_or_else(end)
    }
}

fn end() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}
