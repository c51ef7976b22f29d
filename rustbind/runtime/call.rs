//! What a shim does with its arguments and its result.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::c_void;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::fault::{Fault, Kind, Raised, guard, last};
use super::handle::{Bound, Header, Lending, free_stranded, own, own_numbers};
use super::wire::{Lift, Lower, Reader, Writer};

/// How many bytes of a result fit into the buffer that Python passes.
pub const ROOM: usize = 4096;
/// A number that stands for a failure, or, rarely, for itself: Python asks.
pub const FAILED: i64 = -0x5ea7_1e55_0bad_ca11;
/// A result that does not fit: its address and length are in the buffer.
const MOVED: i64 = -1;
/// No result: Python asks why.
const MISSING: i64 = -2;
/// Numbers that do not fit: their address, how many bytes they take and the handle that
/// has them are in the buffer.
const OWNED: i64 = -3;
/// No numbers, where there may be some.
const NOTHING: i64 = -4;

/// A signed or small result.
pub fn signed(body: impl FnOnce() -> Result<i64, Fault>) -> i64 {
    guard(FAILED, body)
}

/// A `u64` or `usize` result.
pub fn unsigned(body: impl FnOnce() -> Result<u64, Fault>) -> u64 {
    guard(FAILED.cast_unsigned(), body)
}

/// A floating-point result; not-a-number may be a failure.
pub fn float(body: impl FnOnce() -> Result<f64, Fault>) -> f64 {
    guard(f64::NAN, body)
}

/// No result; 0 or, after a failure, 1.
pub fn unit(body: impl FnOnce() -> Result<(), Fault>) -> i32 {
    guard(1, || body().map(|()| 0))
}

/// A handle, or null after a failure.
pub fn handle(body: impl FnOnce() -> Result<*mut Header, Fault>) -> *mut Header {
    guard(std::ptr::null_mut(), body)
}

/// Makes a handle, and frees what has waited for this thread.
pub fn owned<T: Bound>(value: T) -> *mut Header {
    if !T::SEND {
        free_stranded();
    }
    own(value)
}

/// A result in bytes: their number.
///
/// # Safety
/// `out` must have room for [`ROOM`] bytes.
pub unsafe fn bytes(out: *mut u8, body: impl FnOnce() -> Result<Vec<u8>, Fault>) -> i64 {
    // SAFETY: as the caller says.
    guard(MISSING, || {
        body().map(|bytes| unsafe { deliver(out, bytes) })
    })
}

/// A result on the wire.
///
/// # Safety
/// As for [`bytes`].
pub unsafe fn wire(out: *mut u8, body: impl FnOnce() -> Result<Writer, Fault>) -> i64 {
    // SAFETY: as the caller says.
    unsafe { bytes(out, || body().map(|writer| writer.bytes)) }
}

/// Numbers, if there are any: those that do not fit stay where they are.
///
/// # Safety
/// As for [`bytes`]. Any pattern of bits must be a `T`: Python may write what it likes.
pub unsafe fn numbers<T: Send + Sync + 'static>(
    out: *mut u8,
    body: impl FnOnce() -> Result<Option<Vec<T>>, Fault>,
) -> i64 {
    guard(MISSING, || {
        // SAFETY: as the caller says.
        body().map(|found| found.map_or(NOTHING, |numbers| unsafe { hand_over(out, numbers) }))
    })
}

unsafe fn hand_over<T: Send + Sync + 'static>(out: *mut u8, mut numbers: Vec<T>) -> i64 {
    let size = size_of_val(&numbers[..]);
    // SAFETY: the caller has room for `ROOM` bytes; three words are less.
    unsafe {
        if size <= ROOM {
            out.copy_from_nonoverlapping(numbers.as_ptr().cast(), size);
            return size.cast_signed() as i64;
        }
        // What was reserved in vain would be kept as long as the numbers.
        if numbers.capacity() / 2 > numbers.len() {
            numbers.shrink_to_fit();
        }
        let memory = numbers.as_mut_ptr().expose_provenance() as u64;
        let owner = own_numbers(numbers).expose_provenance() as u64;
        out.cast::<[u64; 3]>().write_unaligned([memory, size as u64, owner]);
        OWNED
    }
}

