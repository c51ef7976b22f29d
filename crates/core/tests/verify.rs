//! The engine on real directories: every verdict, in manifest order.

#![allow(clippy::unwrap_used, reason = "a test's helper may panic")]

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use checksig_core::{
    Cancel, DEFAULT_NAME, Error, ErrorKind, Event, ManifestSource, Options, Refusal, Report,
    VerdictKind,
};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use sha1::{Digest, Sha1};
use tempfile::TempDir;

/// Verifies against `sha1sum.txt` with these options.
fn verify_with(root: &Path, options: &Options) -> Result<Report, Error> {
    let manifest = ManifestSource::Path(root.join(DEFAULT_NAME));
    checksig_core::verify(root, &manifest, options, &Cancel::default(), |_| {
        ControlFlow::Continue(())
    })
}

fn verify(root: &Path, threads: Option<NonZeroUsize>) -> Result<Report, Error> {
    verify_with(
        root,
        &Options {
            threads,
            ..Options::default()
        },
    )
}

/// A directory with these files and no manifest.
fn tree(files: &[(&[u8], &[u8])]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = root
            .path()
            .join(Path::new(std::ffi::OsStr::from_bytes(name)));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    root
}

fn write_manifest(root: &TempDir, text: impl AsRef<[u8]>) {
    fs::write(root.path().join(DEFAULT_NAME), text).unwrap();
}

fn line(name: &[u8], content: &[u8]) -> Vec<u8> {
    let digest: Vec<String> = Sha1::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    [digest.concat().as_bytes(), b"  ", name, b"\n"].concat()
}

/// The report's message with the root's own path replaced by `ROOT`.
fn message(root: &TempDir) -> Option<String> {
    let message = verify(root.path(), None).unwrap().message()?;
    let root = root.path().to_str().unwrap();
    Some(String::from_utf8(message).unwrap().replace(root, "ROOT"))
}

fn error(root: &TempDir) -> String {
    let error = verify(root.path(), None).unwrap_err().to_string();
    error.replace(root.path().to_str().unwrap(), "ROOT")
}

#[test]
fn a_directory_that_matches_is_ok() {
    let files: [(&[u8], &[u8]); 4] = [
        (b"empty", b""),
        (b"sub/one", b"1"),
        (b"caf\xe9", b"not UTF-8"),
        (b"-", b"a file, not standard input"),
    ];
    let root = tree(&files);
    write_manifest(
        &root,
        files.map(|(name, content)| line(name, content)).concat(),
    );
    let report = verify(root.path(), None).unwrap();
    assert!(report.ok());
    assert_eq!(report.message(), None);
    assert_eq!(report.count(VerdictKind::Ok), 4);
    assert_eq!(report.bytes(), 36);
    let names: Vec<Vec<u8>> = report.outcomes().map(|outcome| outcome.name).collect();
    assert_eq!(names, files.map(|(name, _)| name));
}

#[test]
fn each_kind_of_failure_is_one_line_in_manifest_order() {
    let root = tree(&[(b"good", b"good"), (b"changed", b"now")]);
    let path = root.path();
    fs::create_dir(path.join("directory")).unwrap();
    let fifo_mode = Mode::from_raw_mode(0o600);
    mknodat(CWD, path.join("fifo"), FileType::Fifo, fifo_mode, 0).unwrap();
    let _listener = UnixListener::bind(path.join("socket")).unwrap();
    symlink("loop", path.join("loop")).unwrap();
    symlink("good", path.join("link")).unwrap();
    let names: [&[u8]; 10] = [
        b"missing",
        b"changed",
        b"good",
        b"directory",
        b"fifo",
        b"socket",
        b"loop",
        b"link",
        b"/dev/null",
        b"../good",
    ];
    let mut text = names
        .map(|name| line(name, if name == b"changed" { b"then" } else { b"good" }))
        .concat();
    text.extend_from_slice(b"nonsense\n");
    write_manifest(&root, text);
    let expected = [
        "\"ROOT/missing\" - missing",
        "\"ROOT/changed\" - mismatch",
        "\"ROOT/directory\" - refused: is a directory",
        "\"ROOT/fifo\" - refused: is a FIFO",
        "\"ROOT/socket\" - refused: is a socket",
        "\"ROOT/loop\" - unreadable: Too many levels of symbolic links (os error 40)",
        "\"ROOT//dev/null\" - refused: outside the directory",
        "\"ROOT/../good\" - refused: outside the directory",
        "\"ROOT/sha1sum.txt\" line 11 - malformed: want a SHA-1 digest of 40 hexadecimal digits, got none",
    ];
    assert_eq!(message(&root).unwrap(), expected.join("\n"));
}

