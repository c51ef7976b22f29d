//! Decides what crosses how, and why the rest does not.
//!
//! The plan is all that the emitters need: for every class, function and constant
//! the calls behind it, each described for both sides at once.

pub mod argument;
pub mod call;
pub mod classes;
pub mod codec;
pub mod names;
pub mod outcome;
mod selection;
pub mod traits;

use std::collections::BTreeMap;

use crate::model::{Constant, Function, Model, Module, Place, Shape, Skipped, Std, Type};
use call::{Call, call};
use classes::Class;
use names::{Names, escaped};
pub use selection::Selection;
use traits::Interface;

/// A function at module level.
#[derive(Debug, Clone)]
pub struct Free {
    /// Where users find it.
    pub place: Place,
    /// Its name in the bindings.
    pub python: String,
    /// What it does.
    pub call: Call,
}

/// A constant or static at module level.
#[derive(Debug, Clone)]
pub struct Value {
    /// Where users find it.
    pub place: Place,
    /// Its name in the bindings.
    pub python: String,
    /// Its documentation.
    pub docs: String,
    /// Reads it.
    pub get: Call,
    /// Writes it.
    pub set: Option<Call>,
    /// Whether it may differ from one reading to the next.
    pub is_static: bool,
}

/// Everything that will be generated.
#[derive(Debug)]
pub struct Plan {
    /// The names.
    pub names: Names,
    /// The crate's version.
    pub version: String,
    /// The modules.
    pub modules: Vec<Module>,
    /// The traits.
    pub interfaces: Vec<Interface>,
    /// The classes.
    pub classes: Vec<Class>,
    /// The types of collections that are changed in place, and how the shim declares them.
    pub collections: BTreeMap<String, String>,
    /// Whether it has complex numbers.
    pub complex: bool,
    /// The functions.
    pub functions: Vec<Free>,
    /// The constants.
    pub values: Vec<Value>,
    /// Further names of classes: place and name in the bindings.
    pub aliases: Vec<(Place, String)>,
    /// What is not bound.
    pub skipped: Vec<Skipped>,
}

impl Plan {
    /// Every call.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        let functions = self.functions.iter().map(|free| &free.call);
        let values = self
            .values
            .iter()
            .flat_map(|value| [Some(&value.get), value.set.as_ref()]);
        let classes = self.classes.iter().flat_map(Class::calls);
        let interfaces = self.interfaces.iter().flat_map(Interface::calls);
        functions
            .chain(values.flatten())
            .chain(interfaces)
            .chain(classes)
    }

    /// How many parts the shim has that can be taken out.
    #[must_use]
    pub fn parts(&self) -> usize {
        let open = self.interfaces.iter().filter(|each| each.closed.is_none());
        let traits = self.interfaces.len() + open.count();
        self.calls().count() + self.classes.len() + self.collections.len() + traits
    }

    /// How many of the crate's items are bound.
    #[must_use]
    pub fn bound(&self) -> usize {
        let own = self.functions.len() + self.values.len() + self.interfaces.len();
        let classes = self.classes.iter().filter(|each| !each.known.object);
        own + classes.map(|each| 1 + each.items()).sum::<usize>()
    }

    /// Takes out what turned out not to compile: by symbol or, for a class, by its
    /// name in the bindings, with the compiler's reason.
    pub fn drop_failing(&mut self, reasons: &BTreeMap<String, String>) {
        let skipped = &mut self.skipped;
        let mut dropped: Vec<Skipped> = Vec::new();
        let mut keep = |call: &Call| match reasons.get(&call.symbol) {
            None => true,
            Some(reason) => {
                let reason = format!("the compiler says: {reason}");
                dropped.push(Skipped {
                    item: call.item.clone(),
                    reason,
                });
                false
            }
        };
        for interface in &mut self.interfaces {
            for method in &mut interface.methods {
                method.call.take_if(|call| !keep(call));
            }
        }
        self.collections
            .retain(|rust, _| !reasons.contains_key(rust));
        self.functions.retain(|free| keep(&free.call));
        self.values.retain_mut(|value| {
            value.set.take_if(|set| !keep(set));
            keep(&value.get)
        });
        for class in &mut self.classes {
            class.retain(&mut keep);
        }
        self.classes
            .retain(|class| match reasons.get(&class.known.python) {
                None => true,
                Some(reason) => {
                    let reason = format!("the compiler says: {reason}");
                    skipped.push(Skipped {
                        item: class.item.clone(),
                        reason,
                    });
                    false
                }
            });
        self.interfaces.retain_mut(|interface| {
            let Some(reason) = reasons.get(&interface.python) else {
                return true;
            };
            let may_stay = interface.closed.is_none();
            interface.close(format!("the compiler says: {reason}"));
            dropped.extend(interface.skipped());
            may_stay
        });
        self.skipped.extend(dropped);
        self.skipped.sort();
        self.skipped.dedup();
    }
}

