//! Files with the same SHA-1 digest, and how they are refused.

#![allow(clippy::unwrap_used, reason = "a test's helper may panic")]

use std::fs;
use std::ops::ControlFlow;

use checksig_core::manifest::Format;
use checksig_core::{
    Algorithm, Cancel, CreateOptions, Digest, Exclude, Hasher, ManifestSource, Options, Report,
    VerdictKind, create, verify,
};
use tempfile::TempDir;

use VerdictKind::{Mismatch, Missing, Ok as Good, Refused};

/// The published pairs: `tests/data/collisions/README.md` says where they are from.
const PAIRS: [[&[u8]; 2]; 2] = [
    [
        include_bytes!("../../../tests/data/collisions/shattered-1"),
        include_bytes!("../../../tests/data/collisions/shattered-2"),
    ],
    [
        include_bytes!("../../../tests/data/collisions/shambles-1"),
        include_bytes!("../../../tests/data/collisions/shambles-2"),
    ],
];

const REASON: &str = "shows signs of a SHA-1 collision attack";

fn digest(algorithm: Algorithm, content: &[u8]) -> Digest {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(content);
    hasher.finish()
}

fn tagged(algorithm: Algorithm, name: &str, content: &[u8]) -> String {
    let digest = digest(algorithm, content);
    format!("{} ({name}) = {digest}\n", algorithm.tag())
}

/// A directory with the files `one` and `two`, which have the same digest, and `plain`.
fn tree(pair: [&[u8]; 2]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, content) in [("one", pair[0]), ("two", pair[1]), ("plain", b"plain")] {
        fs::write(root.path().join(name), content).unwrap();
    }
    root
}

fn run(root: &TempDir, text: &str, detect_collisions: bool) -> Report {
    let source = ManifestSource::Text("x".into(), text.as_bytes().to_vec());
    let options = Options {
        detect_collisions,
        ..Options::default()
    };
    let goes_on = |_: checksig_core::Event<'_, _>| ControlFlow::Continue(());
    verify(root.path(), &source, &options, &Cancel::default(), goes_on).unwrap()
}

fn kinds(report: &Report) -> Vec<VerdictKind> {
    let outcomes = report.outcomes();
    outcomes.map(|outcome| outcome.verdict.kind()).collect()
}

/// Lines with which both files of a pair pass, since nobody can tell them apart.
fn lines(pair: [&[u8]; 2]) -> String {
    let sha1 = digest(Algorithm::Sha1, pair[0]);
    let plain = digest(Algorithm::Sha1, b"plain");
    format!("{sha1}  one\n{sha1}  two\n{plain}  plain\n")
}

#[test]
fn both_files_of_a_collision_pass_unless_collisions_are_looked_for() {
    for pair in PAIRS {
        assert_ne!(pair[0], pair[1]);
        let root = tree(pair);
        let report = run(&root, &lines(pair), false);
        assert_eq!(kinds(&report), [Good; 3]);
        let report = run(&root, &lines(pair), true);
        assert_eq!(kinds(&report), [Refused, Refused, Good]);
        assert!(!report.ok());
        for outcome in report.outcomes().take(2) {
            assert_eq!(outcome.verdict.reason().unwrap(), REASON);
            assert_eq!(outcome.verdict.actual(), None);
            assert_eq!(outcome.expected, Some(digest(Algorithm::Sha1, pair[0])));
            assert_eq!(outcome.size, pair[0].len() as u64);
        }
    }
}

#[test]
fn a_long_file_with_a_collision_in_it_is_refused() {
    // What follows a collision leaves it one. So long a file is read by two threads.
    let rest = vec![7; 5 << 20];
    let pair = PAIRS[0].map(|start| [start, &rest].concat());
    let pair = [&pair[0][..], &pair[1][..]];
    let root = tree(pair);
    assert_eq!(kinds(&run(&root, &lines(pair), false)), [Good; 3]);
    assert_eq!(
        kinds(&run(&root, &lines(pair), true)),
        [Refused, Refused, Good]
    );
}

