//! Reads rustdoc's JSON into the intermediate form.

mod join;
mod types;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use rustdoc_types::{
    Attribute, Crate, GenericArg, GenericArgs, GenericParamDefKind, Generics, Id, Impl, Item,
    ItemEnum, StructKind, VariantKind,
};

use crate::model::{
    Alias, Constant, Field, Fields, Function, Implemented, Instance, Model, Module, Parameter,
    Place, Shape, Skipped, TraitDef, Type, TypeDef, Variant,
};
use types::Scope;

/// A file that is not rustdoc's, or another version's.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or not of a crate.
    #[error("rustdoc's output cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Another version.
    #[error(
        "rustdoc's output has format {found}; this rustbind reads {}, which Rust 1.95 writes",
        rustdoc_types::FORMAT_VERSION
    )]
    Version {
        /// The version that was found.
        found: u64,
    },
}

/// What was read, and what it takes to read more.
#[derive(Debug)]
pub struct Reading {
    /// The crate's items.
    pub model: Model,
    /// The crates that its interface has something of, and that were not described.
    pub wanted: BTreeSet<String>,
}

/// Reads the texts of rustdoc's output: for the crate itself first, then for those of
/// its dependencies that it has something of. `instances` are generic items with their
/// arguments, such as `Matrix<f64>`.
///
/// # Errors
/// [`ReadError`], also for output of another version of rustdoc.
pub fn read(texts: &[String], instances: &[String]) -> Result<Reading, ReadError> {
    let joined = join::joined(texts)?;
    Ok(Reader::new(&joined.krate, instances).read(&joined.roots))
}

/// A public name and what it stands for.
struct Found<'a> {
    place: Place,
    item: &'a Item,
}

struct Reader<'a> {
    krate: &'a Crate,
    found: Vec<Found<'a>>,
    /// The place of each type and trait that is public, by its id.
    places: HashMap<Id, Place>,
    skipped: Vec<Skipped>,
    /// Instances that users name.
    wanted: &'a [String],
    /// Instances that the crate's own signatures name, by definition.
    mentioned: HashSet<String>,
    /// Crates that something is re-exported from, and that are not described.
    missing: BTreeSet<String>,
    /// What other crates implement for a type: its own lists only what its crate does.
    elsewhere: HashMap<Id, Vec<Id>>,
}

impl<'a> Reader<'a> {
    fn new(krate: &'a Crate, wanted: &'a [String]) -> Self {
        Self {
            wanted,
            mentioned: HashSet::new(),
            missing: BTreeSet::new(),
            elsewhere: implemented_elsewhere(krate),
            krate,
            found: Vec::new(),
            places: HashMap::new(),
            skipped: Vec::new(),
        }
    }

    fn read(mut self, roots: &HashMap<String, Id>) -> Reading {
        let root = self.krate.index.get(&self.krate.root);
        let name = root.and_then(|root| root.name.clone()).unwrap_or_default();
        let modules = self.walk(self.krate.root, &name, Vec::new());
        let mut model = Model {
            format: crate::model::FORMAT,
            version: self.krate.crate_version.clone().unwrap_or_default(),
            name,
            modules,
            types: BTreeMap::new(),
            traits: BTreeMap::new(),
            functions: Vec::new(),
            constants: Vec::new(),
            aliases: Vec::new(),
            skipped: Vec::new(),
        };
        for found in std::mem::take(&mut self.found) {
            self.add(&mut model, found);
        }
        let wanted = self.wanted_crates(&model);
        self.add_foreign(&mut model, roots);
        while self.add_mentioned(&mut model) {}
        model.skipped = self.skipped;
        model.skipped.sort();
        model.skipped.dedup();
        Reading { model, wanted }
    }

    /// The crates that more is to be known of.
    fn wanted_crates(&mut self, model: &Model) -> BTreeSet<String> {
        let mut wanted = std::mem::take(&mut self.missing);
        model.mentions(&mut |type_| {
            if let Type::Foreign { definition, .. } = type_ {
                wanted.extend(definition.split("::").next().map(str::to_owned));
            }
            false
        });
        wanted
    }

