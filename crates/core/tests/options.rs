//! What each option of a verification changes.

#![allow(clippy::unwrap_used, reason = "a test's helper may panic")]

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;

use checksig_core::manifest::Format;
use checksig_core::{
    Algorithm, Cancel, CreateOptions, Error, ErrorKind, Event, Exclude, Hasher, ManifestSource,
    Options, Outcome, Report, VerdictKind, create, verify, verify_signature,
};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

fn digest(algorithm: Algorithm, content: &[u8]) -> String {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(content);
    hasher.finish().to_string()
}

/// A directory with files `a` and `b`, whose contents are their names.
fn tree() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::write(root.path().join(name), name).unwrap();
    }
    root
}

fn gnu(algorithm: Algorithm, names: &[&str]) -> String {
    let line = |name: &&str| {
        let content = name.rsplit('/').next().unwrap();
        format!("{}  {name}\n", digest(algorithm, content.as_bytes()))
    };
    names.iter().map(line).collect()
}

fn run(root: &Path, source: &ManifestSource, options: &Options) -> Result<Report, Error> {
    verify(root, source, options, &Cancel::default(), |_| {
        ControlFlow::Continue(())
    })
}

/// Verifies against this text, as if it were in a file of this name.
fn run_text(root: &TempDir, name: &str, text: &str, options: &Options) -> Report {
    let source = ManifestSource::Text(name.into(), text.as_bytes().to_vec());
    run(root.path(), &source, options).unwrap()
}

fn kinds(report: &Report) -> Vec<VerdictKind> {
    let outcomes = report.outcomes();
    outcomes.map(|outcome| outcome.verdict.kind()).collect()
}

#[test]
fn every_algorithm_verifies_by_name_by_length_and_by_force() {
    let root = tree();
    for algorithm in Algorithm::ALL {
        let text = gnu(algorithm, &["a", "b"]);
        let forced = Options {
            algorithm: Some(algorithm),
            format: Some(Format::Gnu),
            ..Options::default()
        };
        assert!(run_text(&root, "x", &text, &forced).ok(), "{algorithm}");
        let tagged = format!("{} (a) = {}\n", algorithm.tag(), digest(algorithm, b"a"));
        assert!(
            run_text(&root, "x", &tagged, &Options::default()).ok(),
            "{algorithm}"
        );
        let wrong = format!("{} (a) = {}\n", algorithm.tag(), digest(algorithm, b"b"));
        let report = run_text(&root, "x", &wrong, &Options::default());
        assert_eq!(kinds(&report), [VerdictKind::Mismatch], "{algorithm}");
    }
}

#[test]
fn a_line_with_several_digests_needs_them_all() {
    let root = tree();
    let header = "%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,filename\n";
    let (md5, sha256) = (
        digest(Algorithm::Md5, b"a"),
        digest(Algorithm::Sha256, b"a"),
    );
    let other = digest(Algorithm::Sha256, b"b");
    for (line, kind) in [
        (format!("1,{md5},{sha256},a\n"), VerdictKind::Ok),
        (format!("1,{md5},{other},a\n"), VerdictKind::Mismatch),
        (format!("2,{md5},{sha256},a\n"), VerdictKind::Mismatch),
    ] {
        let report = run_text(
            &root,
            "x",
            &(header.to_owned() + &line),
            &Options::default(),
        );
        assert_eq!(kinds(&report), [kind], "{line}");
    }
}

#[test]
fn a_file_without_a_digest_is_looked_up() {
    use VerdictKind::{Mismatch, Missing, Ok, Refused, Skipped};
    let root = tree();
    let sha1 = digest(Algorithm::Sha1, b"a");
    let text = format!("b,,\na,,1\nnone,,9\n./a,sha1={sha1},1\na,,2\n/a,,\nb,,1\n");
    let run = |options: &Options| run_text(&root, "RECORD", &text, options);
    let report = run(&Options::default());
    let first = [Skipped, Skipped, Missing, Ok, Mismatch, Refused, Skipped];
    assert_eq!(kinds(&report), first);
    assert_eq!(report.bytes(), 1);
    let options = Options {
        ignore_missing: true,
        exclude: Exclude::new(["/a"]).unwrap(),
        ..Options::default()
    };
    let report = run(&options);
    assert_eq!(kinds(&report)[..3], [Skipped; 3]);
    let mut reasons = report.outcomes().filter_map(|o| o.verdict.reason());
    assert_eq!(reasons.nth(2).unwrap(), "missing");
}

