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
pub(crate) fn seen_from<'a>(root: &[u8], path: Cow<'a, [u8]>) -> Cow<'a, [u8]> {
    let below = |path: &[u8]| {
        let rest = path.strip_prefix(root)?;
        let rest = rest
            .strip_prefix(b"/")
            .or(root.ends_with(b"/").then_some(rest))?;
        (!rest.is_empty()).then_some(path.len() - rest.len())
    };
    match (below(&path), path) {
        (None, path) => path,
        (Some(start), Cow::Borrowed(path)) => Cow::Borrowed(&path[start..]),
        (Some(start), Cow::Owned(mut path)) => Cow::Owned(path.split_off(start)),
    }
}

/// Whether a name has a part `..`.
pub(super) fn has_parent(name: &[u8]) -> bool {
    name.split(|&byte| byte == b'/').any(|part| part == b"..")
}

/// The plain path that a name stands for where no part of it is a link; `None` where it leads
/// out of where it starts.
pub(super) fn without_parents(name: &[u8]) -> Option<Vec<u8>> {
    let is_absolute = name.starts_with(b"/");
    let mut parts = Vec::new();
    for part in name.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            // The parent of `/` is `/`.
            b".." if is_absolute => {
                parts.pop();
            }
            b".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let start = if is_absolute { &b"/"[..] } else { b"" };
    Some([start, &parts.join(&b'/')].concat())
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
            assert_eq!(&*seen_from(root, Cow::Borrowed(path)), expected);
            assert_eq!(&*seen_from(root, Cow::Owned(path.to_vec())), expected);
        }
    }

    #[test]
    fn parents_are_resolved_and_do_not_lead_out() {
        for (name, expected) in [
            ("a/../b", Some("b")),
            ("./a/b/../../c//d", Some("c/d")),
            ("a/..", Some("")),
            ("..a/b..", Some("..a/b..")),
            ("/a/../../b", Some("/b")),
            ("../a", None),
            ("a/../../b", None),
        ] {
            let path = without_parents(name.as_bytes());
            assert_eq!(path.as_deref(), expected.map(str::as_bytes), "{name}");
            let has_parent = has_parent(name.as_bytes());
            assert_eq!(has_parent, name.split('/').any(|part| part == ".."));
        }
    }
}
