//! What a run found.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;
use std::sync::OnceLock;

use checksig_core::{Digest, Extra, Outcome, Report, VerdictKind};

use super::c_name;
use crate::abi::{check_pointer, guard, reference};

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
    /// regular file; or the file shows the signs of a SHA-1 collision attack, where they
    /// are looked for. `reason` says which.
    Refused = 4,
    /// The line is not one that a checksum tool writes; `reason` says why.
    Malformed = 5,
    /// The file was written to or replaced while it was read: neither a good nor a bad
    /// digest could be trusted.
    Changed = 6,
    /// The file was passed over; `reason` says why.
    Skipped = 7,
}

impl From<VerdictKind> for checksig_verdict {
    fn from(kind: VerdictKind) -> Self {
        match kind {
            VerdictKind::Ok => Self::Ok,
            VerdictKind::Mismatch => Self::Mismatch,
            VerdictKind::Missing => Self::Missing,
            VerdictKind::Refused => Self::Refused,
            VerdictKind::Changed => Self::Changed,
            VerdictKind::Malformed => Self::Malformed,
            VerdictKind::Skipped => Self::Skipped,
            // The enumeration may grow; what is new is never a good verdict.
            _ => Self::Unreadable,
        }
    }
}

/// One line of a manifest and what was found. All pointers are borrowed from what gave the
/// result, and end with it: the report, the page, or the call of `on_result`. The texts have no
/// NUL at their end.
#[repr(C)]
pub struct checksig_result {
    /// The file's name as in the manifest, unescaped: any bytes but NUL. Empty
    /// where the line is malformed.
    pub name: *const c_char,
    /// The length of `name` in bytes.
    pub name_len: usize,
    /// The algorithm's name, NUL-terminated and always there; NULL where `expected` is.
    pub algorithm: *const c_char,
    /// The digest that the manifest states, `digest_len` bytes: of several the one that
    /// decided. NULL where the line is malformed or states none.
    pub expected: *const u8,
    /// The digest that the file has, `digest_len` bytes, where it is another one
    /// than expected; NULL otherwise.
    pub actual: *const u8,
    /// The length of a digest in bytes; 0 where `expected` is NULL.
    pub digest_len: usize,
    /// What else there is to say, UTF-8; NULL where there is nothing.
    pub reason: *const c_char,
    /// The length of `reason` in bytes.
    pub reason_len: usize,
    /// The line's number in the manifest, from 1.
    pub line: u64,
    /// How many bytes of the file were read.
    pub size: u64,
    /// What was found.
    pub verdict: checksig_verdict,
}

/// A file that is there, but that the manifest does not list. All pointers are borrowed
/// from the report and end with it; the texts have no NUL at their end.
#[repr(C)]
pub struct checksig_extra {
    /// The file's name below the root: any bytes but NUL.
    pub name: *const c_char,
    /// The length of `name` in bytes.
    pub name_len: usize,
    /// What it is, if not a regular file, or why a directory can't be looked into, UTF-8;
    /// NULL where there is nothing to say.
    pub reason: *const c_char,
    /// The length of `reason` in bytes.
    pub reason_len: usize,
}

/// The verdicts on a directory, from `checksig_verify` or `checksig_create`, to be released with
/// `checksig_report_free`. It never changes: any number of threads may read it.
pub struct checksig_report {
    report: Report,
    manifest: CString,
    // What a million lines make large is made when it is asked for.
    message: OnceLock<Option<CString>>,
    results: OnceLock<Lent<checksig_result>>,
    extra: OnceLock<Lent<checksig_extra>>,
}

/// An array that is lent to C.
struct Lent<T> {
    array: Vec<T>,
    /// What the array points to.
    _texts: Texts,
}

impl<T> Default for Lent<T> {
    fn default() -> Self {
        Self {
            array: Vec::new(),
            _texts: Texts::default(),
        }
    }
}

impl Lent<checksig_extra> {
    /// These files.
    fn of_extra(files: impl Iterator<Item = Extra>) -> Self {
        let mut texts = Texts::default();
        let array = files.map(|extra| {
            let reason = extra.reason.as_deref();
            let reason_start = reason.map(|reason| texts.keep(reason.as_bytes()));
            checksig_extra {
                name: texts.keep(&extra.name).cast(),
                name_len: extra.name.len(),
                reason: reason_start.unwrap_or(ptr::null()).cast(),
                reason_len: reason.map_or(0, str::len),
            }
        });
        Self {
            array: array.collect(),
            _texts: texts,
        }
    }
}

