//! Names of every kind over trees of every kind.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::{fs, iter, thread};

use checksig_core::{Containment, OpenError, Refusal, Root};
use rustix::io::{Errno, FdFlags, fcntl_getfd};

use crate::support::{RESOLVERS, Tree, error, outcome, status};

const OUTSIDE: &str = "refused: outside the directory";
const DIRECTORY: &str = "refused: is a directory";
const FIFO: &str = "refused: is a FIFO";
const SOCKET: &str = "refused: is a socket";
const SPECIAL: &str = "refused: is not a regular file";
const NOT_A_NAME: &str = "refused: is not a file name";
const MISSING: &str = "missing";

/// A tree with something of every kind.
fn tree() -> Tree {
    let tree = Tree::new();
    tree.file("file", "file");
    tree.file("sub/file", "sub");
    tree.file("sub/deep/file", "deep");
    tree.fifo("fifo");
    tree.fifo("sub/fifo");
    drop(UnixListener::bind(tree.path("socket")).unwrap());
    for (name, target) in [
        ("link", "file"),
        ("link-to-sub-file", "sub/file"),
        ("sub/up", "../file"),
        ("sub/deep/up", "../up"),
        ("sub/deep/top", "../.."),
        ("dir", "sub"),
        ("deep", "sub/deep"),
        ("through-links", "dir/deep/../up"),
        ("here", "."),
        ("with-slash", "file/"),
        ("dir-with-slash", "sub//"),
        ("to-fifo", "fifo"),
        ("to-socket", "dir/../socket"),
        ("dangling", "nothing"),
        ("through-file", "file/x"),
        ("loop", "loop"),
        ("ping", "pong"),
        ("pong", "./ping"),
        ("parent", ".."),
        ("out", "../outside/secret"),
        ("out-missing", "../outside/nothing"),
        ("out-and-back", "../root/file"),
        ("out-dir", "sub/../../outside"),
        ("sub/out", "deep/../../../outside/secret"),
        ("null", "/dev/null"),
        ("absolute-missing", "/nonexistent/x"),
    ] {
        tree.link(name, target);
    }
    tree.link("absolute-inside", tree.path("file"));
    tree.link("absolute-outside", tree.outside().join("secret"));
    tree
}

#[test]
fn names_over_a_tree() {
    let tree = tree();
    let too_many_links = error(Errno::LOOP);
    let cases: &[(&str, &str)] = &[
        ("file", "content: file"),
        ("./file", "content: file"),
        (".//.///file", "content: file"),
        ("sub/file", "content: sub"),
        ("sub//deep/file", "content: deep"),
        ("sub/../file", "content: file"),
        ("sub/deep/../../sub/file", "content: sub"),
        ("link", "content: file"),
        ("link-to-sub-file", "content: sub"),
        ("sub/up", "content: file"),
        ("sub/deep/up", "content: file"),
        ("sub/deep/top/file", "content: file"),
        ("sub/deep/top/deep/top/sub/file", "content: sub"),
        ("dir/file", "content: sub"),
        ("dir/deep/file", "content: deep"),
        ("here/here/file", "content: file"),
        // Above a link's target, not above the link.
        ("deep/../file", "content: sub"),
        ("deep/../../file", "content: file"),
        ("through-links", "content: file"),
        ("sub", DIRECTORY),
        ("sub/", DIRECTORY),
        ("sub/.", DIRECTORY),
        ("sub/..", DIRECTORY),
        (".", DIRECTORY),
        ("./", DIRECTORY),
        ("dir", DIRECTORY),
        ("dir/", DIRECTORY),
        ("dir-with-slash", DIRECTORY),
        ("here", DIRECTORY),
        ("fifo", FIFO),
        ("sub/fifo", FIFO),
        ("to-fifo", FIFO),
        ("socket", SOCKET),
        ("to-socket", SOCKET),
        ("nothing", MISSING),
        ("nothing/file", MISSING),
        ("nothing/../file", MISSING),
        ("nothing/../../outside", MISSING),
        ("file/", MISSING),
        ("file/.", MISSING),
        ("file/..", MISSING),
        ("file/x", MISSING),
        ("fifo/x", MISSING),
        ("link/", MISSING),
        ("link/../file", MISSING),
        ("with-slash", MISSING),
        ("dangling", MISSING),
        ("dangling/file", MISSING),
        ("through-file", MISSING),
        ("loop", &too_many_links),
        ("loop/file", &too_many_links),
        ("ping", &too_many_links),
        ("", NOT_A_NAME),
        ("\0", NOT_A_NAME),
        ("file\0", NOT_A_NAME),
        ("../\0", NOT_A_NAME),
        ("..", OUTSIDE),
        ("../", OUTSIDE),
        ("../root/file", OUTSIDE),
        ("sub/../..", OUTSIDE),
        ("sub/../../root/file", OUTSIDE),
        ("deep/../../../outside/secret", OUTSIDE),
        ("parent", OUTSIDE),
        ("parent/root/file", OUTSIDE),
        ("out-and-back", OUTSIDE),
        ("out-dir", OUTSIDE),
        ("out-dir/secret", OUTSIDE),
        ("sub/out", OUTSIDE),
        ("null", OUTSIDE),
        ("absolute-inside", OUTSIDE),
        ("absolute-outside", OUTSIDE),
        ("/", OUTSIDE),
        ("//file", OUTSIDE),
        ("/dev/null", OUTSIDE),
    ];
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        for (name, expected) in cases {
            let found = outcome(&root, name.as_bytes(), Containment::Beneath);
            assert_eq!(found, *expected, "{name:?} by {resolver:?}");
            let _ = status(&root, name.as_bytes(), Containment::Beneath);
        }
    }
}

