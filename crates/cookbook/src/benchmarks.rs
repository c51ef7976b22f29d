//! The computations that show what a call over the ABI costs and gains.

use std::ops::Add;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::parallel::{self, PART};
use crate::sums::{self, Sum};

/// How many parts of the series are summed before more are begun: enough to keep any
/// number of processors busy, and few enough to keep all their sums.
const PI_PARTS: u64 = 4096;

/// An approximation of π: the first `terms` terms of the Leibniz series
/// 4 (1 - 1/3 + 1/5 - ...). 0 for no terms.
#[must_use]
pub fn pi(terms: u64) -> f64 {
    // Two terms are one fraction: 4 / (4k + 1) - 4 / (4k + 3) = 8 / ((4k + 1) (4k + 3)).
    let pairs = terms / 2;
    let mut sum = Sum::default();
    let mut first = 0;
    while first < pairs {
        let end = pairs.min(first + PI_PARTS * PART as u64);
        let parts = (end - first).div_ceil(PART as u64) as usize;
        let part_sums = parallel::map(0..parts, |part| {
            let start = first + (part * PART) as u64;
            let count = (end - start).min(PART as u64);
            sums::sum_of_leibniz_pairs(start as f64, count as usize)
        });
        sum = part_sums.into_iter().fold(sum, Add::add);
        first = end;
    }
    if !terms.is_multiple_of(2) {
        sum = sum + Sum::from(4.0 / (2.0 * (terms as f64 - 1.0) + 1.0));
    }
    sum.finite().unwrap_or_default()
}

/// Brings the numbers into a random order, each order as likely as another
/// (Fisher-Yates). The same seed gives the same order, on every machine.
// One by one: each exchange is one among those that are left by all before it, and the
// order that a seed stands for is these exchanges'.
pub fn shuffle(numbers: &mut [f64], seed: u64) {
    numbers.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
}

