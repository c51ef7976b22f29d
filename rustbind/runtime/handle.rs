//! Handles: Rust values that Python objects own, or borrow from one another.
//!
//! A handle is a pointer to a [`Header`]. The header outlives every use that
//! Python can make of it: it is freed by `__del__` alone, when no call can hold
//! the object any more. `close` and consuming methods end the *value* and leave a
//! spent header behind, so that a late or concurrent use is an error.

use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};
use std::ptr;
use std::sync::{Arc, Mutex};
use std::sync::atomic::{AtomicI64, AtomicIsize, AtomicU64, AtomicUsize, Ordering};

use super::fault::{Fault, Kind};
use super::list::Operations;
use super::table::TableOperations;

/// A type that Python knows by handle.
pub trait Bound: Sized + 'static {
    /// Distinct for each type of each loaded library: an address in it.
    fn tag() -> u64;
    /// The name in Python.
    const NAME: &'static str;
    /// Whether another thread may own a value.
    const SEND: bool;
    /// Whether several threads may read a value at once.
    const SYNC: bool;
    /// What it can do as a collection.
    const COLLECTION: Option<Collection> = None;
}

/// Answers whether a concrete type is `Send` or `Sync`: an inherent constant, where
/// its bound holds, takes precedence over the trait's.
pub struct Probe<T: ?Sized>(PhantomData<T>);

/// What [`Probe`] answers for a type that is not.
pub trait NotThreadSafe {
    /// Not `Send`.
    const SEND: bool = false;
    /// Not `Sync`.
    const SYNC: bool = false;
}

impl<T: ?Sized> NotThreadSafe for Probe<T> {}

impl<T: ?Sized + Send> Probe<T> {
    /// `Send`.
    pub const SEND: bool = true;
}

impl<T: ?Sized + Sync> Probe<T> {
    /// `Sync`.
    pub const SYNC: bool = true;
}

/// `bound!(type, name)`: a type as one that Python knows by handle.
#[macro_export]
macro_rules! bound {
    ($type:ty, $name:expr) => {
        impl $crate::rt::Bound for $type {
            fn tag() -> u64 {
                static MARK: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);
                std::ptr::from_ref(&MARK).addr() as u64
            }

            const NAME: &'static str = $name;
            const SEND: bool = {
                #[allow(unused_imports)]
                use $crate::rt::NotThreadSafe as _;
                $crate::rt::Probe::<$type>::SEND
            };
            const SYNC: bool = {
                #[allow(unused_imports)]
                use $crate::rt::NotThreadSafe as _;
                $crate::rt::Probe::<$type>::SYNC
            };
        }
    };
}

/// The value is gone: moved out, or dropped by `close`.
const SPENT: isize = isize::MIN;
/// The value is borrowed exclusively.
const EXCLUSIVE: isize = -1;

