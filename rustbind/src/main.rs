//! The command line: `rustbind build`, `gen` and `inspect`.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::prelude::{Long, Short, Value, ValueExt};
use rustbind::plan::{Plan, Selection};
use rustbind::project::{Project, Request, Source};
use rustbind::wheel;
use sha2::{Digest, Sha256};

const USAGE: &str = "\
Imports an ordinary Rust crate from Python.

usage: rustbind build   CRATE [-o DIRECTORY]   builds a wheel
       rustbind gen     CRATE [-o DIRECTORY]   writes the sources of the bindings
       rustbind inspect CRATE [--json]         tells what is bound, and what not and why

CRATE is the directory of a crate, or NAME@VERSION in the registry.

  -o, --output DIRECTORY   where to write; the current directory, or `gen` NAME-bindings
      --features A,B       features of the crate
      --no-default-features
      --name NAME          the Python package's name
      --exclude PATH       leaves an item out; may be repeated
      --rename PATH=NAME   gives a function or type another name; may be repeated
      --work DIRECTORY     where cargo works; the user's cache by default
      --unpacked           `build`: writes the package instead of a wheel
      --json               `inspect`: the intermediate form
";

struct Arguments {
    command: String,
    request: Request,
    output: PathBuf,
    work: Option<PathBuf>,
    unpacked: bool,
    json: bool,
}

type Failure = Box<dyn std::error::Error>;

fn parse() -> Result<Option<Arguments>, Failure> {
    let mut parser = lexopt::Parser::from_env();
    let mut words: Vec<String> = Vec::new();
    let mut found = Arguments {
        command: String::new(),
        request: Request {
            source: Source::Directory(PathBuf::new()),
            features: Vec::new(),
            no_default_features: false,
            selection: Selection::default(),
            package: None,
        },
        output: PathBuf::from("."),
        work: None,
        unpacked: false,
        json: false,
    };
    let request = &mut found.request;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Short('o') | Long("output") => found.output = parser.value()?.into(),
            Long("work") => found.work = Some(parser.value()?.into()),
            Long("features") => {
                let all = parser.value()?.string()?;
                request.features.extend(all.split(',').map(str::to_owned));
            }
            Long("no-default-features") => request.no_default_features = true,
            Long("name") => request.package = Some(parser.value()?.string()?),
            Long("exclude") => request.selection.exclude.push(parser.value()?.string()?),
            Long("rename") => {
                let pair = parser.value()?.string()?;
                let (path, name) = pair.split_once('=').ok_or("--rename takes PATH=NAME")?;
                request
                    .selection
                    .rename
                    .insert(path.to_owned(), name.to_owned());
            }
            Long("unpacked") => found.unpacked = true,
            Long("json") => found.json = true,
            Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let [command, krate] = &words[..] else {
        return Ok(None);
    };
    found.command.clone_from(command);
    found.request.source = Source::parse(krate);
    Ok(Some(found))
}

/// A directory of the crate's own in the user's cache.
fn work(request: &Request) -> PathBuf {
    let cache = std::env::var_os("RUSTBIND_CACHE")
        .map(PathBuf::from)
        .or_else(|| {
            let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
            base.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
                .map(|base| base.join("rustbind"))
        });
    let key = match &request.source {
        Source::Directory(path) => path.canonicalize().unwrap_or_else(|_| path.clone()),
        Source::Registry(name, version) => PathBuf::from(format!("{name}@{version}")),
    };
    let name = key
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let text = format!(
        "{} {:?} {}",
        key.display(),
        request.features,
        request.no_default_features
    );
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(text)[..6]);
    cache
        .unwrap_or_else(std::env::temp_dir)
        .join("work")
        .join(format!("{name}-{digest}"))
}

fn report(plan: &Plan) {
    for skipped in &plan.skipped {
        println!("  skipped {}: {}", skipped.item, skipped.reason);
    }
    let (bound, skipped) = (plan.bound(), plan.skipped.len());
    println!(
        "{}: {bound} of {} items bound, {skipped} skipped",
        plan.names.krate,
        bound + skipped
    );
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments {
        command,
        request,
        output,
        work: directory,
        unpacked,
        json,
    } = arguments;
    let directory = directory.clone().unwrap_or_else(|| work(request));
    let project = Project::new(request.clone(), &directory)?;
    let model = project.read()?;
    if command == "inspect" && *json {
        println!("{}", serde_json::to_string_pretty(&model)?);
        return Ok(());
    }
    let plan = project.plan(&model)?;
    report(&plan);
    let package = project.package(&plan);
    match command.as_str() {
        "inspect" => {}
        "gen" => {
            let default = output == Path::new(".");
            let target = if default {
                format!("{}-bindings", package.name).into()
            } else {
                output.clone()
            };
            project.generate(&plan, &target)?;
            println!("{}", target.display());
        }
        "build" => {
            let library = project.build()?;
            std::fs::create_dir_all(output)?;
            let path = if *unpacked {
                unpack(
                    &package.files(&plan),
                    &library,
                    &output.join(&package.name),
                    &package.library,
                )?
            } else {
                wheel::write(&package, &plan, &library, output)?
            };
            println!("{}", path.display());
        }
        other => return Err(format!("no command is called {other}").into()),
    }
    Ok(())
}

fn unpack(
    files: &[(PathBuf, String)],
    library: &Path,
    target: &Path,
    name: &str,
) -> Result<PathBuf, Failure> {
    for (path, text) in files {
        let path = target.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(target))?;
        std::fs::write(path, text)?;
    }
    // Never into a file that a process may have loaded.
    let path = target.join(name);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    std::fs::copy(library, path)?;
    Ok(target.to_owned())
}

fn main() -> ExitCode {
    let outcome = parse().and_then(|found| match found {
        Some(arguments) => run(&arguments).map(|()| ExitCode::SUCCESS),
        None => {
            eprint!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    });
    outcome.unwrap_or_else(|error| {
        eprintln!("rustbind: {error}");
        ExitCode::FAILURE
    })
}
