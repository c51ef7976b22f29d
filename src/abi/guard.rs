//! The wall between Rust and C: no panic passes it, every failure is recorded.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::status::{Failure, checksig_status};
use super::{fork, last_error};

/// Runs the body of an exported function. A panic becomes a [`Failure`], and
/// every failure the calling thread's last error.
pub(crate) fn attempt<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    fork::watch();
    // Unwind safe: what the body may have left half-done is the caller's memory,
    // whose content after a failure the header leaves open, or dies with the body.
    let result = catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|payload| Err(panic_failure(payload.as_ref())));
    if let Err(failure) = &result {
        last_error::set(&failure.message, failure.line);
    }
    result
}

/// [`attempt`] for a function with a value that stands for failure.
pub(crate) fn guard<T>(on_failure: T, body: impl FnOnce() -> Result<T, Failure>) -> T {
    attempt(body).unwrap_or(on_failure)
}

/// [`attempt`] for a function that returns a status.
pub(crate) fn guard_status(body: impl FnOnce() -> Result<(), Failure>) -> checksig_status {
    match attempt(body) {
        Ok(()) => checksig_status::Ok,
        Err(failure) => failure.status,
    }
}

fn panic_failure(payload: &(dyn Any + Send)) -> Failure {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    Failure::new(checksig_status::Panic, format!("internal error: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_status_and_the_last_error() {
        let status = guard_status(|| panic!("number {}", 7));
        assert_eq!(status, checksig_status::Panic);
        assert_eq!(last_error::message(), b"internal error: number 7");
        assert_eq!(guard(-1, || panic!("plain")), -1);
        assert_eq!(last_error::message(), b"internal error: plain");
        let status = guard_status(|| std::panic::panic_any(7));
        assert_eq!(status, checksig_status::Panic);
        assert_eq!(last_error::message(), b"internal error: no message");
    }

    #[test]
    fn success_leaves_the_last_error_as_it_was() {
        guard((), || Err(Failure::invalid("wrong")));
        assert_eq!(guard_status(|| Ok(())), checksig_status::Ok);
        assert_eq!(last_error::message(), b"wrong");
    }
}
