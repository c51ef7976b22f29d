//! The one path of a file, by which names that lead to it are known for the same.

use std::borrow::Cow;

/// A name as a listing of a directory has it: without `.` and empty parts.
///
/// An absolute name keeps its first slash: it is another file's. So does one that ends with
/// `/` or `/.` its last one: it can be a directory's alone.
pub(crate) fn plain(name: &[u8]) -> Cow<'_, [u8]> {
    let is_plain = |part: &&[u8]| !part.is_empty() && *part != b".";
    let (start, rest) = match name.strip_prefix(b"/") {
        Some(rest) => (&b"/"[..], rest),
        None => (&b""[..], name),
    };
    if rest.split(|&byte| byte == b'/').all(|part| is_plain(&part)) {
        return Cow::Borrowed(name);
    }
    let parts: Vec<&[u8]> = rest.split(|&byte| byte == b'/').filter(is_plain).collect();
    let is_directory = rest.ends_with(b"/") || rest.ends_with(b"/.");
    let end = if is_directory { &b"/"[..] } else { b"" };
    Cow::Owned([start, &parts.join(&b'/'), end].concat())
}

/// A plain path seen from the directory `root`: relative where it is absolute and leads to
/// something below.
pub(crate) fn seen_from<'a>(root: &[u8], path: &'a [u8]) -> &'a [u8] {
    let below = path.strip_prefix(root).and_then(|rest| {
        let is_slash = root.ends_with(b"/");
        rest.strip_prefix(b"/").or(is_slash.then_some(rest))
    });
    below.filter(|rest| !rest.is_empty()).unwrap_or(path)
}

/// Whether a path has a part `..`.
pub(super) fn has_parent(path: &[u8]) -> bool {
    path.split(|&byte| byte == b'/').any(|part| part == b"..")
}

/// Whether a path has a part `..` after another one.
pub(super) fn has_inner_parent(path: &[u8]) -> bool {
    let parts = path.split(|&byte| byte == b'/');
    let mut parts = parts.filter(|part| !part.is_empty() && *part != b".");
    let is_below = path.starts_with(b"/") || parts.by_ref().any(|part| part != b"..");
    is_below && parts.any(|part| part == b"..")
}

/// The plain path that a path stands for where no part of it is a link: `..` is at its start
/// alone, where it leads out of where it starts.
pub(super) fn without_parents(path: &[u8]) -> Vec<u8> {
    let is_absolute = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            // The parent of `/` is `/`.
            b".." if is_absolute => {}
            part => parts.push(part),
        }
    }
    let start = if is_absolute { &b"/"[..] } else { b"" };
    [start, &parts.join(&b'/')].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_but_for_dots_and_doubled_slashes() {
        for (name, expected) in [
            ("a/b", "a/b"),
            ("./a//b", "a/b"),
            ("a/b/", "a/b/"),
            ("./a//b/./.", "a/b/"),
            ("a/../b", "a/../b"),
            (".a/..b", ".a/..b"),
            ("/a", "/a"),
            ("//a/./b", "/a/b"),
            (".", ""),
        ] {
            assert_eq!(&*plain(name.as_bytes()), expected.as_bytes(), "{name}");
        }
    }

    #[test]
    fn an_absolute_path_below_a_root_is_seen_from_there() {
        for (root, path, expected) in [
            ("/data", "/data/a/b", "a/b"),
            ("/data", "/database", "/database"),
            ("/data", "/data", "/data"),
            ("/data", "/data/", "/data/"),
            ("/data", "data/a", "data/a"),
            ("/", "/a/b", "a/b"),
            ("/", "/", "/"),
        ] {
            let (root, path, expected) = (root.as_bytes(), path.as_bytes(), expected.as_bytes());
            assert_eq!(seen_from(root, path), expected);
        }
    }

    #[test]
    fn parents_are_resolved_as_far_as_they_do_not_lead_out() {
        for (path, expected, has_inner) in [
            ("a/../b", "b", true),
            ("./a/b/../../c//d", "c/d", true),
            ("a/..", "", true),
            ("..a/b..", "..a/b..", false),
            ("/a/../../b", "/b", true),
            ("/..", "/", true),
            ("../a", "../a", false),
            ("./..//../a", "../../a", false),
            ("a/../../b", "../b", true),
            ("../../a/../b", "../../b", true),
        ] {
            let found = without_parents(path.as_bytes());
            assert_eq!(found, expected.as_bytes(), "{path}");
            assert_eq!(has_inner_parent(path.as_bytes()), has_inner, "{path}");
        }
    }
}
