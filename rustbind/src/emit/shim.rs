//! The shim's source: an exported function for each call.

use std::fmt::Write as _;
use std::ops::Range;

use super::traits;

use crate::plan::Plan;
use crate::plan::argument::{Pointer, PointerKind};
use crate::plan::call::{Call, SUCCEEDED};
use crate::plan::classes::Class;

/// A shim's source, and which lines belong to what.
#[derive(Debug, Clone, Default)]
pub struct Shim {
    /// The text of `lib.rs`.
    pub text: String,
    blocks: Vec<(Range<usize>, String)>,
    lines: usize,
}

impl Shim {
    /// Writes the shim of a plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let mut shim = Self::default();
        shim.push(None, &prologue(&plan.names.krate));
        if plan.complex {
            shim.push(None, "complex!(f32);\ncomplex!(f64);\n\n");
        }
        for class in &plan.classes {
            shim.push(Some(&class.known.python), &type_block(class));
        }
        for (rust, declaration) in &plan.collections {
            shim.push(Some(rust), &format!("{declaration}, {rust});\n\n"));
        }
        for interface in &plan.interfaces {
            shim.push(Some(&interface.python), &traits::block(interface));
        }
        for call in plan.calls() {
            shim.push(Some(&call.symbol), &function(call));
        }
        shim
    }

    fn push(&mut self, name: Option<&str>, text: &str) {
        let start = self.lines + 1;
        self.lines += text.lines().count();
        if let Some(name) = name {
            self.blocks.push((start..self.lines + 1, name.to_owned()));
        }
        self.text.push_str(text);
    }

    /// The symbol, or the class, that a line belongs to.
    #[must_use]
    pub fn at(&self, line: usize) -> Option<&str> {
        let index = self.blocks.partition_point(|(range, _)| range.end <= line);
        let (range, name) = self.blocks.get(index)?;
        range.contains(&line).then_some(name)
    }
}

fn prologue(krate: &str) -> String {
    format!(
        r#"//! The bindings of `{krate}`: made by rustbind, not to be edited while it is rustbind's.
//!
//! Every pointer to a handle may be null and is borrowed for the call; every other
//! pointer goes with the length before it. `room__` has room for 4096 bytes. All
//! functions may be called from any thread, and what a handle refuses is an error.
#![allow(clippy::all, deprecated, unused, non_snake_case)]

mod rt;

/// Sets the function that calls Python, or none when Python ends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_start(trampoline: u64) {{
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {{
        rt::quiet_panics();
        rt::watch_forks();
    }});
    // SAFETY: Python passes the address of a function of this type, or 0.
    rt::set_trampoline(unsafe {{ std::mem::transmute::<usize, Option<rt::Trampoline>>(trampoline as usize) }});
}}
packed!({krate}_rt_start__packed => {krate}_rt_start(trampoline: u64;) -> ());

/// Writes why this thread's last call failed; nothing if it did not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_fault(room__: *mut u8) -> i64 {{
    // SAFETY: as the crate's documentation says.
    unsafe {{ rt::fault(room__) }}
}}
packed!({krate}_rt_fault__packed => {krate}_rt_fault(; room__: room) -> i64);

/// Frees a result that did not fit into the room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_free_bytes(pointer: u64, count: u64) {{
    // SAFETY: Python passes what a function has written.
    unsafe {{ rt::free_bytes(std::ptr::with_exposed_provenance_mut(pointer as usize), count as usize) }}
}}
packed!({krate}_rt_free_bytes__packed => {krate}_rt_free_bytes(pointer: u64, count: u64;) -> ());

/// Gives the result of a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_reply(reply: u64, count: u64, data: *const u8) {{
    // SAFETY: Python passes what its callback was given.
    unsafe {{ rt::reply(std::ptr::with_exposed_provenance_mut(reply as usize), data, count as usize) }}
}}
packed!({krate}_rt_reply__packed => {krate}_rt_reply(reply: u64, count: u64; data: input) -> ());

/// Tells whether Rust has a Python function, by its number: 1 or 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_holds(number: u64) -> i32 {{
    i32::from(rt::holds(number))
}}
packed!({krate}_rt_holds__packed => {krate}_rt_holds(number: u64;) -> i32);

