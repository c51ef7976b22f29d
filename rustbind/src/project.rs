//! Runs cargo on the crate and on its shim.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use cargo_metadata::{
    Message, Metadata, MetadataCommand, Package as Described, PackageId, TargetKind,
};
use serde_json::json;

use crate::emit::{HeaderError, Package, Shim, header, library_name, shim_runtime};
use crate::model::{Model, Type};
use crate::plan::{Plan, Selection, plan};
use crate::rustdoc::{self, ReadError};

/// What keeps a crate from being bound at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Cargo cannot be run.
    #[error("`{program}` cannot be run: {source}; Rust's installer is at https://rustup.rs")]
    NoCargo {
        /// What was tried.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// The file beside the crate cannot be used.
    #[error("{}: {error}", path.display())]
    Sidecar {
        /// Which.
        path: PathBuf,
        /// Where, and why.
        error: String,
    },
    /// What is to be left out or renamed does not exist.
    #[error("the crate has no item `{}` to leave out or rename", .0.join("`, `"))]
    UnknownItems(Vec<String>),
    /// An instance of what is not there, or not generic in that way.
    #[error("the crate has nothing that could be bound as `{}`", .0.join("`, `"))]
    UnknownInstances(Vec<String>),
    /// Cargo has failed; it has said why.
    #[error("cargo {0} failed")]
    Cargo(&'static str),
    /// What cargo says about the crate cannot be used.
    #[error("{0}")]
    Metadata(cargo_metadata::Error),
    /// The crate is not what can be bound.
    #[error("{0}")]
    Crate(String),
    /// Rustdoc's output cannot be used.
    #[error(transparent)]
    Rustdoc(#[from] ReadError),
    /// The header cannot be made.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The shim does not compile, in a part that cannot be taken out.
    #[error("the shim does not compile:\n{0}")]
    Shim(String),
}

/// Gives an error on a file its path.
///
/// # Errors
/// The same, with the path.
pub fn on<T>(path: &Path, result: io::Result<T>) -> Result<T, Error> {
    let path = path.to_owned();
    result.map_err(|source| Error::Io { path, source })
}

/// Where the crate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In a directory.
    Directory(PathBuf),
    /// In the registry: name and version requirement.
    Registry(String, String),
}

impl Source {
    /// Understands a path or `name@version`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.split_once('@') {
            Some((name, version)) if !Path::new(text).exists() => {
                Self::Registry(name.to_owned(), version.to_owned())
            }
            _ => Self::Directory(text.into()),
        }
    }
}

/// What to bind, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The crate.
    pub source: Source,
    /// Features of the crate.
    pub features: Vec<String>,
    /// Whether the crate's default features stay off.
    pub no_default_features: bool,
    /// Instances of generic items: `Matrix<f64>`.
    pub instantiate: Vec<String>,
    /// Which items.
    pub selection: Selection,
    /// The Python package's name, if it is not the crate's.
    pub package: Option<String>,
    /// The Python package's version, if it is not the crate's.
    pub version: Option<String>,
    /// Whether cargo may not use the network.
    pub offline: bool,
}

/// A crate with its shim, in a directory of its own.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    /// The package's name for cargo.
    name: String,
    request: Request,
    /// Whether everything that cargo needs is there.
    offline: bool,
}

impl Project {
    /// Sets up the shim's directory.
    ///
    /// # Errors
    /// [`Error`].
    pub fn new(request: Request, root: &Path) -> Result<Self, Error> {
        let root = root.to_owned();
        on(&root, fs::create_dir_all(root.join("src")))?;
        let root = on(&root, root.canonicalize())?;
        let (name, dependency, lock) = dependency(&request)?;
        let offline = request.offline;
        let mut project = Self {
            root,
            name,
            request,
            offline,
        };
        if let Some(lock) = lock.filter(|lock| lock.exists()) {
            project.lock(&on(&lock, fs::read_to_string(&lock))?)?;
        }
        project.write("Cargo.toml", &manifest(&project.name, &dependency, &[]))?;
        project.write("src/lib.rs", "")?;
        // What is there need not be looked for: quicker, and it works without a network.
        project.offline |= project.metadata(true, false).is_ok();
        Ok(project)
    }