    /// Adds the types of other crates that the crate's own interface mentions, but does
    /// not show under a name of its own: in a module of that crate's name.
    fn add_foreign(&mut self, model: &mut Model, roots: &HashMap<String, Id>) {
        let mut wanted: BTreeSet<String> = BTreeSet::new();
        model.mentions(&mut |type_| {
            if let Type::Named { definition, .. } | Type::Trait { definition, .. } = type_ {
                let of = definition.split('<').next().unwrap_or_default();
                wanted.insert(of.to_owned());
            }
            false
        });
        let names: BTreeSet<&str> = wanted
            .iter()
            .filter_map(|each| each.split("::").next())
            .collect();
        for (name, root) in names.iter().filter_map(|name| roots.get_key_value(*name)) {
            let own = (std::mem::take(&mut self.places), self.skipped.len());
            let modules = self.walk(*root, name, vec![name.clone()]);
            let theirs = std::mem::replace(&mut self.places, own.0);
            let found = std::mem::take(&mut self.found);
            self.skipped.truncate(own.1);
            for Found { place, item } in found {
                let is_first = theirs.get(&item.id) == Some(&place);
                let known = self.places.contains_key(&item.id);
                if known || !is_first || !wanted.contains(&self.definition(item.id)) {
                    continue;
                }
                let place = Place {
                    foreign: true,
                    ..place
                };
                for count in 1..=place.module.len() {
                    let path = &place.module[..count];
                    let module = modules.iter().find(|each| each.path == path);
                    if !model.modules.iter().any(|each| each.path == path) {
                        model.modules.extend(module.cloned());
                    }
                }
                self.places.insert(item.id, place.clone());
                let plain = generics_of(item)
                    .is_none_or(|(generics, _)| types::lifetimes_only(generics).is_ok());
                if plain {
                    self.add(model, Found { place, item });
                }
            }
        }
        self.missing.clear();
    }

    /// Finds every public name, breadth first: the shortest path of an item comes first.
    fn walk(&mut self, root: Id, name: &str, path: Vec<String>) -> Vec<Module> {
        let mut modules: Vec<Module> = Vec::new();
        let mut seen: HashMap<Id, usize> = HashMap::new();
        let mut queue = VecDeque::from([(root, path)]);
        while let Some((id, path)) = queue.pop_front() {
            let Some(module) = self.krate.index.get(&id) else {
                continue;
            };
            let ItemEnum::Module(inner) = &module.inner else {
                continue;
            };
            if let Some(known) = seen.get(&id) {
                // Not in itself: that would never end.
                let known = &mut modules[*known];
                if !path.starts_with(&known.path) {
                    known.also.push(path);
                }
                continue;
            }
            seen.insert(id, modules.len());
            modules.push(Module {
                path: path.clone(),
                also: Vec::new(),
                docs: docs(module),
            });
            let mut names = Vec::new();
            let mut globs = HashSet::from([id]);
            self.names_in(&inner.items, name, &path, &mut globs, &mut names);
            // A name that a module spells out hides the same one of a glob.
            let own: HashSet<(String, bool)> = names
                .iter()
                .filter(|each| !each.2)
                .map(|each| (each.0.clone(), is_type(each.1)))
                .collect();
            names.retain(|each| !each.2 || !own.contains(&(each.0.clone(), is_type(each.1))));
            names.sort_by(|left, right| left.0.cmp(&right.0));
            for (name, item, _) in names {
                if let ItemEnum::Module(_) = item.inner {
                    queue.push_back((item.id, [&path[..], &[name]].concat()));
                } else {
                    let place = Place::new(&path, &name);
                    let known = self.places.entry(item.id).or_insert_with(|| place.clone());
                    // The name that an item was defined by is better than a shorter path.
                    let own = |place: &Place| item.name.as_ref() == Some(&place.name);
                    if own(&place) && !own(known) {
                        *known = place.clone();
                    }
                    self.found.push(Found { place, item });
                }
            }
        }
        modules
    }

