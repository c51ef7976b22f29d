//! Structs and enums as classes.

use std::collections::BTreeSet;

use super::call::{Call, Child, Part, call, close, getter, part, simple, variant_of};
use super::names::{Known, Names, called, escaped, expression_path, has};
use super::selection::Selection;
use crate::model::{
    Field, Fields, Function, Implemented, Model, Parameter, Place, Shape, Skipped, Std, Type,
    TypeDef, Variant,
};

/// What a member is in Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `__init__`.
    Init,
    /// A method.
    Method,
    /// A static method.
    Static,
    /// A property.
    Get,
    /// A property's setter.
    Set,
    /// A comparison: `NotImplemented` for objects of other types.
    Compare,
    /// `__next__`.
    Next,
    /// A class attribute.
    Constant,
    /// Looks for a key: `KeyError` where it is not there.
    Key,
}

/// A member of a class.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name in Python.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// What it does.
    pub call: Call,
}

/// A variant that is a class of its own.
#[derive(Debug, Clone)]
pub struct VariantClass {
    /// Its name in Rust.
    pub rust: String,
    /// Its name in Python.
    pub name: String,
    /// Its documentation.
    pub docs: String,
    /// Its constructor, properties and setters.
    pub members: Vec<Member>,
    /// The names of its fields in Python.
    pub fields: Vec<String>,
}

/// A class.
#[derive(Debug, Clone)]
pub struct Class {
    /// Where users find it.
    pub place: Place,
    /// The item's path.
    pub item: String,
    /// Its names.
    pub known: Known,
    /// Its documentation.
    pub docs: String,
    /// The field that it is a list by, if it is one, and the annotation of an item.
    pub list: Option<(String, String)>,
    /// A field-less enum's names and numbers.
    pub plain: Vec<Variant>,
    /// Whether it is an exception.
    pub error: bool,
    /// Whether it has equality without a hash.
    pub unhashable: bool,
    /// An enum's variants.
    pub variants: Vec<VariantClass>,
    /// Tells which variant a value is.
    pub variant_of: Option<Call>,
    /// Drops the value.
    pub close: Option<Call>,
    /// Everything else.
    pub members: Vec<Member>,
}

impl Class {
    /// Every call.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        let variants = self.variants.iter().flat_map(|each| &each.members);
        let members = self
            .members
            .iter()
            .chain(variants)
            .map(|member| &member.call);
        members.chain(&self.variant_of).chain(&self.close)
    }

    /// How many of the crate's items the members stand for.
    #[must_use]
    pub fn items(&self) -> usize {
        let items: BTreeSet<&str> = self
            .members
            .iter()
            .map(|member| member.call.item.as_str())
            .collect();
        items.len() + self.variants.len()
    }

    /// Keeps the members for which the test holds.
    pub fn retain(&mut self, keep: &mut impl FnMut(&Call) -> bool) {
        self.members.retain(|member| keep(&member.call));
        for variant in &mut self.variants {
            variant.members.retain(|member| keep(&member.call));
        }
    }

    /// Gives the members the names that users want.
    pub fn rename(&mut self, selection: &Selection) {
        let others = self
            .members
            .iter_mut()
            .filter(|member| member.role != Role::Init);
        for member in others {
            if let Some(name) = selection.name_of(&member.call.item) {
                name.clone_into(&mut member.name);
            }
        }
    }

    /// Plans a class, with what it leaves out.
    #[must_use]
    pub fn new(
        model: &Model,
        definition: &str,
        type_def: &TypeDef,
        names: &Names,
    ) -> (Self, Vec<Skipped>) {
        let item = crate::rustdoc::full_path(&model.name, &type_def.place);
        let Some(known) = names.types.get(definition).cloned() else {
            unreachable!("every type of the model is named")
        };
        let this = Type::Named {
            definition: definition.to_owned(),
            lifetimes: vec!["'_".into(); type_def.lifetimes],
        };
        let builder = Builder {
            model,
            names,
            this,
            type_def,
            known,
            item,
            members: Vec::new(),
            skipped: Vec::new(),
        };
        builder.build()
    }
}

struct Builder<'a> {
    model: &'a Model,
    names: &'a Names,
    this: Type,
    type_def: &'a TypeDef,
    known: Known,
    item: String,
    members: Vec<Member>,
    skipped: Vec<Skipped>,
}

