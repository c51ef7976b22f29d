//! What is outside is not read while somebody rearranges the tree.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use checksig_core::{Cancel, Containment, Detail, Listed, Root};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::support::{RESOLVERS, Tree, outcome};

const OPENS: usize = 3000;

/// Does `work` while `disturb` runs in a loop.
fn while_disturbed<T>(disturb: impl Fn() + Sync, work: impl FnOnce() -> T) -> T {
    /// Ends the loop also when `work` panics.
    struct End<'a>(&'a AtomicBool);
    impl Drop for End<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                disturb();
            }
        });
        let _end = End(&ended);
        work()
    })
}

/// What two threads get that open the names over and over.
fn open_often(root: &Root, names: &[&str]) -> Vec<String> {
    let names = names.iter().cycle().take(OPENS);
    let open = |name: &&str| outcome(root, name.as_bytes(), Containment::Beneath);
    thread::scope(|scope| {
        let reader = || scope.spawn(|| names.clone().map(open).collect::<Vec<_>>());
        let readers = [reader(), reader()];
        let outcomes = readers.map(|reader| reader.join().unwrap());
        outcomes.concat()
    })
}

/// Nothing but content from inside and the harmless failures; and once the tree
/// is at rest, the content.
fn assert_inside(root: &Root, names: &[&str], outcomes: &[String], failures: &[&str]) {
    for outcome in outcomes {
        let is_harmless = outcome == "content: inside" || failures.contains(&&**outcome);
        assert!(is_harmless, "{outcome} by {root:?}");
    }
    for name in names {
        let found = outcome(root, name.as_bytes(), Containment::Beneath);
        assert_eq!(found, "content: inside", "{name}");
    }
}

const OUTSIDE: &str = "refused: outside the directory";

#[test]
fn a_directory_is_moved_out_and_back() {
    let tree = Tree::new();
    fs::write(tree.outside().join("target"), "outside").unwrap();
    tree.file("target", "inside");
    tree.file("dir/file", "inside");
    tree.file("dir/deep/file", "inside");
    tree.link("dir/up", "../target");
    let away = tree.outside().join("dir");
    let disturb = || {
        fs::rename(tree.path("dir"), &away).unwrap();
        fs::rename(&away, tree.path("dir")).unwrap();
    };
    let names = [
        "dir/file",
        "dir/../target",
        "dir/deep/../../target",
        "dir/up",
    ];
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        let outcomes = while_disturbed(disturb, || open_often(&root, &names));
        assert_inside(&root, &names, &outcomes, &["missing", OUTSIDE]);
    }
}

/// Exchanges `name` and `aside`, and changes them back.
fn swap_twice(tree: &Tree, name: &str) {
    let [name, aside] = [name, "aside"].map(|name| tree.path(name));
    for _ in 0..2 {
        renameat_with(CWD, &name, CWD, &aside, RenameFlags::EXCHANGE).unwrap();
    }
}

#[test]
fn a_file_is_swapped_for_a_link_to_the_outside() {
    let tree = Tree::new();
    tree.file("file", "inside");
    tree.link("aside", "../outside/secret");
    let disturb = || swap_twice(&tree, "file");
    let names = ["file"];
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        let outcomes = while_disturbed(disturb, || open_often(&root, &names));
        assert_inside(&root, &names, &outcomes, &[OUTSIDE]);
    }
}

#[test]
fn a_directory_is_swapped_for_a_link_to_the_outside() {
    let tree = Tree::new();
    fs::write(tree.outside().join("file"), "outside").unwrap();
    fs::create_dir(tree.outside().join("deep")).unwrap();
    tree.file("dir/file", "inside");
    tree.file("dir/deep/file", "inside");
    tree.file("file", "inside");
    tree.link("aside", "../outside");
    let disturb = || swap_twice(&tree, "dir");
    let names = ["dir/file", "dir/deep/../file", "dir/../file"];
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        let outcomes = while_disturbed(disturb, || open_often(&root, &names));
        assert_inside(&root, &names, &outcomes, &[OUTSIDE]);
    }
}

#[test]
fn a_listing_stays_inside() {
    let tree = Tree::new();
    tree.file("dir/file", "inside");
    tree.file("dir/deep/file", "inside");
    fs::create_dir(tree.outside().join("deep")).unwrap();
    fs::write(tree.outside().join("deep/secret"), "outside").unwrap();
    tree.link("aside", "../outside");
    let disturb = || swap_twice(&tree, "dir");
    for resolver in RESOLVERS {
        let root = tree.open(resolver);
        while_disturbed(disturb, || {
            for _ in 0..OPENS / 10 {
                let listing = root.list(Detail::Names, &Cancel::default()).unwrap();
                let secret = |file: &Listed| file.name.ends_with(b"secret");
                assert!(!listing.files.iter().any(secret));
            }
        });
    }
}
