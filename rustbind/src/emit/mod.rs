//! Writes what a plan says: the shim crate, the header, the Python package.

mod header;
mod python;
mod shim;
mod stub;
mod traits;

use std::path::{Path, PathBuf};

pub use header::{HeaderError, header};
pub use shim::Shim;

use crate::plan::Plan;
use crate::plan::names::escaped_module;

/// The generated Python package.
#[derive(Debug, Clone)]
pub struct Package {
    /// The package's name.
    pub name: String,
    /// The library's file name.
    pub library: String,
}

/// The file name of a shared library on this system.
#[must_use]
pub fn library_name(name: &str) -> String {
    format!(
        "{}{name}{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    )
}

impl Package {
    /// The package's files, by their paths in it.
    #[must_use]
    pub fn files(&self, plan: &Plan) -> Vec<(PathBuf, String)> {
        let mut files = vec![
            (
                "_runtime.py".into(),
                include_str!("../../runtime/runtime.py").to_owned(),
            ),
            (
                "_runtime.pyi".into(),
                include_str!("../../runtime/runtime.pyi").to_owned(),
            ),
            ("_bindings.py".into(), python::bindings(plan)),
            ("_bindings.pyi".into(), stub::bindings(plan)),
            ("_config.py".into(), self.config(plan)),
            ("py.typed".into(), String::new()),
        ];
        for module in &plan.modules {
            let path: PathBuf = module
                .path
                .iter()
                .map(|name| escaped_module(name))
                .collect();
            let text = python::module(plan, module, &self.name);
            files.push((path.join("__init__.py"), text));
        }
        files
    }

    fn config(&self, plan: &Plan) -> String {
        format!(
            "\"\"\"Where the library is, and what its names begin with.\"\"\"\n\n\
             LIBRARY = {:?}\nPREFIX = {:?}\n",
            self.library, plan.names.krate
        )
    }
}

/// The shim's runtime, by paths in its `src`.
#[must_use]
pub fn shim_runtime() -> Vec<(&'static Path, &'static str)> {
    vec![
        (Path::new("rt/mod.rs"), include_str!("../../runtime/rt.rs")),
        (
            Path::new("rt/call.rs"),
            include_str!("../../runtime/call.rs"),
        ),
        (
            Path::new("rt/channel.rs"),
            include_str!("../../runtime/channel.rs"),
        ),
        (
            Path::new("rt/fault.rs"),
            include_str!("../../runtime/fault.rs"),
        ),
        (
            Path::new("rt/handle.rs"),
            include_str!("../../runtime/handle.rs"),
        ),
        (
            Path::new("rt/list.rs"),
            include_str!("../../runtime/list.rs"),
        ),
        (
            Path::new("rt/object.rs"),
            include_str!("../../runtime/object.rs"),
        ),
        (
            Path::new("rt/table.rs"),
            include_str!("../../runtime/table.rs"),
        ),
        (
            Path::new("rt/wire.rs"),
            include_str!("../../runtime/wire.rs"),
        ),
    ]
}

/// Lines with an indentation.
fn indented(lines: &[String], by: usize) -> String {
    let pad = " ".repeat(by);
    lines.iter().map(|line| format!("{pad}{line}\n")).collect()
}
