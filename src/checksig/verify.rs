//! Verifying a directory.

use std::ffi::{OsStr, c_char, c_int, c_void};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use checksig_core::{Cancel, Error, ErrorKind, ManifestSource};

use super::cancel::checksig_cancel;
use super::options::{Content, checksig_options};
use super::path;
use super::progress::{checksig_progress, hand_on};
use super::report::{checksig_report, checksig_result};
use crate::abi::{
    Failure, attempt, check_pointer, checksig_status, guard_status, malloc_text, reference,
    set_last_error, text,
};

/// Checks every file listed in `root/sha1sum.txt`, in parallel.
///
/// Returns NULL when all match. Otherwise a message that the caller releases
/// with `free`: a line for each bad file, in the manifest's order, as in
/// `"<root>/<name>" - mismatch`; or a line that says why nothing could be
/// checked; it is the last error, too. In a path, `"`, `\` and control characters are
/// escaped.
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
        let report = checksig_core::verify_signature(Path::new(OsStr::from_bytes(root)))?;
        Ok(report.message())
    });
    match message {
        Ok(None) => ptr::null_mut(),
        Ok(Some(message)) => {
            set_last_error(&message, 0);
            malloc_text(&message)
        }
        Err(failure) => malloc_text(&failure.message),
    }
}

/// Checks every file that a manifest lists and reports on each line.
///
/// The status is `CHECKSIG_STATUS_OK` whenever there is a report, also where files are
/// bad or the run was ended early: ask `checksig_report_ok`.
///
/// `root`: the directory that names are looked up in, `root_len` bytes, NULL refused.
/// `manifest`: the manifest's path, `manifest_len` bytes. NULL: `root/sha1sum.txt` or
/// else the only file there with the usual name of a manifest, such as `SHA256SUMS`. Where the
/// options have a text or a descriptor, it is the name of that, or NULL.
/// `options`: NULL for the defaults. `on_result`: called for each line as its result
/// comes, or NULL. `on_progress`: called every tenth of a second while files are read, so not
/// at all in a short run, or while a manifest is waited for; or NULL. Both are
/// called on the calling thread with `user`; one that returns anything but 0 ends the
/// run. They must return: no exception and no `longjmp` may leave them, nor may the
/// thread end in them. `cancel`: ends the run when it is raised, or NULL. `report`: receives
/// the report, to be released with `checksig_report_free`; NULL refused. All are borrowed for
/// the call. Any number of threads may call this at once.
///
/// # Safety
/// The paths are NULL or valid for reading their lengths; `options` and `cancel` are NULL
/// or not released yet; the callbacks are NULL or do as said here; `report` is NULL or
/// valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_verify(
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
            let options = checksig_options::read(options)?;
            let manifest = source(manifest, manifest_len, &options)?;
            (
                path(root, root_len, "root")?,
                manifest,
                options,
                flag(cancel)?,
            )
        };
        let options = options.verify(on_result.is_some());
        let found = checksig_core::verify(root, &manifest, &options, &cancel, |event| {
            // SAFETY: likewise.
            unsafe { hand_on(&event, on_result, on_progress, user) }
        })?;
        // SAFETY: not NULL and aligned; valid for writing by the caller's promise.
        unsafe { report.write(checksig_report::into_handle(found)) };
        Ok(())
    })
}

/// Where the manifest is, from its path and the options.
///
/// # Safety
/// `pointer` is NULL or valid for reading `length` bytes.
pub(super) unsafe fn source(
    pointer: *const c_char,
    length: usize,
    options: &checksig_options,
) -> Result<ManifestSource, Failure> {
    let named = if pointer.is_null() {
        None
    } else {
        // SAFETY: this function's contract is the same.
        Some(unsafe { path(pointer, length, "manifest") }?.to_owned())
    };
    Ok(match &options.content {
        Content::File => named.map_or(ManifestSource::Usual, ManifestSource::Path),
        Content::Text(text) => ManifestSource::Text(named.unwrap_or_default(), text.clone()),
        Content::Descriptor(descriptor) => {
            let name = named.unwrap_or_default();
            let stream = duplicate(*descriptor).map_err(|error| {
                Error::new(name.as_os_str().as_bytes(), ErrorKind::Manifest(error))
            })?;
            ManifestSource::Stream(name, Arc::new(stream))
        }
    })
}

/// A descriptor of our own for what this one is open for: so that it stays open for a call.
fn duplicate(descriptor: c_int) -> io::Result<OwnedFd> {
    // SAFETY: no memory is passed, and the system says whether the descriptor is open.
    let own = unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 0) };
    if own == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: open, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(own) })
}

/// The flag at this pointer, or one that nobody raises.
///
/// # Safety
/// `cancel` is NULL or from `checksig_cancel_new` and not released yet.
pub(crate) unsafe fn flag(cancel: *const checksig_cancel) -> Result<Cancel, Failure> {
    if cancel.is_null() {
        return Ok(Cancel::default());
    }
    // SAFETY: this function's contract is the same.
    Ok(unsafe { reference(cancel, "cancel") }?.flag.clone())
}
