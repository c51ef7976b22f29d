//! Lists that Python reads and changes in place: fields that are a `Vec`, an array or a `VecDeque`.

use std::collections::VecDeque;

use super::fault::{Fault, Kind};
use super::handle::{Bound, Collection, Header, View, Which, collection, list, own, part};
use super::wire::{Lift, Lower, Reader, Writer};

/// A collection as a value that Python knows by handle: a `Vec` itself is not one, so
/// that it crosses by its items elsewhere.
#[repr(transparent)]
pub struct InPlace<L>(L);

/// What a list can do, whatever its items.
pub struct Operations {
    /// How many items there are.
    pub count: unsafe fn(*const ()) -> usize,
    /// Writes items; they must be there.
    pub read: unsafe fn(*const (), usize, usize, &mut Writer),
    /// Puts items in the place of others, which must be there.
    pub splice: unsafe fn(*mut (), usize, usize, &mut Reader<'_>) -> Result<(), Fault>,
    /// A handle to an item in its place, where items have handles.
    pub item: Option<unsafe fn(*mut Header, usize) -> *mut Header>,
    /// Moves an item out into a handle of its own.
    pub remove: Option<unsafe fn(*mut (), usize) -> Result<*mut Header, Fault>>,
    /// Where the items begin, if they are numbers.
    pub memory: Option<unsafe fn(*mut ()) -> *mut u8>,
}

/// A `Vec`, an array or a `VecDeque`.
pub trait List {
    /// Its items' type.
    type Item;

    /// How many items there are.
    fn count(&self) -> usize;

    /// Some of its items; they must be there.
    fn items(&self, start: usize, stop: usize) -> impl Iterator<Item = &Self::Item>;

    /// One item.
    fn item(&self, index: usize) -> Option<&Self::Item>;

    /// One item, to change.
    fn item_mut(&mut self, index: usize) -> Option<&mut Self::Item>;

    /// Puts items in the place of others.
    fn replace(&mut self, start: usize, stop: usize, new: Vec<Self::Item>) -> Result<(), Fault>;
}

/// A list that has its items side by side.
pub trait Contiguous: List {
    /// Where they begin.
    fn memory(&self) -> *const Self::Item;
}

/// A list of any length.
pub trait Growing: List {
    /// Moves an item out; it must be there.
    fn take(&mut self, index: usize) -> Option<Self::Item>;
}

macro_rules! sliced {
    ($([$($parameter:tt)*] $list:ty;)*) => {$(
        impl<$($parameter)*> List for $list {
            type Item = T;

            fn count(&self) -> usize {
                self.len()
            }

            fn items(&self, start: usize, stop: usize) -> impl Iterator<Item = &T> {
                self[start..stop].iter()
            }

            fn item(&self, index: usize) -> Option<&T> {
                self.get(index)
            }

            fn item_mut(&mut self, index: usize) -> Option<&mut T> {
                self.get_mut(index)
            }

            fn replace(&mut self, start: usize, stop: usize, new: Vec<T>) -> Result<(), Fault> {
                Replace::replace(self, start, stop, new)
            }
        }

        impl<$($parameter)*> Contiguous for $list {
            fn memory(&self) -> *const T {
                self.as_ptr()
            }
        }
    )*};
}

sliced! {
    [T] Vec<T>;
    [T, const N: usize] [T; N];
}

/// What differs between lists of memory side by side.
trait Replace<T> {
    fn replace(&mut self, start: usize, stop: usize, new: Vec<T>) -> Result<(), Fault>;
}

impl<T> Replace<T> for Vec<T> {
    fn replace(&mut self, start: usize, stop: usize, new: Vec<T>) -> Result<(), Fault> {
        drop(self.splice(start..stop, new));
        Ok(())
    }
}

impl<T, const N: usize> Replace<T> for [T; N] {
    fn replace(&mut self, start: usize, stop: usize, new: Vec<T>) -> Result<(), Fault> {
        if new.len() != stop - start {
            return Err(Fault::value(format!("an array has {N} items, no more and no fewer")));
        }
        self[start..stop].iter_mut().zip(new).for_each(|(old, new)| *old = new);
        Ok(())
    }
}

impl<T> List for VecDeque<T> {
    type Item = T;

    fn count(&self) -> usize {
        self.len()
    }

    fn items(&self, start: usize, stop: usize) -> impl Iterator<Item = &T> {
        self.range(start..stop)
    }

    fn item(&self, index: usize) -> Option<&T> {
        self.get(index)
    }

    fn item_mut(&mut self, index: usize) -> Option<&mut T> {
        self.get_mut(index)
    }

