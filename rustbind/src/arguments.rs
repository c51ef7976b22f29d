//! What the command line says.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::{Long, Short, Value, ValueExt};
use rustbind::plan::Selection;
use rustbind::plan::names::is_name;
use rustbind::project::{Request, Source};
use rustbind::sidecar;

use crate::Failure;

/// What `--help` prints.
pub const USAGE: &str = "\
Imports an ordinary Rust crate from Python.

usage: rustbind build   CRATE [-o DIRECTORY]   builds a wheel
       rustbind gen     CRATE [-o DIRECTORY]   writes the sources of the bindings
       rustbind inspect CRATE [--json]         tells what is bound, and what not and why

CRATE is the directory of a crate, or NAME@VERSION in the registry.

  -o, --output DIRECTORY   where to write; the current directory, or `gen` NAME-bindings
      --features A,B       features of the crate
      --no-default-features
      --name NAME          the Python package's name; otherwise the crate's
      --package-version V  the Python package's version; otherwise the crate's
      --exclude PATH       leaves an item out; may be repeated
      --instantiate TYPE   binds a generic type or function as `Matrix<f64>`; may be repeated
      --rename PATH=NAME   gives an item another name; may be repeated
      --config FILE        says the same in TOML; otherwise `rustbind.toml` beside Cargo.toml
      --offline            without the network, which is used only for what is not there yet
      --work DIRECTORY     where cargo works; the user's cache by default
      --unpacked           `build`: writes the package instead of a wheel
      --json               `inspect`: the intermediate form
  -h, --help
  -V, --version
";

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A wheel, or the package in a directory.
    Build,
    /// The sources.
    Gen,
    /// A report.
    Inspect,
}

/// A command with its options.
#[derive(Debug)]
pub struct Arguments {
    /// What is to be done.
    pub action: Action,
    /// With which crate.
    pub request: Request,
    /// Where the results go.
    pub output: Option<PathBuf>,
    /// Where cargo works.
    pub work: Option<PathBuf>,
    /// Whether `build` writes a directory.
    pub unpacked: bool,
    /// Whether `inspect` prints the intermediate form.
    pub json: bool,
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Asked {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// A command.
    Run(Box<Arguments>),
}

/// Understands the command line.
///
/// # Errors
/// Where it, or the file that it names, says what is not understood.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Asked, Failure> {
    let mut parser = lexopt::Parser::from_args(words);
    let mut words: Vec<String> = Vec::new();
    let mut config: Option<PathBuf> = None;
    let mut found = Arguments {
        action: Action::Inspect,
        request: empty(),
        output: None,
        work: None,
        unpacked: false,
        json: false,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Asked::Help),
            Short('V') | Long("version") => return Ok(Asked::Version),
            Short('o') | Long("output") => found.output = Some(parser.value()?.into()),
            Long("work") => found.work = Some(parser.value()?.into()),
            Long("config") => config = Some(parser.value()?.into()),
            Long("unpacked") => found.unpacked = true,
            Long("json") => found.json = true,
            Value(word) => words.push(word.string()?),
            Long(name) => {
                let name = name.to_owned();
                of_request(&name, &mut parser, &mut found.request)?;
            }
            Short(_) => return Err(argument.unexpected().into()),
        }
    }
    let [action, krate] = &words[..] else {
        return Err("a command and a crate are needed; --help tells more".into());
    };
    found.action = match action.as_str() {
        "build" => Action::Build,
        "gen" => Action::Gen,
        "inspect" => Action::Inspect,
        other => return Err(format!("no command is called `{other}`").into()),
    };
    found.request.source = Source::parse(krate);
    if let Some(path) = config.or_else(|| sidecar::beside(krate.as_ref())) {
        sidecar::apply(&path, &mut found.request)?;
    }
    check(&found.request)?;
    Ok(Asked::Run(Box::new(found)))
}

fn empty() -> Request {
    Request {
        source: Source::Directory(PathBuf::new()),
        features: Vec::new(),
        no_default_features: false,
        instantiate: Vec::new(),
        selection: Selection::default(),
        package: None,
        version: None,
        offline: false,
    }
}

/// An option that says what is bound, and how.
fn of_request(
    name: &str,
    parser: &mut lexopt::Parser,
    request: &mut Request,
) -> Result<(), Failure> {
    match name {
        "features" => {
            let all = parser.value()?.string()?;
            let each = all
                .split(',')
                .map(str::trim)
                .filter(|each| !each.is_empty());
            request.features.extend(each.map(str::to_owned));
        }
        "no-default-features" => request.no_default_features = true,
        "offline" => request.offline = true,
        "name" => request.package = Some(parser.value()?.string()?),
        "package-version" => request.version = Some(parser.value()?.string()?),
        "instantiate" => request.instantiate.push(parser.value()?.string()?),
        "exclude" => request.selection.exclude.push(parser.value()?.string()?),
        "rename" => {
            let pair = parser.value()?.string()?;
            let (path, name) = pair.split_once('=').ok_or("--rename takes PATH=NAME")?;
            request
                .selection
                .rename
                .insert(path.to_owned(), name.to_owned());
        }
        other => return Err(format!("no option is called `--{other}`").into()),
    }
    Ok(())
}

/// Names must be Python's, and a version one that wheels may have.
fn check(request: &Request) -> Result<(), Failure> {
    let renamed = request.selection.rename.values();
    if let Some(name) = renamed.chain(&request.package).find(|name| !is_name(name)) {
        return Err(format!("`{name}` is no name in Python").into());
    }
    let plain = |version: &&String| {
        !version.is_empty()
            && version
                .chars()
                .all(|each| each.is_ascii_alphanumeric() || ".+!".contains(each))
    };
    match &request.version {
        Some(version) if !plain(&version) => {
            Err(format!("`{version}` is no version of a Python package").into())
        }
        _ => Ok(()),
    }
}
