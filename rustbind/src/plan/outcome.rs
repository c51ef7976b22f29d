//! How each type of result crosses, and what it borrows from.

use super::argument::{Argument, held};
use super::codec::{codec, number_code, rust};
use super::names::Names;
use crate::model::{Function, Std, Type};

/// A result, on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The function of the shim's runtime that runs the body.
    pub wrapper: &'static str,
    /// What the shim returns.
    pub returns: &'static str,
    /// Its code for Python's side.
    pub code: char,
    /// Whether Python passes a buffer for the result.
    pub out: bool,
    /// Rust: what is done with `value`, to the end of the body.
    pub convert: Vec<String>,
    /// Python: what is done with `r`.
    pub finish: Vec<String>,
    /// The annotation.
    pub gives: String,
}

impl Outcome {
    fn new(kind: &Kind, convert: impl Into<String>, finish: &[&str], gives: &str) -> Self {
        let Kind(wrapper, returns, code, out) = *kind;
        Self {
            wrapper,
            returns,
            code,
            out,
            convert: vec![convert.into()],
            finish: finish.iter().map(|&line| line.to_owned()).collect(),
            gives: gives.to_owned(),
        }
    }
}

struct Kind(&'static str, &'static str, char, bool);

const SIGNED: Kind = Kind("signed", "i64", 'q', false);
const UNSIGNED: Kind = Kind("unsigned", "u64", 'Q', false);
const FLOAT: Kind = Kind("float", "f64", 'd', false);
const UNIT: Kind = Kind("unit", "i32", 'i', false);
const HANDLE: Kind = Kind("handle", "*mut rt::Header", 'p', false);
const BYTES: Kind = Kind("bytes", "i64", 'q', true);
const WIRE: Kind = Kind("wire", "i64", 'q', true);
const NUMBERS: Kind = Kind("numbers", "i64", 'q', true);

const CHECK_SIGNED: &str = "if _r == _FAILED: _rt.check()";
const CHECK_UNSIGNED: &str = "if _r == _FAILED_UNSIGNED: _rt.check()";

/// Where what a result borrows is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Arguments that stay borrowed, and whether exclusively.
    arguments: Vec<(String, bool)>,
    /// Arguments whose own sources stay borrowed.
    inherited: Vec<String>,
    /// Arguments that stay borrowed if there are any.
    optional: Vec<String>,
}

impl Sources {
    fn is_exclusive(&self) -> bool {
        self.arguments.iter().any(|(_, exclusive)| *exclusive)
    }

    /// The Rust expression for them.
    fn expression(&self) -> String {
        let parents: Vec<String> = self
            .arguments
            .iter()
            .map(|(name, _)| format!("{name}.parent()"))
            .collect();
        let own = format!("vec![{}]", parents.join(", "));
        let inherited: String = self
            .inherited
            .iter()
            .map(|name| format!(", {name}.sources()?"))
            .collect();
        let optional: String = self
            .optional
            .iter()
            .map(|name| format!(", {name}.iter().map(rt::Guard::parent).collect()"))
            .collect();
        if inherited.is_empty() && optional.is_empty() {
            return own;
        }
        format!("[{own}{inherited}{optional}].concat()")
    }

    /// Rust: leaves exclusive borrows to the handle that keeps them.
    fn hand_over(&self, condition: &str) -> Vec<String> {
        let exclusive = self.arguments.iter().filter(|(_, exclusive)| *exclusive);
        exclusive
            .map(|(name, _)| format!("if {condition} {{ {name}.hand_over(); }}"))
            .collect()
    }
}

/// Whether a result of this type keeps something borrowed.
pub fn keeps(type_: &Type, names: &Names) -> bool {
    let kept = |definition: &str, test: fn(&super::names::Known) -> bool| {
        names.types.get(definition).is_some_and(test)
    };
    let itself = match type_ {
        // What it takes and gives is its callers' business.
        Type::Function { borrows, .. } => return *borrows,
        Type::Iterator(_) | Type::Trait { dynamic: false, .. } => true,
        Type::Named { definition, .. } => kept(definition, |known| known.borrows),
        // Also the items of a slice, and what an option has.
        Type::Reference { to, .. } => to.any(&mut |part| match part {
            Type::Named { definition, .. } => kept(definition, |known| !known.plain),
            Type::Function { .. } | Type::Trait { .. } => true,
            _ => false,
        }),
        _ => false,
    };
    itself || type_.parts().into_iter().any(|part| keeps(part, names))
}

