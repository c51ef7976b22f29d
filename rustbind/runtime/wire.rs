//! How values other than numbers and handles cross: as one run of bytes.
//!
//! Numbers are in the machine's byte order and unaligned, lengths are `u64`, texts
//! and lists have their length first, an `Option` one byte, a handle its address.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, Hash};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZero;
use std::ops::{Bound as Edge, ControlFlow, Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::fault::{Fault, PythonError};
use super::handle::{Bound, Guard, Header, Lending, Parent, borrow, own, shared, take};

/// Bytes on their way to Python.
#[derive(Default)]
pub struct Writer {
    /// What has been written.
    pub bytes: Vec<u8>,
    /// What borrowed handles borrow from.
    pub parents: Vec<Parent>,
    /// What a callback is lent; `None` outside of callbacks.
    pub lending: Option<Lending>,
    /// Whether a handle has been made that keeps the parents borrowed.
    pub pinned: bool,
}

/// Bytes from Python.
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the beginning of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let taken = self.bytes.split_at_checked(count);
        let (taken, rest) = taken.ok_or_else(|| Fault::value("an argument ended too early"))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn count(&mut self) -> Result<usize, Fault> {
        usize::try_from(u64::lift(self)?).map_err(|_| Fault::value("too long"))
    }
}

/// A value that Python can get.
pub trait Lower: Sized {
    /// Writes the value.
    fn lower(self, out: &mut Writer);

    /// Writes many, without their number.
    fn lower_all(all: impl Iterator<Item = Self>, out: &mut Writer) {
        all.for_each(|each| each.lower(out));
    }
}

/// A value that Python can give.
pub trait Lift: Sized {
    /// Reads the value.
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault>;

    /// Reads `count` values.
    fn lift_all(from: &mut Reader<'_>, count: usize) -> Result<Vec<Self>, Fault> {
        let mut all = Vec::with_capacity(count.min(from.bytes.len()));
        for _ in 0..count {
            all.push(Self::lift(from)?);
        }
        Ok(all)
    }
}

macro_rules! number {
    ($($type:ty)*) => {$(
        impl Lower for $type {
            fn lower(self, out: &mut Writer) {
                out.bytes.extend_from_slice(&self.to_ne_bytes());
            }

            fn lower_all(all: impl Iterator<Item = Self>, out: &mut Writer) {
                out.bytes.reserve(all.size_hint().0 * size_of::<$type>());
                all.for_each(|each| out.bytes.extend_from_slice(&each.to_ne_bytes()));
            }
        }

        impl Lower for &$type {
            fn lower(self, out: &mut Writer) {
                (*self).lower(out);
            }

            fn lower_all(all: impl Iterator<Item = Self>, out: &mut Writer) {
                <$type>::lower_all(all.copied(), out);
            }
        }

        impl Lift for $type {
            fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
                let bytes = from.take(size_of::<$type>())?;
                bytes.try_into().map(<$type>::from_ne_bytes).map_err(|_| Fault::value("not a number"))
            }

            fn lift_all(from: &mut Reader<'_>, count: usize) -> Result<Vec<Self>, Fault> {
                let size = count.checked_mul(size_of::<$type>());
                let bytes = from.take(size.ok_or_else(|| Fault::value("too long"))?)?;
                let (chunks, _) = bytes.as_chunks::<{ size_of::<$type>() }>();
                Ok(chunks.iter().map(|chunk| <$type>::from_ne_bytes(*chunk)).collect())
            }
        }
    )*};
}

number!(u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64);

macro_rules! converted {
    ($($type:ty as $wire:ty, |$value:ident| $lower:expr, |$lifted:ident| $lift:expr;)*) => {$(
        impl Lower for $type {
            fn lower(self, out: &mut Writer) {
                let $value = self;
                let wire: $wire = $lower;
                wire.lower(out);
            }
        }

        impl Lower for &$type {
            fn lower(self, out: &mut Writer) {
                let $value = self.clone();
                let wire: $wire = $lower;
                wire.lower(out);
            }
        }

        impl Lift for $type {
            fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
                let $lifted = <$wire>::lift(from)?;
                $lift
            }
        }
    )*};
}

