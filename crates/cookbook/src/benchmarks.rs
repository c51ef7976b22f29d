//! The computations that show what a call over the ABI costs and gains.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

/// An approximation of π: the first `terms` terms of the Leibniz series
/// 4 (1 - 1/3 + 1/5 - ...). 0 for no terms.
#[must_use]
pub fn pi(terms: u64) -> f64 {
    let term = |index: u64| {
        let size = 4.0 / (2 * index + 1) as f64;
        if index.is_multiple_of(2) { size } else { -size }
    };
    // An empty sum of floats is -0.0.
    (0..terms).map(term).sum::<f64>() + 0.0
}

/// Brings the numbers into a random order, each order as likely as another
/// (Fisher-Yates). The same seed gives the same order, on every machine.
pub fn shuffle(numbers: &mut [f64], seed: u64) {
    numbers.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
}

/// The sum of the products of the numbers at equal places, up to the shorter of
/// the two slices; 0 for none.
#[must_use]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    // An empty sum of floats is -0.0.
    a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>() + 0.0
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
}
