//! Manifests that are made of directories.

#![allow(clippy::unwrap_used, reason = "a test's helper may panic")]

use std::fs;
use std::ops::ControlFlow;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use checksig_core::manifest::Format;
use checksig_core::{
    Algorithm, Cancel, CreateOptions, ErrorKind, Event, Exclude, ManifestSource, Options, Report,
    VerdictKind, create, hash_file, verify, write_manifest,
};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

fn options() -> CreateOptions {
    CreateOptions {
        algorithm: Algorithm::Sha256,
        format: Format::Gnu,
        zero: false,
        detect_collisions: false,
        exclude: Exclude::default(),
        threads: None,
        progress_only: false,
    }
}

fn run(root: &TempDir, manifest: &Path, options: &CreateOptions) -> Report {
    create(root.path(), manifest, options, &Cancel::default(), |_| {
        ControlFlow::Continue(())
    })
    .unwrap()
}

/// What an audit by the manifest of this name finds.
fn audited(root: &TempDir, name: &str) -> Report {
    let source = ManifestSource::Path(root.path().join(name));
    let audit = Options {
        audit: true,
        ..Options::default()
    };
    verify(root.path(), &source, &audit, &Cancel::default(), |_| {
        ControlFlow::Continue(())
    })
    .unwrap()
}

fn tree() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("sub")).unwrap();
    for name in ["b", "a\nb", "sub/c", "skip.tmp"] {
        fs::write(root.path().join(name), name).unwrap();
    }
    symlink("sub", root.path().join("link")).unwrap();
    root
}

#[test]
fn what_was_made_verifies_in_every_format() {
    for (format, name) in [
        (Format::Gnu, "SHA256SUMS"),
        (Format::Gnu, "list"),
        (Format::Bsd, "list"),
        (Format::Sfv, "a.sfv"),
        (Format::Sfv, "list"),
        (Format::Hashdeep, "list"),
        (Format::Bagit, "manifest-sha256.txt"),
        (Format::Record, "RECORD"),
        (Format::Record, "list"),
    ] {
        let root = tree();
        fs::rename(root.path().join("a\nb"), root.path().join("a b")).unwrap();
        fs::write(root.path().join("%%%% HASHDEEP-1.0"), "").unwrap();
        let algorithm = match format {
            Format::Sfv => Algorithm::Crc32,
            _ => Algorithm::Sha256,
        };
        let manifest = root.path().join(name);
        let options = CreateOptions {
            algorithm,
            format,
            ..options()
        };
        assert!(run(&root, &manifest, &options).ok(), "{format}");
        let source = ManifestSource::Path(manifest);
        let checked = Options {
            audit: true,
            ..Options::default()
        };
        let report = verify(root.path(), &source, &checked, &Cancel::default(), |_| {
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(report.ok(), "{format}: {:?}", report.message());
        assert_eq!(report.count(VerdictKind::Ok), 5);
    }
}

#[test]
fn nothing_is_written_that_its_name_does_not_tell() {
    use Algorithm::{Blake3, Crc32, Md5, Sha1, Sha3_256, Sha256};
    let root = tempfile::tempdir().unwrap();
    // In SFV its line looks like one of digest and name.
    fs::write(root.path().join("89abcdef"), "").unwrap();
    let makes = |name: &str, format, algorithm| {
        let options = CreateOptions {
            algorithm,
            format,
            ..options()
        };
        let manifest = root.path().join("new").join(name);
        fs::create_dir(root.path().join("new")).unwrap();
        let goes_on = |_: Event<'_, _>| ControlFlow::Continue(());
        let cancel = Cancel::default();
        let made = create(root.path(), &manifest, &options, &cancel, goes_on);
        assert_eq!(made.is_ok(), manifest.exists(), "{name}");
        fs::remove_dir_all(root.path().join("new")).unwrap();
        match made {
            Ok(report) => report.ok(),
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Misnamed), "{error}");
                false
            }
        }
    };
    for (name, format, algorithm, is_made) in [
        ("a.sfv", Format::Gnu, Sha256, false),
        ("a.sfv", Format::Bsd, Crc32, false),
        ("a.sfv", Format::Sfv, Crc32, true),
        ("list", Format::Sfv, Crc32, false),
        ("RECORD", Format::Gnu, Sha256, false),
        ("RECORD", Format::Record, Sha256, true),
        ("RECORD", Format::Hashdeep, Sha256, true),
        ("list", Format::Record, Sha256, true),
        ("manifest-sha256.txt", Format::Bsd, Sha256, false),
        ("manifest-sha256.txt", Format::Bagit, Sha256, true),
        ("manifest-sha256.txt", Format::Bagit, Md5, false),
        ("SHA1SUMS", Format::Gnu, Sha256, false),
        ("SHA1SUMS", Format::Bsd, Sha256, true),
        ("list", Format::Gnu, Sha1, true),
        ("list", Format::Gnu, Blake3, false),
        ("list", Format::Bsd, Blake3, true),
        ("b3sum.txt", Format::Gnu, Blake3, true),
        ("list", Format::Gnu, Sha3_256, false),
        ("sha3-256sum.txt", Format::Gnu, Sha3_256, true),
    ] {
        let found = makes(name, format, algorithm);
        assert_eq!(found, is_made, "{name} {format} {algorithm}");
    }
}

