//! The intermediate form: what a crate offers, independent of how it was read and
//! of what will be made of it. `rustbind inspect --json` prints it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version of this form; readers refuse others.
pub const FORMAT: u32 = 1;

/// A crate's public items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// [`FORMAT`].
    pub format: u32,
    /// The name that Rust code uses.
    pub name: String,
    /// The version.
    pub version: String,
    /// The modules, the crate itself first.
    pub modules: Vec<Module>,
    /// Structs and enums, by the path of their definition.
    pub types: BTreeMap<String, TypeDef>,
    /// Traits, by the path of their definition.
    pub traits: BTreeMap<String, TraitDef>,
    /// Functions outside of types.
    pub functions: Vec<Function>,
    /// Constants and statics outside of types.
    pub constants: Vec<Constant>,
    /// Further names of types: module, name, definition.
    pub aliases: Vec<Alias>,
    /// What was left out while reading.
    pub skipped: Vec<Skipped>,
}

impl Model {
    /// Whether the crate's interface has a type, anywhere, for which the test holds.
    pub fn mentions(&self, test: &mut impl FnMut(&Type) -> bool) -> bool {
        let methods = self.types.values().flat_map(|each| &each.functions);
        let of_traits = self.traits.values().flat_map(|each| &each.functions);
        let functions = self.functions.iter().chain(methods).chain(of_traits);
        let signatures = functions.flat_map(|each| {
            let parameters = each.parameters.iter().map(|each| &each.type_);
            parameters.chain([&each.output])
        });
        let fields = self.types.values().flat_map(TypeDef::fields);
        let constants = self.types.values().flat_map(|each| &each.constants);
        let constants = self.constants.iter().chain(constants);
        signatures
            .chain(fields.map(|each| &each.type_))
            .chain(constants.map(|each| &each.type_))
            .any(|type_| type_.any(test))
    }
}

/// A module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// The names from the crate's root, without the crate.
    pub path: Vec<String>,
    /// Where it is found, too.
    pub also: Vec<Vec<String>>,
    /// Its documentation.
    pub docs: String,
}

/// Where users find an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The module.
    pub module: Vec<String>,
    /// The name in it.
    pub name: String,
    /// Whether the module's first name is that of another crate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub foreign: bool,
}

impl Place {
    /// A place in the crate itself.
    #[must_use]
    pub fn new(module: &[String], name: &str) -> Self {
        Self {
            module: module.to_vec(),
            name: name.to_owned(),
            foreign: false,
        }
    }
}

/// A type's further public name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// Where.
    pub place: Place,
    /// Of what.
    pub target: String,
}

/// What an instance of something generic is an instance of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// The name without its arguments.
    pub name: String,
    /// The type arguments; those that Rust infers are `None`.
    pub arguments: Vec<Option<Type>>,
}

/// A struct or an enum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeDef {
    /// Its shortest public name.
    pub place: Place,
    /// Its documentation.
    pub docs: String,
    /// How many lifetimes it has.
    pub lifetimes: usize,
    /// The generic type that it is an instance of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<Instance>,
    /// What it consists of.
    pub shape: Shape,
    /// Associated functions and methods.
    pub functions: Vec<Function>,
    /// Associated constants.
    pub constants: Vec<Constant>,
    /// The standard traits that it implements.
    pub traits: Vec<Implemented>,
    /// The crate's traits that it implements, by definition.
    pub local_traits: Vec<String>,
    /// Whether it may get more fields or variants.
    pub non_exhaustive: bool,
}

impl TypeDef {
    /// Its public fields, of all variants.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        let (own, variants): (&[Field], &[Variant]) = match &self.shape {
            Shape::Struct(fields) => (&fields.public, &[]),
            Shape::Enum(variants) => (&[], variants),
            Shape::Opaque => (&[], &[]),
        };
        let of_variants = variants.iter().flat_map(|each| &each.fields.public);
        own.iter().chain(of_variants)
    }
}

/// A standard trait that a type implements.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Implemented {
    /// The trait's name without its path.
    pub name: String,
    /// Its type arguments.
    pub arguments: Vec<Type>,
    /// Its associated types.
    pub outputs: BTreeMap<String, Type>,
    /// Whether it is implemented for a shared reference to the type.
    pub for_reference: bool,
}