/// What a value can do as a collection.
#[derive(Clone, Copy)]
pub enum Collection {
    /// As a list.
    List(&'static Operations),
    /// As a map or a set.
    Table(&'static TableOperations),
}

/// Which part of a value.
#[derive(Clone, Copy)]
pub enum Which<'a> {
    /// The only one that is asked for.
    Field,
    /// An item of a list, by its index.
    Item(usize),
    /// A value of a map, by its key on the wire.
    Key(&'a [u8]),
}

/// [`Which`], for as long as a handle.
enum Kept {
    Field,
    Item(usize),
    Key(Box<[u8]>),
}

impl Kept {
    fn of(which: Which<'_>) -> Self {
        match which {
            Which::Field => Self::Field,
            Which::Item(index) => Self::Item(index),
            Which::Key(key) => Self::Key(key.into()),
        }
    }

    fn which(&self) -> Which<'_> {
        match self {
            Self::Field => Which::Field,
            Self::Item(index) => Which::Item(*index),
            Self::Key(key) => Which::Key(key),
        }
    }
}

/// Finds a part of a value: the value, whether to change it, which part.
pub type Projection = unsafe fn(*mut (), bool, Which<'_>) -> *mut ();

/// Where a handle's value is.
enum Place {
    /// In the handle's own box.
    Here,
    /// A part of another handle's value, found anew at each use.
    Part {
        parent: *mut Header,
        project: Projection,
        kept: Kept,
    },
    /// Somewhere in what `pins` keep in place.
    Borrowed { writable: bool },
}

/// What every handle begins with, whatever its type and whichever package made it.
#[repr(C)]
pub struct Header {
    tag: u64,
    refs: AtomicUsize,
    borrow: AtomicIsize,
    /// The thread that has a value that is not `Sync` in use, or 0.
    user: AtomicU64,
    /// The only thread that may use the value, or 0.
    owner: u64,
    generation: u64,
    name: &'static str,
    sync: bool,
    value: *mut (),
    place: Place,
    pins: Vec<Pin>,
    /// The callbacks that the value is lent for, or what it borrows from.
    loans: Vec<Arc<Loan>>,
    /// How many views of the value's memory Python has.
    views: AtomicUsize,
    collection: Option<Collection>,
    finish: unsafe fn(*mut Header),
}

#[repr(C)]
struct Boxed<T> {
    header: Header,
    value: UnsafeCell<MaybeUninit<T>>,
}

/// The generation of what every process frees for itself.
const EVERY: u64 = u64::MAX;

static LIVE: AtomicI64 = AtomicI64::new(0);
/// Counts the forks between the loading process and this one.
static GENERATION: AtomicU64 = AtomicU64::new(0);
static THREADS: AtomicU64 = AtomicU64::new(1);
/// Handles that were given up on a thread that does not own them.
static STRANDED: Mutex<Vec<Stranded>> = Mutex::new(Vec::new());

struct Stranded(*mut Header);
// SAFETY: the pointer is only followed on the thread that owns the handle.
unsafe impl Send for Stranded {}

thread_local! {
    static THREAD: Cell<u64> = const { Cell::new(0) };
}

fn this_thread() -> u64 {
    THREAD.with(|thread| {
        if thread.get() == 0 {
            thread.set(THREADS.fetch_add(1, Ordering::Relaxed));
        }
        thread.get()
    })
}

#[cfg(unix)]
unsafe extern "C" {
    fn pthread_atfork(
        prepare: Option<unsafe extern "C" fn()>,
        parent: Option<unsafe extern "C" fn()>,
        child: Option<unsafe extern "C" fn()>,
    ) -> i32;
}

#[cfg(unix)]
unsafe extern "C" fn forking() {
    super::call::before_fork();
}

#[cfg(unix)]
unsafe extern "C" fn has_forked() {
    super::call::after_fork();
}

#[cfg(unix)]
unsafe extern "C" fn forked() {
    super::call::after_fork();
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// From now on a fork is noticed.
pub fn watch_forks() {
    #[cfg(unix)]
    // SAFETY: after a fork they touch an atomic, and a lock that this very thread has.
    unsafe {
        pthread_atfork(Some(forking), Some(has_forked), Some(forked));
    }
}

/// How many handles exist.
pub fn live() -> i64 {
    LIVE.load(Ordering::Relaxed)
}

/// How a handle is kept by one that borrows from it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// It may be read.
    Shared,
    /// Nobody else may use it.
    Exclusive,
    /// Nothing in it is borrowed, but what was lent with it.
    Loan,
}

/// A borrow that a handle keeps on another one for as long as it lives.
pub struct Pin {
    root: *mut Header,
    hold: Hold,
}

impl Drop for Pin {
    fn drop(&mut self) {
        // SAFETY: the pin has a reference to the header.
        unsafe {
            if self.hold != Hold::Loan {
                release(self.root, self.hold == Hold::Exclusive);
            }
            drop_reference(self.root);
        }
    }
}

/// Who a returned borrow may come from: handles that the call has borrowed.
#[derive(Clone, Copy)]
pub struct Parent {
    root: *mut Header,
    hold: Hold,
}

/// The time that a callback takes: what it is lent, and what is borrowed from that, can
/// be used until it ends.
pub struct Loan(AtomicUsize);

/// The loan has ended; the other bits count the uses that go on.
const ENDED: usize = 1 << (usize::BITS - 1);

impl Loan {
    fn enter(&self) -> bool {
        let open = self.0.fetch_add(1, Ordering::AcqRel) & ENDED == 0;
        if !open {
            self.leave();
        }
        open
    }

    fn leave(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }

    /// No use begins from now on, and those on other threads are waited for.
    fn end(&self) {
        let mut users = self.0.fetch_or(ENDED, Ordering::AcqRel) & !ENDED;
        while users > 0 {
            std::thread::sleep(std::time::Duration::from_micros(50));
            users = self.0.load(Ordering::Acquire) & !ENDED;
        }
    }
}

/// What one callback is lent: it ends with this.
pub struct Lending {
    loan: Arc<Loan>,
    /// Values that are dropped then, and how.
    owned: Vec<(*mut Header, unsafe fn(*mut Header))>,
}

impl Lending {
    /// Of a callback that begins now.
    pub fn new() -> Self {
        Self {
            loan: Arc::new(Loan(AtomicUsize::new(0))),
            owned: Vec::new(),
        }
    }

    /// A handle to what `value` points to.
    ///
    /// # Safety
    /// `value` must be valid until this ends.
    pub unsafe fn borrow<T: Bound>(&self, value: *const T, writable: bool) -> *mut Header {
        // SAFETY: the handle, new here, can be used until the loan ends.
        unsafe {
            let header = borrow(value, writable, &[]);
            (*header).loans.push(Arc::clone(&self.loan));
            header
        }
    }

    /// A handle to a value that borrows from what is valid until this ends.
    pub fn own<T: Bound>(&mut self, value: T) -> *mut Header {
        let header = own(value);
        // SAFETY: the handle is new. Its second reference is for the end.
        unsafe {
            (*header).loans.push(Arc::clone(&self.loan));
            (*header).refs.fetch_add(1, Ordering::Relaxed);
        }
        self.owned.push((header, drop_lent::<T>));
        header
    }

    /// Ends it: from now on every use is an error.
    pub fn end(&mut self) {
        self.loan.end();
        while let Some((header, drop_value)) = self.owned.pop() {
            // SAFETY: `own` made the handle, of this type, with a reference for this.
            unsafe { drop_value(header) };
        }
    }
}

impl Drop for Lending {
    fn drop(&mut self) {
        self.end();
    }
}

/// Drops a value that was lent, unless Python has closed it.
unsafe fn drop_lent<T: Bound>(header: *mut Header) {
    // SAFETY: the loan has ended, so nobody uses the value; the reference goes last.
    unsafe {
        let reference = Reference(header);
        if (*header).borrow.swap(SPENT, Ordering::AcqRel) != SPENT {
            (*header).value.cast::<T>().drop_in_place();
        }
        drop(reference);
    }
}

/// A reference to a handle, given up when this is dropped.
struct Reference(*mut Header);

impl Drop for Reference {
    fn drop(&mut self) {
        // SAFETY: who made this has handed the reference over.
        unsafe { drop_reference(self.0) };
    }
}

/// Begins a use of what may be lent.
unsafe fn enter(root: *mut Header) -> Result<(), Fault> {
    // SAFETY: the caller's handle keeps the root alive.
    let header = unsafe { &*root };
    let ended = header.loans.iter().position(|loan| !loan.enter());
    let Some(ended) = ended else { return Ok(()) };
    header.loans[..ended].iter().for_each(|loan| loan.leave());
    let message = format!("this {} was lent for one call, which has ended", header.name);
    Err(Fault::new(Kind::Closed, message))
}

unsafe fn leave(root: *mut Header) {
    // SAFETY: as for `enter`.
    unsafe { &*root }.loans.iter().for_each(|loan| loan.leave());
}

/// A handle that owns `value`.
pub fn own<T: Bound>(value: T) -> *mut Header {
    own_with(value, Vec::new())
}

/// Numbers that Python has in the memory where Rust made them.
struct Numbers(#[expect(dead_code, reason = "it is there to be dropped")] Box<dyn Send + Sync>);

crate::bound!(Numbers, "list of numbers");

/// A handle that owns numbers: any thread frees them, and a forked child frees its copy.
pub fn own_numbers<T: Send + Sync + 'static>(numbers: Vec<T>) -> *mut Header {
    let header = own(Numbers(Box::new(numbers)));
    // SAFETY: the handle is new and nobody else's yet.
    unsafe { (*header).generation = EVERY };
    header
}

/// A handle that owns `value`, which borrows from what the pins hold.
pub fn own_with<T: Bound>(value: T, pins: Vec<Pin>) -> *mut Header {
    let pinned_here = pins.iter().any(Pin::is_of_one_thread);
    let boxed = Box::new(Boxed {
        header: new_header::<T>(
            ptr::null_mut(),
            Place::Here,
            pins,
            pinned_here,
            finish_boxed::<T>,
        ),
        value: UnsafeCell::new(MaybeUninit::new(value)),
    });
    let boxed = Box::into_raw(boxed);
    // SAFETY: the box was made just now and is nobody else's yet.
    unsafe {
        (*boxed).header.value = (&raw mut (*boxed).value).cast();
        &raw mut (*boxed).header
    }
}

/// A handle that owns `value`, which borrows from the parents' values.
pub fn own_pinned<T: Bound>(value: T, parents: &[Parent]) -> *mut Header {
    own_with(value, parents.iter().map(Parent::pin).collect())
}

/// A handle to what `value` points to, which lives as long as the parents' values.
///
/// # Safety
/// `value` must be valid for as long as `parents` stay borrowed as they are now.
pub unsafe fn borrow<T: Bound>(value: *const T, writable: bool, parents: &[Parent]) -> *mut Header {
    let pins: Vec<Pin> = parents.iter().map(Parent::pin).collect();
    let bound_here = !T::SYNC || pins.iter().any(Pin::is_of_one_thread);
    let place = Place::Borrowed { writable };
    let header = new_header::<T>(
        value.cast_mut().cast(),
        place,
        pins,
        bound_here,
        finish_header,
    );
    Box::into_raw(Box::new(header))
}

/// A handle to a part of another handle's value.
///
/// # Safety
/// `parent` must be a handle of the type that `project` expects, which must return
/// a pointer into the value that it was given, or null where the part is not there.
pub unsafe fn part<T: Bound>(
    parent: *mut Header,
    project: Projection,
    which: Which<'_>,
) -> *mut Header {
    // SAFETY: the caller says that this is a handle.
    let (generation, owner) = unsafe {
        (*parent).refs.fetch_add(1, Ordering::Relaxed);
        ((*parent).generation, (*parent).owner)
    };
    let place = Place::Part {
        parent,
        project,
        kept: Kept::of(which),
    };
    let mut header = new_header::<T>(ptr::null_mut(), place, Vec::new(), false, finish_header);
    header.generation = generation;
    header.owner = owner;
    Box::into_raw(Box::new(header))
}

/// An argument's copy that results borrow from.
pub struct Held<T: Bound>(std::mem::ManuallyDrop<Guard<T>>);

/// Keeps a copy of an argument for as long as a result borrows from it.
pub fn hold<T: Bound>(value: T) -> Result<Held<T>, Fault> {
    let header = own(value);
    // SAFETY: the handle was made just now.
    unsafe { guarded(header, false) }.map(|guard| Held(std::mem::ManuallyDrop::new(guard)))
}

impl<T: Bound> Held<T> {
    /// The value for as long as it stays pinned.
    ///
    /// # Safety
    /// As for [`Guard::extended`].
    pub unsafe fn extended<'a>(&self) -> &'a T {
        // SAFETY: as the caller says.
        unsafe { self.0.extended() }
    }

    /// The copy as what a result borrows from.
    pub fn parent(&self) -> Parent {
        self.0.parent()
    }
}

impl<T: Bound> Drop for Held<T> {
    fn drop(&mut self) {
        let root = self.0.root;
        // SAFETY: the borrow is given back before the reference that `own` made; the
        // guard is used no more. Pins have references of their own.
        unsafe {
            std::mem::ManuallyDrop::drop(&mut self.0);
            drop_reference(root);
        }
    }
}

/// A text that results borrow from.
pub struct HeldText(pub String);

/// Bytes that results borrow from.
pub struct HeldBytes(pub Vec<u8>);

crate::bound!(HeldText, "str");
crate::bound!(HeldBytes, "bytes");

fn new_header<T: Bound>(
    value: *mut (),
    place: Place,
    pins: Vec<Pin>,
    bound_here: bool,
    finish: unsafe fn(*mut Header),
) -> Header {
    LIVE.fetch_add(1, Ordering::Relaxed);
    let bound_here = bound_here || !T::SEND;
    let loans = pins.iter().flat_map(Pin::loans).cloned().collect();
    Header {
        tag: T::tag(),
        refs: AtomicUsize::new(1),
        borrow: AtomicIsize::new(0),
        user: AtomicU64::new(0),
        owner: if bound_here { this_thread() } else { 0 },
        generation: GENERATION.load(Ordering::Relaxed),
        name: T::NAME,
        sync: T::SYNC,
        value,
        place,
        pins,
        loans,
        views: AtomicUsize::new(0),
        collection: T::COLLECTION,
        finish,
    }
}

impl Pin {
    fn loans(&self) -> &[Arc<Loan>] {
        // SAFETY: the pin has a reference to the header; loans are only added before
        // anybody else knows it.
        unsafe { &(*self.root).loans }
    }

    fn is_of_one_thread(&self) -> bool {
        // SAFETY: the pin has a reference to the header.
        unsafe { !(*self.root).sync || (*self.root).owner != 0 }
    }
}

impl Parent {
    fn pin(&self) -> Pin {
        // SAFETY: the call that named the parent has it borrowed.
        unsafe {
            (*self.root).refs.fetch_add(1, Ordering::Relaxed);
            if self.hold == Hold::Shared {
                (*self.root).borrow.fetch_add(1, Ordering::Relaxed);
            }
        }
        Pin {
            root: self.root,
            hold: self.hold,
        }
    }
}

unsafe fn finish_boxed<T>(header: *mut Header) {
    // SAFETY: only `own_with` names this function, for a box of this type, and the
    // last reference is gone.
    let boxed = unsafe { Box::from_raw(header.cast::<Boxed<T>>()) };
    let Boxed { header, value } = *boxed;
    if header.borrow.load(Ordering::Acquire) != SPENT {
        // SAFETY: the value is dropped or moved out only where the flag says so.
        drop(unsafe { value.into_inner().assume_init() });
    }
    // The pins go last: the value may borrow from what they hold.
    drop(header);
}

unsafe fn finish_header(header: *mut Header) {
    // SAFETY: `borrow` and `part` made a box of a bare header; the last reference is gone.
    let header = unsafe { Box::from_raw(header) };
    if let Place::Part { parent, .. } = header.place {
        // SAFETY: the part has a reference to its parent.
        unsafe { drop_reference(parent) };
    }
}

unsafe fn drop_reference(header: *mut Header) {
    // SAFETY: the caller gives up a reference that it has.
    unsafe {
        if (*header).refs.fetch_sub(1, Ordering::AcqRel) == 1 {
            LIVE.fetch_sub(1, Ordering::Relaxed);
            ((*header).finish)(header);
        }
    }
}

/// Gives up a handle: what `__del__` does, once. On a thread that does not own the
/// value it waits for that thread's next call; in a forked child it does nothing,
/// for the value is its parent's, unless it is mere memory.
///
/// # Safety
/// `header` must be null or a handle of any generated package, not to be used again.
pub unsafe fn free(header: *mut Header) {
    // SAFETY: as the caller says.
    unsafe {
        if header.is_null() {
            return;
        }
        let generation = (*header).generation;
        if generation != EVERY && generation != GENERATION.load(Ordering::Relaxed) {
            return;
        }
        if (*header).owner != 0 {
            if (*header).owner != this_thread() {
                stranded().push(Stranded(header));
                return;
            }
            free_stranded();
        }
        drop_reference(header);
    }
}

fn stranded() -> std::sync::MutexGuard<'static, Vec<Stranded>> {
    STRANDED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Frees what this thread owns and other threads gave up.
pub fn free_stranded() {
    let mut all = stranded();
    if all.is_empty() {
        return;
    }
    let me = this_thread();
    // SAFETY: a stranded header is alive until it is taken off this list.
    let (mine, others) = all
        .drain(..)
        .partition(|each| unsafe { (*each.0).owner == me });
    *all = others;
    drop(all);
    let mine: Vec<Stranded> = mine;
    for each in mine {
        // SAFETY: its owner, this thread, gives it up now, once.
        unsafe { drop_reference(each.0) };
    }
}

unsafe fn check(header: *mut Header, tag: u64, name: &'static str) -> Result<(), Fault> {
    if header.is_null() {
        return Err(Fault::new(
            Kind::Closed,
            format!("this {name} was never made"),
        ));
    }
    // SAFETY: every object that has a handle keeps its header until it dies.
    let header = unsafe { &*header };
    if header.tag != tag {
        let message = format!("expected {name}, got {}", header.name);
        return Err(Fault::new(Kind::Type, message));
    }
    if header.generation != GENERATION.load(Ordering::Relaxed) {
        let message = format!("this {name} belongs to the process that forked this one");
        return Err(Fault::new(Kind::Fork, message));
    }
    if header.owner != 0 && header.owner != this_thread() {
        let message = format!("this {name} can only be used on the thread that made it");
        return Err(Fault::new(Kind::Thread, message));
    }
    Ok(())
}

/// The handle whose flag guards this one's value, and whether all on the way allow writing.
unsafe fn root_of(header: *mut Header) -> (*mut Header, bool) {
    let mut at = header;
    loop {
        // SAFETY: a part has a reference to its parent, so the whole way is alive.
        match unsafe { &(*at).place } {
            Place::Here => return (at, true),
            Place::Borrowed { writable } => return (at, *writable),
            Place::Part { parent, .. } => at = *parent,
        }
    }
}

unsafe fn value_of(header: *mut Header, exclusive: bool) -> Result<*mut (), Fault> {
    // SAFETY: the caller has borrowed the root, so projections see valid values.
    unsafe {
        match &(*header).place {
            Place::Here | Place::Borrowed { .. } => Ok((*header).value),
            Place::Part {
                parent,
                project,
                kept,
            } => {
                let value = project(value_of(*parent, exclusive)?, exclusive, kept.which());
                if value.is_null() {
                    let name = (*header).name;
                    let message =
                        format!("this {name} is no longer part of the value it came from");
                    return Err(Fault::new(Kind::Closed, message));
                }
                Ok(value)
            }
        }
    }
}

fn in_use(name: &str, state: isize) -> Fault {
    if state == SPENT {
        let message = format!("this {name} was closed or handed over");
        return Fault::new(Kind::Closed, message);
    }
    let how = if state == EXCLUSIVE {
        "being changed"
    } else {
        "in use"
    };
    Fault::new(Kind::Borrow, format!("this {name} is {how}"))
}

unsafe fn acquire(root: *mut Header, exclusive: bool) -> Result<(), Fault> {
    // SAFETY: the root is alive as long as the handle that led to it.
    let header = unsafe { &*root };
    if !header.sync && !exclusive {
        let me = this_thread();
        let taken = header
            .user
            .compare_exchange(0, me, Ordering::AcqRel, Ordering::Acquire);
        if taken.is_err_and(|user| user != me) {
            return Err(in_use(header.name, header.borrow.load(Ordering::Relaxed)));
        }
    }
    let mut state = header.borrow.load(Ordering::Relaxed);
    loop {
        if state < 0 || (exclusive && state > 0) {
            if !header.sync && !exclusive && state < 0 {
                header.user.store(0, Ordering::Release);
            }
            if state > 0 && header.views.load(Ordering::Relaxed) > 0 {
                let message = format!("a view of this {} is in use", header.name);
                return Err(Fault::new(Kind::Buffer, message));
            }
            return Err(in_use(header.name, state));
        }
        let next = if exclusive { EXCLUSIVE } else { state + 1 };
        match header
            .borrow
            .compare_exchange_weak(state, next, Ordering::AcqRel, Ordering::Relaxed)
        {
            Ok(_) => return Ok(()),
            Err(now) => state = now,
        }
    }
}

/// Begins a use that a [`Guard`] ends.
unsafe fn begin(root: *mut Header, exclusive: bool) -> Result<(), Fault> {
    // SAFETY: as for `acquire`.
    unsafe {
        enter(root)?;
        acquire(root, exclusive).inspect_err(|_| leave(root))
    }
}

unsafe fn release(root: *mut Header, exclusive: bool) {
    // SAFETY: who borrowed keeps the header alive.
    let header = unsafe { &*root };
    if exclusive {
        // What was spent meanwhile stays so.
        let _ =
            header
                .borrow
                .compare_exchange(EXCLUSIVE, 0, Ordering::Release, Ordering::Relaxed);
    } else if header.borrow.load(Ordering::Relaxed) > 0 {
        let last = header.borrow.fetch_sub(1, Ordering::AcqRel) == 1;
        if last && !header.sync {
            header.user.store(0, Ordering::Release);
        }
    }
}

/// A borrow of a handle's value for one call.
pub struct Guard<T: ?Sized> {
    value: *mut T,
    root: *mut Header,
    exclusive: bool,
}

impl<T: ?Sized> Drop for Guard<T> {
    fn drop(&mut self) {
        // SAFETY: the caller's argument keeps the header alive during the call.
        unsafe {
            release(self.root, self.exclusive);
            leave(self.root);
        }
    }
}

impl<T: ?Sized> Deref for Guard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: borrowed until the guard is dropped.
        unsafe { &*self.value }
    }
}