/// The function that a type is, or points to.
fn function_in(type_: &Type) -> Option<&Type> {
    match type_ {
        Type::Function { .. } => Some(type_),
        Type::Std(Std::Box | Std::Rc | Std::Arc, items) => items.first().and_then(function_in),
        Type::Reference { to, .. } => function_in(to),
        _ => None,
    }
}

fn lifetimes(type_: &Type, names: &Names, found: &mut Vec<Option<String>>) {
    match type_ {
        Type::Reference { lifetime, .. } => found.push(lifetime.clone()),
        Type::Named {
            definition,
            lifetimes,
        } if lifetimes.is_empty() => {
            // Rust lets a type's lifetimes go unwritten.
            let borrows = names
                .types
                .get(definition)
                .is_some_and(|known| known.borrows);
            found.extend(borrows.then_some(None));
        }
        Type::Named { lifetimes, .. } => {
            found.extend(
                lifetimes
                    .iter()
                    .map(|name| Some(name.clone()).filter(|name| name != "'_")),
            );
        }
        Type::Iterator(_)
        | Type::Function { borrows: true, .. }
        | Type::Trait { dynamic: false, .. } => found.push(None),
        _ => {}
    }
    if matches!(type_, Type::Function { .. }) {
        return;
    }
    for part in type_.parts() {
        lifetimes(part, names, found);
    }
}

/// Refuses parameters that the call may keep: a reference that must live forever, or
/// as long as what another argument borrows.
///
/// # Errors
/// Which parameter, and why.
pub fn check_kept(function: &Function, names: &Names) -> Result<(), String> {
    let parameters = &function.parameters;
    let borrows = |type_: &Type| {
        type_.any(&mut |part| match part {
            Type::Named { definition, .. } => names
                .types
                .get(definition)
                .is_some_and(|known| known.borrows),
            _ => false,
        })
    };
    for (index, parameter) in parameters.iter().enumerate() {
        let name = &parameter.name;
        if is_forever(&parameter.type_) {
            continue;
        }
        let own = named_lifetimes(&parameter.type_, names);
        if own.iter().any(|each| each == "'static") {
            return Err(format!("its parameter `{name}` has to live forever"));
        }
        let others = parameters
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index);
        for (_, other) in others.filter(|(_, other)| borrows(&other.type_)) {
            let theirs = named_lifetimes(&other.type_, names);
            // A lifetime that only this parameter has ends with the call.
            let shared =
                |each: &String| !function.lifetimes.contains(each) || theirs.contains(each);
            if own.iter().any(shared) {
                return Err(format!("another argument may keep its parameter `{name}`"));
            }
        }
    }
    Ok(())
}

/// Whether it is a `&'static str`, of which the shim keeps a copy.
pub fn is_forever(type_: &Type) -> bool {
    matches!(
        type_,
        Type::Reference { to, mutable: false, lifetime: Some(lifetime) }
            if **to == Type::Str && lifetime == "'static"
    )
}

fn named_lifetimes(type_: &Type, names: &Names) -> Vec<String> {
    let mut found = Vec::new();
    lifetimes(type_, names, &mut found);
    found.into_iter().flatten().collect()
}

