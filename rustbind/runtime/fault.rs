//! What went wrong, on its way to becoming a Python exception.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::handle::{Bound, Header, own};
use super::wire::{Lower, Writer};

/// Which exception it becomes; the generated package has the same numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// The value was closed or moved out.
    Closed = 1,
    /// An argument of the wrong type.
    Type = 2,
    /// Two uses that exclude each other.
    Borrow = 3,
    /// The wrong thread.
    Thread = 4,
    /// A forked child.
    Fork = 5,
    /// An argument of the right type that stands for no value.
    Value = 6,
    /// An error that the crate returned.
    Error = 7,
    /// A Python function has raised; `number` finds its exception.
    Callback = 8,
    /// Rust panicked.
    Panic = 9,
    /// An error of the operating system; `number` is its errno.
    Os = 10,
    /// No item has this index.
    Index = 11,
    /// A change while there is a view of the memory.
    Buffer = 12,
    /// A channel without a receiver.
    Disconnected = 13,
    /// No item has this key.
    Key = 14,
}

/// One failure.
pub struct Fault {
    kind: Kind,
    number: i64,
    handle: *mut Header,
    type_name: &'static str,
    message: String,
    causes: Vec<String>,
    raised: Option<Raised>,
}

/// An exception that Python keeps for as long as this lives.
#[derive(Debug)]
pub struct Raised(u64);

impl Raised {
    /// The exception that Python knows by its number.
    pub fn new(number: u64) -> Self {
        Self(number)
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        super::call::forget(self.0);
    }
}

impl Fault {
    /// A failure that the message says all about.
    pub fn new(kind: Kind, message: String) -> Self {
        Self {
            kind,
            number: 0,
            handle: std::ptr::null_mut(),
            type_name: "",
            message,
            causes: Vec::new(),
            raised: None,
        }
    }

    /// An argument that stands for no value.
    pub fn value(message: impl Into<String>) -> Self {
        Self::new(Kind::Value, message.into())
    }

    /// A Python function has raised.
    pub fn raised(raised: Raised) -> Self {
        let mut fault = Self::new(Kind::Callback, String::new());
        fault.raised = Some(raised);
        fault
    }

    fn error(type_name: &'static str, message: String, causes: Vec<String>) -> Self {
        let mut fault = Self::new(Kind::Error, message);
        fault.type_name = type_name;
        fault.causes = causes;
        fault
    }

    /// An error whose value Python gets, too.
    pub fn of_value<E: Bound>(error: E, message: String, causes: Vec<String>) -> Self {
        let mut fault = Self::error(E::NAME, message, causes);
        fault.handle = own(error);
        fault
    }

    /// What a call has unwound with.
    pub fn of_panic(payload: Box<dyn Any + Send>) -> Self {
        let payload = match payload.downcast::<Raised>() {
            Ok(raised) => return Self::raised(*raised),
            Err(payload) => payload,
        };
        let payload = match payload.downcast::<Fault>() {
            Ok(fault) => return *fault,
            Err(payload) => payload,
        };
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let place = PANICKED_AT.take();
        Self::new(
            Kind::Panic,
            if place.is_empty() {
                text.into()
            } else {
                format!("{text} ({place})")
            },
        )
    }
}

// SAFETY: the handle in it is nobody else's until the fault has been delivered, and
// a value that is not `Send` knows its thread.
unsafe impl Send for Fault {}

impl Lower for Fault {
    fn lower(self, out: &mut Writer) {
        (self.kind as u32).lower(out);
        // From here on it is Python's, which forgets it when it raises it.
        let raised = self.raised.map(std::mem::ManuallyDrop::new);
        raised.map_or(self.number, |raised| raised.0.cast_signed()).lower(out);
        (self.handle as u64).lower(out);
        self.type_name.lower(out);
        self.message.lower(out);
        self.causes.lower(out);
    }
}

thread_local! {
    static FAULT: RefCell<Option<Fault>> = const { RefCell::new(None) };
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static PANICKED_AT: Cell<String> = const { Cell::new(String::new()) };
}

/// Panics in calls from Python are not printed: they become exceptions.
pub fn quiet_panics() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if DEPTH.get() == 0 {
            previous(info);
        } else if let Some(place) = info.location() {
            PANICKED_AT.set(format!("{}:{}", place.file(), place.line()));
        }
    }));
}

/// Runs a shim's body. A failure or a panic is kept for [`last`]; `failed` is returned.
pub fn guard<R>(failed: R, body: impl FnOnce() -> Result<R, Fault>) -> R {
    DEPTH.set(DEPTH.get() + 1);
    // Unwind safe: a value that a panic left half-changed is still a valid one, as it
    // is for any Rust caller that catches a panic.
    let result = catch_unwind(AssertUnwindSafe(body));
    DEPTH.set(DEPTH.get() - 1);
    let fault = match result {
        Ok(Ok(value)) => return value,
        Ok(Err(fault)) => fault,
        Err(payload) => Fault::of_panic(payload),
    };
    FAULT.with_borrow_mut(|last| *last = Some(fault));
    failed
}

/// Runs what may unwind out of Python, on a thread that nobody waits for.
pub fn quietly<R>(body: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(body)).ok()
}

/// The failure of this thread's last call, once.
pub fn last() -> Option<Fault> {
    FAULT.take()
}

fn causes_of(error: &dyn Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes
}

