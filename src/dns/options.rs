//! How names are looked up.

use std::env;
use std::ffi::{OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use checksig_dns::{Engine, Options, parse_nameservers};

use crate::abi::{
    Failure, bytes, check_pointer, checksig_status, guard, guard_status, reference, reference_mut,
    text, utf8,
};

/// Where name servers are named for a whole process.
const NAMESERVERS_VARIABLE: &str = "CHECKSIG_NAMESERVERS";

/// Options for look-ups, from `checksig_dns_options_new`, to be released with
/// `checksig_dns_options_free`. A call only reads them, so that one set serves any number
/// of calls; nobody may change them meanwhile. NULL in their place stands for the
/// defaults.
pub struct checksig_dns_options {
    options: Options,
    has_nameservers: bool,
}

impl checksig_dns_options {
    /// The options at this pointer, or the defaults, with the servers of the environment
    /// where none are given.
    ///
    /// # Safety
    /// `options` is NULL or from `checksig_dns_options_new` and not released yet.
    pub(super) unsafe fn read(options: *const Self) -> Result<Options, Failure> {
        if options.is_null() {
            return defaults();
        }
        // SAFETY: this function's contract is the same.
        let given = unsafe { reference(options, "options") }?;
        let mut read = given.options.clone();
        if !given.has_nameservers {
            read.nameservers = defaults()?.nameservers;
        }
        Ok(read)
    }
}

/// The default options, with the servers of the environment, if it names any.
pub(super) fn defaults() -> Result<Options, Failure> {
    let mut options = Options::default();
    if let Some(nameservers) = env::var_os(NAMESERVERS_VARIABLE) {
        options.nameservers = parse_nameservers(&nameservers.to_string_lossy())?;
    }
    Ok(options)
}

/// Reads a number of seconds.
pub(super) fn seconds(number: f64, what: &str) -> Result<Duration, Failure> {
    Duration::try_from_secs_f64(number)
        .map_err(|error| Failure::invalid(format!("{what} is {number}: {error}")))
}

/// Reads a list of servers that must not be empty.
///
/// # Safety
/// `nameservers` is valid for reading `length` bytes.
pub(super) unsafe fn nameservers(
    nameservers: *const c_char,
    length: usize,
) -> Result<Vec<std::net::SocketAddr>, Failure> {
    let bad = |failure| Failure {
        status: checksig_status::DnsBadNameserver,
        ..failure
    };
    // SAFETY: this function's contract is the same.
    let text = unsafe { bytes(nameservers, length, "nameservers") }?;
    let servers = parse_nameservers(utf8(text, "nameservers").map_err(bad)?)?;
    if servers.is_empty() {
        return Err(bad(Failure::invalid("nameservers has no address")));
    }
    Ok(servers)
}

/// Options with every default, to be released with `checksig_dns_options_free`.
///
/// The default is what a program on this system expects: the hosts file, the servers of
/// the environment variable `CHECKSIG_NAMESERVERS` or else of `/etc/resolv.conf`, whose
/// search list counts with its servers alone, 5 seconds, and no validation.
#[unsafe(no_mangle)]
pub extern "C" fn checksig_dns_options_new() -> *mut checksig_dns_options {
    Box::into_raw(Box::new(checksig_dns_options {
        options: Options::default(),
        has_nameservers: false,
    }))
}

/// Releases options. NULL is a no-op; any other pointer must come from
/// `checksig_dns_options_new` and must not be used again.
///
/// # Safety
/// `options` is NULL or from `checksig_dns_options_new` and not released yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_options_free(options: *mut checksig_dns_options) {
    guard((), || {
        if !options.is_null() {
            check_pointer(options, "options")?;
            // SAFETY: from `Box::into_raw`, released once.
            drop(unsafe { Box::from_raw(options) });
        }
        Ok(())
    });
}

/// Changes one option, unless that fails.
///
/// # Safety
/// `options` is NULL or from `checksig_dns_options_new` and not released yet, and no other
/// thread uses it.
unsafe fn set(
    options: *mut checksig_dns_options,
    change: impl FnOnce(&mut checksig_dns_options) -> Result<(), Failure>,
) -> checksig_status {
    guard_status(|| {
        // SAFETY: this function's contract is the same.
        change(unsafe { reference_mut(options, "options") }?)
    })
}