    /// Takes the crate's own lock file, until the crate has another one.
    fn lock(&self, text: &str) -> Result<(), Error> {
        let seen = self.root.join("Cargo.lock.of-crate");
        if !fs::read_to_string(seen).is_ok_and(|seen| seen == text) {
            self.write("Cargo.lock", text)?;
            self.write("Cargo.lock.of-crate", text)?;
        }
        Ok(())
    }

    /// What cargo knows about the shim and all that it depends on.
    fn metadata(&self, offline: bool, shown: bool) -> Result<Metadata, Error> {
        let mut command = MetadataCommand::new();
        command.manifest_path(self.root.join("Cargo.toml"));
        if offline {
            command.other_options(["--offline".to_owned()]);
        }
        metadata(command.verbose(shown))
    }

    /// Where everything is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes a file where its content would differ, so that cargo sees no change otherwise.
    fn write(&self, path: &str, text: &str) -> Result<(), Error> {
        let path = self.root.join(path);
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            on(parent, fs::create_dir_all(parent))?;
        }
        on(&path, fs::write(&path, text))
    }

    fn cargo(&self, command: &'static str) -> Command {
        let mut cargo = Command::new(program());
        cargo.arg(command).current_dir(&self.root);
        cargo.env("CARGO_TARGET_DIR", self.root.join("target"));
        if self.offline {
            cargo.arg("--offline");
        }
        cargo
    }

    /// Has rustdoc describe the crate.
    ///
    /// # Errors
    /// [`Error`].
    pub fn read(&self) -> Result<Model, Error> {
        let metadata = self.metadata(self.offline, true)?;
        let package = metadata
            .packages
            .iter()
            .filter(|package| package.name.as_str() == self.name)
            .find(|package| {
                package
                    .targets
                    .iter()
                    .any(|target| is_library(&target.kind))
            })
            .ok_or_else(|| Error::Crate(format!("`{}` has no library to bind", self.name)))?;
        let library = package
            .targets
            .iter()
            .find(|target| is_library(&target.kind));
        let library = library
            .map(|target| target.name.replace('-', "_"))
            .unwrap_or_default();
        let id = format!("{}@{}", package.name, package.version);
        shown(
            "check",
            self.cargo("check").args(["--lib", "--package", &id]),
        )?;
        let mut texts = vec![self.described(&id, &library)?];
        let mut known = BTreeSet::from([library]);
        let mut reading = rustdoc::read(&texts, &self.request.instantiate)?;
        loop {
            let wanted: Vec<String> = reading
                .wanted
                .iter()
                .filter(|each| !known.contains(*each))
                .cloned()
                .collect();
            let count = texts.len();
            for name in &wanted {
                let found = dependency_named(&metadata, &package.id, name);
                let id = found.map(|found| format!("{}@{}", found.name, found.version));
                // What cannot be described stays unknown, and is reported as such.
                texts.extend(id.and_then(|id| self.described(&id, name).ok()));
            }
            known.extend(wanted);
            if texts.len() == count {
                break;
            }
            reading = rustdoc::read(&texts, &self.request.instantiate)?;
        }
        let mut model = reading.model;
        model.version = package.version.to_string();
        let unknown = rustdoc::unknown_instances(&model, &self.request.instantiate);
        if !unknown.is_empty() {
            return Err(Error::UnknownInstances(unknown));
        }
        let complex = model.mentions(&mut |type_| matches!(type_, Type::Complex(_)));
        let foreign = model.types.values().map(|each| &each.place);
        let foreign = foreign.chain(model.traits.values().map(|each| &each.place));
        let foreign = foreign
            .filter(|place| place.foreign)
            .filter_map(|place| place.module.first());
        let mut named: BTreeSet<&str> = foreign.map(String::as_str).collect();
        named.extend(complex.then_some("num_complex"));
        let others = named
            .into_iter()
            .filter_map(|name| dependency_named(&metadata, &package.id, name));
        let (_, own, _) = dependency(&self.request)?;
        let text = manifest(&self.name, &own, &others.collect::<Vec<_>>());
        self.write("Cargo.toml", &text)?;
        Ok(model)
    }

    /// Has rustdoc describe a crate; gives the text.
    fn described(&self, id: &str, library: &str) -> Result<String, Error> {
        let mut doc = self.cargo("doc");
        doc.args(["--no-deps", "--lib", "--package", id])
            .env("RUSTDOC", self.rustdoc()?)
            .env(
                "RUSTDOCFLAGS",
                "-Zunstable-options --output-format=json --cap-lints=allow",
            );
        shown("doc", &mut doc)?;
        let path = self.root.join("target/doc").join(format!("{library}.json"));
        on(&path, fs::read_to_string(&path))
    }

    /// A rustdoc that knows the option for JSON, which stable releases hide. The switch
    /// is for rustdoc alone: some build scripts look at it.
    fn rustdoc(&self) -> Result<PathBuf, Error> {
        self.write(
            "rustdoc",
            "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec \"${RUSTBIND_RUSTDOC:-rustdoc}\" \"$@\"\n",
        )?;
        let path = self.root.join("rustdoc");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            on(
                &path,
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)),
            )?;
        }
        Ok(path)
    }

    /// Plans the bindings, and takes out what does not compile.
    ///
    /// # Errors
    /// [`Error`].
    pub fn plan(&self, model: &Model) -> Result<Plan, Error> {
        let unknown = self.request.selection.unknown(model);
        if !unknown.is_empty() {
            let unknown = unknown.into_iter().map(str::to_owned).collect();
            return Err(Error::UnknownItems(unknown));
        }
        let mut plan = plan(model, &self.request.selection);
        if let Some(version) = &self.request.version {
            plan.version.clone_from(version);
        }
        for (path, text) in shim_runtime() {
            self.write(&format!("src/{}", path.display()), text)?;
        }
        loop {
            let shim = Shim::new(&plan);
            self.write("src/lib.rs", &shim.text)?;
            let reasons = self.check(&shim)?;
            if reasons.is_empty() {
                return Ok(plan);
            }
            let before = plan.parts();
            plan.drop_failing(&reasons);
            if plan.parts() == before {
                let reasons = reasons
                    .into_iter()
                    .map(|(name, reason)| format!("{name}: {reason}\n"));
                return Err(Error::Shim(reasons.collect()));
            }
        }
    }

    /// Why parts of the shim do not compile.
    fn check(&self, shim: &Shim) -> Result<BTreeMap<String, String>, Error> {
        let mut check = self.cargo("check");
        let output = started(check.args(["--lib", "--message-format=json"]).output())?;
        let mut reasons = BTreeMap::new();
        let mut others = String::new();
        for message in Message::parse_stream(&output.stdout[..]) {
            let Ok(Message::CompilerMessage(message)) = message else {
                continue;
            };
            let message = message.message;
            if message.level != cargo_metadata::diagnostic::DiagnosticLevel::Error {
                continue;
            }
            let lines = message.spans.iter().filter_map(line_in_shim);
            let names: Vec<&str> = lines.filter_map(|line| shim.at(line)).collect();
            if names.is_empty() && !message.spans.is_empty() {
                others.push_str(message.rendered.as_deref().unwrap_or(&message.message));
            }
            for name in names {
                reasons
                    .entry(name.to_owned())
                    .or_insert_with(|| message.message.clone());
            }
        }
        if reasons.is_empty() && !output.status.success() {
            if others.is_empty() {
                others = String::from_utf8_lossy(&output.stderr).into_owned();
            }
            return Err(Error::Shim(others));
        }
        Ok(reasons)
    }

    /// Builds the library.
    ///
    /// # Errors
    /// [`Error`].
    pub fn build(&self) -> Result<PathBuf, Error> {
        shown("build", self.cargo("build").args(["--release", "--lib"]))?;
        let name = library_name(&shim_name(&self.name).replace('-', "_"));
        Ok(self.root.join("target/release").join(name))
    }

    /// The Python package.
    #[must_use]
    pub fn package(&self, plan: &Plan) -> Package {
        let name = self
            .request
            .package
            .clone()
            .unwrap_or_else(|| plan.names.krate.clone());
        Package {
            library: library_name(&name),
            name,
        }
    }

    /// Writes the sources for those who keep and edit them: the shim crate, the
    /// header, the Python package, and a `setup.py` that builds a wheel of them.
    ///
    /// # Errors
    /// [`Error`].
    pub fn generate(&self, plan: &Plan, target: &Path) -> Result<(), Error> {
        let package = self.package(plan);
        let mut files: Vec<(PathBuf, String)> = Vec::new();
        for path in ["Cargo.toml", "src/lib.rs"] {
            let from = self.root.join(path);
            files.push((
                Path::new("shim").join(path),
                on(&from, fs::read_to_string(&from))?,
            ));
        }
        for (path, text) in shim_runtime() {
            files.push((Path::new("shim/src").join(path), text.to_owned()));
        }
        // Without its runtime: that is Rust's business alone.
        let exported = Shim::new(plan).text.replacen("mod rt;\n", "", 1);
        self.write("exported.rs", &exported)?;
        let header_text = header(&self.root.join("exported.rs"), &plan.names.krate)?;
        files.push((
            PathBuf::from(format!("include/{}.h", plan.names.krate)),
            header_text,
        ));
        for (path, text) in package.files(plan) {
            files.push((Path::new(&package.name).join(path), text));
        }
        files.push((
            "setup.py".into(),
            setup(&self.name, &package, &plan.version),
        ));
        for (path, text) in files {
            let path = target.join(path);
            if let Some(parent) = path.parent() {
                on(parent, fs::create_dir_all(parent))?;
            }
            on(&path, fs::write(&path, text))?;
        }
        Ok(())
    }
}

