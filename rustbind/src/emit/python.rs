//! The Python package's code.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::indented;
use super::shim::pointer_code;
use super::traits;
use crate::model::{Module, Place};
use crate::plan::call::Call;
use crate::plan::classes::{Class, Member, Role, VariantClass};
use crate::plan::names::{escaped, escaped_module};
use crate::plan::traits::Interface;
use crate::plan::{Plan, Value};

const PROLOGUE: &str = r#"
from __future__ import annotations

import datetime as _datetime
import enum as _enum
import ipaddress as _ipaddress
import os as _os
import pathlib as _pathlib
import typing as _t

from . import _runtime as _rt
from ._runtime import BAD as _BAD, FAILED as _FAILED, FAILED_UNSIGNED as _FAILED_UNSIGNED

_numbers_in, _view, _array = _rt.numbers_in, memoryview, _rt.LENT
_pop, _push, _EMPTY = _rt.POOL.pop, _rt.POOL.append, IndexError
_len, _ord, _chr, _type, _bytes = len, ord, chr, type, bytes
_isinstance, _property, _staticmethod, _range = isinstance, property, staticmethod, range
_slice, _key_error = slice, KeyError
_bool, _int, _float, _str = bool, int, float, str
"#;

/// Everything, in one file: the public modules import from it.
pub(super) fn bindings(plan: &Plan) -> String {
    let mut text = format!(
        "\"\"\"The bindings of `{}`: made by rustbind.\"\"\"\n",
        plan.names.krate
    );
    text.push_str(PROLOGUE);
    text.push_str(&natives(plan));
    for interface in traits::bases_first(&plan.interfaces) {
        text.push_str(&traits::class(interface));
    }
    for class in &plan.classes {
        text.push_str(&self::class(class, plan));
    }
    for free in &plan.functions {
        text.push_str(&indented(
            &function(&free.call, &free.python, Role::Static, None),
            0,
        ));
        text.push_str("\n\n");
    }
    for value in &plan.values {
        text.push_str(&self::value(value));
    }
    text.push_str(&registrations(plan));
    text
}

/// The library's functions, what packs their numbers, codecs, parameters.
fn natives(plan: &Plan) -> String {
    let krate = &plan.names.krate;
    let mut text = format!("_rt_next = _rt.bind(\"{krate}_rt_next\", \"\", \"po\", \"q\")\n");
    let number = [
        "i8", "i16", "i32", "i64", "isize", "u8", "u16", "u32", "u64", "usize", "f32", "f64",
    ];
    for name in number {
        let _ = writeln!(text, "_n_{name} = _rt.NUMBERS[\"{name}\"]");
        let _ = writeln!(text, "_m_{name} = _rt.ONE_OR_MORE[\"{name}\"]");
    }
    for (index, make) in plan.names.constants().iter().enumerate() {
        let _ = writeln!(text, "_k{index} = {make}");
    }
    let codes: BTreeSet<String> = plan
        .calls()
        .map(packed_codes)
        .filter(|codes| !codes.is_empty())
        .collect();
    for codes in codes {
        let _ = writeln!(text, "_p_{codes} = _rt.packer(\"{codes}\")");
    }
    for call in plan.calls() {
        let pointers: String = call.pointers().iter().map(pointer_code).collect();
        let (symbol, codes, result) = (&call.symbol, call.codes(), call.outcome.code);
        let _ = writeln!(
            text,
            "_c_{symbol} = _rt.bind(\"{symbol}\", \"{codes}\", \"{pointers}\", \"{result}\")"
        );
        if !call.arguments.is_empty() {
            let each = call
                .arguments
                .iter()
                .map(|each| format!("(\"{}\", {}), ", each.name, each.codec.make));
            let _ = writeln!(text, "_a_{symbol} = ({})", each.collect::<String>());
        }
    }
    text.push_str("\n\n");
    text
}

/// The codes of what a call passes in one block: numbers, then addresses.
fn packed_codes(call: &Call) -> String {
    call.codes() + &"Q".repeat(call.addressed().count())
}

/// A docstring.
pub(super) fn docstring(docs: &str) -> String {
    let docs = docs
        .trim()
        .replace('\\', "\\\\")
        .replace("\"\"\"", "\\\"\\\"\\\"");
    let end = if docs.ends_with('"') { " " } else { "" };
    format!("\"\"\"{docs}{end}\"\"\"")
}

