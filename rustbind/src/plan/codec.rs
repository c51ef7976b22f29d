//! How a type is written in Rust, in Python's annotations, and for the wire.

use super::names::Names;
use crate::model::{Std, Type};

/// A type's codec in Python and its annotations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codec {
    /// The expression that makes the codec.
    pub make: String,
    /// What Python may give.
    pub takes: String,
    /// What Python gets.
    pub gives: String,
}

impl Codec {
    fn new(make: impl Into<String>, annotation: &str) -> Self {
        Self {
            make: make.into(),
            takes: annotation.to_owned(),
            gives: annotation.to_owned(),
        }
    }

    fn taking(mut self, annotation: &str) -> Self {
        annotation.clone_into(&mut self.takes);
        self
    }
}

/// The code that Python's `struct` and `array` have for a number type.
#[must_use]
pub fn number_code(type_: &Type) -> Option<char> {
    let (Type::Integer(name) | Type::Float(name)) = type_ else {
        return None;
    };
    Some(match name.as_str() {
        "i8" => 'b',
        "u8" => 'B',
        "i16" => 'h',
        "u16" => 'H',
        "i32" => 'i',
        "u32" => 'I',
        "i64" | "isize" => 'q',
        "u64" | "usize" => 'Q',
        "f32" => 'f',
        "f64" => 'd',
        _ => return None,
    })
}

/// A type's codec.
///
/// # Errors
/// Why it has none.
pub fn codec(type_: &Type, names: &Names) -> Result<Codec, String> {
    let inner = |type_: &Type| codec(type_, names);
    Ok(match type_ {
        Type::Unit => Codec::new("_rt.UNIT", "None"),
        Type::Bool => Codec::new("_rt.BOOL", "bool"),
        Type::Range(item) => Codec::new(format!("_rt.Span({})", inner(item)?.make), "_range"),
        Type::Stream { write } => Codec::new(
            if *write { "_rt.WRITER" } else { "_rt.READER" },
            "_t.BinaryIO",
        ),
        Type::Ordering => Codec::new("_rt.I8", "int"),
        Type::IoError => Codec::new("_rt.OS_ERROR", "OSError"),
        Type::AnyError { .. } => Codec::new("_rt.ANY_ERROR", "Exception"),
        Type::Char => Codec::new("_rt.CHAR", "str"),
        Type::NonZero(name) => Codec::new(format!("_rt.{}", name.to_uppercase()), "int"),
        Type::Address(name) => address(name),
        Type::Integer(name) => Codec::new(format!("_rt.{}", name.to_uppercase()), "int"),
        Type::Float(name) => Codec::new(format!("_rt.{}", name.to_uppercase()), "float"),
        Type::Complex(name) => {
            Codec::new(format!("_rt.COMPLEX_{}", name.to_uppercase()), "complex")
        }
        Type::Str | Type::String => Codec::new("_rt.STR", "str"),
        Type::Path | Type::PathBuf => {
            Codec::new("_rt.PATH", "_pathlib.Path").taking("_t.Union[str, _os.PathLike[str]]")
        }
        Type::OsStr | Type::OsString => {
            Codec::new("_rt.OS_STR", "str").taking("_t.Union[str, _os.PathLike[str]]")
        }
        Type::Duration => Codec::new("_rt.DURATION", "_datetime.timedelta"),
        Type::SystemTime => Codec::new("_rt.TIME", "_datetime.datetime"),
        Type::Slice(item) | Type::Array(item, _) => items(item, names)?,
        Type::Reference { to, .. } | Type::Like(to) => inner(to)?,
        Type::Tuple(parts) => {
            let parts = parts.iter().map(inner).collect::<Result<Vec<_>, _>>()?;
            several(&parts)
        }
        Type::Std(kind, arguments) => container(*kind, arguments, names)?,
        Type::Named { definition, .. } => {
            let known = names.known(definition)?;
            let kind = if known.plain { "Plain" } else { "Object" };
            Codec::new(format!("_rt.{kind}({:?})", known.python), &known.python)
        }
        Type::Iterator(item) => {
            let item = inner(item)?;
            Codec {
                make: format!("_rt.Items({})", item.make),
                takes: format!("_t.Iterable[{}]", item.takes),
                gives: format!("_t.Iterator[{}]", item.gives),
            }
        }
        Type::Function {
            parameters, output, ..
        } => {
            let parameters = parameters
                .iter()
                .map(inner)
                .collect::<Result<Vec<_>, _>>()?;
            let (output, _) = answer(output, names)?;
            let makes: String = parameters
                .iter()
                .map(|each| format!("{}, ", each.make))
                .collect();
            let gives: Vec<&str> = parameters.iter().map(|each| each.gives.as_str()).collect();
            Codec::new(
                format!("_rt.Function(({makes}), {})", output.make),
                &format!("_t.Callable[[{}], {}]", gives.join(", "), output.takes),
            )
        }
        Type::Trait { definition, .. } => {
            let python = &names.known_trait(definition)?.python;
            let make = match names.known_object(type_) {
                Ok(object) => format!("_rt.Implementor({python:?}, {:?})", object.python),
                Err(_) => format!("_rt.Implementor({python:?})"),
            };
            Codec {
                make,
                takes: format!("_{python}Like"),
                gives: python.clone(),
            }
        }
        Type::Atomic(_) => return Err("an atomic cannot be copied".into()),
        Type::Inferred => return Err("a type without values".into()),
        Type::Unsupported(reason) | Type::Foreign { reason, .. } => return Err(reason.clone()),
    })
}