#[test]
fn lenient_runs_report_malformed_lines_and_pass() {
    let root = tree();
    let text = gnu(Algorithm::Sha1, &["a"]) + "nonsense\n";
    let strict = run_text(&root, "x", &text, &Options::default());
    assert_eq!(kinds(&strict), [VerdictKind::Ok, VerdictKind::Malformed]);
    assert!(!strict.ok());
    let lenient = Options {
        lenient: true,
        ..Options::default()
    };
    let report = run_text(&root, "x", &text, &lenient);
    assert!(report.ok());
    assert_eq!(report.message(), None);
    assert_eq!(report.count(VerdictKind::Malformed), 1);
    assert!(!run_text(&root, "x", "nonsense\n", &lenient).ok());
}

#[test]
fn missing_files_may_be_skipped_but_not_all_of_them() {
    let root = tree();
    let options = Options {
        ignore_missing: true,
        ..Options::default()
    };
    let text = gnu(Algorithm::Sha1, &["a", "none"]);
    let report = run_text(&root, "x", &text, &options);
    assert_eq!(kinds(&report), [VerdictKind::Ok, VerdictKind::Skipped]);
    assert!(report.ok());
    let report = run_text(&root, "m", &gnu(Algorithm::Sha1, &["none"]), &options);
    assert!(!report.ok());
    assert_eq!(report.message().unwrap(), b"\"m\" - no file was verified");
}

#[test]
fn an_audit_finds_what_is_not_listed_but_for_the_manifest() {
    let root = tree();
    let manifest = root.path().join("SHA1SUMS");
    fs::write(&manifest, gnu(Algorithm::Sha1, &["./a"])).unwrap();
    fs::create_dir(root.path().join("sub")).unwrap();
    fs::write(root.path().join("sub/c.tmp"), "").unwrap();
    symlink("sub", root.path().join("link-to-sub")).unwrap();
    symlink("/etc", root.path().join("out")).unwrap();
    let mut options = Options {
        audit: true,
        ..Options::default()
    };
    let report = run(root.path(), &ManifestSource::Usual, &options).unwrap();
    let extra = |report: &Report| -> Vec<String> {
        let names = report.extra().map(|extra| extra.name);
        names.map(|name| String::from_utf8(name).unwrap()).collect()
    };
    assert_eq!(extra(&report), ["b", "sub/c.tmp"]);
    assert!(!report.ok());
    let message = String::from_utf8(report.message().unwrap()).unwrap();
    assert!(message.contains("/b\" - not listed\n"), "{message}");
    options.exclude = Exclude::new(["*.tmp", "b"]).unwrap();
    assert!(
        run(root.path(), &ManifestSource::Usual, &options)
            .unwrap()
            .ok()
    );
}

#[test]
fn an_audit_finds_the_same_whatever_the_order_of_the_lines() {
    let root = TempDir::new().unwrap();
    let name = |number: usize| format!("{}/{number:03}", number % 7);
    for directory in 0..7 {
        fs::create_dir(root.path().join(directory.to_string())).unwrap();
    }
    for number in 0..300 {
        fs::write(root.path().join(name(number)), "").unwrap();
    }
    let is_listed = |number: &usize| !number.is_multiple_of(3) || *number > 200;
    let mut extra: Vec<String> = (0..300).filter(|n| !is_listed(n)).map(name).collect();
    extra.sort();
    let written = |number: usize| match number % 4 {
        0 => format!("./{}", name(number)),
        1 => name(number).replace('/', "//./"),
        2 => format!("{}\n{:032x}  gone/{number}", name(number), 0),
        _ => format!("{}\n{:032x}  {}", name(number), 0, name(number)),
    };
    let mut lines: Vec<String> = (0..300)
        .filter(is_listed)
        .map(|number| format!("{:032x}  {}\n{:032x}  .\n", 0, written(number), 0))
        .collect();
    let audit = Options {
        audit: true,
        ..Options::default()
    };
    let found = |lines: &[String]| -> Vec<String> {
        let manifest = ManifestSource::Text("MD5SUMS".into(), lines.concat().into_bytes());
        let report = run(root.path(), &manifest, &audit).unwrap();
        let names = report.extra().map(|extra| extra.name);
        names.map(|name| String::from_utf8(name).unwrap()).collect()
    };
    assert_eq!(found(&lines), extra);
    lines.reverse();
    assert_eq!(found(&lines), extra);
    lines.sort();
    assert_eq!(found(&lines), extra);
}