    fn replace(&mut self, start: usize, stop: usize, new: Vec<T>) -> Result<(), Fault> {
        if stop == 0 {
            new.into_iter().rev().for_each(|item| self.push_front(item));
            return Ok(());
        }
        let rest = self.split_off(stop);
        self.truncate(start);
        self.extend(new);
        self.extend(rest);
        Ok(())
    }
}

impl<T> Growing for Vec<T> {
    fn take(&mut self, index: usize) -> Option<T> {
        (index < self.len()).then(|| self.remove(index))
    }
}

impl<T> Growing for VecDeque<T> {
    fn take(&mut self, index: usize) -> Option<T> {
        self.remove(index)
    }
}

/// Functions of [`Operations`]: the pointers are to an `L`.
pub mod operations {
    use super::*;

    /// # Safety
    /// As [`Operations`] says.
    pub unsafe fn count<L: List>(value: *const ()) -> usize {
        // SAFETY: as the caller says.
        unsafe { &*value.cast::<L>() }.count()
    }

    /// # Safety
    /// As [`Operations`] says.
    pub unsafe fn read<L: List>(value: *const (), start: usize, stop: usize, out: &mut Writer)
    where
        for<'a> &'a L::Item: Lower,
    {
        // SAFETY: as the caller says.
        let items = unsafe { &*value.cast::<L>() }.items(start, stop);
        (stop - start).lower(out);
        Lower::lower_all(items, out);
    }

    /// # Safety
    /// As [`Operations`] says.
    pub unsafe fn read_none(_: *const (), _: usize, _: usize, out: &mut Writer) {
        0_usize.lower(out);
    }

    /// # Safety
    /// As [`Operations`] says.
    pub unsafe fn splice<L: List>(
        value: *mut (),
        start: usize,
        stop: usize,
        from: &mut Reader<'_>,
    ) -> Result<(), Fault>
    where
        L::Item: Lift,
    {
        let new = Vec::lift(from)?;
        // SAFETY: as the caller says.
        unsafe { &mut *value.cast::<L>() }.replace(start, stop, new)
    }

    /// # Safety
    /// As [`Operations`] says.
    pub unsafe fn memory<L: Contiguous>(value: *mut ()) -> *mut u8 {
        // SAFETY: as the caller says.
        unsafe { &*value.cast::<L>() }.memory().cast_mut().cast()
    }

    /// # Safety
    /// As [`Operations`] says. `B` must be what an item is, in handles.
    pub unsafe fn item<L: List, B: Bound>(header: *mut Header, index: usize) -> *mut Header {
        // SAFETY: as the caller says.
        unsafe { part::<B>(header, project::<L>, Which::Item(index)) }
    }

    unsafe fn project<L: List>(value: *mut (), exclusive: bool, which: Which<'_>) -> *mut () {
        let Which::Item(index) = which else {
            return std::ptr::null_mut();
        };
        // SAFETY: as for every projection.
        unsafe {
            if exclusive {
                let found = (*value.cast::<L>()).item_mut(index);
                return found.map_or(std::ptr::null_mut(), |item| (&raw mut *item).cast());
            }
            let found = (*value.cast::<L>()).item(index);
            found.map_or(std::ptr::null_mut(), |item| std::ptr::from_ref(item).cast_mut().cast())
        }
    }