/// What a type consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shape {
    /// A struct.
    Struct(Fields),
    /// An enum.
    Enum(Vec<Variant>),
    /// Not looked into: a union.
    Opaque,
}

/// The fields of a struct or a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields {
    /// The public ones.
    pub public: Vec<Field>,
    /// Whether there are no others.
    pub all_public: bool,
    /// Whether they have numbers instead of names.
    pub tuple: bool,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name or number.
    pub name: String,
    /// Its type.
    pub type_: Type,
    /// Its documentation.
    pub docs: String,
}

/// A variant of an enum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// Its documentation.
    pub docs: String,
    /// Its fields.
    pub fields: Fields,
    /// Its number.
    pub discriminant: i64,
}

/// A trait of the crate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraitDef {
    /// Its shortest public name.
    pub place: Place,
    /// Its documentation.
    pub docs: String,
    /// Its methods.
    pub functions: Vec<Function>,
    /// Those of them that an implementation may leave out.
    pub provided: Vec<String>,
    /// Whether `dyn Trait` exists.
    pub dyn_compatible: bool,
    /// Whether implementing it takes more than its methods.
    pub closed: Option<String>,
    /// The standard traits that it requires.
    pub bounds: Vec<String>,
}

/// A function or method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Where a function outside of types is found.
    pub module: Vec<String>,
    /// Its name.
    pub name: String,
    /// Its documentation.
    pub docs: String,
    /// The trait that it belongs to, by definition.
    pub of_trait: Option<String>,
    /// Its parameters, the receiver first.
    pub parameters: Vec<Parameter>,
    /// Whether the first parameter is `self`.
    pub method: bool,
    /// What it returns.
    pub output: Type,
    /// The lifetimes that it declares itself.
    pub lifetimes: Vec<String>,
    /// The generic function that it is an instance of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<Instance>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_: Type,
}

/// A constant or static.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constant {
    /// Where a constant outside of types is found.
    pub module: Vec<String>,
    /// Its name.
    pub name: String,
    /// Its documentation.
    pub docs: String,
    /// Its type.
    pub type_: Type,
    /// Whether it is a static.
    pub is_static: bool,
}

/// Something that is not bound.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Skipped {
    /// The item's path.
    pub item: String,
    /// Why.
    pub reason: String,
}

/// A container of the standard library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Std {
    /// `Vec`.
    Vec,
    /// `VecDeque`.
    VecDeque,
    /// `HashMap`.
    HashMap,
    /// `BTreeMap`.
    BTreeMap,
    /// `HashSet`.
    HashSet,
    /// `BTreeSet`.
    BTreeSet,
    /// `Option`.
    Option,
    /// `Result`.
    Result,
    /// `Box`.
    Box,
    /// `Rc`.
    Rc,
    /// `Arc`.
    Arc,
    /// `Cow`.
    Cow,
    /// `std::ops::ControlFlow`: what it breaks off with, then what it goes on with.
    ControlFlow,
    /// `Mutex`.
    Mutex,
    /// `RwLock`.
    RwLock,
    /// `LazyLock`.
    LazyLock,
    /// `OnceLock`.
    OnceLock,
    /// `std::sync::mpsc::Receiver`.
    Receiver,
    /// `std::sync::mpsc::Sender`.
    Sender,
    /// `std::sync::mpsc::SyncSender`.
    SyncSender,
}