    fn names_in(
        &mut self,
        items: &[Id],
        krate: &str,
        path: &[String],
        globs: &mut HashSet<Id>,
        names: &mut Vec<(String, &'a Item, bool)>,
    ) {
        let in_glob = globs.len() > 1;
        for id in items {
            let Some(item) = self.krate.index.get(id) else {
                continue;
            };
            if is_private_module(item) {
                continue;
            }
            let ItemEnum::Use(import) = &item.inner else {
                if let Some(name) = &item.name {
                    names.push((name.clone(), item, in_glob));
                }
                continue;
            };
            match import.id.and_then(|id| self.krate.index.get(&id)) {
                // A public name beside it is that of something else.
                Some(target) if !import.is_glob && is_private_module(target) => {}
                Some(target) if !import.is_glob => {
                    names.push((import.name.clone(), target, in_glob))
                }
                Some(target) => {
                    let inner = match &target.inner {
                        ItemEnum::Module(module) => &module.items,
                        ItemEnum::Enum(inner) => &inner.variants,
                        _ => continue,
                    };
                    if globs.insert(target.id) {
                        self.names_in(inner, krate, path, globs, names);
                    }
                }
                None => {
                    let known = import.id.and_then(|id| self.krate.paths.get(&id));
                    let source = import.source.trim_start_matches("::").split("::");
                    let krate_of = known.map(|known| known.path[0].as_str());
                    self.missing
                        .extend(krate_of.or(source.into_iter().next()).map(str::to_owned));
                    let name = [
                        &[krate.to_owned()],
                        path,
                        std::slice::from_ref(&import.name),
                    ]
                    .concat();
                    let reason = format!("re-exported from another crate: {}", import.source);
                    self.skip(name.join("::"), reason);
                }
            }
        }
    }

    fn skip(&mut self, item: String, reason: impl Into<String>) {
        let reason = reason.into();
        self.skipped.push(Skipped { item, reason });
    }

    fn definition(&self, id: Id) -> String {
        let summary = self.krate.paths.get(&id);
        summary.map_or_else(|| format!("#{}", id.0), |summary| summary.path.join("::"))
    }

    fn add(&mut self, model: &mut Model, found: Found<'a>) {
        let Found { place, item } = found;
        let full = full_path(&model.name, &place);
        let is_first = self.places.get(&item.id) == Some(&place);
        match &item.inner {
            ItemEnum::Struct(_) | ItemEnum::Enum(_) | ItemEnum::Union(_) => {
                let definition = self.definition(item.id);
                if !is_first {
                    let target = definition;
                    model.aliases.push(Alias { place, target });
                } else {
                    for (definition, type_def) in self.type_defs(item, place, &full) {
                        model.types.insert(definition, type_def);
                    }
                }
            }
            ItemEnum::Trait(_) if is_first => {
                let definition = self.definition(item.id);
                if let Some(trait_def) = self.trait_def(item, place, &full) {
                    model.traits.insert(definition, trait_def);
                }
            }
            ItemEnum::Function(_) => {
                let scope = Scope::new(self.krate, None);
                for function in self.function(item, &scope, &full) {
                    let own = item.name.as_deref().unwrap_or_default();
                    let name = function.name.replacen(own, &place.name, 1);
                    let instance = function.instance.map(|instance| Instance {
                        name: place.name.clone(),
                        ..instance
                    });
                    model.functions.push(Function {
                        module: place.module.clone(),
                        name,
                        instance,
                        ..function
                    });
                }
            }
            ItemEnum::Constant { type_, .. } => {
                let type_ = Scope::new(self.krate, None).read(type_);
                model.constants.push(constant(item, place, type_, false));
            }
            ItemEnum::Static(inner) if inner.is_mutable => {
                self.skip(full, "a `static mut` is unsafe to use");
            }
            ItemEnum::Static(inner) => {
                let type_ = Scope::new(self.krate, None).read(&inner.type_);
                model.constants.push(constant(item, place, type_, true));
            }
            ItemEnum::Macro(_) | ItemEnum::ProcMacro(_) => {
                self.skip(full, "a macro runs at compile time");
            }
            _ => {}
        }
    }

    /// Adds the instances of generic types that signatures mention; whether there were any.
    fn add_mentioned(&mut self, model: &mut Model) -> bool {
        let mut missing = HashSet::new();
        model.mentions(&mut |type_| {
            if let Type::Named { definition, .. } = type_
                && definition.ends_with('>')
                && !model.types.contains_key(definition)
            {
                missing.insert(definition.clone());
            }
            false
        });
        missing.retain(|definition| self.mentioned.insert(definition.clone()));
        let mut missing: Vec<String> = missing.into_iter().collect();
        missing.sort();
        for definition in &missing {
            let Some((of, written)) = definition
                .strip_suffix('>')
                .and_then(|each| each.split_once('<'))
            else {
                continue;
            };
            let mut public = self.places.iter();
            let found = public.find(|(id, _)| self.definition(**id) == of);
            let Some((item, place)) =
                found.and_then(|(id, place)| Some((self.krate.index.get(id)?, place.clone())))
            else {
                continue;
            };
            let Some(arguments) = Scope::new(self.krate, None).named_types(written) else {
                continue;
            };
            let full = full_path(&model.name, &place);
            if let Some((definition, type_def)) = self.instance(item, &place, &full, arguments) {
                model.types.insert(definition, type_def);
                self.skipped.retain(|each| each.item != full);
            }
        }
        !missing.is_empty()
    }

    /// A generic type with these arguments, by definition.
    fn instance(
        &mut self,
        item: &'a Item,
        place: &Place,
        full: &str,
        arguments: Vec<Type>,
    ) -> Option<(String, TypeDef)> {
        let (generics, impls) = generics_of(item)?;
        let written = types::written(&arguments)?;
        let own = Place {
            name: format!("{}_{}", place.name, suffix(&written)),
            ..place.clone()
        };
        let of = format!("{}<{written}>", self.definition(item.id));
        let full = format!("{full}<{written}>");
        let mut type_def = self.type_def(item, own, &full, &of, &arguments, generics, impls);
        type_def.instance = Some(Instance {
            name: place.name.clone(),
            arguments: arguments.into_iter().map(Some).collect(),
        });
        Some((of, type_def))
    }

    /// A type, or the instances of a generic one, by definition.
    fn type_defs(&mut self, item: &'a Item, place: Place, full: &str) -> Vec<(String, TypeDef)> {
        let Some((generics, impls)) = generics_of(item) else {
            return Vec::new();
        };
        let definition = self.definition(item.id);
        let Err(parameter) = types::lifetimes_only(generics) else {
            let type_def = self.type_def(item, place, full, &definition, &[], generics, impls);
            return vec![(definition, type_def)];
        };
        let mut found = Vec::new();
        let before = self.skipped.len();
        for arguments in self.type_instances(generics, full) {
            found.extend(self.instance(item, &place, full, arguments));
        }
        // What nobody has asked for is only worth having if Python can make a value.
        if self.named(full).is_empty() && !found.iter().any(|(_, found)| can_be_made(found)) {
            found.clear();
            self.skipped.truncate(before);
        }
        if found.is_empty() {
            self.skip(full.to_owned(), format!("generic over `{parameter}`"));
        }
        found
    }

    /// The arguments that users name for a generic item.
    fn named(&self, full: &str) -> Vec<Vec<Type>> {
        let scope = Scope::new(self.krate, None);
        let short = full.split_once("::").map_or(full, |(_, short)| short);
        let last = full.rsplit("::").next().unwrap_or(full);
        let found = self.wanted.iter().filter_map(|wanted| {
            let (name, arguments) = wanted.strip_suffix('>')?.split_once('<')?;
            let fits = [full, short, last].contains(&name);
            fits.then(|| scope.named_types(arguments)).flatten()
        });
        found.collect()
    }

    /// The arguments that a generic type is bound with: those that users name, or
    /// simple types for its only parameter.
    fn type_instances(&self, generics: &Generics, full: &str) -> Vec<Vec<Type>> {
        let mut count = 0;
        for parameter in &generics.params {
            match parameter.kind {
                GenericParamDefKind::Type { .. } => count += 1,
                GenericParamDefKind::Const { .. } => return Vec::new(),
                GenericParamDefKind::Lifetime { .. } => {}
            }
        }
        let named = self.named(full);
        if !named.is_empty() {
            return named
                .into_iter()
                .filter(|each| each.len() == count)
                .collect();
        }
        if count != 1 {
            return Vec::new();
        }
        let fitting = types::defaults()
            .into_iter()
            .filter(|type_| fits(generics, type_));
        fitting.map(|type_| vec![type_]).collect()
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "all of what an item is read from"
    )]
    fn type_def(
        &mut self,
        item: &'a Item,
        place: Place,
        full: &str,
        definition: &str,
        arguments: &[Type],
        generics: &'a Generics,
        impls: &'a [Id],
    ) -> TypeDef {
        let lifetimes = generics
            .params
            .iter()
            .filter(|each| matches!(each.kind, GenericParamDefKind::Lifetime { .. }))
            .count();
        let this = Type::Named {
            definition: definition.to_owned(),
            lifetimes: vec!["'_".to_owned(); lifetimes],
        };
        let parameters = generics
            .params
            .iter()
            .filter(|each| matches!(each.kind, GenericParamDefKind::Type { .. }));
        let names: HashMap<String, Type> = parameters
            .map(|each| each.name.clone())
            .zip(arguments.iter().cloned())
            .collect();
        let shape = self.shape(item, &this, names);
        let mut type_def = TypeDef {
            place,
            docs: docs(item),
            lifetimes,
            instance: None,
            shape,
            functions: Vec::new(),
            constants: Vec::new(),
            traits: Vec::new(),
            local_traits: Vec::new(),
            non_exhaustive: item.attrs.contains(&Attribute::NonExhaustive),
        };
        let others = self.elsewhere.get(&item.id).into_iter().flatten();
        let mut impls: Vec<(&Impl, &Item)> = impls
            .iter()
            .chain(others)
            .filter_map(|id| self.impl_of(*id))
            .filter(|(inner, _)| is_for(&inner.for_, item.id))
            .collect();
        // Inherent functions first: they win over those of traits.
        impls.sort_by_key(|(inner, item)| (inner.trait_.is_some(), item.id.0));
        let named = self.mentioned.contains(definition)
            || full
                .split_once('<')
                .is_some_and(|(full, _)| !self.named(full).is_empty());
        for (inner, _) in impls {
            if let Some(names) = self.implemented_with(inner, arguments, named) {
                self.add_impl(&mut type_def, inner, &this, full, names);
            }
        }
        type_def.traits.sort();
        type_def.traits.dedup();
        type_def
    }

