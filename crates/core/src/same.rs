//! Lines of a manifest that name the same file.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::cancel::Cancel;
use crate::index::Index;
use crate::lines::Lines;

/// Which lines name the same file as an earlier one.
///
/// They are judged by one reading of the file: so that two lines that state different
/// digests of one algorithm are never both right, whatever is done to the file meanwhile.
#[derive(Default)]
pub(crate) struct SameFile {
    /// For the first line of a file that several name: the others, in order.
    later: HashMap<usize, Vec<usize>>,
}

impl SameFile {
    /// Looks for names that are the same but for `.` and empty parts, until `cancel` is
    /// raised.
    pub(crate) fn among(lines: &Lines, cancel: &Cancel) -> Self {
        let mut same = Self::default();
        for places in Index::of(lines, cancel).alike() {
            let mut first_of = HashMap::new();
            for place in places.take_while(|_| !cancel.is_requested()) {
                let name = lines.name(place).unwrap_or_default();
                let first = *first_of.entry(plain(&name).into_owned()).or_insert(place);
                if first != place {
                    same.later.entry(first).or_default().push(place);
                }
            }
        }
        same
    }

    /// The places of all lines that name the file of the line at `first`, which is the
    /// first of them.
    pub(crate) fn all(&self, first: usize) -> impl Iterator<Item = usize> {
        let later = self.later.get(&first).map_or(&[][..], Vec::as_slice);
        std::iter::once(first).chain(later.iter().copied())
    }

    /// The places that are no later line of any file, in order; `None` where that is
    /// every one of `len`.
    pub(crate) fn firsts(&self, len: usize) -> Option<Vec<usize>> {
        if self.later.is_empty() {
            return None;
        }
        let mut is_first = vec![true; len];
        for place in self.later.values().flatten() {
            is_first[*place] = false;
        }
        Some((0..len).filter(|place| is_first[*place]).collect())
    }
}

/// A name as a listing of a directory has it: without `.` and empty parts.
///
/// An absolute name keeps its first slash: it is another file's.
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
    Cow::Owned([start, &parts.join(&b'/')].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Options, parse};

    #[test]
    fn names_are_the_same_but_for_dots_and_doubled_slashes() {
        for (name, expected) in [
            ("a/b", "a/b"),
            ("./a//b/.", "a/b"),
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
    fn later_lines_stand_with_the_first_of_their_file() {
        let digest = "d41d8cd98f00b204e9800998ecf8427e";
        let names = ["a", "b", "./a", "c", "a", "b"];
        let text: String = names
            .iter()
            .map(|name| format!("{digest}  {name}\n"))
            .collect();
        let lines = |text: &str| {
            let mut lines = Lines::default();
            let parsed = parse(text.as_bytes(), &Options::default()).unwrap();
            parsed.lines.iter().for_each(|line| lines.push(line));
            lines
        };
        let of_two: String = text.split_inclusive('\n').take(2).collect();
        let cancel = Cancel::default();
        let same = SameFile::among(&lines(&text), &cancel);
        assert_eq!(same.firsts(names.len()), Some(vec![0, 1, 3]));
        let all = [0, 1, 3].map(|first| same.all(first).collect::<Vec<_>>());
        assert_eq!(all, [vec![0, 2, 4], vec![1, 5], vec![3]]);
        assert_eq!(SameFile::among(&lines(&of_two), &cancel).firsts(2), None);
    }
}
