//! NUL-terminated text in and out.

use std::alloc::{Layout, handle_alloc_error};
use std::ffi::{CStr, c_char};
use std::ptr;

use super::slices::slice_mut;
use super::status::Failure;

/// The bytes of a NUL-terminated string, without the NUL. `name` is the
/// parameter's name, for the message.
///
/// # Safety
/// `pointer` is NULL or a NUL-terminated string that nobody changes for `'a`.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Result<&'a [u8], Failure> {
    if pointer.is_null() {
        return Err(Failure::invalid(format!("{name} is NULL")));
    }
    // SAFETY: not NULL; NUL-terminated by this function's contract.
    Ok(unsafe { CStr::from_ptr(pointer) }.to_bytes())
}

/// The text that these bytes are, if they are UTF-8.
pub(crate) fn utf8<'a>(bytes: &'a [u8], name: &str) -> Result<&'a str, Failure> {
    std::str::from_utf8(bytes).map_err(|error| {
        let place = error.valid_up_to();
        Failure::invalid(format!("{name} is not UTF-8 at byte {place}"))
    })
}

/// A NUL-terminated copy from C's `malloc`, for C's `free`.
///
/// Aborts where memory is out, as Rust's own allocations do: a NULL would say
/// "no message", and so turn a failed verification into a good one.
pub(crate) fn malloc_text(text: &[u8]) -> *mut c_char {
    // A slice is shorter than `isize::MAX` bytes: no overflow.
    let size = text.len() + 1;
    // SAFETY: `malloc` takes any size.
    let copy = unsafe { libc::malloc(size) }.cast::<u8>();
    if copy.is_null() {
        handle_alloc_error(Layout::for_value(text));
    }
    // SAFETY: `copy` has `text.len() + 1` bytes, fresh and so apart from `text`.
    unsafe {
        ptr::copy_nonoverlapping(text.as_ptr(), copy, text.len());
        copy.add(text.len()).write(0);
    }
    copy.cast()
}

/// Writes text and a NUL to the caller's buffer of `length` bytes. Where it does
/// not fit it writes an empty string, if there is room for one, and fails.
///
/// # Safety
/// `out` is NULL or valid for writing `length` bytes, none of which is in `text`.
pub(crate) unsafe fn write_text(
    text: &[u8],
    out: *mut c_char,
    length: i64,
    name: &str,
) -> Result<(), Failure> {
    let fits = usize::try_from(length).is_ok_and(|length| text.len() < length);
    let written = if fits { text } else { b"" };
    let room = length.min(written.len() as i64 + 1);
    // SAFETY: `room` is at most `length`, for which the caller vouches.
    let buffer = unsafe { slice_mut(out.cast::<u8>(), room, name) }?;
    if let Some((last, rest)) = buffer.split_last_mut() {
        rest.copy_from_slice(written);
        *last = 0;
    }
    if fits {
        Ok(())
    } else {
        Err(Failure::too_small(name, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::checksig_status;

    #[test]
    fn text_fits_with_its_nul_or_not_at_all() {
        for (length, expected) in [(0, "zzzz"), (1, "\0zzz"), (3, "\0zzz"), (4, "abc\0")] {
            let mut buffer = *b"zzzz";
            // SAFETY: the buffer has four bytes, `length` is at most that.
            let result = unsafe { write_text(b"abc", buffer.as_mut_ptr().cast(), length, "out") };
            assert_eq!(result.is_ok(), length == 4);
            assert_eq!(&buffer, expected.as_bytes(), "{length}");
        }
    }

    #[test]
    fn a_buffer_that_cannot_be_is_refused() {
        for (out, length) in [(ptr::null_mut(), 4), (ptr::null_mut(), -1)] {
            // SAFETY: NULL is allowed.
            let failure = unsafe { write_text(b"abc", out, length, "out") }.unwrap_err();
            assert_eq!(failure.status, checksig_status::InvalidArgument);
        }
    }

    #[test]
    fn copies_end_with_a_nul_and_go_back_to_free() {
        let copy = malloc_text(b"abc");
        // SAFETY: the copy is NUL-terminated and from `malloc`.
        unsafe {
            assert_eq!(CStr::from_ptr(copy), c"abc");
            libc::free(copy.cast());
        }
    }
}