/// A value that borrows from nothing, on the wire.
pub fn written(value: impl Lower) -> Writer {
    let mut out = Writer::default();
    value.lower(&mut out);
    out
}

unsafe fn deliver(out: *mut u8, bytes: Vec<u8>) -> i64 {
    // SAFETY: the caller has room for `ROOM` bytes; two words are less.
    unsafe {
        if bytes.len() <= ROOM {
            out.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            return bytes.len().cast_signed() as i64;
        }
        let bytes = Box::leak(bytes.into_boxed_slice());
        out.cast::<u64>()
            .write_unaligned(bytes.as_ptr().expose_provenance() as u64);
        out.cast::<u64>().add(1).write_unaligned(bytes.len() as u64);
        MOVED
    }
}

/// Frees a result that did not fit.
///
/// # Safety
/// `pointer` and `count` must be what a shim wrote, once.
pub unsafe fn free_bytes(pointer: *mut u8, count: usize) {
    // SAFETY: as the caller says, this is the slice that `deliver` leaked.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(pointer, count)) });
}

/// The last call's failure on the wire; nothing where it did not fail.
///
/// # Safety
/// As for [`bytes`].
pub unsafe fn fault(out: *mut u8) -> i64 {
    // SAFETY: as the caller says.
    unsafe {
        deliver(
            out,
            last().map_or_else(Vec::new, |fault| written(fault).bytes),
        )
    }
}

/// An argument's items. They live as long as `_call`, a local variable of the shim, so
/// that the compiler refuses a function that would keep them.
///
/// # Safety
/// `pointer` must be valid for `count` items during the call, or `count` 0.
pub unsafe fn slice<'a, T>(_call: &'a (), pointer: *const T, count: usize) -> &'a [T] {
    if count == 0 || pointer.is_null() {
        return &[];
    }
    // SAFETY: as the caller says; Python has checked item size and alignment.
    unsafe { std::slice::from_raw_parts(pointer, count) }
}

/// An argument's items, to change.
///
/// # Safety
/// As for [`slice`], and nobody else may use the memory during the call.
pub unsafe fn slice_mut<'a, T>(_call: &'a (), pointer: *mut T, count: usize) -> &'a mut [T] {
    if count == 0 || pointer.is_null() {
        return &mut [];
    }
    // SAFETY: as the caller says.
    unsafe { std::slice::from_raw_parts_mut(pointer, count) }
}

/// Refuses memory that one argument changes while another one uses it, too.
pub fn disjoint(memories: &[(*const u8, usize, bool)]) -> Result<(), Fault> {
    for (index, first) in memories.iter().enumerate() {
        for second in &memories[index + 1..] {
            let apart = first.0.addr() + first.1 <= second.0.addr()
                || second.0.addr() + second.1 <= first.0.addr();
            if !apart && (first.2 || second.2) {
                let message = "two arguments share memory that the call changes".to_owned();
                return Err(Fault::new(Kind::Borrow, message));
            }
        }
    }
    Ok(())
}

/// A list of numbers as an array.
pub fn array<T: Copy, const N: usize>(items: &[T]) -> Result<[T; N], Fault> {
    let wrong = |_| Fault::value(format!("expected {N} items, got {}", items.len()));
    items.try_into().map_err(wrong)
}

/// An index as Python counts: from the end, where it is negative. Where nobody looks
/// whether there is an item, it must be within the length.
pub fn position<I: TryFrom<u64>>(index: i64, length: Option<u64>, looked_for: bool) -> Result<I, Fault> {
    let from_start = match (u64::try_from(index), length) {
        (Ok(index), _) => Some(index),
        (Err(_), Some(length)) => length.checked_add_signed(index),
        (Err(_), None) => None,
    };
    let found = from_start.filter(|at| looked_for || length.is_none_or(|length| *at < length));
    found.and_then(|at| I::try_from(at).ok()).ok_or_else(no_item)
}

/// Refuses an index without an item.
pub fn present(there: bool) -> Result<(), Fault> {
    if there { Ok(()) } else { Err(no_item()) }
}

fn no_item() -> Fault {
    Fault::new(Kind::Index, "index out of range".into())
}

/// Refuses a key without an item.
pub fn known(there: bool) -> Result<(), Fault> {
    if there { Ok(()) } else { Err(Fault::new(Kind::Key, "no item has this key".into())) }
}