converted! {
    bool as u8, |value| u8::from(value), |wire| truth(wire);
    char as u32, |value| u32::from(value), |wire| character(wire);
    usize as u64, |value| value as u64,
        |wire| wire.try_into().map_err(|_| Fault::value("too large for usize"));
    isize as i64, |value| value as i64,
        |wire| wire.try_into().map_err(|_| Fault::value("too large for isize"));
    Ordering as i8, |value| value as i8, |wire| Ok(wire.cmp(&0));
    OsString as Vec<u8>, |value| value.into_encoded_bytes(), |wire| os_string(wire);
    PathBuf as OsString, |value| value.into_os_string(), |wire| Ok(PathBuf::from(wire));
    Duration as (u64, u32), |value| (value.as_secs(), value.subsec_nanos()),
        |wire| duration(wire.0, wire.1);
    SystemTime as (bool, Duration), |value| since_epoch(value), |wire| system_time(wire);
    IpAddr as String, |value| value.to_string(), |wire| parsed(&wire);
    Ipv4Addr as String, |value| value.to_string(), |wire| parsed(&wire);
    Ipv6Addr as String, |value| value.to_string(), |wire| parsed(&wire);
    SocketAddr as (IpAddr, u16), |value| (value.ip(), value.port()), |wire| Ok(wire.into());
    () as u8, |_value| 0, |_wire| Ok(());
}

macro_rules! non_zero {
    ($($type:ty)*) => {$(
        converted! {
            NonZero<$type> as $type, |value| value.get(),
                |wire| NonZero::new(wire).ok_or_else(|| Fault::value("0 is not allowed here"));
        }
    )*};
}

non_zero!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

/// An address from its text.
fn parsed<T: FromStr>(text: &str) -> Result<T, Fault> {
    text.parse()
        .map_err(|_| Fault::value(format!("{text:?} is no address of this kind")))
}

/// A `bool` from its byte.
pub fn truth(byte: u8) -> Result<bool, Fault> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Fault::value("expected True or False")),
    }
}

/// A `char` from its number.
pub fn character(number: u32) -> Result<char, Fault> {
    char::from_u32(number).ok_or_else(|| Fault::value("a lone surrogate is not a Rust char"))
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> Result<OsString, Fault> {
    Ok(std::os::unix::ffi::OsStringExt::from_vec(bytes))
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> Result<OsString, Fault> {
    String::from_utf8(bytes)
        .map(OsString::from)
        .map_err(|_| Fault::value("not Unicode"))
}

fn duration(seconds: u64, nanoseconds: u32) -> Result<Duration, Fault> {
    if nanoseconds < 1_000_000_000 {
        Ok(Duration::new(seconds, nanoseconds))
    } else {
        Err(Fault::value("too many nanoseconds"))
    }
}

fn since_epoch(time: SystemTime) -> (bool, Duration) {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (false, after),
        Err(before) => (true, before.duration()),
    }
}

fn system_time((before, distance): (bool, Duration)) -> Result<SystemTime, Fault> {
    let time = if before {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    time.ok_or_else(|| Fault::value("the system has no such time"))
}

impl Lower for &str {
    fn lower(self, out: &mut Writer) {
        (self.len() as u64).lower(out);
        out.bytes.extend_from_slice(self.as_bytes());
    }
}

impl Lower for String {
    fn lower(self, out: &mut Writer) {
        self.as_str().lower(out);
    }
}

impl Lower for &String {
    fn lower(self, out: &mut Writer) {
        self.as_str().lower(out);
    }
}

impl Lift for String {
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
        String::from_utf8(Vec::lift(from)?).map_err(|_| Fault::value("a text is not UTF-8"))
    }
}

impl Lower for &Path {
    fn lower(self, out: &mut Writer) {
        self.as_os_str().lower(out);
    }
}

impl Lower for &OsStr {
    fn lower(self, out: &mut Writer) {
        self.as_encoded_bytes().lower(out);
    }
}

impl<'a, B: ?Sized + ToOwned> Lower for Cow<'a, B>
where
    for<'b> &'b B: Lower,
{
    fn lower(self, out: &mut Writer) {
        (*self).lower(out);
    }
}

impl<B: ?Sized + ToOwned> Lower for &Cow<'_, B>
where
    for<'b> &'b B: Lower,
{
    fn lower(self, out: &mut Writer) {
        (**self).lower(out);
    }
}

impl<'a, B: ?Sized + ToOwned> Lift for Cow<'a, B>
where
    B::Owned: Lift,
{
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
        Ok(Cow::Owned(Lift::lift(from)?))
    }
}

