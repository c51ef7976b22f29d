//! One function for each way of passing data over a C ABI.
//!
//! What has no prefix bears the name that the tutorials gave it.

use std::ffi::{c_char, c_longlong, c_void};
use std::ptr;

use checksig_cookbook::{arrays, benchmarks, callbacks, numbers, strings, structs};

use crate::abi::{
    Failure, attempt, check_disjoint, check_pointer, checksig_status, guard, guard_status,
    malloc_text, print_line, reference, slice, slice_mut, text, utf8, write_text,
};

/// Prints `Hello! The square root of 4 is: 2` and a newline to C's `stdout`, and
/// flushes it.
#[unsafe(no_mangle)]
pub extern "C" fn Hello() {
    guard((), || {
        print_line(&format!("Hello! {}", numbers::square_root_sentence(4.0)));
        Ok(())
    });
}

/// Prints `Hello world!` and a newline to C's `stdout`, and flushes it.
#[unsafe(no_mangle)]
pub extern "C" fn hello() {
    guard((), || {
        print_line("Hello world!");
        Ok(())
    });
}

/// A number in, a number out: the value plus 3, wrapping at 64 bits.
#[unsafe(no_mangle)]
pub extern "C" fn ReturnInt(value: c_longlong) -> c_longlong {
    numbers::add_three(value)
}

/// Two numbers in, a number out: their sum, wrapping at 64 bits.
#[unsafe(no_mangle)]
pub extern "C" fn add(a: i64, b: i64) -> i64 {
    numbers::add(a, b)
}

/// An array in, an array out: writes `nums` minus their mean to `out`.
///
/// The mean is computed with twice a double's digits: each result is within one unit in
/// the last place, and the same on any number of processors. Where the sum of `nums`
/// overflows, or an infinity or NaN is among them, so is the mean.
/// Large arrays are worked on by several threads, which end before the call does.
///
/// `nums`, `out`: arrays of `n` doubles that the caller owns, borrowed for the
/// call; `out` may be `nums`, but not overlap it otherwise. A NULL, misaligned
/// or overlapping array, or a negative `n`, changes nothing and leaves a last
/// error; with `n` 0 there is nothing to do. Threads may call this at once as
/// long as none writes what another uses.
///
/// # Safety
/// `nums` is valid for reading and `out` for writing `n` doubles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn normalize(nums: *const f64, out: *mut f64, n: i64) {
    guard((), || {
        if ptr::eq(nums, out) {
            // SAFETY: the caller's promise is this function's own.
            arrays::normalize_in_place(unsafe { slice_mut(out, n, "nums") }?);
        } else {
            check_disjoint(nums, n, out, n)?;
            // SAFETY: by the caller's promise; they do not overlap.
            let (nums, out) = unsafe { (slice(nums, n, "nums")?, slice_mut(out, n, "out")?) };
            arrays::normalize(nums, out);
        }
        Ok(())
    });
}

/// An array changed in place: adds `a` to each number, wrapping at 64 bits.
///
/// Large arrays are worked on by several threads, which end before the call does.
///
/// `nums`: an array of `n` integers that the caller owns, borrowed for the call.
/// NULL, a misaligned pointer or a negative `n` changes nothing and leaves a
/// last error; with `n` 0 there is nothing to do. Threads may call this at once
/// for arrays of their own.
///
/// # Safety
/// `nums` is valid for reading and writing `n` integers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn increase(nums: *mut i64, n: i64, a: i64) {
    guard((), || {
        // SAFETY: the caller's promise is this function's own.
        arrays::increase(unsafe { slice_mut(nums, n, "nums") }?, a);
        Ok(())
    });
}