impl Lent<checksig_result> {
    /// The results of these outcomes.
    fn of(outcomes: impl Iterator<Item = Outcome>) -> Self {
        let mut texts = Texts::default();
        let array = outcomes.map(|outcome| {
            let reason = outcome.verdict.reason();
            result_of(&outcome, reason.as_deref(), |text| texts.keep(text))
        });
        Self {
            array: array.collect(),
            _texts: texts,
        }
    }
}

/// Bytes that stay where they are.
#[derive(Default)]
struct Texts {
    /// Each as long as it will ever be, so that it is not moved.
    pieces: Vec<Vec<u8>>,
}

impl Texts {
    /// How much memory is asked for at a time.
    const PIECE_LEN: usize = 64 * 1024;

    /// Keeps a copy, and says where it is.
    fn keep(&mut self, text: &[u8]) -> *const u8 {
        let piece = self.with_room_for(text.len());
        let start = piece.len();
        // There is room for it, so that what was kept before stays where it is.
        piece.extend_from_slice(text);
        piece[start..].as_ptr()
    }

    fn with_room_for(&mut self, len: usize) -> &mut Vec<u8> {
        let has_room = |piece: &Vec<u8>| piece.capacity() - piece.len() >= len;
        if !self.pieces.last().is_some_and(has_room) {
            let piece = Vec::with_capacity(len.max(Self::PIECE_LEN));
            self.pieces.push(piece);
        }
        let last = self.pieces.len() - 1;
        &mut self.pieces[last]
    }
}

impl checksig_report {
    /// A report that the caller releases.
    pub(super) fn into_handle(report: Report) -> *mut Self {
        Box::into_raw(Box::new(Self {
            manifest: CString::new(report.manifest()).unwrap_or_default(),
            report,
            message: OnceLock::new(),
            results: OnceLock::new(),
            extra: OnceLock::new(),
        }))
    }

    fn message(&self) -> Option<&CStr> {
        // A path has no NUL, so a message has none.
        let message = || CString::new(self.report.message()?).ok();
        self.message.get_or_init(message).as_deref()
    }

    fn results(&self) -> &[checksig_result] {
        let results = || Lent::of(self.report.outcomes());
        &self.results.get_or_init(results).array
    }

    /// Those of `count` results after the `first` that have one of these verdicts.
    fn some(&self, first: usize, count: usize, verdicts: u32) -> impl Iterator<Item = Outcome> {
        let outcomes = self.report.outcomes_from(first).take(count);
        outcomes.filter(move |outcome| {
            let verdict = checksig_verdict::from(outcome.verdict.kind());
            verdicts & (1 << verdict as u32) != 0
        })
    }

    /// What was not listed.
    fn extra(&self) -> &[checksig_extra] {
        let extra = || Lent::of_extra(self.report.extra());
        &self.extra.get_or_init(extra).array
    }
}

/// What C sees of an outcome and of its verdict's reason; `keep` says where a text will be.
pub(super) fn result_of(
    outcome: &Outcome,
    reason: Option<&str>,
    mut keep: impl FnMut(&[u8]) -> *const u8,
) -> checksig_result {
    let mut place = |text: Option<&[u8]>| text.map_or(ptr::null(), &mut keep);
    checksig_result {
        name: place(Some(&outcome.name)).cast(),
        name_len: outcome.name.len(),
        algorithm: outcome
            .expected
            .map_or(ptr::null(), |digest| c_name(digest.algorithm()).as_ptr()),
        expected: place(outcome.expected.as_ref().map(Digest::as_bytes)),
        actual: place(outcome.verdict.actual().map(Digest::as_bytes)),
        digest_len: outcome.expected.map_or(0, |digest| digest.as_bytes().len()),
        reason: place(reason.map(str::as_bytes)).cast(),
        reason_len: reason.map_or(0, str::len),
        line: outcome.line,
        size: outcome.size,
        verdict: outcome.verdict.kind().into(),
    }
}

