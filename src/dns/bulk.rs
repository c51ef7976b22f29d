//! Many names at once.

use std::ffi::c_char;
use std::time::Duration;

use checksig_dns::Bulk;

use super::options::{checksig_dns_options, seconds};
use super::packed::Lines;
use crate::abi::{
    Failure, bytes, check_pointer, checksig_status, guard, guard_status, malloc_text, reference,
    reference_mut, slice,
};
use crate::checksig::{checksig_cancel, flag};

/// How soon a run notices that it was cancelled.
const NOTICE: Duration = Duration::from_millis(50);

/// Looks many names up at once, and gives all results in one text.
///
/// `names`: the names one after the other, with nothing between them; `lengths`: `count`
/// lengths in bytes, one for each name. Both may be NULL where `count` is 0. `options`: NULL for the
/// defaults. `cancel`: ends the run when it is raised, or NULL; names without a result then have
/// no line. `results`: NULL refused; receives a NUL-terminated text that the caller releases
/// with `free`, and `results_len`, unless NULL, its length. All are borrowed for the call.
/// Any number of threads may call this at once.
///
/// The text has a line for each name, in the order in which they were found, which ends
/// with a newline and has six fields with tabs between them:
///
/// 1. the place of the name among the names, from 0;
/// 2. the `checksig_status` of its look-up, as a number;
/// 3. 1 if all of the chain was validated, else 0;
/// 4. the server, as in `192.0.2.1:53`; empty where none was asked;
/// 5. the names from the one asked for to the canonical one, or to the one that failed,
///    with a space between them, each with its dot; empty for a name that is none;
/// 6. what went wrong; empty where nothing did.
///
/// Names are in DNS text form, where white space inside a label is `\032`, so that neither
/// spaces nor tabs are in a field.
///
/// # Safety
/// `lengths` is NULL or valid for reading `count` numbers, and `names` for as many bytes as
/// they add up to; `options` and `cancel` are NULL or not released yet; `results` and
/// `results_len` are NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_lookup_many(
    names: *const c_char,
    lengths: *const u32,
    count: usize,
    options: *const checksig_dns_options,
    cancel: *const checksig_cancel,
    results: *mut *mut c_char,
    results_len: *mut usize,
) -> checksig_status {
    guard_status(|| {
        check_pointer(results, "results")?;
        if !results_len.is_null() {
            check_pointer(results_len, "results_len")?;
        }
        // SAFETY: the caller's promise is this function's own.
        let (names, options, cancel) = unsafe {
            (
                split(names, lengths, count)?,
                checksig_dns_options::read(options)?,
                flag(cancel)?,
            )
        };
        let mut bulk = Bulk::new(&options)?;
        let mut names = (0..).zip(names);
        let mut lines = Lines::default();
        loop {
            for (number, name) in names.by_ref().take(bulk.wanted()) {
                bulk.push(number, name);
            }
            if bulk.in_flight() == 0 || cancel.is_requested() {
                break;
            }
            for (number, outcome) in bulk.step(NOTICE)? {
                lines.push(number, &outcome);
            }
        }
        // SAFETY: checked above; valid for writing by the caller's promise.
        unsafe {
            results.write(malloc_text(&lines.text));
            if !results_len.is_null() {
                results_len.write(lines.text.len());
            }
        }
        Ok(())
    })
}

/// The names of a packed list.
///
/// # Safety
/// As for `checksig_dns_lookup_many`.
unsafe fn split<'a>(
    names: *const c_char,
    lengths: *const u32,
    count: usize,
) -> Result<Vec<&'a [u8]>, Failure> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    // SAFETY: this function's contract is the same.
    let lengths = unsafe { slice(lengths, count, "lengths") }?;
    let total = lengths.iter().fold(0_usize, |total, length| {
        total.saturating_add(*length as usize)
    });
    // SAFETY: likewise.
    let mut rest = unsafe { bytes(names, total, "names") }?;
    let name = |length: &u32| {
        let (name, others) = rest.split_at(*length as usize);
        rest = others;
        name
    };
    Ok(lengths.iter().map(name).collect())
}

/// A run of many look-ups whose names come bit by bit, from `checksig_dns_bulk_new`, to be
/// released with `checksig_dns_bulk_free`. It has no thread: it goes on only during
/// `checksig_dns_bulk_step`, and time between two steps does not count for its timeouts.
/// One thread may use it at a time, and only in the process that has made it.
pub struct checksig_dns_bulk {
    bulk: Bulk,
    next: u64,
    results: Lines,
}