/// The parameters after `self`, annotated.
pub(super) fn parameters(call: &Call) -> Vec<String> {
    let optional = |index: usize| {
        call.arguments[index..]
            .iter()
            .all(|each| each.codec.takes.starts_with("_t.Optional["))
    };
    let each = call.arguments.iter().enumerate().map(|(index, argument)| {
        let (name, takes) = (&argument.name, &argument.codec.takes);
        match &call.variadic {
            Some(items) if index + 1 == call.arguments.len() => {
                let item = &items.takes;
                format!("{name}: _t.Union[{takes}, {item}] = (), *_others: {item}")
            }
            _ if optional(index) => format!("{name}: {takes} = None"),
            _ => format!("{name}: {takes}"),
        }
    });
    each.collect()
}

/// A function's or method's definition. A constructor adopts its variant's class.
pub(super) fn function(call: &Call, name: &str, role: Role, class: Option<&Class>) -> Vec<String> {
    let mut all = parameters(call);
    let has_self = matches!(role, Role::Init) || call.receiver.is_some();
    if has_self {
        all.insert(0, "self".into());
    }
    let gives = match role {
        Role::Init => "None",
        _ => &call.outcome.gives,
    };
    let mut lines = vec![format!("def {name}({}) -> {gives}:", all.join(", "))];
    if !call.docs.is_empty() {
        lines.extend(
            docstring(&call.docs)
                .lines()
                .map(|line| format!("    {line}")),
        );
    }
    if let (Role::Compare, Some(class)) = (role, class) {
        lines.push(format!(
            "    if not _isinstance(other, {}): return NotImplemented",
            class.known.python
        ));
    }
    let mut body = body(call, role, class);
    if role == Role::Key {
        body = with_key(body);
    }
    lines.extend(body.into_iter().map(|line| format!("    {line}")));
    lines
}

/// A `KeyError` that has the key.
fn with_key(body: Vec<String>) -> Vec<String> {
    let tried = body.into_iter().map(|line| format!("    {line}"));
    let raised = [
        "except _key_error:".to_owned(),
        "    raise _key_error(index) from None".to_owned(),
    ];
    ["try:".to_owned()]
        .into_iter()
        .chain(tried)
        .chain(raised)
        .collect()
}

fn body(call: &Call, role: Role, class: Option<&Class>) -> Vec<String> {
    let symbol = &call.symbol;
    let codes = packed_codes(call);
    let mut passed: Vec<String> = Vec::new();
    if !codes.is_empty() {
        let numbers = call
            .all()
            .flat_map(|each| &each.numbers)
            .map(|each| each.python.clone())
            .chain(call.addressed().map(|each| format!("{}__at", each.name)));
        passed.push(format!(
            "_p_{codes}({})",
            numbers.collect::<Vec<_>>().join(", ")
        ));
    }
    passed.extend(call.pointers().into_iter().map(|each| each.python));
    let called = format!("_r = _c_{symbol}({})", passed.join(", "));
    let mut lines = call.first.clone();
    if let (Some(items), Some(last)) = (&call.variadic, call.arguments.last()) {
        let name = &last.name;
        let single = items.classes.as_ref();
        let single = single.map(|classes| format!(" or _isinstance({name}, {classes})"));
        let single = single.unwrap_or_default();
        lines.push(format!("if _others{single}: {name} = ({name}, *_others)"));
    }
    if call.outcome.out {
        lines.push("try: _o = _pop()".to_owned());
        lines.push("except _EMPTY: _o = _rt.take()".to_owned());
    }
    let before = call.all().flat_map(|each| &each.before).cloned();
    if call.arguments.is_empty() {
        lines.extend(before.chain([called]));
    } else {
        lines.push("try:".into());
        lines.extend(before.chain([called]).map(|line| format!("    {line}")));
        lines.push("except _BAD as _e:".into());
        let names: String = call
            .arguments
            .iter()
            .map(|each| format!("{}, ", each.name))
            .collect();
        lines.push(format!(
            "    raise _rt.explain(_e, _a_{symbol}, ({names})) from None"
        ));
    }
    lines.extend(call.all().flat_map(|each| &each.after).cloned());
    match role {
        Role::Init => lines.extend(construct(class)),
        Role::Next => {
            let finish = call
                .outcome
                .finish
                .iter()
                .map(|line| line.replacen("return ", "_r = ", 1));
            lines.extend(finish);
            lines.push("if _r is None: raise StopIteration".into());
            lines.push("return _r[0]".into());
        }
        _ => lines.extend(call.outcome.finish.iter().cloned()),
    }
    lines
}

fn construct(class: Option<&Class>) -> Vec<String> {
    let mut lines = vec![
        "if not _r: _rt.fail()".to_owned(),
        "self._h = _rt.address(_r)".to_owned(),
    ];
    if class.is_some_and(|class| !class.variants.is_empty()) {
        lines.push("_rt.adopt(self)".into());
    }
    lines
}

