//! What every exported function uses: status, last error, guard, strings, slices.

mod fork;
mod guard;
mod last_error;
mod slices;
mod status;
mod stdout;
mod strings;

pub(crate) use guard::{attempt, guard, guard_status};
pub(crate) use last_error::set as set_last_error;
pub(crate) use slices::{
    bytes, check_disjoint, check_pointer, reference, reference_mut, slice, slice_mut,
};
pub(crate) use status::{Failure, checksig_status};
pub(crate) use stdout::print_line;
pub(crate) use strings::{malloc_text, text, utf8, write_text};
