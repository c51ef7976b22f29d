//! The content of an open file, piece by piece.

use std::io::{self, BufRead, ErrorKind, Read};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{Errno, read};

use super::Hashed;
use crate::digest::Digests;
use crate::engine::{Held, Shared};
use crate::root::{FileStatus, Opened};

/// An open file and the piece of it that was read last.
pub(super) struct Source<'a> {
    shared: &'a Shared<'a>,
    file: OwnedFd,
    /// Counts the file until after it is closed.
    _held: Held<'a>,
    status: FileStatus,
    /// Its path, where its name is another one.
    path: Option<Vec<u8>>,
    buffer: Vec<u8>,
    /// What of the buffer was not consumed.
    start: usize,
    end: usize,
    /// How many bytes were read.
    len: u64,
    is_at_end: bool,
}

impl<'a> Source<'a> {
    /// An open file of which nothing was read, and a buffer for it.
    pub(super) fn new(
        shared: &'a Shared<'a>,
        (opened, held): (Opened, Held<'a>),
        buffer: Vec<u8>,
    ) -> Self {
        Self {
            shared,
            file: opened.file,
            _held: held,
            status: opened.status,
            path: opened.path,
            buffer,
            start: 0,
            end: 0,
            len: 0,
            is_at_end: false,
        }
    }

    pub(super) fn shared(&self) -> &'a Shared<'a> {
        self.shared
    }

    pub(super) fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// The status that the file had when it was opened.
    pub(super) fn status(&self) -> &FileStatus {
        &self.status
    }

    /// How many bytes were read.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// So many bytes were read by somebody else.
    pub(super) fn count(&mut self, count: usize) {
        self.len += count as u64;
        self.shared.count_bytes(count);
    }

    /// What was read, when that is all, and has these digests.
    pub(super) fn hashed(&self, digests: Digests, shows_collision: bool) -> Hashed {
        Hashed {
            digests,
            shows_collision,
            size: self.len,
            path: self.path.clone(),
        }
    }

    /// Closes the file.
    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// Reads the next piece; an error where the run is to end early.
    fn read_piece(&mut self) -> io::Result<()> {
        if self.shared.is_cancelled() {
            return Err(ErrorKind::Other.into());
        }
        let count = read(&self.file, &mut self.buffer[..]).map_err(|errno| match errno {
            // Some files of /proc have nothing to give yet. Lanes would ask again and again.
            Errno::AGAIN => ErrorKind::ResourceBusy.into(),
            errno => io::Error::from(errno),
        })?;
        (self.start, self.end) = (0, count);
        self.count(count);
        // A read that gives less than it could, and all that there is, needs no other one to
        // find the end. (A file that has grown since gets the verdict that it has changed.)
        let is_whole = count < self.buffer.len() && self.len == self.status.size;
        self.is_at_end = count == 0 || is_whole;
        Ok(())
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end && !self.is_at_end {
            self.read_piece()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}