/// Text into the caller's buffer: writes `s`, `n` times, and a NUL to `out`, and
/// returns `out`.
///
/// It never writes past `out_n` bytes. What does not fit, a NULL `s` or a
/// negative `n` gives NULL, an empty string in `out` if it has any room, and a
/// last error; so does an `s` in that part of `out` that would be written.
///
/// `s`: NUL-terminated, borrowed for the call. `out`: `out_n` bytes that the
/// caller owns. Threads may call this at once for buffers of their own.
///
/// # Safety
/// `s` is NULL or a NUL-terminated string, `out` is NULL or valid for writing
/// `out_n` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn repeat(
    s: *const c_char,
    n: i64,
    out: *mut c_char,
    out_n: i64,
) -> *mut c_char {
    let written = guard(false, || {
        // SAFETY: the caller's promise is this function's own.
        let piece = unsafe { text(s, "s") }?;
        let times = usize::try_from(n)
            .map_err(|_| Failure::invalid(format!("n is {n}, want at least 0")))?;
        let needed = strings::repeated_len(piece, times)
            .and_then(|length| i64::try_from(length).ok()?.checked_add(1))
            .filter(|needed| *needed <= out_n)
            .ok_or_else(|| Failure::too_small("out", out_n))?;
        check_disjoint(s, piece.len() as i64 + 1, out, needed)?;
        // SAFETY: `needed` is at most `out_n`, for which the caller vouches.
        let out = unsafe { slice_mut(out.cast::<u8>(), needed, "out") }?;
        if let Some((end, front)) = out.split_last_mut() {
            strings::repeat(piece, front);
            *end = 0;
        }
        Ok(true)
    });
    if written {
        return out;
    }
    if !out.is_null() && out_n > 0 {
        // SAFETY: `out` has at least one byte, by the caller's promise.
        unsafe { out.write(0) };
    }
    ptr::null_mut()
}

/// An array of strings in, a string out: `strs` in their order with `sep`
/// between each two.
///
/// Returns a NUL-terminated text that the caller releases with `free`; NULL and
/// a last error for a NULL argument.
/// `strs`: an array of NUL-terminated strings with a NULL after the last.
/// `sep`: NUL-terminated. Both are borrowed for the call. Any number of threads
/// may call this at once.
///
/// # Safety
/// `strs` is NULL or a NULL-terminated array of NUL-terminated strings, `sep` is
/// NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_cookbook_join(
    strs: *const *const c_char,
    sep: *const c_char,
) -> *mut c_char {
    guard(ptr::null_mut(), || {
        // SAFETY: the caller's promise is this function's own.
        let (texts, separator) = unsafe { (texts(strs, "strs")?, text(sep, "sep")?) };
        Ok(malloc_text(&strings::join(&texts, separator)))
    })
}

/// A person's names, and room for the two together.
#[repr(C)]
pub struct checksig_person {
    /// NUL-terminated, of the caller's.
    pub first_name: *const c_char,
    /// NUL-terminated, of the caller's.
    pub last_name: *const c_char,
    /// A buffer of the caller's, filled by the library.
    pub full_name: *mut c_char,
    /// The size of `full_name` in bytes.
    pub full_name_len: i64,
}

/// A struct that the callee fills: writes first and last name, with a space
/// between them, and a NUL to `full_name`.
///
/// It never writes past `full_name_len` bytes: what does not fit gives
/// `CHECKSIG_STATUS_BUFFER_TOO_SMALL` and an empty string, if there is room for
/// one. `p` and what it points to are the caller's, borrowed for the call; NULL
/// gives `CHECKSIG_STATUS_INVALID_ARGUMENT`. Threads may call this at once for
/// structs of their own.
///
/// # Safety
/// `p` is NULL or valid for reading, its names are NULL or NUL-terminated
/// strings, its `full_name` is NULL or valid for writing `full_name_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_cookbook_full_name(p: *mut checksig_person) -> checksig_status {
    guard_status(|| {
        // SAFETY: the caller's promise is this function's own.
        let person = unsafe { reference(p, "p") }?;
        // SAFETY: likewise.
        let (first, last) = unsafe {
            (
                text(person.first_name, "first_name")?,
                text(person.last_name, "last_name")?,
            )
        };
        let full_name = structs::full_name(first, last);
        // SAFETY: likewise; `full_name` is a copy and so apart from the buffer.
        unsafe {
            write_text(
                &full_name,
                person.full_name,
                person.full_name_len,
                "full_name",
            )
        }
    })
}

/// An error, or none: a text to be released with `checksig_error_free`.
#[repr(C)]
pub struct checksig_error {
    /// What is wrong, NUL-terminated UTF-8; NULL where nothing is.
    pub err: *mut c_char,
}

/// A result and an error: look at the error first.
#[repr(C)]
pub struct checksig_even_result {
    /// The result; false where there is an error.
    pub result: bool,
    /// The error, owned by the caller.
    pub err: checksig_error,
}

