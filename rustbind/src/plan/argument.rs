//! How each type of parameter crosses: all that both sides do for one argument.

use super::codec::{self, Codec, codec, number_code, rust};
use super::names::Names;
use crate::model::{Std, Type};

/// A number in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Its name in the shim.
    pub name: String,
    /// Its Rust type.
    pub rust: String,
    /// Its code.
    pub code: char,
    /// The Python expression for it.
    pub python: String,
}

/// What a pointer in a call points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointerKind {
    /// A handle.
    Handle,
    /// Bytes to read.
    Input,
    /// Numbers to read: here, or, where it is null, at an address beside the numbers.
    Numbers,
    /// Bytes to write.
    Output,
    /// Room for the result.
    Room,
}

/// A pointer in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// Its name in the shim.
    pub name: String,
    /// What it points to.
    pub kind: PointerKind,
    /// The Python expression for it.
    pub python: String,
}

/// A handle that a call borrows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Borrowed {
    /// Whether it is borrowed exclusively.
    pub exclusive: bool,
    /// The lifetime of the reference or type, where it is named.
    pub lifetimes: Vec<String>,
}

/// One argument, on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The parameter's name in Python.
    pub name: String,
    /// Its codec: for its annotation and for finding what is wrong with a value.
    pub codec: Codec,
    /// What is passed by value.
    pub numbers: Vec<Number>,
    /// What is passed by address.
    pub pointers: Vec<Pointer>,
    /// Python: conversions before the call.
    pub before: Vec<String>,
    /// Python: what is done after the call.
    pub after: Vec<String>,
    /// Rust: statements that check and convert.
    pub prepare: Vec<String>,
    /// Rust: statements that cannot be undone, run when all arguments are right.
    pub commit: Vec<String>,
    /// Rust: the expression that the function gets.
    pub value: String,
    /// Rust: statements after the call.
    pub conclude: Vec<String>,
    /// The handle that it borrows.
    pub borrowed: Option<Borrowed>,
    /// Whether it is one, or none, in an option.
    pub optional: bool,
    /// Rust: the variable that Python's own list, dict or set is rewritten from.
    pub rewritten: bool,
    /// Rust: the memory it gives, for the check that what changes is not shared.
    pub memory: Option<String>,
}

impl Argument {
    fn new(name: &str, codec: Codec) -> Self {
        Self {
            name: name.to_owned(),
            codec,
            numbers: Vec::new(),
            pointers: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            prepare: Vec::new(),
            commit: Vec::new(),
            value: name.to_owned(),
            conclude: Vec::new(),
            borrowed: None,
            optional: false,
            rewritten: false,
            memory: None,
        }
    }

    fn number(mut self, name: &str, rust: &str, code: char, python: String) -> Self {
        self.numbers.push(Number {
            name: name.to_owned(),
            rust: rust.to_owned(),
            code,
            python,
        });
        self
    }

    fn pointer(mut self, kind: PointerKind, python: String) -> Self {
        self.pointers.push(Pointer {
            name: self.name.clone(),
            kind,
            python,
        });
        self
    }

    fn before(mut self, line: String) -> Self {
        self.before.push(line);
        self
    }

    fn prepare(mut self, line: String) -> Self {
        self.prepare.push(line);
        self
    }

    fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// Bytes in the Python variable `name__`, counted by `count`.
    fn memory(self, kind: PointerKind, count: String) -> Self {
        let length = format!("{}__len", self.name);
        let data = format!("{}__", self.name);
        self.number(&length, "usize", 'Q', count)
            .pointer(kind, data)
    }
}

/// A text or bytes that the result borrows from: a copy that lives as long.
pub fn held(argument: &mut Argument, type_: &Type) -> bool {
    let name = &argument.name;
    let Type::Reference {
        to, mutable: false, ..
    } = type_
    else {
        return false;
    };
    let kind = match &**to {
        Type::Str => "HeldText",
        Type::Slice(item) if **item == Type::Integer("u8".into()) => "HeldBytes",
        _ => return false,
    };
    argument.prepare.push(format!(
        "let {name}__held = rt::hold(rt::{kind}({name}.to_owned()))?;"
    ));
    argument.prepare.push(format!(
        "let {name} = &*unsafe {{ {name}__held.extended() }}.0;"
    ));
    true
}