/// Plans the bindings of a crate.
#[must_use]
pub fn plan(model: &Model, selection: &Selection) -> Plan {
    let model = &traits::with_objects(selection.applied(model.clone()));
    let mut names = Names::new(model);
    let mut planner = Planner {
        model,
        selection,
        skipped: model.skipped.clone(),
    };
    let places = planner.places(&mut names);
    let interfaces = planner.interfaces(&mut names);
    let functions = planner.functions(&names, &places);
    let values = planner.values(&names, &places);
    let classes = planner.classes(&names);
    let aliases = model.aliases.iter().filter_map(|alias| {
        let known = names.types.get(&alias.target)?;
        Some((alias.place.clone(), known.python.clone()))
    });
    let aliases = aliases.collect();
    let collections = names.collections();
    let mut skipped = planner.skipped;
    skipped.sort();
    skipped.dedup();
    Plan {
        names,
        version: model.version.clone(),
        modules: model.modules.clone(),
        interfaces,
        collections,
        complex: model.mentions(&mut |type_| matches!(type_, Type::Complex(_))),
        classes,
        functions,
        values,
        aliases,
        skipped,
    }
}

struct Planner<'a> {
    model: &'a Model,
    selection: &'a Selection,
    skipped: Vec<Skipped>,
}

impl Planner<'_> {
    fn skip(&mut self, item: &str, reason: String) {
        let item = item.to_owned();
        self.skipped.push(Skipped { item, reason });
    }

    /// The place by the name that users give it.
    fn named(&self, place: Place, full: &str) -> Place {
        let wanted = self.selection.name_of(full).map(str::to_owned);
        Place {
            name: wanted.unwrap_or_else(|| escaped(&place.name)),
            ..place
        }
    }

    /// Names functions and constants in the bindings, by their paths.
    fn places(&self, names: &mut Names) -> BTreeMap<String, String> {
        let functions = self
            .model
            .functions
            .iter()
            .map(|each| (&each.module, &each.name));
        let constants = self
            .model
            .constants
            .iter()
            .map(|each| (&each.module, &each.name));
        let mut found = BTreeMap::new();
        for (module, name) in functions.chain(constants) {
            let place = Place::new(module, name);
            let full = crate::rustdoc::full_path(&self.model.name, &place);
            let python = names.global(&place);
            found.insert(full, python);
        }
        found
    }

    fn functions(&mut self, names: &Names, places: &BTreeMap<String, String>) -> Vec<Free> {
        let mut all = Vec::new();
        for function in &self.model.functions {
            let place = Place::new(&function.module, &function.name);
            let full = crate::rustdoc::full_path(&self.model.name, &place);
            let python = places.get(&full).cloned().unwrap_or_default();
            match free_call(self.model, function, &full, &python, names) {
                Ok(call) => all.push(Free {
                    place: self.named(place, &full),
                    python,
                    call,
                }),
                Err(reason) => self.skip(&full, reason),
            }
        }
        all
    }

    fn values(&mut self, names: &Names, places: &BTreeMap<String, String>) -> Vec<Value> {
        let mut all = Vec::new();
        for constant in &self.model.constants {
            let place = Place::new(&constant.module, &constant.name);
            let full = crate::rustdoc::full_path(&self.model.name, &place);
            let python = places.get(&full).cloned().unwrap_or_default();
            let rust = format!("::{full}");
            match value_calls(constant, &rust, &python, names) {
                Ok((get, set)) => all.push(Value {
                    place: self.named(place, &full),
                    python,
                    docs: constant.docs.clone(),
                    get,
                    set,
                    is_static: constant.is_static,
                }),
                Err(reason) => self.skip(&full, reason),
            }
        }
        all
    }

    fn interfaces(&mut self, names: &mut Names) -> Vec<Interface> {
        let mut all = Vec::new();
        for (definition, trait_def) in &self.model.traits {
            let planned = Interface::new(self.model, definition, trait_def, names);
            let Some(mut interface) = planned else {
                continue;
            };
            interface.place = self.named(trait_def.place.clone(), &interface.item);
            if let Some(known) = names.traits.get_mut(definition) {
                known.closed.clone_from(&interface.closed);
            }
            if interface.closed.is_some() {
                // The shim's type for its objects would have to implement it, too.
                for (send, sync) in std::mem::take(&mut interface.objects).into_keys() {
                    let object = names::object_of(definition, send, sync);
                    names.types.remove(&object);
                }
                let all = &names.types;
                interface
                    .implementors
                    .retain(|each| all.values().any(|known| known.rust == each.rust));
            }
            self.skipped.extend(interface.skipped());
            all.push(interface);
        }
        all
    }

    fn classes(&mut self, names: &Names) -> Vec<Class> {
        let mut all = Vec::new();
        for (definition, type_def) in &self.model.types {
            if !names.types.contains_key(definition) {
                continue;
            }
            if type_def.shape == Shape::Opaque {
                let full = crate::rustdoc::full_path(&self.model.name, &type_def.place);
                self.skip(&full, "a union is unsafe to read".into());
                continue;
            }
            let (mut class, skipped) = Class::new(self.model, definition, type_def, names);
            class.place = self.named(type_def.place.clone(), &class.item);
            class.rename(self.selection);
            self.skipped.extend(skipped);
            all.push(class);
        }
        all
    }
}