/// A class's base classes; for type checkers with what they are generic over.
pub(super) fn bases(class: &Class, plan: &Plan, typed: bool) -> String {
    let own = match (class.known.plain, class.error) {
        (true, _) => return "_enum.IntEnum".into(),
        (false, true) => "_rt.Handle, _rt.RustError",
        (false, false) => "_rt.Handle",
    };
    let own = match &class.list {
        Some((_, item)) if typed => format!("{own}, _rt.NamedList[{item}]"),
        Some(_) => format!("{own}, _rt.NamedList"),
        None => own.to_owned(),
    };
    let implements = |interface: &&Interface| {
        interface
            .implementors
            .iter()
            .any(|each| each.rust == class.known.rust)
    };
    let all = || plan.interfaces.iter().filter(implements);
    // A base class of another one comes with it.
    let traits = all().filter(|each| !all().any(|other| other.bases.contains(&each.python)));
    let traits: String = traits.map(|each| format!(", {}", each.python)).collect();
    format!("{own}{traits}")
}

fn class(class: &Class, plan: &Plan) -> String {
    let python = &class.known.python;
    let mut text = String::new();
    let _ = writeln!(text, "class {python}({}):", bases(class, plan, false));
    let mut lines: Vec<String> = docstring(&class.docs).lines().map(str::to_owned).collect();
    if class.known.plain {
        let variants = class.plain.iter();
        lines.extend(
            variants.map(|each| format!("{} = {}", escaped(&each.name), each.discriminant)),
        );
    } else {
        lines.extend(handle_attributes(class));
    }
    for member in &class.members {
        lines.extend(self::member(member, Some(class)));
    }
    lines.extend(copies(class));
    text.push_str(&indented(&lines, 4));
    text.push_str("\n\n");
    for variant in &class.variants {
        text.push_str(&self::variant(class, variant));
    }
    if !class.variants.is_empty() {
        let all: String = class
            .variants
            .iter()
            .map(|each| format!("_{python}_{}, ", each.name))
            .collect();
        let _ = writeln!(text, "{python}._variants = ({all})\n\n");
    }
    text
}

fn handle_attributes(class: &Class) -> Vec<String> {
    let mut lines = vec![format!("_rust_name = {:?}", class.known.python)];
    if !class.error {
        lines.push("__slots__ = (\"_h\", \"__weakref__\")".into());
    }
    if let Some((list, _)) = &class.list {
        lines.push(format!("_list = {list:?}"));
    }
    if let Some(close) = &class.close {
        lines.push(format!("_close = _staticmethod(_c_{})", close.symbol));
    }
    if let Some(variant_of) = &class.variant_of {
        lines.push(format!(
            "_variant = _staticmethod(_c_{})",
            variant_of.symbol
        ));
    }
    if class.unhashable {
        lines.push("__hash__ = None".into());
    }
    lines
}

fn member(member: &Member, class: Option<&Class>) -> Vec<String> {
    let Member { name, role, call } = member;
    let mut lines = vec![String::new()];
    match role {
        Role::Static => lines.push("@_staticmethod".into()),
        Role::Get => lines.push("@_property".into()),
        Role::Set => lines.push(format!("@{name}.setter")),
        Role::Constant => return Vec::new(),
        _ => {}
    }
    lines.extend(function(call, name, *role, class));
    if *role == Role::Next {
        lines.extend([
            "".into(),
            "def __iter__(self):".into(),
            "    return self".into(),
        ]);
    }
    lines
}

/// `copy.copy` and `copy.deepcopy`, where there is a copy.
fn copies(class: &Class) -> Vec<String> {
    let copying = class
        .members
        .iter()
        .find(|each| each.call.item.ends_with("::__copy__"));
    let Some(member) = copying else {
        return Vec::new();
    };
    let name = &member.name;
    let mut lines = vec![String::new()];
    if name == "copy" {
        lines.push("__copy__ = copy".into());
    }
    lines.push(format!(
        "def __deepcopy__(self, memo: object) -> {}:",
        class.known.python
    ));
    lines.push(format!("    return self.{name}()"));
    lines
}

fn variant(class: &Class, variant: &VariantClass) -> String {
    let python = &class.known.python;
    let fields: String = variant
        .fields
        .iter()
        .map(|each| format!("{each:?}, "))
        .collect();
    let mut lines: Vec<String> = docstring(&variant.docs)
        .lines()
        .map(str::to_owned)
        .collect();
    lines.push("__slots__ = ()".into());
    lines.push(format!("__match_args__ = ({fields})"));
    for member in &variant.members {
        lines.extend(self::member(member, None));
    }
    let mut text = format!("class _{python}_{}({python}):\n", variant.name);
    text.push_str(&indented(&lines, 4));
    text.push_str("\n\n");
    text
}