impl<T: ?Sized> DerefMut for Guard<T> {
    fn deref_mut(&mut self) -> &mut T {
        debug_assert!(self.exclusive);
        // SAFETY: only `exclusive` gives guards that the shims use mutably.
        unsafe { &mut *self.value }
    }
}

impl<T> Guard<T> {
    /// Where the value is.
    pub fn pointer(&self) -> *mut T {
        self.value
    }

    /// The same borrow of the value as a trait object.
    pub fn cast<U: ?Sized>(self, cast: impl FnOnce(*mut T) -> *mut U) -> Guard<U> {
        let this = std::mem::ManuallyDrop::new(self);
        Guard {
            value: cast(this.value),
            root: this.root,
            exclusive: this.exclusive,
        }
    }
}

impl<T: ?Sized> Guard<T> {
    /// This guard as what a returned borrow may come from.
    pub fn parent(&self) -> Parent {
        Parent {
            root: self.root,
            hold: if self.exclusive {
                Hold::Exclusive
            } else {
                Hold::Shared
            },
        }
    }

    /// What this value itself borrows from.
    ///
    /// # Errors
    /// Where that is borrowed exclusively, so that nobody else can borrow from it.
    pub fn sources(&self) -> Result<Vec<Parent>, Fault> {
        // SAFETY: the guard keeps the header alive.
        let (pins, loans) = unsafe { (&(*self.root).pins, &(*self.root).loans) };
        let parents = pins.iter().map(|pin| {
            let (root, hold) = (pin.root, pin.hold);
            (hold != Hold::Exclusive).then_some(Parent { root, hold })
        });
        let lent = (!loans.is_empty()).then_some(Some(Parent {
            root: self.root,
            hold: Hold::Loan,
        }));
        let parents = parents.chain(lent);
        let message = "what this borrows from is being changed".to_owned();
        parents
            .collect::<Option<_>>()
            .ok_or_else(|| Fault::new(Kind::Borrow, message))
    }

