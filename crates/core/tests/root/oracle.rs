//! Random trees of links, against the other resolver and `fs::canonicalize`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use checksig_core::Containment;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{RESOLVERS, Tree, outcome, status};

/// What is made at a path.
#[derive(Clone, Debug)]
enum Kind {
    File,
    Directory,
    Link(String),
}

fn plain_path() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "b", "c"]);
    vec(name, 1..4).prop_map(|names| names.join("/"))
}

fn path_with_dots() -> impl Strategy<Value = String> {
    let names = vec!["a", "b", "c", "a", "b", "c", "..", ".", ""];
    let components = vec(prop::sample::select(names), 1..7);
    let relative = components.prop_map(|names| names.join("/"));
    relative.prop_filter("relative", |path| {
        !path.is_empty() && !path.starts_with('/')
    })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        2 => Just(Kind::File),
        1 => Just(Kind::Directory),
        4 => path_with_dots().prop_map(Kind::Link),
    ]
}

/// Makes what it can: an entry whose place is taken, or whose parent is not a
/// real directory, is skipped.
fn make(tree: &Tree, entries: &[(String, Kind)]) {
    for (name, kind) in entries {
        let parents = name.rsplit_once('/').map(|(parents, _)| parents);
        if !parents.is_none_or(|parents| make_directories(tree, parents)) {
            continue;
        }
        let path = tree.path(name);
        if path.symlink_metadata().is_ok() {
            continue;
        }
        match kind {
            Kind::File => fs::write(path, name).unwrap(),
            Kind::Directory => fs::create_dir(path).unwrap(),
            Kind::Link(target) => symlink(target, path).unwrap(),
        }
    }
}

/// Whether all of the path is real directories now: nothing is made through a
/// link, which may lead anywhere.
fn make_directories(tree: &Tree, path: &str) -> bool {
    let mut directory = tree.path("");
    path.split('/').all(|name| {
        directory.push(name);
        let _ = fs::create_dir(&directory);
        directory
            .symlink_metadata()
            .is_ok_and(|found| found.is_dir())
    })
}

/// What the name comes to when all links are followed first and the result is
/// looked at then. `None` where that does not tell: the way to something missing
/// may lead out, and it may lead out and back in.
fn naive(tree: &Tree, name: &str) -> Option<String> {
    let root = tree.path("").canonicalize().unwrap();
    let found = fs::canonicalize(root.join(name)).ok()?;
    Some(if !found.starts_with(&root) {
        "refused: outside the directory".into()
    } else if found.is_dir() {
        "refused: is a directory".into()
    } else {
        format!("content: {}", fs::read_to_string(found).unwrap())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn both_resolvers_agree_with_each_other_and_the_oracle(
        entries in vec((plain_path(), kind()), 1..14),
        names in vec(path_with_dots(), 20),
    ) {
        let tree = Tree::new();
        make(&tree, &entries);
        let roots = RESOLVERS.map(|resolver| tree.open(resolver));
        let made = entries.iter().map(|(name, _)| name);
        for name in made.chain(&names) {
            let [by_kernel, by_walk] = roots.each_ref().map(|root| {
                let _ = status(root, name.as_bytes(), Containment::Beneath);
                outcome(root, name.as_bytes(), Containment::Beneath)
            });
            prop_assert_eq!(&by_kernel, &by_walk, "{}", name);
            match naive(&tree, name) {
                Some(expected) => prop_assert_eq!(by_walk, expected, "{}", name),
                None => prop_assert!(!by_walk.starts_with("content"), "{}", name),
            }
            let anywhere = outcome(&roots[0], name.as_bytes(), Containment::Anywhere);
            let outside = Path::new(name).is_absolute() || by_kernel.contains("outside");
            if !outside {
                prop_assert_eq!(by_kernel, anywhere, "{}", name);
            }
        }
    }
}
