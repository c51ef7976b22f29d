//! Packs a wheel: a Python package with its library, for every Python on a platform.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::emit::Package;
use crate::plan::Plan;
use crate::project::{Error, on};

/// Writes the wheel into a directory, and gives its path.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn write(
    package: &Package,
    plan: &Plan,
    library: &Path,
    target: &Path,
) -> Result<PathBuf, Error> {
    let tag = format!("py3-none-{}", platform());
    let name = package.name.replace('-', "_");
    let path = target.join(format!("{name}-{}-{tag}.whl", plan.version));
    let info = PathBuf::from(format!("{name}-{}.dist-info", plan.version));
    let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for (file, text) in package.files(plan) {
        files.push((Path::new(&name).join(file), text.into_bytes()));
    }
    let content = on(library, fs::read(library))?;
    files.push((Path::new(&name).join(&package.library), content));
    files.push((info.join("METADATA"), metadata(&name, plan).into_bytes()));
    let wheel =
        format!("Wheel-Version: 1.0\nGenerator: rustbind\nRoot-Is-Purelib: false\nTag: {tag}\n");
    files.push((info.join("WHEEL"), wheel.into_bytes()));
    let record = info.join("RECORD");
    let mut lines = String::new();
    for (file, content) in &files {
        let digest = BASE64URL_NOPAD.encode(&Sha256::digest(content));
        lines.push_str(&format!(
            "{},sha256={digest},{}\n",
            file.display(),
            content.len()
        ));
    }
    lines.push_str(&format!("{},,\n", record.display()));
    files.push((record, lines.into_bytes()));
    let archive = on(&path, File::create(&path))?;
    on(&path, pack(archive, &files))?;
    Ok(path)
}

fn pack(archive: impl Write + Seek, files: &[(PathBuf, Vec<u8>)]) -> std::io::Result<()> {
    let mut zip = ZipWriter::new(archive);
    // Without times: the same crate gives the same wheel.
    let options = SimpleFileOptions::default().unix_permissions(0o644);
    for (path, content) in files {
        zip.start_file(path.to_string_lossy(), options)?;
        zip.write_all(content)?;
    }
    zip.finish()?;
    Ok(())
}

fn metadata(name: &str, plan: &Plan) -> String {
    format!(
        "Metadata-Version: 2.1\nName: {name}\nVersion: {}\n\
         Summary: The Rust crate {}, bound by rustbind\nRequires-Python: >=3.9\n",
        plan.version, plan.names.krate
    )
}

/// This system in a wheel's tag.
fn platform() -> String {
    let machine = std::env::consts::ARCH;
    match std::env::consts::OS {
        "macos" if machine == "aarch64" => "macosx_11_0_arm64".to_owned(),
        "macos" => format!("macosx_10_12_{machine}"),
        system => format!("{system}_{machine}"),
    }
}