fn value(value: &Value) -> String {
    let mut lines = function(
        &value.get,
        &format!("_v_{}", value.python),
        Role::Static,
        None,
    );
    if let Some(set) = &value.set {
        lines.push(String::new());
        lines.extend(function(
            set,
            &format!("_s_{}", value.python),
            Role::Static,
            None,
        ));
    }
    indented(&lines, 0) + "\n\n"
}

/// What is done once everything is defined: public names, constants.
fn registrations(plan: &Plan) -> String {
    let mut text = String::new();
    let module = |path: &[String]| {
        let path: String = path
            .iter()
            .map(|each| format!(".{}", escaped_module(each)))
            .collect();
        format!("__package__ + {path:?}")
    };
    for class in &plan.classes {
        let (python, name) = (&class.known.python, &class.place.name);
        let at = module(&class.place.module);
        let _ = writeln!(
            text,
            "_rt.register({python:?}, _rt.public({at}, {name:?}, {python}))"
        );
        for variant in &class.variants {
            let each = &variant.name;
            let full = format!("{name}.{each}");
            let _ = writeln!(
                text,
                "{python}.{each} = _rt.public({at}, {full:?}, _{python}_{each})"
            );
        }
    }
    for interface in &plan.interfaces {
        let (python, name) = (&interface.python, &interface.place.name);
        let at = module(&interface.place.module);
        let _ = writeln!(text, "_rt.public({at}, {name:?}, {python})");
        text.push_str(&traits::registration(interface));
    }
    for free in &plan.functions {
        let at = module(&free.place.module);
        let _ = writeln!(
            text,
            "_rt.public({at}, {:?}, {})",
            free.place.name, free.python
        );
    }
    for class in &plan.classes {
        for member in class
            .members
            .iter()
            .filter(|each| each.role == Role::Constant)
        {
            let (python, symbol) = (&class.known.python, &member.call.symbol);
            text.push_str(&indented(
                &function(&member.call, &format!("_v_{symbol}"), Role::Static, None),
                0,
            ));
            let _ = writeln!(text, "{python}.{} = _v_{symbol}()", member.name);
        }
    }
    for value in plan.values.iter().filter(|value| !value.is_static) {
        let _ = writeln!(text, "{} = _v_{}()", value.python, value.python);
    }
    text
}

/// The names of a module's items, in the bindings and in public. Rust knows types,
/// values and modules apart, Python does not: the second of a name gets a `_`.
fn public_names(plan: &Plan, module: &Module) -> Vec<(String, String)> {
    let here = |place: &Place| place.module == module.path;
    let functions = plan.functions.iter().filter(|each| here(&each.place));
    let classes = plan.classes.iter().filter(|each| here(&each.place));
    let interfaces = plan.interfaces.iter().filter(|each| here(&each.place));
    let aliases = plan.aliases.iter().filter(|(place, _)| here(place));
    let fixed = plan
        .values
        .iter()
        .filter(|each| !each.is_static && here(&each.place));
    let mut names: Vec<(String, String)> = Vec::new();
    names.extend(classes.map(|each| (each.known.python.clone(), each.place.name.clone())));
    names.extend(interfaces.map(|each| (each.python.clone(), each.place.name.clone())));
    names.extend(functions.map(|each| (each.python.clone(), each.place.name.clone())));
    names.extend(aliases.map(|(place, python)| (python.clone(), escaped(&place.name))));
    names.extend(fixed.map(|each| (each.python.clone(), each.place.name.clone())));
    let mut taken = BTreeSet::new();
    for (_, name) in &mut names {
        *name = free_name(name, &mut taken);
    }
    names.sort_by(|left, right| left.1.cmp(&right.1));
    names
}

/// A name that nothing has yet.
fn free_name(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut name = name.to_owned();
    while !taken.insert(name.clone()) {
        name.push('_');
    }
    name
}

/// The modules in a module: where each is imported from, its name there, and here.
fn inner_modules(
    plan: &Plan,
    module: &Module,
    names: &[(String, String)],
) -> Vec<(String, String, String)> {
    let mut taken: BTreeSet<String> = names.iter().map(|(_, name)| name.clone()).collect();
    let dots = ".".repeat(module.path.len() + 1);
    let mut found = Vec::new();
    for each in &plan.modules {
        let Some((last, home)) = each.path.split_last() else {
            continue;
        };
        let home: Vec<String> = home.iter().map(|name| escaped_module(name)).collect();
        for path in std::iter::once(&each.path).chain(&each.also) {
            let Some((name, parent)) = path.split_last() else {
                continue;
            };
            if parent == module.path {
                let name = free_name(&escaped_module(name), &mut taken);
                let from = format!("{dots}{}", home.join("."));
                found.push((from, escaped_module(last), name));
            }
        }
    }
    found
}

