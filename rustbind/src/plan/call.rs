//! One exported function: a call of the crate's code, with all that crosses.

use super::argument::{
    Argument, Borrowed, Pointer, PointerKind, argument, kept_pointer, one_or_more,
};
use super::codec::{Codec, number_code};
use super::names::{Names, parameters};
use super::outcome::{Outcome, check_kept, keeps, outcome, sources};
use crate::model::{Function, Parameter, Std, Type};

/// A call, planned for both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The item's path, for reports.
    pub item: String,
    /// The exported function.
    pub symbol: String,
    /// The documentation.
    pub docs: String,
    /// Python: what is done first of all.
    pub first: Vec<String>,
    /// The receiver, named `this`.
    pub receiver: Option<Argument>,
    /// The other arguments.
    pub arguments: Vec<Argument>,
    /// Rust: the expression to evaluate.
    pub expression: String,
    /// Whether it gives a `Result`.
    pub fallible: bool,
    /// Python: what the items of the last argument may be one by one, and what they are.
    pub variadic: Option<Variadic>,
    /// Its result.
    pub outcome: Outcome,
}

/// A last argument that is a list, or its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variadic {
    /// The classes of an item, where its codec does not take a single one as well.
    pub classes: Option<String>,
    /// An item's annotation.
    pub takes: String,
}

impl Call {
    /// The receiver, then the other arguments.
    pub fn all(&self) -> impl Iterator<Item = &Argument> {
        self.receiver.iter().chain(&self.arguments)
    }

    /// The codes of the numbers that are passed.
    #[must_use]
    pub fn codes(&self) -> String {
        self.all()
            .flat_map(|each| &each.numbers)
            .map(|number| number.code)
            .collect()
    }

    /// The pointers whose addresses may be passed beside the numbers.
    pub fn addressed(&self) -> impl Iterator<Item = &Pointer> {
        self.all()
            .flat_map(|each| &each.pointers)
            .filter(|pointer| pointer.kind == PointerKind::Numbers)
    }

    /// The pointers that are passed, the buffer for the result last.
    #[must_use]
    pub fn pointers(&self) -> Vec<Pointer> {
        let mut pointers: Vec<Pointer> = self
            .all()
            .flat_map(|each| &each.pointers)
            .cloned()
            .collect();
        if self.outcome.out {
            pointers.push(Pointer {
                name: "room__".into(),
                kind: PointerKind::Room,
                python: "_o[0]".into(),
            });
        }
        pointers
    }
}

/// Plans the call of a function.
///
/// # Errors
/// Why it cannot be called.
pub fn call(
    item: &str,
    symbol: &str,
    function: &Function,
    names: &Names,
    expression: &dyn Fn(&[String]) -> String,
) -> Result<Call, String> {
    check_kept(function, names)?;
    let mut arguments = Vec::new();
    let called = parameters(&function.parameters);
    for (index, parameter) in function.parameters.iter().enumerate() {
        let is_receiver = function.method && index == 0;
        let planned = if is_receiver {
            receiver(&parameter.type_, names)
        } else {
            argument(&called[index], &parameter.type_, names)
        };
        let reason = |reason| format!("its parameter `{}`: {reason}", parameter.name);
        arguments.push(planned.map_err(reason)?);
    }
    let (output, fallible) = unwrapped(&function.output);
    if keeps(output, names) {
        arguments.iter_mut().for_each(extend);
    }
    if may_keep_functions(function) {
        let pairs = function.parameters.iter().zip(&mut arguments);
        let pointers = pairs.filter(|(parameter, _)| is_pointer(&parameter.type_));
        pointers.for_each(|(_, argument)| kept_pointer(argument));
    }
    let values: Vec<String> = arguments.iter().map(|each| each.value.clone()).collect();
    let sources = if keeps(output, names) {
        sources(output, function, &mut arguments, names)
    } else {
        Ok(Default::default())
    };
    let outcome = sources
        .and_then(|sources| outcome(output, &sources, names))
        .map_err(|reason| format!("its result: {reason}"))?;
    let outcome = rewriting(outcome, output, &mut arguments, names)?;
    let variadic = variadic(function, names)?;
    if variadic
        .as_ref()
        .is_some_and(|items| items.classes.is_none())
    {
        arguments.iter_mut().next_back().map(one_or_more);
    }
    let mut arguments = arguments.into_iter();
    Ok(Call {
        item: item.to_owned(),
        symbol: exported(symbol),
        docs: function.docs.clone(),
        first: Vec::new(),
        receiver: arguments.next_if_method(function.method),
        arguments: arguments.collect(),
        expression: expression(&values),
        fallible,
        variadic,
        outcome,
    })
}

