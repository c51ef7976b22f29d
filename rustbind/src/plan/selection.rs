//! Which of a crate's items users want, and under which names.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Model, Place, Shape, Skipped, TypeDef};
use crate::rustdoc::full_path;

/// Which items users want, and under which names. Paths may leave the crate's name out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Paths of items that are left out.
    pub exclude: Vec<String>,
    /// New names by path.
    pub rename: BTreeMap<String, String>,
}

impl Selection {
    /// The name that users give an item, by its full path.
    #[must_use]
    pub fn name_of(&self, full: &str) -> Option<&str> {
        let found = self
            .rename
            .get(full)
            .or_else(|| self.rename.get(short(full)));
        found.map(String::as_str)
    }

    /// The paths in this selection that no item of the crate has.
    #[must_use]
    pub fn unknown(&self, model: &Model) -> Vec<&str> {
        let all = paths(model);
        let known: BTreeSet<&str> = all
            .iter()
            .flat_map(|path| [path.as_str(), short(path)])
            .collect();
        let wanted = self.exclude.iter().chain(self.rename.keys());
        wanted
            .map(String::as_str)
            .filter(|path| !known.contains(path))
            .collect()
    }

    /// The model without what is excluded.
    pub(super) fn applied(&self, mut model: Model) -> Model {
        let krate = model.name.clone();
        let mut left_out = Vec::new();
        let mut keep = |path: String| {
            let excluded = self
                .exclude
                .iter()
                .any(|each| *each == path || each == short(&path));
            if excluded {
                let reason = "excluded on request".to_owned();
                left_out.push(Skipped { item: path, reason });
            }
            !excluded
        };
        model
            .functions
            .retain(|each| keep(in_module(&krate, &each.module, &each.name)));
        model
            .constants
            .retain(|each| keep(in_module(&krate, &each.module, &each.name)));
        model
            .types
            .retain(|_, each| keep(full_path(&krate, &each.place)));
        model
            .traits
            .retain(|_, each| keep(full_path(&krate, &each.place)));
        for each in model.types.values_mut() {
            let full = full_path(&krate, &each.place);
            each.functions
                .retain(|function| keep(format!("{full}::{}", function.name)));
            each.constants
                .retain(|constant| keep(format!("{full}::{}", constant.name)));
            if let Shape::Struct(fields) = &mut each.shape {
                let count = fields.public.len();
                fields
                    .public
                    .retain(|field| keep(format!("{full}::{}", field.name)));
                fields.all_public &= fields.public.len() == count;
            }
        }
        model.skipped.extend(left_out);
        model
    }
}

/// A path without the crate's name.
fn short(path: &str) -> &str {
    path.split_once("::").map_or(path, |(_, short)| short)
}

fn in_module(krate: &str, module: &[String], name: &str) -> String {
    let place = Place::new(module, name);
    full_path(krate, &place)
}

/// The full path of every item.
fn paths(model: &Model) -> Vec<String> {
    let krate = &model.name;
    let functions = model.functions.iter();
    let mut all: Vec<String> = functions
        .map(|each| in_module(krate, &each.module, &each.name))
        .collect();
    let constants = model.constants.iter();
    all.extend(constants.map(|each| in_module(krate, &each.module, &each.name)));
    all.extend(
        model
            .traits
            .values()
            .map(|each| full_path(krate, &each.place)),
    );
    for each in model.types.values() {
        let full = full_path(krate, &each.place);
        all.extend(members(each).iter().map(|name| format!("{full}::{name}")));
        all.push(full);
    }
    all.extend(model.skipped.iter().map(|each| each.item.clone()));
    all
}

/// The members that can be chosen: an enum's variants are what it is.
fn members(type_def: &TypeDef) -> Vec<String> {
    let functions = type_def.functions.iter().map(|each| each.name.clone());
    let constants = type_def.constants.iter().map(|each| each.name.clone());
    let mut all: Vec<String> = functions.chain(constants).collect();
    if let Shape::Struct(fields) = &type_def.shape {
        all.extend(fields.public.iter().map(|each| each.name.clone()));
    }
    all
}
