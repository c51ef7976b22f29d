//! From pointer and length to slices, with every check that C allows.

use std::ffi::c_char;
use std::fmt::Display;
use std::slice::{from_raw_parts, from_raw_parts_mut};

use super::status::Failure;

/// The `length` elements at `pointer`, to be read. `name` is the parameter's
/// name, for the message. Length 0 goes with any pointer, NULL included.
///
/// # Safety
/// Unless the checks fail, `pointer` is valid for reading `length` elements,
/// all bit patterns of `T` are values, and nobody writes there for `'a`.
pub(crate) unsafe fn slice<'a, T>(
    pointer: *const T,
    length: i64,
    name: &str,
) -> Result<&'a [T], Failure> {
    let length = checked_length(pointer, length, name)?;
    if length == 0 {
        return Ok(&[]);
    }
    // SAFETY: not NULL, aligned and at most `isize::MAX` bytes, as was checked;
    // valid by this function's contract.
    Ok(unsafe { from_raw_parts(pointer, length) })
}

/// The `length` bytes at `pointer`, to be read; like [`slice()`] otherwise.
///
/// # Safety
/// As for [`slice()`].
pub(crate) unsafe fn bytes<'a>(
    pointer: *const c_char,
    length: usize,
    name: &str,
) -> Result<&'a [u8], Failure> {
    let length = i64::try_from(length).map_err(|_| too_long(name, length))?;
    // SAFETY: this function's contract is the same.
    unsafe { slice(pointer.cast(), length, name) }
}

/// The `length` elements at `pointer`, to be changed; like [`slice()`] otherwise.
///
/// # Safety
/// As for [`slice()`], and valid for writing; nobody else reads there for `'a`.
pub(crate) unsafe fn slice_mut<'a, T>(
    pointer: *mut T,
    length: i64,
    name: &str,
) -> Result<&'a mut [T], Failure> {
    let length = checked_length(pointer, length, name)?;
    if length == 0 {
        return Ok(&mut []);
    }
    // SAFETY: not NULL, aligned and at most `isize::MAX` bytes, as was checked;
    // valid and unaliased by this function's contract.
    Ok(unsafe { from_raw_parts_mut(pointer, length) })
}

/// The value at `pointer`, to be read.
///
/// # Safety
/// Unless the checks fail, `pointer` is valid for reading a `T`, which is
/// initialised, and nobody writes there for `'a`.
pub(crate) unsafe fn reference<'a, T>(pointer: *const T, name: &str) -> Result<&'a T, Failure> {
    check_pointer(pointer, name)?;
    // SAFETY: neither NULL nor misaligned; valid by this function's contract.
    Ok(unsafe { &*pointer })
}

/// The value at `pointer`, to be changed; like [`reference()`] otherwise.
///
/// # Safety
/// As for [`reference()`], and nobody else reads there for `'a`.
pub(crate) unsafe fn reference_mut<'a, T>(
    pointer: *mut T,
    name: &str,
) -> Result<&'a mut T, Failure> {
    check_pointer(pointer, name)?;
    // SAFETY: neither NULL nor misaligned; valid and unaliased by this function's
    // contract.
    Ok(unsafe { &mut *pointer })
}

/// Fails for a NULL or misaligned pointer.
pub(crate) fn check_pointer<T>(pointer: *const T, name: &str) -> Result<(), Failure> {
    if pointer.is_null() {
        Err(Failure::invalid(format!("{name} is NULL")))
    } else if !pointer.is_aligned() {
        Err(Failure::invalid(format!(
            "{name} is misaligned, want a multiple of {}",
            align_of::<T>()
        )))
    } else {
        Ok(())
    }
}

/// Fails where `a_len` elements at `a` and `b_len` elements at `b` overlap.
/// Negative lengths are left to [`slice()`] and [`slice_mut`].
pub(crate) fn check_disjoint<T>(
    a: *const T,
    a_len: i64,
    b: *const T,
    b_len: i64,
) -> Result<(), Failure> {
    let end = |start: *const T, length: i64| {
        let length = usize::try_from(length).unwrap_or(0);
        start
            .addr()
            .saturating_add(length.saturating_mul(size_of::<T>()))
    };
    if end(a, a_len) <= b.addr() || end(b, b_len) <= a.addr() {
        Ok(())
    } else {
        Err(Failure::invalid("input and output overlap"))
    }
}

fn checked_length<T>(pointer: *const T, length: i64, name: &str) -> Result<usize, Failure> {
    if length < 0 {
        return Err(Failure::invalid(format!(
            "the length of {name} is {length}, want at least 0"
        )));
    }
    if length == 0 {
        return Ok(0);
    }
    check_pointer(pointer, name)?;
    usize::try_from(length)
        .ok()
        .filter(|length| {
            let size = length.checked_mul(size_of::<T>());
            size.is_some_and(|size| isize::try_from(size).is_ok())
        })
        .ok_or_else(|| too_long(name, length))
}

fn too_long(name: &str, length: impl Display) -> Failure {
    Failure::invalid(format!(
        "the length of {name} is {length}, more than memory can hold"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    fn text(failure: Failure) -> String {
        String::from_utf8(failure.message).unwrap()
    }

    #[test]
    fn what_can_be_noticed_is_refused() {
        let numbers = [1.0, 2.0];
        let pointer: *const f64 = numbers.as_ptr();
        // SAFETY: two elements are there; the other calls fail before reading.
        unsafe {
            assert_eq!(slice(pointer, 2, "nums").unwrap(), numbers);
            assert_eq!(slice::<f64>(ptr::null(), 0, "nums").unwrap(), []);
            let negative = slice(pointer, -1, "nums").unwrap_err();
            assert_eq!(text(negative), "the length of nums is -1, want at least 0");
            let null = slice::<f64>(ptr::null(), 1, "nums").unwrap_err();
            assert_eq!(text(null), "nums is NULL");
            let odd = slice(pointer.byte_add(1), 1, "nums").unwrap_err();
            assert_eq!(text(odd), "nums is misaligned, want a multiple of 8");
            for length in [i64::MAX, i64::MAX / 8 + 1] {
                assert!(text(slice(pointer, length, "nums").unwrap_err()).contains("memory"));
            }
        }
    }

    #[test]
    fn overlap_is_found_at_its_edges() {
        let numbers = [0_i64; 8];
        let start = numbers.as_ptr();
        for (length, distance, other_length, disjoint) in [
            (0, 0, 0, true),
            (1, 0, 1, false),
            (4, 3, 1, false),
            (4, 4, 4, true),
            (4, 4, i64::MAX, true),
            (i64::MAX, 1, 1, false),
        ] {
            let other = start.wrapping_add(distance);
            let ok = check_disjoint(start, length, other, other_length).is_ok();
            assert_eq!(ok, disjoint);
            let ok = check_disjoint(other, other_length, start, length).is_ok();
            assert_eq!(ok, disjoint);
        }
    }
}