/// How a parameter of this type crosses.
///
/// # Errors
/// Why it does not.
pub fn argument(name: &str, type_: &Type, names: &Names) -> Result<Argument, String> {
    if let Some(reason) = type_.obstacle() {
        return Err(reason.to_owned());
    }
    let mut whole = codec(type_, names)?;
    whole.make = names.constant(&whole.make);
    let argument = Argument::new(name, whole);
    match type_ {
        Type::Unit => Err("a parameter without a value".into()),
        Type::Bool => Ok(argument
            .number(name, "u8", 'B', name.to_owned())
            .value(format!("rt::truth({name})?"))),
        Type::Char => Ok(argument
            .number(name, "u32", 'I', format!("_ord({name})"))
            .value(format!("rt::character({name})?"))),
        Type::Integer(kind) if kind.ends_with("128") => Ok(wide(argument, kind)),
        Type::Integer(kind) | Type::Float(kind) => {
            let code = number_code(type_).ok_or("a number of unknown size")?;
            Ok(argument.number(name, kind, code, name.to_owned()))
        }
        Type::Function { kind, .. } if kind == "fn" => pointer(argument, type_, names),
        Type::Function { .. } => function(argument, type_, "", names),
        Type::Trait { .. } => implementor(argument, type_, names),
        Type::Range(item) => {
            let owned = format!("rt::Span<{}>", rust(item, names)?);
            Ok(on_wire(argument, &owned).value(format!("{name}.bounds()")))
        }
        Type::Stream { .. } => {
            let make = argument.codec.make.clone();
            Ok(argument
                .before(format!("{name}__ = {make}.register({name})"))
                .number(name, "u64", 'Q', format!("{name}__"))
                .prepare(format!(
                    "let {name} = rt::Stream(rt::Callback::new({name}));"
                )))
        }
        Type::Like(inner) => like(argument, inner, names),
        Type::Iterator(item) => iterator(argument, item, names),
        Type::Reference {
            mutable,
            to,
            lifetime,
        } => reference(argument, to, *mutable, lifetime.as_ref(), names),
        Type::String => Ok(text(argument, format!("{name}.to_owned()"))),
        Type::PathBuf => Ok(system(
            argument,
            format!("std::path::PathBuf::from({name})"),
        )),
        Type::OsString => Ok(system(argument, format!("{name}.to_owned()"))),
        Type::Named { .. } => owned(argument, type_, names),
        Type::Array(item, _) => match number_code(item) {
            Some(_) => Ok(numbers(argument, item, format!("rt::array({name})?"))),
            None => wire(argument, type_, names),
        },
        Type::Std(kind, items) => container(argument, *kind, items, type_, names),
        _ => wire(argument, type_, names),
    }
}

fn wide(argument: Argument, kind: &str) -> Argument {
    let name = argument.name.clone();
    let (top, code) = if kind == "i128" {
        ("i64", 'q')
    } else {
        ("u64", 'Q')
    };
    let value = format!("({name}__high as {kind}) << 64 | {name}__low as {kind}");
    argument
        .before(format!(
            "{name}__low, {name}__high = _rt.high(_rt.{}, {name})",
            kind.to_uppercase()
        ))
        .number(&format!("{name}__low"), "u64", 'Q', format!("{name}__low"))
        .number(&format!("{name}__high"), top, code, format!("{name}__high"))
        .value(value)
}

fn text(argument: Argument, value: String) -> Argument {
    let name = argument.name.clone();
    argument
        .before(format!("{name}__ = {name}.encode()"))
        .memory(PointerKind::Input, format!("_len({name}__)"))
        .prepare(format!(
            "let {name} = unsafe {{ /* SAFETY: as above. */ rt::text(&call__, {name}, {name}__len) }}?;"
        ))
        .value(value)
}

fn system(argument: Argument, value: String) -> Argument {
    let name = argument.name.clone();
    argument
        .before(format!("{name}__ = _os.fsencode({name})"))
        .memory(PointerKind::Input, format!("_len({name}__)"))
        .prepare(format!(
            "let {name} = unsafe {{ /* SAFETY: as above. */ rt::os_text(&call__, {name}, {name}__len) }}?;"
        ))
        .value(value)
}

