//! What a caller can choose about a look-up.

use std::net::SocketAddr;
use std::time::Duration;

/// Whom to ask, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The servers to ask, in this order: the next one is asked when one fails to
    /// answer. Empty takes those of `/etc/resolv.conf`, and nothing else of that file.
    pub nameservers: Vec<SocketAddr>,
    /// The time that the whole look-up may take, all hops and servers together.
    /// One attempt at one server gets its equal share of it.
    pub timeout: Duration,
    /// How many times the list of servers is gone through for each question.
    /// 0 counts as 1.
    pub attempts: usize,
    /// How many CNAME records a chain may have.
    pub max_hops: usize,
}

impl Default for Options {
    /// The system's servers, 5 seconds, 2 attempts, 16 hops.
    fn default() -> Self {
        Self {
            nameservers: Vec::new(),
            timeout: Duration::from_secs(5),
            attempts: 2,
            max_hops: 16,
        }
    }
}
