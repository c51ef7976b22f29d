//! The message of each thread's last failure.

use std::cell::RefCell;
use std::ffi::c_char;

use super::guard::guard;
use super::slices::slice_mut;
use super::status::Failure;

thread_local! {
    static LAST_ERROR: RefCell<(Vec<u8>, u64)> = const { RefCell::new((Vec::new(), 0)) };
}

/// Makes this the calling thread's last error; `line` is 0 where it is about none.
pub(crate) fn set(message: &[u8], line: u64) {
    // While the thread is being torn down there is nobody left to ask.
    let _ = LAST_ERROR.try_with(|last| last.replace((message.to_vec(), line)));
}

fn get() -> (Vec<u8>, u64) {
    LAST_ERROR
        .try_with(|last| last.borrow().clone())
        .unwrap_or_default()
}

/// Copies the message of the calling thread's last failed call and returns its
/// length in bytes without the NUL; 0 where no call of this thread has failed.
///
/// `out`: a buffer of `out_len` bytes that the caller owns, or NULL to ask for
/// the length alone. The copy ends with a NUL; what does not fit is left out, so
/// the message was cut if the returned length is not below `out_len`. The
/// message is UTF-8, but for paths that are not. A call that succeeds leaves it
/// as it was. Each thread has its own.
///
/// # Safety
/// `out` is NULL or valid for writing `out_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_last_error_message(out: *mut c_char, out_len: usize) -> usize {
    let (message, _line) = get();
    guard(0, || {
        if !out.is_null() && out_len > 0 {
            let copied = message.len().min(out_len - 1);
            let length =
                i64::try_from(copied + 1).map_err(|_| Failure::invalid("out_len is too large"))?;
            // SAFETY: `length` is at most `out_len`, for which the caller vouches.
            let out = unsafe { slice_mut(out.cast::<u8>(), length, "out") }?;
            out[..copied].copy_from_slice(&message[..copied]);
            out[copied] = 0;
        }
        Ok(message.len())
    })
}

/// The line of a checksum manifest, from 1, that the message of the calling thread's last
/// failed call is about; 0 where it is about none.
#[unsafe(no_mangle)]
pub extern "C" fn checksig_last_error_line() -> u64 {
    let (_message, line) = get();
    line
}

#[cfg(test)]
pub(super) fn message() -> Vec<u8> {
    get().0
}