fn numbers(argument: Argument, item: &Type, value: String) -> Argument {
    let name = argument.name.clone();
    let (Type::Integer(kind) | Type::Float(kind)) = item else {
        return argument;
    };
    let before = if kind == "u8" {
        vec![format!(
            "{name}__, {name}__n = ({name}, _len({name})) if _type({name}) is _bytes else _rt.octets_in({name})"
        )]
    } else {
        let code = number_code(item).unwrap_or_default();
        let lent = format!("_type({name}) is _array and {name}.typecode == \"{code}\"");
        vec![
            // Nobody resizes it while there is a view.
            format!(
                "if {lent}: {name}__v, {name}__ = _view({name}), None; {name}__at, {name}__n = {name}.buffer_info()"
            ),
            format!("else: {name}__at = 0; {name}__, {name}__n = _numbers_in(_n_{kind}, {name})"),
        ]
    };
    let from = if kind == "u8" {
        PointerKind::Input
    } else {
        PointerKind::Numbers
    };
    let mut argument = argument
        .memory(from, format!("{name}__n"))
        .prepare(format!(
            "let {name} = unsafe {{ /* SAFETY: as above. */ rt::slice::<{kind}>(&call__, {name}.cast(), {name}__len) }};"
        ))
        .value(value);
    argument.before = before;
    argument.memory = Some(format!(
        "({name}.cast(), {name}__len * size_of::<{kind}>(), false)"
    ));
    argument
}

/// Lets an argument of numbers be a single one, too.
pub fn one_or_more(argument: &mut Argument) {
    for line in &mut argument.before {
        *line = line.replacen("(_n_", "(_m_", 1);
        if let Some((_, codec)) = line.split_once("(_m_") {
            let kind = codec.split(',').next().unwrap_or_default();
            argument.codec.make = format!("_m_{kind}");
        }
    }
}

fn numbers_changed(argument: Argument, kind: &str) -> Argument {
    let name = argument.name.clone();
    let codec = format!("_n_{kind}");
    let mut argument = argument
        .before(format!(
            "{name}__, {name}__n, {name}__list = _rt.numbers_inout({codec}, {name})"
        ))
        .memory(PointerKind::Output, format!("{name}__n"))
        .prepare(format!(
            "let {name} = unsafe {{ /* SAFETY: as above. */ rt::slice_mut::<{kind}>(&call__, {name}.cast(), {name}__len) }};"
        ));
    argument
        .after
        .push(format!("_rt.write_back({codec}, {name}, {name}__list)"));
    argument.memory = Some(format!(
        "({name}.cast_const().cast(), {name}__len * size_of::<{kind}>(), true)"
    ));
    argument.codec.takes = argument.codec.takes.replace("Iterable", "List");
    argument.codec.make = format!("_rt.CHANGED[{kind:?}]");
    argument
}

fn like(argument: Argument, inner: &Type, names: &Names) -> Result<Argument, String> {
    let name = argument.name.clone();
    match inner {
        Type::Str | Type::String => Ok(text(argument, format!("{name}.to_owned()"))),
        Type::Path | Type::OsStr => Ok(system(argument, format!("{name}.to_owned()"))),
        Type::PathBuf => Ok(system(
            argument,
            format!("std::path::PathBuf::from({name})"),
        )),
        Type::Slice(item) if number_code(item).is_some() => {
            Ok(numbers(argument, item, format!("{name}.to_vec()")))
        }
        Type::Std(Std::Vec, items) if items.first().and_then(number_code).is_some() => {
            let item = items.first().ok_or("a list without its items")?;
            Ok(numbers(argument, item, format!("{name}.to_vec()")))
        }
        Type::Reference { .. } | Type::Slice(_) => Err("a conversion to a reference".into()),
        other => crate::plan::argument::argument(&name, other, names),
    }
}