impl Builder<'_> {
    fn build(mut self) -> (Class, Vec<Skipped>) {
        self.functions();
        self.constants();
        let mut variants = Vec::new();
        if !self.known.plain {
            match &self.type_def.shape {
                Shape::Struct(fields) => self.structure(fields),
                Shape::Enum(all) => variants = all.iter().map(|each| self.variant(each)).collect(),
                Shape::Opaque => {}
            }
            self.default();
        }
        self.protocols();
        let symbol = self.symbol("");
        let rust = self.known.rust.clone();
        let plain = match &self.type_def.shape {
            Shape::Enum(all) if self.known.plain => all.clone(),
            _ => Vec::new(),
        };
        let class = Class {
            place: self.type_def.place.clone(),
            docs: self.type_def.docs.clone(),
            list: self.list(),
            plain,
            error: self.known.error,
            unhashable: has(self.type_def, "PartialEq") && !has(self.type_def, "Hash"),
            variant_of: (!variants.is_empty()).then(|| {
                let arms =
                    variants
                        .iter()
                        .enumerate()
                        .map(|(index, variant): (_, &VariantClass)| {
                            format!(
                                "{}::{} {{ .. }} => {index}, ",
                                expression_path(&rust),
                                variant.rust
                            )
                        });
                let arms: String = arms
                    .chain(["#[allow(unreachable_patterns)] _ => -1".into()])
                    .collect();
                variant_of(&self.item, &format!("{symbol}_variant"), &rust, &arms)
            }),
            close: (!self.known.plain)
                .then(|| close(&self.item, &format!("{symbol}_close"), &rust)),
            variants,
            members: self.members,
            item: self.item,
            known: self.known,
        };
        (class, self.skipped)
    }

    /// The only field of a type that is another name for a list.
    fn list(&self) -> Option<(String, String)> {
        let Shape::Struct(Fields {
            public,
            all_public: true,
            tuple: true,
        }) = &self.type_def.shape
        else {
            return None;
        };
        let [field] = &public[..] else { return None };
        let name = attribute(&field.name);
        let gives = self.names.in_place(&field.type_)?.gives;
        let item = gives.strip_prefix("_rt.List[")?.strip_suffix(']')?;
        self.taken(&name).then(|| (name, item.to_owned()))
    }

    /// The exported name of a member.
    fn symbol(&self, member: &str) -> String {
        format!("{}_{}__{member}", self.names.krate, self.known.python)
    }

    fn skip(&mut self, member: &str, reason: String) {
        let item = format!("{}::{member}", self.item);
        self.skipped.push(Skipped { item, reason });
    }

    /// A field's name in Python: with an underscore, where a method has the same name.
    fn field_name(&self, field: &Field) -> String {
        let name = attribute(&field.name);
        if self.taken(&name) { name + "_" } else { name }
    }

    fn taken(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    fn add(&mut self, name: &str, role: Role, planned: Result<Call, String>) {
        match planned {
            Ok(call) => self.members.push(Member {
                name: name.to_owned(),
                role,
                call,
            }),
            Err(reason) => {
                let member = name.to_owned();
                self.skip(&member, reason);
            }
        }
    }

    /// A call of what has no name of its own in the crate.
    fn synthetic(
        &self,
        member: &str,
        function: &Function,
        expression: &dyn Fn(&[String]) -> String,
    ) -> Result<Call, String> {
        let item = format!("{}::{member}", self.item);
        call(
            &item,
            &self.symbol(member),
            function,
            self.names,
            expression,
        )
    }

    fn receiver(&self, mutable: bool) -> Parameter {
        Parameter {
            name: "self".into(),
            type_: Type::Reference {
                mutable,
                lifetime: None,
                to: Box::new(self.this.clone()),
            },
        }
    }

    fn functions(&mut self) {
        let functions = self.type_def.functions.clone();
        for function in &functions {
            let path = self.path_of(function);
            let name = &function.name;
            let symbol = self.symbol(name);
            let item = format!("{}::{name}", self.item);
            let planned = call(
                &item,
                &symbol,
                function,
                self.names,
                &|values: &[String]| format!("{path}({})", values.join(", ")),
            );
            let planned = planned.and_then(|call| self.fit(function, call));
            let role = match function.method {
                true => Role::Method,
                false if name == "new" && self.makes_this(function) && !self.known.plain => {
                    Role::Init
                }
                false => Role::Static,
            };
            let python = match (role, function.of_trait.as_deref()) {
                (Role::Init, _) => "__init__".to_owned(),
                _ => escaped(name),
            };
            match planned {
                Ok(call) => self.add(&python, role, Ok(call)),
                Err(reason) => self.skip(name, reason),
            }
        }
    }

    /// A method of a field-less enum gets a copy, so it must not change it.
    fn fit(&self, function: &Function, call: Call) -> Result<Call, String> {
        let first = function.parameters.first().filter(|_| function.method);
        match first.map(|first| &first.type_) {
            Some(Type::Reference { mutable: true, .. }) if self.known.plain => {
                Err("a Python enum cannot be changed in place".into())
            }
            _ => Ok(call),
        }
    }

    fn path_of(&self, function: &Function) -> String {
        let rust = &self.known.rust;
        let of_trait = function
            .of_trait
            .as_ref()
            .and_then(|name| self.model.traits.get(name));
        match of_trait {
            Some(found) => {
                let path = crate::rustdoc::full_path(&self.model.name, &found.place);
                format!("<{rust} as ::{path}>::{}", called(self.model, function))
            }
            None => format!("<{rust}>::{}", called(self.model, function)),
        }
    }

    fn makes_this(&self, function: &Function) -> bool {
        let is_this = |type_: &Type| matches!((type_, &self.this), (Type::Named { definition: a, .. }, Type::Named { definition: b, .. }) if a == b);
        match &function.output {
            Type::Std(crate::model::Std::Result, items) => items.first().is_some_and(is_this),
            other => is_this(other),
        }
    }

    fn constants(&mut self) {
        let constants = self.type_def.constants.clone();
        for constant in &constants {
            let item = format!("{}::{}", self.item, constant.name);
            let rust = format!("<{}>::{}", self.known.rust, constant.name);
            let symbol = self.symbol(&constant.name);
            let planned = getter(
                &item,
                &symbol,
                &constant.type_,
                &rust,
                &constant.docs,
                self.names,
            );
            self.add(&escaped(&constant.name), Role::Constant, planned);
        }
    }

    fn structure(&mut self, fields: &Fields) {
        for field in &fields.public {
            self.field(field);
        }
        let complete = fields.all_public && !self.type_def.non_exhaustive;
        if complete && !self.taken("__init__") {
            let rust = expression_path(&self.known.rust).to_owned();
            let planned = self.constructor("new", &rust, fields, &self.type_def.docs);
            match planned {
                Ok(call) => self.add("__init__", Role::Init, Ok(call)),
                Err(reason) => self.skip("{}", reason),
            }
        }
    }

    fn constructor(
        &self,
        member: &str,
        path: &str,
        fields: &Fields,
        docs: &str,
    ) -> Result<Call, String> {
        let parameters = fields.public.iter().map(|field| Parameter {
            name: attribute(&field.name),
            type_: field.type_.clone(),
        });
        let function = simple(docs, parameters.collect(), self.this.clone());
        let inferred = self.known.rust.replace("'static", "'_");
        self.synthetic(
            &format!("{member}__with_fields"),
            &function,
            &|values: &[String]| {
                let set = fields
                    .public
                    .iter()
                    .zip(values)
                    .map(|(field, value)| format!("{}: {value}", field.name));
                let set = set.collect::<Vec<_>>().join(", ");
                format!("{{ let made: {inferred} = {path} {{ {set} }}; made }}")
            },
        )
    }

    fn field(&mut self, field: &Field) {
        let name = self.field_name(field);
        let member = format!("{}__get", field.name);
        let symbol = self.symbol(&member);
        let item = format!("{}::{}", self.item, field.name);
        let place = &field.name;
        let planned = match self.child(&name, &field.type_) {
            Some(child) => {
                let pattern = Part::Field(field.name.clone());
                Ok(part(
                    &item,
                    &symbol,
                    &field.docs,
                    &self.known.rust,
                    &child,
                    &pattern,
                ))
            }
            None => {
                let (output, read) = lent(&field.type_);
                let function = simple(&field.docs, vec![self.receiver(false)], output);
                call(
                    &item,
                    &symbol,
                    &function,
                    self.names,
                    &|values: &[String]| format!("{read}({}).{place}", values.join(", ")),
                )
            }
        };
        match planned {
            Ok(call) => self.add(&name, Role::Get, Ok(call)),
            Err(reason) => return self.skip(&field.name, reason),
        }
        let new = Parameter {
            name: "new".into(),
            type_: field.type_.clone(),
        };
        let function = simple("", vec![self.receiver(true), new], Type::Unit);
        let symbol = self.symbol(&format!("{}__set", field.name));
        let planned = call(
            &item,
            &symbol,
            &function,
            self.names,
            &|values: &[String]| format!("{{ ({}).{place} = {}; }}", values[0], values[1]),
        );
        // A field that can be read but not written is a property without a setter.
        if let Ok(mut call) = planned {
            if self.names.in_place(&field.type_).is_some() {
                // `object.field += items` has changed the list already.
                let known = format!("if _rt.is_part(new, self, {name:?}): return");
                call.first.push(known);
            }
            self.add(&name, Role::Set, Ok(call));
        }
    }

    /// The type of a field that is changed in place.
    fn child(&self, name: &str, type_: &Type) -> Option<Child> {
        if let Some(list) = self.names.in_place(type_) {
            let make = self.names.constant(&list.make);
            return Some(Child {
                rust: list.rust,
                wrap: format!("{make}.part(_r, self, {name:?})"),
                gives: list.gives,
            });
        }
        let Type::Named { definition, .. } = type_ else {
            return None;
        };
        let known = self.names.types.get(definition)?;
        (!known.plain && !known.borrows).then(|| Child {
            rust: known.rust.clone(),
            wrap: format!("_rt.wrap({}, _r)", known.python),
            gives: known.python.clone(),
        })
    }

    fn variant(&mut self, variant: &Variant) -> VariantClass {
        let path = format!("{}::{}", expression_path(&self.known.rust), variant.name);
        let mut members = Vec::new();
        let name = &variant.name;
        match self.constructor(name, &path, &variant.fields, &variant.docs) {
            Ok(call) if variant.fields.all_public => members.push(Member {
                name: "__init__".into(),
                role: Role::Init,
                call,
            }),
            Ok(_) => {}
            Err(reason) => self.skip(name, reason),
        }
        let mut fields = Vec::new();
        for field in &variant.fields.public {
            let python = self.field_name(field);
            match self.variant_field(&path, name, field) {
                Ok(call) => members.push(Member {
                    name: python.clone(),
                    role: Role::Get,
                    call,
                }),
                Err(reason) => {
                    self.skip(&format!("{name}::{}", field.name), reason);
                    continue;
                }
            }
            fields.push(python);
        }
        VariantClass {
            rust: name.clone(),
            name: escaped(name),
            docs: variant.docs.clone(),
            members,
            fields,
        }
    }

    fn variant_field(&self, path: &str, variant: &str, field: &Field) -> Result<Call, String> {
        let pattern = format!("{path} {{ {}: found__, .. }}", field.name);
        let symbol = self.symbol(&format!("{variant}_get_{}", field.name));
        let item = format!("{}::{variant}::{}", self.item, field.name);
        if let Some(child) = self.child(&attribute(&field.name), &field.type_) {
            let part_of = Part::Variant {
                pattern,
                field: "found__".into(),
            };
            let parent = &self.known.rust;
            return Ok(part(&item, &symbol, &field.docs, parent, &child, &part_of));
        }
        let (output, read) = lent(&field.type_);
        let found = if read.is_empty() {
            "*found__"
        } else {
            "found__"
        };
        let function = simple(&field.docs, vec![self.receiver(false)], output);
        call(
            &item,
            &symbol,
            &function,
            self.names,
            &|values: &[String]| {
                format!(
                    "match {} {{ {pattern} => {found}, #[allow(unreachable_patterns)] _ => \
                 return Err(rt::Fault::value(\"it is another variant by now\")) }}",
                    values.join(", ")
                )
            },
        )
    }

    fn default(&mut self) {
        if !has(self.type_def, "Default") || self.taken("default") {
            return;
        }
        let function = simple("The default value.", Vec::new(), self.this.clone());
        let rust = self.known.rust.clone();
        let planned = self.synthetic("default", &function, &|_| {
            format!("<{rust} as Default>::default()")
        });
        let is_enum = matches!(self.type_def.shape, Shape::Enum(_));
        if self.taken("__init__") || is_enum {
            self.add("default", Role::Static, planned);
        } else {
            self.add("__init__", Role::Init, planned);
        }
    }

    fn protocols(&mut self) {
        let traits = self.type_def.traits.clone();
        for implemented in &traits {
            if implemented.for_reference {
                if implemented.name == "IntoIterator" {
                    self.iterable(implemented);
                }
                continue;
            }
            match implemented.name.as_str() {
                "Display" if !self.taken("__str__") => self.text("__str__", "{}"),
                "Debug" if !self.known.plain => self.text("__repr__", "{:?}"),
                "PartialEq" if !self.known.plain && self.with_itself(implemented) => {
                    self.compare("__eq__", "==");
                }
                "PartialOrd" if !self.known.plain && self.with_itself(implemented) => {
                    let all = [
                        ("__lt__", "<"),
                        ("__le__", "<="),
                        ("__gt__", ">"),
                        ("__ge__", ">="),
                    ];
                    all.into_iter()
                        .for_each(|(name, operator)| self.compare(name, operator));
                }
                "Hash" if !self.known.plain => self.hash(),
                "Clone" if !self.known.plain => self.copy(),
                "FromStr" if !self.taken("from_str") => self.add_from_str(implemented),
                "From" => self.add_from(implemented),
                "Iterator" if !self.known.plain => self.iterator(implemented),
                "FromIterator" if !self.known.plain => self.add_from_iter(implemented),
                "Extend" if !self.known.plain => self.extend(implemented),
                "Index" if !self.taken("__getitem__") => self.index(implemented),
                "IndexMut" if !self.taken("__setitem__") => self.index_mut(implemented),
                name => self.operator(name, implemented),
            }
        }
        self.length();
    }

    fn with_itself(&self, implemented: &Implemented) -> bool {
        match (implemented.arguments.first(), &self.this) {
            (None, _) => true,
            (Some(Type::Named { definition: a, .. }), Type::Named { definition: b, .. }) => a == b,
            _ => false,
        }
    }

    fn text(&mut self, name: &str, format: &str) {
        let function = simple("", vec![self.receiver(false)], Type::String);
        let planned = self.synthetic(name, &function, &|values: &[String]| {
            format!("format!(\"{format}\", {})", values.join(", "))
        });
        self.add(name, Role::Method, planned);
    }

    fn compare(&mut self, name: &str, operator: &str) {
        if self.taken(name) {
            return;
        }
        let other = Parameter {
            name: "other".into(),
            type_: self.this.clone().referenced(),
        };
        let function = simple("", vec![self.receiver(false), other], Type::Bool);
        let planned = self.synthetic(name, &function, &|values: &[String]| {
            format!("*{} {operator} *{}", values[0], values[1])
        });
        self.add(name, Role::Compare, planned);
    }

    fn hash(&mut self) {
        let function = simple("", vec![self.receiver(false)], Type::Integer("i64".into()));
        let planned = self.synthetic("__hash__", &function, &|values: &[String]| {
            format!("rt::hash({})", values.join(", "))
        });
        self.add("__hash__", Role::Method, planned);
    }

    fn copy(&mut self) {
        let function = simple(
            "A copy of the value.",
            vec![self.receiver(false)],
            self.this.clone(),
        );
        let mut name = "copy";
        if self.taken(name) {
            name = "__copy__";
        }
        let planned = self.synthetic("__copy__", &function, &|values: &[String]| {
            format!("Clone::clone({})", values.join(", "))
        });
        self.add(name, Role::Method, planned);
    }

    fn add_from_str(&mut self, implemented: &Implemented) {
        let text = Parameter {
            name: "text".into(),
            type_: Type::Str.referenced(),
        };
        let error = implemented
            .outputs
            .get("Err")
            .cloned()
            .unwrap_or(Type::Unit);
        let output = Type::Std(crate::model::Std::Result, vec![self.this.clone(), error]);
        let function = simple("Reads the value from a text.", vec![text], output);
        let rust = self.known.rust.clone();
        let planned = self.synthetic("from_str", &function, &|values: &[String]| {
            format!(
                "<{rust} as std::str::FromStr>::from_str({})",
                values.join(", ")
            )
        });
        self.add("from_str", Role::Static, planned);
    }

    fn add_from(&mut self, implemented: &Implemented) {
        let Some(source) = implemented.arguments.first() else {
            return;
        };
        let Some(word) = word(source) else { return };
        let name = format!("from_{word}");
        if self.taken(&name) || *source == self.this {
            return;
        }
        let value = Parameter {
            name: "value".into(),
            type_: source.clone(),
        };
        let function = simple("Converts a value.", vec![value], self.this.clone());
        let rust = self.known.rust.clone();
        let planned = self.synthetic(&name, &function, &|values: &[String]| {
            format!("<{rust} as From<_>>::from({})", values.join(", "))
        });
        self.add(&name, Role::Static, planned);
    }

    fn items(implemented: &Implemented) -> Option<Parameter> {
        let item = implemented.arguments.first()?.clone();
        Some(Parameter {
            name: "items".into(),
            type_: Type::Iterator(Box::new(elided(item))),
        })
    }

    fn add_from_iter(&mut self, implemented: &Implemented) {
        let Some(items) = Self::items(implemented).filter(|_| !self.taken("from_iter")) else {
            return;
        };
        let function = simple("Makes the value of items.", vec![items], self.this.clone());
        let rust = self.known.rust.clone();
        let planned = self.synthetic("from_iter", &function, &|values: &[String]| {
            format!(
                "<{rust} as FromIterator<_>>::from_iter({})",
                values.join(", ")
            )
        });
        self.add("from_iter", Role::Static, planned);
    }

    fn extend(&mut self, implemented: &Implemented) {
        let Some(items) = Self::items(implemented).filter(|_| !self.taken("extend")) else {
            return;
        };
        let function = simple("Adds items.", vec![self.receiver(true), items], Type::Unit);
        let planned = self.synthetic("extend", &function, &|values: &[String]| {
            format!("Extend::extend({})", values.join(", "))
        });
        self.add("extend", Role::Method, planned);
    }

    fn iterator(&mut self, implemented: &Implemented) {
        let Some(item) = implemented.outputs.get("Item") else {
            return;
        };
        let item = own_lifetime(item.clone());
        let output = Type::Std(crate::model::Std::Option, vec![Type::Tuple(vec![item])]);
        let function = simple("", vec![self.receiver(true)], output);
        let planned = self.synthetic("__next__", &function, &|values: &[String]| {
            format!("Iterator::next({}).map(|item| (item,))", values.join(", "))
        });
        self.add("__next__", Role::Next, planned);
    }

    fn iterable(&mut self, implemented: &Implemented) {
        let Some(item) = implemented.outputs.get("Item") else {
            return;
        };
        let item = elided(item.clone());
        let function = simple(
            "",
            vec![self.receiver(false)],
            Type::Iterator(Box::new(item)),
        );
        let planned = self.synthetic("__iter__", &function, &|values: &[String]| {
            format!("IntoIterator::into_iter({})", values.join(", "))
        });
        self.add("__iter__", Role::Method, planned);
    }

    /// What an index finds is lent.
    fn index(&mut self, implemented: &Implemented) {
        let (Some(index), Some(output)) = (
            implemented.arguments.first(),
            implemented.outputs.get("Output"),
        ) else {
            return;
        };
        let key = self.key(index);
        let parameters = vec![self.receiver(false), key.parameter("index")];
        let function = simple("", parameters, output.clone().referenced());
        let planned = self.synthetic("__getitem__", &function, &|values: &[String]| {
            format!("{{ {} &(*{})[index__] }}", key.find(values), values[0])
        });
        let planned = planned.map(|mut call| {
            call.first.extend(key.slices());
            call
        });
        self.add("__getitem__", key.role(), planned);
    }

    /// An item is changed by putting another one in its place.
    fn index_mut(&mut self, implemented: &Implemented) {
        let index = implemented.arguments.first();
        let same = |other: &Implemented| {
            let indices = index.zip(other.arguments.first());
            indices.is_some_and(|(one, other)| elided(one.clone()) == elided(other.clone()))
        };
        let mut traits = self.type_def.traits.iter();
        let read = traits.find(|each| each.name == "Index" && !each.for_reference && same(each));
        let output = read.and_then(|read| read.outputs.get("Output"));
        let (Some(index), Some(output)) = (index, output) else {
            return;
        };
        let key = self.key(index);
        let value = Parameter {
            name: "value".into(),
            type_: output.clone(),
        };
        let parameters = vec![self.receiver(true), key.parameter("index"), value];
        let function = simple("", parameters, Type::Unit);
        let planned = self.synthetic("__setitem__", &function, &|values: &[String]| {
            let find = key.find(values);
            format!("{{ {find} (*{})[index__] = {}; }}", values[0], values[2])
        });
        self.add("__setitem__", key.role(), planned);
    }

    /// What the type can tell of an index before it is used: where it cannot tell
    /// anything, and Rust panics, so does Python.
    fn key(&self, index: &Type) -> Key {
        let asks = |name: &str, fits: &dyn Fn(&Type) -> bool| {
            self.type_def.functions.iter().find_map(|function| {
                let [this, key] = &function.parameters[..] else {
                    return None;
                };
                let reads = matches!(this.type_, Type::Reference { mutable: false, .. });
                let same = elided(key.type_.clone()) == elided(index.clone());
                let fits = function.name == name && reads && same && fits(&function.output);
                fits.then(|| self.path_of(function))
            })
        };
        let finds = asks("get", &|output| {
            matches!(output, Type::Std(crate::model::Std::Option, _))
        });
        let finds = finds.map(|path| (path, "is_some()"));
        let contains = asks("contains_key", &|output| *output == Type::Bool);
        Key {
            index: index.clone(),
            length: self.length_of().map(|function| self.path_of(function)),
            finds: finds.or(contains.map(|path| (path, "eq(&true)"))),
        }
    }

    fn operator(&mut self, name: &str, implemented: &Implemented) {
        let (python, function) = match name {
            "Add" => ("__add__", "std::ops::Add::add"),
            "Sub" => ("__sub__", "std::ops::Sub::sub"),
            "Mul" => ("__mul__", "std::ops::Mul::mul"),
            "Div" => ("__truediv__", "std::ops::Div::div"),
            "Rem" => ("__mod__", "std::ops::Rem::rem"),
            "BitAnd" => ("__and__", "std::ops::BitAnd::bitand"),
            "BitOr" => ("__or__", "std::ops::BitOr::bitor"),
            "BitXor" => ("__xor__", "std::ops::BitXor::bitxor"),
            "Shl" => ("__lshift__", "std::ops::Shl::shl"),
            "Shr" => ("__rshift__", "std::ops::Shr::shr"),
            "Neg" => ("__neg__", "std::ops::Neg::neg"),
            "Not" => ("__invert__", "std::ops::Not::not"),
            _ => return,
        };
        // Operators do not use up their operands in Python.
        if !self.known.clone || self.taken(python) || self.known.plain {
            return;
        }
        let Some(output) = implemented.outputs.get("Output").cloned() else {
            return;
        };
        let mut parameters = vec![self.receiver(false)];
        let unary = matches!(name, "Neg" | "Not");
        let other = implemented
            .arguments
            .first()
            .cloned()
            .unwrap_or_else(|| self.this.clone());
        let own = self.with_itself(implemented);
        if !unary {
            parameters.push(Parameter {
                name: "other".into(),
                type_: if own {
                    self.this.clone().referenced()
                } else {
                    other
                },
            });
        }
        let parameters = simple("", parameters, output);
        let planned = self.synthetic(python, &parameters, &|values: &[String]| {
            let mut operands = vec![format!("Clone::clone({})", values[0])];
            operands.extend(values.get(1).map(|other| {
                if own {
                    format!("Clone::clone({other})")
                } else {
                    other.clone()
                }
            }));
            format!("{function}({})", operands.join(", "))
        });
        let role = if own && !unary {
            Role::Compare
        } else {
            Role::Method
        };
        self.add(python, role, planned);
    }

    /// The method that tells how many items there are.
    fn length_of(&self) -> Option<&Function> {
        self.type_def.functions.iter().find(|function| {
            function.name == "len"
                && function.parameters.len() == 1
                && matches!(&function.output, Type::Integer(name) if name.starts_with('u'))
        })
    }

    fn length(&mut self) {
        let Some(function) = self.length_of().cloned() else {
            return;
        };
        let rust = self.path_of(&function);
        let planned = self.synthetic("__len__", &function, &|values: &[String]| {
            format!("{rust}({})", values.join(", "))
        });
        self.add("__len__", Role::Method, planned);
    }
}

