//! Names: Rust's made fit for Python, and every bound type by all of its names.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Function, Model, Parameter, Place, Shape, Std, Type, TypeDef};

const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// What annotations and methods mean something by.
const BUILTINS: &[&str] = &["bool", "bytes", "float", "int", "object", "self", "str"];

/// Whether something may be a name in Python.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first == '_' || first.is_alphabetic())
        && letters.all(|each| each == '_' || each.is_alphanumeric())
        && !KEYWORDS.contains(&text)
}

/// A Rust name as a Python one: without `r#`, and with `_` after it where Python
/// means something else by it.
#[must_use]
pub fn escaped(name: &str) -> String {
    let name = name.trim_start_matches("r#");
    if KEYWORDS.contains(&name) || BUILTINS.contains(&name) {
        format!("{name}_")
    } else {
        name.to_owned()
    }
}

/// A module's name in Python: other modules' names do not shadow builtins.
#[must_use]
pub fn escaped_module(name: &str) -> String {
    let name = name.trim_start_matches("r#");
    if KEYWORDS.contains(&name) {
        format!("{name}_")
    } else {
        name.to_owned()
    }
}

/// The names of a function's parameters on both sides, each another one.
#[must_use]
pub fn parameters(all: &[Parameter]) -> Vec<String> {
    let mut names = Vec::new();
    for (index, each) in all.iter().enumerate() {
        let mut name = parameter(&each.name, index);
        if names.contains(&name) {
            name = format!("arg{index}");
        }
        names.push(name);
    }
    names
}

/// A parameter's name on both sides.
///
/// What the generated code has besides begins with an underscore, or has two of them in it.
fn parameter(name: &str, index: usize) -> String {
    const RUST: &[&str] = &[
        "box", "const", "crate", "dyn", "enum", "extern", "fn", "gen", "impl", "let", "loop",
        "match", "mod", "move", "mut", "priv", "pub", "ref", "static", "struct", "super", "trait",
        "type", "unsafe", "use", "where",
    ];
    // A field of a tuple stays `_0`.
    let word = name.trim_start_matches('_');
    let name = escaped(match word.starts_with(char::is_numeric) {
        true => name,
        false => word,
    });
    let plain = name
        .chars()
        .all(|letter| letter == '_' || letter.is_alphanumeric());
    if !plain || name.is_empty() || name.contains("__") {
        format!("arg{index}")
    } else if RUST.contains(&name.as_str()) {
        name + "_"
    } else {
        name
    }
}

/// A type that is bound, by its names.
#[derive(Debug, Clone)]
pub struct Known {
    /// How Rust code writes it, with `'static` for its lifetimes.
    pub rust: String,
    /// The class in the generated bindings.
    pub python: String,
    /// Whether it becomes an `IntEnum`.
    pub plain: bool,
    /// Whether it is `Copy`.
    pub copy: bool,
    /// Whether it is `Clone`.
    pub clone: bool,
    /// Whether it has lifetimes.
    pub borrows: bool,
    /// Whether it is an exception.
    pub error: bool,
    /// Whether it is for trait objects.
    pub object: bool,
}

/// Whether a trait object is `Send`, and whether it is `Sync`.
pub const THREADS: [(bool, bool); 4] = [(false, false), (true, false), (false, true), (true, true)];

/// The definition that stands for the objects of a trait.
#[must_use]
pub fn object_of(definition: &str, send: bool, sync: bool) -> String {
    super::codec::object(definition, send, sync)
}

/// A trait, by its names.
#[derive(Debug, Clone)]
pub struct KnownTrait {
    /// How Rust code writes it.
    pub rust: String,
    /// The class in the generated bindings.
    pub python: String,
    /// Whether `dyn Trait` exists.
    pub dyn_compatible: bool,
    /// Why no type of the shim can implement it.
    pub closed: Option<String>,
}

/// What everything in a crate is called.
#[derive(Debug)]
pub struct Names {
    /// The crate's name in Rust, before each exported symbol.
    pub krate: String,
    /// Bound types by definition.
    pub types: BTreeMap<String, Known>,
    /// Bound traits by definition.
    pub traits: BTreeMap<String, KnownTrait>,
    taken: BTreeSet<String>,
    /// The compound codecs, each made once in the bindings.
    codecs: RefCell<BTreeMap<String, usize>>,
    /// The types of collections that are changed in place, and how the shim declares them.
    collections: RefCell<BTreeMap<String, String>>,
}