/// Tells how many handles there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_live() -> i64 {{
    rt::live()
}}
packed!({krate}_rt_live__packed => {krate}_rt_live(;) -> i64);

/// Gives a handle up; 1 where dropping its value has panicked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_free(handle: *mut rt::Header) -> i32 {{
    // SAFETY: as the crate's documentation says; Python passes each handle once.
    rt::unit(|| Ok(unsafe {{ rt::free(handle) }}))
}}
packed!({krate}_rt_free__packed => {krate}_rt_free(; handle: handle) -> i32);

/// Writes the next item of an iterator as an option.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_next(handle: *mut rt::Header, room__: *mut u8) -> i64 {{
    // SAFETY: as the crate's documentation says.
    unsafe {{ rt::wire(room__, || rt::next(handle)) }}
}}
packed!({krate}_rt_next__packed => {krate}_rt_next(; handle: handle, room__: room) -> i64);

/// Calls a function that Rust has returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_call(count: u64, handle: *mut rt::Header, data: *const u8, room__: *mut u8) -> i64 {{
    // SAFETY: as the crate's documentation says.
    unsafe {{ rt::wire(room__, || rt::call(handle, data, count as usize)) }}
}}
packed!({krate}_rt_call__packed => {krate}_rt_call(count: u64; handle: handle, data: input, room__: room) -> i64);

/// Sends an item through a channel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_send(count: u64, handle: *mut rt::Header, data: *const u8) -> i32 {{
    // SAFETY: as the crate's documentation says.
    rt::unit(|| unsafe {{ rt::send(handle, data, count as usize) }})
}}
packed!({krate}_rt_send__packed => {krate}_rt_send(count: u64; handle: handle, data: input) -> i32);

/// Tells how many items a collection has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_list_count(handle: *mut rt::Header) -> i64 {{
    // SAFETY: as the crate's documentation says.
    rt::signed(|| unsafe {{ rt::list_count(handle) }})
}}
packed!({krate}_rt_list_count__packed => {krate}_rt_list_count(; handle: handle) -> i64);

/// Writes some of a list's items: their number first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_list_read(start: u64, stop: u64, handle: *mut rt::Header, room__: *mut u8) -> i64 {{
    // SAFETY: as the crate's documentation says.
    unsafe {{ rt::wire(room__, || rt::list_read(handle, start, stop)) }}
}}
packed!({krate}_rt_list_read__packed => {krate}_rt_list_read(start: u64, stop: u64; handle: handle, room__: room) -> i64);

/// Puts items in the place of some of a list's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_list_splice(start: u64, stop: u64, count: u64, handle: *mut rt::Header, data: *const u8) -> i32 {{
    // SAFETY: as the crate's documentation says.
    rt::unit(|| unsafe {{ rt::list_splice(handle, start, stop, data, count as usize) }})
}}
packed!({krate}_rt_list_splice__packed => {krate}_rt_list_splice(start: u64, stop: u64, count: u64; handle: handle, data: input) -> i32);

/// Gives a handle to a list's item in its place.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_list_item(index: u64, handle: *mut rt::Header) -> *mut rt::Header {{
    // SAFETY: as the crate's documentation says.
    rt::handle(|| unsafe {{ rt::list_item(handle, index) }})
}}
packed!({krate}_rt_list_item__packed => {krate}_rt_list_item(index: u64; handle: handle) -> *mut rt::Header);

/// Moves an item out of a list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_list_remove(index: u64, handle: *mut rt::Header) -> *mut rt::Header {{
    // SAFETY: as the crate's documentation says.
    rt::handle(|| unsafe {{ rt::list_remove(handle, index) }})
}}
packed!({krate}_rt_list_remove__packed => {krate}_rt_list_remove(index: u64; handle: handle) -> *mut rt::Header);

/// Writes where a list's numbers are, how many, and the handle that keeps them there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_list_view(handle: *mut rt::Header, room__: *mut u8) -> i64 {{
    // SAFETY: as the crate's documentation says.
    unsafe {{ rt::wire(room__, || rt::list_view(handle)) }}
}}
packed!({krate}_rt_list_view__packed => {krate}_rt_list_view(; handle: handle, room__: room) -> i64);