/// What a result may borrow from.
///
/// # Errors
/// Why it cannot be kept borrowed.
pub fn sources(
    output: &Type,
    function: &Function,
    arguments: &mut [Argument],
    names: &Names,
) -> Result<Sources, String> {
    let (parameters, method) = (&function.parameters, function.method);
    let mut wanted = Vec::new();
    lifetimes(output, names, &mut wanted);
    let captures_all = output.any(&mut |part| {
        matches!(
            part,
            Type::Iterator(_)
                | Type::Function { borrows: true, .. }
                | Type::Trait { dynamic: false, .. }
        )
    });
    let mut result = Sources::default();
    for (index, (parameter, argument)) in parameters.iter().zip(&mut *arguments).enumerate() {
        let mut own = Vec::new();
        lifetimes(&parameter.type_, names, &mut own);
        if own.is_empty() || is_forever(&parameter.type_) {
            continue;
        }
        let named = wanted
            .iter()
            .any(|each| each.is_some() && own.contains(each));
        let elided = wanted.contains(&None) && (!method || index == 0);
        if !(named || elided || captures_all) {
            continue;
        }
        if let Type::Named { definition, .. } = &parameter.type_ {
            // What is taken over borrows from nothing: the handle says so.
            if names.known(definition)?.copy {
                result.inherited.push(argument.name.clone());
            }
            continue;
        }
        match argument.borrowed.clone() {
            Some(borrowed) => result
                .arguments
                .push((argument.name.clone(), borrowed.exclusive)),
            None if argument.optional => result.optional.push(argument.name.clone()),
            None if held(argument, &parameter.type_) => {
                result
                    .arguments
                    .push((format!("{}__held", argument.name), false));
            }
            None => {
                return Err(format!(
                    "the result borrows from the argument `{}`",
                    argument.name
                ));
            }
        }
    }
    // A lifetime that is not the function's own is that of what `self` borrows from.
    let of_type = wanted
        .iter()
        .flatten()
        .any(|name| name != "'static" && !function.lifetimes.contains(name));
    let this = parameters.first().zip(arguments.first());
    if let Some((parameter, this)) = this.filter(|_| of_type && method) {
        let copied = match &parameter.type_ {
            Type::Named { definition, .. } => names.known(definition)?.copy,
            _ => false,
        };
        let known = result.inherited.contains(&this.name);
        if (copied || this.borrowed.is_some()) && !known {
            result.inherited.push(this.name.clone());
        }
    }
    Ok(result)
}

/// How a result of this type crosses.
///
/// # Errors
/// Why it does not.
pub fn outcome(type_: &Type, sources: &Sources, names: &Names) -> Result<Outcome, String> {
    if let Some(reason) = type_.obstacle() {
        return Err(reason.to_owned());
    }
    if let Some(inner) = function_in(type_) {
        return function(inner, sources, names);
    }
    if let Some((code, owned)) = owned_numbers(type_) {
        return numbers(type_, code, owned, names);
    }
    match type_ {
        Type::Unit => Ok(Outcome::new(
            &UNIT,
            "let () = value__; Ok(())",
            &["if _r: _rt.fail()"],
            "None",
        )),
        Type::Ordering => Ok(integer("isize")),
        Type::Bool => Ok(Outcome::new(
            &SIGNED,
            "Ok(i64::from(value__))",
            &[CHECK_SIGNED, "return _r == 1"],
            "bool",
        )),
        Type::Char => Ok(Outcome::new(
            &SIGNED,
            "Ok(i64::from(u32::from(value__)))",
            &[CHECK_SIGNED, "return _chr(_r)"],
            "str",
        )),
        Type::Integer(kind) if !kind.ends_with("128") => Ok(integer(kind)),
        Type::Float(_) => Ok(Outcome::new(
            &FLOAT,
            "Ok(f64::from(value__))",
            &["if _r != _r: _rt.check()", "return _r"],
            "float",
        )),
        Type::Reference { to, mutable, .. } => reference(type_, to, *mutable, sources, names),
        Type::String => Ok(text("value__.into_bytes()")),
        Type::Named { .. } => named(type_, sources, names),
        Type::Iterator(item) => iterator(item, sources, names),
        Type::Trait {
            definition,
            dynamic: false,
            send,
            sync,
        } => {
            let rust = &names.known_trait(definition)?.rust;
            let object = super::codec::object(rust, *send, *sync);
            let mut outcome = wire(type_, sources, names)?;
            let line = format!("let value__: Box<{object}> = Box::new(value__);");
            outcome.convert.insert(0, line);
            Ok(outcome)
        }
        Type::Array(item, _) => list(type_, item, sources, names),
        Type::Std(kind, items) => container(type_, *kind, items, sources, names),
        _ => wire(type_, sources, names),
    }
}