    /// Leaves the borrow to the pin that [`Parent::pin`] has made of it.
    pub fn hand_over(self) {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: the use ends with the call; the caller keeps the header alive.
        unsafe { leave(this.root) };
    }

    /// The value for as long as it stays borrowed.
    ///
    /// # Safety
    /// What is made of the reference must not outlive the guard or a pin made of it.
    pub unsafe fn extended<'a>(&self) -> &'a T {
        // SAFETY: as the caller says.
        unsafe { &*self.value }
    }

    /// The value, mutably, for as long as it stays borrowed.
    ///
    /// # Safety
    /// As for [`Guard::extended`]; the guard must be exclusive.
    pub unsafe fn extended_mut<'a>(&mut self) -> &'a mut T {
        // SAFETY: as the caller says.
        unsafe { &mut *self.value }
    }
}

/// The value to read or to change.
///
/// # Safety
/// As for [`shared`].
pub unsafe fn guarded<T: Bound>(header: *mut Header, exclusive: bool) -> Result<Guard<T>, Fault> {
    // SAFETY: Python passes handles that its objects own; the tag says the type.
    unsafe {
        check(header, T::tag(), T::NAME)?;
        let (root, writable) = root_of(header);
        if exclusive && !writable {
            let message = format!("this {} was borrowed for reading", T::NAME);
            return Err(Fault::new(Kind::Borrow, message));
        }
        begin(root, exclusive)?;
        let mut guard = Guard {
            value: ptr::null_mut(),
            root,
            exclusive,
        };
        guard.value = value_of(header, exclusive)?.cast();
        Ok(guard)
    }
}