/// Writes a map's keys; if `whole` is 1, its entries.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_table_read(whole: u64, handle: *mut rt::Header, room__: *mut u8) -> i64 {{
    // SAFETY: as the crate's documentation says.
    unsafe {{ rt::wire(room__, || rt::table_read(handle, whole == 1)) }}
}}
packed!({krate}_rt_table_read__packed => {krate}_rt_table_read(whole: u64; handle: handle, room__: room) -> i64);

/// Writes the value of a key as an option; where values are handles, whether there is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_table_find(count: u64, handle: *mut rt::Header, data: *const u8, room__: *mut u8) -> i64 {{
    // SAFETY: as the crate's documentation says.
    unsafe {{ rt::wire(room__, || rt::table_find(handle, data, count as usize)) }}
}}
packed!({krate}_rt_table_find__packed => {krate}_rt_table_find(count: u64; handle: handle, data: input, room__: room) -> i64);

/// Puts a value in the place of that of a key: the key and the value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_table_put(count: u64, handle: *mut rt::Header, data: *const u8) -> i32 {{
    // SAFETY: as the crate's documentation says.
    rt::unit(|| unsafe {{ rt::table_put(handle, data, count as usize) }})
}}
packed!({krate}_rt_table_put__packed => {krate}_rt_table_put(count: u64; handle: handle, data: input) -> i32);

/// Removes a key from a map; tells whether it was there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_table_remove(count: u64, handle: *mut rt::Header, data: *const u8) -> i64 {{
    // SAFETY: as the crate's documentation says.
    rt::signed(|| unsafe {{ rt::table_remove(handle, data, count as usize) }})
}}
packed!({krate}_rt_table_remove__packed => {krate}_rt_table_remove(count: u64; handle: handle, data: input) -> i64);

/// Empties a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_table_clear(handle: *mut rt::Header) -> i32 {{
    // SAFETY: as the crate's documentation says.
    rt::unit(|| unsafe {{ rt::table_clear(handle) }})
}}
packed!({krate}_rt_table_clear__packed => {krate}_rt_table_clear(; handle: handle) -> i32);

/// Gives a handle to a map's value in its place.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_table_item(count: u64, handle: *mut rt::Header, data: *const u8) -> *mut rt::Header {{
    // SAFETY: as the crate's documentation says.
    rt::handle(|| unsafe {{ rt::table_item(handle, data, count as usize) }})
}}
packed!({krate}_rt_table_item__packed => {krate}_rt_table_item(count: u64; handle: handle, data: input) -> *mut rt::Header);

/// Moves a value out of a map.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn {krate}_rt_table_take(count: u64, handle: *mut rt::Header, data: *const u8) -> *mut rt::Header {{
    // SAFETY: as the crate's documentation says.
    rt::handle(|| unsafe {{ rt::table_take(handle, data, count as usize) }})
}}
packed!({krate}_rt_table_take__packed => {krate}_rt_table_take(count: u64; handle: handle, data: input) -> *mut rt::Header);

"#
    )
}

fn type_block(class: &Class) -> String {
    let (rust, python) = (&class.known.rust, &class.known.python);
    if class.known.plain {
        let variants = class.plain.iter().map(|each| {
            let (name, number) = (&each.name, each.discriminant);
            format!("{number}, {rust}::{name} {{ .. }}, {rust}::{name} {{}}; ")
        });
        return format!("plain!({rust} {{ {}}});\n\n", variants.collect::<String>());
    }
    let lower = if class.known.borrows {
        "lower_pinned"
    } else {
        "lower_owned"
    };
    let lift = if class.known.copy {
        "lift_copy"
    } else {
        "lift_owned"
    };
    let mut text = format!(
        "bound!({rust}, {python:?});\n\n\
         impl rt::Lower for {rust} {{\n    fn lower(self, out: &mut rt::Writer) {{\n        \
         rt::{lower}(self, out);\n    }}\n}}\n\n\
         impl rt::Lift for {rust} {{\n    \
         fn lift(from: &mut rt::Reader<'_>) -> Result<Self, rt::Fault> {{\n        \
         rt::{lift}(from)\n    }}\n}}\n\n"
    );
    if class.error {
        let _ = write!(
            text,
            "impl rt::IntoFault for {rust} {{\n    fn into_fault(self) -> rt::Fault {{\n        \
             let described = described!(&self);\n        \
             rt::Fault::of_value(self, described.message, described.causes)\n    }}\n}}\n\n"
        );
    }
    text
}

