//! Checksum manifests: the tutorials' `verify`, and the whole verifier with options,
//! callbacks, cancellation and a report.

mod cancel;
mod create;
mod manifest;
mod options;
mod progress;
mod report;
mod verify;
mod version;

use std::ffi::{CStr, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use checksig_core::{Algorithm, Error, ErrorKind};

pub(crate) use cancel::checksig_cancel;
pub(crate) use verify::flag;

use crate::abi::{Failure, bytes, check_pointer, checksig_status, text, utf8};

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::Cancelled => checksig_status::Cancelled,
            ErrorKind::Format(_)
            | ErrorKind::Line(..)
            | ErrorKind::Misnamed
            | ErrorKind::Several(_)
            | ErrorKind::Unwritable(_) => checksig_status::Manifest,
            _ => checksig_status::Io,
        };
        Self {
            line: error.line().unwrap_or(0),
            ..Self::new(status, error.message())
        }
    }
}

/// The path that is `length` bytes at `pointer`; NULL is refused.
///
/// # Safety
/// As for [`bytes`].
unsafe fn path<'a>(pointer: *const c_char, length: usize, name: &str) -> Result<&'a Path, Failure> {
    check_pointer(pointer, name)?;
    // SAFETY: this function's contract is the same.
    let bytes = unsafe { bytes(pointer, length, name) }?;
    Ok(Path::new(OsStr::from_bytes(bytes)))
}

/// The algorithm of this NUL-terminated name.
///
/// # Safety
/// As for [`text`].
unsafe fn algorithm(name: *const c_char) -> Result<Algorithm, Failure> {
    // SAFETY: this function's contract is the same.
    let name = utf8(unsafe { text(name, "algorithm") }?, "algorithm")?;
    Algorithm::from_name(name).ok_or_else(|| {
        let known = Algorithm::ALL.map(Algorithm::name).join(", ");
        Failure::invalid(format!("unknown algorithm {name:?}, want one of {known}"))
    })
}

/// An algorithm's name as C sees it, always there.
fn c_name(algorithm: Algorithm) -> &'static CStr {
    match algorithm {
        Algorithm::Crc32 => c"crc32",
        Algorithm::Md5 => c"md5",
        Algorithm::Sha1 => c"sha1",
        Algorithm::Sha224 => c"sha224",
        Algorithm::Sha256 => c"sha256",
        Algorithm::Sha384 => c"sha384",
        Algorithm::Sha512 => c"sha512",
        Algorithm::Sha3_256 => c"sha3-256",
        Algorithm::Sha3_512 => c"sha3-512",
        Algorithm::Blake2b => c"blake2b",
        Algorithm::Blake3 => c"blake3",
        // The enumeration may grow.
        _ => c"unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_sees_every_algorithms_name() {
        for algorithm in Algorithm::ALL {
            assert_eq!(c_name(algorithm).to_str(), Ok(algorithm.name()));
        }
    }
}