/// The value to read.
///
/// # Safety
/// `header` must be null or a handle of any generated package, alive during the call.
pub unsafe fn shared<T: Bound>(header: *mut Header) -> Result<Guard<T>, Fault> {
    // SAFETY: as the caller says.
    unsafe { guarded(header, false) }
}

/// The value to change.
///
/// # Safety
/// As for [`shared`].
pub unsafe fn exclusive<T: Bound>(header: *mut Header) -> Result<Guard<T>, Fault> {
    // SAFETY: as the caller says.
    unsafe { guarded(header, true) }
}

/// A collection's value, and what it can do.
///
/// # Safety
/// As for [`shared`].
pub unsafe fn collection(
    header: *mut Header,
    exclusive: bool,
) -> Result<(Guard<()>, Collection), Fault> {
    // SAFETY: as the caller says.
    unsafe {
        let known = header.as_ref().and_then(|header| header.collection);
        let Some(collection) = known else {
            return Err(Fault::new(Kind::Type, "expected a collection".into()));
        };
        check(header, (*header).tag, (*header).name)?;
        let (root, writable) = root_of(header);
        if exclusive && !writable {
            let message = format!("this {} was borrowed for reading", (*header).name);
            return Err(Fault::new(Kind::Borrow, message));
        }
        begin(root, exclusive)?;
        let mut guard = Guard {
            value: ptr::null_mut(),
            root,
            exclusive,
        };
        guard.value = value_of(header, exclusive)?;
        Ok((guard, collection))
    }
}

