//! Why a look-up failed.

use std::io;
use std::time::Duration;

use crate::chain::ChainFault;

/// The longest piece of a caller's text that a message repeats.
const SHOWN_CHARS: usize = 255;

/// Why a name or a list of servers was refused, or a look-up found no canonical name.
///
/// `question` is the name that was asked for and `chain` the names from it to the one
/// that failed, all in DNS text form with a trailing dot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
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
    /// No servers were given, and the system's configuration has none or cannot be read.
    #[error("{question}: no nameserver to ask: /etc/resolv.conf: {source}")]
    Config {
        /// The name asked for.
        question: String,
        /// What reading the configuration met.
        source: io::Error,
    },
    /// The name does not exist.
    #[error("{question}: no such host (NXDOMAIN)")]
    NxDomain {
        /// The name asked for.
        question: String,
    },
    /// The name exists, but has neither a CNAME nor an address.
    #[error("{question}: the name has no address")]
    NoAnswer {
        /// The name asked for.
        question: String,
    },
    /// The server could not find the answer.
    #[error("{question}: the server failed (SERVFAIL){}", trail(chain))]
    ServFail {
        /// The name asked for.
        question: String,
        /// The names up to the one that failed.
        chain: Vec<String>,
    },
    /// The server does not answer this client, or not for this name.
    #[error("{question}: the server refused to answer (REFUSED){}", trail(chain))]
    Refused {
        /// The name asked for.
        question: String,
        /// The names up to the one that was refused.
        chain: Vec<String>,
    },
    /// No server answered in time.
    #[error("{question}: no answer within {timeout:?}{}", trail(chain))]
    Timeout {
        /// The name asked for.
        question: String,
        /// The names up to the one without an answer.
        chain: Vec<String>,
        /// The time that the look-up had.
        timeout: Duration,
    },
    /// The CNAME chain leads nowhere: it repeats a name, or has too many records.
    #[error("{question}: CNAME chain {fault}{}", trail(chain))]
    CnameLoop {
        /// The name asked for.
        question: String,
        /// The names up to the repeated one, or to the first beyond the limit.
        chain: Vec<String>,
        /// Which of the two it is.
        fault: ChainFault,
    },
    /// The server answered with something else that is not an answer.
    #[error("{question}: bad answer: {detail}{}", trail(chain))]
    Protocol {
        /// The name asked for.
        question: String,
        /// The names up to the one whose answer was bad.
        chain: Vec<String>,
        /// What was wrong with it.
        detail: String,
    },
    /// The server could not be reached, or the system gave no socket.
    #[error("{question}: {source}{}", trail(chain))]
    Io {
        /// The name asked for.
        question: String,
        /// The names up to the one that could not be asked for.
        chain: Vec<String>,
        /// The system's error; its text names the server.
        source: io::Error,
    },
}

/// The tail of a message: the chain, if it has more than the question.
fn trail(chain: &[String]) -> String {
    match chain {
        [] | [_] => String::new(),
        names => format!(" after {}", names.join(" -> ")),
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
