//! Manifests by themselves: read and written.

use std::ffi::{CStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::ptr;

use checksig_core::manifest::{Entry, Format, Line, Manifest};
use checksig_core::{Digest, find_manifest, read_manifest, write_manifest};

use super::cancel::checksig_cancel;
use super::options::{Content, checksig_options};
use super::verify::{flag, source};
use super::{algorithm, c_name, path};
use crate::abi::{
    Failure, bytes, check_pointer, checksig_status, guard, guard_status, malloc_text, reference,
    slice,
};

/// A digest that a manifest states for a file. A line with several digests is as many
/// entries, one without any is one.
///
/// In an entry that the library gives, all pointers are borrowed from the manifest and
/// end with it, and the texts `name` and `error` have no NUL at their end.
#[repr(C)]
pub struct checksig_entry {
    /// The file's name, unescaped: any bytes but NUL. Empty where the line is malformed.
    pub name: *const c_char,
    /// The length of `name` in bytes.
    pub name_len: usize,
    /// The algorithm's name, NUL-terminated and always there; NULL where `digest` is.
    pub algorithm: *const c_char,
    /// The digest, `digest_len` bytes; NULL where the line states none.
    pub digest: *const u8,
    /// The length of the digest in bytes; 0 where it is NULL.
    pub digest_len: usize,
    /// The file's size in bytes, where it is stated; -1 otherwise.
    pub size: i64,
    /// The line's number, from 1.
    pub line: u64,
    /// Why the line is malformed, UTF-8; NULL where it is not.
    pub error: *const c_char,
    /// The length of `error` in bytes.
    pub error_len: usize,
}

/// A manifest that was read, from `checksig_manifest_read`, to be released with
/// `checksig_manifest_free`. It never changes: any number of threads may read it.
pub struct checksig_manifest {
    format: Format,
    entries: Vec<checksig_entry>,
    /// What `entries` points to.
    _lines: Vec<Line>,
    _errors: Vec<Box<str>>,
}

impl checksig_manifest {
    fn new(manifest: Manifest) -> Self {
        let mut entries = Vec::with_capacity(manifest.lines.len());
        let mut errors = Vec::new();
        for line in &manifest.lines {
            match &line.content {
                Ok(entry) if entry.digests.is_empty() => {
                    entries.push(entry_of(line.number, entry, None));
                }
                Ok(entry) => {
                    let of_digest = |digest| entry_of(line.number, entry, Some(digest));
                    entries.extend(entry.digests.iter().map(of_digest));
                }
                Err(error) => {
                    let error = error.to_string().into_boxed_str();
                    entries.push(malformed(line.number, &error));
                    errors.push(error);
                }
            }
        }
        Self {
            format: manifest.format,
            entries,
            // Moved, their content stays where it is: each name is a block of its own,
            // and so is the array of lines that holds the digests.
            _lines: manifest.lines,
            _errors: errors,
        }
    }
}

fn entry_of(line: u64, entry: &Entry, digest: Option<&Digest>) -> checksig_entry {
    checksig_entry {
        name: entry.name.as_ptr().cast(),
        name_len: entry.name.len(),
        algorithm: digest.map_or(ptr::null(), |digest| c_name(digest.algorithm()).as_ptr()),
        digest: digest.map_or(ptr::null(), |digest| digest.as_bytes().as_ptr()),
        digest_len: digest.map_or(0, |digest| digest.as_bytes().len()),
        size: entry
            .size
            .and_then(|size| i64::try_from(size).ok())
            .unwrap_or(-1),
        line,
        error: ptr::null(),
        error_len: 0,
    }
}

fn malformed(line: u64, error: &str) -> checksig_entry {
    checksig_entry {
        name: c"".as_ptr(),
        name_len: 0,
        algorithm: ptr::null(),
        digest: ptr::null(),
        digest_len: 0,
        size: -1,
        line,
        error: error.as_ptr().cast(),
        error_len: error.len(),
    }
}

/// Reads a manifest without looking at any file that it lists.
///
/// A malformed line is a failure, which `checksig_last_error_line` tells, or, where the
/// options are lenient, an entry with an error.
///
/// `file`: its path, `file_len` bytes; NULL only where the options have its text or a
/// descriptor. Of the options, these count, and the algorithm, the format, zero and lenient;
/// NULL for the defaults. `cancel`: ends the call with `CHECKSIG_STATUS_CANCELLED` when it is
/// raised, or NULL. `manifest`: receives the manifest, to be released with
/// `checksig_manifest_free`; NULL refused. All are borrowed for the call. Any number of threads
/// may call this at once.
///
/// # Safety
/// `file` is NULL or valid for reading `file_len` bytes; `options` and `cancel` are NULL or
/// not released yet; `manifest` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_manifest_read(
    file: *const c_char,
    file_len: usize,
    options: *const checksig_options,
    cancel: *const checksig_cancel,
    manifest: *mut *mut checksig_manifest,
) -> checksig_status {
    guard_status(|| {
        check_pointer(manifest, "manifest")?;
        // SAFETY: the caller's promise is this function's own.
        let (options, cancel) = unsafe { (checksig_options::read(options)?, flag(cancel)?) };
        if matches!(options.content, Content::File) {
            check_pointer(file, "file")?;
        }
        // SAFETY: likewise.
        let source = unsafe { source(file, file_len, &options) }?;
        let manifest_options = options.manifest(&cancel);
        let read = read_manifest(&source, &manifest_options, options.verify.lenient)?;
        let handle = Box::into_raw(Box::new(checksig_manifest::new(read)));
        // SAFETY: not NULL and aligned; valid for writing by the caller's promise.
        unsafe { manifest.write(handle) };
        Ok(())
    })
}