/// Hosts are what `ipaddress` has, or texts; with a port, pairs as `socket` has them.
fn address(name: &str) -> Codec {
    let (kind, takes) = match name {
        "Ipv4Addr" => (
            "_ipaddress.IPv4Address",
            "_t.Union[str, _ipaddress.IPv4Address]",
        ),
        "Ipv6Addr" => (
            "_ipaddress.IPv6Address",
            "_t.Union[str, _ipaddress.IPv6Address]",
        ),
        "SocketAddr" => return Codec::new("_rt.SOCKET", "_t.Tuple[str, int]"),
        _ => (
            "_t.Union[_ipaddress.IPv4Address, _ipaddress.IPv6Address]",
            "_t.Union[str, _ipaddress.IPv4Address, _ipaddress.IPv6Address]",
        ),
    };
    Codec::new("_rt.HOST", kind).taking(takes)
}

fn several(parts: &[Codec]) -> Codec {
    let join = |part: fn(&Codec) -> &str| parts.iter().map(part).collect::<Vec<_>>().join(", ");
    Codec {
        make: format!("_rt.Several({})", join(|part| &part.make)),
        takes: format!("_t.Tuple[{}]", join(|part| &part.takes)),
        gives: format!("_t.Tuple[{}]", join(|part| &part.gives)),
    }
}

fn items(item: &Type, names: &Names) -> Result<Codec, String> {
    if *item == Type::Integer("u8".into()) {
        return Ok(Codec::new("_rt.BYTES", "bytes").taking("_rt.Buffer"));
    }
    let part = codec(item, names)?;
    if number_code(item).is_some() {
        return Ok(Codec {
            make: format!("_rt.Numbers({})", part.make),
            takes: format!("_t.Union[_rt.Buffer, _t.Iterable[{}]]", part.takes),
            gives: format!("_rt.Array[{}]", part.gives),
        });
    }
    Ok(Codec {
        make: format!("_rt.Items({})", part.make),
        takes: format!("_t.Iterable[{}]", part.takes),
        gives: format!("_t.List[{}]", part.gives),
    })
}