#[test]
fn an_audit_passes_over_what_no_manifest_can_list() {
    let root = tree();
    let at = |name: &str| root.path().join(name);
    mknodat(CWD, at("fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let _socket = UnixListener::bind(at("socket")).unwrap();
    symlink("none", at("dangling")).unwrap();
    symlink("/etc/passwd", at("out")).unwrap();
    symlink("loop", at("loop")).unwrap();
    let manifest = at("sha256sum.txt");
    let made = CreateOptions {
        algorithm: Algorithm::Sha256,
        format: Format::Gnu,
        zero: false,
        detect_collisions: false,
        exclude: Exclude::default(),
        threads: None,
        progress_only: false,
    };
    let goes_on = |_: Event<'_, Outcome>| ControlFlow::Continue(());
    let report = create(root.path(), &manifest, &made, &Cancel::default(), goes_on).unwrap();
    assert_eq!(report.count(VerdictKind::Skipped), 5);
    let audit = Options {
        audit: true,
        ..Options::default()
    };
    let report = run(root.path(), &ManifestSource::Usual, &audit).unwrap();
    assert!(report.ok(), "{:?}", report.extra().collect::<Vec<_>>());
}

#[test]
fn excluded_lines_are_skipped_unread() {
    let root = tree();
    let text = gnu(Algorithm::Sha1, &["a", "none/x", "b"]);
    let options = Options {
        exclude: Exclude::new(["none", "b"]).unwrap(),
        ..Options::default()
    };
    let report = run_text(&root, "x", &text, &options);
    let (ok, skipped) = (VerdictKind::Ok, VerdictKind::Skipped);
    assert_eq!(kinds(&report), [ok, skipped, skipped]);
    assert!(report.ok());
    assert_eq!(
        report.outcomes().nth(1).unwrap().verdict.reason().unwrap(),
        "excluded"
    );
    let all = Options {
        exclude: Exclude::new(["*"]).unwrap(),
        ..Options::default()
    };
    assert!(!run_text(&root, "x", &text, &all).ok());
}

#[test]
fn lines_of_one_file_are_judged_by_one_reading() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    fs::write(at("one"), "1").unwrap();
    fs::write(at("two"), "2").unwrap();
    // Between the two lines of `file` there is time to put another one in its place.
    let sha1 = |content: &[u8]| digest(Algorithm::Sha1, content);
    let padding = format!("{}  two\n", sha1(b"2")).repeat(50);
    let (one, two) = (sha1(b"1"), sha1(b"2"));
    let md5 = digest(Algorithm::Md5, b"1");
    let text = format!("{one}  file\n{padding}{two}  ./file\nMD5 (file) = {md5}\n");
    let ended = Cancel::default();
    let seen = thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.is_requested() {
                for content in ["one", "two"] {
                    fs::copy(at(content), at("new")).unwrap();
                    fs::rename(at("new"), at("file")).unwrap();
                }
            }
        });
        while !at("file").exists() {
            thread::yield_now();
        }
        // What fails must not leave the other thread at work.
        let kinds_of = |report| (kinds(&report)[0], kinds(&report)[51], kinds(&report)[52]);
        let mut seen = Vec::new();
        for _ in 0..500 {
            let report = run_text(&root, "x", &text, &Options::default());
            seen.push(kinds_of(report));
        }
        ended.request();
        seen
    });
    let ok = VerdictKind::Ok;
    for (one, two, md5) in &seen {
        assert!((*one, *two) != (ok, ok));
        assert_eq!(*one == ok, *md5 == ok);
    }
    assert!(seen.iter().any(|(one, _, _)| *one == ok));
    assert!(seen.iter().any(|(_, two, _)| *two == ok));
}

#[test]
fn names_stay_inside_unless_that_is_allowed() {
    let outer = tree();
    let inner = outer.path().join("inner");
    fs::create_dir(&inner).unwrap();
    symlink("../a", inner.join("a")).unwrap();
    let absolute = outer.path().join("a");
    let names = ["a", "../a", absolute.to_str().unwrap()];
    let text = gnu(Algorithm::Sha1, &names);
    let source = ManifestSource::Text("x".into(), text.into_bytes());
    let report = run(&inner, &source, &Options::default()).unwrap();
    assert_eq!(kinds(&report), [VerdictKind::Refused; 3]);
    let options = Options {
        allow_outside: true,
        ..Options::default()
    };
    assert!(run(&inner, &source, &options).unwrap().ok());
}

#[test]
fn the_usual_manifest_is_found_or_asked_for() {
    let root = tree();
    let find = || run(root.path(), &ManifestSource::Usual, &Options::default());
    let write = |name: &str, text: String| fs::write(root.path().join(name), text).unwrap();
    assert!(matches!(find().unwrap_err().kind(), ErrorKind::NoManifest));
    write("SHA256SUMS.txt", gnu(Algorithm::Sha256, &["a"]));
    assert!(find().unwrap().manifest().ends_with(b"/SHA256SUMS.txt"));
    fs::remove_file(root.path().join("SHA256SUMS.txt")).unwrap();
    write("SHA512SUMS", gnu(Algorithm::Sha512, &["a"]));
    assert!(find().unwrap().manifest().ends_with(b"/SHA512SUMS"));
    write("MD5SUMS", gnu(Algorithm::Md5, &["a"]));
    let error = find().unwrap_err().to_string();
    assert!(error.ends_with("several manifests, name one of them: MD5SUMS, SHA512SUMS"));
    write("sha1sum.txt", gnu(Algorithm::Sha1, &["a"]));
    assert!(find().unwrap().manifest().ends_with(b"/sha1sum.txt"));
}