/// The path of the manifest that `checksig_verify` takes in a directory where none is named. It
/// is an error where that can't be opened, is no regular file, or leads out of the directory.
///
/// `root`: the directory, `root_len` bytes, NULL refused. `file`: receives the path, a
/// NUL-terminated text that the caller releases with `free`; NULL refused. All are borrowed
/// for the call. Any number of threads may call this at once.
///
/// # Safety
/// `root` is NULL or valid for reading `root_len` bytes; `file` is NULL or valid for
/// writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_manifest_find(
    root: *const c_char,
    root_len: usize,
    file: *mut *mut c_char,
) -> checksig_status {
    guard_status(|| {
        check_pointer(file, "file")?;
        // SAFETY: the caller's promise is this function's own.
        let root = unsafe { path(root, root_len, "root") }?;
        let found = find_manifest(root)?;
        // SAFETY: not NULL and aligned; valid for writing by the caller's promise.
        unsafe { file.write(malloc_text(found.as_os_str().as_bytes())) };
        Ok(())
    })
}

/// The entries of a manifest, in its order, malformed lines among them.
///
/// Returns an array that belongs to the manifest and ends with it; NULL where `manifest`
/// is NULL. `count`: receives the number of entries, 0 where `manifest` is NULL; NULL
/// where that is not wanted.
///
/// # Safety
/// `manifest` is NULL or from `checksig_manifest_read` and not released yet, `count` is
/// NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_manifest_entries(
    manifest: *const checksig_manifest,
    count: *mut usize,
) -> *const checksig_entry {
    guard(ptr::null(), || {
        // SAFETY: the caller's promise is this function's own.
        let entries = unsafe { reference(manifest, "manifest") }.map(|m| &m.entries);
        if !count.is_null() {
            check_pointer(count, "count")?;
            let len = entries.as_ref().map_or(0, |entries| entries.len());
            // SAFETY: not NULL and aligned; valid for writing by the caller's promise.
            unsafe { count.write(len) };
        }
        Ok(entries?.as_ptr())
    })
}

/// The name of a manifest's format, as for `checksig_options_set_format`: NUL-terminated
/// and always there. NULL for NULL.
///
/// # Safety
/// `manifest` is NULL or from `checksig_manifest_read` and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_manifest_format(
    manifest: *const checksig_manifest,
) -> *const c_char {
    guard(ptr::null(), || {
        // SAFETY: the caller's promise is this function's own.
        let manifest = unsafe { reference(manifest, "manifest") }?;
        Ok(format_name(manifest.format).as_ptr())
    })
}

/// A format's name as C sees it, always there.
fn format_name(format: Format) -> &'static CStr {
    match format {
        Format::Gnu => c"gnu",
        Format::Bsd => c"bsd",
        Format::Sfv => c"sfv",
        Format::Hashdeep => c"hashdeep",
        Format::Bagit => c"bagit",
        Format::Record => c"record",
        // The enumeration may grow.
        _ => c"unknown",
    }
}