    /// What an `impl`'s parameters are for an instance, if it is for that instance.
    /// Where nobody has named it, it has what is sure.
    fn implemented_with(
        &self,
        inner: &Impl,
        arguments: &[Type],
        named: bool,
    ) -> Option<HashMap<String, Type>> {
        let mut names = HashMap::new();
        let of = match &inner.for_ {
            rustdoc_types::Type::BorrowedRef { type_, .. } => type_,
            other => other,
        };
        let rustdoc_types::Type::ResolvedPath(path) = of else {
            return Some(names);
        };
        let scope = Scope::new(self.krate, None);
        let written = match path.args.as_deref() {
            Some(GenericArgs::AngleBracketed { args, .. }) => args.as_slice(),
            _ => &[],
        };
        let types = written.iter().filter_map(|each| match each {
            GenericArg::Type(type_) => Some(type_),
            _ => None,
        });
        for (type_, argument) in types.zip(arguments) {
            match type_ {
                rustdoc_types::Type::Generic(name) => {
                    let bounds = types::all_bounds(&inner.generics, name);
                    let mut met = bounds.iter().map(|bound| types::meets(argument, bound));
                    if met.any(|met| met == Some(false) || (met.is_none() && !named)) {
                        return None;
                    }
                    names.insert(name.clone(), argument.clone());
                }
                other if scope.read(other) == *argument => {}
                _ => return None,
            }
        }
        Some(names)
    }