macro_rules! pointer {
    ($($pointer:ident)*) => {$(
        impl<T: Lift> Lift for $pointer<T> {
            fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
                Ok($pointer::new(T::lift(from)?))
            }
        }
    )*};
}

pointer!(Box Rc Arc);

impl<T: Lower> Lower for Box<T> {
    fn lower(self, out: &mut Writer) {
        (*self).lower(out);
    }
}

impl<T: ?Sized> Lower for Rc<T>
where
    for<'a> &'a T: Lower,
{
    fn lower(self, out: &mut Writer) {
        (*self).lower(out);
    }
}

impl<T: ?Sized> Lower for Arc<T>
where
    for<'a> &'a T: Lower,
{
    fn lower(self, out: &mut Writer) {
        (*self).lower(out);
    }
}

impl Lower for Box<str> {
    fn lower(self, out: &mut Writer) {
        (*self).lower(out);
    }
}

impl Lift for Box<str> {
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
        String::lift(from).map(String::into_boxed_str)
    }
}

impl<T: Lower> Lower for Option<T> {
    fn lower(self, out: &mut Writer) {
        self.is_some().lower(out);
        if let Some(value) = self {
            value.lower(out);
        }
    }
}

impl<'a, T> Lower for &'a Option<T>
where
    &'a T: Lower,
{
    fn lower(self, out: &mut Writer) {
        self.as_ref().lower(out);
    }
}

impl<T: Lift> Lift for Option<T> {
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
        Ok(if bool::lift(from)? {
            Some(T::lift(from)?)
        } else {
            None
        })
    }
}

impl<T: Lower, E: Lower> Lower for Result<T, E> {
    fn lower(self, out: &mut Writer) {
        self.is_err().lower(out);
        match self {
            Ok(value) => value.lower(out),
            Err(error) => error.lower(out),
        }
    }
}

impl<'a, T, E> Lower for &'a Result<T, E>
where
    &'a T: Lower,
    &'a E: Lower,
{
    fn lower(self, out: &mut Writer) {
        self.as_ref().lower(out);
    }
}

impl<T: Lift, E: Lift> Lift for Result<T, E> {
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
        Ok(if bool::lift(from)? {
            Err(E::lift(from)?)
        } else {
            Ok(T::lift(from)?)
        })
    }
}

impl Lower for &io::Error {
    fn lower(self, out: &mut Writer) {
        super::fault::os_number(self).lower(out);
        self.to_string().lower(out);
    }
}

impl Lower for io::Error {
    fn lower(self, out: &mut Writer) {
        (&self).lower(out);
    }
}

impl Lift for io::Error {
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
        let number = i32::lift(from)?;
        let exception = PythonError::lift(from)?;
        Ok(match number {
            0 => Self::other(exception),
            number => Self::from_raw_os_error(number),
        })
    }
}

macro_rules! any_error {
    ($($type:ty)*) => {$(
        impl Lower for &Box<$type> {
            fn lower(self, out: &mut Writer) {
                self.to_string().lower(out);
            }
        }

        impl Lower for Box<$type> {
            fn lower(self, out: &mut Writer) {
                (&self).lower(out);
            }
        }

        impl Lift for Box<$type> {
            fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
                Ok(Box::new(PythonError::lift(from)?))
            }
        }
    )*};
}

any_error!(dyn Error dyn Error + Send dyn Error + Send + Sync);