#[test]
fn each_outcome_is_a_line_of_text() {
    let root = tree(&[(b"good", b"good"), (b"caf\xe9 \"\x1b", b"now")]);
    let names: [&[u8]; 3] = [b"good", b"caf\xe9 \"\x1b", b"../good"];
    let mut text = names.map(|name| line(name, b"good")).concat();
    text.extend_from_slice(b"nonsense\n");
    write_manifest(&root, text);
    let manifest = root.path().join("sha1sum.txt");
    let manifest = manifest.to_str().unwrap();
    let report = verify(root.path(), None).unwrap();
    let expected: [Vec<u8>; 4] = [
        b"good: OK\n".to_vec(),
        b"caf\xe9 \"\\x1b: MISMATCH\n".to_vec(),
        b"../good: REFUSED (outside the directory)\n".to_vec(),
        format!(
            "{manifest} line 4: MALFORMED (want a SHA-1 digest of 40 hexadecimal digits, got none)\n"
        )
        .into_bytes(),
    ];
    assert_eq!(report.text(report.outcomes(), false), expected.concat());
    let last = report.text(report.outcomes_from(3), true);
    let painted = String::from_utf8(expected[3].clone()).unwrap();
    let painted = painted.replace("MALFORMED", "\x1b[31mMALFORMED\x1b[0m");
    assert_eq!(last, painted.as_bytes());
}

#[test]
fn the_order_and_the_verdicts_do_not_depend_on_the_number_of_threads() {
    let names: Vec<String> = (0..300).map(|i| format!("{i:03}")).collect();
    let files: Vec<(&[u8], &[u8])> = names
        .iter()
        .map(|name| (name.as_bytes(), name.as_bytes()))
        .collect();
    let root = tree(&files);
    let text: Vec<Vec<u8>> = files
        .iter()
        .map(|(name, content)| line(name, if name.ends_with(b"7") { b"" } else { content }))
        .collect();
    write_manifest(&root, text.concat());
    let messages: Vec<Option<Vec<u8>>> = [None, Some(1), Some(2), Some(7), Some(1000)]
        .map(|threads| threads.and_then(NonZeroUsize::new))
        .into_iter()
        .map(|threads| verify(root.path(), threads).unwrap().message())
        .collect();
    let first = messages[0].as_ref().unwrap();
    assert_eq!(first.split(|&byte| byte == b'\n').count(), 30);
    assert!(
        messages
            .iter()
            .all(|message| message.as_ref() == Some(first))
    );
}

#[test]
fn two_digests_for_one_file_are_never_both_ok() {
    let root = tree(&[(b"a", b"a")]);
    write_manifest(&root, [line(b"a", b"a"), line(b"a", b"b")].concat());
    assert_eq!(message(&root).unwrap(), "\"ROOT/a\" - mismatch");
}

/// Verifies a file that is replaced once a line of its own name was found right; what becomes of
/// the line with the new content's digest, which leads there by another name.
fn replaced_meanwhile(other_name: impl Fn(&Path) -> Vec<u8>, allow_outside: bool) -> VerdictKind {
    let root = tree(&[(b"file", b"old"), (b"new", b"new")]);
    symlink(".", root.path().join("link")).unwrap();
    fs::create_dir(root.path().join("a")).unwrap();
    // They fill the lanes, so that the file before them is read.
    (0..100).for_each(|number| fs::write(root.path().join(format!("a/{number}")), "").unwrap());
    // So many lines are read in their order; those in between give the time to replace the file.
    let between = (0..20_000).flat_map(|number| line(format!("a/{number}").as_bytes(), b""));
    let own = line(b"file", b"old");
    let other = line(&other_name(&root.path().canonicalize().unwrap()), b"new");
    write_manifest(
        &root,
        own.into_iter()
            .chain(between)
            .chain(other)
            .collect::<Vec<u8>>(),
    );
    let options = Options {
        allow_outside,
        threads: NonZeroUsize::new(1),
        ..Options::default()
    };
    let manifest = ManifestSource::Path(root.path().join(DEFAULT_NAME));
    let (last, mut heard) = (20_001, Vec::new());
    let cancel = Cancel::default();
    let report = checksig_core::verify(root.path(), &manifest, &options, &cancel, |event| {
        if let Event::Done(place, outcome) = event {
            if place == 0 {
                fs::rename(root.path().join("new"), root.path().join("file")).unwrap();
            }
            heard.push((place, outcome.verdict.kind()));
        }
        ControlFlow::Continue(())
    });
    let outcomes = report.unwrap();
    let kinds: Vec<VerdictKind> = outcomes
        .outcomes()
        .map(|outcome| outcome.verdict.kind())
        .collect();
    assert_eq!((kinds.len(), heard.len()), (last + 1, last + 1));
    assert_eq!(heard.last(), Some(&(last, kinds[last])));
    assert_eq!(kinds[0], VerdictKind::Ok);
    kinds[last]
}

