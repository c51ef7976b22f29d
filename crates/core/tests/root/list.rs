//! Listings.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use checksig_core::{Cancel, Containment, Detail, Listing};
use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat, symlinkat};
use rustix::io::Errno;

use crate::support::{RESOLVERS, Tree, error, words};

fn files(listing: &Listing) -> Vec<String> {
    let name = |name: &[u8]| name.escape_ascii().to_string();
    listing.files.iter().map(|file| name(&file.name)).collect()
}

fn left_out(listing: &Listing) -> Vec<String> {
    let line = |(name, reason): (&[u8], _)| format!("{} {reason}", name.escape_ascii());
    let entries = listing.left_out.iter();
    let entries = entries.map(|left_out| (&*left_out.name, words(&left_out.reason)));
    entries.map(line).collect()
}

#[test]
fn files_are_sorted_by_their_bytes() {
    let tree = Tree::new();
    for name in ["b", "a/z", "a-b", "a.b", "a/b/c", "aa", "B", "a/b-c"] {
        tree.file(name, name);
    }
    for name in [&b"\xff"[..], b"new\nline", b" ", b"...", b"a/\xf0"] {
        tree.file(OsStr::from_bytes(name), "odd");
    }
    fs::create_dir_all(tree.path("empty/directory")).unwrap();
    let expected = [
        " ",
        "...",
        "B",
        "a-b",
        "a.b",
        "a/b-c",
        "a/b/c",
        "a/z",
        "a/\\xf0",
        "aa",
        "b",
        "new\\nline",
        "\\xff",
    ];
    for resolver in RESOLVERS {
        let listing = tree
            .open(resolver)
            .list(Detail::Names, &Cancel::default())
            .unwrap();
        assert_eq!(files(&listing), expected);
        assert!(listing.files.is_sorted_by_key(|file| file.name.clone()));
        assert!(listing.files.iter().all(|file| file.size.is_none()));
        assert!(listing.left_out.is_empty());
    }
}

#[test]
fn more_files_in_a_directory_than_are_sorted_at_once() {
    let tree = Tree::new();
    fs::create_dir_all(tree.path("a")).unwrap();
    let name = |number: usize| format!("a/{:08}", number * 7919 % 100_003);
    for number in 0..70_000 {
        fs::File::create(tree.path(name(number))).unwrap();
    }
    tree.file("a/00000000x/within", "it comes between its neighbours");
    let root = tree.open(RESOLVERS[0]);
    let listing = root.list(Detail::Sizes, &Cancel::default()).unwrap();
    let mut expected: Vec<String> = (0..70_000).map(name).collect();
    expected.push("a/00000000x/within".to_owned());
    expected.sort();
    assert_eq!(files(&listing), expected);
    assert_eq!(listing.files[1].size, Some(31));
    assert!(listing.left_out.is_empty());
}

#[test]
fn sizes_come_when_asked_for() {
    let tree = Tree::new();
    tree.file("empty", "");
    tree.file("a/seven", "content");
    tree.link("link", "a/seven");
    for resolver in RESOLVERS {
        let listing = tree
            .open(resolver)
            .list(Detail::Sizes, &Cancel::default())
            .unwrap();
        let sizes = listing.files.iter().map(|file| file.size);
        assert_eq!(files(&listing), ["a/seven", "empty", "link"]);
        assert_eq!(sizes.collect::<Vec<_>>(), [Some(7), Some(0), Some(7)]);
    }
}

#[test]
fn an_empty_directory_is_an_empty_listing() {
    let tree = Tree::new();
    let listing = tree
        .open(RESOLVERS[0])
        .list(Detail::Sizes, &Cancel::default())
        .unwrap();
    assert!(listing.files.is_empty() && listing.left_out.is_empty());
}