#[test]
fn anywhere_is_anywhere_but_regular_files_alone() {
    let tree = tree();
    let secret = tree.outside().join("secret");
    let too_many_links = error(Errno::LOOP);
    let cases: &[(&str, &str)] = &[
        ("file", "content: file"),
        ("deep/../file", "content: sub"),
        ("out", "content: outside"),
        ("sub/out", "content: outside"),
        ("out-dir/secret", "content: outside"),
        ("out-and-back", "content: file"),
        ("absolute-inside", "content: file"),
        ("absolute-outside", "content: outside"),
        ("../outside/secret", "content: outside"),
        (secret.to_str().unwrap(), "content: outside"),
        ("..", DIRECTORY),
        ("/", DIRECTORY),
        ("fifo", FIFO),
        ("socket", SOCKET),
        ("null", SPECIAL),
        ("/dev/null", SPECIAL),
        ("out-missing", MISSING),
        ("file/", MISSING),
        ("loop", &too_many_links),
        ("", NOT_A_NAME),
        ("a\0", NOT_A_NAME),
    ];
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        for (name, expected) in cases {
            let found = outcome(&root, name.as_bytes(), Containment::Anywhere);
            assert_eq!(found, *expected, "{name:?} by {resolver:?}");
            let _ = status(&root, name.as_bytes(), Containment::Anywhere);
        }
    }
}

#[test]
fn nothing_tells_what_is_outside() {
    let tree = tree();
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        for name in [
            "../missing",
            "../outside",
            "../outside/secret",
            "../outside/secret/x",
            "out",
            "out-missing",
            "out-dir",
            "out-dir/secret",
            "out-dir/missing",
            "absolute-outside",
            "absolute-missing",
            "/etc/passwd",
            "/nonexistent",
        ] {
            let name = name.as_bytes();
            let opened = root.open_regular(name, Containment::Beneath).unwrap_err();
            let asked = root.status(name, Containment::Beneath).unwrap_err();
            for error in [opened, asked] {
                assert!(matches!(error, OpenError::Refused(Refusal::Outside)));
                assert_eq!(error.to_string(), "outside the directory");
                assert!(!error.is_missing());
            }
        }
    }
}