/// The servers to ask, as in `192.0.2.1,[2001:db8::1]:5353,fe80::1%eth0`, at least one;
/// NULL for the default. `nameservers`: `nameservers_len` bytes, borrowed for the call.
///
/// # Safety
/// `options` is from `checksig_dns_options_new` and no other thread uses it;
/// `nameservers` is NULL or valid for reading its length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_options_set_nameservers(
    options: *mut checksig_dns_options,
    nameservers: *const c_char,
    nameservers_len: usize,
) -> checksig_status {
    let change = |options: &mut checksig_dns_options| {
        options.has_nameservers = !nameservers.is_null();
        options.options.nameservers = if nameservers.is_null() {
            Vec::new()
        } else {
            // SAFETY: the caller's promise is this function's own.
            unsafe { self::nameservers(nameservers, nameservers_len) }?
        };
        Ok(())
    };
    // SAFETY: likewise.
    unsafe { set(options, change) }
}

/// The domains to look for a name in that does not end with a dot, separated by commas or
/// white space; an empty text for none, NULL for the default. `search`: `search_len` bytes
/// of UTF-8, borrowed for the call.
///
/// # Safety
/// As for `checksig_dns_options_set_nameservers`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_options_set_search(
    options: *mut checksig_dns_options,
    search: *const c_char,
    search_len: usize,
) -> checksig_status {
    let change = |options: &mut checksig_dns_options| {
        options.options.search = if search.is_null() {
            None
        } else {
            // SAFETY: the caller's promise is this function's own.
            let text = utf8(unsafe { bytes(search, search_len, "search") }?, "search")?;
            let domains = text.split(|c: char| c == ',' || c.is_whitespace());
            let domains = domains.filter(|domain| !domain.is_empty());
            Some(domains.map(str::to_owned).collect())
        };
        Ok(())
    };
    // SAFETY: likewise.
    unsafe { set(options, change) }
}

/// The hosts file to look into before a server is asked, in the form of hosts(5); NULL for
/// none. `path`: `path_len` bytes, borrowed for the call.
///
/// # Safety
/// As for `checksig_dns_options_set_nameservers`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_options_set_hosts(
    options: *mut checksig_dns_options,
    path: *const c_char,
    path_len: usize,
) -> checksig_status {
    let change = |options: &mut checksig_dns_options| {
        options.options.hosts = if path.is_null() {
            None
        } else {
            // SAFETY: the caller's promise is this function's own.
            let path = unsafe { bytes(path, path_len, "path") }?;
            Some(OsStr::from_bytes(path).into())
        };
        Ok(())
    };
    // SAFETY: likewise.
    unsafe { set(options, change) }
}

/// The resolver's configuration, in the form of resolv.conf(5), `/etc/resolv.conf` by
/// default. `path`: NULL refused; `path_len` bytes, borrowed for the call.
///
/// # Safety
/// As for `checksig_dns_options_set_nameservers`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_options_set_resolv_conf(
    options: *mut checksig_dns_options,
    path: *const c_char,
    path_len: usize,
) -> checksig_status {
    let change = |options: &mut checksig_dns_options| {
        check_pointer(path, "path")?;
        // SAFETY: the caller's promise is this function's own.
        let path = unsafe { bytes(path, path_len, "path") }?;
        options.options.resolv_conf = OsStr::from_bytes(path).into();
        Ok(())
    };
    // SAFETY: likewise.
    unsafe { set(options, change) }
}

/// How many seconds one look-up may take, all its questions together; a negative or
/// infinite number is refused.
///
/// # Safety
/// `options` is from `checksig_dns_options_new` and no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_options_set_timeout(
    options: *mut checksig_dns_options,
    timeout: f64,
) -> checksig_status {
    let change = |options: &mut checksig_dns_options| {
        options.options.timeout = seconds(timeout, "timeout")?;
        Ok(())
    };
    // SAFETY: the caller's promise is this function's own.
    unsafe { set(options, change) }
}

/// How many times each server is asked; 0 for what the resolver's configuration says, or
/// else 2.
///
/// # Safety
/// As for `checksig_dns_options_set_timeout`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_options_set_attempts(
    options: *mut checksig_dns_options,
    attempts: usize,
) -> checksig_status {
    let change = |options: &mut checksig_dns_options| {
        options.options.attempts = (attempts > 0).then_some(attempts);
        Ok(())
    };
    // SAFETY: the caller's promise is this function's own.
    unsafe { set(options, change) }
}

