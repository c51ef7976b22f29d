//! Checksum manifests and the parallel verification of what they list.
//!
//! Reading, deciding and printing are apart: [`manifest`] turns bytes into
//! entries and does no I/O, [`verify()`] reads files, and [`Report`] counts and
//! words what was found. Nothing here knows of C or Python.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let root = tempfile::tempdir()?;
//! std::fs::write(root.path().join("empty"), "")?;
//! std::fs::write(
//!     root.path().join("sha1sum.txt"),
//!     "da39a3ee5e6b4b0d3255bfef95601890afd80709  empty\n",
//! )?;
//! let report = checksig_core::verify_signature(root.path())?;
//! assert!(report.ok());
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod algorithm;
mod audit;
mod cancel;
mod create;
mod detours;
mod digest;
mod engine;
mod error;
mod exclude;
mod file;
mod findings;
mod hash;
mod hashing;
mod index;
mod lines;
mod listing;
mod locate;
pub mod manifest;
mod quote;
mod report;
mod root;
mod same;
mod sort;
mod store;
mod verify;
mod write;

pub use algorithm::Algorithm;
pub use cancel::Cancel;
pub use create::{CreateOptions, create, hash_file};
pub use digest::Digest;
pub use engine::{Event, Progress};
pub use error::{Error, ErrorKind};
pub use exclude::{Exclude, GlobError};
pub use hash::Hasher;
pub use locate::{DEFAULT_NAME, ManifestSource, find_manifest, read_manifest};
pub use report::{Extra, Outcome, Report, Skip, Verdict, VerdictKind};
pub use root::{
    Containment, Detail, FileStatus, LeftOut, Listed, Listing, OpenError, Refusal, Resolver, Root,
};
pub use verify::{Options, verify, verify_signature};
pub use write::write_manifest;