/// Several values out, one of them an error: whether `n` is even.
///
/// A negative `n` gives the error `-5 is negative, want at least 0`. The caller
/// releases `err` with `checksig_error_free`. Any number of threads may call
/// this at once.
#[unsafe(no_mangle)]
pub extern "C" fn checksig_cookbook_even(n: i64) -> checksig_even_result {
    let even = attempt(|| numbers::is_even(n).map_err(|error| Failure::invalid(error.to_string())));
    let (result, err) = match even {
        Ok(result) => (result, ptr::null_mut()),
        Err(failure) => (false, malloc_text(&failure.message)),
    };
    checksig_even_result {
        result,
        err: checksig_error { err },
    }
}

/// Releases an error's text. An error whose text is NULL is a no-op.
///
/// # Safety
/// `err` comes from this library and is not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_error_free(err: checksig_error) {
    // SAFETY: such texts are from `malloc`, and `free` takes NULL.
    unsafe { libc::free(err.err.cast()) };
}

/// A sentence about a user, to be released with `checksig_user_info_free`.
#[repr(C)]
pub struct checksig_user_info {
    /// NUL-terminated UTF-8; NULL where the call failed.
    pub info: *mut c_char,
}

/// A struct out that owns a string: `User "Alice" has 5 letters in their name`.
///
/// Letters are what a reader takes for one, not bytes. The caller releases the
/// result with `checksig_user_info_free`.
/// `name`: NUL-terminated UTF-8, borrowed for the call; NULL or other text gives
/// an `info` that is NULL, and a last error. Any number of threads may call this
/// at once.
///
/// # Safety
/// `name` is NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_cookbook_user_info(name: *const c_char) -> checksig_user_info {
    let info = guard(ptr::null_mut(), || {
        // SAFETY: the caller's promise is this function's own.
        let name = utf8(unsafe { text(name, "name") }?, "name")?;
        Ok(malloc_text(structs::user_info(name).as_bytes()))
    });
    checksig_user_info { info }
}

/// Releases a user's info. One whose text is NULL is a no-op.
///
/// # Safety
/// `info` comes from this library and is not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_user_info_free(info: checksig_user_info) {
    // SAFETY: such texts are from `malloc`, and `free` takes NULL.
    unsafe { libc::free(info.info.cast()) };
}

/// A callback that gives memory: the square roots of 1 to `n`, in buffers that
/// the caller's allocator provides.
///
/// `alloc` is called twice, on the calling thread, with a NUL-terminated
/// typecode of Python's `array` module, a number of elements, and `user` as it
/// was given: first `"B"` for a title in UTF-8 without a NUL, one element a
/// byte, as in `Square roots of 1 to 5`; then `"d"` for the `n` roots, one
/// double each. It returns a buffer of at least that many elements, aligned for
/// them, which the library fills and the caller keeps. NULL ends the call with
/// `CHECKSIG_STATUS_NO_MEMORY` (but for 0 elements it is as good as a buffer);
/// what was filled before stays filled. `alloc` may end its thread
/// (`pthread_exit`): the library then holds nothing. Otherwise it must return:
/// no exception and no `longjmp` may leave it.
///
/// A NULL `alloc` or a negative `n` gives `CHECKSIG_STATUS_INVALID_ARGUMENT`.
/// Any number of threads may call this at once, if `alloc` allows it.
///
/// # Safety
/// `alloc` is NULL or a function that does as said here.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn checksig_cookbook_sqrts(
    alloc: Option<
        unsafe extern "C-unwind" fn(
            typecode: *const c_char,
            n: i64,
            user: *mut c_void,
        ) -> *mut c_void,
    >,
    user: *mut c_void,
    n: i64,
) -> checksig_status {
    // `pthread_exit` unwinds the frames that called it. That is defined for Rust's if
    // they have nothing to drop and nothing that catches (RFC 2945, "Plain Old
    // Frames"), so `alloc` is called between the guards and not inside of them.
    let (alloc, count, title_len) = match attempt(|| {
        let alloc = alloc.ok_or_else(|| Failure::invalid("alloc is NULL"))?;
        let count = usize::try_from(n)
            .map_err(|_| Failure::invalid(format!("n is {n}, want at least 0")))?;
        Ok((alloc, count, callbacks::square_roots_title(count).len()))
    }) {
        Ok(checked) => checked,
        Err(failure) => return failure.status,
    };
    // SAFETY: the typecode is NUL-terminated; the rest is the caller's own.
    let text = unsafe { alloc(c"B".as_ptr(), title_len as i64, user) };
    let status = guard_status(|| {
        // SAFETY: `alloc` gives NULL or so many bytes, by the caller's promise.
        let text = unsafe { allocated(text.cast::<u8>(), title_len as i64) }?;
        text.copy_from_slice(callbacks::square_roots_title(count).as_bytes());
        Ok(())
    });
    if status != checksig_status::Ok {
        return status;
    }
    // SAFETY: as for the title.
    let roots = unsafe { alloc(c"d".as_ptr(), n, user) };
    guard_status(|| {
        // SAFETY: likewise; the title is used no more, should the buffers overlap.
        let roots = unsafe { allocated(roots.cast::<f64>(), n) }?;
        roots
            .iter_mut()
            .zip(callbacks::square_roots(count))
            .for_each(|(place, root)| *place = root);
        Ok(())
    })
}