fn container(kind: Std, arguments: &[Type], names: &Names) -> Result<Codec, String> {
    let part = |index: usize| {
        let type_ = arguments
            .get(index)
            .ok_or("a container without its arguments")?;
        codec(type_, names)
    };
    Ok(match kind {
        Std::Vec | Std::VecDeque => {
            items(arguments.first().ok_or("a list without its items")?, names)?
        }
        Std::HashSet | Std::BTreeSet => {
            let item = part(0)?;
            Codec {
                make: format!("_rt.Items({}, set)", item.make),
                takes: format!("_t.AbstractSet[{}]", item.takes),
                gives: format!("_t.Set[{}]", item.gives),
            }
        }
        Std::HashMap | Std::BTreeMap => {
            let (key, value) = (part(0)?, part(1)?);
            Codec {
                make: format!("_rt.Table({}, {})", key.make, value.make),
                takes: format!("_t.Mapping[{}, {}]", key.takes, value.takes),
                gives: format!("_t.Dict[{}, {}]", key.gives, value.gives),
            }
        }
        Std::Option => {
            let value = part(0)?;
            Codec {
                make: format!("_rt.Option({})", value.make),
                takes: format!("_t.Optional[{}]", value.takes),
                gives: format!("_t.Optional[{}]", value.gives),
            }
        }
        Std::Receiver => {
            let item = part(0)?;
            Codec {
                make: format!("_rt.Items({})", item.make),
                takes: format!("_t.Iterable[{}]", item.takes),
                gives: format!("_t.Iterator[{}]", item.gives),
            }
        }
        Std::Sender | Std::SyncSender => {
            let item = part(0)?;
            Codec {
                make: format!("_rt.Sink({})", item.make),
                takes: format!("_t.Callable[[{}], object]", item.gives),
                gives: format!("_rt.Sender[{}]", item.takes),
            }
        }
        Std::ControlFlow => {
            let (end, onwards) = (part(0)?, part(1)?);
            Codec {
                make: format!("_rt.Flow({}, {})", end.make, onwards.make),
                takes: format!("_t.Union[{}, _rt.Break[{}]]", onwards.takes, end.takes),
                gives: format!("_t.Union[{}, _rt.Break[{}]]", onwards.gives, end.gives),
            }
        }
        Std::Box | Std::Rc | Std::Arc | Std::Cow => part(0)?,
        Std::Result => {
            let (value, error) = (part(0)?, part(1)?);
            if !arguments
                .get(1)
                .is_some_and(|error| is_exception(error, names))
            {
                return Err(
                    "a `Result` inside of another type, with an error that is no exception".into(),
                );
            }
            Codec {
                make: format!("_rt.Fallible({}, {})", value.make, error.make),
                takes: format!("_t.Union[{}, {}]", value.takes, error.takes),
                gives: format!("_t.Union[{}, {}]", value.gives, error.gives),
            }
        }
        Std::Mutex | Std::RwLock | Std::LazyLock | Std::OnceLock => {
            return Err("a lock cannot be copied".into());
        }
    })
}

/// Whether a type's values are exceptions in Python.
fn is_exception(type_: &Type, names: &Names) -> bool {
    match type_ {
        Type::IoError => true,
        Type::Std(Std::Box, items) => matches!(items.first(), Some(Type::AnyError { .. })),
        Type::Named { definition, .. } => {
            names.types.get(definition).is_some_and(|known| known.error)
        }
        _ => false,
    }
}

/// What a Python function gives for Rust: its codec, and whether it is a `Result` whose
/// error cannot be made of what the function raises. That unwinds then.
///
/// # Errors
/// Why it does not cross.
pub fn answer(type_: &Type, names: &Names) -> Result<(Codec, bool), String> {
    let Type::Std(Std::Result, items) = type_ else {
        return codec(type_, names).map(|codec| (codec, false));
    };
    let [value, error] = &items[..] else {
        return Err("a `Result` without its arguments".into());
    };
    let value = codec(value, names)?;
    let error = match error {
        Type::String => "_rt.RAISED_TEXT".to_owned(),
        error if is_exception(error, names) => codec(error, names)?.make,
        _ => return Ok((value, true)),
    };
    let make = format!("_rt.Fallible({}, {error})", value.make);
    Ok((Codec { make, ..value }, false))
}

/// A trait object's type.
#[must_use]
pub fn object(rust_trait: &str, send: bool, sync: bool) -> String {
    let send = if send { " + Send" } else { "" };
    let sync = if sync { " + Sync" } else { "" };
    format!("dyn {rust_trait}{send}{sync}")
}

