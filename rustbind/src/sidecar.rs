//! `rustbind.toml`: what the command line says, kept beside the crate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::project::{Error, Request, on};

/// The file's name beside a crate's `Cargo.toml`.
pub const NAME: &str = "rustbind.toml";

/// What the file may say; what the command line says goes before.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Sidecar {
    /// The Python package's name.
    name: Option<String>,
    /// The Python package's version.
    version: Option<String>,
    /// Features of the crate.
    features: Vec<String>,
    /// Whether the crate's default features stay off.
    no_default_features: bool,
    /// Paths of items that are left out.
    exclude: Vec<String>,
    /// Instances of generic items.
    instantiate: Vec<String>,
    /// New names by path.
    rename: BTreeMap<String, String>,
}

/// Adds what a file says to a request.
///
/// # Errors
/// Where the file cannot be read, or says what is not understood.
pub fn apply(path: &Path, request: &mut Request) -> Result<(), Error> {
    let text = on(path, std::fs::read_to_string(path))?;
    let file: Sidecar = toml::from_str(&text).map_err(|error| Error::Sidecar {
        path: path.to_owned(),
        error: error.to_string(),
    })?;
    request.package = request.package.take().or(file.name);
    request.version = request.version.take().or(file.version);
    request.features.extend(file.features);
    request.no_default_features |= file.no_default_features;
    request.selection.exclude.extend(file.exclude);
    request.instantiate.extend(file.instantiate);
    for (item, name) in file.rename {
        request.selection.rename.entry(item).or_insert(name);
    }
    Ok(())
}

/// The file beside a crate, if there is one.
#[must_use]
pub fn beside(directory: &Path) -> Option<PathBuf> {
    let path = directory.join(NAME);
    path.exists().then_some(path)
}
