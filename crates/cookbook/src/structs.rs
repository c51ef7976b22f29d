//! What fills a struct's fields.

use unicode_segmentation::UnicodeSegmentation;

/// First and last name with a space between them, whatever their encoding.
#[must_use]
pub fn full_name(first: &[u8], last: &[u8]) -> Vec<u8> {
    [first, b" ", last].concat()
}

/// A sentence that counts the letters of a name:
/// `User "Alice" has 5 letters in their name`.
///
/// Letters are what a reader sees as one: extended grapheme clusters after
/// Unicode's UAX #29, so that an accent that is a character of its own does not
/// count.
#[must_use]
pub fn user_info(name: &str) -> String {
    let letters = name.graphemes(true).count();
    format!("User \"{name}\" has {letters} letters in their name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_joined_by_a_space() {
        assert_eq!(full_name(b"Ada", b"Lovelace"), b"Ada Lovelace");
        assert_eq!(full_name(b"", b""), b" ");
    }

    #[test]
    fn letters_are_not_bytes() {
        for (name, letters) in [
            ("Alice", 5),
            ("", 0),
            ("Zoë", 3),
            ("Zoe\u{308}", 3),
            ("Ngọc", 4),
            ("山田", 2),
        ] {
            assert_eq!(
                user_info(name),
                format!("User \"{name}\" has {letters} letters in their name")
            );
        }
    }
}