/// The cargo that users have chosen.
fn program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// What a program did, if it could be started.
fn started<T>(result: io::Result<T>) -> Result<T, Error> {
    let program = program().to_string_lossy().into_owned();
    result.map_err(|source| Error::NoCargo { program, source })
}

/// Runs cargo, which shows its progress and its errors itself.
fn shown(name: &'static str, command: &mut Command) -> Result<(), Error> {
    // Standard output is for what rustbind itself has to say.
    let status = started(command.stdout(Stdio::null()).status())?;
    status.success().then_some(()).ok_or(Error::Cargo(name))
}

/// Runs `cargo metadata`.
fn metadata(command: &MetadataCommand) -> Result<Metadata, Error> {
    command.exec().map_err(|error| match error {
        cargo_metadata::Error::Io(source) => Error::NoCargo {
            program: program().to_string_lossy().into_owned(),
            source,
        },
        cargo_metadata::Error::CargoMetadata { stderr } if stderr.is_empty() => {
            Error::Cargo("metadata")
        }
        cargo_metadata::Error::CargoMetadata { stderr } => Error::Crate(stderr.trim().to_owned()),
        other => Error::Metadata(other),
    })
}

fn is_library(kinds: &[TargetKind]) -> bool {
    kinds
        .iter()
        .any(|kind| matches!(kind, TargetKind::Lib | TargetKind::RLib))
}

