//! The committed header is what cbindgen makes of the sources.
//!
//! `make header` runs this test with `CHECKSIG_UPDATE_HEADER` set: it then writes
//! the header instead of comparing it.

use std::path::Path;
use std::{env, fs};

#[test]
fn the_committed_header_is_up_to_date() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let committed = package.join("include/checksig.h");
    let config = cbindgen::Config::from_file(package.join("cbindgen.toml")).unwrap();
    let mut generated = Vec::new();
    cbindgen::generate_with_config(package, config)
        .unwrap()
        .write(&mut generated);
    if env::var_os("CHECKSIG_UPDATE_HEADER").is_some() {
        fs::write(&committed, generated).unwrap();
        return;
    }
    let generated = String::from_utf8(generated).unwrap();
    let committed = fs::read_to_string(committed).unwrap_or_default();
    assert!(
        generated == committed,
        "include/checksig.h is stale: run `make header`"
    );
}