fn iterator(argument: Argument, item: &Type, names: &Names) -> Result<Argument, String> {
    let name = argument.name.clone();
    let (owned, value) = match item {
        Type::Reference {
            to, mutable: false, ..
        } => match &**to {
            Type::Str => (
                "String".to_owned(),
                format!("{name}.iter().map(String::as_str)"),
            ),
            Type::Named { definition, .. } if !names.known(definition)?.plain => {
                let rust = &names.known(definition)?.rust;
                (
                    format!("rt::Guard<{rust}>"),
                    format!("{name}.iter().map(|each| &**each)"),
                )
            }
            other => (rust(other, names)?, format!("{name}.iter()")),
        },
        Type::Like(inner) => match &**inner {
            Type::Str | Type::String => ("String".to_owned(), name.clone()),
            _ => return Err("an iterator over anything that converts to a type".into()),
        },
        other => (rust(other, names)?, name.clone()),
    };
    Ok(on_wire(argument, &format!("Vec<{owned}>")).value(value))
}

/// A value that is written as `owned` and read back as that type.
fn on_wire(argument: Argument, owned: &str) -> Argument {
    let name = argument.name.clone();
    let make = argument.codec.make.clone();
    argument
        .before(format!("{name}__ = _rt.encoded({make}, {name})"))
        .memory(PointerKind::Input, format!("_len({name}__)"))
        .prepare(format!(
            "let {name}: {owned} = unsafe {{ /* SAFETY: as above. */ rt::lifted({name}, {name}__len) }}?;"
        ))
}

fn wire(argument: Argument, type_: &Type, names: &Names) -> Result<Argument, String> {
    if type_.any(&mut |part| matches!(part, Type::Reference { .. })) {
        return Err("references inside of a parameter's type".into());
    }
    let owned = rust(type_, names)?;
    Ok(on_wire(argument, &owned))
}

fn owned(argument: Argument, type_: &Type, names: &Names) -> Result<Argument, String> {
    let Type::Named { definition, .. } = type_ else {
        return Err("not a type of the crate".into());
    };
    let known = names.known(definition)?;
    let (name, kind) = (argument.name.clone(), &known.rust);
    if known.plain {
        return Ok(argument
            .number(&name, "i64", 'q', name.clone())
            .value(format!("<{kind} as rt::Plain>::from_number({name})?")));
    }
    let mut argument = argument.pointer(PointerKind::Handle, format!("{name}._h"));
    if known.copy {
        argument = argument
            .prepare(format!(
                "let {name} = unsafe {{ rt::shared::<{kind}>({name}) }}?;"
            ))
            .value(format!("*{name}"));
    } else {
        argument.commit.push(format!(
            "let {name} = unsafe {{ rt::take::<{kind}>({name}) }}?;"
        ));
    }
    Ok(argument)
}

fn container(
    argument: Argument,
    kind: Std,
    items: &[Type],
    type_: &Type,
    names: &Names,
) -> Result<Argument, String> {
    let name = argument.name.clone();
    let first = items.first().ok_or("a container without its items")?;
    match (kind, first) {
        (Std::Vec, item) if number_code(item).is_some() => {
            Ok(numbers(argument, item, format!("{name}.to_vec()")))
        }
        (Std::Box, Type::Function { .. }) => function(argument, first, "Box::new", names),
        (Std::Receiver, item) => {
            let owned = format!("Vec<{}>", rust(item, names)?);
            Ok(on_wire(argument, &owned).value(format!("rt::receiver({name})")))
        }
        (Std::Sender | Std::SyncSender, _) => {
            let make = argument.codec.make.clone();
            let sender = if kind == Std::Sender {
                "sender"
            } else {
                "sync_sender"
            };
            Ok(argument
                .before(format!("{name}__ = {make}.register({name})"))
                .number(&name, "u64", 'Q', format!("{name}__"))
                .prepare(format!("let {name} = rt::Callback::new({name});"))
                .value(format!("rt::{sender}({name})")))
        }
        (Std::Arc, Type::Function { .. }) => {
            function(argument, first, "std::sync::Arc::new", names)
        }
        (Std::Rc, Type::Function { .. }) => function(argument, first, "std::rc::Rc::new", names),
        (Std::Cow | Std::Box | Std::Rc | Std::Arc, Type::Str) => {
            Ok(text(argument, format!("{name}.to_owned().into()")))
        }
        (Std::Cow | Std::Box | Std::Rc | Std::Arc, Type::Slice(item))
            if number_code(item).is_some() =>
        {
            Ok(numbers(argument, item, format!("{name}.to_vec().into()")))
        }
        (
            Std::Vec,
            Type::Reference {
                to, mutable: false, ..
            },
        ) if **to == Type::Str => {
            let value = format!("{name}.iter().map(String::as_str).collect()");
            Ok(on_wire(argument, "Vec<String>").value(value))
        }
        (
            Std::Option,
            Type::Reference {
                to, mutable: false, ..
            },
        ) => optional(argument, to, names),
        (Std::Box | Std::Rc | Std::Arc, Type::Trait { .. }) => wire(argument, type_, names),
        (Std::Box, Type::Named { .. }) => {
            let inner = owned(argument, first, names)?;
            let value = format!("Box::new({})", inner.value);
            Ok(inner.value(value))
        }
        _ => wire(argument, type_, names),
    }
}