    fn impl_of(&self, id: Id) -> Option<(&'a Impl, &'a Item)> {
        let item = self.krate.index.get(&id)?;
        match &item.inner {
            ItemEnum::Impl(inner) if !inner.is_negative && inner.blanket_impl.is_none() => {
                Some((inner, item))
            }
            _ => None,
        }
    }

    fn shape(&self, item: &Item, this: &Type, names: HashMap<String, Type>) -> Shape {
        let scope = Scope::new(self.krate, Some(this)).with_names(names);
        match &item.inner {
            ItemEnum::Struct(inner) => Shape::Struct(match &inner.kind {
                StructKind::Unit => self.fields(&scope, &[], false, true),
                StructKind::Tuple(fields) => self.tuple_fields(&scope, fields),
                StructKind::Plain {
                    fields,
                    has_stripped_fields,
                } => self.fields(&scope, fields, *has_stripped_fields, false),
            }),
            ItemEnum::Enum(inner) => {
                let mut next = 0;
                let variants = inner
                    .variants
                    .iter()
                    .filter_map(|id| self.krate.index.get(id));
                let variants = variants.filter_map(|item| {
                    let variant = self.variant(item, &scope, next)?;
                    next = variant.discriminant.wrapping_add(1);
                    Some(variant)
                });
                Shape::Enum(variants.collect())
            }
            _ => Shape::Opaque,
        }
    }

    fn variant(&self, item: &Item, scope: &Scope<'_>, next: i64) -> Option<Variant> {
        let ItemEnum::Variant(inner) = &item.inner else {
            return None;
        };
        let fields = match &inner.kind {
            VariantKind::Plain => self.fields(scope, &[], false, true),
            VariantKind::Tuple(fields) => self.tuple_fields(scope, fields),
            VariantKind::Struct {
                fields,
                has_stripped_fields,
            } => self.fields(scope, fields, *has_stripped_fields, false),
        };
        let value = inner
            .discriminant
            .as_ref()
            .and_then(|found| found.value.parse().ok());
        Some(Variant {
            name: item.name.clone()?,
            docs: docs(item),
            fields,
            discriminant: value.unwrap_or(next),
        })
    }

    fn fields(&self, scope: &Scope<'_>, ids: &[Id], stripped: bool, tuple: bool) -> Fields {
        let public: Vec<Field> = ids.iter().filter_map(|id| self.field(scope, *id)).collect();
        Fields {
            all_public: !stripped && public.len() == ids.len(),
            public,
            tuple,
        }
    }

    fn tuple_fields(&self, scope: &Scope<'_>, ids: &[Option<Id>]) -> Fields {
        let public = ids
            .iter()
            .filter_map(|id| self.field(scope, (*id)?))
            .collect();
        Fields {
            public,
            all_public: ids.iter().all(Option::is_some),
            tuple: true,
        }
    }