#[test]
fn what_is_no_file_is_left_out_with_the_reason() {
    let tree = Tree::new();
    tree.file("sub/file", "file");
    tree.fifo("sub/fifo");
    drop(UnixListener::bind(tree.path("socket")).unwrap());
    for (name, target) in [
        ("link", "sub/file"),
        ("sub/up", "../link"),
        ("dangling", "nothing"),
        ("dir", "sub"),
        ("here", "."),
        ("sub/cycle", "../sub"),
        ("loop", "loop"),
        ("null", "/dev/null"),
        ("out", "../outside/secret"),
        ("out-missing", "../outside/nothing"),
        ("to-fifo", "sub/fifo"),
    ] {
        tree.link(name, target);
    }
    let expected = [
        "dangling missing",
        "dir refused: is a directory",
        "here refused: is a directory",
        &format!("loop {}", error(Errno::LOOP)),
        "null refused: outside the directory",
        "out refused: outside the directory",
        "out-missing refused: outside the directory",
        "socket refused: is a socket",
        "sub/cycle refused: is a directory",
        "sub/fifo refused: is a FIFO",
        "to-fifo refused: is a FIFO",
    ];
    for resolver in RESOLVERS {
        for detail in [Detail::Names, Detail::Sizes] {
            let listing = tree
                .open(resolver)
                .list(detail, &Cancel::default())
                .unwrap();
            assert_eq!(files(&listing), ["link", "sub/file", "sub/up"]);
            assert_eq!(left_out(&listing), expected);
        }
    }
}

#[test]
fn every_listed_file_can_be_opened() {
    let tree = Tree::new();
    for name in ["a", "b/c", "b/d/e", "b/d/\nf"] {
        tree.file(name, "content");
    }
    tree.link("b/link", "d/e");
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        let listing = root.list(Detail::Sizes, &Cancel::default()).unwrap();
        assert_eq!(listing.files.len(), 5);
        for file in listing.files {
            let status = root.status(&file.name, Containment::Beneath).unwrap();
            assert_eq!(Some(status.size), file.size);
        }
    }
}

#[test]
fn unreadable_directories_are_left_out_with_the_error() {
    let tree = Tree::new();
    tree.file("file", "file");
    tree.file("closed/file", "file");
    tree.file("sub/closed/file", "file");
    let chmod = |mode| {
        for name in ["closed", "sub/closed"] {
            fs::set_permissions(tree.path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    chmod(0);
    // Permissions do not stop a privileged user.
    if fs::read_dir(tree.path("closed")).is_err() {
        let denied = error(Errno::ACCESS);
        for resolver in RESOLVERS {
            let listing = tree
                .open(resolver)
                .list(Detail::Sizes, &Cancel::default())
                .unwrap();
            assert_eq!(files(&listing), ["file"]);
            let expected = ["closed", "sub/closed"].map(|name| format!("{name} {denied}"));
            assert_eq!(left_out(&listing), expected);
        }
    }
    chmod(0o700);
}

/// Deeper than a path can be long, than many stacks reach and than files can be
/// open, with something to come back to all along the way.
#[test]
fn a_deep_tree_is_listed_to_its_end() {
    const DEPTH: usize = 2000;
    const LEVEL: &str = "ddd";
    const EVERY: usize = 40;
    let tree = Tree::new();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(0o700);
    let mut directory = openat(CWD, tree.path(""), flags, mode).unwrap();
    for depth in 0..DEPTH {
        for name in ["aa", "zz"] {
            if depth % EVERY == 0 {
                mkdirat(&directory, name, mode).unwrap();
                let file = OFlags::CREATE | OFlags::WRONLY;
                openat(&directory, format!("{name}/file"), file, mode).unwrap();
            }
        }
        mkdirat(&directory, LEVEL, mode).unwrap();
        directory = openat(&directory, LEVEL, flags, mode).unwrap();
    }
    symlinkat("nothing", &directory, "link").unwrap();
    for detail in [Detail::Names, Detail::Sizes] {
        let listing = tree
            .open(RESOLVERS[0])
            .list(detail, &Cancel::default())
            .unwrap();
        assert_eq!(listing.files.len(), 2 * DEPTH / EVERY);
        // A link there cannot be followed by its name from the root.
        let [link] = &listing.left_out[..] else {
            panic!("{:?}", left_out(&listing));
        };
        assert_eq!(link.name.len(), DEPTH * (LEVEL.len() + 1) + "link".len());
        assert_eq!(words(&link.reason), error(Errno::NAMETOOLONG));
    }
    remove_deep(&tree, LEVEL);
}

/// Brings level after level to the top, where it is not deep to remove.
fn remove_deep(tree: &Tree, level: &str) {
    let (top, next) = (tree.path(level), tree.path("next"));
    while fs::rename(top.join(level), &next).is_ok() {
        fs::remove_dir_all(&top).unwrap();
        fs::rename(&next, &top).unwrap();
    }
}