#[test]
fn two_digests_for_one_path_are_never_both_ok_whatever_its_names() {
    let name = |name: &'static str| move |_: &Path| name.as_bytes().to_vec();
    for attempt in 0.. {
        let found = [
            replaced_meanwhile(name("link/file"), false),
            replaced_meanwhile(name("a/../file"), false),
            replaced_meanwhile(name("link/a/../link/file"), true),
            replaced_meanwhile(
                |root| root.join("link/file").into_os_string().into_encoded_bytes(),
                true,
            ),
        ];
        assert!(!found.contains(&VerdictKind::Ok));
        // Else the file was read before it was replaced.
        if found.iter().all(|kind| *kind == VerdictKind::Changed) {
            break;
        }
        assert!(attempt < 100, "{found:?}");
    }
}

#[test]
fn two_digests_for_one_path_are_never_both_ok_while_directories_are_swapped() {
    let root = tree(&[(b"old/file", b"old"), (b"new/file", b"new")]);
    symlink("old", root.path().join("link")).unwrap();
    let lines = [line(b"old/file", b"old"), line(b"link/file", b"new")];
    write_manifest(&root, lines.concat());
    let [old, new, other] = ["old", "new", "other"].map(|name| root.path().join(name));
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                fs::rename(&old, &other).unwrap();
                fs::rename(&new, &old).unwrap();
                fs::rename(&other, &new).unwrap();
            }
        });
        let mut ok = [0, 0];
        for _ in 0..2000 {
            let report = verify(root.path(), NonZeroUsize::new(1)).unwrap();
            let kinds = report.outcomes().map(|outcome| outcome.verdict.kind());
            let kinds: Vec<VerdictKind> = kinds.collect();
            if kinds == [VerdictKind::Ok, VerdictKind::Ok] {
                is_over.store(true, Ordering::Relaxed);
                panic!("both are right");
            }
            for (count, kind) in ok.iter_mut().zip(kinds) {
                *count += usize::from(kind == VerdictKind::Ok);
            }
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(ok.iter().all(|count| *count > 0), "{ok:?}");
    });
}

#[test]
fn what_was_read_through_a_link_is_told_at_once() {
    let root = tree(&[(b"a", b"a"), (b"b", b"b")]);
    symlink(".", root.path().join("link")).unwrap();
    let endless = fs::File::create(root.path().join("endless")).unwrap();
    endless.set_len(1 << 40).unwrap();
    let lines = [
        line(b"endless", b""),
        line(b"link/a", b"a"),
        line(b"b", b"b"),
    ];
    write_manifest(&root, lines.concat());
    let options = Options {
        threads: NonZeroUsize::new(2),
        ..Options::default()
    };
    let manifest = ManifestSource::Path(root.path().join(DEFAULT_NAME));
    let cancel = Cancel::default();
    let (mut heard, mut progresses) = (Vec::new(), 0);
    let report = checksig_core::verify(root.path(), &manifest, &options, &cancel, |event| {
        match event {
            Event::Done(place, _) => heard.push(place),
            // Some time after one of the small files was read, so was the other one.
            Event::Progress(_) => progresses += usize::from(!heard.is_empty()),
        }
        if progresses == 5 {
            cancel.request();
        }
        ControlFlow::Continue(())
    });
    let report = report.unwrap();
    let found = report.outcomes();
    let found = found.map(|outcome| (outcome.line, outcome.verdict.kind()));
    assert!(report.cancelled());
    heard.sort_unstable();
    assert_eq!(heard, [1, 2]);
    assert_eq!(
        found.collect::<Vec<_>>(),
        [(2, VerdictKind::Ok), (3, VerdictKind::Ok)]
    );
}

