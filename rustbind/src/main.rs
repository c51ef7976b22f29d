//! The command line: `rustbind build`, `gen` and `inspect`.
#![forbid(unsafe_code)]

mod arguments;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use arguments::{Action, Arguments, Asked, USAGE, parse};
use rustbind::plan::Plan;
use rustbind::project::{Project, Request, Source, on};
use rustbind::wheel;
use sha2::{Digest, Sha256};

type Failure = Box<dyn std::error::Error>;

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

/// Says what takes its time now; cargo's own lines follow.
fn step(text: &str) {
    eprintln!("rustbind: {text}");
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { request, .. } = arguments;
    // Before the work, not after it.
    let output = arguments.output.as_deref().unwrap_or(Path::new("."));
    if arguments.action != Action::Inspect {
        on(output, std::fs::create_dir_all(output))?;
    }
    let directory = arguments.work.clone().unwrap_or_else(|| work(request));
    let project = Project::new(request.clone(), &directory)?;
    step("reading the crate");
    let model = project.read()?;
    if arguments.action == Action::Inspect && arguments.json {
        println!("{}", serde_json::to_string_pretty(&model)?);
        return Ok(());
    }
    step("checking the bindings");
    let plan = project.plan(&model)?;
    report(&plan);
    let written = match arguments.action {
        Action::Inspect => return Ok(()),
        Action::Gen => generate(&project, &plan, arguments)?,
        Action::Build => {
            step("building the library");
            build(&project, &plan, arguments, output)?
        }
    };
    println!("{}", written.display());
    Ok(())
}

fn generate(project: &Project, plan: &Plan, arguments: &Arguments) -> Result<PathBuf, Failure> {
    let name = project.package(plan).name;
    let target = arguments.output.clone();
    let target = target.unwrap_or_else(|| format!("{name}-bindings").into());
    project.generate(plan, &target)?;
    Ok(target)
}

fn build(
    project: &Project,
    plan: &Plan,
    arguments: &Arguments,
    output: &Path,
) -> Result<PathBuf, Failure> {
    let library = project.build()?;
    let package = project.package(plan);
    if arguments.unpacked {
        let target = output.join(&package.name);
        unpack(&package.files(plan), &library, &target, &package.library)?;
        return Ok(target);
    }
    Ok(wheel::write(&package, plan, &library, output)?)
}

fn unpack(
    files: &[(PathBuf, String)],
    library: &Path,
    target: &Path,
    name: &str,
) -> Result<(), Failure> {
    for (path, text) in files {
        let path = target.join(path);
        let parent = path.parent().unwrap_or(target);
        on(parent, std::fs::create_dir_all(parent))?;
        on(&path, std::fs::write(&path, text))?;
    }
    // Never into a file that a process may have loaded.
    let path = target.join(name);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => on(&path, Err(error))?,
        _ => {}
    }
    on(&path, std::fs::copy(library, &path))?;
    Ok(())
}

fn main() -> ExitCode {
    let outcome = parse(std::env::args_os().skip(1)).and_then(|asked| {
        match asked {
            Asked::Help => print!("{USAGE}"),
            Asked::Version => println!("rustbind {}", env!("CARGO_PKG_VERSION")),
            Asked::Run(arguments) => run(&arguments)?,
        }
        Ok(())
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rustbind: {error}");
            ExitCode::FAILURE
        }
    }
}
