//! Reads rustdoc's JSON into the intermediate form.

mod types;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use rustdoc_types::{Attribute, Crate, Id, Impl, Item, ItemEnum, StructKind, VariantKind};

use crate::model::{
    Alias, Constant, Field, Fields, Function, Implemented, Model, Module, Parameter, Place, Shape,
    Skipped, TraitDef, Type, TypeDef, Variant,
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

/// Reads the text of rustdoc's output.
///
/// # Errors
/// [`ReadError`], also for output of another version of rustdoc.
pub fn read(text: &str) -> Result<Model, ReadError> {
    #[derive(serde::Deserialize)]
    struct Version {
        format_version: u64,
    }
    let Version {
        format_version: found,
    } = serde_json::from_str(text)?;
    if found != u64::from(rustdoc_types::FORMAT_VERSION) {
        return Err(ReadError::Version { found });
    }
    let krate: Crate = serde_json::from_str(text)?;
    Ok(Reader::new(&krate).read())
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
}

impl<'a> Reader<'a> {
    fn new(krate: &'a Crate) -> Self {
        Self {
            krate,
            found: Vec::new(),
            places: HashMap::new(),
            skipped: Vec::new(),
        }
    }

    fn read(mut self) -> Model {
        let root = self.krate.index.get(&self.krate.root);
        let name = root.and_then(|root| root.name.clone()).unwrap_or_default();
        let modules = self.walk(&name);
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
        model.skipped = self.skipped;
        model.skipped.sort();
        model.skipped.dedup();
        model
    }

    /// Finds every public name, breadth first: the shortest path of an item comes first.
    fn walk(&mut self, name: &str) -> Vec<Module> {
        let mut modules = Vec::new();
        let mut seen = HashSet::new();
        let mut queue = VecDeque::from([(self.krate.root, Vec::<String>::new())]);
        while let Some((id, path)) = queue.pop_front() {
            let Some(module) = self.krate.index.get(&id) else {
                continue;
            };
            let ItemEnum::Module(inner) = &module.inner else {
                continue;
            };
            if !seen.insert(id) {
                continue;
            }
            modules.push(Module {
                path: path.clone(),
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
                    let place = Place {
                        module: path.clone(),
                        name,
                    };
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
            let ItemEnum::Use(import) = &item.inner else {
                if let Some(name) = &item.name {
                    names.push((name.clone(), item, in_glob));
                }
                continue;
            };
            match import.id.and_then(|id| self.krate.index.get(&id)) {
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
                } else if let Some(type_def) = self.type_def(item, place, &full) {
                    model.types.insert(definition, type_def);
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
                if let Some(function) = self.function(item, &scope, &full) {
                    model.functions.push(Function {
                        module: place.module,
                        name: place.name,
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

    fn type_def(&mut self, item: &'a Item, place: Place, full: &str) -> Option<TypeDef> {
        let (generics, impls) = match &item.inner {
            ItemEnum::Struct(inner) => (&inner.generics, &inner.impls),
            ItemEnum::Enum(inner) => (&inner.generics, &inner.impls),
            ItemEnum::Union(inner) => (&inner.generics, &inner.impls),
            _ => return None,
        };
        let lifetimes = match types::lifetimes_only(generics) {
            Ok(count) => count,
            Err(parameter) => {
                self.skip(full.to_owned(), format!("generic over `{parameter}`"));
                return None;
            }
        };
        let definition = self.definition(item.id);
        let this = Type::Named {
            definition,
            lifetimes: vec!["'_".to_owned(); lifetimes],
        };
        let shape = self.shape(item, &this);
        let mut type_def = TypeDef {
            place,
            docs: docs(item),
            lifetimes,
            shape,
            functions: Vec::new(),
            constants: Vec::new(),
            traits: Vec::new(),
            local_traits: Vec::new(),
            non_exhaustive: item.attrs.contains(&Attribute::NonExhaustive),
        };
        let mut impls: Vec<(&Impl, &Item)> = impls
            .iter()
            .filter_map(|id| self.impl_of(*id))
            .filter(|(inner, _)| is_for(&inner.for_, item.id))
            .collect();
        // Inherent functions first: they win over those of traits.
        impls.sort_by_key(|(inner, item)| (inner.trait_.is_some(), item.id.0));
        for (inner, _) in impls {
            self.add_impl(&mut type_def, inner, &this, full);
        }
        type_def.traits.sort();
        type_def.traits.dedup();
        Some(type_def)
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

    fn shape(&self, item: &Item, this: &Type) -> Shape {
        let scope = Scope::new(self.krate, Some(this));
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

    fn add_impl(&mut self, type_def: &mut TypeDef, inner: &'a Impl, this: &Type, full: &str) {
        let scope = Scope::new(self.krate, Some(this)).with_impl(inner);
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
                let Some(mut function) = self.function(item, scope, &member) else {
                    return;
                };
                if type_def
                    .functions
                    .iter()
                    .any(|other| other.name == function.name)
                {
                    self.skip(member, "another function of the type has the same name");
                    return;
                }
                function.of_trait = of_trait.cloned();
                type_def.functions.push(function);
            }
            ItemEnum::AssocConst { type_, .. } => {
                let place = Place {
                    module: Vec::new(),
                    name: name.clone(),
                };
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
        let mut closed = inner
            .is_unsafe
            .then(|| "it is unsafe to implement".to_owned());
        for member in inner.items.iter().filter_map(|id| self.krate.index.get(id)) {
            let name = member.name.clone().unwrap_or_default();
            let ItemEnum::Function(function) = &member.inner else {
                closed = Some(format!("it has the associated item `{name}`"));
                continue;
            };
            if function.has_body {
                provided.push(name.clone());
            }
            match self.function(member, &scope, &format!("{full}::{name}")) {
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
            dyn_compatible: inner.is_dyn_compatible,
            closed,
            bounds: scope.bound_names(&inner.bounds),
        })
    }

    fn function(&mut self, item: &Item, scope: &Scope<'_>, full: &str) -> Option<Function> {
        let ItemEnum::Function(inner) = &item.inner else {
            return None;
        };
        let reason = if inner.header.is_async {
            Some("an `async fn` needs an executor".to_owned())
        } else if inner.header.is_unsafe {
            Some("an `unsafe fn` has duties that Python cannot meet".to_owned())
        } else {
            None
        };
        let scope = match scope.with_generics(&inner.generics) {
            Ok(scope) => scope,
            Err(generic) => {
                self.skip(full.to_owned(), reason.unwrap_or(generic));
                return None;
            }
        };
        if let Some(reason) = reason {
            self.skip(full.to_owned(), reason);
            return None;
        }
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
        })
    }
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

/// An item's path as Rust writes it.
#[must_use]
pub fn full_path(krate: &str, place: &Place) -> String {
    let mut path = vec![krate];
    path.extend(place.module.iter().map(String::as_str));
    path.push(&place.name);
    path.join("::")
}