/// A list's value, and what it can do.
///
/// # Safety
/// As for [`shared`].
pub unsafe fn list(
    header: *mut Header,
    exclusive: bool,
) -> Result<(Guard<()>, &'static Operations), Fault> {
    // SAFETY: as the caller says.
    match unsafe { collection(header, exclusive) }? {
        (guard, Collection::List(operations)) => Ok((guard, operations)),
        _ => Err(Fault::new(Kind::Type, "expected a list".into())),
    }
}

/// A map's or a set's value, and what it can do.
///
/// # Safety
/// As for [`shared`].
pub unsafe fn table(
    header: *mut Header,
    exclusive: bool,
) -> Result<(Guard<()>, &'static TableOperations), Fault> {
    // SAFETY: as the caller says.
    match unsafe { collection(header, exclusive) }? {
        (guard, Collection::Table(operations)) => Ok((guard, operations)),
        _ => Err(Fault::new(Kind::Type, "expected a map or a set".into())),
    }
}

/// Keeps a list's memory where it is, for a view that Python has of it.
pub struct View(*mut Header);

impl View {
    /// For a list that is borrowed now.
    ///
    /// # Errors
    /// Where the list is lent: nobody would notice the view's use after that.
    pub fn of(list: &Guard<()>) -> Result<*mut Header, Fault> {
        // SAFETY: the guard keeps the header alive, and then the pin, which is dropped
        // after the view.
        let root = unsafe { &*list.root };
        if !root.loans.is_empty() {
            let message = format!("this {} is lent for one call: copy it", root.name);
            return Err(Fault::new(Kind::Buffer, message));
        }
        root.views.fetch_add(1, Ordering::Relaxed);
        Ok(own_pinned(Self(list.root), &[list.parent()]))
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { (*self.0).views.fetch_sub(1, Ordering::Relaxed) };
    }
}

