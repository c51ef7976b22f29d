//! Shared by the integration tests.

use lanehash::{Algorithm, Kernel};
use sha2::Digest as _;

/// The digest that the well-kept crates give.
pub fn oracle(algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Md5 => md5::Md5::digest(message).to_vec(),
        Algorithm::Sha1 => sha1::Sha1::digest(message).to_vec(),
        Algorithm::Sha224 => sha2::Sha224::digest(message).to_vec(),
        Algorithm::Sha256 => sha2::Sha256::digest(message).to_vec(),
        Algorithm::Sha384 => sha2::Sha384::digest(message).to_vec(),
        Algorithm::Sha512 => sha2::Sha512::digest(message).to_vec(),
        other => unreachable!("no oracle for {other}"),
    }
}

/// Bytes whose pattern has a period that is prime to every block length.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

/// Every algorithm under every kernel that this CPU has.
pub fn cases() -> impl Iterator<Item = (Algorithm, Kernel)> {
    let kernels = |algorithm| Kernel::available().map(move |kernel| (algorithm, kernel));
    Algorithm::ALL.into_iter().flat_map(kernels)
}