fn optional(argument: Argument, to: &Type, names: &Names) -> Result<Argument, String> {
    let name = argument.name.clone();
    let (owned, value) = match to {
        Type::Str => ("Option<String>".to_owned(), format!("{name}.as_deref()")),
        Type::Path => (
            "Option<std::path::PathBuf>".to_owned(),
            format!("{name}.as_deref()"),
        ),
        Type::Slice(item) => (
            format!("Option<Vec<{}>>", rust(item, names)?),
            format!("{name}.as_deref()"),
        ),
        Type::Trait { dynamic: true, .. } => (
            format!("Option<rt::Lent<{}>>", rust(to, names)?),
            format!("{name}.as_deref()"),
        ),
        Type::Named { definition, .. } if !names.known(definition)?.plain => {
            let owned = format!("Option<rt::Guard<{}>>", names.known(definition)?.rust);
            let mut argument = on_wire(argument, &owned).value(format!("{name}.as_deref()"));
            argument.optional = true;
            return Ok(argument);
        }
        other => (
            format!("Option<{}>", rust(other, names)?),
            format!("{name}.as_ref()"),
        ),
    };
    Ok(on_wire(argument, &owned).value(value))
}

fn reference(
    argument: Argument,
    to: &Type,
    mutable: bool,
    lifetime: Option<&String>,
    names: &Names,
) -> Result<Argument, String> {
    let name = argument.name.clone();
    if mutable {
        return changed(argument, to, lifetime, names);
    }
    match to {
        Type::Str if lifetime.is_some_and(|each| each == "'static") => {
            Ok(text(argument, format!("rt::forever({name}.to_owned())")))
        }
        Type::Str => Ok(text(argument, name)),
        Type::String => Ok(text(argument, format!("&{name}.to_owned()"))),
        Type::Path => Ok(system(argument, format!("std::path::Path::new({name})"))),
        Type::PathBuf => Ok(system(
            argument,
            format!("&std::path::PathBuf::from({name})"),
        )),
        Type::OsStr => Ok(system(argument, name)),
        Type::Slice(item) if number_code(item).is_some() => Ok(numbers(argument, item, name)),
        Type::Array(item, _) if number_code(item).is_some() => {
            Ok(numbers(argument, item, format!("&rt::array({name})?")))
        }
        Type::Slice(item) => slice(argument, item, names),
        Type::Named {
            definition,
            lifetimes,
        } if !names.known(definition)?.plain => {
            let kind = &names.known(definition)?.rust;
            let mut argument = argument
                .pointer(PointerKind::Handle, format!("{name}._h"))
                .prepare(format!(
                    "let {name} = unsafe {{ rt::shared::<{kind}>({name}) }}?;"
                ))
                .value(format!("&*{name}"));
            argument.borrowed = Some(Borrowed {
                exclusive: false,
                lifetimes: lifetime.into_iter().chain(lifetimes).cloned().collect(),
            });
            Ok(argument)
        }
        Type::Function { .. } => function(argument, to, "&", names),
        Type::Trait { .. } => lent(argument, to, "Lent", "&*", names),
        Type::Reference { .. } => Err("a reference to a reference".into()),
        Type::Named { .. } => {
            let inner = owned(argument, to, names)?;
            let line = format!("let {name} = {};", inner.value);
            Ok(inner.prepare(line).value(format!("&{name}")))
        }
        other => {
            let inner = crate::plan::argument::argument(&name, other, names)?;
            let value = format!("&{}", inner.value);
            Ok(inner.value(value))
        }
    }
}