/// A last `&[T]` also takes its items one by one, where an item is no list itself.
fn variadic(function: &Function, names: &Names) -> Result<Option<Variadic>, String> {
    let last = function.parameters.last().map(|last| &last.type_);
    let Some(Type::Reference {
        mutable: false, to, ..
    }) = last
    else {
        return Ok(None);
    };
    let Type::Slice(item) = &**to else {
        return Ok(None);
    };
    let inner = match &**item {
        Type::Reference {
            mutable: false, to, ..
        } => to,
        other => other,
    };
    let classes = match inner {
        Type::Integer(name) if name == "u8" => return Ok(None),
        Type::Integer(_) => "_int".to_owned(),
        Type::Float(_) => "(_int, _float)".to_owned(),
        Type::Bool => "_bool".to_owned(),
        Type::Char | Type::Str | Type::String => "_str".to_owned(),
        Type::Path | Type::PathBuf => "(_str, _os.PathLike)".to_owned(),
        Type::Named { definition, .. } => names.known(definition)?.python.clone(),
        _ => return Ok(None),
    };
    let takes = super::codec::codec(inner, names)?.takes;
    let classes = number_code(inner).is_none().then_some(classes);
    Ok(Some(Variadic { classes, takes }))
}

fn is_pointer(type_: &Type) -> bool {
    matches!(type_, Type::Function { kind, .. } if kind == "fn")
}

/// Whether a function has somewhere to keep a function pointer in: the receiver or the result.
fn may_keep_functions(function: &Function) -> bool {
    function.method
        || function
            .output
            .any(&mut |part| matches!(part, Type::Named { .. }))
}

/// Lets a result borrow from an argument for longer than the call: the handle that the
/// result goes into keeps the argument borrowed.
fn extend(argument: &mut Argument) {
    let name = &argument.name;
    match &argument.borrowed {
        Some(borrowed) if borrowed.exclusive => {
            argument.value = format!("unsafe {{ {name}.extended_mut() }}");
        }
        Some(_) => argument.value = format!("unsafe {{ {name}.extended() }}"),
        None if argument.optional => {
            argument.value = format!("{name}.as_ref().map(|each| unsafe {{ each.extended() }})");
        }
        None => {}
    }
}

/// Rust: goes on with the value of a `Result`.
pub const SUCCEEDED: &str = "let value__ = match value__ { Ok(value__) => value__, \
                             Err(error__) => return Err(failed!(error__)) };";

trait NextIfMethod: Iterator {
    fn next_if_method(&mut self, method: bool) -> Option<Self::Item> {
        if method { self.next() } else { None }
    }
}

impl<I: Iterator> NextIfMethod for I {}

/// What a function gives where it does not fail, and whether it may.
pub fn unwrapped(output: &Type) -> (&Type, bool) {
    match output {
        Type::Std(Std::Result, items) => (items.first().unwrap_or(output), true),
        _ => (output, false),
    }
}

/// The receiver: `this` in Rust, `self` in Python.
fn receiver(type_: &Type, names: &Names) -> Result<Argument, String> {
    let mut this = argument("this", type_, names)?;
    if matches!(type_, Type::Reference { to, .. } if matches!(**to, Type::Trait { .. })) {
        for line in &mut this.before {
            *line = line.replacen(", this)", ", self)", 1);
        }
        return Ok(this);
    }
    for number in &mut this.numbers {
        number.python = number.python.replacen("this", "self", 1);
    }
    for pointer in &mut this.pointers {
        pointer.python = pointer.python.replacen("this", "self", 1);
    }
    if this.before.is_empty() {
        Ok(this)
    } else {
        Err("a receiver that is not an object".into())
    }
}

