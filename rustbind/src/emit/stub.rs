//! The types of the bindings, for type checkers and editors.

use std::fmt::Write as _;

use super::indented;
use super::python::{bases, docstring, parameters};
use super::traits;
use crate::plan::Plan;
use crate::plan::call::Call;
use crate::plan::classes::{Class, Member, Role};
use crate::plan::names::escaped;

const PROLOGUE: &str = "\
import datetime as _datetime
import enum as _enum
import ipaddress as _ipaddress
import os as _os
import pathlib as _pathlib
import typing as _t

from . import _runtime as _rt

_range = range
";

pub(super) fn bindings(plan: &Plan) -> String {
    let mut text = PROLOGUE.to_owned();
    for skipped in &plan.skipped {
        let _ = writeln!(
            text,
            "# not bound: {}: {}",
            skipped.item,
            skipped.reason.replace('\n', " ")
        );
    }
    text.push('\n');
    for interface in &plan.interfaces {
        text.push_str(&traits::stub(interface));
    }
    for class in &plan.classes {
        text.push_str(&self::class(class, plan));
    }
    for free in &plan.functions {
        text.push_str(&indented(&signature(&free.call, &free.python, false), 0));
    }
    for value in &plan.values {
        let (python, gives) = (&value.python, &value.get.outcome.gives);
        let _ = writeln!(text, "{python}: {gives}");
        if value.is_static {
            let _ = writeln!(text, "def _v_{python}() -> {gives}: ...");
        }
        if let Some(set) = &value.set {
            text.push_str(&indented(
                &signature(set, &format!("_s_{python}"), false),
                0,
            ));
        }
    }
    text
}

fn signature(call: &Call, name: &str, init: bool) -> Vec<String> {
    let mut all = parameters(call);
    if init || call.receiver.is_some() {
        all.insert(0, "self".into());
    }
    let gives = if init { "None" } else { &call.outcome.gives };
    let head = format!("def {name}({}) -> {gives}:", all.join(", "));
    if call.docs.is_empty() {
        return vec![format!("{head} ...")];
    }
    let mut lines = vec![head];
    lines.extend(
        docstring(&call.docs)
            .lines()
            .map(|line| format!("    {line}")),
    );
    lines
}

fn class(class: &Class, plan: &Plan) -> String {
    let mut lines: Vec<String> = docstring(&class.docs).lines().map(str::to_owned).collect();
    lines.extend(
        class
            .plain
            .iter()
            .map(|each| format!("{} = {}", escaped(&each.name), each.discriminant)),
    );
    let plain = class.known.plain;
    for each in &class.members {
        lines.extend(member(each, plain));
    }
    for variant in &class.variants {
        lines.push(format!("class {}({}):", variant.name, class.known.python));
        let mut inner: Vec<String> = docstring(&variant.docs)
            .lines()
            .map(str::to_owned)
            .collect();
        inner.extend(variant.members.iter().flat_map(|each| member(each, plain)));
        lines.extend(inner.into_iter().map(|line| format!("    {line}")));
    }
    format!(
        "class {}({}):\n{}\n",
        class.known.python,
        bases(class, plan, true),
        indented(&lines, 4)
    )
}

/// A member of a class, or of one of `plain` numbers.
fn member(member: &Member, plain: bool) -> Vec<String> {
    let Member { name, role, call } = member;
    let mut lines = Vec::new();
    match role {
        Role::Static => lines.push("@staticmethod".to_owned()),
        Role::Get => lines.push("@property".to_owned()),
        Role::Set => lines.push(format!("@{name}.setter")),
        Role::Constant => return vec![format!("{name}: _t.ClassVar[{}]", call.outcome.gives)],
        Role::Method if name == "__getitem__" && !call.first.is_empty() => {
            let item = &call.outcome.gives;
            return vec![
                "@_t.overload".into(),
                format!("def __getitem__(self, index: int) -> {item}: ..."),
                "@_t.overload".into(),
                format!("def __getitem__(self, index: slice) -> _t.List[{item}]: ..."),
            ];
        }
        Role::Compare if name == "__eq__" => {
            return vec!["def __eq__(self, other: object) -> bool: ...".into()];
        }
        Role::Next => {
            let gives = &call.outcome.gives;
            let item = gives
                .trim_start_matches("_t.Optional[_t.Tuple[")
                .trim_end_matches("]]");
            return vec![
                format!("def __next__(self) -> {item}: ..."),
                format!("def __iter__(self) -> _t.Iterator[{item}]: ..."),
            ];
        }
        _ => {}
    }
    lines.extend(signature(call, name, *role == Role::Init));
    if is_another(member, plain)
        && let Some(first) = lines.first_mut()
    {
        first.push_str("  # type: ignore[override]");
    }
    lines
}

/// Whether it is the crate's own, and not to be used as what every handle, or every
/// `IntEnum`, has by this name.
fn is_another(Member { name, role, call }: &Member, plain: bool) -> bool {
    let closes = *role == Role::Method && call.arguments.is_empty() && call.outcome.gives == "None";
    match name.as_str() {
        "close" => *role != Role::Set && !closes,
        "name" | "value" => plain,
        _ => false,
    }
}