/// How many aliases in a row are followed, 16 by default.
///
/// # Safety
/// As for `checksig_dns_options_set_timeout`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_options_set_max_hops(
    options: *mut checksig_dns_options,
    max_hops: usize,
) -> checksig_status {
    let change = |options: &mut checksig_dns_options| {
        options.options.max_hops = max_hops;
        Ok(())
    };
    // SAFETY: the caller's promise is this function's own.
    unsafe { set(options, change) }
}

/// Whether the servers' answers are validated (DNSSEC, RFC 4035), from keys that are
/// trusted: `anchor`, as DNSKEY records in the form of a zone file, or the root zone's for
/// NULL. `anchor`: `anchor_len` bytes of UTF-8, borrowed for the call.
///
/// # Safety
/// `options` is from `checksig_dns_options_new` and no other thread uses it; `anchor` is
/// NULL or valid for reading its length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_options_set_validate(
    options: *mut checksig_dns_options,
    validate: bool,
    anchor: *const c_char,
    anchor_len: usize,
) -> checksig_status {
    let change = |options: &mut checksig_dns_options| {
        options.options.trust_anchor = if anchor.is_null() {
            None
        } else {
            // SAFETY: the caller's promise is this function's own.
            let text = unsafe { bytes(anchor, anchor_len, "anchor") }?;
            Some(utf8(text, "anchor")?.to_owned())
        };
        options.options.validate = validate;
        Ok(())
    };
    // SAFETY: likewise.
    unsafe { set(options, change) }
}

/// How many look-ups of many may be in flight at once; 0 for the default, which is 2000
/// with the engine `fast` and 200 with `resolver`.
///
/// # Safety
/// As for `checksig_dns_options_set_timeout`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_options_set_concurrency(
    options: *mut checksig_dns_options,
    concurrency: usize,
) -> checksig_status {
    let change = |options: &mut checksig_dns_options| {
        options.options.concurrency = (concurrency > 0).then_some(concurrency);
        Ok(())
    };
    // SAFETY: the caller's promise is this function's own.
    unsafe { set(options, change) }
}

/// How many questions a second are sent at the most, with many look-ups at once; 0 for no
/// limit. A negative or infinite number is refused.
///
/// # Safety
/// As for `checksig_dns_options_set_timeout`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_options_set_rate(
    options: *mut checksig_dns_options,
    rate: f64,
) -> checksig_status {
    let change = |options: &mut checksig_dns_options| {
        if !(rate >= 0.0 && rate.is_finite()) {
            return Err(Failure::invalid(format!("rate is {rate}, want at least 0")));
        }
        options.options.rate = (rate > 0.0).then_some(rate);
        Ok(())
    };
    // SAFETY: the caller's promise is this function's own.
    unsafe { set(options, change) }
}

/// How many names are looked up at once: `resolver` sends each question from a socket, and
/// so a random source port, of its own; `fast` sends many from a few sockets, which are
/// replaced after some hundred questions, and does not validate; `auto`, the default, is
/// `fast` where it is as safe: if nothing is validated, and all servers are on the loopback
/// interface or the concurrency is 1, with which `fast` has a socket for each question, too.
/// `name` is NUL-terminated, borrowed for the call.
///
/// # Safety
/// `options` is from `checksig_dns_options_new` and no other thread uses it; `name` is NULL
/// or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn checksig_dns_options_set_engine(
    options: *mut checksig_dns_options,
    name: *const c_char,
) -> checksig_status {
    let change = |options: &mut checksig_dns_options| {
        // SAFETY: the caller's promise is this function's own.
        let name = utf8(unsafe { text(name, "engine") }?, "engine")?;
        options.options.engine = match name {
            "auto" => Engine::Auto,
            "resolver" => Engine::Resolver,
            "fast" => Engine::Fast,
            _ => {
                let want = "want one of auto, resolver, fast";
                return Err(Failure::invalid(format!("unknown engine {name:?}, {want}")));
            }
        };
        Ok(())
    };
    // SAFETY: likewise.
    unsafe { set(options, change) }
}