/// Where in the shim a span is, also from within a macro.
fn line_in_shim(span: &cargo_metadata::diagnostic::DiagnosticSpan) -> Option<usize> {
    let mut span = span;
    loop {
        if span.file_name == "src/lib.rs" {
            return Some(span.line_start);
        }
        span = &span.expansion.as_ref()?.span;
    }
}

fn shim_name(name: &str) -> String {
    format!("{name}-rustbind")
}

/// The package's name, the dependency on it, and its lock file.
fn dependency(request: &Request) -> Result<(String, serde_json::Value, Option<PathBuf>), Error> {
    let mut dependency = json!({});
    let (name, lock) = match &request.source {
        Source::Registry(name, version) => {
            dependency["version"] = format!("={version}").into();
            (name.clone(), None)
        }
        Source::Directory(path) => {
            let path = on(path, path.canonicalize())?;
            let manifest = path.join("Cargo.toml");
            on(&manifest, fs::metadata(&manifest))?;
            let metadata = metadata(MetadataCommand::new().manifest_path(&manifest).no_deps())?;
            let own = metadata
                .packages
                .iter()
                .find(|package| package.manifest_path == manifest);
            let package = own.ok_or_else(|| {
                Error::Crate(format!(
                    "{} is a workspace: name one of its crates",
                    path.display()
                ))
            })?;
            dependency["path"] = path.display().to_string().into();
            let lock = metadata
                .workspace_root
                .join("Cargo.lock")
                .into_std_path_buf();
            (package.name.to_string(), Some(lock))
        }
    };
    if !request.features.is_empty() {
        dependency["features"] = request.features.clone().into();
    }
    if request.no_default_features {
        dependency["default-features"] = false.into();
    }
    Ok((name, dependency, lock))
}