/// The `n` elements that the caller's allocator has given.
///
/// # Safety
/// `buffer` is NULL or valid for writing `n` elements, and nobody else uses these
/// for `'a`.
unsafe fn allocated<'a, T>(buffer: *mut T, n: i64) -> Result<&'a mut [T], Failure> {
    if buffer.is_null() && n > 0 {
        return Err(Failure::new(
            checksig_status::NoMemory,
            format!("the allocator gave no memory for {n} elements"),
        ));
    }
    // SAFETY: this function's contract is the same.
    unsafe { slice_mut(buffer, n, "the allocator's buffer") }
}

/// The strings of a NULL-terminated array.
///
/// # Safety
/// `strings` is NULL or such an array of NUL-terminated strings, and nobody
/// changes it for `'a`.
unsafe fn texts<'a>(strings: *const *const c_char, name: &str) -> Result<Vec<&'a [u8]>, Failure> {
    check_pointer(strings, name)?;
    let mut texts = Vec::new();
    loop {
        // SAFETY: no NULL was met before this place, so it is in the array.
        let string = unsafe { *strings.add(texts.len()) };
        if string.is_null() {
            return Ok(texts);
        }
        // SAFETY: NUL-terminated, by this function's contract.
        texts.push(unsafe { text(string, name) }?);
    }
}

/// Does nothing: what is left is the cost of a call.
#[unsafe(no_mangle)]
pub extern "C" fn checksig_cookbook_noop() {}

/// π, roughly: the first `n` terms of the Leibniz series 4 (1 - 1/3 + 1/5 - ...);
/// 0 where `n` is not positive.
///
/// Where `n` is large, several threads compute, which end before the call does; the
/// result is the same on any number of processors.
#[unsafe(no_mangle)]
pub extern "C" fn checksig_cookbook_pi(n: i64) -> f64 {
    benchmarks::pi(u64::try_from(n).unwrap_or(0))
}

/// Brings an array into a random order, each order as likely as another
/// (Fisher-Yates). The same seed gives the same order.
///
/// `nums`: an array of `n` doubles that the caller owns, borrowed for the call.
/// NULL, a misaligned pointer or a negative `n` changes nothing and leaves a
/// last error. Threads may call this at once for arrays of their own.
///
/// # Safety
/// `nums` is valid for reading and writing `n` doubles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_cookbook_shuffle(nums: *mut f64, n: i64, seed: u64) {
    guard((), || {
        // SAFETY: the caller's promise is this function's own.
        benchmarks::shuffle(unsafe { slice_mut(nums, n, "nums") }?, seed);
        Ok(())
    });
}

/// The dot product of two arrays; 0 where `n` is 0.
///
/// It is computed with twice a double's digits and rounded once, and the same on any
/// number of processors. Where a product or a sum overflows, or an infinity or NaN is
/// among the numbers, it is what adding up the products in order gives.
/// Large arrays are worked on by several threads, which end before the call does.
///
/// `a`, `b`: arrays of `n` doubles, which may be the same, borrowed for the
/// call. NULL, a misaligned pointer or a negative `n` gives NaN and a last
/// error. Any number of threads may call this at once.
///
/// # Safety
/// `a` and `b` are valid for reading `n` doubles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_cookbook_dot(a: *const f64, b: *const f64, n: i64) -> f64 {
    guard(f64::NAN, || {
        // SAFETY: the caller's promise is this function's own.
        let (a, b) = unsafe { (slice(a, n, "a")?, slice(b, n, "b")?) };
        Ok(benchmarks::dot(a, b))
    })
}