#[test]
fn it_is_sorted_and_lists_neither_itself_nor_what_is_excluded() {
    let root = tree();
    let manifest = root.path().join("SHA256SUMS");
    let options = CreateOptions {
        exclude: Exclude::new(["*.tmp"]).unwrap(),
        ..options()
    };
    for _ in 0..2 {
        let report = run(&root, &manifest, &options);
        assert!(report.ok());
        assert_eq!(report.count(VerdictKind::Skipped), 1);
    }
    let text = fs::read_to_string(&manifest).unwrap();
    let names: Vec<&str> = text
        .lines()
        .map(|line| line.split_once("  ").unwrap().1)
        .collect();
    assert_eq!(names, ["a\\nb", "b", "sub/c"]);
    assert!(text.starts_with('\\'));
    let mode = fs::metadata(&manifest).unwrap().permissions().mode();
    assert_eq!(mode & 0o600, 0o600);
}

#[test]
fn nothing_is_written_unless_every_file_could_be_hashed() {
    let root = tempfile::tempdir().unwrap();
    let manifest = root.path().join("SHA256SUMS");
    assert!(!run(&root, &manifest, &options()).ok());
    assert!(!manifest.exists());

    fs::write(&manifest, "before").unwrap();
    let large = fs::File::create(root.path().join("large")).unwrap();
    large.set_len(64 << 30).unwrap();
    let cancel = Cancel::default();
    let report = create(root.path(), &manifest, &options(), &cancel, |_| {
        ControlFlow::Break(())
    })
    .unwrap();
    assert!(report.cancelled());
    assert_eq!(fs::read_to_string(&manifest).unwrap(), "before");
    let names: Vec<_> = fs::read_dir(root.path()).unwrap().collect();
    assert_eq!(names.len(), 2, "a temporary file is left");
}

#[test]
fn a_run_that_is_cancelled_after_its_last_file_writes_nothing() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a"), "a").unwrap();
    let manifest = root.path().join("SHA256SUMS");
    let cancel = Cancel::default();
    let report = create(root.path(), &manifest, &options(), &cancel, |_| {
        cancel.request();
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(report.cancelled());
    assert_eq!(report.outcomes().count(), 1);
    assert!(!manifest.exists());
    let report = create(
        root.path(),
        &manifest,
        &options(),
        &cancel,
        |_| unreachable!(),
    )
    .unwrap();
    assert!(report.cancelled() && report.outcomes().next().is_none());
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
}

#[test]
fn a_manifest_is_not_misnamed() {
    let root = tree();
    let manifest = root.path().join("SHA1SUMS");
    let error = create(
        root.path(),
        &manifest,
        &options(),
        &Cancel::default(),
        |_| ControlFlow::Continue(()),
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("name it after its format or algorithm")
    );
    assert!(!manifest.exists());
    let tagged = CreateOptions {
        format: Format::Bsd,
        ..options()
    };
    assert!(run(&root, &manifest, &tagged).ok());
}

#[test]
fn what_cannot_be_written_is_told_before_a_file_is_read() {
    let root = tree();
    // To hash it would take an hour.
    let large = fs::File::create(root.path().join("large")).unwrap();
    large.set_len(1 << 40).unwrap();
    for (name, format, zero, expected) in [
        ("MD5SUMS", Format::Gnu, false, "would read something else"),
        (
            "a.sfv",
            Format::Sfv,
            false,
            "the format sfv has digests of crc32 alone",
        ),
        (
            "RECORD",
            Format::Record,
            true,
            "has no lines that end with NUL",
        ),
    ] {
        let options = CreateOptions {
            format,
            zero,
            ..options()
        };
        let manifest = root.path().join(name);
        let made = create(root.path(), &manifest, &options, &Cancel::default(), |_| {
            ControlFlow::Continue(())
        });
        let error = made.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!manifest.exists());
    }
}

