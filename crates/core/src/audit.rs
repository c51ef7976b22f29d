//! What is below a root and not listed in a manifest.

use std::io;

use crate::cancel::Cancel;
use crate::exclude::Exclude;
use crate::index::{ByHash, Hashed, NameHash};
use crate::lines::{Lines, Names};
use crate::listing::{Contents, Own, PassedOver, visit};
use crate::root::Root;
use crate::store::Sorter;

/// The files below a root that are not listed in a manifest, and the directories that could
/// hide some, until `cancel` is raised.
///
/// What is passed over where a manifest is made is so here. A link to a directory inside
/// the root is no file: what it leads to is looked at where it is.
pub(crate) fn unlisted(
    root: &Root,
    own: &Own<'_>,
    lines: &Lines,
    exclude: &Exclude,
    cancel: &Cancel,
) -> io::Result<Contents> {
    let mut unmet = Contents::new();
    let mut listed = Ascending::new(lines);
    visit(root, own, exclude, cancel, &mut |name, reason| {
        let is_skipped = matches!(reason, Some(PassedOver::Skip(_)));
        if !is_skipped && !listed.meets(name, cancel)? {
            unmet.push(name, reason);
        }
        Ok(())
    })?;
    if unmet.len() == 0 {
        return Ok(unmet);
    }
    let mut places = Sorter::of_numbers();
    let hash = NameHash::new();
    let mut listed = ByHash::new(lines, hash.index(lines, cancel)?);
    for hashed in hash.index(unmet.lines(), cancel)? {
        let Hashed { hash, place } = hashed?;
        if cancel.is_requested() {
            break;
        }
        let names = listed.at(hash, cancel)?;
        if names.is_empty() || !names.contains_key(&unmet.lines().plain_name(place)?) {
            places.push(place as u64, cancel);
        }
    }
    let mut extra = Contents::new();
    for place in places
        .sorted(cancel)?
        .take_while(|_| !cancel.is_requested())
    {
        let (name, reason) = unmet.get(place? as usize)?;
        extra.push(&name, reason);
    }
    Ok(extra)
}

/// The names in a manifest, which a sorted listing goes along: without their hashes, where they
/// are sorted themselves.
struct Ascending<'a> {
    lines: &'a Lines,
    names: Names<'a>,
    /// The name that was come to; `None` at the beginning, and empty at the end.
    current: Option<Vec<u8>>,
}

impl<'a> Ascending<'a> {
    fn new(lines: &'a Lines) -> Self {
        Self {
            lines,
            names: lines.names(),
            current: None,
        }
    }

    /// Whether a name is met, where the manifest's are sorted; else it may be missed. Each name
    /// comes after the one before.
    fn meets(&mut self, name: &[u8], cancel: &Cancel) -> io::Result<bool> {
        loop {
            match &mut self.current {
                Some(current) if current.is_empty() || current[..] >= *name => {
                    return Ok(current[..] == *name);
                }
                _ if cancel.is_requested() => return Ok(false),
                current => {
                    let next = self.names.next()?;
                    let next = next
                        .map(|(_, name)| self.lines.plain(name))
                        .unwrap_or_default();
                    next.as_ref().clone_into(current.get_or_insert_default());
                }
            }
        }
    }
}