#[test]
fn odd_names_are_names() {
    let tree = Tree::new();
    let names: [&[u8]; 11] = [
        b"new\nline",
        b"\xff\xfe",
        b" ",
        b"-",
        b"~",
        b"a\\b",
        b"...",
        b"..a",
        b"C:",
        b"%2e%2e",
        b"\xef\xbb\xbf",
    ];
    for name in names {
        tree.file(std::ffi::OsStr::from_bytes(name), "odd");
    }
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        for name in names {
            let found = outcome(&root, name, Containment::Beneath);
            assert_eq!(found, "content: odd", "{}", name.escape_ascii());
        }
    }
}

#[test]
fn names_of_every_length_have_a_result() {
    let tree = Tree::new();
    let longest = "n".repeat(255);
    tree.file(&longest, "long");
    tree.file("f", "short");
    tree.link("to-long", &longest);
    tree.link("to-too-long", "n".repeat(256));
    let too_long = error(Errno::NAMETOOLONG);
    let linux = cfg!(target_os = "linux");
    let path_max = if linux { 4096 } else { 1024 };
    let dots = "./".repeat(path_max / 2 - 1);
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        for (name, expected) in [
            (longest.clone(), "content: long"),
            ("to-long".into(), "content: long"),
            ("n".repeat(256), &too_long),
            (format!("{}/f", "n".repeat(256)), &too_long),
            ("to-too-long".into(), &too_long),
            (format!("{dots}f"), "content: short"),
            (format!("{dots}/f"), &too_long),
            (format!("/{dots}f"), &too_long),
            ("n".repeat(1 << 20), &too_long),
            ("../".repeat(1 << 20), &too_long),
        ] {
            for containment in [Containment::Beneath, Containment::Anywhere] {
                let found = outcome(&root, name.as_bytes(), containment);
                assert_eq!(found, expected, "{} by {resolver:?}", name.len());
            }
        }
    }
}

#[test]
fn forty_links_are_followed_and_no_more() {
    let tree = Tree::new();
    tree.file("file", "file");
    tree.link("1", "file");
    for count in 2..=41 {
        tree.link(&count.to_string(), (count - 1).to_string());
    }
    tree.link("here", ".");
    let heres = |count| "here/".repeat(count) + "file";
    let too_many_links = error(Errno::LOOP);
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        for (name, expected) in [
            ("40", "content: file"),
            ("41", &too_many_links),
            (&heres(40), "content: file"),
            (&heres(41), &too_many_links),
        ] {
            let found = outcome(&root, name.as_bytes(), Containment::Beneath);
            assert_eq!(found, expected, "{name:?} by {resolver:?}");
        }
    }
}

/// The walk keeps only the last few directories open.
#[test]
fn a_name_goes_down_a_long_way_and_back_up() {
    const DEPTH: usize = 100;
    let tree = Tree::new();
    let down = "d/".repeat(DEPTH);
    tree.file("file", "top");
    tree.file(format!("{down}file"), "bottom");
    tree.file("d/d/d/file", "three");
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        let up = |levels| format!("{down}{}", "../".repeat(levels));
        for (name, expected) in [
            (format!("{down}file"), "content: bottom"),
            (format!("{}file", up(DEPTH)), "content: top"),
            (format!("{}file", up(DEPTH - 3)), "content: three"),
            (format!("{}{down}file", up(DEPTH)), "content: bottom"),
            (format!("{}d/d/../file", up(DEPTH - 2)), "content: three"),
            (format!("{}file", up(DEPTH + 1)), OUTSIDE),
        ] {
            let found = outcome(&root, name.as_bytes(), Containment::Beneath);
            assert_eq!(found, expected, "{name:?} by {resolver:?}");
        }
    }
}