fn integer(kind: &str) -> Outcome {
    match kind {
        "u64" | "usize" => Outcome::new(
            &UNSIGNED,
            "Ok(value__ as u64)",
            &[CHECK_UNSIGNED, "return _r"],
            "int",
        ),
        "isize" => Outcome::new(
            &SIGNED,
            "Ok(value__ as i64)",
            &[CHECK_SIGNED, "return _r"],
            "int",
        ),
        _ => Outcome::new(
            &SIGNED,
            "Ok(i64::from(value__))",
            &[CHECK_SIGNED, "return _r"],
            "int",
        ),
    }
}

/// Python: what reads a short result where the call is made, and any other elsewhere.
fn short(read: &str, elsewhere: &str) -> [String; 4] {
    [
        format!("if _r < 0: return _rt.{elsewhere}(_r, _o)"),
        format!("_r = {read}"),
        "_push(_o)".into(),
        "return _r".into(),
    ]
}

fn text(bytes: &str) -> Outcome {
    let finish = short("_o[1][:_r].decode()", "result_text");
    let finish = finish.each_ref().map(String::as_str);
    Outcome::new(&BYTES, format!("Ok({bytes})"), &finish, "str")
}

fn octets(bytes: &str) -> Outcome {
    let finish = short("_o[1][:_r]", "result_bytes");
    let finish = finish.each_ref().map(String::as_str);
    Outcome::new(&BYTES, format!("Ok({bytes})"), &finish, "bytes")
}

fn named(type_: &Type, sources: &Sources, names: &Names) -> Result<Outcome, String> {
    let Type::Named { definition, .. } = type_ else {
        return Err("not a type of the crate".into());
    };
    let known = names.known(definition)?;
    let python = &known.python;
    if known.plain {
        let lines = [CHECK_SIGNED, &format!("return {python}(_r)")];
        return Ok(Outcome::new(
            &SIGNED,
            "Ok(rt::Plain::number(&value__))",
            &lines,
            python,
        ));
    }
    let lines = [
        "if not _r: _rt.fail()",
        &format!("return _rt.wrap({python}, _r)"),
    ];
    let mut outcome = Outcome::new(&HANDLE, "Ok(rt::owned(value__))", &lines, python);
    if known.borrows {
        outcome.convert = vec![format!(
            "let made__ = rt::own_pinned(value__, &{});",
            sources.expression()
        )];
        outcome.convert.extend(sources.hand_over("true"));
        outcome.convert.push("Ok(made__)".into());
    }
    Ok(outcome)
}

fn iterator(item: &Type, sources: &Sources, names: &Names) -> Result<Outcome, String> {
    let codec = codec(item, names)?;
    let make = names.constant(&format!("_rt.Option(_rt.Several({}))", codec.make));
    let lines = [
        "if not _r: _rt.fail()",
        &format!("return _rt.Iterating(_r, {make}, _rt_next)"),
    ];
    let gives = format!("_t.Iterator[{}]", codec.gives);
    let mut outcome = Outcome::new(&HANDLE, "", &lines, &gives);
    if sources.is_exclusive() && keeps(item, names) {
        return Err("items that are borrowed exclusively".into());
    }
    outcome.convert = vec![
        "let value__ = unsafe { rt::Items::new(value__) };".into(),
        format!(
            "let made__ = rt::own_pinned(value__, &{});",
            sources.expression()
        ),
    ];
    outcome.convert.extend(sources.hand_over("true"));
    outcome.convert.push("Ok(made__)".into());
    Ok(outcome)
}

