//! What a caller can choose about a look-up.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Whom to ask, what to read, and how long to wait.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The servers to ask, in this order: the next one is asked when one fails to
    /// answer. Empty takes those of `resolv_conf`.
    pub nameservers: Vec<SocketAddr>,
    /// The domains to try a relative name in. `None` takes those of `resolv_conf` if
    /// its servers are asked, and none where the caller has named the servers.
    pub search: Option<Vec<String>>,
    /// The resolver's configuration, in the form of resolv.conf(5).
    pub resolv_conf: PathBuf,
    /// The file in the form of hosts(5) that is looked into before any server is asked;
    /// `None` for none.
    pub hosts: Option<PathBuf>,
    /// The time that the whole look-up may take, all hops and servers together.
    pub timeout: Duration,
    /// How many times each server is asked. `None`: as `resolv_conf` says, 2 where it
    /// says nothing. 0 counts as 1.
    pub attempts: Option<usize>,
    /// How many CNAME records a chain may have.
    pub max_hops: usize,
    /// Whether what the servers say is validated (DNSSEC).
    pub validate: bool,
    /// The keys to start validation from, as DNSKEY records in zone-file form. `None`:
    /// those of the root zone that are built in.
    pub trust_anchor: Option<String>,
    /// How many look-ups of many may be in flight at once. `None`: 2000 on the fast
    /// path, 200 otherwise.
    pub concurrency: Option<usize>,
    /// How many questions a second may be sent, with many look-ups at once. `None`: no limit.
    pub rate: Option<f64>,
    /// How many names are looked up at once.
    pub engine: Engine,
}

/// How many names are looked up at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Engine {
    /// The fast path where it is as safe as the other: if nothing is to be validated, and all
    /// servers are on the loopback interface, into which nobody else can send, or names
    /// are looked up one at a time.
    #[default]
    Auto,
    /// Each question from a socket, and so a random source port, of its own.
    Resolver,
    /// All questions from a few sockets, which are replaced after some hundred questions, and
    /// after each one where names are looked up one at a time.
    /// Someone who sends forged answers blindly has to guess as much for any one question,
    /// but a port, once known, serves for several of them. No validation.
    Fast,
}

impl Default for Options {
    /// The system's servers and files, 5 seconds, 16 hops.
    fn default() -> Self {
        Self {
            nameservers: Vec::new(),
            search: None,
            resolv_conf: "/etc/resolv.conf".into(),
            hosts: Some("/etc/hosts".into()),
            timeout: Duration::from_secs(5),
            attempts: None,
            max_hops: 16,
            validate: false,
            trust_anchor: None,
            concurrency: None,
            rate: None,
            engine: Engine::Auto,
        }
    }
}
