//! Hashes many independent messages at once, one in each SIMD lane: MD5, SHA-1 and SHA-2.
//!
//! A hash function works through its message word by word, each step waiting for the one before,
//! so one message leaves most of a CPU idle. Where there are many messages, as many files, 2 to 32
//! of them go through the same instructions side by side.
//!
//! ```
//! use lanehash::{Algorithm, hash_many};
//!
//! let digests = hash_many(Algorithm::Sha1, &["abc", "", "The quick brown fox"]);
//! assert_eq!(digests[0].to_string(), "a9993e364706816aba3e25717850c26c9cd0d89d");
//! ```
//!
//! [`hash_many`] is for messages in memory. Under it is the [`Scheduler`], to which messages of
//! any length come at any time and whose sources give them piece by piece, as files do:
//!
//! ```no_run
//! use std::fs::File;
//! use std::io::BufReader;
//! use std::ops::ControlFlow;
//!
//! use lanehash::{Algorithm, Scheduler};
//!
//! let mut scheduler = Scheduler::new(Algorithm::Sha256);
//! let files = std::env::args_os().skip(1).filter_map(|path| {
//!     let file = File::open(&path).ok()?;
//!     Some((path, BufReader::with_capacity(128 * 1024, file)))
//! });
//! let _ = scheduler.run(
//!     files,
//!     |done| match done.result {
//!         Ok(digest) => println!("{digest}  {}", done.tag.display()),
//!         Err(error) => eprintln!("{}: {error}", done.tag.display()),
//!     },
//!     |_| ControlFlow::Continue(()),
//! );
//! ```
//!
//! # Kernels
//! A [`Kernel`] is chosen when a scheduler is made: the fastest that the CPU has, the one that
//! [`Scheduler::with_kernel`] names, or the one that the environment variable
//! `LANEHASH_KERNEL=soft|single|shani|avx2|avx512` names, which is read once in a process and
//! ignored if the CPU does not have it. A kernel with lanes hands over to SHA-NI or to the crates
//! `md-5`, `sha1` and `sha2` while too few lanes are busy for it; see
//! [`Scheduler::set_crossover`]. On CPUs other than x86-64 those crates do all the work; `sha1`
//! and `sha2` use the SHA instructions of aarch64.
//!
//! # Speed
//! GB/s on x86-64 with AVX-512 and SHA-NI, one thread, the fastest of many rounds while other
//! processes were busy; `cargo bench -p lanehash`. In brackets the lanes. What is uneven is 256
//! messages of 0 to 32 KiB and one of 256 KiB.
//!
//! | 64 KiB | `soft` | `single` | `shani` | `avx2` | `avx512` |
//! |---|---|---|---|---|---|
//! | MD5 | 0.53 | 0.64 | - | 7.7 (16) | 11.4 (32) |
//! | SHA-1 | 0.63 | 1.9 | 3.3 (2) | 4.2 (8) | 7.4 (16) |
//! | SHA-224/256 | 0.32 | 1.8 | 3.2 (2) | 1.8 (8) | 3.8 (16) |
//! | SHA-384/512 | 0.48 | 0.62 | - | 1.5 (4) | 3.0 (8) |
//!
//! | 4 KiB | `soft` | `single` | `shani` | `avx2` | `avx512` |
//! |---|---|---|---|---|---|
//! | MD5 | 0.52 | 0.62 | - | 6.9 | 9.9 |
//! | SHA-1 | 0.62 | 1.8 | 3.0 | 3.9 | 6.7 |
//! | SHA-224/256 | 0.31 | 1.7 | 3.0 | 1.8 | 3.5 |
//! | SHA-384/512 | 0.46 | 0.59 | - | 1.4 | 2.8 |
//!
//! | uneven | `soft` | `single` | `shani` | `avx2` | `avx512` |
//! |---|---|---|---|---|---|
//! | MD5 | 0.53 | 0.63 | - | 7.1 | 6.9 |
//! | SHA-1 | 0.64 | 1.9 | 3.2 | 4.0 | 6.8 |
//! | SHA-224/256 | 0.32 | 1.8 | 3.1 | 1.7 | 3.6 |
//! | SHA-384/512 | 0.47 | 0.61 | - | 1.4 | 2.9 |
//!
//! A message alone in the lanes goes at a fraction of these rates, and a long one keeps its lane
//! for long: hash the longest first, or alone. The lanes take over from 2 busy ones for MD5 and
//! SHA-384/512, from 7 for SHA-1 and from 13 for SHA-224/256 where the CPU has SHA-NI, and from 2
//! where it has not.
//!
//! # Security
//! MD5 and SHA-1 are here to check what others have published. Against somebody who makes two
//! messages on purpose they protect nothing.
//!
//! # Rust version
//! 1.89, the first with stable AVX-512 intrinsics.

mod algorithm;
mod kernel;
mod rounds;
mod scheduler;
mod single;
mod soft;
mod states;
#[cfg(test)]
mod test;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

use core::ops::ControlFlow;

pub use algorithm::{Algorithm, Digest, UnknownAlgorithm};
pub use kernel::{KERNEL_VARIABLE, Kernel, Unavailable, UnknownKernel};
pub use scheduler::{Done, Scheduler, Step};

/// Hashes one message.
#[must_use]
pub fn hash(algorithm: Algorithm, message: &[u8]) -> Digest {
    hash_many(algorithm, &[message])[0]
}

/// Hashes messages that are in memory; digest `i` is that of message `i`.
#[must_use]
pub fn hash_many<M: AsRef<[u8]>>(algorithm: Algorithm, messages: &[M]) -> Vec<Digest> {
    hash_all(Scheduler::new(algorithm), messages)
}

/// The same with a kernel that the caller chooses.
///
/// # Errors
/// [`Unavailable`] if this CPU cannot run the kernel.
pub fn hash_many_with<M: AsRef<[u8]>>(
    algorithm: Algorithm,
    kernel: Kernel,
    messages: &[M],
) -> Result<Vec<Digest>, Unavailable> {
    Ok(hash_all(
        Scheduler::with_kernel(algorithm, kernel)?,
        messages,
    ))
}

fn hash_all<'a, M: AsRef<[u8]>>(
    mut scheduler: Scheduler<usize, &'a [u8]>,
    messages: &'a [M],
) -> Vec<Digest> {
    // The longest first: neighbours are alike in length, and none long is left for the end.
    let mut order: Vec<usize> = (0..messages.len()).collect();
    order.sort_by_key(|&i| core::cmp::Reverse(messages[i].as_ref().len()));
    let mut digests = vec![Digest::new([0; 64], 0); messages.len()];
    let queue = order.into_iter().map(|i| (i, messages[i].as_ref()));
    let _ = scheduler.run(
        queue,
        |done| {
            // A slice never fails.
            if let Ok(digest) = done.result {
                digests[done.tag] = digest;
            }
        },
        |_| ControlFlow::Continue(()),
    );
    digests
}