/// The sum of the products of the numbers at equal places, up to the shorter of
/// the two slices; 0 for none.
///
/// The sum is computed with twice a double's digits. Where a product or a sum is
/// infinite or NaN on the way, the result is that of adding the products up in order.
#[must_use]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let parts = a.chunks(PART).zip(b.chunks(PART));
    let part_sums = parallel::map(parts, |(a, b)| sums::sum_of_products(a, b));
    let sum: Sum = part_sums.into_iter().sum();
    sum.finite()
        .unwrap_or_else(|| a.iter().zip(b).map(|(x, y)| x * y).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn the_series_approaches_pi() {
        assert_eq!(pi(0).to_bits(), 0.0_f64.to_bits());
        assert_eq!(pi(1), 4.0);
        assert!((pi(2) - 8.0 / 3.0).abs() < 1e-15);
        assert!((pi(1_000_000) - std::f64::consts::PI).abs() < 1.1e-6);
    }

    #[test]
    fn a_seed_stands_for_one_order_in_every_release() {
        let mut numbers: Vec<f64> = (0..8).map(f64::from).collect();
        shuffle(&mut numbers, 42);
        assert_eq!(numbers, GOLDEN);
        shuffle(&mut [], 42);
        shuffle(&mut [1.0], 42);
    }

    /// Users may have stored seeds: a change here is a breaking change.
    const GOLDEN: [f64; 8] = [2.0, 1.0, 4.0, 6.0, 0.0, 5.0, 3.0, 7.0];

    #[test]
    fn every_order_is_as_likely_as_another() {
        let mut seen: HashMap<Vec<u64>, u32> = HashMap::new();
        for seed in 0..24_000 {
            let mut numbers = [0.0, 1.0, 2.0, 3.0];
            shuffle(&mut numbers, seed);
            *seen.entry(numbers.map(f64::to_bits).to_vec()).or_default() += 1;
        }
        assert_eq!(seen.len(), 24);
        // Chi-squared with 23 degrees of freedom stays below 49.7 with p = 0.999.
        let chi_squared: f64 = seen
            .values()
            .map(|&count| (f64::from(count) - 1000.0).powi(2) / 1000.0)
            .sum();
        assert!(chi_squared < 49.7, "{chi_squared}");
    }

    #[test]
    fn products_are_summed() {
        assert_eq!(dot(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 32.0);
        assert_eq!(dot(&[], &[]).to_bits(), 0.0_f64.to_bits());
    }
    /// Whole numbers, whose products' sums are exact in any order.
    fn whole_numbers(length: usize) -> (Vec<f64>, Vec<f64>, f64) {
        let a: Vec<f64> = (0..length).map(|n| (n % 101) as f64 - 50.0).collect();
        let b: Vec<f64> = (0..length).map(|n| (n % 97) as f64 - 40.0).collect();
        let products = a.iter().zip(&b).map(|(x, y)| x * y);
        let sum = products.sum::<f64>() + 0.0;
        (a, b, sum)
    }

    #[test]
    fn every_product_counts_once_whatever_their_number() {
        for length in [
            0,
            1,
            63,
            64,
            65,
            130,
            PART - 1,
            PART,
            PART + 1,
            33 * PART + 7,
        ] {
            let (a, b, sum) = whole_numbers(length);
            assert_eq!(dot(&a, &b), sum);
            assert_eq!(dot(&a, &[&b[..], &[1e300]].concat()), sum);
            assert_eq!(dot(&[&a[..], &[f64::NAN]].concat(), &b), sum);
        }
    }

    #[test]
    fn what_cancels_out_leaves_the_rest() {
        for distance in [1, 63, 64, 100, PART, 40 * PART] {
            let mut a = vec![0.0; 2 * distance + 1];
            (a[0], a[distance], a[2 * distance]) = (1e200, 1.0, -1e200);
            let ones = vec![1.0; a.len()];
            assert_eq!(dot(&a, &ones), 1.0);
        }
        // The products themselves are rounded: 1 + 2^-29 + 2^-60 and its like.
        let (a, b) = (1.0 + 2_f64.powi(-30), 1.0 - 2_f64.powi(-30));
        assert_eq!(dot(&[a, -1.0], &[b, 1.0]), -2_f64.powi(-60));
    }

    #[test]
    fn infinities_and_nan_are_those_of_addition_in_order() {
        let infinity = f64::INFINITY;
        assert_eq!(dot(&[1e200], &[1e200]), infinity);
        assert_eq!(dot(&[1e200, 1.0], &[-1e200, 1.0]), -infinity);
        assert_eq!(dot(&[1.0, infinity, 1.0], &[1.0, 1.0, 1.0]), infinity);
        assert!(dot(&[infinity, infinity], &[1.0, -1.0]).is_nan());
        assert!(dot(&[infinity], &[0.0]).is_nan());
        assert!(dot(&[f64::NAN, 1.0], &[1.0, 1.0]).is_nan());
        // Side by side these sums overflow, one after the other they don't.
        let numbers: Vec<f64> = (0..1000).map(|n| [f64::MAX, -f64::MAX][n % 2]).collect();
        assert_eq!(dot(&numbers, &vec![1.0; 1000]), 0.0);
    }

    #[test]
    fn every_term_of_the_series_counts_once() {
        // Where the sum is cut does not matter to it: so many terms, and the rest.
        let part = 2 * PART as u64;
        for terms in [2, 3, 127, 128, 129, part - 1, part, part + 1, 70 * part + 3] {
            let next = 4.0 / (2 * terms + 1) as f64;
            let next = if terms.is_multiple_of(2) { next } else { -next };
            let difference = pi(terms + 1) - pi(terms);
            assert!((difference - next).abs() < 1e-15, "{terms}");
        }
        // The error of the first n terms is 1/n - 1/(4n^3) + ..., with this sign.
        for terms in [1000_u32, 100_000, 3_000_000] {
            let n = f64::from(terms);
            let error = (1.0 / n - 0.25 / (n * n * n)) - (std::f64::consts::PI - pi(terms.into()));
            assert!(error.abs() < 1e-15, "{terms}: {error}");
        }
    }
}