#[test]
fn a_collision_is_refused_whatever_digest_is_stated() {
    let root = tree(PAIRS[0]);
    let other = digest(Algorithm::Sha1, b"other");
    let text = format!("{other}  one\n{other}  plain\n{other}  none\n");
    assert_eq!(
        kinds(&run(&root, &text, false)),
        [Mismatch, Mismatch, Missing]
    );
    assert_eq!(
        kinds(&run(&root, &text, true)),
        [Refused, Mismatch, Missing]
    );
}

#[test]
fn lines_of_other_algorithms_are_judged_as_ever() {
    let root = tree(PAIRS[1]);
    let [one, two] = PAIRS[1];
    let text = [
        tagged(Algorithm::Sha1, "one", one),
        tagged(Algorithm::Sha256, "one", one),
        tagged(Algorithm::Md5, "two", one),
        tagged(Algorithm::Blake3, "two", two),
    ]
    .concat();
    assert_eq!(
        kinds(&run(&root, &text, false)),
        [Good, Good, Mismatch, Good]
    );
    assert_eq!(
        kinds(&run(&root, &text, true)),
        [Refused, Good, Mismatch, Good]
    );
}

#[test]
fn of_a_line_with_several_digests_one_of_sha_1_is_enough() {
    let root = tree(PAIRS[0]);
    let [one, two] = PAIRS[0];
    let row = |name: &str, content: &[u8]| {
        let md5 = digest(Algorithm::Md5, content);
        let sha1 = digest(Algorithm::Sha1, content);
        format!("{},{md5},{sha1},{name}\n", content.len())
    };
    let rows = row("one", one) + &row("two", one) + &row("two", two) + &row("plain", b"plain");
    let text = format!("%%%% HASHDEEP-1.0\n%%%% size,md5,sha1,filename\n{rows}");
    assert_eq!(
        kinds(&run(&root, &text, false)),
        [Good, Mismatch, Good, Good]
    );
    let report = run(&root, &text, true);
    assert_eq!(kinds(&report), [Refused, Refused, Refused, Good]);
    let expected = report.outcomes().nth(1).unwrap().expected.unwrap();
    assert_eq!(expected.algorithm(), Algorithm::Sha1);
}

#[test]
fn other_files_have_the_same_digests_as_ever() {
    let root = tempfile::tempdir().unwrap();
    let pattern: Vec<u8> = (0..=250).cycle().take(3 << 20).collect();
    let mut text = String::new();
    for size in (0..200).chain([65_535, 65_536, 65_537, 1 << 20, 3 << 20]) {
        let name = format!("{size}");
        let content = &pattern[..size];
        fs::write(root.path().join(&name), content).unwrap();
        text += &tagged(Algorithm::Sha1, &name, content);
        text += &tagged(Algorithm::Sha256, &name, content);
    }
    let report = run(&root, &text, true);
    assert!(report.ok(), "{:?}", report.message());
    let report = run(&root, &text.replace("(199)", "(198)"), true);
    assert_eq!(report.count(Mismatch), 2);
}

#[test]
fn no_manifest_of_sha_1_is_made_of_a_collision() {
    let root = tree(PAIRS[0]);
    let manifest = root.path().join("made.txt");
    let run = |algorithm, detect_collisions| {
        let options = CreateOptions {
            algorithm,
            format: Format::Bsd,
            zero: false,
            detect_collisions,
            exclude: Exclude::default(),
            threads: None,
            progress_only: false,
        };
        let goes_on = |_: checksig_core::Event<'_, _>| ControlFlow::Continue(());
        create(
            root.path(),
            &manifest,
            &options,
            &Cancel::default(),
            goes_on,
        )
        .unwrap()
    };
    let report = run(Algorithm::Sha1, true);
    assert_eq!(kinds(&report), [Refused, Good, Refused]);
    assert_eq!(
        report.outcomes().next().unwrap().verdict.reason().unwrap(),
        REASON
    );
    assert_eq!(report.outcomes().next().unwrap().expected, None);
    assert!(!manifest.exists());
    assert!(run(Algorithm::Sha256, true).ok());
    assert!(run(Algorithm::Sha1, false).ok());
    let before = fs::read(&manifest).unwrap();
    assert!(!run(Algorithm::Sha1, true).ok());
    assert_eq!(fs::read(&manifest).unwrap(), before);
}