    fn field(&self, scope: &Scope<'_>, id: Id) -> Option<Field> {
        let item = self.krate.index.get(&id)?;
        let ItemEnum::StructField(type_) = &item.inner else {
            return None;
        };
        Some(Field {
            name: item.name.clone()?,
            type_: scope.read(type_),
            docs: docs(item),
        })
    }

    fn add_impl(
        &mut self,
        type_def: &mut TypeDef,
        inner: &'a Impl,
        this: &Type,
        full: &str,
        names: HashMap<String, Type>,
    ) {
        let scope = Scope::new(self.krate, Some(this))
            .with_names(names)
            .with_impl(inner);
        let for_reference = matches!(inner.for_, rustdoc_types::Type::BorrowedRef { .. });
        let Some(path) = &inner.trait_ else {
            for id in &inner.items {
                self.add_member(type_def, *id, &scope, full, None);
            }
            return;
        };
        let definition = self.definition(path.id);
        let is_local = self
            .krate
            .paths
            .get(&path.id)
            .is_some_and(|found| found.crate_id == 0);
        if !is_local {
            let name = definition
                .rsplit("::")
                .next()
                .unwrap_or_default()
                .to_owned();
            let outputs = inner
                .items
                .iter()
                .filter_map(|id| self.assoc_type(*id, &scope));
            type_def.traits.push(Implemented {
                name,
                arguments: scope.arguments(path),
                outputs: outputs.collect(),
                for_reference,
            });
            return;
        }
        if !self.places.contains_key(&path.id) || for_reference {
            return;
        }
        let Some(trait_item) = self.krate.index.get(&path.id) else {
            return;
        };
        let ItemEnum::Trait(trait_) = &trait_item.inner else {
            return;
        };
        if !trait_.generics.params.is_empty() {
            return;
        }
        type_def.local_traits.push(definition.clone());
        let name = |id: &Id| self.krate.index.get(id).and_then(|item| item.name.as_ref());
        let own: HashSet<&String> = inner.items.iter().filter_map(name).collect();
        let provided = trait_.items.iter().filter(|id| {
            name(id).is_some_and(|name| {
                inner.provided_trait_methods.contains(name) && !own.contains(name)
            })
        });
        for id in inner.items.iter().chain(provided) {
            self.add_member(type_def, *id, &scope, full, Some(&definition));
        }
    }

    fn assoc_type(&self, id: Id, scope: &Scope<'_>) -> Option<(String, Type)> {
        let item = self.krate.index.get(&id)?;
        match &item.inner {
            ItemEnum::AssocType {
                type_: Some(type_), ..
            } => Some((item.name.clone()?, scope.read(type_))),
            _ => None,
        }
    }

    fn add_member(
        &mut self,
        type_def: &mut TypeDef,
        id: Id,
        scope: &Scope<'_>,
        full: &str,
        of_trait: Option<&String>,
    ) {
        let Some(item) = self.krate.index.get(&id) else {
            return;
        };
        let Some(name) = &item.name else { return };
        let member = format!("{full}::{name}");
        match &item.inner {
            ItemEnum::Function(_) => {
                for mut function in self.function(item, scope, &member) {
                    let mut others = type_def.functions.iter();
                    if others.any(|other| other.name == function.name) {
                        let reason = "another function of the type has the same name";
                        // The other one has the short path.
                        let item = of_trait.map(|each| format!("<{full} as {each}>::{name}"));
                        self.skip(item.unwrap_or(member.clone()), reason);
                        continue;
                    }
                    function.of_trait = of_trait.cloned();
                    type_def.functions.push(function);
                }
            }
            ItemEnum::AssocConst { type_, .. } => {
                let place = Place::new(&[], name);
                type_def
                    .constants
                    .push(constant(item, place, scope.read(type_), false));
            }
            _ => {}
        }
    }

