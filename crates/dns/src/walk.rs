//! The way from a name to its canonical name, question by question.
//!
//! What is asked next, and what the answers mean, is decided here, and how to ask
//! elsewhere: by the resolver, or by the fast path.

use std::net::SocketAddr;

use trust_dns_resolver::proto::rr::{Name, Record, RecordType};

use crate::chain::Chain;
use crate::error::{Error, ErrorKind};
use crate::lookup::CanonicalName;
use crate::name::{self, HostName};
use crate::plan::Plan;

/// What a server says about a name and a type.
pub(crate) struct Answer {
    pub(crate) server: SocketAddr,
    pub(crate) records: Vec<Record>,
    /// The name does not exist, with this type or any other.
    pub(crate) no_such_name: bool,
    /// The records were validated, each with its signatures up to a trust anchor.
    pub(crate) secure: bool,
}

/// Why no server gave an answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) server: Option<SocketAddr>,
}

/// How a look-up ends.
pub(crate) type Outcome = Result<CanonicalName, Error>;

/// A look-up under way: small, as thousands may be, so that what few need is elsewhere.
pub(crate) struct Walk {
    /// The candidates that are left, last one first.
    candidates: Vec<Name>,
    chain: Chain,
    kind: RecordType,
    secure: bool,
    /// That a server failed on the addresses, while it is asked for the CNAME alone.
    failed: Option<Box<Failure>>,
    /// What the first candidate ended with, if others are tried.
    absent: Option<Box<Error>>,
}

/// What there is to do for a name.
pub(crate) enum Start {
    /// Nothing: the hosts file has the name.
    Done(CanonicalName),
    /// To ask.
    Ask(Walk),
}

impl Walk {
    /// Checks a name, and looks for it in the hosts file.
    pub(crate) fn start(name: &[u8], plan: &Plan) -> Result<Start, Error> {
        let name = HostName::parse(name)?;
        if let Some(canonical) = plan.hosts.canonical(&name.ascii) {
            return Ok(Start::Done(local(&name.ascii, canonical)));
        }
        let mut candidates = plan.suffixes(&name).filter_map(|s| name.under(s));
        let first = candidates.next().unwrap_or_default();
        let mut candidates: Vec<_> = candidates.collect();
        candidates.reverse();
        if plan.servers.is_empty() {
            return Err(Error {
                question: name::text(&first),
                ..plan.no_servers().into()
            });
        }
        Ok(Start::Ask(Self {
            candidates,
            chain: Chain::new(first, plan.max_hops),
            kind: RecordType::A,
            secure: true,
            failed: None,
            absent: None,
        }))
    }

    /// What to ask the servers for.
    pub(crate) fn question(&self) -> (&Name, RecordType) {
        (self.chain.last(), self.kind)
    }

    /// Takes the reply to [`Walk::question`]; gives the end, unless there is another
    /// question.
    ///
    /// An answer may have any number of links of the chain, and its response code may mean
    /// the first name or the last: servers differ. So the code counts only when an answer
    /// has no link; after one with links, the name where they end is asked for by itself.
    pub(crate) fn take(&mut self, reply: Result<Answer, Failure>, plan: &Plan) -> Option<Outcome> {
        let answer = match (reply, self.failed.take().map(|failed| *failed)) {
            (Ok(answer), None) => answer,
            // A recursive server gives up on a long chain, or on one that loops, but it
            // knows the links.
            (Err(failure), None) if self.can_ask_for_link(&failure) => {
                self.kind = RecordType::CNAME;
                self.failed = Some(Box::new(failure));
                return None;
            }
            (Ok(answer), Some(failure)) => match self.follow(&answer) {
                Ok(true) => return None,
                Ok(false) => return Some(Err(self.error(failure))),
                Err(error) => return Some(Err(error)),
            },
            (Err(_), Some(failure)) | (Err(failure), None) => {
                return Some(Err(self.error(failure)));
            }
        };
        let kind = self.kind;
        let further = match self.follow(&answer) {
            Ok(further) => further,
            Err(error) => return Some(Err(error)),
        };
        let mut records = answer.records.iter();
        if records.any(|r| r.record_type() == kind && name::is_same(&r.name, self.chain.last())) {
            return Some(Ok(CanonicalName {
                chain: self.chain.texts(),
                authenticated: plan.anchors.is_some() && self.secure,
                server: Some(answer.server),
            }));
        }
        if further {
            return None;
        }
        match kind {
            RecordType::A if answer.no_such_name => self.end(ErrorKind::NxDomain, &answer, plan),
            RecordType::A => {
                self.kind = RecordType::AAAA;
                None
            }
            _ => self.end(ErrorKind::NoAnswer, &answer, plan),
        }
    }

    fn can_ask_for_link(&self, failure: &Failure) -> bool {
        matches!(failure.kind, ErrorKind::ServFail) && self.kind == RecordType::A
    }

    /// Follows the links of an answer; says whether there was one.
    fn follow(&mut self, answer: &Answer) -> Result<bool, Error> {
        self.secure &= answer.secure;
        let further = self.chain.follow(&answer.records).map_err(|fault| {
            self.error(Failure {
                kind: ErrorKind::CnameLoop(fault),
                server: Some(answer.server),
            })
        })?;
        if further {
            self.kind = RecordType::A;
        }
        Ok(further)
    }

    /// The end of this candidate: the next one, or the end of the look-up.
    fn end(&mut self, kind: ErrorKind, answer: &Answer, plan: &Plan) -> Option<Outcome> {
        let exists = matches!(kind, ErrorKind::NoAnswer);
        let error = self.error(Failure {
            kind,
            server: Some(answer.server),
        });
        // That a name exists says more than that others do not.
        let absent = match self.absent.take().map(|absent| *absent) {
            Some(earlier) if !exists => earlier,
            _ => error,
        };
        if !self.chain.has_moved()
            && let Some(next) = self.candidates.pop()
        {
            self.chain = Chain::new(next, plan.max_hops);
            self.kind = RecordType::A;
            self.secure = true;
            self.absent = Some(Box::new(absent));
            return None;
        }
        Some(Err(absent))
    }

    /// The error that a failure at this place of the way is.
    pub(crate) fn error(&self, failure: Failure) -> Error {
        let chain = self.chain.texts();
        Error {
            kind: Box::new(failure.kind),
            question: chain.first().cloned().unwrap_or_default(),
            chain,
            server: failure.server,
        }
    }
}

/// The result for a name that the hosts file has.
fn local(name: &str, canonical: &str) -> CanonicalName {
    let text = |ascii: &str| {
        let name = name::from_ascii(ascii);
        // A hosts file may have what is no domain name; it stands for itself.
        name.map_or_else(|| format!("{ascii}."), |name| name::text(&name))
    };
    let mut chain = vec![text(name)];
    if canonical != name {
        chain.push(text(canonical));
    }
    CanonicalName {
        chain,
        authenticated: false,
        server: None,
    }
}