#[test]
fn what_may_not_be_read_or_searched_is_an_error() {
    let tree = Tree::new();
    for name in ["file", "open", "closed/file", "unreadable/file"] {
        tree.file(name, "content");
    }
    tree.fifo("pipe");
    let chmod = |name, mode| {
        fs::set_permissions(tree.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    for (name, mode) in [
        ("file", 0),
        ("pipe", 0),
        ("closed", 0),
        ("unreadable", 0o300),
    ] {
        chmod(name, mode);
    }
    // Permissions do not stop a privileged user.
    if fs::read(tree.path("file")).is_err() {
        let denied = error(Errno::ACCESS);
        for resolver in RESOLVERS {
            let root = tree.open(resolver);
            for (name, expected) in [
                ("file", &*denied),
                ("pipe", FIFO),
                ("unreadable", DIRECTORY),
                ("unreadable/file", "content: content"),
                ("unreadable/../open", "content: content"),
                ("closed", DIRECTORY),
                ("closed/", DIRECTORY),
                ("closed/.", &denied),
                ("closed/file", &denied),
                ("closed/missing", &denied),
                ("closed/../open", &denied),
            ] {
                let found = outcome(&root, name.as_bytes(), Containment::Beneath);
                assert_eq!(found, expected, "{name:?} by {resolver:?}");
            }
        }
    }
    chmod("closed", 0o700);
}

#[test]
fn a_status_tells_that_a_file_was_replaced_or_written_to() {
    let tree = Tree::new();
    tree.file("file", "content");
    tree.file("other", "content");
    tree.link("link", "file");
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        let before = status(&root, b"link", Containment::Beneath).unwrap();
        assert_eq!(before.size, 7);
        assert_eq!(status(&root, b"file", Containment::Anywhere), Ok(before));
        tree.file("file", "longer content");
        let written = status(&root, b"link", Containment::Beneath).unwrap();
        assert_ne!(before, written);
        assert_eq!(before.inode, written.inode);
        fs::rename(tree.path("other"), tree.path("file")).unwrap();
        let replaced = status(&root, b"link", Containment::Beneath).unwrap();
        assert_ne!(replaced.inode, before.inode);
        fs::rename(tree.path("file"), tree.path("other")).unwrap();
        tree.file("file", "content");
    }
}

#[test]
fn a_root_is_a_directory_and_stays_the_same_one() {
    let tree = Tree::new();
    tree.file("file", "file");
    let open = |path: PathBuf| Root::open(path.as_os_str().as_bytes());
    assert!(open(tree.path("file")).is_err());
    assert!(open(tree.path("nothing")).is_err());
    assert!(Root::open(b"").is_err());
    assert!(Root::open(b"a\0b").is_err());
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        let elsewhere = tree.outside().join("moved");
        fs::rename(tree.path(""), &elsewhere).unwrap();
        fs::create_dir(tree.path("")).unwrap();
        let found = outcome(&root, b"file", Containment::Beneath);
        assert_eq!(found, "content: file");
        fs::remove_dir(tree.path("")).unwrap();
        fs::rename(&elsewhere, tree.path("")).unwrap();
    }
}

#[test]
fn programs_that_are_started_do_not_inherit_files() {
    let tree = Tree::new();
    tree.file("file", "file");
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        for containment in [Containment::Beneath, Containment::Anywhere] {
            let (file, _) = root.open_regular(b"file", containment).unwrap();
            assert!(fcntl_getfd(file).unwrap().contains(FdFlags::CLOEXEC));
        }
    }
}

/// The links of `/proc` that are no paths lead to files, past any directory.
#[cfg(target_os = "linux")]
#[test]
fn magic_links_are_not_followed() {
    if !fs::exists("/proc/self/exe").unwrap() {
        return;
    }
    for resolver in RESOLVERS {
        let root = Root::open_with(b"/proc/self", resolver).unwrap();
        for name in ["exe", "cwd/Cargo.toml", "root/etc/passwd", "fd/0"] {
            let result = root.open_regular(name.as_bytes(), Containment::Beneath);
            assert!(result.is_err(), "{name} by {resolver:?}");
        }
    }
}

#[test]
fn many_threads_share_a_root() {
    let tree = tree();
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        let names = ["through-links", "out", "fifo", "deep/../file", "loop"];
        let outcomes = || names.map(|name| outcome(&root, name.as_bytes(), Containment::Beneath));
        let expected = outcomes();
        thread::scope(|scope| {
            let work = || (0..200).for_each(|_| assert_eq!(outcomes(), expected));
            iter::repeat_with(|| scope.spawn(work))
                .take(8)
                .for_each(drop);
        });
    }
}
