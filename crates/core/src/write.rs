//! Writing a manifest to a file: all or nothing, and only what is read back as it was meant.

use std::borrow::Borrow;
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::algorithm::Algorithm;
use crate::cancel::Cancel;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind};
use crate::manifest::{self, Entry, EntryError, Format, Reader, WriteError, Writer};
use crate::root::{OpenError, Refusal, is_magic, status_named};

/// How much of a manifest is in memory, and flushed to the disk between two looks at whether
/// to go on.
const PIECE_LEN: usize = 1 << 20;

/// Writes a manifest in place of what may be there, all or nothing.
///
/// # Errors
/// Where the format can't state an entry, a reader who knows nothing but the manifest's name
/// would read other entries ([`ErrorKind::Misnamed`]), or the file can't be written: the first
/// of these that is met.
pub fn write_manifest(
    path: &Path,
    entries: &[Entry],
    format: Format,
    zero: bool,
) -> Result<(), Error> {
    // Nobody raises this flag, so it is written.
    let entries = entries.iter().map(Ok);
    write_until(&Cancel::default(), path, entries, format, zero).map(|_written| ())
}

/// [`write_manifest`], unless `cancel` is raised before the file has its new content: then
/// `None`.
pub(crate) fn write_until(
    cancel: &Cancel,
    path: &Path,
    entries: impl Iterator<Item = io::Result<impl Borrow<Entry>>>,
    format: Format,
    zero: bool,
) -> Result<Option<()>, Error> {
    let error = |kind| Error::new(path.as_os_str().as_bytes(), kind);
    let mut draft = Draft::new(cancel, path, format, zero).map_err(error)?;
    for entry in entries {
        if cancel.is_requested() {
            return Ok(None);
        }
        let entry = entry.map_err(|lost| error(ErrorKind::Temporary(lost)))?;
        draft.push(entry.borrow()).map_err(error)?;
    }
    draft.finish().map_err(error)
}

/// Fails where no manifest of this algorithm's digests can be written to a path, whatever the
/// files' names are: as [`write_manifest`], which would find out when all are hashed.
pub(crate) fn require_writable(
    path: &Path,
    algorithm: Algorithm,
    format: Format,
    zero: bool,
) -> Result<(), ErrorKind> {
    require_replaceable(path)?;
    let entry = Entry {
        digests: [Digest::of(
            algorithm,
            &[0; Digest::MAX_LEN][..algorithm.digest_len()],
        )]
        .into_iter()
        .collect(),
        name: b"name".to_vec(),
        size: Some(0),
    };
    let mut text = Vec::new();
    let writer = Writer::new(format, zero);
    let pushed = writer.and_then(|mut writer| writer.push(&mut text, &entry));
    pushed.map_err(|error| {
        ErrorKind::Unwritable(match error {
            WriteError::Entry {
                reason: EntryError::Algorithm(wanted),
                ..
            } => WriteError::Algorithm { format, wanted },
            error => error,
        })
    })?;
    if ReadBack::new(path, zero).says(&text, true, &[entry]) {
        Ok(())
    } else {
        Err(ErrorKind::Misnamed)
    }
}

/// A manifest that is being written.
struct Draft<'a> {
    cancel: &'a Cancel,
    writer: Writer,
    read_back: ReadBack<'a>,
    file: Replacement<'a>,
    /// The lines that are not in the file yet, and their entries.
    text: Vec<u8>,
    entries: Vec<Entry>,
}

impl<'a> Draft<'a> {
    fn new(
        cancel: &'a Cancel,
        path: &'a Path,
        format: Format,
        zero: bool,
    ) -> Result<Self, ErrorKind> {
        require_replaceable(path)?;
        Ok(Self {
            cancel,
            writer: Writer::new(format, zero).map_err(ErrorKind::Unwritable)?,
            read_back: ReadBack::new(path, zero),
            file: Replacement { path, file: None },
            text: Vec::new(),
            entries: Vec::new(),
        })
    }

    fn push(&mut self, entry: &Entry) -> Result<(), ErrorKind> {
        if self.text.len() >= PIECE_LEN {
            self.flush(false)?;
        }
        let pushed = self.writer.push(&mut self.text, entry);
        pushed.map_err(ErrorKind::Unwritable)?;
        self.entries.push(entry.clone());
        Ok(())
    }