/// A type as Rust writes it, where it owns what it holds.
///
/// # Errors
/// Why it cannot be written.
pub fn rust(type_: &Type, names: &Names) -> Result<String, String> {
    let inner = |type_: &Type| rust(type_, names);
    let list = |types: &[Type]| {
        types
            .iter()
            .map(inner)
            .collect::<Result<Vec<_>, _>>()
            .map(|all| all.join(", "))
    };
    Ok(match type_ {
        Type::Unit => "()".into(),
        Type::Inferred => "_".into(),
        Type::Bool => "bool".into(),
        Type::Char => "char".into(),
        Type::Integer(name) | Type::Float(name) => name.clone(),
        Type::Complex(name) => format!("::num_complex::Complex<{name}>"),
        Type::Str => "str".into(),
        Type::String => "String".into(),
        Type::Path => "std::path::Path".into(),
        Type::PathBuf => "std::path::PathBuf".into(),
        Type::OsStr => "std::ffi::OsStr".into(),
        Type::OsString => "std::ffi::OsString".into(),
        Type::Duration => "std::time::Duration".into(),
        Type::SystemTime => "std::time::SystemTime".into(),
        Type::Ordering => "std::cmp::Ordering".into(),
        Type::IoError => "std::io::Error".into(),
        Type::AnyError { send, sync } => object("std::error::Error", *send, *sync),
        Type::NonZero(name) => format!("std::num::NonZero<{name}>"),
        Type::Address(name) => format!("std::net::{name}"),
        Type::Reference { mutable, to, .. } => {
            let (mutable, to) = (if *mutable { "mut " } else { "" }, inner(to)?);
            if to.starts_with("dyn ") {
                format!("&{mutable}({to})")
            } else {
                format!("&{mutable}{to}")
            }
        }
        Type::Slice(item) => format!("[{}]", inner(item)?),
        Type::Array(item, count) => format!("[{}; {count}]", inner(item)?),
        Type::Tuple(items) => format!("({},)", list(items)?),
        Type::Std(kind, arguments) => {
            let name = match kind {
                Std::Vec => "Vec",
                Std::VecDeque => "std::collections::VecDeque",
                Std::HashMap => "std::collections::HashMap",
                Std::BTreeMap => "std::collections::BTreeMap",
                Std::HashSet => "std::collections::HashSet",
                Std::BTreeSet => "std::collections::BTreeSet",
                Std::Option => "Option",
                Std::ControlFlow => "std::ops::ControlFlow",
                Std::Result => "Result",
                Std::Box => "Box",
                Std::Rc => "std::rc::Rc",
                Std::Arc => "std::sync::Arc",
                Std::Cow => return Ok(format!("std::borrow::Cow<'_, {}>", list(arguments)?)),
                Std::Mutex => "std::sync::Mutex",
                Std::RwLock => "std::sync::RwLock",
                Std::LazyLock => "std::sync::LazyLock",
                Std::OnceLock => "std::sync::OnceLock",
                Std::Receiver => "std::sync::mpsc::Receiver",
                Std::Sender => "std::sync::mpsc::Sender",
                Std::SyncSender => "std::sync::mpsc::SyncSender",
            };
            format!("{name}<{}>", list(arguments)?)
        }
        Type::Named { definition, .. } => names.known(definition)?.rust.clone(),
        Type::Unsupported(reason) | Type::Foreign { reason, .. } => return Err(reason.clone()),
        Type::Range(_)
        | Type::Stream { .. }
        | Type::Atomic(_)
        | Type::Function { .. }
        | Type::Iterator(_)
        | Type::Like(_) => {
            return Err("a type that has no name".into());
        }
        Type::Trait {
            definition,
            dynamic,
            send,
            sync,
        } => {
            if !dynamic {
                return Err("a type that has no name".into());
            }
            let known = names.known_trait(definition)?;
            object(&known.rust, *send, *sync)
        }
    })
}
