//! Canonical names: the tutorials' `ReturnString`, and look-ups of one and of many names.

mod bulk;
mod options;
mod packed;

use std::ffi::{c_char, c_longlong};

use checksig_dns::{Error, ErrorKind, Options, lookup_cname};

use crate::abi::{
    Failure, attempt, check_pointer, checksig_status, guard_status, malloc_text, slice,
};

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
/// that does not exist, or has no address, gives that name.
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
        Ok(last_name(name, &options::defaults()?)?)
    });
    match canonical {
        Ok(canonical) => malloc_text(canonical.as_bytes()),
        Err(_) => malloc_text(NOT_FOUND),
    }
}

/// The canonical name of a host, with a dot at its end: the name at the end of the chain
/// of aliases that has an address.
///
/// `name`: `name_len` bytes; what is not UTF-8 is a bad name. `nameservers`: the servers
/// to ask, `nameservers_len` bytes as in `192.0.2.1,[2001:db8::1]:5353`, at least one; NULL
/// for those of the environment variable `CHECKSIG_NAMESERVERS` or of `/etc/resolv.conf`.
/// `timeout`: how many seconds the whole call may take; a negative or infinite
/// number is refused. `canonical`: NULL
/// refused; receives a NUL-terminated text that the caller releases with `free`.
/// All are borrowed for the call. Any number of threads may call this at once, as
/// long as none changes the environment. `checksig_dns_lookup_many` takes more options,
/// and tells more.
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
        let mut options = options::defaults()?;
        if !nameservers.is_null() {
            // SAFETY: likewise.
            options.nameservers = unsafe { options::nameservers(nameservers, nameservers_len) }?;
        }
        options.timeout = options::seconds(timeout, "timeout")?;
        let found = lookup_cname(name, &options)?;
        // SAFETY: not NULL and aligned; valid for writing by the caller's promise.
        unsafe { canonical.write(malloc_text(found.name().as_bytes())) };
        Ok(())
    })
}

/// The end of a chain of aliases, whether or not that name exists.
fn last_name(name: &[u8], options: &Options) -> Result<String, Error> {
    match lookup_cname(name, options) {
        Ok(found) => Ok(found.name().to_owned()),
        Err(error) => match (&*error.kind, error.chain.as_slice()) {
            (ErrorKind::NxDomain | ErrorKind::NoAnswer, [_question, .., last]) => Ok(last.clone()),
            _ => Err(error),
        },
    }
}

fn check_name_len(length: c_longlong) -> Result<(), Failure> {
    if length > MAX_NAME_LEN {
        let message = format!("the name has {length} bytes, too many for a domain name");
        return Err(Failure::new(checksig_status::DnsBadName, message));
    }
    Ok(())
}

/// The status that an error is on the other side of the ABI.
fn status_of(error: &Error) -> checksig_status {
    match *error.kind {
        ErrorKind::BadName { .. } => checksig_status::DnsBadName,
        ErrorKind::BadNameserver { .. } | ErrorKind::Config { .. } => {
            checksig_status::DnsBadNameserver
        }
        ErrorKind::BadOption { .. } => checksig_status::InvalidArgument,
        ErrorKind::NxDomain => checksig_status::DnsNxdomain,
        ErrorKind::NoAnswer => checksig_status::DnsNoAnswer,
        ErrorKind::ServFail => checksig_status::DnsServfail,
        ErrorKind::Refused => checksig_status::DnsRefused,
        ErrorKind::Timeout { .. } => checksig_status::DnsTimeout,
        ErrorKind::CnameLoop(_) => checksig_status::DnsCnameLoop,
        ErrorKind::DnssecBogus(_) => checksig_status::DnsBogus,
        _ => checksig_status::DnsFailed,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(status_of(&error), error.to_string())
    }
}