/// How an item is looked for.
struct Key {
    /// What `Index` takes.
    index: Type,
    /// The path of `len`.
    length: Option<String>,
    /// The path of the method that looks without a panic, and what its result says.
    finds: Option<(String, &'static str)>,
}

impl Key {
    /// Integers count from the end where they are negative.
    fn is_position(&self) -> bool {
        let counted = self.length.is_some() || self.finds.is_some();
        counted && matches!(&self.index, Type::Integer(name) if !name.ends_with("128"))
    }

    fn parameter(&self, name: &str) -> Parameter {
        let type_ = if self.is_position() {
            Type::Integer("i64".into())
        } else {
            self.index.clone()
        };
        Parameter {
            name: name.into(),
            type_,
        }
    }

    fn role(&self) -> Role {
        if self.finds.is_some() && !self.is_position() {
            Role::Key
        } else {
            Role::Method
        }
    }

    /// Python: what a slice gives, where there is a length.
    fn slices(&self) -> Option<String> {
        let all = "[self[_i] for _i in _range(*index.indices(_len(self)))]";
        let line = format!("if _isinstance(index, _slice): return {all}");
        (self.is_position() && self.length.is_some()).then_some(line)
    }

    /// Rust: makes `index__`, or fails, of the receiver and the index.
    fn find(&self, values: &[String]) -> String {
        let (this, index) = (&values[0], &values[1]);
        let there = self
            .finds
            .as_ref()
            .map(|(path, says)| format!("{path}(&*{this}, index__).{says}"));
        if !self.is_position() {
            let check = there.map(|there| format!("rt::known({there})?;"));
            return format!("let index__ = {index}; {}", check.unwrap_or_default());
        }
        let Type::Integer(kind) = &self.index else {
            return String::new();
        };
        let length = match &self.length {
            Some(path) => format!("Some({path}(&*{this}) as u64)"),
            None => "None".into(),
        };
        let checked = there.is_some();
        let position =
            format!("let index__: {kind} = rt::position({index}, {length}, {checked})?;");
        match there {
            Some(there) => format!("{position} rt::present({there})?;"),
            None => position,
        }
    }
}

/// What reading a field gives, and how: what is a reference itself is copied, and so
/// lives as long as what it refers to.
fn lent(type_: &Type) -> (Type, &'static str) {
    let shared = |type_: &Type| matches!(type_, Type::Reference { mutable: false, .. });
    match type_ {
        Type::Std(Std::Option, items) if items.iter().all(shared) => (type_.clone(), ""),
        type_ if shared(type_) => (type_.clone(), ""),
        _ => (type_.clone().referenced(), "&"),
    }
}

/// A field's name in Python: those of tuples have numbers.
fn attribute(name: &str) -> String {
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        format!("_{name}")
    } else {
        escaped(name)
    }
}