#[test]
fn a_file_that_is_written_to_while_it_is_read_is_neither_good_nor_bad() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("large");
    let file = fs::File::create(&path).unwrap();
    file.set_len(1 << 30).unwrap();
    let digest = "0".repeat(40);
    let source = ManifestSource::Text("x".into(), format!("{digest}  large\n").into_bytes());
    let options = Options::default();
    let report = verify(
        root.path(),
        &source,
        &options,
        &Cancel::default(),
        |event| {
            if matches!(event, Event::Progress(progress) if progress.bytes > 0) {
                file.set_len(1 << 20).unwrap();
            }
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    assert_eq!(kinds(&report), [VerdictKind::Changed]);
    assert!(!report.ok());
}

#[test]
fn a_run_that_is_cancelled_before_its_first_line_is_an_empty_report() {
    let root = tree();
    let cancel = Cancel::default();
    cancel.request();
    for name in ["x", "RECORD", "x.sfv", "manifest-sha1.txt"] {
        let text = gnu(Algorithm::Sha1, &["a"]).into_bytes();
        let source = ManifestSource::Text(name.into(), text);
        let options = Options::default();
        let report = verify(root.path(), &source, &options, &cancel, |_| unreachable!()).unwrap();
        assert!(report.cancelled() && report.outcomes().next().is_none());
        assert_eq!(report.manifest(), name.as_bytes());
    }
}

#[test]
fn an_audit_is_cancelled_after_the_last_line_too() {
    let root = tree();
    let cancel = Cancel::default();
    let source = ManifestSource::Text("x".into(), gnu(Algorithm::Sha1, &["a"]).into_bytes());
    let options = Options {
        audit: true,
        ..Options::default()
    };
    let report = verify(root.path(), &source, &options, &cancel, |_| {
        cancel.request();
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(report.cancelled() && !report.ok());
    assert_eq!(kinds(&report), [VerdictKind::Ok]);
    assert_eq!(report.extra().count(), 0);
}

#[test]
fn a_cancelled_run_reports_what_was_done() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("small"), "").unwrap();
    let large = fs::File::create(root.path().join("large")).unwrap();
    large.set_len(64 << 30).unwrap();
    let digest = "0".repeat(40);
    let text = format!("{digest}  large\n{digest}  small\n");
    let source = ManifestSource::Text("x".into(), text.into_bytes());
    let cancel = Cancel::default();
    let report = verify(
        root.path(),
        &source,
        &Options::default(),
        &cancel,
        |event| {
            if let Event::Progress(progress) = event {
                assert_eq!(progress.bytes_total, Some(64 << 30));
                cancel.request();
            }
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    assert!(report.cancelled());
    assert!(!report.ok());
    assert!(report.outcomes().count() < 2);
    assert!(report.message().unwrap().ends_with(b"cancelled"));
}

#[test]
fn a_name_that_only_a_directory_can_have_is_no_files() {
    let root = tree();
    let b = digest(Algorithm::Sha1, b"b");
    let lenient = Options {
        ignore_missing: true,
        audit: true,
        ..Options::default()
    };
    // The digest is that of `b`.
    for (names, expected) in [
        (["a/", "a", "b"], "skipped mismatch OK"),
        (["a", "a/.", "b"], "mismatch skipped OK"),
    ] {
        let lines = names.map(|name| format!("{b}  {name}\n"));
        let report = run_text(&root, "x", &lines.concat(), &lenient);
        let words = kinds(&report).into_iter().map(VerdictKind::word);
        assert_eq!(words.collect::<Vec<_>>().join(" "), expected);
    }
    let report = run_text(&root, "x", &format!("{b}  a/\n{b}  b\n"), &lenient);
    let extra: Vec<Vec<u8>> = report.extra().map(|extra| extra.name).collect();
    assert_eq!(extra, [b"a"]);
}

#[test]
fn the_manifest_that_nobody_named_stays_inside() {
    let root = tree();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("sums"), gnu(Algorithm::Sha1, &["a"])).unwrap();
    for target in ["sums", "none"] {
        let link = root.path().join("sha1sum.txt");
        symlink(outside.path().join(target), &link).unwrap();
        let error = verify_signature(root.path()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NotAFile(_)), "{error}");
        fs::remove_file(link).unwrap();
    }
}
