//! Sums of doubles, as if computed with twice the digits and rounded once.
//!
//! Every addition's and multiplication's rounding error is computed, exactly, and added
//! up beside the sum (T. Ogita, S. M. Rump, S. Oishi: "Accurate Sum and Dot Product",
//! SIAM J. Sci. Comput. 26, 2005). Many sums grow side by side, as the lanes of vector
//! instructions do; memory is slower than this arithmetic.
//!
//! Where a sum is not finite, errors have no meaning: callers then fall back on addition
//! in the numbers' order, whose infinities and NaN are what IEEE 754 makes of these numbers.

use std::array::from_fn;
use std::ops::Add;

use multiversion::multiversion;

/// How many sums grow side by side. Fewer leave the compiler to pick single
/// instructions for single lanes, which is four times as slow.
const LANES: usize = 64;

/// A number to each lane.
type Lanes = [f64; LANES];

/// A sum with the errors of its additions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    /// The sum, rounded; `None` where it has left the finite numbers on its way.
    pub(crate) fn finite(self) -> Option<f64> {
        Some(self.high + self.low).filter(|sum| sum.is_finite())
    }

    /// The sum divided by a number, as a double and what that lacks.
    pub(crate) fn divided_by(self, divisor: f64) -> (f64, f64) {
        let (sum, lack) = two_sum(self.high, self.low);
        let quotient = sum / divisor;
        let remainder = quotient.mul_add(-divisor, sum) + lack;
        (quotient, remainder / divisor)
    }
}

impl Add for Sum {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (high, error) = two_sum(self.high, other.high);
        Self {
            high,
            low: self.low + other.low + error,
        }
    }
}

impl From<f64> for Sum {
    fn from(number: f64) -> Self {
        Self {
            high: number,
            low: 0.0,
        }
    }
}

impl std::iter::Sum for Sum {
    fn sum<I: Iterator<Item = Self>>(sums: I) -> Self {
        sums.fold(Self::default(), Add::add)
    }
}

/// A sum of two numbers, rounded, and the error of that (D. E. Knuth, The Art of
/// Computer Programming, volume 2, 4.2.2, theorem B).
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

/// Sums side by side.
struct Sums {
    high: Lanes,
    low: Lanes,
}

impl Sums {
    #[inline(always)]
    fn new() -> Self {
        Self {
            high: [0.0; LANES],
            low: [0.0; LANES],
        }
    }

    /// Adds a number to each.
    // Step by step for all lanes, and not lane by lane: so each step becomes a few
    // instructions on whole vectors.
    #[inline(always)]
    fn add(&mut self, numbers: &Lanes) {
        let high = self.high;
        let sum: Lanes = from_fn(|lane| high[lane] + numbers[lane]);
        let added: Lanes = from_fn(|lane| sum[lane] - high[lane]);
        self.low = from_fn(|lane| {
            self.low[lane]
                + ((high[lane] - (sum[lane] - added[lane])) + (numbers[lane] - added[lane]))
        });
        self.high = sum;
    }

    /// Adds a product to each.
    #[inline(always)]
    fn add_products(&mut self, a: &Lanes, b: &Lanes) {
        let products: Lanes = from_fn(|lane| a[lane] * b[lane]);
        let errors: Lanes = from_fn(|lane| a[lane].mul_add(b[lane], -products[lane]));
        self.add(&products);
        self.low = from_fn(|lane| self.low[lane] + errors[lane]);
    }

    /// All of them together.
    #[inline(always)]
    fn total(&self) -> Sum {
        let lanes = self.high.iter().zip(&self.low);
        lanes.map(|(&high, &low)| Sum { high, low }).sum()
    }
}

/// Fewer numbers than there are lanes; the rest of the lanes get 0.
#[inline(always)]
fn padded(numbers: &[f64]) -> Lanes {
    let mut lanes = [0.0; LANES];
    lanes[..numbers.len()].copy_from_slice(numbers);
    lanes
}

/// The sum of some numbers.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn sum(numbers: &[f64]) -> Sum {
    let mut sums = Sums::new();
    let (chunks, rest) = numbers.as_chunks();
    for chunk in chunks {
        sums.add(chunk);
    }
    sums.add(&padded(rest));
    sums.total()
}

/// The sum of the products of the numbers at equal places, up to the shorter of the two.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn sum_of_products(a: &[f64], b: &[f64]) -> Sum {
    let length = a.len().min(b.len());
    let mut sums = Sums::new();
    let (a_chunks, a_rest) = a[..length].as_chunks();
    let (b_chunks, b_rest) = b[..length].as_chunks();
    for (a_chunk, b_chunk) in a_chunks.iter().zip(b_chunks) {
        sums.add_products(a_chunk, b_chunk);
    }
    sums.add_products(&padded(a_rest), &padded(b_rest));
    sums.total()
}

/// The sum of 8 / ((4k + 1) (4k + 3)) for `count` numbers k from `first` on.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn sum_of_leibniz_pairs(first: f64, count: usize) -> Sum {
    let mut sums = Sums::new();
    let mut numbers: Lanes = from_fn(|lane| 4.0 * (first + lane as f64) + 1.0);
    let pair = |number: f64| 8.0 / (number * (number + 2.0));
    for _ in 0..count / LANES {
        sums.add(&from_fn(|lane| pair(numbers[lane])));
        numbers = from_fn(|lane| numbers[lane] + 4.0 * LANES as f64);
    }
    let rest = numbers.iter().take(count % LANES);
    sums.total() + rest.map(|&number| Sum::from(pair(number))).sum()
}