// SAFETY: what it points to is only counted on, with an atomic.
unsafe impl Send for View {}
// SAFETY: as above.
unsafe impl Sync for View {}

crate::bound!(View, "view");

/// The value itself; the handle is spent.
///
/// # Safety
/// As for [`shared`].
pub unsafe fn take<T: Bound>(header: *mut Header) -> Result<T, Fault> {
    // SAFETY: as the caller says; the exclusive borrow is never given back.
    unsafe {
        check(header, T::tag(), T::NAME)?;
        if !matches!((*header).place, Place::Here) || !(*header).pins.is_empty() {
            let message = format!("this {} is borrowed from another object: copy it", T::NAME);
            return Err(Fault::new(Kind::Borrow, message));
        }
        if !(*header).loans.is_empty() {
            let message = format!("this {} is lent for one call: copy it", T::NAME);
            return Err(Fault::new(Kind::Borrow, message));
        }
        acquire(header, true)?;
        let value = (*header).value.cast::<T>().read();
        (*header).borrow.store(SPENT, Ordering::Release);
        Ok(value)
    }
}

/// Drops the value now. A handle that is spent stays so.
///
/// # Safety
/// As for [`shared`].
pub unsafe fn close<T: Bound>(header: *mut Header) -> Result<(), Fault> {
    // SAFETY: as the caller says.
    unsafe {
        check(header, T::tag(), T::NAME)?;
        if (*header).borrow.load(Ordering::Acquire) == SPENT || enter(header).is_err() {
            return Ok(());
        }
        let used = Used(header);
        if matches!((*header).place, Place::Here) {
            acquire(header, true)?;
            let value = (*header).value.cast::<T>();
            (*header).borrow.store(SPENT, Ordering::Release);
            value.drop_in_place();
        } else if matches!((*header).place, Place::Borrowed { .. }) {
            acquire(header, true)?;
            (*header).borrow.store(SPENT, Ordering::Release);
        }
        (*header).pins.clear();
        drop(used);
        Ok(())
    }
}

/// A use that ends when this is dropped.
struct Used(*mut Header);

impl Drop for Used {
    fn drop(&mut self) {
        // SAFETY: who made this keeps the header alive.
        unsafe { leave(self.0) };
    }
}

/// The type of a handle.
///
/// # Safety
/// `header` must be null or a handle of any generated package.
pub unsafe fn tag_of(header: *mut Header) -> u64 {
    if header.is_null() {
        return 0;
    }
    // SAFETY: as the caller says.
    unsafe { (*header).tag }
}
