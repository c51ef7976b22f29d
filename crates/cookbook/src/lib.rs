//! The cookbook's functions: one for each kind of value that crosses a C ABI.
//!
//! These are the ordinary Rust functions; the C side of each, with its pointers
//! and its ownership rules, is `src/cookbook.rs` of the root crate.

#![forbid(unsafe_code)]

pub mod arrays;
pub mod benchmarks;
pub mod callbacks;
pub mod numbers;
mod parallel;
pub mod strings;
pub mod structs;
mod sums;
