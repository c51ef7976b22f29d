//! The C ABI of checksig: convert, call a crate below, convert back.
//!
//! Every function here is in `include/checksig.h`, which cbindgen writes from
//! these doc comments: they speak to a C reader. What holds for all functions is
//! in the header's first comment (`cbindgen.toml`).

#![allow(
    non_camel_case_types,
    non_snake_case,
    reason = "types and functions bear the names that C sees"
)]

mod abi;
mod checksig;
mod cookbook;
mod dns;
