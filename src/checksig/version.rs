//! Which library this is, and how to give its texts back.

use std::ffi::{c_char, c_void};

/// The library's version, as in `1.2.3`: a NUL-terminated text that is always
/// there and that nobody releases.
#[unsafe(no_mangle)]
pub extern "C" fn checksig_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The version of this header's types and functions. A program that was compiled
/// against one number works with every library that has the same.
#[unsafe(no_mangle)]
pub extern "C" fn checksig_abi_version() -> u32 {
    1
}

/// Releases a text that a function of this library returned, as `free` does: for
/// callers whose own `free` may be another C library's. NULL is a no-op.
///
/// # Safety
/// `text` is NULL or was returned by a function of this library whose comment
/// says that the caller releases it, and is not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_free(text: *mut c_void) {
    // SAFETY: such texts are from `malloc`, and `free` takes NULL.
    unsafe { libc::free(text) };
}