fn slice(argument: Argument, item: &Type, names: &Names) -> Result<Argument, String> {
    let name = argument.name.clone();
    match item {
        Type::Reference {
            to, mutable: false, ..
        } => {
            match &**to {
                Type::Str => Ok(on_wire(argument, "Vec<String>")
                    .prepare(format!(
                        "let {name}: Vec<&str> = {name}.iter().map(String::as_str).collect();"
                    ))
                    .value(format!("&{name}"))),
                Type::Path => Ok(on_wire(argument, "Vec<std::path::PathBuf>")
                    .prepare(format!(
                        "let {name}: Vec<&std::path::Path> = {name}.iter().map(|each| &**each).collect();"
                    ))
                    .value(format!("&{name}"))),
                Type::Slice(inner) if **inner == Type::Integer("u8".into()) => {
                    Ok(on_wire(argument, "Vec<Vec<u8>>")
                        .prepare(format!(
                            "let {name}: Vec<&[u8]> = {name}.iter().map(Vec::as_slice).collect();"
                        ))
                        .value(format!("&{name}")))
                }
                Type::Named { definition, .. } if !names.known(definition)?.plain => {
                    let kind = &names.known(definition)?.rust;
                    Ok(on_wire(argument, &format!("Vec<rt::Guard<{kind}>>"))
                    .prepare(format!("let {name}: Vec<&{kind}> = {name}.iter().map(|each| &**each).collect();"))
                    .value(format!("&{name}")))
                }
                Type::Trait { dynamic: true, .. } => {
                    let kind = rust(to, names)?;
                    Ok(on_wire(argument, &format!("Vec<rt::Lent<{kind}>>"))
                    .prepare(format!("let {name}: Vec<&({kind})> = {name}.iter().map(|each| &**each).collect();"))
                    .value(format!("&{name}")))
                }
                _ => Err("a slice of references".into()),
            }
        }
        Type::Named { definition, .. } if !names.known(definition)?.plain => {
            let known = names.known(definition)?;
            if !known.clone {
                return Err(format!(
                    "a slice of `{}`, which is not `Clone`",
                    known.python
                ));
            }
            let kind = &known.rust;
            Ok(on_wire(argument, &format!("Vec<rt::Copied<{kind}>>"))
                .prepare(format!(
                    "let {name}: Vec<{kind}> = {name}.into_iter().map(|each| each.0).collect();"
                ))
                .value(format!("&{name}")))
        }
        other => {
            let owned = rust(other, names)?;
            Ok(on_wire(argument, &format!("Vec<{owned}>")).value(format!("&{name}")))
        }
    }
}

fn changed(
    argument: Argument,
    to: &Type,
    lifetime: Option<&String>,
    names: &Names,
) -> Result<Argument, String> {
    let name = argument.name.clone();
    match to {
        Type::Slice(item) if number_code(item).is_some() => {
            let (Type::Integer(kind) | Type::Float(kind)) = &**item else {
                return Err("not a number".into());
            };
            Ok(numbers_changed(argument, kind))
        }
        Type::Named {
            definition,
            lifetimes,
        } if !names.known(definition)?.plain => {
            let kind = &names.known(definition)?.rust;
            let mut argument = argument
                .pointer(PointerKind::Handle, format!("{name}._h"))
                .prepare(format!(
                    "let mut {name} = unsafe {{ rt::exclusive::<{kind}>({name}) }}?;"
                ))
                .value(format!("&mut *{name}"));
            argument.borrowed = Some(Borrowed {
                exclusive: true,
                lifetimes: lifetime.into_iter().chain(lifetimes).cloned().collect(),
            });
            Ok(argument)
        }
        Type::Function { .. } => function(argument, to, "&mut ", names),
        Type::Trait { .. } => lent(argument, to, "LentMut", "&mut *", names),
        Type::Stream { .. } => {
            let mut inner = crate::plan::argument::argument(&name, to, names)?;
            if let Some(line) = inner.prepare.last_mut() {
                *line = line.replacen("let ", "let mut ", 1);
            }
            Ok(inner.value(format!("&mut {name}")))
        }
        Type::Std(
            Std::Vec | Std::VecDeque | Std::HashMap | Std::BTreeMap | Std::HashSet | Std::BTreeSet,
            _,
        ) => {
            let owned = rust(to, names)?;
            Ok(rewritten(argument, &owned, &format!("&mut {name}")))
        }
        Type::Slice(item) => {
            let owned = format!("Vec<{}>", rust(item, names)?);
            Ok(rewritten(argument, &owned, &format!("&mut {name}[..]")))
        }
        other => {
            let owned = rust(other, names)?;
            let mut argument = rewritten(argument, &owned, &format!("&mut {name}"));
            let codec = &mut argument.codec;
            let inner = codec::codec(other, names)?;
            codec.make = names.constant(&format!("_rt.Changing({})", inner.make));
            argument.before = vec![format!("{name}__ = _rt.encoded({}, {name})", codec.make)];
            codec.takes = format!("_rt.Ref[{}]", inner.gives);
            Ok(argument)
        }
    }
}