    /// # Safety
    /// As [`Operations`] says.
    pub unsafe fn remove<L: Growing>(value: *mut (), index: usize) -> Result<*mut Header, Fault>
    where
        L::Item: Bound,
    {
        // SAFETY: as the caller says.
        let taken = unsafe { &mut *value.cast::<L>() }.take(index);
        taken.map(own).ok_or_else(out_of_range)
    }
}

fn out_of_range() -> Fault {
    Fault::new(Kind::Index, "list index out of range".into())
}

/// `in_place!(type, name, collection)`: a collection as one that Python changes in place.
#[macro_export]
macro_rules! in_place {
    ($type:ty, $name:expr, $collection:expr) => {
        impl $crate::rt::Bound for $crate::rt::InPlace<$type> {
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
            const COLLECTION: Option<$crate::rt::Collection> = Some($collection);
        }
    };
}

/// `list!(kind, list)`: a type of list; `kind` says what its items are.
#[macro_export]
macro_rules! list {
    (@bound $list:ty, $read:expr, $item:expr, $remove:expr, $memory:expr) => {
        $crate::in_place!($list, "list", $crate::rt::Collection::List(&$crate::rt::Operations {
            count: $crate::rt::operations::count::<$list>,
            read: $read,
            splice: $crate::rt::operations::splice::<$list>,
            item: $item,
            remove: $remove,
            memory: $memory,
        }));
    };
    (values, $list:ty) => {
        $crate::list!(@bound $list, $crate::rt::operations::read::<$list>, None, None, None);
    };
    (numbers, $list:ty) => {
        $crate::list!(@bound $list, $crate::rt::operations::read::<$list>, None, None,
            Some($crate::rt::operations::memory::<$list>));
    };
    (lists of $bound:ty, $list:ty) => {
        $crate::list!(@bound $list, $crate::rt::operations::read_none,
            Some($crate::rt::operations::item::<$list, $bound>), None, None);
    };
    (objects of $bound:ty, $list:ty) => {
        $crate::list!(@bound $list, $crate::rt::operations::read_none,
            Some($crate::rt::operations::item::<$list, $bound>),
            Some($crate::rt::operations::remove::<$list>), None);
    };
    (fixed of $bound:ty, $list:ty) => {
        $crate::list!(lists of $bound, $list);
    };
}

fn within(start: u64, stop: u64, count: usize) -> Result<(usize, usize), Fault> {
    match (usize::try_from(start), usize::try_from(stop)) {
        (Ok(start), Ok(stop)) if start <= stop && stop <= count => Ok((start, stop)),
        _ => Err(out_of_range()),
    }
}

/// How many items a collection has.
///
/// # Safety
/// `header` must be null or a handle of any generated package, alive during the call.
pub unsafe fn list_count(header: *mut Header) -> Result<i64, Fault> {
    // SAFETY: as the caller says.
    unsafe {
        let (value, collection) = collection(header, false)?;
        let count = match collection {
            Collection::List(operations) => operations.count,
            Collection::Table(operations) => operations.count,
        };
        Ok(count(value.pointer()).cast_signed() as i64)
    }
}

/// Some of a list's items.
///
/// # Safety
/// As for [`list_count`].
pub unsafe fn list_read(header: *mut Header, start: u64, stop: u64) -> Result<Writer, Fault> {
    // SAFETY: as the caller says.
    unsafe {
        let (list, operations) = list(header, false)?;
        let (start, stop) = within(start, stop, (operations.count)(list.pointer()))?;
        let mut out = Writer::default();
        (operations.read)(list.pointer(), start, stop, &mut out);
        Ok(out)
    }
}

/// Puts items in the place of others.
///
/// # Safety
/// As for [`list_count`]; `data` must be valid for `count` bytes.
pub unsafe fn list_splice(
    header: *mut Header,
    start: u64,
    stop: u64,
    data: *const u8,
    count: usize,
) -> Result<(), Fault> {
    // SAFETY: as the caller says.
    unsafe {
        let (list, operations) = list(header, true)?;
        let (start, stop) = within(start, stop, (operations.count)(list.pointer()))?;
        let bytes = super::call::slice(&(), data, count);
        (operations.splice)(list.pointer(), start, stop, &mut Reader::new(bytes))
    }
}

/// A handle to an item in its place.
///
/// # Safety
/// As for [`list_count`].
pub unsafe fn list_item(header: *mut Header, index: u64) -> Result<*mut Header, Fault> {
    // SAFETY: as the caller says.
    unsafe {
        let (list, operations) = list(header, false)?;
        let (index, _) = within(index, index.saturating_add(1), (operations.count)(list.pointer()))?;
        let item = operations.item.ok_or_else(|| Fault::value("items without handles"))?;
        Ok(item(header, index))
    }
}

/// Moves an item out of its list.
///
/// # Safety
/// As for [`list_count`].
pub unsafe fn list_remove(header: *mut Header, index: u64) -> Result<*mut Header, Fault> {
    // SAFETY: as the caller says.
    unsafe {
        let (list, operations) = list(header, true)?;
        let (index, _) = within(index, index.saturating_add(1), (operations.count)(list.pointer()))?;
        let remove = operations.remove;
        remove.ok_or_else(|| Fault::value("items that stay in their place"))?(list.pointer(), index)
    }
}

/// A list's memory: its address, how many items it has, and the handle that keeps it there.
///
/// # Safety
/// As for [`list_count`].
pub unsafe fn list_view(header: *mut Header) -> Result<Writer, Fault> {
    // SAFETY: as the caller says.
    unsafe {
        let (list, operations) = list(header, false)?;
        let memory = operations.memory.ok_or_else(|| Fault::value("items that are not numbers"))?;
        let mut out = Writer::default();
        (memory(list.pointer()).expose_provenance() as u64).lower(&mut out);
        (operations.count)(list.pointer()).lower(&mut out);
        (View::of(&list)? as u64).lower(&mut out);
        Ok(out)
    }
}
