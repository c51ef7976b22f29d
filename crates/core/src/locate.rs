//! Which manifest is meant, and its content.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::iter;
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::Errno;

use crate::algorithm::Algorithm;
use crate::error::{Error, ErrorKind};
use crate::manifest::{self, Format, Line, Manifest, Reader, Take};
use crate::report::join;
use crate::root::{Containment, FileStatus, OpenError, Root, open_named, status_named};
use crate::verify::open_root;

/// The manifest that is taken where none is named, even if there are others.
pub const DEFAULT_NAME: &str = "sha1sum.txt";

/// The manifests that are looked for where none is named: for each algorithm
/// `sha256sum.txt`, `SHA256SUMS`, `SHA256SUMS.txt`, `SHA256SUM` and BagIt's `manifest-sha256.txt`.
fn usual_names() -> impl Iterator<Item = String> {
    let stems = Algorithm::ALL.into_iter().flat_map(|algorithm| {
        let name = algorithm.name();
        let short = match algorithm {
            Algorithm::Blake2b => "b2",
            Algorithm::Blake3 => "b3",
            _ => name,
        };
        BTreeSet::from([name.to_owned(), name.replace('-', ""), short.to_owned()])
    });
    let names = stems.flat_map(|stem| {
        let upper = stem.to_uppercase();
        [
            format!("{stem}sum.txt"),
            format!("{upper}SUMS"),
            format!("{upper}SUMS.txt"),
            format!("{upper}SUM"),
            format!("manifest-{stem}.txt"),
        ]
    });
    iter::once(DEFAULT_NAME.to_owned()).chain(names.filter(|name| name != DEFAULT_NAME))
}

/// How much is read of a manifest at a time: about as much is in memory.
const PIECE_LEN: usize = 1 << 20;

/// How long a pipe is waited for between two looks at whether to go on.
const WAIT: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 20_000_000,
};

/// Where a manifest is.
#[derive(Clone, Debug, Default)]
pub enum ManifestSource {
    /// In the root: `sha1sum.txt`, or else the only file with the usual name of a
    /// manifest, such as `SHA256SUMS`.
    #[default]
    Usual,
    /// The file of this path.
    Path(PathBuf),
    /// This text, under this name.
    Text(PathBuf, Vec<u8>),
    /// What is read of this descriptor until its end, under this name: of a pipe, a socket, a
    /// terminal or a file, from where it is.
    Stream(PathBuf, Arc<OwnedFd>),
}

/// A manifest that was found and read.
pub(crate) struct Located {
    /// Its path, for messages.
    pub(crate) path: Vec<u8>,
    /// A path that leads to its file, and which that is; `None` where it comes from none.
    pub(crate) file: Option<(Vec<u8>, FileStatus)>,
    pub(crate) format: Format,
}

impl Located {
    /// The manifest of this path when it was not read to its end.
    pub(crate) fn unread(path: &[u8]) -> Self {
        Self {
            path: path.to_vec(),
            file: None,
            format: Format::Gnu,
        }
    }
}

/// Finds the manifest of a root, and hands its lines to `take`. Without a root there is no
/// usual one; that may be a link only as names may be.
pub(crate) fn locate(
    root: Option<&Root>,
    root_name: &[u8],
    containment: Containment,
    source: &ManifestSource,
    options: &manifest::Options<'_>,
    take: &mut Take<'_>,
) -> Result<Located, Error> {
    let (path, opened) = match source {
        ManifestSource::Text(path, text) => {
            let path = path_bytes(path);
            let mut reader = Reader::new(named(&path, options));
            reader
                .read(text, true, take)
                .map_err(|error| Error::new(&path, error.into()))?;
            return Ok(Located {
                file: file_named(&path),
                format: reader.format(),
                path,
            });
        }
        ManifestSource::Stream(path, stream) => {
            let path = path_bytes(path);
            let format = read_open(stream, &named(&path, options), take)
                .map_err(|kind| Error::new(&path, kind))?;
            return Ok(Located {
                file: file_named(&path).or_else(|| file_of(stream)),
                format,
                path,
            });
        }
        ManifestSource::Path(path) => {
            let path = path_bytes(path);
            let opened = open_named(&path);
            (path, opened)
        }
        ManifestSource::Usual => {
            let none = || Error::new(root_name, ErrorKind::NoManifest);
            let root = root.ok_or_else(none)?;
            let name = usual_name(root, root_name)?;
            let opened = root.open_regular(name.as_bytes(), containment);
            (join(root_name, name.as_bytes()), opened)
        }
    };
    let read = opened.map_err(not_opened).and_then(|(file, status)| {
        let format = read_open(&file, &named(&path, options), take)?;
        Ok((status, format))
    });
    let (status, format) = read.map_err(|kind| Error::new(&path, kind))?;
    Ok(Located {
        file: Some((path.clone(), status)),
        format,
        path,
    })
}