/// A function: an object that is called.
fn function(type_: &Type, sources: &Sources, names: &Names) -> Result<Outcome, String> {
    let Type::Function {
        kind,
        parameters,
        output,
        send,
        sync,
        ..
    } = type_
    else {
        return Err("not a function".into());
    };
    let (output, fallible) = super::call::unwrapped(output);
    if keeps(output, names) || function_in(output).is_some() {
        return Err("a function that lends what it returns".into());
    }
    let result = codec(output, names)?;
    let (mut makes, mut takes) = (String::new(), Vec::new());
    let (mut lifted, mut passed) = (Vec::new(), String::new());
    for (index, parameter) in parameters.iter().enumerate() {
        let codec = codec(parameter, names)?;
        let (owned, value) = lifted_as(parameter, &format!("a{index}"), names)?;
        lifted.push(format!("let a{index}: {owned} = rt::Lift::lift(from)?;"));
        passed.push_str(&format!("{value}, "));
        makes.push_str(&format!("{}, ", codec.make));
        takes.push(codec.takes);
    }
    let exclusive = kind == "FnMut" || kind == "FnOnce";
    let object = match (exclusive, *send, *sync) {
        (true, true, _) => {
            "rt::ChangingFunction<dyn FnMut(&mut rt::Reader<'_>) -> rt::Returned + Send>"
        }
        (true, false, _) => "rt::ChangingFunction<dyn FnMut(&mut rt::Reader<'_>) -> rt::Returned>",
        (false, true, true) => {
            "rt::Function<dyn Fn(&mut rt::Reader<'_>) -> rt::Returned + Send + Sync>"
        }
        (false, true, false) => "rt::Function<dyn Fn(&mut rt::Reader<'_>) -> rt::Returned + Send>",
        (false, false, _) => "rt::Function<dyn Fn(&mut rt::Reader<'_>) -> rt::Returned>",
    };
    let (path, bound) = object.split_once('<').unwrap_or((object, ""));
    let once = kind == "FnOnce";
    let mut convert = vec![
        (if once {
            "let mut value__ = Some(value__);"
        } else if exclusive {
            "let mut value__ = value__;"
        } else {
            ""
        })
        .to_owned(),
        "let called__ = move |from: &mut rt::Reader<'_>| -> rt::Returned {".to_owned(),
    ];
    convert.retain(|line| !line.is_empty());
    convert.extend(lifted);
    if once {
        convert.push("let value__ = value__.take().ok_or_else(rt::called_before)?;".into());
    }
    convert.push(format!("let value__ = value__({passed});"));
    if fallible {
        convert.push(super::call::SUCCEEDED.into());
    }
    convert.push("Ok(rt::written(value__)) };".into());
    convert.push(format!(
        "let made__ = rt::own_pinned({path}::<{bound}(Box::new(called__)), &{});",
        sources.expression()
    ));
    convert.extend(sources.hand_over("true"));
    convert.push("Ok(made__)".into());
    let make = names.constant(&format!("_rt.Function(({makes}), {})", result.make));
    let lines = [
        "if not _r: _rt.fail()",
        &format!("return _rt.Called(_r, {make})"),
    ];
    let gives = format!("_t.Callable[[{}], {}]", takes.join(", "), result.gives);
    let mut outcome = Outcome::new(&HANDLE, "", &lines, &gives);
    outcome.convert = convert;
    Ok(outcome)
}

/// What a function's argument is read as, and how it is passed on.
fn lifted_as(type_: &Type, name: &str, names: &Names) -> Result<(String, String), String> {
    let lends = |definition: &str| names.known(definition).map(|known| !known.plain);
    match type_ {
        Type::Reference {
            mutable: false, to, ..
        } => {
            let owned = match &**to {
                Type::Str => "String".to_owned(),
                Type::Path => "std::path::PathBuf".to_owned(),
                Type::OsStr => "std::ffi::OsString".to_owned(),
                Type::Slice(item) if keeps(item, names) => {
                    return Err("a function that takes references to references".into());
                }
                Type::Slice(item) => format!("Vec<{}>", rust(item, names)?),
                Type::Named { definition, .. } if lends(definition)? => {
                    let guard = format!("rt::Guard<{}>", names.known(definition)?.rust);
                    return Ok((guard, format!("&*{name}")));
                }
                other => rust(other, names)?,
            };
            Ok((owned, format!("&{name}")))
        }
        Type::Reference { .. } => Err("a function that changes what it is given".into()),
        Type::Std(Std::Option, items) if matches!(items[0], Type::Reference { .. }) => {
            let (owned, value) = lifted_as(&items[0], name, names)?;
            let unsized_or_lent = value.starts_with("&*")
                || matches!(&items[0], Type::Reference { to, .. }
                    if matches!(**to, Type::Str | Type::Path | Type::OsStr | Type::Slice(_)));
            let by = if unsized_or_lent {
                "as_deref"
            } else {
                "as_ref"
            };
            Ok((format!("Option<{owned}>"), format!("{name}.{by}()")))
        }
        other if other.any(&mut |part| matches!(part, Type::Reference { .. })) => {
            Err("a function that takes references inside of another type".into())
        }
        other if keeps(other, names) => Err("a function that takes what borrows".into()),
        other => Ok((rust(other, names)?, name.to_owned())),
    }
}