#[test]
fn an_absolute_name_of_a_file_below_is_the_same_as_its_own() {
    let root = tree(&[(b"a", b"a")]);
    let absolute = root.path().canonicalize().unwrap().join("a");
    let absolute = absolute.as_os_str().as_bytes();
    write_manifest(&root, [line(b"a", b"a"), line(absolute, b"b")].concat());
    let options = Options {
        allow_outside: true,
        audit: true,
        ..Options::default()
    };
    let report = verify_with(root.path(), &options).unwrap();
    let kinds = report.outcomes().map(|outcome| outcome.verdict.kind());
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        [VerdictKind::Ok, VerdictKind::Mismatch]
    );
    write_manifest(&root, line(absolute, b"a"));
    assert!(verify_with(root.path(), &options).unwrap().ok());
}

#[test]
fn the_usual_manifest_may_be_outside_where_files_may() {
    let root = tree(&[(b"root/a", b"a"), (b"sums", &line(b"a", b"a"))]);
    let below = root.path().join("root");
    symlink("../sums", below.join(DEFAULT_NAME)).unwrap();
    for allow_outside in [false, true] {
        let options = Options {
            allow_outside,
            ..Options::default()
        };
        let source = ManifestSource::Usual;
        let report = checksig_core::verify(&below, &source, &options, &Cancel::default(), |_| {
            ControlFlow::Continue(())
        });
        assert_eq!(report.is_ok_and(|report| report.ok()), allow_outside);
    }
}

#[test]
fn a_name_cannot_forge_a_line() {
    let root = tree(&[]);
    let digest = "0".repeat(40);
    write_manifest(&root, format!("\\{digest}  x\" - OK\\n\"y\n"));
    assert_eq!(message(&root).unwrap(), r#""ROOT/x\" - OK\n\"y" - missing"#);
}

#[test]
fn a_large_file_is_read_whole() {
    let content = vec![b'x'; 1_000_003];
    let root = tree(&[(b"large", &content)]);
    write_manifest(&root, line(b"large", &content));
    let report = verify(root.path(), None).unwrap();
    assert!(report.ok());
    assert_eq!(report.bytes(), 1_000_003);
}

#[test]
fn a_manifest_without_entries_does_not_pass() {
    let root = tree(&[]);
    for text in ["", "\n\n", "# nothing\n"] {
        write_manifest(&root, text);
        assert!(!verify(root.path(), None).unwrap().ok());
        assert_eq!(
            message(&root).unwrap(),
            "\"ROOT/sha1sum.txt\" - lists no file"
        );
    }
}

#[test]
fn a_root_or_manifest_that_cannot_be_used_is_an_error() {
    let root = tree(&[]);
    let missing = root.path().join("none");
    let failure = verify(&missing, None).unwrap_err();
    assert!(matches!(failure.kind(), ErrorKind::Root(_)));
    assert!(
        failure.to_string().ends_with(
            "none\" - cannot open the directory: No such file or directory (os error 2)"
        )
    );

    assert_eq!(
        error(&root),
        "\"ROOT/sha1sum.txt\" - cannot read the manifest: No such file or directory (os error 2)"
    );

    let manifest = root.path().join(DEFAULT_NAME);
    mknodat(
        CWD,
        &manifest,
        FileType::Fifo,
        Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let failure = verify(root.path(), None).unwrap_err();
    assert!(matches!(failure.kind(), ErrorKind::NotAFile(Refusal::Fifo)));
    fs::remove_file(&manifest).unwrap();

    fs::create_dir(&manifest).unwrap();
    assert_eq!(
        error(&root),
        "\"ROOT/sha1sum.txt\" - cannot read the manifest: is a directory"
    );
    fs::remove_dir(&manifest).unwrap();

    write_manifest(&root, b"\xff\xfed\0");
    assert_eq!(
        error(&root),
        "\"ROOT/sha1sum.txt\" - cannot read the manifest: the text is UTF-16, want ASCII or UTF-8"
    );
}

#[test]
fn a_file_as_root_is_an_error() {
    let root = tree(&[(b"file", b"")]);
    let failure = verify(&root.path().join("file"), None).unwrap_err();
    assert!(failure.to_string().contains("Not a directory"));
}
