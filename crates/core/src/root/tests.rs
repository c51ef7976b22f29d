//! The paths of files that names lead to.

use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;

/// A tree with links, and its root as each resolver opens it.
fn tree() -> (tempfile::TempDir, [Root; 2]) {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("root");
    fs::create_dir_all(root.join("a/b")).unwrap();
    fs::write(root.join("a/b/file"), "").unwrap();
    fs::write(directory.path().join("outside"), "").unwrap();
    symlink("a/b", root.join("link")).unwrap();
    symlink("../link/../b/file", root.join("a/file")).unwrap();
    symlink(directory.path(), root.join("out")).unwrap();
    symlink(&root, directory.path().join("in")).unwrap();
    let open = |resolver| Root::open_with(root.as_os_str().as_bytes(), resolver).unwrap();
    (directory, [Resolver::Kernel, Resolver::Walk].map(open))
}

#[test]
fn a_name_that_goes_another_way_comes_with_the_path() {
    let (_directory, roots) = tree();
    let [kernel, walk] = roots;
    for (root, containment) in [
        (&kernel, Containment::Beneath),
        (&walk, Containment::Beneath),
        (&kernel, Containment::Anywhere),
    ] {
        for (name, expected) in [
            ("a/b/file", None),
            ("./a//b/file", None),
            ("link/file", Some("a/b/file")),
            ("a/file", Some("a/b/file")),
            ("a/../a/b/file", Some("a/b/file")),
            ("link/../file", Some("a/b/file")),
            ("./link/../../link/file", Some("a/b/file")),
        ] {
            let opened = root.open_to_read(name.as_bytes(), containment).unwrap();
            let expected = expected.map(|path| path.as_bytes().to_vec());
            assert_eq!(opened.path, expected, "{name} {containment:?}");
        }
    }
}

#[test]
fn anywhere_a_path_starts_at_the_root_where_it_is_below() {
    let (directory, [root, _]) = tree();
    let directory = directory.path().canonicalize().unwrap();
    let name = |below: &str| directory.join(below).into_os_string().into_vec();
    for (name, expected) in [
        (name("root/a/b/file"), None),
        (name("outside"), None),
        (name("root/a/../a/b/file"), Some(b"a/b/file".to_vec())),
        (name("root/link/file"), Some(b"a/b/file".to_vec())),
        (name("in/a/b/file"), Some(b"a/b/file".to_vec())),
        (name("root/out/outside"), Some(name("outside"))),
        (b"../outside".to_vec(), Some(name("outside"))),
        (b"out/outside".to_vec(), Some(name("outside"))),
        (b"out/in/link/file".to_vec(), Some(b"a/b/file".to_vec())),
    ] {
        let opened = root.open_to_read(&name, Containment::Anywhere).unwrap();
        assert_eq!(opened.path, expected, "{}", name.escape_ascii());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_open_and_has_no_name_has_no_path() {
    let (_directory, [root, _]) = tree();
    let file = tempfile::tempfile().unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&file);
    let name = format!("/proc/self/fd/{number}");
    assert!(Path::new(&name).exists());
    let opened = root.open_to_read(name.as_bytes(), Containment::Anywhere);
    assert_eq!(opened.unwrap().path, None);
}
