//! How a directory is verified, or its manifest made.

use std::borrow::Cow;
use std::ffi::{c_char, c_int};
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use checksig_core::manifest::{self, Format};
use checksig_core::{Algorithm, Cancel, CreateOptions, Exclude, Options};

use super::algorithm;
use crate::abi::{
    Failure, bytes, check_pointer, checksig_status, guard, guard_status, reference, reference_mut,
    text, utf8,
};

/// Options, from `checksig_options_new`, to be released with
/// `checksig_options_free`. A call only reads them, so that one set serves any number
/// of calls; nobody may change them meanwhile. NULL in their place stands for the
/// defaults.
#[derive(Clone, Default)]
pub struct checksig_options {
    pub(super) verify: Options,
    pub(super) content: Content,
    globs: Vec<String>,
}

/// Where a manifest's text is.
#[derive(Clone, Default)]
pub(super) enum Content {
    /// In the file of its path.
    #[default]
    File,
    Text(Vec<u8>),
    /// What is read of a descriptor.
    Descriptor(c_int),
}

impl checksig_options {
    /// The options at this pointer, or the defaults.
    ///
    /// # Safety
    /// `options` is NULL or from `checksig_options_new` and not released yet.
    pub(super) unsafe fn read<'a>(options: *const Self) -> Result<Cow<'a, Self>, Failure> {
        if options.is_null() {
            return Ok(Cow::default());
        }
        // SAFETY: this function's contract is the same.
        unsafe { reference(options, "options") }.map(Cow::Borrowed)
    }

    /// Those of a verification whose caller wants results as they come, or not.
    pub(super) fn verify(&self, wants_results: bool) -> Options {
        Options {
            progress_only: !wants_results,
            ..self.verify.clone()
        }
    }

    /// Those of making a manifest of this path, likewise.
    pub(super) fn create(&self, manifest: &Path, wants_results: bool) -> CreateOptions {
        let named = || Format::from_file_name(manifest.as_os_str().as_bytes());
        let format = self.verify.format.or_else(named).unwrap_or(Format::Gnu);
        let usual = match format {
            Format::Sfv => Algorithm::Crc32,
            _ => Algorithm::Sha256,
        };
        CreateOptions {
            algorithm: self.verify.algorithm.unwrap_or(usual),
            format,
            zero: self.verify.zero,
            detect_collisions: self.verify.detect_collisions,
            exclude: self.verify.exclude.clone(),
            threads: self.verify.threads,
            progress_only: !wants_results,
        }
    }

    /// Those of reading a manifest by itself.
    pub(super) fn manifest<'a>(&self, cancel: &'a Cancel) -> manifest::Options<'a> {
        manifest::Options {
            file_name: None,
            format: self.verify.format,
            algorithm: self.verify.algorithm,
            zero: self.verify.zero,
            cancel: Some(cancel),
        }
    }
}

/// Options with every default, to be released with `checksig_options_free`.
///
/// The default is the strictest: every line counts, names stay inside the root, all
/// processors are used, and the manifest tells its format and algorithms itself.
#[unsafe(no_mangle)]
pub extern "C" fn checksig_options_new() -> *mut checksig_options {
    Box::into_raw(Box::default())
}

/// Releases options. NULL is a no-op; any other pointer must come from
/// `checksig_options_new` and must not be used again.
///
/// # Safety
/// `options` is NULL or from `checksig_options_new` and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_options_free(options: *mut checksig_options) {
    guard((), || {
        if !options.is_null() {
            check_pointer(options, "options")?;
            // SAFETY: from `Box::into_raw`, released once.
            drop(unsafe { Box::from_raw(options) });
        }
        Ok(())
    });
}

/// Changes one option.
///
/// # Safety
/// `options` is NULL or from `checksig_options_new` and not released yet, and no other
/// thread uses it.
unsafe fn set(
    options: *mut checksig_options,
    change: impl FnOnce(&mut checksig_options),
) -> checksig_status {
    let change = |options: &mut checksig_options| {
        change(options);
        Ok(())
    };
    // SAFETY: this function's contract is the same.
    unsafe { try_set(options, change) }
}

/// Changes one option, unless that fails.
///
/// # Safety
/// As for [`set`].
unsafe fn try_set(
    options: *mut checksig_options,
    change: impl FnOnce(&mut checksig_options) -> Result<(), Failure>,
) -> checksig_status {
    guard_status(|| {
        // SAFETY: this function's contract is the same.
        change(unsafe { reference_mut(options, "options") }?)
    })
}

