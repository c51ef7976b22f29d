//! Lines with a tag: `SHA256 (name) = digest`.
//!
//! The BSDs' `sha256`, and GNU coreutils' `sha256sum --tag` and `cksum -a`,
//! write `SHA256 (name) = digest`; `openssl dgst` writes `SHA256(name)= digest`, and
//! `rhash --bsd` pads the tag with blanks: `MD5   (name) = digest`.
//! Names are escaped as coreutils does it, in a line that starts with a
//! backslash. Digests are hexadecimal, or base64 with its padding (`cksum
//! --base64`). coreutils' manual describes them under "cksum output modes".

use super::{Entry, LineError, escape, hex, names, text};
use crate::algorithm::Algorithm;
use crate::digest::Digest;

/// The parts of a line with a tag.
pub(super) struct Tagged<'a> {
    tag: &'a [u8],
    name: &'a [u8],
    digest: &'a [u8],
}

/// Takes a line apart, the escaping backslash removed; `None` where it is not of
/// this form.
///
/// Neither form of digest has a parenthesis, so that the last one ends the name.
/// A tag of hexadecimal digits alone is none: no algorithm is called so, but a
/// line of digest and name may look like that.
pub(super) fn split(line: &[u8]) -> Option<Tagged<'_>> {
    let is_of_tag = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_/".contains(byte);
    let (tag, rest) = line.split_at(line.iter().take_while(is_of_tag).count());
    if tag.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let rest = text::trim_start(rest).strip_prefix(b"(")?;
    let end = rest.iter().rposition(|&byte| byte == b')')?;
    let digest = text::trim_start(&rest[end + 1..]).strip_prefix(b"=")?;
    Some(Tagged {
        tag,
        name: &rest[..end],
        digest: text::trim_start(digest),
    })
}

impl Tagged<'_> {
    /// What the line says.
    pub(super) fn entry(
        &self,
        is_escaped: bool,
        forced: Option<Algorithm>,
    ) -> Result<Entry, LineError> {
        let digest = self.digest(forced)?;
        if self.name.is_empty() {
            return Err(LineError::NoName);
        }
        let name = if is_escaped {
            escape::unescape(self.name)?
        } else {
            self.name.to_vec()
        };
        Ok(Entry::new(name, digest))
    }

    /// Whether the tag is that of a known algorithm.
    pub(super) fn is_known(&self) -> bool {
        names::find(self.tag).is_some()
    }

    fn digest(&self, forced: Option<Algorithm>) -> Result<Digest, LineError> {
        let (found, len) = names::find(self.tag).ok_or(LineError::UnknownAlgorithm)?;
        if let Some(wanted) = forced.filter(|&forced| forced != found) {
            return Err(LineError::OtherAlgorithm { wanted, found });
        }
        // No text is both: base64 is shorter than hexadecimal, or has its padding.
        let has_len = |digest: &Digest| digest.as_bytes().len() == len;
        hex::digest_field(self.digest, found, len).or_else(|error| {
            let digest = Digest::from_base64(found, self.digest);
            digest.filter(has_len).ok_or(error)
        })
    }
}

/// Appends a line without its end.
pub(super) fn push(text: &mut Vec<u8>, name: &[u8], digest: &Digest, zero: bool) {
    let is_escaped = !zero && escape::is_needed(name);
    if is_escaped {
        text.push(b'\\');
    }
    text.extend_from_slice(format!("{} (", names::tag_of(digest)).as_bytes());
    if is_escaped {
        escape::push(text, name);
    } else {
        text.extend_from_slice(name);
    }
    text.extend_from_slice(b") = ");
    hex::push(text, digest);
}