/// Reads a value off a report; `on_null` where there is none.
///
/// # Safety
/// `report` is NULL or a report and not released yet.
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

/// Whether the run went to its end, at least one line is `CHECKSIG_VERDICT_OK`, every
/// other one too or `CHECKSIG_VERDICT_SKIPPED` (or malformed, where the options are
/// lenient), and nothing is extra. False for NULL.
///
/// # Safety
/// `report` is NULL or a report and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_ok(report: *const checksig_report) -> bool {
    // SAFETY: the caller's promise is this function's own.
    unsafe { read(report, false, |report| report.report.ok()) }
}

/// The result of every line that names a file, or ought to, in the manifest's
/// order. The first call makes the array, of about 90 bytes and the texts for each result;
/// `checksig_report_page` gives some of them at a time.
///
/// Returns an array that belongs to the report and ends with it; NULL where
/// `report` is NULL.
/// `count`: receives the number of results, 0 where `report` is NULL; NULL where
/// that is not wanted.
///
/// # Safety
/// `report` is NULL or a report and not released yet, `count` is NULL or valid for
/// writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_results(
    report: *const checksig_report,
    count: *mut usize,
) -> *const checksig_result {
    // SAFETY: the caller's promise is this function's own.
    unsafe { array(report, "report", count, checksig_report::results) }
}

/// How many results there are; 0 for NULL.
///
/// # Safety
/// `report` is NULL or a report and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_len(report: *const checksig_report) -> usize {
    // SAFETY: the caller's promise is this function's own.
    unsafe { read(report, 0, |report| report.report.len()) }
}

/// Some of a report's results, from `checksig_report_page` or, as text, from
/// `checksig_report_text_page`, or of its extra files, from `checksig_report_extra_page`, to be
/// released with `checksig_page_free`. It never changes: any number of threads may read it.
#[derive(Default)]
pub struct checksig_page {
    results: Lent<checksig_result>,
    text: Vec<u8>,
    extra: Lent<checksig_extra>,
}

impl checksig_page {
    /// A page that the caller releases.
    fn into_handle(self) -> *mut Self {
        Box::into_raw(Box::new(self))
    }
}

/// Some of the results that `checksig_report_results` gives, without memory for all of them.
///
/// Returns a page of its own: it stays when the report is released. NULL where `report` is NULL.
/// `first`: how many results come before it. `count`: how many are looked at, or fewer, or none,
/// where the report has no more. `verdicts`: of these, the page has those with one of these
/// verdicts, a bit `1 << verdict` for each; `UINT32_MAX` for all. Any number of threads may call
/// this at once.
///
/// # Safety
/// `report` is NULL or a report and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_page(
    report: *const checksig_report,
    first: usize,
    count: usize,
    verdicts: u32,
) -> *mut checksig_page {
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        read(report, ptr::null_mut(), |report| {
            let results = Lent::of(report.some(first, count, verdicts));
            checksig_page::into_handle(checksig_page {
                results,
                ..Default::default()
            })
        })
    }
}

/// The results of a page, in the manifest's order.
///
/// Returns an array that belongs to the page and ends with it, with all that it points to;
/// NULL where `page` is NULL. `count`: receives the number of results, 0 where `page` is NULL;
/// NULL where that is not wanted.
///
/// # Safety
/// `page` is NULL or from `checksig_report_page` and not released yet, `count` is NULL or valid
/// for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_page_results(
    page: *const checksig_page,
    count: *mut usize,
) -> *const checksig_result {
    // SAFETY: the caller's promise is this function's own.
    unsafe { array(page, "page", count, |page| &page.results.array[..]) }
}

/// The same results as text: what the command `checksig verify` prints.
///
/// Each is a line, `name: VERDICT`, and in brackets what else there is to say; a malformed line
/// is named by the manifest and its number. Backslashes, control characters and what shows as
/// nothing or turns text around are escaped, so that no name can forge a line or drive a
/// terminal; bytes that are not UTF-8 stay.
///
/// `color`: paints the verdicts by a terminal's escape sequences. All else is as for
/// `checksig_report_page`.
///
/// # Safety
/// `report` is NULL or a report and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_text_page(
    report: *const checksig_report,
    first: usize,
    count: usize,
    verdicts: u32,
    color: bool,
) -> *mut checksig_page {
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        read(report, ptr::null_mut(), |report| {
            let text = report
                .report
                .text(report.some(first, count, verdicts), color);
            checksig_page::into_handle(checksig_page {
                text,
                ..Default::default()
            })
        })
    }
}