impl Lift for PythonError {
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
        Ok(Self::new(u64::lift(from)?, String::lift(from)?))
    }
}

impl<B: Lower, C: Lower> Lower for ControlFlow<B, C> {
    fn lower(self, out: &mut Writer) {
        match self {
            Self::Continue(value) => {
                false.lower(out);
                value.lower(out);
            }
            Self::Break(value) => {
                true.lower(out);
                value.lower(out);
            }
        }
    }
}

impl<B: Lift, C: Lift> Lift for ControlFlow<B, C> {
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
        Ok(if bool::lift(from)? {
            Self::Break(B::lift(from)?)
        } else {
            Self::Continue(C::lift(from)?)
        })
    }
}

impl<'a, T> Lower for &'a [T]
where
    &'a T: Lower,
{
    fn lower(self, out: &mut Writer) {
        (self.len() as u64).lower(out);
        <&T>::lower_all(self.iter(), out);
    }
}

impl<'a, T, const N: usize> Lower for &'a [T; N]
where
    &'a T: Lower,
{
    fn lower(self, out: &mut Writer) {
        self.as_slice().lower(out);
    }
}

impl<T: Lower, const N: usize> Lower for [T; N] {
    fn lower(self, out: &mut Writer) {
        (N as u64).lower(out);
        T::lower_all(self.into_iter(), out);
    }
}

impl<T: Lift, const N: usize> Lift for [T; N] {
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
        let items: Vec<T> = Vec::lift(from)?;
        let count = items.len();
        items
            .try_into()
            .map_err(|_| Fault::value(format!("expected {N} items, got {count}")))
    }
}

macro_rules! collection {
    ($($name:ident<$item:ident $(: $bound:ident $(+ $more:ident)*)?>;)*) => {$(
        impl<$item: Lower> Lower for $name<$item> {
            fn lower(self, out: &mut Writer) {
                (self.len() as u64).lower(out);
                $item::lower_all(self.into_iter(), out);
            }
        }

        impl<'a, $item> Lower for &'a $name<$item> where &'a $item: Lower {
            fn lower(self, out: &mut Writer) {
                (self.len() as u64).lower(out);
                <&$item>::lower_all(self.iter(), out);
            }
        }

        impl<$item: Lift $(+ $bound $(+ $more)*)?> Lift for $name<$item> {
            fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
                let count = from.count()?;
                Ok($item::lift_all(from, count)?.into_iter().collect())
            }
        }
    )*};
}

collection! {
    Vec<T>;
    VecDeque<T>;
    BTreeSet<T: Ord>;
}

impl<T: Lower, S> Lower for HashSet<T, S> {
    fn lower(self, out: &mut Writer) {
        (self.len() as u64).lower(out);
        T::lower_all(self.into_iter(), out);
    }
}

impl<'a, T, S> Lower for &'a HashSet<T, S>
where
    &'a T: Lower,
{
    fn lower(self, out: &mut Writer) {
        (self.len() as u64).lower(out);
        <&T>::lower_all(self.iter(), out);
    }
}

impl<T: Lift + Hash + Eq, S: BuildHasher + Default> Lift for HashSet<T, S> {
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
        let count = from.count()?;
        Ok(T::lift_all(from, count)?.into_iter().collect())
    }
}

macro_rules! map {
    ($($name:ident<$key:ident, $value:ident $(, $state:ident)?> where ($($bound:ident)+);)*) => {$(
        impl<$key: Lower, $value: Lower $(, $state)?> Lower for $name<$key, $value $(, $state)?> {
            fn lower(self, out: &mut Writer) {
                (self.len() as u64).lower(out);
                self.into_iter().for_each(|pair| pair.lower(out));
            }
        }

        impl<'a, $key, $value $(, $state)?> Lower for &'a $name<$key, $value $(, $state)?>
        where
            &'a $key: Lower,
            &'a $value: Lower,
        {
            fn lower(self, out: &mut Writer) {
                (self.len() as u64).lower(out);
                self.iter().for_each(|pair| pair.lower(out));
            }
        }

        impl<$key: Lift $(+ $bound)+, $value: Lift $(, $state: BuildHasher + Default)?> Lift for $name<$key, $value $(, $state)?> {
            fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
                let count = from.count()?;
                Ok(<($key, $value)>::lift_all(from, count)?.into_iter().collect())
            }
        }
    )*};
}

