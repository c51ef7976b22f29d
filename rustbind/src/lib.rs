//! rustbind: an ordinary Rust crate, importable from Python.
//!
//! The rooms, in the order in which a crate passes through them:
//!
//! - [`rustdoc`] reads rustdoc's JSON;
//! - [`model`] is the intermediate form, which knows neither C nor Python;
//! - [`plan`] decides what crosses how, and why the rest does not;
//! - [`emit`] writes the shim, the header and the Python package;
//! - [`project`] runs cargo: it has the crate documented, the shim checked, and
//!   what does not compile taken out, and the library built;
//! - [`wheel`] packs the result.
//!
//! [`sidecar`] reads what is to be bound, and how, from a file.
//!
//! Beside `src`, `runtime` has the parts of the generated code that are the same for
//! every crate: the shim's in Rust, the package's in Python.
#![forbid(unsafe_code)]

pub mod emit;
pub mod model;
pub mod plan;
pub mod project;
pub mod rustdoc;
pub mod sidecar;
pub mod wheel;
