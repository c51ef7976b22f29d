//! Which manifest is meant, and its content.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::iter;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;

use crate::algorithm::Algorithm;
use crate::error::{Error, ErrorKind};
use crate::manifest::{self, Format, Line, Manifest, Reader};
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

/// How much of a manifest is in memory, unless a line is longer or none tells the format; and
/// how much is read between two looks at whether to go on.
const PIECE_LEN: usize = 1 << 20;

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
}

/// A manifest that was found and read.
pub(crate) struct Located {
    /// Its path, for messages.
    pub(crate) path: Vec<u8>,
    /// Which file it is; `None` for a text.
    pub(crate) status: Option<FileStatus>,
    pub(crate) format: Format,
}

impl Located {
    /// The manifest of this path when it was not read to its end.
    pub(crate) fn unread(path: &[u8]) -> Self {
        Self {
            path: path.to_vec(),
            status: None,
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
    take: &mut dyn FnMut(Line),
) -> Result<Located, Error> {
    let (path, opened) = match source {
        ManifestSource::Text(path, text) => {
            let path = path_bytes(path);
            let mut reader = Reader::new(named(&path, options));
            reader
                .read(text, true, take)
                .map_err(|error| Error::new(&path, error.into()))?;
            return Ok(Located {
                status: status_of_text(&path),
                format: reader.format(),
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
    let read = read_opened(opened, &named(&path, options), take);
    let (status, format) = read.map_err(|kind| Error::new(&path, kind))?;
    Ok(Located {
        path,
        status: Some(status),
        format,
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
    let mut take = |line| lines.push(line);
    let beneath = Containment::Beneath;
    let located = locate(here.as_ref(), b".", beneath, source, options, &mut take)?;
    let malformed = lines
        .iter()
        .find_map(|line| Some((line.number, *line.content.as_ref().err()?)));
    match malformed {
        Some((line, error)) if !lenient => {
            Err(Error::new(&located.path, ErrorKind::Line(line, error)))
        }
        _ => Ok(Manifest {
            format: located.format,
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

/// The file that a text came from, if its name is a path: so that an audit knows it.
/// `-` stands for standard input.
fn status_of_text(path: &[u8]) -> Option<FileStatus> {
    (path != b"-").then(|| status_named(path).ok())?
}

fn not_opened(error: OpenError) -> ErrorKind {
    match error {
        OpenError::Io(error) => ErrorKind::Manifest(error),
        OpenError::Refused(refusal) => ErrorKind::NotAFile(refusal),
    }
}

fn read_opened(
    opened: Result<(OwnedFd, FileStatus), OpenError>,
    options: &manifest::Options<'_>,
    take: &mut dyn FnMut(Line),
) -> Result<(FileStatus, Format), ErrorKind> {
    let (file, status) = opened.map_err(not_opened)?;
    let mut file = File::from(file);
    let mut reader = Reader::new(*options);
    // What was read of the file and is no whole line yet.
    let mut text = Vec::new();
    loop {
        // What was in vain is tried again only with twice as much, so that the time for a
        // line is proportional to its length.
        let wanted = text.len() + text.len().max(PIECE_LEN);
        let is_end = read_until(&mut file, &mut text, wanted, options)?;
        let read = reader.read(&text, is_end, take)?;
        text.drain(..read);
        if is_end {
            return Ok((status, reader.format()));
        }
    }
}

/// Reads until there are so many bytes of text; whether the file has no more.
fn read_until(
    file: &mut File,
    text: &mut Vec<u8>,
    wanted: usize,
    options: &manifest::Options<'_>,
) -> Result<bool, ErrorKind> {
    while text.len() < wanted {
        if options.is_cancelled() {
            return Err(ErrorKind::Cancelled);
        }
        let mut piece = file.take(PIECE_LEN as u64);
        let count = piece.read_to_end(text).map_err(ErrorKind::Manifest)?;
        if count < PIECE_LEN {
            return Ok(true);
        }
    }
    Ok(false)
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
