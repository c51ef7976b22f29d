//! Asking a run to end early, from any thread.

use checksig_core::Cancel;

use crate::abi::{check_pointer, guard, reference};

/// A flag that ends runs early, from `checksig_cancel_new`, to be released with
/// `checksig_cancel_free` when no run uses it any more.
pub struct checksig_cancel {
    pub(super) flag: Cancel,
}

/// A new flag, not raised, to be released with `checksig_cancel_free`. One flag may
/// be given to any number of runs.
#[unsafe(no_mangle)]
pub extern "C" fn checksig_cancel_new() -> *mut checksig_cancel {
    Box::into_raw(Box::new(checksig_cancel {
        flag: Cancel::default(),
    }))
}

/// Raises the flag, for good: every run that has it and reads files ends within a tenth
/// of a second, with a report of what was done until then. NULL is a no-op. Any thread may call
/// this at any time.
///
/// # Safety
/// `cancel` is NULL or from `checksig_cancel_new` and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_cancel_request(cancel: *const checksig_cancel) {
    guard((), || {
        if !cancel.is_null() {
            // SAFETY: the caller's promise is this function's own.
            unsafe { reference(cancel, "cancel") }?.flag.request();
        }
        Ok(())
    });
}

/// Releases a flag. NULL is a no-op; any other pointer must come from
/// `checksig_cancel_new` and must not be used again.
///
/// # Safety
/// `cancel` is NULL or from `checksig_cancel_new` and not released yet, and no run
/// uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_cancel_free(cancel: *mut checksig_cancel) {
    guard((), || {
        if !cancel.is_null() {
            check_pointer(cancel, "cancel")?;
            // SAFETY: from `Box::into_raw`, released once.
            drop(unsafe { Box::from_raw(cancel) });
        }
        Ok(())
    });
}