/// A type's name as part of a function's.
fn word(type_: &Type) -> Option<String> {
    Some(match type_ {
        Type::Integer(name) | Type::Float(name) => name.clone(),
        Type::Bool => "bool".into(),
        Type::Char => "char".into(),
        Type::Str | Type::String => "text".into(),
        Type::Tuple(_) => "tuple".into(),
        Type::Array(..) | Type::Slice(_) => "array".into(),
        Type::Reference {
            to, mutable: false, ..
        } => word(to)?,
        Type::Std(kind, items) => match items.as_slice() {
            [Type::Integer(name)] if name == "u8" => "bytes".into(),
            _ => format!("{kind:?}").to_lowercase(),
        },
        Type::Named { definition, .. } => snake(definition.rsplit("::").next().unwrap_or_default()),
        _ => return None,
    })
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// The type with every lifetime tied to the receiver.
fn elided(type_: Type) -> Type {
    relabelled(type_, None)
}

/// The type with every lifetime that of what the receiver itself borrows.
fn own_lifetime(type_: Type) -> Type {
    relabelled(type_, Some("'the type's own"))
}

fn relabelled(type_: Type, label: Option<&str>) -> Type {
    match type_ {
        Type::Reference { mutable, to, .. } => Type::Reference {
            mutable,
            lifetime: label.map(str::to_owned),
            to: Box::new(relabelled(*to, label)),
        },
        Type::Tuple(items) => Type::Tuple(
            items
                .into_iter()
                .map(|item| relabelled(item, label))
                .collect(),
        ),
        Type::Std(kind, items) => Type::Std(
            kind,
            items
                .into_iter()
                .map(|item| relabelled(item, label))
                .collect(),
        ),
        Type::Named {
            definition,
            lifetimes,
        } => Type::Named {
            definition,
            lifetimes: lifetimes
                .iter()
                .map(|_| label.unwrap_or("'_").to_owned())
                .collect(),
        },
        other => other,
    }
}