#[test]
fn one_file_is_hashed_wherever_it_is() {
    let root = tree();
    let digest = hash_file(&root.path().join("b"), Algorithm::Md5, &Cancel::default()).unwrap();
    assert_eq!(digest.to_string(), "92eb5ffee6ae2fec3ad71c777531578f");
    let error =
        hash_file(&root.path().join("sub"), Algorithm::Md5, &Cancel::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("sub\" - cannot read: is a directory")
    );
    let error = hash_file(
        &root.path().join("none"),
        Algorithm::Md5,
        &Cancel::default(),
    )
    .unwrap_err();
    assert!(error.to_string().contains("No such file"));
}

#[test]
fn what_is_no_file_is_not_replaced() {
    let root = tree();
    let fifo = root.path().join("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let link = root.path().join("to-fifo");
    symlink("fifo", &link).unwrap();
    let open = fs::File::open(root.path().join("b")).unwrap();
    let magic = root.path().join("to-open");
    symlink(format!("/proc/self/fd/{}", open.as_raw_fd()), &magic).unwrap();
    let mut manifests = vec![fifo, link, root.path().join("sub")];
    if fs::metadata(&magic).is_ok() {
        manifests.push(magic);
    }
    for manifest in manifests {
        let before = fs::symlink_metadata(&manifest).unwrap();
        let entries = [];
        let errors = [
            create(
                root.path(),
                &manifest,
                &options(),
                &Cancel::default(),
                |_| ControlFlow::Continue(()),
            )
            .unwrap_err(),
            write_manifest(&manifest, &entries, Format::Gnu, false).unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error.kind(), ErrorKind::NotReplaced(_)), "{error}");
        }
        let after = fs::symlink_metadata(&manifest).unwrap();
        assert_eq!(after.file_type(), before.file_type());
    }
}

#[test]
fn permissions_stay_and_a_link_is_replaced() {
    let root = tree();
    let manifest = root.path().join("sha256sum.txt");
    fs::write(&manifest, "before").unwrap();
    fs::set_permissions(&manifest, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(run(&root, &manifest, &options()).ok());
    let mode = fs::metadata(&manifest).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);

    let link = root.path().join("link.txt");
    symlink("b", &link).unwrap();
    assert!(run(&root, &link, &options()).ok());
    assert!(fs::symlink_metadata(&link).unwrap().is_file());
    assert_eq!(fs::read(root.path().join("b")).unwrap(), b"b");
}

#[test]
fn another_name_of_the_manifest_before_is_listed() {
    let root = tree();
    let manifest = root.path().join("sha256sum.txt");
    assert!(run(&root, &manifest, &options()).ok());
    fs::create_dir(root.path().join("backup")).unwrap();
    fs::hard_link(&manifest, root.path().join("backup/sha256sum.txt")).unwrap();
    assert!(run(&root, &manifest, &options()).ok());
    let report = audited(&root, "sha256sum.txt");
    assert!(report.ok(), "{:?}", report.message());
    let names: Vec<Vec<u8>> = report.outcomes().map(|outcome| outcome.name).collect();
    assert!(names.contains(&b"backup/sha256sum.txt".to_vec()));
    assert!(!names.contains(&b"sha256sum.txt".to_vec()));
}

#[test]
fn links_to_the_manifest_are_not_listed() {
    let root = tree();
    fs::create_dir(root.path().join("meta")).unwrap();
    let manifest = root.path().join("meta/sha256sum.txt");
    symlink("meta/sha256sum.txt", root.path().join("SHA256SUMS")).unwrap();
    symlink("../SHA256SUMS", root.path().join("sub/latest")).unwrap();
    symlink("b", root.path().join("link to b")).unwrap();
    // At first they lead nowhere.
    for _ in 0..2 {
        assert!(run(&root, &manifest, &options()).ok());
        for name in ["meta/sha256sum.txt", "SHA256SUMS", "sub/latest"] {
            let report = audited(&root, name);
            assert!(report.ok(), "{name}: {:?}", report.message());
            let names: Vec<Vec<u8>> = report.outcomes().map(|outcome| outcome.name).collect();
            assert!(names.contains(&b"link to b".to_vec()));
        }
    }
}
