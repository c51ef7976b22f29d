//! Bytes a second of every kernel and algorithm: `cargo bench -p lanehash`.
//!
//! `LANEHASH_KERNEL` does not matter here: each case names its kernel.

use std::ops::ControlFlow;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use lanehash::{Algorithm, Kernel, Scheduler, hash_many_with};

fn main() {
    divan::main();
}

/// Every algorithm under every kernel that this CPU has.
fn cases() -> Vec<(Algorithm, Kernel)> {
    Algorithm::ALL
        .into_iter()
        .filter(|algorithm| !matches!(algorithm, Algorithm::Sha224 | Algorithm::Sha384))
        .flat_map(|algorithm| Kernel::available().map(move |kernel| (algorithm, kernel)))
        .collect()
}

fn hash_all(bencher: Bencher<'_, '_>, (algorithm, kernel): (Algorithm, Kernel), lengths: &[usize]) {
    let messages: Vec<Vec<u8>> = lengths.iter().map(|&len| vec![0xa5; len]).collect();
    let bytes: usize = lengths.iter().sum();
    bencher
        .counter(BytesCount::new(bytes))
        .bench_local(|| hash_many_with(algorithm, kernel, black_box(&messages)));
}

/// Messages of 4 KiB, few enough to stay in the second-level cache.
#[divan::bench(args = cases())]
fn equal_4_kib(bencher: Bencher<'_, '_>, case: (Algorithm, Kernel)) {
    hash_all(bencher, case, &[4096; 128]);
}

/// Messages of 64 KiB.
#[divan::bench(args = cases())]
fn equal_64_kib(bencher: Bencher<'_, '_>, case: (Algorithm, Kernel)) {
    hash_all(bencher, case, &[65536; 64]);
}

/// 256 messages of 0 to 32 KiB, and one of 256 KiB among them.
#[divan::bench(args = cases())]
fn uneven(bencher: Bencher<'_, '_>, case: (Algorithm, Kernel)) {
    let mut lengths: Vec<usize> = (0..256).map(|i| i * 7919 % 32768).collect();
    lengths.push(256 * 1024);
    hash_all(bencher, case, &lengths);
}

/// Few messages of 16 KiB, all lanes against one or two at a time: where the lines cross is the
/// crossover of `kernel.rs`.
#[divan::bench(args = crossover_cases())]
fn crossover(bencher: Bencher<'_, '_>, case: (Algorithm, Kernel, usize, bool)) {
    let (algorithm, kernel, busy, together) = case;
    let message = vec![0xa5; 16384];
    bencher
        .counter(BytesCount::new(16384 * busy))
        .bench_local(|| {
            let Ok(mut scheduler) = Scheduler::with_kernel(algorithm, kernel) else {
                return;
            };
            scheduler.set_crossover(if together { 0 } else { usize::MAX });
            let messages = (0..busy).map(|tag| (tag, black_box(&message[..])));
            let end = |_| ControlFlow::Continue(());
            let _ = scheduler.run(messages, |done| drop(black_box(done)), end);
        });
}

fn crossover_cases() -> Vec<(Algorithm, Kernel, usize, bool)> {
    let mut few = Vec::new();
    for (algorithm, kernel) in cases() {
        if matches!(kernel, Kernel::Avx2 | Kernel::Avx512) {
            for busy in 2..=16 {
                few.push((algorithm, kernel, busy, false));
                few.push((algorithm, kernel, busy, true));
            }
        }
    }
    few
}