fn free_call(
    model: &Model,
    function: &Function,
    full: &str,
    python: &str,
    names: &Names,
) -> Result<Call, String> {
    let symbol = format!("{}_{python}", names.krate);
    let place = Place::new(&function.module, &names::called(model, function));
    let path = crate::rustdoc::full_path(&model.name, &place);
    call(full, &symbol, function, names, &|values: &[String]| {
        format!("::{path}({})", values.join(", "))
    })
}

/// The calls that read and write a constant or static.
fn value_calls(
    constant: &Constant,
    rust: &str,
    python: &str,
    names: &Names,
) -> Result<(Call, Option<Call>), String> {
    let Access { read, write } = access(&constant.type_, rust)?;
    let symbol = format!("{}_{python}", names.krate);
    let item = rust.trim_start_matches("::");
    let get = call::getter(item, &symbol, &read.1, &read.0, &constant.docs, names)?;
    let set = write
        .filter(|_| constant.is_static)
        .and_then(|(write, type_)| {
            call::setter(item, &format!("{symbol}__set"), &type_, &write, names).ok()
        });
    Ok((get, set))
}

/// The expression that reads a value and what it gives; the one that writes `new`.
struct Access {
    read: (String, Type),
    write: Option<(String, Type)>,
}

fn access(type_: &Type, rust: &str) -> Result<Access, String> {
    const HEALED: &str = "unwrap_or_else(std::sync::PoisonError::into_inner)";
    const ORDER: &str = "std::sync::atomic::Ordering::SeqCst";
    let missing = "a lock without a value";
    let (read, read_type, write) = match type_ {
        Type::Atomic(inner) => {
            let write = format!("{rust}.store(new, {ORDER})");
            (
                format!("{rust}.load({ORDER})"),
                &**inner,
                Some((write, (**inner).clone())),
            )
        }
        Type::Std(kind @ (Std::Mutex | Std::RwLock), items) => {
            let inner = items.first().ok_or(missing)?;
            let (read, write) = if *kind == Std::Mutex {
                ("lock", "lock")
            } else {
                ("read", "write")
            };
            let write = format!("*{rust}.{write}().{HEALED} = new");
            (
                format!("(*{rust}.{read}().{HEALED}).clone()"),
                inner,
                Some((write, inner.clone())),
            )
        }
        Type::Std(Std::LazyLock, items) => {
            let inner = items.first().ok_or(missing)?;
            let found = access(inner, rust)?;
            if found.write.is_some() {
                return Ok(found);
            }
            (format!("(*{rust}).clone()"), inner, None)
        }
        Type::Std(Std::OnceLock, items) => {
            let inner = items.first().ok_or(missing)?;
            let write =
                format!("{rust}.set(new).map_err(|_| rt::Fault::value(\"it is set already\"))?");
            return Ok(Access {
                read: (
                    format!("{rust}.get().cloned()"),
                    Type::Std(Std::Option, items.clone()),
                ),
                write: Some((write, inner.clone())),
            });
        }
        Type::Named { .. } => (format!("{rust}.clone()"), type_, None),
        other => (rust.to_owned(), other, None),
    };
    Ok(Access {
        read: (read, read_type.clone()),
        write,
    })
}
