//! Traits: in the shim what implements them for Python, in Python their base classes.

use std::fmt::Write as _;

use super::indented;
use super::python::{self, docstring};
use crate::plan::argument::forwarder;
use crate::plan::classes::Role;
use crate::plan::codec::object;
use crate::plan::traits::{Interface, Method};

/// The shim's part.
pub(super) fn block(interface: &Interface) -> String {
    let mut text = String::new();
    if interface.closed.is_none() {
        text.push_str(&adapter(interface));
        for (index, method) in interface.methods.iter().enumerate() {
            if method.provided {
                text.push_str(&provider(interface, index));
            }
        }
        text.push_str(&forwarding(interface));
    }
    for &(send, sync) in &interface.kinds {
        text.push_str(&object_block(interface, send, sync));
    }
    text
}

/// The name of the type that is a Python object to Rust.
fn adapter_name(interface: &Interface) -> String {
    format!("Python{}", interface.python)
}

fn provider_name(interface: &Interface, index: usize) -> String {
    format!("Provided{}{index}", interface.python)
}

/// A method's head, and the names of its arguments.
fn head(method: &Method) -> (String, Vec<String>) {
    let typed = method
        .parameters
        .iter()
        .map(|(name, type_, _)| format!(", {name}: {type_}"));
    let head = format!(
        "fn {}({}{}) -> {}",
        method.name,
        method.receiver,
        typed.collect::<String>(),
        method.output
    );
    let names = method.parameters.iter().map(|(name, ..)| name.clone());
    (head, names.collect())
}

/// Gives a method's body, if it is not the trait's own: its number, it, its arguments' names.
type Body<'a> = dyn Fn(usize, &Method, &[String]) -> Option<String> + 'a;

/// The `impl`s of a type for all traits, with a body for each method, or none.
fn implementations(
    interface: &Interface,
    generics: &str,
    type_: &str,
    bounds: &dyn Fn(&str) -> String,
    body: &Body<'_>,
) -> String {
    let mut text = String::new();
    for each in &interface.traits {
        let _ = writeln!(text, "impl{generics} {each} for {type_}{} {{", bounds(each));
        let own = interface.methods.iter().enumerate();
        for (index, method) in own.filter(|(_, method)| method.of_trait == *each) {
            let (head, names) = head(method);
            if let Some(body) = body(index, method, &names) {
                let _ = writeln!(text, "    {head} {{\n        {body}\n    }}");
            }
        }
        text.push_str("}\n\n");
    }
    for name in &interface.standard {
        let path = standard_path(name);
        let _ = write!(text, "impl{generics} {path} for {type_}{} {{", bounds(path));
        if name != "Error" {
            let _ = write!(
                text,
                "\n    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{\n        \
                 {}\n    }}\n",
                body_of_standard(type_, name)
            );
        }
        text.push_str("}\n\n");
    }
    text
}

fn standard_path(name: &str) -> &'static str {
    match name {
        "Debug" => "std::fmt::Debug",
        "Display" => "std::fmt::Display",
        _ => "std::error::Error",
    }
}

/// `Debug` is Python's `repr`, `Display` its `str`.
fn body_of_standard(type_: &str, name: &str) -> String {
    let inner = if type_.starts_with("Provided") || type_.starts_with("Any") {
        "self.0"
    } else {
        let number = if name == "Debug" {
            "rt::REPR"
        } else {
            "rt::STR"
        };
        return format!("to.write_str(&self.object.call_method::<String>({number}, ()))");
    };
    format!("{}::fmt(&*{inner}, to)", standard_path(name))
}

/// A Python object: each method calls Python, or what the trait provides.
fn adapter(interface: &Interface) -> String {
    let name = adapter_name(interface);
    let body = |index: usize, method: &Method, names: &[String]| {
        let call = python_call(index, method, "self.");
        if !method.provided {
            return Some(call);
        }
        let (provider, of_trait) = (provider_name(interface, index), &method.of_trait);
        let reference = method.receiver.trim_end_matches("self");
        let arguments: String = names.iter().map(|each| format!(", {each}")).collect();
        Some(format!(
            "if self.overridden & (1 << {index}) == 0 {{ \
             return {of_trait}::{}({reference}{provider}(&*self){arguments}); }}\n        {call}",
            method.name
        ))
    };
    format!(
        "struct {name} {{ object: rt::Callback, overridden: u64, texts: rt::Texts }}\n\n{}",
        implementations(interface, "", &name, &|_| String::new(), &body)
    )
}

