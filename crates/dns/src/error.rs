//! Why a look-up failed.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::chain::ChainFault;

/// The longest piece of a caller's text that a message repeats.
const SHOWN_CHARS: usize = 255;

/// A look-up without a canonical name: what happened, to which name, and who said so.
#[derive(Debug, thiserror::Error)]
#[error("{}{kind}{}", of(question), trail(kind, chain, server))]
pub struct Error {
    /// What happened.
    #[source]
    pub kind: Box<ErrorKind>,
    /// The name asked for, in DNS text form with a trailing dot; empty where the failure
    /// has nothing to do with a name, or the name is a bad one.
    pub question: String,
    /// The names from the question to the one that failed, in the same form. Empty if
    /// nothing was asked.
    pub chain: Vec<String>,
    /// The server whose word this is, or that was asked last.
    pub server: Option<SocketAddr>,
}

/// What can go wrong in a look-up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The name cannot be a host name. No packet was sent.
    #[error("bad name {name:?}: {reason}")]
    BadName {
        /// The name as given, cut if very long, with U+FFFD for what is not UTF-8.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An item of a list of servers is not an address.
    #[error("bad nameserver {item:?}: {reason}")]
    BadNameserver {
        /// The item as given, cut if very long.
        item: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An option is not what it should be, or not with another one.
    #[error("bad {option}: {reason}")]
    BadOption {
        /// The option's name.
        option: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of the system's configuration cannot be read, or has no usable servers.
    #[error("{what}: {source}")]
    Config {
        /// The file.
        what: String,
        /// What reading it met.
        source: io::Error,
    },
    /// The last name of the chain does not exist.
    #[error("no such host (NXDOMAIN)")]
    NxDomain,
    /// The last name of the chain exists, but has neither a CNAME nor an address.
    #[error("no such host (the name has no address)")]
    NoAnswer,
    /// The server could not find the answer.
    #[error("the server failed (SERVFAIL)")]
    ServFail,
    /// The server does not answer this client, or not for this name.
    #[error("the server refused to answer (REFUSED)")]
    Refused,
    /// No server answered in time.
    #[error("no answer within {limit:?}{}", ignored(rubbish))]
    Timeout {
        /// The time that the look-up had.
        limit: Duration,
        /// What came in place of an answer and was ignored, if anything did.
        rubbish: Option<Cow<'static, str>>,
    },
    /// The CNAME chain leads nowhere: it repeats a name, or has too many records.
    #[error("CNAME chain {0}")]
    CnameLoop(ChainFault),
    /// What the servers say is not signed as the trust anchors demand.
    #[error("the answer is not authentic (DNSSEC bogus): {0}")]
    DnssecBogus(Cow<'static, str>),
    /// The server answered with something else that is not an answer.
    #[error("bad answer: {0}")]
    Protocol(Cow<'static, str>),
    /// The server could not be reached, or the system gave no socket.
    #[error("{0}")]
    Io(#[source] io::Error),
}

impl Error {
    pub(crate) fn bad_option(option: &'static str, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        ErrorKind::BadOption { option, reason }.into()
    }
}

impl From<ErrorKind> for Error {
    /// A failure before any name was asked for.
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind: Box::new(kind),
            question: String::new(),
            chain: Vec::new(),
            server: None,
        }
    }
}

/// The head of a message: the name it is about.
fn of(question: &str) -> String {
    match question {
        "" => String::new(),
        name => format!("{name}: "),
    }
}

/// The tail of a message: the chain, if it has more than the question, and the server that
/// failed.
fn trail(kind: &ErrorKind, chain: &[String], server: &Option<SocketAddr>) -> String {
    let mut text = String::new();
    if chain.len() > 1 {
        text.push_str(&format!(" after {}", chain.join(" -> ")));
    }
    let is_absent = matches!(kind, ErrorKind::NxDomain | ErrorKind::NoAnswer);
    if let Some(server) = server.filter(|_| !is_absent) {
        text.push_str(&format!(", server {server}"));
    }
    text
}

fn ignored(rubbish: &Option<Cow<'static, str>>) -> String {
    match rubbish {
        Some(what) => format!(", only {what}"),
        None => String::new(),
    }
}

/// A caller's text, cut to what a message may repeat.
pub(crate) fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(SHOWN_CHARS).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}