/// A hash for Python.
pub fn hash(value: &impl std::hash::Hash) -> i64 {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    // Python keeps fewer bits, and has no use for the sign.
    (hasher.finish() >> 3).cast_signed()
}

/// A text argument.
///
/// # Safety
/// As for [`slice`].
pub unsafe fn text<'a>(call: &'a (), pointer: *const u8, count: usize) -> Result<&'a str, Fault> {
    // SAFETY: as the caller says.
    let bytes = unsafe { slice(call, pointer, count) };
    if bytes.is_ascii() {
        // Most texts are, and that is found out in half the time.
        // SAFETY: ASCII is UTF-8.
        return Ok(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    std::str::from_utf8(bytes).map_err(|_| Fault::value("a text is not UTF-8"))
}

/// An argument from the wire.
///
/// # Safety
/// As for [`slice`].
pub unsafe fn lifted<T: Lift>(pointer: *const u8, count: usize) -> Result<T, Fault> {
    // SAFETY: as the caller says.
    T::lift(&mut Reader::new(unsafe { slice(&(), pointer, count) }))
}

/// A path argument, in the system's encoding.
///
/// # Safety
/// As for [`slice`].
pub unsafe fn os_text<'a>(call: &'a (), pointer: *const u8, count: usize) -> Result<&'a std::ffi::OsStr, Fault> {
    // SAFETY: as the caller says.
    let bytes = unsafe { slice(call, pointer, count) };
    #[cfg(unix)]
    return Ok(std::os::unix::ffi::OsStrExt::from_bytes(bytes));
    #[cfg(not(unix))]
    return std::str::from_utf8(bytes)
        .map(std::ffi::OsStr::new)
        .map_err(|_| Fault::value("not Unicode"));
}

/// Python's side of callbacks: `id`, arguments, where the reply goes. 0, or the
/// number of the exception that was raised. Without arguments: `id` is dropped.
pub type Trampoline = unsafe extern "C" fn(u64, *const u8, usize, *mut c_void) -> u64;

static TRAMPOLINE: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

/// Python's side from now on; none, when the interpreter ends.
pub fn set_trampoline(trampoline: Option<Trampoline>) {
    let pointer = trampoline.map_or(std::ptr::null_mut(), |function| function as *mut c_void);
    TRAMPOLINE.store(pointer, Ordering::Release);
}

fn trampoline() -> Option<Trampoline> {
    let pointer = TRAMPOLINE.load(Ordering::Acquire);
    if pointer.is_null() {
        return None;
    }
    // SAFETY: `set_trampoline` stores functions of this type only.
    Some(unsafe { std::mem::transmute::<*mut c_void, Trampoline>(pointer) })
}

/// What reads a callback's result, while Python still holds it.
type Answer<'a> = &'a mut dyn FnMut(&[u8]);

