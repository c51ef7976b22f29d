//! Traits of the crate: base classes in Python, adapters in the shim for Python's objects.

use std::collections::{BTreeMap, BTreeSet};

use super::argument::lent_value;
use super::call::{Call, call};
use super::codec::{Codec, answer, codec, rust};
use super::names::{Names, THREADS, escaped, has, object_of, parameters};
use crate::model::{
    Fields, Function, Implemented, Model, Place, Shape, Skipped, TraitDef, Type, TypeDef,
};

/// A trait, planned for both sides.
#[derive(Debug, Clone)]
pub struct Interface {
    /// Where users find it.
    pub place: Place,
    /// The item's path.
    pub item: String,
    /// Its documentation.
    pub docs: String,
    /// The class in the generated bindings.
    pub python: String,
    /// How Rust code writes it.
    pub rust: String,
    /// The trait and those of the crate that it requires, as Rust code writes them.
    pub traits: Vec<String>,
    /// What an implementation has, those of the traits that it requires, too.
    pub methods: Vec<Method>,
    /// The standard traits that it requires: `Debug`, `Display`, `Error`.
    pub standard: BTreeSet<String>,
    /// Its base classes in the generated bindings.
    pub bases: Vec<String>,
    /// Whether implementations must be `Send`, and `Sync`.
    pub threads: (bool, bool),
    /// The types of the crate that implement it.
    pub implementors: Vec<Implementor>,
    /// The kinds of trait objects that functions want: `Send` or not, `Sync` or not.
    pub kinds: BTreeSet<(bool, bool)>,
    /// Those that Python gets, and the shim's type for each.
    pub objects: BTreeMap<(bool, bool), String>,
    /// Why Python's objects cannot implement it.
    pub closed: Option<String>,
}

/// A method of a trait.
#[derive(Debug, Clone)]
pub struct Method {
    /// Its name in Rust.
    pub name: String,
    /// Its name in Python.
    pub python: String,
    /// Its documentation.
    pub docs: String,
    /// The trait that declares it, as Rust code writes it.
    pub of_trait: String,
    /// `&self` or `&mut self`.
    pub receiver: &'static str,
    /// Its other parameters: name, type in Rust, codec.
    pub parameters: Vec<(String, String, Codec)>,
    /// These as they are passed on to Python.
    pub passed: String,
    /// What it returns, in Rust.
    pub output: String,
    /// How a text that it returns by reference is kept: `Some` with the function.
    pub kept: Option<&'static str>,
    /// What it returns, from Python.
    pub result: Codec,
    /// Whether that is put into an `Ok`.
    pub infallible: bool,
    /// Whether an implementation may leave it out.
    pub provided: bool,
    /// Calls the trait's own version, where it has one.
    pub call: Option<Call>,
    /// Whether the trait itself declares it.
    pub own: bool,
}

/// A type that implements a trait.
#[derive(Debug, Clone)]
pub struct Implementor {
    /// How Rust code writes it.
    pub rust: String,
    /// Whether it is `Send`.
    pub send: bool,
    /// Whether it is `Sync`.
    pub sync: bool,
}

impl Interface {
    /// Plans a trait, if there are objects of it.
    #[must_use]
    pub fn new(
        model: &Model,
        definition: &str,
        trait_def: &TraitDef,
        names: &Names,
    ) -> Option<Self> {
        let known = names.known_trait(definition).ok()?;
        let mut parts = Parts::default();
        let closed = collect(model, definition, names, &mut parts).err();
        let Parts {
            traits,
            mut methods,
            standard,
            threads,
        } = parts;
        methods
            .iter_mut()
            .filter(|each| each.of_trait != known.rust)
            .for_each(|each| {
                each.own = false;
                each.call = None;
            });
        // The nearest first, as Python wants them.
        let bases = traits.iter().rev().filter(|each| **each != known.rust);
        let bases =
            bases.filter_map(|each| names.traits.values().find(|known| known.rust == *each));
        let bases = bases.map(|base| base.python.clone()).collect();
        Some(Self {
            place: trait_def.place.clone(),
            item: crate::rustdoc::full_path(&model.name, &trait_def.place),
            docs: trait_def.docs.clone(),
            python: known.python.clone(),
            rust: known.rust.clone(),
            traits,
            methods,
            standard,
            bases,
            threads,
            implementors: implementors(model, definition, names),
            kinds: kinds(model, definition),
            objects: THREADS
                .into_iter()
                .filter_map(|(send, sync)| {
                    let known = names.types.get(&object_of(definition, send, sync))?;
                    Some(((send, sync), known.rust.clone()))
                })
                .collect(),
            closed,
        })
    }

    /// Lets only Rust's own values pass for it.
    pub fn close(&mut self, reason: String) {
        self.closed = Some(reason);
    }