/// Reads a manifest by itself, as [`manifest::parse`] does its text. The usual one is
/// that of the current directory.
///
/// # Errors
/// Where the file cannot be read, or is no manifest, or the options' flag was raised; unless
/// `lenient`, where it has a malformed line.
pub fn read_manifest(
    source: &ManifestSource,
    options: &manifest::Options<'_>,
    lenient: bool,
) -> Result<Manifest, Error> {
    // Who names a manifest need not be able to read the current directory.
    let here = Root::open(b".").ok();
    let mut lines = Vec::new();
    let mut malformed = None;
    let mut take = |line: Line| match line.content {
        Err(error) if !lenient => {
            malformed = Some((line.number, error));
            ControlFlow::Break(())
        }
        _ => {
            lines.push(line);
            ControlFlow::Continue(())
        }
    };
    let beneath = Containment::Beneath;
    let located = locate(here.as_ref(), b".", beneath, source, options, &mut take);
    match (located, malformed) {
        (Err(error), Some((line, reason))) if error.is_cancelled() => {
            Err(Error::new(error.path(), ErrorKind::Line(line, reason)))
        }
        (located, _) => Ok(Manifest {
            format: located?.format,
            lines,
        }),
    }
}

/// The path of the usual manifest of a directory: `sha1sum.txt`, or else the only file
/// with the usual name of a manifest.
///
/// # Errors
/// Where there is none, or where there are several; where it can't be opened, is no regular file,
/// or a link that leads out of the directory.
pub fn find_manifest(root: &Path) -> Result<PathBuf, Error> {
    let root_name = root.as_os_str().as_bytes();
    let root = open_root(root_name)?;
    let name = usual_name(&root, root_name)?;
    let path = join(root_name, name.as_bytes());
    match root.open_regular(name.as_bytes(), Containment::Beneath) {
        Ok(_) => Ok(PathBuf::from(OsString::from_vec(path))),
        Err(error) => Err(Error::new(&path, not_opened(error))),
    }
}

/// The options for the manifest of this path.
fn named<'a>(path: &'a [u8], options: &manifest::Options<'a>) -> manifest::Options<'a> {
    manifest::Options {
        file_name: path.rsplit(|&byte| byte == b'/').next(),
        ..*options
    }
}

/// The file that a text or a stream came from, if its name is a path: so that an audit knows it.
/// `-` stands for standard input.
fn file_named(path: &[u8]) -> Option<(Vec<u8>, FileStatus)> {
    let status = (path != b"-").then(|| status_named(path).ok())??;
    Some((path.to_vec(), status))
}

/// The file that a descriptor is open for, by the path that Linux has for it.
fn file_of(stream: &OwnedFd) -> Option<(Vec<u8>, FileStatus)> {
    let status = FileStatus::of(stream).ok()?;
    let path = format!("/proc/self/fd/{}", stream.as_raw_fd());
    Some((path.into_bytes(), status))
}

fn not_opened(error: OpenError) -> ErrorKind {
    match error {
        OpenError::Io(error) => ErrorKind::Manifest(error),
        OpenError::Refused(refusal) => ErrorKind::NotAFile(refusal),
    }
}

/// Reads a manifest of which not all is in memory, to its end.
fn read_open(
    file: &OwnedFd,
    options: &manifest::Options<'_>,
    take: &mut Take<'_>,
) -> Result<Format, ErrorKind> {
    let flags = fcntl_getfl(file).map_err(|error| ErrorKind::Manifest(error.into()))?;
    if flags & OFlags::ACCMODE == OFlags::WRONLY {
        // There would never be anything to read, nor an end.
        return Err(ErrorKind::Manifest(Errno::BADF.into()));
    }
    let mut reader = Reader::new(*options);
    // What was read and is no whole line yet.
    let mut text = Vec::new();
    loop {
        let is_end = read_piece(file, &mut text, options)?;
        let read = reader.read(&text, is_end, take)?;
        text.drain(..read);
        if is_end {
            return Ok(reader.format());
        }
    }
}

/// Appends a piece to a text; whether there is no more.
fn read_piece(
    file: &OwnedFd,
    text: &mut Vec<u8>,
    options: &manifest::Options<'_>,
) -> Result<bool, ErrorKind> {
    let wanted = text.len() + PIECE_LEN;
    text.reserve_exact(PIECE_LEN);
    while text.len() < wanted {
        if options.is_cancelled() {
            return Err(ErrorKind::Cancelled);
        }
        match read_next(file, text) {
            Ok(0) => return Ok(true),
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(ErrorKind::Manifest(error.into())),
        }
    }
    Ok(false)
}

/// Appends what comes next to a text that has room for it; how many bytes that are. What there is
/// to be waited for is so also where the descriptor is not meant to wait, but not for long.
fn read_next(file: &OwnedFd, text: &mut Vec<u8>) -> Result<usize, Errno> {
    let mut waiting = [PollFd::new(file, PollFlags::IN)];
    match poll(&mut waiting, Some(&WAIT))? {
        0 => Err(Errno::AGAIN),
        _ => rustix::io::read(file, spare_capacity(text)),
    }
}

fn usual_name(root: &Root, root_name: &[u8]) -> Result<String, Error> {
    // What is there but no file is found as well, so that the error tells.
    let exists = |name: &String| {
        let status = root.status(name.as_bytes(), Containment::Beneath);
        !status.is_err_and(|error| error.is_missing())
    };
    let mut found: Vec<String> = usual_names().filter(exists).collect();
    match found.len() {
        0 => Err(Error::new(root_name, ErrorKind::NoManifest)),
        1 => Ok(found.swap_remove(0)),
        _ if found[0] == DEFAULT_NAME => Ok(found.swap_remove(0)),
        _ => Err(Error::new(root_name, ErrorKind::Several(found.join(", ")))),
    }
}

fn path_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}