fn list(type_: &Type, item: &Type, sources: &Sources, names: &Names) -> Result<Outcome, String> {
    if *item == Type::Integer("u8".into()) {
        return Ok(octets("value__.to_vec()"));
    }
    match number_code(item) {
        Some(code) => numbers(type_, code, "Some(value__[..].to_vec())", names),
        None => wire(type_, sources, names),
    }
}

/// The code of the numbers that a type owns side by side, and how they become an
/// optional `Vec`. Those that are bytes are none: Python has a type for them.
fn owned_numbers(type_: &Type) -> Option<(char, &'static str)> {
    let item = |type_: &Type| match type_ {
        Type::Array(item, _) => number_code(item),
        Type::Std(Std::Vec | Std::VecDeque, items) => items.first().and_then(number_code),
        Type::Std(Std::Box | Std::Cow, items) => match items.first() {
            Some(Type::Slice(item)) => number_code(item),
            _ => None,
        },
        _ => None,
    };
    let found = match type_ {
        Type::Std(Std::Option, items) => (item(items.first()?)?, "value__.map(Vec::from)"),
        _ => (item(type_)?, "Some(Vec::from(value__))"),
    };
    (found.0 != 'B').then_some(found)
}

/// Numbers; `owned` is an optional `Vec` of them.
fn numbers(type_: &Type, code: char, owned: &str, names: &Names) -> Result<Outcome, String> {
    let gives = codec(type_, names)?
        .gives
        .replacen("_rt.Array[", "_rt.Vector[", 1);
    let read = format!("return _rt.result_numbers(_r, _o, \"{code}\")");
    Ok(Outcome::new(
        &NUMBERS,
        format!("Ok({owned})"),
        &[&read],
        &gives,
    ))
}

fn container(
    type_: &Type,
    kind: Std,
    items: &[Type],
    sources: &Sources,
    names: &Names,
) -> Result<Outcome, String> {
    let first = items.first().ok_or("a container without its items")?;
    match (kind, first) {
        (Std::Vec, item) if *item == Type::Integer("u8".into()) => Ok(octets("value__")),
        (Std::Vec, item) => list(type_, item, sources, names),
        (Std::Cow, Type::Str) => Ok(text("value__.into_owned().into_bytes()")),
        (Std::Cow, Type::Slice(item)) if **item == Type::Integer("u8".into()) => {
            Ok(octets("value__.into_owned()"))
        }
        (Std::Box | Std::Rc | Std::Arc, Type::Str) => Ok(text("value__.as_bytes().to_vec()")),
        (Std::Box, Type::Slice(item)) => list(type_, item, sources, names),
        (Std::Box, Type::Named { .. } | Type::Iterator(_)) => {
            let mut outcome = outcome(first, sources, names)?;
            if matches!(first, Type::Named { .. }) {
                outcome.convert.insert(0, "let value__ = *value__;".into());
            }
            Ok(outcome)
        }
        (Std::Receiver, item) => {
            let mut outcome = iterator(item, &Sources::default(), names)?;
            outcome.convert = vec!["Ok(rt::own(rt::Items::receiving(value__)))".into()];
            Ok(outcome)
        }
        (Std::Sender | Std::SyncSender, _) => {
            let codec = codec(type_, names)?;
            let make = names.constant(&codec.make);
            let lines = [
                "if not _r: _rt.fail()",
                &format!("return {make}.sender(_r)"),
            ];
            let convert = "Ok(rt::own(rt::Sending::new(value__)))";
            Ok(Outcome::new(&HANDLE, convert, &lines, &codec.gives))
        }
        (Std::Rc | Std::Arc, Type::Named { .. }) => {
            Err("a shared pointer to a value that Python would own".into())
        }
        _ => wire(type_, sources, names),
    }
}