/// A Python object by one method that the trait provides: all others are the object's.
fn provider(interface: &Interface, provided: usize) -> String {
    let name = provider_name(interface, provided);
    let adapter = adapter_name(interface);
    let body = |index: usize, method: &Method, _: &[String]| {
        let keep_default = index == provided;
        (!keep_default).then(|| python_call(index, method, "self.0."))
    };
    format!(
        "struct {name}<'a>(&'a {adapter});\n\n{}",
        implementations(
            interface,
            "",
            &format!("{name}<'_>"),
            &|_| String::new(),
            &body
        )
    )
}

/// Calls the Python object that the adapter has.
fn python_call(index: usize, method: &Method, adapter: &str) -> String {
    let call = format!("{adapter}object.call_method");
    let passed = &method.passed;
    match method.kept {
        Some(keep) => format!(
            "{}({call}::<String>({index}, ({passed})))",
            keep.replace("self.", adapter)
        ),
        None if method.infallible => format!("Ok({call}({index}, ({passed})))"),
        None => format!("{call}({index}, ({passed}))"),
    }
}

/// A type that implements the trait by what it points to: for `impl Trait`.
fn forwarding(interface: &Interface) -> String {
    let name = forwarder(&interface.python);
    let body = |_: usize, method: &Method, names: &[String]| {
        let reference = method.receiver.trim_end_matches("self");
        let passed: String = names.iter().map(|each| format!(", {each}")).collect();
        Some(format!(
            "{}::{}({reference}*self.0{passed})",
            method.of_trait, method.name
        ))
    };
    let (send, sync) = interface.threads;
    let send = if send { " + Send" } else { "" };
    let sync = if sync { " + Sync" } else { "" };
    let generics = format!("<P: std::ops::DerefMut{send}{sync}>");
    let bounds = |each: &str| format!("\nwhere\n    P::Target: {each},\n");
    format!(
        "struct {name}<P>(P);\n\n{}",
        implementations(interface, &generics, &format!("{name}<P>"), &bounds, &body)
    )
}

/// The trait's objects of handles and of Python.
fn object_block(interface: &Interface, send: bool, sync: bool) -> String {
    let object = object(&interface.rust, send, sync);
    let fits = interface
        .implementors
        .iter()
        .filter(|each| (each.send || !send) && (each.sync || !sync));
    let (mut lend, mut take) = (String::new(), String::new());
    for each in fits {
        let rust = &each.rust;
        let test = format!("        if tag == <{rust} as rt::Bound>::tag() {{\n");
        let _ = write!(
            lend,
            "{test}            return unsafe {{ rt::guarded::<{rust}>(header, exclusive) }}\
             .map(|guard| guard.cast(|value| value as *mut Self));\n        }}\n"
        );
        let _ = write!(
            take,
            "{test}            return unsafe {{ rt::take::<{rust}>(header) }}\
             .map(|value| Box::new(value) as Box<Self>);\n        }}\n"
        );
    }
    let name = &interface.place.name;
    let foreign = match &interface.closed {
        Some(reason) => format!("Err(rt::Fault::value({reason:?}))"),
        None => format!(
            "Ok(Box::new({} {{ object, overridden, texts: rt::Texts::default() }}))",
            adapter_name(interface)
        ),
    };
    let lowers = match interface.objects.get(&(send, sync)) {
        Some(around) => {
            let own = interface.threads;
            lowers(around, &object, (send || own.0) && (sync || own.1))
        }
        None => String::new(),
    };
    let lifts = ["Box", "std::rc::Rc", "std::sync::Arc"].map(|pointer| {
        format!(
            "impl rt::Lift for {pointer}<{object}> {{\n    \
             fn lift(from: &mut rt::Reader<'_>) -> Result<Self, rt::Fault> {{\n        \
             rt::lift_boxed::<{object}>(from).map(Self::from)\n    }}\n}}\n\n"
        )
    });
    format!(
        "impl rt::Object for {object} {{\n    \
         unsafe fn lend(header: *mut rt::Header, exclusive: bool) -> Result<rt::Guard<Self>, rt::Fault> {{\n        \
         // SAFETY: as the caller says; each type by its tag.\n        \
         let tag = unsafe {{ rt::tag_of(header) }};\n{lend}        \
         Err(rt::no_implementor({name:?}))\n    }}\n\n    \
         unsafe fn take(header: *mut rt::Header) -> Result<Box<Self>, rt::Fault> {{\n        \
         // SAFETY: as above.\n        \
         let tag = unsafe {{ rt::tag_of(header) }};\n{take}        \
         Err(rt::no_implementor({name:?}))\n    }}\n\n    \
         fn foreign(object: rt::Callback, overridden: u64) -> Result<Box<Self>, rt::Fault> {{\n        \
         {foreign}\n    }}\n}}\n\n{lowers}{}",
        lifts.concat()
    )
}