/// The text of a page.
///
/// Returns bytes that belong to the page and end with it, without a NUL at their end; NULL
/// where `page` is NULL. `count`: receives the number of bytes, 0 where `page` is NULL; NULL
/// where that is not wanted.
///
/// # Safety
/// `page` is NULL or from `checksig_report_text_page` and not released yet, `count` is NULL or
/// valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_page_text(
    page: *const checksig_page,
    count: *mut usize,
) -> *const c_char {
    // SAFETY: the caller's promise is this function's own.
    unsafe { array(page, "page", count, |page| &page.text[..]) }.cast()
}

/// The extra files of a page, by name.
///
/// Returns an array that belongs to the page and ends with it, with all that it points to;
/// NULL where `page` is NULL. `count`: receives the number of files, 0 where `page` is NULL;
/// NULL where that is not wanted.
///
/// # Safety
/// `page` is NULL or from `checksig_report_extra_page` and not released yet, `count` is NULL or
/// valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_page_extra(
    page: *const checksig_page,
    count: *mut usize,
) -> *const checksig_extra {
    // SAFETY: the caller's promise is this function's own.
    unsafe { array(page, "page", count, |page| &page.extra.array[..]) }
}

/// Releases a page. NULL is a no-op; any other pointer must come from `checksig_report_page`,
/// `checksig_report_text_page` or `checksig_report_extra_page` and must not be used again.
///
/// # Safety
/// `page` is NULL or from one of those and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_page_free(page: *mut checksig_page) {
    // SAFETY: the caller's promise is this function's own.
    unsafe { release(page, "page") }
}

/// The files that an audit found and the manifest does not list, by name; none unless
/// the options asked for an audit. The first call makes the array, of 32 bytes and the texts
/// for each file; `checksig_report_extra_page` gives some of them at a time.
///
/// Returns an array that belongs to the report and ends with it; NULL where `report` is
/// NULL. `count`: receives the number of files, 0 where `report` is NULL; NULL where that
/// is not wanted.
///
/// # Safety
/// As for `checksig_report_results`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_extra(
    report: *const checksig_report,
    count: *mut usize,
) -> *const checksig_extra {
    // SAFETY: the caller's promise is this function's own.
    unsafe { array(report, "report", count, checksig_report::extra) }
}

/// How many extra files there are; 0 for NULL.
///
/// # Safety
/// `report` is NULL or a report and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_extra_len(report: *const checksig_report) -> usize {
    // SAFETY: the caller's promise is this function's own.
    unsafe { read(report, 0, |report| report.report.extra_len()) }
}

/// Some of the files that `checksig_report_extra` gives, without memory for all of them.
///
/// Returns a page of its own: it stays when the report is released. `first`: how many files
/// come before it. `count`: how many it has at the most; it has fewer, or none, where the
/// report has no more. NULL where `report` is NULL. Any number of threads may call this at
/// once.
///
/// # Safety
/// `report` is NULL or a report and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_extra_page(
    report: *const checksig_report,
    first: usize,
    count: usize,
) -> *mut checksig_page {
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        read(report, ptr::null_mut(), |report| {
            let extra = report.report.extra_from(first).take(count);
            checksig_page::into_handle(checksig_page {
                extra: Lent::of_extra(extra),
                ..Default::default()
            })
        })
    }
}