map! {
    HashMap<K, V, S> where (Hash Eq);
    BTreeMap<K, V> where (Ord);
}

macro_rules! tuple {
    ($($($name:ident $index:tt)+;)*) => {$(
        impl<$($name: Lower),+> Lower for ($($name,)+) {
            fn lower(self, out: &mut Writer) {
                $(self.$index.lower(out);)+
            }
        }

        impl<'a, $($name),+> Lower for &'a ($($name,)+) where $(&'a $name: Lower),+ {
            fn lower(self, out: &mut Writer) {
                $(self.$index.lower(out);)+
            }
        }

        impl<$($name: Lift),+> Lift for ($($name,)+) {
            fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
                Ok(($($name::lift(from)?,)+))
            }
        }
    )*};
}

tuple! {
    A 0;
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
    A 0 B 1 C 2 D 3 E 4;
    A 0 B 1 C 2 D 3 E 4 F 5;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7;
}

impl Lower for &&str {
    fn lower(self, out: &mut Writer) {
        (*self).lower(out);
    }
}

impl Lower for &&[u8] {
    fn lower(self, out: &mut Writer) {
        (*self).lower(out);
    }
}

/// A value that goes to Python as a new handle.
pub fn lower_owned<T: Bound>(value: T, out: &mut Writer) {
    (own(value) as u64).lower(out);
}

/// A value that borrows from the parents, or is lent to a callback, as a new handle.
pub fn lower_pinned<T: Bound>(value: T, out: &mut Writer) {
    let header = match &mut out.lending {
        Some(lending) => lending.own(value),
        None => super::handle::own_pinned(value, &out.parents),
    };
    keep(header, out);
}

/// A handle to what is borrowed from the parents, or lent to a callback.
///
/// # Safety
/// The shim that wrote `parents` says what the value borrows from; without any it is
/// static, or valid until the callback ends.
unsafe fn lower_borrowed<T: Bound>(value: *const T, writable: bool, out: &mut Writer) {
    // SAFETY: as the caller says.
    let header = unsafe {
        match &out.lending {
            Some(lending) => lending.borrow(value, writable),
            None => borrow(value, writable, &out.parents),
        }
    };
    keep(header, out);
}

impl<T: Bound> Lower for &T {
    fn lower(self, out: &mut Writer) {
        // SAFETY: the shim has set `parents` or `lending` for what it writes.
        unsafe { lower_borrowed(self, false, out) };
    }
}

impl<T: Bound> Lower for &mut T {
    fn lower(self, out: &mut Writer) {
        // SAFETY: as above; the shim hands its exclusive guard over to the pin.
        unsafe { lower_borrowed(self, true, out) };
    }
}

fn keep(header: *mut Header, out: &mut Writer) {
    out.pinned |= !out.parents.is_empty();
    (header as u64).lower(out);
}

/// A handle's address from Python.
pub fn lift_header(from: &mut Reader<'_>) -> Result<*mut Header, Fault> {
    let address = usize::try_from(u64::lift(from)?).map_err(|_| Fault::value("not a handle"))?;
    Ok(std::ptr::with_exposed_provenance_mut(address))
}

/// The value of a handle from Python, which is spent.
pub fn lift_owned<T: Bound>(from: &mut Reader<'_>) -> Result<T, Fault> {
    let header = lift_header(from)?;
    // SAFETY: Python writes the handles of objects that live during the call.
    unsafe { take(header) }
}

/// A copy of a handle's value.
pub fn lift_copy<T: Bound + Clone>(from: &mut Reader<'_>) -> Result<T, Fault> {
    let header = lift_header(from)?;
    // SAFETY: as above.
    unsafe { shared::<T>(header) }.map(|guard| (*guard).clone())
}

