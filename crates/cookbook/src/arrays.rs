//! Arrays that the caller owns, read or changed where they are.

use crate::parallel::{self, PART};
use crate::sums::{self, Sum};

/// Writes each number minus the mean of all to `out`, up to the shorter of the
/// two slices. Empty input writes nothing.
///
/// The mean counts with twice a double's digits, so each result is within one unit in
/// the last place of the exact difference. Where the numbers' sum, added up in their
/// order, is infinite or NaN, so is their mean.
pub fn normalize(numbers: &[f64], out: &mut [f64]) {
    let mean = Mean::of(numbers);
    let parts = out.chunks_mut(PART).zip(numbers.chunks(PART));
    parallel::map(parts, |(out, numbers)| mean.subtract(numbers, out));
}

/// Subtracts the mean of all numbers from each of them; like [`normalize()`] otherwise.
pub fn normalize_in_place(numbers: &mut [f64]) {
    let mean = Mean::of(numbers);
    parallel::map(numbers.chunks_mut(PART), |numbers| {
        mean.subtract_in_place(numbers);
    });
}

/// The mean of some numbers: a double, and what that lacks.
#[derive(Clone, Copy)]
struct Mean {
    rounded: f64,
    lack: f64,
}

impl Mean {
    fn of(numbers: &[f64]) -> Self {
        let count = numbers.len() as f64;
        let sums = parallel::map(numbers.chunks(PART), sums::sum);
        let sum: Sum = sums.into_iter().sum();
        let (rounded, lack) = match sum.finite() {
            Some(_) => sum.divided_by(count),
            None => (numbers.iter().sum::<f64>() / count, 0.0),
        };
        Self { rounded, lack }
    }

    // By value: through a reference, each number written might be the mean's.
    fn subtract(self, numbers: &[f64], out: &mut [f64]) {
        for (result, &number) in out.iter_mut().zip(numbers) {
            *result = self.distance(number);
        }
    }

    fn subtract_in_place(self, numbers: &mut [f64]) {
        for number in numbers {
            *number = self.distance(*number);
        }
    }

    /// How far a number is from the mean.
    fn distance(self, number: f64) -> f64 {
        (number - self.rounded) - self.lack
    }
}

/// Adds `amount` to each number, wrapping at 64 bits.
pub fn increase(numbers: &mut [i64], amount: i64) {
    parallel::map(numbers.chunks_mut(PART), |numbers| {
        for number in numbers {
            *number = number.wrapping_add(amount);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalized_numbers_have_mean_zero() {
        let mut out = [0.0; 3];
        normalize(&[1.0, 2.0, 3.0], &mut out);
        assert_eq!(out, [-1.0, 0.0, 1.0]);
        let mut numbers = [1.0, 2.0, 6.0];
        normalize_in_place(&mut numbers);
        assert_eq!(numbers, [-2.0, -1.0, 3.0]);
        normalize(&[], &mut []);
        normalize_in_place(&mut []);
    }

    /// Lengths around those of the lanes, the parts, and where other threads begin.
    const LENGTHS: [usize; 9] = [0, 1, 63, 64, 65, PART - 1, PART, PART + 1, 33 * PART + 7];

    #[test]
    fn every_number_counts_once_whatever_their_number() {
        for length in LENGTHS {
            // Their mean is a whole number: so everything is exact.
            let numbers: Vec<f64> = (0..length).map(|n| 2.0 * n as f64).collect();
            let mean = length as f64 - 1.0;
            let mut out = vec![f64::NAN; length];
            normalize(&numbers, &mut out);
            assert!((0..length).all(|n| out[n] == 2.0 * n as f64 - mean));
            let mut in_place = numbers;
            normalize_in_place(&mut in_place);
            assert_eq!(in_place, out);
            let mut integers: Vec<i64> = (0..length as i64).collect();
            increase(&mut integers, -5);
            assert!((0..).zip(&integers).all(|(n, number)| *number == n - 5));
        }
    }

    #[test]
    fn what_the_mean_lacks_is_not_lost() {
        // The mean of these is 1e16 + 1/2, which is no double.
        let mut numbers = [1e16, 1e16, 1e16, 1e16 + 2.0];
        normalize_in_place(&mut numbers);
        assert_eq!(numbers, [-0.5, -0.5, -0.5, 1.5]);
        let mut numbers = [1e100, 1.0, -1e100, 3.0];
        normalize_in_place(&mut numbers);
        assert_eq!(numbers[1..], [0.0, -1e100, 2.0]);
    }

    #[test]
    fn the_output_may_be_shorter() {
        let mut out = [0.0; 2];
        normalize(&[1.0, 2.0, 6.0], &mut out);
        assert_eq!(out, [-2.0, -1.0]);
    }

    #[test]
    fn infinities_and_nan_are_those_of_addition_in_order() {
        let (infinity, nan, max) = (f64::INFINITY, f64::NAN, f64::MAX);
        for (mut numbers, expected) in [
            ([1.0, infinity, 2.0], [-infinity, nan, -infinity]),
            ([1.0, -infinity, 2.0], [infinity, nan, infinity]),
            ([infinity, -infinity, 2.0], [nan, nan, nan]),
            ([1.0, nan, 2.0], [nan, nan, nan]),
            // The sum overflows.
            ([max, max, 0.0], [-infinity, -infinity, -infinity]),
            ([max, -max, 0.0], [max, -max, 0.0]),
            // A difference does.
            ([max, -max, -max], [infinity, -max / 1.5, -max / 1.5]),
        ] {
            normalize_in_place(&mut numbers);
            for (number, expected) in numbers.iter().zip(expected) {
                let close = (number / expected - 1.0).abs() < 1e-15;
                let same = number == &expected || number.is_nan() && expected.is_nan();
                assert!(same || close, "{numbers:?}");
            }
        }
    }

    #[test]
    fn increase_wraps() {
        let mut numbers = [1, -1, i64::MAX];
        increase(&mut numbers, 1);
        assert_eq!(numbers, [2, 0, i64::MIN]);
    }
}