    /// What Python lacks where its own objects cannot implement the trait.
    #[must_use]
    pub fn skipped(&self) -> Option<Skipped> {
        let reason = self.closed.as_ref()?;
        Some(Skipped {
            item: self.item.clone(),
            reason: format!("Python's objects cannot implement it: {reason}"),
        })
    }

    /// Every call.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.methods.iter().filter_map(|each| each.call.as_ref())
    }
}

/// The model with a type for each kind of trait object that Rust gives.
#[must_use]
pub fn with_objects(mut model: Model) -> Model {
    let mut given = BTreeSet::new();
    let mut note = |type_: &Type| {
        type_.any(&mut |part| {
            if let Type::Trait {
                definition,
                send,
                sync,
                ..
            } = part
            {
                given.insert((definition.clone(), *send, *sync));
            }
            false
        });
    };
    let methods = model.types.values().flat_map(|each| &each.functions);
    let of_traits = model.traits.values().flat_map(|each| &each.functions);
    for function in model.functions.iter().chain(methods).chain(of_traits) {
        note(&function.output);
        // What callbacks are given.
        for parameter in &function.parameters {
            parameter.type_.any(&mut |part| {
                if let Type::Function { parameters, .. } = part {
                    parameters.iter().for_each(&mut note);
                }
                false
            });
        }
    }
    for field in model.types.values().flat_map(TypeDef::fields) {
        note(&field.type_);
    }
    for (definition, send, sync) in given {
        let known = model.traits.get(&definition);
        let Some(trait_def) = known.filter(|each| each.dyn_compatible) else {
            continue;
        };
        let type_def = object_type(&model, &definition, trait_def, send, sync);
        let definition = object_of(&definition, send, sync);
        model.types.insert(definition, type_def);
    }
    model
}

/// The type of a trait's objects: its methods, and those of the traits that it requires.
fn object_type(
    model: &Model,
    definition: &str,
    trait_def: &TraitDef,
    send: bool,
    sync: bool,
) -> TypeDef {
    let mut name = format!("{}_dyn", trait_def.place.name);
    name.push_str(if send { "_send" } else { "" });
    name.push_str(if sync { "_sync" } else { "" });
    let this = Type::Named {
        definition: object_of(definition, send, sync),
        lifetimes: Vec::new(),
    };
    let (mut functions, mut local_traits) = (Vec::new(), Vec::new());
    let mut standard = BTreeSet::new();
    let mut open = vec![definition.to_owned()];
    while let Some(definition) = open.pop() {
        let known = model.traits.get(&definition);
        let Some(trait_def) = known.filter(|_| !local_traits.contains(&definition)) else {
            continue;
        };
        for function in trait_def.functions.iter().filter(|each| each.method) {
            let mut function = function.clone();
            function.of_trait = Some(definition.clone());
            let receiver = function.parameters.first_mut().map(|each| &mut each.type_);
            if let Some(Type::Reference { to, .. }) = receiver {
                **to = this.clone();
                functions.push(function);
            }
        }
        for bound in &trait_def.bounds {
            let named = |each: &&String| each.rsplit("::").next() == Some(bound);
            open.extend(model.traits.keys().find(named).cloned());
            standard.insert(bound.clone());
        }
        local_traits.push(definition);
    }
    standard.extend(send.then(|| "Send".to_owned()));
    standard.extend(sync.then(|| "Sync".to_owned()));
    let threads = ["Send", "Sync"].iter().all(|each| standard.contains(*each));
    standard.retain(|each| {
        let name = each.as_str();
        matches!(name, "Debug" | "Display") || (threads && matches!(name, "Send" | "Sync"))
    });
    let traits = standard.into_iter().map(|name| Implemented {
        name,
        arguments: Vec::new(),
        outputs: BTreeMap::new(),
        for_reference: false,
    });
    TypeDef {
        place: Place {
            name,
            ..trait_def.place.clone()
        },
        docs: trait_def.docs.clone(),
        lifetimes: 0,
        instance: None,
        shape: Shape::Struct(Fields {
            public: Vec::new(),
            all_public: false,
            tuple: true,
        }),
        functions,
        constants: Vec::new(),
        traits: traits.collect(),
        local_traits,
        non_exhaustive: true,
    }
}

fn implementors(model: &Model, definition: &str, names: &Names) -> Vec<Implementor> {
    let implementing = model
        .types
        .iter()
        .filter(|(_, type_def)| type_def.local_traits.iter().any(|each| each == definition));
    let known = implementing.filter_map(|(name, type_def)| {
        let known = names.types.get(name)?;
        let fits = !known.plain && !known.borrows;
        fits.then(|| Implementor {
            rust: known.rust.clone(),
            send: has(type_def, "Send"),
            sync: has(type_def, "Sync"),
        })
    });
    known.collect()
}

/// Which kinds of trait objects the crate's functions want.
fn kinds(model: &Model, definition: &str) -> BTreeSet<(bool, bool)> {
    let mut found = BTreeSet::from([(false, false)]);
    model.mentions(&mut |part| {
        if let Type::Trait {
            definition: name,
            send,
            sync,
            ..
        } = part
            && name == definition
        {
            found.insert((*send, *sync));
        }
        false
    });
    found
}

