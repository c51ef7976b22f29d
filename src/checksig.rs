//! Verifying a directory: the tutorials' `verify`, and a report with each verdict.

use std::ffi::{CString, OsStr, c_char, c_int, c_void};
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

use checksig_core::{Digest, Error, ErrorKind, Outcome, Report, VerdictKind};

use crate::abi::{
    Failure, attempt, bytes, check_pointer, checksig_status, guard, guard_status, malloc_text,
    reference, set_last_error, text,
};

/// What was found for one line of a manifest. Numbers are never reused.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum checksig_verdict {
    /// The file has the digest that the manifest states.
    Ok = 0,
    /// The file has another digest.
    Mismatch = 1,
    /// There is no file of this name.
    Missing = 2,
    /// The file cannot be opened or read; `reason` says why.
    Unreadable = 3,
    /// The name was not read, since it is outside the directory or not that of a
    /// regular file; `reason` says which.
    Refused = 4,
    /// The line is not one that a checksum tool writes; `reason` says why.
    Malformed = 5,
}

impl From<VerdictKind> for checksig_verdict {
    fn from(kind: VerdictKind) -> Self {
        match kind {
            VerdictKind::Ok => Self::Ok,
            VerdictKind::Mismatch => Self::Mismatch,
            VerdictKind::Missing => Self::Missing,
            VerdictKind::Refused => Self::Refused,
            VerdictKind::Malformed => Self::Malformed,
            // The enumeration may grow; what is new is never a good verdict.
            _ => Self::Unreadable,
        }
    }
}

/// One line of a manifest and what was found. All pointers are borrowed from the
/// report and end with it; the texts have no NUL at their end.
#[repr(C)]
pub struct checksig_result {
    /// The file's name as in the manifest, unescaped: any bytes but NUL. Empty
    /// where the line is malformed.
    pub name: *const c_char,
    /// The length of `name` in bytes.
    pub name_len: usize,
    /// The digest that the manifest states, `digest_len` bytes; NULL where the
    /// line is malformed.
    pub expected: *const u8,
    /// The digest that the file has, `digest_len` bytes, where it is another one
    /// than expected; NULL otherwise.
    pub actual: *const u8,
    /// The length of a digest in bytes.
    pub digest_len: usize,
    /// Why there is no digest, UTF-8; NULL where there is nothing to say.
    pub reason: *const c_char,
    /// The length of `reason` in bytes.
    pub reason_len: usize,
    /// The line's number in the manifest, from 1.
    pub line: u64,
    /// How many bytes of the file were read.
    pub bytes: u64,
    /// What was found.
    pub verdict: checksig_verdict,
}

/// The verdicts on a directory, from `checksig_verify`, to be released with
/// `checksig_report_free`. It never changes: any number of threads may read it.
pub struct checksig_report {
    report: Report,
    message: Option<CString>,
    results: Vec<checksig_result>,
    /// What `results` points to; each is a block of its own, so that it stays
    /// where it is.
    _reasons: Vec<Box<str>>,
}

impl checksig_report {
    fn new(report: Report) -> Self {
        let mut reasons = Vec::new();
        // The outcomes are in a vector of the report's own, which is never
        // changed: they stay where they are when the report itself is moved.
        let results = report
            .outcomes()
            .iter()
            .map(|outcome| result_of(outcome, &mut reasons))
            .collect();
        Self {
            // A name has no NUL, so a message has none.
            message: report.message().and_then(|text| CString::new(text).ok()),
            results,
            _reasons: reasons,
            report,
        }
    }
}

fn result_of(outcome: &Outcome, reasons: &mut Vec<Box<str>>) -> checksig_result {
    let digest = |digest: Option<&Digest>| digest.map_or(ptr::null(), |d| d.as_bytes().as_ptr());
    let (reason, reason_len) = match outcome.verdict.reason() {
        Some(reason) => {
            let reason = reason.into_boxed_str();
            let place = (reason.as_ptr().cast(), reason.len());
            reasons.push(reason);
            place
        }
        None => (ptr::null(), 0),
    };
    checksig_result {
        name: outcome.name.as_ptr().cast(),
        name_len: outcome.name.len(),
        expected: digest(outcome.expected.as_ref()),
        actual: digest(outcome.verdict.actual()),
        digest_len: Digest::LEN,
        reason,
        reason_len,
        line: outcome.line,
        bytes: outcome.bytes,
        verdict: outcome.verdict.kind().into(),
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::Encoding(_) => checksig_status::Manifest,
            _ => checksig_status::Io,
        };
        Self::new(status, error.message())
    }
}

/// Checks every file listed in `root/sha1sum.txt`, in parallel.
///
/// Returns NULL when all match. Otherwise a message that the caller releases
/// with `free`: a line for each bad file, in the manifest's order, as in
/// `"<root>/<name>" - mismatch`; or a line that says why nothing could be
/// checked; it is the last error, too. In a path, `"`, `\` and control characters are escaped.
///
/// `root`: the directory, NUL-terminated, borrowed for the call; NULL gives a
/// message. Any number of threads may call this at once.
///
/// # Safety
/// `root` is NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn verify(root: *const c_char) -> *mut c_char {
    let message = attempt(|| {
        // SAFETY: the caller's promise is this function's own.
        let root = unsafe { text(root, "root") }?;
        let report = checksig_core::verify(Path::new(OsStr::from_bytes(root)), None)?;
        Ok(report.message())
    });
    match message {
        Ok(None) => ptr::null_mut(),
        Ok(Some(message)) => {
            set_last_error(&message);
            malloc_text(&message)
        }
        Err(failure) => malloc_text(&failure.message),
    }
}