/// The package that a crate knows by a library's name, or the only one of that name.
fn dependency_named<'a>(
    metadata: &'a Metadata,
    of: &PackageId,
    name: &str,
) -> Option<&'a Described> {
    let resolved = metadata.resolve.as_ref()?;
    let node = resolved.nodes.iter().find(|node| node.id == *of)?;
    let named = |package: &&Described| {
        let mut targets = package.targets.iter();
        let own =
            targets.any(|target| is_library(&target.kind) && target.name.replace('-', "_") == name);
        // A manifest can name what is in a registry or in a directory.
        own && package
            .source
            .as_ref()
            .is_none_or(|source| source.repr.starts_with("registry+"))
    };
    let mut direct = metadata.packages.iter().filter(named);
    if let Some(found) = direct.find(|package| node.dependencies.contains(&package.id)) {
        return Some(found);
    }
    let mut all = metadata.packages.iter().filter(named);
    let found = all.next()?;
    all.next().is_none().then_some(found)
}

/// The shim's manifest; `others` are further crates that it names something of.
fn manifest(name: &str, dependency: &serde_json::Value, others: &[&Described]) -> String {
    let others = others.iter().map(|package| {
        let (name, version) = (&package.name, &package.version);
        let place = match package.source {
            Some(_) => format!("version = \"={version}\""),
            None => format!(
                "path = {:?}",
                package
                    .manifest_path
                    .parent()
                    .map_or("", |path| path.as_str())
            ),
        };
        format!("{name} = {{ {place}, default-features = false }}\n")
    });
    let fields = dependency.as_object().into_iter().flatten();
    let fields: Vec<String> = fields
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    format!(
        "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
         [lib]\ncrate-type = [\"cdylib\"]\n\n\
         [dependencies]\n{name} = {{ {} }}\n{}\n\
         # A panic becomes an exception: it must unwind.\n\
         [profile.release]\npanic = \"unwind\"\nlto = true\ncodegen-units = 1\nstrip = true\n\n\
         [workspace]\n",
        shim_name(name),
        fields.join(", "),
        others.collect::<String>()
    )
}

fn setup(krate: &str, package: &Package, version: &str) -> String {
    let built = library_name(&shim_name(krate).replace('-', "_"));
    let Package { name, library } = package;
    format!(
        r#""""Builds the wheel of the bindings of {krate}."""

import shutil
import subprocess
from pathlib import Path

from setuptools import Distribution, find_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildLibrary(build_py):
    """Has cargo build the shim beside the modules."""

    def run(self):
        subprocess.run(["cargo", "build", "--release"], cwd=ROOT / "shim", check=True)
        super().run()
        built = ROOT / "shim" / "target" / "release" / "{built}"
        shutil.copy(built, Path(self.build_lib) / "{name}" / "{library}")


class Wheel(bdist_wheel):
    """A wheel for one platform and every Python."""

    def get_tag(self):
        return ("py3", "none", super().get_tag()[2])


class WithLibrary(Distribution):
    """What is not pure."""

    def has_ext_modules(self):
        return True


setup(
    name="{name}",
    version="{version}",
    python_requires=">=3.9",
    packages=find_packages(include=["{name}", "{name}.*"]),
    package_data={{"{name}": ["py.typed", "*.pyi"]}},
    cmdclass={{"build_py": BuildLibrary, "bdist_wheel": Wheel}},
    distclass=WithLibrary,
)
"#
    )
}
