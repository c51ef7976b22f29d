//! Names the shared library in itself, so that a program linked to it by path
//! looks for the name and not for the path.

fn main() {
    let linker_argument = match std::env::var("CARGO_CFG_TARGET_VENDOR").as_deref() {
        Ok("apple") => "-Wl,-install_name,@rpath/libchecksig.dylib",
        _ => "-Wl,-soname,libchecksig.so",
    };
    println!("cargo::rustc-cdylib-link-arg={linker_argument}");
    println!("cargo::rerun-if-changed=build.rs");
}