/// A copy on the wire, with which Python's own value is rewritten after the call.
fn rewritten(argument: Argument, owned: &str, value: &str) -> Argument {
    let mut argument = on_wire(argument, owned).value(value);
    if let Some(line) = argument.prepare.last_mut() {
        *line = line.replacen("let ", "let mut ", 1);
    }
    argument.rewritten = true;
    argument.codec.takes = argument
        .codec
        .gives
        .replace("_rt.Array[", "_t.MutableSequence[");
    argument
}

/// A trait object for one call; what is not `dyn` in the signature is a type around it.
fn lent(
    argument: Argument,
    to: &Type,
    kind: &str,
    reference: &str,
    names: &Names,
) -> Result<Argument, String> {
    let Type::Trait {
        definition,
        dynamic,
        send,
        sync,
    } = to
    else {
        return Err("not a trait".into());
    };
    let name = argument.name.clone();
    let known = names.known_trait(definition)?;
    let object = super::codec::object(&known.rust, *send, *sync);
    let mut argument = on_wire(argument, &format!("rt::{kind}<{object}>"));
    if let Some(line) = argument.prepare.last_mut().filter(|_| kind == "LentMut") {
        *line = line.replacen("let ", "let mut ", 1);
    }
    let inner = if kind == "LentMut" {
        format!("{name}.0")
    } else {
        name
    };
    if *dynamic {
        return Ok(argument.value(format!("{reference}{inner}")));
    }
    names.open_trait(definition)?;
    let around = format!("{}({inner})", forwarder(&known.python));
    let reference = reference.trim_end_matches('*');
    Ok(argument.value(format!("{reference}{around}")))
}

/// The shim's type that implements a trait by what is in it.
#[must_use]
pub fn forwarder(python: &str) -> String {
    format!("Any{python}")
}

/// A value whose type implements a trait: Rust takes it over.
fn implementor(argument: Argument, type_: &Type, names: &Names) -> Result<Argument, String> {
    let Type::Trait {
        definition,
        send,
        sync,
        ..
    } = type_
    else {
        return Err("not a trait".into());
    };
    let name = argument.name.clone();
    let known = names.open_trait(definition)?;
    let object = super::codec::object(&known.rust, *send, *sync);
    let value = format!("{}({name})", forwarder(&known.python));
    Ok(on_wire(argument, &format!("Box<{object}>")).value(value))
}

