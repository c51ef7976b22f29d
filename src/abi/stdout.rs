//! Printing into the C library's own stream.

use libc::FILE;

unsafe extern "C" {
    #[cfg_attr(target_vendor = "apple", link_name = "__stdoutp")]
    static mut stdout: *mut FILE;
}

/// Prints a line through C's `stdout` and flushes it: so it stands in order with
/// what a C program prints, and with what Python prints and flushes, into a pipe
/// too. What can't be written is lost, as `puts` loses it.
pub(crate) fn print_line(line: &str) {
    let line = format!("{line}\n");
    // SAFETY: `stdout` is the C library's open stream, which locks itself;
    // `line` has `line.len()` bytes to read.
    unsafe {
        libc::fwrite(line.as_ptr().cast(), 1, line.len(), stdout);
        libc::fflush(stdout);
    }
}
