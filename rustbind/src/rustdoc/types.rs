//! Types of signatures: resolved, with `Self`, aliases and simple generics replaced.

use std::collections::HashMap;

use rustdoc_types::{
    AssocItemConstraintKind, Crate, GenericArg, GenericArgs, GenericBound, GenericParamDefKind,
    Generics, Impl, ItemEnum, Path, Term, Type as Raw, WherePredicate,
};

use crate::model::{Std, Type};

/// What names stand for where a type is written.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    krate: &'a Crate,
    this: Option<&'a Type>,
    names: HashMap<String, Type>,
    outputs: HashMap<String, &'a Raw>,
}

/// The number of lifetimes, or the first parameter that is none.
pub(super) fn lifetimes_only(generics: &Generics) -> Result<usize, String> {
    let other = generics
        .params
        .iter()
        .find(|parameter| !matches!(parameter.kind, GenericParamDefKind::Lifetime { .. }));
    match other {
        Some(parameter) => Err(parameter.name.clone()),
        None => Ok(generics.params.len()),
    }
}

impl<'a> Scope<'a> {
    pub(super) fn new(krate: &'a Crate, this: Option<&'a Type>) -> Self {
        Self {
            krate,
            this,
            names: HashMap::new(),
            outputs: HashMap::new(),
        }
    }

    /// With the associated types of an `impl`.
    pub(super) fn with_impl(mut self, inner: &'a Impl) -> Self {
        for id in &inner.items {
            let Some(item) = self.krate.index.get(id) else {
                continue;
            };
            if let (
                Some(name),
                ItemEnum::AssocType {
                    type_: Some(type_), ..
                },
            ) = (&item.name, &item.inner)
            {
                self.outputs.insert(name.clone(), type_);
            }
        }
        self
    }

    /// With types in the place of generic parameters.
    pub(super) fn with_names(mut self, names: HashMap<String, Type>) -> Self {
        self.names.extend(names);
        self
    }

    /// The type parameters that no bound says enough of.
    pub(super) fn open_parameters(&self, generics: &Generics) -> Vec<String> {
        let open = generics
            .params
            .iter()
            .filter(|parameter| match &parameter.kind {
                GenericParamDefKind::Type { is_synthetic, .. } => {
                    !is_synthetic && {
                        let bounds = all_bounds(generics, &parameter.name);
                        self.bounded(&bounds, false).obstacle().is_some()
                    }
                }
                _ => false,
            });
        open.map(|parameter| parameter.name.clone()).collect()
    }

    /// The types of a list such as `f64, String`.
    pub(super) fn named_types(&self, list: &str) -> Option<Vec<Type>> {
        let types = list.split(',').map(|name| {
            let name = name.trim();
            match primitive(name) {
                Type::Unsupported(_) if name == "String" => Some(Type::String),
                Type::Unsupported(_) => {
                    let mut own = self
                        .krate
                        .paths
                        .values()
                        .filter(|found| found.crate_id == 0);
                    let found = own.find(|found| {
                        found.path.join("::") == name
                            || found.path.last().is_some_and(|last| last == name)
                    });
                    found.map(|found| Type::Named {
                        definition: found.path.join("::"),
                        lifetimes: Vec::new(),
                    })
                }
                found => Some(found),
            }
        });
        types.collect()
    }

    /// With a function's generic parameters, or why they cannot be replaced.
    pub(super) fn with_generics(&self, generics: &Generics) -> Result<Self, String> {
        let mut bounds: HashMap<&str, Vec<&GenericBound>> = HashMap::new();
        for predicate in &generics.where_predicates {
            if let WherePredicate::BoundPredicate {
                type_: Raw::Generic(name),
                bounds: more,
                ..
            } = predicate
            {
                bounds.entry(name).or_default().extend(more);
            }
        }
        let mut scope = self.clone();
        for parameter in &generics.params {
            match &parameter.kind {
                GenericParamDefKind::Lifetime { .. } => {}
                GenericParamDefKind::Const { .. } => {
                    return Err(format!("generic over the constant `{}`", parameter.name));
                }
                GenericParamDefKind::Type { .. } if self.names.contains_key(&parameter.name) => {}
                GenericParamDefKind::Type {
                    bounds: first,
                    is_synthetic,
                    ..
                } if !is_synthetic => {
                    let mut all: Vec<&GenericBound> = first.iter().collect();
                    all.extend(bounds.remove(parameter.name.as_str()).unwrap_or_default());
                    let type_ = self.bounded(&all, false);
                    if let Some(reason) = type_.obstacle() {
                        return Err(format!("generic over `{}`: {reason}", parameter.name));
                    }
                    scope.names.insert(parameter.name.clone(), type_);
                }
                GenericParamDefKind::Type { .. } => {}
            }
        }
        Ok(scope)
    }

