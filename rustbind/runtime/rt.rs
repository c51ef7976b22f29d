//! The part of a generated shim that is the same for every crate.
#![allow(dead_code, unused_imports, unused_macros)]

mod call;
mod channel;
mod fault;
mod handle;
mod list;
mod object;
mod table;
mod wire;

pub use call::*;
pub use channel::*;
pub use fault::*;
pub use handle::*;
pub use list::*;
pub use object::*;
pub use table::*;
pub use wire::*;

/// The entry point that Python's `ctypes` uses: numbers in one packed block, the addresses of
/// handles and of the room for a result behind pointers. One block, and bytes, are quicker to
/// convert than each number, and than an array.
///
/// The block may also have the addresses of memory that Python lends: in the place of the
/// pointers named last, where these are null.
#[macro_export]
macro_rules! packed {
    ($name:ident => $target:ident(; $($pointer:ident: $kind:ident),*) -> $result:ty) => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($pointer: $crate::pointer_type!($kind)),*) -> $result {
            // SAFETY: the generated package passes what the function documents.
            unsafe { $target($($crate::pointer!($kind $pointer)),*) }
        }
    };
    ($name:ident => $target:ident($($number:ident: $type:ty),+; $($pointer:ident: $kind:ident),* $(; $($address:ident),+)?) -> $result:ty) => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(block: *const u8, $($pointer: $crate::pointer_type!($kind)),*) -> $result {
            #[derive(Clone, Copy)]
            #[repr(C, packed)]
            struct Block {
                $($number: $type,)+
                $($($address: u64),+)?
            }
            // SAFETY: the generated package passes what the function documents.
            unsafe {
                let block = block.cast::<Block>().read_unaligned();
                $($(let $address = if $address.is_null() {
                    std::ptr::with_exposed_provenance({ block.$address } as usize)
                } else {
                    $address
                };)+)?
                $target($({ block.$number },)+ $($crate::pointer!($kind $pointer)),*)
            }
        }
    };
}

/// A pointer as `ctypes` passes it.
#[macro_export]
macro_rules! pointer_type {
    (handle) => { *const *mut $crate::rt::Header };
    (input) => { *const u8 };
    (numbers) => { *const u8 };
    (output) => { *mut u8 };
    (room) => { *const *mut u8 };
}

/// A pointer as the shim wants it.
#[macro_export]
macro_rules! pointer {
    (handle $pointer:ident) => {
        if $pointer.is_null() {
            std::ptr::null_mut()
        } else {
            $pointer.read_unaligned()
        }
    };
    (input $pointer:ident) => {
        $pointer.cast()
    };
    (numbers $pointer:ident) => {
        $pointer
    };
    (output $pointer:ident) => {
        $pointer.cast()
    };
    (room $pointer:ident) => {
        $pointer.read_unaligned()
    };
}
