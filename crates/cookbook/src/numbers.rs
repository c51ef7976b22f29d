//! Numbers in, numbers, text or an error out.

/// The sum of two integers, wrapping at 64 bits.
#[must_use]
pub fn add(a: i64, b: i64) -> i64 {
    a.wrapping_add(b)
}

/// The number plus three, wrapping at 64 bits.
#[must_use]
pub fn add_three(value: i64) -> i64 {
    value.wrapping_add(3)
}

/// A sentence with the number's square root in the shortest decimal form:
/// `The square root of 4 is: 2`.
#[must_use]
pub fn square_root_sentence(number: f64) -> String {
    format!("The square root of {number} is: {}", number.sqrt())
}

/// A number that [`is_even`] doesn't answer for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is negative, want at least 0")]
pub struct NegativeError(pub i64);

/// Whether a number from 0 up is even.
///
/// # Errors
/// [`NegativeError`] for a number below 0.
pub fn is_even(number: i64) -> Result<bool, NegativeError> {
    if number < 0 {
        Err(NegativeError(number))
    } else {
        Ok(number % 2 == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_wrap() {
        assert_eq!(add(10, 15), 25);
        assert_eq!(add(i64::MAX, 1), i64::MIN);
        assert_eq!(add_three(4), 7);
        assert_eq!(add_three(i64::MAX), i64::MIN + 2);
    }

    #[test]
    fn roots_have_no_trailing_zeros() {
        assert_eq!(square_root_sentence(4.0), "The square root of 4 is: 2");
        assert_eq!(
            square_root_sentence(6.25),
            "The square root of 6.25 is: 2.5"
        );
    }

    #[test]
    fn negative_numbers_are_an_error() {
        assert_eq!(is_even(0), Ok(true));
        assert_eq!(is_even(7), Ok(false));
        let error = is_even(-5).unwrap_err();
        assert_eq!(error.to_string(), "-5 is negative, want at least 0");
    }
}