/// How trait objects get to Python: in the shim's own type, whoever has them.
fn lowers(around: &str, object: &str, threads: bool) -> String {
    let own = [
        ("Box", "Boxed"),
        ("std::rc::Rc", "Rc"),
        ("std::sync::Arc", "Arc"),
    ];
    // What other threads may use is in no `Rc`.
    let own = own
        .into_iter()
        .filter(|(_, kind)| !threads || *kind != "Rc");
    let around = around.split('<').next().unwrap_or_default();
    let mut text = format!("lower_objects!({around}, {object});\n");
    for (pointer, kind) in own {
        let _ = writeln!(
            text,
            "lower_object!({around}, {kind}, {pointer}<{object}>);"
        );
    }
    text + "\n"
}

/// The traits, each after those that it requires.
pub(super) fn bases_first(interfaces: &[Interface]) -> Vec<&Interface> {
    let mut all: Vec<&Interface> = interfaces.iter().collect();
    all.sort_by_key(|each| each.bases.len());
    all
}

/// The base class: what Python's own objects implement, and Rust's are instances of.
pub(super) fn class(interface: &Interface) -> String {
    let mut lines: Vec<String> = docstring(&interface.docs)
        .lines()
        .map(str::to_owned)
        .collect();
    lines.push("__slots__ = ()".into());
    for method in interface.methods.iter().filter(|each| each.own) {
        lines.push(String::new());
        lines.extend(match &method.call {
            Some(call) => python::function(call, &method.python, Role::Method, None),
            None => {
                let mut lines = signature(method, true);
                lines.push("    raise NotImplementedError".into());
                lines
            }
        });
    }
    let bases = match &interface.bases[..] {
        [] => "_rt.Trait".to_owned(),
        bases => bases.join(", "),
    };
    format!(
        "class {}({bases}):\n{}\n\n",
        interface.python,
        indented(&lines, 4)
    )
}

fn signature(method: &Method, documented: bool) -> Vec<String> {
    let parameters = method
        .parameters
        .iter()
        .map(|(name, _, codec)| format!(", {name}: {}", codec.gives));
    let head = format!(
        "def {}(self{}) -> {}:",
        method.python,
        parameters.collect::<String>(),
        method.result.takes
    );
    if method.docs.is_empty() || !documented {
        return vec![head];
    }
    let docs = docstring(&method.docs);
    std::iter::once(head)
        .chain(docs.lines().map(|line| format!("    {line}")))
        .collect()
}

/// What codecs have to know of the trait.
pub(super) fn registration(interface: &Interface) -> String {
    let methods = interface.methods.iter().map(|method| {
        let parameters: String = method
            .parameters
            .iter()
            .map(|(.., codec)| format!("{}, ", codec.make))
            .collect();
        let provided = if method.provided { "True" } else { "False" };
        format!(
            "({:?}, ({parameters}), {}, {provided}), ",
            method.python, method.result.make
        )
    });
    let closed = match &interface.closed {
        Some(reason) => format!("{reason:?}"),
        None => "None".to_owned(),
    };
    format!(
        "_rt.register_trait({:?}, {}, ({}), {closed})\n",
        interface.python,
        interface.python,
        methods.collect::<String>()
    )
}

/// For type checkers: a protocol of the methods that an object must have, and the class.
pub(super) fn stub(interface: &Interface) -> String {
    let python = &interface.python;
    let mut required = Vec::new();
    let mut provided = Vec::new();
    for method in interface.methods.iter().filter(|each| each.own) {
        let mut lines = signature(method, true);
        if lines.len() == 1 {
            lines[0].push_str(" ...");
        }
        if method.provided {
            &mut provided
        } else {
            &mut required
        }
        .extend(lines);
    }
    let docs: Vec<String> = docstring(&interface.docs)
        .lines()
        .map(str::to_owned)
        .collect();
    required.splice(0..0, docs.clone());
    provided.splice(0..0, docs);
    let protocols: String = interface
        .bases
        .iter()
        .map(|base| format!("_{base}Like, "))
        .collect();
    let bases: String = interface
        .bases
        .iter()
        .map(|base| format!(", {base}"))
        .collect();
    format!(
        "class _{python}Like({protocols}_t.Protocol):\n{}\n\
         class {python}(_{python}Like{bases}):\n{}\n",
        indented(&required, 4),
        indented(&provided, 4)
    )
}
