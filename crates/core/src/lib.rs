//! Checksum manifests and the parallel verification of what they list.
//!
//! Reading, deciding and printing are apart: [`manifest`] turns bytes into
//! entries and does no I/O, [`verify`] reads files, and [`Report`] counts and
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
//! let report = checksig_core::verify(root.path(), None)?;
//! assert!(report.ok());
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod digest;
mod engine;
mod error;
pub mod manifest;
mod open;
mod quote;
mod report;

pub use digest::Digest;
pub use engine::{MANIFEST_NAME, verify};
pub use error::{Error, ErrorKind};
pub use open::Refusal;
pub use report::{Outcome, Report, Verdict, VerdictKind};