/// Takes a callback's result from Python.
///
/// # Safety
/// `reply` must be what the trampoline was given; `pointer` valid for `count` bytes.
pub unsafe fn reply(reply: *mut c_void, pointer: *const u8, count: usize) {
    // SAFETY: as the caller says; the callback's stack frame has the function.
    unsafe { (*reply.cast::<Answer<'_>>())(slice(&(), pointer, count)) };
}

/// The numbers of the Python functions that Rust has.
static HELD: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

fn held() -> MutexGuard<'static, BTreeSet<u64>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether Rust has a Python function: what it has not taken over when a call is done,
/// it never will.
pub fn holds(id: u64) -> bool {
    held().contains(&id)
}

thread_local! {
    static FORKING: Cell<Option<MutexGuard<'static, BTreeSet<u64>>>> = const { Cell::new(None) };
}

/// No other thread has the lock when the process forks, so that it is free in the child.
pub fn before_fork() {
    FORKING.set(Some(held()));
}

/// As it was before.
pub fn after_fork() {
    FORKING.set(None);
}

/// A Python function that Rust may call, from any thread, as long as this lives.
pub struct Callback(u64);

impl Callback {
    /// The function that Python knows by `id`.
    pub fn new(id: u64) -> Self {
        held().insert(id);
        Self(id)
    }

    /// Calls it. Where it raises, the shim's caller gets the exception.
    pub fn call<R: Lift>(&self, arguments: impl Lower) -> R {
        self.call_method(0, arguments)
    }

    /// Calls one of an object's methods.
    pub fn call_method<R: Lift>(&self, method: u8, arguments: impl Lower) -> R {
        self.try_method(method, arguments)
            .unwrap_or_else(|stopped| std::panic::resume_unwind(stopped))
    }

    /// As [`Callback::call_method`]; gives what to unwind with where it raises.
    fn try_method<R: Lift>(&self, method: u8, arguments: impl Lower) -> Result<R, Stopped> {
        let mut out = Writer {
            lending: Some(Lending::new()),
            ..Writer::default()
        };
        // No bytes at all mean that the callback is dropped.
        method.lower(&mut out);
        arguments.lower(&mut out);
        let mut lifted: Option<Result<R, Fault>> = None;
        let mut read = |bytes: &[u8]| lifted = Some(R::lift(&mut Reader::new(bytes)));
        let mut answer: Answer<'_> = &mut read;
        let raised = trampoline().map(|call| {
            let answer = (&raw mut answer).cast();
            // SAFETY: Python has set this function; it returns, whatever is raised.
            unsafe { call(self.0, out.bytes.as_ptr(), out.bytes.len(), answer) }
        });
        drop(out);
        let fault = match raised {
            Some(0) => match lifted {
                Some(Ok(value)) => return Ok(value),
                Some(Err(fault)) => fault,
                None => Fault::new(Kind::Type, "a function gave no result".into()),
            },
            Some(number) => return Err(Box::new(Raised::new(number))),
            None => Fault::new(Kind::Closed, "Python has ended".into()),
        };
        Err(Box::new(fault))
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        held().remove(&self.0);
        forget(self.0);
    }
}

/// Tells Python to forget a function, or an exception that nobody will ask for.
pub fn forget(number: u64) {
    if let Some(call) = trampoline() {
        // SAFETY: as in `try_method`.
        unsafe { call(number, std::ptr::null(), 0, std::ptr::null_mut()) };
    }
}

/// What a callback that has raised unwinds with.
type Stopped = Box<dyn std::any::Any + Send>;

/// A call whose callbacks may break off: so what one of them raises ends it.
pub struct Run(Arc<Mutex<Progress>>);

/// How far a [`Run`] has come.
enum Progress {
    Going,
    Stopped(Stopped),
    Over,
}

/// What a callback knows of the [`Run`] that it was given to.
pub struct Breaker(Arc<Mutex<Progress>>);

impl Run {
    /// A call that begins now.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Progress::Going)))
    }

    /// For a callback.
    pub fn breaker(&self) -> Breaker {
        Breaker(Arc::clone(&self.0))
    }

    /// The call is over: raises what a callback has raised.
    pub fn finish(self) -> Result<(), Fault> {
        match self.end() {
            Progress::Stopped(stopped) => Err(Fault::of_panic(stopped)),
            _ => Ok(()),
        }
    }

    fn end(&self) -> Progress {
        std::mem::replace(&mut *locked(&self.0), Progress::Over)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.end();
    }
}

fn locked(progress: &Mutex<Progress>) -> MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Breaker {
    /// Calls Python. Where it raises, or has raised before, the run breaks off; a run
    /// that is over unwinds.
    pub fn call<C: Lift>(
        &self,
        callback: &Callback,
        arguments: impl Lower,
    ) -> ControlFlow<(), C> {
        if matches!(*locked(&self.0), Progress::Stopped(_)) {
            return ControlFlow::Break(());
        }
        let stopped = match callback.try_method(0, arguments) {
            Ok(flow) => return flow,
            Err(stopped) => stopped,
        };
        let mut progress = locked(&self.0);
        if matches!(*progress, Progress::Over) {
            drop(progress);
            std::panic::resume_unwind(stopped);
        }
        // The first exception counts; another thread may have been quicker.
        if matches!(*progress, Progress::Going) {
            *progress = Progress::Stopped(stopped);
        }
        ControlFlow::Break(())
    }
}

/// A Python file that Rust reads from or writes to.
pub struct Stream(pub Callback);

impl std::io::Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let data: Vec<u8> = self.0.call((buffer.len() as u64,));
        let count = data.len().min(buffer.len());
        buffer[..count].copy_from_slice(&data[..count]);
        Ok(count)
    }
}