/// A function pointer: to one of a fixed number of functions, which looks into its slot.
fn pointer(argument: Argument, type_: &Type, names: &Names) -> Result<Argument, String> {
    let Type::Function {
        parameters, output, ..
    } = type_
    else {
        return Err("not a function".into());
    };
    let name = argument.name.clone();
    let make = argument.codec.make.clone();
    let types = parameters.iter().map(|each| rust(each, names));
    let types = types.collect::<Result<Vec<_>, _>>()?;
    let typed = types.iter().enumerate();
    let typed: Vec<String> = typed
        .map(|(index, each)| format!("a{index}: {}", each.replace("'static", "'_")))
        .collect();
    let passed: String = parameters
        .iter()
        .enumerate()
        .map(|(index, type_)| format!("{}, ", lent_value(&format!("a{index}"), type_, names)))
        .collect();
    let call = format!("{name}__slots.call(N, ({passed}))");
    let call = match codec::answer(output, names)? {
        (_, true) => format!("Ok({call})"),
        (_, false) => call,
    };
    let output = rust(output, names)?;
    Ok(argument
        .before(format!("{name}__ = {make}.register({name})"))
        .number(&name, "u64", 'Q', format!("{name}__"))
        .prepare(format!(
            "static {name}__slots: rt::Slots = rt::Slots::new();"
        ))
        .prepare(format!(
            "fn {name}__call<const N: usize>({}) -> {output} {{ {call} }}",
            typed.join(", ")
        ))
        .prepare(format!("let {name} = {name}__slots.fill({name}, false)?;"))
        .value(format!("slots!({name}__call)[{name}.index()]")))
}

/// A function pointer that Rust may keep: each different function takes a slot for good.
pub fn kept_pointer(argument: &mut Argument) {
    for line in &mut argument.before {
        *line = line.replacen(".register(", ".register_once(", 1);
    }
    if let Some(line) = argument.prepare.last_mut() {
        *line = line.replacen("false)?", "true)?", 1);
    }
}

fn function(
    argument: Argument,
    type_: &Type,
    around: &str,
    names: &Names,
) -> Result<Argument, String> {
    let Type::Function {
        parameters, output, ..
    } = type_
    else {
        return Err("not a function".into());
    };
    let name = argument.name.clone();
    let make = argument.codec.make.clone();
    let closed = |type_: &Type| match rust(type_, names) {
        Ok(text) => text.replace("'static", "'_"),
        Err(_) => "_".to_owned(),
    };
    let typed: Vec<String> = parameters
        .iter()
        .enumerate()
        .map(|(index, type_)| format!("a{index}: {}", closed(type_)))
        .collect();
    let passed: String = parameters
        .iter()
        .enumerate()
        .map(|(index, type_)| format!("{}, ", lent_value(&format!("a{index}"), type_, names)))
        .collect();
    let typed = typed.join(", ");
    let for_the_call = matches!(around, "" | "&" | "&mut ");
    let breaks = for_the_call && ends_early(output);
    let closure = if breaks {
        format!(
            "{{ let breaker = {name}__run.breaker(); \
             move |{typed}| breaker.call(&{name}, ({passed})) }}"
        )
    } else if codec::answer(output, names)?.1 {
        format!("move |{typed}| Ok({name}.call(({passed})))")
    } else {
        format!("move |{typed}| {name}.call(({passed}))")
    };
    let value = match around {
        "" => closure,
        "&" | "&mut " => format!("{around}{closure}"),
        _ => format!("{around}({closure})"),
    };
    let mut argument = argument
        .before(format!("{name}__ = {make}.register({name})"))
        .number(&name, "u64", 'Q', format!("{name}__"))
        .prepare(format!("let {name} = rt::Callback::new({name});"))
        .value(value);
    if breaks {
        argument = argument.prepare(format!("let {name}__run = rt::Run::new();"));
        argument.conclude.push(format!("{name}__run.finish()?;"));
    }
    Ok(argument)
}

/// Whether a function's result can say, without more, that its caller is to end.
fn ends_early(output: &Type) -> bool {
    matches!(output, Type::Std(Std::ControlFlow, parts) if parts.first() == Some(&Type::Unit))
}

/// What a callback passes on: what borrows is lent, so the handle to it ends with the call.
pub fn lent_value(name: &str, type_: &Type, names: &Names) -> String {
    let borrows = type_.any(&mut |part| match part {
        Type::Named { definition, .. } => names
            .types
            .get(definition)
            .is_some_and(|known| known.borrows),
        _ => false,
    });
    match rust(type_, names) {
        Ok(kept) if borrows => {
            let lent = kept.replace("'static", "'_");
            format!(
                "unsafe {{ /* SAFETY: its handle ends with the call. */ \
                 std::mem::transmute::<{lent}, {kept}>({name}) }}"
            )
        }
        _ => name.to_owned(),
    }
}
