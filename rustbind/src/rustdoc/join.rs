//! Several crates' descriptions as one: what a crate refers to in another one has the
//! same number as there.

use std::collections::HashMap;

use rustdoc_types::{Crate, Id};
use serde_json::Value;

use super::ReadError;

/// A crate and what it depends on, as far as that is described, too.
pub(super) struct Joined {
    /// The crate, with the items of all.
    pub(super) krate: Crate,
    /// The root modules of the others, by name.
    pub(super) roots: HashMap<String, Id>,
}

/// What a number stands for in every crate: its kind and its path.
type Known = (String, Vec<String>);

/// Reads the crate itself, which is the first one, and those that it depends on.
pub(super) fn joined(texts: &[String]) -> Result<Joined, ReadError> {
    let mut all = Vec::new();
    for text in texts {
        let value: Value = serde_json::from_str(text)?;
        let found = value["format_version"].as_u64().unwrap_or_default();
        if found != u64::from(rustdoc_types::FORMAT_VERSION) {
            return Err(ReadError::Version { found });
        }
        all.push(value);
    }
    renumber(&mut all);
    let mut crates = all.into_iter().map(serde_json::from_value::<Crate>);
    let Some(first) = crates.next() else {
        return Err(ReadError::Version { found: 0 });
    };
    let mut krate = first?;
    let mut roots = HashMap::new();
    for each in crates {
        let each = each?;
        let name = each
            .index
            .get(&each.root)
            .and_then(|root| root.name.clone());
        roots.insert(name.unwrap_or_default(), each.root);
        krate.index.extend(each.index);
        for (id, summary) in each.paths {
            if summary.crate_id == 0 {
                krate.paths.insert(id, summary);
            } else {
                krate.paths.entry(id).or_insert(summary);
            }
        }
    }
    Ok(Joined { krate, roots })
}

/// Gives every item a number that no other crate's has, but the same wherever it is
/// mentioned.
fn renumber(all: &mut [Value]) {
    if all.len() < 2 {
        return;
    }
    let mut offsets = Vec::new();
    let mut next = 0;
    for each in &*all {
        offsets.push(next);
        let numbers = ["index", "paths"]
            .into_iter()
            .flat_map(|key| keys(&each[key]));
        next += numbers.max().map_or(0, |last| last + 1);
    }
    let mut homes: HashMap<Known, u64> = HashMap::new();
    for (each, offset) in all.iter().zip(&offsets) {
        for number in keys(&each["paths"]) {
            let (known, own) = known(each, number);
            if own && each["index"].get(number.to_string()).is_some() {
                homes.insert(known, number + offset);
            }
        }
    }
    for (each, offset) in all.iter_mut().zip(&offsets) {
        let mut elsewhere = HashMap::new();
        for number in keys(&each["paths"]) {
            let (known, own) = known(each, number);
            if let Some(home) = homes.get(&known).filter(|_| !own) {
                elsewhere.insert(number, *home);
            }
        }
        let new = |number: u64| elsewhere.get(&number).copied().unwrap_or(number + offset);
        rewrite(each, "", &new);
    }
}

fn keys(map: &Value) -> impl Iterator<Item = u64> {
    let keys = map.as_object().into_iter().flat_map(|map| map.keys());
    keys.filter_map(|key| key.parse().ok())
}

/// What a number stands for, and whether it is the crate's own.
fn known(krate: &Value, number: u64) -> (Known, bool) {
    let summary = &krate["paths"][number.to_string()];
    let path = summary["path"].as_array().into_iter().flatten();
    let path = path.filter_map(|part| part.as_str().map(str::to_owned));
    let kind = summary["kind"].as_str().unwrap_or_default().to_owned();
    ((kind, path.collect()), summary["crate_id"] == 0)
}

/// Replaces the numbers of items, which stand under few names.
fn rewrite(value: &mut Value, under: &str, new: &dyn Fn(u64) -> u64) {
    let numbered = matches!(
        under,
        "root"
            | "id"
            | "links"
            | "items"
            | "impls"
            | "implementations"
            | "fields"
            | "variants"
            | "tuple"
    );
    match value {
        Value::Number(number) if numbered => {
            if let Some(old) = number.as_u64() {
                *value = new(old).into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|each| rewrite(each, under, new)),
        Value::Object(map) if matches!(under, "index" | "paths") => {
            let old = std::mem::take(map);
            for (key, mut each) in old {
                rewrite(&mut each, "", new);
                let key = key.parse().map_or(key, |number| new(number).to_string());
                map.insert(key, each);
            }
        }
        Value::Object(map) => {
            for (key, each) in map {
                let under = if under == "links" { under } else { key };
                rewrite(each, under, new);
            }
        }
        _ => {}
    }
}
