//! Making manifests, and hashing single files.

use std::ffi::{c_char, c_int, c_void};

use super::cancel::checksig_cancel;
use super::options::checksig_options;
use super::progress::{checksig_progress, hand_on};
use super::report::{checksig_report, checksig_result};
use super::verify::flag;
use super::{algorithm, path};
use crate::abi::{Failure, check_pointer, checksig_status, guard_status, slice_mut};

/// Hashes every regular file below a directory and writes the manifest of them, sorted
/// by name, without itself and links to it.
///
/// It is written only if the report is ok, that is if there is a file and every one could
/// be hashed: all or nothing, in place of what was there. What is no regular file is
/// passed over, with the verdict `CHECKSIG_VERDICT_SKIPPED`. Of the options, the format (by default
/// what the manifest's name tells, such as `sfv` of `a.sfv`, else `gnu`), the algorithm (by default `crc32` in the
/// format `sfv`, else `sha256`), zero, threads and the excluded files count. What would not be read back as the same
/// entries by who knows the manifest's name alone is not written; where that does not hang on the files, none is read.
/// `manifest`: the path to write, NULL refused. In the report's results, `expected` is
/// the file's digest and `line` its place. All else is as for `checksig_verify`.
///
/// # Safety
/// As for `checksig_verify`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_create(
    root: *const c_char,
    root_len: usize,
    manifest: *const c_char,
    manifest_len: usize,
    options: *const checksig_options,
    on_result: Option<
        unsafe extern "C" fn(result: *const checksig_result, user: *mut c_void) -> c_int,
    >,
    on_progress: Option<
        unsafe extern "C" fn(progress: *const checksig_progress, user: *mut c_void) -> c_int,
    >,
    user: *mut c_void,
    cancel: *const checksig_cancel,
    report: *mut *mut checksig_report,
) -> checksig_status {
    guard_status(|| {
        check_pointer(report, "report")?;
        // SAFETY: the caller's promise is this function's own.
        let (root, manifest, options, cancel) = unsafe {
            (
                path(root, root_len, "root")?,
                path(manifest, manifest_len, "manifest")?,
                checksig_options::read(options)?,
                flag(cancel)?,
            )
        };
        let options = options.create(manifest, on_result.is_some());
        let found = checksig_core::create(root, manifest, &options, &cancel, |event| {
            // SAFETY: likewise.
            unsafe { hand_on(&event, on_result, on_progress, user) }
        })?;
        // SAFETY: not NULL and aligned; valid for writing by the caller's promise.
        unsafe { report.write(checksig_report::into_handle(found)) };
        Ok(())
    })
}

/// The digest of one regular file.
///
/// `file`: its path, `file_len` bytes, NULL refused. `name`: the algorithm's, as for
/// `checksig_options_set_algorithm`, NULL refused. `cancel`: ends the call with
/// `CHECKSIG_STATUS_CANCELLED` when it is raised, or NULL. `out`: a buffer of `out_len` bytes
/// that receives the digest; 64 are always enough. `digest_len`: receives how many bytes
/// the digest has, NULL refused. All are borrowed for the call. Any number of threads may
/// call this at once, with buffers of their own.
///
/// # Safety
/// `file` is NULL or valid for reading `file_len` bytes, `name` is NULL or a
/// NUL-terminated string, `cancel` is NULL or not released yet, `out` is valid for writing `out_len` bytes, `digest_len` is NULL
/// or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_hash_file(
    file: *const c_char,
    file_len: usize,
    name: *const c_char,
    cancel: *const checksig_cancel,
    out: *mut u8,
    out_len: usize,
    digest_len: *mut usize,
) -> checksig_status {
    guard_status(|| {
        check_pointer(digest_len, "digest_len")?;
        // SAFETY: the caller's promise is this function's own.
        let (file, algorithm, cancel) = unsafe {
            (
                path(file, file_len, "file")?,
                algorithm(name)?,
                flag(cancel)?,
            )
        };
        let digest = checksig_core::hash_file(file, algorithm, &cancel)?;
        let bytes = digest.as_bytes();
        if out_len < bytes.len() {
            let message = format!("out has {out_len} bytes, the digest {}", bytes.len());
            return Err(Failure::new(checksig_status::BufferTooSmall, message));
        }
        // SAFETY: `out` has at least as many bytes; likewise.
        unsafe { slice_mut(out, bytes.len() as i64, "out") }?.copy_from_slice(bytes);
        // SAFETY: not NULL and aligned; valid for writing by the caller's promise.
        unsafe { digest_len.write(bytes.len()) };
        Ok(())
    })
}
