//! Canonical names: the tutorials' `ReturnString`, and a look-up with a status.

use std::env;
use std::ffi::{c_char, c_longlong};
use std::time::Duration;

use checksig_dns::{Error, Options, lookup_cname, parse_nameservers};

use crate::abi::{
    Failure, attempt, bytes, check_pointer, checksig_status, guard_status, malloc_text, slice, utf8,
};

/// Where name servers are named for a whole process.
const NAMESERVERS_VARIABLE: &str = "CHECKSIG_NAMESERVERS";

/// Longer than any domain name in text form: 255 bytes, each escaped.
const MAX_NAME_LEN: c_longlong = 1024;

/// What `ReturnString` says when there is no canonical name.
const NOT_FOUND: &[u8] = b"Could not find CNAME";

/// A string as Go's own C headers declare it: no NUL at its end.
#[repr(C)]
pub struct GoString {
    /// The text's first byte.
    pub p: *const c_char,
    /// The text's length in bytes.
    pub n: c_longlong,
}

/// The canonical name of a host, with a dot at its end: `golang.org` gives
/// `golang.org.` where it is no alias.
///
/// Returns a NUL-terminated text that the caller releases with `free`. It is
/// `Could not find CNAME` where there is no canonical name, and for a NULL,
/// negative or overlong `name`; the last error then tells why. An alias of a name
/// that has no address gives that name.
///
/// The name servers are those of the environment variable
/// `CHECKSIG_NAMESERVERS` (as in `192.0.2.1,[2001:db8::1]:5353`), or else of
/// `/etc/resolv.conf`. The call takes 5 seconds at the most. `name` is borrowed
/// for the call. Any number of threads may call this at once, as long as none
/// changes the environment.
///
/// # Safety
/// `name.p` is NULL or valid for reading `name.n` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReturnString(name: GoString) -> *mut c_char {
    let canonical = attempt(|| {
        check_name_len(name.n)?;
        // SAFETY: the caller's promise is this function's own.
        let name = unsafe { slice(name.p.cast::<u8>(), name.n, "name") }?;
        Ok(lookup_cname(name, &options(None, None)?)?.name)
    });
    match canonical {
        Ok(canonical) => malloc_text(canonical.as_bytes()),
        Err(_) => malloc_text(NOT_FOUND),
    }
}

/// The canonical name of a host, with a dot at its end, as `ReturnString` finds
/// it.
///
/// `name`: `name_len` bytes; what is not UTF-8 is a bad name. `nameservers`: the servers to ask,
/// `nameservers_len` bytes as in `192.0.2.1,[2001:db8::1]:5353`, at least one; NULL for
/// those
/// of the environment variable `CHECKSIG_NAMESERVERS` or of `/etc/resolv.conf`.
/// `timeout`: how many seconds the whole call may take; a negative or infinite
/// number is refused. `canonical`: NULL
/// refused; receives a NUL-terminated text that the caller releases with `free`.
/// All are borrowed for the call. Any number of threads may call this at once, as
/// long as none changes the environment.
///
/// # Safety
/// `name` and `nameservers` are NULL or valid for reading their lengths,
/// `canonical` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_lookup_cname(
    name: *const c_char,
    name_len: usize,
    nameservers: *const c_char,
    nameservers_len: usize,
    timeout: f64,
    canonical: *mut *mut c_char,
) -> checksig_status {
    guard_status(|| {
        check_pointer(canonical, "canonical")?;
        let length = |length| i64::try_from(length).unwrap_or(i64::MAX);
        check_name_len(length(name_len))?;
        // SAFETY: the caller's promise is this function's own.
        let name = unsafe { slice(name.cast::<u8>(), length(name_len), "name") }?;
        let nameservers = if nameservers.is_null() {
            None
        } else {
            // SAFETY: likewise.
            let text = unsafe { bytes(nameservers, nameservers_len, "nameservers") }?;
            Some(utf8(text, "nameservers").map_err(|failure| Failure {
                status: checksig_status::DnsBadNameserver,
                ..failure
            })?)
        };
        let found = lookup_cname(name, &options(nameservers, Some(timeout))?)?;
        // SAFETY: not NULL and aligned; valid for writing by the caller's promise.
        unsafe { canonical.write(malloc_text(found.name.as_bytes())) };
        Ok(())
    })
}

fn check_name_len(length: c_longlong) -> Result<(), Failure> {
    if length > MAX_NAME_LEN {
        let message = format!("the name has {length} bytes, too many for a domain name");
        return Err(Failure::new(checksig_status::DnsBadName, message));
    }
    Ok(())
}

fn options(nameservers: Option<&str>, timeout: Option<f64>) -> Result<Options, Failure> {
    let mut options = Options::default();
    if let Some(nameservers) = nameservers {
        options.nameservers = parse_nameservers(nameservers)?;
        if options.nameservers.is_empty() {
            let message = "nameservers has no address";
            return Err(Failure::new(checksig_status::DnsBadNameserver, message));
        }
    } else if let Some(nameservers) = env::var_os(NAMESERVERS_VARIABLE) {
        options.nameservers = parse_nameservers(&nameservers.to_string_lossy())?;
    }
    if let Some(timeout) = timeout {
        options.timeout = Duration::try_from_secs_f64(timeout)
            .map_err(|error| Failure::invalid(format!("timeout is {timeout}: {error}")))?;
    }
    Ok(options)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::BadName { .. } => checksig_status::DnsBadName,
            Error::BadNameserver { .. } | Error::Config { .. } => checksig_status::DnsBadNameserver,
            Error::NxDomain { .. } => checksig_status::DnsNxdomain,
            Error::NoAnswer { .. } => checksig_status::DnsNoAnswer,
            Error::ServFail { .. } => checksig_status::DnsServfail,
            Error::Refused { .. } => checksig_status::DnsRefused,
            Error::Timeout { .. } => checksig_status::DnsTimeout,
            Error::CnameLoop { .. } => checksig_status::DnsCnameLoop,
            _ => checksig_status::DnsFailed,
        };
        Self::new(status, error.to_string())
    }
}