/// A handle's value borrowed for one call, as an item of a list.
impl<T: Bound> Lift for Guard<T> {
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
        let header = lift_header(from)?;
        // SAFETY: as above.
        unsafe { shared(header) }
    }
}

/// A copy of a handle's value, as an item of a list.
pub struct Copied<T>(pub T);

impl<T: Bound + Clone> Lift for Copied<T> {
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
        lift_copy(from).map(Copied)
    }
}

/// A range on the wire: its first and last item, and whether it has none.
pub struct Span<T>(T, T, bool);

impl<T: Lift> Lift for Span<T> {
    fn lift(from: &mut Reader<'_>) -> Result<Self, Fault> {
        Ok(Self(T::lift(from)?, T::lift(from)?, bool::lift(from)?))
    }
}

impl<T: Copy> Span<T> {
    /// As what any function that takes a range takes.
    pub fn bounds(&self) -> (Edge<T>, Edge<T>) {
        let end = if self.2 {
            Edge::Excluded(self.0)
        } else {
            Edge::Included(self.1)
        };
        (Edge::Included(self.0), end)
    }
}

/// To Python a range goes as its start, its end, and whether the end belongs to it.
impl<T: Lower> Lower for Range<T> {
    fn lower(self, out: &mut Writer) {
        self.start.lower(out);
        self.end.lower(out);
        false.lower(out);
    }
}

impl<T: Lower + PartialOrd> Lower for RangeInclusive<T> {
    fn lower(self, out: &mut Writer) {
        let filled = !self.is_empty();
        let (start, end) = self.into_inner();
        start.lower(out);
        end.lower(out);
        filled.lower(out);
    }
}

/// `complex!(f64)`: complex numbers of two parts.
#[macro_export]
macro_rules! complex {
    ($part:ty) => {
        impl $crate::rt::Lower for ::num_complex::Complex<$part> {
            fn lower(self, out: &mut $crate::rt::Writer) {
                self.re.lower(out);
                self.im.lower(out);
            }
        }

        impl $crate::rt::Lower for &::num_complex::Complex<$part> {
            fn lower(self, out: &mut $crate::rt::Writer) {
                (*self).lower(out);
            }
        }

        impl $crate::rt::Lift for ::num_complex::Complex<$part> {
            fn lift(from: &mut $crate::rt::Reader<'_>) -> Result<Self, $crate::rt::Fault> {
                Ok(Self::new(<$part>::lift(from)?, <$part>::lift(from)?))
            }
        }
    };
}

/// A field-less enum.
pub trait Plain: Sized {
    /// The number of the variant.
    fn number(&self) -> i64;

    /// The variant of a number.
    fn from_number(number: i64) -> Result<Self, Fault>;
}

/// `plain!(type { number, pattern, value; ... })`: a field-less enum.
#[macro_export]
macro_rules! plain {
    ($type:ty { $($number:expr, $pattern:pat, $value:expr;)* }) => {
        impl $crate::rt::Plain for $type {
            fn number(&self) -> i64 {
                #[allow(unreachable_patterns)]
                match self {
                    $($pattern => $number,)*
                    _ => i64::MIN,
                }
            }

            fn from_number(number: i64) -> Result<Self, $crate::rt::Fault> {
                match number {
                    $($number => Ok($value),)*
                    _ => Err($crate::rt::Fault::value(format!("no variant has the number {number}"))),
                }
            }
        }

        impl $crate::rt::Lower for $type {
            fn lower(self, out: &mut $crate::rt::Writer) {
                $crate::rt::Plain::number(&self).lower(out);
            }
        }

        impl $crate::rt::Lower for &$type {
            fn lower(self, out: &mut $crate::rt::Writer) {
                $crate::rt::Plain::number(self).lower(out);
            }
        }

        impl $crate::rt::Lift for $type {
            fn lift(from: &mut $crate::rt::Reader<'_>) -> Result<Self, $crate::rt::Fault> {
                $crate::rt::Plain::from_number(i64::lift(from)?)
            }
        }
    };
}