/// Starts a run of many look-ups.
///
/// `options`: borrowed for the call, NULL for the defaults. `bulk`: NULL refused; receives the run,
/// to be released with `checksig_dns_bulk_free`.
///
/// # Safety
/// `options` is NULL or not released yet, `bulk` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_bulk_new(
    options: *const checksig_dns_options,
    bulk: *mut *mut checksig_dns_bulk,
) -> checksig_status {
    guard_status(|| {
        check_pointer(bulk, "bulk")?;
        // SAFETY: the caller's promise is this function's own.
        let options = unsafe { checksig_dns_options::read(options) }?;
        let run = Box::new(checksig_dns_bulk {
            bulk: Bulk::new(&options)?,
            next: 0,
            results: Lines::default(),
        });
        // SAFETY: not NULL and aligned; valid for writing by the caller's promise.
        unsafe { bulk.write(Box::into_raw(run)) };
        Ok(())
    })
}

/// How many more names a run has room for. 0 for NULL.
///
/// # Safety
/// `bulk` is NULL or not released yet, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_bulk_wanted(bulk: *const checksig_dns_bulk) -> usize {
    guard(0, || {
        // SAFETY: the caller's promise is this function's own.
        let run = unsafe { reference(bulk, "bulk") }?;
        Ok(run.bulk.wanted())
    })
}

/// How many names a run has no result for yet. 0 for NULL.
///
/// # Safety
/// `bulk` is NULL or not released yet, and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_bulk_in_flight(bulk: *const checksig_dns_bulk) -> usize {
    guard(0, || {
        // SAFETY: the caller's promise is this function's own.
        let run = unsafe { reference(bulk, "bulk") }?;
        Ok(run.bulk.in_flight())
    })
}

/// Gives a run names, lets it go on, and takes results.
///
/// `names`, `lengths`, `count`: as for `checksig_dns_lookup_many`; all names of a run count
/// on from 0. More than `checksig_dns_bulk_wanted` only take memory. `limit`: how many
/// seconds the call may take; it returns sooner with some hundred results, a millisecond
/// after the first, or if nothing is in flight. `results`, `results_len`: NULL refused;
/// receive lines as of `checksig_dns_lookup_many`, without a NUL at their end, which the run lends until its next step or
/// its release. Everything else is borrowed for the call.
///
/// # Safety
/// `bulk` is not released yet, and no other thread uses it; `lengths` is NULL or valid for
/// reading `count` numbers, and `names` for as many bytes as they add up to; `results` and
/// `results_len` are NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_bulk_step(
    bulk: *mut checksig_dns_bulk,
    names: *const c_char,
    lengths: *const u32,
    count: usize,
    limit: f64,
    results: *mut *const c_char,
    results_len: *mut usize,
) -> checksig_status {
    guard_status(|| {
        check_pointer(results, "results")?;
        check_pointer(results_len, "results_len")?;
        let limit = seconds(limit, "limit")?;
        // SAFETY: the caller's promise is this function's own.
        let (run, names) = unsafe { (reference_mut(bulk, "bulk")?, split(names, lengths, count)?) };
        for name in names {
            run.bulk.push(run.next, name);
            run.next += 1;
        }
        let done = run.bulk.step(limit)?;
        run.results.text.clear();
        for (number, outcome) in done {
            run.results.push(number, &outcome);
        }
        // SAFETY: not NULL and aligned; valid for writing by the caller's promise.
        unsafe {
            results.write(run.results.text.as_ptr().cast());
            results_len.write(run.results.text.len());
        }
        Ok(())
    })
}

/// Releases a run, finished or not. NULL is a no-op; any other pointer must come from
/// `checksig_dns_bulk_new` and must not be used again.
///
/// # Safety
/// `bulk` is NULL or from `checksig_dns_bulk_new` and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_bulk_free(bulk: *mut checksig_dns_bulk) {
    guard((), || {
        if !bulk.is_null() {
            check_pointer(bulk, "bulk")?;
            // SAFETY: from `Box::into_raw`, released once.
            drop(unsafe { Box::from_raw(bulk) });
        }
        Ok(())
    });
}
