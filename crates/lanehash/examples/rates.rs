//! Prints how many bytes a second each kernel hashes, a line for each case:
//! the algorithm, the kernel, how many messages, the length of each, and the rate.
//!
//!     cargo run --release -p lanehash --example rates
//!
//! A rate is the best of several passes, on one thread: what the CPU can do, not what it does on
//! the average. The benchmark `kernels` has more cases and their spread.

use std::hint::black_box;
use std::time::{Duration, Instant};

use lanehash::{Algorithm, Kernel, Unavailable, hash_many_with};

/// How many messages there are, and the length of each: small files, pieces of large ones, and one
/// message alone. All stay in the second-level cache.
const CASES: [(usize, usize); 3] = [(128, 4 << 10), (32, 16 << 10), (1, 512 << 10)];

/// How long the passes of a case take together, at least.
const ENOUGH: Duration = Duration::from_millis(60);

fn main() -> Result<(), Unavailable> {
    for algorithm in Algorithm::ALL {
        for kernel in Kernel::available() {
            for (count, length) in CASES {
                let rate = rate(algorithm, kernel, count, length)?;
                let (algorithm, kernel) = (algorithm.name(), kernel.name());
                println!("{algorithm} {kernel} {count} {length} {rate:.0}");
            }
        }
    }
    Ok(())
}

/// Bytes a second.
fn rate(
    algorithm: Algorithm,
    kernel: Kernel,
    count: usize,
    length: usize,
) -> Result<f64, Unavailable> {
    let messages = vec![vec![0xa5; length]; count];
    let (mut best, mut total) = (Duration::MAX, Duration::ZERO);
    while total < ENOUGH {
        let start = Instant::now();
        black_box(hash_many_with(algorithm, kernel, black_box(&messages))?);
        let taken = start.elapsed();
        best = best.min(taken);
        total += taken;
    }
    Ok((count * length) as f64 / best.as_secs_f64())
}
