//! Python's objects where Rust wants a trait's, and its functions where Rust wants pointers.

use std::collections::HashSet;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use super::call::Callback;
use super::fault::{Fault, Kind};
use super::handle::{Guard, Header};
use super::wire::{Lift, Reader, lift_header};

/// The number of a Python object's `repr` among its methods.
pub const REPR: u8 = 254;
/// The number of a Python object's `str`.
pub const STR: u8 = 255;

/// `dyn Trait` of a trait of the crate.
pub trait Object: 'static {
    /// The value of a handle whose type implements the trait, for one call.
    ///
    /// # Safety
    /// `header` must be null or a handle of any generated package, alive during the call.
    unsafe fn lend(header: *mut Header, exclusive: bool) -> Result<Guard<Self>, Fault>;

    /// The value of such a handle, which is spent.
    ///
    /// # Safety
    /// As for [`Object::lend`].
    unsafe fn take(header: *mut Header) -> Result<Box<Self>, Fault>;

    /// A Python object; its provided methods of which it has an own version.
    fn foreign(object: Callback, overridden: u64) -> Result<Box<Self>, Fault>;
}

/// The failure for a handle whose type does not implement a trait.
pub fn no_implementor(name: &str) -> Fault {
    Fault::new(Kind::Type, format!("expected an object that implements {name}"))
}

fn lift_object<T: Object + ?Sized, R>(
    from: &mut Reader<'_>,
    of_handle: impl FnOnce(*mut Header) -> Result<R, Fault>,
    of_python: impl FnOnce(Box<T>) -> R,
) -> Result<R, Fault> {
    let header = lift_header(from)?;
    let (number, overridden) = <(u64, u64)>::lift(from)?;
    if number == 0 {
        return of_handle(header);
    }
    T::foreign(Callback::new(number), overridden).map(of_python)
}

/// A trait object that Rust takes over.
pub fn lift_boxed<T: Object + ?Sized>(from: &mut Reader<'_>) -> Result<Box<T>, Fault> {
    // SAFETY: Python writes the handles of objects that live during the call.
    lift_object(from, |header| unsafe { T::take(header) }, |boxed| boxed)
}

/// A trait object for one call: of a handle's value, or of a Python object.
pub enum Lent<T: ?Sized> {
    /// A handle's.
    Guard(Guard<T>),
    /// Python's own.
    Boxed(Box<T>),
}

impl<T: ?Sized> Deref for Lent<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Guard(guard) => guard,
            Self::Boxed(boxed) => boxed,
        }
    }
}

impl<T: ?Sized> DerefMut for Lent<T> {
    fn deref_mut(&mut self) -> &mut T {
        match self {
            Self::Guard(guard) => guard,
            Self::Boxed(boxed) => boxed,
        }
    }
}

// SAFETY: several threads may read what they share; the borrow's count is atomic.
unsafe impl<T: ?Sized + Sync> Sync for Lent<T> {}
// SAFETY: as above; what another thread drops is `Send`.
unsafe impl<T: ?Sized + Send + Sync> Send for Lent<T> {}

impl<T: Object + ?Sized> Lift for Lent<T> {
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
        // SAFETY: as for `lift_boxed`.
        let lend = |header| unsafe { T::lend(header, false) }.map(Self::Guard);
        lift_object(from, lend, Self::Boxed)
    }
}

/// A trait object to change.
pub struct LentMut<T: ?Sized>(pub Lent<T>);

impl<T: Object + ?Sized> Lift for LentMut<T> {
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
        // SAFETY: as for `lift_boxed`.
        let lend = |header| unsafe { T::lend(header, true) }.map(|guard| Self(Lent::Guard(guard)));
        lift_object(from, lend, |boxed| Self(Lent::Boxed(boxed)))
    }
}

/// What a Python object's methods have returned where Rust wants references: each
/// different text once, for as long as the object is Rust's.
#[derive(Default)]
pub struct Texts(Mutex<HashSet<Box<str>>>);

impl Texts {
    /// The text, for as long as `self`.
    pub fn keep(&self, text: String) -> &str {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains(text.as_str()) {
            all.insert(text.clone().into_boxed_str());
        }
        let kept: *const str = all.get(text.as_str()).map_or("", |kept| &**kept);
        // SAFETY: no text is removed before `self` is dropped, and boxes do not move
        // what is in them.
        unsafe { &*kept }
    }
}

/// A text for as long as the process: each different one once.
pub fn forever(text: String) -> &'static str {
    static TEXTS: std::sync::LazyLock<Texts> = std::sync::LazyLock::new(Texts::default);
    TEXTS.keep(text)
}

/// How many Python functions Rust may hold at once as pointers of one parameter.
pub const SLOTS: usize = 32;

/// The Python functions behind pointers: one parameter's pointers are to functions
/// that only differ in the slot they look into.
pub struct Slots(Mutex<(usize, [Option<(u64, Arc<Callback>)>; SLOTS])>);

impl Slots {
    /// All empty.
    pub const fn new() -> Self {
        Self(Mutex::new((0, [const { None }; SLOTS])))
    }

