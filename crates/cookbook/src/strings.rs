//! Text and arrays of text. Bytes throughout: nothing here needs UTF-8.

/// How many bytes `times` copies of `text` are; `None` where that overflows.
#[must_use]
pub fn repeated_len(text: &[u8], times: usize) -> Option<usize> {
    text.len().checked_mul(times)
}

/// Fills `out` with copies of `text`, one after the other; the last one is cut
/// where `out` ends. Empty `text` writes nothing.
pub fn repeat(text: &[u8], out: &mut [u8]) {
    if text.is_empty() {
        return;
    }
    for copy in out.chunks_mut(text.len()) {
        copy.copy_from_slice(&text[..copy.len()]);
    }
}

/// The texts in their order, with `separator` between each two; empty for none.
#[must_use]
pub fn join(texts: &[&[u8]], separator: &[u8]) -> Vec<u8> {
    texts.join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_repeated_to_the_end_of_the_buffer() {
        let mut out = *b"........";
        repeat(b"ab", &mut out[..6]);
        assert_eq!(&out, b"ababab..");
        repeat(b"abc", &mut out);
        assert_eq!(&out, b"abcabcab");
        repeat(b"", &mut out);
        repeat(b"ab", &mut []);
        assert_eq!(&out, b"abcabcab");
        assert_eq!(repeated_len(b"ab", 3), Some(6));
        assert_eq!(repeated_len(b"", usize::MAX), Some(0));
        assert_eq!(repeated_len(b"ab", usize::MAX), None);
    }

    #[test]
    fn the_separator_stands_only_between() {
        assert_eq!(join(&[], b", "), b"");
        assert_eq!(join(&[b"a"], b", "), b"a");
        assert_eq!(join(&[b"a", b"", b"\xff"], b", "), b"a, , \xff");
    }
}
