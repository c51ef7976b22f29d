//! Names that are left out.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::root::plain;

/// Globs that say which names are left out.
///
/// `*` and `?` stand for anything but a slash, `**` for any number of directories,
/// `[a-z]` and `{a,b}` for alternatives; `?` and `[a-z]` for one byte. A glob is matched against the whole name
/// below the root; one without a slash against each part of the name, so that `.git`
/// leaves out whatever is in a directory `.git`, and `*.tmp` such files everywhere. `./` or `/`
/// at the start stands for the root, and a slash at either end for all that is in a directory,
/// too.
#[derive(Clone, Debug, Default)]
pub struct Exclude {
    names: GlobSet,
    parts: GlobSet,
}

/// A glob that can't be understood.
#[derive(Clone, Debug, thiserror::Error)]
#[error("bad glob: {0}")]
pub struct GlobError(#[from] globset::Error);

impl Exclude {
    /// What these globs match.
    ///
    /// # Errors
    /// Where one of them can't be understood.
    pub fn new<'a>(globs: impl IntoIterator<Item = &'a str>) -> Result<Self, GlobError> {
        let mut names = GlobSetBuilder::new();
        let mut parts = GlobSetBuilder::new();
        let build = |glob: &str| GlobBuilder::new(glob).literal_separator(true).build();
        for glob in globs {
            let whole = glob.strip_prefix("./").or_else(|| glob.strip_prefix('/'));
            let all = whole.unwrap_or(glob).trim_end_matches('/');
            if whole.is_none() && !all.contains('/') {
                parts.add(build(all)?);
                continue;
            }
            names.add(build(all)?);
            if whole.is_some() || all.len() < glob.len() {
                names.add(build(&format!("{all}/**"))?);
            }
        }
        Ok(Self {
            names: names.build()?,
            parts: parts.build()?,
        })
    }

    /// Whether a name below the root is left out; `.` and empty parts of it do not count.
    #[must_use]
    pub fn matches(&self, name: &[u8]) -> bool {
        let name = &*plain(name);
        let is_match = |set: &GlobSet, name: &[u8]| set.is_match(OsStr::from_bytes(name));
        is_match(&self.names, name)
            || (!self.parts.is_empty()
                && name
                    .split(|&byte| byte == b'/')
                    .any(|part| is_match(&self.parts, part)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_names_or_parts_of_them() {
        for (glob, name, matches) in [
            ("*.tmp", "a.tmp", true),
            ("*.tmp", "a/b/c.tmp", true),
            ("*.tmp", "a.tmp.txt", false),
            (".git", ".git/objects/12", true),
            (".git", "a/.git/HEAD", true),
            (".git", "a.git", false),
            ("a/*.txt", "a/b.txt", true),
            ("a/*.txt", "a/b/c.txt", false),
            ("a/**", "a/b/c.txt", true),
            ("**/c.{txt,md}", "a/b/c.md", true),
            ("a/b", "x/a/b", false),
            ("a/b", "a/b/c", false),
            ("a/b/", "a/b/c", true),
            ("b/", "a/b/c", true),
            ("./a", "a", true),
            ("/a", "a/b", true),
            ("/b", "a/b", false),
            ("a/*.txt", "./a//b.txt", true),
        ] {
            let exclude = Exclude::new([glob]).unwrap();
            assert_eq!(exclude.matches(name.as_bytes()), matches, "{glob} {name}");
        }
        assert!(!Exclude::default().matches(b"a"));
        assert!(Exclude::new(["caf?"]).unwrap().matches(b"caf\xe9"));
        assert!(!Exclude::new(["caf?"]).unwrap().matches("café".as_bytes()));
    }

    #[test]
    fn a_bad_glob_is_named() {
        let error = Exclude::new(["ok", "a[b"]).unwrap_err();
        assert!(error.to_string().contains("a[b"), "{error}");
    }
}