/// An `Err` that a call returned, by what its type can do: `(&&Failed(e)).fault()`
/// picks the first that applies of an error, a text, something to debug.
pub struct Failed<E>(pub Cell<Option<E>>);

impl<E> Failed<E> {
    /// Wraps an error for one call of `fault`.
    pub fn new(error: E) -> Self {
        Self(Cell::new(Some(error)))
    }
}

/// Implemented for what the crate's own error types and `std`'s say of themselves.
pub trait IntoFault {
    /// The failure.
    fn into_fault(self) -> Fault;
}

/// First choice.
pub trait ByItself {
    /// The failure.
    fn fault(&self) -> Fault;
}

/// Second choice: `Error`.
pub trait ByError {
    /// The failure.
    fn fault(&self) -> Fault;
}

/// Third choice: `Display`.
pub trait ByText {
    /// The failure.
    fn fault(&self) -> Fault;
}

/// Last choice: anything.
pub trait ByName {
    /// The failure.
    fn fault(&self) -> Fault;
}

fn missing() -> Fault {
    Fault::new(Kind::Panic, "an error was reported twice".into())
}

impl<E: IntoFault> ByItself for &&&Failed<E> {
    fn fault(&self) -> Fault {
        self.0.take().map_or_else(missing, IntoFault::into_fault)
    }
}

impl<E: Error> ByError for &&Failed<E> {
    fn fault(&self) -> Fault {
        let name = std::any::type_name::<E>();
        self.0.take().map_or_else(missing, |error| {
            Fault::error(name, error.to_string(), causes_of(&error))
        })
    }
}

impl<E: std::fmt::Display> ByText for &Failed<E> {
    fn fault(&self) -> Fault {
        let name = std::any::type_name::<E>();
        self.0.take().map_or_else(missing, |error| {
            Fault::error(name, error.to_string(), Vec::new())
        })
    }
}

impl<E> ByName for Failed<E> {
    fn fault(&self) -> Fault {
        let name = std::any::type_name::<E>();
        Fault::error(name, name.to_owned(), Vec::new())
    }
}

/// A Python exception as a Rust error: where it comes back to Python, it is raised again.
#[derive(Debug)]
pub struct PythonError {
    raised: Raised,
    text: String,
}

impl PythonError {
    /// The exception that Python keeps by its number.
    pub fn new(number: u64, text: String) -> Self {
        let raised = Raised::new(number);
        Self { raised, text }
    }
}

impl std::fmt::Display for PythonError {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(&self.text)
    }
}

impl Error for PythonError {}

impl IntoFault for std::io::Error {
    fn into_fault(self) -> Fault {
        let mut fault = Fault::error("std::io::Error", self.to_string(), causes_of(&self));
        fault.kind = Kind::Os;
        fault.number = os_number(&self);
        let inner = self.into_inner().map(|inner| inner.downcast::<PythonError>());
        match inner {
            Some(Ok(own)) => Fault::raised(own.raised),
            _ => fault,
        }
    }
}

/// The errno of an error, or one that means the same.
pub fn os_number(error: &std::io::Error) -> i64 {
    error
        .raw_os_error()
        .map_or_else(|| io_number(error.kind()), i64::from)
}

/// The errno that Python maps to the subclass of `OSError` that means the same.
fn io_number(kind: std::io::ErrorKind) -> i64 {
    use std::io::ErrorKind;
    match kind {
        ErrorKind::NotFound => 2,
        ErrorKind::Interrupted => 4,
        ErrorKind::PermissionDenied => 13,
        ErrorKind::AlreadyExists => 17,
        ErrorKind::BrokenPipe => 32,
        _ => 0,
    }
}

macro_rules! any_error {
    ($($type:ty)*) => {$(
        impl IntoFault for Box<$type> {
            fn into_fault(self) -> Fault {
                let fault = Fault::error("", self.to_string(), causes_of(self.as_ref()));
                let other = match self.downcast::<PythonError>() {
                    Ok(own) => return Fault::raised(own.raised),
                    Err(other) => other,
                };
                match other.downcast::<std::io::Error>() {
                    Ok(system) => system.into_fault(),
                    Err(_) => fault,
                }
            }
        }
    )*};
}

any_error!(dyn Error dyn Error + Send dyn Error + Send + Sync);

impl IntoFault for () {
    fn into_fault(self) -> Fault {
        Fault::error("", "failed".to_owned(), Vec::new())
    }
}

/// The text and the causes of an error of the crate, by what its type can do.
#[macro_export]
macro_rules! described {
    ($error:expr) => {{
        #[allow(unused_imports)]
        use $crate::rt::{ByError as _, ByName as _, ByText as _};
        $crate::rt::Described::of((&&&$crate::rt::Failed::new($error)).fault())
    }};
}

/// What [`described!`] gives.
pub struct Described {
    /// The text.
    pub message: String,
    /// The texts of the causes, the nearest first.
    pub causes: Vec<String>,
}

impl Described {
    /// The same without the rest.
    pub fn of(fault: Fault) -> Self {
        Self {
            message: fault.message,
            causes: fault.causes,
        }
    }
}

/// An `Err` value as a fault.
#[macro_export]
macro_rules! failed {
    ($error:expr) => {{
        #[allow(unused_imports)]
        use $crate::rt::{ByError as _, ByItself as _, ByName as _, ByText as _};
        (&&&&$crate::rt::Failed::new($error)).fault()
    }};
}