/// A public module: names from the bindings.
pub(super) fn module(plan: &Plan, module: &Module, package: &str) -> String {
    let dots = ".".repeat(module.path.len() + 1);
    let names = public_names(plan, module);
    let inner = inner_modules(plan, module, &names);
    let mut text = format!("{}\n\n", docstring(&module.docs));
    // First: importing a module sets its name here, which may be an item's, too.
    for (from, there, here) in &inner {
        let _ = writeln!(text, "from {from} import {there} as {here}");
    }
    for (python, name) in &names {
        let _ = writeln!(text, "from {dots}_bindings import {python} as {name}");
    }
    let values = plan
        .values
        .iter()
        .filter(|each| each.place.module == module.path);
    let statics: Vec<&Value> = values.filter(|each| each.is_static).collect();
    text.push_str(&self::statics(&statics, &dots));
    let listed = names
        .iter()
        .map(|(_, name)| name.as_str())
        .chain(inner.iter().map(|(_, _, here)| here.as_str()));
    let listed: BTreeSet<&str> = listed
        .chain(statics.iter().map(|each| each.place.name.as_str()))
        .collect();
    if module.path.is_empty() {
        text.push_str(&extras(plan, &listed, package));
    }
    let listed: String = listed
        .iter()
        .map(|name| format!("    {name:?},\n"))
        .collect();
    let _ = writeln!(text, "\n__all__ = [\n{listed}]");
    text
}

/// Statics: attributes of the module, read and written in place.
fn statics(statics: &[&Value], dots: &str) -> String {
    if statics.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "\nimport sys as _sys\nimport typing as _typing\n\n\
         from {dots} import _bindings as _b, _runtime as _r\n\nif _typing.TYPE_CHECKING:\n"
    );
    for each in statics {
        let (python, name) = (&each.python, &each.place.name);
        let _ = writeln!(text, "    from {dots}_bindings import {python} as {name}");
    }
    text.push_str("\n_r.with_statics(\n    _sys.modules[__name__],\n    {\n");
    for each in statics {
        let setter = match &each.set {
            Some(_) => format!("lambda _, new: _b._s_{}(new)", each.python),
            None => "None".to_owned(),
        };
        let (name, python) = (&each.place.name, &each.python);
        let docs = serde_json::Value::from(each.docs.as_str());
        let _ = writeln!(
            text,
            "        {name:?}: property(lambda _: _b._v_{python}(), {setter}, doc={docs}),"
        );
    }
    text.push_str("    },\n)\n");
    text
}

/// What the package itself has beside the crate's items.
fn extras(plan: &Plan, listed: &BTreeSet<&str>, package: &str) -> String {
    let mut text = String::new();
    let mut shared = vec![
        "BorrowError",
        "ForkError",
        "HandleError",
        "RustError",
        "RustPanic",
        "ThreadError",
    ];
    let changes = |call: &Call| {
        call.all()
            .any(|each| each.codec.takes.starts_with("_rt.Ref["))
    };
    if plan.calls().any(changes) {
        shared.push("Ref");
    }
    let breaks = |call: &Call| {
        let taken = call
            .all()
            .any(|each| each.codec.takes.contains("_rt.Break["));
        taken || call.outcome.gives.contains("_rt.Break[")
    };
    if plan.calls().any(breaks) {
        shared.push("Break");
    }
    let returns = |call: &Call| call.outcome.gives.contains("_rt.Vector[");
    if plan.calls().any(returns) {
        shared.push("Vector");
    }
    for name in shared.iter().filter(|name| !listed.contains(**name)) {
        let _ = writeln!(text, "from ._runtime import {name} as {name}");
    }
    let _ = writeln!(
        text,
        "from ._runtime import live_handles as __live_handles__"
    );
    let _ = writeln!(text, "\n__version__ = {:?}", plan.version);
    let _ = writeln!(
        text,
        "#: What {package} does not bind of the crate, and why.\n__skipped__ = ("
    );
    for each in &plan.skipped {
        let pair = serde_json::json!([each.item, each.reason]);
        let _ = writeln!(text, "    ({}, {}),", pair[0], pair[1]);
    }
    text.push_str(")\n");
    text
}
