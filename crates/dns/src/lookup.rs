//! The look-up: one name to its canonical name.

use std::net::SocketAddr;

use tokio::runtime::{Builder, Handle};
use trust_dns_resolver::proto::rr::RecordType;

use crate::chain::{Chain, ChainFault};
use crate::client::{Client, Failure};
use crate::error::Error;
use crate::name;
use crate::nameservers;
use crate::options::Options;

/// Where the CNAME chain of a name ends.
///
/// Names are in DNS text form: lower case whatever the case of the question and of the
/// answers, a trailing dot, `\032` for a space inside a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalName {
    /// The last name of the chain; the question itself if that has no CNAME.
    pub name: String,
    /// Every name from the question to the canonical one, both included.
    pub chain: Vec<String>,
    /// Whether `name` has an A or AAAA record. If not, the last CNAME is dangling:
    /// its target does not exist, or has no address.
    pub has_address: bool,
}

/// Finds the canonical name of `name`: the name at the end of its CNAME chain.
///
/// A name without a CNAME is its own canonical name if it has an A or AAAA record; if
/// not, the error says whether it exists ([`Error::NoAnswer`]) or not
/// ([`Error::NxDomain`]). A dangling CNAME is no error: the target is the result, with
/// `has_address` false. A chain that loops, or has more than `options.max_hops`
/// records, is [`Error::CnameLoop`].
///
/// `name` is UTF-8 and absolute, with or without a trailing dot. Its characters outside
/// ASCII are converted as IDNA has it. What cannot be a host name is [`Error::BadName`]
/// and sends nothing: the empty name and the root, IP addresses, empty or overlong
/// labels, white space, control characters, `/`, `:`, the backslash.
///
/// Blocks for `options.timeout` at most. Must not be called on a thread that runs a
/// tokio runtime: it cannot block there, and returns [`Error::Io`].
pub fn lookup_cname(name: &[u8], options: &Options) -> Result<CanonicalName, Error> {
    let mut chain = Chain::new(name::parse(name)?, options.max_hops);
    let nameservers = nameservers(&chain, options)?;
    let has_address = run(&mut chain, &nameservers, options)
        .map_err(|stop| stop.into_error(chain.texts(), options))?;
    Ok(CanonicalName {
        name: name::text(chain.last()),
        chain: chain.texts(),
        has_address,
    })
}

fn nameservers(chain: &Chain, options: &Options) -> Result<Vec<SocketAddr>, Error> {
    if !options.nameservers.is_empty() {
        return Ok(options.nameservers.clone());
    }
    nameservers::system().map_err(|source| Error::Config {
        question: name::text(chain.last()),
        source,
    })
}

/// What ends a look-up without a canonical name.
enum Stop {
    NxDomain,
    NoAnswer,
    Fault(ChainFault),
    Failure(Failure),
}

impl From<ChainFault> for Stop {
    fn from(fault: ChainFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Failure(Failure::Io(error))
    }
}

impl Stop {
    fn into_error(self, chain: Vec<String>, options: &Options) -> Error {
        let question = chain.first().cloned().unwrap_or_default();
        let failure = match self {
            Self::NxDomain => return Error::NxDomain { question },
            Self::NoAnswer => return Error::NoAnswer { question },
            Self::Fault(fault) => {
                return Error::CnameLoop {
                    question,
                    chain,
                    fault,
                };
            }
            Self::Failure(failure) => failure,
        };
        match failure {
            Failure::ServFail => Error::ServFail { question, chain },
            Failure::Refused => Error::Refused { question, chain },
            Failure::Timeout => Error::Timeout {
                question,
                chain,
                timeout: options.timeout,
            },
            Failure::Protocol(detail) => Error::Protocol {
                question,
                chain,
                detail,
            },
            Failure::Io(source) => Error::Io {
                question,
                chain,
                source,
            },
        }
    }
}

/// Follows the chain within the deadline, on a runtime of its own: what the look-up
/// opens and starts ends with it.
fn run(chain: &mut Chain, nameservers: &[SocketAddr], options: &Options) -> Result<bool, Stop> {
    if Handle::try_current().is_ok() {
        return Err(std::io::Error::other("called on a thread that runs a tokio runtime").into());
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = Client::new(nameservers, options);
        tokio::time::timeout(options.timeout, follow(&client, chain))
            .await
            .unwrap_or(Err(Failure::Timeout.into()))
    })
}

/// Where asking for the last name of the chain has led.
enum Step {
    Address,
    Further,
    End(Stop),
}

/// Follows the chain to its end and says whether there is an address.
async fn follow(client: &Client, chain: &mut Chain) -> Result<bool, Stop> {
    loop {
        match step(client, chain).await? {
            Step::Address => return Ok(true),
            Step::Further => {}
            Step::End(_) if chain.has_moved() => return Ok(false),
            Step::End(stop) => return Err(stop),
        }
    }
}

/// Asks for the A records of the last name, and for AAAA if there are none.
///
/// An answer may have any number of links of the chain, and its response code may mean
/// the first name or the last: servers differ. So the code counts only when an answer
/// has no link; after one with links, the name where they end is asked for by itself.
async fn step(client: &Client, chain: &mut Chain) -> Result<Step, Stop> {
    for kind in [RecordType::A, RecordType::AAAA] {
        let answer = client.ask(chain.last(), kind).await?;
        let further = chain.follow(&answer.records)?;
        let mut records = answer.records.iter();
        if records.any(|r| r.record_type() == kind && r.name == *chain.last()) {
            return Ok(Step::Address);
        }
        if further {
            return Ok(Step::Further);
        }
        if answer.no_such_name && kind == RecordType::A {
            return Ok(Step::End(Stop::NxDomain));
        }
    }
    Ok(Step::End(Stop::NoAnswer))
}