    /// Puts a function into a slot: until the result is dropped or, where Rust may
    /// keep the pointer, for good.
    pub fn fill(&'static self, number: u64, keep: bool) -> Result<Filled, Fault> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, slots) = &mut *state;
        let known = |slot: &Option<(u64, _)>| slot.as_ref().is_some_and(|slot| slot.0 == number);
        if let Some(index) = slots.iter().position(known) {
            return Ok(Filled { slots: self, index, keep });
        }
        let callback = Arc::new(Callback::new(number));
        // The slot that has been empty for longest: a pointer that was kept against
        // expectation rather finds none than another function.
        let free = (0..SLOTS).map(|offset| (*next + offset) % SLOTS).find(|&at| slots[at].is_none());
        let Some(index) = free else {
            drop(state);
            return Err(Fault::value(format!("{SLOTS} functions are held as pointers already")));
        };
        *next = index + 1;
        slots[index] = Some((number, callback));
        Ok(Filled { slots: self, index, keep })
    }

    /// Calls the function in a slot.
    pub fn call<R: Lift>(&self, index: usize, arguments: impl super::wire::Lower) -> R {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = state.1[index].as_ref().map(|slot| Arc::clone(&slot.1));
        drop(state);
        match found {
            Some(callback) => callback.call(arguments),
            None => std::panic::panic_any("the function was given for one call only"),
        }
    }
}

/// A slot in use.
pub struct Filled {
    slots: &'static Slots,
    index: usize,
    keep: bool,
}

impl Filled {
    /// Which slot.
    pub fn index(&self) -> usize {
        self.index
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        if !self.keep {
            let mut state = self.slots.0.lock().unwrap_or_else(PoisonError::into_inner);
            let emptied = state.1[self.index].take();
            drop(state);
            drop(emptied);
        }
    }
}

/// The array of what a function with the parameter `N` is for each slot.
#[macro_export]
macro_rules! slots {
    ($function:ident) => {
        $crate::slots!($function 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31)
    };
    ($function:ident $($number:literal)*) => { [$($function::<$number>),*] };
}

/// A trait object in Python's hands, whoever has it.
pub enum Holder<T: ?Sized> {
    /// Python.
    Boxed(Box<T>),
    /// Python, and others on this thread.
    Rc(Rc<T>),
    /// Python, and others.
    Arc(Arc<T>),
    /// Another value, for as long as the handle is pinned or lent.
    Shared(*const T),
    /// The same, to change.
    Exclusive(*mut T),
}

// SAFETY: several threads may use the object, and drop it; the shim puts none of an
// `Rc` into a holder for such objects.
unsafe impl<T: ?Sized + Send + Sync> Send for Holder<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync> Sync for Holder<T> {}

impl<T: ?Sized> Deref for Holder<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Boxed(own) => own,
            Self::Rc(shared) => shared,
            Self::Arc(shared) => shared,
            // SAFETY: the handle keeps what it was borrowed from as it is.
            Self::Shared(object) => unsafe { &**object },
            // SAFETY: as above.
            Self::Exclusive(object) => unsafe { &**object },
        }
    }
}

impl<T: ?Sized> DerefMut for Holder<T> {
    fn deref_mut(&mut self) -> &mut T {
        let found = match self {
            Self::Boxed(own) => Some(&mut **own),
            Self::Rc(shared) => Rc::get_mut(shared),
            Self::Arc(shared) => Arc::get_mut(shared),
            Self::Shared(_) => None,
            // SAFETY: the handle keeps everybody else out.
            Self::Exclusive(object) => Some(unsafe { &mut **object }),
        };
        found.unwrap_or_else(|| {
            let message = "this object is shared, or was borrowed for reading".to_owned();
            std::panic::resume_unwind(Box::new(Fault::new(Kind::Borrow, message)))
        })
    }
}

/// `lower_objects!(type, object)`: references to trait objects, in the shim's type.
#[macro_export]
macro_rules! lower_objects {
    ($around:ident, $object:ty) => {
        impl $crate::rt::Lower for &($object) {
            fn lower(self, out: &mut $crate::rt::Writer) {
                // SAFETY: only the lifetime differs, which the handle keeps.
                let object: *const $object = unsafe { std::mem::transmute(self) };
                $crate::rt::lower_pinned($around($crate::rt::Holder::Shared(object)), out);
            }
        }

        impl $crate::rt::Lower for &mut ($object) {
            fn lower(self, out: &mut $crate::rt::Writer) {
                // SAFETY: as above.
                let object: *mut $object = unsafe { std::mem::transmute(self) };
                $crate::rt::lower_pinned($around($crate::rt::Holder::Exclusive(object)), out);
            }
        }
    };
}

/// `lower_object!(type, kind, pointer)`: trait objects that Python owns, or owns too.
#[macro_export]
macro_rules! lower_object {
    ($around:ident, $kind:ident, $pointer:ty) => {
        impl $crate::rt::Lower for $pointer {
            fn lower(self, out: &mut $crate::rt::Writer) {
                let held = $around($crate::rt::Holder::$kind(self));
                if out.parents.is_empty() {
                    $crate::rt::lower_owned(held, out);
                } else {
                    $crate::rt::lower_pinned(held, out);
                }
            }
        }

        impl $crate::rt::Lower for &$pointer {
            fn lower(self, out: &mut $crate::rt::Writer) {
                (&**self).lower(out);
            }
        }
    };
}
