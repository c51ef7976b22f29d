//! Arrays that the caller owns, read or changed where they are.

/// Writes each number minus the mean of all to `out`, up to the shorter of the
/// two slices. Empty input writes nothing.
pub fn normalize(numbers: &[f64], out: &mut [f64]) {
    let mean = mean(numbers);
    for (result, number) in out.iter_mut().zip(numbers) {
        *result = number - mean;
    }
}

/// Subtracts the mean of all numbers from each of them.
pub fn normalize_in_place(numbers: &mut [f64]) {
    let mean = mean(numbers);
    for number in numbers {
        *number -= mean;
    }
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// Adds `amount` to each number, wrapping at 64 bits.
pub fn increase(numbers: &mut [i64], amount: i64) {
    for number in numbers {
        *number = number.wrapping_add(amount);
    }
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

    #[test]
    fn increase_wraps() {
        let mut numbers = [1, -1, i64::MAX];
        increase(&mut numbers, 1);
        assert_eq!(numbers, [2, 0, i64::MIN]);
    }
}