/// Releases a manifest. NULL is a no-op; any other pointer must come from
/// `checksig_manifest_read` and must not be used again.
///
/// # Safety
/// `manifest` is NULL or from `checksig_manifest_read` and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_manifest_free(manifest: *mut checksig_manifest) {
    guard((), || {
        if !manifest.is_null() {
            check_pointer(manifest, "manifest")?;
            // SAFETY: from `Box::into_raw`, released once.
            drop(unsafe { Box::from_raw(manifest) });
        }
        Ok(())
    });
}

/// Writes a manifest of these entries in place of what may be there, all or nothing.
///
/// `file`: the path to write, `file_len` bytes. `entries`: an array of `count` entries;
/// those that follow each other with the same `line`, if that is not 0, are one line, and
/// must have the same name and size. `error` must be NULL. Of the options, the format (by default
/// what the path's name tells, such as `sfv` of `a.sfv`, else `gnu`) and zero count. What would not
/// be read back as the same names and digests by who knows the path alone is not written; sizes are
/// left out where the format has none. All are borrowed for the call. Any number of threads may
/// call this at once.
///
/// # Safety
/// `file` is NULL or valid for reading `file_len` bytes; `entries` is valid for reading
/// `count` entries, and so is what they point to; `options` is NULL or not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_manifest_write(
    file: *const c_char,
    file_len: usize,
    entries: *const checksig_entry,
    count: usize,
    options: *const checksig_options,
) -> checksig_status {
    guard_status(|| {
        let count = i64::try_from(count)
            .map_err(|_| Failure::invalid("count is more than memory can hold"))?;
        // SAFETY: the caller's promise is this function's own.
        let (file, options, entries) = unsafe {
            let entries = slice(entries, count, "entries")?;
            (
                path(file, file_len, "file")?,
                checksig_options::read(options)?,
                entries,
            )
        };
        // SAFETY: likewise.
        let entries = unsafe { lines_of(entries) }?;
        let options = options.create(file, false);
        Ok(write_manifest(
            file,
            &entries,
            options.format,
            options.zero,
        )?)
    })
}

/// The lines that these entries are.
///
/// # Safety
/// What the entries point to is valid for reading.
unsafe fn lines_of(entries: &[checksig_entry]) -> Result<Vec<Entry>, Failure> {
    let mut lines: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut last_line = 0;
    for (place, entry) in entries.iter().enumerate() {
        if !entry.error.is_null() {
            return Err(Failure::invalid(format!("entry {place} is malformed")));
        }
        // SAFETY: by this function's contract.
        let (name, digest) =
            unsafe { (bytes(entry.name, entry.name_len, "name")?, digest(entry)?) };
        let size = u64::try_from(entry.size).ok();
        match lines.last_mut() {
            Some(line) if entry.line != 0 && entry.line == last_line => {
                if (&line.name[..], line.size) != (name, size) {
                    let message = format!("entry {place} has the line of another file");
                    return Err(Failure::invalid(message));
                }
                line.digests.extend(digest);
            }
            _ => lines.push(Entry {
                name: name.to_vec(),
                digests: digest.into_iter().collect(),
                size,
            }),
        }
        last_line = entry.line;
    }
    Ok(lines)
}

/// The digest of an entry, if it has one.
///
/// # Safety
/// What the entry points to is valid for reading.
unsafe fn digest(entry: &checksig_entry) -> Result<Option<Digest>, Failure> {
    if entry.digest.is_null() {
        return Ok(None);
    }
    // SAFETY: this function's contract is the same.
    let (algorithm, bytes) = unsafe {
        (
            algorithm(entry.algorithm)?,
            bytes(entry.digest.cast(), entry.digest_len, "digest")?,
        )
    };
    let wrong_len = || {
        let len = bytes.len();
        Failure::invalid(format!("a digest of {len} bytes is none of {algorithm}"))
    };
    Digest::new(algorithm, bytes)
        .map(Some)
        .ok_or_else(wrong_len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_sees_every_formats_name() {
        for format in Format::ALL {
            assert_eq!(format_name(format).to_str(), Ok(format.name()));
        }
    }
}
