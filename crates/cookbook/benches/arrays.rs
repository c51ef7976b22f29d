//! The computations on arrays, from where they fit a cache to where they don't.

use checksig_cookbook::arrays::{increase, normalize, normalize_in_place};
use checksig_cookbook::benchmarks::{dot, pi, shuffle};
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

/// Numbers of elements: small, around where a second thread begins to pay, and large.
const LENGTHS: [usize; 6] = [100, 10_000, 1 << 18, 1 << 19, 1_000_000, 10_000_000];

fn main() {
    divan::main();
}

fn numbers(length: usize) -> Vec<f64> {
    (0..length).map(|n| (n as f64 * 0.37).fract()).collect()
}

#[divan::bench(args = LENGTHS)]
fn dot_product(bencher: Bencher<'_, '_>, length: usize) {
    let (a, b) = (numbers(length), numbers(length));
    bencher
        .counter(BytesCount::of_many::<f64>(2 * length))
        .bench(|| dot(black_box(&a), black_box(&b)));
}

#[divan::bench(args = LENGTHS)]
fn normalized(bencher: Bencher<'_, '_>, length: usize) {
    let (nums, mut out) = (numbers(length), vec![0.0; length]);
    bencher
        .counter(BytesCount::of_many::<f64>(3 * length))
        .bench_local(|| normalize(black_box(&nums), &mut out));
}

#[divan::bench(args = LENGTHS)]
fn normalized_in_place(bencher: Bencher<'_, '_>, length: usize) {
    let mut nums = numbers(length);
    bencher
        .counter(BytesCount::of_many::<f64>(3 * length))
        .bench_local(|| normalize_in_place(black_box(&mut nums)));
}

#[divan::bench(args = LENGTHS)]
fn increased(bencher: Bencher<'_, '_>, length: usize) {
    let mut nums = vec![7; length];
    bencher
        .counter(BytesCount::of_many::<i64>(2 * length))
        .bench_local(|| increase(black_box(&mut nums), 1));
}

#[divan::bench(args = LENGTHS)]
fn shuffled(bencher: Bencher<'_, '_>, length: usize) {
    let mut nums = numbers(length);
    bencher
        .counter(ItemsCount::new(length))
        .bench_local(|| shuffle(black_box(&mut nums), 1));
}

#[divan::bench(args = LENGTHS)]
fn leibniz(bencher: Bencher<'_, '_>, terms: usize) {
    bencher
        .counter(ItemsCount::new(terms))
        .bench(|| pi(black_box(terms as u64)));
}
