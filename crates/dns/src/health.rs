//! Which servers answer, so that those that do not are asked last.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a server is asked last after its first failure, in milliseconds; each further
/// one doubles it.
const FIRST_PENALTY: u64 = 50;
const MOST_DOUBLINGS: u32 = 7;

/// The servers of a run, in the caller's order, and how they have done.
pub(crate) struct Health {
    start: Instant,
    servers: Vec<Server>,
}

struct Server {
    address: SocketAddr,
    /// Failures since its last answer.
    failures: AtomicU32,
    /// The time, in milliseconds from the start, until which it is asked last.
    until: AtomicU64,
}

impl Health {
    pub(crate) fn new(servers: &[SocketAddr]) -> Self {
        let server = |address: &SocketAddr| Server {
            address: *address,
            failures: AtomicU32::new(0),
            until: AtomicU64::new(0),
        };
        Self {
            start: Instant::now(),
            servers: servers.iter().map(server).collect(),
        }
    }

    /// The servers to ask one after the other.
    pub(crate) fn order(&self) -> Vec<(usize, SocketAddr)> {
        let now = self.milliseconds();
        let mut order: Vec<_> = self.servers.iter().enumerate().collect();
        order.sort_by_key(|(_, server)| server.until.load(Ordering::Relaxed) > now);
        order.iter().map(|(index, s)| (*index, s.address)).collect()
    }

    /// The server has answered.
    pub(crate) fn answered(&self, index: usize) {
        if let Some(server) = self.servers.get(index) {
            server.failures.store(0, Ordering::Relaxed);
            server.until.store(0, Ordering::Relaxed);
        }
    }

    /// The server has failed, or not answered in time.
    pub(crate) fn failed(&self, index: usize) {
        if let Some(server) = self.servers.get(index) {
            let doublings = server.failures.fetch_add(1, Ordering::Relaxed);
            let penalty = FIRST_PENALTY << doublings.min(MOST_DOUBLINGS);
            let until = self.milliseconds() + penalty;
            server.until.store(until, Ordering::Relaxed);
        }
    }

    fn milliseconds(&self) -> u64 {
        let elapsed: Duration = self.start.elapsed();
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    }
}