/// The algorithm of lines that do not name theirs, and of a manifest that is made
/// (by default `sha256`, and `crc32` in the format `sfv`): `crc32`, `md5`, `sha1`, `sha224`, `sha256`, `sha384`,
/// `sha512`, `sha3-256`, `sha3-512`, `blake2b` or `blake3`, in any case. NULL: the manifest's name
/// or the digest's length tells. `name` is NUL-terminated, borrowed for the call.
///
/// # Safety
/// `options` is from `checksig_options_new` and no other thread uses it; `name` is NULL
/// or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_options_set_algorithm(
    options: *mut checksig_options,
    name: *const c_char,
) -> checksig_status {
    let change = |options: &mut checksig_options| {
        options.verify.algorithm = if name.is_null() {
            None
        } else {
            // SAFETY: the caller's promise is this function's own.
            Some(unsafe { algorithm(name) }?)
        };
        Ok(())
    };
    // SAFETY: likewise.
    unsafe { try_set(options, change) }
}

/// The manifest's format, `gnu`, `bsd`, `sfv`, `hashdeep`, `bagit` or `record`. NULL: its
/// name or its content tells, and one that is made is `gnu` unless its name tells. `name` is
/// NUL-terminated, borrowed for the call.
///
/// # Safety
/// As for `checksig_options_set_algorithm`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_options_set_format(
    options: *mut checksig_options,
    name: *const c_char,
) -> checksig_status {
    let change = |options: &mut checksig_options| {
        options.verify.format = if name.is_null() {
            None
        } else {
            // SAFETY: the caller's promise is this function's own.
            let name = utf8(unsafe { text(name, "format") }?, "format")?;
            let known = "gnu, bsd, sfv, hashdeep, bagit, record";
            let unknown =
                || Failure::invalid(format!("unknown format {name:?}, want one of {known}"));
            Some(Format::from_name(name).ok_or_else(unknown)?)
        };
        Ok(())
    };
    // SAFETY: likewise.
    unsafe { try_set(options, change) }
}

/// Whether lines end with NUL instead of a newline, and no name is escaped.
///
/// # Safety
/// `options` is from `checksig_options_new` and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_options_set_zero(
    options: *mut checksig_options,
    zero: bool,
) -> checksig_status {
    // SAFETY: the caller's promise is this function's own.
    unsafe { set(options, |options| options.verify.zero = zero) }
}

/// Whether malformed lines are reported but do not fail the run.
///
/// # Safety
/// `options` is from `checksig_options_new` and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_options_set_lenient(
    options: *mut checksig_options,
    lenient: bool,
) -> checksig_status {
    // SAFETY: the caller's promise is this function's own.
    unsafe { set(options, |options| options.verify.lenient = lenient) }
}

/// Whether files that are missing are skipped and do not fail the run.
///
/// # Safety
/// `options` is from `checksig_options_new` and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_options_set_ignore_missing(
    options: *mut checksig_options,
    ignore: bool,
) -> checksig_status {
    // SAFETY: the caller's promise is this function's own.
    unsafe { set(options, |options| options.verify.ignore_missing = ignore) }
}

/// Whether files that are not listed are looked for; each fails the run.
///
/// # Safety
/// `options` is from `checksig_options_new` and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_options_set_audit(
    options: *mut checksig_options,
    audit: bool,
) -> checksig_status {
    // SAFETY: the caller's promise is this function's own.
    unsafe { set(options, |options| options.verify.audit = audit) }
}

/// Whether names may lead out of the root: absolute ones, `..`, and symbolic links.
///
/// # Safety
/// `options` is from `checksig_options_new` and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_options_set_allow_outside(
    options: *mut checksig_options,
    allow: bool,
) -> checksig_status {
    // SAFETY: the caller's promise is this function's own.
    unsafe { set(options, |options| options.verify.allow_outside = allow) }
}

/// Whether files are refused that show the signs of a collision attack on SHA-1: of a file
/// that has them there is likely to be another one with the same digest. Lines that state a
/// SHA-1 digest of such a file have the verdict `CHECKSIG_VERDICT_REFUSED`, and a manifest
/// of SHA-1 digests is not made of it. SHA-1 is several times slower then; other algorithms
/// are as fast as ever, and not concerned. `checksig_hash_file` does not look for it.
///
/// # Safety
/// `options` is from `checksig_options_new` and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_options_set_detect_collisions(
    options: *mut checksig_options,
    detect: bool,
) -> checksig_status {
    // SAFETY: the caller's promise is this function's own.
    unsafe { set(options, |options| options.verify.detect_collisions = detect) }
}