/// Checks every file listed in `root/sha1sum.txt` and reports on each line.
///
/// The status is `CHECKSIG_STATUS_OK` whenever there is a report, also where
/// files are bad: ask `checksig_report_ok`.
///
/// `root`: the directory, `root_len` bytes, borrowed for the call, NULL refused.
/// `threads`: how many read files; 0 for one a processor.
/// `report`: NULL refused; receives the report, to be released with
/// `checksig_report_free`. Any number of threads may call this at once.
///
/// # Safety
/// `root` is NULL or valid for reading `root_len` bytes, `report` is NULL or
/// valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_verify(
    root: *const c_char,
    root_len: usize,
    threads: usize,
    report: *mut *mut checksig_report,
) -> checksig_status {
    guard_status(|| {
        check_pointer(root, "root")?;
        check_pointer(report, "report")?;
        // SAFETY: the caller's promise is this function's own.
        let root = unsafe { bytes(root, root_len, "root") }?;
        let root = Path::new(OsStr::from_bytes(root));
        let found = checksig_core::verify(root, NonZeroUsize::new(threads))?;
        let handle = Box::into_raw(Box::new(checksig_report::new(found)));
        // SAFETY: not NULL and aligned; valid for writing by the caller's promise.
        unsafe { report.write(handle) };
        Ok(())
    })
}

/// Reads a value off a report; `on_null` where there is none.
///
/// # Safety
/// `report` is NULL or from `checksig_verify` and not released yet.
unsafe fn read<T>(
    report: *const checksig_report,
    on_null: T,
    value: impl FnOnce(&'static checksig_report) -> T,
) -> T {
    guard(on_null, || {
        // SAFETY: by this function's contract; whatever `value` borrows is
        // documented to end with the report.
        Ok(value(unsafe { reference(report, "report") }?))
    })
}

/// Whether at least one file was verified and every line is
/// `CHECKSIG_VERDICT_OK`. False for NULL. The report is borrowed for the call.
///
/// # Safety
/// `report` is NULL or from `checksig_verify` and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_ok(report: *const checksig_report) -> bool {
    // SAFETY: the caller's promise is this function's own.
    unsafe { read(report, false, |report| report.report.ok()) }
}

/// The result of every line that names a file, or ought to, in the manifest's
/// order.
///
/// Returns an array that belongs to the report and ends with it; NULL where
/// `report` is NULL.
/// `count`: receives the number of results, 0 where `report` is NULL; NULL where
/// that is not wanted.
///
/// # Safety
/// `report` is NULL or from `checksig_verify` and not released yet, `count` is
/// NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_results(
    report: *const checksig_report,
    count: *mut usize,
) -> *const checksig_result {
    guard(ptr::null(), || {
        // SAFETY: the caller's promise is this function's own.
        let results = unsafe { reference(report, "report") }.map(|report| &report.results);
        if !count.is_null() {
            check_pointer(count, "count")?;
            let len = results.as_ref().map_or(0, |results| results.len());
            // SAFETY: not NULL and aligned; valid for writing by the caller's promise.
            unsafe { count.write(len) };
        }
        Ok(results?.as_ptr())
    })
}

/// How many lines have a verdict, given by its number; 0 for NULL and for a
/// number that is no `checksig_verdict`.
///
/// # Safety
/// `report` is NULL or from `checksig_verify` and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_count(
    report: *const checksig_report,
    verdict: c_int,
) -> usize {
    let has_verdict = |result: &&checksig_result| result.verdict as c_int == verdict;
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        read(report, 0, |report| {
            report.results.iter().filter(has_verdict).count()
        })
    }
}

/// What `verify` would say: a line for each bad file, in the manifest's order.
///
/// Returns a NUL-terminated text that belongs to the report and ends with it;
/// NULL when all files match, and for NULL.
///
/// # Safety
/// `report` is NULL or from `checksig_verify` and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_message(report: *const checksig_report) -> *const c_char {
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        read(report, ptr::null(), |report| match &report.message {
            Some(message) => message.as_ptr(),
            None => ptr::null(),
        })
    }
}

/// How many bytes of files were read; 0 for NULL.
///
/// # Safety
/// `report` is NULL or from `checksig_verify` and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_bytes(report: *const checksig_report) -> u64 {
    // SAFETY: the caller's promise is this function's own.
    unsafe { read(report, 0, |report| report.report.bytes()) }
}

/// How many seconds the verification took; 0 for NULL.
///
/// # Safety
/// `report` is NULL or from `checksig_verify` and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_seconds(report: *const checksig_report) -> f64 {
    // SAFETY: the caller's promise is this function's own.
    unsafe { read(report, 0.0, |report| report.report.elapsed().as_secs_f64()) }
}

/// Releases a report. NULL is a no-op; any other pointer must come from
/// `checksig_verify` and must not be used again.
///
/// # Safety
/// `report` is NULL or from `checksig_verify` and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_free(report: *mut checksig_report) {
    guard((), || {
        if !report.is_null() {
            check_pointer(report, "report")?;
            // SAFETY: from `Box::into_raw` in `checksig_verify`, released once.
            drop(unsafe { Box::from_raw(report) });
        }
        Ok(())
    });
}

/// The library's version, as in `1.2.3`: a NUL-terminated text that is always
/// there and that nobody releases.
#[unsafe(no_mangle)]
pub extern "C" fn checksig_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
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
