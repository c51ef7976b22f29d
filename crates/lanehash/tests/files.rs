//! Files through a source of the caller's own: recycled buffers, errors, checks at the end, a stop.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use std::fs::{self, File};
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use common::{cases, oracle, pattern};
use lanehash::{Scheduler, Step};

/// A file that is read into a buffer which outlives it.
struct FileSource {
    file: File,
    buffer: Vec<u8>,
    /// What of the buffer was read and not yet hashed.
    filled: std::ops::Range<usize>,
}

impl FileSource {
    fn open(path: &Path, buffer: Vec<u8>) -> io::Result<Self> {
        let file = File::open(path)?;
        Ok(Self {
            file,
            buffer,
            filled: 0..0,
        })
    }
}

impl Read for FileSource {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(bytes)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for FileSource {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.filled.is_empty() {
            self.filled = 0..self.file.read(&mut self.buffer)?;
        }
        Ok(&self.buffer[self.filled.clone()])
    }

    fn consume(&mut self, count: usize) {
        self.filled.start += count;
    }
}

/// A path, and the bytes of the file there; none for a directory, which opens but does not read.
type Entry = (PathBuf, Option<Vec<u8>>);

/// Files of many lengths, and directories among them.
fn directory() -> (tempfile::TempDir, Vec<Entry>) {
    let directory = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for i in 0..150 {
        let path = directory.path().join(i.to_string());
        let bytes = (i % 10 != 7).then(|| pattern(i * i * 7));
        match &bytes {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::create_dir(&path).unwrap(),
        }
        paths.push((path, bytes));
    }
    (directory, paths)
}

#[test]
fn a_loop_with_recycled_buffers() {
    let (_directory, paths) = directory();
    for (algorithm, kernel) in cases() {
        let mut scheduler = Scheduler::with_kernel(algorithm, kernel).unwrap();
        let mut buffers = vec![vec![0; 8192]; scheduler.lanes()];
        let mut waiting = paths.iter();
        let mut ended = 0;
        loop {
            while scheduler.has_free_lane() {
                let Some((path, bytes)) = waiting.next() else {
                    break;
                };
                let buffer = buffers.pop().unwrap();
                scheduler.push((path, bytes), FileSource::open(path, buffer).unwrap());
            }
            if scheduler.step() == Step::Empty {
                break;
            }
            while let Some(done) = scheduler.pop() {
                ended += 1;
                // The file is still open for a last look at it.
                let after = done.source.file.metadata().unwrap();
                match (done.tag, done.result) {
                    ((path, Some(bytes)), Ok(digest)) => {
                        assert_eq!(done.len, after.len());
                        assert_eq!(digest.as_bytes(), oracle(algorithm, bytes), "{path:?}");
                    }
                    ((path, None), Err(error)) => {
                        assert_eq!(error.kind(), io::ErrorKind::IsADirectory, "{path:?}");
                    }
                    ((path, _), result) => panic!("{path:?}: {result:?}"),
                }
                buffers.push(done.source.buffer);
            }
        }
        assert_eq!(ended, paths.len());
        assert_eq!(buffers.len(), scheduler.lanes());
    }
}

#[test]
fn a_stop_gives_the_buffers_back() {
    let (_directory, paths) = directory();
    for (algorithm, kernel) in cases() {
        let mut scheduler = Scheduler::with_kernel(algorithm, kernel).unwrap();
        let lanes = scheduler.lanes();
        let files = paths.iter().rev().filter(|(_, bytes)| bytes.is_some());
        for (path, _) in files.take(lanes) {
            scheduler.push((), FileSource::open(path, vec![0; 4096]).unwrap());
        }
        assert_eq!(scheduler.step(), Step::Progress);
        let unfinished = scheduler.take_unfinished().into_iter();
        let buffers: Vec<_> = unfinished.map(|((), source)| source.buffer).collect();
        assert_eq!(buffers.len(), lanes);
        assert!(buffers.iter().all(|buffer| buffer.len() == 4096));
        assert_eq!(scheduler.step(), Step::Empty);
    }
}