/// How many threads read files: no more than 128, or one a processor, if that is more. 0 for
/// one a processor, and more while these wait for a disk.
///
/// # Safety
/// `options` is from `checksig_options_new` and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_options_set_threads(
    options: *mut checksig_options,
    threads: usize,
) -> checksig_status {
    let threads = NonZeroUsize::new(threads);
    // SAFETY: the caller's promise is this function's own.
    unsafe { set(options, |options| options.verify.threads = threads) }
}

/// Whether the sizes of all files are added up first, so that progress tells how many
/// bytes there are to do. With up to 10,000 files that is done anyway.
///
/// # Safety
/// `options` is from `checksig_options_new` and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_options_set_measure(
    options: *mut checksig_options,
    measure: bool,
) -> checksig_status {
    // SAFETY: the caller's promise is this function's own.
    unsafe { set(options, |options| options.verify.measure = measure) }
}

/// Passes over the files that this glob matches, as well as over those of earlier calls:
/// their lines are skipped, an audit does not look for them, and a manifest that is made
/// does not list them.
///
/// `*` and `?` stand for anything but a slash, `**` for any number of directories,
/// `[a-z]` and `{a,b}` for alternatives; `?` and `[a-z]` for one byte. A glob is matched
/// against the whole name below the root; one without a slash against each part of it. `./`
/// or `/` at the start stands for the root, and a slash at either end for all that is in a
/// directory, too. `glob` is NUL-terminated UTF-8, borrowed for the call; NULL is refused.
///
/// # Safety
/// `options` is from `checksig_options_new` and no other thread uses it; `glob` is NULL
/// or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_options_add_exclude(
    options: *mut checksig_options,
    glob: *const c_char,
) -> checksig_status {
    let change = |options: &mut checksig_options| {
        // SAFETY: the caller's promise is this function's own.
        let glob = utf8(unsafe { text(glob, "glob") }?, "glob")?;
        let mut globs = options.globs.clone();
        globs.push(glob.to_owned());
        options.verify.exclude = Exclude::new(globs.iter().map(String::as_str))
            .map_err(|error| Failure::invalid(error.to_string()))?;
        options.globs = globs;
        Ok(())
    };
    // SAFETY: likewise.
    unsafe { try_set(options, change) }
}

/// The manifest's text, `text_len` bytes, which is copied: instead of reading the
/// manifest's path, which then only names it, or a descriptor. NULL: the path is read.
///
/// # Safety
/// `options` is from `checksig_options_new` and no other thread uses it; `text` is NULL
/// or valid for reading `text_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_options_set_text(
    options: *mut checksig_options,
    text: *const c_char,
    text_len: usize,
) -> checksig_status {
    let change = |options: &mut checksig_options| {
        options.content = if text.is_null() {
            Content::File
        } else {
            // SAFETY: the caller's promise is this function's own.
            Content::Text(unsafe { bytes(text, text_len, "text") }?.to_vec())
        };
        Ok(())
    };
    // SAFETY: likewise.
    unsafe { try_set(options, change) }
}

/// A descriptor that the manifest is read from until its end, instead of its path, which then
/// only names it, or a text: that of a pipe, a socket, a terminal or a file, from where it is.
/// About 1 MiB of what it gives is in memory at a time. -1: the path is read.
///
/// It is borrowed, and must be open when these options are used. A call that finds nothing to
/// read waits, also where the descriptor is not meant to wait, until its `cancel` is raised; no
/// two calls may read at once, and where somebody else does, it may be noticed late. What one call
/// has read the next one does not see.
///
/// # Safety
/// `options` is from `checksig_options_new` and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_options_set_descriptor(
    options: *mut checksig_options,
    descriptor: c_int,
) -> checksig_status {
    let change = |options: &mut checksig_options| {
        options.content = match descriptor {
            -1 => Content::File,
            ..0 => return Err(Failure::invalid("descriptor is negative, want one or -1")),
            descriptor => Content::Descriptor(descriptor),
        };
        Ok(())
    };
    // SAFETY: the caller's promise is this function's own.
    unsafe { try_set(options, change) }
}