/// An item of a collection.
struct Item {
    /// What it is to the shim.
    kind: String,
    /// The expression that makes what Python knows of it.
    make: String,
    /// Its annotation.
    gives: String,
}

/// A collection that is changed in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InPlace {
    /// How Rust code writes it.
    pub rust: String,
    /// The expression that makes what Python knows of it.
    pub make: String,
    /// Its annotation.
    pub gives: String,
}

impl Names {
    /// Names every type of a crate.
    #[must_use]
    pub fn new(model: &Model) -> Self {
        let mut names = Self {
            krate: model.name.clone(),
            types: BTreeMap::new(),
            traits: BTreeMap::new(),
            taken: BTreeSet::new(),
            codecs: RefCell::default(),
            collections: RefCell::default(),
        };
        let errors = error_types(model);
        for (definition, type_def) in &model.types {
            let known = Known {
                rust: names.rust_path(model, type_def),
                python: names.global(&type_def.place),
                plain: is_plain(type_def) && !errors.contains(definition),
                copy: has(type_def, "Copy"),
                clone: has(type_def, "Clone"),
                borrows: type_def.lifetimes > 0,
                error: errors.contains(definition),
                object: false,
            };
            names.types.insert(definition.clone(), known);
        }
        for (definition, trait_def) in &model.traits {
            let known = KnownTrait {
                rust: format!(
                    "::{}",
                    crate::rustdoc::full_path(&model.name, &trait_def.place)
                ),
                python: names.global(&trait_def.place),
                dyn_compatible: trait_def.dyn_compatible,
                closed: trait_def.closed.clone(),
            };
            names.traits.insert(definition.clone(), known);
        }
        names.name_objects();
        names
    }

    /// The types of trait objects are the shim's own.
    fn name_objects(&mut self) {
        for (definition, known) in &self.traits {
            for (send, sync) in THREADS {
                let object = super::codec::object(&known.rust, send, sync);
                let around = super::argument::forwarder(&known.python);
                if let Some(of) = self.types.get_mut(&object_of(definition, send, sync)) {
                    of.rust = format!("{around}<rt::Holder<{object}>>");
                    of.object = true;
                }
            }
        }
    }

    /// What a trait object becomes in Python.
    ///
    /// # Errors
    /// Why it becomes nothing.
    pub fn known_object(&self, type_: &Type) -> Result<&Known, String> {
        let Type::Trait {
            definition,
            send,
            sync,
            ..
        } = type_
        else {
            return Err("not a trait".into());
        };
        let of = self.known_trait(definition)?;
        let found = self.types.get(&object_of(definition, *send, *sync));
        found.ok_or_else(|| match &of.closed {
            Some(reason) => format!("an object of the trait `{definition}`: {reason}"),
            None => format!("an object of the trait `{definition}`"),
        })
    }

    /// A name in the generated bindings that nothing else has.
    pub fn global(&mut self, place: &Place) -> String {
        let mut name = escaped(&place.name);
        if !place.module.is_empty() {
            name = format!("{}_{name}", place.module.join("_"));
        }
        while !self.taken.insert(name.clone()) {
            name.push('_');
        }
        name
    }

    /// The expression for a codec: compound ones become constants of the bindings.
    #[must_use]
    pub fn constant(&self, make: &str) -> String {
        if !make.contains('(') {
            return make.to_owned();
        }
        let mut codecs = self.codecs.borrow_mut();
        let next = codecs.len();
        format!("_k{}", codecs.entry(make.to_owned()).or_insert(next))
    }