    fn trait_def(&mut self, item: &'a Item, place: Place, full: &str) -> Option<TraitDef> {
        let ItemEnum::Trait(inner) = &item.inner else {
            return None;
        };
        if !inner.generics.params.is_empty() {
            self.skip(full.to_owned(), "a generic trait");
            return None;
        }
        let this = Type::Trait {
            definition: self.definition(item.id),
            dynamic: true,
            send: false,
            sync: false,
        };
        let scope = Scope::new(self.krate, Some(&this));
        let mut functions = Vec::new();
        let mut provided = Vec::new();
        // `dyn Trait` has to name an associated type, which differs between types.
        let mut complete = true;
        let mut closed = inner
            .is_unsafe
            .then(|| "it is unsafe to implement".to_owned());
        for member in inner.items.iter().filter_map(|id| self.krate.index.get(id)) {
            let name = member.name.clone().unwrap_or_default();
            let ItemEnum::Function(function) = &member.inner else {
                closed = Some(format!("it has the associated item `{name}`"));
                complete = false;
                continue;
            };
            if function.has_body {
                provided.push(name.clone());
            }
            let found = self.function(member, &scope, &format!("{full}::{name}"));
            let mut found = found.into_iter().filter(|found| found.instance.is_none());
            match found.next() {
                Some(function) => functions.push(function),
                None if function.has_body => {}
                None => closed = Some(format!("its method `{name}` does not cross")),
            }
        }
        Some(TraitDef {
            place,
            docs: docs(item),
            functions,
            provided,
            dyn_compatible: inner.is_dyn_compatible && complete,
            closed,
            bounds: scope.bound_names(&inner.bounds),
        })
    }

    /// A function, or the instances of a generic one.
    fn function(&mut self, item: &Item, scope: &Scope<'_>, full: &str) -> Vec<Function> {
        let ItemEnum::Function(inner) = &item.inner else {
            return Vec::new();
        };
        let reason = if inner.header.is_async {
            Some("an `async fn` needs an executor".to_owned())
        } else if inner.header.is_unsafe {
            Some("an `unsafe fn` has duties that Python cannot meet".to_owned())
        } else {
            None
        };
        if let Some(reason) = reason {
            self.skip(full.to_owned(), reason);
            return Vec::new();
        }
        let generic = match scope.with_generics(&inner.generics) {
            Ok(scope) => return self.signature(item, inner, &scope).into_iter().collect(),
            Err(generic) => generic,
        };
        let found = self.function_instances(item, inner, scope, full);
        if found.is_empty() {
            self.skip(full.to_owned(), generic);
        }
        found
    }

    /// A generic function with the types that users name, or with simple ones for the
    /// only parameter that no bound says enough of.
    fn function_instances(
        &self,
        item: &Item,
        inner: &rustdoc_types::Function,
        scope: &Scope<'_>,
        full: &str,
    ) -> Vec<Function> {
        let open = scope.open_parameters(&inner.generics);
        let named = self.named(full);
        let instances = if named.is_empty() {
            let [parameter] = &open[..] else {
                return Vec::new();
            };
            let bounds = types::all_bounds(&inner.generics, parameter);
            let fits = |type_: &Type| {
                bounds
                    .iter()
                    .all(|each| types::meets(type_, each) == Some(true))
            };
            types::defaults()
                .into_iter()
                .filter(fits)
                .map(|type_| vec![type_])
                .collect()
        } else {
            named
        };
        let instances = instances
            .into_iter()
            .filter(|each| each.len() == open.len());
        let functions = instances.filter_map(|arguments| {
            let names: HashMap<String, Type> = open
                .iter()
                .cloned()
                .zip(arguments.iter().cloned())
                .collect();
            let within = scope.clone().with_names(names.clone());
            let within = within.with_generics(&inner.generics).ok()?;
            let mut function = self.signature(item, inner, &within)?;
            let parameters = inner.generics.params.iter().filter(|each| {
                matches!(
                    each.kind,
                    GenericParamDefKind::Type {
                        is_synthetic: false,
                        ..
                    }
                )
            });
            function.instance = Some(Instance {
                name: function.name.clone(),
                arguments: parameters
                    .map(|each| names.get(&each.name).cloned())
                    .collect(),
            });
            function.name = format!("{}_{}", function.name, suffix(&types::written(&arguments)?));
            Some(function)
        });
        functions.collect()
    }

    fn signature(
        &self,
        item: &Item,
        inner: &rustdoc_types::Function,
        scope: &Scope<'_>,
    ) -> Option<Function> {
        let method = inner
            .sig
            .inputs
            .first()
            .is_some_and(|(name, _)| name == "self");
        let parameters = inner.sig.inputs.iter().map(|(name, type_)| Parameter {
            name: name.clone(),
            type_: scope.read(type_),
        });
        let output = inner.sig.output.as_ref();
        Some(Function {
            module: Vec::new(),
            name: item.name.clone()?,
            docs: docs(item),
            of_trait: None,
            parameters: parameters.collect(),
            method,
            output: output.map_or(Type::Unit, |type_| scope.read(type_)),
            lifetimes: inner
                .generics
                .params
                .iter()
                .map(|each| each.name.clone())
                .collect(),
            instance: None,
        })
    }
}