impl std::io::Write for Stream {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        let count: u64 = self.0.call((data,));
        Ok(data.len().min(count as usize))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

crate::bound!(Items, "Iterator");

/// The next item of an iterator, if there is one, as an option.
///
/// # Safety
/// `header` must be null or a handle of any generated package, alive during the call.
pub unsafe fn next(header: *mut Header) -> Result<Writer, Fault> {
    // SAFETY: as the caller says.
    let mut items = unsafe { super::handle::exclusive::<Items>(header) }?;
    let mut item = Writer {
        parents: items.sources().unwrap_or_default(),
        ..Writer::default()
    };
    let found = (items.0)(&mut item);
    let mut out = written(found as u8);
    out.bytes.append(&mut item.bytes);
    Ok(out)
}

/// What an iterator has.
#[derive(Clone, Copy)]
#[repr(u8)]
pub enum Step {
    /// Nothing more.
    End = 0,
    /// An item, which it has written.
    Item = 1,
    /// Nothing yet.
    Pending = 2,
}

/// An iterator on its way to Python: writes its next item, if there is one.
pub struct Items(pub Box<dyn FnMut(&mut Writer) -> Step>);

impl Items {
    /// Erases the type of an iterator that borrows from nothing, or from what the
    /// handle that it goes into pins.
    ///
    /// # Safety
    /// What `'a` stands for must be pinned for as long as the result lives.
    pub unsafe fn new<'a, T: Lower>(mut items: impl Iterator<Item = T> + 'a) -> Self {
        let next: Box<dyn FnMut(&mut Writer) -> Step + 'a> =
            Box::new(move |out| match items.next() {
                Some(item) => {
                    item.lower(out);
                    Step::Item
                }
                None => Step::End,
            });
        // SAFETY: only the lifetime differs, for which the caller answers.
        Self(unsafe { std::mem::transmute::<Box<dyn FnMut(&mut Writer) -> Step + 'a>, _>(next) })
    }
}

/// What a function's call gives.
pub type Returned = Result<Writer, Fault>;

/// A function in Python's hands: reads its arguments, and writes its result.
pub struct Function<F: ?Sized>(pub Box<F>);

/// The same of one that changes by being called.
pub struct ChangingFunction<F: ?Sized>(pub Box<F>);

crate::bound!(Function<dyn Fn(&mut Reader<'_>) -> Returned>, "function");
crate::bound!(Function<dyn Fn(&mut Reader<'_>) -> Returned + Send>, "function");
crate::bound!(Function<dyn Fn(&mut Reader<'_>) -> Returned + Send + Sync>, "function");
crate::bound!(ChangingFunction<dyn FnMut(&mut Reader<'_>) -> Returned>, "function");
crate::bound!(ChangingFunction<dyn FnMut(&mut Reader<'_>) -> Returned + Send>, "function");

/// Calls a function that Python has.
///
/// # Safety
/// `header` must be null or a handle of any generated package, alive during the call;
/// `data` must be valid for `count` bytes.
pub unsafe fn call(header: *mut Header, data: *const u8, count: usize) -> Returned {
    // SAFETY: as the caller says; each type by its tag.
    unsafe {
        let mut from = Reader::new(slice(&(), data, count));
        let tag = super::handle::tag_of(header);
        macro_rules! kind {
            ($type:ty, $borrow:ident) => {
                if tag == <$type>::tag() {
                    #[allow(unused_mut, reason = "one of the kinds is called by a shared reference")]
                    let mut function = super::handle::$borrow::<$type>(header)?;
                    return (function.0)(&mut from);
                }
            };
        }
        kind!(Function<dyn Fn(&mut Reader<'_>) -> Returned + Send>, shared);
        kind!(Function<dyn Fn(&mut Reader<'_>) -> Returned + Send + Sync>, shared);
        kind!(ChangingFunction<dyn FnMut(&mut Reader<'_>) -> Returned>, exclusive);
        kind!(ChangingFunction<dyn FnMut(&mut Reader<'_>) -> Returned + Send>, exclusive);
        let function = super::handle::shared::<Function<dyn Fn(&mut Reader<'_>) -> Returned>>(header)?;
        (function.0)(&mut from)
    }
}

/// The failure of a second call of what can be called once.
pub fn called_before() -> Fault {
    Fault::new(Kind::Closed, "this function can be called once only".into())
}
