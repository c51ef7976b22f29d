//! The callbacks of a run.

use std::ffi::{c_char, c_int, c_void};
use std::ops::ControlFlow;

use checksig_core::{Event, Outcome, Progress};

use super::report::{checksig_result, result_of};

/// How far a run has come. Borrowed for the callback.
#[repr(C)]
pub struct checksig_progress {
    /// How many files are done.
    pub files: u64,
    /// How many files there are to do.
    pub files_total: u64,
    /// How many bytes are done.
    pub bytes: u64,
    /// How many bytes there are to do; `UINT64_MAX` where that is not known.
    pub bytes_total: u64,
    /// The name of a file that is being read, without a NUL at its end; empty where none is
    /// at the moment.
    pub current: *const c_char,
    /// The length of `current` in bytes.
    pub current_len: usize,
}

impl From<&Progress<'_>> for checksig_progress {
    fn from(progress: &Progress<'_>) -> Self {
        Self {
            files: progress.files,
            files_total: progress.files_total,
            bytes: progress.bytes,
            bytes_total: progress.bytes_total.unwrap_or(u64::MAX),
            current: progress.current.as_ptr().cast(),
            current_len: progress.current.len(),
        }
    }
}

pub(super) type OnResult =
    Option<unsafe extern "C" fn(result: *const checksig_result, user: *mut c_void) -> c_int>;

pub(super) type OnProgress =
    Option<unsafe extern "C" fn(progress: *const checksig_progress, user: *mut c_void) -> c_int>;

/// Hands an event on to the caller's callbacks.
///
/// # Safety
/// The callbacks are NULL or functions that may be called with `user`.
pub(super) unsafe fn hand_on(
    event: &Event<'_, Outcome>,
    on_result: OnResult,
    on_progress: OnProgress,
    user: *mut c_void,
) -> ControlFlow<()> {
    let code = match (event, on_result, on_progress) {
        (Event::Done(_, outcome), Some(on_result), _) => {
            let reason = outcome.verdict.reason();
            let result = result_of(outcome, reason.as_deref(), <[u8]>::as_ptr);
            // SAFETY: by this function's contract; the outcome and the reason are there
            // until the callback has returned.
            unsafe { on_result(&raw const result, user) }
        }
        (Event::Progress(progress), _, Some(on_progress)) => {
            let progress = checksig_progress::from(progress);
            // SAFETY: likewise.
            unsafe { on_progress(&raw const progress, user) }
        }
        _ => 0,
    };
    if code == 0 {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(())
    }
}