    /// Moves the lines to the file, if they are read back from there.
    fn flush(&mut self, is_end: bool) -> Result<(), ErrorKind> {
        if !self.read_back.says(&self.text, is_end, &self.entries) {
            return Err(ErrorKind::Misnamed);
        }
        self.file.write(&self.text).map_err(ErrorKind::Write)?;
        self.text.clear();
        self.entries.clear();
        Ok(())
    }

    /// Puts the file in its place; `None` where that is not wanted any more.
    fn finish(mut self) -> Result<Option<()>, ErrorKind> {
        self.writer.finish(&mut self.text);
        self.flush(true)?;
        if self.cancel.is_requested() {
            return Ok(None);
        }
        self.file.persist().map(Some).map_err(ErrorKind::Write)
    }
}

/// Looks whether a reader who knows nothing but the manifest's name finds the names and digests
/// that were written.
struct ReadBack<'a> {
    reader: Reader<'a>,
}

impl<'a> ReadBack<'a> {
    fn new(path: &'a Path, zero: bool) -> Self {
        let options = manifest::Options {
            file_name: path.file_name().map(OsStrExt::as_bytes),
            zero,
            ..manifest::Options::default()
        };
        Self {
            reader: Reader::new(options),
        }
    }

    /// Whether the next lines, which are whole, say these entries. Lines that do not tell their
    /// format, though there are many, do not.
    fn says(&mut self, text: &[u8], is_end: bool, written: &[Entry]) -> bool {
        let mut rest = written.iter();
        let mut is_good = true;
        let read = self.reader.read(text, is_end, &mut |line| {
            let found = line.content.ok();
            is_good &= found.zip(rest.next()).is_some_and(|(found, written)| {
                (&found.name, &found.digests) == (&written.name, &written.digests)
            });
            ControlFlow::Continue(())
        });
        is_good && rest.len() == 0 && read == Ok(text.len())
    }
}

/// A file that takes the place of another one when it is whole: written beside it, flushed to
/// the disk, renamed, and the directory flushed.
struct Replacement<'a> {
    path: &'a Path,
    file: Option<NamedTempFile>,
}

impl Replacement<'_> {
    /// Appends to the file, which is made if need be, and flushes it.
    fn write(&mut self, content: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(new_file(directory_of(self.path))?),
        };
        file.write_all(content)?;
        file.as_file().sync_all()
    }

    fn persist(self) -> io::Result<()> {
        // Who may write into a directory but not read it can't flush it.
        let directory = File::open(directory_of(self.path)).ok();
        if let Some(file) = self.file {
            keep_permissions(self.path, file.as_file())?;
            file.persist(self.path)?;
        }
        directory.map_or(Ok(()), |directory| directory.sync_all())
    }
}

/// Gives a file the permissions, and if that is allowed the owner, of the one that it replaces.
fn keep_permissions(path: &Path, file: &File) -> io::Result<()> {
    let before = path.symlink_metadata().ok().filter(Metadata::is_file);
    let Some(before) = before else { return Ok(()) };
    // For most users it is not.
    let _ = fchown(file, Some(before.uid()), Some(before.gid()));
    file.set_permissions(Permissions::from_mode(before.mode() & 0o777))
}

/// Fails where a path stands for, or leads to, what no manifest may take the place of, such as
/// a device.
fn require_replaceable(path: &Path) -> Result<(), ErrorKind> {
    let name = path.as_os_str().as_bytes();
    match status_named(name) {
        Err(OpenError::Refused(refusal)) => Err(ErrorKind::NotReplaced(refusal)),
        // Such as /dev/stdout.
        Ok(_) if is_magic(name) => Err(ErrorKind::NotReplaced(Refusal::Special)),
        _ => Ok(()),
    }
}

/// The directory that a file is in.
pub(crate) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A temporary file that takes a file's place.
fn new_file(directory: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(".checksig-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory)
        // Without the temporary file's name, which tells nobody anything.
        .map_err(|error| io::Error::from(error.kind()))
}