fn function(call: &Call) -> String {
    let symbol = &call.symbol;
    let pointers = call.pointers();
    let numbers: Vec<String> = call
        .all()
        .flat_map(|each| &each.numbers)
        .map(|number| format!("{}: {}", number.name, number.rust))
        .collect();
    let declared = pointers
        .iter()
        .map(|each| format!("{}: {}", each.name, pointer_type(each.kind)));
    let parameters: Vec<String> = numbers.iter().cloned().chain(declared).collect();
    let kinds: Vec<String> = pointers
        .iter()
        .map(|each| format!("{}: {}", each.name, pointer_word(each.kind)))
        .collect();
    let addressed: Vec<&str> = call.addressed().map(|each| each.name.as_str()).collect();
    let addressed = match addressed.is_empty() {
        true => String::new(),
        false => format!("; {}", addressed.join(", ")),
    };
    let returns = call.outcome.returns;
    let mut text = documentation(&call.docs, &call.item);
    let _ = writeln!(text, "#[unsafe(no_mangle)]");
    let _ = writeln!(
        text,
        "pub unsafe extern \"C\" fn {symbol}({}) -> {returns} {{",
        parameters.join(", ")
    );
    let _ = writeln!(
        text,
        "    // SAFETY: the arguments are as the crate's documentation says."
    );
    if call.outcome.out {
        let _ = writeln!(
            text,
            "    unsafe {{ rt::{}(room__, || {{",
            call.outcome.wrapper
        );
    } else {
        let _ = writeln!(text, "    unsafe {{ rt::{}(|| {{", call.outcome.wrapper);
    }
    text.push_str(&super::indented(&body(call), 8));
    let _ = writeln!(text, "    }}) }}\n}}");
    let _ = writeln!(
        text,
        "packed!({symbol}__packed => {symbol}({}; {}{}) -> {returns});\n",
        numbers.join(", "),
        kinds.join(", "),
        addressed
    );
    text
}

fn body(call: &Call) -> Vec<String> {
    let mut lines = Vec::new();
    if call
        .all()
        .any(|each| each.prepare.iter().any(|line| line.contains("&call__")))
    {
        lines.push("let call__ = ();".to_owned());
    }
    let memories: Vec<&String> = call.all().filter_map(|each| each.memory.as_ref()).collect();
    let changed = call
        .all()
        .filter_map(|each| each.memory.as_ref())
        .any(|each| each.ends_with("true)"));
    if changed && memories.len() > 1 {
        let memories: Vec<&str> = memories.iter().map(|each| each.as_str()).collect();
        lines.push(format!("rt::disjoint(&[{}])?;", memories.join(", ")));
    }
    lines.extend(call.all().flat_map(|each| each.prepare.iter().cloned()));
    lines.extend(call.all().flat_map(|each| each.commit.iter().cloned()));
    lines.push(format!("let value__ = {};", call.expression));
    lines.extend(call.all().flat_map(|each| each.conclude.iter().cloned()));
    if call.fallible {
        lines.push(SUCCEEDED.into());
    }
    lines.extend(call.outcome.convert.iter().cloned());
    lines
}

fn pointer_type(kind: PointerKind) -> &'static str {
    match kind {
        PointerKind::Handle => "*mut rt::Header",
        PointerKind::Input | PointerKind::Numbers => "*const u8",
        PointerKind::Output | PointerKind::Room => "*mut u8",
    }
}

fn pointer_word(kind: PointerKind) -> &'static str {
    match kind {
        PointerKind::Handle => "handle",
        PointerKind::Input => "input",
        PointerKind::Numbers => "numbers",
        PointerKind::Output => "output",
        PointerKind::Room => "room",
    }
}

/// The code that Python's side has for a pointer.
pub(super) fn pointer_code(pointer: &Pointer) -> char {
    match pointer.kind {
        PointerKind::Handle => 'p',
        PointerKind::Input | PointerKind::Numbers => 's',
        PointerKind::Output | PointerKind::Room => 'o',
    }
}

fn documentation(docs: &str, item: &str) -> String {
    let text = if docs.is_empty() { item } else { docs };
    text.lines()
        .map(|line| format!("/// {}\n", line.replace("*/", "* /")))
        .collect()
}
