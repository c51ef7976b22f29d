//! Maps and sets that Python reads and changes in place.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};

use super::fault::{Fault, Kind};
use super::handle::{Bound, Header, Which, own, part, table};
use super::wire::{Lift, Lower, Reader, Writer};

/// What a map can do, whatever its keys and values.
pub struct TableOperations {
    /// How many entries there are.
    pub count: unsafe fn(*const ()) -> usize,
    /// Writes all keys.
    pub keys: unsafe fn(*const (), &mut Writer),
    /// Writes all entries, where values are no handles.
    pub entries: Option<unsafe fn(*const (), &mut Writer)>,
    /// Writes the value of a key as an option; where values are handles, whether there is one.
    pub find: unsafe fn(*const (), &mut Reader<'_>, &mut Writer) -> Result<(), Fault>,
    /// Puts a value in the place of that of a key.
    pub put: unsafe fn(*mut (), &mut Reader<'_>) -> Result<(), Fault>,
    /// Removes a key; whether it was there.
    pub remove: unsafe fn(*mut (), &mut Reader<'_>) -> Result<bool, Fault>,
    /// Removes everything.
    pub clear: unsafe fn(*mut ()),
    /// A handle to a value in its place.
    pub item: Option<unsafe fn(*mut Header, &[u8]) -> *mut Header>,
    /// Moves a value out into a handle of its own.
    pub take: Option<unsafe fn(*mut (), &mut Reader<'_>) -> Result<Option<*mut Header>, Fault>>,
}

/// A map, or a set as a map to nothing.
pub trait Table: Default {
    /// Its keys' type.
    type Key;
    /// Its values' type.
    type Value;

    /// How many entries there are.
    fn count(&self) -> usize;

    /// The value of a key.
    fn find(&self, key: &Self::Key) -> Option<&Self::Value>;

    /// The value of a key, to change.
    fn find_mut(&mut self, key: &Self::Key) -> Option<&mut Self::Value>;

    /// Puts a value in the place of that of a key.
    fn put(&mut self, key: Self::Key, value: Self::Value);

    /// Removes a key.
    fn take(&mut self, key: &Self::Key) -> Option<Self::Value>;

    /// All entries.
    fn entries(&self) -> impl Iterator<Item = (&Self::Key, &Self::Value)>;
}

macro_rules! maps {
    ($($map:ident<$key:ident, $value:ident $(, $state:ident)?> where $bound:ident $(+ $more:ident)?;)*) => {$(
        impl<$key: $bound $(+ $more)?, $value $(, $state: BuildHasher + Default)?> Table for $map<$key, $value $(, $state)?> {
            type Key = $key;
            type Value = $value;

            fn count(&self) -> usize {
                self.len()
            }

            fn find(&self, key: &$key) -> Option<&$value> {
                self.get(key)
            }

            fn find_mut(&mut self, key: &$key) -> Option<&mut $value> {
                self.get_mut(key)
            }

            fn put(&mut self, key: $key, value: $value) {
                self.insert(key, value);
            }

            fn take(&mut self, key: &$key) -> Option<$value> {
                self.remove(key)
            }

            fn entries(&self) -> impl Iterator<Item = (&$key, &$value)> {
                self.iter()
            }
        }
    )*};
}

maps! {
    HashMap<K, V, S> where Eq + Hash;
    BTreeMap<K, V> where Ord;
}

macro_rules! sets {
    ($($set:ident<$key:ident $(, $state:ident)?> where $bound:ident $(+ $more:ident)?;)*) => {$(
        impl<$key: $bound $(+ $more)? $(, $state: BuildHasher + Default)?> Table for $set<$key $(, $state)?> {
            type Key = $key;
            type Value = ();

            fn count(&self) -> usize {
                self.len()
            }

            fn find(&self, key: &$key) -> Option<&()> {
                self.contains(key).then_some(&())
            }

            fn find_mut(&mut self, _: &$key) -> Option<&mut ()> {
                None
            }

            fn put(&mut self, key: $key, (): ()) {
                self.insert(key);
            }

            fn take(&mut self, key: &$key) -> Option<()> {
                self.remove(key).then_some(())
            }

            fn entries(&self) -> impl Iterator<Item = (&$key, &())> {
                self.iter().map(|key| (key, &()))
            }
        }
    )*};
}

sets! {
    HashSet<K, S> where Eq + Hash;
    BTreeSet<K> where Ord;
}

/// Functions of [`TableOperations`]: the pointers are to a `T`.
pub mod table_operations {
    use super::*;

    /// # Safety
    /// As [`TableOperations`] says.
    pub unsafe fn count<T: Table>(value: *const ()) -> usize {
        // SAFETY: as the caller says.
        unsafe { &*value.cast::<T>() }.count()
    }

    /// # Safety
    /// As [`TableOperations`] says.
    pub unsafe fn keys<T: Table>(value: *const (), out: &mut Writer)
    where
        for<'a> &'a T::Key: Lower,
    {
        // SAFETY: as the caller says.
        let table = unsafe { &*value.cast::<T>() };
        table.count().lower(out);
        Lower::lower_all(table.entries().map(|(key, _)| key), out);
    }

    /// # Safety
    /// As [`TableOperations`] says.
    pub unsafe fn entries<T: Table>(value: *const (), out: &mut Writer)
    where
        for<'a> &'a T::Key: Lower,
        for<'a> &'a T::Value: Lower,
    {
        // SAFETY: as the caller says.
        let table = unsafe { &*value.cast::<T>() };
        table.count().lower(out);
        table.entries().for_each(|entry| entry.lower(out));
    }

    /// # Safety
    /// As [`TableOperations`] says.
    pub unsafe fn find<T: Table>(
        value: *const (),
        key: &mut Reader<'_>,
        out: &mut Writer,
    ) -> Result<(), Fault>
    where
        T::Key: Lift,
        for<'a> &'a T::Value: Lower,
    {
        let key = T::Key::lift(key)?;
        // SAFETY: as the caller says.
        unsafe { &*value.cast::<T>() }.find(&key).lower(out);
        Ok(())
    }

    /// # Safety
    /// As [`TableOperations`] says.
    pub unsafe fn contains<T: Table>(
        value: *const (),
        key: &mut Reader<'_>,
        out: &mut Writer,
    ) -> Result<(), Fault>
    where
        T::Key: Lift,
    {
        let key = T::Key::lift(key)?;
        // SAFETY: as the caller says.
        unsafe { &*value.cast::<T>() }.find(&key).is_some().lower(out);
        Ok(())
    }

    /// # Safety
    /// As [`TableOperations`] says.
    pub unsafe fn put<T: Table>(value: *mut (), entry: &mut Reader<'_>) -> Result<(), Fault>
    where
        T::Key: Lift,
        T::Value: Lift,
    {
        let (key, new) = (T::Key::lift(entry)?, T::Value::lift(entry)?);
        // SAFETY: as the caller says.
        unsafe { &mut *value.cast::<T>() }.put(key, new);
        Ok(())
    }

    /// # Safety
    /// As [`TableOperations`] says.
    pub unsafe fn remove<T: Table>(value: *mut (), key: &mut Reader<'_>) -> Result<bool, Fault>
    where
        T::Key: Lift,
    {
        let key = T::Key::lift(key)?;
        // SAFETY: as the caller says.
        Ok(unsafe { &mut *value.cast::<T>() }.take(&key).is_some())
    }

    /// # Safety
    /// As [`TableOperations`] says.
    pub unsafe fn clear<T: Table>(value: *mut ()) {
        // SAFETY: as the caller says.
        drop(std::mem::take(unsafe { &mut *value.cast::<T>() }));
    }

    /// # Safety
    /// As [`TableOperations`] says. `B` must be what a value is, in handles.
    pub unsafe fn item<T: Table, B: Bound>(header: *mut Header, key: &[u8]) -> *mut Header
    where
        T::Key: Lift,
    {
        // SAFETY: as the caller says.
        unsafe { part::<B>(header, project::<T>, Which::Key(key)) }
    }

    unsafe fn project<T: Table>(value: *mut (), exclusive: bool, which: Which<'_>) -> *mut ()
    where
        T::Key: Lift,
    {
        let Which::Key(key) = which else {
            return std::ptr::null_mut();
        };
        let Ok(key) = T::Key::lift(&mut Reader::new(key)) else {
            return std::ptr::null_mut();
        };
        // SAFETY: as for every projection.
        unsafe {
            if exclusive {
                let found = (*value.cast::<T>()).find_mut(&key);
                return found.map_or(std::ptr::null_mut(), |item| (&raw mut *item).cast());
            }
            let found = (*value.cast::<T>()).find(&key);
            found.map_or(std::ptr::null_mut(), |item| std::ptr::from_ref(item).cast_mut().cast())
        }
    }

    /// # Safety
    /// As [`TableOperations`] says.
    pub unsafe fn take<T: Table>(
        value: *mut (),
        key: &mut Reader<'_>,
    ) -> Result<Option<*mut Header>, Fault>
    where
        T::Key: Lift,
        T::Value: Bound,
    {
        let key = T::Key::lift(key)?;
        // SAFETY: as the caller says.
        Ok(unsafe { &mut *value.cast::<T>() }.take(&key).map(own))
    }
}

/// `table!(kind, map)`: a type of map or set; `kind` says what its values are.
#[macro_export]
macro_rules! table {
    (@bound $table:ty, $entries:expr, $find:expr, $item:expr, $take:expr) => {
        $crate::in_place!($table, "map", $crate::rt::Collection::Table(&$crate::rt::TableOperations {
            count: $crate::rt::table_operations::count::<$table>,
            keys: $crate::rt::table_operations::keys::<$table>,
            entries: $entries,
            find: $find,
            put: $crate::rt::table_operations::put::<$table>,
            remove: $crate::rt::table_operations::remove::<$table>,
            clear: $crate::rt::table_operations::clear::<$table>,
            item: $item,
            take: $take,
        }));
    };
    (values, $table:ty) => {
        $crate::table!(@bound $table, Some($crate::rt::table_operations::entries::<$table>),
            $crate::rt::table_operations::find::<$table>, None, None);
    };
    (lists of $bound:ty, $table:ty) => {
        $crate::table!(@bound $table, None, $crate::rt::table_operations::contains::<$table>,
            Some($crate::rt::table_operations::item::<$table, $bound>), None);
    };
    (objects of $bound:ty, $table:ty) => {
        $crate::table!(@bound $table, None, $crate::rt::table_operations::contains::<$table>,
            Some($crate::rt::table_operations::item::<$table, $bound>),
            Some($crate::rt::table_operations::take::<$table>));
    };
}

fn no_entry() -> Fault {
    Fault::new(Kind::Key, "no entry has this key".into())
}

/// A map's keys or, if `whole`, its entries.
///
/// # Safety
/// `header` must be null or a handle of any generated package, alive during the call.
pub unsafe fn table_read(header: *mut Header, whole: bool) -> Result<Writer, Fault> {
    // SAFETY: as the caller says.
    unsafe {
        let (value, operations) = table(header, false)?;
        let mut out = Writer::default();
        match operations.entries.filter(|_| whole) {
            Some(entries) => entries(value.pointer(), &mut out),
            None => (operations.keys)(value.pointer(), &mut out),
        }
        Ok(out)
    }
}

/// The value of a key, or whether there is one.
///
/// # Safety
/// As for [`table_read`]; `data` must be valid for `count` bytes.
pub unsafe fn table_find(header: *mut Header, data: *const u8, count: usize) -> Result<Writer, Fault> {
    // SAFETY: as the caller says.
    unsafe {
        let (value, operations) = table(header, false)?;
        let mut out = Writer::default();
        let key = super::call::slice(&(), data, count);
        (operations.find)(value.pointer(), &mut Reader::new(key), &mut out)?;
        Ok(out)
    }
}

/// Puts a value in the place of that of a key; both are in `data`.
///
/// # Safety
/// As for [`table_find`].
pub unsafe fn table_put(header: *mut Header, data: *const u8, count: usize) -> Result<(), Fault> {
    // SAFETY: as the caller says.
    unsafe {
        let (value, operations) = table(header, true)?;
        let entry = super::call::slice(&(), data, count);
        (operations.put)(value.pointer(), &mut Reader::new(entry))
    }
}

/// Removes a key: 1 if it was there.
///
/// # Safety
/// As for [`table_find`].
pub unsafe fn table_remove(header: *mut Header, data: *const u8, count: usize) -> Result<i64, Fault> {
    // SAFETY: as the caller says.
    unsafe {
        let (value, operations) = table(header, true)?;
        let key = super::call::slice(&(), data, count);
        (operations.remove)(value.pointer(), &mut Reader::new(key)).map(i64::from)
    }
}

/// Removes everything.
///
/// # Safety
/// As for [`table_read`].
pub unsafe fn table_clear(header: *mut Header) -> Result<(), Fault> {
    // SAFETY: as the caller says.
    unsafe {
        let (value, operations) = table(header, true)?;
        (operations.clear)(value.pointer());
        Ok(())
    }
}

/// A handle to a value in its place.
///
/// # Safety
/// As for [`table_find`].
pub unsafe fn table_item(header: *mut Header, data: *const u8, count: usize) -> Result<*mut Header, Fault> {
    // SAFETY: as the caller says.
    unsafe {
        let (value, operations) = table(header, false)?;
        let key = super::call::slice(&(), data, count);
        let item = operations.item.ok_or_else(|| Fault::value("values without handles"))?;
        let mut found = Writer::default();
        (operations.find)(value.pointer(), &mut Reader::new(key), &mut found)?;
        if found.bytes == [0] {
            return Err(no_entry());
        }
        Ok(item(header, key))
    }
}

/// Moves a value out of its map.
///
/// # Safety
/// As for [`table_find`].
pub unsafe fn table_take(header: *mut Header, data: *const u8, count: usize) -> Result<*mut Header, Fault> {
    // SAFETY: as the caller says.
    unsafe {
        let (value, operations) = table(header, true)?;
        let key = super::call::slice(&(), data, count);
        let take = operations.take.ok_or_else(|| Fault::value("values that stay in their place"))?;
        take(value.pointer(), &mut Reader::new(key))?.ok_or_else(no_entry)
    }
}