/// The outcome that also brings back what was changed in lists, dicts and sets.
fn rewriting(
    outcome: Outcome,
    output: &Type,
    arguments: &mut [Argument],
    names: &Names,
) -> Result<Outcome, String> {
    let changed: Vec<&mut Argument> = arguments.iter_mut().filter(|each| each.rewritten).collect();
    if changed.is_empty() {
        return Ok(outcome);
    }
    if keeps(output, names) {
        return Err("a borrowed result beside a changed list".into());
    }
    let result = super::codec::codec(output, names)?;
    let mut convert = vec![
        "let mut out__ = rt::Writer::default();".to_owned(),
        "rt::Lower::lower(value__, &mut out__);".to_owned(),
    ];
    let mut finish = vec![
        "_data = _rt.result_bytes(_r, _o)".to_owned(),
        format!("_r, _at = {}.read(_data, 0)", names.constant(&result.make)),
    ];
    for each in changed {
        let (name, make) = (&each.name, &each.codec.make);
        convert.push(format!("rt::Lower::lower({name}, &mut out__);"));
        finish.push(format!("_at = _rt.rewrite({name}, {make}, _data, _at)"));
    }
    convert.push("Ok(out__)".into());
    finish.push("return _r".into());
    Ok(Outcome {
        wrapper: "wire",
        returns: "i64",
        code: 'q',
        out: true,
        convert,
        finish,
        gives: outcome.gives,
    })
}

/// A call without parameters that evaluates an expression.
///
/// # Errors
/// Why its value does not cross.
pub fn getter(
    item: &str,
    symbol: &str,
    type_: &Type,
    expression: &str,
    docs: &str,
    names: &Names,
) -> Result<Call, String> {
    let function = simple(docs, Vec::new(), type_.clone());
    call(item, symbol, &function, names, &|_| expression.to_owned())
}

/// A name that linkers take: other letters than ASCII's by their numbers.
fn exported(symbol: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut text = String::with_capacity(symbol.len());
    for letter in symbol.chars() {
        if plain(letter) {
            text.push(letter);
        } else {
            text.push_str(&format!("u{:x}_", u32::from(letter)));
        }
    }
    text
}

/// A call that evaluates an expression with its parameter `new`.
///
/// # Errors
/// Why the value does not cross.
pub fn setter(
    item: &str,
    symbol: &str,
    type_: &Type,
    expression: &str,
    names: &Names,
) -> Result<Call, String> {
    let new = Parameter {
        name: "new".into(),
        type_: type_.clone(),
    };
    let function = simple("", vec![new], Type::Unit);
    call(item, symbol, &function, names, &|values| {
        let value = values.first().map_or("", String::as_str);
        format!("{{ let new = {value}; {expression}; }}")
    })
}

/// A function that exists for one call only.
#[must_use]
pub fn simple(docs: &str, parameters: Vec<Parameter>, output: Type) -> Function {
    let method = parameters.first().is_some_and(|first| first.name == "self");
    Function {
        module: Vec::new(),
        name: String::new(),
        docs: docs.to_owned(),
        of_trait: None,
        parameters,
        method,
        output,
        lifetimes: Vec::new(),
        instance: None,
    }
}

