//! What grows with a tree or a manifest, in bounded memory: so much of it stays there, the
//! rest goes to temporary files without a name.
//!
//! The files are where the system has those (`TMPDIR`), are made when they are needed, and end
//! with what they hold. Where there can be none, or the disk is full, all stays in memory.

mod cells;
mod distinct;
mod log;
mod packed;
mod sorter;

use std::fs::File;

pub(crate) use cells::Cells;
pub(crate) use distinct::Distinct;
pub(crate) use log::Log;
pub(crate) use packed::{Unpack, push_bytes, push_number};
pub(crate) use sorter::{Record, Sorter};

/// A file without a name, if there can be one.
fn temporary_file() -> Option<File> {
    tempfile::tempfile().ok()
}
