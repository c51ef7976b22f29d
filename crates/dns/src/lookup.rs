//! The look-up of one name.

use std::net::SocketAddr;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Error, ErrorKind};
use crate::options::Options;
use crate::plan::Plan;
use crate::random::Random;
use crate::resolver::Resolver;
use crate::walk::{Start, Walk};

/// Where the CNAME chain of a name ends, at a name that has an address.
///
/// Names are in DNS text form: lower case whatever the case of the question and of the
/// answers, a trailing dot, `\032` for a space inside a label.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CanonicalName {
    /// Every name from the question to the canonical one, both included: never empty.
    pub chain: Vec<String>,
    /// Whether all of it was validated (DNSSEC), from a trust anchor to the address.
    pub authenticated: bool,
    /// The server that has the canonical name's address; `None` for a name of the hosts
    /// file.
    pub server: Option<SocketAddr>,
}

impl CanonicalName {
    /// The last name of the chain; the question itself if that has no CNAME.
    pub fn name(&self) -> &str {
        self.chain.last().map_or("", String::as_str)
    }
}

/// Finds the canonical name of `name`: the name at the end of its CNAME chain that has an
/// address.
///
/// A name without a CNAME is its own canonical name if it has an A or AAAA record. If
/// the last name of a chain, or the only one, has neither, the error says whether it exists
/// ([`ErrorKind::NoAnswer`]) or not ([`ErrorKind::NxDomain`]), and has the chain. A chain
/// that loops, or has more than `options.max_hops` records, is [`ErrorKind::CnameLoop`].
///
/// `name` is UTF-8; one with a trailing dot is absolute, any other is looked for in the
/// hosts file and in the domains of the search list. Characters outside ASCII are converted
/// as UTS-46 has it. What Go's resolver does not take for a host name is
/// [`ErrorKind::BadName`] and sends nothing.
///
/// The system's files are read again when they were changed. Nothing else is left behind by a
/// call: no thread, no answer, no open socket. Blocks for `options.timeout` at most. Must not be called on a thread that
/// runs a tokio runtime: it cannot block there, and returns [`ErrorKind::Io`].
pub fn lookup_cname(name: &[u8], options: &Options) -> Result<CanonicalName, Error> {
    let plan = Plan::read(options)?;
    let mut walk = match Walk::start(name, &plan)? {
        Start::Done(found) => return Ok(found),
        Start::Ask(walk) => walk,
    };
    let runtime = runtime()?;
    let limit = plan.timeout;
    let resolver = Resolver::new(plan.into(), Random::new()?.into(), None);
    runtime.block_on(resolver.finish(&mut walk, limit))
}

/// A runtime on this thread, which ends with all that was opened and started on it.
pub(crate) fn runtime() -> Result<Runtime, Error> {
    let failed = |error| Error::from(ErrorKind::Io(error));
    if Handle::try_current().is_ok() {
        let message = "called on a thread that runs a tokio runtime";
        return Err(failed(std::io::Error::other(message)));
    }
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)
}