fn reference(
    type_: &Type,
    to: &Type,
    mutable: bool,
    sources: &Sources,
    names: &Names,
) -> Result<Outcome, String> {
    match to {
        Type::Str => Ok(text("value__.as_bytes().to_vec()")),
        Type::String => Ok(text("value__.as_bytes().to_vec()")),
        Type::Slice(item) | Type::Array(item, _) => list(type_, item, sources, names),
        Type::Std(Std::Vec, items) => {
            let item = items.first().ok_or("a list without its items")?;
            if number_code(item).is_none() {
                return wire(type_, sources, names);
            }
            list(type_, item, sources, names)
        }
        Type::Std(Std::Cow, items) if items.first() == Some(&Type::Str) => {
            Ok(text("value__.as_bytes().to_vec()"))
        }
        Type::Std(Std::Box, items) if matches!(items.first(), Some(Type::Named { .. })) => {
            let inner = items.first().ok_or("a box without its content")?;
            let mut outcome = reference(type_, inner, mutable, sources, names)?;
            let change = if mutable { "mut " } else { "" };
            let line = format!("let value__ = &{change}**value__;");
            outcome.convert.insert(0, line);
            Ok(outcome)
        }
        Type::Bool | Type::Char | Type::Integer(_) | Type::Float(_) => {
            let mut outcome = outcome(to, sources, names)?;
            outcome.convert.insert(0, "let value__ = *value__;".into());
            Ok(outcome)
        }
        Type::Named { definition, .. } if names.known(definition)?.plain => {
            let python = &names.known(definition)?.python;
            let lines = [CHECK_SIGNED, &format!("return {python}(_r)")];
            Ok(Outcome::new(
                &SIGNED,
                "Ok(rt::Plain::number(value__))",
                &lines,
                python,
            ))
        }
        Type::Named { definition, .. } => {
            let python = &names.known(definition)?.python;
            let lines = [
                "if not _r: _rt.fail()",
                &format!("return _rt.wrap({python}, _r)"),
            ];
            let mut outcome = Outcome::new(&HANDLE, "", &lines, python);
            let parents = sources.expression();
            outcome.convert = vec![format!(
                "let made__ = unsafe {{ rt::borrow(value__, {mutable}, &{parents}) }};"
            )];
            outcome.convert.extend(sources.hand_over("true"));
            outcome.convert.push("Ok(made__)".into());
            Ok(outcome)
        }
        _ => wire(type_, sources, names),
    }
}

/// Anything else: one run of bytes.
fn wire(type_: &Type, sources: &Sources, names: &Names) -> Result<Outcome, String> {
    let codec = codec(type_, names)?;
    let keeps = keeps(type_, names);
    if type_.any(&mut |part| matches!(part, Type::Iterator(_))) {
        return Err("an iterator inside of another type".into());
    }
    let mut objects = Ok(());
    type_.any(&mut |part| {
        if let Type::Trait { .. } = part {
            objects = names.known_object(part).map(|_| ());
        }
        objects.is_err()
    });
    objects?;
    if keeps && sources.is_exclusive() && !is_optional(type_) {
        return Err("several values that one exclusive borrow would be shared by".into());
    }
    let make = names.constant(&codec.make);
    let lines = [format!("return _rt.result(_r, _o, {make})")];
    let mut outcome = Outcome::new(&WIRE, "", &[&lines[0]], &codec.gives);
    outcome.convert = vec!["let mut out__ = rt::Writer::default();".into()];
    if keeps {
        outcome
            .convert
            .push(format!("out__.parents = {};", sources.expression()));
    }
    outcome
        .convert
        .push("rt::Lower::lower(value__, &mut out__);".into());
    if keeps {
        outcome.convert.extend(sources.hand_over("out__.pinned"));
    }
    outcome.convert.push("Ok(out__)".into());
    Ok(outcome)
}

/// Whether there is one value at the most.
fn is_optional(type_: &Type) -> bool {
    let object = |type_: &Type| match type_ {
        Type::Reference { to, .. } => matches!(**to, Type::Named { .. } | Type::Trait { .. }),
        other => matches!(other, Type::Named { .. }),
    };
    match type_ {
        Type::Std(Std::Option, items) => items.iter().all(object),
        Type::Reference { to, .. } => matches!(**to, Type::Trait { .. }),
        other => matches!(other, Type::Trait { .. }),
    }
}