/// What types implement beside what their own descriptions list.
fn implemented_elsewhere(krate: &Crate) -> HashMap<Id, Vec<Id>> {
    let mut found: HashMap<Id, Vec<Id>> = HashMap::new();
    for (id, item) in &krate.index {
        let ItemEnum::Impl(inner) = &item.inner else {
            continue;
        };
        let rustdoc_types::Type::ResolvedPath(of) = &inner.for_ else {
            continue;
        };
        let type_ = krate.index.get(&of.id).and_then(generics_of);
        if type_.is_some_and(|(_, impls)| !impls.contains(id)) {
            found.entry(of.id).or_default().push(*id);
        }
    }
    found
}

/// A type's parameters, and what it implements.
fn generics_of(item: &Item) -> Option<(&Generics, &[Id])> {
    match &item.inner {
        ItemEnum::Struct(inner) => Some((&inner.generics, &inner.impls)),
        ItemEnum::Enum(inner) => Some((&inner.generics, &inner.impls)),
        ItemEnum::Union(inner) => Some((&inner.generics, &inner.impls)),
        _ => None,
    }
}

/// Whether a type has a function that makes a value of what Python has.
fn can_be_made(type_def: &TypeDef) -> bool {
    type_def.functions.iter().any(|function| {
        let mut parameters = function.parameters.iter();
        !function.method && parameters.all(|each| each.type_.obstacle().is_none())
    })
}

/// Which of the instances that users name the crate does not have.
#[must_use]
pub fn unknown_instances(model: &Model, wanted: &[String]) -> Vec<String> {
    let of_types = model.types.values().map(|each| &each.place.name);
    let methods = model.types.values().flat_map(|each| &each.functions);
    let functions = model.functions.iter().chain(methods).map(|each| &each.name);
    let known: HashSet<&String> = of_types.chain(functions).collect();
    let is_known = |wanted: &String| {
        let parts = wanted
            .strip_suffix('>')
            .and_then(|each| each.split_once('<'));
        parts.is_some_and(|(name, arguments)| {
            let arguments: Vec<&str> = arguments.split(',').map(str::trim).collect();
            let name = name.rsplit("::").next().unwrap_or(name);
            known.contains(&format!("{name}_{}", suffix(&arguments.join(", "))))
        })
    };
    wanted
        .iter()
        .filter(|each| !is_known(each))
        .cloned()
        .collect()
}

/// Type arguments as part of a name: `f64`, `str`.
fn suffix(written: &str) -> String {
    let parts = written.split(", ").map(|each| match each {
        "String" => "str",
        other => other.rsplit("::").next().unwrap_or(other),
    });
    parts.collect::<Vec<_>>().join("_")
}

/// Whether a type meets all bounds of a generic type's parameters, and all are known.
fn fits(generics: &Generics, type_: &Type) -> bool {
    generics.params.iter().all(|parameter| {
        let bounds = types::all_bounds(generics, &parameter.name);
        bounds
            .iter()
            .all(|bound| types::meets(type_, bound) == Some(true))
    })
}

/// Whether an `impl` is for a type or a reference to it, rather than one that mentions it.
fn is_for(type_: &rustdoc_types::Type, id: Id) -> bool {
    match type_ {
        rustdoc_types::Type::ResolvedPath(path) => path.id == id,
        rustdoc_types::Type::BorrowedRef {
            type_,
            is_mutable: false,
            ..
        } => {
            matches!(&**type_, rustdoc_types::Type::ResolvedPath(path) if path.id == id)
        }
        _ => false,
    }
}

fn is_type(item: &Item) -> bool {
    use ItemEnum::{Enum, Module, Struct, Trait, TypeAlias, Union};
    matches!(
        item.inner,
        Module(_) | Struct(_) | Enum(_) | Union(_) | Trait(_) | TypeAlias(_)
    )
}

fn constant(item: &Item, place: Place, type_: Type, is_static: bool) -> Constant {
    Constant {
        module: place.module,
        name: place.name,
        docs: docs(item),
        type_,
        is_static,
    }
}

fn docs(item: &Item) -> String {
    item.docs.clone().unwrap_or_default()
}

/// Whether a module is there only for what is shown elsewhere.
fn is_private_module(item: &Item) -> bool {
    matches!(item.inner, ItemEnum::Module(_))
        && item.visibility != rustdoc_types::Visibility::Public
}

/// An item's path as Rust writes it.
#[must_use]
pub fn full_path(krate: &str, place: &Place) -> String {
    let mut path = if place.foreign { vec![] } else { vec![krate] };
    path.extend(place.module.iter().map(String::as_str));
    path.push(&place.name);
    path.join("::")
}