/// What implementing a trait takes.
#[derive(Default)]
struct Parts {
    traits: Vec<String>,
    methods: Vec<Method>,
    standard: BTreeSet<String>,
    threads: (bool, bool),
}

/// Adds what a trait and those that it requires take.
fn collect(
    model: &Model,
    definition: &str,
    names: &Names,
    parts: &mut Parts,
) -> Result<(), String> {
    let trait_def = model
        .traits
        .get(definition)
        .ok_or("it requires a trait that is not public")?;
    if let Some(reason) = &trait_def.closed {
        return Err(reason.clone());
    }
    for bound in &trait_def.bounds {
        match bound.as_str() {
            "Send" => parts.threads.0 = true,
            "Sync" => parts.threads.1 = true,
            "Any" | "Unpin" | "UnwindSafe" | "RefUnwindSafe" => {}
            "Debug" | "Display" | "Error" => {
                parts.standard.insert(bound.clone());
            }
            other => {
                let required = model
                    .traits
                    .keys()
                    .find(|each| each.rsplit("::").next() == Some(other));
                let required =
                    required.ok_or_else(|| format!("it requires the trait `{other}`"))?;
                collect(model, required, names, parts)?;
            }
        }
    }
    let known = names.known_trait(definition)?;
    if parts.traits.contains(&known.rust) {
        return Ok(());
    }
    parts.traits.push(known.rust.clone());
    for function in &trait_def.functions {
        let method = method(model, definition, &known.rust, trait_def, function, names)
            .map_err(|reason| format!("its method `{}`: {reason}", function.name))?;
        parts.methods.push(method);
    }
    Ok(())
}

fn method(
    model: &Model,
    definition: &str,
    rust_trait: &str,
    trait_def: &TraitDef,
    function: &Function,
    names: &Names,
) -> Result<Method, String> {
    let receiver = match function.parameters.first().map(|first| &first.type_) {
        Some(Type::Reference { mutable, .. }) if function.method => {
            if *mutable {
                "&mut self"
            } else {
                "&self"
            }
        }
        _ => return Err("it does not take `&self` or `&mut self`".into()),
    };
    if let Some(lifetime) = function.lifetimes.first() {
        return Err(format!("it is generic over `{lifetime}`"));
    }
    let called = parameters(&function.parameters);
    let others = function.parameters.iter().zip(called).skip(1);
    let mut passed = String::new();
    let parameters = others.map(|(each, name)| {
        let codec = codec(&each.type_, names)?;
        passed.push_str(&format!("{}, ", lent_value(&name, &each.type_, names)));
        Ok((name, signature(&each.type_, names)?, codec))
    });
    let parameters = parameters.collect::<Result<Vec<_>, String>>()?;
    let kept = match &function.output {
        Type::Reference {
            mutable: false,
            lifetime,
            to,
        } if **to == Type::Str => Some(match lifetime.as_deref() {
            Some("'static") => "rt::forever",
            _ => "self.texts.keep",
        }),
        output if output.any(&mut |part| matches!(part, Type::Reference { .. })) => {
            return Err("it returns a reference".into());
        }
        _ => None,
    };
    let provided = trait_def.provided.contains(&function.name);
    let (result, infallible) = answer(&function.output, names)?;
    let item = format!(
        "{}::{}",
        crate::rustdoc::full_path(&model.name, &trait_def.place),
        function.name
    );
    let own_call = provided.then(|| provided_call(definition, rust_trait, &item, function, names));
    Ok(Method {
        name: function.name.clone(),
        python: escaped(&function.name),
        docs: function.docs.clone(),
        of_trait: rust_trait.to_owned(),
        receiver,
        parameters,
        passed,
        output: signature(&function.output, names)?,
        kept,
        result,
        infallible,
        provided,
        call: own_call.transpose()?,
        own: true,
    })
}

/// The call by which a Python class inherits what a trait provides.
fn provided_call(
    definition: &str,
    rust_trait: &str,
    item: &str,
    function: &Function,
    names: &Names,
) -> Result<Call, String> {
    let python = &names.known_trait(definition)?.python;
    let symbol = format!("{}_{python}__{}", names.krate, function.name);
    call(item, &symbol, function, names, &|values: &[String]| {
        format!(
            "<dyn {rust_trait} as {rust_trait}>::{}({})",
            function.name,
            values.join(", ")
        )
    })
}

/// A type as it stands in a method's signature.
fn signature(type_: &Type, names: &Names) -> Result<String, String> {
    if let Type::Reference {
        lifetime: Some(lifetime),
        to,
        mutable: false,
    } = type_
        && lifetime == "'static"
    {
        return Ok(format!("&'static {}", rust(to, names)?));
    }
    Ok(rust(type_, names)?.replace("'static", "'_"))
}