/// A call that gives a handle to a part of the receiver's value.
#[must_use]
pub fn part(
    item: &str,
    symbol: &str,
    docs: &str,
    parent: &str,
    child: &Child,
    pattern: &Part,
) -> Call {
    let Child {
        rust: child,
        wrap,
        gives,
    } = child;
    // What the part is must be what the plan says: the compiler compares.
    let collection = child.strip_prefix("rt::InPlace<");
    let type_ = collection.and_then(|rest| rest.strip_suffix('>'));
    let type_ = type_.unwrap_or(child);
    let select = match pattern {
        Part::Field(field) => format!(
            "let found: *mut {type_} = unsafe {{ &raw mut (*value.cast::<{parent}>()).{field} }}; \
             found.cast()"
        ),
        Part::Variant { pattern, field } => format!(
            "let found: *mut {type_} = \
             if exclusive {{ match unsafe {{ &mut *value.cast::<{parent}>() }} {{ \
             {pattern} => std::ptr::from_mut({field}), _ => std::ptr::null_mut() }} }} \
             else {{ match unsafe {{ &*value.cast::<{parent}>() }} {{ \
             {pattern} => std::ptr::from_ref({field}).cast_mut(), \
             _ => std::ptr::null_mut() }} }}; found.cast()"
        ),
    };
    let this = Argument {
        borrowed: Some(Borrowed {
            exclusive: false,
            lifetimes: Vec::new(),
        }),
        ..bare_handle()
    };
    Call {
        item: item.to_owned(),
        symbol: exported(symbol),
        docs: docs.to_owned(),
        first: Vec::new(),
        receiver: Some(this),
        arguments: Vec::new(),
        expression: format!(
            "{{ #[allow(unused_variables)] unsafe fn project(value: *mut (), exclusive: bool, _: rt::Which<'_>) -> *mut () {{ \
             #[allow(unreachable_patterns)] {{ {select} }} }} \
             drop(unsafe {{ rt::shared::<{parent}>(this) }}?); \
             unsafe {{ rt::part::<{child}>(this, project, rt::Which::Field) }} }}"
        ),
        fallible: false,
        variadic: None,
        outcome: Outcome {
            wrapper: "handle",
            returns: "*mut rt::Header",
            code: 'p',
            out: false,
            convert: vec!["Ok(value__)".into()],
            finish: vec!["if not _r: _rt.fail()".into(), format!("return {wrap}")],
            gives: gives.clone(),
        },
    }
}

/// What a part of a value is.
#[derive(Debug, Clone)]
pub struct Child {
    /// Its type in handles.
    pub rust: String,
    /// Python: the expression that makes the object of the handle `_r`.
    pub wrap: String,
    /// Its annotation.
    pub gives: String,
}

/// Which part of a value.
pub enum Part {
    /// A struct's field.
    Field(String),
    /// A variant's field.
    Variant {
        /// The pattern that binds it.
        pattern: String,
        /// The name that it binds it to.
        field: String,
    },
}

fn bare_handle() -> Argument {
    Argument {
        name: "this".into(),
        codec: Codec {
            make: "_rt.UNIT".into(),
            takes: String::new(),
            gives: String::new(),
        },
        numbers: Vec::new(),
        pointers: vec![Pointer {
            name: "this".into(),
            kind: PointerKind::Handle,
            python: "self._h".into(),
        }],
        before: Vec::new(),
        after: Vec::new(),
        prepare: Vec::new(),
        commit: Vec::new(),
        value: "this".into(),
        conclude: Vec::new(),
        borrowed: None,
        optional: false,
        rewritten: false,
        memory: None,
    }
}

/// A call that tells which variant the receiver's value is.
#[must_use]
pub fn variant_of(item: &str, symbol: &str, rust: &str, arms: &str) -> Call {
    let mut call = part(
        item,
        symbol,
        "",
        rust,
        &Child {
            rust: rust.to_owned(),
            wrap: String::new(),
            gives: String::new(),
        },
        &Part::Field(String::new()),
    );
    call.expression = format!(
        "{{ let this = unsafe {{ rt::shared::<{rust}>(this) }}?; match &*this {{ {arms} }} }}"
    );
    call.outcome = Outcome {
        wrapper: "signed",
        returns: "i64",
        code: 'q',
        out: false,
        convert: vec!["Ok(value__)".into()],
        finish: Vec::new(),
        gives: String::new(),
    };
    call
}

/// A call that drops the receiver's value.
#[must_use]
pub fn close(item: &str, symbol: &str, rust: &str) -> Call {
    let mut call = variant_of(item, symbol, rust, "");
    call.expression = format!("unsafe {{ rt::close::<{rust}>(this) }}?");
    call.outcome.wrapper = "unit";
    call.outcome.returns = "i32";
    call.outcome.code = 'i';
    call
}