/// Lends an array of an object's, which is called `name`.
///
/// # Safety
/// `object` is NULL or a handle that is not released yet, `count` is NULL or valid for writing.
unsafe fn array<O: 'static, T: 'static>(
    object: *const O,
    name: &str,
    count: *mut usize,
    array: impl FnOnce(&'static O) -> &'static [T],
) -> *const T {
    guard(ptr::null(), || {
        // SAFETY: this function's contract is the same.
        let array = unsafe { reference(object, name) }.map(array);
        if !count.is_null() {
            check_pointer(count, "count")?;
            let len = array.as_ref().map_or(0, |array| array.len());
            // SAFETY: not NULL and aligned; valid for writing by the caller's promise.
            unsafe { count.write(len) };
        }
        Ok(array?.as_ptr())
    })
}

/// Releases an object, which is called `name`, if there is one.
///
/// # Safety
/// `object` is NULL or a handle from `Box::into_raw` that is not released yet.
unsafe fn release<O>(object: *mut O, name: &str) {
    guard((), || {
        if !object.is_null() {
            check_pointer(object, name)?;
            // SAFETY: by this function's contract, released once.
            drop(unsafe { Box::from_raw(object) });
        }
        Ok(())
    });
}

/// Whether the run was ended early, so that lines are left out of the results. False for
/// NULL.
///
/// # Safety
/// `report` is NULL or a report and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_cancelled(report: *const checksig_report) -> bool {
    // SAFETY: the caller's promise is this function's own.
    unsafe { read(report, false, |report| report.report.cancelled()) }
}

/// The manifest's path, as it was given or found.
///
/// Returns a NUL-terminated text that belongs to the report and ends with it; NULL for
/// NULL.
///
/// # Safety
/// `report` is NULL or a report and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_manifest(report: *const checksig_report) -> *const c_char {
    // SAFETY: the caller's promise is this function's own.
    unsafe { read(report, ptr::null(), |report| report.manifest.as_ptr()) }
}

/// How many lines have a verdict, given by its number; 0 for NULL and for a
/// number that is no `checksig_verdict`.
///
/// # Safety
/// `report` is NULL or a report and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_count(
    report: *const checksig_report,
    verdict: c_int,
) -> usize {
    let kind = kind_of(verdict);
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        read(report, 0, |report| {
            kind.map_or(0, |kind| report.report.count(kind))
        })
    }
}

/// Whether a line with this verdict, given by its number, fails the run: any but
/// `CHECKSIG_VERDICT_OK`, `CHECKSIG_VERDICT_SKIPPED` and, where the options are lenient,
/// `CHECKSIG_VERDICT_MALFORMED`. False for NULL and for a number that is no
/// `checksig_verdict`.
///
/// # Safety
/// `report` is NULL or a report and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_fails(
    report: *const checksig_report,
    verdict: c_int,
) -> bool {
    let kind = kind_of(verdict);
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        read(report, false, |report| {
            kind.is_some_and(|kind| report.report.fails(kind))
        })
    }
}

/// The verdict that has this number in C.
fn kind_of(verdict: c_int) -> Option<VerdictKind> {
    let has_number = |kind: &VerdictKind| checksig_verdict::from(*kind) as c_int == verdict;
    VerdictKind::ALL.into_iter().find(has_number)
}

/// What `verify` would say: a line for each bad file, in the manifest's order.
///
/// Returns a NUL-terminated text that belongs to the report and ends with it;
/// NULL when all files match, and for NULL.
///
/// # Safety
/// `report` is NULL or a report and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_message(report: *const checksig_report) -> *const c_char {
    // SAFETY: the caller's promise is this function's own.
    unsafe {
        read(report, ptr::null(), |report| {
            report.message().map_or(ptr::null(), CStr::as_ptr)
        })
    }
}

/// How many bytes of files were read; 0 for NULL.
///
/// # Safety
/// `report` is NULL or a report and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_bytes(report: *const checksig_report) -> u64 {
    // SAFETY: the caller's promise is this function's own.
    unsafe { read(report, 0, |report| report.report.bytes()) }
}

/// How many seconds the verification took; 0 for NULL.
///
/// # Safety
/// `report` is NULL or a report and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_seconds(report: *const checksig_report) -> f64 {
    // SAFETY: the caller's promise is this function's own.
    unsafe { read(report, 0.0, |report| report.report.elapsed().as_secs_f64()) }
}

/// Releases a report. NULL is a no-op; any other pointer must come from
/// `checksig_verify` or `checksig_create` and must not be used again.
///
/// # Safety
/// `report` is NULL or a report and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_report_free(report: *mut checksig_report) {
    // SAFETY: the caller's promise is this function's own.
    unsafe { release(report, "report") }
}
