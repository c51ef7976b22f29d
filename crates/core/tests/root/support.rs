//! Trees to look names up in, and the results in comparable form.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use checksig_core::{Containment, FileStatus, OpenError, Resolver, Root};
use tempfile::TempDir;

/// Both of them: each test runs for either.
pub const RESOLVERS: [Resolver; 2] = [Resolver::Kernel, Resolver::Walk];

/// A directory `root` and beside it a directory `outside` with a file `secret`.
pub struct Tree {
    parent: TempDir,
}

impl Tree {
    pub fn new() -> Self {
        let parent = tempfile::tempdir().unwrap();
        fs::create_dir(parent.path().join("root")).unwrap();
        fs::create_dir(parent.path().join("outside")).unwrap();
        fs::write(parent.path().join("outside/secret"), "outside").unwrap();
        Self { parent }
    }

    /// A path relative to the root, for the test's own use.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.parent.path().join("root").join(name)
    }

    pub fn outside(&self) -> PathBuf {
        self.parent.path().join("outside")
    }

    pub fn open(&self, resolver: Resolver) -> Root {
        Root::open_with(self.path("").as_os_str().as_bytes(), resolver).unwrap()
    }

    /// Writes a file, and the directories above it.
    pub fn file(&self, name: impl AsRef<Path>, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn link(&self, name: &str, target: impl AsRef<Path>) {
        symlink(target, self.path(name)).unwrap();
    }

    pub fn fifo(&self, name: &str) {
        let made = Command::new("mkfifo").arg(self.path(name)).status();
        assert!(made.unwrap().success());
    }
}

/// What opening and reading a file comes to, in words: `content: ...`,
/// `missing`, `refused: ...` or `error: ...`.
pub fn outcome(root: &Root, name: &[u8], containment: Containment) -> String {
    match root.open_regular(name, containment) {
        Ok((file, _)) => {
            let mut content = String::new();
            File::from(file).read_to_string(&mut content).unwrap();
            format!("content: {content}")
        }
        Err(error) => words(&error),
    }
}

/// Opens the file and asks for its status: both must come to the same.
pub fn status(root: &Root, name: &[u8], containment: Containment) -> Result<FileStatus, String> {
    let opened = root.open_regular(name, containment);
    let opened = opened.map(|(_, status)| status);
    let asked = root.status(name, containment);
    let [opened, asked] = [opened, asked].map(|result| result.map_err(|error| words(&error)));
    assert_eq!(opened, asked, "{}", name.escape_ascii());
    asked
}

pub fn words(error: &OpenError) -> String {
    match error {
        error if error.is_missing() => "missing".into(),
        OpenError::Refused(refusal) => format!("refused: {refusal}"),
        OpenError::Io(error) => format!("error: {error}"),
    }
}

/// The words for a system's error.
pub fn error(errno: rustix::io::Errno) -> String {
    format!("error: {}", io::Error::from(errno))
}