    /// The collection that a field of this type is, if it is changed in place.
    pub fn in_place(&self, type_: &Type) -> Option<InPlace> {
        let rust = super::codec::rust(type_, self).ok()?;
        let (python, gives, declaration) = match type_ {
            Type::Array(item, _) => {
                let item = self.item(item)?;
                let kind = item.kind.replacen("objects", "fixed", 1);
                let gives = format!("_rt.List[{}]", item.gives);
                (
                    format!("_rt.Listed({})", item.make),
                    gives,
                    format!("list!({kind}"),
                )
            }
            Type::Std(kind @ (Std::Vec | Std::VecDeque), items) => {
                let class = if *kind == Std::Vec { "List" } else { "Deque" };
                let item = self.item(items.first()?)?;
                let deque = *kind == Std::VecDeque;
                let memory = if deque { "values" } else { "numbers" };
                let kind = item.kind.replacen("numbers", memory, 1);
                let class_argument = if deque { ", _rt.Deque" } else { "" };
                let make = format!("_rt.Listed({}{class_argument})", item.make);
                (
                    make,
                    format!("_rt.{class}[{}]", item.gives),
                    format!("list!({kind}"),
                )
            }
            Type::Std(Std::HashMap | Std::BTreeMap, items) => {
                let [key, value] = &items[..] else {
                    return None;
                };
                let (key, value) = (
                    self.value(key)?,
                    self.item(value).or_else(|| self.value(value))?,
                );
                let kind = value.kind.replacen("numbers", "values", 1);
                let make = format!("_rt.Mapped({}, {})", key.make, value.make);
                (
                    make,
                    format!("_rt.Map[{}, {}]", key.gives, value.gives),
                    format!("table!({kind}"),
                )
            }
            Type::Std(Std::HashSet | Std::BTreeSet, items) => {
                let [key] = &items[..] else { return None };
                let key = self.value(key)?;
                let make = format!("_rt.Mapped({}, _rt.UNIT, _rt.Set)", key.make);
                (
                    make,
                    format!("_rt.Set[{}]", key.gives),
                    "table!(values".to_owned(),
                )
            }
            _ => return None,
        };
        self.collections
            .borrow_mut()
            .insert(rust.clone(), declaration);
        Some(InPlace {
            rust: format!("rt::InPlace<{rust}>"),
            make: python,
            gives,
        })
    }

    /// What an item of a list is, or a value of a map.
    fn item(&self, type_: &Type) -> Option<Item> {
        if *type_ == Type::Integer("u8".into()) {
            return None;
        }
        if let Some(inner) = self.in_place(type_) {
            return Some(Item {
                kind: format!("lists of {}", inner.rust),
                make: inner.make,
                gives: inner.gives,
            });
        }
        match type_ {
            Type::Named { definition, .. } if !self.known(definition).ok()?.plain => {
                let known = self.known(definition).ok().filter(|known| !known.borrows)?;
                let codec = super::codec::codec(type_, self).ok()?;
                Some(Item {
                    kind: format!("objects of {}", known.rust),
                    make: codec.make,
                    gives: codec.gives,
                })
            }
            _ => self.value(type_),
        }
    }

    /// What is copied both ways: it neither has a handle, nor borrows, nor goes one way only.
    fn value(&self, type_: &Type) -> Option<Item> {
        let differs = type_.any(&mut |part| match part {
            Type::Named { definition, .. } => {
                self.types.get(definition).is_none_or(|known| !known.plain)
            }
            part => matches!(
                part,
                Type::Reference { .. }
                    | Type::Trait { .. }
                    | Type::Function { .. }
                    | Type::Std(Std::Result | Std::ControlFlow, _)
            ),
        });
        if differs {
            return None;
        }
        let number = super::codec::number_code(type_).is_some();
        let codec = super::codec::codec(type_, self).ok()?;
        Some(Item {
            kind: if number { "numbers" } else { "values" }.to_owned(),
            make: codec.make,
            gives: codec.gives,
        })
    }

    /// The types of collections, and how the shim declares them.
    #[must_use]
    pub fn collections(&self) -> BTreeMap<String, String> {
        self.collections.borrow().clone()
    }

    /// The codecs that [`Names::constant`] has numbered, in that order.
    #[must_use]
    pub fn constants(&self) -> Vec<String> {
        let codecs = self.codecs.borrow();
        let mut all: Vec<(usize, String)> = codecs
            .iter()
            .map(|(make, at)| (*at, make.clone()))
            .collect();
        all.sort();
        all.into_iter().map(|(_, make)| make).collect()
    }

    fn rust_path(&self, model: &Model, type_def: &TypeDef) -> String {
        let mut path = format!(
            "::{}",
            crate::rustdoc::full_path(&self.krate, &type_def.place)
        );
        let mut arguments = vec!["'static".to_owned(); type_def.lifetimes];
        if let Some(instance) = &type_def.instance {
            let place = Place {
                name: instance.name.clone(),
                ..type_def.place.clone()
            };
            path = format!("::{}", crate::rustdoc::full_path(&self.krate, &place));
            arguments.extend(
                instance
                    .arguments
                    .iter()
                    .map(|each| argument(model, each.as_ref())),
            );
        }
        if !arguments.is_empty() {
            path = format!("{path}<{}>", arguments.join(", "));
        }
        path
    }