    /// The names of the traits among bounds, without their paths.
    pub(super) fn bound_names(&self, bounds: &[GenericBound]) -> Vec<String> {
        let names = bounds.iter().filter_map(|bound| match bound {
            GenericBound::TraitBound { trait_, .. } => Some(last_name(&trait_.path).to_owned()),
            _ => None,
        });
        names.collect()
    }

    /// The type arguments of a path.
    pub(super) fn arguments(&self, path: &Path) -> Vec<Type> {
        match path.args.as_deref() {
            Some(GenericArgs::AngleBracketed { args, .. }) => {
                let types = args.iter().filter_map(|each| match each {
                    GenericArg::Type(type_) => Some(self.read(type_)),
                    _ => None,
                });
                types.collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn read(&self, raw: &Raw) -> Type {
        match raw {
            Raw::Primitive(name) => primitive(name),
            Raw::Tuple(items) if items.is_empty() => Type::Unit,
            Raw::Tuple(items) => Type::Tuple(items.iter().map(|item| self.read(item)).collect()),
            Raw::Slice(item) => Type::Slice(Box::new(self.read(item))),
            Raw::Array { type_, len } => Type::Array(Box::new(self.read(type_)), len.clone()),
            Raw::BorrowedRef {
                lifetime,
                is_mutable,
                type_,
            } => Type::Reference {
                mutable: *is_mutable,
                lifetime: lifetime.clone(),
                to: Box::new(self.read(type_)),
            },
            Raw::Generic(name) if name == "Self" => self
                .this
                .cloned()
                .unwrap_or_else(|| unsupported("`Self` of a trait")),
            Raw::Generic(name) => {
                let found = self.names.get(name).cloned();
                found.unwrap_or_else(|| unsupported(format!("generic over `{name}`")))
            }
            Raw::ImplTrait(bounds) => self.bounded(&bounds.iter().collect::<Vec<_>>(), false),
            Raw::DynTrait(inner) => {
                let bounds = inner.traits.iter().map(|each| GenericBound::TraitBound {
                    trait_: each.trait_.clone(),
                    generic_params: Vec::new(),
                    modifier: rustdoc_types::TraitBoundModifier::None,
                });
                let bounds: Vec<GenericBound> = bounds.collect();
                let mut found = self.bounded(&bounds.iter().collect::<Vec<_>>(), true);
                if let Type::Function { borrows, .. } = &mut found {
                    *borrows = inner
                        .lifetime
                        .as_ref()
                        .is_some_and(|name| name != "'static");
                }
                found
            }
            Raw::QualifiedPath { name, .. } => match self.outputs.get(name) {
                Some(type_) => {
                    // `type Output = T::Output` means another type's.
                    let mut scope = self.clone();
                    scope.outputs.remove(name);
                    scope.read(type_)
                }
                None => unsupported(format!("the associated type `{name}`")),
            },
            Raw::FunctionPointer(pointer) => self.function_pointer(pointer),
            Raw::RawPointer { .. } => unsupported("a raw pointer"),
            Raw::ResolvedPath(path) => self.path(path),
            Raw::Pat { .. } | Raw::Infer => unsupported("a type that rustdoc does not spell out"),
        }
    }

    fn function_pointer(&self, pointer: &rustdoc_types::FunctionPointer) -> Type {
        let header = &pointer.header;
        if header.is_unsafe || header.abi != rustdoc_types::Abi::Rust {
            return unsupported("a pointer to an unsafe or foreign function");
        }
        let inputs = &pointer.sig.inputs;
        let output = pointer.sig.output.as_ref();
        Type::Function {
            kind: "fn".to_owned(),
            parameters: inputs.iter().map(|(_, input)| self.read(input)).collect(),
            output: Box::new(output.map_or(Type::Unit, |output| self.read(output))),
            send: true,
            sync: true,
            borrows: false,
        }
    }

    /// What stands for a generic parameter, an `impl` or a `dyn` with these bounds.
    fn bounded(&self, bounds: &[&GenericBound], dynamic: bool) -> Type {
        let (mut send, mut sync, mut forever) = (false, false, false);
        let mut main = None;
        for bound in bounds {
            let GenericBound::TraitBound { trait_, .. } = bound else {
                forever |= matches!(bound, GenericBound::Outlives(name) if name == "'static");
                continue;
            };
            match last_name(&trait_.path) {
                "Send" => send = true,
                "Sync" => sync = true,
                "Sized"
                | "Clone"
                | "Copy"
                | "Debug"
                | "Unpin"
                | "UnwindSafe"
                | "RefUnwindSafe"
                | "ExactSizeIterator"
                | "DoubleEndedIterator"
                | "FusedIterator"
                | "Eq"
                | "Hash" => {}
                _ if main.is_none() => main = Some(trait_),
                other => return unsupported(format!("the bound `{other}` among others")),
            }
        }
        let Some(path) = main else {
            return unsupported("no bound says which types it is for");
        };
        match (last_name(&path.path), path.args.as_deref()) {
            (
                kind @ ("Fn" | "FnMut" | "FnOnce"),
                Some(GenericArgs::Parenthesized { inputs, output }),
            ) => Type::Function {
                kind: kind.to_owned(),
                parameters: inputs.iter().map(|input| self.read(input)).collect(),
                output: Box::new(
                    output
                        .as_ref()
                        .map_or(Type::Unit, |output| self.read(output)),
                ),
                send,
                sync,
                borrows: !dynamic && !forever,
            },
            ("AsRef" | "Into" | "Borrow", _) => {
                let target = self.arguments(path).into_iter().next();
                target.map_or_else(
                    || unsupported("a conversion"),
                    |to| Type::Like(Box::new(to)),
                )
            }
            ("RangeBounds", _) => {
                let item = self.arguments(path).into_iter().next();
                item.map_or_else(
                    || unsupported("a range"),
                    |item| Type::Range(Box::new(item)),
                )
            }
            (name @ ("Read" | "Write"), _) => Type::Stream {
                write: name == "Write",
            },
            ("Error", _) if dynamic => Type::AnyError { send, sync },
            ("ToString" | "Display", _) => Type::Like(Box::new(Type::String)),
            (
                "IntoIterator" | "Iterator",
                Some(GenericArgs::AngleBracketed { constraints, .. }),
            ) => {
                let item = constraints.iter().find(|each| each.name == "Item");
                match item.map(|each| &each.binding) {
                    Some(AssocItemConstraintKind::Equality(Term::Type(item))) => {
                        Type::Iterator(Box::new(self.read(item)))
                    }
                    _ => unsupported("an iterator over items that no type is named for"),
                }
            }
            (name, _) => {
                let found = self.krate.paths.get(&path.id);
                match found.filter(|found| found.crate_id == 0) {
                    Some(found) if path.args.is_none() => Type::Trait {
                        definition: found.path.join("::"),
                        dynamic,
                        send,
                        sync,
                    },
                    _ => unsupported(format!("the trait `{name}`")),
                }
            }
        }
    }

    fn path(&self, path: &Path) -> Type {
        let alias = self
            .krate
            .index
            .get(&path.id)
            .and_then(|item| match &item.inner {
                ItemEnum::TypeAlias(alias) => Some(alias),
                _ => None,
            });
        let arguments = self.arguments(path);
        if let Some(alias) = alias {
            let mut scope = Scope::new(self.krate, None);
            let types = alias
                .generics
                .params
                .iter()
                .filter(|parameter| matches!(parameter.kind, GenericParamDefKind::Type { .. }));
            let mut arguments = arguments.into_iter();
            for parameter in types {
                let GenericParamDefKind::Type { default, .. } = &parameter.kind else {
                    continue;
                };
                let default = || default.as_ref().map(|default| self.read(default));
                if let Some(argument) = arguments.next().or_else(default) {
                    scope.names.insert(parameter.name.clone(), argument);
                }
            }
            return scope.read(&alias.type_);
        }
        let Some(found) = self.krate.paths.get(&path.id) else {
            return unsupported(format!("the type `{}` is not public", path.path));
        };
        let definition = found.path.join("::");
        if let Some(type_) = standard(&definition, &arguments) {
            return type_;
        }
        match (&*definition, &arguments[..]) {
            ("num_complex::Complex", [Type::Float(part)]) => return Type::Complex(part.clone()),
            // Another crate's aliases are not in this crate's description.
            ("num_complex::Complex32", []) => return Type::Complex("f32".to_owned()),
            ("num_complex::Complex64", []) => return Type::Complex("f64".to_owned()),
            _ => {}
        }
        if found.crate_id != 0 {
            let reason = format!("the type `{definition}` of another crate");
            return Type::Foreign { definition, reason };
        }
        let definition = match written(&arguments) {
            Some(written) if written.is_empty() => definition,
            Some(written) => format!("{definition}<{written}>"),
            None => return unsupported(format!("the generic type `{}`", path.path)),
        };
        let lifetimes = match path.args.as_deref() {
            Some(GenericArgs::AngleBracketed { args, .. }) => {
                let lifetimes = args.iter().filter_map(|each| match each {
                    GenericArg::Lifetime(name) => Some(name.clone()),
                    _ => None,
                });
                lifetimes.collect()
            }
            _ => Vec::new(),
        };
        Type::Named {
            definition,
            lifetimes,
        }
    }
}

/// Simple types as Rust writes them, with commas between.
pub(super) fn written(types: &[Type]) -> Option<String> {
    let names = types.iter().map(|type_| match type_ {
        Type::Bool => Some("bool".to_owned()),
        Type::Char => Some("char".to_owned()),
        Type::String => Some("String".to_owned()),
        Type::Integer(name) | Type::Float(name) => Some(name.clone()),
        Type::Named { definition, .. } => Some(definition.clone()),
        _ => None,
    });
    names
        .collect::<Option<Vec<_>>>()
        .map(|names| names.join(", "))
}

/// The types that stand for a parameter where nobody names others.
pub(super) fn defaults() -> [Type; 3] {
    [
        Type::Integer("i64".to_owned()),
        Type::Float("f64".to_owned()),
        Type::String,
    ]
}

/// Whether a number or a text meets a bound, as far as the bound is known here.
pub(super) fn meets(type_: &Type, bound: &GenericBound) -> Option<bool> {
    let GenericBound::TraitBound { trait_, .. } = bound else {
        return Some(true);
    };
    let (text, float) = (*type_ == Type::String, matches!(type_, Type::Float(_)));
    match last_name(&trait_.path) {
        "Sized" | "Send" | "Sync" | "Unpin" | "Clone" | "Debug" | "Display" | "Default"
        | "PartialEq" | "PartialOrd" | "ToString" | "UnwindSafe" | "RefUnwindSafe" | "Freeze" => {
            Some(true)
        }
        "Eq" | "Ord" | "Hash" => Some(!float),
        "Copy" | "Add" | "Sub" | "Mul" | "Div" | "Rem" | "Neg" | "Sum" | "Product"
        | "AddAssign" | "SubAssign" | "MulAssign" | "DivAssign" => Some(!text),
        _ => None,
    }
}

/// A parameter's bounds, also those of `where`.
pub(super) fn all_bounds<'a>(generics: &'a Generics, name: &str) -> Vec<&'a GenericBound> {
    let parameter = generics.params.iter().find(|each| each.name == name);
    let first = parameter.into_iter().flat_map(|each| match &each.kind {
        GenericParamDefKind::Type { bounds, .. } => bounds.as_slice(),
        _ => &[],
    });
    let more = generics
        .where_predicates
        .iter()
        .flat_map(|each| match each {
            WherePredicate::BoundPredicate {
                type_: Raw::Generic(of),
                bounds,
                ..
            } if of == name => bounds.as_slice(),
            _ => &[],
        });
    first.chain(more).collect()
}

fn last_name(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

fn unsupported(reason: impl Into<String>) -> Type {
    Type::Unsupported(reason.into())
}

fn primitive(name: &str) -> Type {
    match name {
        "bool" => Type::Bool,
        "char" => Type::Char,
        "str" => Type::Str,
        "f32" | "f64" => Type::Float(name.to_owned()),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128"
        | "usize" => Type::Integer(name.to_owned()),
        "unit" => Type::Unit,
        "never" => unsupported("it never returns"),
        other => unsupported(format!("the primitive type `{other}`")),
    }
}

fn standard(definition: &str, arguments: &[Type]) -> Option<Type> {
    let (krate, _) = definition.split_once("::")?;
    if !matches!(krate, "std" | "core" | "alloc") {
        return None;
    }
    let name = last_name(definition);
    let first = arguments.first().cloned();
    let plain = match name {
        "String" => Some(Type::String),
        "Path" => Some(Type::Path),
        "PathBuf" => Some(Type::PathBuf),
        "OsStr" => Some(Type::OsStr),
        "OsString" => Some(Type::OsString),
        "Duration" => Some(Type::Duration),
        "SystemTime" => Some(Type::SystemTime),
        "Ordering" if definition.contains("::cmp::") => Some(Type::Ordering),
        "Error" if definition.contains("::io::") => Some(Type::IoError),
        "IpAddr" | "Ipv4Addr" | "Ipv6Addr" | "SocketAddr" => Some(Type::Address(name.into())),
        "NonZero" => match &first {
            Some(Type::Integer(inner)) => Some(Type::NonZero(inner.clone())),
            _ => None,
        },
        _ => name
            .strip_prefix("NonZero")
            .map(|inner| Type::NonZero(inner.to_lowercase())),
    };
    if let Some(plain) = plain {
        return Some(plain);
    }
    if let Some(inner) = name
        .strip_prefix("Atomic")
        .filter(|inner| !inner.is_empty())
    {
        return Some(Type::Atomic(Box::new(primitive(&inner.to_lowercase()))));
    }
    let (kind, count) = match name {
        "Vec" => (Std::Vec, 1),
        "VecDeque" => (Std::VecDeque, 1),
        "HashMap" => (Std::HashMap, 2),
        "BTreeMap" => (Std::BTreeMap, 2),
        "HashSet" => (Std::HashSet, 1),
        "BTreeSet" => (Std::BTreeSet, 1),
        "Option" => (Std::Option, 1),
        "Result" if definition.contains("fmt") => {
            return Some(unsupported("the trait `Display` stands for it in Python"));
        }
        "Result" if definition.contains("::io::") => {
            return Some(Type::Std(Std::Result, vec![first?, Type::IoError]));
        }
        "Result" => (Std::Result, 2),
        "ControlFlow" => {
            let onwards = arguments.get(1).cloned().unwrap_or(Type::Unit);
            return Some(Type::Std(Std::ControlFlow, vec![first?, onwards]));
        }
        "Range" | "RangeInclusive" => return Some(Type::Range(Box::new(first?))),
        "Box" => (Std::Box, 1),
        "Rc" => (Std::Rc, 1),
        "Arc" => (Std::Arc, 1),
        "Cow" => (Std::Cow, 1),
        "Mutex" => (Std::Mutex, 1),
        "RwLock" => (Std::RwLock, 1),
        "LazyLock" => (Std::LazyLock, 1),
        "OnceLock" => (Std::OnceLock, 1),
        "Receiver" if definition.contains("::mpsc::") => (Std::Receiver, 1),
        "Sender" if definition.contains("::mpsc::") => (Std::Sender, 1),
        "SyncSender" if definition.contains("::mpsc::") => (Std::SyncSender, 1),
        _ => return Some(unsupported(format!("the standard type `{name}`"))),
    };
    if arguments.len() < count {
        return Some(unsupported(format!("`{name}` without its arguments")));
    }
    let mut kept = arguments[..count].to_vec();
    let hashes = matches!(kind, Std::HashMap | Std::HashSet);
    if hashes && arguments.len() > count {
        kept.push(Type::Inferred);
    }
    Some(Type::Std(kind, kept))
}