/// A type as it stands in a signature.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Type {
    /// `()`.
    Unit,
    /// `bool`.
    Bool,
    /// `char`.
    Char,
    /// An integer, by its Rust name.
    Integer(String),
    /// A floating-point number, by its Rust name.
    Float(String),
    /// `num_complex::Complex`, by the Rust name of its parts.
    Complex(String),
    /// `str`.
    Str,
    /// `String`.
    String,
    /// `Path`.
    Path,
    /// `PathBuf`.
    PathBuf,
    /// `OsStr`.
    OsStr,
    /// `OsString`.
    OsString,
    /// `Duration`.
    Duration,
    /// `SystemTime`.
    SystemTime,
    /// `std::cmp::Ordering`.
    Ordering,
    /// `std::io::Error`.
    IoError,
    /// `dyn std::error::Error`.
    AnyError {
        /// Whether it is `Send`.
        send: bool,
        /// Whether it is `Sync`.
        sync: bool,
    },
    /// An integer that is not zero, by that integer's Rust name.
    NonZero(String),
    /// An address of `std::net`, by its Rust name.
    Address(String),
    /// A range of integers: taken as `RangeBounds`, or returned.
    Range(Box<Type>),
    /// Anything that is `Read` or, if so, `Write`.
    Stream {
        /// Which of the two.
        write: bool,
    },
    /// An atomic, by the type that it holds.
    Atomic(Box<Type>),
    /// A reference.
    Reference {
        /// Whether it is `&mut`.
        mutable: bool,
        /// Its lifetime, where it is named.
        lifetime: Option<String>,
        /// To what.
        to: Box<Type>,
    },
    /// `[T]`.
    Slice(Box<Type>),
    /// `[T; N]`.
    Array(Box<Type>, String),
    /// A tuple.
    Tuple(Vec<Type>),
    /// A container of the standard library.
    Std(Std, Vec<Type>),
    /// A struct or enum.
    Named {
        /// The path of its definition.
        definition: String,
        /// Its lifetimes.
        lifetimes: Vec<String>,
    },
    /// A parameter that takes a closure or a function pointer.
    Function {
        /// `Fn`, `FnMut`, `FnOnce`; `fn` for a pointer.
        kind: String,
        /// What it takes.
        parameters: Vec<Type>,
        /// What it gives.
        output: Box<Type>,
        /// Whether it may be called from other threads.
        send: bool,
        /// Whether several threads may call it at once.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        sync: bool,
        /// Whether it may borrow from something.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        borrows: bool,
    },
    /// Any iterator: taken, or returned.
    Iterator(Box<Type>),
    /// Anything that converts to a type: `AsRef`, `Into`, `ToString`.
    Like(Box<Type>),
    /// `dyn Trait` or `impl Trait` of a trait of the crate.
    Trait {
        /// The path of its definition.
        definition: String,
        /// Whether it is `dyn`.
        dynamic: bool,
        /// Whether the value must be `Send`.
        send: bool,
        /// Whether the value must be `Sync`.
        sync: bool,
    },
    /// A type of another crate, which is not described, so that it does not cross.
    Foreign {
        /// The path of its definition.
        definition: String,
        /// The same in words.
        reason: String,
    },
    /// A type that Rust infers where a value is made: a map's own hasher.
    Inferred,
    /// A type that does not cross, and why.
    Unsupported(String),
}

impl Type {
    /// A reference to this type, without a named lifetime.
    #[must_use]
    pub fn referenced(self) -> Self {
        Self::Reference {
            mutable: false,
            lifetime: None,
            to: Box::new(self),
        }
    }

    /// The parts that the type is written with.
    #[must_use]
    pub fn parts(&self) -> Vec<&Type> {
        match self {
            Self::Reference { to: inner, .. }
            | Self::Slice(inner)
            | Self::Array(inner, _)
            | Self::Iterator(inner)
            | Self::Atomic(inner)
            | Self::Range(inner)
            | Self::Like(inner) => vec![inner],
            Self::Tuple(items) | Self::Std(_, items) => items.iter().collect(),
            Self::Function {
                parameters, output, ..
            } => parameters.iter().chain([&**output]).collect(),
            _ => Vec::new(),
        }
    }

    /// The first reason, from the outside in, why the type does not cross.
    #[must_use]
    pub fn obstacle(&self) -> Option<&str> {
        if let Self::Unsupported(reason) | Self::Foreign { reason, .. } = self {
            return Some(reason);
        }
        self.parts().into_iter().find_map(Self::obstacle)
    }

    /// Whether it is, or has in it, one for which the test holds.
    pub fn any(&self, test: &mut impl FnMut(&Type) -> bool) -> bool {
        test(self) || self.parts().into_iter().any(|part| part.any(test))
    }
}