    /// A trait whose objects cross.
    ///
    /// # Errors
    /// Why they do not.
    pub fn known_trait(&self, definition: &str) -> Result<&KnownTrait, String> {
        let known = self.traits.get(definition);
        let known = known.ok_or_else(|| format!("the trait `{definition}` is not bound"))?;
        if known.dyn_compatible {
            Ok(known)
        } else {
            Err(format!(
                "the trait `{definition}` has no `dyn {}`",
                known.python
            ))
        }
    }

    /// A trait that a type of the shim implements.
    ///
    /// # Errors
    /// Why none does.
    pub fn open_trait(&self, definition: &str) -> Result<&KnownTrait, String> {
        let known = self.known_trait(definition)?;
        match &known.closed {
            Some(reason) => Err(format!("the trait `{definition}`: {reason}")),
            None => Ok(known),
        }
    }

    /// A type that is bound.
    ///
    /// # Errors
    /// Why it is not.
    pub fn known(&self, definition: &str) -> Result<&Known, String> {
        self.types.get(definition).ok_or_else(|| {
            let own = definition.split("::").next() == Some(&self.krate);
            let whose = if own {
                "is not bound"
            } else {
                "of another crate"
            };
            format!("the type `{definition}` {whose}")
        })
    }
}

/// A simple type argument as Rust writes it; `_` for what Rust infers.
fn argument(model: &Model, type_: Option<&Type>) -> String {
    match type_ {
        Some(Type::Integer(name) | Type::Float(name)) => name.clone(),
        Some(Type::Bool) => "bool".into(),
        Some(Type::Char) => "char".into(),
        Some(Type::String) => "String".into(),
        Some(Type::Named { definition, .. }) => match model.types.get(definition) {
            Some(found) => {
                let path = crate::rustdoc::full_path(&model.name, &found.place);
                let lifetimes = vec!["'static"; found.lifetimes].join(", ");
                match found.lifetimes {
                    0 => format!("::{path}"),
                    _ => format!("::{path}<{lifetimes}>"),
                }
            }
            None => "_".into(),
        },
        _ => "_".into(),
    }
}

/// A function's name where it is called: with the arguments of an instance.
#[must_use]
pub fn called(model: &Model, function: &Function) -> String {
    let Some(instance) = &function.instance else {
        return function.name.clone();
    };
    let arguments = instance
        .arguments
        .iter()
        .map(|each| argument(model, each.as_ref()));
    let arguments: Vec<String> = arguments.collect();
    format!("{}::<{}>", instance.name, arguments.join(", "))
}

/// A type's path where a value is made or matched: what it is generic over is inferred,
/// for not all of it may stand there.
#[must_use]
pub fn expression_path(rust: &str) -> &str {
    rust.split('<').next().unwrap_or(rust)
}

/// Whether a type implements a standard trait.
#[must_use]
pub fn has(type_def: &TypeDef, name: &str) -> bool {
    type_def
        .traits
        .iter()
        .any(|found| found.name == name && !found.for_reference)
}

fn is_plain(type_def: &TypeDef) -> bool {
    match &type_def.shape {
        Shape::Enum(variants) => {
            !variants.is_empty()
                && variants
                    .iter()
                    .all(|each| each.fields.public.is_empty() && each.fields.all_public)
        }
        _ => false,
    }
}

/// The definitions of the types that anything fails with, or that are errors.
fn error_types(model: &Model) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (definition, type_def) in &model.types {
        if has(type_def, "Error") {
            found.insert(definition.clone());
        }
        let outputs = type_def
            .traits
            .iter()
            .flat_map(|each| each.outputs.get("Err"));
        found.extend(outputs.filter_map(definition_of));
    }
    model.mentions(&mut |type_| {
        if let Type::Std(Std::Result, items) = type_ {
            found.extend(items.get(1).and_then(definition_of));
        }
        false
    });
    found
}

fn definition_of(type_: &Type) -> Option<String> {
    match type_ {
        Type::Named { definition, .. } => Some(definition.clone()),
        _ => None,
    }
}
